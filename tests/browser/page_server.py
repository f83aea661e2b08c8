"""The page's other side in one thread: static files, and a virtual room paced by the clock.

Speaks ``docs/console-protocol.md``. It is a test's stand-in for ``controller/console``: its
security is tested there, here only what the page shows and sends.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from controller.clock import RealClock
from tests.browser.virtual_room import VirtualRoom

STATIC: Final = Path(__file__).parents[2] / "controller" / "console" / "static"
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " font-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_TURN_S: Final = 0.008
T = TypeVar("T")


class PageServer:
    """Serves one virtual room; ``do`` runs something between two turns of it."""

    def __init__(self, room: VirtualRoom, **console: Any) -> None:
        """``console``: what its hello says beside the room's facts."""
        self.room = room
        self.console = console
        self.pace = 1.0
        self.frozen = False
        self.silent = False
        self.proof = False
        """The page proves its view to the room; then the room cannot be driven faster than it."""
        self.beat_count = 0
        self.said: list[dict[str, Any]] = []
        self.address = ""
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=self._run, name="page-server")

    def __enter__(self) -> "PageServer":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server
        self._server.should_exit = True
        self._thread.join(10)

    def do(self, act: Callable[[], T]) -> T:
        """Run in the room's thread; gives what it returns."""
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(act())
            except BaseException as problem:
                answer.set_exception(problem)

        assert self._loop
        self._loop.call_soon_threadsafe(run)
        return answer.result(120)

    # --- inside the thread --------------------------------------------------------------------

    def _run(self) -> None:
        app = Starlette(
            routes=[WebSocketRoute("/ws", self._socket), Route("/{name:path}", self._file)],
            lifespan=self._life,
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="warning", ws="websockets-sansio", access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        assert self._server
        self._loop = asyncio.get_running_loop()
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/"
        self._ready.set()
        await serving

    @contextlib.asynccontextmanager
    async def _life(self, _app: Starlette) -> AsyncIterator[None]:
        turning = asyncio.create_task(self._turn())
        yield
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)

    async def _turn(self) -> None:
        """Virtual time keeps up with the clock, times ``pace``; it never runs after it."""
        clock = RealClock()
        last_ns = clock.now_ns()
        while True:
            await asyncio.sleep(_TURN_S)
            now_ns = clock.now_ns()
            span_ns = min(now_ns - last_ns, 100_000_000)
            last_ns = now_ns
            if not self.frozen:
                self.room.advance(int(span_ns * self.pace))

    async def _file(self, request: Any) -> Response:
        path = (STATIC / (request.path_params["name"] or "index.html")).resolve()
        if not path.is_file() or STATIC not in path.parents:
            return Response("nothing here", 404)
        return FileResponse(path, headers={"content-security-policy": CSP, "cache-control": "no-store"})

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept("galacto.1")
        self.room.connect()
        hello = {"k": "hello", "protocol": "galacto.1", "program": "galactograph test", "pages": "1"}
        facts = self.room.facts()
        await socket.send_json(
            hello
            | {"room": facts["room"], "mode": facts["mode"], "panel": True, "px_per_mm": 4.9}
            | {"facts": facts, "console_hold": False, "login": "name"}
            | self.console
        )
        down = asyncio.create_task(self._down(socket))
        try:
            await self._up(socket)
        except WebSocketDisconnect:
            pass
        finally:
            down.cancel()
            await asyncio.gather(down, return_exceptions=True)
            self.room.disconnect()

    async def _down(self, socket: WebSocket) -> None:
        while True:
            while self.room.heard:
                message = self.room.heard.popleft()
                if not self.silent:
                    await socket.send_json(message)
            await asyncio.sleep(0.005)

    async def _up(self, socket: WebSocket) -> None:
        by = role = ""
        while True:
            message = await socket.receive_json()
            self.said.append(message)
            kind = message["k"]
            if kind == "person":
                by, role = message["by"], message["role"]
            elif kind == "ask":
                number = message["number"]
                self.room.say({**message["body"], "by": by, "role": role, "number": number})
            elif kind == "control" and self.proof:
                self.room.say({"request": "console", "on": message["on"], "by": by, "role": role})
            elif kind == "control":
                await socket.send_json({"k": "reply", "number": 0, "request": "console", "taken": True})
            elif kind == "view" and self.proof:
                self.beat_count += 1
                beat = {"beat": self.beat_count, "t_ms": message["ack"]}
                self.room.say({"request": "view", "by": by, "role": role, **beat})
            elif kind == "stop":
                who = {"by": by or "console", "role": role or "technologist"}
                self.room.say({"request": "do", "event": "stop", **who})
            elif kind == "sim" and message.get("set"):
                self.room.say(message)
            elif kind == "history.list":
                await socket.send_json({"k": "history", "cases": CASES, "words": ""})


CASES: Final = [
    {
        "case": 1, "patient_name": "DOE^JANE", "patient_id": "55-0192", "birth_date": "1961-04-12",
        "accession": "A-77", "side": "L", "performer": "R. Radiologist", "assistant": "M. Reyes",
        "mode": "simulated", "begin_utc_ms": 1_767_225_600_000, "end_utc_ms": 1_767_227_600_000,
        "closed": True, "low_nl": 190_000, "high_nl": 210_000,
    }
]
