"""Mammography unit (unit 1): registers, watchdog and states, after our own register map.

The map is stated here from the device's side and again in the driver, on purpose. The
paddle is :mod:`sim.devices.paddle`. All durations are those of the map page; tube figures
are assumptions of a plausible size.
"""

import random
from typing import Final

from sim.devices import NEVER_NS
from sim.devices.modbus_device import ILLEGAL_VALUE, Block, ModbusDevice, value32, words32
from sim.devices.paddle import HOLD, PERMIT, RELEASE, Paddle

_NS_PER_MS: Final = 10**6
_SCAN_MS: Final = 10
_PREP_NS: Final = 1200 * _NS_PER_MS
_PREPULSE_NS: Final = 30 * _NS_PER_MS
_FFDM_NS: Final = 1000 * _NS_PER_MS
_SWEEP_NS: Final = 4000 * _NS_PER_MS
_UAS_PER_MS: Final = 100
"""100 mA tube current (assumption)."""
_PREPULSE_UAS: Final = 30 * _UAS_PER_MS
_TUBE_V: Final = 28_000
_TUBE_MAG_V: Final = 29_000
_MAG_VIEWS: Final = (5, 6)
_DBT_VIEWS: Final = (7, 8, 9)
_LAST_VIEW: Final = 9
_HIGHEST_FORCE_MN: Final = 200_000
_CHECK: Final = 0xA5A5

STANDBY, PREP, READY, EXPOSING, DONE, FAULT = range(1, 7)
FAULT_DOOR, FAULT_ENABLE = 3, 4
OFF, PREPARE, EXPOSE = 0, 1, 2


class Mammograph(ModbusDevice):
    """The unit's states; the room sets door, pedal, release button and X-ray enable.

    Args:
        rng: Chance for the reply time.
        now_ns: Instant of power-up.
        unit: Unit id.
        mode: Operating mode of the identity block.
        exposures: The exposure counter's value, which survives a restart.
    """

    def __init__(
        self,
        rng: random.Random,
        now_ns: int = 0,
        *,
        unit: int = 1,
        mode: int = 1,
        exposures: int = 0,
    ) -> None:
        super().__init__(unit, 1, 10_001, rng, now_ns, mode=mode)
        self.paddle = Paddle(now_ns)
        self.exposures = exposures
        self.state = STANDBY
        self.fault = 0
        self.door_closed = True
        self.xray_enabled = True
        self.tripped = False
        self.endless = False
        """Injected fault: an exposure does not end by itself."""
        self.gauge_mn = 0
        """A force gauge, or weights, between paddle and table."""
        self.force_span_ppm = 0
        """Injected fault: it shows so much more of every force."""
        self.no_prepulse = False
        """Injected fault: AEC makes no pre-pulse, and exposes all the same."""
        self.goes_on = False
        """Injected fault: an exposure goes on when its permission is withdrawn."""
        self.watchdog_ms = 1000
        self.release_s = 10
        self.view = 0
        self.exposing_wanted = OFF
        self.tube_v = self.charge_uas = self.exposed_ms = self.prepulse_uas = 0
        self._nonce: int | None = None
        self._state_ends_ns = NEVER_NS
        self._exposed_from_ns = 0
        self._watchdog_ns = NEVER_NS
        self._release_ns = NEVER_NS
        self._define(
            Block(100, 24, self._status, None),
            Block(200, 8, None, self._command),
            Block(250, 2, self._settings, self._configure),
        )

    # --- what the room wires to it ----------------------------------------------------------

    def set_door(self, closed: bool, now_ns: int) -> None:
        """Opening the door ends an exposure with fault 3."""
        self.advance(now_ns)
        self.door_closed = closed
        self._lose_permission()

    def set_xray_enable(self, on: bool, now_ns: int) -> None:
        """Enable line in series; losing it ends an exposure with fault 4."""
        self.advance(now_ns)
        self.xray_enabled = on
        self._lose_permission()

    def press_pedal(self, down: bool, now_ns: int) -> None:
        """Compression foot pedal; moves the paddle only with the permit."""
        self.advance(now_ns)
        self.paddle.set_pedal(down, now_ns)

    def press_release(self, now_ns: int) -> None:
        """The unit's own release button, which always works."""
        self.advance(now_ns)
        self.paddle.release(now_ns)

    @property
    def beam_on(self) -> bool:
        """X-rays leave the tube."""
        return self.state == EXPOSING

    # --- exposure ---------------------------------------------------------------------------

    def _lose_permission(self) -> None:
        if self.goes_on:
            return
        if self.state == EXPOSING and not (self.door_closed and self.xray_enabled):
            self._end_exposure()
            self._refuse()

    def _refuse(self) -> None:
        self.state = FAULT
        self.fault = FAULT_ENABLE if self.door_closed else FAULT_DOOR

    def _expose(self) -> None:
        if not (self.door_closed and self.xray_enabled):
            self._refuse()
            return
        self.state = EXPOSING
        self._exposed_from_ns = self.now_ns
        duration_ns = _SWEEP_NS if self.view in _DBT_VIEWS else _FFDM_NS
        ends_ns = self.now_ns + _PREPULSE_NS + duration_ns
        self._state_ends_ns = NEVER_NS if self.endless else ends_ns
        self.tube_v = _TUBE_MAG_V if self.view in _MAG_VIEWS else _TUBE_V
        self.prepulse_uas = 0 if self.no_prepulse else _PREPULSE_UAS

    def _end_exposure(self) -> None:
        """Complete or aborted, it counts, with the charge so far."""
        span_ns = max(0, self.now_ns - self._exposed_from_ns - _PREPULSE_NS)
        self.exposed_ms = span_ns // _NS_PER_MS
        self.charge_uas = self.exposed_ms * _UAS_PER_MS
        self.exposures += 1
        self.state = DONE
        self._state_ends_ns = NEVER_NS

    def _want_exposure(self, wanted: int) -> None:
        if self.goes_on and self.state == EXPOSING:
            return
        before, self.exposing_wanted = self.exposing_wanted, wanted
        if wanted == OFF:
            if self.state == EXPOSING:
                self._end_exposure()
            self.state, self.fault = STANDBY, 0
            self._state_ends_ns = NEVER_NS
        elif wanted == PREPARE and self.state == STANDBY:
            self.state = PREP
            self._state_ends_ns = self.now_ns + _PREP_NS
        elif wanted == EXPOSE and before == PREPARE and self.state == READY:
            self._expose()

    # --- time -------------------------------------------------------------------------------

    def _change_ns(self) -> int:
        return min(
            self._state_ends_ns, self._watchdog_ns, self._release_ns, self.paddle.next_change_ns()
        )

    def _change(self) -> None:
        now_ns = self.now_ns
        self.paddle.advance(now_ns)
        if self._state_ends_ns <= now_ns:
            if self.state == PREP:
                self.state, self._state_ends_ns = READY, NEVER_NS
            else:
                self._end_exposure()
        if self._watchdog_ns <= now_ns:
            self._watchdog_ns = NEVER_NS
            self.tripped = True
            self._want_exposure(OFF)
            self.paddle.command(HOLD, self.paddle.limit_mn, now_ns)
            self._release_ns = now_ns + self.release_s * 10**9
        if self._release_ns <= now_ns:
            self._release_ns = NEVER_NS
            self.paddle.release(now_ns)

    # --- registers --------------------------------------------------------------------------

    def _shown_force_mn(self) -> int:
        force_mn = self.paddle.force_mn() + self.gauge_mn
        return force_mn + force_mn * self.force_span_ppm // 10**6

    def _status(self) -> list[int]:
        self.paddle.advance(self.now_ns)
        flags = [
            self.door_closed,
            self.tripped,
            self.exposing_wanted != OFF,
            self.paddle.wanted == PERMIT,
            self.state == EXPOSING and self.view in _DBT_VIEWS,
        ]
        return [
            *(self._scans(_SCAN_MS), self._nonce or 0, self.state, self.fault, self.paddle.state),
            *words32(self._shown_force_mn()),
            *words32(self.paddle.thickness_um()),
            *words32(self.exposures),
            *words32(self.tube_v),
            *words32(self.charge_uas),
            self.exposed_ms,
            *words32(self.prepulse_uas),
            *(1, self.view, sum(on << place for place, on in enumerate(flags))),
            *(self.release_s, self.watchdog_ms, 0),
        ]

    def _settings(self) -> list[int]:
        return [self.watchdog_ms, self.release_s]

    def _configure(self, words: list[int]) -> int:
        watchdog_ms, release_s = words
        if not 200 <= watchdog_ms <= 2000 or not 0 <= release_s <= 60:
            return ILLEGAL_VALUE
        self.watchdog_ms, self.release_s = watchdog_ms, release_s
        return 0

    def _command(self, words: list[int]) -> int:
        check = _CHECK
        for word in words[:7]:
            check ^= word
        nonce, compression, exposure, view = words[:4]
        limit_mn = value32(words[4:6])
        if check != words[7] or words[6] != 0:
            return ILLEGAL_VALUE
        if not HOLD <= compression <= RELEASE or exposure > EXPOSE or view > _LAST_VIEW:
            return ILLEGAL_VALUE
        if limit_mn > _HIGHEST_FORCE_MN:
            return ILLEGAL_VALUE
        self._take_over(nonce, compression, exposure, view, limit_mn)
        return 0

    def _take_over(
        self, nonce: int, compression: int, exposure: int, view: int, limit_mn: int
    ) -> None:
        fresh = nonce != self._nonce
        self._nonce = nonce
        if self.tripped:
            if not fresh or exposure != OFF:
                if compression == RELEASE:
                    self.paddle.release(self.now_ns)
                return
            self.tripped = False
            self._release_ns = NEVER_NS
        if fresh:
            self._watchdog_ns = self.now_ns + self.watchdog_ms * _NS_PER_MS
        if self.state != EXPOSING:
            self.view = view
        self._want_exposure(exposure)
        self.paddle.command(compression, limit_mn, self.now_ns)
