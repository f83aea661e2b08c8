"""The two ends of the cables: pump and box in a process each, one room physically.

Every message carries the instant at which it became so, on the machine's boot clock, and
is replayed at that instant, before any byte of a client is read. A process that was
stopped (SIGSTOP) comes back as a device that hung meanwhile: see ``docs/decisions/0015``.
"""

import argparse
import selectors
from typing import Any, Final

from sim.devices.new_era_motion import Motion
from sim.devices.room import SimulatedRoom
from sim.devices.room_inputs import Value
from sim.serve.addresses import UsageError
from sim.serve.cable import Cable
from sim.serve.far import FarBox, FarPump, Levels

_PUMP_INPUTS: Final = (
    "keypad_start",
    "keypad_stop",
    "pump_mains",
    "pump_stall",
    "pump_ignores_stop",
    "pump_ignores_ttl",
)
"""Inputs that act in the pump's process."""
_BY_DEVICE: Final = ("freeze", "thaw", "power_cycle")
"""Inputs that act in both, each on its own devices."""
_PUMP_TRUTH: Final = (
    "now_ns",
    "pump_infused_nl",
    "pump_withdrawn_nl",
    "pump_status",
    "pump_alarm",
    "pump_powered",
    "motor_on",
)


class PumpEnd:
    """In the pump's process: levels come in, movements go out."""

    def __init__(self, room: SimulatedRoom, selector: selectors.BaseSelector, path: str) -> None:
        self._room = room
        self._said: tuple[Any, ...] = ()
        self._box = FarBox(room.now_ns)
        room.replace(self._box)
        self._cable = Cable(selector, path, listens=False, joined=self._forget)

    def _forget(self) -> None:
        self._said = ()

    def replay(self, now_ns: int, *, stopped: bool) -> None:
        """Move to now through all that the box did, hung if this process was stopped."""
        room = self._room
        hung = stopped and not room.pump.frozen
        if hung:
            room.set_input("freeze", "pump", room.now_ns)
        for message in self._cable.hear(now_ns):
            if message is None:
                room.advance(now_ns)
                self._box.gone()
            else:
                levels = Levels(**message)
                room.advance(min(levels.at_ns, now_ns))
                self._box.levels = levels
            room.settle()
        room.advance(now_ns)
        if hung:
            room.set_input("thaw", "pump", now_ns)

    def say(self) -> None:
        """Tell how the pump moves, when that changed."""
        motion = self._room.pump.model.motion()
        # Counters and position grow evenly between two words; what does not is told.
        jump = motion.infused - motion.withdrawn - motion.position
        even = motion._replace(at_ns=0, position=0, infused=jump, withdrawn=0)
        key = (even, self._box.levels.cuts)
        if key != self._said:
            self._said = key
            self._cable.say({"known_cuts": self._box.levels.cuts, **motion._asdict()})
        self._cable.flush()

    @staticmethod
    def has(name: str) -> bool:
        """The input acts in this process, for some value at least."""
        return name in _PUMP_INPUTS or name in _BY_DEVICE

    def refuse(self, name: str, value: Value) -> None:
        """Refuse an input whose device is in the other process."""
        if name in _BY_DEVICE and value != "pump":
            raise ValueError(f"input {name!r}: {value!r} acts on the Modbus side; set it there")

    def truth(self) -> dict[str, int | bool | str]:
        """What this process knows for sure."""
        truth = self._room.truth()
        return {name: truth[name] for name in _PUMP_TRUTH} | {"joined": self._cable.is_joined}

    def wake_ns(self) -> int:
        """When the cable wants a look."""
        return self._cable.wake_ns()

    def close(self, _now_ns: int) -> None:
        """Pull the cable out."""
        self._cable.close()


class BoxEnd:
    """In the process of the Modbus devices: movements come in, levels go out."""

    def __init__(self, room: SimulatedRoom, selector: selectors.BaseSelector, path: str) -> None:
        self._room = room
        self._cable = Cable(selector, path, listens=True, joined=self._tell_all)
        self._pump = FarPump(room.now_ns, self._tell)
        room.replace(self._pump)

    def _tell(self, levels: Levels) -> None:
        self._cable.say(levels._asdict())

    def _tell_all(self) -> None:
        self._tell(self._pump.levels)

    def replay(self, now_ns: int, *, stopped: bool) -> None:
        """Move to now through all that the pump did, hung if this process was stopped."""
        room = self._room
        units = ("mammograph", "pressure_sensor", "room_io")
        hung = [name for name in units if stopped and not room.inner(name).frozen]
        for name in hung:
            room.set_input("freeze", name, room.now_ns)
        for message in self._cable.hear(now_ns):
            if message is None:
                room.advance(now_ns)
                self._pump.gone(now_ns)
                self._tell_all()
            else:
                known_cuts = message.pop("known_cuts")
                motion = Motion(**message)
                room.advance(min(motion.at_ns, now_ns))
                self._pump.hear(motion, known_cuts, room.now_ns)
            room.settle()
        room.advance(now_ns)
        for name in hung:
            room.set_input("thaw", name, now_ns)

    def say(self) -> None:
        """Send what the wires of the box did."""
        self._cable.flush()

    @staticmethod
    def has(name: str) -> bool:
        """The input acts in this process, for some value at least."""
        return name not in _PUMP_INPUTS

    def refuse(self, name: str, value: Value) -> None:
        """Refuse an input whose device is in the other process."""
        if name in _BY_DEVICE and value == "pump":
            raise ValueError(f"input {name!r}: {value!r} acts on the pump's side; set it there")

    def truth(self) -> dict[str, int | bool | str]:
        """The coupled truth: plunger and motor as they physically are."""
        return self._room.truth() | {"joined": self._cable.is_joined}

    def wake_ns(self) -> int:
        """When the cable wants a look."""
        return self._cable.wake_ns()

    def close(self, now_ns: int) -> None:
        """A box without mains: its relay opens."""
        self._room.advance(now_ns)
        self._pump.set_power(False, now_ns)
        self._cable.close()


def coupling(
    options: argparse.Namespace, room: SimulatedRoom, selector: selectors.BaseSelector
) -> PumpEnd | BoxEnd | None:
    """The end that the options ask for; None without ``--cables``."""
    if not options.cables:
        return None
    if options.only is None:
        raise UsageError("--cables joins two processes: give --only pump or --only modbus with it")
    return (PumpEnd if options.only == "pump" else BoxEnd)(room, selector, options.cables)
