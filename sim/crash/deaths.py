"""Where a controller may die: each pass, each write to a port, each entry for the record.

The room is played once. At every point that is chosen the process forks: the child is a
copy of the whole world in which the controller has just died, the parent goes on as if
nothing had happened. So every death has the same past, at the cost of what follows it.

A port write is three points: nothing has left, half of the bytes, all of them. An entry for
the record is two: it was not taken, it was taken and waits for the disk. What waits, and
rows on their way to the disk, are lost or get there, as the death's own chance says: what a
torn or lost last write leaves is a whole row less (SQLite takes no half row from its log,
``tests/record/test_torn.py``).
"""

import dataclasses
import os
import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from config.load import LoadedRoom
from controller.loop import run_pass
from sim.physics import RIG_27G_WARM
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.wires import Wire
from sim.world import World


class Point(NamedTuple):
    """One place in the life of a controller."""

    number: int
    """From 1, in order; the same seed has the same points."""
    kind: str
    """pass, port/NAME/none|half|all, record/before|after."""


LIMIT_NS: Final = 400 * 10**9
"""A procedure that is not over by then does not come to its end."""

Chosen = Callable[[Point, "Life"], bool]
Die = Callable[[Point, "Life"], None]
"""What a fork does; it never returns there."""


class Life:
    """One room with its controller and technologist, and where it may die."""

    def __init__(self, loaded: LoadedRoom, seed: int, order: Order) -> None:
        """Build the room; nothing happens before ``play``."""
        self.loaded = loaded
        self.seed = seed
        dead_space_ul = loaded.profile.line_dead_space_nl / 1_000
        rig = dataclasses.replace(RIG_27G_WARM, dead_space_ul=dead_space_ul)
        self.world = World(loaded, seed, rig)
        self.procedure = Procedure(self.world, Technologist(loaded.profile, order))
        self.opened_nl: int | None = None
        """Plunger when the duct's account was opened; None before."""
        self.count = 0
        self._chosen: Chosen = lambda point, life: False
        self._die: Die = lambda point, life: None
        self._children: set[int] = set()
        self._jobs = 1
        for wire in self.world.wires.values():
            self._watch_wire(wire)
        self._watch_record()

    def play(self, chosen: Chosen, die: Die, jobs: int = 1) -> int:
        """Live once; die in a fork at each point that is chosen. Returns how many points.

        Raises:
            RuntimeError: a fork ended with an error, or the procedure came to no end.
        """
        self._chosen, self._die, self._jobs = chosen, die, jobs
        world, end_ns = self.world, self.world.now_ns() + LIMIT_NS
        while not self.procedure.done() and world.now_ns() < end_ns:
            self._look()
            self._at("pass")
            wake_ns = run_pass(world.room, world.now_ns())
            world.wait((), min(wake_ns, end_ns))
        while self._children:
            self._bury()
        if not self.procedure.done():
            raise RuntimeError(f"the procedure is stuck in {self.procedure.phases[-1]}")
        return self.count

    @property
    def flowing(self) -> bool:
        """The plunger moves, and a duct is open."""
        return self.opened_nl is not None and self.world.devices.pump.model.motor_on

    def _look(self) -> None:
        book = self.world.room.state.ledger
        if book.account is not None and self.opened_nl is None:
            self.opened_nl = int(self.world.devices.truth()["plunger_nl"])

    # --- the points -----------------------------------------------------------------------------

    def _watch_wire(self, wire: Wire) -> None:
        write = wire.write

        def watched(data: bytes) -> int:
            self._at(f"port/{wire.name}/none")
            self._at(f"port/{wire.name}/half", lambda: write(data[: len(data) // 2]))
            accepted = write(data)
            self._at(f"port/{wire.name}/all")
            return accepted

        wire.write = watched  # type: ignore[method-assign]

    def _watch_record(self) -> None:
        append = self.world.journal.append

        def watched(entries: Any, **more: Any) -> None:
            self._at("record/before")
            append(entries, **more)
            self._at("record/after")

        self.world.journal.append = watched  # type: ignore[method-assign]

    def _at(self, kind: str, last: Callable[[], object] = lambda: None) -> None:
        """One point; ``last``: what the dying still does."""
        self.count += 1
        point = Point(self.count, kind)
        if not self._chosen(point, self):
            return
        child = os.fork()
        if child:
            self._children.add(child)
            while len(self._children) >= self._jobs:
                self._bury()
            return
        status = 1
        try:
            last()
            self._die(point, self)
            status = 0
        finally:
            os._exit(status)

    def _bury(self) -> None:
        child, status = os.wait()
        self._children.discard(child)
        if status:
            raise RuntimeError(f"a fork ended with status {status}")


def chance_of(life: Life, point: Point) -> random.Random:
    """The chance of one death."""
    return random.Random(f"{life.seed}/{point.number}")
