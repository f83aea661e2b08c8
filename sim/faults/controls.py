"""Positive controls: did the fault do what it must? Asked of wires, devices and physics only."""

from typing import Any, Final

from sim.devices.modbus_device import ModbusDevice
from sim.devices.paddle import HOLDING, RELEASE
from sim.devices.room_io import POWER_UP
from sim.faults.acts import PLACES
from sim.faults.stage import Chosen, Seen, Stage
from state_machine.entries import DailyCheck

_MS: Final = 1_000_000
_LONG_VIEW_NS: Final = 4_500 * _MS
"""Longer than any view lasts by itself."""
_FREE_MS: Final = 50
_ROWS: Final = 100
_WAITS_NS: Final = 1_200 * _MS
"""Longer than an entry waits for its row, and a row for the disk."""


def lasted(_stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """It is in the device; nothing else is to be seen of it."""
    return True


def acted(_stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """The trouble has told that it changed something on its wire."""
    return bool(chosen["trouble"].acted_count)


def attribute(place: str, name: str, value: Any) -> Seen:
    """A device has become so."""
    return lambda stage, _chosen, _since: bool(getattr(stage.devices.inner(place), name) == value)


# --- the pump -----------------------------------------------------------------------------------


def motor_off(by: str) -> Seen:
    """The motor was stopped by this."""
    return lambda stage, _chosen, since_ns: any(
        (name, value) == ("motor-off", by) for _, name, value, _ in stage.events(since_ns)
    )


def pump_started_anew(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """The reset alarm stands, or was taken note of: the counters are at zero."""
    model = stage.devices.pump.model
    return model.alarm == "R" or not model.powered


def pump_dark(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """No power at the pump."""
    return not stage.devices.pump.model.powered


def ignored(*what: str) -> Seen:
    """The pump has not obeyed each of these."""
    return lambda stage, _chosen, _since: all(
        stage.devices.pump.model.ignored.get(name, 0) for name in what
    )


def plunger_moved(least_nl: int) -> Seen:
    """The plunger went on for a while."""

    def seen(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
        now_nl = int(stage.devices.truth()["plunger_nl"])
        return now_nl - int(chosen.setdefault("from_nl", now_nl)) >= least_nl

    return seen


def plunger_brings_more(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """Another syringe is in the clamp: it brings more than the pump counts."""
    truth = stage.devices.truth()
    plunger_nl, counted_nl = int(truth["plunger_nl"]), int(truth["pump_infused_nl"])
    from_nl = chosen.setdefault("from_nl", (plunger_nl, counted_nl))
    counted_nl -= from_nl[1]
    return bool(counted_nl >= 500 and plunger_nl - from_nl[0] > 2 * counted_nl)


def heard_while_hung(place: str) -> Seen:
    """Bytes reached a device that hangs."""
    return lambda stage, chosen, _since: (
        stage.devices.hung_bytes[place]
        > int(chosen.setdefault("hung_bytes", stage.devices.hung_bytes[place]))
    )


def keypad_started(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """The motor went on at that instant."""
    return any(name == "motor-on" and at == since_ns for at, name, _, _ in stage.events(since_ns))


# --- line pressure ------------------------------------------------------------------------------


def _difference_pa(stage: Stage) -> int:
    """What the transducer adds to the truth."""
    sensor = stage.devices.pressure_sensor
    past_ns = stage.devices.now_ns - sensor.started_ns
    return sensor.offset_pa + sensor.drift_pa_h * past_ns // (3_600 * 1_000 * _MS)


def sensor_off(least_pa: int) -> Seen:
    """The sensor differs from the truth by at least so much."""
    return lambda stage, _chosen, _since: abs(_difference_pa(stage)) >= least_pa


def sensor_sticks(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """The truth has moved on by more than noise."""
    line_pa = round(stage.devices.physics.line_kpa * 1_000)
    return abs(line_pa - int(chosen.setdefault("from_pa", line_pa))) >= 300


def zero_lost(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """Its counts of zeroing and of time began anew."""
    return stage.devices.pressure_sensor.started_ns >= since_ns


# --- box and unit -------------------------------------------------------------------------------


def box_started_anew(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """Tripped by its own start."""
    return stage.devices.room_io.cause == POWER_UP


def unit_started_anew(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """It counts its time from here."""
    return stage.devices.mammograph.started_ns >= since_ns


def contact_is(name: str, on: bool) -> Seen:
    """A contact of the box is so."""
    return lambda stage, _chosen, _since: stage.devices.room_io.contact(name) is on


def contact_differs(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """A contact of the hold switch is not as the hand has it."""
    name = chosen["contact_stuck"]
    return stage.devices.room_io.contact(name) is not (stage.held is (name == "hold_no"))


def pin_differs(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """The pin is not as the motor has it."""
    devices = stage.devices
    return devices.room_io.contact("motor_pin") is not devices.pump.model.operating_pin


def welded(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """Emergency stop in series, and the contact stays."""
    box = stage.devices.room_io
    return box.relay_welded and box.relay_closed and box.contact("emergency_stop")


def other_map_told(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """The device in that place has another map."""
    device = stage.devices.inner(PLACES[chosen["wire"]])
    return isinstance(device, ModbusDevice) and device.map_version == 2


def beam_long(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """X-rays are on for longer than a view."""
    on_ns = [at for at, name, _, _ in stage.events(since_ns) if name == "beam-on"]
    unit = stage.devices.mammograph
    return unit.beam_on and bool(on_ns) and stage.devices.now_ns - on_ns[-1] > _LONG_VIEW_NS


def beam_ended(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """X-rays went off."""
    return any(name == "beam-off" for _, name, _, _ in stage.events(since_ns))


def paddle_stays(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """Told to release, and it holds."""
    paddle = stage.devices.mammograph.paddle
    return paddle.wanted == RELEASE and paddle.state == HOLDING


# --- the machine --------------------------------------------------------------------------------


def controller_silent(stage: Stage, chosen: Chosen, since_ns: int) -> bool:
    """Nothing that the controller sent reached a device for about as long as it stood."""
    least_ns = (chosen["stands_ms"] - _FREE_MS) * _MS
    return any(
        end_ns - max(since_ns, from_ns) >= least_ns
        for from_ns, end_ns in stage.gaps
        if end_ns > since_ns
    )


def clock_stepped(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """Two rows of the record whose wall clocks are further apart than their boot times."""
    newest = stage.world.journal.durable_rows()[-_ROWS:]
    rows = [row for row in newest if row.boot_ns >= since_ns - 3_000 * _MS]
    shifts = {(row.utc_ns - row.boot_ns) // 10**9 for row in rows}
    return len(shifts) > 1


def entries_wait(stage: Stage, _chosen: Chosen, since_ns: int) -> bool:
    """An entry is not durable although it is older than any row waits for company."""
    journal, old_ns = stage.world.journal, stage.world.now_ns() - _WAITS_NS
    durable_seq = journal.durable_seq()
    for entry in reversed(journal.entries):
        if entry.at_ns < since_ns or entry.seq <= durable_seq:
            return False
        if entry.at_ns < old_ns:
            return True
    return False


def record_faulty(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """The record says so to whoever asks."""
    return bool(stage.world.journal.fault())


def new_life(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """A controller found the record of another one."""
    return stage.loss == "died"


def _checks(stage: Stage) -> list[bool]:
    """Whether each whole daily check on record was passed."""
    entries = stage.world.journal.entries
    return [e.passed for e in entries if isinstance(e, DailyCheck) and e.step == "whole"]


def no_check(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """A procedure has come to set-up, and nobody has done a daily check."""
    return stage.phase == "set-up" and not _checks(stage)


def failed_check(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """A procedure has come to set-up, and the daily check was not passed."""
    return stage.phase == "set-up" and _checks(stage)[-1:] == [False]


# --- the patient --------------------------------------------------------------------------------


def torn(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """The wall has given way."""
    return stage.devices.physics.tear > 0


def spills(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """Contrast leaves the tip outside."""
    spilled_ul = stage.devices.physics.spilled_ul
    return spilled_ul - float(chosen.setdefault("spilled_ul", spilled_ul)) > 0.05


def refluxed(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """Contrast ran out of the pore."""
    reflux_ul = stage.devices.physics.reflux_ul
    return reflux_ul - float(chosen.setdefault("reflux_ul", reflux_ul)) > 0.05


def air_squeezed(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """There is air in the line, and pressure on it."""
    physics = stage.devices.physics
    return physics.rig.air_ul > 0 and physics.line_kpa > 1.0


def line_rises(stage: Stage, chosen: Chosen, _since_ns: int) -> bool:
    """Line pressure is over what it was by more than any flow explains."""
    line_kpa = stage.devices.physics.line_kpa
    return line_kpa - float(chosen.setdefault("line_kpa", line_kpa)) > 1.0


def duct_rises(stage: Stage, _chosen: Chosen, _since_ns: int) -> bool:
    """A pressure that no duct has so early."""
    return stage.devices.physics.duct_kpa() > 1.0
