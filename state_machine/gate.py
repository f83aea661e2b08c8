"""The refusal table: cause × output. Passes an output whole, or puts its safe value.

The gate stands between what the workflow proposes and what the room is told. It never
clips, never repairs, and does not know why the workflow proposed a thing. Each cause
names the outputs it refuses and the way back:

* RELEASED: press again within the resume window;
* ABNORMAL: arm again;
* LATCHED: acknowledge the alarm, then arm;
* LOCKED: not today.

Lamps and sounder are never gated. A pump glitch does not cut an exposure under way; an
emergency stop cuts everything. A bounded retract needs no hold; its test at prime does.
"""

import enum
import functools
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from state_machine import hold as hold_gate
from state_machine import observe, refusals
from state_machine.alarms import none_blocks
from state_machine.readings import (
    MOVING_PROMPTS,
    Link,
    Paddle,
    PumpAlarm,
    Readings,
    TripCause,
    UnitState,
)
from state_machine.refusals import Seen, ceiling
from state_machine.state import HoldAction, HoldPhase, Phase, State
from state_machine.targets import Compression, ExposureStage, PumpAction, PumpTarget, Targets


class Output(enum.Enum):
    """An output that can be refused, at the level that is proposed."""

    # looked up in every pass: a member is equal to itself alone, and Enum hashes its name
    __hash__ = object.__hash__

    PREPARE = "prepare a motion"
    RUN = "run the pump"
    WITHDRAW = "withdraw"
    CLEAR = "clear the counters"
    PERMIT = "power the pump"
    DESCENT = "compress"
    PREP = "prepare the exposure"
    EXPOSE = "expose"
    SILENCE = "say nothing to the pump"
    WITHHOLD = "keep the heartbeat from the box"


class WayBack(enum.Enum):
    """What a person does to get a permission back."""

    RELEASED = "press again"
    ABNORMAL = "arm again"
    LATCHED = "acknowledge, then arm"
    LOCKED = "not today"


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
_QUIET = frozenset({Output.SILENCE, Output.WITHHOLD})
_RELEASED, _ABNORMAL, _LATCHED = WayBack.RELEASED, WayBack.ABNORMAL, WayBack.LATCHED


# fmt: off
CAUSES: Final[tuple[Cause, ...]] = (
    # --- everything -----------------------------------------------------------------------
    Cause("emergency-stop", _ALL - {Output.CLEAR}, lambda s: s.readings.room.emergency_stop, "the emergency stop is pressed", _LATCHED, "HZ-STOP-FAILS"),
    Cause("late", _RUN | _XRAY | _DESCENT | _QUIET, lambda s: s.late, "the controller was late", _ABNORMAL, "HZ-STALE-DATA"),
    # --- power permit ---------------------------------------------------------------------
    Cause("not-confirmed", frozenset({Output.PERMIT}), lambda s: not s.state.permit, "nobody has confirmed that the pump may be powered", _LATCHED, "HZ-UNCOMMANDED-MOTION"),
    Cause("stop-overdue", _MOTION, lambda s: s.readings.pump.stop_overdue, "the pump has not been proven to stop", _LATCHED, "HZ-STOP-FAILS"),
    Cause("power-overdue", frozenset({Output.PERMIT}), refusals.overdue_again, "the pump is not proven to stop, or was lost while it may run", _LATCHED, "HZ-STOP-FAILS"),
    Cause("pressure-switch", _MOTION | {Output.PERMIT} | _QUIET, lambda s: s.readings.room.pressure_switch, "the independent pressure switch has opened", _LATCHED, "HZ-OVERPRESSURE"),
    # --- the pump and its readings --------------------------------------------------------
    Cause("pain", _MOTION | _DESCENT | _QUIET, lambda s: s.readings.room.pain_pressed, "the patient presses the pain button", _LATCHED, "HZ-EXTRAVASATION"),
    Cause("locked", _INFUSION, refusals.locked, "this breast is locked after a suspected extravasation", WayBack.LOCKED, "HZ-EXTRAVASATION"),
    Cause("alarm", _INFUSION, lambda s: not none_blocks(s.state), "an alarm waits for its acknowledgement", _LATCHED, "HZ-USE-ERROR"),
    Cause("pump-link", _MOTION | {Output.CLEAR}, lambda s: s.readings.pump.link is not Link.UP or not s.readings.pump.settings_ok, "the pump is not ready", _ABNORMAL, "HZ-WRONG-DEVICE"),
    Cause("pump-alarm", _MOTION, lambda s: s.readings.pump.alarm is not PumpAlarm.NONE, "the pump reports an alarm", _LATCHED, "HZ-STOP-FAILS"),
    Cause("pump-stale", _RUN | {Output.WITHDRAW}, lambda s: not observe.pump_fresh(s.state, s.readings, s.now_ns), "the pump was not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("line-stale", _RUN | {Output.WITHDRAW}, lambda s: not observe.line_fresh(s.state, s.readings, s.now_ns), "the line pressure was not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("room-stale", _RUN | {Output.WITHDRAW} | _EXPOSE, lambda s: not observe.room_fresh(s.state, s.readings, s.now_ns), "the switches were not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("room-owner", _RUN | {Output.WITHDRAW} | _XRAY, lambda s: not s.readings.room.owned, "the room box is not owned by this controller", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("box-stop", _RUN | {Output.WITHDRAW}, lambda s: s.readings.room.stop_line or not s.readings.room.relay_closed or s.readings.room.trip_cause is not TripCause.NONE, "the room box holds the pump stopped", _ABNORMAL, "HZ-STOP-FAILS"),
    Cause("syringe", _MOTION, lambda s: not observe.clamped_um(s.state) or s.readings.pump.diameter_um != observe.clamped_um(s.state) or s.wanted.pump.diameter_um != s.readings.pump.diameter_um, "the pump has not confirmed the syringe", _ABNORMAL, "HZ-SYRINGE"),
    # --- hold and record ------------------------------------------------------------------
    Cause("not-held", _RUN, refusals.not_held, "the switch is not held", _RELEASED, "HZ-USE-ERROR"),
    Cause("not-held-test", frozenset({Output.WITHDRAW}), refusals.test_not_held, "the switch is not held for the retract test", _RELEASED, "HZ-USE-ERROR"),
    Cause("hold-contacts", _RUN | _EXPOSE, lambda s: s.readings.room.hold_disagrees, "the contacts of the hold switch contradict each other", _ABNORMAL, "HZ-USE-ERROR"),
    Cause("screen", _RUN | _EXPOSE, lambda s: not hold_gate.is_seen(s.state, s.state.hold.action, s.now_ns), "the console's screen is not live", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("beats", _RUN | _EXPOSE, lambda s: s.now_ns > hold_gate.beat_until_ns(s.state.hold, s.state.profile.limits), "the page that holds was not heard in time", _ABNORMAL, "HZ-STALE-DATA"),
    Cause("not-durable", _RUN | {Output.WITHDRAW}, refusals.not_durable, "the intent is not on the disk yet", _RELEASED, "HZ-RECORD"),
    Cause("record", frozenset({Output.PREPARE}), lambda s: bool(s.readings.journal.fault), "the record cannot be written", _ABNORMAL, "HZ-RECORD"),
    # --- volume, rate, pressure, temperature ----------------------------------------------
    Cause("motion-volume", _INFUSION, refusals.motion_volume_bad, "the motion is smaller or larger than one motion may be", _ABNORMAL, "HZ-OVERVOLUME"),
    Cause("volume", _INFUSION, refusals.over_volume, "a volume limit of injection, duct or day would be passed", _ABNORMAL, "HZ-OVERVOLUME"),
    Cause("prime-volume", _INFUSION, refusals.over_prime, "the prime limit of this procedure would be passed", _ABNORMAL, "HZ-EXTRAVASATION"),
    Cause("rate", _INFUSION, refusals.rate_bad, "the rate is zero or above its limit", _ABNORMAL, "HZ-OVERRATE"),
    Cause("ramp", _INFUSION, refusals.ramp_bad, "the rate rises faster than the ramp allows", _ABNORMAL, "HZ-OVERRATE"),
    Cause("motor-time", _RUN, refusals.motor_time, "the motor has run as long as one injection may", _ABNORMAL, "HZ-OVERVOLUME"),
    Cause("tip-word", _INFUSION, refusals.tip_word_old, "nobody has said within a minute that the tip is out (for a push: and the stopcock closed)", _ABNORMAL, "HZ-EXTRAVASATION"),
    Cause("tip-pressure", _RUN, refusals.tip_pressure, "the pressure is not that of an open tip: is it in tissue, or blocked?", _ABNORMAL, "HZ-EXTRAVASATION"),
    Cause("stopcock-pressure", _RUN | {Output.WITHDRAW}, refusals.stopcock_pressure, "the pressure behind the closed stopcock is over its bound", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("flow-drop", _INFUSION, refusals.flow_drop, "the cannula needs too much pressure at this rate", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("stored-volume", _INFUSION, refusals.stored_over, "the line stores more at this rate than may come after a stop", _ABNORMAL, "HZ-STOP-FAILS"),
    Cause("overrun", _INFUSION, refusals.overrun, "too much would come after the slowest stop: (time constant + dead time) x rate", _ABNORMAL, "HZ-STOP-FAILS"),
    Cause("line-pressure", _RUN | _QUIET, refusals.line_over, "the line pressure is over its limit", _LATCHED, "HZ-OVERPRESSURE"),
    Cause("line-zero", _INFUSION, lambda s: refusals.for_inject(s) and not observe.zeroed(s.state, s.readings), "the line sensor has lost its zero", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("net-pressure", _RUN, refusals.net_over, "the net pressure (upper bound) is over its pause level", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("net-unsure", _INFUSION, refusals.net_unsure, "the net pressure cannot be told closely enough at this rate: warm the contrast", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("temperature", _INFUSION, lambda s: refusals.for_inject(s) and not observe.temperature_ok(s.state, s.readings, s.now_ns), "the contrast temperature is missing, too long ago or out of range", _ABNORMAL, "HZ-OVERPRESSURE"),
    # --- pump and X-ray exclude each other ------------------------------------------------
    Cause("unit-busy", _INFUSION | {Output.WITHDRAW}, refusals.unit_busy, "the mammography unit is preparing or exposing", _ABNORMAL, "HZ-FLOW-AND-XRAY"),
    Cause("paddle", _RUN, lambda s: refusals.for_inject(s) and s.readings.mammograph.paddle is not Paddle.RELEASED, "the breast is compressed, or the paddle is not known to be up", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("pump-may-move", _XRAY, refusals.pump_may_move, "the pump is not locked", _ABNORMAL, "HZ-FLOW-AND-XRAY"),
    # --- retract --------------------------------------------------------------------------
    Cause("retract-bound", frozenset({Output.WITHDRAW}), refusals.retract_bad, "a retract needs proven standstill, line pressure, a bounded volume, and the cannula in (for its test: the stopcock closed)", _ABNORMAL, "HZ-AIR"),
    Cause("clear-phase", frozenset({Output.CLEAR}), lambda s: s.state.phase not in (Phase.SET_UP, Phase.PRIME) or not observe.proven_stopped(s.readings.pump), "counters are cleared before the duct is located, never later", _ABNORMAL, "HZ-LOST-COUNT"),
    # --- daily check ----------------------------------------------------------------------
    Cause("check-motion", _INFUSION, refusals.check_elsewhere, "a motion of the daily check, and no check is under way", _ABNORMAL, "HZ-UNCOMMANDED-MOTION"),
    # --- dispensing, to weigh -----------------------------------------------------------------
    Cause("dispense-motion", _INFUSION, refusals.dispense_elsewhere, "a motion into a vessel, and no dispensing is under way, or more or faster than was said", _ABNORMAL, "HZ-UNCOMMANDED-MOTION"),
    Cause("quiet", _QUIET, refusals.quiet_bad, "silence is for the daily check alone: tip out, switch held, for a moment", _ABNORMAL, "HZ-STOP-FAILS"),
    # --- compression ----------------------------------------------------------------------
    Cause("descent-unit", _DESCENT | _XRAY, lambda s: s.readings.mammograph.link is not Link.UP or s.readings.mammograph.watchdog_tripped, "the mammography unit is not ready", _ABNORMAL, "HZ-COMPRESSION"),
    Cause("descent-pump", _DESCENT, lambda s: s.readings.pump.prompt in MOVING_PROMPTS or s.wanted.pump.action is not PumpAction.STOPPED, "the pump moves", _ABNORMAL, "HZ-OVERPRESSURE"),
    Cause("descent-line", _DESCENT, refusals.compression_unsure, "the line pressure is unknown or too high under compression", _RELEASED, "HZ-OVERPRESSURE"),
    Cause("descent-force", _DESCENT, lambda s: not 0 < s.wanted.mammograph.force_limit_mn <= min(s.state.profile.limits.force_mn, ceiling("force_mn")), "the force limit is missing or above its ceiling", _ABNORMAL, "HZ-COMPRESSION"),
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
    wants = (
        (Output.PREPARE, pump.action is PumpAction.INFUSE),
        (Output.RUN, pump.action is PumpAction.INFUSE and pump.run),
        (Output.WITHDRAW, pump.action is PumpAction.WITHDRAW),
        (Output.CLEAR, pump.clear_counters),
        (Output.PERMIT, targets.room.pump_permit),
        (Output.DESCENT, unit.compression is Compression.PERMIT),
        (Output.PREP, unit.exposure is not ExposureStage.OFF),
        (Output.EXPOSE, unit.exposure is ExposureStage.EXPOSE),
        (Output.SILENCE, pump.silent),
        (Output.WITHHOLD, targets.room.withhold_heartbeat),
    )
    return frozenset([output for output, wanted in wants if wanted])


@functools.cache
def _rows(
    asked: frozenset[Output],
) -> tuple[tuple[Callable[[Seen], bool], Cause, tuple[Output, ...]], ...]:
    """Rows that refuse any of these outputs, each behind its question, and which of them."""
    rows = ((cause, tuple(o for o in Output if o in cause.refuses & asked)) for cause in CAUSES)
    return tuple((cause.present, cause, outputs) for cause, outputs in rows if outputs)


def judge(
    state: State, readings: Readings, wanted: Targets, late: bool, now_ns: int
) -> tuple[Targets, tuple[Refusal, ...]]:
    """Pass each proposed output whole, or replace it by its safe value and say why."""
    asked = proposed(wanted)
    if not asked:
        return wanted, ()
    seen = Seen(state, readings, wanted, late, now_ns)
    found = [(cause, outputs) for present, cause, outputs in _rows(asked) if present(seen)]
    if not found:
        return wanted, ()
    refusals = tuple(Refusal(output, cause) for cause, outputs in found for output in outputs)
    return _safe(wanted, {r.output for r in refusals}), refusals


def _safe(wanted: Targets, refused: set[Output]) -> Targets:
    """Replace the refused outputs by their safe values."""
    replace = msgspec.structs.replace
    pump, room, unit = wanted.pump, wanted.room, wanted.mammograph
    if refused & {Output.PREPARE, Output.RUN, Output.WITHDRAW}:
        pump = PumpTarget(diameter_um=pump.diameter_um, silent=pump.silent)
    if Output.SILENCE in refused:
        pump = replace(pump, silent=False)
    if Output.WITHHOLD in refused:
        room = replace(room, withhold_heartbeat=False)
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
