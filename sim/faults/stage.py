"""What a fault may touch: the room, its wires, its machine and the hand on the switch."""

from collections.abc import Callable
from typing import Any, Protocol

from sim.devices.room import SimulatedRoom
from sim.world import World

Chosen = dict[str, Any]
"""Parameters of a fault, as drawn."""


class Stage(Protocol):
    """One run, as faults and their positive controls see it."""

    loss: str
    """Set to ``dies`` when the controller's process is to be ended now."""

    @property
    def devices(self) -> SimulatedRoom:
        """The devices and what they are joined by."""

    @property
    def phase(self) -> str:
        """Where the procedure stands."""

    @property
    def held(self) -> bool:
        """The hand presses the switch."""

    @property
    def means_to_hold(self) -> bool:
        """The person believes to be pressing it."""

    stands_ns: int
    """How long the controller's process is to stand still, from the end of this pass on."""

    @property
    def world(self) -> World:
        """The room with the controller that lives now."""

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Spans in which nothing that the controller sent reached a device."""

    def hand(self, name: str, value: bool | int | str) -> None:
        """Do something in the room, or break something there."""

    def events(self, since_ns: int) -> list[tuple[int, str, Any, int]]:
        """What happened in the room since an instant."""


Act = Callable[[Stage, Chosen], None]
Seen = Callable[[Stage, Chosen, int], bool]
"""Whether the fault did what it must, since the instant at which it struck."""
