"""A procedure as long as a real one: 15 virtual minutes, 2 of them injecting."""

from typing import Any, Final

from config.load import LoadedRoom
from sim.physics import Patient
from sim.procedure import Procedure
from sim.technologist import Deed, Order, Technologist
from sim.world import START_NS, World

_NS_PER_MIN: Final = 60 * 10**9
ORDERED_NL: Final = 200_000
"""With a top-up about two minutes of injecting: the first 50 uL at half the rate."""
_WIDE: Final = Patient(unstressed_ul=300.0)
"""A duct that takes the order without being stretched (assumption)."""
_TALKS_UNTIL_NS: Final = {"checklist": 11 * _NS_PER_MIN, "aftercare": 15 * _NS_PER_MIN}
"""Phases in which the technologist talks with the patient, until that virtual time."""
LIMIT_NS: Final = 20 * _NS_PER_MIN


class Unhurried(Technologist):
    """Somebody who takes the time that people take."""

    def look(self, shown: dict[str, Any], now_ns: int) -> list[Deed]:
        """As any technologist, but for the time spent talking."""
        if now_ns - START_NS < _TALKS_UNTIL_NS.get(shown["phase"], 0):
            return []
        return super().look(shown, now_ns)


def procedure(loaded: LoadedRoom, seed: int) -> Procedure:
    """The procedure at its start."""
    order = Order(ordered_nl=ORDERED_NL, top_up=True)
    return Procedure(World(loaded, seed, patient=_WIDE), Unhurried(loaded.profile, order))
