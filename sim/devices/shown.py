"""What the devices of a room say and how they stand, beside what is really so.

For positive controls: a fault acted when what a device says, or does, differs from the truth.
Nothing here draws a chance or asks a device, so looking changes nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.devices.room import SimulatedRoom


def shown(room: "SimulatedRoom") -> dict[str, int | bool | str]:
    """As of the room's own instant; pressures Pa."""
    box, sensor, model = room.room_io, room.pressure_sensor, room.pump.model
    return {
        "sensor_pa": sensor.shown_pa,
        "sensor_fault": sensor.fault,
        "sensor_zeroed": sensor.zeroed,
        "sensor_noise_pa": sensor.noise_pa,
        "relay_closed": box.relay_closed,
        "stop_line": box.ttl_stop,
        "emergency_stop": box.contact("emergency_stop"),
        "pain": box.contact("pain"),
        "hold_no": box.contact("hold_no"),
        "hold_nc": box.contact("hold_nc"),
        "motor_pin": box.contact("motor_pin"),
        "heartbeat_ms": box.silence_ms(),
        "stops_ignored": model.ignored["stop"] + model.ignored["trigger"],
        "pump_stopped_by": model.stopped_by,
        "door_closed": room.mammograph.door_closed,
        "unit_up_ms": (room.now_ns - room.mammograph.started_ns) // 10**6,
        "versions": f"{sensor.map_version}{box.map_version}{room.mammograph.map_version}",
    }
