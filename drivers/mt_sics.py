"""Laboratory balance that speaks MT-SICS: bytes in, weights out, no I/O.

Commands end with CR LF; the balance answers in the same way, fields apart by spaces, the
weight right-aligned in ten characters: ``S S      100.00 g`` [MT-SICS level 0 and 1, as in
the operating instructions of AT balances, page 87, and of the T104 indicator, appendix B; no
balance was at hand]. ``S`` waits for a stable weight, ``SI`` does not. Answers: ``S`` stable,
``D`` dynamic, ``I`` not executable now (busy, or it did not become stable), ``+`` and ``-``
over and under its range; ``ES`` syntax, ``ET`` transmission, ``EL`` logical error.

One question at a time. Nothing is asked again by itself: a weight is a thing of its moment.
The simulated balance states all this again on purpose (``sim/devices/balance.py``).
"""

import enum
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from drivers.driver import NEVER_NS
from state_machine.units import NS_PER_S

END: Final = b"\r\n"
LINE_MOST_BYTES: Final = 128
"""The longest answer of these commands has some 40; a longer line is no balance."""
NG: Final = {"kg": 10**12, "g": 10**9, "mg": 10**6, "ug": 10**3, "µg": 10**3}
"""Units that a weight may come in; others (ct, oz) are refused by name."""
STABLE_NS: Final = 60 * NS_PER_S
"""A balance gives up waiting by itself and says so (`I`); settings reach 40 s and more [?]."""
AT_ONCE_NS: Final = 2 * NS_PER_S


class Ask(enum.Enum):
    """What may be asked."""

    STABLE = "S"
    NOW = "SI"
    ZERO = "Z"
    TARE = "T"
    DATA = "I2"
    SERIAL = "I4"
    RESET = "@"


_ANSWERS: Final = {Ask.NOW: "S", Ask.RESET: "I4"}
"""Answers that begin with another word than their question."""
_WAITS: Final = frozenset({Ask.STABLE, Ask.ZERO, Ask.TARE})

_REFUSED: Final = {
    "I": "the balance cannot do that now: it is busy, or its weight did not become stable",
    "+": "the balance is over its range: take weight off",
    "-": "the balance is under its range: is the pan or the vessel missing?",
}
_ERRORS: Final = {
    "ES": "the balance does not know the command (ES): is its interface set to MT-SICS?",
    "ET": "the balance heard the command damaged (ET): check speed, parity and cable",
    "EL": "the balance cannot carry the command out (EL)",
}


class Weight(msgspec.Struct, frozen=True):
    """A net weight."""

    weight_ng: int
    digit_ng: int
    """What the last digit stands for: the balance's readability, as it showed it."""
    stable: bool


class Done(msgspec.Struct, frozen=True):
    """It was done, or is known; ``text`` as the balance says it."""

    text: str = ""


class Failed(msgspec.Struct, frozen=True):
    """No answer that can be used; the words say why and what to do."""

    words: str


Outcome = Weight | Done | Failed


class Balance:
    """One balance on one line."""

    def __init__(self) -> None:
        """Nothing is asked."""
        self._buffer = bytearray()
        self._asked: Ask | None = None
        self._deadline_ns = NEVER_NS

    @property
    def busy(self) -> bool:
        """A question is under way."""
        return self._asked is not None

    def ask(self, what: Ask, now_ns: int) -> bytes:
        """The bytes to send. RuntimeError while a question is under way (the caller's error)."""
        if self._asked is not None:
            raise RuntimeError("the balance was asked and has not answered yet")
        self._buffer.clear()  # what it said before belongs to nothing
        self._asked = what
        self._deadline_ns = now_ns + (STABLE_NS if what in _WAITS else AT_ONCE_NS)
        return what.value.encode() + END

    def receive(self, data: bytes) -> Outcome | None:
        """Take bytes; the outcome when the question under way has ended. Never raises.

        The same bytes give the same outcome however they are cut. Lines that answer another
        question are thrown away.
        """
        self._buffer += data
        while self._asked is not None:
            line, end, rest = bytes(self._buffer).partition(END)
            if not end:
                break
            self._buffer[:] = rest
            outcome = _read(line, self._asked)
            if outcome is not None:
                return self._end(outcome)
        if len(self._buffer) > LINE_MOST_BYTES:
            self._buffer.clear()
            if self._asked is not None:
                return self._end(Failed("a line without end came: this is no MT-SICS balance"))
        return None

    def expire(self, now_ns: int) -> Failed | None:
        """The end of a question that was not answered in its time."""
        if self._asked is None or now_ns < self._deadline_ns:
            return None
        failed = Failed(
            "the balance does not answer: check cable, speed (usually 9600 8N1, no handshake) and"
            " that its interface is set to MT-SICS, host"
        )
        self._end(failed)
        return failed

    def deadline_ns(self) -> int:
        """When the question under way has failed; never, without one."""
        return self._deadline_ns if self._asked is not None else NEVER_NS

    def _end(self, outcome: Outcome) -> Outcome:
        self._asked = None
        self._deadline_ns = NEVER_NS
        return outcome


def _read(line: bytes, asked: Ask) -> Outcome | None:
    """What a line says to a question; None: it does not belong to it."""
    fields = line.decode("latin-1").split()
    if not fields:
        return None
    if fields[0] in _ERRORS:
        return Failed(_ERRORS[fields[0]])
    if fields[0] != _ANSWERS.get(asked, asked.value):
        return None
    status = fields[1] if len(fields) > 1 else ""
    if status in _REFUSED and len(fields) == 2:
        return Failed(_REFUSED[status])
    if asked in (Ask.STABLE, Ask.NOW, Ask.TARE):
        return _weight(fields, asked)
    return Done(" ".join(fields[2:]).strip('"')) if status == "A" else Failed(_strange(line))


def _weight(fields: list[str], asked: Ask) -> Outcome:
    stated = " ".join(fields)
    stable = fields[1:2] == ["S"]
    if len(fields) != 4 or fields[1] not in ("S", "D") or (asked is not Ask.NOW and not stable):
        return Failed(f"the balance said {stated!r}, which is no weight that was asked for")
    unit = NG.get(fields[3])
    if unit is None:
        return Failed(f"the balance weighs in {fields[3]!r}: set it to g or mg")
    try:
        value = Decimal(fields[2])
    except InvalidOperation:
        return Failed(f"the balance said {stated!r}: {fields[2]!r} is no number")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        return Failed(f"the balance said {stated!r}: {fields[2]!r} is no number")
    digit = Decimal(unit).scaleb(min(exponent, 0))
    weight = value * unit
    if weight != int(weight) or digit < 1:
        return Failed(f"the balance said {stated!r}, finer than 1 ng: check its unit")
    return Weight(int(weight), int(digit), stable)


def _strange(line: bytes) -> str:
    return f"the balance said {line.decode('latin-1')!r}, which is no answer to what was asked"
