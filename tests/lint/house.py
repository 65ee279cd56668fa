"""The house as its files describe it: rooms, floors, doors, and who includes whom."""

import pathlib
import re
from typing import Iterator, NamedTuple

TEXT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


class Violation(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


class Include(NamedTuple):
    line: int
    name: str
    angled: bool


class Room(NamedTuple):
    name: str
    depends: frozenset  # rooms whose types its door shows
    uses: frozenset  # rooms that only its sources use


def code_only(text: str) -> str:
    """The text without comments and literals, lines kept."""
    return TEXT.sub(lambda found: "\n" * found.group().count("\n") or " ", text)


def line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def words(text: str) -> list:
    return re.sub(r"#[^\n]*", "", text).split()


class House:
    """One source tree.  Paths are relative to its root."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.floors = self._floors()
        self.rooms = {room.name: room for room in self._rooms()}

    def _floors(self) -> list:
        """Each line of `set(rooms ...)` in the top CMakeLists.txt is a floor."""
        text = self.read("CMakeLists.txt")
        found = re.search(r"set\(rooms([^)]*)\)", text)
        lines = (words(line) for line in found.group(1).split("\n"))
        return [line for line in lines if line]

    def _rooms(self) -> Iterator[Room]:
        for path in sorted(self.root.glob("src/*/CMakeLists.txt")):
            text = path.read_text()
            for call in re.finditer(r"sluice_room\(([^)]*)\)", text):
                name, *rest = words(call.group(1))
                lists = {"SOURCES": [], "DEPENDS": [], "USES": [], "LIBRARIES": []}
                current = []
                for word in rest:
                    current = lists.get(word, current)
                    if word not in lists:
                        current.append(word)
                yield Room(name, frozenset(lists["DEPENDS"]), frozenset(lists["USES"]))

    def floor(self, room: str) -> int:
        return next((n for n, floor in enumerate(self.floors) if room in floor), -1)

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def files(self, *folders: str, ext=(".c", ".h")) -> list:
        found = []
        for folder in folders:
            for path in (self.root / folder).rglob("*"):
                if path.suffix in ext and path.is_file():
                    found.append(str(path.relative_to(self.root)))
        return sorted(found)

    def code(self) -> list:
        """Everything written in C."""
        return self.files("include", "src", "tests", "fuzz", "bench")

    def doors(self) -> list:
        return self.files("include", ext=(".h",))

    def includes(self, path: str) -> list:
        text = self.read(path)
        text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
        return [
            Include(line_of(text, found.start(2)), found.group(2), found.group(1) == "<")
            for found in INCLUDE.finditer(text)
        ]

    def own(self, path: str, include: Include):
        """The file of this tree that an include names, or None."""
        if include.name.startswith("sluice/"):
            candidates = [f"include/{include.name}"]
        elif include.angled:
            return None
        else:
            folders = [pathlib.PurePath(path).parent]
            if path.startswith("src/"):
                folders.append(pathlib.PurePath(*pathlib.PurePath(path).parts[:2]))
            candidates = [str(folder / include.name) for folder in folders]
        for candidate in candidates:
            full = (self.root / candidate).resolve()
            if full.is_file() and full.is_relative_to(self.root.resolve()):
                return str(full.relative_to(self.root.resolve()))
        return None


def room_of(path: str):
    """The room that a source or a door belongs to, or None."""
    parts = pathlib.PurePath(path).parts
    if parts[0] == "src":
        return parts[1]
    if parts[:2] == ("include", "sluice"):
        return pathlib.PurePath(parts[2]).stem
    return None


def is_door(path: str) -> bool:
    return path.startswith("include/")
