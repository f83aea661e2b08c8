"""A bare Modbus TCP device of registers, for driver tests: bytes in, bytes out.

Made of ``struct`` alone, so that it shares nothing with the code it talks to.
"""

import struct
from collections.abc import Callable

MS = 1_000_000


class RegisterDevice:
    """Answers FC3 and FC16 from a dict and remembers what was asked."""

    def __init__(self, unit_id: int, registers: dict[int, int]) -> None:
        self.unit_id = unit_id
        self.registers = dict(registers)
        self.asked: list[tuple[int, int, tuple[int, ...]]] = []
        """(function, address, written words) of every question."""
        self.exceptions: dict[tuple[int, int], int] = {}
        """(function, address) -> exception code."""
        self.mute: set[tuple[int, int]] = set()
        """(function, address) that is carried out and not answered."""
        self.on_write: Callable[[int, tuple[int, ...]], None] = lambda address, words: None
        self.on_read: Callable[[int], None] = lambda address: None

    def block(self, address: int, words: list[int]) -> None:
        """Set adjoining registers."""
        for offset, word in enumerate(words):
            self.registers[address + offset] = word

    def answer(self, frame: bytes) -> bytes:
        """Carry out one question and answer it."""
        transaction, protocol, length, unit_id, function = struct.unpack(">HHHBB", frame[:8])
        assert (protocol, length, unit_id) == (0, len(frame) - 6, self.unit_id)
        address, count = struct.unpack(">HH", frame[8:12])
        words = struct.unpack(f">{count}H", frame[13:]) if function == 16 else ()
        self.asked.append((function, address, words))
        code = self.exceptions.get((function, address))
        if code is not None:
            body = bytes([function | 0x80, code])
        elif function == 16:
            self.block(address, list(words))
            self.on_write(address, words)
            body = struct.pack(">BHH", 16, address, count)
        else:
            self.on_read(address)
            values = [self.registers[address + offset] for offset in range(count)]
            body = struct.pack(f">BB{count}H", 3, 2 * count, *values)
        if (function, address) in self.mute:
            return b""
        return struct.pack(">HHHB", transaction, 0, 1 + len(body), unit_id) + body

    def writes(self, address: int) -> list[tuple[int, ...]]:
        """Words of every block written at an address, in order."""
        return [words for function, at, words in self.asked if (function, at) == (16, address)]

    def reads(self, address: int) -> int:
        """How often a block was read."""
        return sum((function, at) == (3, address) for function, at, _ in self.asked)


class Bench:
    """A driver and a device on an ideal wire, on a time of their own."""

    def __init__(
        self, driver, device: RegisterDevice, target, activity, now_ns: int = 10**9
    ) -> None:
        self.driver, self.device = driver, device
        self.target, self.activity = target, activity
        self.now_ns = now_ns

    def settle(self) -> None:
        """Let them talk until the driver has nothing to say now."""
        for _ in range(50):
            frame = self.driver.give(self.target, self.activity, self.now_ns)
            if not frame:
                return
            self.driver.receive(self.device.answer(frame), self.now_ns)
        raise AssertionError("the driver never stops talking")

    def run(self, span_ns: int) -> None:
        """Follow the driver's own deadlines for a span."""
        end_ns = self.now_ns + span_ns
        self.settle()
        while (due_ns := self.driver.deadline_ns()) <= end_ns:
            assert due_ns > self.now_ns, "the driver would spin"
            self.now_ns = due_ns
            self.settle()
        self.now_ns = end_ns

    def connect(self):
        """Open the port and let the probe run."""
        self.driver.connected(self.now_ns)
        self.settle()
        return self.driver.reading()
