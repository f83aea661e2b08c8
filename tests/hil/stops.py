"""How a running pump came to stand, from the record: who saw what when, and how far it ran on.

Instants are those of the questions that the answers belong to (so they are early by at most one
exchange, never late); the motor pin is the pump's own output at the room box, polled every 50 ms.
"""

from collections.abc import Callable
from typing import NamedTuple

from state_machine.entries import AnyEntry, Inputs
from state_machine.readings import PumpReading, TripCause
from tests.hil.bench import Bench, boxes, pumps
from tests.hil.verdicts import PRODUCT, UNIT, HilFailure

STAND_S = 8.0


class Stop(NamedTuple):
    """One stop."""

    seen_ns: int
    """When the controller saw the trigger; the instant of the trigger itself where it saw none."""
    asked_ms: float
    """From there until STP was first said; -1: never."""
    pin_ms: float
    """Until the motor pin was seen low; -1: never."""
    overrun_nl: int
    """What the pump counted after the trigger was seen."""
    rate_nl_min: int
    cause: TripCause
    """What the box had latched by then."""
    series: tuple[tuple[float, float], ...]
    """(ms, nL) on the pump's counter around it."""


def stop(
    bench: Bench,
    trigger: Callable[[], None],
    seen: Callable[[Inputs], bool] = lambda _inputs: False,
    watch_s: float = STAND_S,
) -> Stop:
    """Pull a trigger while it flows and watch until the pump stands.

    Raises:
        HilFailure: it does not come to stand.
    """
    mark, told_ns = bench.mark(), bench.place.now_ns()
    rate_nl_min = bench.shown["rate"]["confirmed_nl_min"]
    trigger()
    bench.until(
        lambda s: s["rate"]["confirmed_nl_min"] == 0 and s["hold"]["phase"] != "open",
        watch_s,
        "the pump was not stopped",
        PRODUCT,
    )
    bench.let_pass(0.8)
    return judged(bench.since(mark), told_ns, rate_nl_min, seen)


def judged(
    entries: list[AnyEntry], told_ns: int, rate_nl_min: int, seen: Callable[[Inputs], bool]
) -> Stop:
    """The same from entries that are at hand."""
    inputs = [e for e in entries if isinstance(e, Inputs)]
    seen_ns = next((e.at_ns for e in inputs if e.at_ns >= told_ns and seen(e)), told_ns)
    asked = [p.stop_asked_ns for p in pumps(entries) if p.stop_asked_ns >= seen_ns]
    low = [b for b in boxes(entries) if b.at_ns >= seen_ns and not b.motor_pin]
    if not boxes(entries) or (not low and any(b.motor_pin for b in boxes(entries)[-1:])):
        raise HilFailure(UNIT, "the motor pin stays high: the pump was never seen to stand")
    counted = pumps(entries)
    after = [
        p for p in counted if p.at_ns > seen_ns and p.power_up_count == counted[0].power_up_count
    ]
    overrun_nl = max((p.infused_nl for p in after), default=0) - counter_at(
        counted, seen_ns, rate_nl_min
    )
    return Stop(
        seen_ns,
        (asked[0] - seen_ns) / 1e6 if asked else -1,
        (low[0].at_ns - seen_ns) / 1e6 if low else -1,
        max(0, overrun_nl) if after else 0,
        rate_nl_min,
        boxes(entries)[-1].trip_cause,
        tuple(((p.at_ns - seen_ns) / 1e6, float(p.infused_nl)) for p in counted),
    )


def counter_at(counted: list[PumpReading], seen_ns: int, rate_nl_min: int) -> int:
    """What the counter had come to at an instant, from its newest answer and the rate."""
    before = [p for p in counted if p.at_ns <= seen_ns]
    if not before:
        return 1 << 40
    newest = before[-1]
    return newest.infused_nl + rate_nl_min * (seen_ns - newest.at_ns) // (60 * 10**9)
