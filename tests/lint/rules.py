"""What the compiler cannot say about the house.  A check yields violations for the files it is given."""

import concurrent.futures
import os
import pathlib
import re
import subprocess

from house import House, Violation, code_only, is_door, line_of, room_of

JOBS = os.cpu_count() or 1

# Which folders may include which library: a header's name or, with a slash at its end, a folder of headers.
POSTGRES_TREE = ("src/sql/postgres/",)
LIBRARIES = {
    "cmark.h": ("src/web/",),
    "cmocka.h": ("tests/",),
    "curl/": ("src/net/", "src/git/"),
    "git2.h": ("src/git/",),
    "git2/": ("src/git/",),
    "jansson.h": ("src/core/", "include/sluice/core/"),
    "libpq-fe.h": ("src/engine/postgres/", "src/store/postgres/"),
    "libssh2.h": ("src/git/",),
    "microhttpd.h": ("src/http/",),
    "mysql.h": ("src/engine/mysql/",),
    "errmsg.h": ("src/engine/mysql/",),
    "mysqld_error.h": ("src/engine/mysql/",),
    "openssl/": ("src/core/", "src/auth/"),
    "pcre2.h": ("src/expr/",),
    "pg_query.h": POSTGRES_TREE,
    "pg_query_internal.h": POSTGRES_TREE,
    "pg_query/": POSTGRES_TREE,
    "sanitizer/": ("tests/",),
    "sqlite3.h": ("src/expr/", "src/engine/sqlite/", "src/store/sqlite/"),
    "yaml.h": ("src/core/",),
}
for name in ("postgres.h", "c.h", "access/", "catalog/", "common/", "lib/", "mb/", "nodes/", "parser/", "storage/", "utils/"):
    LIBRARIES[name] = POSTGRES_TREE

SYSTEM = frozenset(
    """alloca.h arpa/ assert.h ctype.h dirent.h endian.h errno.h fcntl.h float.h ftw.h getopt.h glob.h grp.h
    ifaddrs.h inttypes.h langinfo.h limits.h linux/ locale.h math.h net/ netdb.h netinet/ poll.h pthread.h pwd.h
    sched.h semaphore.h setjmp.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h
    stdio.h stdlib.h stdnoreturn.h string.h strings.h sys/ syslog.h termios.h threads.h time.h uchar.h ucontext.h
    unistd.h utime.h wchar.h wctype.h execinfo.h malloc.h link.h""".split()
)

BANNED = {
    name: instead
    for names, instead in (
        ("strcpy strcat strncpy strncat sprintf vsprintf gets", "struct sl_buf"),
        ("strtok", "sl_str_cut or strtok_r"),
        ("atoi atol atoll strtol sscanf", "sl_parse_i64"),
        ("rand srand random drand48", "struct sl_rand"),
        ("gmtime localtime ctime asctime", "the _r twin or sl_time"),
        ("strerror", "strerror_r"),
        ("system popen", "a library, or posix_spawn without a shell"),
        ("alloca", "an arena"),
        ("tmpnam tempnam mktemp", "mkstemp or mkdtemp"),
    )
    for name in names.split()
}
# Functions with one home: who may call them, and what others do instead.
AT_HOME = {
    name: (homes, instead)
    for names, homes, instead in (
        ("malloc calloc realloc strdup strndup", ("src/core/", "tests/", "fuzz/"), "sl_xmalloc and its kin, or an arena"),
        ("time clock gettimeofday clock_gettime", ("src/core/", "src/sys/"), "struct sl_clock"),
        ("setenv putenv unsetenv", ("tests/",), "an option: other threads read the environment"),
        ("getrandom getentropy", ("src/core/",), "struct sl_rand"),
        ("sleep usleep nanosleep", ("src/core/", "src/sys/"), "a condition with a deadline"),
    )
    for name in names.split()
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join([*BANNED, *AT_HOME]) + r")\s*\(")
TYPEDEF = re.compile(r"\btypedef\s+(?:struct|union|enum)\b[^;(#]*;|\btypedef\s+(?:struct|union|enum)\b[^;(]*\{")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME)\b")
LINES_MAX = 800


def check_floors(house: House, files):
    """A room lists only rooms of lower floors."""
    for room in house.rooms.values():
        for listed in sorted(room.depends | room.uses):
            if house.floor(listed) >= house.floor(room.name) or house.floor(listed) < 0:
                yield Violation(f"src/{room.name}/CMakeLists.txt", 1, f"lists {listed}, which is on no lower floor")


def check_doors(house: House, files):
    """A direct include of a door names a room that the includer lists."""
    for path in files:
        room = house.rooms.get(room_of(path))
        if not room:
            continue
        allowed = room.depends if is_door(path) else room.depends | room.uses
        for include in house.includes(path):
            if include.name.startswith("sluice/"):
                other = room_of(f"include/{include.name}")
                if other != room.name and other not in allowed:
                    which = "DEPENDS on" if is_door(path) else "lists"
                    yield Violation(path, include.line, f"includes the door of {other}, a room that {room.name} nowhere {which}")
            elif not include.angled and reaches_out(house, path, include):
                yield Violation(path, include.line, f"includes {include.name}, a private header of another room")


def reaches_out(house: House, path: str, include) -> bool:
    own = house.own(path, include)
    return ".." in include.name if own is None else room_of(own) != room_of(path)


def check_libraries(house: House, files):
    """Each library's headers are seen by its own rooms; none by a door, but for jansson's in core's."""
    for path in files:
        for include in house.includes(path):
            if include.name.startswith("sluice/") or house.own(path, include):
                continue
            homes = home_of(include.name)
            if homes is None and include.angled and not listed(include.name, SYSTEM):
                yield Violation(path, include.line, f"<{include.name}> is no known library: give it its rooms in tests/lint/rules.py")
            elif homes and not path.startswith(homes) and not (path.startswith(("tests/", "bench/", "fuzz/"))):
                yield Violation(path, include.line, f"<{include.name}> belongs to {', '.join(homes)}")


def home_of(name: str):
    return LIBRARIES.get(name) or LIBRARIES.get(name.split("/")[0] + "/")


def listed(name: str, names) -> bool:
    return name in names or ("/" in name and name.split("/")[0] + "/" in names)


def check_calls(house: House, files):
    """Functions that must not be called, or only at home."""
    for path in files:
        text = code_only(house.read(path))
        for found in CALL.finditer(text):
            name = found.group(1)
            if name in BANNED:
                yield Violation(path, line_of(text, found.start()), f"{name} is banned: use {BANNED[name]}")
            elif not path.startswith(AT_HOME[name][0]):
                homes, instead = AT_HOME[name]
                yield Violation(path, line_of(text, found.start()), f"{name} is for {', '.join(homes)}: use {instead}")


def check_habits(house: House, files):
    """Small habits that a pattern can see."""
    for path in files:
        text = house.read(path)
        code = code_only(text)
        if text.count("\n") > LINES_MAX:
            yield Violation(path, LINES_MAX, f"longer than {LINES_MAX} lines")
        for found in TYPEDEF.finditer(code):
            yield Violation(path, line_of(code, found.start()), f"{found.group()}: a struct, union or enum keeps its name")
        for found in UNFINISHED.finditer(text):
            yield Violation(path, line_of(text, found.start()), f"{found.group()}: finish it, or leave it out")


def check_circles(house: House, files):
    """No circle between the files of a room; a source and the header of its name count as one."""
    graph, where = {}, {}
    for path in files:
        if not path.startswith("src/"):
            continue
        unit = str(pathlib.PurePath(path).with_suffix(""))
        for include in house.includes(path):
            own = house.own(path, include)
            if own and own.startswith("src/"):
                other = str(pathlib.PurePath(own).with_suffix(""))
                if other != unit:
                    graph.setdefault(unit, set()).add(other)
                    where.setdefault((unit, other), (path, include.line))
    for circle in circles(graph):
        path, line = where[circle[0], circle[1]]
        yield Violation(path, line, "a circle of files: " + " > ".join(pathlib.PurePath(unit).name for unit in circle))


def circles(graph):
    """One circle for each way back that a depth-first walk meets."""
    done, trail = set(), []

    def walk(unit):
        if unit in trail:
            yield [*trail[trail.index(unit):], unit]
            return
        if unit in done:
            return
        trail.append(unit)
        for other in sorted(graph.get(unit, ())):
            yield from walk(other)
        trail.pop()
        done.add(unit)

    for unit in sorted(graph):
        yield from walk(unit)


def check_headers(house: House, files):
    """Each header compiles alone, as C17."""
    headers = [path for path in files if path.endswith(".h") and path.startswith(("include/", "src/"))]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for found in pool.map(lambda path: compile_alone(house, path), headers):
            yield from found


def compile_alone(house: House, path: str):
    system = [
        "/usr/include/postgresql",
        "/usr/include/mariadb",
        "/usr/include/pg_query",
        "/usr/include/postgresql/15/server",
        str(house.root / "build/pgheaders/server"),
    ]
    command = ["gcc", "-std=gnu17" if path.startswith(POSTGRES_TREE) else "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    command += ["-I", str(house.root / "include")]
    if not is_door(path):
        command += ["-I", str(house.root / "src" / room_of(path))]
    for folder in system if path.startswith(POSTGRES_TREE) else system[:2]:
        command += ["-isystem", folder]
    command += ["-include", str(house.root / path), "-x", "c", os.devnull]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "error:" in line] or result.stderr.splitlines() or ["?"]
        return [Violation(path, 1, f"does not compile alone: {lines[0].strip()}")]
    return []


def check_format(house: House, files):
    """clang-format 14 would change nothing."""
    style = f"--style=file:{house.root / '.clang-format'}"
    chunks = [files[at::JOBS] for at in range(JOBS) if files[at::JOBS]]

    def run(chunk):
        command = ["clang-format-14", style, "--dry-run", "--ferror-limit=1", *chunk]
        return subprocess.run(command, cwd=house.root, capture_output=True, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for result in pool.map(run, chunks):
            for found in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): (.*)", result.stderr, re.MULTILINE):
                yield Violation(found.group(1), int(found.group(2)), "clang-format-14 would change this")
            if result.returncode and not result.stderr:
                yield Violation(chunks[0][0], 1, "clang-format-14 failed")


CHECKS = {
    "floors": check_floors,
    "doors": check_doors,
    "libraries": check_libraries,
    "calls": check_calls,
    "habits": check_habits,
    "circles": check_circles,
    "headers": check_headers,
    "format": check_format,
}
