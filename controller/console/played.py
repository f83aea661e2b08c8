"""A closed procedure to step through: its phases, alarms, decisions and curves, from the record.

Plain JSON, times in ms since the procedure began, values with their units in the names. Nothing
is worked out anew but the estimate of net pressure, as in the report, and nothing is hidden: a
curve that is thinned keeps the lowest and the highest of each span, and a gap stays a gap.
"""

from collections.abc import Iterator
from typing import Any, Final

from controller.record.report_case import Case, Point
from controller.record.report_events import told
from state_machine.entries import (
    AlarmChanged,
    Exposed,
    GateClosed,
    HoldChanged,
    LedgerChanged,
    LedgerNarrowed,
    MotionEnded,
    MotionIntent,
    PhaseChanged,
    Refused,
    SelfTest,
    Started,
)

SPAN_MS: Final = 200
"""A curve has two points in each such span at most."""
SPANS_MOST_COUNT: Final = 6_000
"""More than so many, and the spans are longer: a page stays below a megabyte a curve."""
GAP_MS: Final = 2_000
"""Readings further apart are not joined: an idle room is asked at least twice a second, and is
written down at least once (docs/record.md)."""
EVENTS_MOST_COUNT: Final = 4_000
_NS_PER_MS: Final = 1_000_000
_ENDS: Final = frozenset({"gone, latched", "cleared"})

_KINDS: Final[dict[type, str]] = {
    PhaseChanged: "phase",
    AlarmChanged: "alarm",
    Refused: "refused",
    GateClosed: "gate",
    HoldChanged: "hold",
    MotionIntent: "motion",
    MotionEnded: "motion",
    LedgerNarrowed: "volume",
    Exposed: "exposure",
    SelfTest: "test",
    Started: "restart",
}
"""What sort of event an entry is; all others are notes."""


def played(case: Case) -> dict[str, Any]:
    """The procedure as one object (``docs/console-protocol.md``)."""
    curves = case.curves
    span_ms = max(1, (case.end_utc_ns - case.begin_utc_ns) // _NS_PER_MS)
    limits = {row[0]: row[1] for row in case.started.limits} if case.started else {}
    events = list(_events(case))
    return {
        "case": case.number,
        "closed": case.closed,
        "begin_utc_ms": case.begin_utc_ns // _NS_PER_MS,
        "span_ms": span_ms,
        "mode": case.started.mode if case.started else "",
        "limits": limits,
        "phases": [[a // _NS_PER_MS, b // _NS_PER_MS, name] for a, b, name in case.phases()],
        "alarms": _alarms(case, span_ms),
        "events": events[:EVENTS_MOST_COUNT],
        "events_left_out": max(0, len(events) - EVENTS_MOST_COUNT),
        "volumes": [
            [t_ns // _NS_PER_MS, entry.duct, entry.low_nl, entry.high_nl]
            for t_ns, entry in case.of(LedgerChanged)
        ],
        "curves": {
            "line_pa": thinned(curves.line_pa, span_ms),
            "net_pa": thinned(curves.net_pa, span_ms),
            "upper_pa": thinned(curves.upper_pa, span_ms),
            "flow_nl_min": thinned(curves.confirmed_nl_min, span_ms),
            "counter_nl": thinned(curves.counter_nl, span_ms),
            "force_mn": thinned(curves.force_mn, span_ms),
        },
    }


def _alarms(case: Case, span_ms: int) -> list[list[Any]]:
    """[from, to, name, priority, words] of each occurrence; to the end where it never went."""
    found: list[list[Any]] = []
    running: dict[str, list[Any]] = {}
    for t_ns, change in case.of(AlarmChanged):
        t_ms = t_ns // _NS_PER_MS
        if change.change == "raised":
            running[change.alarm] = [t_ms, span_ms, change.alarm, change.priority, change.words]
            found.append(running[change.alarm])
        elif change.change in _ENDS and change.alarm in running:
            running.pop(change.alarm)[1] = t_ms
    return found


def _events(case: Case) -> Iterator[dict[str, Any]]:
    for t_ns, entry in case.entries:
        said = _said(entry)
        if said is not None:
            what, words, by = said
            kind = _KINDS.get(type(entry), "note")
            yield {
                "t_ms": t_ns // _NS_PER_MS,
                "kind": kind,
                "what": what,
                "words": words,
                "by": by,
            }


def _said(entry: object) -> tuple[str, str, str] | None:
    """(what, words, by): as the report says it, and also what was refused and why."""
    match entry:
        case Refused():
            return f"refused: {entry.what}", "; ".join(entry.words), entry.by
        case GateClosed():
            return f"gate: {entry.output}", f"{entry.words} ({entry.way_back})", ""
        case SelfTest():
            verdict = "passed" if entry.passed else "FAILED"
            band = f"{entry.measured}, must be {entry.low} to {entry.high} {entry.unit}"
            return f"self-test {entry.name}", f"{verdict}: {band}", ""
    line = told(entry)
    return None if line is None else line[:3]


def thinned(curve: list[Point], span_ms: int) -> list[list[int | None]]:
    """[t, value] points: lowest and highest of each span, in their order; null in a gap."""
    width_ms = max(SPAN_MS, -(-span_ms // SPANS_MOST_COUNT))
    points: list[list[int | None]] = []
    last_ms = 0
    for bucket in _buckets(curve, width_ms):
        first_ms = bucket[0].t_ns // _NS_PER_MS
        if points and first_ms - last_ms > GAP_MS:
            points.append([last_ms + 1, None])
        low, high = min(bucket, key=_value), max(bucket, key=_value)
        ends = [low] if low.value == high.value else sorted((low, high))
        points += [[point.t_ns // _NS_PER_MS, point.value] for point in ends]
        last_ms = bucket[-1].t_ns // _NS_PER_MS
    return points


def _value(point: Point) -> int:
    return point.value


def _buckets(curve: list[Point], width_ms: int) -> Iterator[list[Point]]:
    bucket: list[Point] = []
    width_ns, number = width_ms * _NS_PER_MS, -1
    for point in curve:
        if bucket and point.t_ns // width_ns != number:
            yield bucket
            bucket = []
        number = point.t_ns // width_ns
        bucket.append(point)
    if bucket:
        yield bucket
