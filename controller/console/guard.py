"""Who may talk to the server at all, before any route is looked at.

Pure ASGI, so that it covers HTTP and the socket alike. Host and Origin must be exactly
this server's own (DNS rebinding, cross-site sockets: console facts S66-S68), the socket
needs the cookie that a page of ours came with. The cookie ties a browser to this server; it
carries no authority: who is in front of a page is known to its socket alone, and ends with it.
"""

import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "galactograph"
SESSIONS_MOST_COUNT: Final = 64
"""Cookies that are remembered; the oldest is forgotten first."""

_CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Sessions:
    """Cookies that this server gave out itself; one that a browser brings along is no session."""

    def __init__(self) -> None:
        """None yet."""
        self._known: dict[str, None] = {}

    def new(self) -> str:
        """A session that nobody can guess."""
        name = secrets.token_urlsafe(32)
        self._known[name] = None
        while len(self._known) > SESSIONS_MOST_COUNT:
            del self._known[next(iter(self._known))]
        return name

    def of(self, headers: Headers) -> str:
        """The session that a browser belongs to; empty = none of ours."""
        try:
            given = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return ""
        return given.value if given is not None and given.value in self._known else ""


class Guard:
    """Lets pages of this server in, and nobody else.

    Args:
        app: What is guarded.
        hosts: ``host:port`` under which this server may be spoken to.
        sessions: Cookies it gave out.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], sessions: Sessions) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one socket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        words = self._refusal(scope)
        if not words:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # before the socket is accepted: the browser sees 403
            await send({"type": "websocket.close", "code": 1008, "reason": words})
        else:
            answer = PlainTextResponse(f"{words}\n", 400, HEADERS)
            await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return "this server is not known under that name"
        if origin is not None and origin not in self._origins:
            return "another page may not talk to this server"
        if scope["type"] == "websocket":
            if origin is None:
                return "only a page of this server may open the socket"
            if not self._sessions.of(headers):
                return "load the page first"
        elif scope["method"] not in ("GET", "HEAD"):
            return "nothing is changed here by HTTP"
        return ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
