"""A person's word that the tip is out of the patient: one motion into the open, then held for.

Prime, open-tip test, a drop at the tip, and the drops of the daily check (safety rules 1.7).
"""

from typing import Final

import msgspec

from state_machine import daily_check, effects, injection, motions, observe
from state_machine import hold as hold_gate
from state_machine import requests as rq
from state_machine.alarms import none_blocks
from state_machine.state import HoldAction, Phase, Purpose
from state_machine.turn import Turn

replace = msgspec.structs.replace

_PHASES: Final = {
    Purpose.PRIME: (Phase.PRIME,),
    Purpose.OPEN_TIP: (Phase.PRIME,),
    Purpose.TIP_DROP: (Phase.LOCATE_DUCT,),
    Purpose.CHECK: (Phase.STANDBY,),
}


def take(turn: Turn, request: rq.TipOut) -> tuple[str, ...]:
    """The word that the tip is out makes one motion with the tip out possible."""
    state, limits = turn.state, turn.state.profile.limits
    purpose = injection.purpose_of(request.purpose)
    if purpose is None:
        return turn.refuse(request, "the purpose is prime, open-tip, tip-drop or daily-check")
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
            (not observe.zeroed(state, turn.readings), "zero the line sensor first"),
            (purpose is Purpose.OPEN_TIP and not state.line.primed, "prime first"),
            (
                abs(observe.rest_pa(state)) > limits.rest_pressure_pa,
                "the line pressure at rest is not zero: wait until it has come down, or zero again",
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
            (not hold_gate.is_seen(state, HoldAction.PRIME, turn.now_ns), hold_gate.NOT_LIVE),
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
    turn.set(line=replace(state.line, tip_out_ns=turn.now_ns, sample_pa=0, sample_count=0))
    if purpose is Purpose.TIP_DROP and duct is not None:
        turn.set(duct=replace(duct, drop_count=duct.drop_count + 1))
    turn.noted(request, "tip-out", purpose=purpose.value)
    motions.begin(turn, injection.tip_out_motion(turn.state, turn.readings, purpose))
    effects.arm_hold(turn, HoldAction.PRIME)
    return ()
