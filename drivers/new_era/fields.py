"""Numbers as the New Era wire can say them, and the `DIS` answer.

Sent: at most four digits and one point, at most three decimals, 0.001..9999 [M1][M2].
The pump's own shortening is never relied on: some firmware cuts, some drops, some
rejects [F K7]; so a value is rounded here, toward the safe side, and an overflow is
refused. Answered: five characters (four digits and a point, `1000.`) [K5][K6]; a
missing point is accepted [K2], and so is `.9999` [K6].
"""

import re
from typing import Final

import msgspec

from state_machine.units import NL_PER_ML, NL_PER_UL

MAX_THOUSANDTHS: Final = 9_999_999
"""9999.999 of a unit: rounded down it is still four digits."""
MAX_DIGITS: Final = 4

NL_PER_UNIT: Final = {"UL": NL_PER_UL, "ML": NL_PER_ML}
NL_MIN_PER_UNIT: Final = {"UM": NL_PER_UL, "MM": NL_PER_ML}
"""Rate units the driver sends: uL/min and mL/min. Per hour (UH, MH) is never used."""

_NUMBER: Final = re.compile(r"(\d*)\.?(\d*)", re.ASCII)
_VALUE: Final = re.compile(r"([\d.]+)([A-Z]*)", re.ASCII)
_DISPENSED: Final = re.compile(r"I([\d.]+)W([\d.]+)(UL|ML)", re.ASCII)


class NumberRefused(ValueError):
    """A number that this wire cannot say; the text is for people."""


class Number(msgspec.Struct, frozen=True):
    """A decimal number exactly as it was written: ``digits`` times 10^-``decimals``."""

    digits: int
    decimals: int

    def scaled(self, per_unit: int) -> int:
        """Value in the small unit of which ``per_unit`` make one, rounded down."""
        return self.digits * per_unit // self._tens()

    def weight(self, per_unit: int) -> int:
        """Weight of the last digit in the small unit, at least 1."""
        return max(1, per_unit // self._tens())

    def same_as(self, other: "Number") -> bool:
        """Equal in value, whatever zeros were written (`500.0` is `500`)."""
        return self.scaled(10**MAX_DIGITS) == other.scaled(10**MAX_DIGITS)

    def _tens(self) -> int:
        return int(10**self.decimals)


def parse_number(text: str) -> Number | None:
    """Read a numeric field of an answer; None when it is not one."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = match[1] + match[2]
    if not 1 <= len(digits) <= MAX_DIGITS:
        return None
    return Number(int(digits), len(match[2]))


def parse_value(text: str) -> tuple[Number, str] | None:
    """Read a number and its unit (`1.000MM`, `50.00UL`, `1`); None when it is not that."""
    match = _VALUE.fullmatch(text)
    number = parse_number(match[1]) if match else None
    return (number, match[2]) if match and number else None


def _step(thousandths: int) -> int:
    """Weight of the last digit, in thousandths, that four digits leave for a value."""
    if thousandths < 10_000:
        return 1
    if thousandths < 100_000:
        return 10
    return 100 if thousandths < 1_000_000 else 1_000


def _written(thousandths: int) -> str:
    decimals = {1: 3, 10: 2, 100: 1, 1_000: 0}[_step(thousandths)]
    text = f"{thousandths // 1_000}.{thousandths % 1_000:03d}"
    return text[: len(text) - 3 + decimals].rstrip(".")


def round_down(thousandths: int) -> int:
    """Largest sayable value not above ``thousandths`` of a unit.

    Raises:
        NumberRefused: below 0.001 or above 9999 of the unit.
    """
    if not 1 <= thousandths <= MAX_THOUSANDTHS:
        sign, (whole, rest) = "-" if thousandths < 0 else "", divmod(abs(thousandths), 1_000)
        raise NumberRefused(
            f"{sign}{whole}.{rest:03d} cannot be sent to the pump; allowed is 0.001 to 9999"
        )
    return thousandths - thousandths % _step(thousandths)


def format_down(thousandths: int) -> str:
    """Text for a volume or a rate: rounded down, so never more than was meant."""
    return _written(round_down(thousandths))


def format_up(thousandths: int) -> str:
    """Text for a diameter: rounded up, since a wider syringe needs less travel.

    A pump told a diameter that is too small moves too far and delivers too much.
    """
    step = _step(thousandths)
    return _written(round_down(-(-thousandths // step) * step))


class Dispensed(msgspec.Struct, frozen=True):
    """The pump's two counters, in nL."""

    infused_nl: int
    withdrawn_nl: int
    digit_nl: int
    """The heavier of the two last digits, in nL."""

    def near(self, other: "Dispensed") -> bool:
        """Both counters agree within one digit of the coarser answer."""
        digit_nl = max(self.digit_nl, other.digit_nl)
        return (
            abs(self.infused_nl - other.infused_nl) <= digit_nl
            and abs(self.withdrawn_nl - other.withdrawn_nl) <= digit_nl
        )


def parse_dispensed(text: str) -> Dispensed | None:
    """Read `I0.125W0.000ML`; None when it is not that."""
    match = _DISPENSED.fullmatch(text)
    if match is None:
        return None
    infused, withdrawn = parse_number(match[1]), parse_number(match[2])
    if infused is None or withdrawn is None:
        return None
    unit_nl = NL_PER_UNIT[match[3]]
    return Dispensed(
        infused.scaled(unit_nl),
        withdrawn.scaled(unit_nl),
        max(infused.weight(unit_nl), withdrawn.weight(unit_nl)),
    )
