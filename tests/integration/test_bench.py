"""The benchmarks work; how fast anything is, no test asks."""

import os
import pathlib
import subprocess

from harness.program import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = ROOT / "bench/run"


def run(*words):
    own = environment({"SLUICE_TEST_PG_HOST": None})  # servers of its own: a row looks whether anything was written on one
    return subprocess.run([RUN, *words], env=own, capture_output=True, text=True, check=False, timeout=280)


def test_every_row_of_the_benchmarks_can_be_measured(sluice):
    rows = run("--list").stdout.split()
    assert "review-postgres" in rows
    done = run("--smoke", "--build", os.path.dirname(os.path.abspath(sluice.path)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line in rows] == rows


def test_a_row_that_is_not_there_is_refused_with_those_that_are():
    done = run("no-such-row")
    assert done.returncode == 2
    assert "there is no row no-such-row" in done.stdout and "review-postgres" in done.stdout
