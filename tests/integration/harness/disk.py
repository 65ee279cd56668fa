"""A small disk that can be filled and made read-only: a tmpfs in a mount namespace of its own, which needs no root
and is gone with the process that holds it."""

import errno
import json
import os
import pathlib
import subprocess


class Disk:
    """Programs see it at path when they are started with inside(); tests see it at seen."""

    def __init__(self, folder, size="3m"):
        self.path = pathlib.Path(folder).resolve()
        self.path.mkdir(parents=True)
        # A changed root, as in a container or a chroot, has no propagation of its own to change.
        self.holder = self._mount(size) or self._mount(size, "--propagation", "unchanged")
        assert self.holder, "no mount namespace can be made here"
        self.seen = pathlib.Path(f"/proc/{self.holder.pid}/root{self.path}")

    def _mount(self, size, *options):
        """The process that holds the disk, or None."""
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        script = f'mount -t tmpfs -o size={size} tmpfs "$0" && echo mounted && exec cat'
        holder = subprocess.Popen(
            ["unshare", *as_root, "--mount", *options, "sh", "-c", script, self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if holder.stdout.readline() == "mounted\n":
            return holder
        holder.communicate()
        return None

    def close(self):
        self.holder.kill()
        self.holder.communicate()

    def inside(self, *words) -> list:
        """The command line that runs the words where the disk is mounted, in the folder at hand."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", f"--target={self.holder.pid}", "--mount", "--root", *user, f"--wdns={pathlib.Path.cwd()}", *map(str, words)]

    def ask(self, name, sql) -> list:
        """The rows that a database on the disk answers with; SQLite would not find its way through seen."""
        done = subprocess.run(self.inside("sqlite3", "-json", f"file:{self.path}/{name}", sql), check=True, capture_output=True, text=True)
        return [tuple(row.values()) for row in json.loads(done.stdout or "[]")]

    def remount(self, options) -> bool:
        """False while a program has files open for writing there."""
        return subprocess.run(self.inside("mount", "-t", "tmpfs", "-o", f"remount,{options}", "tmpfs", self.path), check=False, capture_output=True).returncode == 0

    def fill(self, left=0):
        """Leaves so many bytes, or fewer where somebody else writes meanwhile."""
        space = os.statvfs(self.seen)
        try:
            (self.seen / "filler").write_bytes(b"\0" * max(space.f_bavail * space.f_frsize - left, 0))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def free(self):
        (self.seen / "filler").unlink()
