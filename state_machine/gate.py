"""The refusal table: cause × output. Passes an output whole, or puts its safe value.

The gate stands between what the workflow proposes and what the room is told. It never
clips, never repairs, and does not know why the workflow proposed a thing. Each cause
names the outputs it refuses and the way back:

* RELEASED: press again within the resume window;
* ABNORMAL: arm again;
* LATCHED: acknowledge the alarm, then arm;
* LOCKED: not today.

Lamps and sounder are never gated. A pump glitch does not cut an exposure under way; an
emergency stop cuts everything. A bounded retract needs no hold.
"""

import enum
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from state_machine import hold as hold_gate
from state_machine import ledger, observe
from state_machine.alarms import line_limit_pa, none_blocks
from state_machine.limits import LIMIT_BY_NAME
from state_machine.readings import (
    MOVING_PROMPTS,
    Link,
    Paddle,
    PumpAlarm,
    Readings,
    TripCause,
    UnitState,
)
from state_machine.state import TIP_OUT_PURPOSES, HoldAction, HoldPhase, Phase, Purpose, State
from state_machine.targets import Compression, ExposureStage, PumpAction, PumpTarget, Targets
from state_machine.units import NS_PER_S, flow_drop_pa, more_ppm

RESTART_NS: Final = 10 * NS_PER_S
"""For a pump to start after power comes back, and to be identified, set and found standing
(measured against the simulated pump: 3 s; assumption for a real one)."""


class Output(enum.Enum):
    """An output that can be refused, at the level that is proposed."""

    PREPARE = "prepare a motion"
    RUN = "run the pump"
    WITHDRAW = "withdraw"
    CLEAR = "clear the counters"
    PERMIT = "power the pump"
    DESCENT = "compress"
    PREP = "prepare the exposure"
    EXPOSE = "expose"


class WayBack(enum.Enum):
    """What a person does to get a permission back."""

    RELEASED = "press again"
    ABNORMAL = "arm again"
    LATCHED = "acknowledge, then arm"
    LOCKED = "not today"


class Seen(NamedTuple):
    """What the gate looks at."""

    state: State
    readings: Readings
    wanted: Targets
    late: bool
    now_ns: int


class Cause(NamedTuple):
    """One row of the refusal table."""

    name: str
    refuses: frozenset[Output]
    present: Callable[[Seen], bool]
    words: str
    way_back: WayBack
    hazard: str


class Refusal(NamedTuple):
    """One output that was replaced by its safe value."""

    output: Output
    cause: Cause


_INFUSION = frozenset({Output.PREPARE, Output.RUN})
_MOTION = _INFUSION | {Output.WITHDRAW}
_XRAY = frozenset({Output.PREP, Output.EXPOSE})
_ALL = frozenset(Output)
_RUN = frozenset({Output.RUN})
_EXPOSE = frozenset({Output.EXPOSE})
_DESCENT = frozenset({Output.DESCENT})
_RELEASED, _ABNORMAL, _LATCHED = WayBack.RELEASED, WayBack.ABNORMAL, WayBack.LATCHED


def _ceiling(name: str) -> int:
    return LIMIT_BY_NAME[name].ceiling


def _pump(s: Seen) -> PumpTarget:
    return s.wanted.pump


def _for_inject(s: Seen) -> bool:
    plan = s.state.plan
    return plan is not None and plan.purpose is Purpose.INJECT


def _not_held(s: Seen) -> bool:
    action = HoldAction.INJECT if _for_inject(s) else HoldAction.PRIME
    return not hold_gate.is_open(s.state.hold, action)


def _motion_volume_bad(s: Seen) -> bool:
    pump, limits, plan = _pump(s), s.state.profile.limits, s.state.plan
    volume_nl = pump.until_nl - pump.base_nl
    if plan is None or volume_nl < limits.motion_least_nl:
        return True
    most_nl = {
        Purpose.PRIME: min(limits.prime_volume_nl, _ceiling("prime_volume_nl")),
        Purpose.OPEN_TIP: min(limits.prime_volume_nl, _ceiling("prime_volume_nl")),
        Purpose.TIP_DROP: min(limits.tip_drop_nl, _ceiling("tip_drop_nl")),
        Purpose.INJECT: _to_checkpoint_nl(s),
    }[plan.purpose]
    return volume_nl > most_nl


def _to_checkpoint_nl(s: Seen) -> int:
    """From where the motion begins to the next checkpoint that the pump can be told."""
    limits, least_nl = s.state.profile.limits, s.state.profile.limits.motion_least_nl - 1
    begin_nl = _pump(s).base_nl - s.state.injection.base_nl + least_nl
    first_nl = min(limits.first_checkpoint_nl, _ceiling("first_checkpoint_nl"))
    step_nl = min(limits.checkpoint_step_nl, _ceiling("checkpoint_step_nl"))
    past_nl = begin_nl - first_nl
    return least_nl + (-past_nl if past_nl < 0 else step_nl - past_nl % step_nl)


def _over_volume(s: Seen) -> bool:
    """Were the motion to run to its end unheard, would a volume limit be passed?"""
    state, pump, limits = s.state, _pump(s), s.state.profile.limits
    account, mounted = state.ledger.account, state.mounted
    if account is None or mounted is None:
        return not (state.plan is not None and state.plan.purpose in TIP_OUT_PURPOSES)
    plan = state.plan
    if plan is not None and plan.asked_ns:
        duct_nl = account.intent_nl  # the motion under way is in the intent already
    else:
        more_nl = more_ppm(pump.until_nl - pump.base_nl, mounted.syringe.scale_ppm)
        duct_nl = account.high_nl + more_nl
    day_nl = ledger.today(state.ledger).high_nl + duct_nl
    injection_nl = pump.until_nl - state.injection.base_nl if _for_inject(s) else 0
    return (
        duct_nl > min(observe.halved(state, limits.duct_volume_nl), _ceiling("duct_volume_nl"))
        or day_nl > min(limits.side_day_volume_nl, _ceiling("side_day_volume_nl"))
        or injection_nl
        > min(observe.halved(state, limits.injection_volume_nl), _ceiling("injection_volume_nl"))
    )


def _over_prime(s: Seen) -> bool:
    plan, limits, pump = s.state.plan, s.state.profile.limits, _pump(s)
    if plan is None or plan.purpose not in TIP_OUT_PURPOSES:
        return False
    total_nl = s.state.line.prime_nl + pump.until_nl - pump.base_nl
    return total_nl > min(limits.prime_total_nl, _ceiling("prime_total_nl"))


def _rate_bad(s: Seen) -> bool:
    pump, limits, plan = _pump(s), s.state.profile.limits, s.state.plan
    highest = max(pump.rate_nl_min, pump.start_rate_nl_min)
    tip_out = plan is not None and plan.purpose is Purpose.PRIME
    most = min(limits.rate_nl_min, _ceiling("rate_nl_min"))
    if tip_out:
        most = min(limits.prime_rate_nl_min, _ceiling("prime_rate_nl_min"))
    if _for_inject(s) and pump.base_nl - s.state.injection.base_nl < limits.first_checkpoint_nl:
        most = min(most, limits.first_rate_nl_min)
    if _for_inject(s):
        most = observe.halved(s.state, most)
    return pump.rate_nl_min <= 0 or highest > most


def _ramp_bad(s: Seen) -> bool:
    """The rate is beyond what the ramp allows since the pump was seen running.

    The ramp may begin with one second's worth.
    """
    plan = s.state.plan
    ramp = min(s.state.profile.limits.ramp_nl_min_s, _ceiling("ramp_nl_min_s"))
    running_ns = s.now_ns - plan.running_ns if plan and plan.running_ns else 0
    most = ramp + ramp * running_ns // NS_PER_S
    return max(_pump(s).rate_nl_min, _pump(s).start_rate_nl_min) > most


def _motor_time(s: Seen) -> bool:
    plan, injection = s.state.plan, s.state.injection
    running_ns = s.now_ns - plan.running_ns if plan and plan.running_ns else 0
    return _for_inject(s) and injection.motor_ns + running_ns > s.state.profile.limits.motor_time_ns


def _tip_word_old(s: Seen) -> bool:
    plan, line = s.state.plan, s.state.line
    if plan is None or plan.purpose not in TIP_OUT_PURPOSES or plan.running_ns:
        return False
    age_ns = s.now_ns - line.tip_out_ns
    return not line.tip_out_ns or age_ns > s.state.profile.limits.tip_out_life_ns


def _tip_pressure(s: Seen) -> bool:
    """With the tip out, 10 uL must show a rest near zero before and the band after."""
    plan, pressure_pa = s.state.plan, s.readings.line.pressure_pa
    if plan is None or plan.purpose not in TIP_OUT_PURPOSES or pressure_pa is None:
        return False
    if not plan.running_ns:
        rest_pa = observe.rest_pa(s.state)
        return abs(rest_pa) > s.state.profile.limits.rest_pressure_pa and not plan.asked_ns
    nominal = observe.nominal_resistance_pa_s_ul(s.state, s.readings)
    drop_pa = flow_drop_pa(nominal, plan.rate_nl_min)
    band_pa = drop_pa * s.state.profile.limits.band_high_ppm // 1_000_000
    moved_nl = s.readings.pump.infused_nl - plan.base_nl
    return moved_nl > 10_000 and pressure_pa > band_pa + s.state.profile.limits.rest_pressure_pa


def _flow_drop(s: Seen) -> bool:
    drop_pa = flow_drop_pa(s.state.line.resistance_pa_s_ul, _pump(s).rate_nl_min)
    return _for_inject(s) and (
        not s.state.line.resistance_pa_s_ul or drop_pa > s.state.profile.limits.flow_drop_pa
    )


def _net_over(s: Seen) -> bool:
    net_pa = observe.net_pa(s.state, s.readings, s.now_ns)
    return _for_inject(s) and net_pa is not None and net_pa > s.state.profile.limits.net_pause_pa


def _line_over(s: Seen) -> bool:
    pressure_pa = s.readings.line.pressure_pa
    most_pa = min(line_limit_pa(s.state), _ceiling("line_pressure_pa"))
    return pressure_pa is not None and pressure_pa > most_pa


def _locked(s: Seen) -> bool:
    book = s.state.ledger
    until = ledger.locked_until_day(book, book.patient_id, book.side)
    return bool(book.patient_id) and book.utc_day < until


def _unit_busy(s: Seen) -> bool:
    """The unit prepares or exposes, or was last told to."""
    told = s.state.targets.mammograph.exposure is not ExposureStage.OFF
    wants = s.wanted.mammograph.exposure is not ExposureStage.OFF
    busy = s.readings.mammograph.unit_state in (
        UnitState.PREP,
        UnitState.READY,
        UnitState.EXPOSING,
    )
    return told or wants or busy


def _pump_may_move(s: Seen) -> bool:
    """Not locked, told to move now or in the last pass, or fresh evidence of motion."""
    pump, before = s.readings.pump, s.state.targets.pump.action
    evidence = pump.prompt in MOVING_PROMPTS and observe.pump_fresh(s.state, s.readings, s.now_ns)
    pin = s.readings.room.motor_pin and observe.room_fresh(s.state, s.readings, s.now_ns)
    told = before is not PumpAction.STOPPED or s.wanted.pump.action is not PumpAction.STOPPED
    return not s.state.exposure.pump_locked or told or evidence or pin


def _overdue_again(s: Seen) -> bool:
    """Not proven to stop, or lost while it may run, and no person has just said otherwise.

    A pump without power can prove nothing: after the word of a person it gets
    ``RESTART_NS`` to start and to be found standing, then the permit is gone again.
    """
    plan, pump = s.state.plan, s.readings.pump
    unseen = plan is not None and bool(plan.asked_ns) and pump.link is Link.LOST
    asked_to = bool(s.state.permit_ns) and s.now_ns - s.state.permit_ns <= RESTART_NS
    return (pump.stop_overdue or unseen) and not asked_to


def _compression_unsure(s: Seen) -> bool:
    pressure_pa = observe.line_pressure_pa(s.state, s.readings, s.now_ns)
    return pressure_pa is None or pressure_pa > s.state.profile.limits.compression_line_pa


def _retract_bad(s: Seen) -> bool:
    pump, limits = _pump(s), s.state.profile.limits
    pressure_pa = s.readings.line.pressure_pa
    running = s.state.targets.pump.action is PumpAction.WITHDRAW
    return (
        pump.until_nl - pump.base_nl > min(limits.retract_nl, _ceiling("retract_nl"))
        or pump.rate_nl_min > min(limits.retract_rate_nl_min, _ceiling("retract_rate_nl_min"))
        or pressure_pa is None
        or pressure_pa <= limits.retract_least_pa
        or not (running or observe.proven_stopped(s.readings.pump))
    )


# fmt: off
CAUSES: Final[tuple[Cause, ...]] = (
    # --- everything -----------------------------------------------------------------------
    Cause("emergency-stop", _ALL - {Output.CLEAR}, lambda s: s.readings.room.emergency_stop, "the emergency stop is pressed", _LATCHED, "HZ-STOP-FAILS"),
    Cause("late", _RUN | _XRAY | _DESCENT, lambda s: s.late, "the controller was late", _ABNORMAL, "HZ-STALE-DATA"),
    # --- power permit ---------------------------------------------------------------------
    Cause("not-confirmed", frozenset({Output.PERMIT}), lambda s: not s.state.permit, "nobody has confirmed that the pump may be powered", _LATCHED, "HZ-UNCOMMANDED-MOTION"),
    Cause("stop-overdue", _MOTION, lambda s: s.readings.pump.stop_overdue, "the pump has not been proven to stop", _LATCHED, "HZ-STOP-FAILS"),
    Cause("power-overdue", frozenset({Output.PERMIT}), _overdue_again, "the pump is not proven to stop, or was lost while it may run", _LATCHED, "HZ-STOP-FAILS"),
    Cause("pressure-switch", _MOTION | {Output.PERMIT}, lambda s: s.readings.room.pressure_switch, "the independent pressure switch has opened", _LATCHED, "HZ-OVERPRESSURE"),
    # --- the pump and its readings --------------------------------------------------------
    Cause("pain", _MOTION | _DESCENT, lambda s: s.readings.room.pain_pressed, "the patient presses the pain button", _LATCHED, "HZ-EXTRAVASATION"),
    Cause("locked", _INFUSION, _locked, "this breast is locked after a suspected extravasation", WayBack.LOCKED, "HZ-EXTRAVASATION"),
    Cause("alarm", _INFUSION, lambda s: not none_blocks(s.state), "an alarm waits for its acknowledgement", _LATCHED, "HZ-USE-ERROR"),
    Cause("pump-link", _MOTION | {Output.CLEAR}, lambda s: s.readings.pump.link is not Link.UP or not s.readings.pump.settings_ok, "the pump is not ready", _ABNORMAL, "HZ-WRONG-DEVICE"),
    Cause("pump-alarm", _MOTION, lambda s: s.readings.pump.alarm is not PumpAlarm.NONE, "the pump reports an alarm", _LATCHED, "HZ-STOP-FAILS"),
    Cause("pump-stale", _RUN | {Output.WITHDRAW}, lambda s: not observe.pump_fresh(s.state, s.readings, s.now_ns), "the pump was not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("line-stale", _RUN | {Output.WITHDRAW}, lambda s: not observe.line_fresh(s.state, s.readings, s.now_ns), "the line pressure was not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("room-stale", _RUN | {Output.WITHDRAW} | _EXPOSE, lambda s: not observe.room_fresh(s.state, s.readings, s.now_ns), "the switches were not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("room-owner", _RUN | _XRAY, lambda s: not s.readings.room.owned, "the room box is not owned by this controller", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("box-stop", _RUN | {Output.WITHDRAW}, lambda s: s.readings.room.stop_line or not s.readings.room.relay_closed or s.readings.room.trip_cause is not TripCause.NONE, "the room box holds the pump stopped", _ABNORMAL, "HZ-STOP-FAILS"),
    Cause("syringe", _MOTION, lambda s: s.state.mounted is None or s.readings.pump.diameter_um != s.state.mounted.syringe.diameter_um or _pump(s).diameter_um != s.readings.pump.diameter_um, "the pump has not confirmed the syringe", _ABNORMAL, "HZ-SYRINGE"),
    # --- hold and record ------------------------------------------------------------------
    Cause("not-held", _RUN, _not_held, "the switch is not held", _RELEASED, "HZ-USE-ERROR"),
    Cause("hold-contacts", _RUN | _EXPOSE, lambda s: s.readings.room.hold_disagrees, "the contacts of the hold switch contradict each other", _ABNORMAL, "HZ-USE-ERROR"),
    Cause("not-durable", _RUN, lambda s: s.state.plan is None or s.readings.journal.durable_seq < s.state.plan.intent_seq, "the intent is not on the disk yet", _RELEASED, "HZ-RECORD"),
    Cause("record", frozenset({Output.PREPARE}), lambda s: bool(s.readings.journal.fault), "the record cannot be written", _ABNORMAL, "HZ-RECORD"),
    # --- volume, rate, pressure, temperature ----------------------------------------------
    Cause("motion-volume", _INFUSION, _motion_volume_bad, "the motion is smaller or larger than one motion may be", _ABNORMAL, "HZ-OVERVOLUME"),
    Cause("volume", _INFUSION, _over_volume, "a volume limit of injection, duct or day would be passed", _ABNORMAL, "HZ-OVERVOLUME"),
    Cause("prime-volume", _INFUSION, _over_prime, "the prime limit of this procedure would be passed", _ABNORMAL, "HZ-EXTRAVASATION"),
    Cause("rate", _INFUSION, _rate_bad, "the rate is zero or above its limit", _ABNORMAL, "HZ-OVERRATE"),
    Cause("ramp", _INFUSION, _ramp_bad, "the rate rises faster than the ramp allows", _ABNORMAL, "HZ-OVERRATE"),
    Cause("motor-time", _RUN, _motor_time, "the motor has run as long as one injection may", _ABNORMAL, "HZ-OVERVOLUME"),
    Cause("tip-word", _INFUSION, _tip_word_old, "nobody has said within a minute that the tip is out", _ABNORMAL, "HZ-EXTRAVASATION"),
    Cause("tip-pressure", _RUN, _tip_pressure, "the pressure is not that of an open tip: is it in tissue, or blocked?", _ABNORMAL, "HZ-EXTRAVASATION"),
    Cause("flow-drop", _INFUSION, _flow_drop, "the cannula needs too much pressure at this rate", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("line-pressure", _RUN, _line_over, "the line pressure is over its limit", _LATCHED, "HZ-OVERPRESSURE"),
    Cause("net-pressure", _RUN, _net_over, "the net pressure (uncompensated) is over its pause level", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("temperature", _INFUSION, lambda s: _for_inject(s) and not observe.temperature_ok(s.state, s.readings), "the contrast temperature is missing or out of range", _ABNORMAL, "HZ-OVERPRESSURE"),
    # --- pump and X-ray exclude each other ------------------------------------------------
    Cause("unit-busy", _INFUSION | {Output.WITHDRAW}, _unit_busy, "the mammography unit is preparing or exposing", _ABNORMAL, "HZ-FLOW-AND-XRAY"),
    Cause("paddle", _RUN, lambda s: _for_inject(s) and s.readings.mammograph.paddle is not Paddle.RELEASED, "the breast is compressed, or the paddle is not known to be up", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("pump-may-move", _XRAY, _pump_may_move, "the pump is not locked", _ABNORMAL, "HZ-FLOW-AND-XRAY"),
    # --- retract --------------------------------------------------------------------------
    Cause("retract-bound", frozenset({Output.WITHDRAW}), _retract_bad, "a retract needs proven standstill, line pressure and a bounded volume", _ABNORMAL, "HZ-AIR"),
    Cause("clear-phase", frozenset({Output.CLEAR}), lambda s: s.state.phase not in (Phase.SET_UP, Phase.PRIME) or not observe.proven_stopped(s.readings.pump), "counters are cleared before the duct is located, never later", _ABNORMAL, "HZ-LOST-COUNT"),
    # --- compression ----------------------------------------------------------------------
    Cause("descent-unit", _DESCENT | _XRAY, lambda s: s.readings.mammograph.link is not Link.UP or s.readings.mammograph.watchdog_tripped, "the mammography unit is not ready", _ABNORMAL, "HZ-COMPRESSION"),
    Cause("descent-pump", _DESCENT, lambda s: s.readings.pump.prompt in MOVING_PROMPTS or s.wanted.pump.action is not PumpAction.STOPPED, "the pump moves", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("descent-line", _DESCENT, _compression_unsure, "the line pressure is unknown or too high under compression", _RELEASED, "HZ-OVERPRESSURE"),
    Cause("descent-force", _DESCENT, lambda s: not 0 < s.wanted.mammograph.force_limit_mn <= min(s.state.profile.limits.force_mn, _ceiling("force_mn")), "the force limit is missing or above its ceiling", _ABNORMAL, "HZ-COMPRESSION"),
    # --- exposure -------------------------------------------------------------------------
    Cause("unit-stale", _XRAY, lambda s: not observe.unit_fresh(s.state, s.readings, s.now_ns), "the mammography unit was not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("unit-fault", _XRAY, lambda s: s.readings.mammograph.unit_state in (UnitState.UNKNOWN, UnitState.FAULT), "the mammography unit reports a fault", _LATCHED, "HZ-EXPOSURE"),
    Cause("door", _XRAY, lambda s: not s.readings.mammograph.door_closed or not s.readings.room.door_closed, "the door is open", _ABNORMAL, "HZ-EXPOSURE"),
    Cause("not-armed", _XRAY, lambda s: s.state.hold.action is not HoldAction.EXPOSE or s.state.hold.phase not in (HoldPhase.READY, HoldPhase.OPEN), "the exposure is not armed", _ABNORMAL, "HZ-EXPOSURE"),
    Cause("not-held-expose", _EXPOSE, lambda s: not hold_gate.is_open(s.state.hold, HoldAction.EXPOSE), "the switch is not held", _RELEASED, "HZ-EXPOSURE"),
    Cause("not-ready", _EXPOSE, lambda s: s.readings.mammograph.unit_state not in (UnitState.READY, UnitState.EXPOSING), "the mammography unit is not ready", _RELEASED, "HZ-EXPOSURE"),
    Cause("not-compressed", _XRAY, lambda s: s.readings.mammograph.paddle is not Paddle.HOLDING or s.readings.mammograph.force_mn > s.state.profile.limits.force_mn, "the breast is not compressed, or too much", _ABNORMAL, "HZ-COMPRESSION"),
    Cause("overdue", _XRAY, lambda s: observe.exposure_overdue(s.state, s.now_ns) and not s.state.exposure.reconfirmed, "too long since the injection or the last view", _ABNORMAL, "HZ-EXPOSURE"),
)
# fmt: on


def proposed(targets: Targets) -> frozenset[Output]:
    """The outputs that a set of targets wants at other than their safe value."""
    pump, unit = targets.pump, targets.mammograph
    wants = {
        Output.PREPARE: pump.action is PumpAction.INFUSE,
        Output.RUN: pump.action is PumpAction.INFUSE and pump.run,
        Output.WITHDRAW: pump.action is PumpAction.WITHDRAW,
        Output.CLEAR: pump.clear_counters,
        Output.PERMIT: targets.room.pump_permit,
        Output.DESCENT: unit.compression is Compression.PERMIT,
        Output.PREP: unit.exposure is not ExposureStage.OFF,
        Output.EXPOSE: unit.exposure is ExposureStage.EXPOSE,
    }
    return frozenset(output for output, wanted in wants.items() if wanted)


def judge(
    state: State, readings: Readings, wanted: Targets, late: bool, now_ns: int
) -> tuple[Targets, tuple[Refusal, ...]]:
    """Pass each proposed output whole, or replace it by its safe value and say why."""
    asked = proposed(wanted)
    if not asked:
        return wanted, ()
    seen = Seen(state, readings, wanted, late, now_ns)
    refusals = tuple(
        Refusal(output, cause)
        for cause in CAUSES
        if cause.refuses & asked and cause.present(seen)
        for output in Output
        if output in cause.refuses & asked
    )
    return (_safe(wanted, {r.output for r in refusals}), refusals) if refusals else (wanted, ())


def _safe(wanted: Targets, refused: set[Output]) -> Targets:
    """Replace the refused outputs by their safe values."""
    replace = msgspec.structs.replace
    pump, room, unit = wanted.pump, wanted.room, wanted.mammograph
    if refused & {Output.PREPARE, Output.RUN, Output.WITHDRAW}:
        pump = PumpTarget(diameter_um=pump.diameter_um)
    if Output.CLEAR in refused:
        pump = replace(pump, clear_counters=False)
    if Output.PERMIT in refused:
        room = replace(room, pump_permit=False, reclose_trip_count=0)
    if Output.DESCENT in refused:
        unit = replace(unit, compression=Compression.HOLD)
    if refused & {Output.PREP, Output.EXPOSE}:
        unit = replace(unit, exposure=ExposureStage.OFF)
        room = replace(room, xray_enable=False)
    return replace(wanted, pump=pump, room=room, mammograph=unit)
