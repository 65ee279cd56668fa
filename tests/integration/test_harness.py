"""The harness itself: it must not promise what it does not hold."""

import signal
import sys

import pytest

from harness.wait import wait_until


def test_a_database_is_fresh_and_answers(pg):
    pg.execute("CREATE TABLE t (a int)")
    pg.execute("INSERT INTO t VALUES (%s)", (7,))
    assert pg.value("SELECT a FROM t") == 7
    assert pg.url.endswith(pg.name)


def test_waiting_ends_at_its_deadline():
    with pytest.raises(AssertionError, match="the moon did not come"):
        wait_until(lambda: False, timeout=0.1, what="the moon")


def test_a_daemon_is_seen_in_its_log_and_stopped(daemons, tmp_workspace):
    code = "import signal, sys; print('ready', flush=True); signal.sigwait([signal.SIGTERM]); sys.exit(3)"
    mask = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"
    daemon = daemons.start([sys.executable, "-c", mask + code], cwd=tmp_workspace)
    daemon.wait_for_log("ready")
    assert daemon.stop() == 3


def test_a_killed_daemon_is_gone(daemons, tmp_workspace):
    daemon = daemons.start(["sleep", "60"], cwd=tmp_workspace)
    daemon.kill()
    assert not daemon.running
    assert daemon.process.returncode == -signal.SIGKILL
