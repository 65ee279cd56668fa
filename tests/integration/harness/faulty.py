"""The calls of a program by which it changes files or sends something: one of them fails, or is its last
(tests/fault/faulty_calls.c says how)."""

import os
import pathlib


class Faulty:
    """What a program has to be started with, and what happens to it from a moment on."""

    def __init__(self, folder):
        self.file = folder / "faulty"
        library = pathlib.Path(os.environ["SLUICE_BUILD"]) / "tests" / "libfaulty_calls.so"
        self.env = {"LD_PRELOAD": library, "SLUICE_TEST_FAULTY": self.file}

    def plan(self, kind, number, what, path=""):
        new = self.file.with_suffix(".new")
        new.write_text(f"{kind} {number} {what} {path}")
        new.replace(self.file)

    def mend(self):
        self.file.unlink(missing_ok=True)

    def count(self, run, kind, path="") -> int:
        """How many such calls there are while run() does something."""
        self.plan(kind, 0, "none", path)
        run()
        self.mend()
        return int(self.file.with_name("faulty.count").read_text())
