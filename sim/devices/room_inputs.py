"""What hands do in the simulated room, and what goes wrong there, as one table by name."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from sim.devices.room import SimulatedRoom

Value = bool | int | str
_NS_PER_HOUR: Final = 3600 * 10**9
NAMES: Final = ("pump", "mammograph", "pressure_sensor", "room_io")
"""The four devices of a room."""

Act = Callable[["SimulatedRoom", Any, int], None]


class Input(NamedTuple):
    """Values an input takes (None = any whole number) and what it does."""

    values: tuple[Value, ...] | None
    act: Act


def _contact(name: str) -> Act:
    return lambda room, on, now_ns: room.room_io.set_contact(name, on, now_ns)


def _set(place: str, attribute: str, true: Value | None = None) -> Act:
    """Set an attribute of a part of the room; with ``true`` given, to value == true."""

    def act(room: "SimulatedRoom", value: Value, now_ns: int) -> None:
        part: object = room
        for name in filter(None, place.split(".")):
            part = getattr(part, name)
        setattr(part, attribute, value if true is None else value == true)

    return act


def _hold(room: "SimulatedRoom", pressed: bool, now_ns: int) -> None:
    """Two antivalent contacts of one switch."""
    room.room_io.set_contact("hold_no", pressed, now_ns)
    room.room_io.set_contact("hold_nc", not pressed, now_ns)


def _door(room: "SimulatedRoom", value: str, now_ns: int) -> None:
    room.room_io.set_contact("door_closed", value == "closed", now_ns)
    room.mammograph.set_door(value == "closed", now_ns)


def _temperature(room: "SimulatedRoom", missing: bool, now_ns: int) -> None:
    room.pressure_sensor.temperature_mc = None if missing else room.physics.rig.temperature_mc


def _unfilled(room: "SimulatedRoom", volume_nl: int, _now_ns: int) -> None:
    """Contrast stands in the line already, but for this volume before the tip."""
    room.physics.filled_ul = max(0.0, room.physics.rig.dead_space_ul - volume_nl / 1000)


def _thousandth(attribute: str) -> Act:
    """Set a figure of the physics that is named in thousandths."""
    return lambda room, value, _now_ns: setattr(room.physics, attribute, value / 1000)


def _low(room: "SimulatedRoom", low_mm: int, _now_ns: int) -> None:
    """The transducer lies that much below the tip: the line's contrast stands over it."""
    room.physics.height_kpa = low_mm * room.physics.rig.head_kpa_mm


def _reference(room: "SimulatedRoom", reference_pa: int, _now_ns: int) -> None:
    """A hand pump with a manometer on the sensor's stopcock, instead of the line's height."""
    room.physics.height_kpa = reference_pa / 1000


def _drift(room: "SimulatedRoom", drift_pa_h: int, now_ns: int) -> None:
    """From what it shows now; drift counts from power-up, so the offset takes up the past."""
    sensor = room.pressure_sensor
    past_ns = now_ns - sensor.started_ns
    sensor.offset_pa += (sensor.drift_pa_h - drift_pa_h) * past_ns // _NS_PER_HOUR
    sensor.drift_pa_h = drift_pa_h


_SWITCH: Final = (True, False)
_PRESS: Final = (True,)
INPUTS: Final[dict[str, Input]] = {
    # hands
    "hold": Input(_SWITCH, _hold),
    "hold_no": Input(_SWITCH, _contact("hold_no")),
    "hold_nc": Input(_SWITCH, _contact("hold_nc")),
    "pain": Input(_SWITCH, _contact("pain")),
    "emergency_stop": Input(_SWITCH, _contact("emergency_stop")),
    "door": Input(("open", "closed"), _door),
    "tip": Input(
        ("out", "duct", "wall"), lambda room, where, _now_ns: room.physics.place_tip(where)
    ),
    "stopcock": Input(("open", "closed"), _set("physics", "stopcock_open", "open")),
    "prime": Input(_PRESS, lambda room, _value, _now_ns: room.physics.prime()),
    "unfilled_nl": Input(None, _unfilled),
    "mount": Input(("anew",), lambda room, _value, _now_ns: room.physics.mount_anew()),
    "next_patient": Input(_PRESS, lambda room, _value, _now_ns: room.physics.next_patient()),
    "compress_pedal": Input(
        _SWITCH, lambda room, on, now_ns: room.mammograph.press_pedal(on, now_ns)
    ),
    "unit_release": Input(
        _PRESS, lambda room, _value, now_ns: room.mammograph.press_release(now_ns)
    ),
    "keypad_start": Input(_PRESS, lambda room, _value, now_ns: room.pump.keypad_start(now_ns)),
    "keypad_stop": Input(_PRESS, lambda room, _value, now_ns: room.pump.keypad_stop(now_ns)),
    "reference_pa": Input(None, _reference),
    "force_reference_mn": Input(None, _set("mammograph", "gauge_mn")),
    "pump_mains": Input(_SWITCH, _set("", "pump_mains")),
    # what goes wrong
    "occluded": Input(_SWITCH, _set("physics", "occluded")),
    "occlusion_pa_s_ul": Input(None, _thousandth("occlusion_kpa_s_ul")),
    "torn": Input(_PRESS, lambda room, _value, _now_ns: room.physics.give_way()),
    "sensor_low_mm": Input(None, _low),
    "pump_stall": Input(_PRESS, lambda room, _value, now_ns: room.pump.stall(now_ns)),
    "pump_ignores_stop": Input(_SWITCH, _set("pump.model", "ignores_stop")),
    "pump_ignores_ttl": Input(_SWITCH, _set("pump.model", "ignores_trigger")),
    "pump_trigger": Input(
        ("stops", "inverted", "starts"),
        lambda room, edges, _now_ns: setattr(
            room.pump.model, "trigger_edges", "" if edges == "stops" else edges
        ),
    ),
    "pump_speed_ppm": Input(None, _set("pump.model", "speed_ppm")),
    "pump_stops_late_ms": Input(None, _set("pump.model", "stops_late_ms")),
    "pump_resumes": Input(_SWITCH, _set("pump.model", "resumes")),
    "syringe_ppm": Input(None, _set("", "syringe_ppm")),
    "pump_overrun": Input(("takes", "drops", "garbles"), _set("pump", "overrun")),
    "pump_ignores_silence": Input(_SWITCH, _set("pump.model", "ignores_silence")),
    "box_ignores_silence": Input(_SWITCH, _set("room_io", "ignores_silence")),
    "sounder_dead": Input(_SWITCH, _set("room_io", "sounder_dead")),
    "lamp_dead": Input(_SWITCH, _set("room_io", "lamp_dead")),
    "contact_stuck": Input(
        ("hold_no", "hold_nc", "pain", "emergency_stop", "motor_pin"),
        lambda room, name, _now_ns: room.room_io.stuck.add(name),
    ),
    "contact_freed": Input(
        ("hold_no", "hold_nc", "pain", "emergency_stop", "motor_pin"),
        lambda room, name, _now_ns: room.room_io.stuck.discard(name),
    ),
    "relay_welded": Input(_SWITCH, _set("room_io", "relay_welded")),
    "sensor_fault": Input(_SWITCH, _set("pressure_sensor", "fault")),
    "sensor_stuck": Input(_SWITCH, _set("pressure_sensor", "stuck")),
    "sensor_drift_pa_h": Input(None, _drift),
    "sensor_offset_pa": Input(None, _set("pressure_sensor", "offset_pa")),
    "sensor_span_ppm": Input(None, _set("pressure_sensor", "span_ppm")),
    "force_span_ppm": Input(None, _set("mammograph", "force_span_ppm")),
    "sensor_noise_pa": Input(None, _set("pressure_sensor", "noise_pa")),
    "temperature_mc": Input(None, _set("pressure_sensor", "temperature_mc")),
    "temperature_missing": Input(_SWITCH, _temperature),
    "endless_exposure": Input(_SWITCH, _set("mammograph", "endless")),
    "no_prepulse": Input(_SWITCH, _set("mammograph", "no_prepulse")),
    "exposure_goes_on": Input(_SWITCH, _set("mammograph", "goes_on")),
    "paddle_ignores_permit": Input(_SWITCH, _set("mammograph.paddle", "ignores_permit")),
    "paddle_stuck": Input(_SWITCH, _set("mammograph.paddle", "stuck")),
    "map_version_line": Input(None, _set("pressure_sensor", "map_version")),
    "map_version_room": Input(None, _set("room_io", "map_version")),
    "map_version_mammograph": Input(None, _set("mammograph", "map_version")),
    "freeze": Input(NAMES, lambda room, name, now_ns: room.inner(name).freeze(now_ns)),
    "thaw": Input(NAMES, lambda room, name, now_ns: room.inner(name).thaw(now_ns)),
    "power_cycle": Input(NAMES, lambda room, name, _now_ns: room.power_cycle(name)),
}


def action(name: str, value: Value) -> Act:
    """What the input does.

    Raises:
        ValueError: Unknown name, or a value that the input does not take.
    """
    entry = INPUTS.get(name)
    if entry is None:
        known = ", ".join(sorted(INPUTS))
        raise ValueError(f"input {name!r} is unknown; the room has: {known}")
    check(name, entry.values, value)
    return entry.act


def check(name: str, values: Iterable[Value] | None, value: Value) -> None:
    """Refuse a value that the input ``name`` does not take.

    Args:
        name: Of the input, for the words.
        values: What it takes; None = any whole number.
        value: What was given.

    Raises:
        ValueError: The value does not fit.
    """
    if values is None:
        fits, wanted = type(value) is int, "a whole number"
    elif isinstance(values, range):
        fits = type(value) is int and value in values
        wanted = f"a whole number from {values[0]} to {values[-1]}"
    else:
        fits = any(type(value) is type(one) and value == one for one in values)
        wanted = " or ".join(map(repr, values))
    if not fits:
        raise ValueError(f"input {name!r} does not take {value!r}; give {wanted}")
