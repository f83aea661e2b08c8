"""Distributions that virtual patients, rigs and people are drawn from, and rows that name them."""

import math
import random
from typing import Final, NamedTuple, Protocol


class Distribution(Protocol):
    """Draws a number; says in words how."""

    def draw(self, chance: random.Random) -> float:
        """One number."""

    def words(self) -> str:
        """As a document has it."""


class Fixed(NamedTuple):
    """Always the same."""

    value: float

    def draw(self, _chance: random.Random) -> float:
        """The value."""
        return self.value

    def words(self) -> str:
        """As a document has it."""
        return f"always {self.value:g}"


class Even(NamedTuple):
    """Evenly between two ends."""

    least: float
    most: float

    def draw(self, chance: random.Random) -> float:
        """One number."""
        return chance.uniform(self.least, self.most)

    def words(self) -> str:
        """As a document has it."""
        return f"evenly {self.least:g} to {self.most:g}"


class EvenLog(NamedTuple):
    """Evenly in the logarithm: as often in 1 to 10 as in 10 to 100."""

    least: float
    most: float

    def draw(self, chance: random.Random) -> float:
        """One number."""
        return math.exp(chance.uniform(math.log(self.least), math.log(self.most)))

    def words(self) -> str:
        """As a document has it."""
        return f"evenly in the logarithm, {self.least:g} to {self.most:g}"


class LogNormal(NamedTuple):
    """Lognormal about a median, drawn again until it lies between the ends."""

    median: float
    sigma: float
    least: float
    most: float

    def draw(self, chance: random.Random) -> float:
        """One number."""
        while True:
            value = self.median * chance.lognormvariate(0, self.sigma)
            if self.least <= value <= self.most:
                return value

    def words(self) -> str:
        """As a document has it."""
        ends = f"{self.least:g} to {self.most:g}"
        return f"lognormal, median {self.median:g}, sigma {self.sigma:g}, {ends}"


class Row(NamedTuple):
    """One drawn figure."""

    name: str
    """A field of what is drawn, its unit last."""
    how: Distribution
    source: str
    """Begins with *sourced* or *assumption*."""


SOURCED: Final = "sourced"
ASSUMPTION: Final = "assumption"


def draw_all(rows: tuple[Row, ...], chance: random.Random) -> dict[str, float]:
    """One number for each row, in the order of the rows."""
    return {row.name: row.how.draw(chance) for row in rows}
