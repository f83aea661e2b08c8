"""What goes over the wires, for who watches: a bounded ring; the loop fills it and never waits.

Off unless a service tool watches. Frames that nobody took in time are dropped, oldest first,
and counted: what is shown says how much of it is missing.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from controller import messages
from state_machine.connections import Login, Logout
from state_machine.requests import AnyRequest, Role, Service, ServiceWork

FRAMES_MOST_COUNT: Final = 4_000
"""Ten seconds of a busy room (about 180 exchanges a second while injecting)."""
SHOWN_NS: Final = 100_000_000
"""Frames are handed to clients ten times a second."""
HEARD: Final = "<"
SAID: Final = ">"


class Frame(NamedTuple):
    """Bytes that one pass read or wrote at once: what the port gave, not what a codec cut."""

    at_ns: int
    """Boot time, just after they were read or handed to the port."""
    link: str
    way: str
    data: bytes


class Watcher(Protocol):
    """A client of the API."""

    watches: bool

    def say(self, message: bytes) -> None:
        """Queue one line; never blocks."""


class Tapped(Protocol):
    """A link of the loop."""

    tap: Callable[[str, str, bytes], None] | None


class Tap:
    """The ring."""

    def __init__(self, most_count: int = FRAMES_MOST_COUNT) -> None:
        """Empty."""
        self._frames: deque[Frame] = deque(maxlen=most_count)
        self._lost_count = 0
        self.now_ns: Callable[[], int] = lambda: 0
        """Boot time; set by who has the clock."""

    def note(self, link: str, way: str, data: bytes) -> None:
        """Keep some bytes; the oldest give way."""
        self._lost_count += len(self._frames) == self._frames.maxlen
        self._frames.append(Frame(self.now_ns(), link, way, data))

    def message(self) -> dict[str, Any] | None:
        """All that is kept, as clients are told, and forgotten here; None = nothing."""
        if not self._frames:
            return None
        frames = [(f.at_ns, f.link, f.way, f.data.hex()) for f in self._frames]
        lost, self._lost_count = self._lost_count, 0
        self._frames.clear()
        return {"k": "frames", "lost": lost, "frames": frames}

    def forget(self) -> None:
        """Nobody watches."""
        self._frames.clear()
        self._lost_count = 0


def watching(client: Watcher, request: AnyRequest) -> None:
    """After a request that was taken: who asked is shown the wires.

    Until their work is over, they log out, or go on in another role.
    """
    if isinstance(request, Service) and request.work is ServiceWork.WATCH:
        client.watches = True
        return
    done = isinstance(request, Service) and request.work is ServiceWork.DONE
    left = isinstance(request, Login) and request.role is not Role.SERVICE
    if client.watches and (done or left or isinstance(request, Logout)):
        client.watches = False
        client.say(messages.frames_end("looked at no longer"))


class Watchers:
    """Who is shown the wires, and until when."""

    def __init__(self) -> None:
        """Nobody."""
        self._tap = Tap()
        self._on = False
        self._due_ns = 0

    def show(
        self,
        clients: Iterable[Watcher],
        links: Iterable[Tapped],
        now_ns: Callable[[], int],
        standby: bool,
    ) -> None:
        """Frames for who watches; with a procedure open nobody does."""
        watching = [client for client in clients if client.watches]
        if watching and not standby:
            for client in watching:
                client.watches = False
                client.say(messages.frames_end("a procedure was opened"))
            watching = []
        if bool(watching) is not self._on:
            self._on = bool(watching)
            self._tap.now_ns = now_ns
            self._tap.forget()
            for link in links:
                link.tap = self._tap.note if watching else None
        if not watching or now_ns() < self._due_ns:
            return
        self._due_ns = now_ns() + SHOWN_NS
        message = self._tap.message()
        if message is not None:
            line = msgspec.json.encode(message)
            for client in watching:
                client.say(line)
