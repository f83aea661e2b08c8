"""What a check can come to, and whose fault it is.

*product*: the controller did not do what it must. *unit*: this one device, by its serial number,
is not as it should be. *bench*: the arrangement was wrong (a cable, a hand that did not come, a
room that did not get that far). *test*: the check itself is broken. A check that did not run is
*skipped*, and that is no pass.
"""

import enum
from typing import Any, Final

import msgspec


class Fault(enum.Enum):
    """Whose fault a failure is."""

    PRODUCT = "product"
    UNIT = "unit"
    BENCH = "bench"
    TEST = "test"


PRODUCT, UNIT, BENCH, TEST = Fault


class HilFailure(Exception):
    """A check failed; the text says what was so and what was wanted."""

    def __init__(self, fault: Fault, words: str) -> None:
        super().__init__(words)
        self.fault = fault


class Measurement(msgspec.Struct, frozen=True):
    """One measured value with its limits; None = no limit on that side."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    hazard: str = ""
    fault: Fault = Fault.PRODUCT
    """Whose fault it is when it is outside."""
    series: tuple[tuple[float, float], ...] = ()
    """What is drawn beside it: (x, y)."""
    axes: tuple[str, str] = ("", "")

    @property
    def good(self) -> bool:
        """Inside its limits."""
        above = self.low is None or self.value >= self.low
        return above and (self.high is None or self.value <= self.high)

    def words(self) -> str:
        """Value and limits."""
        low = "" if self.low is None else f"{self.low:g} <= "
        high = "" if self.high is None else f" <= {self.high:g}"
        return f"{self.name}: {low}{self.value:g}{high} {self.unit}"


class Result(msgspec.Struct):
    """What one check came to."""

    check: str
    suite: str
    title: str
    verdict: str = "passed"
    """passed, failed or skipped."""
    fault: str = ""
    """Class of a failure."""
    words: str = ""
    seconds: float = 0.0
    hazards: tuple[str, ...] = ()
    measurements: list[Measurement] = msgspec.field(default_factory=list)


SUITES: Final = {
    "registers": "Every register",
    "links": "Links and identity",
    "stops": "What stops the pump: dead-man, watchdog, permit",
    "walk": "One whole procedure with water, and what is refused on the way",
    "flow": "Injection: hold, stop latency, occlusion, retract, alarms",
    "cables": "Cable pull and power cycle in mid injection",
    "restart": "Death of the controller and recovery",
}
"""Suites in the order in which they run; a suite is the file ``checks/check_<name>.py``."""


def counts(results: list[Result]) -> dict[str, Any]:
    """How many passed, failed by class, and were skipped."""
    failed = [r for r in results if r.verdict == "failed"]
    by_class = {fault.value: sum(r.fault == fault.value for r in failed) for fault in Fault}
    return {
        "passed": sum(r.verdict == "passed" for r in results),
        "failed": len(failed),
        **by_class,
        "skipped": sum(r.verdict == "skipped" for r in results),
    }
