"""The configuration: its schema, the full example, and what is wrong with a file in one clear line."""

import copy
import json
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy/examples/sluice.yaml"

# What the example shows and this version does not have yet: refused, never ignored.
NOT_YET = {
    "hosts[].kind",
    "hosts[].token",
    "hosts[].webhook_secrets",
    "users[].logins",
    "roles.*[]",
    "environments[].soak",
    "environments[].waves",
    "environments[].failure_budget",
    "environments[].windows",
    "review.custom",
    "routes[].kind",
}


def example_of_today() -> dict:
    """The example without what is refused."""
    config = yaml.safe_load(EXAMPLE.read_text())
    host = config["hosts"][0]
    host["kind"] = "plain"
    del host["token"], host["webhook_secrets"]
    del config["users"][0]["logins"]
    config["roles"] = {"dba": ["dana"], "owner": ["dana"]}
    for environment in config["environments"]:
        for key in ("mode", "soak", "waves", "failure_budget", "windows"):
            environment.pop(key, None)
    del config["review"]["custom"]
    config["routes"][0]["kind"] = "webhook"
    return config


def leaves(value, path=()):
    """(path, value) of everything that is no map or list, and of empty ones."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inside:
        yield path, value
    for key, item in inside:
        yield from leaves(item, (*path, key))


def maps(value, path=()):
    """(path, key) of every key of every map."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(value, dict):
            yield path, key
        if isinstance(item, (dict, list)):
            yield from maps(item, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def write(folder, config) -> pathlib.Path:
    path = folder / "sluice.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False))
    return path


def test_the_schema_in_the_tree_is_what_the_rows_say(sluice):
    assert json.loads(sluice.ok("config", "schema")) == json.loads((ROOT / "schemas/config.schema.json").read_text())
    assert sluice.ok("config", "schema") == (ROOT / "schemas/config.schema.json").read_text(), "write it again: sluice config schema >schemas/config.schema.json"


def test_what_the_example_shows_too_early_is_refused_by_name_and_place(sluice):
    done = sluice.run("config", "check", EXAMPLE)
    assert done.status == 2
    *problems, last = done.err.splitlines()
    assert {re.search(r"'([^']+)'", line)[1] for line in problems} == NOT_YET
    lines = EXAMPLE.read_text().splitlines()
    for problem in problems:
        path, line, column, _ = problem.split(":", 3)
        assert pathlib.Path(path) == EXAMPLE
        assert lines[int(line) - 1][int(column) - 1 :].strip(), problem
        assert "not available in this version" in problem
    assert last == f"sluice: {EXAMPLE}: {len(problems)} problems"


def test_the_rest_of_the_example_takes_effect_to_the_last_key(sluice, tmp_path):
    config = example_of_today()
    path = write(tmp_path, config)
    assert sluice.ok("config", "check", path) == f"{path}: good\n"
    shown = json.loads(sluice.ok("config", "show", path, "--output", "json"))
    for where, value in leaves(config):
        assert str(at(shown, where)) == str(value), where


def test_each_misspelt_key_of_the_example_is_refused(sluice, tmp_path):
    """Keys that the user invents (names of roles, labels, rules' options) are free or checked as values."""
    config = example_of_today()
    free = {("targets", 0, "labels"), ("targets", 1, "labels")}
    for where, key in maps(config):
        if where in free:
            continue
        wrong = copy.deepcopy(config)
        parent = at(wrong, where)
        parent[f"{key}x"] = parent.pop(key)
        done = sluice.run("config", "check", write(tmp_path, wrong))
        assert done.status == 2, (where, key)
        if where and where[0] in ("roles", "approvals") and len(where) == 1:
            continue
        assert f"{key}x" in done.err, (where, key, done.err)


BAD = {
    "broken YAML": ("server: {listen: 127.0.0.1:0\nstore: x\n", r"sluice\.yaml:\d+:\d+: "),
    "an unknown key": ("servr: {}\n", r"sluice\.yaml:1:1: .*servr.*did you mean.*server"),
    "an unknown key further in": ("server:\n  lsten: 127.0.0.1:0\n", r"sluice\.yaml:2:3: .*lsten.*did you mean.*listen"),
    "a password in a URL": (
        "environments: [{name: dev}]\ntargets:\n  - {name: a, environment: dev, url: 'postgres://u:hunter2@h/d'}\n",
        r"sluice\.yaml:3:\d+: .*password.*",
    ),
    "a secret as it is": ("users:\n  - {name: ana, token: hunter2hunter2hunter2}\n", r"sluice\.yaml:2:\d+: .*(env:|file:)"),
    "a missing secret": ("users:\n  - {name: ana, token: 'file:/nonexistent/ana.token'}\n", r"token of user ana: .*/nonexistent/ana\.token"),
    "a missing variable": ("users:\n  - {name: ana, token: 'env:SLUICE_TEST_NOT_SET'}\n", r"token of user ana: .*SLUICE_TEST_NOT_SET"),
    "a duplicate key": ("server: {}\nserver: {}\n", r"sluice\.yaml:2:1: .*server.*"),
    "an anchor": ("server: &a {}\n", r"sluice\.yaml:1:\d+: "),
    "a file that is not UTF-8": (b"server: {url: 'https://\xff'}\n", r"UTF-8"),
    "a folder": (None, r"folder|directory"),
}


@pytest.mark.parametrize("what", BAD)
def test_serve_refuses_bad_input_in_one_line(sluice, tmp_path, what):
    text, pattern = BAD[what]
    path = tmp_path / "sluice.yaml"
    if text is None:
        path.mkdir()
    else:
        rest = f"server: {{data: {tmp_path}/data, socket: {tmp_path}/s, listen: '127.0.0.1:0'}}\nstore: sqlite:{tmp_path}/store.db\n"
        text = text if isinstance(text, bytes) else (text if "server" in text or "servr" in text else rest + text).encode()
        path.write_bytes(text)
        pattern = pattern.replace(r"yaml:2:", r"yaml:\d+:").replace(r"yaml:3:", r"yaml:\d+:")
    done = sluice.run("serve", "-c", path)
    assert done.status == 2, done
    assert re.search(pattern, done.err), done.err
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("sluice: ")
    assert "hunter2" not in done.err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("words", [("serve",), ("status",), ("config", "check"), ("config", "show")])
def test_a_configuration_that_is_not_there_is_a_wrong_command_line(sluice, tmp_workspace, words):
    done = sluice.run(*words, "-c", "/nonexistent/sluice.yaml")
    assert done.status == 2, done
    assert "/nonexistent/sluice.yaml" in done.err and done.err.count("\n") == 1


def test_without_a_configuration_serve_says_which_it_looked_for(sluice, tmp_workspace):
    done = sluice.run("serve")
    assert done.status == 2
    assert "sluice.yaml" in done.err and done.err.count("\n") == 1
