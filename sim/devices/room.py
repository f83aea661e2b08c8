"""The whole simulated room: four devices and the physics, joined as the cables join them.

Wiring: box relay -> pump power; box TTL stop -> pump pin 2; pump pin 7 -> box input; box
X-ray enable in series with the exposure; plunger -> line -> sensor and pressure switch;
paddle force -> duct. Every device is reached through :meth:`SimulatedRoom.device`, which
moves the whole room to the instant first and carries the consequences on afterwards.
"""

import math
import random
from collections import deque
from typing import Final

from sim.devices.mammograph import Mammograph
from sim.devices.modbus_device import ModbusDevice
from sim.devices.new_era_pump import NewEraPump
from sim.devices.new_era_values import step_fl
from sim.devices.pressure_sensor import PressureSensor
from sim.devices.room_inputs import INPUTS, NAMES, Value, action
from sim.devices.room_io import RoomIo
from sim.devices.wired import WiredDevice
from sim.physics import DUCT, RIG_27G_WARM, LinePhysics, Patient, Rig

_UNKNOWN_NS: Final = -1
_STEP_NS: Final = 20 * 10**6
"""Longest span between two looks at the pressure switch while the plunger moves."""
_FL_PER_UL: Final = 10**9
_NS_PER_S: Final = 10**9
_EVENT_COUNT: Final = 400
"""Events that are kept; a judge looks oftener than that."""


class SimulatedRoom:
    """Four devices, one line, one patient.

    Args:
        rng: Chance for noise and reply times; one generator per device is drawn from it.
        rig: Syringe, line, cannula.
        patient: Duct.
        now_ns: Instant at which everything was switched on.
        baud: Speed of the pump's line; 0 = bytes move at once.
        relay_bypassed: Pump powered whatever the box says (a bench without the box).
        switch_kpa: Line pressure at which the independent pressure switch opens; None =
            not fitted. 138 kPa is the proposed hardware limit.
        mode: Operating mode the Modbus units report (1 simulated, 2 bench, 3 clinical).
    """

    physics: LinePhysics
    pump: NewEraPump
    mammograph: Mammograph
    pressure_sensor: PressureSensor
    room_io: RoomIo

    def __init__(
        self,
        rng: random.Random,
        rig: Rig = RIG_27G_WARM,
        patient: Patient = DUCT,
        *,
        now_ns: int = 0,
        baud: int = 0,
        relay_bypassed: bool = False,
        switch_kpa: float | None = 138.0,
        mode: int = 1,
    ) -> None:
        self._chance = {name: random.Random(rng.getrandbits(64)) for name in NAMES}
        self._now_ns = now_ns
        self._due_ns = _UNKNOWN_NS
        """Next change of a device by itself, until something else changes."""
        self._mode = mode
        self._relay_bypassed = relay_bypassed
        self._switch_kpa = switch_kpa
        self._high_kpa = switch_kpa / 2 if switch_kpa else math.inf
        """From here on the pressure switch is looked at often."""
        self.pump_mains = True
        self.syringe_ppm = 1_000_000
        """Injected fault: the syringe in the clamp gives another volume for its stroke."""
        self.hung_bytes = dict.fromkeys(NAMES, 0)
        """Bytes that reached each device while it hung."""
        self._wired: dict[str, tuple[bool, ...]] = {}
        """What each wire was last seen to carry."""
        self.carried_count = 0
        """How often a cable carried something new, by which one device may move another."""
        self._carried: tuple[bool, ...] | None = None
        """Levels at which every wire was found to carry nothing new; None = look again."""
        self.physics = LinePhysics(rig=rig, patient=patient)
        self.pump = NewEraPump(self._chance["pump"], now_ns, baud=baud)
        self.mammograph = Mammograph(self._chance["mammograph"], now_ns, mode=mode)
        self.pressure_sensor = PressureSensor(self._chance["pressure_sensor"], now_ns, mode=mode)
        self.pressure_sensor.temperature_mc = rig.temperature_mc
        self.room_io = RoomIo(self._chance["room_io"], now_ns, mode=mode)
        self._steps = self.pump.model.steps()
        self.events: deque[tuple[int, str, Value, int]] = deque(maxlen=_EVENT_COUNT)
        """Inputs as they were set, motor and X-rays as they went on and off, in order: instant,
        name, value (of ``motor-off``: what stopped it), plunger in nL."""
        self._motor_on = self._beam_on = False
        self.couple()

    # --- devices ----------------------------------------------------------------------------

    def device(self, name: str) -> WiredDevice:
        """The device of :data:`NAMES` as the controller reaches it; KeyError otherwise."""
        if name not in NAMES:
            raise KeyError(name)
        return WiredDevice(self, name)

    def inner(self, name: str) -> NewEraPump | ModbusDevice:
        """The device object now in the place ``name`` (a power cycle replaces some)."""
        device: NewEraPump | ModbusDevice = getattr(self, name)
        return device

    def reseed(self, rng: random.Random) -> None:
        """From now on chance comes from another generator, as if drawn at the start."""
        for chance in self._chance.values():
            chance.seed(rng.getrandbits(64))

    def replace(self, device: NewEraPump | RoomIo) -> None:
        """Put another pump or another box in the place of the one that is there."""
        if isinstance(device, NewEraPump):
            self.pump = device
            self._steps = device.model.steps()
        else:
            self.room_io = device
        self._unwire()
        self.settle()

    # --- time -------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The instant up to which everything has happened."""
        return self._now_ns

    def settle(self) -> None:
        """Carry on what somebody outside has changed in a device."""
        self._due_ns = _UNKNOWN_NS
        self.couple()
        self._note_motor()

    def advance(self, now_ns: int) -> None:
        """Move everything to now, through every change on the way, in order."""
        while self._now_ns < now_ns:
            due_ns = self._change_ns()
            until_ns = min(now_ns, due_ns)
            if self.pump.model.motor_on:
                until_ns = min(until_ns, self._now_ns + _STEP_NS)
            span_ns = max(until_ns, self._now_ns) - self._now_ns
            self._now_ns += span_ns
            if due_ns <= self._now_ns:
                self._due_ns = _UNKNOWN_NS
                for name in NAMES:
                    self.inner(name).advance(self._now_ns)
                self._flow(span_ns)
                self.couple()
                self._note_motor()
            else:  # no device changes by itself: plunger and paddle move, the line follows
                self.pump.advance(self._now_ns)
                self.mammograph.advance(self._now_ns)
                self._flow(span_ns)
                self._couple_line()

    def receive(self, name: str, data: bytes, now_ns: int) -> None:
        """Bytes for a device; consequences reach the other devices at once."""
        self.advance(now_ns)
        device = self.inner(name)
        if device.frozen:
            self.hung_bytes[name] += len(data)
        device.receive(data, now_ns)
        self._due_ns = _UNKNOWN_NS
        self._couple_wires()
        self._note_motor()

    def next_change_ns(self) -> int:
        """Next instant at which something changes by itself."""
        due_ns = self._due_ns if self._due_ns != _UNKNOWN_NS else self._change_ns()
        line = self.physics
        high = line.line_kpa + line.height_kpa > self._high_kpa
        if high and self.pump.model.motor_on:
            due_ns = min(due_ns, self._now_ns + _STEP_NS)
        return due_ns

    def _change_ns(self) -> int:
        """Next change of a device by itself; worked out again only after something changed."""
        if self._due_ns == _UNKNOWN_NS:
            self._due_ns = min(
                self.pump.next_change_ns(),
                self.mammograph.next_change_ns(),
                self.pressure_sensor.next_change_ns(),
                self.room_io.next_change_ns(),
            )
        return self._due_ns

    # --- cables -----------------------------------------------------------------------------

    def _flow(self, span_ns: int) -> None:
        steps = self.pump.model.steps()
        moved_fl = (steps - self._steps) * step_fl(self.physics.rig.syringe_um)
        self._steps = steps
        self.physics.compression_n = self.mammograph.paddle.force_mn() / 1000
        moved_ul = moved_fl / _FL_PER_UL
        if self.syringe_ppm != 1_000_000:
            moved_ul *= self.syringe_ppm / 1_000_000
        self.physics.advance(span_ns / _NS_PER_S, moved_ul)

    def couple(self) -> None:
        """Carry every output to the input it is wired to."""
        self._couple_line()
        self._couple_wires()

    def _couple_wires(self) -> None:
        """All but the pressure, which is carried whenever it moves."""
        now_ns = self._now_ns
        box, model = self.room_io, self.pump.model
        power = (self.pump_mains, box.relay_closed, box.ttl_stop)
        levels = (*power, model.operating_pin, box.xray_enabled)
        if levels == self._carried:
            return
        self._carried = levels  # until a wire is found to carry something new
        self._couple_pump(now_ns)
        # The pump's answer to its stop line shows on its pin, so the pin is read again.
        self._couple_pump(now_ns)
        enabled = box.xray_enabled
        if self._changed("enable", enabled):
            self.mammograph.set_xray_enable(enabled, now_ns)

    def _couple_line(self) -> None:
        now_ns = self._now_ns
        line_kpa = self.physics.sensor_kpa()
        self.pressure_sensor.set_pressure(round(line_kpa * 1000), now_ns)
        if self._switch_kpa is not None:
            # A mechanical switch has hysteresis; 10 % is an assumption.
            was = self._wired.get("switch")
            opened = line_kpa >= self._switch_kpa * (0.9 if was == (True,) else 1.0)
            if self._changed("switch", opened):
                self.room_io.set_pressure_switch(opened, now_ns)
                self._couple_pump(now_ns)

    def _couple_pump(self, now_ns: int) -> None:
        moving = self.pump.model.operating_pin
        if self._changed("pin", moving):
            self.room_io.set_contact("motor_pin", moving, now_ns)
        bypassed = self._relay_bypassed
        powered = self.pump_mains and (bypassed or self.room_io.relay_closed)
        stop_low = self.room_io.ttl_stop and not bypassed
        if self._changed("pump", powered, stop_low):
            self.pump.set_power(powered, now_ns)
            self.pump.set_ttl_stop(stop_low, now_ns)

    def _changed(self, wire: str, *levels: bool) -> bool:
        if self._wired.get(wire) == levels:
            return False
        self._wired[wire] = levels
        self.carried_count += 1
        self._carried = None
        self._due_ns = _UNKNOWN_NS
        return True

    def _unwire(self) -> None:
        """Another device stands in the place of one: every wire is looked at anew."""
        self._wired.clear()
        self._carried = None

    # --- what people (and faults) do --------------------------------------------------------

    def set_input(self, name: str, value: Value, now_ns: int) -> None:
        """Set one input of the room; ``input_names()`` lists them.

        Raises:
            ValueError: Unknown name or a value the input does not take.
        """
        act = action(name, value)
        self.advance(now_ns)
        self.note(name, value)
        act(self, value, now_ns)
        self.settle()

    def input_names(self) -> tuple[str, ...]:
        """Names that :meth:`set_input` takes."""
        return tuple(INPUTS)

    def power_cycle(self, name: str) -> None:
        """Off and on at once; contacts keep their position, memory that stays stays."""
        now_ns = self._now_ns
        self._due_ns = _UNKNOWN_NS
        if name == "pump":
            self.pump.set_power(False, now_ns)
        elif name == "room_io":
            old = self.room_io
            self.room_io = RoomIo(self._chance[name], now_ns, mode=self._mode)
            self.room_io.relay_welded = old.relay_welded
            self.room_io.stuck = old.stuck
            self.room_io.ignores_silence = old.ignores_silence
            self.room_io.sounder_dead, self.room_io.lamp_dead = old.sounder_dead, old.lamp_dead
            self.room_io.map_version = old.map_version
            for contact in old.contact_names:
                self.room_io.set_contact(contact, old.contact(contact), now_ns)
        elif name == "mammograph":
            before = self.mammograph
            self.mammograph = Mammograph(
                self._chance[name], now_ns, mode=self._mode, exposures=before.exposures
            )
            self.mammograph.set_door(before.door_closed, now_ns)
            self.mammograph.endless = before.endless
            self.mammograph.no_prepulse = before.no_prepulse
            self.mammograph.goes_on = before.goes_on
            self.mammograph.paddle.ignores_permit = before.paddle.ignores_permit
            self.mammograph.map_version = before.map_version
            self.mammograph.paddle.stuck = before.paddle.stuck
        else:
            self.pressure_sensor.restart(now_ns)
        self._unwire()

    def note(self, name: str, value: Value) -> None:
        """Keep among :attr:`events` what happened now."""
        self.events.append((self._now_ns, name, value, self._plunger_nl()))

    def _note_motor(self) -> None:
        model = self.pump.model
        if model.motor_on != self._motor_on:
            self._motor_on = model.motor_on
            self.note(*(("motor-on", True) if model.motor_on else ("motor-off", model.stopped_by)))
        if self.mammograph.beam_on != self._beam_on:
            self._beam_on = not self._beam_on
            self.note("beam-on" if self._beam_on else "beam-off", self._beam_on)

    def _plunger_nl(self) -> int:
        return self._steps * step_fl(self.physics.rig.syringe_um) // 10**6

    # --- what is really so ------------------------------------------------------------------

    def truth(self) -> dict[str, int | bool | str]:
        """What a judge may know and a controller may not; volumes nL, pressures Pa."""
        physics, model, unit = self.physics, self.pump.model, self.mammograph
        return {
            "now_ns": self._now_ns,
            "pump_infused_nl": model.infused_nl,
            "pump_withdrawn_nl": model.withdrawn_nl,
            "plunger_nl": self._plunger_nl(),
            "pump_status": model.status,
            "pump_alarm": model.alarm,
            "pump_powered": model.powered,
            "motor_on": model.motor_on,
            "tip_in_duct": physics.tip_in_duct,
            "stopcock_open": physics.stopcock_open,
            "primed": physics.primed(),
            "line_pa": round(physics.line_kpa * 1000),
            "duct_pa": round(physics.duct_kpa() * 1000),
            "entered_nl": round(physics.entered_ul * 1000),
            "in_duct_nl": round(physics.duct_ul * 1000),
            "extravasated_nl": round(physics.outside_ul * 1000),
            "reflux_nl": round(physics.reflux_ul * 1000),
            "spilled_nl": round(physics.spilled_ul * 1000),
            "air_into_duct_nl": round(physics.air_into_duct_ul * 1000),
            "torn": physics.tear > 0,
            "force_mn": unit.paddle.force_mn(),
            "paddle_state": unit.paddle.state,
            "exposure_count": unit.exposures,
            "beam_on": unit.beam_on,
            "xray_enabled": self.room_io.xray_enabled,
            "trip_count": self.room_io.trip_count,
            "trip_cause": self.room_io.cause,
            "stage": self.room_io.stage,
            "sounder_on": self.room_io.sounder_on,
            "lamp_on": self.room_io.lamp_on,
        }
