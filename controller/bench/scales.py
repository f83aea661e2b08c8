"""Weights: typed in by a person, or read from a balance over its serial line.

The balance's protocol is ``drivers/mt_sics.py``; here it is asked, and waited for. Not part of
the room: it has no loop, and nothing in the room waits for it.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, Protocol

from controller.bench.desk import Ended
from controller.clock import Clock
from drivers.mt_sics import Ask, Balance, Done, Failed, Outcome, Weight
from drivers.ports import LinkLost, Opener, SerialPort
from state_machine.units import NS_PER_S

_TYPED: Final = re.compile(r"^-?\d{1,3}(\.\d{1,6})?$")
NG_PER_G: Final = 10**9
_OPENS_NS: Final = 3 * NS_PER_S
"""For the port to be opened (assumption)."""


class NoWeight(Exception):
    """There is no weight; the text says why and what to do."""


class Scales(Protocol):
    """Where weights come from."""

    name: str

    def weigh(self, prompt: str) -> Weight:
        """A stable weight, now. Raises ``NoWeight``."""


class Typed:
    """A person reads the balance and types grams, with all the digits that it shows."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        """``ask`` puts a question to the person."""
        self._ask = ask
        self.name = "typed in"

    def weigh(self, prompt: str) -> Weight:
        """What the person types."""
        text = self._ask(f"{prompt}: weight in g, as shown (q: end): ").strip().replace(",", ".")
        if text == "q":
            raise Ended("ended by a person: nothing is kept")
        if not _TYPED.match(text):
            raise NoWeight(f"{text!r}: grams with up to six digits behind the point, e.g. 23.4567")
        value = Decimal(text)
        places = len(text.partition(".")[2])
        return Weight(int(value * NG_PER_G), NG_PER_G // 10**places, True)


class Serial:
    """A balance at a serial port; a context that opens and closes it."""

    def __init__(self, path: str, baud: int, clock: Clock) -> None:
        """Nothing is opened before the context begins."""
        self._port = SerialPort(path, baud)
        self._opener = Opener((self._port,))
        self._balance = Balance()
        self._clock = clock
        self.name = path

    def __enter__(self) -> "Serial":
        """Open the port and ask who is there.

        Raises:
            NoWeight: nobody that weighs.
        """
        self._opener.start()
        try:
            end_ns = self._clock.now_ns() + _OPENS_NS
            while not self._port.adopt():
                if self._clock.now_ns() >= end_ns or self._port.fault.startswith("serial port"):
                    raise NoWeight(self._port.fault)
                self._opener.wake_port.read()
                self._clock.wait((self._opener.wake_port,), end_ns)
            data, serial = self._done(Ask.DATA), self._done(Ask.SERIAL)
            self.name = f"{data}, serial number {serial}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self._opener.close()
        self._port.close()

    def weigh(self, prompt: str) -> Weight:
        """A stable weight of the balance."""
        outcome = self._asked(Ask.STABLE)
        if not isinstance(outcome, Weight):
            raise NoWeight(f"{prompt}: the balance gave no weight")
        return outcome

    def _done(self, what: Ask) -> str:
        outcome = self._asked(what)
        return outcome.text if isinstance(outcome, Done) else ""

    def _asked(self, what: Ask) -> Outcome:
        clock, balance = self._clock, self._balance
        try:
            self._port.write(balance.ask(what, clock.now_ns()))
            while True:
                outcome = balance.receive(self._port.read()) or balance.expire(clock.now_ns())
                if isinstance(outcome, Failed):
                    raise NoWeight(outcome.words)
                if outcome is not None:
                    return outcome
                clock.wait((self._port,), balance.deadline_ns())
        except LinkLost as lost:
            raise NoWeight(str(lost)) from lost
