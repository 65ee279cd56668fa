"""The reports for pipelines against what is written of their formats: SARIF 2.1.0 (sections 3.13 to 3.49), GitLab's Code
Quality, JUnit's XML; with names of files that need every kind of escape, named from wherever one stands."""

import json
import pathlib
import re
import subprocess
import urllib.parse
from xml.etree import ElementTree

import pytest
from harness.files import write

NAMES = [
    "V1__a b.sql",
    "V2__100%.sql",
    "V3__q\"uo'te.sql",
    "V4__new\nline.sql",
    "V5__größe.sql",
    "V6__#frag?x=1&y.sql",
    "V7__<x>]]>.sql",
    "V8__\x01\x1bctl.sql",
    "V9__back\\slash.sql",
    "V10__co:lon.sql",
    "V11__bidi\u202e.sql",
]
BAD = "ALTER TABLE orders ADD COLUMN c{} int NOT NULL;\n"
WHOLE = "V12__nothing.sql"  # a finding about a whole file
GOOD = "V13__good.sql"


@pytest.fixture
def tree(tmp_workspace):
    """A work tree with these files in db/migrations."""
    texts = {name: BAD.format(number) for number, name in enumerate(NAMES)}
    write(tmp_workspace / "db/migrations", {**texts, WHOLE: "", GOOD: "CREATE TABLE good (id bigint PRIMARY KEY);\n"})
    subprocess.run(["git", "init", "-q", "-b", "main", "."], cwd=tmp_workspace, check=True)
    return tmp_workspace


# Where one stands in the work tree, and how the folder is named from there.
PLACES = {"root": (".", "db/migrations"), "dot": (".", "./db//migrations"), "inside": ("db", "migrations"), "beside": ("docs", "../db/migrations"), "absolute": ("docs", None)}


@pytest.fixture(params=PLACES)
def report(request, sluice, tree):
    """The report of the form, as text."""
    inner, path = PLACES[request.param]
    (tree / inner).mkdir(exist_ok=True)

    def run(form, *more):
        done = sluice.run("review", "--engine", "postgres", "--layout", "flyway", "--format", form, path or tree / "db/migrations", *more, cwd=tree / inner)
        assert done.status == 1 and done.err == "", done
        return done.out

    return run


def wanted() -> set:
    return {f"db/migrations/{name}" for name in [*NAMES, WHOLE]}


# --- SARIF -------------------------------------------------------------------------------------------

LEVELS = {"none", "note", "warning", "error"}
URI = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+")  # RFC 3986, a path


def check_region(region):
    assert set(region) <= {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(isinstance(number, int) and number >= 1 for number in region.values()), region
    begin = (region["startLine"], region.get("startColumn", 1))
    assert (region.get("endLine", begin[0]), region.get("endColumn", begin[1])) >= begin, region


def check_location(location) -> str:
    """The path."""
    place = location["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    assert URI.fullmatch(uri) and not uri.startswith(("/", ".")) and "//" not in uri
    assert ":" not in uri.split("/")[0], "else a scheme"
    check_region(place["region"])
    return urllib.parse.unquote(uri, errors="strict")


def check_message(message):
    assert isinstance(message["text"], str) and message["text"]


def check_result(result, rules) -> str:
    assert result["level"] in LEVELS and rules[result["ruleIndex"]]["id"] == result["ruleId"]
    check_message(result["message"])
    assert result["partialFingerprints"] and all(isinstance(value, str) and value for value in result["partialFingerprints"].values())
    (location,) = result["locations"]
    return check_location(location)


def check_sarif(log) -> list:
    """The paths of its results."""
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] and run["columnKind"] in ("unicodeCodePoints", "utf16CodeUnits")
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids)) and all(ids)
    for rule in driver["rules"]:
        for text in ("shortDescription", "fullDescription", "help"):
            check_message(rule[text])
        assert rule["defaultConfiguration"]["level"] in LEVELS
    return [check_result(result, driver["rules"]) for result in run["results"]]


def test_sarif_is_what_its_standard_says_and_names_files_from_the_root_of_the_work_tree(report):
    assert set(check_sarif(json.loads(report("sarif")))) == wanted()


def test_the_check_of_sarif_sees_what_is_wrong(sluice, tree):
    text = sluice.run("review", "--engine", "postgres", "--format", "sarif", "db/migrations").out
    spoils = {
        "/version": "2.1",
        "/runs/0/tool/driver/name": "",
        "/runs/0/results/0/level": "notice",
        "/runs/0/results/0/ruleIndex": 1,
        "/runs/0/results/0/message": {"text": ""},
        "/runs/0/results/0/partialFingerprints": {},
        "/runs/0/results/0/locations/0/physicalLocation/region/startLine": 0,
        "/runs/0/results/0/locations/0/physicalLocation/region/endLine": 0,
        "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri": "a b.sql",
        "/runs/0/tool/driver/rules/1/id": json.loads(text)["runs"][0]["tool"]["driver"]["rules"][0]["id"],
    }
    for path, value in spoils.items():
        log = json.loads(text)
        *way, last = [int(part) if part.isdigit() else part for part in path.split("/")[1:]]
        place = log
        for part in way:
            place = place[part]
        place[last] = value
        with pytest.raises(AssertionError):
            check_sarif(log)


# --- GitLab's Code Quality ---------------------------------------------------------------------------


def check_codequality(issues) -> list:
    for issue in issues:
        assert issue["description"] and issue["check_name"] and issue["fingerprint"]
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        path, begin = issue["location"]["path"], issue["location"]["lines"]["begin"]
        assert path and not path.startswith(("/", "./")) and "//" not in path
        assert isinstance(begin, int) and begin >= 1
    prints = [issue["fingerprint"] for issue in issues]
    assert len(prints) == len(set(prints)), "one would hide the other"
    return [issue["location"]["path"] for issue in issues]


def test_code_quality_is_what_gitlab_reads_and_names_files_from_the_root_of_the_work_tree(report):
    assert set(check_codequality(json.loads(report("codequality")))) == wanted()


def test_equal_findings_of_two_folders_are_two_issues_of_code_quality(sluice, tree):
    for folder in ("a", "b"):
        write(tree / folder, {"V1__x.sql": BAD.format(0)})
    issues = json.loads(sluice.run("review", "--engine", "postgres", "--format", "codequality", "a", "b").out)
    assert check_codequality(issues) == ["a/V1__x.sql", "b/V1__x.sql"]
    alone = json.loads(sluice.run("review", "--engine", "postgres", "--format", "codequality", "a").out)
    assert alone[0]["fingerprint"] == issues[0]["fingerprint"], "it stays what it was"


# --- JUnit -------------------------------------------------------------------------------------------


def check_suite(suite) -> str:
    cases = suite.findall("testcase")
    failed = [case for case in cases if case.find("failure") is not None]
    assert suite.get("name") and int(suite.get("tests")) == len(cases) >= 1 and int(suite.get("failures")) == len(failed)
    for case in cases:
        assert case.get("name") and case.get("classname") and case.get("file")
    for case in failed:
        assert case.find("failure").get("message") and case.find("failure").get("type") and case.find("failure").text
    names = [case.get("name") for case in cases]
    assert len(names) == len(set(names)), "GitLab takes cases of one name for one"
    return suite.get("name")


def check_junit(text) -> dict:
    """Which suite failed, by name; the parser refuses what no XML may hold."""
    root = ElementTree.fromstring(text)
    suites = root.findall("testsuite")
    assert root.tag == "testsuites" and len(list(root)) == len(suites)
    for count in ("tests", "failures"):
        assert int(root.get(count)) == sum(int(suite.get(count)) for suite in suites)
    return {check_suite(suite): int(suite.get("failures")) > 0 for suite in suites}


def test_junit_is_what_gitlab_and_jenkins_read_and_names_files_from_the_root_of_the_work_tree(report):
    suites = check_junit(report("junit"))
    assert suites.pop(f"db/migrations/{GOOD}") is False
    suites.pop(f"db/migrations/{WHOLE}")
    assert len(suites) == len(NAMES) and all(suites.values())
    assert all(name.startswith("db/migrations/V") for name in suites)
    assert {f"db/migrations/{name}" for name in (NAMES[0], NAMES[1], NAMES[2], NAMES[4], NAMES[5], NAMES[6], NAMES[8], NAMES[9])} <= set(suites)


# --- GitHub's commands -------------------------------------------------------------------------------


def test_github_is_told_files_from_the_root_of_the_work_tree(report):
    lines = [line for line in report("github").splitlines() if line.startswith("::")]
    assert len(lines) == len(NAMES) + 1
    assert all(re.match(r"::(error|warning|notice) file=db/migrations/V[^,]*,line=[1-9]", line) for line in lines), lines


# --- and where it is no work tree --------------------------------------------------------------------


def test_without_a_work_tree_files_are_named_from_the_working_folder(sluice, tmp_workspace):
    write(tmp_workspace / "m", {"V1__x.sql": BAD.format(0)})
    for path in ("m", "./m", tmp_workspace / "m", "m/V1__x.sql"):
        done = sluice.run("review", "--engine", "postgres", "--format", "codequality", path)
        assert check_codequality(json.loads(done.out)) == ["m/V1__x.sql"], path


def test_a_file_outside_keeps_the_name_it_was_given(sluice, tree, tmp_path):
    other = write(tmp_path / "other", {"V1__x.sql": BAD.format(0)})
    done = sluice.run("review", "--engine", "postgres", "--format", "codequality", other)
    assert [issue["location"]["path"] for issue in json.loads(done.out)] == [str(pathlib.Path(other) / "V1__x.sql")]


def test_people_read_the_names_that_they_gave(sluice, tree):
    done = sluice.run("review", "--engine", "postgres", "./migrations", cwd=tree / "db")
    assert "./migrations/V1__a b.sql:1:" in done.out
