"""clang-tidy 14, one process a file.  What passed once is not asked again until its content changes:
the key is a hash of the file, of every header of ours that it reaches, of the command and of .clang-tidy."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess

from house import House, Violation
from rules import JOBS

BUILD = "build/clang"
FINDING = re.compile(r"^(/[^:\n]+):(\d+):\d+: (?:warning|error): (.*)$", re.MULTILINE)


def cache_folder() -> pathlib.Path:
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "sluice" / "tidy"


def reached(house: House, path: str) -> list:
    """The file and every header of this tree that it reaches, in a fixed order."""
    seen, todo = set(), [path]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += filter(None, (house.own(each, include) for include in house.includes(each)))
    return sorted(seen)


def key_of(house: House, path: str, command: str) -> str:
    key = hashlib.sha256()
    root = str(house.root)
    for part in ("clang-tidy-14", command.replace(root, ""), house.read(".clang-tidy"), house.read("tests/.clang-tidy")):
        key.update(part.encode() + b"\0")
    for each in reached(house, path):
        key.update(each.encode() + b"\0" + house.read(each).encode() + b"\0")
    return key.hexdigest()


def ask(house: House, path: str) -> list:
    command = ["clang-tidy-14", "--quiet", "-p", str(house.root / BUILD), str(house.root / path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=house.root)
    found = [
        Violation(os.path.relpath(where, house.root), int(line), text)
        for where, line, text in FINDING.findall(result.stdout)
    ]
    if result.returncode and not found:
        found = [Violation(path, 1, f"clang-tidy failed: {(result.stderr or result.stdout).strip()[-300:]}")]
    return found


def tidy(house: House, only=()) -> list:
    """Needs the compile commands of the preset `clang`."""
    commands = json.loads(house.read(f"{BUILD}/compile_commands.json"))
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    todo = []
    for entry in commands:
        path = os.path.relpath(entry["file"], house.root)
        if path.startswith(("..", "build/")) or (only and path not in only):
            continue
        kept = cache / key_of(house, path, entry["command"])
        if not kept.exists():
            todo.append((path, kept))
    found = set()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for (path, kept), answer in zip(todo, pool.map(lambda each: ask(house, each[0]), todo)):
            if answer:
                found.update(answer)
            else:
                kept.touch()
    return sorted(found)
