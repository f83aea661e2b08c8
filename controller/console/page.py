"""One page: its socket on one side, its own connection to the controller on the other.

Nothing is kept for a page that went away and nothing is sent late: a message that cannot
be handed on at once ends the socket, and with it whatever the page held.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from controller.console import messages as ms
from controller.console.link import Link, Lost, Outbox
from controller.console.session import Session

NOT_OURS: Final = 4400
TOO_OFTEN: Final = 4429
TOO_SLOW: Final = 4408
NO_CONTROLLER: Final = 4503
_NS_PER_S: Final = 1_000_000_000
_SEND_MOST_S: Final = 5.0
"""A page that does not take one message in this time is let go."""


class Ended(Exception):
    """The socket is to be closed, with a code and words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Budget:
    """How often a page may speak: a second's worth at once, then at that rate."""

    def __init__(self, now_ns: int) -> None:
        """Full."""
        self._left_ns = _NS_PER_S
        self._at_ns = now_ns

    def spend(self, now_ns: int) -> bool:
        """Take one message; False when there are too many."""
        self._left_ns = min(_NS_PER_S, self._left_ns + now_ns - self._at_ns)
        self._at_ns = now_ns
        cost_ns = _NS_PER_S // ms.MESSAGES_MOST_PER_S
        if self._left_ns < cost_ns:
            return False
        self._left_ns -= cost_ns
        return True


class Page:
    """A socket that was accepted, and the connection that was opened for it."""

    def __init__(
        self,
        socket: WebSocket,
        link: Link,
        session: Session,
        outbox: Outbox,
        now_ns: Callable[[], int],
    ) -> None:
        """Join both; ``serve`` does the rest."""
        self._socket = socket
        self._link = link
        self._session = session
        self._outbox = outbox
        self._now_ns = now_ns
        self._code = 1000
        self._words = ""

    async def serve(self) -> None:
        """Carry messages until one side ends; the other is closed then."""
        try:
            async with anyio.create_task_group() as ways:
                for way in (self._up, self._down, self._show):
                    ways.start_soon(self._until_ended, way, ways.cancel_scope)
        finally:
            self._let_go()
        if self._code:
            with contextlib.suppress(RuntimeError, OSError), anyio.move_on_after(_SEND_MOST_S):
                await self._socket.close(self._code, self._words[:120])

    async def _until_ended(
        self, way: Callable[[], Awaitable[None]], ways: anyio.CancelScope
    ) -> None:
        try:
            await way()
        except Ended as ended:
            self._code, self._words = ended.code, ended.words
        except Lost as lost:
            self._code, self._words = NO_CONTROLLER, str(lost)
        except WebSocketDisconnect:
            self._code = 0
        # the controller first: whatever this page held ends now, however long the rest takes
        self._let_go()
        ways.cancel()

    def _let_go(self) -> None:
        self._link.close()
        self._session.close()

    async def _up(self) -> None:
        """From the page to the controller."""
        budget = Budget(self._now_ns())
        while True:
            said = await self._socket.receive()
            if said["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(said.get("code", 1005))
            if said.get("text") is None:
                raise Ended(NOT_OURS, "text only")
            try:
                message = ms.decode(said["text"])
            except ms.NotOurs as problem:
                raise Ended(NOT_OURS, str(problem)) from problem
            # STOP is taken however much else a page says
            if not budget.spend(self._now_ns()) and not isinstance(message, ms.Stop):
                raise Ended(TOO_OFTEN, f"more than {ms.MESSAGES_MOST_PER_S} messages a second")
            self._session.take(message)

    async def _down(self) -> None:
        """From the controller to what waits for the page."""
        while True:
            self._session.hear(await self._link.hear())
            if self._outbox.overrun:
                raise Ended(TOO_SLOW, "the page does not take what it is told")

    async def _show(self) -> None:
        """What waits, to the page."""
        while True:
            line = await self._outbox.get()
            with anyio.move_on_after(_SEND_MOST_S) as span:
                await self._socket.send_text(line.decode())
            if span.cancelled_caught:
                raise Ended(TOO_SLOW, "the page does not take what it is told")
