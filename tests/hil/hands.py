"""Hands in the room: a person who is asked in the terminal, or the simulated room's control port.

Checks say what is to be done in the words of ``sim/devices/room_inputs.py``; a person gets it in
words of their own, and says when it is done. What no person can do to a real device (a defect)
a real room has not: a check that needs it is skipped there.
"""

import select
import sys
from collections.abc import Callable
from typing import Any, Final, Protocol

from controller.bench.scales import Typed
from drivers.mt_sics import Weight
from sim.client import Lines, connect, hang_up
from tests.hil.verdicts import BENCH, HilFailure

Value = bool | int | str
PATIENCE_S: Final = 180.0
"""A person walks, looks and presses (assumption)."""
LOOK_S: Final = 0.1

WORDS: Final[dict[tuple[str, Value], str]] = {
    ("hold", True): "press the hold switch and KEEP IT DOWN",
    ("hold", False): "let the hold switch GO",
    ("pain", True): "press the pain button and keep it down",
    ("pain", False): "let the pain button go",
    ("emergency_stop", True): "press the EMERGENCY STOP",
    ("emergency_stop", False): "release the emergency stop",
    ("door", "open"): "open the door",
    ("door", "closed"): "close the door",
    ("tip", "out"): "hold the tip over the cup",
    ("tip", "duct"): "put the tip into the phantom (or the vessel on the balance)",
    ("stopcock", "closed"): "close the stopcock at the tip",
    ("stopcock", "open"): "open the stopcock at the tip",
    ("compress_pedal", True): "press the compression pedal and keep it down (phantom in place)",
    ("compress_pedal", False): "let the compression pedal go",
    ("pump_cable", "out"): "pull the pump's cable out of the computer",
    ("pump_cable", "in"): "plug the pump's cable in again",
    ("power_cycle", "pump"): "switch the pump off and on again",
    ("modbus_tcp", "cut"): "pull the network cable of the room box",
    ("modbus_tcp", "up"): "plug the network cable of the room box in again",
}


class Hands(Protocol):
    """Somebody in the room."""

    simulated: bool

    def do(self, name: str, value: Value) -> None:
        """Do one thing; returns when it is done."""

    def asked(self, question: str, truth: str, wanted: Value) -> bool:
        """Is it so? ``truth``: what the simulated room calls it."""

    def truth(self) -> dict[str, Any] | None:
        """What is really so; None where nobody can know."""

    def close(self) -> None:
        """Nobody is needed any more."""


class SimulatedHands:
    """The control port of ``galactograph-sim serve``."""

    simulated = True

    def __init__(self, address: str) -> None:
        """Connect."""
        self._lines: Lines = connect(address, "the simulated room's control port")
        self._known = set(self._ask({"inputs": True})["inputs"])

    def _ask(self, wish: dict[str, Any]) -> dict[str, Any]:
        answer = self._lines.ask(wish)
        if "error" in answer:
            raise HilFailure(BENCH, f"the simulated room: {answer['error']}")
        return answer

    def do(self, name: str, value: Value) -> None:
        """Set an input."""
        if name in self._known:
            self._ask({"set": {name: value}})

    def asked(self, question: str, truth: str, wanted: Value) -> bool:
        """Look at the truth instead of asking."""
        return bool(self.truth()[truth] == wanted)

    def truth(self) -> dict[str, Any]:
        """What a judge may know and a controller may not."""
        truth: dict[str, Any] = self._ask({"truth": True})["truth"]
        return truth

    def close(self) -> None:
        """Hang up."""
        hang_up(self._lines)


class OperatorHands:
    """A person at the terminal."""

    simulated = False

    def __init__(self) -> None:
        """Nobody is asked before a check does."""
        self.meanwhile: Callable[[], object] = lambda: None
        """Called ten times a second while a person is waited for: a controller hangs up on a client
        that does not read for some seconds."""

    def do(self, name: str, value: Value) -> None:
        """Ask for it and wait for Enter; what needs no person is passed over."""
        words = WORDS.get((name, value))
        if words is not None:
            self._line(f"\n>>> {words}; then Enter: ")

    def asked(self, question: str, truth: str, wanted: Value) -> bool:
        """Ask; only yes is yes."""
        return self._line(f"\n>>> {question} y or n: ").strip().lower() in ("y", "yes")

    def weight(self, prompt: str) -> Weight:
        """A weight that is typed in."""
        return Typed(lambda words: self._line(f"\n>>> {words}")).weigh(prompt)

    def _line(self, prompt: str) -> str:
        sys.__stderr__.write(prompt)  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
        typed = sys.__stdin__
        for _ in range(round(PATIENCE_S / LOOK_S)):
            if typed is None or select.select([typed], [], [], LOOK_S)[0]:
                break
            self.meanwhile()
        else:
            raise HilFailure(BENCH, f"nobody answered within {PATIENCE_S:g} s: {prompt.strip()}")
        line = typed.readline() if typed is not None else ""
        if not line:
            raise HilFailure(BENCH, "nobody can answer: standard input is closed")
        return line

    def truth(self) -> None:
        """Nobody knows."""

    def close(self) -> None:
        """Nothing to do."""
