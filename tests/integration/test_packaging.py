"""What is shipped beside the program: the Debian package, manual pages, completion, the container image's recipe, CI."""

import configparser
import fcntl
import gzip
import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

from harness.program import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTF8 = {"LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": None}
RISKY = "CREATE INDEX orders_note ON orders (note);\n"
GOOD = "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"


def run(*words, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=120, **options)


def must(*words, **options) -> str:
    done = run(*words, **options)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


# --- the Debian package ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def deb(tmp_path_factory):
    """The package of the build under test, made once for all workers."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "package"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("*.deb")):
            must("cpack", "--config", pathlib.Path(os.environ["SLUICE_BUILD"]) / "CPackConfig.cmake", "-B", folder)
    (made,) = folder.glob("*.deb")
    return made


@pytest.fixture
def unpacked(deb, tmp_path):
    must("dpkg-deb", "-R", deb, tmp_path / "deb")
    return tmp_path / "deb"


def field(deb, name) -> str:
    return must("dpkg-deb", "-f", deb, name).strip()


def unit() -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read(ROOT / "deploy/systemd/sluice.service")
    return read


def test_the_package_has_what_an_administrator_looks_for_owned_by_root(deb):
    listed = [line.split(maxsplit=5) for line in must("dpkg-deb", "-c", deb).splitlines()]
    assert {owner for _, owner, *_ in listed} == {"root/root"}
    files = {path.lstrip("."): mode for mode, _, _, _, _, path in listed if not path.endswith("/")}
    for path in (
        "/lib/systemd/system/sluice.service",
        "/lib/systemd/system-preset/80-sluice.preset",
        "/usr/lib/sysusers.d/sluice.conf",
        "/usr/lib/tmpfiles.d/sluice.conf",
        "/etc/sluice/sluice.yaml",
        "/usr/share/doc/sluice/copyright",
        "/usr/share/doc/sluice/changelog.gz",
        "/usr/share/doc/sluice/examples/local.conf",
        "/usr/share/bash-completion/completions/sluice",
        "/usr/share/zsh/vendor-completions/_sluice",
        "/usr/share/fish/vendor_completions.d/sluice.fish",
        "/usr/share/man/man1/sluice.1.gz",
        "/usr/share/man/man5/sluice.yaml.5.gz",
    ):
        assert files[path] == "-rw-r--r--", path
    assert files["/usr/bin/sluice"] == "-rwxr-xr-x"
    assert not [path for path in files if path.startswith("/var")], "the data is no package's to remove"


def test_the_package_says_which_version_it_is_and_needs_the_libraries_it_links(deb, sluice):
    version = sluice.run("version", "--output", "json").json()["version"]
    assert deb.name == f"sluice_{version}_{must('dpkg', '--print-architecture').strip()}.deb"
    assert field(deb, "Version") == version
    assert must("dpkg-parsechangelog", "-l", ROOT / "deploy/debian/changelog", "-S", "Version").strip() == version
    depends = field(deb, "Depends")
    for library in ("libc6 (>=", "libcurl4", "libgit2-", "libpq5", "libmariadb3", "libssh2-1", "libsqlite3-0", "libmicrohttpd"):
        assert library in depends
    assert "-dev" not in depends


def test_the_program_in_the_package_runs(unpacked):
    assert must(unpacked / "usr/bin/sluice", "version").startswith("sluice ")


def test_the_configuration_is_kept_across_upgrades_and_its_users_own(unpacked):
    assert (unpacked / "DEBIAN/conffiles").read_text() == "/etc/sluice/sluice.yaml\n"
    for script in ("postinst", "prerm", "postrm"):
        must("sh", "-n", unpacked / "DEBIAN" / script)


def test_the_example_reads_but_is_not_served_before_somebody_made_it_theirs(sluice, tmp_path):
    path = tmp_path / "sluice.yaml"
    text = (ROOT / "deploy/debian/sluice.yaml").read_text()
    path.write_text(text.replace("/etc/sluice/", f"{tmp_path}/"))
    assert sluice.ok("config", "check", path) == f"{path}: good\n"
    done = sluice.run("serve", "-c", path)
    assert done.status == 2, done
    assert "token of user ana" in done.err and done.err.count("\n") == 1
    path.write_text(re.sub(r"^( *)# (- \{|url:)", r"\1\2", path.read_text(), flags=re.M))
    shown = json.loads(sluice.ok("config", "show", path, "--output", "json"))
    assert [target["name"] for target in shown["targets"]] == ["shop-dev", "shop-prod"]
    assert shown["server"]["url"] == "https://sluice.example.com"


def test_the_unit_agrees_with_the_defaults_of_the_options(sluice):
    service = unit()["Service"]
    schema = json.loads(sluice.ok("config", "schema"))["properties"]["server"]["properties"]
    assert schema["data"]["default"] == f"/var/lib/{service['StateDirectory']}"
    assert schema["socket"]["default"] == f"/run/{service['RuntimeDirectory']}/sluice.sock"
    assert int(service["TimeoutStopSec"]) > int(schema["grace"]["default"].rstrip("s"))
    assert service["Type"] == "notify"
    account = (ROOT / "deploy/systemd/sluice.sysusers").read_text()
    assert re.search(rf"^u {service['User']} ", account, re.M)
    example = yaml.safe_load((ROOT / "deploy/debian/sluice.yaml").read_text())
    assert example["server"]["socket_group"] == service["Group"]


def test_members_of_the_sockets_group_do_not_see_the_data():
    service = unit()["Service"]
    assert service["StateDirectoryMode"] == "0700"
    assert " /var/lib/sluice 0700 " in (ROOT / "deploy/systemd/sluice.tmpfiles").read_text()
    assert service["RuntimeDirectoryMode"] == "0750"


# --- manual pages ---------------------------------------------------------------------------------


@pytest.fixture
def pages(sluice, tmp_path):
    sluice.ok("manual", "--to", tmp_path / "man")
    return {path.name: path for path in sorted((tmp_path / "man").glob("man?/*"))}


def commands(sluice) -> list:
    return re.findall(r"^  (\w+(?: \w+)?)  +\S", sluice.ok("-h"), re.M)


def shown(path) -> str:
    text = must("man", "-l", path, env=environment(UTF8))
    return re.sub(r".\x08", "", text)


def test_each_command_has_a_page_with_all_its_options(sluice, pages):
    known = commands(sluice)
    assert len(known) > 30 and "change list" in known
    overview = shown(pages["sluice.1"])
    for command in known:
        page = shown(pages[f"sluice-{command.replace(' ', '-')}.1"])
        options = re.findall(r"^ +(?:-(\w), )?--([\w-]+)", sluice.ok(*command.split(), "-h"), re.M)
        assert len(options) >= 6, command
        for letter, name in options:
            assert re.search(rf"^ +{f'-{letter}, ' if letter else ''}--{name}\b", page, re.M), (command, name)
        assert re.search(rf"^ +{command}\b", overview, re.M), command
    assert set(pages) == {"sluice.1", "sluice.yaml.5", *(f"sluice-{command.replace(' ', '-')}.1" for command in known)}


def test_each_option_of_the_configuration_is_in_its_page(sluice, pages):
    page = shown(pages["sluice.yaml.5"])
    options = re.findall(r"^\| `([^`]+)` \|", sluice.ok("config", "options", "--markdown"), re.M)
    assert len(options) > 40
    for option in options:
        assert re.search(rf"^ +{re.escape(option)} \(", page, re.M), option


def test_the_pages_are_clean(pages):
    spoilt = pages["sluice.1"].with_name("spoilt.1")
    spoilt.write_text(pages["sluice.1"].read_text() + ".NOPE\n")
    for words in (("groff", "-ww", "-K", "utf8", "-man", "-z"), ("man", "--warnings=w", "-l")):
        env = environment({**UTF8, "MANROFFSEQ": ""})
        done = run(*words, *pages.values(), env=env)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert "NOPE" in run(*words, spoilt, env=env).stderr, "a page that is not clean is seen"


def test_the_package_has_the_pages_that_the_program_prints(pages, unpacked):
    packed = {path.name: gzip.decompress(path.read_bytes()) for path in (unpacked / "usr/share/man").glob("man?/*.gz")}
    assert packed == {f"{name}.gz": path.read_bytes() for name, path in pages.items()}


def test_a_misspelt_page_gets_the_nearest(sluice):
    done = sluice.run("manual", "sluice-reviw")
    assert (done.status, done.err) == (2, "sluice: manual: there is no page sluice-reviw, did you mean sluice-review\n")


# --- completion -----------------------------------------------------------------------------------

BASH = """source {script}
COMP_WORDS=({words}) COMP_CWORD={at}
_sluice
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """compdef() {{ : }}; _describe() {{ print -l -- ${{(P)4}} }}; _files() {{ print FILES }}
source {script}
words=({words}) CURRENT={at}+1
_sluice
"""
FISH = "source {script}; complete -C 'sluice {line}'"


def complete(sluice, folder, shell, *words) -> list:
    """The words offered behind those, the last of which is begun."""
    script = folder / shell
    script.write_text(sluice.ok("completion", shell))
    quoted = " ".join(f"'{word}'" for word in ("sluice", *words))
    text = {"bash": BASH, "zsh": ZSH, "fish": FISH}[shell].format(script=script, words=quoted, at=len(words), line=" ".join(words))
    flags = ["-f"] if shell == "zsh" else ["--no-config"] if shell == "fish" else ["--norc"]
    found = must(shell, *flags, "-c", text, cwd=folder, env=environment({"HOME": folder, **UTF8})).splitlines()
    offered = [re.split(r"[:\t]", line)[0] for line in found if line]
    return sorted(word for word in offered if word.startswith(words[-1])) if offered != ["FILES"] else []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_options_and_values(sluice, tmp_path, shell):
    def offered(*words):
        return complete(sluice, tmp_path, shell, *words)

    assert offered("rev") == ["review", "revoke"]
    assert offered("target", "") == sorted(command.split()[1] for command in commands(sluice) if command.startswith("target "))
    assert {"--diff", "--limit", "--output", "--quiet"} <= set(offered("history", "--"))
    assert "--limit" not in offered("review", "--")
    assert offered("history", "--output", "") == ["json", "table"]
    assert offered("completion", "") == ["bash", "fish", "zsh"]


def test_an_unknown_shell_is_refused_with_the_known_ones(sluice):
    done = sluice.run("completion", "ksh")
    assert (done.status, done.err) == (2, "sluice: completion: 'ksh' is none of bash, zsh and fish\n")


# --- the container image --------------------------------------------------------------------------


def test_the_image_runs_what_is_there_and_not_as_root(sluice):
    lines = re.findall(r"^([A-Z]+) (.*)$", (ROOT / "deploy/container/Containerfile").read_text(), re.M)
    for words in (rest.split() for name, rest in lines if name == "COPY" and not rest.startswith("--from")):
        assert (ROOT / words[0]).exists(), words
    last = dict(lines)
    assert last["USER"] == "sluice"
    known = commands(sluice)
    (entrypoint,) = json.loads(last["ENTRYPOINT"])
    assert entrypoint == "sluice" and json.loads(last["CMD"])[0] in known
    program, command, *options = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])
    assert program == "sluice" and command in known
    assert all(option in sluice.ok(command, "-h") for option in options)


# --- review in other people's pipelines ------------------------------------------------------------


@pytest.fixture
def checkout(tmp_workspace):
    """A clone with a branch `change`, on which migrate(SQL) adds a migration."""

    def git(*words):
        return must("git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *words)

    def migrate(sql):
        git("switch", "-q", "-C", "change", "origin/main")
        pathlib.Path("db/migrations/V2__index.sql").write_text(sql)
        git("add", "-A")
        git("commit", "-qm", "an index")

    git("init", "-q", "-b", "main", "origin")
    os.makedirs("origin/db/migrations")
    pathlib.Path("origin/db/migrations/V1__orders.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n")
    git("-C", "origin", "add", "-A")
    git("-C", "origin", "commit", "-qm", "orders")
    git("clone", "-q", "origin", "clone")
    os.chdir("clone")
    return migrate


def with_sluice(sluice, **more) -> dict:
    """The environment of a pipeline, in which `sluice` is the program under test."""
    folder = pathlib.Path.cwd().parent / "bin"
    folder.mkdir(exist_ok=True)
    if not (folder / "sluice").exists():
        (folder / "sluice").symlink_to(sluice.path)
    return environment({**more, "PATH": f"{folder}:{os.environ['PATH']}"})


def action_step(sluice, **inputs) -> tuple:
    """The action's review step as GitHub runs it: its result and the job's summary."""
    action = yaml.safe_load((ROOT / "deploy/ci/action.yml").read_text())
    values = {**{name: each["default"] for name, each in action["inputs"].items()}, **inputs}
    (step,) = [step for step in action["runs"]["steps"] if step["name"] == "Review"]
    assert step["env"].pop("BASE") == "${{ inputs.base || github.base_ref }}"
    env = {"BASE": values["base"] or "main", "GITHUB_STEP_SUMMARY": "../summary.md"}
    for name, expression in step["env"].items():
        (key,) = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression).groups()
        env[name] = values[key]
    pathlib.Path("../summary.md").write_text("")
    done = run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], env=with_sluice(sluice, **env))
    return done, pathlib.Path("../summary.md").read_text()


def test_the_github_action_fails_on_a_risky_migration_and_passes_the_mended_one(sluice, checkout):
    checkout(RISKY)
    done, summary = action_step(sluice, engine="postgres")
    assert done.returncode == 1, done
    assert done.stdout.startswith("::error file=db/migrations/V2__index.sql,line=1,endLine=1,col=1,title=index-create-concurrently::")
    assert "1 error in 1 migration" in summary and "index-create-concurrently" in summary
    checkout(GOOD)
    done, summary = action_step(sluice, engine="postgres", sarif="sluice.sarif")
    assert done.returncode == 0, done
    assert json.loads(pathlib.Path("sluice.sarif").read_text())["version"] == "2.1.0"
    assert "✅" in summary or "nothing to object" in summary


def test_the_github_action_says_what_is_missing_with_a_status_of_its_own(sluice, checkout):
    checkout(RISKY)
    done, summary = action_step(sluice)
    assert (done.returncode, summary) == (2, "")
    assert "say --engine" in done.stderr
    done, _ = action_step(sluice, engine="postgres", base="nowhere")
    assert done.returncode == 2 and "origin/nowhere" in done.stderr


def test_the_github_action_reviews_the_paths_it_is_given(sluice, checkout):
    checkout(RISKY)
    done, _ = action_step(sluice, engine="postgres", paths="db/migrations/V1__orders.sql")
    assert done.returncode == 0, done


def gitlab_job(sluice, **variables) -> subprocess.CompletedProcess:
    job = yaml.safe_load((ROOT / "deploy/ci/gitlab.yml").read_text())["sluice-review"]
    base = must("git", "rev-parse", "origin/main").strip()
    env = {**job["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": base, **variables}
    assert job["artifacts"]["paths"] == ["sluice-review.md"] and job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"] == {"codequality": "sluice-review.json"}
    return run("sh", "-e", "-c", "\n".join(job["script"]), env=with_sluice(sluice, **env))


def test_the_gitlab_job_fails_on_a_risky_migration_and_passes_the_mended_one(sluice, checkout):
    report, quality = pathlib.Path("sluice-review.md"), pathlib.Path("sluice-review.json")
    checkout(RISKY)
    assert gitlab_job(sluice, SLUICE_ENGINE="postgres").returncode == 1
    assert "index-create-concurrently" in report.read_text()
    (finding,) = json.loads(quality.read_text())
    assert finding["location"] == {"path": "db/migrations/V2__index.sql", "lines": {"begin": 1, "end": 1}}
    report.unlink()
    checkout(GOOD)
    done = gitlab_job(sluice, SLUICE_ENGINE="postgres")
    assert done.returncode == 0, done
    assert "index-create-concurrently" not in report.read_text() and json.loads(quality.read_text()) == []
    report.unlink()
    assert gitlab_job(sluice).returncode == 2
    assert not report.exists()


def test_the_pre_commit_hook_stops_a_risky_staged_migration(sluice, checkout):
    """As pre-commit runs it: entry, arguments, then the staged files, in the top of the work tree."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["language"] == "system" and hook["types"] == ["sql"]
    for sql, status in ((RISKY, 1), (GOOD, 0)):
        checkout(GOOD)
        pathlib.Path("db/migrations/V3__more.sql").write_text(sql.replace("orders_note", "orders_more"))
        must("git", "add", "-A")
        staged = must("git", "diff", "--cached", "--name-only").split()
        assert staged == ["db/migrations/V3__more.sql"]
        done = run(*hook["entry"].split(), "--engine", "postgres", *staged, env=with_sluice(sluice))
        assert done.returncode == status, done
        must("git", "rm", "-qf", *staged)
