"""What the workflow wants of the whole room in this pass, before the gate has seen it.

The workflow is made to stay inside the limits; the gate enforces them because the
workflow might not.
"""

import msgspec

from state_machine import daily_check, injection, retract
from state_machine import hold as hold_gate
from state_machine.alarms import ALARM_BY_NAME, Priority, sounder
from state_machine.daily_check import Told
from state_machine.readings import Paddle, Readings, UnitState
from state_machine.state import HoldAction, HoldPhase, Phase, Purpose, State
from state_machine.targets import (
    Activity,
    Compression,
    ExposureStage,
    Lamp,
    LineTarget,
    MammographTarget,
    PumpAction,
    PumpTarget,
    RoomTarget,
    Sounder,
    Targets,
)

_ACTIVE = frozenset(
    {
        Phase.PRIME,
        Phase.LOCATE_DUCT,
        Phase.ARM,
        Phase.ARM_CONFIRM,
        Phase.ARMED,
        Phase.INJECTING,
        Phase.HOLDING,
        Phase.SETTLE,
        Phase.COMPRESSION,
        Phase.REVIEW,
        Phase.RECOVERY,
    }
)
_EXPOSING = frozenset({Phase.EXPOSURE, Phase.EXPOSURE_ARMED})
_RELEASING = frozenset(
    {
        Phase.REVIEW,
        Phase.DECANNULATE,
        Phase.AFTERCARE,
        Phase.CLOSED,
        Phase.EMERGENCY,
        Phase.EXTRAVASATED,
    }
)


def propose(state: State, readings: Readings, now_ns: int) -> Targets:
    """The whole wanted state of the room."""
    plan = state.plan
    way = retract if plan is not None and plan.purpose is Purpose.RETRACT else injection
    told = daily_check.told(state)
    silent = told in daily_check.SILENT
    pump = msgspec.structs.replace(way.pump_target(state, readings), silent=silent)
    exposing = state.phase in _EXPOSING
    unit = MammographTarget(
        compression=_compression(state, readings),
        exposure=_exposure(state, readings, now_ns),
        view=state.exposure.view,
        force_limit_mn=state.profile.limits.force_mn,
    )
    return Targets(
        activity=_activity(state, readings),
        pump=pump,
        line=LineTarget(zero_count=state.line.zero_count if not state.line.zeroed else 0),
        room=RoomTarget(
            pump_permit=state.permit,
            reclose_trip_count=state.reclose_trip_count,
            xray_enable=exposing and unit.exposure is not ExposureStage.OFF,
            lamp=_lamp(state, pump),
            sounder=_sounder(state, told, now_ns),
            withhold_heartbeat=told is Told.ALONE,
        ),
        mammograph=unit,
    )


def _sounder(state: State, told: Told, now_ns: int) -> Sounder:
    """What is heard: the daily check's proof, nothing during a pause, else the highest alarm."""
    if told is Told.SOUND:
        return Sounder.HIGH
    return Sounder.OFF if now_ns < state.quiet_until_ns else sounder(state.alarms)


def _activity(state: State, readings: Readings) -> Activity:
    if state.phase in _EXPOSING:
        return Activity.EXPOSING
    moving = state.plan is not None or state.targets.pump.action is not PumpAction.STOPPED
    held = state.hold.phase is not HoldPhase.CLOSED
    squeezed = readings.mammograph.paddle not in (Paddle.RELEASED, Paddle.UNKNOWN)
    checking = state.check is not None or state.dispensing is not None
    busy = state.phase in _ACTIVE or moving or held or squeezed or checking
    return Activity.ACTIVE if busy else Activity.IDLE


def _compression(state: State, readings: Readings) -> Compression:
    released = readings.mammograph.paddle is Paddle.RELEASED
    if state.release or (state.phase in _RELEASING and not released):
        return Compression.RELEASE
    if state.phase is Phase.COMPRESSION:
        return Compression.PERMIT
    return Compression.HOLD


def _exposure(state: State, readings: Readings, now_ns: int) -> ExposureStage:
    """Prep while armed; expose while held, in a pass after the one that saw *ready*."""
    unit, hold = readings.mammograph, state.hold
    if state.phase is not Phase.EXPOSURE_ARMED or hold.action is not HoldAction.EXPOSE:
        return ExposureStage.OFF
    if unit.unit_state is UnitState.DONE and state.exposure.ready_ns:
        return ExposureStage.OFF
    ready = unit.unit_state in (UnitState.READY, UnitState.EXPOSING)
    earlier = 0 < state.exposure.ready_ns < now_ns
    held = hold_gate.is_open(hold, HoldAction.EXPOSE)
    return ExposureStage.EXPOSE if held and ready and earlier else ExposureStage.PREP


def _lamp(state: State, pump: PumpTarget) -> Lamp:
    high = any(
        alarm.present and ALARM_BY_NAME[alarm.name].priority is Priority.HIGH
        for alarm in state.alarms
    )
    if high:
        return Lamp.FAULT
    if pump.run or state.phase is Phase.EXPOSURE_ARMED:
        return Lamp.ACTIVE
    return Lamp.READY if state.hold.phase is not HoldPhase.CLOSED else Lamp.OFF
