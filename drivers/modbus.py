"""Modbus register client: one question, one checked answer; bytes in, values out.

pymodbus frames and judges frames (its framers and PDUs, an internal interface, pinned
to the patch level). Everything that makes an answer *believable* is here, because the
framers are lax (all verified against pymodbus 3.16.1): a foreign protocol id or an absurd
length makes them ask for more for ever, transaction id 0 answers any question, nothing
compares count, function or echo with what was asked, and decoding may depend on how
the bytes were chunked. So exactly one ADU is cut here first and then decoded alone.

A TCP answer that is exactly what was asked for is read here; whatever differs in one
byte from that goes to pymodbus to be judged (decision 0021).

TCP and RTU differ by framer. RTU has no transaction id: a late answer would be taken
for the answer to the next question, so after every doubt the line stays quiet for
``quiet_ns`` and what arrives meanwhile is thrown away.

Source of the frame layouts: Modbus application protocol V1.1b3 (FC3, FC16, exception
codes), Modbus messaging on TCP/IP V1.0b (MBAP), Modbus over serial line V1.02 (RTU).
"""

import collections
import enum
import struct
from typing import Final

import msgspec
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    WriteMultipleRegistersResponse,
)

from state_machine.units import NS_PER_MS

READ: Final = 3
WRITE: Final = 16
ERROR_BIT: Final = 0x80
MAX_READ_COUNT: Final = 125
MAX_WRITE_COUNT: Final = 123
MBAP_SIZE: Final = 7
MAX_LENGTH_FIELD: Final = 254
"""Unit id and a PDU of at most 253 bytes."""
NEED_MORE: Final = 0
ABSURD: Final = -1

EXCEPTION_WORDS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "device busy",
}
BUSY: Final = 6


class Framing(enum.Enum):
    """How frames lie on the wire."""

    TCP = "tcp"
    RTU = "rtu"


class Question(msgspec.Struct, frozen=True):
    """Read ``count`` holding registers, or write ``values`` as one block."""

    function: int
    address: int
    count: int
    values: tuple[int, ...] = ()


def read_question(address: int, count: int) -> Question:
    """FC3; ValueError when the block is not one that Modbus can carry."""
    if not (1 <= count <= MAX_READ_COUNT and 0 <= address <= 0x10000 - count):
        raise ValueError(f"cannot read {count} registers at {address}: 1 to 125 within 0..65535")
    return Question(READ, address, count)


def write_question(address: int, values: tuple[int, ...]) -> Question:
    """FC16; ValueError when the block is not one that Modbus can carry."""
    count = len(values)
    if not (1 <= count <= MAX_WRITE_COUNT and 0 <= address <= 0x10000 - count):
        raise ValueError(f"cannot write {count} registers at {address}: 1 to 123 within 0..65535")
    if any(not 0 <= value <= 0xFFFF for value in values):
        raise ValueError(f"cannot write {values} at {address}: every register is 0..65535")
    return Question(WRITE, address, count, values)


class Answer(msgspec.Struct, frozen=True):
    """The device's answer: registers read, or the registers it confirms as written."""

    registers: tuple[int, ...]
    asked_ns: int
    """When the question was sent: the age of whatever the answer says."""


class FaultKind(enum.Enum):
    """Why a question has no answer."""

    TIMEOUT = "timeout"
    BAD_FRAME = "bad frame"
    EXCEPTION = "exception"


class Fault(msgspec.Struct, frozen=True):
    """A question that ended without an answer; a write may have been carried out."""

    kind: FaultKind
    words: str
    code: int = 0
    """Exception code of the device; 0 for the other kinds."""


Outcome = Answer | Fault


class _Pending(msgspec.Struct, frozen=True):
    question: Question
    transaction: int
    asked_ns: int


class RegisterClient:
    """One unit id on one connection, one question at a time, nothing re-sent by itself.

    Reads are asked again by whoever polls (in the next slot that no command needs); a
    write is never repeated, because the device may have carried it out.
    """

    def __init__(
        self,
        unit_id: int,
        framing: Framing = Framing.TCP,
        deadline_ns: int = 100 * NS_PER_MS,
        quiet_ns: int = 100 * NS_PER_MS,
    ) -> None:
        if not 1 <= unit_id <= 247:
            raise ValueError(f"unit id {unit_id}: Modbus unit ids are 1 to 247")
        self.unit_id = unit_id
        self.bad_frame_count = 0
        self.late_count = 0
        """Answers that came after their deadline and were recognised (TCP only)."""
        self._framing = framing
        self._framer: FramerBase = (
            FramerSocket(DecodePDU(False))
            if framing is Framing.TCP
            else FramerRTU(DecodePDU(False))
        )
        self._deadline_ns = deadline_ns
        self._quiet_ns = quiet_ns if framing is Framing.RTU else 0
        self._transaction = 0
        self._expired: collections.deque[int] = collections.deque(maxlen=8)
        self.reset()

    def reset(self) -> None:
        """The connection is new: nothing is under way and nothing old can arrive."""
        self._buffer = bytearray()
        self._pending: _Pending | None = None
        self._deaf = False
        self._stuck = False
        self._quiet_until_ns = 0
        self._expired.clear()

    def free(self, now_ns: int) -> bool:
        """A question may be asked now."""
        return self._pending is None and now_ns >= self._quiet_until_ns

    def deadline_ns(self, due_ns: int) -> int:
        """When to look again: an answer is late, or ``due_ns`` once the line may be used."""
        if self._pending is not None:
            return self._pending.asked_ns + self._deadline_ns
        return max(due_ns, self._quiet_until_ns)

    def ask(self, question: Question, now_ns: int) -> bytes:
        """The frame to send now. Only while :meth:`free`."""
        # 0 is left out: pymodbus takes an answer with transaction 0 for any question.
        self._transaction = self._transaction % 0xFFFF + 1
        self._pending = _Pending(question, self._transaction, now_ns)
        self._quiet_until_ns = 0
        if self._deaf or self._framing is Framing.RTU:
            self._buffer.clear()
        self._deaf = False
        return self._framer.encode(_request(question), self.unit_id, self._transaction)

    def receive(self, data: bytes, now_ns: int) -> Outcome | None:
        """Take bytes; the outcome when the question under way ended. Never raises.

        The same bytes give the same outcome however they are chunked.
        """
        self._buffer += data
        outcome: Outcome | None = None
        while self._buffer and not self._deaf:
            size = self._cut()
            if size == NEED_MORE:
                break
            if size == ABSURD:
                outcome = self._doubt("the bytes are no frame", now_ns) or outcome
                self._deaf = True
            else:
                adu = bytes(self._buffer[:size])
                del self._buffer[:size]
                self._stuck = False
                outcome = self._take(adu, now_ns) or outcome
        if self._deaf:
            self._buffer.clear()
        return outcome

    def expire(self, now_ns: int) -> Fault | None:
        """The fault of a question whose deadline has passed. Call after ``receive``."""
        pending = self._pending
        if pending is None or now_ns < pending.asked_ns + self._deadline_ns:
            return None
        self._expired.append(pending.transaction)
        self._end(now_ns)
        self._drop_stuck_frame()
        return Fault(
            FaultKind.TIMEOUT,
            f"unit id {self.unit_id} did not answer within {self._deadline_ns // NS_PER_MS} ms",
        )

    # --- frames -----------------------------------------------------------------------------

    def _cut(self) -> int:
        """Length of the one ADU at the head of the buffer, NEED_MORE or ABSURD."""
        size = self._tcp_size() if self._framing is Framing.TCP else self._rtu_size()
        return NEED_MORE if size > len(self._buffer) else size

    def _tcp_size(self) -> int:
        head = self._buffer
        if len(head) >= 4 and head[2:4] != b"\x00\x00":
            return ABSURD
        if len(head) < 6:
            return NEED_MORE
        length = int.from_bytes(head[4:6], "big")
        return 6 + length if 2 <= length <= MAX_LENGTH_FIELD else ABSURD

    def _rtu_size(self) -> int:
        """RTU has no length field: only the shapes that the question allows are frames."""
        if self._pending is None or self._buffer[0] != self.unit_id:
            return ABSURD
        if len(self._buffer) < 2:
            return NEED_MORE
        question = self._pending.question
        if self._buffer[1] == question.function | ERROR_BIT:
            return 5
        if self._buffer[1] != question.function:
            return ABSURD
        if question.function == WRITE:
            return 8
        if len(self._buffer) < 3:
            return NEED_MORE
        return 5 + 2 * question.count if self._buffer[2] == 2 * question.count else ABSURD

    # --- judging ----------------------------------------------------------------------------

    def _take(self, adu: bytes, now_ns: int) -> Outcome | None:
        pending = self._pending
        if self._framing is Framing.TCP:
            transaction = int.from_bytes(adu[:2], "big")
            if pending is None or transaction != pending.transaction:
                self._count_stray(transaction)
                return None
        if pending is None:
            return None
        outcome = self._judge(adu, pending)
        if isinstance(outcome, str):
            return self._doubt(outcome, now_ns)
        self._pending = None
        return outcome

    def _judge(self, adu: bytes, pending: _Pending) -> Outcome | str:
        """The outcome, or what is wrong with this frame as an answer to the question."""
        question = pending.question
        tcp = self._framing is Framing.TCP
        unit_id, body = (adu[6], adu[MBAP_SIZE:]) if tcp else (adu[0], adu[1:-2])
        if unit_id != self.unit_id:
            return f"unit id {unit_id} answered for unit id {self.unit_id}"
        if body[0] & ~ERROR_BIT != question.function:
            return f"function {body[0]} answered function {question.function}"
        if len(body) != _body_size(body[0], question):
            return f"an answer of {len(body)} bytes does not fit the question"
        plain = _plain(body, pending) if tcp else None
        if plain is not None:
            return plain
        try:
            _, pdu = self._framer.handleFrame(adu, self.unit_id, pending.transaction)
        except ModbusException as error:
            return f"the frame cannot be decoded ({error})"
        if pdu is None:
            return "the frame's check or content is wrong"
        return _verdict(pdu, pending)

    def _count_stray(self, transaction: int) -> None:
        if transaction in self._expired:
            self._expired.remove(transaction)
            self.late_count += 1
        else:
            self.bad_frame_count += 1

    def _doubt(self, words: str, now_ns: int) -> Fault | None:
        """Count a bad frame; it ends the question under way, if there is one."""
        self.bad_frame_count += 1
        if self._pending is None:
            return None
        self._end(now_ns)
        return Fault(FaultKind.BAD_FRAME, words)

    def _drop_stuck_frame(self) -> None:
        """Half a frame may be a slow answer once; over two deadlines it swallows answers."""
        if self._stuck:
            self.bad_frame_count += 1
            self._buffer.clear()
        self._stuck = bool(self._buffer)

    def _end(self, now_ns: int) -> None:
        """End without an answer: on RTU nothing is believed until the line was quiet."""
        self._pending = None
        if self._framing is Framing.RTU:
            self._deaf = True
            self._buffer.clear()
            self._quiet_until_ns = now_ns + self._quiet_ns


def _request(question: Question) -> bytes:
    """The PDU that asks: FC3 address and count, FC16 also the bytes that follow, and they."""
    head = (question.function, question.address, question.count)
    if question.function == READ:
        return struct.pack(">BHH", *head)
    values = question.values
    return struct.pack(f">BHHB{len(values)}H", *head, 2 * len(values), *values)


def _plain(body: bytes, pending: _Pending) -> Answer | None:
    """The answer to exactly this question; None = anything else, to be judged."""
    question = pending.question
    if body[0] == READ and body[1] == 2 * question.count:
        return Answer(struct.unpack_from(f">{question.count}H", body, 2), pending.asked_ns)
    if body[0] == WRITE and body[1:5] == struct.pack(">HH", question.address, question.count):
        return Answer(question.values, pending.asked_ns)
    return None


def _body_size(function: int, question: Question) -> int:
    if function & ERROR_BIT:
        return 2
    return 2 + 2 * question.count if function == READ else 5


def _verdict(pdu: ModbusPDU, pending: _Pending) -> Outcome | str:
    question = pending.question
    if isinstance(pdu, ExceptionResponse):
        code = pdu.exception_code
        words = EXCEPTION_WORDS.get(code, "unknown exception")
        return Fault(FaultKind.EXCEPTION, f"exception {code} ({words})", code)
    if isinstance(pdu, ReadHoldingRegistersResponse):
        if len(pdu.registers) != question.count:
            return f"{len(pdu.registers)} registers answered, {question.count} asked"
        return Answer(tuple(pdu.registers), pending.asked_ns)
    if isinstance(pdu, WriteMultipleRegistersResponse):
        if (pdu.address, pdu.count) != (question.address, question.count):
            return (
                f"the device confirms {pdu.count} registers at {pdu.address},"
                f" {question.count} at {question.address} were written"
            )
        return Answer(question.values, pending.asked_ns)
    return "an answer of another kind"
