"""Modbus TCP from the server's side: MBAP cutting, FC3, FC16 and blocks of registers.

Written by hand from the Modbus application protocol (MBAP header: transaction, protocol
0, length, unit; exceptions 1 function, 2 address, 3 value, 6 busy, 11 no such unit) and
not with the library the drivers use: a shared codec would agree with itself.
"""

import random
import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sim.devices import NEVER_NS

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
BUSY: Final = 6
NO_SUCH_UNIT: Final = 11
_READ: Final = 3
_WRITE: Final = 16
_MBAP: Final = struct.Struct(">HHHB")
_LONGEST_ADU_TAIL: Final = 254
"""MBAP length field: unit id and at most 253 bytes of PDU."""
_NS_PER_MS: Final = 10**6
SIGNATURE: Final = 0x4741
MAP_VERSION: Final = 1
FIRMWARE: Final = 0x0100
SIMULATED: Final = 1


class Request(NamedTuple):
    """One request ADU."""

    transaction: int
    unit: int
    pdu: bytes


class AduCutter:
    """Cuts a TCP byte stream into requests; ``broken`` once it cannot be Modbus."""

    def __init__(self) -> None:
        self._part = bytearray()
        self.broken = False

    def feed(self, data: bytes) -> list[Request]:
        """Take bytes and return the requests they complete."""
        if self.broken:
            return []
        self._part += data
        requests = []
        while len(self._part) >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(self._part)
            if protocol != 0 or not 2 <= length <= _LONGEST_ADU_TAIL:
                self.broken = True
                break
            end = _MBAP.size - 1 + length
            if len(self._part) < end:
                break
            requests.append(Request(transaction, unit, bytes(self._part[_MBAP.size : end])))
            del self._part[:end]
        return requests


def response(transaction: int, unit: int, pdu: bytes) -> bytes:
    """Wrap a response PDU."""
    return _MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu


def words32(value: int) -> list[int]:
    """A 32-bit value, high word first, two's complement when negative."""
    value &= 0xFFFF_FFFF
    return [value >> 16, value & 0xFFFF]


def value32(words: Sequence[int]) -> int:
    """Unsigned value of two words, high word first."""
    return words[0] << 16 | words[1]


class Block(NamedTuple):
    """A run of registers; ``write`` returns an exception code or 0."""

    address: int
    size: int
    read: Callable[[], list[int]] | None
    write: Callable[[list[int]], int] | None


class ModbusDevice:
    """A unit behind its own connection. Subclasses give blocks and move their model.

    Args:
        unit: Unit id it answers to.
        kind: Device kind of the identity block.
        serial: Serial number.
        rng: Chance for the reply time.
        now_ns: Instant of power-up.
        mode: Operating mode of the identity block (1 simulated, 2 bench, 3 clinical).
        think_ns: Shortest and longest time from request to reply (assumption: 1-3 ms).
    """

    def __init__(
        self,
        unit: int,
        kind: int,
        serial: int,
        rng: random.Random,
        now_ns: int,
        *,
        mode: int = SIMULATED,
        think_ns: tuple[int, int] = (1 * _NS_PER_MS, 3 * _NS_PER_MS),
    ) -> None:
        self.unit = unit
        self.mode = mode
        self.now_ns = now_ns
        self.started_ns = now_ns
        self._kind = kind
        self._serial = serial
        self._rng = rng
        self._think_ns = think_ns
        self._cutter = AduCutter()
        self._said: list[tuple[int, bytes]] = []
        self._frozen: dict[int, list[int]] | None = None
        self.map_version = MAP_VERSION
        """Injected fault: another version of the register map than ours."""
        identity = Block(0, 8, self._identity, None)
        self._blocks: dict[int, Block] = {0: identity}

    def _define(self, *blocks: Block) -> None:
        self._blocks.update((block.address, block) for block in blocks)

    # --- the four verbs ---------------------------------------------------------------------

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the connection."""
        self.advance(now_ns)
        for request in self._cutter.feed(data):
            pdu = self._serve(request)
            ready_ns = now_ns + self._rng.randint(*self._think_ns)
            self._said.append((ready_ns, response(request.transaction, request.unit, pdu)))

    def take(self, now_ns: int) -> bytes:
        """Bytes on the wire by now."""
        self.advance(now_ns)
        if self.speaks_ns() > now_ns:
            return b""
        due = b"".join(data for ready_ns, data in self._said if ready_ns <= now_ns)
        self._said = [entry for entry in self._said if entry[0] > now_ns]
        return due

    def wake_ns(self) -> int:
        """Next reply or change of the model."""
        return min(self.speaks_ns(), self.next_change_ns())

    def speaks_ns(self) -> int:
        """Next reply."""
        return min(self._said)[0] if self._said else NEVER_NS

    def advance(self, now_ns: int) -> None:
        """Move the model to now through every change on the way."""
        if self._frozen is not None:
            return
        while (change_ns := self._change_ns()) <= now_ns:
            self.now_ns = max(self.now_ns, change_ns)
            self._change()
        if now_ns > self.now_ns:
            self.now_ns = now_ns

    # --- for the room, the server and fault injection ----------------------------------------

    def next_change_ns(self) -> int:
        """Next instant at which the model changes by itself; never while frozen."""
        return NEVER_NS if self._frozen is not None else self._change_ns()

    @property
    def broken(self) -> bool:
        """The stream was not Modbus; a real server closes the connection."""
        return self._cutter.broken

    def connected(self) -> None:
        """A new connection: nothing of the old one is left over."""
        self._cutter = AduCutter()
        self._said.clear()

    @property
    def frozen(self) -> bool:
        """The application hangs."""
        return self._frozen is not None

    def freeze(self, now_ns: int) -> None:
        """Injected fault: the application hangs behind a TCP server that goes on.

        Registers keep their last values, writes are accepted and lost, outputs stay. A
        power cycle ends it. (A device that answers nothing is a black hole of the wire.)
        """
        self.advance(now_ns)
        self._frozen = {b.address: b.read() for b in self._blocks.values() if b.read}

    def thaw(self, now_ns: int) -> None:
        """End of :meth:`freeze`: what came due meanwhile is noticed, and done, now."""
        self._frozen = None
        self.now_ns = max(self.now_ns, now_ns)
        self.advance(now_ns)

    # --- model hooks ------------------------------------------------------------------------

    def _change_ns(self) -> int:
        """Instant of the next change of the model by itself."""
        return NEVER_NS

    def _change(self) -> None:
        """Carry out what is due at ``now_ns``."""

    def _uptime_ms(self) -> int:
        return (self.now_ns - self.started_ns) // _NS_PER_MS

    def _scans(self, period_ms: int) -> int:
        return self._uptime_ms() // period_ms & 0xFFFF

    # --- serving ----------------------------------------------------------------------------

    def _identity(self) -> list[int]:
        serial = words32(self._serial)
        return [SIGNATURE, self._kind, self.map_version, FIRMWARE, *serial, self.mode, 0]

    def _serve(self, request: Request) -> bytes:
        function = request.pdu[0]
        if request.unit != self.unit:
            return bytes([function | 0x80, NO_SUCH_UNIT])
        if function == _READ:
            result = self._read(request.pdu)
        elif function == _WRITE:
            result = self._write(request.pdu)
        else:
            result = ILLEGAL_FUNCTION
        return bytes([function | 0x80, result]) if isinstance(result, int) else result

    def _read(self, pdu: bytes) -> bytes | int:
        """Any run inside one readable block."""
        if len(pdu) != 5:
            return ILLEGAL_VALUE
        address, count = struct.unpack(">HH", pdu[1:])
        if not 1 <= count <= 125:
            return ILLEGAL_VALUE
        for block in self._blocks.values():
            first = address - block.address
            if block.read and first >= 0 and first + count <= block.size:
                words = self._frozen[block.address] if self._frozen else block.read()
                return struct.pack(f">BB{count}H", _READ, 2 * count, *words[first : first + count])
        return ILLEGAL_ADDRESS

    def _write(self, pdu: bytes) -> bytes | int:
        """One whole writable block or nothing."""
        if len(pdu) < 6:
            return ILLEGAL_VALUE
        address, count, size = struct.unpack(">HHB", pdu[1:6])
        if size != 2 * count or len(pdu) != 6 + size:
            return ILLEGAL_VALUE
        block = self._blocks.get(address)
        if block is None or block.write is None:
            return ILLEGAL_ADDRESS
        if count != block.size:
            return ILLEGAL_VALUE
        words = list(struct.unpack(f">{count}H", pdu[6:]))
        code = 0 if self._frozen is not None else block.write(words)
        return code or struct.pack(">BHH", _WRITE, address, count)
