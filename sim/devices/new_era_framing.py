"""Framing of the New Era dialect as the pump sees it: Basic and Safe packets.

Sources: NE-1000 manual pub. 1200-01 p. 33-34, NE-500 OEM manual p. 33-34, Next Advance
SP1000 p. 42 (cross-mode acceptance). The CRC is fixed by the published packet
``02 08 SAF0 55 43 03``: CRC-16 with polynomial 0x1021, start value 0, not reflected.

Stated here from the pump's side and a second time in ``drivers``, on purpose.
"""

from typing import Final, NamedTuple

_STX: Final = 0x02
_ETX: Final = 0x03
_CR: Final = 0x0D
_NS_PER_MS: Final = 1_000_000
INTER_BYTE_NS: Final = 500 * _NS_PER_MS
"""Silence inside a Safe packet after which the part is dropped without a word."""
_LEAST_LENGTH: Final = 4
"""LEN counts itself, the payload, two CRC bytes and ETX."""
_LONGEST_BASIC: Final = 128
"""A line longer than this is noise (assumption); keeps a babbling wire from filling memory."""


def _crc_row(index: int) -> int:
    value = index << 8
    for _ in range(8):
        value = (value << 1) ^ (0x1021 if value & 0x8000 else 0)
    return value & 0xFFFF


_CRC_ROWS: Final = tuple(_crc_row(index) for index in range(256))


def crc16(payload: bytes) -> int:
    """CRC over a payload, as the pump computes it."""
    value = 0
    for byte in payload:
        value = ((value << 8) & 0xFFFF) ^ _CRC_ROWS[(value >> 8) ^ byte]
    return value


def safe_frame(payload: bytes) -> bytes:
    """Wrap a payload as a Safe packet."""
    check = crc16(payload)
    return bytes([_STX, len(payload) + 4]) + payload + bytes([check >> 8, check & 0xFF, _ETX])


def basic_frame(payload: bytes) -> bytes:
    """Wrap a reply as the pump does in Basic mode."""
    return bytes([_STX]) + payload + bytes([_ETX])


class Packet(NamedTuple):
    """One packet cut from the wire; ``valid`` is False for a damaged Safe packet."""

    payload: bytes
    safe: bool
    valid: bool


class PacketCutter:
    """Cuts the controller's bytes into packets; same result for any chunking.

    An STX begins a Safe packet wherever it comes and drops a line that had begun
    (assumption: the manuals do not say what a half-typed line does).
    """

    def __init__(self) -> None:
        self._part = bytearray()
        self._in_safe = False
        self._last_byte_ns = 0

    def clear(self) -> None:
        """Forget what has arrived of a packet (power-up)."""
        self._part.clear()
        self._in_safe = False

    def feed(self, data: bytes, now_ns: int, *, safe_only: bool) -> list[Packet]:
        """Take bytes and return the packets they complete.

        With ``safe_only`` (the pump is in Safe mode) bytes outside Safe packets are lost.
        """
        if self._in_safe and now_ns - self._last_byte_ns > INTER_BYTE_NS:
            self.clear()
        self._last_byte_ns = now_ns
        packets = []
        for byte in data:
            packet = self._safe_byte(byte) if self._in_safe else self._loose_byte(byte, safe_only)
            if packet is not None:
                packets.append(packet)
        return packets

    def _loose_byte(self, byte: int, safe_only: bool) -> Packet | None:
        if byte == _STX:
            self._part.clear()
            self._in_safe = True
            return None
        if safe_only:
            return None
        if byte == _CR:
            line = bytes(self._part).upper()
            self._part.clear()
            return Packet(line, safe=False, valid=True)
        # The pump strips spaces and control characters before it parses a line.
        if 0x20 < byte < 0x7F and len(self._part) < _LONGEST_BASIC:
            self._part.append(byte)
        return None

    def _safe_byte(self, byte: int) -> Packet | None:
        self._part.append(byte)
        length = self._part[0]
        if length < _LEAST_LENGTH:
            self.clear()
            return Packet(b"", safe=True, valid=False)
        if len(self._part) < length:
            return None
        payload = bytes(self._part[1 : length - 3])
        check = self._part[length - 3] << 8 | self._part[length - 2]
        valid = self._part[length - 1] == _ETX and check == crc16(payload)
        self.clear()
        return Packet(payload, safe=True, valid=valid)
