"""Where messages go."""

import http.server
import threading


class Receiver:
    """Keeps every delivery; answer(n) says how the n-th is answered: a status, or None to stall."""

    def __init__(self):
        self.got, self.answer, self.release = [], lambda n: 200, threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                status = receiver.answer(len(receiver.got))
                if status is None:
                    receiver.release.wait(60)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def ids(self) -> list:
        return [headers["X-Sluice-Delivery"] for headers, _ in list(self.got)]

    def events(self) -> list:
        return [headers["X-Sluice-Event"] for headers, _ in list(self.got)]
