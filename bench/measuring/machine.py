"""On what the figures were measured."""

import os
import pathlib
import subprocess


def first_line(*words) -> str:
    try:
        return (subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines() or ["?"])[0].strip()
    except FileNotFoundError:
        return "not installed"


def value(path, key) -> str:
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "?"


def disk_of(folder) -> str:
    """File system and kind of disk under a folder."""
    kind = first_line("stat", "-f", "-c", "%T", str(folder))
    source = first_line("df", "--output=source", str(folder)) if kind == "tmpfs" else subprocess.run(
        ["df", "--output=source", str(folder)], capture_output=True, text=True, check=False
    ).stdout.split()[-1]
    name = os.path.basename(os.path.realpath(source)).rstrip("0123456789")
    turning = pathlib.Path(f"/sys/block/{name}/queue/rotational")
    how = ("a turning disk" if turning.read_text().strip() == "1" else "no turning disk") if turning.exists() else "kind unknown"
    return f"{kind} on {source} ({how})"


def lines(sluice, folder) -> list:
    memory = int(value("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20)
    return [
        f"CPU       {value('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores; load before {os.getloadavg()[0]:.1f}",
        f"memory    {memory:.1f} GiB",
        f"disk      {disk_of(folder)}",
        f"kernel    {os.uname().release}",
        f"versions  {first_line(str(sluice), 'version')}; {first_line('/usr/lib/postgresql/15/bin/postgres', '--version')}; "
        f"{first_line('/usr/sbin/mariadbd', '--version').replace('/usr/sbin/', '')}; sqlite3 {first_line('sqlite3', '--version').split(' ')[0]}; {first_line('gcc', '--version')}",
    ]
