"""What went over a wire, in words: New Era packets and Modbus TCP frames.

For people who look for a fault: it reads what the drivers read, with the same tables, and
decides nothing. Bytes come as the port gave them, cut anywhere.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from controller.tap import SAID, Frame
from drivers import mammograph, pressure_sensor, room_io
from drivers.modbus import EXCEPTION_WORDS, READ, WRITE
from drivers.new_era import codec
from drivers.registers import Register
from state_machine.readings import Prompt

QUESTION: Final = "question"
ANSWER: Final = "answer"
FAULT: Final = "fault"
MBAP: Final = 6
ADU_MOST_BYTES: Final = 260
PENDING_MOST: Final = 8


class Spoken(NamedTuple):
    """One message."""

    at_ns: int
    link: str
    kind: str
    words: str
    span_ns: int | None = None
    """Of an answer: since its question."""
    values: dict[str, int] = {}
    """Registers that an answer read or a question wrote, by name."""
    again: bool = False
    """A question that repeats the one before it, which was not answered."""


class Reader(Protocol):
    """Reads one wire."""

    def take(self, frame: Frame) -> list[Spoken]:
        """Messages that are whole now."""


class ModbusWire:
    """One unit on one connection: questions out, answers in, told apart by transaction."""

    def __init__(self, link: str, rows: Iterable[Register]) -> None:
        """``rows``: the device's register map."""
        self._link = link
        self._rows = {row.address: row for row in rows}
        self._buffers = {True: bytearray(), False: bytearray()}
        self._asked: dict[int, tuple[int, int, int, str]] = {}
        """Transaction: when, function, address, words; a few, the newest last."""
        self._before = ""

    def take(self, frame: Frame) -> list[Spoken]:
        """Messages that are whole now."""
        buffer = self._buffers[frame.way == SAID]
        buffer += frame.data
        found = []
        while len(buffer) >= MBAP:
            size = MBAP + int.from_bytes(buffer[4:6], "big")
            if buffer[2:4] != b"\0\0" or not MBAP + 2 <= size <= ADU_MOST_BYTES:
                found.append(self._fault(frame, f"{len(buffer)} bytes that are no Modbus frame"))
                buffer.clear()
                break
            if len(buffer) < size:
                break
            adu = bytes(buffer[:size])
            del buffer[:size]
            read = self._question if frame.way == SAID else self._answer
            found.append(read(frame, int.from_bytes(adu[:2], "big"), adu[6], adu[7:]))
        return found

    def _fault(self, frame: Frame, words: str) -> Spoken:
        return Spoken(frame.at_ns, self._link, FAULT, words)

    def _question(self, frame: Frame, number: int, unit: int, pdu: bytes) -> Spoken:
        function = pdu[0]
        if function not in (READ, WRITE) or len(pdu) < 5:
            return self._fault(frame, f"a question with function {function}")
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        values: dict[str, int] = {}
        if function == WRITE:
            values = self._values(address, pdu[6:])
        did = "reads" if function == READ else "writes"
        words = f"unit {unit}: {did} {count} from {address}{_listed(values)}"
        again = words == self._before and bool(self._asked)
        self._before = words
        self._asked[number] = (frame.at_ns, function, address, words)
        while len(self._asked) > PENDING_MOST:
            del self._asked[next(iter(self._asked))]
        return Spoken(frame.at_ns, self._link, QUESTION, words, None, values, again)

    def _answer(self, frame: Frame, number: int, unit: int, pdu: bytes) -> Spoken:
        asked = self._asked.pop(number, None)
        if asked is None:
            return self._fault(frame, f"an answer to nothing that was asked (number {number})")
        at_ns, function, address, _words = asked
        span_ns = frame.at_ns - at_ns
        if pdu[0] & 0x80:
            code = pdu[1] if len(pdu) > 1 else 0
            words = f"unit {unit}: exception {code} ({EXCEPTION_WORDS.get(code, 'unknown')})"
            return Spoken(frame.at_ns, self._link, FAULT, words, span_ns)
        if pdu[0] != function:
            return self._fault(frame, f"function {pdu[0]} answered function {function}")
        if function == WRITE:
            return Spoken(frame.at_ns, self._link, ANSWER, f"unit {unit}: written", span_ns)
        values = self._values(address, pdu[2:])
        return Spoken(
            frame.at_ns, self._link, ANSWER, f"unit {unit}:{_listed(values)}", span_ns, values
        )

    def _values(self, address: int, data: bytes) -> dict[str, int]:
        """Registers by name; those without a row by their number."""
        words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2)]
        found: dict[str, int] = {}
        at = 0
        while at < len(words):
            row = self._rows.get(address + at)
            size = row.words if row is not None and at + row.words <= len(words) else 1
            raw = words[at] if size == 1 else words[at] << 16 | words[at + 1]
            if row is not None and row.signed and raw >> (16 * size - 1):
                raw -= 1 << 16 * size
            if row is None or "reserved" not in row.name:
                found[row.name if row is not None else str(address + at)] = raw
            at += size
        return found


def _listed(values: dict[str, int]) -> str:
    return "".join(f" {name}={_value(name, value)}" for name, value in values.items())


def _value(name: str, value: int) -> str:
    if name == "inputs":
        on = [bit for bit, mask in room_io.INPUT_BITS.items() if value & mask]
        return "+".join(on) or "none"
    return str(value)


COMMANDS: Final = {
    "RUN": "run",
    "STP": "stop",
    "DIS": "counters",
    "VER": "version",
    "CLD": "clear a counter",
    "RAT": "rate",
    "VOL": "volume",
    "DIA": "diameter",
    "DIR": "direction",
    "PHN": "program phase",
    "FUN": "what the phase does",
    "SAF": "Safe mode time",
    "LOC": "keypad lock",
    "TRG": "trigger",
    "PF": "after a power failure",
    "AL": "alarm",
}
"""New Era commands in words [M3]; a longer name goes first."""
PROMPTS: Final = {
    Prompt.STOPPED: "stands",
    Prompt.INFUSING: "infuses",
    Prompt.WITHDRAWING: "withdraws",
    Prompt.PAUSED: "paused",
}


class PumpWire:
    """One New Era pump on a serial line: order alone tells which answer belongs to what."""

    def __init__(self, link: str) -> None:
        """Nothing was said."""
        self._link = link
        self._said = codec.Decoder()
        self._heard = codec.Decoder(accept_basic=True)
        self._basic = bytearray()
        self._open: deque[tuple[int, str]] = deque(maxlen=PENDING_MOST)

    def take(self, frame: Frame) -> list[Spoken]:
        """Messages that are whole now."""
        if frame.way == SAID:
            return [self._question(frame, payload) for payload in self._payloads(frame.data)]
        bad = self._heard.bad_frames
        found = [self._answer(frame, one.payload) for one in self._heard.feed(frame.data)]
        if self._heard.bad_frames > bad:
            words = "a packet with a wrong checksum or without its end"
            found.append(Spoken(frame.at_ns, self._link, FAULT, words))
        return found

    def _payloads(self, data: bytes) -> list[bytes]:
        if data[:1] and data[0] != codec.STX and not self._said.partial:
            self._basic += data
            *whole, rest = bytes(self._basic).split(bytes((codec.CR,)))
            self._basic[:] = rest[-codec.MAX_BASIC :]
            return whole
        return [one.payload for one in self._said.feed(data)]

    def _question(self, frame: Frame, payload: bytes) -> Spoken:
        text = payload.decode("latin-1")
        command = text.lstrip("0123456789")
        name = next(
            (n for n in sorted(COMMANDS, key=len, reverse=True) if command.startswith(n)), ""
        )
        setting = command[len(name) :]
        told = f" := {setting}" if setting else ("" if name in ("RUN", "STP") else "?")
        words = f"{text}: {COMMANDS.get(name, 'unknown')}{told}"
        again = bool(self._open) and self._open[-1][1] == words
        self._open.append((frame.at_ns, words))
        return Spoken(frame.at_ns, self._link, QUESTION, words, again=again)

    def _answer(self, frame: Frame, payload: bytes) -> Spoken:
        text = payload.decode("latin-1")
        reply = codec.parse_reply(payload)
        span_ns = frame.at_ns - self._open[-1][0] if self._open else None
        self._open.clear()
        if reply is None:
            return Spoken(frame.at_ns, self._link, FAULT, f"{text!r} is no reply", span_ns)
        if reply.prompt is Prompt.ALARM:
            words = f"{text}: alarm, {codec.ALARM_WORDS[reply.alarm]}"
            return Spoken(frame.at_ns, self._link, FAULT, words, span_ns)
        state = PROMPTS.get(reply.prompt, reply.prompt.name.lower())
        if reply.error is not codec.CommandError.NONE:
            words = f"{text}: {state}; refused, {codec.ERROR_WORDS[reply.error]}"
            return Spoken(frame.at_ns, self._link, FAULT, words, span_ns)
        words = f"{text}: {state}" + (f", {reply.data}" if reply.data else "")
        return Spoken(frame.at_ns, self._link, ANSWER, words, span_ns)


def readers() -> dict[str, Reader]:
    """One for each link of a room, by the loop's names."""
    return {
        "pump": PumpWire("pump"),
        "room": ModbusWire("room", room_io.REGISTER_MAP),
        "mammograph": ModbusWire("mammograph", mammograph.REGISTER_MAP),
        "line": ModbusWire("line", pressure_sensor.REGISTER_MAP),
    }
