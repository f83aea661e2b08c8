"""Judges of the whole run: the record, the alarms, a quiet end, and that it can go on."""

from collections.abc import Iterator
from typing import Final

from sim.judges import limits
from sim.judges.case import Broke, Case
from sim.judges.motion import beams
from sim.judges.record import broken

_MS: Final = 1_000_000


def journal(case: Case) -> Iterator[str]:
    """The record is chained and complete; instants only grow within one start of the machine."""
    fault = broken(case.rows)
    if fault:
        yield f"the record does not hold: {fault}"
        return
    before_ns = 0
    for entry in case.entries:
        if entry["at_ns"] < before_ns:
            yield f"entry {entry['seq']} is older than the one before it"
            return
        before_ns = entry["at_ns"]
    ended = {e["motion_id"] for e in case.of("motion-ended")}
    open_ids = [e["motion_id"] for e in case.of("intent") if e["motion_id"] not in ended]
    if len(open_ids) > len(case.restarts_ns):
        yield f"motions {open_ids[:3]} were never ended on record"


def alarms(case: Case) -> Iterator[str]:
    """Each alarm that must be raised is raised in time, while somebody is there to raise it."""
    raised = [e for e in case.of("alarm") if e["change"] == "raised"]
    for fault in case.faults:
        if not fault.alarms or not fault.flowed or not _long_enough(case, fault):
            continue
        until_ns = fault.seen_ns + fault.alarm_ms * _MS
        named = [e["alarm"] for e in raised if fault.struck_ns <= e["at_ns"] <= until_ns]
        if not set(named) & set(fault.alarms):
            yield (
                f"{fault.name} at {fault.seen_ns}: none of {', '.join(fault.alarms)} within"
                f" {fault.alarm_ms} ms, raised: {', '.join(named) or 'nothing'}"
            )


def null(case: Case) -> Iterator[str]:
    """Where nothing goes wrong nothing is alarmed, but for what only informs."""
    if not case.null:
        return
    for entry in case.of("alarm"):
        if entry["change"] == "raised" and entry["priority"] != "low":
            yield f"{entry['alarm']} was raised at {entry['at_ns']}, and nothing was wrong"


def _long_enough(case: Case, fault: Broke) -> bool:
    """It lasted until the alarm was due, and nothing else took the controller away meanwhile."""
    due_ns = fault.seen_ns + fault.alarm_ms * _MS
    if fault.mended_ns and fault.mended_ns < due_ns:
        return fault.mended_ns == fault.struck_ns
    gone = any(from_ns < due_ns and to_ns > fault.struck_ns for from_ns, to_ns in case.restarts_ns)
    beside = any(
        other is not fault and other.struck_ns < due_ns and other.until_ns > fault.struck_ns
        for other in case.faults
    )
    return not gone and not beside and due_ns < case.end_ns


def quiet(case: Case) -> Iterator[str]:
    """At the end nothing moves and no X-rays are on."""
    for motion in case.motions:
        if motion.off_ns > case.end_ns - limits.QUIET_NS:
            yield f"the plunger still moved at {min(motion.off_ns, case.end_ns)}, the end"
    if any(off_ns > case.end_ns - limits.QUIET_NS for _, off_ns in beams(case)):
        yield "X-rays were on at the end"


def goes_on(case: Case) -> Iterator[str]:
    """The faults have ceased: the procedure ends, and another one can be begun."""
    if case.outcome != "closed":
        yield f"the procedure never ended: {case.outcome}"
    elif not case.fresh:
        yield "no other procedure could be begun afterwards"
