"""Whatever falls on `sluice migrate`, everything runs exactly once: a life of faults on each engine, from a printed seed."""

import random

import pytest
from harness.engines import SqliteFile
from harness.shapes import SERVERS, SQLITE, SQLITE_FIRST
from harness.trial import LONG, FileTrial, ServerTrial, seed_of


@pytest.mark.timeout(7200 if LONG else 600)
@pytest.mark.parametrize("name", SERVERS)
def test_whatever_falls_on_a_run_everything_runs_exactly_once(sluice, tmp_workspace, record_property, name):
    seed = seed_of(name)
    make, first, shapes = SERVERS[name]
    engine = make()
    trial = ServerTrial(sluice, engine, tmp_workspace / "migrations", first, shapes, random.Random(seed))
    try:
        trial.live(250 if LONG else 6)
    finally:
        trial.close()
    record_property("told", f"seed {seed}: {trial.story()}")


@pytest.mark.timeout(7200 if LONG else 300)
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_whatever_falls_on_a_run_on_a_file_everything_runs_exactly_once(sluice, tmp_workspace, record_property, journal):
    seed = seed_of(journal)
    trial = FileTrial(sluice, SqliteFile(tmp_workspace, journal), tmp_workspace / "migrations", SQLITE_FIRST, SQLITE, random.Random(seed))
    try:
        trial.live(400 if LONG else 10)
    finally:
        trial.close()
    record_property("told", f"seed {seed}: {trial.story()}")
