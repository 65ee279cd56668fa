"""A server that speaks just enough of PostgreSQL's protocol to be what no server at hand is: old, far away, slow to
answer, wrong about the time."""

import contextlib
import socket
import struct
import threading

SSL, GSS = 80877103, 80877104


class FakePostgres:
    """answers: (part of a query, its row of texts or None); what is not among them gets the row of a
    server that is nobody's standby."""

    def __init__(self, version="15.4", answers=(), silent=False):
        self.version, self.answers, self.silent = version, answers, silent
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"postgres://deploy@127.0.0.1:{self.port}/shop"
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()
        for connection in self.held:
            connection.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.held.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError, struct.error), connection.makefile("rb") as stream:
            if self.silent:
                return stream.read()
            self.greet(connection, stream)
            while True:
                kind = stream.read(1)
                text = stream.read(struct.unpack("!i", stream.read(4))[0] - 4)
                if kind == b"Q":
                    self.answer(connection, text.rstrip(b"\0").decode())
                elif kind in (b"X", b""):
                    return None

    def greet(self, connection, stream):
        while True:
            length, code = struct.unpack("!ii", stream.read(8))
            if code not in (SSL, GSS):
                stream.read(length - 8)
                break
            connection.sendall(b"N")
        settings = {"server_version": self.version, "client_encoding": "UTF8", "standard_conforming_strings": "on"}
        said = message(b"R", struct.pack("!i", 0))
        for name, value in settings.items():
            said += message(b"S", f"{name}\0{value}\0".encode())
        connection.sendall(said + message(b"K", struct.pack("!ii", 1, 1)) + message(b"Z", b"I"))

    def answer(self, connection, sql):
        row = next((row for part, row in self.answers if part in sql), ("1", "f", "off"))
        columns = b"".join(b"c\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0) for _ in row)
        cells = b"".join(struct.pack("!i", -1) if cell is None else struct.pack("!i", len(cell)) + cell.encode() for cell in row)
        said = message(b"T", struct.pack("!h", len(row)) + columns) + message(b"D", struct.pack("!h", len(row)) + cells)
        connection.sendall(said + message(b"C", b"SELECT 1\0") + message(b"Z", b"I"))


def message(kind, body) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
