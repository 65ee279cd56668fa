"""The rows of the report by name, in order."""

from . import apply, daemon, fleet, review

ROWS = {**review.ROWS, **daemon.ROWS, **fleet.ROWS, **apply.ROWS}
