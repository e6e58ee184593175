"""mumax3's web interface over HTTP: one page, events by PUT, values by POST, pictures by GET.

The protocol is mumax3's, but that commands need the token of the page's address; requests are taken
from this machine alone. Handlers run in threads of
their own and hand everything that touches the simulation to its thread through an `Inbox`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from orchestrator.base.errors import InputError
from orchestrator.base.files import written_whole

DEFAULT_PORT = 35367
TOKEN = "gui.token"  # noqa: S105
"""File in the output folder, for its owner alone, with the token that commands need."""
_MOST_BYTES = 16 << 20
_MOST_CONNECTIONS = 1000
_SLOWEST = 30.0
"""Time in s after which a client that neither sends nor takes anything is cut off."""
_PORTS_TRIED = 1000
_LAST_REPLIES = 1.0
"""Time in s that replies under way have at the end of the process."""

Command = Callable[[], None]


@dataclass
class _Entry:
    command: Command
    accepted: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


class Inbox:
    """Commands for the simulation's thread, which takes them when it can."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Entry] = SimpleQueue()

    def send(self, command: Command, *, wait: bool = False) -> None:
        """Hand over a command; returns when it is accepted, or with `wait` when it is done."""
        entry = _Entry(command)
        self._queue.put(entry)
        (entry.done if wait else entry.accepted).wait()

    def run_next(self, timeout: float = 0.0) -> bool:
        """Run the next command in the calling thread; False if none came within timeout (s)."""
        try:
            entry = self._queue.get(timeout=timeout) if timeout else self._queue.get_nowait()
        except Empty:
            return False
        entry.accepted.set()
        try:
            entry.command()
        finally:
            entry.done.set()
        return True


class Panel(Protocol):
    """What the server shows and passes on."""

    def request(self) -> contextlib.AbstractContextManager[None]:
        """A request under way, until the reply has left."""

    def event(self, element: str, argument: Any) -> None:
        """Act on an event of the page; KeyError for an unknown element."""

    def changes(self, page: str) -> list[dict[str, Any]]:
        """What a page has to change since its last call."""

    def page(self) -> str:
        """The page, HTML."""

    def picture(self, quantity: str) -> bytes:
        """A JPEG of a quantity; KeyError if there is none of that name."""

    def plot(self) -> bytes:
        """An SVG of the table."""


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of mumax3's flag -http; without a host, this machine.

    Raises
    ------
    InputError
        If it is no address, or not one of this machine's loopback interface.
    """
    host, colon, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not colon or not port.isdigit() or int(port) > 65535:
        raise InputError(f"flag -http: {text!r} is not an address like 127.0.0.1:{DEFAULT_PORT}")
    if not _is_loopback(host):
        raise InputError(
            f"flag -http: {host} is open to other machines, and whoever reaches the web interface "
            f"commands this account; use 127.0.0.1:{port} (from elsewhere: ssh -L)"
        )
    return host, int(port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class WebServer:
    """The server, listening from the moment it is made.

    Parameters
    ----------
    host, port
        Where to listen; if the port is taken the next free one above.
    panel : Panel
        What to serve.

    Raises
    ------
    InputError
        If no port is free.
    """

    def __init__(self, host: str, port: int, panel: Panel) -> None:
        self.token = secrets.token_urlsafe(16)
        handler = type("Handler", (_Handler,), {"panel": panel, "token": self.token})
        for candidate in range(port, min(port + _PORTS_TRIED, 65536)):
            try:
                self._server = _Server((host, candidate), handler)
                break
            except OSError as error:
                problem = error
        else:
            raise InputError(f"flag -http: cannot listen on {host}:{port} ({problem.strerror})")
        name, actual = self._server.server_address[:2]
        self.address = f"[{name!s}]:{actual}" if ":" in str(name) else f"{name!s}:{actual}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def announce(self, folder: Path) -> None:
        """Write the address to the file `gui`, and before that the token beside it."""
        descriptor = os.open(folder / TOKEN, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            file.write(self.token)
        with written_whole(folder / "gui") as temporary:
            temporary.write_text(self.address)

    def close(self) -> None:
        """Stop listening, once the replies under way have left."""
        end = time.monotonic() + _LAST_REPLIES
        while self._server.replying and time.monotonic() < end:
            time.sleep(0.01)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        import socket

        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.replying = 0
        self._connections = 0
        self._count = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, unless there are too many."""
        with self._count:
            accepted = self._connections < _MOST_CONNECTIONS
            self._connections += accepted
        if accepted:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._count:
                self._connections -= 1

    @contextlib.contextmanager
    def reply_under_way(self) -> Any:
        with self._count:
            self.replying += 1
        try:
            yield
        finally:
            with self._count:
                self.replying -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no matter."""


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    panel: Panel
    token: str
    server: _Server
    timeout = _SLOWEST
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *arguments: Any) -> None:
        """Requests are not logged."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _not_allowed(self) -> None:
        self._answer(self._refuse)

    do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_CONNECT = do_TRACE = _not_allowed

    def _answer(self, act: Callable[[str], tuple[str, bytes]]) -> None:
        with self.server.reply_under_way(), self.panel.request():
            try:
                self._check_sender()
                status, (kind, body) = 200, act(unquote(urlsplit(self.path).path))
            except _Refused as refusal:
                status, kind, body = refusal.status, "text/plain; charset=utf-8", b""
                body = f"{refusal}\n".encode()
                self.close_connection = True
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "DENY")
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()

    def _check_sender(self) -> None:
        """Refuse what a web page of another origin sends, under whatever name for this machine."""
        host = self.headers.get("Host")
        if host is not None and not _is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise _Refused(403, f"not allowed: host {host}, this server is 127.0.0.1")
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            raise _Refused(403, f"not allowed: a page from {origin}")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            raise _Refused(411, "a request with a body needs its Content-Length")
        if int(length) > _MOST_BYTES:
            raise _Refused(413, f"more than {_MOST_BYTES} bytes")
        return self.rfile.read(int(length))

    def _get(self, path: str) -> tuple[str, bytes]:
        try:
            if path.startswith("/render/"):
                return "image/jpeg", self.panel.picture(path.removeprefix("/render/"))
            if path.startswith("/plot/"):
                return "image/svg+xml", self.panel.plot()
        except KeyError as error:
            raise _Refused(404, f"there is no quantity {error}") from None
        return "text/html; charset=utf-8", self.panel.page().encode()

    def _put(self, path: str) -> tuple[str, bytes]:
        given = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            raise _Refused(403, f"not allowed: commands need ?token=..., see the file {TOKEN}")
        try:
            event = {key.lower(): value for key, value in json.loads(self._body()).items()}
            element, argument = str(event["id"]), event.get("arg", "")
        except (ValueError, AttributeError, KeyError):
            raise _Refused(400, 'an event is {"ID": element, "Arg": value}') from None
        try:
            self.panel.event(element, argument)
        except KeyError:
            raise _Refused(400, f"there is no element {element!r}") from None
        except ValueError as error:
            raise _Refused(400, f"{element}: {error}") from None
        return "", b""

    def _post(self, path: str) -> tuple[str, bytes]:
        page = self._body()[:100].decode("utf-8", "replace")
        return "application/json", json.dumps(self.panel.changes(page)).encode()

    def _refuse(self, path: str) -> tuple[str, bytes]:
        raise _Refused(403, f"not allowed: {self.command} {path}")
