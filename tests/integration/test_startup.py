"""Libraries that are loaded when they are first needed: most commands start without them, and whoever needs one finds it."""

import contextlib
import os
import pathlib
import re
import subprocess

import pytest
from harness.program import Program
from harness.wait import wait_until


@pytest.fixture(scope="module")
def shipped() -> Program:
    """What a package would hold, whichever program is under test: builds with sanitizers link everything."""
    return Program(pathlib.Path(os.environ["SLUICE_BUILD"]) / "sluice")


def linked(path) -> set:
    """Names of the libraries that the dynamic linker loads before the program runs."""
    said = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"NEEDED.*\[(.*)\]", said))


@pytest.fixture(scope="module")
def later(shipped) -> set:
    """Those that the program names and is not linked with."""
    named = {name.decode() for name in re.findall(rb"\0(lib[\w-]+\.so\.[\d.]+)\0", pathlib.Path(shipped.path).read_bytes())}
    return named - linked(shipped.path)


def test_what_only_some_commands_need_is_not_linked(later):
    assert {re.sub(r"\.so.*", "", name) for name in later} == {"libcurl", "libgit2", "libmariadb", "libmicrohttpd", "libpq", "libssh2"}


def test_a_command_that_needs_no_library_runs_without_it_and_one_that_does_says_which(shipped, later, tmp_path):
    for name in later:
        (tmp_path / name).write_text("not a library")
    broken = {"LD_LIBRARY_PATH": str(tmp_path)}
    assert shipped.run("version", env=broken).status == 0
    for url, name in (("postgres://nobody@127.0.0.1:1/none", "libpq"), ("mysql://nobody@127.0.0.1:1/none", "libmariadb")):
        out = shipped.run("snapshot", "--url", url, env=broken)
        assert (out.status, out.out) == (10, "")
        assert re.fullmatch(rf"sluice: a library is missing: \S*{name}\.so\.\d+: file too short\n", out.err)


def test_the_addresses_of_loaded_functions_are_read_only(shipped, pg):
    pg.execute("CREATE TABLE t (a int CHECK (a > 0))")
    with contextlib.closing(pg.connect()) as holder:
        holder.cursor().execute("BEGIN; LOCK TABLE t")
        process = subprocess.Popen([shipped.path, "snapshot", "--url", pg.url], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: pg.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), what="the wait")
            maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        finally:
            process.kill()
            process.wait()
    assert [line for line in maps if "libpq.so" in line]
    own = [line.split() for line in maps if line.endswith(f" {pathlib.Path(shipped.path).resolve()}")]
    writable = [line[0] for line in own if "w" in line[1]]
    assert len(writable) == 1, f"one of .data and .bss, the rest RELRO: {own}"
    first, end = (int(part, 16) for part in writable[0].split("-"))
    assert end - first <= 4096
