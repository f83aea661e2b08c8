"""The alarm table and its latch (vocabulary of IEC 60601-1-8).

A *condition* is a pure predicate over state and readings; while it holds, the alarm is
present. A latching alarm stays until it is gone *and* acknowledged: everything that
stopped an injection or an exposure latches. HIGH and MEDIUM close the hold gate first;
the text comes second. Priorities follow the clinical fact sheet part E (assumption:
to be confirmed in the site's risk management).
"""

import enum
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from state_machine import daily_check, observe, sight
from state_machine.readings import (
    MOVING_PROMPTS,
    Link,
    Motion,
    Paddle,
    PumpAlarm,
    Readings,
    TripCause,
    UnitState,
)
from state_machine.state import Alarm, HoldPhase, Phase, Purpose, State
from state_machine.targets import Compression, ExposureStage, Sounder
from state_machine.units import NS_PER_MS, NS_PER_S, flow_drop_pa


class Priority(enum.Enum):
    """Alarm priority."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlarmRow(NamedTuple):
    """One alarm: its condition, what it means and what to do about it."""

    name: str
    priority: Priority
    latching: bool
    present: Callable[[State, Readings, int], bool]
    words: str
    action: str
    hazard: str
    stops: bool = False
    """Its rise stops a procedure under way (device fault)."""


WITH_CANNULA: Final = frozenset(
    {
        Phase.ARM,
        Phase.ARM_CONFIRM,
        Phase.ARMED,
        Phase.INJECTING,
        Phase.HOLDING,
        Phase.SETTLE,
        Phase.COMPRESSION,
        Phase.EXPOSURE,
        Phase.EXPOSURE_ARMED,
        Phase.REVIEW,
    }
)
"""Phases in which the cannula is or may be in the duct."""

_AT_WORK: Final = WITH_CANNULA | {Phase.PRIME, Phase.LOCATE_DUCT, Phase.CANNULATE}


HOVER_PA: Final = 300
"""A level of net pressure that is hovered about is one alarm: it is gone when the bound has
fallen so far below (its noise: 3 sigma of 0.1 kPa, clinical facts C2, assumption)."""

RELEASE_NS: Final = 3 * NS_PER_S
"""A paddle that was told to release is expected to move by then (assumption)."""

EXPOSURE_END_NS: Final = 500 * NS_PER_MS
"""An exposure whose permit was withdrawn is expected to have ended by then (assumption)."""


def line_limit_pa(state: State) -> int:
    """Line pressure limit in force: that of the injection's flow, else the fixed limit."""
    plan = state.plan
    if plan is None or plan.purpose is not Purpose.INJECT:
        return state.profile.limits.line_pressure_pa
    return flow_limit_pa(state, plan.top_rate_nl_min)


def flow_limit_pa(state: State, rate_nl_min: int) -> int:
    """Line pressure limit at a flow: 1.3 R Q + margin, never above the fixed limit."""
    limits, resistance = state.profile.limits, state.line.resistance_pa_s_ul
    if not resistance:
        return limits.line_pressure_pa
    drop_pa = flow_drop_pa(resistance, rate_nl_min)
    return min(limits.line_pressure_pa, drop_pa * 13 // 10 + limits.line_margin_pa)


def _over_line(state: State, readings: Readings, _now_ns: int) -> bool:
    line = readings.line
    known = line.link is Link.UP and line.pressure_pa is not None
    return known and (line.pressure_pa or 0) > line_limit_pa(state)


def _net_over(name: str, limit: Callable[[State], int]) -> Callable[[State, Readings, int], bool]:
    def present(state: State, readings: Readings, now_ns: int) -> bool:
        upper_pa = observe.net_upper_pa(state, readings, now_ns)
        judged = state.phase in WITH_CANNULA and not observe.under_paddle(state, readings)
        if upper_pa is None or not judged:
            return False
        over_pa = upper_pa - limit(state)
        if over_pa > 0 or over_pa <= -HOVER_PA:
            return over_pa > 0
        return any(alarm.present and alarm.name == name for alarm in state.alarms)

    return present


def _pressed(state: State, readings: Readings, now_ns: int) -> bool:
    """Nothing flows under the paddle: the line is the duct, and has a limit of its own."""
    duct = state.duct
    if not observe.under_paddle(state, readings) or duct is None or not duct.cannula_in_ns:
        return False
    pressure_pa = observe.line_pressure_pa(state, readings, now_ns)
    return pressure_pa is not None and pressure_pa > state.profile.limits.compression_line_pa


def _false_passage(state: State, readings: Readings, now_ns: int) -> bool:
    limits, delivered_nl = state.profile.limits, readings.pump.infused_nl - state.injection.base_nl
    if state.phase is not Phase.INJECTING or delivered_nl >= limits.first_checkpoint_nl:
        return False
    upper_pa = observe.net_upper_pa(state, readings, now_ns)
    return upper_pa is not None and upper_pa > limits.false_passage_pa


def _found(field: str) -> Callable[[State, Readings, int], bool]:
    """A detector (rows: ``watch.DETECTORS``) has found what no person has dealt with yet."""

    def present(state: State, _readings: Readings, _now_ns: int) -> bool:
        return bool(getattr(state.watch, field).found_ns)

    return present


def _drifted(state: State, _readings: Readings, _now_ns: int) -> bool:
    """Found, and the tip still at the height of the zero: the cannula is in."""
    placed = state.duct is not None and bool(state.duct.cannula_in_ns)
    return placed and bool(state.watch.drift.found_ns) and state.phase in WITH_CANNULA


def _doubted(state: State, readings: Readings, now_ns: int) -> bool:
    """The estimate is not valid while contrast goes in, or is about to."""
    injecting = state.phase in (Phase.ARMED, Phase.INJECTING, Phase.HOLDING)
    return (
        injecting and observe.line_fresh(state, readings, now_ns) and bool(observe.net_doubt(state))
    )


def _torn(state: State, _readings: Readings, _now_ns: int) -> bool:
    """Found, and the procedure has not been stopped for it yet: the rest is a person's."""
    return bool(state.watch.torn_ns) and state.phase in WITH_CANNULA


def _uncommanded(state: State, readings: Readings, _now_ns: int) -> bool:
    """The pump moves and neither this nor the last target let it (safety rules 1.5)."""
    pump = readings.pump
    ours = pump.motion is Motion.RUNNING or (
        pump.motion is Motion.STOPPING and state.plan is not None and bool(state.plan.asked_ns)
    )
    return pump.link is Link.UP and pump.prompt in MOVING_PROMPTS and not ours


def _motor_pin(state: State, readings: Readings, now_ns: int) -> bool:
    """The motor pin is high though standstill was proven, or since power came back.

    A pump that goes on by itself when its power returns is silent while it starts: its pin
    is all that can be seen of it until then.
    """
    room, pump = readings.room, readings.pump
    proven = observe.proven_stopped(pump) and room.at_ns > pump.at_ns
    unheard = pump.link is not Link.UP and pump.at_ns < state.permit_ns < room.at_ns
    return (
        observe.room_fresh(state, readings, now_ns)
        and room.motor_pin
        and (proven or unheard)
        and not state.targets.pump.run  # prepared is standing, too
    )


def _lost(
    which: str, phases: frozenset[Phase] = _AT_WORK | {Phase.STOPPED}
) -> Callable[[State, Readings, int], bool]:
    """Also while stopped: what is lost there, or is still lost, must not look mended."""

    def present(state: State, readings: Readings, _now_ns: int) -> bool:
        return state.phase in phases and getattr(readings, which).link is not Link.UP

    return present


def _refused(which: str) -> Callable[[State, Readings, int], bool]:
    def present(_state: State, readings: Readings, _now_ns: int) -> bool:
        return getattr(readings, which).link is Link.REFUSED

    return present


def _over_volume(state: State, _readings: Readings, _now_ns: int) -> bool:
    account, limits = state.ledger.account, state.profile.limits
    return account is not None and account.high_nl > limits.duct_volume_nl


def _not_released(state: State, readings: Readings, now_ns: int) -> bool:
    unit = readings.mammograph
    asked = state.targets.mammograph.compression is Compression.RELEASE
    return (
        asked
        and unit.link is Link.UP
        and unit.paddle in (Paddle.HOLDING, Paddle.DESCENDING)
        and bool(state.release_ns)
        and now_ns - state.release_ns > RELEASE_NS
    )


def _compressed_long(state: State, _readings: Readings, now_ns: int) -> bool:
    since_ns = state.exposure.compressed_ns
    return bool(since_ns) and now_ns - since_ns > state.profile.limits.compressed_time_ns


def _exposing_unasked(state: State, readings: Readings, now_ns: int) -> bool:
    off = state.targets.mammograph.exposure is ExposureStage.OFF
    unit = readings.mammograph
    return (
        off
        and unit.link is Link.UP
        and unit.unit_state is UnitState.EXPOSING
        and now_ns - state.hold.since_ns > EXPOSURE_END_NS
    )


def _dwell(state: State, _readings: Readings, now_ns: int) -> bool:
    duct = state.duct
    since_ns = duct.cannula_in_ns if duct else 0
    return bool(since_ns) and now_ns - since_ns > state.profile.limits.dwell_warn_ns


def _box_tripped(state: State, readings: Readings, _now_ns: int) -> bool:
    """The box holds a trip that no person has confirmed yet, though the pump was permitted."""
    room = readings.room
    return (
        state.permit
        and room.link is Link.UP
        and room.trip_cause is not TripCause.NONE
        and room.trip_count != state.reclose_trip_count
    )


_H, _M, _L = Priority.HIGH, Priority.MEDIUM, Priority.LOW

# fmt: off
ALARMS: Final[tuple[AlarmRow, ...]] = (
    AlarmRow("uncommanded-motion", _H, True, _uncommanded, "the pump moves without being told", "take the cannula out; press emergency stop; do not use this pump", "HZ-UNCOMMANDED-MOTION", stops=True),
    AlarmRow("stop-not-obeyed", _H, True, lambda s, r, n: r.pump.stop_overdue, "the pump has not been proven to stop", "press emergency stop; the box cuts its power", "HZ-STOP-FAILS", stops=True),
    AlarmRow("motor-pin", _H, True, _motor_pin, "the motor output says the pump moves, though it was not told to", "press emergency stop; check the pump", "HZ-UNCOMMANDED-MOTION", stops=True),
    AlarmRow("line-pressure", _H, True, _over_line, "the line pressure is over its limit", "look for a kink or a blocked tip before going on", "HZ-OVERPRESSURE", stops=True),
    AlarmRow("net-stop", _H, True, _net_over("net-stop", lambda s: s.profile.limits.net_stop_pa), "net pressure (upper bound) over its stop level", "assess the patient; consider extravasation, or a blocked tip", "HZ-OVERPRESSURE", stops=True),
    AlarmRow("false-passage", _H, True, _false_passage, "pressure rises before the duct can be full: false passage?", "assess the patient; withdraw and cannulate again", "HZ-EXTRAVASATION", stops=True),
    AlarmRow("tear", _H, True, _torn, "net pressure fell suddenly: suspected extravasation", "ask the patient; the radiologist decides: suspected extravasation, or go on", "HZ-EXTRAVASATION", stops=True),
    AlarmRow("beyond-target", _H, True, _found("beyond"), "the pump has counted past the volume it was told to stop at", "take the cannula out; do not use this pump", "HZ-OVERVOLUME", stops=True),
    AlarmRow("over-volume", _H, True, _over_volume, "the duct may have got more than its limit", "stop; assess the patient", "HZ-OVERVOLUME", stops=True),
    AlarmRow("emergency-stop", _H, True, lambda s, r, n: r.room.emergency_stop, "the emergency stop is pressed", "release it when the patient is safe, then acknowledge", "HZ-STOP-FAILS", stops=True),
    AlarmRow("box-tripped", _H, True, _box_tripped, "the room box has stopped the pump and holds", "see its cause; confirm cannula out or stopcock closed to power the pump", "HZ-STOP-FAILS", stops=True),
    AlarmRow("pressure-switch", _H, True, lambda s, r, n: r.room.pressure_switch, "the independent pressure switch has opened", "look for a blocked line; the pump stays off", "HZ-OVERPRESSURE", stops=True),
    AlarmRow("compression-pressure", _H, True, _pressed, "the line pressure is over its limit under compression: the paddle comes no further", "ease the paddle, or release it; ask the patient", "HZ-COMPRESSION"),
    AlarmRow("not-released", _H, True, _not_released, "the compression does not release", "use the unit's own release", "HZ-COMPRESSION"),
    AlarmRow("exposing-unasked", _H, True, _exposing_unasked, "the unit exposes without a permit", "press emergency stop", "HZ-EXPOSURE", stops=True),
    AlarmRow("nobody-sees-flow", _H, True, lambda s, r, n: sight.moved_unseen(s, n), "nobody sees a screen of this room, and contrast was flowing", "look at the patient; use the hardware stop; start the console's screen again", "HZ-STALE-DATA"),
    AlarmRow("occlusion", _M, True, _found("occlusion"), "the line pressure rises as in a blocked line", "look for a kink or a blocked tip; arm again when the pressure has come down", "HZ-OVERPRESSURE", stops=True),
    AlarmRow("dislodged", _M, True, _found("dislodged"), "net pressure fell to zero at once: the cannula has slipped out?", "look at the pore; place the cannula again or finish; nothing is withdrawn", "HZ-EXTRAVASATION", stops=True),
    AlarmRow("flow-differs", _M, True, _found("count"), "the pump counts another volume than its rate gives", "do not use this pump", "HZ-OVERRATE", stops=True),
    AlarmRow("rate-differs", _M, True, _found("rate"), "the pump confirms another rate than it was told", "do not use this pump", "HZ-OVERRATE", stops=True),
    AlarmRow("pump-still", _M, True, _found("still"), "the pump says that it runs and counts nothing", "look at plunger and clamp; do not use this pump if they are right", "HZ-LOST-COUNT", stops=True),
    AlarmRow("no-flow", _M, True, _found("no_flow"), "the line has too little pressure for this flow: nothing may be flowing", "look for the plunger out of its clamp, a loose or leaking line, another cannula", "HZ-LOST-COUNT", stops=True),
    AlarmRow("pump-stalled", _M, True, lambda s, r, n: r.pump.alarm is PumpAlarm.STALL, "the pump's motor has stalled", "look for a blocked line or the end of the plunger", "HZ-OVERPRESSURE", stops=True),
    AlarmRow("pump-timeout", _M, True, lambda s, r, n: r.pump.alarm is PumpAlarm.TIMEOUT and not daily_check.expects_timeout(s), "the pump stopped itself: it heard nothing", "check the controller and the pump's line", "HZ-STOP-FAILS", stops=True),
    AlarmRow("pump-lost", _M, True, _lost("pump", _AT_WORK), "the pump does not answer", "check its cable and power", "HZ-LOST-COUNT", stops=True),
    AlarmRow("line-lost", _M, True, _lost("line"), "the line pressure sensor does not answer", "check its cable and power", "HZ-STALE-DATA", stops=True),
    AlarmRow("room-lost", _M, True, _lost("room"), "the room box does not answer", "check its network cable; use the hardware stop", "HZ-STALE-DATA", stops=True),
    AlarmRow("unit-lost", _M, True, _lost("mammograph"), "the mammography unit does not answer", "check its network cable; use the unit's own release", "HZ-STALE-DATA"),
    AlarmRow("line-sensor", _M, True, lambda s, r, n: s.phase in _AT_WORK and r.line.link is Link.UP and r.line.pressure_pa is None, "the line pressure sensor reports a fault", "replace it; nothing is injected without it", "HZ-OVERPRESSURE", stops=True),
    AlarmRow("net-pause", _M, True, _net_over("net-pause", lambda s: s.profile.limits.net_pause_pa), "net pressure (upper bound) over its pause level", "wait until it has come down; ask the patient", "HZ-OVERPRESSURE"),
    AlarmRow("net-plateau", _M, True, _found("plateau"), "net pressure no longer rises with volume: reflux or a leak?", "look at the pore; arm again only for a reason", "HZ-EXTRAVASATION"),
    AlarmRow("net-fell", _M, True, _found("sag"), "net pressure fell a little and stays low: has the cannula slipped, does the duct leak?", "ask the patient, look at the pore; go on only for a reason", "HZ-EXTRAVASATION", stops=True),
    AlarmRow("air", _M, True, _found("relaxation"), "the line empties more slowly than it was measured to: air in it?", "look for bubbles; take the cannula out and prime again (change-syringe)", "HZ-AIR"),
    AlarmRow("line-drift", _M, True, _drifted, "the line pressure at rest is below zero: its zero has drifted", "take the cannula out, ask for change-syringe, zero again", "HZ-OVERPRESSURE"),
    AlarmRow("unit-heartbeat", _M, True, lambda s, r, n: s.phase in _AT_WORK and r.mammograph.watchdog_tripped, "the unit missed the controller's heartbeat and withdrew its permits", "check the network", "HZ-COMPRESSION"),
    AlarmRow("unit-fault", _M, True, lambda s, r, n: r.mammograph.unit_state is UnitState.FAULT, "the mammography unit reports a fault", "see the unit's display", "HZ-EXPOSURE"),
    AlarmRow("compressed-long", _M, True, _compressed_long, "compressed longer than allowed: released", "compress again for the view", "HZ-COMPRESSION"),
    AlarmRow("hold-contacts", _M, True, lambda s, r, n: r.room.link is Link.UP and r.room.hold_disagrees and s.hold.phase is not HoldPhase.CLOSED, "the two contacts of the hold switch contradict each other", "have the switch repaired", "HZ-USE-ERROR"),
    AlarmRow("record", _M, True, lambda s, r, n: bool(r.journal.fault), "the record cannot be written", "free disk space or repair the disk; arming is refused", "HZ-RECORD"),
    AlarmRow("nobody-sees", _M, False, lambda s, r, n: sight.still_unseen(s, n), "nobody sees a screen of this room while a cannula is in", "look at the patient; start the console's screen again", "HZ-STALE-DATA"),
    AlarmRow("wrong-pump", _M, False, _refused("pump"), "the pump is the wrong one, or not set as it must be", "see the device list", "HZ-WRONG-DEVICE"),
    AlarmRow("wrong-sensor", _M, False, _refused("line"), "the pressure sensor is the wrong one", "see the device list", "HZ-WRONG-DEVICE"),
    AlarmRow("wrong-box", _M, False, _refused("room"), "the room box is the wrong one, or owned by another controller", "see the device list", "HZ-WRONG-DEVICE"),
    AlarmRow("wrong-unit", _M, False, _refused("mammograph"), "the mammography unit is the wrong one", "see the device list", "HZ-WRONG-DEVICE"),
    AlarmRow("exposure-overdue", _M, False, lambda s, r, n: s.phase in (Phase.COMPRESSION, Phase.EXPOSURE) and observe.exposure_overdue(s, n), "too long since the injection or the last view", "the radiologist confirms again, or top up", "HZ-EXPOSURE"),
    AlarmRow("net-warn", _L, False, _net_over("net-warn", lambda s: s.profile.limits.net_warn_pa), "net pressure (upper bound) over its warning level: half the rate", "ask the patient; the duct may be full", "HZ-OVERPRESSURE"),
    AlarmRow("net-doubt", _L, False, _doubted, "the estimate of net pressure is not valid: closer checkpoints", "see why beside the pressure; go on with care, or prime again", "HZ-OVERPRESSURE"),
    AlarmRow("temperature", _L, False, lambda s, r, n: s.mounted is not None and not observe.temperature_ok(s, r, n), "the contrast temperature is missing, too long ago or out of range", "enter it again, or warm or replace the contrast", "HZ-OVERPRESSURE"),
    AlarmRow("dwell", _L, False, _dwell, "the cannula has been in place for long", "finish soon, or take it out", "HZ-USE-ERROR"),
    AlarmRow("checkpoint", _L, False, lambda s, r, n: s.hold.phase is HoldPhase.LIFT, "checkpoint: look at patient and pore", "release, then hold again to go on", "HZ-EXTRAVASATION"),
)
# fmt: on

SPARE_EXPOSURE: Final = frozenset(
    {"pump-lost", "line-lost", "line-sensor", "pump-stalled", "pump-timeout"}
)
"""Alarms that do not end an exposure under way: the pump was proven to stand still and
locked before prep, and the patient would have to be exposed again (safety rules 3.1)."""

NEVER_PAUSED: Final = frozenset(
    {"uncommanded-motion", "stop-not-obeyed", "motor-pin", "exposing-unasked", "room-lost"}
)
"""Alarms that no pause of the sounder silences: something acts that nobody told to, or what would
sound cannot be told (console facts 5.18 rule 5)."""

ALARM_BY_NAME: Final = {row.name: row for row in ALARMS}


def update(
    alarms: tuple[Alarm, ...], state: State, readings: Readings, now_ns: int
) -> tuple[Alarm, ...]:
    """Raise, keep and clear alarms; the order is that of the table."""
    found = {row.name for row in ALARMS if row.present(state, readings, now_ns)}
    if not found and not alarms:
        return ()
    known = {alarm.name: alarm for alarm in alarms}
    result = []
    for row in ALARMS:
        alarm, present = known.get(row.name), row.name in found
        if alarm is None and not present:
            continue
        if present and (alarm is None or not alarm.present):
            alarm = Alarm(row.name, now_ns)  # a new occurrence is a new alarm
        elif alarm is not None and not present and alarm.present:
            alarm = msgspec.structs.replace(alarm, present=False)
        if alarm is not None and (alarm.present or (row.latching and not alarm.acknowledged)):
            result.append(alarm)
    return tuple(result)


def acknowledge(alarms: tuple[Alarm, ...], name: str, by: str = "") -> tuple[Alarm, ...]:
    """Take note of an alarm. It leaves only when its condition is gone."""
    return tuple(
        msgspec.structs.replace(alarm, acknowledged=True, acknowledged_by=by)
        if alarm.name == name
        else alarm
        for alarm in alarms
    )


def none_blocks(state: State, but: frozenset[str] = frozenset()) -> bool:
    """No HIGH is present and nothing latched waits for its acknowledgement.

    Args:
        state: with the alarms that are on.
        but: alarms that may be present once they are acknowledged.
    """
    return not any(_blocks(alarm, but) for alarm in state.alarms)


def _blocks(alarm: Alarm, but: frozenset[str]) -> bool:
    row = ALARM_BY_NAME[alarm.name]
    if alarm.present and row.priority is Priority.HIGH and alarm.name not in but:
        return True
    return row.latching and not alarm.acknowledged


def newly_stopping(before: tuple[Alarm, ...], after: tuple[Alarm, ...]) -> tuple[AlarmRow, ...]:
    """Alarms that stop a procedure and have just been raised."""
    old = {(a.name, a.since_ns) for a in before}
    fresh = (ALARM_BY_NAME[a.name] for a in after if (a.name, a.since_ns) not in old)
    return tuple(row for row in fresh if row.stops)


def sounder(alarms: tuple[Alarm, ...]) -> Sounder:
    """One signal, the highest priority that is not acknowledged."""
    loud = {ALARM_BY_NAME[a.name].priority for a in alarms if not a.acknowledged}
    for priority, signal in ((_H, Sounder.HIGH), (_M, Sounder.MEDIUM), (_L, Sounder.LOW)):
        if priority in loud:
            return signal
    return Sounder.OFF
