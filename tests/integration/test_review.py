"""`sluice review`, `rules` and `explain`: what a developer and a CI job see, without a daemon."""

import json
import os
import pathlib
import subprocess
from xml.etree import ElementTree

import pytest
from harness.program import Result

ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n"
INDEX = "CREATE INDEX orders_note ON orders (note);\n"


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text)
    return folder


def git(*arguments, cwd):
    identity = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_workspace):
    """A work tree on the branch change/idx that adds one migration to main's one."""
    git("init", "-q", "-b", "main", ".", cwd=tmp_workspace)
    write(tmp_workspace / "db" / "migrations", V1__init=ORDERS)
    write(tmp_workspace / "queries", users="SELECT 1;\n")
    git("add", ".", cwd=tmp_workspace)
    git("commit", "-q", "-m", "init", cwd=tmp_workspace)
    git("checkout", "-q", "-b", "change/idx", cwd=tmp_workspace)
    write(tmp_workspace / "db" / "migrations", V2__idx=INDEX)
    git("add", ".", cwd=tmp_workspace)
    git("commit", "-q", "-m", "idx", cwd=tmp_workspace)
    return tmp_workspace


def rules_of(result):
    return [finding["rule"] for file in result.json()["files"] for finding in file["findings"]]


def test_a_risky_file_ends_with_status_1_and_names_rule_and_line(sluice, tmp_workspace):
    write(tmp_workspace, V1__init=ORDERS, V2__idx=INDEX)
    result = sluice.run("review", "--engine", "postgres", "V2__idx.sql")
    assert result.status == 1
    assert "V2__idx.sql:1:1: error:" in result.out
    assert "[index-create-concurrently]" in result.out


def test_a_harmless_file_ends_with_status_0(sluice, tmp_workspace):
    write(tmp_workspace, V1__init=ORDERS)
    result = sluice.run("review", "--engine", "postgres", "V1__init.sql")
    assert (result.status, result.out) == (0, "nothing to object to in 1 migration\n")


def test_json_has_the_fields_of_the_contract(sluice, tmp_workspace):
    write(tmp_workspace, V1__init=ORDERS, V2__idx=INDEX)
    report = sluice.run("review", "--engine", "postgres", "--format", "json", "V2__idx.sql").json()
    assert report["version"] == 1
    assert report["summary"] == {"error": 1, "warning": 0, "notice": 0}
    [file] = report["files"]
    assert (file["path"], file["engine"], file["statements"], file["omitted"]) == ("V2__idx.sql", "postgres", 1, 0)
    [finding] = file["findings"]
    assert finding["fix"] == "CREATE INDEX CONCURRENTLY orders_note ON orders (note)"
    assert len(finding["fingerprint"]) == 32
    assert finding["waived"] is False


def test_a_folder_is_reviewed_in_running_order_on_its_own_schema(sluice, tmp_workspace):
    write(tmp_workspace / "m", V1__init=ORDERS, V10__last="ALTER TABLE ordres ADD COLUMN a int;\n", V2__idx=INDEX)
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "m")
    assert [file["path"] for file in result.json()["files"]] == ["m/V1__init.sql", "m/V2__idx.sql", "m/V10__last.sql"]
    assert rules_of(result) == ["index-create-concurrently", "statement-walk-through"]


def test_standard_input_is_reviewed(sluice, tmp_workspace):
    result = sluice.run("review", "--engine", "sqlite", "-", stdin="DELETE FROM orders;\n")
    assert result.status == 1
    assert "[where-require-update-delete]" in result.out


def test_a_schema_makes_unknown_names_errors(sluice, tmp_workspace):
    (tmp_workspace / "schema.sql").write_text(ORDERS)
    (tmp_workspace / "change.sql").write_text("ALTER TABLE ordres ADD COLUMN a int;\n")
    without = sluice.run("review", "--engine", "postgres", "--format", "json", "change.sql")
    known = sluice.run("review", "--engine", "postgres", "--format", "json", "--schema", "schema.sql", "change.sql")
    assert (without.status, rules_of(without)) == (0, [])
    assert without.json()["files"][0]["skipped"][0]["rule"] == "statement-walk-through"
    assert (known.status, rules_of(known)) == (1, ["statement-walk-through"])


@pytest.mark.parametrize("bar, status", [("error", 0), ("warning", 1), ("notice", 1)])
def test_the_bar_decides_the_status(sluice, tmp_workspace, bar, status):
    write(tmp_workspace, change='CREATE TABLE "Orders" (id bigint PRIMARY KEY);\n')
    assert sluice.run("review", "--engine", "postgres", "--fail-on", bar, "change.sql").status == status


def test_mysql_is_never_green(sluice, tmp_workspace):
    write(tmp_workspace, change="ALTER TABLE orders ADD COLUMN a int;\n")
    result = sluice.run("review", "--engine", "mysql", "change.sql")
    assert result.status == 1
    assert "not reviewed" in result.out


def test_a_comment_with_a_reason_accepts_a_finding(sluice, tmp_workspace):
    write(tmp_workspace, change="-- sluice:allow truncate-disallow a cache\nTRUNCATE cache;\n")
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "change.sql")
    assert result.status == 0
    assert result.json()["files"][0]["findings"][0]["waived"] is True
    assert result.json()["summary"]["error"] == 0


def test_only_and_param_narrow_and_tune(sluice, tmp_workspace):
    write(tmp_workspace, change="CREATE TABLE orders (id bigint PRIMARY KEY, price real);\nTRUNCATE other;\n")
    result = sluice.run(
        "review", "--engine", "postgres", "--format", "json", "--only", "column-type-allow-list",
        "--param", "column-type-allow-list.types=bigint,text", "change.sql",
    )
    assert rules_of(result) == ["column-type-allow-list"]


def test_without_a_path_only_what_the_branch_added_is_reviewed(sluice, repository):
    result = sluice.run("review", "--engine", "postgres", "--format", "json")
    assert [file["path"] for file in result.json()["files"]] == ["db/migrations/V2__idx.sql"]
    assert rules_of(result) == ["index-create-concurrently"]


def test_a_file_that_is_not_committed_yet_is_reviewed_too(sluice, repository):
    write(repository / "db" / "migrations", V3__drop="DROP TABLE orders;\n")
    result = sluice.run("review", "--engine", "postgres", "--format", "json")
    assert rules_of(result) == ["index-create-concurrently", "table-disallow-drop"]


def test_an_edited_file_and_a_late_version_are_found_against_the_base(sluice, repository):
    write(repository / "db" / "migrations", V1__init=ORDERS + "-- edited\n", V0__early="SELECT 1;\n")
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "--base", "main")
    assert sorted(set(rules_of(result))) == ["index-create-concurrently", "migration-edited", "migration-out-of-order"]


def test_a_shallow_clone_is_told_with_the_command_that_completes_it(sluice, repository):
    branch = subprocess.run(["git", "branch", "--show-current"], cwd=repository, capture_output=True, text=True, check=True).stdout.strip()
    shallow = repository.parent / "shallow"
    git("commit", "-q", "--allow-empty", "-m", "more", cwd=repository)
    git("clone", "-q", "--depth", "1", "-b", branch, f"file://{repository}", shallow, cwd=repository.parent)
    words = ("review", "--engine", "postgres", "--base", "origin/main")
    without = sluice.run(*words, cwd=shallow)
    git("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main", cwd=shallow)
    # libgit2 1.5 loses 64 bytes where a merge base leads to a commit that is not there
    unrelated = sluice.run(*words, cwd=shallow, env={"ASAN_OPTIONS": "detect_leaks=0"})
    for result in (without, unrelated):
        assert result.status == 2 and "the clone is shallow" in result.err and "fetch-depth: 0" in result.err, result.err
    subprocess.run(result.err.strip().rpartition(", or ")[2], cwd=shallow, shell=True, check=True, capture_output=True)
    assert "index-create-concurrently" in sluice.run(*words, cwd=shallow).out


def test_prismas_folder_is_reviewed_as_a_whole_and_names_its_engine(sluice, repository):
    git("checkout", "-q", "main", cwd=repository)
    folder = repository / "prisma" / "migrations"
    for path, text in {
        "migration_lock.toml": 'provider = "postgresql"\n',
        "20240101000000_users/migration.sql": "CREATE TABLE visitor (id bigint PRIMARY KEY);\n",
        "20240102000000_index/migration.sql": "CREATE INDEX visitor_id ON visitor (id);\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for arguments in ([], ["prisma/migrations"], ["prisma/migrations/20240102000000_index/migration.sql"]):
        done = sluice.run("review", "--format", "json", *arguments, cwd=repository)
        assert done.status in (0, 1), done.err
        found = {file["path"]: file for file in done.json()["files"]}
        assert found["prisma/migrations/20240102000000_index/migration.sql"]["engine"] == "postgres"
        assert not any(finding["rule"] == "migration-unreadable" for file in found.values() for finding in file["findings"])


def test_all_reviews_what_the_base_has_too(sluice, repository):
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "--all")
    assert [file["path"] for file in result.json()["files"]] == ["db/migrations/V1__init.sql", "db/migrations/V2__idx.sql"]
    assert "queries: left out" in result.err


@pytest.mark.parametrize("arguments", [[], ["--base", "main"], ["--all"]])
def test_below_the_root_the_whole_repository_is_reviewed_and_named_from_its_root(sluice, repository, arguments):
    (repository / "web" / "app").mkdir(parents=True)
    report = sluice.run("review", "--engine", "postgres", "--format", "json", *arguments, cwd=repository / "web" / "app")
    assert [file["path"] for file in report.json()["files"]][-1] == "db/migrations/V2__idx.sql"
    assert report.status == 1
    inside = sluice.run("review", "--engine", "postgres", "--format", "json", *arguments, cwd=repository / "db" / "migrations")
    assert inside.json() == report.json()


def test_a_path_that_is_stated_is_taken_from_where_one_stands(sluice, repository):
    git("checkout", "-q", "main", cwd=repository)
    for folder in ("db/migrations", "other"):
        write(repository / folder, V3__drop="DROP TABLE orders;\n")
    inside = repository / "db"
    plain = sluice.run("review", "--engine", "postgres", "--format", "json", "migrations", cwd=inside)
    based = sluice.run("review", "--engine", "postgres", "--format", "json", "--base", "main", "migrations", cwd=inside)
    outside = sluice.run("review", "--engine", "postgres", "--format", "json", "--base", "main", "../other", cwd=inside)
    assert [file["path"] for file in plain.json()["files"]] == ["migrations/V1__init.sql", "migrations/V3__drop.sql"]
    assert [file["path"] for file in based.json()["files"]] == ["db/migrations/V3__drop.sql"]
    assert [file["path"] for file in outside.json()["files"]] == ["other/V3__drop.sql"]


def findings_of(result):
    return [(file["path"], finding["rule"], finding["severity"], finding["message"]) for file in result.json()["files"] for finding in file["findings"]]


@pytest.mark.parametrize("rest", [["V2__other.sql"], ["readme.md"], []], ids=["among others", "beside no migration", "with its folder"])
def test_a_migration_that_is_deleted_is_found(sluice, repository, rest):
    folder = repository / "db" / "migrations"
    (folder / "V2__idx.sql").unlink()
    (folder / "V1__init.sql").unlink()
    folder.rmdir()
    for name in rest:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("SELECT 1;\n")
    (repository / "queries" / "users.sql").unlink()
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "--fail-on", "warning")
    assert (result.status, result.err) == (1, "")
    assert findings_of(result) == [("db/migrations/V1__init.sql", "migration-removed", "warning", "version 1: its file is gone")]
    elsewhere = sluice.run("review", "--engine", "postgres", "--format", "json", "--base", "main", "queries")
    assert findings_of(elsewhere) == []


def test_a_migration_with_another_version_is_found_and_its_content_recognised(sluice, repository):
    folder = repository / "db" / "migrations"
    (folder / "V2__idx.sql").unlink()
    git("mv", "db/migrations/V1__init.sql", "db/migrations/V3__init.sql", cwd=repository)
    result = sluice.run("review", "--engine", "postgres", "--format", "json")
    message = "version 1: its file is gone; its content is version 3 now, which would run again where it has run"
    assert findings_of(result) == [("db/migrations/V1__init.sql", "migration-removed", "warning", message)]


@pytest.mark.parametrize("text, rules", [(ORDERS, ["migration-renamed"]), ("SELECT 1;\n", ["migration-edited", "migration-renamed"])])
def test_a_migration_with_another_name_is_told_as_that_and_still_compared(sluice, repository, text, rules):
    folder = repository / "db" / "migrations"
    (folder / "V2__idx.sql").unlink()
    (folder / "V1__init.sql").unlink()
    write(folder, V1__orders=text)
    result = sluice.run("review", "--engine", "postgres", "--format", "json")
    assert [rule for _, rule, _, _ in findings_of(result)] == rules
    assert ("db/migrations/V1__orders.sql", "migration-renamed", "notice", "renamed from db/migrations/V1__init.sql; it is version 1 as before") in findings_of(result)


def test_nothing_new_is_nothing_found(sluice, repository):
    git("checkout", "-q", "main", cwd=repository)
    assert sluice.run("review", "--engine", "postgres").status == 0


def test_a_folder_whose_names_no_layout_has_is_named_when_a_branch_adds_to_it(sluice, repository):
    (repository / "scripts").mkdir()
    (repository / "scripts/cleanup.sql").write_text("DROP TABLE orders;\n")
    git("checkout", "-qb", "scripts", "main", cwd=repository)
    git("add", "-A", cwd=repository)
    git("commit", "-qm", "scripts", cwd=repository)
    result = sluice.run("review", "--engine", "postgres", cwd=repository)
    assert (result.status, result.err) == (0, "scripts: left out, no layout has migrations of such names\n")


def rules_in(form, text) -> list:
    """The rules that a report of that form names."""
    if form == "github":
        return [line.partition("title=")[2].partition("::")[0] for line in text.splitlines() if line.startswith("::")]
    if form == "codequality":
        return [each["check_name"] for each in json.loads(text)]
    if form == "sarif":
        return [each["ruleId"] for each in json.loads(text)["runs"][0]["results"]]
    return [each.get("name").partition(" at ")[0] for each in ElementTree.fromstring(text).iter("testcase") if len(each)]


@pytest.mark.parametrize("form", ["github", "codequality", "sarif", "junit"])
def test_each_form_for_pipelines_has_all_findings_and_the_same_status(sluice, tmp_workspace, form):
    write(tmp_workspace, change="TRUNCATE orders;\nDROP TABLE \"]]><a>&%0A::\u202e\uffff\";\n", good="SELECT 1;\n")
    expected = sluice.run("review", "--engine", "postgres", "--format", "json", "change.sql", "good.sql").json()
    found = sluice.run("review", "--engine", "postgres", "--format", form, "change.sql", "good.sql")
    assert found.status == 1 and found.err == ""
    assert sorted(rules_in(form, found.out)) == sorted(each["rule"] for file in expected["files"] for each in file["findings"])
    nothing = sluice.run("review", "--engine", "postgres", "--format", form, "good.sql")
    assert nothing.status == 0 and rules_in(form, nothing.out) == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["nothere.sql", "--engine", "postgres"], "nothere.sql: there is no such file or folder"),
        (["change.sql"], "change.sql: the engine is not known; say --engine postgres, sqlite, mysql or mariadb"),
        (["--engine", "postgres"], "no PATH was given, and this is no Git work tree"),
        (["--engine", "oracle", "change.sql"], "--engine: 'oracle' is none of"),
        (["--engine", "postgres", "--format", "html", "change.sql"], "--format: 'html' is none of text, json, markdown, github"),
        (["--engine", "postgres", "--jobs", "4", "change.sql"], "--jobs is not available in this version"),
        (["--engine", "postgres", "--only", "truncate-disalow", "change.sql"], "did you mean 'truncate-disallow'?"),
        (["--engine", "postgres", "--param", "x", "change.sql"], "--param: 'x' is not RULE.KEY=VALUE"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(sluice, tmp_workspace, arguments, said):
    write(tmp_workspace, change="SELECT 1;\n")
    result = sluice.run("review", *arguments)
    assert result.status == 2
    assert said in result.err
    assert len(result.err.strip().split("\n")) == 1


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("1_latin.sql", b"SELECT 'caf\xe9';\n", "the file is not UTF-8 text"),
        ("1_nul.sql", b"SELECT 1;\0\n", "the file holds a NUL byte"),
        ("1_empty.sql", b"", "no statement in the file"),
        ("1_comments.sql", b"-- nothing\n", "no statement in the file"),
    ],
)
def test_bad_files_are_findings_with_the_remedy(sluice, tmp_workspace, name, content, said):
    (tmp_workspace / name).write_bytes(content)
    result = sluice.run("review", "--engine", "postgres", name)
    assert said in result.out
    assert result.status == (0 if "no statement" in said else 1)


def test_a_version_given_twice_is_an_error(sluice, tmp_workspace):
    write(tmp_workspace / "m", **{"1_a": "SELECT 1;\n", "01_b": "SELECT 1;\n"})
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "m")
    assert (result.status, set(rules_of(result))) == (1, {"migration-duplicate-version"})


def test_deep_nesting_is_told_and_does_not_crash(sluice, tmp_workspace):
    write(tmp_workspace, change="SELECT " + "NOT " * 5000 + "true;\n")
    result = sluice.run("review", "--engine", "postgres", "change.sql")
    assert result.status in (0, 1)
    assert "statement-not-reviewed" in result.out


def test_an_8_mb_statement_is_reviewed_as_opaque(sluice, tmp_workspace):
    rows = ",\n".join(f"({i}, 'some text that fills the row')" for i in range(200_000))
    write(tmp_workspace, change=f"INSERT INTO orders VALUES {rows};\nTRUNCATE orders;\n")
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "change.sql")
    assert "truncate-disallow" in rules_of(result)
    assert result.json()["files"][0]["statements"] == 2


def test_rules_are_listed_and_explained(sluice, tmp_workspace):
    assert "index-create-concurrently" in sluice.ok("rules", "list")
    shown = sluice.ok("rules", "show", "index-create-concurrently")
    assert "SHARE lock" in shown
    assert shown == sluice.ok("explain", "index-create-concurrently")
    assert len(sluice.run("rules", "--output", "json").json()["rules"]) >= 20
    unknown = sluice.run("explain", "index-create-concurently")
    assert unknown.status == 5
    assert "did you mean 'index-create-concurrently'?" in unknown.err


def test_the_configuration_sets_severities_and_names_the_engine(sluice, tmp_workspace):
    (tmp_workspace / "sluice.yaml").write_text(
        "environments: [{name: dev}]\n"
        "targets: [{name: a, environment: dev, url: 'sqlite:dev.db'}]\n"
        "review: {rules: {where-require-update-delete: warning}}\n"
    )
    write(tmp_workspace, change="DELETE FROM orders;\n")
    result = sluice.run("review", "--format", "json", "change.sql")
    assert result.status == 0
    assert result.json()["summary"] == {"error": 0, "warning": 1, "notice": 0}


def test_a_wrong_rule_in_the_configuration_has_its_place_and_the_nearest_name(sluice, tmp_workspace):
    (tmp_workspace / "sluice.yaml").write_text("review:\n  rules:\n    truncate-disalow: off\n")
    write(tmp_workspace, change="SELECT 1;\n")
    result = sluice.run("review", "--engine", "sqlite", "change.sql")
    assert result.status == 2
    assert "sluice.yaml:3:" in result.err
    assert "did you mean 'truncate-disallow'?" in result.err


STRICT = "targets: [{name: a, environment: dev, url: 'postgres://a@db/a'}]\nenvironments: [{name: dev}]\nreview: {preset: strict}\n"
LENIENT = STRICT.replace("strict", "none")


@pytest.fixture
def configured(repository):
    """The same repository with a strict sluice.yaml on main, and on the branch."""
    git("checkout", "-q", "main", cwd=repository)
    (repository / "sluice.yaml").write_text(STRICT)
    git("add", ".", cwd=repository)
    git("commit", "-q", "-m", "strict", cwd=repository)
    git("checkout", "-q", "change/idx", cwd=repository)
    git("rebase", "-q", "main", cwd=repository)
    return repository


def soften(repository, how):
    """The branch makes its own review lenient; returns the options with which it is called."""
    file = repository / "sluice.yaml"
    if how in ("edited", "broken", "named"):
        file.write_text(LENIENT if how != "broken" else "nonsense: [")
    elif how == "deleted":
        file.unlink()
    else:
        (repository / "lenient.yaml").write_text(LENIENT)
        file.unlink()
        file.symlink_to("lenient.yaml")
    git("add", "-A", cwd=repository)
    git("commit", "-q", "-m", "soften", cwd=repository)
    return ["-c", repository / "sluice.yaml"] if how == "named" else []


@pytest.mark.parametrize("how", ["edited", "broken", "deleted", "linked", "named"])
def test_a_branch_cannot_soften_its_own_review(sluice, configured, how):
    options = soften(configured, how)
    result = sluice.run("review", *options)
    assert result.status == 1 and "[index-create-concurrently]" in result.out
    assert "sluice.yaml: this branch changes it; what counts is the file as the merge base" in result.err
    below = sluice.run("review", *options, "--base", "main", cwd=configured / "db")
    assert (below.status, below.out) == (result.status, result.out)
    upwards = sluice.run("review", "-c", "../sluice.yaml", "--base", "main", cwd=configured / "db") if how == "edited" else below
    assert (upwards.status, upwards.out) == (result.status, result.out)
    everything = sluice.run("review", "--engine", "postgres", "--all", *options)
    assert everything.status == {"edited": 0, "named": 0, "linked": 0, "broken": 2, "deleted": 1}[how], "a person tries it as it is"


def test_what_only_stands_on_disk_is_the_callers_own(sluice, configured):
    (configured / "sluice.yaml").write_text(LENIENT)
    assert (sluice.run("review").status, sluice.run("review").err) == (0, "")


def test_a_configuration_that_the_branch_adds_says_the_engine_and_no_rules(sluice, repository):
    (repository / "sluice.yaml").write_text(LENIENT)
    assert sluice.run("review").status == 0, "not committed: the caller's own"
    git("add", ".", cwd=repository)
    git("commit", "-q", "-m", "lenient", cwd=repository)
    result = sluice.run("review")
    assert result.status == 1 and "[index-create-concurrently]" in result.out
    assert result.err == "sluice.yaml: this branch adds it; until it is merged the built-in rules count\n"


def test_a_wrong_configuration_on_the_base_does_not_stop_its_mending(sluice, configured):
    git("checkout", "-q", "main", cwd=configured)
    (configured / "sluice.yaml").write_text("nonsense: [")
    git("commit", "-q", "-a", "-m", "oops", cwd=configured)
    git("checkout", "-q", "-b", "change/mend", cwd=configured)
    (configured / "sluice.yaml").write_text(STRICT)
    git("commit", "-q", "-a", "-m", "mend", cwd=configured)
    write(configured / "db" / "migrations", V3__drop="DROP TABLE orders;\n")
    result = sluice.run("review", "--engine", "postgres")
    assert result.status in (0, 1) and "the built-in rules count" in result.err


def test_the_configuration_at_the_root_counts_in_a_subfolder(sluice, configured):
    write(configured / "db" / "migrations", V3__t='CREATE TABLE "T" (id bigint PRIMARY KEY);\n')
    for words in ([], ["--all"]):
        assert "naming-table" in sluice.run("review", *words, cwd=configured / "db").out


def test_a_snapshot_of_a_file_is_a_schema(sluice, tmp_workspace):
    subprocess.run(["sqlite3", "dev.db", "CREATE TABLE orders (id INTEGER PRIMARY KEY)"], check=True)
    (tmp_workspace / "schema.json").write_text(sluice.ok("snapshot", "--url", "sqlite:dev.db", "--format", "json"))
    write(tmp_workspace, change="ALTER TABLE orders DROP COLUMN absent;\n")
    result = sluice.run("review", "--format", "json", "--schema", "schema.json", "change.sql")
    assert rules_of(result) == ["statement-walk-through"]


@pytest.mark.parametrize(
    ("sql", "severity"),
    [
        ("DO $$ BEGIN DROP TABLE orders; END $$;\n", "warning"),
        ("CALL tidy();\n", "warning"),
        ("EXECUTE p;\n", "warning"),
        ("SELECT tidy();\n", "notice"),
    ],
    ids=["block", "procedure", "prepared", "function"],
)
def test_what_cannot_be_seen_is_said_not_to_be_reviewed(sluice, tmp_workspace, sql, severity):
    write(tmp_workspace, change=sql)
    result = sluice.run("review", "--engine", "postgres", "--format", "json", "--fail-on", severity, "change.sql")
    assert result.status == 1
    (finding,) = result.json()["files"][0]["findings"]
    assert (finding["rule"], finding["severity"]) == ("statement-not-reviewed", severity)


LARGE = 65 << 20  # more than is held in memory


def write_large(path, head, tail, times=1):
    """A file of so often LARGE bytes and more that is mostly comments, between the two texts."""
    line = b"-- " + b"x" * 60 + b"\n"
    with open(path, "wb") as file:
        file.write(head)
        for _ in range(times):
            file.write(line * (LARGE // len(line) + 1))
        file.write(tail)
    return times * (LARGE // len(line) + 1)


def test_a_file_too_large_to_be_held_is_reviewed_as_a_stream(sluice, tmp_workspace):
    head = b"\xef\xbb\xbf" + ORDERS.encode()
    lines = write_large(tmp_workspace / "large.sql", head, b"DELETE FROM other;\nDELETE FROM orders")
    (file,) = sluice.run("review", "--engine", "postgres", "--format", "json", "large.sql").json()["files"]
    assert file["statements"] == 3
    assert [(f["rule"], f["line"], f["column"]) for f in file["findings"]] == [("where-require-update-delete", lines + 2, 1)]


def test_a_large_file_that_is_no_text_is_told_with_its_line(sluice, tmp_workspace):
    lines = write_large(tmp_workspace / "large.sql", ORDERS.encode(), b"SELECT '\xff';\n")
    (file,) = sluice.run("review", "--engine", "postgres", "--format", "json", "large.sql").json()["files"]
    assert [(f["rule"], f["message"], f["line"]) for f in file["findings"]] == [("migration-unreadable", "the file is not UTF-8 text", lines + 2)]


def test_a_large_file_keeps_its_sections(sluice, tmp_workspace):
    write_large(tmp_workspace / "large.sql", b"-- +goose Up\n" + ORDERS.encode(), b"-- +goose Down\nDROP TABLE orders;\n")
    (file,) = sluice.run("review", "--engine", "postgres", "--format", "json", "large.sql").json()["files"]
    assert (file["statements"], file["findings"]) == (1, [])


def review_piped(sluice, path, *arguments, **environment):
    """The review of a file that comes through a pipe: status, output, errors, and the most memory that it took."""
    command = [sluice.path, "review", "--format", "json", *arguments, "-"]
    with open(path, "rb") as file, open("out", "w+") as out, open("err", "w+") as err, subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE) as cat:
        review = subprocess.Popen(command, stdin=cat.stdout, stdout=out, stderr=err, env={**os.environ, **environment})
        cat.stdout.close()
        _, status, usage = os.wait4(review.pid, 0)
        review.returncode = os.waitstatus_to_exitcode(status)
    return Result(review.returncode, pathlib.Path("out").read_text(), pathlib.Path("err").read_text()), usage.ru_maxrss << 10


def test_standard_input_too_large_to_be_held_is_reviewed_as_a_stream(sluice, tmp_workspace):
    lines = write_large(tmp_workspace / "large.sql", ORDERS.encode(), b"DELETE FROM other;\nDELETE FROM orders", times=3)
    done, memory = review_piped(sluice, "large.sql", "--engine", "postgres")
    (file,) = done.json()["files"]
    assert (file["path"], file["statements"]) == ("-", 3)
    assert [(f["rule"], f["line"], f["column"]) for f in file["findings"]] == [("where-require-update-delete", lines + 2, 1)]
    roomy = b"__asan_init" in pathlib.Path(sluice.path).read_bytes()  # a sanitizer keeps what was given back
    assert roomy or memory < 2.8 * LARGE, f"{memory} bytes for {3 * LARGE} of input"


def test_large_standard_input_with_sections_is_read_whole(sluice, tmp_workspace):
    write_large(tmp_workspace / "large.sql", b"-- +goose Up\n" + ORDERS.encode(), b"-- +goose Down\nDROP TABLE orders;\n")
    (file,) = review_piped(sluice, "large.sql", "--engine", "postgres")[0].json()["files"]
    assert (file["statements"], file["findings"]) == (1, [])


def test_where_large_standard_input_cannot_be_kept_is_told(sluice, tmp_workspace):
    write_large(tmp_workspace / "large.sql", ORDERS.encode(), b"")
    done, _ = review_piped(sluice, "large.sql", "--engine", "postgres", TMPDIR=str(tmp_workspace / "absent"))
    assert done.status == 2
    assert "absent: make a temporary file (TMPDIR names another folder): No such file or directory" in done.err
