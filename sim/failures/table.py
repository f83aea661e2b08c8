"""The failures, one row each.

A time is what is accepted between trigger and standstill of the plunger on a machine that has
other things to do: the layer's own time (``docs/performance.md``) and as much again. Rows with
no layer need not stop; what they must not do is deliver more than the ledger says.
"""

import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from sim.failures import controls
from sim.failures.acts import (
    Act,
    clock_steps,
    ctrl_q,
    ctrl_s,
    disk_freed,
    disk_full,
    disk_goes_on,
    disk_stalls,
    frozen_for,
    hands,
    killed,
    killed_before_the_answer,
    nothing,
    second_controller,
    second_ended,
    signalled,
)
from sim.failures.controls import Control, counted, cut_power, stopped_process, tripped
from sim.site.site import CONTROLLER, Shown

START: Final = "start"
FLOW: Final = "injecting"
CHECKPOINT: Final = "before a checkpoint"
ARMED: Final = "arm"
ANY: Final = "any phase"

SOFTWARE, PERMIT, WATCHDOG = "software", "permit", "watchdog"
POWER, SAFE_MODE, VOLUME = "power", "safe-mode", "checkpoint"
"""Layers, by what stopped the motor and why the box had tripped by then."""
NEVER_MOVES: Final = "nothing moves"
STAYS_UP: Final = "goes on"

ENTRY: Final = "sim.site.entry"
_SOON: Final = 1_500
_AT_ONCE: Final = 500


class Failure(NamedTuple):
    """One row."""

    name: str
    strikes: str
    breaks: Act
    control: Control
    """Positive control: words when the failure did not really happen."""
    layers: tuple[str, ...]
    most_ms: int
    alarms: tuple[str, ...] = ()
    """Each must be raised while a controller lives, or after it was continued."""
    mends: Act = nothing
    restarts: bool = False
    module: str = CONTROLLER
    split: bool = False
    """Pump and Modbus units as two processes."""
    quick: bool = True
    """Played by the tests; the others only by the long form."""
    shows: Callable[[Shown], bool] | None = None
    """Something that a controller must show before the failure is mended."""


# fmt: off
FAILURES: Final = (
    # --- the pump's line
    Failure("echo-at-start", START, hands(pump_echo=True), counted("pump_echo"), (NEVER_MOVES,), 0, mends=hands(pump_echo=False), shows=controls.pump_unusable),
    Failure("wrong-baud-at-start", START, hands(pump_baud=9600), counted("pump_baud"), (NEVER_MOVES,), 0, mends=hands(pump_baud=19200), shows=controls.pump_unusable, quick=False),
    Failure("pump-cable-out", FLOW, hands(pump_cable="out"), counted("pump_cable"), (PERMIT,), _SOON, ("pump-lost",), hands(pump_cable="in")),
    Failure("pump-silent", FLOW, hands(pump_silence=True), counted("pump_silence"), (PERMIT,), _SOON, ("stop-not-obeyed",), hands(pump_silence=False), quick=False),
    Failure("pump-echo", FLOW, hands(pump_echo=True), counted("pump_echo"), (PERMIT,), _SOON, ("stop-not-obeyed",), hands(pump_echo=False), quick=False),
    Failure("pump-noise", FLOW, hands(pump_noise_ppm=100_000), counted("pump_noise_ppm"), (SOFTWARE, PERMIT), 4_000, (), hands(pump_noise_ppm=0)),
    Failure("pump-noise-little", FLOW, hands(pump_noise_ppm=2_000), counted("pump_noise_ppm"), (), 0, (), hands(pump_noise_ppm=0), quick=False),
    Failure("pump-late", FLOW, hands(pump_late_ms=300), counted("pump_late_ms"), (SOFTWARE, PERMIT), _SOON, (), hands(pump_late_ms=0), quick=False),
    Failure("pump-drips", FLOW, hands(pump_drip_ms=30), counted("pump_drip_ms"), (SOFTWARE, PERMIT), _SOON, (), hands(pump_drip_ms=0), quick=False),
    Failure("pump-garbage", FLOW, hands(pump_garbage=True), counted("pump_garbage"), (), 0, (), hands(pump_garbage=False), quick=False),
    Failure("pump-baud-changed", FLOW, hands(pump_baud=9600), counted("pump_baud"), (PERMIT,), _SOON, ("stop-not-obeyed",), hands(pump_baud=19200), quick=False),
    Failure("pump-flow-control", FLOW, hands(pump_flow="stopped"), counted("pump_flow"), (PERMIT,), _SOON, ("stop-not-obeyed",), hands(pump_flow="running"), quick=False),
    Failure("pump-frozen", FLOW, hands(freeze="pump"), counted("freeze_pump"), (PERMIT, POWER), _SOON, ("stop-not-obeyed",), hands(thaw="pump"), quick=False),
    Failure("pump-power-cycled", FLOW, hands(power_cycle="pump"), cut_power, (POWER,), _AT_ONCE, (), nothing),
    # --- the network
    Failure("tcp-cut", FLOW, hands(modbus_tcp="cut"), counted("modbus_tcp"), (SOFTWARE, WATCHDOG), _SOON, ("line-lost", "room-lost"), hands(modbus_tcp="up")),
    Failure("tcp-black-hole", FLOW, hands(modbus_tcp="black_hole"), counted("modbus_tcp"), (SOFTWARE, WATCHDOG), _SOON, ("line-lost", "room-lost"), hands(modbus_tcp="up"), quick=False),
    Failure("tcp-reset", FLOW, hands(modbus_reset=True), counted("modbus_reset"), (SOFTWARE, WATCHDOG), _SOON, (), nothing, quick=False),
    Failure("modbus-noise", FLOW, hands(modbus_noise_ppm=50_000), counted("modbus_noise_ppm"), (SOFTWARE, WATCHDOG), 4_000, (), hands(modbus_noise_ppm=0), quick=False),
    Failure("modbus-noise-little", FLOW, hands(modbus_noise_ppm=500), counted("modbus_noise_ppm"), (), 0, (), hands(modbus_noise_ppm=0), quick=False),
    Failure("modbus-late", FLOW, hands(modbus_late_ms=300), counted("modbus_late_ms"), (SOFTWARE, WATCHDOG), _SOON, (), hands(modbus_late_ms=0), quick=False),
    Failure("modbus-drips", FLOW, hands(modbus_drip_ms=20), counted("modbus_drip_ms"), (SOFTWARE, WATCHDOG), _SOON, (), hands(modbus_drip_ms=0), quick=False),
    Failure("box-frozen", FLOW, hands(freeze="room_io"), counted("freeze_room_io"), (SOFTWARE,), _SOON, (), hands(thaw="room_io")),
    Failure("sensor-frozen", FLOW, hands(freeze="pressure_sensor"), counted("freeze_pressure_sensor"), (SOFTWARE,), _SOON, (), hands(thaw="pressure_sensor")),
    Failure("unit-frozen", FLOW, hands(freeze="mammograph"), counted("freeze_mammograph"), (), 0, (), hands(thaw="mammograph"), quick=False),
    Failure("box-power-cycled", FLOW, hands(power_cycle="room_io"), tripped, (POWER,), _AT_ONCE, ("room-lost",), nothing, quick=False),
    # --- processes
    Failure("controller-frozen", FLOW, signalled(signal.SIGSTOP), stopped_process("running"), (WATCHDOG,), _SOON, ("box-tripped",), signalled(signal.SIGCONT)),
    Failure("devices-frozen", FLOW, frozen_for(0.6, "devices"), controls.frozen_devices, (WATCHDOG,), _SOON, ("stop-not-obeyed",), nothing, quick=False),
    Failure("pump-process-frozen", FLOW, signalled(signal.SIGSTOP, "pump"), stopped_process("pump"), (POWER, PERMIT), _SOON, ("stop-not-obeyed",), signalled(signal.SIGCONT, "pump"), split=True, quick=False),
    Failure("modbus-process-frozen", FLOW, frozen_for(1.5, "devices"), controls.frozen_devices, (SOFTWARE,), _SOON, ("line-lost",), nothing, split=True, quick=False),
    Failure("second-controller", FLOW, second_controller, controls.second_refused, (STAYS_UP,), 0, (), second_ended),
    Failure("terminal-stopped", FLOW, ctrl_s, controls.nothing_shown, (STAYS_UP,), 0, (), ctrl_q),
    # --- the machine
    Failure("disk-full", FLOW, disk_full, controls.record_fault, (SOFTWARE,), _SOON, ("record",), disk_freed),
    Failure("disk-stalls", CHECKPOINT, disk_stalls, controls.record_stands_still, (VOLUME, SOFTWARE), 15_000, (), disk_goes_on, module=ENTRY),
    Failure("wall-clock-steps", FLOW, clock_steps(3_600, -86_400, 0), controls.clock_stepped, (STAYS_UP,), 0, (), nothing, module=ENTRY),
    # --- death
    Failure("killed-before-the-answer", ARMED, killed_before_the_answer, controls.run_unanswered, (WATCHDOG,), _SOON, restarts=True, quick=False),
    Failure("killed-injecting", FLOW, killed, controls.dead, (WATCHDOG,), _SOON, restarts=True),
    Failure("killed-anywhere", ANY, killed, controls.dead, (WATCHDOG, VOLUME, SOFTWARE), _SOON, restarts=True, quick=False),
)
# fmt: on
BY_NAME: Final = {row.name: row for row in FAILURES}
