"""The fault panel: faults of the catalogue in a live room, with what shows that each acted.

Names are those of ``sim/faults/table.py`` (a test holds the two together; that table is for
virtual runs and stands above this). A fault is inputs that are set, inputs that mend it, and a
positive control over what is true, what devices say and what the wires counted since it struck.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Facts = dict[str, Any]
"""Truth of the room, what its devices say, counts of the wires (``count:NAME``)."""
Acted = Callable[[Facts, Facts], bool]
"""Positive control: facts before it struck, facts now."""


class Live(NamedTuple):
    """One row."""

    name: str
    sets: Mapping[str, Any]
    must: str
    """The positive control in words."""
    acted: Acted
    mends: Mapping[str, Any] = {}
    """Empty: over at once."""


def _counted(name: str) -> Acted:
    return lambda before, now: now[f"count:{name}"] > before[f"count:{name}"]


def _is(name: str, value: Any) -> Acted:
    return lambda _before, now: bool(now[name] == value)


def _rises(name: str, by: int = 1) -> Acted:
    return lambda before, now: now[name] - before[name] >= by


def _sensor_off(by_pa: int) -> Acted:
    return lambda _before, now: abs(now["sensor_pa"] - now["line_pa"]) >= by_pa


def _differs(one: str, other: str) -> Acted:
    return lambda _before, now: now[one] != now[other]


# fmt: off
LIVE: Final = (
    # --- wires
    Live("wire-delay", {"pump_late_ms": 120}, "answers of the pump came late", _counted("pump_late_ms"), {"pump_late_ms": 0}),
    Live("wire-corruption", {"pump_noise_ppm": 20_000}, "bytes of the pump's line were changed", _counted("pump_noise_ppm"), {"pump_noise_ppm": 0}),
    Live("wire-drip", {"pump_drip_ms": 8}, "answers of the pump came byte by byte", _counted("pump_drip_ms"), {"pump_drip_ms": 0}),
    Live("wire-garbage", {"pump_garbage": True}, "bytes came on the pump's line that nobody sent", _counted("pump_garbage"), {"pump_garbage": False}),
    Live("pump-wire-silent", {"pump_silence": True}, "bytes of the pump's line were lost", _counted("pump_silence"), {"pump_silence": False}),
    Live("room-wire-silent", {"modbus_tcp": "black_hole"}, "bytes of the network were lost (all three units)", _counted("modbus_tcp"), {"modbus_tcp": "up"}),
    Live("pump-wire-cut", {"pump_cable": "out"}, "the line was in use when its cable was pulled", _counted("pump_cable"), {"pump_cable": "in"}),
    Live("room-wire-cut", {"modbus_tcp": "cut"}, "connections were cut (all three units)", _counted("modbus_tcp"), {"modbus_tcp": "up"}),
    # --- the pump
    Live("pump-reset", {"power_cycle": "pump"}, "the pump's counter begins anew", lambda before, now: now["pump_alarm"] == "R" or now["pump_infused_nl"] < before["pump_infused_nl"]),
    Live("pump-mains-off", {"pump_mains": False}, "the pump has no power", _is("pump_powered", False), {"pump_mains": True}),
    Live("pump-stall", {"pump_stall": True}, "the motor was stopped by a stall, or the stall alarm stands", lambda _before, now: now["pump_stopped_by"] == "stall" or now["pump_alarm"] == "S"),
    Live("pump-wrong-speed", {"pump_speed_ppm": 600_000}, "the plunger moved, at 60 % of what was told", _rises("plunger_nl", 500), {"pump_speed_ppm": 1_000_000}),
    Live("pump-ignores-stop", {"pump_ignores_stop": True}, "a stop was told and not obeyed", _rises("stops_ignored"), {"pump_ignores_stop": False}),
    Live("pump-deaf", {"pump_ignores_stop": True, "pump_ignores_ttl": True}, "a stop was told, by wire or pin, and not obeyed", _rises("stops_ignored"), {"pump_ignores_stop": False, "pump_ignores_ttl": False}),
    Live("pump-hung", {"freeze": "pump"}, "bytes reached a pump that does nothing", _counted("freeze_pump"), {"thaw": "pump"}),
    Live("pump-keypad-start", {"keypad_start": True}, "the motor is on", _is("motor_on", True)),
    Live("pump-keypad-stop", {"keypad_stop": True}, "the motor was stopped on the keypad", _is("pump_stopped_by", "keypad")),
    # --- line pressure
    Live("sensor-stuck", {"sensor_stuck": True}, "the sensor shows another pressure than there is, by 1 kPa", _sensor_off(1_000), {"sensor_stuck": False}),
    Live("sensor-drifts", {"sensor_drift_pa_h": 300_000}, "the sensor is off by 1 kPa", _sensor_off(1_000), {"sensor_drift_pa_h": 0}),
    Live("sensor-dead", {"sensor_fault": True}, "the sensor says that it is broken", _is("sensor_fault", True), {"sensor_fault": False}),
    Live("sensor-out-of-range", {"sensor_offset_pa": 200_000}, "the sensor shows what cannot be", _sensor_off(100_000), {"sensor_offset_pa": 0}),
    Live("sensor-noisy", {"sensor_noise_pa": 1_000}, "the noise of the sensor is another", _is("sensor_noise_pa", 1_000), {"sensor_noise_pa": 200}),
    Live("sensor-frozen", {"freeze": "pressure_sensor"}, "bytes reached a sensor that hangs", _counted("freeze_pressure_sensor"), {"thaw": "pressure_sensor"}),
    Live("sensor-reset", {"power_cycle": "pressure_sensor"}, "the sensor has no zero", _is("sensor_zeroed", False)),
    # --- the room box
    Live("box-frozen", {"freeze": "room_io"}, "bytes reached a box that hangs", _counted("freeze_room_io"), {"thaw": "room_io"}),
    Live("box-reset", {"power_cycle": "room_io"}, "the box is tripped by its own start", _is("trip_cause", 1)),
    Live("relay-welded", {"relay_welded": True}, "the relay is closed although it is told to open", lambda _before, now: now["relay_closed"] and (now["stage"] == 2 or now["emergency_stop"]), {"relay_welded": False}),
    Live("hold-contact-stuck", {"contact_stuck": "hold_no"}, "the two contacts of the switch contradict each other", lambda _before, now: now["hold_no"] == now["hold_nc"], {"contact_freed": "hold_no"}),
    Live("motor-pin-stuck", {"contact_stuck": "motor_pin"}, "the pin does not follow the motor", _differs("motor_pin", "motor_on"), {"contact_freed": "motor_pin"}),
    Live("watchdog-dead", {"box_ignores_silence": True}, "no heartbeat for 0.4 s, and the box has not tripped", lambda _before, now: now["heartbeat_ms"] > 400 and now["stage"] == 0, {"box_ignores_silence": False}),
    Live("map-mismatch", {"map_version_room": 2}, "the box says another version of its registers", lambda before, now: now["versions"] != before["versions"], {"map_version_room": 1}),
    # --- the mammography unit
    Live("unit-frozen", {"freeze": "mammograph"}, "bytes reached a unit that hangs", _counted("freeze_mammograph"), {"thaw": "mammograph"}),
    Live("unit-reset", {"power_cycle": "mammograph"}, "the unit has just started", lambda before, now: now["unit_up_ms"] < before["unit_up_ms"]),
    Live("endless-exposure", {"endless_exposure": True}, "X-rays are on", _is("beam_on", True), {"endless_exposure": False}),
    Live("paddle-stuck", {"paddle_stuck": True}, "the paddle presses and does not go up (told to: look at the console)", lambda _before, now: now["force_mn"] > 0, {"paddle_stuck": False}),
    # --- the patient
    Live("tear", {"torn": True}, "the duct has torn", _is("torn", True)),
    Live("pain", {"pain": True}, "the pain button is pressed", _is("pain", True), {"pain": False}),
    Live("dislodged", {"tip": "out"}, "contrast runs out beside the pore", _rises("spilled_nl", 100), {"tip": "duct"}),
    Live("occlusion", {"occluded": True}, "line pressure rose by 1 kPa", _rises("line_pa", 1_000), {"occluded": False}),
    Live("false-passage", {"tip": "wall"}, "the pressure under the wall rose by 0.5 kPa", _rises("duct_pa", 500), {"tip": "duct"}),
    # --- people
    Live("slips-off", {"hold": False}, "the switch is open", _is("hold_no", False)),
    Live("emergency-stop", {"emergency_stop": True}, "the emergency stop is pressed", _is("emergency_stop", True), {"emergency_stop": False}),
    Live("door-opened", {"door": "open"}, "the door is open", _is("door_closed", False), {"door": "closed"}),
)
# fmt: on
BY_NAME: Final = {row.name: row for row in LIVE}

_RUNS: Final = "a pty and a socket carry a stream: there are no runs of bytes to take"
_ONE: Final = "all three units are behind one address here: see room-wire-silent and room-wire-cut"
_HOST: Final = "it is done to the controller's machine: galactograph-sim failures does it"
_BEGUN: Final = "it stands before a room begins: galactograph-sim run SEED --faults plays it"

NOT_LIVE: Final[dict[str, str]] = {
    "wire-loss": _RUNS,
    "wire-duplication": _RUNS,
    "wire-truncation": _RUNS,
    "wire-out-of-step": _RUNS,
    "line-wire-silent": _ONE,
    "line-wire-cut": _ONE,
    "unit-wire-cut": _ONE,
    "slow-pass": _HOST,
    "suspended": _HOST,
    "wall-clock-steps": _HOST,
    "disk-stalls": _HOST,
    "disk-full": _HOST,
    "killed": _HOST,
    "wrong-syringe": _BEGUN,
    "air-in-line": _BEGUN,
    "daily-check-missing": _BEGUN,
    "daily-check-failed": _BEGUN,
    "reflux": "the duct's seal is drawn with the patient; a live room has one patient",
}
"""Faults of the catalogue that a live room cannot have, and why."""


class Panel:
    """What struck in this room, and whether it acted.

    Args:
        put: sets one input.
        facts: looks at the room now.
    """

    def __init__(self, put: Callable[[str, Any], None], facts: Callable[[], Facts]) -> None:
        self._put = put
        self._facts = facts
        self._before: dict[str, Facts] = {}
        self._acted: set[str] = set()

    def strike(self, name: str) -> None:
        """Let a fault strike.

        Raises:
            ValueError: there is no such fault here, or an input of it is not here.
        """
        row = _row(name)
        self._before[name] = self._facts()
        self._acted.discard(name)
        for place, value in row.sets.items():
            self._put(place, value)

    def mend(self, name: str) -> None:
        """Mend one; what was over at once is only forgotten.

        Raises:
            ValueError: there is no such fault here.
        """
        self.look()
        for place, value in _row(name).mends.items():
            self._put(place, value)
        self._before.pop(name, None)
        self._acted.discard(name)

    def look(self) -> None:
        """Has what struck acted by now? Once seen, it stays seen."""
        if len(self._acted) < len(self._before):
            now = self._facts()
            for name, before in self._before.items():
                if BY_NAME[name].acted(before, now):
                    self._acted.add(name)

    def struck(self) -> list[dict[str, Any]]:
        """What is there, with its positive control."""
        self.look()
        return [
            {"name": name, "must": BY_NAME[name].must, "acted": name in self._acted}
            for name in self._before
        ]


def listed() -> list[dict[str, Any]]:
    """Every fault of the catalogue, and why some are not live."""
    live = [
        {"name": row.name, "must": row.must, "mended": bool(row.mends), "not_live": ""}
        for row in LIVE
    ]
    rest = [
        {"name": name, "must": "", "mended": False, "not_live": why}
        for name, why in NOT_LIVE.items()
    ]
    return live + rest


def _row(name: str) -> Live:
    if name in NOT_LIVE:
        raise ValueError(f"fault {name!r} is not for a live room: {NOT_LIVE[name]}")
    if name not in BY_NAME:
        raise ValueError(f"fault {name!r} is unknown; there are: {', '.join(sorted(BY_NAME))}")
    return BY_NAME[name]
