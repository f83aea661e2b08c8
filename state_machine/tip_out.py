"""A person's word that the tip is out of the patient: one motion into the open, then held for.

And the word that contrast shows at it.

Prime, open-tip test, a drop at the tip, the drops of the daily check, and what is dispensed into
a vessel (safety rules 1.7).
"""

from typing import Final

import msgspec

from state_machine import (
    beats,
    course,
    daily_check,
    effects,
    injection,
    motions,
    observe,
    selftests,
)
from state_machine import hold as hold_gate
from state_machine import requests as rq
from state_machine.alarms import none_blocks
from state_machine.state import SHUT_PURPOSES, HoldAction, Phase, Purpose, State
from state_machine.turn import Turn

replace = msgspec.structs.replace

_PHASES: Final = {
    Purpose.PRIME: (Phase.PRIME,),
    Purpose.STIFFNESS: (Phase.PRIME,),
    Purpose.RETRACT_TEST: (Phase.PRIME,),
    Purpose.OPEN_TIP: (Phase.PRIME,),
    Purpose.TIP_DROP: (Phase.LOCATE_DUCT,),
    Purpose.CHECK: (Phase.STANDBY,),
    Purpose.DISPENSE: (Phase.STANDBY,),
}


def take(turn: Turn, request: rq.TipOut) -> tuple[str, ...]:
    """The word that the tip is out makes one motion with the tip out possible."""
    state, limits = turn.state, turn.state.profile.limits
    purpose = injection.purpose_of(request.purpose)
    if purpose is None:
        return turn.refuse(
            request,
            "the purpose is prime, stiffness, retract-test, open-tip, tip-drop, daily-check or"
            " dispense",
        )
    if state.phase not in _PHASES[purpose]:
        return turn.refuse(request, f"{purpose.value} is not possible in '{state.phase.value}'")
    duct = state.duct
    refusals = [
        words
        for refused, words in (
            (not request.by.strip(), "say who you are"),
            (
                purpose is Purpose.CHECK and not daily_check.wants_motion(state),
                "the daily check does not wait for a motion now",
            ),
            *_not_dispensing(turn, request, purpose),
            (not observe.zeroed(state, turn.readings), "zero the line sensor first"),
            *_out_of_order(turn, request, purpose),
            (
                purpose not in (Purpose.CHECK, Purpose.DISPENSE)
                and not observe.temperature_ok(state, turn.readings, turn.now_ns),
                "the contrast temperature is missing, was entered too long ago, or is out of range",
            ),
            (
                purpose is not Purpose.RETRACT_TEST
                and abs(observe.rest_pa(state)) > limits.rest_pressure_pa,
                "the line pressure at rest is not zero: open the stopcock, wait until it has come"
                " down, or zero again",
            ),
            (state.plan is not None, "a motion is under way: release the switch, wait"),
            (
                not observe.injection_readings_fresh(state, turn.readings, turn.now_ns),
                "pump, line pressure or switches are not heard in time: wait",
            ),
            (
                not observe.proven_stopped(turn.readings.pump),
                "the pump is not proven to stand still: wait",
            ),
            (not hold_gate.may_arm(state.hold, limits, turn.now_ns), "release the switch first"),
            *_console_unfit(state, request, turn.now_ns),
            (not none_blocks(state), "acknowledge the alarms first"),
            (
                purpose is Purpose.TIP_DROP
                and duct is not None
                and duct.drop_count >= limits.tip_drop_count,
                f"{limits.tip_drop_count} drops were given for this duct: no more",
            ),
        )
        if refused
    ]
    if refusals:
        return turn.refuse(request, *refusals)
    said_ns = turn.now_ns if purpose in SHUT_PURPOSES else 0
    line = selftests.cleared_for(state.line, purpose)
    shut_pa = (turn.readings.line.pressure_pa or 0) if purpose is Purpose.RETRACT_TEST else 0
    turn.set(line=replace(line, tip_out_ns=turn.now_ns, stopcock_ns=said_ns, shut_pa=shut_pa))
    if purpose is Purpose.TIP_DROP and duct is not None:
        turn.set(duct=replace(duct, drop_count=duct.drop_count + 1))
    turn.noted(request, "tip-out", purpose=purpose.value)
    motions.begin(turn, injection.tip_out_motion(turn.state, turn.readings, purpose))
    effects.arm_hold(turn, HoldAction.PRIME, request, request.token)
    return ()


def _not_dispensing(
    turn: Turn, request: rq.TipOut, purpose: Purpose
) -> tuple[tuple[bool, str], ...]:
    """Dispensing was begun, by the tool that asks."""
    begun, wanted = turn.state.dispensing, purpose is Purpose.DISPENSE
    other = begun is not None and begun.connection != request.connection
    return (
        (wanted and begun is None, "dispensing is not begun: say first what is dispensed"),
        (wanted and other, "another tool has begun to dispense: it goes on, or ends it"),
        (
            begun is not None and wanted and not _confirmed(turn, begun.diameter_um),
            "the pump has not confirmed the syringe yet: wait",
        ),
        (
            wanted and request.role is not rq.Role.SERVICE,
            "service work is done in the role service",
        ),
    )


def _confirmed(turn: Turn, diameter_um: int) -> bool:
    pump = turn.readings.pump
    return pump.settings_ok and pump.diameter_um == diameter_um


def _console_unfit(state: State, request: rq.TipOut, now_ns: int) -> tuple[tuple[bool, str], ...]:
    """What a console must be before anything is armed."""
    return (
        (not hold_gate.is_seen(state, HoldAction.PRIME, now_ns), hold_gate.NOT_LIVE),
        (not beats.in_control(state, request), beats.NOT_IN_CONTROL),
        (not beats.is_quick(state, HoldAction.PRIME, now_ns), beats.TOO_SLOW),
        (not beats.is_up(state, now_ns), beats.PAD_DOWN),
    )


def _out_of_order(turn: Turn, request: rq.TipOut, purpose: Purpose) -> tuple[tuple[bool, str], ...]:
    """The open-tip test comes last: only it shows that the stopcock is open again."""
    state = turn.state
    opens, takes_back = purpose is Purpose.OPEN_TIP, purpose is Purpose.RETRACT_TEST
    pushed = selftests.passed(state, selftests.STIFFNESS)
    return (
        (purpose in (*SHUT_PURPOSES, Purpose.OPEN_TIP) and not state.line.primed, "prime first"),
        (
            purpose in SHUT_PURPOSES and not request.stopcock_closed,
            "close the stopcock, and say so",
        ),
        (
            (opens or takes_back) and not pushed,
            "the stiffness push comes first: close the stopcock, say so, hold",
        ),
        (
            opens and pushed and not selftests.passed(state, selftests.RETRACT),
            "the retract test comes first: the stopcock still closed, say so, hold; where it"
            " failed, open the stopcock, wait, and push again",
        ),
        (
            takes_back
            and pushed
            and (not state.line.pushed_nl or selftests.taken_back(state, turn.readings)),
            "no pressure is shut in any more: was the stopcock opened, or does it leak? Push again",
        ),
    )


def first_drop(turn: Turn, request: rq.FirstDrop) -> tuple[str, ...]:
    """Contrast shows at the tip: what was moved until now is held against the dead space."""
    state, plan, line = turn.state, turn.state.plan, turn.state.line
    priming = plan is not None and plan.purpose is Purpose.PRIME and bool(plan.running_ns)
    refusals = [
        words
        for refused, words in (
            (state.phase is not Phase.PRIME, "the first drop is said in prime and zero"),
            (not request.by.strip(), "say who you are"),
            (
                selftests.proof(state, selftests.FIRST_DROP) is not None,
                "the first drop was said already: only an empty line has another (mount anew)",
            ),
            (
                not (priming or (plan is None and line.paused)),
                "the first drop is said while the prime runs, or right after it was released:"
                " too late, mount anew with an empty line",
            ),
        )
        if refused
    ]
    if refusals:
        return turn.refuse(request, *refusals)
    moved_nl = line.prime_nl
    if plan is not None:
        moved_nl += turn.readings.pump.infused_nl - plan.base_nl
    found = selftests.first_drop(state, moved_nl)
    turn.noted(request, "first-drop", moved_nl=moved_nl)
    course.conclude(turn, found)
    if not found.passed:
        effects.close_hold(turn, "the first drop did not come at the line's volume: mount anew")
    return ()
