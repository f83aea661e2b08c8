"""Integers with their unit in the name, as people write them."""

from decimal import Decimal
from typing import Final, NamedTuple


class Shown(NamedTuple):
    """How a suffix is shown: from this size on, divided by, called."""

    least: int
    divisor: int
    unit: str


SUFFIXES: Final[tuple[tuple[str, tuple[Shown, ...]], ...]] = (
    # Longest suffix first; the last form of a suffix holds for whatever is smaller.
    ("_nl_min_s", (Shown(0, 1_000_000, "mL/min per s"),)),
    ("_nl_min", (Shown(0, 1_000_000, "mL/min"),)),
    ("_days_count", (Shown(0, 1, "days"),)),
    ("_count", (Shown(0, 1, ""),)),
    ("_nl", (Shown(50_000, 1_000_000, "mL"), Shown(0, 1_000, "µL"))),
    ("_pa", (Shown(0, 1_000, "kPa"),)),
    ("_mn", (Shown(0, 1_000, "N"),)),
    ("_mc", (Shown(0, 1_000, "°C"),)),
    ("_ppm", (Shown(0, 1_000_000, "times"),)),
    ("_um", (Shown(0, 1, "µm"),)),
    (
        "_ns",
        (
            Shown(600 * 10**9, 60 * 10**9, "min"),
            Shown(10**9, 10**9, "s"),
            Shown(0, 10**6, "ms"),
        ),
    ),
)


def human(name: str, value: int) -> str:
    """``value`` of the quantity ``name`` in the unit that its suffix stands for.

    Raises:
        ValueError: the name ends in no known suffix; add it to ``SUFFIXES``.
    """
    for suffix, forms in SUFFIXES:
        if name.endswith(suffix):
            form = next(form for form in forms if value >= form.least)
            number = Decimal(value) / form.divisor
            return f"{number.normalize():f} {form.unit}".rstrip()
    raise ValueError(f"{name}: no unit at the end of the name; add its suffix to SUFFIXES")
