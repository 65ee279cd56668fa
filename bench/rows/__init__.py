"""The rows of the report by name, in order."""

from . import apply, daemon, fleet, review, store

ROWS = {**review.ROWS, **daemon.ROWS, **store.ROWS, **fleet.ROWS, **apply.ROWS}
