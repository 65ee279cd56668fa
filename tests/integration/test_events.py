"""What `sluice migrate` says while it works: a stream of JSON for programs, a bar on a terminal for people."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios

import psycopg2
import pytest
from harness.files import write
from harness.wait import wait_until


def events_of(out):
    return [json.loads(line) for line in out.splitlines()]


def told(events, kind, *fields):
    return [tuple(event[field] for field in fields) for event in events if event["event"] == kind]


class TestStream:
    def test_every_line_is_an_object_and_the_last_is_the_result(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n", "V2__b.sql": "INSERT INTO t VALUES (1), (2);\nINSERT INTO t VALUES (3);\n"})
        events = events_of(sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--format", "json"))
        assert (events[0]["event"], events[0]["version"], events[0]["databases"]) == ("started", 1, 1)
        assert told(events, "phase", "phase") == [("connect",), ("reconcile",), ("lock",), ("reconcile",), ("check",), ("snapshot before",), ("execute",), ("verify",), ("snapshot after",)]
        assert told(events, "run", "migrations", "statements") == [(2, 3)]
        assert told(events, "migration", "path", "state") == [("V1__a.sql", "begun"), ("V1__a.sql", "applied"), ("V2__b.sql", "begun"), ("V2__b.sql", "applied")]
        assert told(events, "step", "path", "statement", "line", "state") == [
            (path, statement, statement, state) for path, statement in (("V1__a.sql", 1), ("V2__b.sql", 1), ("V2__b.sql", 2)) for state in ("begun", "done")
        ]
        assert [event["rows"] for event in events if event.get("state") == "done" and "rows" in event] == [2, 1]
        assert {event["target"] for event in events[1:-1]} == {"sqlite:dev.db"}
        (target,) = events[-1]["targets"]
        assert (events[-1]["event"], target["outcome"], target["total"]) == ("result", "applied", 3)

    def test_a_failure_is_a_step_and_the_result(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\nINSERT INTO nope VALUES ('secret');\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--format", "json")
        assert out.status == 8
        events = events_of(out.out)
        assert told([event for event in events if event.get("state") == "failed"], "step", "line", "error") == [(2, "no such table: nope")]
        assert told(events, "migration", "state") == [("begun",), ("undone",)]
        assert events[-1]["targets"][0]["error"]["line"] == 2
        assert out.err.count("\n") == 1
        assert "secret" not in out.out

    def test_several_databases_and_nothing_to_do(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        command = ("migrate", "--url", "sqlite:one.db", "--url", "sqlite:two.db", "--dir", folder, "--format", "json")
        first = events_of(sluice.ok(*command))
        assert sorted(told(first, "migration", "target", "state")) == [(f"sqlite:{name}.db", state) for name in ("one", "two") for state in ("applied", "begun")]
        again = events_of(sluice.ok(*command))
        assert told(again, "run", "run") == []
        assert [target["outcome"] for target in again[-1]["targets"]] == ["nothing", "nothing"]

    def test_a_wrong_folder_has_no_events(self, sluice, folder):
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--format", "json")
        assert (out.status, out.out) == (2, "")

    def test_a_wait_is_told_while_it_lasts(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__b.sql": "ALTER TABLE t ADD COLUMN b int;\n"})
        holder = psycopg2.connect(host=pg.host, port=pg.port, user=pg.user, dbname=pg.name, application_name="billing")
        holder.cursor().execute("SELECT * FROM public.t")
        process = subprocess.Popen([sluice.path, "migrate", "--url", pg.url, "--dir", folder, "--format", "json", "--lock-timeout", "0"], stdout=subprocess.PIPE, text=True)
        try:
            lines = []
            for line in process.stdout:
                lines.append(json.loads(line))
                if lines[-1].get("state") == "waits":
                    holder.rollback()
        finally:
            process.kill()
            holder.close()
        waits = [event for event in lines if event.get("state") == "waits"]
        assert "AccessExclusiveLock on t, held by process" in waits[0]["for"]
        assert "billing" in waits[0]["for"]
        assert waits[0]["line"] == 1
        assert lines[-1]["targets"][0]["outcome"] == "applied"


class Terminal:
    """The program with a terminal for stderr; stdout is a pipe."""

    def __init__(self, sluice, arguments, env=None, columns=100):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.seen = b""
        environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
        self.process = subprocess.Popen([sluice.path, *map(str, arguments)], stdout=subprocess.PIPE, stderr=slave, env={**environment, "TERM": "xterm", **(env or {})})
        os.close(slave)

    def read(self, timeout=0.02):
        while select.select([self.master], [], [], timeout)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                return True
            if not data:
                return True
            self.seen += data
        return False

    def end(self):
        wait_until(self.read, timeout=60, what="the end of the program")
        out, _ = self.process.communicate(timeout=60)
        os.close(self.master)
        return self.seen.decode(), out.decode(), self.process.returncode


class TestBar:
    @pytest.fixture
    def command(self, folder):
        write(folder, {f"V{n}__step.sql": f"CREATE TABLE t{n} (a);\nINSERT INTO t{n} VALUES (1);\n" for n in range(1, 6)})
        return ["migrate", "--url", "sqlite:dev.db", "--dir", folder]

    def test_it_fills_and_goes_away(self, sluice, command):
        seen, out, status = Terminal(sluice, command).end()
        assert status == 0
        assert "\r\033[K[" in seen
        assert "/10  " in seen
        assert "V5__step.sql:2" in seen or "10/10" in seen
        assert "\033[32m" in seen
        assert seen.endswith("\r\033[K")
        assert "applied 5 migrations" in out
        assert "\033" not in out

    def test_no_color_and_columns_are_honoured(self, sluice, command):
        seen, _, _ = Terminal(sluice, command, {"NO_COLOR": "1", "COLUMNS": "60"}).end()
        assert "\033[32m" not in seen
        lines = [line.removeprefix("\033[K") for line in seen.split("\r")]
        assert any("#" in line for line in lines)
        assert max(map(len, lines)) < 60

    def test_a_narrow_terminal_is_never_overrun(self, sluice, command):
        seen, _, _ = Terminal(sluice, command, {"NO_COLOR": "1"}, columns=20).end()
        assert max(len(line.removeprefix("\033[K")) for line in seen.split("\r")) < 20

    def test_quiet_and_dumb_terminals_see_nothing(self, sluice, command):
        assert Terminal(sluice, [*command, "--quiet"]).end()[0] == ""
        assert Terminal(sluice, command, {"TERM": "dumb"}).end()[0] == ""

    def test_a_pipe_sees_nothing(self, sluice, command):
        assert sluice.run(*command).err == ""

    def test_who_is_waited_for_stands_on_the_line(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__b.sql": "ALTER TABLE t ADD COLUMN b int;\n"})
        holder = psycopg2.connect(host=pg.host, port=pg.port, user=pg.user, dbname=pg.name)
        holder.cursor().execute("SELECT * FROM public.t")
        terminal = Terminal(sluice, ["migrate", "--url", pg.url, "--dir", folder, "--lock-timeout", "0"], columns=200)
        try:
            wait_until(lambda: terminal.read() or b"waits for AccessExclusiveLock" in terminal.seen, what="the wait on the line")
            holder.rollback()
            assert terminal.end()[2] == 0
        finally:
            terminal.process.kill()
            holder.close()

    def test_with_several_databases_it_counts_them(self, sluice, command):
        seen, _, status = Terminal(sluice, [*command, "--url", "sqlite:two.db", "--url", "sqlite:three.db"]).end()
        assert status == 0
        assert "3/3  " in seen
