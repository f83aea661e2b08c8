"""A whole room on virtual time behind the console's page: no processes, no devices, no sockets.

The page talks to it as it talks to the console's server (``docs/console-protocol.md``), so a
test can bring the room anywhere with the scripted technologist and then hand it to the page.
"""

import functools
from collections.abc import Callable
from typing import Any, Final

from config.load import LoadedRoom
from controller.api import Checker
from controller.console.facts import room_facts
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.world import World

MOST_NS: Final = 600_000_000_000


def _still(shown: dict[str, Any], now_ns: int) -> list[Any]:
    return []


class VirtualRoom:
    """One world and one scripted technologist; pages are other clients of its API."""

    def __init__(
        self,
        loaded: LoadedRoom,
        order: Order | None = None,
        seed: int = 1,
        checker: Checker | None = None,
    ) -> None:
        """Nothing happens before ``until`` or ``advance``; ``checker`` of PINs, for log-in."""
        self.loaded = loaded
        self.world = World(loaded, seed, checker=checker)
        self.who = Technologist(loaded.profile, order or Order())
        self._procedure = Procedure(self.world, self.who)
        self._act = self.who.act

    @property
    def shown(self) -> dict[str, Any]:
        """What the technologist was shown last."""
        return self._procedure.last

    def facts(self) -> dict[str, Any]:
        """What of the room does not change."""
        return room_facts(self.loaded.profile)

    def leave(self) -> None:
        """The scripted technologist keeps their hands still from now on."""
        self.who.act = _still  # type: ignore[method-assign]

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

    def hand(self, name: str, value: bool | int | str) -> None:
        """A hand in the room, after the pass that is under way."""
        world = self.world
        world.at(world.now_ns() + 1, functools.partial(world.set_input, name, value))
