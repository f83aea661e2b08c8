"""The report's tables of what happened when: alarms, time line, refusals, gate closings."""

from typing import Final

from controller.record.report_case import Case
from controller.record.report_html import TIME, pill, table
from controller.record.report_units import decimal, show, show_fact, show_relative
from state_machine.entries import (
    AlarmChanged,
    Exposed,
    GateClosed,
    HoldChanged,
    LedgerNarrowed,
    MotionEnded,
    MotionIntent,
    Noted,
    PhaseChanged,
    Refused,
    Started,
    WallClock,
)

STOPS: Final = frozenset(
    {"stop", "pain", "abort", "suspected-extravasation", "medical-emergency", "device-fault"}
)
"""Events of the workflow that ended or broke off what was under way."""
_GONE: Final = frozenset({"gone, latched", "cleared"})
"""Changes of an alarm after which its condition is not there any more."""


class _AlarmRow:
    """One alarm from its rise to its end."""

    def __init__(self, t_ns: int, alarm: AlarmChanged) -> None:
        self.t_ns = t_ns
        self.alarm = alarm
        self.end = ""
        self.acknowledged = "no"


def alarms(case: Case) -> str:
    """Each alarm from its rise to its end."""
    rows: list[_AlarmRow] = []
    running: dict[str, _AlarmRow] = {}
    for t_ns, change in case.of(AlarmChanged):
        row = running.get(change.alarm)
        if change.change == "raised" or row is None:
            row = running[change.alarm] = _AlarmRow(t_ns, change)
            rows.append(row)
        if change.change in _GONE:
            row.end = row.end or show_relative(t_ns)
        elif change.change == "acknowledged":
            row.acknowledged = f"{show_relative(t_ns)} {change.by}".strip()
    return table(
        (TIME, "Priority", "Alarm", "Words", "@Gone", "Acknowledged"),
        [
            (
                show_relative(row.t_ns),
                pill(row.alarm.priority, row.alarm.priority),
                row.alarm.alarm,
                row.alarm.words,
                row.end or "present to the end",
                row.acknowledged,
            )
            for row in rows
        ],
        empty="No alarm was raised.",
    )


def time_line(case: Case) -> str:
    """What happened, in the order of the record."""
    rows: list[tuple[object, ...]] = []
    kinds: list[str] = []
    for t_ns, entry in case.entries:
        told_of = told(entry)
        if told_of is not None:
            what, words, by, kind = told_of
            rows.append((show_relative(t_ns), what, words, by))
            kinds.append(kind)
    return table((TIME, "Event", "What", "@By"), rows, kinds=kinds)


def told(entry: object) -> tuple[str, str, str, str] | None:
    """(event, words, by, row class) of an entry that belongs on the time line."""
    match entry:
        case PhaseChanged():
            kind = "warn" if entry.event in STOPS else "step"
            return entry.event, f"{entry.source} → {entry.phase}", entry.by, kind
        case MotionIntent():
            volume = show("_nl", entry.until_nl - entry.base_nl)
            return "motion planned", f"{entry.purpose}, {volume}", "", ""
        case MotionEnded():
            end = "reached" if entry.reached else entry.why or "ended early"
            return "motion ended", f"{entry.purpose}, {show('_nl', entry.moved_nl)}: {end}", "", ""
        case LedgerNarrowed():
            words = (
                f"high {show('_nl', entry.high_before_nl)} → {show('_nl', entry.high_nl)}, low"
                f" {show('_nl', entry.low_before_nl)} → {show('_nl', entry.low_nl)}; motion"
                f" {entry.motion_id} was told up to {show('_nl', entry.until_nl)}, the pump's"
                f" counter stands at {show('_nl', entry.counter_nl)}; {entry.identity} was never"
                f" without power; {entry.proof}"
            )
            return "ledger narrowed", words, "", "step"
        case HoldChanged():
            return f"hold {entry.hold}", f"{entry.action} {entry.why}".strip(), "", ""
        case Exposed():
            return "exposure", f"{entry.view}, number {entry.exposure_count}", "", "step"
        case AlarmChanged():
            kind = "warn" if entry.change == "raised" else ""
            return (
                f"alarm {entry.change}",
                ": ".join(filter(None, (entry.alarm, entry.words))),
                entry.by,
                kind,
            )
        case WallClock() | Started():
            return _told_of_the_machine(entry)
        case Noted():
            words = "; ".join(": ".join(show_fact(*fact)) for fact in entry.facts)
            return entry.topic, words, entry.by, ""
    return None


def _told_of_the_machine(entry: WallClock | Started) -> tuple[str, str, str, str]:
    if isinstance(entry, Started):
        return "controller started", entry.program, "", "warn"
    return "wall clock", clock_words(entry), "", "warn" if entry.step_ms else ""


def clock_words(entry: WallClock) -> str:
    """What became of the wall clock; dates after a step count by the clock as it was set."""
    way = "forward" if entry.step_ms > 0 else "back"
    step = f"was set {way} by {decimal(abs(entry.step_ms), 3)} s; " if entry.step_ms else ""
    return f"{step}{entry.sync.value}"


def refusals(case: Case) -> str:
    """What was asked for and refused, with the words of refusal."""
    rows = [
        (show_relative(t_ns), refused.what, "; ".join(refused.words), refused.by)
        for t_ns, refused in case.of(Refused)
    ]
    return table((TIME, "Asked for", "Refused because", "@By"), rows)


def gate_closings(case: Case) -> str:
    """Outputs that the gate closed, why, and the way back."""
    rows = [
        (show_relative(t_ns), gate.output, gate.words, gate.cause, gate.way_back)
        for t_ns, gate in case.of(GateClosed)
    ]
    return table((TIME, "Output", "Closed because", "Cause", "Way back"), rows)
