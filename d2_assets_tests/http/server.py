"""A small real server on loopback that answers as it is told, to hold the session to real bytes."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from d2_assets_tests.http.certificates import Certificate


@dataclass(frozen=True)
class Reply:
    """One answer. ``framing``: whole, chunked, cut (length too long), cut_chunked, or hang."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    framing: str = "whole"


@dataclass(frozen=True)
class Asked:
    """One request as the server received it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Asked], Reply]


class ScriptedServer:
    """Gives its replies in order, the last one for ever, and keeps what it was asked.

    A reply may be made of what was asked.
    """

    def __init__(self) -> None:
        self.replies: list[Reply | Answering] = [Reply()]
        self.asked: list[Asked] = []
        self.url = ""
        self._over = threading.Event()
        self._lock = threading.Lock()

    def will_answer(self, *replies: Reply | Answering) -> None:
        self.replies = list(replies)

    def take(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, Reply) else reply(asked)

    def hang(self) -> None:
        self._over.wait(30)

    def end(self) -> None:
        self._over.set()


def _make_handler(script: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = script.take(Asked(self.command, self.path, dict(self.headers), body))
            if reply.framing == "hang":
                script.hang()
                self.close_connection = True
                return
            self._write(reply)

        do_POST = do_GET  # noqa: N815

        def _write(self, reply: Reply) -> None:
            cut = reply.framing.startswith("cut")
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.framing.endswith("chunked"):
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for start in range(0, len(reply.body), 7):
                    part = reply.body[start : start + 7]
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                if not cut:
                    self.wfile.write(b"0\r\n\r\n")
            else:
                self.send_header("Content-Length", str(len(reply.body) + (10 if cut else 0)))
                self.end_headers()
                self.wfile.write(reply.body)
            self.close_connection = cut

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or that refuses the certificate, is what tests are about."""


@contextmanager
def run_server(certificate: Certificate | None = None) -> Iterator[ScriptedServer]:
    """A server on a free loopback port for the length of the ``with``; TLS with a certificate."""
    script = ScriptedServer()
    server = _Server(("127.0.0.1", 0), _make_handler(script))
    script.url = f"http://127.0.0.1:{server.server_port}"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)
        # The handshake belongs to the thread of its request, so that none can stop the others.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        script.url = script.url.replace("http:", "https:")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.end()
        server.shutdown()
        server.server_close()
