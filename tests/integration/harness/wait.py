"""Waiting for conditions; no test sleeps for a while and hopes."""

import time


def wait_until(condition, timeout=20.0, what="the condition"):
    """Returns the first true answer of condition(), asked every 20 ms; AssertionError at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not come within {timeout} s"
        time.sleep(0.02)
