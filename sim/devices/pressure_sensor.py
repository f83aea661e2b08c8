"""Line pressure sensor with contrast thermometer (unit 2), after our own register map.

The map is stated here from the device's side and again in the driver, on purpose.
Noise 0.2 kPa and the drift range are assumptions of the fact sheet *clinical* C2.
"""

import random
from collections import deque
from typing import Final

from sim.devices.modbus_device import ILLEGAL_VALUE, Block, ModbusDevice, words32

_SCAN_MS: Final = 5
_SCAN_NS: Final = _SCAN_MS * 10**6
_ZERO_NS: Final = 100 * 10**6
_ZERO_NOW: Final = 0x5A45
_NO_TEMPERATURE: Final = 0x8000_0000
_NS_PER_HOUR: Final = 3600 * 10**9


class PressureSensor(ModbusDevice):
    """Reports line pressure with noise, offset and drift; can be zeroed.

    Args:
        rng: Chance for noise and reply time.
        now_ns: Instant of power-up.
        unit: Unit id.
        mode: Operating mode of the identity block.
    """

    low_pa = -50_000
    high_pa = 250_000

    def __init__(
        self, rng: random.Random, now_ns: int = 0, *, unit: int = 2, mode: int = 1
    ) -> None:
        super().__init__(unit, 2, 20_002, rng, now_ns, mode=mode)
        self.noise_pa = 200
        self.offset_pa = 0
        """Height error (1 cm = 132 Pa) and electrical offset; injected."""
        self.drift_pa_h = 0
        self.span_ppm = 0
        """Injected fault: it shows so much more of every pressure."""
        self.fault = False
        self.stuck = False
        """Injected fault: the transducer shows what it showed last, without noise."""
        self.temperature_mc: int | None = 37_000
        self.zero_count = 0
        self._zero_pa = 0
        self._zeroed = False
        self._truth: deque[tuple[int, int]] = deque([(now_ns, 0)])
        self._sample = (-1, 0)
        self._shown_pa: int | None = None
        self._define(
            Block(50, 4, self._range, None),
            Block(100, 8, self._status, None),
            Block(200, 1, None, self._command),
        )

    def _range(self) -> list[int]:
        return words32(self.low_pa) + words32(self.high_pa)

    def set_pressure(self, pressure_pa: int, now_ns: int) -> None:
        """True pressure at the transducer from now on."""
        self.advance(now_ns)
        truth = self._truth
        if truth[-1][1] != pressure_pa:
            truth.append((now_ns, pressure_pa))
        while len(truth) > 1 and truth[1][0] <= now_ns - _ZERO_NS:
            truth.popleft()

    def restart(self, now_ns: int) -> None:
        """Power cycle: the zero is lost, what is wrong with the transducer stays."""
        self.thaw(now_ns)
        self.started_ns = now_ns
        self.zero_count = self._zero_pa = 0
        self._zeroed = False
        self._sample = (-1, 0)
        self.connected()

    @property
    def shown_pa(self) -> int:
        """What it said last, or would say without noise."""
        last_pa = self._raw_pa(self._truth[-1][1]) if self._shown_pa is None else self._shown_pa
        return last_pa - self._zero_pa

    @property
    def zeroed(self) -> bool:
        """It was zeroed since its power-up."""
        return self._zeroed

    def _raw_pa(self, truth_pa: int) -> int:
        drift_pa = self.drift_pa_h * (self.now_ns - self.started_ns) // _NS_PER_HOUR
        return truth_pa + truth_pa * self.span_ppm // 10**6 + self.offset_pa + drift_pa

    def _scan_pa(self) -> int:
        """One noisy value per scan, however often it is asked for."""
        scan = (self.now_ns - self.started_ns) // _SCAN_NS
        if self.stuck and self._shown_pa is not None:
            return self._shown_pa
        if self._sample[0] != scan:
            noise_pa = round(self._rng.gauss(0, self.noise_pa)) if self.noise_pa else 0
            self._sample = (scan, noise_pa)
        self._shown_pa = self._raw_pa(self._truth[-1][1]) + self._sample[1]
        return self._shown_pa

    def _status(self) -> list[int]:
        measured_pa = self._scan_pa()
        shown_pa = min(max(measured_pa, self.low_pa), self.high_pa)
        bits = (shown_pa != measured_pa) | self.fault << 1 | (not self._zeroed) << 2
        heat = _NO_TEMPERATURE if self.temperature_mc is None else self.temperature_mc
        pressure = words32(shown_pa - self._zero_pa)
        return [
            *(self._scans(_SCAN_MS), int(bits)),
            *pressure,
            *words32(heat),
            *(self.zero_count & 0xFFFF, 0),
        ]

    def _command(self, words: list[int]) -> int:
        if words[0] != _ZERO_NOW:
            return ILLEGAL_VALUE
        scans = _ZERO_NS // _SCAN_NS
        noise_pa = round(self._rng.gauss(0, self.noise_pa) / scans**0.5) if self.noise_pa else 0
        self._zero_pa = self._raw_pa(self._mean_pa()) + noise_pa
        self._zeroed = True
        self.zero_count += 1
        return 0

    def _mean_pa(self) -> int:
        """Mean of the true pressure over the last 100 ms (less right after power-up)."""
        begin_ns = max(self.now_ns - _ZERO_NS, self._truth[0][0])
        ends = [entry[0] for entry in self._truth][1:] + [self.now_ns]
        area = 0
        for (from_ns, pressure_pa), to_ns in zip(self._truth, ends, strict=True):
            area += pressure_pa * max(0, to_ns - max(from_ns, begin_ns))
        span_ns = self.now_ns - begin_ns
        return area // span_ns if span_ns > 0 else self._truth[-1][1]
