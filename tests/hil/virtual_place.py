"""A room on virtual time: the same loop, drivers and core, and no wires that a machine could slow.

For the tests of the checks themselves: whether each notices its defect is the same question
here, and is answered in seconds on a machine that has other things to do.
"""

import json
from typing import Any, Final, cast

from config.load import LoadedRoom
from controller.record.chain import decode
from sim.memory import MemoryPort
from sim.world import World
from state_machine.entries import AnyEntry
from tests.hil.hands import Hands, Value
from tests.hil.place import ControllerGone
from tests.hil.registers import Reader, read_virtual

_NS_PER_S: Final = 10**9
_CABLES: Final = {"pump_cable": ("pump",), "modbus_tcp": ("line", "room", "mammograph")}
_PLUGGED: Final = ("in", "up")


class VirtualHands:
    """Inputs of the virtual room."""

    simulated = True

    def __init__(self, place: "VirtualPlace") -> None:
        self._place = place

    def do(self, name: str, value: Value) -> None:
        """Set an input; a cable is cut or joined at its wires."""
        world = self._place.world
        for wire in _CABLES.get(name, ()):
            if value in _PLUGGED:
                world.wires[wire].mend()
            else:
                world.wires[wire].cut()
        if name not in _CABLES:
            world.set_input(name, value)

    def asked(self, question: str, truth: str, wanted: Value) -> bool:
        """Look at the truth instead of asking."""
        return bool(self.truth()[truth] == wanted)

    def truth(self) -> dict[str, Any]:
        """What is really so, now."""
        self._place.world.devices.advance(self._place.world.now_ns())
        return dict(self._place.world.devices.truth())

    def close(self) -> None:
        """Nothing to do."""


class VirtualPlace:
    """A world, and one client of its controller."""

    wires = "virtual time: no wires"
    hz = 10

    def __init__(self, loaded: LoadedRoom, seed: int = 1) -> None:
        self.loaded = loaded
        self._seed = seed
        self.world = World(loaded, seed)
        self.hands: Hands = VirtualHands(self)
        self._client: MemoryPort | None = None
        self._rest = b""
        self._started = False
        self._past: list[AnyEntry] = []

    def start(self) -> None:
        """Connect; after a death a new controller on the record of the last one."""
        if self._started:
            rows = self.world.journal.durable_rows()
            self._past = [entry for row in rows for entry in decode(row)]
            self.world = World(self.loaded, self._seed, before=self.world)
        self._started = True
        self._client = self.world.client()
        self._rest = b""

    def say(self, message: dict[str, Any]) -> None:
        """One line."""
        if self._client is None:
            raise ControllerGone("there is no controller")
        self._client.write(json.dumps(message).encode() + b"\n")
        self.world.wake()

    def hear(self, limit_s: float) -> list[dict[str, Any]]:
        """Let the room go on until something was said, or for that long."""
        client = self._client
        if client is None:
            raise ControllerGone("there is no controller")
        self.world.run_until(lambda: bool(client.arrived), int(limit_s * _NS_PER_S))
        if not client.arrived:
            return []
        *lines, self._rest = (self._rest + client.read()).split(b"\n")
        return [json.loads(line) for line in lines]

    def now_ns(self) -> int:
        """Virtual boot time."""
        return self.world.now_ns()

    def freeze(self, span_s: float) -> None:
        """The room goes on without its controller."""
        self.world.freeze(int(span_s * _NS_PER_S))

    def kill(self) -> None:
        """Nothing is heard or said any more; the room goes on until the next start."""
        self._client = None
        self.world.freeze(2 * _NS_PER_S)

    def end(self) -> int:
        """The room without its controller, for as long as its own stops need."""
        self.kill()
        return 0

    def entries(self, after_seq: int) -> list[AnyEntry]:
        """Beyond an entry; of an earlier controller too."""
        every = [*self._past, *cast(list[AnyEntry], self.world.journal.entries)]
        return [entry for entry in every if entry.seq > after_seq]

    def read_registers(self) -> list[Reader]:
        """Asked at the devices themselves."""
        return read_virtual(self.loaded, self._talk, self.now_ns, self._go_on)

    def _talk(self, name: str, question: bytes) -> bytes:
        device, said = self.world.devices.device(name), b""
        if not question:
            return b""
        device.receive(question, self.now_ns())
        for _ in range(20):
            self._go_on(5_000_000)
            said += device.take(self.now_ns())
        return said

    def _go_on(self, span_ns: int) -> None:
        self.world.freeze(span_ns)

    def close(self) -> None:
        """Nothing is left."""
        self._client = None
