"""A whole room on virtual time behind the console's page: no processes, no devices, no sockets.

The page talks to it as it talks to the console's server (``docs/console-protocol.md``), so a
test can bring the room anywhere with the scripted technologist and then hand it to the page.
"""

import functools
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from controller.room_facts import room_facts
from sim.memory import MemoryPort
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.world import World

MOST_NS: Final = 600_000_000_000


class VirtualRoom:
    """One world, one scripted technologist, and the page as another client."""

    def __init__(self, loaded: LoadedRoom, order: Order | None = None, seed: int = 1) -> None:
        """Nothing happens before ``until`` or ``advance``."""
        self.loaded = loaded
        self.world = World(loaded, seed)
        self.who = Technologist(loaded.profile, order or Order())
        self._procedure = Procedure(self.world, self.who)
        self._act = self.who.act
        self._page: MemoryPort | None = None
        self._rest = b""
        self.heard: deque[dict[str, Any]] = deque(maxlen=4000)

    @property
    def shown(self) -> dict[str, Any]:
        """What the technologist was shown last."""
        return self._procedure.last

    def facts(self, **console: Any) -> dict[str, Any]:
        """What the console's server says first."""
        known = {
            "hold": True,
            "sim_panel": True,
            "px_per_mm": None,
            "history": True,
            "first_user": False,
            "login": "name",
        }
        return room_facts(self.loaded.profile) | {"console": known | console}

    def leave(self) -> None:
        """The scripted technologist keeps their hands still from now on."""
        self.who.act = lambda _shown, _now_ns: []  # type: ignore[method-assign]

    def back(self) -> None:
        """The scripted technologist goes on."""
        self.who.act = self._act  # type: ignore[method-assign]

    def until(self, done: Callable[[dict[str, Any]], bool], most_ns: int = MOST_NS) -> bool:
        """Let the technologist work until what is shown satisfies ``done``."""
        self.back()
        reached = self.world.run_until(lambda: bool(self.shown) and done(self.shown), most_ns)
        self.leave()
        return reached

    def advance(self, span_ns: int) -> None:
        """Let virtual time pass."""
        self.world.run_until(lambda: False, span_ns)

    def connect(self) -> None:
        """The page connects."""
        self.disconnect()
        self._page = self.world.client()
        self._page.on_write = self._hear
        self._rest = b""

    def disconnect(self) -> None:
        """The page is gone."""
        if self._page is not None:
            self._page.close()
            self.world.wake()
        self._page = None

    def _hear(self) -> None:
        if self._page is None:
            return
        *lines, self._rest = (self._rest + self._page.read()).split(b"\n")
        self.heard.extend(msgspec.json.decode(line) for line in lines)

    def say(self, message: dict[str, Any]) -> None:
        """One message of the page."""
        if message.get("k") == "sim":
            for name, value in message["set"].items():
                self.world.at(
                    self.world.now_ns() + 1, functools.partial(self.world.set_input, name, value)
                )
        elif self._page is not None and "request" in message:
            self._page.write(msgspec.json.encode(message) + b"\n")
