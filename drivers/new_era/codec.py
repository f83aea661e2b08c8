"""New Era wire format: bytes to frames to replies, and commands to bytes. No I/O.

Safe framing, both directions [M2 p33]: STX, LEN, payload, CRC high, CRC low, ETX; LEN
counts itself and all that follows. The CRC is over the payload only, CRC-16/XMODEM: the
manuals say "16-bit CCITT", and their one published packet (`SAF0` gives 0x5543) fits no
other variant. LEN, payload and CRC may each equal CR, STX or ETX, so a Safe packet is
cut by LEN and never searched for its end.

Basic framing has no checksum. To the pump: address, command, CR. From it: STX, two
address digits, prompt, data, ETX. A pump in Basic mode takes commands in either framing
and answers in the framing that is then in force [M6 p42], so the decoder accepts Basic
replies only while it is told to, between a (re)connection and the proof of Safe mode.

The simulated pump states this format again on purpose (``sim/devices``); nothing is shared.
"""

import binascii
import enum
from typing import Final

import msgspec

from state_machine.readings import Prompt, PumpAlarm

STX: Final = 0x02
ETX: Final = 0x03
CR: Final = 0x0D

OVERHEAD: Final = 4
"""LEN minus the payload's length: LEN itself, two CRC bytes, ETX."""
MIN_LEN: Final = OVERHEAD + 1
MAX_LEN: Final = 0x2F
"""43 bytes of payload; the longest known reply has 17. One below the digit `0`, so that
the byte after STX tells a Safe packet (LEN) from a Basic reply (address digit)."""
MAX_BASIC: Final = 48
"""A Basic reply without ETX after this many bytes is garbage [F K7]."""
DIGITS: Final = b"0123456789"


class Framing(enum.Enum):
    """How a frame lay on the wire."""

    BASIC = "basic"
    SAFE = "safe"


class Frame(msgspec.Struct, frozen=True):
    """One whole frame: Safe frames with a right checksum, Basic ones as they came."""

    payload: bytes
    framing: Framing


class Cut(enum.Enum):
    """What the head of the buffer is, when it is no frame."""

    NEED_MORE = "need more"
    SKIPPED = "skipped"


def crc16(payload: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, start 0, not reflected."""
    return binascii.crc_hqx(payload, 0)


def encode_safe(payload: bytes) -> bytes:
    """Packet for a payload of 1 to 43 bytes, which a caller composes and never receives."""
    if not 1 <= len(payload) <= MAX_LEN - OVERHEAD:
        raise ValueError(
            f"payload of {len(payload)} bytes; a packet holds 1 to {MAX_LEN - OVERHEAD}"
        )
    head = bytes((STX, len(payload) + OVERHEAD))
    return head + payload + crc16(payload).to_bytes(2, "big") + bytes((ETX,))


def encode_basic(payload: bytes) -> bytes:
    """Command line in Basic framing."""
    return payload + bytes((CR,))


def basic_reply(payload: bytes) -> bytes:
    """Reply in Basic framing (to read golden vectors in both directions)."""
    return bytes((STX,)) + payload + bytes((ETX,))


class Decoder:
    """Cuts frames out of whatever arrives; the same for one chunk or single bytes.

    ``feed`` never raises. After damage it gives up one byte and looks again, so a whole
    frame behind garbage is found as soon as the garbage cannot be a frame any more. A
    false head can hold the buffer until its LEN is filled; :meth:`drop` ends that, and
    the caller, who has the clock, calls it before each question and after a gap of 0.5 s.
    """

    def __init__(self, *, accept_basic: bool = False) -> None:
        self.accept_basic = accept_basic
        self.bad_frames = 0
        """Heads that were followed by a wrong checksum or a missing end."""
        self._buffer = bytearray()

    @property
    def partial(self) -> bool:
        """Something waits for its rest."""
        return bool(self._buffer)

    def drop(self) -> None:
        """Forget the partial packet."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, return the frames that are whole now, oldest first."""
        self._buffer += data
        frames = []
        while (found := self._cut()) is not Cut.NEED_MORE:
            if isinstance(found, Frame):
                frames.append(found)
        return frames

    def _cut(self) -> Frame | Cut:
        start = self._buffer.find(STX)
        del self._buffer[: start if start >= 0 else len(self._buffer)]
        if len(self._buffer) < 2:
            return Cut.NEED_MORE
        second = self._buffer[1]
        if MIN_LEN <= second <= MAX_LEN:
            return self._cut_safe(1 + second)
        if self.accept_basic and second in DIGITS:
            return self._cut_basic()
        return self._skip()

    def _cut_safe(self, size: int) -> Frame | Cut:
        if len(self._buffer) < size:
            return Cut.NEED_MORE
        payload = bytes(self._buffer[2 : size - 3])
        checksum = int.from_bytes(self._buffer[size - 3 : size - 1], "big")
        if self._buffer[size - 1] != ETX or checksum != crc16(payload):
            self.bad_frames += 1
            return self._skip()
        del self._buffer[:size]
        return Frame(payload, Framing.SAFE)

    def _cut_basic(self) -> Frame | Cut:
        end = self._buffer.find(ETX, 1, MAX_BASIC)
        restart = self._buffer.find(STX, 1, end if end >= 0 else MAX_BASIC)
        if restart >= 0 or (end < 0 and len(self._buffer) >= MAX_BASIC):
            self.bad_frames += 1
            return self._skip()
        if end < 0:
            return Cut.NEED_MORE
        payload = bytes(self._buffer[1:end])
        del self._buffer[: end + 1]
        return Frame(payload, Framing.BASIC)

    def _skip(self) -> Cut:
        del self._buffer[0]
        return Cut.SKIPPED


class CommandError(enum.Enum):
    """Why the pump did not do what it was told [M3][M6]; it stands after the prompt."""

    NONE = ""
    UNRECOGNISED = "?"
    NOT_APPLICABLE = "?NA"
    OUT_OF_RANGE = "?OOR"
    PACKET = "?COM"
    IGNORED = "?IGN"


ERROR_WORDS: Final = {
    CommandError.UNRECOGNISED: "it does not know the command",
    CommandError.NOT_APPLICABLE: "not applicable now",
    CommandError.OUT_OF_RANGE: "out of range",
    CommandError.PACKET: "the packet arrived damaged",
    CommandError.IGNORED: "ignored, a program phase began at that moment",
}

ALARM_WORDS: Final = {
    PumpAlarm.RESET: "its power was interrupted",
    PumpAlarm.STALL: "its motor stalled",
    PumpAlarm.TIMEOUT: "it missed the controller (Safe mode timeout)",
    PumpAlarm.PROGRAM: "its program has an error",
    PumpAlarm.PHASE_RANGE: "its program phase is out of range",
}

_PROMPTS: Final = {p.value: p for p in Prompt if p not in (Prompt.UNKNOWN, Prompt.ALARM)}
_ALARMS: Final = {a.value: a for a in PumpAlarm if a is not PumpAlarm.NONE}
_ERRORS: Final = {e.value: e for e in CommandError}


class Reply(msgspec.Struct, frozen=True):
    """What a pump said."""

    address: int
    prompt: Prompt
    alarm: PumpAlarm = PumpAlarm.NONE
    error: CommandError = CommandError.NONE
    data: str = ""


def parse_reply(payload: bytes) -> Reply | None:
    """Read a reply's payload: `00S`, `00S?OOR`, `00A?R`, `00II0.125W0.000ML`.

    None for anything else, an echo of a command or an unknown letter included.
    """
    if not payload.isascii() or len(payload) < 3 or not payload[:2].isdigit():
        return None
    address, rest = int(payload[:2]), payload[2:].decode("ascii")
    if rest.startswith("A?"):
        alarm = _ALARMS.get(rest[2:])
        return Reply(address, Prompt.ALARM, alarm) if alarm else None
    prompt = _PROMPTS.get(rest[0])
    data = rest[1:]
    if prompt is None or not (data.isprintable()):
        return None
    if data.startswith("?"):
        error = _ERRORS.get(data)
        return Reply(address, prompt, error=error) if error else None
    return Reply(address, prompt, data=data)
