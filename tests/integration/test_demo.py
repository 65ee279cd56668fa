"""deploy/demo, what the quickstart runs after the build: its story, what it prints to try, and how it is stopped."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from harness.wait import wait_until

DEMO = pathlib.Path(__file__).resolve().parents[2] / "deploy/demo"
STORY = [
    "BLOCKED: 1 error in 1 migration, risk high",
    "PASSED: nothing to object to in 1 migration, risk high",
    r"dev +done ",
    r"prod +waiting .*waiting for 1 of 1 approvals \(dba\)",
    "ana pushed this change: its author may not approve it",
    "change 1 approved",
    r"[0-9a-f]{10} -> [0-9a-f]{10}  prod: applied 1 migration",
    r"\+ column discount: \S+ not null default 0",
]
STORY_MARIADB = ["BLOCKED: 1 error in 1 migration, risk high", "not reviewed yet", *STORY[2:]]


@pytest.fixture
def place(tmp_workspace, monkeypatch):
    """Where PostgreSQL's own account may come by, and with room for the path of a socket."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-d-"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run(sluice, *options) -> list:
    done = subprocess.run([DEMO, *options, sluice.path], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 40
    at = -1
    for part in STORY_MARIADB if "--mariadb" in options else STORY:
        at = next((i for i in range(at + 1, len(lines)) if re.search(part, lines[i])), None)
        assert at is not None, f"{part} is not in\n{done.stdout}"
    return lines


def at_work(place) -> list:
    """Processes that have something of the folder on their command line or as their environment."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if bytes(place) in words and int(process.name) != os.getpid():
            found.append(process.name)
    return found


@pytest.mark.parametrize("options", [["--exit"], ["--postgres", "--exit"], ["--mariadb", "--exit"]], ids=["sqlite", "postgres", "mariadb"])
def test_it_tells_its_story_twice_and_leaves_nothing_running(sluice, place, options):
    for _ in range(2):
        run(sluice, *options)
        wait_until(lambda: not at_work(place), what="the end of all that it started")


@pytest.mark.parametrize("options", [[], ["--postgres"], ["--mariadb"]], ids=["sqlite", "postgres", "mariadb"])
def test_what_it_prints_works_and_stops_everything(sluice, place, options):
    lines = run(sluice, *options)
    told = {line.split(":")[0]: line.partition(":")[2].strip() for line in lines[-6:] if not line.startswith(" ")}
    try:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/login\?code=\S+", told["Look around"])
        assert "sluice.yaml" in told["Your repository"] and "kill -HUP" in told["Your repository"]
        (place / "YOUR.sql").write_text("CREATE TABLE mine (id integer PRIMARY KEY);\n")
        (place / "YOUR_FOLDER").mkdir()
        (place / "YOUR_FOLDER/V1__mine.sql").write_text("CREATE TABLE mine (id INTEGER PRIMARY KEY);\n")
        commands = [told["Try your own SQL"], *(line.strip() for line in lines if line.startswith("       ") and sluice.path in line)]
        assert len(commands) == 3
        for command in commands:
            done = subprocess.run(command, shell=True, cwd=place, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, (command, done.stdout + done.stderr)
    finally:
        subprocess.run(told["Stop"], shell=True, check=True)
    wait_until(lambda: not at_work(place), what="the end of all that it started")
