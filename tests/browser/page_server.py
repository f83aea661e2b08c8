"""A virtual room with the real console in front of it, in one thread of the test.

The browser talks to the console's own server (``controller/console``), that to the API of the
production loop, that to simulated devices: only time is virtual, and paced by the clock.
"""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, TypeVar

import uvicorn

from controller.clock import RealClock
from controller.console.app import Place, make_app
from controller.console.worklist import ByHand, Source
from tests.browser.virtual_room import VirtualRoom

_TURN_S: Final = 0.008
_SLICE_NS: Final = 60_000_000
"""The server keeps four snapshots for a slow page."""
_SHOWN_S: Final = 0.06
_LATE_NS: Final = 100_000_000
_TAKEN: Final = {"k": "reply", "number": 0, "request": "console", "taken": True, "refusals": []}
T = TypeVar("T")


class PageServer:
    """Serves one virtual room; ``do`` runs something between two turns of it."""

    def __init__(
        self,
        room: VirtualRoom,
        folder: Path,
        journal: Path | None = None,
        worklist: Source | None = None,
    ) -> None:
        """``folder``: for the socket of the room's API; ``journal``: a record to be read;
        ``worklist``: who is scheduled.
        """
        self.room = room
        self.pace = 1.0
        self.frozen = False
        """The controller stands still."""
        self.proof = False
        """The page proves its view to the room; then the room is not driven faster than it."""
        self.said: list[dict[str, Any]] = []
        """What the page asked of the API."""
        self.address = ""
        self._path = folder / "api"
        self._worklist = worklist or ByHand()
        self._journal = journal or folder / "no-record"
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._next: asyncio.TimerHandle | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pages: list[Any] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="page")

    def __enter__(self) -> "PageServer":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server
        self._server.should_exit = True
        self._thread.join(20)

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
        return answer.result(200)

    def drive(self, done: Callable[[dict[str, Any]], bool], most: int = 2000) -> bool:
        """The technologist works on, and every page is shown it on the way: for pictures."""
        self.frozen = True
        for _ in range(most):
            if self.do(lambda: self.room.until(done, _SLICE_NS)):
                break
            threading.Event().wait(_SHOWN_S)
        else:
            return False
        self.frozen = False
        return True

    def cut(self) -> None:
        """The controller hangs up on every page."""
        self.do(self._hang_up)

    def prove(self, on: bool) -> None:
        """From now on the newest page proves its view to the room, which keeps to the clock for
        that; or it does not any more, and the room may run ahead.
        """
        said = {"request": "console", "on": on, "by": "M. Reyes", "role": "technologist"}
        self.proof = on
        self.do(lambda: self._pages[-1].write(json.dumps(said | {"number": 0}).encode() + b"\n"))

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    # --- inside the thread --------------------------------------------------------------------

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        api = await asyncio.start_unix_server(self._client, self._path)
        hands = await asyncio.start_server(self._hands, "127.0.0.1", 0)
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        facts = self.room.facts()
        place = Place(
            room=facts["room"],
            mode=facts["mode"],
            api=self._path,
            journal=self._journal,
            hosts=(f"127.0.0.1:{port}",),
            now_ns=RealClock().now_ns,
            panel=("127.0.0.1", hands.sockets[0].getsockname()[1]),
            facts=facts,
            login_required=self.room.loaded.profile.login_required,
            worklist=self._worklist,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_app(place),
                ws="websockets-sansio",
                lifespan="off",
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.address = f"http://127.0.0.1:{port}/"
        clock = RealClock()
        self._turn(clock, clock.now_ns())
        self._ready.set()  # a browser that is quicker than the server waits at its open socket
        await self._server.serve(sockets=[listening])
        assert self._next
        self._next.cancel()
        self._hang_up()
        api.close()
        hands.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        listening.close()

    def _turn(self, clock: RealClock, last_ns: int) -> None:
        """Virtual time keeps up with the clock, times ``pace``; it never runs after it."""
        now_ns = clock.now_ns()
        if not self.frozen:
            self.room.advance(int(min(now_ns - last_ns, _LATE_NS) * self.pace))
        assert self._loop
        self._next = self._loop.call_later(_TURN_S, self._turn, clock, now_ns)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client of the API: a page's connection."""
        port = self.room.world.client()
        self._writers.add(writer)
        self._pages.append(port)
        port.on_write = lambda: writer.write(port.read())
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                said = json.loads(line)
                self.said.append(said)
                if self.proof or said.get("request") not in ("console", "view"):
                    port.write(line)
                elif said["request"] == "console":
                    reply = {"k": "reply", "number": 0, "request": "console"}
                    writer.write(
                        json.dumps(reply | {"taken": True, "refusals": []}).encode() + b"\n"
                    )
        self._writers.discard(writer)
        port.close()
        self.room.world.wake()
        writer.close()

    async def _hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The simulated room's control port, as far as the side panel uses it."""
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                wish = json.loads(line)
                answer: dict[str, Any] = {}
                for name, value in wish.get("set", {}).items():
                    self.room.hand(name, value)
                    answer["set"] = True
                if wish.get("truth"):
                    answer["truth"] = self.room.world.devices.truth()
                writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()
