"""What people and runs do to the structure of a workspace's targets, and what is said of it."""

from .postgres import Postgres
from .wait import wait_until
from .workspace import Workspace

BY_HAND = "ALTER TABLE orders ADD COLUMN by_hand INTEGER"


def scratch(database) -> str:
    """A table's name for people who work by hand: the account's own schema is not where it belongs."""
    return "public.scratch" if isinstance(database, Postgres) else "scratch"


def make(sluice, databases=None, every="200ms", store=None):
    made = Workspace(sluice, databases, store)
    made.configure(r"environments:", f"drift: {{every: {every}}}\nenvironments:")
    return made


def seen(workspace):
    """Once every target was compared with something."""
    wait_until(lambda: all(row["base"] for row in rows(workspace)), what="the first look at the targets")
    return workspace


def rows(workspace) -> list:
    done = workspace.run("drift", "--output", "json")
    assert done.status in (0, 1), done.err
    return done.json()["drift"]


def drift(workspace, target="dev") -> dict:
    done = workspace.run("drift", target, "--output", "json")
    assert done.status in (0, 1), done.err
    return done.json()["drift"]


def wait_drift(workspace, state, target="dev", timeout=30.0) -> dict:
    def holds():
        now = drift(workspace, target)
        return now if now["state"] == state else None

    return wait_until(holds, timeout, f"drift {state} of {target}")


def events(workspace, target="dev") -> list:
    """The kinds, oldest first."""
    return [kind for (kind,) in workspace.store_rows(f"SELECT kind FROM event WHERE kind LIKE 'drift.%' AND target = '{target}' ORDER BY id")]


def checked_again(workspace, target="dev"):
    """Until one more comparison has come to its end."""
    done = workspace.run("drift", target, "--check", who="dana")
    assert done.status in (0, 1), done.err


def propose(workspace, files, branch="change/next"):
    work = workspace.repository
    work.branch(branch)
    work.commit(files)
    work.push(branch)
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", branch)
    work.push("main")
