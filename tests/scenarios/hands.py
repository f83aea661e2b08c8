"""Hands and eyes of the scenarios' real forms."""

from sim.site.site import Site, Truth
from sim.technologist import Order, Technologist
from tests.world.scene import TAIL_NL

SOON_NS = 1_500_000_000
"""A poll, a stop, and a loaded machine: it makes things slower, never less safe."""
_QUICK_NS = 20_000_000
_HANDS_NS = 50_000_000


def small_order(site: Site, view: str = "CC") -> None:
    """From now on a technologist who injects little and makes one image."""
    order = Order(ordered_nl=20_000, views=(view,))
    site.who = Technologist(site.profile, order, _QUICK_NS, _HANDS_NS)  # type: ignore[assignment]


def standing(truth: Truth) -> bool:
    """The plunger does not move."""
    return not truth["motor_on"]


def covered(site: Site) -> bool:
    """What may have gone in, as shown now, covers what went in before."""
    entered_nl = site.truth()["entered_nl"]
    shown = site.until(lambda _shown: True)
    return bool(entered_nl <= shown["volume"]["high_nl"] + TAIL_NL)
