"""Hands and eyes of the scenarios' real forms."""

from sim.site.person import Person
from sim.site.site import Site, Truth
from sim.technologist import Deed, Snapshot
from state_machine.profile import Profile
from tests.world.scene import TAIL_NL

SOON_NS = 1_500_000_000
"""A poll, a stop, and a loaded machine: it makes things slower, never less safe."""


class Imager(Person):
    """One who injects little and makes one image."""

    def __init__(self, profile: Profile, view: str) -> None:
        self._view = view
        super().__init__(profile)

    def next_patient(self) -> None:
        """As ever, with another order."""
        super().next_patient()
        self._order = self._order._replace(ordered_nl=20_000, views=(self._view,))

    def in_phase(self, shown: Snapshot) -> list[Deed]:
        """The script, which goes on to the images."""
        return self.settle(shown) if shown["phase"] == "settle" else super().in_phase(shown)


def to_make_images(site: Site, view: str = "CC") -> None:
    """From now on somebody is there for an image."""
    site.who = Imager(site.profile, view)


def standing(truth: Truth) -> bool:
    """The plunger does not move."""
    return not truth["motor_on"]


def covered(site: Site) -> bool:
    """What may have gone in, as shown now, covers what went in before."""
    entered_nl = site.truth()["entered_nl"]
    shown = site.until(lambda _shown: True)
    return bool(entered_nl <= shown["volume"]["high_nl"] + TAIL_NL)
