"""The line to PostgreSQL is cut at a message of the protocol, in either direction, while the end of one file travels with
what begins the next: the run goes on in a new session, and everything runs exactly once.

SLUICE_TEST_SEED repeats a choice of messages, SLUICE_TEST_LONG=1 takes every one of them."""

import contextlib
import random
import socket
import struct
import threading

import pytest
from harness.files import write
from harness.trial import LONG, seed_of

# Neither the ledger nor a snapshot says this to the server, or hears of it.
FIRST, LAST = b"CREATE SEQUENCE", b"DROP SEQUENCE"

FILES = {
    "V1__first.sql": "CREATE SEQUENCE first;\nCREATE TABLE log (file int, n int);\n",
    "V2__rows.sql": "INSERT INTO log VALUES (2, 1);\nINSERT INTO log VALUES (2, 2);\n",
    "V3__structure.sql": "CREATE TABLE t (a int);\nINSERT INTO log VALUES (3, 1);\n",
    "V4__copy.sql": "INSERT INTO log VALUES (4, 1);\nCOPY log FROM STDIN;\n4\t2\n\\.\nINSERT INTO log VALUES (4, 3);\n",
    "V5__one.sql": "INSERT INTO log VALUES (5, 1);\n",
    "V6__last.sql": "INSERT INTO log VALUES (6, 1);\nDROP SEQUENCE first;\n",
}
ROWS = [(2, 1), (2, 2), (3, 1), (4, 1), (4, 2), (4, 3), (5, 1), (6, 1)]


class Line:
    """To the server.  Keeps what both sides of the first session say, and may cut it behind so many bytes of one of them."""

    def __init__(self, pg, side="", at=0):
        self.upstream = (pg.host, pg.port)
        self.side, self.at, self.cut = side, at, False
        self.said = {"client": bytearray(), "server": bytearray()}
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgres://{pg.user}@127.0.0.1:{self.server.getsockname()[1]}/{pg.name}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        said = self.said
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                upstream = socket.create_connection(self.upstream)
                threading.Thread(target=self.forward, args=(client, upstream, said.get("client")), daemon=True).start()
                threading.Thread(target=self.forward, args=(upstream, client, said.get("server")), daemon=True).start()
                said = {}

    def forward(self, source, sink, said):
        cuts = said is not None and said is self.said.get(self.side)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                left = self.at - len(said) if cuts else len(data)
                if said is not None:
                    said += data
                sink.sendall(data[:left])
                if left < len(data):
                    self.cut = True
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def beginning(said, side):
    """Behind what has another form: the question for TLS and its refusal, and what a session is to be."""
    if side == "server":
        return 1
    (size,) = struct.unpack(">I", said[8:12])
    return 8 + size


def ends(said, at):
    """Where the messages behind this place end."""
    while at + 5 <= len(said):
        at += 1 + struct.unpack(">I", said[at + 1 : at + 5])[0]
        yield at


def places(said, side):
    """Behind each message from the first statement of the first file to the last file's COMMIT, or to its answer."""
    found = bytes(said)
    first, last = found.index(FIRST), found.index(b"COMMIT", found.index(LAST))
    return [at for at in ends(said, beginning(said, side)) if first <= at <= last + 64]


@pytest.mark.timeout(1800 if LONG else 120)
@pytest.mark.parametrize("side", ["client", "server"])
def test_a_line_that_is_cut_at_any_message_lets_everything_run_once(sluice, pg, tmp_workspace, side):
    folder = write(tmp_workspace / "migrations", FILES)
    dice = random.Random(seed_of(side))
    line = Line(pg)
    sluice.ok("migrate", "--url", line.url, "--dir", folder)
    line.server.close()
    all_places = places(line.said[side], side)
    assert len(all_places) > 40
    for at in all_places if LONG else sorted(dice.sample(all_places, 10)):
        pg.execute("DROP SCHEMA sluice CASCADE; DROP TABLE log, t")
        line = Line(pg, side, at)
        out = sluice.run("migrate", "--url", line.url, "--dir", folder)
        line.server.close()
        assert (out.status, line.cut) == (0, True), f"cut at {at}: {out.err}"
        assert pg.rows("SELECT file, n FROM log ORDER BY file, n") == ROWS, f"cut at {at}"
        assert pg.rows("SELECT version, state, done FROM sluice.migration ORDER BY seq") == [("1", "applied", 2), ("2", "applied", 2), ("3", "applied", 2), ("4", "applied", 3), ("5", "applied", 1), ("6", "applied", 2)]
        assert pg.value("SELECT count(*) FROM sluice.step WHERE state = 'done'") == 12
        assert pg.value("SELECT count(*) FROM sluice.run WHERE ended_at IS NULL") == 0
