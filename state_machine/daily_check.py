"""The daily check: what stops the pump is seen to act, before anybody depends on it.

A table of rows in their order: what the room is told, what must be *seen* within which time,
the words for the person and those when it was not seen (safety rules 5.4). It is done in
standby, nobody in the room, tip over a cup. A row that fails ends the check; nothing is
valid then until a whole check is passed.

Two rows keep silent on purpose while 5 uL run into the cup: once toward the pump, so that
its own Safe mode has to stop it, once toward pump and box, so that the box's watchdog has
to, by the pump's stop input. Both are judged by the pump's motor pin at the box: nothing
else tells a stop without asking the pump, and asking is what must not be done. A room
where the pin is not wired does not pass. Times are of the pass that saw the thing: up to
one poll of the box (50 ms) later than it was.

``checking.py`` walks the rows; gate and drivers bound every silence by themselves.
"""

import enum
from collections.abc import Callable
from typing import Final, NamedTuple

from state_machine import observe
from state_machine.profile import CheckRule, Profile
from state_machine.readings import Link, Motion, Prompt, PumpAlarm, Readings, TripCause
from state_machine.state import Check, State
from state_machine.units import NS_PER_MIN, NS_PER_MS, NS_PER_S


class Step(enum.Enum):
    """What is checked, in the order in which it is."""

    POWER = "power"
    ZERO = "zero"
    HOLD = "hold-switch"
    PAIN = "pain-button"
    SOUNDER = "sounder"
    SAFE_MODE = "safe-mode"
    BOX = "box-watchdog"
    RELAY = "relay"
    EMERGENCY = "emergency-stop"


class Told(enum.Enum):
    """What the room is told while a row is waited for."""

    REST = "nothing but to stand by"
    ZERO = "zero the sensor"
    SOUND = "sound"
    SILENT = "nothing is said to the pump"
    ALONE = "nothing is said to pump and box"
    OFF = "the permit is withdrawn"


SILENT: Final = frozenset({Told.SILENT, Told.ALONE})


class Look(NamedTuple):
    """What a row looks at."""

    state: State
    readings: Readings
    check: Check
    now_ns: int

    @property
    def age_ns(self) -> int:
        """Since the row began."""
        return self.now_ns - self.check.since_ns


Span = Callable[[Profile], int]


class Row(NamedTuple):
    """One thing that must be seen."""

    step: Step
    part: str
    prompt: str
    """What the person does, or sees happen."""
    failed: str
    """Why it may not have been seen, and what to do."""
    within: Span
    seen: Callable[[Look], bool]
    told: Told = Told.REST
    not_before: Span = lambda _p: 0
    """Seen earlier, it was not this that acted."""
    asks: str = ""
    """Request that the row waits for; empty = hands in the room, or nobody."""
    measure: str = ""
    measured: Callable[[Look], int] = lambda look: look.age_ns // NS_PER_MS
    bound: Span | None = None
    """Most that may be measured; None: the time of ``within``, in ms."""


PERSON_NS: Final = 3 * NS_PER_MIN
"""For a thing that a person does (assumption: walk to the box, read, press)."""
ROOM_NS: Final = 5 * NS_PER_S
"""For the box to open power (1 s at the most, register map) and the silent pump to be called lost."""
SAFE_MARGIN_NS: Final = NS_PER_S // 2
"""Beyond the Safe mode time, which counts whole seconds from the last packet (manual M1 p34):
one poll of the pin, one packet under way, the pump's own granularity (assumption)."""
EARLY_NS: Final = 300 * NS_PER_MS
"""The last packet may be so much older than the silence (poll 50 ms, answer 40 ms, reserve)."""
BOX_NS: Final = 500 * NS_PER_MS
"""Watchdog of 300 ms and two polls, with reserve; the box's second stage, power, comes 450 ms
after the last heartbeat at the earliest and shows another cause."""
BOX_EARLY_NS: Final = 150 * NS_PER_MS
"""Shortest watchdog 250 ms, less the heartbeat's interval and two exchanges."""
REST_NS: Final = NS_PER_S
"""Three times the readings that a pressure at rest is a mean of."""


def rate_nl_min(profile: Profile) -> int:
    """Rate of the motions into the cup: one drop lasts twice as long as the silence needs."""
    span_ns = 2 * (profile.safe_mode_ns + 2 * NS_PER_S)
    return min(profile.limits.ramp_nl_min_s, profile.limits.tip_drop_nl * NS_PER_MIN // span_ns)


def _box_fresh(look: Look) -> bool:
    """An answer to a question asked after the row began."""
    room = look.readings.room
    return room.link is Link.UP and room.at_ns > look.check.since_ns


def _powered(look: Look) -> bool:
    """Permitted by a person, nothing tripped, the pump identified, set and standing."""
    room, pump = look.readings.room, look.readings.pump
    return (
        look.state.permit
        and room.link is Link.UP
        and room.owned
        and room.relay_closed
        and not room.stop_line
        and room.trip_cause is TripCause.NONE
        and pump.link is Link.UP
        and pump.settings_ok
        and pump.diameter_um == look.check.diameter_um
        and observe.proven_stopped(pump)
    )


def _back(look: Look) -> bool:
    """Powered, and the pump itself said that it had been without (``A?R``)."""
    return _powered(look) and look.readings.pump.power_up_count > look.check.power_up_count


def _since_permit_ms(look: Look) -> int:
    return (look.now_ns - look.state.permit_ns) // NS_PER_MS


def _near_zero(limit: Callable[[Profile], int]) -> Callable[[Look], bool]:
    def seen(look: Look) -> bool:
        known = look.readings.line.link is Link.UP and look.readings.line.pressure_pa is not None
        rest_pa = abs(observe.rest_pa(look.state))
        return known and look.age_ns >= REST_NS and rest_pa <= limit(look.state.profile)

    return seen


def _rest_pa(look: Look) -> int:
    return observe.rest_pa(look.state)


def _open(look: Look) -> bool:
    room = look.readings.room
    return _box_fresh(look) and not room.hold_pressed and not room.hold_disagrees


def _flows(look: Look) -> bool:
    pump, room = look.readings.pump, look.readings.room
    running = pump.motion is Motion.RUNNING and pump.prompt is Prompt.INFUSING
    return running and _box_fresh(look) and room.motor_pin and room.hold_pressed


def _pin_fell(look: Look) -> bool:
    return _box_fresh(look) and not look.readings.room.motor_pin


def _stands(look: Look) -> bool:
    pump = look.readings.pump
    return look.state.plan is None and pump.alarm is PumpAlarm.NONE and _powered(look)


def _box_tripped(look: Look) -> bool:
    """The box missed the heartbeat, and its stop input alone has stopped the motor.

    Its scan counter is not asked: without heartbeats no answer of the box counts as fresh.
    """
    room = look.readings.room
    return (
        room.trip_cause is TripCause.HEARTBEAT_LOST
        and room.trip_count != look.check.trip_count
        and room.stop_line
        and not room.motor_pin
    )


def _dark(look: Look) -> bool:
    """The relay is seen open and the pump is silent."""
    room, pump = look.readings.room, look.readings.pump
    return _box_fresh(look) and not room.relay_closed and pump.link is Link.LOST


def _cut(look: Look) -> bool:
    return _dark(look) and look.readings.room.trip_cause is TripCause.COMMANDED


def _struck(look: Look) -> bool:
    room = look.readings.room
    return _box_fresh(look) and room.emergency_stop and not room.relay_closed


def _person(_profile: Profile) -> int:
    return PERSON_NS


def _room(_profile: Profile) -> int:
    return ROOM_NS


_RECLOSE: Final = "confirm-reclose"
_TIP: Final = "tip-out"
_DROP: Final = (
    "tip over the cup: say that it is out, then press the hold switch and keep it down until"
    " the pump has stopped"
)
_NO_FLOW: Final = (
    "the pump was not seen running with its motor pin high: hold the switch until it runs;"
    " check the pin's wire to the box"
)
_BACK_FAILED: Final = (
    "the pump did not come back as one that had lost its power (A?R), or its settings could not be"
    " read back: was it really without power? Check the relay and the pump's line"
)
_POWER: Final = "confirm that the cannula is out, to power the pump"

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    Row(Step.POWER, "on", _POWER, "the pump is not ready: see its line in the device list", _person, _powered, asks=_RECLOSE),
    Row(Step.ZERO, "before", "leave the tip in the open, at the height of the sensor", "the line sensor is too far from zero with the tip in the open: is the line closed or full of pressure? Else replace the sensor", _room, _near_zero(lambda p: p.limits.check_zero_pa), measure="Pa at rest", measured=_rest_pa, bound=lambda p: p.limits.check_zero_pa),
    Row(Step.ZERO, "after", "leave the tip where it is: the sensor is zeroed", "the line sensor was zeroed and does not rest at zero: replace it", _room, lambda k: k.state.line.zeroed and _near_zero(lambda p: p.limits.rest_pressure_pa)(k), Told.ZERO, measure="Pa at rest", measured=_rest_pa, bound=lambda p: p.limits.rest_pressure_pa),
    Row(Step.HOLD, "open", "leave the hold switch alone", "the hold switch is pressed, or its contacts contradict each other: have it repaired", _room, _open),
    Row(Step.HOLD, "press", "press the hold switch and keep it down", "the hold switch was not seen pressed with both contacts: have it repaired", _person, lambda k: _box_fresh(k) and k.readings.room.hold_pressed),
    Row(Step.HOLD, "release", "let the hold switch go", "the hold switch was not seen released with both contacts: have it repaired", _person, _open),
    Row(Step.PAIN, "open", "leave the pain button alone", "the pain button is pressed: free it, or have it repaired", _room, lambda k: _box_fresh(k) and not k.readings.room.pain_pressed),
    Row(Step.PAIN, "press", "press the pain button and keep it down", "the pain button was not seen pressed: have it repaired", _person, lambda k: _box_fresh(k) and k.readings.room.pain_pressed),
    Row(Step.PAIN, "release", "let the pain button go", "the pain button was not seen released: have it repaired", _person, lambda k: _box_fresh(k) and not k.readings.room.pain_pressed),
    Row(Step.SOUNDER, "heard", "the sounder sounds: say whether it is heard", "the sounder was not heard: have it repaired", _person, lambda k: k.check.heard is True, Told.SOUND, asks="sounder-heard"),
    Row(Step.SAFE_MODE, "motion", _DROP, _NO_FLOW, _person, _flows, asks=_TIP),
    Row(Step.SAFE_MODE, "silence", "keep the switch down: nothing is said to the pump, it has to stop by itself", "the pump did not stop by itself after its Safe mode time of silence, or something else stopped it: have its Safe mode repaired", lambda p: p.safe_mode_ns + SAFE_MARGIN_NS, _pin_fell, Told.SILENT, not_before=lambda p: p.safe_mode_ns - EARLY_NS, measure="ms to stop"),
    Row(Step.SAFE_MODE, "alarm", "the pump says why it stopped", "the pump stopped, but did not tell its communications alarm (A?T): was it Safe mode?", lambda _p: 2 * NS_PER_S, lambda k: k.check.timeout_seen),
    Row(Step.SAFE_MODE, "stand", "let the switch go", "the pump is not ready again: see its line in the device list", _person, lambda k: _stands(k) and _open(k)),
    Row(Step.BOX, "motion", _DROP, _NO_FLOW, _person, _flows, asks=_TIP),
    Row(Step.BOX, "watchdog", "keep the switch down: the box gets no heartbeat, it has to stop the pump", "the box did not stop the pump by its stop input when the heartbeat was missing: check the wire to the pump's pin 2 and its trigger setting, and the box's watchdog", lambda _p: BOX_NS, _box_tripped, Told.ALONE, not_before=lambda _p: BOX_EARLY_NS, measure="ms to stop"),
    Row(Step.BOX, "power", "let the switch go: the box takes the pump's power", "the relay did not open, or the pump goes on answering: a welded relay? Have the box repaired", _room, _dark, measure="ms to silence"),
    Row(Step.BOX, "back", _POWER, _BACK_FAILED, _person, _back, asks=_RECLOSE, measure="ms from permit to ready", measured=_since_permit_ms),
    Row(Step.RELAY, "open", "the permit is withdrawn: the pump goes dark", "the relay did not open, or the pump goes on answering: a welded relay? Have the box repaired", _room, _cut, Told.OFF, measure="ms to silence"),
    Row(Step.RELAY, "back", _POWER, _BACK_FAILED, _person, _back, asks=_RECLOSE, measure="ms from permit to ready", measured=_since_permit_ms),
    Row(Step.EMERGENCY, "press", "press the emergency stop", "the emergency stop was not seen, or did not open the relay: have it repaired", _person, _struck),
    Row(Step.EMERGENCY, "release", "release the emergency stop", "the emergency stop was not seen released", _person, lambda k: _box_fresh(k) and not k.readings.room.emergency_stop),
    Row(Step.EMERGENCY, "back", f"acknowledge the alarms, then {_POWER}", _BACK_FAILED, _person, _back, asks=_RECLOSE, measure="ms from permit to ready", measured=_since_permit_ms),
)
# fmt: on

EXPECTED: Final = {Step.EMERGENCY: frozenset({"emergency-stop", "box-tripped"})}
"""Alarms that a step raises by what it does; any other that stops a procedure ends the check."""


def bound(row: Row, profile: Profile) -> int:
    """Most that the row's measured value may be; 0 = nothing is measured."""
    if not row.measure:
        return 0
    return row.bound(profile) if row.bound else row.within(profile) // NS_PER_MS


def row_of(state: State) -> Row | None:
    """The row that is waited for; None = no check is under way."""
    return ROWS[state.check.row] if state.check is not None else None


def told(state: State) -> Told:
    """What the room is told for the check."""
    row = row_of(state)
    return row.told if row is not None else Told.REST


def wants_motion(state: State) -> bool:
    """The row waits for the word that the tip is out."""
    row = row_of(state)
    return row is not None and row.asks == _TIP


def expects_timeout(state: State) -> bool:
    """The pump's communications alarm is what the check has brought about."""
    row = row_of(state)
    return row is not None and row.step is Step.SAFE_MODE


def until_ns(state: State) -> int:
    """When the daily check ends to hold; 0 = none was passed."""
    passed_ns = state.checked.passed_ns
    return passed_ns + state.profile.limits.daily_check_life_ns if passed_ns else 0


def valid(state: State, now_ns: int) -> bool:
    """A daily check that still holds, or none is required."""
    return state.profile.daily_check is CheckRule.WAIVED or now_ns < until_ns(state)
