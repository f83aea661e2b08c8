"""The bounded retract: after a stop, what the line has stored is taken back.

When the motor halts, the line goes on emptying what it has stored, compliance times
pressure (clinical facts 0.3). The workflow proposes ONE absolute withdrawal an injection,
"withdrawn total <= x", the only motion without hold (safety rules 1.6): at its normal end,
after a stop or pause by pressure, and on suspected extravasation, within a second of the
proven stop, with fresh line pressure; not after pain, an emergency stop, a person's stop or
another fault, and not once a person has said that the cannula is out. It ends at its
volume, or as soon as the line pressure is down or anything it needs is gone, and is never
begun a second time.

The drive's play swallows the first of it (0.9 uL on a 1 mL syringe, assumption), and as
much of the next infusion: less is taken back than the pump counts, never more.
"""

from typing import Final

import msgspec

from state_machine import injection, observe
from state_machine.alarms import flow_limit_pa
from state_machine.readings import Motion, PumpReading, Readings
from state_machine.requests import Event
from state_machine.state import Phase, Plan, Purpose, State
from state_machine.targets import PumpAction, PumpTarget
from state_machine.units import NS_PER_S, PA_PER_KPA, flow_drop_pa

LEAST_NL: Final = 2_000
"""Less is not worth a motion: play and the smallest target are about 1 uL each (assumption)."""

WINDOW_NS: Final = NS_PER_S
"""After the proven stop. Later the line holds little but the duct's own pressure."""

BY_PRESSURE: Final = frozenset({"line-pressure", "net-stop", "net-pause", "false-passage"})
"""Alarms whose stop or pause a retract may follow: the line is to lose its pressure."""

_UNDECIDED: Final = frozenset(
    {Phase.ARM, Phase.ARM_CONFIRM, Phase.ARMED, Phase.INJECTING, Phase.HOLDING, Phase.STOPPED}
)
"""Phases of an injection under way: its retract may still come."""


def by_pressure(state: State) -> bool:
    """A pressure alarm is on."""
    return any(alarm.name in BY_PRESSURE for alarm in state.alarms)


def wanted(state: State, readings: Readings, now_ns: int) -> Plan | None:
    """The retract of the injection that has just stopped; None = none (any more)."""
    done, pump = state.injection, readings.pump
    decided = bool(done.retract_nl or done.retracted_ns)
    if state.plan is not None or decided or not _in_time(state, now_ns):
        return None
    if not observe.proven_stopped(pump) or not may_go_on(state, readings, now_ns):
        return None
    most_nl = bound_nl(state, readings)
    if most_nl < max(LEAST_NL, state.profile.limits.motion_least_nl):
        return None
    rate_nl_min = state.profile.limits.retract_rate_nl_min
    return Plan(
        motion_id=state.motion_count + 1,
        purpose=Purpose.RETRACT,
        base_nl=pump.withdrawn_nl,
        until_nl=done.withdrawn_base_nl + most_nl,
        start_rate_nl_min=rate_nl_min,
        top_rate_nl_min=rate_nl_min,
        intent_seq=state.entry_seq + 1,
        rate_nl_min=rate_nl_min,
    )


def bound_nl(state: State, readings: Readings) -> int:
    """What the line stores down to the least pressure, and never more than was delivered.

    At a normal end no more counts than the flow at the stop had stored: the rest of the
    pressure is the duct's own.
    """
    done, least_pa = state.injection, state.profile.limits.retract_least_pa
    pressure_pa = max(0, (readings.line.pressure_pa or 0) - least_pa)
    if not by_pressure(state):
        drop_pa = flow_drop_pa(state.line.resistance_pa_s_ul, done.stop_rate_nl_min)
        pressure_pa = min(pressure_pa, drop_pa)
    stored_nl = observe.compliance_nl_kpa(state) * pressure_pa // PA_PER_KPA
    return min(stored_nl, _most_nl(state), readings.pump.infused_nl - done.base_nl)


def may_go_on(state: State, readings: Readings, now_ns: int) -> bool:
    """Phase, people and readings allow a retract, or the one under way to go on."""
    duct, room = state.duct, readings.room
    pressure_pa = observe.line_pressure_pa(state, readings, now_ns)
    return (
        _phase_allows(state)
        and duct is not None
        and bool(duct.cannula_in_ns)
        and state.permit
        and not room.pain_pressed
        and not room.emergency_stop
        and observe.injection_readings_fresh(state, readings, now_ns)
        and pressure_pa is not None
        and pressure_pa > state.profile.limits.retract_least_pa
    )


def reserve_nl(state: State, pump: PumpReading, now_ns: int) -> int:
    """What may have been, or may yet be, withdrawn beyond the counter of this answer."""
    done, plan = state.injection, state.plan
    if not done.number:
        return 0
    if done.retract_nl or done.retracted_ns:
        under_way = plan is not None and plan.purpose is Purpose.RETRACT
        left_nl = done.withdrawn_base_nl + done.retract_nl - pump.withdrawn_nl
        return max(0, left_nl) if under_way else 0
    in_time = state.phase in (Phase.SETTLE, Phase.EXTRAVASATED) and _in_time(state, now_ns)
    return _most_nl(state) if in_time or state.phase in _UNDECIDED else 0


def follow(plan: Plan, state: State, readings: Readings, now_ns: int) -> Plan:
    """Bring the plan up to date: seen running; over for good once anything is missing."""
    pump = readings.pump
    running = pump.motion is Motion.RUNNING and pump.motion_id == plan.motion_id
    refused = bool(plan.asked_ns) and state.targets.pump.action is not PumpAction.WITHDRAW
    return msgspec.structs.replace(
        plan,
        running_ns=plan.running_ns or (now_ns if running else 0),
        released=plan.released or refused or not may_go_on(state, readings, now_ns),
    )


def pump_target(state: State, readings: Readings) -> PumpTarget:
    """What the workflow wants of the pump while a retract is planned."""
    plan, mounted = state.plan, state.mounted
    diameter_um = mounted.syringe.diameter_um if mounted else 0
    if plan is None or plan.released or diameter_um == 0:
        return PumpTarget(diameter_um=diameter_um)
    return PumpTarget(
        action=PumpAction.WITHDRAW,
        motion_id=plan.motion_id,
        base_nl=plan.base_nl,
        until_nl=plan.until_nl,
        start_rate_nl_min=plan.start_rate_nl_min,
        rate_nl_min=plan.rate_nl_min,
        run=bool(plan.asked_ns) or injection.prepared(plan, readings),
        diameter_um=diameter_um,
    )


def _in_time(state: State, now_ns: int) -> bool:
    ended_ns = state.injection.ended_ns
    return bool(state.injection.number and ended_ns) and now_ns - ended_ns <= WINDOW_NS


def _phase_allows(state: State) -> bool:
    """Over, or suspected of leaking; paused or stopped only where pressure did it."""
    if state.phase in (Phase.SETTLE, Phase.EXTRAVASATED):
        return True
    stopped = state.phase is Phase.STOPPED and state.stop.event == Event.FAULT.value
    return (stopped or state.phase is Phase.ARM) and by_pressure(state)


def _most_nl(state: State) -> int:
    """Most that a retract may take, from what the line may ever store in this injection."""
    limits = state.profile.limits
    limit_pa = flow_limit_pa(state, limits.rate_nl_min)
    return min(limits.retract_nl, observe.stored_nl(state, limit_pa))
