"""Judges of volume, pressure and force: the truth beside the record, and the ceilings."""

from collections.abc import Iterator
from typing import Any, Final

from sim.judges import limits
from sim.judges.case import Case
from sim.judges.record import Entry

_NEVER_NS: Final = 2**63 - 1


def _first_procedure_ends_ns(case: Case) -> int:
    """Volumes are told of one breast and day: those of the next patient begin at 0."""
    closed = (e["at_ns"] for e in case.of("phase") if e["phase"] == "standby")
    return next(closed, _NEVER_NS)


def _ledgers(case: Case) -> list[Entry]:
    end_ns = _first_procedure_ends_ns(case)
    return [e for e in case.of("ledger") if e["at_ns"] <= end_ns]


def high(case: Case) -> Iterator[str]:
    """What the plunger gave since the cannula went in is within what the record may have."""
    tip_ns, end_ns = case.tip_in_ns, _first_procedure_ends_ns(case)
    books = _ledgers(case)
    inside_nl = case.plunger_at(tip_ns)
    for at_ns, plunger_nl in _standstills(case, tip_ns, end_ns):
        book = next((b for b in reversed(books) if b["at_ns"] <= at_ns), None)
        if book is None:
            continue
        given_nl = plunger_nl - inside_nl
        most_nl = book["side_day_high_nl"] + max(0, book["intent_nl"] - book["high_nl"])
        if given_nl > most_nl + limits.COUNT_NL:
            yield f"the plunger gave {given_nl} nL by {at_ns}, the record allows {most_nl} nL"
    for book in books:
        if book["at_ns"] <= tip_ns or case.moving_at(book["at_ns"]) is not None:
            continue
        given_nl = case.plunger_at(book["at_ns"]) - inside_nl
        most_nl = book["side_day_high_nl"] + max(0, book["intent_nl"] - book["high_nl"])
        if given_nl > most_nl + limits.COUNT_NL:
            yield f"{given_nl} nL were given by {book['at_ns']}, the record says {most_nl} nL"


def _standstills(case: Case, from_ns: int, to_ns: int) -> list[tuple[int, int]]:
    return [(m.off_ns, m.to_nl) for m in case.motions if from_ns < m.off_ns <= to_ns]


def low(case: Case) -> Iterator[str]:
    """The record never claims more than the plunger gave."""
    located = (e["at_ns"] for e in case.of("phase") if e["phase"] == "locate-duct")
    from_nl = case.plunger_at(next(located, 0))
    for book in _ledgers(case):
        motion = case.moving_at(book["at_ns"])
        now_nl = motion.to_nl if motion is not None else case.plunger_at(book["at_ns"])
        if motion is not None and not motion.forward:
            now_nl = motion.from_nl
        if book["side_day_low_nl"] > now_nl - from_nl + limits.COUNT_NL:
            yield (
                f"the record claims {book['side_day_low_nl']} nL at {book['at_ns']},"
                f" {now_nl - from_nl} nL were given"
            )


def entered(case: Case) -> Iterator[str]:
    """What is in and around the duct at the end is within the record, and was really given."""
    books = _ledgers(case)
    end_ns = _first_procedure_ends_ns(case)
    last = [s for s in case.samples if s.at_ns <= end_ns]
    if not books or not last or case.moving_at(last[-1].at_ns) is not None:
        return
    book, truth = books[-1], last[-1]
    most_nl = book["side_day_high_nl"] + max(0, book["intent_nl"] - book["high_nl"])
    if truth.entered_nl > most_nl + limits.TAIL_NL:
        yield f"{truth.entered_nl} nL are in, the record allows {most_nl} nL"


def narrow(case: Case) -> Iterator[str]:
    """High falls only by an entry that names its evidence; low never falls."""
    before: dict[str, Any] | None = None
    narrowed = 0
    for entry in case.of("ledger", "ledger-narrowed", "phase"):
        if entry["entry"] == "phase":
            before = None if entry["phase"] == "standby" else before
            continue
        if entry["entry"] == "ledger-narrowed":
            narrowed += 1
            continue
        if before is not None and entry["side_day_low_nl"] < before["side_day_low_nl"]:
            yield f"low fell at {entry['at_ns']}"
        if before is not None and entry["side_day_high_nl"] < before["side_day_high_nl"]:
            if not narrowed:
                yield f"high fell at {entry['at_ns']} without evidence"
            narrowed = 0
        before = entry


def ceilings(case: Case) -> Iterator[str]:
    """The record's limits are within the ceilings, and the truth within the limits."""
    for name, most in limits.CEILINGS.items():
        if case.limits[name] > most:
            yield f"{name} = {case.limits[name]} is in force, its ceiling is {most}"
    if case.spoiled("ceilings"):
        return
    tip_ns, end_ns = case.tip_in_ns, _first_procedure_ends_ns(case)
    inside = [m for m in case.motions if m.forward and tip_ns < m.on_ns < end_ns]
    given_nl = sum(m.moved_nl for m in inside)
    most_nl = min(case.limits["duct_volume_nl"], limits.CEILINGS["duct_volume_nl"]) * case.ducts
    if given_nl > most_nl:
        yield f"{given_nl} nL were given to one duct, allowed {most_nl}"
    # a further injection is a person's decision, and no larger than the first one
    most_nl = case.ordered_nl * (1 if case.null else case.limits["injections_per_duct_count"])
    if case.ordered_nl and given_nl > most_nl * 106 // 100 + _extra_nl(case):
        yield f"{given_nl} nL were given, {case.ordered_nl} were ordered"
    motor_ns = sum(min(m.off_ns, case.end_ns) - m.on_ns for m in inside)
    if motor_ns > (case.limits["motor_time_ns"] + 10**9) * max(1, len(_injections(case))):
        yield f"the motor ran {motor_ns / 1e9:.0f} s in one injection"
    primed_nl = sum(m.moved_nl for m in case.motions if m.forward and m.on_ns < tip_ns)
    if primed_nl > case.limits["prime_total_nl"]:
        yield f"{primed_nl} nL were primed"


def _injections(case: Case) -> list[Entry]:
    """Each injection, by the step that named its volume."""
    return [e for e in case.of("phase") if e["phase"] == "armed"]


def _extra_nl(case: Case) -> int:
    """What stops that are slow may bring beyond the order, at the highest rate."""
    slow_ms = max([0, *(max(f.slows_ms, f.stop_ms) for f in case.faults)])
    return 2_000 + case.limits["rate_nl_min"] * slow_ms // 60_000


def line_pressure(case: Case) -> Iterator[str]:
    """True line pressure stays near its limit, whatever happens."""
    if case.spoiled("line-pressure"):
        return
    most_pa = min(case.limits["line_pressure_pa"], limits.CEILINGS["line_pressure_pa"])
    over = [s for s in case.samples if s.line_pa > most_pa + limits.LINE_PA]
    if over:
        yield f"line pressure {over[0].line_pa} Pa at {over[0].at_ns}, limit {most_pa}"


def duct_pressure(case: Case) -> Iterator[str]:
    """True duct pressure while contrast is given stays below the stop level."""
    if case.spoiled("duct-pressure"):
        return
    most_pa = min(case.limits["net_stop_pa"], limits.CEILINGS["net_stop_pa"])
    over = [
        s
        for s in case.samples
        if s.rate_nl_min and s.tip_in and s.duct_pa > most_pa + limits.PRESSURE_PA
    ]
    if over:
        yield f"duct pressure {over[0].duct_pa} Pa at {over[0].at_ns}, stop level {most_pa}"


def force(case: Case) -> Iterator[str]:
    """Compression with contrast in the duct stays below its limit."""
    most_mn = min(case.limits["force_mn"], limits.CEILINGS["force_mn"])
    over = [s for s in case.samples if s.force_mn > most_mn * 102 // 100]
    if over:
        yield f"compressed with {over[0].force_mn} mN at {over[0].at_ns}, limit {most_mn}"
