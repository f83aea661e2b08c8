"""A plan from a seed: most faults off, some runs with several, many with none at all.

Everything is drawn from one generator named by the seed, and written down whole: leaving a
fault out of a plan (``minimise``) leaves the others as they are.
"""

import random
from typing import Any, Final

import msgspec

from sim.faults.table import ANY, ARMED, BEAM, CLASSES, FAULTS, PRESSED, PRIME, Fault

NONE_SHARE: Final = 0.15
"""Null runs: they must show no effect."""
WHOLE_SHARE: Final = 0.2
"""Runs from the very start (assumption: set-up and prime have few states of their own)."""
COUNTS: Final = ((1, 55), (2, 25), (3, 15), (5, 5))
"""Number of faults and its weight, where there are any."""
ORDER_WEIGHTS: Final = (40, 25, 20, 10, 5)
"""How often each order is drawn."""
_DELAY_MS: Final = {ANY: (0, 60_000), PRESSED: (0, 1_500), ARMED: (0, 250), BEAM: (0, 900)}
_DELAY_USUAL_MS: Final = (0, 9_000)


class Planned(msgspec.Struct, frozen=True):
    """One fault of a plan."""

    name: str
    moment: str
    delay_ms: int
    """After the moment has come for the first time."""
    lasts_ms: int
    chosen: dict[str, Any] = {}


class Plan(msgspec.Struct, frozen=True):
    """What a seed stands for."""

    seed: int
    whole: bool = False
    """Played from the very start; otherwise from a line that has been primed and tested."""
    order: int = 0
    """What is ordered: a place of ``sim.campaign.scene.ORDERS``."""
    faults: tuple[Planned, ...] = ()

    def without(self, place: int) -> "Plan":
        """The same with one fault less."""
        return msgspec.structs.replace(self, faults=self.faults[:place] + self.faults[place + 1 :])


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    chance = random.Random(f"{seed}/faults")
    whole = chance.random() < WHOLE_SHARE
    (order,) = chance.choices(range(len(ORDER_WEIGHTS)), ORDER_WEIGHTS)
    if chance.random() < NONE_SHARE:
        return Plan(seed, whole, order)
    counts, weights = zip(*COUNTS, strict=True)
    (count,) = chance.choices(counts, weights)
    rows: list[Fault] = []
    for _ in range(count):
        row = _row(chance)
        if row not in rows and not any(taken.alone for taken in rows):
            rows = [row] if row.alone else [*rows, row]
    return Plan(seed, whole, order, tuple(_planned(chance, row, whole) for row in rows))


def _row(chance: random.Random) -> Fault:
    """A class first, each as often as the others; then a row of it."""
    kind = chance.choice(CLASSES)
    rows = [row for row in FAULTS if row.kind == kind]
    (row,) = chance.choices(rows, [row.weight for row in rows])
    return row


def _planned(chance: random.Random, row: Fault, whole: bool) -> Planned:
    moment = chance.choice([one for one in row.moments if whole or one != PRIME])
    chosen = {
        name: chance.choice(values) if isinstance(values[0], str) else chance.randint(*values)
        for name, values in row.chosen.items()
    }
    return Planned(
        name=row.name,
        moment=moment,
        delay_ms=chance.randint(*_DELAY_MS.get(moment, _DELAY_USUAL_MS)),
        lasts_ms=chance.randint(*row.lasts_ms),
        chosen=chosen,
    )
