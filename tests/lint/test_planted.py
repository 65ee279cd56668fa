"""Each rule refuses what it was made for: violations are planted in a copy of this tree, for every room.

The calls need a build folder (SLUICE_BUILD, build/check by default): the law of each room is run as the
build itself runs it, over a copy of the room's library that makes one call more.
"""

import os
import pathlib
import shlex
import shutil
import subprocess

import pytest

from house import House, room_of
from rules import CHECKS

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = House(ROOT).rooms
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT / "build/check"))


@pytest.fixture(scope="session")
def copy(tmp_path_factory):
    """A copy of the tree that planting may spoil; each test plants in one file and puts it back."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("include", "src", "CMakeLists.txt", ".clang-format"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
    return House(root)


@pytest.fixture
def plant(copy):
    """plant(path, text) writes a file of the copy; returns what is needed to check it."""
    kept = {}

    def write(path, text):
        full = copy.root / path
        kept[full] = full.read_bytes() if full.exists() else None
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")

    yield write
    for full, before in kept.items():
        full.unlink() if before is None else full.write_bytes(before)


def refused(house, check, *paths):
    return [str(violation) for violation in CHECKS[check](house, list(paths))]


def source_of(house, room):
    return house.files(f"src/{room}", ext=(".c",))[0]


def strangers(room):
    """The rooms that a room does not list."""
    return sorted(set(ROOMS) - {room} - ROOMS[room].depends - ROOMS[room].uses)


def door_of(house, room):
    """One of the room's doors, or None: nobody may enter the topmost."""
    return next((path for path in house.doors() if room_of(path) == room), None)


def with_line(house, path, line):
    return line + "\n" + house.read(path)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_cannot_include_the_door_of_a_room_that_it_does_not_list(copy, plant, room):
    path = source_of(copy, room)
    stranger = next(iter(strangers(room)), "nowhere")
    plant(path, with_line(copy, path, f'#include "sluice/{stranger}.h"'))
    assert any(f"{path}:1: includes the door of {stranger}" in text for text in refused(copy, "doors", path))


@pytest.mark.parametrize("room", sorted(room for room in ROOMS if door_of(House(ROOT), room)))
def test_a_door_cannot_include_a_room_that_at_most_its_sources_use(copy, plant, room):
    path = door_of(copy, room)
    used = sorted(ROOMS[room].uses or strangers(room))[0]
    plant(path, with_line(copy, path, f'#include "sluice/{used}.h"'))
    assert any(f"{path}:1: includes the door of {used}" in text for text in refused(copy, "doors", path))


def test_a_room_cannot_include_a_private_header_of_another(copy, plant):
    plant("src/model/secret.h", "struct secret;\n")
    path = source_of(copy, "rollout")
    plant(path, with_line(copy, path, '#include "../model/secret.h"'))
    assert any(f"{path}:1: includes ../model/secret.h" in text for text in refused(copy, "doors", path))


def test_a_room_cannot_list_a_room_of_its_own_floor_or_above(copy, plant):
    plant("src/model/CMakeLists.txt", "sluice_room(model\n\tSOURCES words.c\n\tDEPENDS core\n\tUSES sql)\n")
    found = refused(House(copy.root), "floors")
    assert any("src/model/CMakeLists.txt:1: lists sql" in text for text in found)


def law_of(room):
    """The command by which the build checks a room's calls, or None where the room has no code yet."""
    listing = subprocess.run(["ninja", "-C", str(BUILD), "-t", "commands", f"law_{room}"], capture_output=True, text=True, check=False)
    commands = [line for line in listing.stdout.splitlines() if "law.cmake" in line]
    if not commands:
        return None
    return next(shlex.split(part) for part in commands[-1].split("&&") if "law.cmake" in part)


def archive_of(room):
    return BUILD / "src" / room / f"libsluice_{room}.a"


def defined(room):
    symbols = subprocess.run(["nm", "-P", "-g", "--defined-only", str(archive_of(room))], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in symbols.stdout.splitlines() if line.startswith("sl_") and " T " in line]


def forbidden_call(room):
    """A function of a room that this one does not list; where it lists them all, one that nobody has."""
    for stranger in strangers(room):
        if archive_of(stranger).exists() and (names := defined(stranger)):
            return names[0]
    return "sl_nobody_has_this"


@pytest.mark.parametrize("room", sorted(room for room in ROOMS if law_of(room)))
def test_a_room_cannot_call_a_room_that_it_does_not_list(tmp_path, room):
    name = forbidden_call(room)
    (tmp_path / "planted.c").write_text(f"extern void {name}(void);\nvoid planted(void);\nvoid planted(void)\n{{\n\t{name}();\n}}\n")
    subprocess.run(["gcc", "-fno-builtin", "-c", "planted.c"], cwd=tmp_path, check=True)
    library = tmp_path / "planted.a"
    shutil.copy(archive_of(room), library)
    law = law_of(room)

    def judge():
        command = [f"-DROOM={library}" if word.startswith("-DROOM=") else word for word in law]
        command = [f"-DKEPT={tmp_path / 'kept'}" if word.startswith("-DKEPT=") else word for word in command]
        return subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)

    assert judge().returncode == 0, "the room as it stands"
    subprocess.run(["ar", "q", str(library), "planted.o"], cwd=tmp_path, check=True)
    verdict = judge()
    assert verdict.returncode != 0
    assert name in verdict.stderr


@pytest.mark.parametrize("header", ["sqlite3.h", "git2.h", "jansson.h", "libpq-fe.h", "openssl/evp.h", "zlib.h", "nodes/nodes.h"])
def test_a_library_is_seen_only_by_its_own_rooms(copy, plant, header):
    path = source_of(copy, "rollout")
    plant(path, with_line(copy, path, f"#include <{header}>"))
    assert any(f"{path}:1: <{header}>" in text for text in refused(copy, "libraries", path))


def test_a_door_shows_no_library(copy, plant):
    path = door_of(copy, "core")
    plant(path, with_line(copy, path, "#include <openssl/evp.h>"))
    assert any(f"{path}:1: <openssl/evp.h>" in text for text in refused(copy, "libraries", path))


@pytest.mark.parametrize("call", ["strcpy(a, b)", "sprintf(a, b)", "strtol(a, 0, 10)", "system(a)", "malloc(1)", "time(0)", "strerror(1)"])
def test_a_banned_function_is_refused(copy, plant, call):
    path = source_of(copy, "rollout")
    plant(path, copy.read(path) + f"\nvoid planted(char *a, char *b)\n{{\n\t{call};\n}}\n")
    name = call.split("(", maxsplit=1)[0]
    assert any(f": {name} is " in text for text in refused(copy, "calls", path))


def test_a_banned_function_in_a_comment_or_a_string_is_no_call(copy, plant):
    plant("src/rollout/words.c", '/* strcpy(a, b) */\nconst char *words = "system(\\"x\\")"; // time(0)\n')
    assert not refused(copy, "calls", "src/rollout/words.c")


def test_another_layout_of_the_code_is_refused(copy, plant):
    path = source_of(copy, "rollout")
    plant(path, copy.read(path) + "\nint planted( int a ){ return a; }\n")
    assert any(path in text for text in refused(copy, "format", path))


def test_a_header_that_needs_another_before_it_is_refused(copy, plant):
    path = "include/sluice/planted.h"
    plant(path, "size_t sl_planted(struct sl_buf *buf);\n")
    assert any(f"{path}:1: does not compile alone" in text for text in refused(copy, "headers", path))


def test_a_circle_of_files_is_refused(copy, plant):
    plant("src/rollout/one.h", '#include "two.h"\n')
    plant("src/rollout/two.h", "struct two;\n")
    plant("src/rollout/two.c", '#include "one.h"\n')
    paths = ["src/rollout/one.h", "src/rollout/two.h", "src/rollout/two.c"]
    assert any("a circle of files: one > two > one" in text for text in refused(copy, "circles", *paths))


def test_a_typedef_of_a_struct_and_an_overlong_file_are_refused(copy, plant):
    path = "src/rollout/planted.c"
    plant(path, "typedef struct planted planted;\n" + "\n" * 800)
    found = refused(copy, "habits", path)
    assert any("typedef struct" in text for text in found)
    assert any("longer than 800 lines" in text for text in found)
