"""The server: pages, one socket per page, reports of closed procedures. Starlette, no more.

Routes that change something: none. Everything a person does goes over the socket, whose
connection to the controller is the page's identity.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from controller.console import files as pages
from controller.console.guard import COOKIE, Guard, Sessions
from controller.console.history import History
from controller.console.link import Lost, Outbox, connect
from controller.console.messages import SUBPROTOCOL
from controller.console.page import NO_CONTROLLER, Page
from controller.console.panel import Panel
from controller.console.session import Session
from controller.console.worklist import ByHand, Source
from controller.version import VERSION

PAGES_MOST_COUNT: Final = 12
"""Sockets at once; the controller takes 16 clients, and its own commands need a place."""
TOO_MANY: Final = 4409


class Place(NamedTuple):
    """What this console serves."""

    room: str
    mode: str
    api: Path
    """The controller's socket."""
    journal: Path
    hosts: tuple[str, ...]
    """``host:port`` under which it may be spoken to."""
    now_ns: Callable[[], int]
    panel: tuple[str, int] | None = None
    """Control port of the simulated room; None = the room is not simulated here."""
    facts: Mapping[str, Any] = MappingProxyType({})
    """What of the room does not change (``facts.room_facts``)."""
    login_required: bool = False
    """Who is in front of a page logs in; else they say who they are."""
    worklist: Source = ByHand()
    """Who is scheduled."""
    px_per_mm: float = 4.9
    """Of the room's screen (12.1 inch at 1280 x 800)."""


class Console:
    """Routes and what they share."""

    def __init__(self, place: Place, files: dict[str, pages.File]) -> None:
        """Serve a room."""
        self._place = place
        self._files = files
        self._version = pages.version(files)
        self._sessions = Sessions()
        self._history = History(place.journal, place.now_ns)
        self.page_count = 0

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                WebSocketRoute("/ws", self._socket),
                Route("/history/{name}", self._read),
                Route("/{name:path}", self._file),
            ],
            middleware=[Middleware(Guard, hosts=self._place.hosts, sessions=self._sessions)],
        )

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"] or "index.html"
        file = self._files.get(name)
        if file is None:
            return PlainTextResponse("nothing here\n", 404)
        response = Response(file.data, media_type=None)
        response.headers["content-type"] = file.kind
        response.headers["etag"] = f'"{file.sha256}"'
        if name == "index.html" and not self._sessions.of(request.headers):
            response.set_cookie(
                COOKIE, self._sessions.new(), httponly=True, samesite="strict", path="/"
            )
        return response

    async def _read(self, request: Request) -> Response:
        browser = self._sessions.of(request.headers)
        read = await self._history.read(request.path_params["name"], browser)
        if read is None:
            return PlainTextResponse("nothing here (any more): open it from the history\n", 404)
        response = Response(read.body, headers=read.headers)
        response.headers["content-type"] = read.kind
        return response

    async def _socket(self, socket: WebSocket) -> None:
        if SUBPROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.close(1008, f"speak {SUBPROTOCOL}")
            return
        if self.page_count >= PAGES_MOST_COUNT:
            await socket.close(1013, f"{PAGES_MOST_COUNT} pages are open: close one")
            return
        self.page_count += 1
        try:
            await self._serve(socket)
        finally:
            self.page_count -= 1

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept(SUBPROTOCOL)
        try:
            link = await connect(self._place.api)
        except Lost as lost:
            await socket.send_json({"k": "contact", "on": False, "words": str(lost)})
            await socket.close(NO_CONTROLLER, str(lost)[:120])
            return
        outbox = Outbox()
        outbox.say(self._hello())
        browser = self._sessions.of(socket.headers)
        place, panel = self._place, Panel(self._place.panel)
        session = Session(
            link, outbox, panel, self._history, browser, place.login_required, place.worklist
        )
        await Page(socket, link, session, outbox, place.now_ns).serve()

    def _hello(self) -> dict[str, Any]:
        place = self._place
        return {
            "k": "hello",
            "protocol": SUBPROTOCOL,
            "program": f"galactograph {VERSION}",
            "pages": self._version,
            "room": place.room,
            "mode": place.mode,
            "panel": place.panel is not None,
            "px_per_mm": place.px_per_mm,
            "facts": dict(place.facts),
            "login": "pin" if place.login_required else "name",
        }


def make_app(place: Place, files: dict[str, pages.File] | None = None) -> Starlette:
    """The console of a room; ``files`` instead of the shipped pages."""
    return Console(place, pages.load() if files is None else files).app()
