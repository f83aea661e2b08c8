"""The yardstick: read, compare, write, and nothing else, on the same wires.

It asks the two questions that a running injection asks at the same intervals, compares
one number and writes one packet. What production takes longer than this is the price of
drivers, step, gate and record.
"""

import os
import select
import struct
from collections.abc import Mapping
from typing import Final

from controller.clock import Clock
from drivers.new_era.codec import encode_safe
from drivers.ports import Port

_LINE_NS: Final = 20_000_000
_PUMP_NS: Final = 50_000_000
"""The polling plan while injecting."""
_ASK_PUMP: Final = encode_safe(b"0DIS")
_STOP: Final = encode_safe(b"0STP")
_STATUS_BYTES: Final = 25
_PRESSURE_AT: Final = 13
_NS_PER_MS: Final = 1_000_000


class BareLoop:
    """Polls sensor and pump until one value is over the limit; ends when told to."""

    def __init__(self, ports: Mapping[str, Port], control: Port, limit_pa: int) -> None:
        """Take over open ports; ``control`` readable ends the run."""
        self._line = _descriptor(ports["line"])
        self._pump = _descriptor(ports["pump"])
        self._control = _descriptor(control)
        self._limit_pa = limit_pa
        self._transaction = 0
        self._heard_line = self._heard_pump = b""
        self._line_free = self._pump_free = True
        self._over = self.stopped = False

    def run(self, clock: Clock) -> None:
        """Until the control connection has something to say."""
        poll = select.poll()
        for descriptor in (self._line, self._pump, self._control):
            poll.register(descriptor, select.POLLIN)
        line_ns = pump_ns = clock.now_ns()
        while True:
            now_ns = clock.now_ns()
            if now_ns >= line_ns and self._line_free:
                line_ns = now_ns + _LINE_NS
                self._ask_line()
            if now_ns >= pump_ns and self._pump_free and not self.stopped:
                pump_ns = now_ns + _PUMP_NS
                self._pump_free = False
                os.write(self._pump, _ASK_PUMP)
            due_ns = min(
                line_ns if self._line_free else now_ns + _LINE_NS,
                pump_ns if self._pump_free and not self.stopped else now_ns + _LINE_NS,
            )
            for descriptor, _ in poll.poll(-(-max(0, due_ns - now_ns) // _NS_PER_MS)):
                if descriptor == self._control:
                    return
                self._hear(descriptor)

    def _ask_line(self) -> None:
        self._transaction = self._transaction % 0xFFFF + 1
        self._line_free = False
        os.write(self._line, struct.pack(">HHHBBHH", self._transaction, 0, 6, 2, 3, 100, 8))

    def _hear(self, descriptor: int) -> None:
        data = os.read(descriptor, 4096)
        if descriptor == self._line:
            self._heard_line += data
            if len(self._heard_line) >= _STATUS_BYTES:
                (pressure_pa,) = struct.unpack_from(">i", self._heard_line, _PRESSURE_AT)
                self._heard_line = b""
                self._line_free = True
                self._over = self._over or pressure_pa > self._limit_pa
        else:
            self._heard_pump += data
            if len(self._heard_pump) > 1 and len(self._heard_pump) > self._heard_pump[1]:
                self._heard_pump = b""
                self._pump_free = True
        if self._over and self._pump_free and not self.stopped:
            os.write(self._pump, _STOP)
            self.stopped = True


def _descriptor(port: Port) -> int:
    descriptor = port.fileno()
    if descriptor is None:
        raise ConnectionError(f"{port.name} is not open")
    return descriptor
