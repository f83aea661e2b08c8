"""Rows of *set this, ask for it, it must read so*, worked through one by one.

A row is done only when the pump itself has told the value. A set whose answer is missing
is not sent again blindly: the value is asked for, and only a wrong value is set once more.
"""

import enum
from typing import Final

import msgspec

from drivers.new_era.codec import ERROR_WORDS, CommandError, Reply
from drivers.new_era.fields import parse_dispensed, parse_value
from drivers.new_era.line import Ask, Purpose, Shape

SET_TRIES: Final = 2
"""A value that is wrong after two sets stays wrong."""
ANY: Final = ""
"""Whatever the pump answers is kept, not judged."""
ANY_NUMBER: Final = "#"
"""Only the unit is judged (`#UL`)."""
NONE_INFUSED: Final = "I0"
NONE_WITHDRAWN: Final = "W0"
"""One counter of `DIS` is judged: it shall be zero."""

NOT_HEARD: Final = frozenset({CommandError.PACKET, CommandError.IGNORED})
"""Errors that say the command did not arrive, so it says nothing about the value."""


class Row(msgspec.Struct, frozen=True):
    """One setting. Without ``set`` it is only asked, without ``ask`` only told."""

    set: str
    ask: str
    expected: str = ANY


class Stage(enum.Enum):
    """What the present row waits for."""

    SET = "set"
    ASK = "ask"


def agrees(expected: str, told: str) -> bool:
    """The pump's value is the expected one, by number and unit or else by letter."""
    if expected == ANY:
        return True
    if expected.startswith(ANY_NUMBER):
        value = parse_value(told)
        return value is not None and value[1] == expected[1:]
    if expected in (NONE_INFUSED, NONE_WITHDRAWN):
        counters = parse_dispensed(told)
        if counters is None:
            return False
        return not (counters.infused_nl if expected == NONE_INFUSED else counters.withdrawn_nl)
    want, have = parse_value(expected), parse_value(told)
    if want is None or have is None:
        return expected == told
    return want[0].same_as(have[0]) and want[1] == have[1]


class Script:
    """Where a list of rows stands. ``failure`` is for people; empty while all is well."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.failure = ""
        self.told: dict[str, str] = {}
        """Newest answer per question."""
        self._rows = rows
        self._at = 0
        self._sets = 0
        self._errors = 0
        self._stage = self._first_stage()

    @property
    def done(self) -> bool:
        """Every row was told back as expected."""
        return self._at >= len(self._rows) and not self.failure

    def next(self) -> Ask | None:
        """What to ask now; None when done or failed."""
        if self.failure or self._at >= len(self._rows):
            return None
        row = self._rows[self._at]
        if self._stage is Stage.SET:
            return Ask(Purpose.SCRIPT, row.set, Shape.STATUS)
        return Ask(Purpose.SCRIPT, row.ask, _answer_shape(row.ask))

    def answered(self, ask: Ask, reply: Reply) -> None:
        """Take the answer to the question of :meth:`next`; others are passed over."""
        if ask != self.next():
            return
        row = self._rows[self._at]
        if reply.error in NOT_HEARD:
            self._not_heard(row)
        elif reply.error is not CommandError.NONE:
            words = ERROR_WORDS[reply.error]
            self.failure = f"the pump rejected '{ask.command}' ({reply.error.value}: {words})"
        elif self._stage is Stage.SET:
            self._sets += 1
            self._after_set(row)
        else:
            self._judge(row, reply.data)

    def missed(self, ask: Ask) -> None:
        """No answer: ask what the value is, whatever was under way."""
        if ask == self.next() and self._stage is Stage.SET:
            self._sets += 1
            if self._rows[self._at].ask:
                self._stage = Stage.ASK

    def _not_heard(self, row: Row) -> None:
        self._errors += 1
        if self._errors > SET_TRIES:
            self.failure = f"the pump does not take '{row.set or row.ask}'"
        elif row.ask:
            self._stage = Stage.ASK

    def _after_set(self, row: Row) -> None:
        if row.ask:
            self._stage = Stage.ASK
        else:
            self._advance()

    def _judge(self, row: Row, told: str) -> None:
        self.told[row.ask] = told
        if agrees(row.expected, told):
            self._advance()
        elif row.set and self._sets < SET_TRIES:
            self._stage = Stage.SET
        else:
            wanted = row.expected.replace(ANY_NUMBER, "a number in ")
            self.failure = f"'{row.ask}' reads {told} in the pump, must be {wanted}"

    def _advance(self) -> None:
        self._at += 1
        self._sets = self._errors = 0
        self._stage = self._first_stage()

    def _first_stage(self) -> Stage:
        if self._at < len(self._rows) and self._rows[self._at].set:
            return Stage.SET
        return Stage.ASK


def _answer_shape(question: str) -> Shape:
    if question == "DIS":
        return Shape.DISPENSED
    return Shape.VERSION if question == "VER" else Shape.VALUE
