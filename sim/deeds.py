"""What people in a simulated room do, see and are there for."""

from typing import Any, Final, NamedTuple, Protocol

Snapshot = dict[str, Any]


class Request(NamedTuple):
    """Ask the controller."""

    body: dict[str, Any]
    after_ns: int = 0
    """How much later than it was decided."""


class Hand(NamedTuple):
    """Do something in the room."""

    name: str
    value: bool | int | str
    after_ns: int = 0
    """How much later than it was decided."""


_USED_UP: Final = frozenset(
    {"another-injection", "day-injection", "volume-left", "duct-has-room", "top-up-held"}
)
"""Codes of what no waiting gives back."""


def used_up(shown: Snapshot, event: str) -> bool:
    """Whether an event cannot be any more: what it needs is used up for today."""
    return bool(_USED_UP & set(shown["missing"].get(event, ())))


class Order(NamedTuple):
    """What the procedure is for."""

    ordered_nl: int = 60_000
    views: tuple[str, ...] = ("CC",)
    patient_id: str = "SIM-0001"
    patient_name: str = "Simulated^Patient"
    side: str = "L"
    syringe: str = ""
    cannula: str = ""
    contrast: str = ""
    difficult: bool = False
    top_up: bool = False
    """Top up once after the first images."""
    ducts: int = 1
    same_patient_as: str = ""


Deed = Request | Hand


class Bends(Protocol):
    """Habits: what is really done instead of what the script wants to do."""

    def bend(self, who: Any, deeds: list[Deed], shown: Snapshot, now_ns: int) -> list[Deed]:
        """What is really done; ``who`` is the technologist."""

    def feel(self, duct_kpa: float, torn: bool) -> None:
        """What the patient feels now."""
