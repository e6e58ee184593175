"""Who may ask what: this user's browser alone, and only the page itself may change anything.

The server listens on this machine only, but every user of this machine, and every page in the
user's browser, can reach it. Hence three checks. The name of the host in a request is this
machine's, which no page of another site can claim (DNS rebinding). Whoever asks has the key that
is printed in the address, as a cookie. What changes something comes from the page itself: the
origin is its own, and it carries a token that only the page's text holds.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")
"""Names under which the page may be asked for; any port, since `ssh -L` chooses its own."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Keys:
    """The secrets of a server, new ones each time it starts.

    Attributes
    ----------
    key : str
        In the address that is printed, and in the cookie.
    token : str
        In the page's text, and in the header of what changes something.
    cookie : str
        Name of the cookie; servers on other ports have others.
    """

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(24)
        self.token = secrets.token_urlsafe(24)
        self.cookie = f"orchestrator-{secrets.token_hex(4)}"


class Guard:
    """Lets requests through that pass the checks of this module.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    keys : Keys
        The server's secrets.
    """

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        if len(headers.getlist("host")) != 1 or _host(headers["host"]) not in HOSTS:
            return _no(400, "this host is not the page's")
        if request.method not in ("GET", "HEAD", "POST"):
            return _no(405, "only GET and POST")
        given = request.query_params.get("key")
        if given is not None and request.method == "GET":
            if not _same(given, self._keys.key):
                return _no(403, "the key is wrong; open the address that `orchestrator watch` says")
            answer = RedirectResponse("/" + request.url.path.lstrip("/"), 303)
            answer.set_cookie(self._keys.cookie, self._keys.key, httponly=True, samesite="lax")
            return answer
        if not _same(request.cookies.get(self._keys.cookie, ""), self._keys.key):
            return _no(403, "open the address that `orchestrator watch` says, with its key")
        if request.method == "POST" and not self._from_the_page(headers):
            return _no(403, "only the page itself may ask for this")
        return None

    def _from_the_page(self, headers: Headers) -> bool:
        token, origin = headers.get("x-token", ""), headers.get("origin", "")
        return _same(token, self._keys.token) and origin == f"http://{headers['host']}"


def _host(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _no(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status)
