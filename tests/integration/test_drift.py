"""What somebody changed by hand is found, shown, accepted or gone; what a run did is never drift."""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import struct
import urllib.error
import urllib.request

import pytest

from harness.browser import Browser
from harness.drift import BY_HAND, checked_again, drift, events, make, propose, rows, scratch, seen, wait_drift
from harness.postgres import Postgres
from harness.receiver import Receiver
from harness.wait import wait_until
from harness.workspace import columns

V2 = {"migrations/V2__note.sql": "ALTER TABLE customer ADD COLUMN note VARCHAR(40);\n"}


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request):
    if request.param == "sqlite":
        yield None
        return
    made = {name: Postgres.create() for name in ("dev", "prod")}
    yield made
    for database in made.values():
        database.drop()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def workspace(sluice, tmp_workspace, databases, receiver):
    made = make(sluice, databases)
    with made.config.open("a") as config:
        config.write(f"routes:\n  - {{name: ops, kind: webhook, url: '{receiver.url}', events: [drift.*]}}\n")
    yield seen(made.start())
    made.close()


@pytest.fixture
def local(sluice, tmp_workspace):
    """On SQLite, not started."""
    made = make(sluice)
    yield made
    made.close()


# --- found, shown, accepted ------------------------------------------------------------------------


def test_a_change_by_hand_is_found_by_the_schedule_shown_exactly_and_accepted(workspace, receiver):
    assert workspace.run("drift").status == 0
    workspace.targets["dev"].execute(BY_HAND)
    found = wait_drift(workspace, "found")
    assert (found["objects"], found["summary"]) == (1, "1 column added")
    assert found["since"] and found["checked_at"] >= found["since"]
    (difference,) = found["differences"]
    assert (difference["change"], difference["kind"], difference["name"]) == ("changed", "table", "orders")
    assert [line["text"].strip() for line in difference["lines"][1:]] == ["+ column by_hand: integer"]
    assert "by_hand integer" in difference["now"] and "by_hand" not in difference["was"]
    assert "create table" in difference["was"]

    shown = workspace.run("drift", "dev")
    assert shown.status == 1
    assert "+ column by_hand: integer" in shown.out and "meant to be there:" in shown.out
    every = workspace.run("drift")
    assert every.status == 1
    assert [line.split()[2] for line in every.out.splitlines()] == ["found", "none"]
    assert "drifted: dev (1 column added)" in workspace.ok("status")
    checked_again(workspace)
    checked_again(workspace)
    assert drift(workspace)["since"] == found["since"]
    assert events(workspace) == ["drift.found"]
    assert "by_hand" in columns(workspace.targets["dev"], "orders"), "nothing is healed by itself"

    workspace.ok("drift", "accept", "dev", "--reason", "the vendor's hotfix", who="dana")
    now = wait_drift(workspace, "none")
    assert now["base"] == found["live"]
    assert now["base_origin"] == "accepted by dana: the vendor's hotfix"
    checked_again(workspace)
    assert workspace.run("drift").status == 0
    assert events(workspace) == ["drift.found", "drift.accepted", "drift.gone"]
    audit = [row for row in workspace.json("audit")["audit"] if row["action"] == "drift.accept"]
    assert [(row["by"], row["object"], row["refused"]) for row in audit] == [("dana", "target dev", False)]
    assert "the vendor's hotfix" in audit[0]["detail"]
    wait_until(lambda: receiver.events() == ["drift.found", "drift.gone"], what="one message each")
    body = json.loads(receiver.got[0][1])
    assert (body["target"], body["environment"]) == ("dev", "dev")
    assert "1 column added" in body["text"]


def test_what_is_undone_by_hand_is_gone(workspace):
    dev = workspace.targets["dev"]
    dev.execute(f"CREATE TABLE {scratch(dev)} (id INTEGER)")
    found = wait_drift(workspace, "found")
    assert [(each["change"], each["name"], each["was"]) for each in found["differences"]] == [("added", "scratch", "")]
    dev.execute(f"DROP TABLE {scratch(dev)}")
    wait_drift(workspace, "none")
    assert events(workspace) == ["drift.found", "drift.gone"]


def test_a_drift_that_becomes_another_one_is_told_once_more_and_not_accepted_unseen(workspace):
    dev = workspace.targets["dev"]
    dev.execute(f"CREATE TABLE {scratch(dev)} (id INTEGER)")
    first = wait_drift(workspace, "found")
    dev.execute(BY_HAND)
    wait_until(lambda: drift(workspace)["objects"] == 2, what="the other drift")
    assert events(workspace) == ["drift.found", "drift.changed"]
    stale = workspace.run("drift", "accept", "dev", "--reason", "fine", "--live", first["live"], who="dana")
    assert stale.status == 6
    assert "another one" in stale.err
    assert drift(workspace)["state"] == "found"
    workspace.ok("drift", "accept", "dev", "--reason", "fine", "--live", drift(workspace)["live_short"], who="dana")
    assert drift(workspace)["state"] == "none"


def test_what_came_after_what_was_shown_is_drift_still(sluice, tmp_workspace):
    workspace = make(sluice, every="1h")
    try:
        workspace.start()
        checked_again(workspace)
        dev = workspace.targets["dev"]
        dev.execute(f"CREATE TABLE {scratch(dev)} (id INTEGER)")
        checked_again(workspace)
        dev.execute(BY_HAND)  # no comparison has seen it
        workspace.ok("drift", "accept", "dev", "--reason", "scratch may stay", who="dana")
        found = wait_drift(workspace, "found")
        assert [each["name"] for each in found["differences"]] == ["orders"]
    finally:
        workspace.close()


def test_who_may_accept_and_what(local):
    seen(local.start())
    nothing = local.run("drift", "accept", "dev", "--reason", "fine", who="dana")
    assert (nothing.status, "has not drifted" in nothing.err) == (6, True)
    local.targets["dev"].execute(BY_HAND)
    wait_drift(local, "found")
    refused = local.run("drift", "accept", "dev", "--reason", "fine", who="ana")
    assert (refused.status, "owner, dba" in refused.err) == (4, True)
    assert local.run("drift", "accept", "dev", who="dana").status == 2
    assert local.run("drift", "accept", "dev", "--reason", "  ", who="dana").status == 2
    assert local.run("drift", "accept", "nowhere", "--reason", "fine", who="dana").status == 5
    assert local.run("drift", "nowhere").status == 5
    assert local.run("drift", "accept", "dev", "--reason", "fine", "--live", "abc", who="dana").status == 2
    assert drift(local)["state"] == "found"
    audit = [row for row in local.json("audit")["audit"] if row["action"] == "drift.accept"]
    assert [row["by"] for row in audit if row["refused"]].count("ana") == 1
    assert all(row["refused"] for row in audit)


def test_the_metrics_count_targets_that_drifted(local):
    seen(local.start())
    site = local.ok("login", who="dana").split("/login")[0]

    def gauge():
        with urllib.request.urlopen(f"{site}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("sluice_targets_drifted "))

    assert gauge() == "0"
    local.targets["prod"].execute(BY_HAND)
    wait_drift(local, "found", "prod")
    assert gauge() == "1"
    assert local.json("status")["status"]["drifted"] == 1


# --- runs ------------------------------------------------------------------------------------------


def test_what_runs_did_is_never_drift_and_what_others_did_survives_them(workspace):
    dev, prod = workspace.targets["dev"], workspace.targets["prod"]
    dev.execute(BY_HAND)
    wait_drift(workspace, "found")
    propose(workspace, V2)
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert "note" in columns(dev, "customer") and "note" in columns(prod, "customer")
    checked_again(workspace, "dev")
    checked_again(workspace, "prod")
    now = drift(workspace)
    assert (now["state"], [each["name"] for each in now["differences"]]) == ("found", ["orders"])
    assert "note" not in json.dumps(now["differences"])
    assert (events(workspace), events(workspace, "prod")) == (["drift.found"], []), "it is the same drift"
    run = workspace.history("dev")[0]
    assert run["outcome"] == "applied"
    assert "had drifted before: 1 column added" in run["detail"]
    assert "drifted" not in workspace.history("prod")[0]["detail"]
    workspace.ok("drift", "accept", "dev", "--reason", "it may stay", who="dana")
    checked_again(workspace)
    assert drift(workspace)["state"] == "none"


def test_a_run_that_removes_what_was_made_by_hand_ends_the_drift(workspace):
    dev = workspace.targets["dev"]
    dev.execute(f"CREATE TABLE {scratch(dev)} (id INTEGER)")
    wait_drift(workspace, "found")
    propose(workspace, {"migrations/V2__tidy.sql": f"DROP TABLE IF EXISTS {scratch(dev)};\n"})
    workspace.wait_change(1, lambda change: change["state"] == "merged")
    if workspace.change(1)["held"]:
        workspace.ok("resume", 1, "--reason", "it is meant", who="dana")
    wait_drift(workspace, "none")
    wait_until(lambda: events(workspace) == ["drift.found", "drift.gone"], what="the drift's end")


def test_a_run_waits_where_the_policy_says_hold(sluice, tmp_workspace, databases):
    workspace = make(sluice, databases)
    try:
        workspace.configure(r"- \{name: dev\}", "- {name: dev, drift: {before_run: hold}}")
        seen(workspace.start())
        dev = workspace.targets["dev"]
        dev.execute(BY_HAND)
        propose(workspace, V2)
        workspace.wait_change(1, lambda change: "drifted (1 column added)" in json.dumps(change["stages"]))
        assert "note" not in columns(dev, "customer")
        found = wait_drift(workspace, "found")
        workspace.ok("drift", "accept", "dev", "--reason", "it may stay", "--live", found["live"], who="dana")
        workspace.wait_stage(1, "dev", "done")
        assert "note" in columns(dev, "customer")
        checked_again(workspace)
        assert drift(workspace)["state"] == "none"
    finally:
        workspace.close()


def test_a_held_run_goes_on_when_the_drift_is_undone(local):
    local.configure(r"drift: \{every", "drift: {before_run: hold, every")
    seen(local.start())
    dev = local.targets["dev"]
    dev.execute(f"CREATE TABLE {scratch(dev)} (id INTEGER)")
    propose(local, V2)
    local.wait_change(1, lambda change: "drifted (1 table added)" in json.dumps(change["stages"]))
    dev.execute(f"DROP TABLE {scratch(dev)}")
    local.wait_stage(1, "dev", "done", timeout=60)


def test_a_run_of_the_command_line_is_not_drift(local, sluice):
    seen(local.start())
    folder = local.home / "more"
    folder.mkdir()
    (folder / "V1__tag.sql").write_text("CREATE TABLE tag (id INTEGER PRIMARY KEY);\n")
    sluice.ok("migrate", "--url", local.targets["dev"].url, "--dir", folder, "--ledger", "more", timeout=60)
    checked_again(local)
    now = drift(local)
    assert (now["state"], now["differences"]) == ("none", [])
    assert now["base_origin"].startswith("run ")
    assert events(local) == []


# --- what goes wrong -------------------------------------------------------------------------------


def test_a_restart_in_between_forgets_nothing_and_tells_nothing_twice(workspace):
    workspace.targets["dev"].execute(BY_HAND)
    found = wait_drift(workspace, "found")
    workspace.kill()
    workspace.targets["prod"].execute(BY_HAND)
    workspace.start(settled=False)
    wait_drift(workspace, "found", "prod")
    checked_again(workspace)
    now = drift(workspace)
    assert (now["state"], now["since"], now["live"]) == ("found", found["since"], found["live"])
    assert events(workspace) == ["drift.found"]
    assert events(workspace, "prod") == ["drift.found"]


def test_a_target_that_cannot_be_reached_has_not_drifted(local):
    seen(local.start())
    path = local.targets["dev"].path
    away = path.with_suffix(".away")
    shutil.move(path, away)
    asked = local.run("drift", "dev", "--check", who="dana")
    assert asked.status == 3
    now = drift(local)
    assert (now["state"], now["reached"]) == ("none", False)
    assert "dev.db" in now["note"]
    assert events(local) == []
    shutil.move(away, path)
    wait_until(lambda: drift(local)["reached"], what="the target's return")
    assert drift(local)["note"] == ""
    assert events(local) == []


def test_what_cannot_be_seen_whole_is_unknown(sluice, tmp_workspace, pg):
    workspace = make(sluice, {"dev": pg, "prod": pg})
    try:
        workspace.configure(r"  - \{name: prod, environment: prod[^\n]*\n", "")
        pg.execute("CREATE OPERATOR FAMILY shop USING btree")
        workspace.start(settled=False)
        now = wait_until(lambda: drift(workspace)["checked_at"] and drift(workspace), what="the first look")
        assert now["state"] == "unknown"
        assert "operator families" in now["note"]
        pg.execute("CREATE TABLE public.scratch (id integer)")
        assert wait_drift(workspace, "found")["differences"][0]["name"] == "scratch"
    finally:
        workspace.close()


def test_nothing_is_compared_unasked_where_it_is_off(sluice, tmp_workspace):
    workspace = make(sluice, every="0s")
    try:
        workspace.start()
        checked_again(workspace)
        before = drift(workspace)
        workspace.targets["dev"].execute(BY_HAND)
        checked_again(workspace, "prod")
        assert drift(workspace)["checked_at"] == before["checked_at"]
        asked = workspace.run("drift", "dev", "--check", who="dana")
        assert asked.status == 1
        assert drift(workspace)["state"] == "found"
    finally:
        workspace.close()


def test_rows_of_tables_are_no_drift(workspace):
    workspace.targets["dev"].execute("INSERT INTO customer (id, email, name) VALUES (99, 'some@example.com', 'somebody')")
    checked_again(workspace)
    assert drift(workspace)["state"] == "none"


# --- pages -----------------------------------------------------------------------------------------


def test_a_page_shows_the_drift_and_takes_a_word_for_it(local, tmp_path):
    seen(local.start())
    local.targets["dev"].execute(BY_HAND)
    local.targets["dev"].execute("CREATE TABLE \"<b>scratch</b>\" (id INTEGER)")
    wait_until(lambda: drift(local)["objects"] == 2, what="both differences")
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(local.ok("login", who="dana").strip())
        browser.press("Log in as dana")
        site = browser.driver.current_url.rsplit("/", 1)[0]
        browser.open(f"{site}/targets")
        assert browser.texts(".row .tag.state-failed") == ["drifted"]
        browser.follow("dev")
        assert browser.texts(".drifted h3") == ["added table <b>scratch</b>", "changed table orders"]
        assert "+ column by_hand: integer" in browser.texts(".drifted .diff div")
        assert "create table" in browser.driver.find_element("css selector", ".drifted pre").get_attribute("textContent")
        for width in (380, 1280):
            for scheme in ("light", "dark"):
                browser.show(width, scheme)
                assert browser.content_width() <= width, width
                for css in (".banner.warn", ".drifted h3", ".diff-added", ".diff-changed"):
                    assert browser.contrast(css) >= 4.5, (scheme, css)
        browser.fill("reason", "the vendor's & ours")
        browser.press("Accept the drift")
        assert browser.path == "/targets/dev"
        assert "drifted" not in browser.texts(".drifted h3")
        assert "the vendor's & ours" in browser.text
        browser.open(f"{site}/targets")
        assert browser.texts(".row .tag.state-failed") == []
        assert browser.complaints == []
    finally:
        browser.close()
    assert drift(local)["state"] == "none"


def test_a_form_of_another_page_accepts_nothing(local):
    seen(local.start())
    local.targets["dev"].execute(BY_HAND)
    live = wait_drift(local, "found")["live"]
    site = local.ok("login", who="dana").split("/login")[0]
    request = urllib.request.Request(f"{site}/targets/dev/drift/accept", data=f"live={live}&reason=x&csrf=y".encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 401
    assert drift(local)["state"] == "found"


# --- a store that an earlier version has written ---------------------------------------------------


def as_format_1(body: str) -> str:
    """An object's canonical text without what the first format could not hold."""
    what = json.loads(body)
    what.pop("also", None)
    if what["kind"] == "type":
        what.pop("extra", None)
    return json.dumps(what, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def hashed(*words) -> str:
    """Texts with their length before them, and bytes as they are."""
    sha = hashlib.sha256()
    for word in words:
        sha.update(word if isinstance(word, bytes) else struct.pack(">Q", len(word.encode())) + word.encode())
    return sha.hexdigest()


def age_base(store, target="dev") -> str:
    """The target's base becomes what the first format had kept of it; its hash."""
    ((base,),) = store.execute("SELECT base FROM drift WHERE target = ?", (target,)).fetchall()
    bodies = dict(store.execute("SELECT o.hash, o.body FROM content c JOIN object o ON o.hash = c.object WHERE c.hash = ?", (base,)))
    ((manifest,),) = store.execute("SELECT o.body FROM content c JOIN object o ON o.hash = c.object WHERE c.hash = ? AND c.key = ''", (base,)).fetchall()
    old, words, places = json.loads(manifest), ["sluice snapshot 1", "postgres"], []
    for each in old["objects"]:
        body = as_format_1(bodies[each["hash"]])
        each["hash"] = hashlib.sha256(body.encode()).hexdigest()
        names = [each["kind"], each.get("schema", ""), each.get("name", ""), each.get("detail", "")]
        words += [*names, bytes.fromhex(each["hash"])]
        places.append(("\x1f".join(names), each["hash"], body))
    old |= {"version": 1, "hash": hashed(*words)}
    manifest = json.dumps(old, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    places.append(("", hashlib.sha256(manifest.encode()).hexdigest(), manifest))
    for key, name, body in places:
        store.execute("INSERT OR IGNORE INTO object (hash, body) VALUES (?, ?)", (name, body))
        store.execute("INSERT INTO content (hash, key, object) VALUES (?, ?, ?)", (old["hash"], key, name))
    store.execute("INSERT INTO snapshot (target, hash, run, at) VALUES (?, ?, '', 1)", (target, old["hash"]))
    store.execute("UPDATE drift SET base = ?, live = ? WHERE target = ?", (old["hash"], old["hash"], target))
    for column in ("base_run", "live_run"):
        store.execute(f"ALTER TABLE drift DROP COLUMN {column}")
    store.execute("PRAGMA user_version = 5")
    return old["hash"]


LOST_ONCE = """CREATE DOMAIN public.code AS text COLLATE "C"; CREATE TABLE public.marked (a int);
ALTER TABLE public.marked ALTER COLUMN a SET STATISTICS 7; COMMENT ON COLUMN public.marked.a IS 'a'"""


@pytest.fixture
def aged(sluice, tmp_workspace):
    """A workspace whose base of dev is as an earlier version has kept it; not started."""
    databases = {name: Postgres.create() for name in ("dev", "prod")}
    made = seen(make(sluice, databases, store="sqlite").start())
    databases["dev"].execute(LOST_ONCE)
    live = wait_drift(made, "found")["live"]
    assert made.run("drift", "accept", "dev", "--reason", "meant", "--live", live, who="dana").status == 0
    made.stop()
    with contextlib.closing(sqlite3.connect(made.root / "store.db", isolation_level=None)) as store:
        store.execute("DELETE FROM event WHERE kind LIKE 'drift.%'")
        made.old = age_base(store)
    yield made
    made.close()
    for database in databases.values():
        database.drop()


def test_a_base_of_an_older_format_is_renewed_without_a_word(aged):
    aged.start()
    checked_again(aged)
    wait_until(lambda: drift(aged)["base"] != aged.old, what="the new base")
    assert drift(aged)["state"] == "none"
    assert events(aged) == []
    aged.targets["dev"].execute("ALTER TABLE public.marked ALTER COLUMN a SET STATISTICS 8")
    assert wait_drift(aged, "found")["summary"] == "1 property changed"


def test_a_base_of_an_older_format_hides_no_drift_and_adds_none(aged):
    aged.targets["dev"].execute("ALTER TABLE public.marked ADD COLUMN by_hand int")
    aged.start()
    now = wait_drift(aged, "found")
    assert (now["summary"], now["base"]) == ("1 column added", aged.old)
    assert events(aged) == ["drift.found"]
    aged.targets["dev"].execute("ALTER TABLE public.marked DROP COLUMN by_hand")
    assert wait_drift(aged, "none")["base"] != aged.old
    assert events(aged) == ["drift.found", "drift.gone"]


def old_hash(sluice, database) -> str:
    """What an earlier version would have said of the database's structure."""
    document, words = json.loads(sluice.ok("snapshot", "--url", database.url, "--format", "json")), ["sluice snapshot 1", "postgres"]
    for each in document["objects"]:
        text = as_format_1(json.dumps(each["definition"]))
        words += [each["kind"], each.get("schema", ""), each.get("name", ""), each.get("detail", ""), hashlib.sha256(text.encode()).digest()]
    return hashed(*words)


@pytest.fixture
def renewed(aged):
    """The same, with its base renewed; its daemon is stopped."""
    aged.start()
    wait_until(lambda: drift(aged)["base"] != aged.old, what="the new base")
    aged.stop()
    return aged


def migrate_as_older(sluice, workspace, number, sql):
    """A run of an earlier version's `sluice migrate`."""
    dev, folder = workspace.targets["dev"], workspace.home / "more"
    before = old_hash(sluice, dev)
    folder.mkdir(exist_ok=True)
    (folder / f"V{number}__more.sql").write_text(sql)
    sluice.ok("migrate", "--url", dev.url, "--dir", folder, "--ledger", "more", timeout=60)
    after = old_hash(sluice, dev)
    dev.execute("UPDATE sluice.run SET before_hash = %s, after_hash = %s WHERE scope = 'more' AND before_hash <> '' AND started_at = (SELECT max(started_at) FROM sluice.run)", (before, after))
    return before


TAG = "CREATE TABLE tag (id bigint PRIMARY KEY);\n"


def test_runs_of_an_older_version_after_the_base_was_renewed_are_no_drift(renewed, sluice):
    assert migrate_as_older(sluice, renewed, 1, TAG) == renewed.old
    migrate_as_older(sluice, renewed, 2, "ALTER TABLE tag ADD COLUMN name text;\n")
    renewed.start()
    checked_again(renewed)
    now = drift(renewed)
    assert (now["state"], now["differences"], events(renewed)) == ("none", [], [])
    assert now["base_origin"].startswith("run ") and now["base"] == now["live"]


@pytest.mark.parametrize(
    "by_hand",
    ["ALTER TABLE public.marked ALTER COLUMN a SET STATISTICS 8", 'CREATE COLLATION public.by_hand FROM "C"', "ALTER TABLE public.marked ADD COLUMN by_hand int"],
    ids=["a property that it could not see", "an object that it could not see", "a column"],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_somebody_changed_around_a_run_of_an_older_version_is_drift(renewed, sluice, by_hand, when):
    if when == "before":
        renewed.targets["dev"].execute(by_hand)
    migrate_as_older(sluice, renewed, 1, TAG)
    if when == "after":
        renewed.targets["dev"].execute(by_hand)
    renewed.start()
    wait_drift(renewed, "found")
    assert events(renewed) == ["drift.found"]
