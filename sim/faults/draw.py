"""A plan from a seed: most faults off, some runs with several, many with none at all.

Everything is drawn from one generator named by the seed, and written down whole: leaving a
fault out of a plan (``minimise``) leaves the others as they are.
"""

import random
from typing import Any, Final

import msgspec

from sim.faults.table import ANY, ARMED, BEAM, CLASSES, FAULTS, MOUNT, PRESSED, PRIME, Fault

NONE_SHARE: Final = 0.15
"""Null runs: they must show no effect."""
WHOLE_SHARE: Final = 0.2
"""Runs from the very start (assumption: set-up and prime have few states of their own)."""
COUNTS: Final = ((1, 55), (2, 25), (3, 15), (5, 5))
"""Number of faults and its weight, where there are any."""
PLACES: Final = 17
"""Prepared rooms that runs go on from (``sim.campaign.scene``)."""
SHORT: Final = PLACES - 1
"""The last place: a short order in an ordinary room, for tests and a few seeds."""
_PLACE_WEIGHTS: Final = (*[5] * SHORT, 2)
FITS_SHARE: Final = 0.75
"""Runs whose duct takes what is ordered; in the others it is as drawn, and most are smaller."""
HABITS_SHARE: Final = 0.5
"""Runs with a person who does not do all as told."""
_DELAY_MS: Final = {
    ANY: (0, 60_000),
    PRESSED: (0, 1_500),
    ARMED: (0, 250),
    BEAM: (0, 900),
    MOUNT: (0, 0),
}
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
    place: int = 0
    """The prepared room it goes on from, order included; whole runs have their own."""
    fits: bool = True
    """The duct takes what is ordered."""
    habits: bool = False
    """The person deviates from the script now and then."""
    faults: tuple[Planned, ...] = ()
    after: bool = True
    """Another patient's procedure is played whole afterwards, not only begun."""

    @property
    def plain(self) -> bool:
        """Nothing is planned to go wrong: not with devices, the duct, or people."""
        return self.fits and not self.habits and not self.faults

    def without(self, number: int) -> "Plan":
        """The same with one fault less."""
        faults = self.faults[:number] + self.faults[number + 1 :]
        return msgspec.structs.replace(self, faults=faults)


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    chance = random.Random(f"{seed}/faults")
    whole = chance.random() < WHOLE_SHARE
    (place,) = chance.choices(range(PLACES), _PLACE_WEIGHTS)
    fits, habits = chance.random() < FITS_SHARE, chance.random() < HABITS_SHARE
    if chance.random() < NONE_SHARE:
        return Plan(seed, whole, place, fits, habits)
    counts, weights = zip(*COUNTS, strict=True)
    (count,) = chance.choices(counts, weights)
    rows: list[Fault] = []
    for _ in range(count):
        row = _row(chance)
        if row not in rows and not any(taken.alone for taken in rows):
            rows = [row] if row.alone else [*rows, row]
    whole = whole or any(row.early for row in rows)
    faults = tuple(_planned(chance, row, whole) for row in rows)
    return Plan(seed, whole, place, fits, habits, faults)


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
        delay_ms=0 if row.room else chance.randint(*_DELAY_MS.get(moment, _DELAY_USUAL_MS)),
        lasts_ms=chance.randint(*row.lasts_ms),
        chosen=chosen,
    )
