"""The room I/O box (unit 3): contacts, pump relay, X-ray enable, its own watchdog.

After our own register map, stated here from the device's side and again in the driver,
on purpose. A trip goes in two stages: the pump's TTL stop line at once, its power when
that is not obeyed or after a second; it latches here until a person confirms it. A pump
that has not run since its power closed has no count to keep, and nobody knows yet what it
makes of its stop line: its power opens at once, and the line follows.

Choices the map leaves open: an escalation keeps the trip's count; a second trip while
latched is not counted; a dead owner keeps others out until it is dropped after 2 s; a
controller that left with all outputs 0 is not missed (no sound, no further trip).
"""

import random
from typing import Final

from sim.devices import NEVER_NS
from sim.devices.modbus_device import (
    BUSY,
    ILLEGAL_VALUE,
    Block,
    ModbusDevice,
    value32,
    words32,
)

_NS_PER_MS: Final = 10**6
_SCAN_MS: Final = 5
_POWER_OPENS_NS: Final = 1000 * _NS_PER_MS
_OBEY_NS: Final = 200 * _NS_PER_MS
_OWNER_DROPPED_NS: Final = 2000 * _NS_PER_MS

PERMITTED, TTL_STOP, POWER_OPEN = 0, 1, 2
NO_TRIP, POWER_UP, HEARTBEAT, COMMANDED, EMERGENCY, NOT_OBEYED, PRESSURE = range(7)

_PUMP_PERMIT: Final = 1
_XRAY_ENABLE: Final = 2
_OUTPUT_BITS: Final = 0x3F
_OWN_ALARM: Final = 3 << 2 | 3 << 4
"""Lamp 3 and sounder 3, lit by the box itself."""


class RoomIo(ModbusDevice):
    """Inputs are plain attributes set with :meth:`set_contact`; outputs are properties.

    Args:
        rng: Chance for reply time.
        now_ns: Instant of power-up: tripped, cause 1, power open.
        unit: Unit id.
        mode: Operating mode of the identity block.
    """

    contact_names = (
        "hold_no",
        "hold_nc",
        "pain",
        "emergency_stop",
        "door_closed",
        "motor_pin",
    )
    """Bits 0-5 of the inputs word, in order."""

    def __init__(
        self, rng: random.Random, now_ns: int = 0, *, unit: int = 3, mode: int = 1
    ) -> None:
        super().__init__(unit, 3, 30_003, rng, now_ns, mode=mode)
        self._contacts = dict.fromkeys(self.contact_names, False)
        self._contacts["hold_nc"] = self._contacts["door_closed"] = True
        self._switch_open = False
        self.relay_welded = False
        """Injected fault: the relay's contact stays closed whatever is commanded."""
        self.stuck: set[str] = set()
        """Injected fault: contacts that stay as they are, whatever the hand does."""
        self.ignores_silence = False
        """Injected fault: the box's watchdog never trips."""
        self.sounder_dead = self.lamp_dead = False
        """Injected faults: told to sound or to light, and nothing is heard or seen."""
        self.watchdog_ms = 250
        self.owner = 0
        self.cause = POWER_UP
        self.trip_count = 1
        self.stage = POWER_OPEN
        self._has_run = False
        self._nonce: int | None = None
        self._commanded = 0
        self._self_alarm = False
        self._beat_ns = NEVER_NS
        self._alive = False
        self._trip_ns = now_ns
        self._define(
            Block(100, 16, self._status, None),
            Block(200, 6, None, self._command),
            Block(250, 1, self._settings, self._configure),
        )

    def _settings(self) -> list[int]:
        return [self.watchdog_ms]

    # --- outputs ----------------------------------------------------------------------------

    @property
    def relay_closed(self) -> bool:
        """The pump has power: not latched open, emergency stop in series."""
        commanded = self.stage < POWER_OPEN and not self._contacts["emergency_stop"]
        return commanded or self.relay_welded

    @property
    def ttl_stop(self) -> bool:
        """The pump's stop line is asserted (low)."""
        return self.stage > PERMITTED or self._contacts["emergency_stop"]

    @property
    def xray_enabled(self) -> bool:
        """Enable in series with the mammograph's exposure; emergency stop opens it."""
        wanted = self._commanded & _XRAY_ENABLE and self._alive
        return bool(wanted) and not self._contacts["emergency_stop"]

    def outputs(self) -> int:
        """Outputs in force, as in the command word."""
        shown = _OWN_ALARM if self._self_alarm else self._commanded & ~3
        return shown | (self.stage == PERMITTED) | self.xray_enabled << 1

    @property
    def sounder_on(self) -> bool:
        """Something is heard in the room."""
        return bool(self.outputs() >> 4 & 3) and not self.sounder_dead

    @property
    def lamp_on(self) -> bool:
        """The lamp is lit."""
        return bool(self.outputs() >> 2 & 3) and not self.lamp_dead

    # --- inputs -----------------------------------------------------------------------------

    def set_contact(self, name: str, on: bool, now_ns: int) -> None:
        """Set an input of :attr:`contact_names`; KeyError for another name."""
        self.advance(now_ns)
        if name not in self._contacts:
            raise KeyError(name)
        if name in self.stuck:
            return
        self._contacts[name] = on
        self._has_run |= self._contacts["motor_pin"]
        # Relay, stop line and enable follow the contact even while the box is frozen
        # (properties above); the latch is the box's own doing.
        if name == "emergency_stop" and on and self._frozen is None:
            self._trip(EMERGENCY)
            self.stage = POWER_OPEN
        self.advance(now_ns)

    def contact(self, name: str) -> bool:
        """Present level of an input of :attr:`contact_names`."""
        return self._contacts[name]

    def set_pressure_switch(self, opened: bool, now_ns: int) -> None:
        """The independent pressure switch in series with the permit."""
        self.advance(now_ns)
        self._switch_open = opened
        if opened and self._frozen is None:
            self._trip(PRESSURE)

    def silence_ms(self) -> int:
        """Age of the last heartbeat; 0 = none is waited for."""
        return (self.now_ns - self._beat_ns) // _NS_PER_MS if self._beat_ns != NEVER_NS else 0

    # --- trips ------------------------------------------------------------------------------

    def _trip(self, cause: int) -> None:
        if self.stage != PERMITTED:
            return
        self.cause = cause
        self.trip_count = self.trip_count + 1 & 0xFFFF
        self.stage = TTL_STOP if self._has_run else POWER_OPEN
        self._trip_ns = self.now_ns
        self._commanded &= ~_PUMP_PERMIT

    def _change_ns(self) -> int:
        return min(self._silence_ns(), self._escalation_ns())

    def _silence_ns(self) -> int:
        if self._beat_ns == NEVER_NS:
            return NEVER_NS
        if self._alive and self.ignores_silence:
            return NEVER_NS
        if self._alive:
            return self._beat_ns + self.watchdog_ms * _NS_PER_MS
        return self._beat_ns + _OWNER_DROPPED_NS

    def _escalation_ns(self) -> int:
        if self.stage != TTL_STOP:
            return NEVER_NS
        span_ns = _OBEY_NS if self._contacts["motor_pin"] else _POWER_OPENS_NS
        return max(self._trip_ns + span_ns, self.now_ns)

    def _change(self) -> None:
        if self._escalation_ns() <= self.now_ns:
            self.stage = POWER_OPEN
            if self.now_ns - self._trip_ns < _POWER_OPENS_NS:
                self.cause = NOT_OBEYED
        if self._silence_ns() > self.now_ns:
            return
        if not self._alive:
            self.owner, self._beat_ns, self._nonce = 0, NEVER_NS, None
            return
        self._alive = False
        self._self_alarm = self._commanded != 0
        self._trip(HEARTBEAT)
        self._commanded = 0

    # --- registers --------------------------------------------------------------------------

    def _inputs(self) -> int:
        bits = [self._contacts[name] for name in self.contact_names]
        bits += [self.relay_closed, self.ttl_stop, self.xray_enabled, self._switch_open]
        return sum([on << place for place, on in enumerate(bits)])

    def _status(self) -> list[int]:
        trip_ms = (self._trip_ns - self.started_ns) // _NS_PER_MS
        return [
            *(self._scans(_SCAN_MS), self._nonce or 0),
            *words32(self.owner),
            *(self._inputs(), self.outputs(), self.cause, self.trip_count),
            *words32(trip_ms),
            *words32(self._uptime_ms()),
            *(self.watchdog_ms, self.stage, 0, 0),
        ]

    def _configure(self, words: list[int]) -> int:
        if not 250 <= words[0] <= 300:
            return ILLEGAL_VALUE
        self.watchdog_ms = words[0]
        return 0

    def _command(self, words: list[int]) -> int:
        owner, (nonce, outputs, complement, reclose) = value32(words), words[2:]
        if outputs ^ complement != 0xFFFF or outputs & ~_OUTPUT_BITS or owner == 0:
            return ILLEGAL_VALUE
        if self.owner not in (0, owner):
            return BUSY
        self.owner = owner
        self._feed(nonce)
        dropped = self._commanded & _PUMP_PERMIT and not outputs & _PUMP_PERMIT
        self._commanded = outputs if self._alive else outputs & ~_XRAY_ENABLE
        if dropped:
            self._trip(COMMANDED)
        if reclose and reclose == self.trip_count and outputs & _PUMP_PERMIT:
            self._reclose()
        return 0

    def _feed(self, nonce: int) -> None:
        """Only a changed nonce is a heartbeat: a repeated frame keeps nothing alive."""
        if nonce == self._nonce:
            return
        self._nonce = nonce
        self._beat_ns = self.now_ns
        self._alive = True
        self._self_alarm = False

    def _reclose(self) -> None:
        blocked = self._contacts["emergency_stop"] or self._switch_open or not self._alive
        if self.stage != PERMITTED and not blocked:
            if self.stage == POWER_OPEN:
                self._has_run = self._contacts["motor_pin"]
            self.stage = PERMITTED
            self.cause = NO_TRIP
