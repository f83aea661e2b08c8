"""The control port's language: one JSON object per line, one answer per line."""

import json
from collections.abc import Callable
from typing import Any, Final

from sim.devices.room import SimulatedRoom
from sim.devices.room_inputs import NAMES, Value
from sim.devices.shown import shown
from sim.serve.catalogue import Panel, listed
from sim.serve.coupling import BoxEnd, PumpEnd
from sim.serve.faults import WireFaults
from sim.serve.peers import MOST_UNSENT, Peer

_WISHES: Final = (
    *("set", "truth", "inputs", "events", "faults"),
    *("catalogue", "strike", "mend", "struck"),
)


class Control:
    """Understands what clients of the control port wish.

    Args:
        room: Where hands act.
        wires: What can be broken beside it.
        ends: This process's end of the cables, if it has one: it knows which inputs act here.
        power_cycled: Is told which device lost its power for a moment.
    """

    def __init__(
        self,
        room: SimulatedRoom,
        wires: WireFaults,
        ends: PumpEnd | BoxEnd | None,
        power_cycled: Callable[[str], None],
    ) -> None:
        self._room = room
        self._wires = wires
        self._ends = ends
        self._power_cycled = power_cycled
        self._now_ns = 0
        self._looks: dict[str, Callable[[], Any]] = {
            "inputs": self._names,
            "faults": self._counts,
            "truth": lambda: (self._ends or self._room).truth(),
            "events": lambda: list(self._room.events),
            "struck": lambda: self._panel.struck(),
            "catalogue": listed,
        }
        self._panel = Panel(lambda name, value: self._set(name, value, self._now_ns), self._facts)

    def heard(self, peer: Peer, data: bytes, now_ns: int) -> bool:
        """Bytes of a client; False when its line does not end."""
        peer.part += data
        *lines, rest = bytes(peer.part).split(b"\n")
        peer.part[:] = rest
        for line in filter(None, lines):
            peer.unsent += json.dumps(self.answer(line, now_ns)).encode() + b"\n"
        return len(peer.part) <= MOST_UNSENT

    def answer(self, line: bytes, now_ns: int) -> dict[str, Any]:
        """``{"set": {name: value}}``, any other of the wishes with ``true``, or several."""
        try:
            wish = json.loads(line)
            if not isinstance(wish, dict):
                raise ValueError("a control line is a JSON object")
            unknown = set(wish) - set(_WISHES)
            if unknown:
                known = f"{', '.join(_WISHES[:-1])} or {_WISHES[-1]}"
                raise ValueError(f"{sorted(unknown)} is unknown; give {known}")
            answer = self._done(wish, now_ns)
            for name, look in self._looks.items():
                if wish.get(name):
                    answer[name] = look()
        except (ValueError, TypeError) as problem:
            return {"error": str(problem)}
        return answer

    def _done(self, wish: dict[str, Any], now_ns: int) -> dict[str, Any]:
        """What is to be done before anything is told."""
        answer: dict[str, Any] = {}
        self._now_ns = now_ns
        for name, value in dict(wish.get("set", {})).items():
            self._set(name, value, now_ns)
            answer["set"] = True
        for key, act in (("strike", self._panel.strike), ("mend", self._panel.mend)):
            for name in _names(wish, key):
                act(name)
            if key in wish:
                answer["struck"] = self._panel.struck()
        return answer

    def _facts(self) -> dict[str, Any]:
        """What the positive controls of the fault panel look at."""
        counts = {f"count:{name}": count for name, count in self._counts().items()}
        return {**self._room.truth(), **shown(self._room), **counts}

    def _names(self) -> list[str]:
        ends = self._ends
        here = [name for name in self._room.input_names() if ends is None or ends.has(name)]
        return here + self._wires.names()

    def _counts(self) -> dict[str, int]:
        """Of the wires, and per device the bytes that reached it while it was frozen."""
        return self._wires.counts() | {f"freeze_{n}": self._room.hung_bytes[n] for n in NAMES}

    def _set(self, name: str, value: Value, now_ns: int) -> None:
        if name in self._wires.names():
            self._wires.set(name, value, now_ns)
            self._room.note(name, value)
            return
        if name not in self._names():
            known = ", ".join(sorted(self._names()))
            raise ValueError(f"input {name!r} is unknown; the room has: {known}")
        if self._ends is not None:
            self._ends.refuse(name, value)
        self._room.set_input(name, value, now_ns)
        if name == "power_cycle":
            self._power_cycled(str(value))


def _names(wish: dict[str, Any], key: str) -> list[str]:
    """One name, or several."""
    given = wish.get(key, [])
    return [given] if isinstance(given, str) else list(given)
