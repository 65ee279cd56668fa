"""The slow readers, one process a file: clang-tidy 14, and gcc's analyzer for what is leaked, freed twice or used after.
What passed once is not asked again until its content changes: the key is a hash of the file, of every header of ours
that it reaches, of its command and of the reader's settings."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
from typing import Callable, NamedTuple

from house import House, Violation
from rules import JOBS

FINDING = re.compile(r"^([^:\n]+):(\d+):\d+: (?:warning|error): (.*)$", re.MULTILINE)
THRESHOLD = re.compile(r"note: (.* \(threshold \d+\))$", re.MULTILINE)
# The analyzer follows paths well enough for memory and files, not for every pointer.
ANALYZER = """-O1 -fanalyzer -Wno-error -Wno-analyzer-null-dereference -Wno-analyzer-possible-null-dereference
    -Wno-analyzer-null-argument -Wno-analyzer-possible-null-argument -Wno-analyzer-use-of-uninitialized-value""".split()


class Reader(NamedTuple):
    build: str  # whose compile commands it reads
    settings: tuple  # files that it obeys
    folders: tuple
    word: str  # what marks a finding of its own
    command: Callable


def tidy_command(house: House, path: str, entry: dict) -> list:
    return ["clang-tidy-14", "--quiet", "-p", str(house.root / READERS["tidy"].build), entry["file"]]


def analyze_command(house: House, path: str, entry: dict) -> list:
    words = [word for word in shlex.split(entry["command"]) if not word.endswith("ccache")]
    words[words.index("-o") + 1] = os.devnull
    return [*words, *ANALYZER]


READERS = {
    "tidy": Reader("build/clang", (".clang-tidy", "tests/.clang-tidy"), ("src/", "tests/", "fuzz/"), "[", tidy_command),
    "analyze": Reader("build/check", ("tests/lint/deep.py",), ("src/",), "[-Wanalyzer", analyze_command),
}


def cache_folder(name: str) -> pathlib.Path:
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(home) / "sluice" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def reached(house: House, path: str) -> list:
    """The file and every header of this tree that it reaches, in a fixed order."""
    seen, todo = set(), [path]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += filter(None, (house.own(each, include) for include in house.includes(each)))
    return sorted(seen)


def key_of(house: House, reader: Reader, path: str, command: str) -> str:
    key = hashlib.sha256(command.replace(str(house.root), "").encode())
    for each in [*reader.settings, *reached(house, path)]:
        key.update(b"\0" + each.encode() + b"\0" + house.read(each).encode())
    return key.hexdigest()


def ask(house: House, reader: Reader, path: str, entry: dict) -> list:
    command = reader.command(house, path, entry)
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=entry["directory"])
    output = result.stdout + result.stderr
    found = []
    for each in FINDING.finditer(output):
        where, line, text = each.groups()
        if reader.word in text:
            full = os.path.realpath(os.path.join(entry["directory"], where))
            why = THRESHOLD.search(output, each.end()) if "threshold" in text else None
            found.append(Violation(os.path.relpath(full, house.root), int(line), f"{text} {why.group(1) if why else ''}".strip()))
    if result.returncode and not found:
        found = [Violation(path, 1, f"{command[0]} failed: {output.strip()[-300:]}")]
    return found


def read_deeply(house: House, name: str, only=()) -> list:
    """What the reader says about all files that its build compiles, or about those named."""
    reader, cache, todo = READERS[name], cache_folder(name), []
    for entry in json.loads(house.read(f"{reader.build}/compile_commands.json")):
        path = os.path.relpath(entry["file"], house.root)
        if path.startswith(reader.folders) and (not only or path in only):
            kept = cache / key_of(house, reader, path, entry["command"])
            if not kept.exists():
                todo.append((path, entry, kept))
    found = set()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        answers = pool.map(lambda each: ask(house, reader, each[0], each[1]), todo)
        for (_, _, kept), answer in zip(todo, answers):
            found.update(answer)
            if not answer:
                kept.touch()
    return sorted(found)
