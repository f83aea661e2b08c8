"""The questions behind the refusal table: one predicate a cause, true = refuse.

They read state, readings and what is wanted, and nothing of the workflow. The table is in
``gate.py``; what is so short that the row says it stands there.
"""

from typing import Final, NamedTuple

from state_machine import hold as hold_gate
from state_machine import ledger, net, observe, selftests
from state_machine.alarms import line_limit_pa
from state_machine.limits import LIMIT_BY_NAME
from state_machine.readings import MOVING_PROMPTS, Link, Readings, UnitState
from state_machine.state import (
    SHUT_PURPOSES,
    TIP_OUT_PURPOSES,
    HoldAction,
    Phase,
    Purpose,
    State,
)
from state_machine.targets import ExposureStage, PumpAction, Targets
from state_machine.units import NS_PER_S, flow_drop_pa, more_ppm

RESTART_NS: Final = 10 * NS_PER_S
"""For a pump to start after power comes back, and to be identified, set and found standing
(measured against the simulated pump: 3 s; assumption for a real one)."""


QUIET_MOST_NS: Final = 6 * NS_PER_S
"""Silence of the daily check: the longest Safe mode time a room may have (5 s), and a second."""


class Seen(NamedTuple):
    """What the gate looks at."""

    state: State
    readings: Readings
    wanted: Targets
    late: bool
    now_ns: int


def ceiling(name: str) -> int:
    """The absolute ceiling of a limit, stated once more beside the profile's."""
    return LIMIT_BY_NAME[name].ceiling


def for_inject(s: Seen) -> bool:
    """The motion that is planned is an injection."""
    plan = s.state.plan
    return plan is not None and plan.purpose is Purpose.INJECT


def not_held(s: Seen) -> bool:
    """The switch is not held for the motion that is planned."""
    action = HoldAction.INJECT if for_inject(s) else HoldAction.PRIME
    return not hold_gate.is_open(s.state.hold, action)


def test_not_held(s: Seen) -> bool:
    """The switch is not held for a retract test; only a retract of an injection needs no hold."""
    plan = s.state.plan
    testing = plan is not None and plan.purpose is Purpose.RETRACT_TEST
    return testing and s.wanted.pump.run and not_held(s)


def not_durable(s: Seen) -> bool:
    """The pump would run and the intent is not on the disk."""
    plan, on_disk = s.state.plan, s.readings.journal.durable_seq
    return s.wanted.pump.run and (plan is None or on_disk < plan.intent_seq)


_ONE_MOTION: Final = {
    Purpose.PRIME: "prime_volume_nl",
    Purpose.OPEN_TIP: "prime_volume_nl",
    Purpose.STIFFNESS: "stiffness_push_nl",
    Purpose.TIP_DROP: "tip_drop_nl",
    Purpose.CHECK: "tip_drop_nl",
    Purpose.DISPENSE: "prime_volume_nl",
    Purpose.RETRACT: "",
    Purpose.RETRACT_TEST: "",
}
"""Limit of one motion that is no injection; a retract is never infused."""


def motion_volume_bad(s: Seen) -> bool:
    """The motion is smaller or larger than one motion may be."""
    pump, limits, plan = s.wanted.pump, s.state.profile.limits, s.state.plan
    volume_nl = pump.until_nl - pump.base_nl
    if plan is None or volume_nl < limits.motion_least_nl:
        return True
    if plan.purpose is Purpose.INJECT:
        return volume_nl > to_checkpoint_nl(s)
    name = _ONE_MOTION[plan.purpose]
    most_nl = min(getattr(limits, name), ceiling(name)) if name else 0
    return bool(volume_nl > most_nl)


def to_checkpoint_nl(s: Seen) -> int:
    """From where the motion begins to the next checkpoint that the pump can be told."""
    limits, least_nl = s.state.profile.limits, s.state.profile.limits.motion_least_nl - 1
    begin_nl = s.wanted.pump.base_nl - s.state.injection.base_nl + least_nl
    first_nl = min(limits.first_checkpoint_nl, ceiling("first_checkpoint_nl"))
    step_nl = min(limits.checkpoint_step_nl, ceiling("checkpoint_step_nl"))
    past_nl = begin_nl - first_nl
    regular_nl = least_nl + (-past_nl if past_nl < 0 else step_nl - past_nl % step_nl)
    plan = s.state.plan
    begun = plan is not None and bool(plan.asked_ns)
    if begun or not observe.net_doubt(s.state):
        return regular_nl
    doubt_nl = min(limits.doubt_step_nl, ceiling("doubt_step_nl"))
    return min(regular_nl, least_nl + doubt_nl - begin_nl % doubt_nl)


def over_volume(s: Seen) -> bool:
    """Were the motion to run to its end unheard, would a volume limit be passed?"""
    state, pump, limits = s.state, s.wanted.pump, s.state.profile.limits
    account, mounted = state.ledger.account, state.mounted
    if account is None or account.aside or mounted is None:
        return not (state.plan is not None and state.plan.purpose in TIP_OUT_PURPOSES)
    plan = state.plan
    if plan is not None and plan.asked_ns:
        duct_nl = account.intent_nl  # the motion under way is in the intent already
    else:
        more_nl = more_ppm(pump.until_nl - pump.base_nl, mounted.syringe.scale_ppm)
        duct_nl = account.high_nl + more_nl
    day_nl = ledger.today(state.ledger).high_nl + duct_nl
    injection_nl = pump.until_nl - state.injection.base_nl if for_inject(s) else 0
    return (
        duct_nl > min(observe.halved(state, limits.duct_volume_nl), ceiling("duct_volume_nl"))
        or day_nl > min(limits.side_day_volume_nl, ceiling("side_day_volume_nl"))
        or injection_nl
        > min(observe.halved(state, limits.injection_volume_nl), ceiling("injection_volume_nl"))
    )


def over_prime(s: Seen) -> bool:
    """The prime motions of this procedure would be too much in all."""
    plan, limits, pump = s.state.plan, s.state.profile.limits, s.wanted.pump
    if plan is None or plan.purpose not in TIP_OUT_PURPOSES:
        return False
    line = s.state.line
    total_nl = line.prime_before_nl + line.prime_nl + pump.until_nl - pump.base_nl
    return total_nl > min(limits.prime_total_nl, ceiling("prime_total_nl"))


def rate_bad(s: Seen) -> bool:
    """The rate is zero or above what holds at this point."""
    pump, limits, plan = s.wanted.pump, s.state.profile.limits, s.state.plan
    highest = max(pump.rate_nl_min, pump.start_rate_nl_min)
    most = min(limits.rate_nl_min, ceiling("rate_nl_min"))
    if plan is not None and plan.purpose is Purpose.PRIME:
        most = min(limits.prime_rate_nl_min, ceiling("prime_rate_nl_min"))
    if plan is not None and plan.purpose is Purpose.STIFFNESS:
        most = min(limits.stiffness_rate_nl_min, ceiling("stiffness_rate_nl_min"))
    if for_inject(s) and pump.base_nl - s.state.injection.base_nl < limits.first_checkpoint_nl:
        most = min(most, limits.first_rate_nl_min)
    if for_inject(s):
        most = observe.halved(s.state, most)
    return pump.rate_nl_min <= 0 or highest > most


def ramp_bad(s: Seen) -> bool:
    """The rate is beyond what the ramp allows since the pump was seen running.

    The ramp may begin with one second's worth.
    """
    plan = s.state.plan
    ramp = min(s.state.profile.limits.ramp_nl_min_s, ceiling("ramp_nl_min_s"))
    running_ns = s.now_ns - plan.running_ns if plan and plan.running_ns else 0
    most = ramp + ramp * running_ns // NS_PER_S
    return max(s.wanted.pump.rate_nl_min, s.wanted.pump.start_rate_nl_min) > most


def motor_time(s: Seen) -> bool:
    """The motor has run as long as one injection may."""
    plan, injection = s.state.plan, s.state.injection
    running_ns = s.now_ns - plan.running_ns if plan and plan.running_ns else 0
    return for_inject(s) and injection.motor_ns + running_ns > s.state.profile.limits.motor_time_ns


def tip_word_old(s: Seen) -> bool:
    """Nobody has said lately that the tip is out, for a push that the stopcock is closed."""
    plan, line = s.state.plan, s.state.line
    if plan is None or plan.purpose not in TIP_OUT_PURPOSES or plan.running_ns:
        return False
    said_ns = line.stopcock_ns if plan.purpose in SHUT_PURPOSES else line.tip_out_ns
    age_ns = s.now_ns - said_ns
    return not said_ns or age_ns > s.state.profile.limits.tip_out_life_ns


def tip_pressure(s: Seen) -> bool:
    """With the tip out, 10 uL must show a rest near zero before and the band after."""
    plan, pressure_pa = s.state.plan, s.readings.line.pressure_pa
    if plan is None or plan.purpose not in TIP_OUT_PURPOSES or pressure_pa is None:
        return False
    if not plan.running_ns:
        rest_pa = observe.rest_pa(s.state)
        return abs(rest_pa) > s.state.profile.limits.rest_pressure_pa and not plan.asked_ns
    if plan.purpose is Purpose.STIFFNESS:
        return False  # nothing flows: ``stopcock_pressure`` is the bound
    if plan.purpose is Purpose.DISPENSE:
        # no cannula is named: what an injection may need of one is the bound
        drop_pa = min(s.state.profile.limits.flow_drop_pa, ceiling("flow_drop_pa"))
        return pressure_pa > drop_pa + s.state.profile.limits.rest_pressure_pa
    nominal = observe.nominal_resistance_pa_s_ul(s.state, s.readings, s.now_ns)
    drop_pa = flow_drop_pa(nominal, plan.rate_nl_min)
    band_pa = drop_pa * s.state.profile.limits.band_high_ppm // 1_000_000
    moved_nl = s.readings.pump.infused_nl - plan.base_nl
    return moved_nl > 10_000 and pressure_pa > band_pa + s.state.profile.limits.rest_pressure_pa


def stopcock_pressure(s: Seen) -> bool:
    """The pressure behind the closed stopcock is over its bound."""
    plan, pressure_pa = s.state.plan, s.readings.line.pressure_pa
    if plan is None or plan.purpose not in SHUT_PURPOSES or pressure_pa is None:
        return False
    limits = s.state.profile.limits
    return pressure_pa > min(limits.stiffness_pressure_pa, ceiling("stiffness_pressure_pa"))


def flow_drop(s: Seen) -> bool:
    """The cannula was not measured, or needs too much pressure at this rate."""
    drop_pa = flow_drop_pa(s.state.line.resistance_pa_s_ul, s.wanted.pump.rate_nl_min)
    return for_inject(s) and (
        not s.state.line.resistance_pa_s_ul or drop_pa > s.state.profile.limits.flow_drop_pa
    )


def stored_over(s: Seen) -> bool:
    """The line would store more at this rate than may come after a stop."""
    drop_pa = flow_drop_pa(s.state.line.resistance_pa_s_ul, s.wanted.pump.rate_nl_min)
    most_nl = min(s.state.profile.limits.stored_volume_nl, ceiling("stored_volume_nl"))
    return for_inject(s) and observe.stored_nl(s.state, drop_pa) > most_nl


def overrun(s: Seen) -> bool:
    """Too much would come after the slowest stop at the rate that this motion goes up to."""
    plan = s.state.plan
    top_nl_min = max(s.wanted.pump.rate_nl_min, plan.top_rate_nl_min if plan else 0)
    most_nl = min(s.state.profile.limits.overrun_nl, ceiling("overrun_nl"))
    return for_inject(s) and observe.overrun_nl(s.state, top_nl_min) > most_nl


def net_over(s: Seen) -> bool:
    """The upper bound of net pressure is over its pause level."""
    upper_pa = observe.net_upper_pa(s.state, s.readings, s.now_ns)
    return for_inject(s) and upper_pa is not None and upper_pa > s.state.profile.limits.net_pause_pa


def net_unsure(s: Seen) -> bool:
    """Net pressure cannot be told closely enough at this rate: cold contrast, slow line."""
    plan = s.state.plan
    most_pa = min(s.state.profile.limits.net_spread_pa, ceiling("net_spread_pa"))
    top_nl_min = max(s.wanted.pump.rate_nl_min, plan.top_rate_nl_min if plan else 0)
    return for_inject(s) and net.spread_pa(s.state, top_nl_min) > most_pa


def line_over(s: Seen) -> bool:
    """The line pressure is over its limit or its ceiling."""
    pressure_pa = s.readings.line.pressure_pa
    most_pa = min(line_limit_pa(s.state), ceiling("line_pressure_pa"))
    return pressure_pa is not None and pressure_pa > most_pa


def check_elsewhere(s: Seen) -> bool:
    """A motion of the daily check outside of it."""
    plan = s.state.plan
    checking = s.state.check is not None and s.state.phase is Phase.STANDBY
    return plan is not None and plan.purpose is Purpose.CHECK and not checking


def dispense_elsewhere(s: Seen) -> bool:
    """A motion into a vessel that nobody has begun, or more or faster than was said."""
    plan, begun, pump = s.state.plan, s.state.dispensing, s.wanted.pump
    if plan is None or plan.purpose is not Purpose.DISPENSE:
        return False
    if begun is None or s.state.phase is not Phase.STANDBY:
        return True
    return (
        pump.until_nl - pump.base_nl > begun.volume_nl
        or max(pump.rate_nl_min, pump.start_rate_nl_min) > begun.rate_nl_min
    )


def quiet_bad(s: Seen) -> bool:
    """Silence toward pump or box without its reason: a check's motion, held, for a moment."""
    check, plan = s.state.check, s.state.plan
    if check is None or s.state.phase is not Phase.STANDBY:
        return True
    tip_out = plan is not None and plan.purpose is Purpose.CHECK
    held = s.readings.room.hold_pressed
    return not (tip_out and held) or s.now_ns - check.since_ns > QUIET_MOST_NS


def locked(s: Seen) -> bool:
    """The breast is locked on this day."""
    book = s.state.ledger
    until = ledger.locked_until_day(book, book.patient_id, book.side)
    return bool(book.patient_id) and book.utc_day < until


def unit_busy(s: Seen) -> bool:
    """The unit prepares or exposes, was last told to, or its X-ray enable is closed."""
    told = s.state.targets.mammograph.exposure is not ExposureStage.OFF
    wants = s.wanted.mammograph.exposure is not ExposureStage.OFF
    busy = s.readings.mammograph.unit_state in (
        UnitState.PREP,
        UnitState.READY,
        UnitState.EXPOSING,
    )
    return told or wants or busy or s.readings.room.xray_enabled


def pump_may_move(s: Seen) -> bool:
    """Not locked, told to move now or in the last pass, or fresh evidence of motion."""
    pump, before = s.readings.pump, s.state.targets.pump.action
    evidence = pump.prompt in MOVING_PROMPTS and observe.pump_fresh(s.state, s.readings, s.now_ns)
    pin = s.readings.room.motor_pin and observe.room_fresh(s.state, s.readings, s.now_ns)
    told = before is not PumpAction.STOPPED or s.wanted.pump.action is not PumpAction.STOPPED
    return not s.state.exposure.pump_locked or told or evidence or pin


def overdue_again(s: Seen) -> bool:
    """Not proven to stop, or lost while it may run, and no person has just said otherwise.

    A pump without power can prove nothing: after the word of a person it gets
    ``RESTART_NS`` to start and to be found standing, then the permit is gone again.
    """
    plan, pump = s.state.plan, s.readings.pump
    unseen = plan is not None and bool(plan.asked_ns) and pump.link is Link.LOST
    asked_to = bool(s.state.permit_ns) and s.now_ns - s.state.permit_ns <= RESTART_NS
    return (pump.stop_overdue or unseen) and not asked_to


def compression_unsure(s: Seen) -> bool:
    """The line pressure is unknown or too high under compression."""
    pressure_pa = observe.line_pressure_pa(s.state, s.readings, s.now_ns)
    return pressure_pa is None or pressure_pa > s.state.profile.limits.compression_line_pa


def retract_bad(s: Seen) -> bool:
    """A retract is unbounded, without pressure, out of its place, or without standstill."""
    pump, limits, plan = s.wanted.pump, s.state.profile.limits, s.state.plan
    pressure_pa = s.readings.line.pressure_pa
    running = s.state.targets.pump.action is PumpAction.WITHDRAW
    testing = plan is not None and plan.purpose is Purpose.RETRACT_TEST
    return (
        plan is None
        or (_test_misplaced(s) if testing else _retract_misplaced(s))
        or pump.until_nl - pump.base_nl < limits.motion_least_nl
        or max(pump.rate_nl_min, pump.start_rate_nl_min)
        > min(limits.retract_rate_nl_min, ceiling("retract_rate_nl_min"))
        or pressure_pa is None
        or pressure_pa <= limits.retract_least_pa
        or bool(s.state.watch.dislodged_ns)
        or not (running or observe.proven_stopped(s.readings.pump))
    )


def _retract_misplaced(s: Seen) -> bool:
    """No retract, no cannula in the duct, or more than one injection's."""
    plan, duct, limits = s.state.plan, s.state.duct, s.state.profile.limits
    total_nl = s.wanted.pump.until_nl - s.state.injection.withdrawn_base_nl
    return (
        plan is None
        or plan.purpose is not Purpose.RETRACT
        or duct is None
        or not duct.cannula_in_ns
        or total_nl > min(limits.retract_nl, ceiling("retract_nl"))
    )


def _test_misplaced(s: Seen) -> bool:
    """Not in prime, no word on the stopcock, or more than the push has moved and the play."""
    pump = s.wanted.pump
    most_nl = min(selftests.take_back_nl(s.state), ceiling("stiffness_push_nl"))
    return (
        s.state.phase is not Phase.PRIME
        or tip_word_old(s)
        or pump.until_nl - pump.base_nl > most_nl
    )
