"""The line to one New Era pump: questions out, events in.

Joins codec and exchange and decides what an arriving frame *is*. A reply answers the
question under way only when its shape fits (status only, counters, version, value); a
reply of another shape is a late or foreign one and is passed over. Since a pump answers
in order, the version (`VER`), which has a shape of its own, is the fence.
"""

import enum
import re
from typing import Final

import msgspec

from drivers.exchange import Exchange
from drivers.new_era import codec
from drivers.new_era.codec import CommandError, Decoder, Frame, Framing, Reply
from drivers.new_era.fields import parse_dispensed
from state_machine.readings import Prompt, PumpAlarm

VERSION: Final = re.compile(r"NE(\d+)(X\d*)?V(\d+)\.(\d+)", re.ASCII)
"""`NE1000V3.923`, `NE1000X2V3.61`, `NE4002XV4.670` [K1][F]."""


class Shape(enum.Enum):
    """What the answer to a question looks like."""

    STATUS = "status"
    DISPENSED = "dispensed"
    VERSION = "version"
    VALUE = "value"


ANSWER_SIZE: Final = {
    Shape.STATUS: 12,
    Shape.DISPENSED: 22,
    Shape.VERSION: 22,
    Shape.VALUE: 16,
}
"""Bytes of the longest answer in Safe framing: `00S?COM` (also of a set), the counters,
`00SNE1000X2V3.61`, `00S50.00UL`."""


class Purpose(enum.Enum):
    """Why something was asked; names who takes the answer."""

    STOP = "stop"
    FENCE = "fence"
    POLL = "poll"
    SCRIPT = "script"
    RUN = "run"


class Ask(msgspec.Struct, frozen=True):
    """A question: command without address, and what its answer looks like."""

    purpose: Purpose
    command: str
    shape: Shape


class Answered(msgspec.Struct, frozen=True):
    """The question under way has its answer."""

    ask: Ask
    reply: Reply
    asked_ns: int
    in_doubt: bool
    """It may belong to an earlier question."""


class Missed(msgspec.Struct, frozen=True):
    """The question under way will have no answer: late or damaged."""

    ask: Ask


class Alarmed(msgspec.Struct, frozen=True):
    """The pump is in alarm: told unasked, or instead of doing what was asked."""

    alarm: PumpAlarm
    ask: Ask | None
    """The question that was answered so and therefore not executed, if any."""


class Echoed(msgspec.Struct, frozen=True):
    """Our own bytes came back."""


Event = Answered | Missed | Alarmed | Echoed


def fits(shape: Shape, reply: Reply) -> bool:
    """The reply can be an answer of this shape."""
    if reply.error is not CommandError.NONE:
        return shape is not Shape.VERSION
    if shape is Shape.STATUS:
        return not reply.data
    if shape is Shape.DISPENSED:
        return parse_dispensed(reply.data) is not None
    is_version = VERSION.fullmatch(reply.data) is not None
    if shape is Shape.VERSION:
        return is_version
    return bool(reply.data) and not is_version and parse_dispensed(reply.data) is None


class Line:
    """One pump's line. Bytes and times are handed in; nothing here raises on input."""

    def __init__(self, address: int, exchange: Exchange) -> None:
        self.exchange = exchange
        self.bad_frame_count = 0
        """Damaged frames and replies that nobody asked for."""
        self._address = address
        self._decoder = Decoder(accept_basic=True)
        self._asked: Ask | None = None

    @property
    def busy(self) -> bool:
        """A question is under way."""
        return self.exchange.busy

    def accept_basic(self, accept: bool) -> None:
        """Whether replies without checksum are taken (until Safe mode is proven)."""
        self._decoder.accept_basic = accept

    def forget(self, now_ns: int) -> None:
        """New connection: nothing is under way, nothing is believed."""
        self._decoder.drop()
        self._asked = None
        self.exchange.forget(now_ns)

    def ask(self, ask: Ask, now_ns: int) -> bytes:
        """Open an exchange; returns the packet to send (always Safe framing)."""
        self._decoder.drop()
        self._asked = ask
        packet = codec.encode_safe(f"{self._address}{ask.command}".encode("ascii"))
        return self.exchange.ask(packet, ANSWER_SIZE[ask.shape], now_ns)

    def expire(self, now_ns: int) -> Missed | None:
        """Close the question under way when its deadline has passed."""
        return self._miss(now_ns) if self.exchange.is_late(now_ns) else None

    def receive(self, data: bytes, now_ns: int) -> list[Event]:
        """Take arriving bytes; returns what they mean, in order."""
        if not data:
            return []
        if self.exchange.heard(now_ns):
            self._decoder.drop()
        bad_before = self._decoder.bad_frames
        frames = self._decoder.feed(data)
        events = [event for frame in frames if (event := self._take(frame, now_ns))]
        damaged = self._decoder.bad_frames - bad_before
        self.bad_frame_count += damaged
        # Only now: a whole answer behind garbage in the same bytes is still an answer.
        if damaged and self.busy:
            missed = self._miss(now_ns)
            events += [missed] if missed else []
        elif damaged:
            self.exchange.doubt(now_ns)
        return events

    def _miss(self, now_ns: int) -> Missed | None:
        asked, self._asked = self._asked, None
        self.exchange.missed(now_ns)
        return Missed(asked) if asked else None

    def _take(self, frame: Frame, now_ns: int) -> Event | None:
        if frame.framing is Framing.SAFE and self.exchange.is_echo(
            codec.encode_safe(frame.payload)
        ):
            return Echoed()
        reply = codec.parse_reply(frame.payload)
        if reply is None or reply.address != self._address:
            self._stray(now_ns)
            return None
        if reply.prompt is Prompt.ALARM:
            return self._alarmed(reply, now_ns)
        asked = self._asked
        if asked is None or not fits(asked.shape, reply):
            self._stray(now_ns)
            return None
        self._asked = None
        self.exchange.answered(now_ns)
        if asked.shape is Shape.VERSION:
            self.exchange.fenced()
        return Answered(asked, reply, self.exchange.asked_ns, self.exchange.in_doubt)

    def _stray(self, now_ns: int) -> None:
        """A reply to nothing, or to something earlier: order is in doubt."""
        self.bad_frame_count += 1
        if not self.busy:
            self.exchange.doubt(now_ns)

    def _alarmed(self, reply: Reply, now_ns: int) -> Alarmed:
        """An alarm ends the question under way, and may not have been its answer.

        In Safe mode the pump tells alarms unasked [M1][M6 p45]: the true answer can still
        follow, so the line is in doubt until a fence.
        """
        asked, self._asked = self._asked, None
        if self.busy:
            self.exchange.answered(now_ns)
        self.exchange.doubt(now_ns)
        return Alarmed(reply.alarm, asked)
