"""The closing line of tests/run counts what ran and hides nothing."""

import pathlib
import subprocess

import pytest

TALLY = pathlib.Path(__file__).resolve().parents[1] / "tally.py"


@pytest.fixture
def tally(tmp_path):
    def run(*cases):
        path = tmp_path / "results.xml"
        path.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
        result = subprocess.run([str(TALLY), str(path)], capture_output=True, text=True, check=False)
        run.lines = result.stdout.splitlines()
        return result.returncode, run.lines[-1]

    return run


def program(status, output=""):
    return f'<testcase name="core" classname="core" status="{status}"><system-out>{output}</system-out></testcase>'


def test_a_cmocka_program_counts_as_its_tests(tally):
    assert tally(program("run", "[  PASSED  ] 12 test(s).\n")) == (0, "12 passed, 0 failed, 0 skipped")


def test_several_groups_of_one_program_are_summed(tally):
    output = "[  PASSED  ] 12 test(s).\n[  PASSED  ] 3 test(s).\n"
    assert tally(program("run", output)) == (0, "15 passed, 0 failed, 0 skipped")


def test_a_failed_test_of_a_program_fails_the_run(tally):
    output = "[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] a_name\n"
    assert tally(program("fail", output)) == (1, "2 passed, 1 failed, 0 skipped")


def test_a_program_that_dies_after_its_tests_fails_the_run(tally):
    assert tally(program("fail", "[  PASSED  ] 2 test(s).\n")) == (1, "2 passed, 1 failed, 0 skipped")


def test_a_skipped_test_fails_the_run(tally):
    output = "[  PASSED  ] 2 test(s).\n[  SKIPPED ] 1 test(s), listed below:\n"
    assert tally(program("run", output)) == (1, "2 passed, 0 failed, 1 skipped")
    assert tally('<testcase name="a"><skipped/></testcase>', '<testcase name="b"/>') == (1, "1 passed, 0 failed, 1 skipped")


def test_a_program_that_was_not_built_fails_the_run(tally):
    assert tally('<testcase name="core" status="notrun"><skipped/></testcase>')[0] == 1


def test_a_run_without_a_test_fails(tally):
    assert tally() == (1, "0 passed, 0 failed, 0 skipped")


def test_what_tests_counted_is_told_though_they_passed(tally):
    output = "[ RUN      ] a\nseed 7: 3101 of 5000 statements compared\n[  PASSED  ] 1 test(s).\n"
    kill = '<testcase name="kill"><properties><property name="told" value="seed 1: 50 kills, 38 hits"/></properties></testcase>'
    assert tally(program("run", output), kill)[0] == 0
    assert tally.lines[:-1] == ["core: seed 7: 3101 of 5000 statements compared", "kill: seed 1: 50 kills, 38 hits"]
