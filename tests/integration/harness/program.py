"""Running commands of the program under test."""

import json
import os
import subprocess
from typing import NamedTuple


class Result(NamedTuple):
    status: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


class Program:
    def __init__(self, path):
        self.path = str(path)

    def __fspath__(self):
        return self.path

    def run(self, *arguments, stdin=None, env=None, cwd=None, timeout=60) -> Result:
        """One command to its end.  env adds to the environment; a value of None takes a variable out."""
        result = subprocess.run(
            [self.path, *map(str, arguments)],
            input=stdin,
            env=environment(env),
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(result.returncode, result.stdout, result.stderr)

    def ok(self, *arguments, **options) -> str:
        """As run(), for what must succeed: its standard output."""
        result = self.run(*arguments, **options)
        assert result.status == 0, f"sluice {' '.join(map(str, arguments))}: status {result.status}\n{result.out}{result.err}"
        return result.out


def environment(changes) -> dict:
    env = {**os.environ, **(changes or {})}
    return {name: str(value) for name, value in env.items() if value is not None}
