"""What one check found, in the user's words."""

import enum
from typing import Final

import msgspec

ANY: Final = "-"
"""In ``allowed``: nothing is demanded of the value."""


class Level(enum.Enum):
    """How bad it is; listed worst first."""

    WRONG = "wrong"
    """The room must not be run like this, or cannot be."""
    WARNING = "warning"
    """It runs; somebody should know."""
    OK = "ok"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    level: Level
    value: str
    """What was found."""
    allowed: str
    what_to_do: str = ""
    """Empty when the level is OK."""


def worst_first(findings: list[Finding]) -> list[Finding]:
    """Sorted by level; within a level in the order they were found."""
    order = list(Level)
    return sorted(findings, key=lambda finding: order.index(finding.level))


def judged(name: str, level: Level, value: str, allowed: str, what_to_do: str) -> Finding:
    """A finding whose advice is dropped when nothing is to be done."""
    return Finding(name, level, value, allowed, "" if level is Level.OK else what_to_do)


def more_than(value: int, warn: int, wrong: int) -> Level:
    """Level of a value that should be small: above ``warn``, above ``wrong``."""
    if value > wrong:
        return Level.WRONG
    return Level.WARNING if value > warn else Level.OK


def less_than(value: int, warn: int, wrong: int) -> Level:
    """Level of a value that should be large: below ``warn``, below ``wrong``."""
    return more_than(-value, -warn, -wrong)
