"""What must be true after a failure: judged from the devices and from the record on the disk."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from controller.record.verify import verify
from sim.failures import table
from sim.failures.table import Failure
from sim.site.record import Record
from sim.site.site import Truth

TAIL_NL: Final = 100
"""What the line may still hold of the open-tip test when the cannula is placed: the pump's
counter, which is the only count, was cleared before."""
_HEARTBEAT, _COMMANDED = 2, 3
_BY_PIN: Final = {_HEARTBEAT: table.WATCHDOG, _COMMANDED: table.PERMIT}
_BY: Final = {
    "command": table.SOFTWARE,
    "power": table.POWER,
    "safe-mode": table.SAFE_MODE,
    "volume": table.VOLUME,
}
_NS_PER_MS: Final = 1_000_000


class Seen(Protocol):
    """What a judge sees of a site: its devices, never what the controller says."""

    @property
    def inserted(self) -> Truth:
        """What was true when the cannula went in; empty before."""

    def events(self, since_ns: int) -> list[tuple[int, str, Any, int]]:
        """Inputs and motor since an instant."""

    def truth(self) -> Truth:
        """What is really so."""


class Stop(NamedTuple):
    """How the plunger came to stand."""

    stopped_ms: float
    plunger_nl: int
    layer: str
    off_ns: int


def stop_of(site: Seen, began_ns: int, before: Truth) -> Stop | None:
    """The first standstill since; None while the plunger moves or never moved.

    Which trip the stop line stands for is known soon after only: the box escalates.
    """
    for at_ns, name, value, plunger_nl in site.events(began_ns):
        if name == "motor-off":
            cause = site.truth()["trip_cause"]
            layer = _BY_PIN.get(cause, f"pin {cause}") if value == "pin" else _BY.get(value, value)
            moved_nl = plunger_nl - before["plunger_nl"]
            return Stop((at_ns - began_ns) / _NS_PER_MS, moved_nl, layer, at_ns)
    return None


def motions(site: Seen, since_ns: int) -> int:
    """How often the motor went on after an instant."""
    return sum(name == "motor-on" and at > since_ns for at, name, _, _ in site.events(since_ns))


def forestalled(row: Failure, stop: Stop | None) -> list[str]:
    """A controller that was late, say, stopped before the layer in question had to."""
    early = stop is not None and stop.layer == table.SOFTWARE not in row.layers
    return ["stopped by software before the failure could tell"] if early else []


def stopped_well(row: Failure, stop: Stop | None) -> list[str]:
    """The right layer, in time."""
    if stop is None:
        return [f"the plunger still moves; {' or '.join(row.layers)} should have stopped it"]
    found = []
    if stop.layer not in (*row.layers, table.SOFTWARE):
        found.append(f"stopped by {stop.layer}, not by {' or '.join(row.layers)}")
    if stop.stopped_ms > row.most_ms:
        found.append(f"stopped after {stop.stopped_ms:.0f} ms, accepted {row.most_ms} ms")
    return found


def volume(site: Seen, record: Record, truth: Truth, proven: bool) -> list[str]:
    """Truth within what the record says; ``proven``: the controller has counted since."""
    book = record.more().ledger()
    if book is None or not site.inserted:
        return []
    given_nl = truth["plunger_nl"] - site.inserted["plunger_nl"]
    entered_nl = truth["entered_nl"] - site.inserted["entered_nl"]
    high_nl = book.side_day_high_nl
    if not proven:
        high_nl += max(0, book.intent_nl - book.high_nl)
    found = []
    if given_nl > high_nl:
        found.append(f"the plunger gave {given_nl} nL, the record knows of {high_nl} nL")
    if entered_nl > high_nl + TAIL_NL:
        found.append(f"{entered_nl} nL entered, the record knows of {high_nl} nL")
    if book.side_day_low_nl > given_nl:
        found.append(f"the record claims {book.side_day_low_nl} nL, {given_nl} nL were given")
    return found


def widths(site: Seen, record: Record, truth: Truth) -> dict[str, int]:
    """What was given and what the record makes of it, as the virtual deaths tell it."""
    book = record.more().ledger()
    if book is None or not site.inserted:
        return {}
    given_nl = truth["plunger_nl"] - site.inserted["plunger_nl"]
    low_nl, high_nl = book.side_day_low_nl, book.side_day_high_nl
    return {"truth_nl": given_nl, "low_nl": low_nl, "high_nl": high_nl}


def chain(record: Record) -> list[str]:
    """The record holds together."""
    verdict = verify(record.path)
    return [] if verdict.ok else [f"the record does not hold: {verdict}"]


def missing(wanted: Sequence[str], raised: Sequence[str]) -> list[str]:
    """Alarms that should have been raised."""
    absent = [name for name in wanted if name not in raised]
    return (
        [f"no alarm {', '.join(absent)}; raised: {', '.join(raised) or 'none'}"] if absent else []
    )
