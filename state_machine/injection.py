"""The pump motions of a procedure: what is planned, at which rate, until where.

The pump is only ever told to deliver up to the next checkpoint, so that it stops by
itself. A motion is planned while the pump is proven to stand still, written to the
record as an intent, prepared and read back by the driver, and run once: when the
switch is held and the intent is durable. Every press is a new motion with a new id.
"""

import msgspec

from state_machine import daily_check, observe, selftests
from state_machine import hold as hold_gate
from state_machine.limits import Limits
from state_machine.readings import Motion, Readings
from state_machine.state import (
    TIP_OUT_PURPOSES,
    HoldAction,
    HoldPhase,
    Injection,
    Phase,
    Plan,
    Purpose,
    State,
)
from state_machine.targets import PumpAction, PumpTarget
from state_machine.units import NS_PER_MS, NS_PER_S, volume_ceil_nl

RAMP_STEP_NS = 250 * NS_PER_MS
"""The ramp climbs in steps: each costs the line one exchange (about 16 ms, manual M1)."""

OPEN_TIP_NL = 30_000
"""Least volume of the open-tip test."""

PLATEAU_NS = selftests.SETTLE_NS + selftests.MEAN_NS
"""Time that the open-tip test stands at each of its two rates."""

_SEEN_NS = NS_PER_S // 2
"""From a new rate on the wire to its confirmation, and one step of the ramp."""


def open_tip_nl(limits: Limits) -> int:
    """Volume of the open-tip test: the ramp, and its stand at half the rate and at the rate."""
    ramp_ns = limits.rate_nl_min * NS_PER_S // limits.ramp_nl_min_s
    ramp_nl = volume_ceil_nl(limits.rate_nl_min, ramp_ns) // 2
    half_nl = volume_ceil_nl(limits.rate_nl_min // 2, PLATEAU_NS + _SEEN_NS)
    top_nl = volume_ceil_nl(limits.rate_nl_min, PLATEAU_NS + _SEEN_NS)
    return max(OPEN_TIP_NL, ramp_nl + half_nl + top_nl)


_PURPOSE = {purpose.value: purpose for purpose in TIP_OUT_PURPOSES}


def purpose_of(name: str) -> Purpose | None:
    """Purpose that a ``tip-out`` request names."""
    return _PURPOSE.get(name)


def next_checkpoint_nl(state: State, delivered_nl: int) -> int:
    """First checkpoint beyond ``delivered_nl``: 0.05, 0.15, 0.25 ... mL; closer in doubt."""
    limits = state.profile.limits
    first, step = limits.first_checkpoint_nl, limits.checkpoint_step_nl
    regular = first
    if delivered_nl >= first:
        regular += ((delivered_nl - first) // step + 1) * step
    return min(regular, _doubted_nl(state, delivered_nl)) if observe.net_doubt(state) else regular


def _doubted_nl(state: State, delivered_nl: int) -> int:
    """Next checkpoint while the estimate of net pressure is not valid."""
    step = state.profile.limits.doubt_step_nl
    return (delivered_nl // step + 1) * step


def wanted_motion(state: State, readings: Readings) -> Plan | None:
    """The injection motion that the armed hold asks for; None = none (now)."""
    if state.plan is not None or not observe.proven_stopped(readings.pump):
        return None
    if state.hold.phase is HoldPhase.CLOSED or state.watch.relaxation.pending:
        return None  # after a checkpoint the relaxed pressure is read first
    if state.hold.action is HoldAction.INJECT:
        return _injection_motion(state, readings)
    return None


def tip_out_motion(state: State, readings: Readings, purpose: Purpose) -> Plan:
    """A motion with the tip out of the patient: prime, self-tests, drop, check, dispensing."""
    limits, dispensing = state.profile.limits, state.dispensing
    volume_nl, rate_nl_min = {
        Purpose.PRIME: (limits.prime_volume_nl, limits.prime_rate_nl_min),
        Purpose.OPEN_TIP: (open_tip_nl(limits), limits.rate_nl_min),
        Purpose.STIFFNESS: (limits.stiffness_push_nl, limits.stiffness_rate_nl_min),
        Purpose.RETRACT_TEST: (selftests.take_back_nl(state), limits.stiffness_rate_nl_min),
        Purpose.TIP_DROP: (limits.tip_drop_nl, limits.first_rate_nl_min),
        Purpose.CHECK: (limits.tip_drop_nl, daily_check.rate_nl_min(state.profile)),
        # nobody dispenses: nothing, which the gate refuses
        Purpose.DISPENSE: (dispensing.volume_nl, dispensing.rate_nl_min) if dispensing else (0, 0),
    }[purpose]
    if purpose is Purpose.RETRACT_TEST:
        return _take_back(state, readings, volume_nl, rate_nl_min)
    plan = _plan(state, readings, purpose, readings.pump.infused_nl + volume_nl, rate_nl_min)
    if purpose is not Purpose.OPEN_TIP:
        return plan
    half = rate_nl_min // 2
    start = min(plan.start_rate_nl_min, half)
    return msgspec.structs.replace(
        plan, half_rate_nl_min=half, start_rate_nl_min=start, rate_nl_min=start
    )


def _take_back(state: State, readings: Readings, volume_nl: int, rate_nl_min: int) -> Plan:
    """The retract test: one rate from the beginning, on the withdrawn counter, as a retract."""
    base_nl = readings.pump.withdrawn_nl
    plan = _plan(state, readings, Purpose.RETRACT_TEST, base_nl + volume_nl, rate_nl_min)
    return msgspec.structs.replace(
        plan, base_nl=base_nl, start_rate_nl_min=rate_nl_min, rate_nl_min=rate_nl_min
    )


def remaining_nl(state: State, readings: Readings) -> int:
    """What is left of the planned volume, by the pump's counter."""
    delivered_nl = readings.pump.infused_nl - state.injection.base_nl
    return state.injection.planned_nl - delivered_nl


def _injection_motion(state: State, readings: Readings) -> Plan | None:
    injection, limits = state.injection, state.profile.limits
    delivered_nl = readings.pump.infused_nl - injection.base_nl
    # a checkpoint so near that the pump cannot be told the remainder counts as reached
    beyond_nl = delivered_nl + limits.motion_least_nl - 1
    until_nl = min(next_checkpoint_nl(state, beyond_nl), injection.planned_nl)
    if until_nl - delivered_nl < limits.motion_least_nl:
        return None  # and so does the planned end
    rate_nl_min = observe.rate_limit_nl_min(state, delivered_nl)
    return _plan(state, readings, Purpose.INJECT, injection.base_nl + until_nl, rate_nl_min)


def _plan(
    state: State, readings: Readings, purpose: Purpose, until_nl: int, top_rate_nl_min: int
) -> Plan:
    ramp = state.profile.limits.ramp_nl_min_s
    return Plan(
        motion_id=state.motion_count + 1,
        purpose=purpose,
        base_nl=readings.pump.infused_nl,
        until_nl=until_nl,
        start_rate_nl_min=min(ramp, top_rate_nl_min),
        top_rate_nl_min=top_rate_nl_min,
        intent_seq=state.entry_seq + 1,
        rate_nl_min=min(ramp, top_rate_nl_min),
    )


def follow(plan: Plan, state: State, readings: Readings, now_ns: int) -> Plan:
    """Bring a plan up to what the pump shows: first seen running, rate of the ramp."""
    pump = readings.pump
    running = pump.motion is Motion.RUNNING and pump.motion_id == plan.motion_id
    running_ns = plan.running_ns or (now_ns if running else 0)
    slowed = plan.slowed or _nears_pause(plan, state, readings, now_ns)
    top = top_nl_min(plan, slowed)
    rate = plan.start_rate_nl_min
    if running_ns:
        begun = msgspec.structs.replace(plan, running_ns=running_ns, slowed=slowed)
        rate = _ramp_nl_min(begun, state.profile.limits.ramp_nl_min_s, now_ns)
    # the wire has four digits: what the pump confirms may be up to 0.1 % lower
    at_top = running and pump.rate_nl_min * 1_000 >= top * 999
    half = plan.half_rate_nl_min
    at_half = running and half and pump.rate_nl_min * 1_000 >= half * 999
    return msgspec.structs.replace(
        plan,
        running_ns=running_ns,
        slowed=slowed,
        rate_nl_min=min(top, max(plan.rate_nl_min, rate)),
        top_ns=plan.top_ns or (now_ns if at_top else 0),
        half_ns=plan.half_ns or (now_ns if at_half else 0),
        released=plan.released or (bool(plan.asked_ns) and _let_go(plan, state)),
        done=plan.done or _doubted_end(plan, state, readings),
    )


def _let_go(plan: Plan, state: State) -> bool:
    """The switch, or for a motion backward also the gate's word: refused once, it is over."""
    backward = plan.purpose is Purpose.RETRACT_TEST
    refused = backward and state.targets.pump.action is not PumpAction.WITHDRAW
    return refused or not holds(state)


def _doubted_end(plan: Plan, state: State, readings: Readings) -> bool:
    """The estimate is no longer valid, and the closer checkpoint is reached: stop there."""
    if plan.purpose is not Purpose.INJECT or not plan.running_ns or not observe.net_doubt(state):
        return False
    base_nl = state.injection.base_nl
    return readings.pump.infused_nl - base_nl >= _doubted_nl(state, plan.base_nl - base_nl)


def _ramp_nl_min(plan: Plan, ramp_nl_min_s: int, now_ns: int) -> int:
    """Rate of the ramp now: up to half and stand there where the plan asks for it, then on."""
    from_ns, from_nl_min, most_nl_min = _climb(plan)
    steps = max(0, now_ns - from_ns) // RAMP_STEP_NS
    return min(most_nl_min, from_nl_min + steps * ramp_nl_min_s * RAMP_STEP_NS // NS_PER_S)


def _climb(plan: Plan) -> tuple[int, int, int]:
    """The climb that the ramp is in: since when, from which rate, to which."""
    if plan.half_rate_nl_min and not plan.half_ns:
        return plan.running_ns, plan.start_rate_nl_min, plan.half_rate_nl_min
    if plan.half_rate_nl_min:
        return plan.half_ns + PLATEAU_NS, plan.half_rate_nl_min, top_nl_min(plan, plan.slowed)
    return plan.running_ns, plan.start_rate_nl_min, top_nl_min(plan, plan.slowed)


def top_nl_min(plan: Plan, slowed: bool) -> int:
    """The rate that the ramp ends at: half of it once net pressure came near its pause level."""
    return plan.top_rate_nl_min // 2 if slowed else plan.top_rate_nl_min


def _nears_pause(plan: Plan, state: State, readings: Readings, now_ns: int) -> bool:
    """The upper bound of net pressure is over its warning level while contrast goes in."""
    upper_pa = observe.net_upper_pa(state, readings, now_ns)
    return (
        plan.purpose is Purpose.INJECT
        and bool(plan.running_ns)
        and upper_pa is not None
        and upper_pa > state.profile.limits.net_warn_pa
    )


def next_ramp_ns(plan: Plan, now_ns: int) -> int | None:
    """Next instant at which the ramp climbs; None = it is at its top, or not running."""
    from_ns, _from_nl_min, most_nl_min = _climb(plan)
    if not plan.running_ns or plan.rate_nl_min >= most_nl_min:
        return None
    steps = max(0, now_ns - from_ns) // RAMP_STEP_NS
    return from_ns + (steps + 1) * RAMP_STEP_NS


def ended(plan: Plan, readings: Readings) -> bool:
    """The motion is over: proven standstill after it ran, or it can never run.

    A motion that was only prepared ends when the driver stands still without it.
    """
    pump = readings.pump
    if pump.motion_id == plan.motion_id:
        if pump.motion is Motion.FAILED:
            return observe.proven_stopped(pump)
        return pump.motion is Motion.STOPPED and (bool(plan.asked_ns) or bool(plan.running_ns))
    return False


def holds(state: State) -> bool:
    """The switch is held for the motion that is planned."""
    plan = state.plan
    if plan is None:
        return False
    action = HoldAction.INJECT if plan.purpose is Purpose.INJECT else HoldAction.PRIME
    return hold_gate.is_open(state.hold, action)


def pump_target(state: State, readings: Readings) -> PumpTarget:
    """What the workflow wants of the pump in this pass."""
    plan, diameter_um = state.plan, observe.clamped_um(state)
    rest = PumpTarget(diameter_um=diameter_um, clear_counters=_wants_clear(state))
    if plan is None or diameter_um == 0:
        return rest
    held = holds(state)
    if plan.asked_ns and (plan.released or plan.done or not held):
        return rest  # released, done, closed or refused: stop; this motion is never run again
    run = held and (bool(plan.asked_ns) or prepared(plan, readings))
    backward = plan.purpose is Purpose.RETRACT_TEST
    return PumpTarget(
        action=PumpAction.WITHDRAW if backward else PumpAction.INFUSE,
        motion_id=plan.motion_id,
        base_nl=plan.base_nl,
        until_nl=plan.until_nl,
        start_rate_nl_min=plan.start_rate_nl_min,
        rate_nl_min=plan.rate_nl_min,
        run=run,
        diameter_um=diameter_um,
    )


def prepared(plan: Plan, readings: Readings) -> bool:
    """Read back by the driver, and its intent is on the disk."""
    pump = readings.pump
    return (
        pump.motion is Motion.PREPARED
        and pump.motion_id == plan.motion_id
        and readings.journal.durable_seq >= plan.intent_seq
    )


def _wants_clear(state: State) -> bool:
    """Counters are cleared between prime and locate duct, never later (safety rules 1.1)."""
    return (
        state.phase is Phase.PRIME
        and state.plan is None
        and state.line.resistance_pa_s_ul > 0
        and state.hold.phase is HoldPhase.CLOSED
    )


def start(state: State, readings: Readings) -> Injection:
    """Open an injection at the pump's counter, or go on with the one under way."""
    if state.injection.number:
        return state.injection
    done = state.duct.injection_count if state.duct else 0
    return Injection(
        number=done + 1,
        base_nl=readings.pump.infused_nl,
        planned_nl=observe.planned_nl(state),
        withdrawn_base_nl=readings.pump.withdrawn_nl,
    )
