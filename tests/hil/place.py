"""Where a room is: what a bench needs of it, on real wires or on virtual time."""

from typing import Any, Protocol

from config.load import LoadedRoom
from state_machine.entries import AnyEntry
from tests.hil.hands import Hands
from tests.hil.registers import Reader

Shown = dict[str, Any]


class ControllerGone(Exception):
    """The controller does not answer any more; the text says what is known."""


class Place(Protocol):
    """One room with its production controller, as its client and its owner sees it."""

    loaded: LoadedRoom
    hands: Hands
    hz: int
    """Snapshots a second that are wanted at most."""
    wires: str
    """How the devices are reached, in words."""

    def start(self) -> None:
        """Start the controller and connect to it; also again after its death."""

    def say(self, message: dict[str, Any]) -> None:
        """One line to the controller."""

    def hear(self, limit_s: float) -> list[dict[str, Any]]:
        """What the controller said; empty when it said nothing in time."""

    def now_ns(self) -> int:
        """Boot time, as in the record."""

    def freeze(self, span_s: float) -> None:
        """The controller stands still for so long, then goes on."""

    def kill(self) -> None:
        """The controller dies without a word."""

    def end(self) -> int:
        """Tell the controller to end; its exit status (bounded)."""

    def entries(self, after_seq: int) -> list[AnyEntry]:
        """What the record holds beyond an entry."""

    def read_registers(self) -> list[Reader]:
        """Every register of every device, while no controller is at work."""

    def close(self) -> None:
        """End what is left; nothing of ours stays."""
