#!/usr/bin/python3
"""tally.py RESULT.xml..: sums the cases of ctest's and pytest's JUnit files, names what did not pass, and ends
with the line `N passed, M failed, K skipped`.  A cmocka program counts as many cases as it says it ran.  What tests
counted themselves is told before: a line of a program with the word seed, a pytest property `told`.  Status 0 only when all passed, and something did."""

import re
import sys
import xml.etree.ElementTree as tree

COUNTS = {
    "passed": re.compile(r"^\[  PASSED  \] (\d+) test", re.MULTILINE),
    "failed": re.compile(r"^\[  FAILED  \] (\d+) test", re.MULTILINE),
    "skipped": re.compile(r"^\[  SKIPPED \] (\d+) test", re.MULTILINE),
}

TOLD = re.compile(r"^(?:seed \d+: .*|\d+ seeds: .*|\w+: found by seed .*)$", re.MULTILINE)


def told(case) -> list:
    properties = [item.get("value") for item in case.iter("property") if item.get("name") == "told"]
    return TOLD.findall(case.findtext("system-out") or "") + properties


def outcome_of(case) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "failed" if case.get("status") == "fail" else "passed"


def count(case) -> dict:
    outcome = outcome_of(case)
    output = case.findtext("system-out") or ""
    counts = {name: sum(map(int, pattern.findall(output))) for name, pattern in COUNTS.items()}
    if not any(counts.values()):
        counts[outcome] = 1
    if outcome == "failed" and not counts["failed"]:
        counts["failed"] = 1  # it died, or a sanitizer stopped it after its last test
    return counts


def main(paths) -> int:
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        for case in tree.parse(path).iter("testcase"):
            counts = count(case)
            for line in told(case):
                print(f"{case.get('name')}: {line}")
            for name, number in counts.items():
                total[name] += number
            for outcome in ("failed", "skipped"):
                if counts[outcome]:
                    print(f"{outcome}: {case.get('classname')} {case.get('name')}")
    print(", ".join(f"{number} {name}" for name, number in total.items()))
    return 0 if total["passed"] and not total["failed"] and not total["skipped"] else 1


sys.exit(main(sys.argv[1:]))
