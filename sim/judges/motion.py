"""Judges of motion: hold, stops, intents, checkpoints, retract, rate, X-rays beside the pump."""

from collections.abc import Iterator
from typing import Final

from sim.judges import limits
from sim.judges.case import Case, Motion
from sim.judges.record import Entry

_MS: Final = 1_000_000
_NEVER_NS: Final = 2**63 - 1
_KEYPAD_NS: Final = 1
_BACK: Final = "retract"


def _ms(span_ns: int) -> str:
    return "for ever" if span_ns > _NEVER_NS // 2 else f"{span_ns / _MS:.0f} ms"


def _by_itself(case: Case, motion: Motion) -> bool:
    """Somebody pressed Start on the pump."""
    return any(abs(motion.on_ns - at) <= _KEYPAD_NS for at, _ in case.inputs("keypad_start"))


def hold(case: Case) -> Iterator[str]:
    """Nothing is infused without the hand on the switch, but for the time that a stop takes."""
    for motion in case.motions:
        if not motion.forward:
            continue
        since_ns, held = case.set_at("hold", motion.on_ns)
        if not held and not _by_itself(case, motion):
            allowed_ns = case.allowed_ns(limits.STOP_MS, since_ns, motion.on_ns)
            if not since_ns or motion.on_ns - since_ns > allowed_ns:
                ago = _ms(motion.on_ns - since_ns) if since_ns else "never pressed"
                yield f"the motor went on at {motion.on_ns} with the switch open ({ago})"


def stops(case: Case) -> Iterator[str]:
    """What asks for a stop is obeyed in time."""
    for at_ns, what, usual_ms in _demands(case):
        motion = case.moving_at(at_ns)
        if motion is None or (what == "the switch was released" and not motion.forward):
            continue
        allowed_ns = case.allowed_ns(usual_ms, at_ns, at_ns + usual_ms * _MS)
        if motion.off_ns - at_ns > allowed_ns and case.end_ns - at_ns > allowed_ns:
            yield (
                f"{what} at {at_ns}: the plunger went on for {_ms(motion.off_ns - at_ns)},"
                f" allowed {_ms(allowed_ns)}"
            )


def _demands(case: Case) -> Iterator[tuple[int, str, int]]:
    """Instants, words and usual milliseconds to standstill."""
    for at_ns, pressed in case.inputs("hold"):
        if not pressed and _pressed_again_ns(case, at_ns) - at_ns > limits.STOP_MS * _MS:
            yield at_ns, "the switch was released", limits.STOP_MS
    for at_ns, on in case.inputs("pain"):
        if on:
            yield at_ns, "pain was pressed", limits.STOP_MS
    for at_ns, on in case.inputs("emergency_stop"):
        if on:
            yield at_ns, "the emergency stop was pressed", limits.POWER_MS
    for at_ns, _ in case.inputs("keypad_start"):
        yield at_ns, "the motor was started on the keypad", limits.STOP_MS
    for fault in case.faults:
        over_ns = fault.until_ns - fault.struck_ns
        if fault.stop_ms and fault.flowed and over_ns >= fault.stop_ms * _MS:
            yield fault.struck_ns, f"{fault.name} struck", fault.stop_ms


def _pressed_again_ns(case: Case, at_ns: int) -> int:
    return next((when for when, on in case.inputs("hold") if on and when > at_ns), _NEVER_NS)


def intents(case: Case) -> Iterator[str]:
    """One intent on the disk before each motion, and no motion further than it says."""
    used: set[int] = set()
    plans = case.of("intent")
    for motion in case.motions:
        if _by_itself(case, motion):
            continue
        plan = next((p for p in reversed(plans) if p["at_ns"] <= motion.on_ns), None)
        if plan is None:
            yield f"the motor went on at {motion.on_ns} without an intent on record"
            continue
        if plan["motion_id"] in used and not _paused(case, motion):
            yield f"motion {plan['motion_id']} ran a second time at {motion.on_ns}"
        used.add(plan["motion_id"])
        durable = max((seq for at, seq in case.durable if at <= motion.on_ns), default=0)
        if durable < plan["seq"] and motion.on_ns > case.from_ns:
            yield f"motion {plan['motion_id']} ran at {motion.on_ns} before its intent was durable"
        yield from _too_far(case, motion, plan)


def _paused(case: Case, motion: Motion) -> bool:
    """Between two microsteps of one motion nothing stops; a restart counts as another one."""
    return any(from_ns <= motion.on_ns <= to_ns for from_ns, to_ns in case.restarts_ns)


def _too_far(case: Case, motion: Motion, plan: Entry) -> Iterator[str]:
    """The pump stops by itself at the volume it was told; one that hangs does not."""
    most_nl = _brought_nl(case, plan["until_nl"] - plan["base_nl"])
    if abs(motion.moved_nl) > most_nl and not case.spoiled("intents"):
        yield f"motion {plan['motion_id']} moved {motion.moved_nl} nL, its intent is {most_nl} nL"


def _brought_nl(case: Case, counted_nl: int) -> int:
    """What the plunger may bring of a volume that the pump counts."""
    return -(-counted_nl * case.brought_ppm // 1_000_000) + limits.COUNT_NL


def checkpoints(case: Case) -> Iterator[str]:
    """No intent reaches further than a checkpoint, or withdraws more than a retract may."""
    first, step = case.limits["first_checkpoint_nl"], case.limits["checkpoint_step_nl"]
    for plan in case.of("intent"):
        volume_nl = plan["until_nl"] - plan["base_nl"]
        if plan["purpose"] == "inject" and volume_nl > max(first, step) + limits.NEAR_NL:
            yield f"motion {plan['motion_id']} was to bring {volume_nl} nL without a checkpoint"
        if plan["purpose"] == _BACK and volume_nl > case.limits["retract_nl"]:
            yield f"motion {plan['motion_id']} was to withdraw {volume_nl} nL"


def retract(case: Case) -> Iterator[str]:
    """Backward only bounded, once an injection, and not under pain or emergency stop."""
    most_nl = min(case.limits["retract_nl"], limits.CEILINGS["retract_nl"])
    most_nl = _brought_nl(case, most_nl)
    for motion in case.motions:
        if motion.forward:
            continue
        if -motion.moved_nl > most_nl:
            yield f"{-motion.moved_nl} nL were withdrawn at {motion.on_ns}, allowed {most_nl}"
        for what in ("pain", "emergency_stop"):
            since_ns, on = case.set_at(what, motion.on_ns)
            if on and motion.on_ns - since_ns > limits.STOP_MS * _MS:
                yield f"withdrawn at {motion.on_ns} under {what}"


def kept_out(case: Case) -> Iterator[str]:
    """Nothing goes into the duct while something stands that must keep it out."""
    for fault in (one for one in case.faults if one.keeps_out):
        for motion in case.motions:
            inside = case.set_at("tip", motion.on_ns)[1] == "duct"
            if inside and motion.forward and fault.struck_ns < motion.on_ns < fault.until_ns:
                yield f"{motion.moved_nl} nL went in at {motion.on_ns} with {fault.name}"


def rate(case: Case) -> Iterator[str]:
    """The plunger is never faster than the profile, nor the profile than the ceiling."""
    if case.spoiled("rate"):
        return
    for inside, name in ((True, "rate_nl_min"), (False, "prime_rate_nl_min")):
        most = min(case.limits[name], limits.CEILINGS[name])
        most += most * limits.RATE_PPM // 1_000_000
        found = [s for s in case.samples if s.tip_in is inside and s.rate_nl_min > most]
        if found:
            first = found[0]
            yield f"{first.rate_nl_min} nL/min at {first.at_ns}, {name} is {case.limits[name]}"


def together(case: Case) -> Iterator[str]:
    """The pump does not move while X-rays are on."""
    for on_ns, off_ns in beams(case):
        for motion in case.motions:
            if motion.on_ns < off_ns and on_ns < motion.off_ns:
                yield f"motor from {motion.on_ns} and X-rays from {on_ns} at the same time"


def beams(case: Case) -> list[tuple[int, int]]:
    """X-rays from when to when."""
    found, began_ns = [], 0
    for event in case.events:
        if event.name == "beam-on":
            began_ns = event.at_ns
        elif event.name == "beam-off" and began_ns:
            found.append((began_ns, event.at_ns))
            began_ns = 0
    return [*found, (began_ns, _NEVER_NS)] if began_ns else found


def beam(case: Case) -> Iterator[str]:
    """X-rays only while the switch is held and the door closed, and never too long."""
    longest_ns = case.limits["expose_press_ns"] + limits.EXPOSE_MS * _MS
    for on_ns, off_ns in beams(case):
        end_ns = min(off_ns, case.end_ns)
        if end_ns - on_ns > longest_ns + case.allowed_ns(0, on_ns, end_ns):
            yield f"X-rays from {on_ns} lasted {_ms(end_ns - on_ns)}"
        if case.spoiled("beam"):
            continue
        since_ns, held = case.set_at("hold", on_ns)
        allowed_ns = case.allowed_ns(limits.BEAM_MS, since_ns, on_ns)
        if not held and on_ns - since_ns > allowed_ns:
            yield f"X-rays at {on_ns} with the switch open"
        for at_ns, pressed in case.inputs("hold"):
            allowed_ns = case.allowed_ns(limits.BEAM_MS, at_ns, at_ns)
            if not pressed and on_ns <= at_ns < end_ns and end_ns - at_ns > allowed_ns:
                yield f"X-rays went on for {_ms(end_ns - at_ns)} after the switch was released"
        for at_ns, value in (*case.inputs("emergency_stop"), *case.inputs("door")):
            if value in (True, "open") and on_ns <= at_ns < end_ns - limits.POWER_MS * _MS:
                yield f"X-rays went on for {_ms(end_ns - at_ns)} after door or emergency stop"
