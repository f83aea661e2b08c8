"""A scripted line: the real driver against bytes written down beforehand.

A :class:`Turn` is one packet the driver must send and what comes back. Anything sent that
is not the next turn, a turn that is never sent, and an answer that is not taken before
the end all fail. What the driver says in the pass that took the last answer is kept for
the next ``run``; ``wait`` proves that nothing follows. Time jumps from deadline to
deadline; nothing sleeps.

Framing and checksum are stated here once more, bit by bit, and share nothing with the
codec they test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.driver import NEVER_NS
from drivers.new_era import NewEra
from state_machine.targets import Activity, PumpTarget

MS = 1_000_000


def crc(payload: bytes) -> int:
    register = 0
    for byte in payload:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register


def packet(payload: str | bytes) -> bytes:
    body = payload.encode("ascii") if isinstance(payload, str) else payload
    return bytes([2, len(body) + 4]) + body + crc(body).to_bytes(2, "big") + b"\x03"


def payload_of(sent: bytes) -> str:
    assert sent[0] == 2, sent
    assert sent[1] == len(sent) - 1, sent
    body = sent[2:-3]
    assert sent == packet(body), sent
    return body.decode("ascii")


@dataclass(frozen=True)
class Turn:
    sent: str
    """Payload without the address digit."""
    answer: str | bytes | None
    """Payload to be framed, raw bytes, or None for no answer."""
    after_ms: int = 10


class Conversation:
    """Drives one driver; ``now_ns`` is where time stands."""

    def __init__(self, driver: NewEra, start_ns: int = 1_000 * MS) -> None:
        self.driver = driver
        self.now_ns = start_ns
        self.target = PumpTarget()
        self.activity = Activity.IDLE
        self.sent: list[tuple[int, str]] = []
        self._arrivals: list[tuple[int, bytes]] = []
        self._kept: str | None = None

    def connect(self) -> None:
        self.driver.connected(self.now_ns)

    def arrive(self, answer: str | bytes, after_ms: int = 0) -> None:
        data = answer if isinstance(answer, bytes) else packet(answer)
        self._arrivals.append((self.now_ns + after_ms * MS, data))
        self._arrivals.sort(key=lambda item: item[0])

    def run(self, turns: Sequence[Turn], within_ms: int = 3_000) -> None:
        """Play the turns, to the arrival of the last answer."""
        left = list(turns)
        end_ns = self.now_ns + within_ms * MS
        if self._kept is not None and left:
            self._match(self._kept, left)
            self._kept = None
        self._step(self.now_ns, left, keep=True, at_once=True)
        while left or self._arrivals:
            went_on = self._step(end_ns, left, keep=True)
            assert went_on, f"never sent: {left[:3]}; sent {self.sent[-5:]}"

    def wait(self, span_ms: int) -> None:
        """Let time pass; nothing may be sent."""
        assert self._kept is None, f"unexpected {self._kept!r}"
        end_ns = self.now_ns + span_ms * MS
        self._step(self.now_ns, [], keep=False, at_once=True)
        while self._step(end_ns, [], keep=False):
            pass
        self.now_ns = end_ns

    def _step(self, end_ns: int, left: list[Turn], keep: bool, at_once: bool = False) -> bool:
        next_arrival = self._arrivals[0][0] if self._arrivals else NEVER_NS
        at_ns = max(self.now_ns, min(self.driver.deadline_ns(), next_arrival))
        if at_once:
            # A new target is a request: the loop makes a pass for it.
            at_ns = self.now_ns
        if at_ns > end_ns:
            return False
        for _ in range(20):
            self._pass(at_ns, left, keep)
            if self.driver.deadline_ns() > at_ns:
                return True
        raise AssertionError(f"the driver spins at {at_ns}")

    def _pass(self, at_ns: int, left: list[Turn], keep: bool) -> None:
        self.now_ns = at_ns
        due = [data for when, data in self._arrivals if when <= at_ns]
        self._arrivals = [item for item in self._arrivals if item[0] > at_ns]
        self.driver.receive(b"".join(due), at_ns)
        data = self.driver.give(self.target, self.activity, at_ns)
        if not data:
            return
        text = payload_of(data)
        assert text.startswith("0"), text
        self.sent.append((at_ns, text[1:]))
        if left:
            self._match(text[1:], left)
        else:
            assert keep, f"unexpected {text!r} at {at_ns // MS} ms"
            assert self._kept is None, f"{text!r} while {self._kept!r} is not answered"
            self._kept = text[1:]

    def _match(self, text: str, left: list[Turn]) -> None:
        turn = left.pop(0)
        assert text == turn.sent, f"sent {text!r}, expected {turn.sent!r}"
        if turn.answer is not None:
            self.arrive(turn.answer, turn.after_ms)


def status(sent: str, prompt: str = "S") -> Turn:
    return Turn(sent, f"00{prompt}")


def told(sent: str, query: str, value: str, prompt: str = "S") -> list[Turn]:
    """A setting and its read-back."""
    return [status(sent, prompt), Turn(query, f"00{prompt}{value}")]


def dis(infused: str = "0.000", withdrawn: str = "0.000", prompt: str = "S") -> Turn:
    return Turn("DIS", f"00{prompt}I{infused}W{withdrawn}UL")


VER = Turn("VER", "00SNE1000V3.923")
STP = status("STP")

SETTINGS = [
    *told("SAF1", "SAF", "1"),
    *told("LOC1", "LOC", "1"),
    *told("TRGSP", "TRG", "SP"),
    *told("PF0", "PF", "0"),
    *told("AL1", "AL", "1"),
    *told("PHN1", "PHN", "1"),
    *told("FUNRAT", "FUN", "RAT"),
    *told("VOLUL", "VOL", "0.000UL"),
    Turn("DIA", "00S4.699"),
]

# The first STP is told in doubt; behind the fence it is told again.
SET_UP = [STP, VER, STP, *SETTINGS, dis(), dis()]


def preparation(volume: str = "50.00", rate: str = "100.0", direction: str = "INF") -> list[Turn]:
    return [
        STP,
        Turn("DIA", "00S4.699"),
        *told("PHN2", "PHN", "2"),
        *told("FUNSTP", "FUN", "STP"),
        *told("PHN1", "PHN", "1"),
        *told("FUNRAT", "FUN", "RAT"),
        *told(f"RAT{rate}UM", "RAT", f"{rate}UM"),
        *told(f"DIR{direction}", "DIR", direction),
        *told("VOLUL", "VOL", "0.000UL"),
        *told(f"VOL{volume}", "VOL", f"{volume}UL"),
        dis(),
    ]
