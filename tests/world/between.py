"""Somebody between a wire and its device: listens, loses bytes, says old ones again."""

from collections.abc import Callable

from sim.devices.new_era_framing import safe_frame
from tests.world.scene import Scene

_STX = 0x02


def command(data: bytes) -> str:
    """What a packet to the pump asks, without framing and address."""
    payload = data[2:-3] if data[:1] == bytes([_STX]) else data
    return payload.decode("latin-1").strip().lstrip("0123456789")


def answer(status: str) -> bytes:
    """A whole answer of pump 0 in Safe framing, such as ``S`` or ``I``."""
    return safe_frame(f"00{status}".encode())


class Between:
    """Stands on the pump's side of its wire; without orders it changes nothing."""

    def __init__(self, scene: Scene) -> None:
        """Step in between the pump of a scene and its wire."""
        self._world = scene.world
        self._wire = scene.world.wires["pump"]
        self._device = self._wire.device
        self._wire.device = self
        self.asked: list[str] = []
        """Commands that reached this place, in order."""
        self.on_command: Callable[[str], None] = lambda _command: None
        self._lost_questions: list[str] = []
        self._lost_answers: list[str] = []
        self._deaf = False
        self._late: list[tuple[int, bytes]] = []

    def lose_answers(self, command: str, count: int = 1) -> None:
        """The next answers to a command are lost; the pump does what it was told."""
        self._lost_answers += [command] * count

    def lose_questions(self, command: str, count: int = 1) -> None:
        """The next packets with a command never reach the pump."""
        self._lost_questions += [command] * count

    def say(self, data: bytes, after_ns: int) -> None:
        """Bytes that an adapter had kept back come out after a while."""
        self._late.append((self._world.now_ns() + after_ns, data))
        self._wire.look()

    # --- a device as the wire sees it ---------------------------------------------------------

    def connected(self) -> None:
        """A new connection."""
        self._device.connected()

    def receive(self, data: bytes, now_ns: int) -> None:
        """A packet for the pump."""
        asked = command(data)
        self.asked.append(asked)
        self.on_command(asked)
        if asked in self._lost_questions:
            self._lost_questions.remove(asked)
            return
        if asked in self._lost_answers:
            self._lost_answers.remove(asked)
            self._deaf = True
        self._device.receive(data, now_ns)

    def take(self, now_ns: int) -> bytes:
        """What comes out of the pump, less what is lost."""
        said = self._device.take(now_ns) if self._device.speaks_ns() <= now_ns else b""
        if said and self._deaf:
            self._deaf, said = False, b""
        late = b"".join(data for at_ns, data in self._late if at_ns <= now_ns)
        self._late = [kept for kept in self._late if kept[0] > now_ns]
        return said + late

    def speaks_ns(self) -> int:
        """Next instant at which something comes out."""
        return min([self._device.speaks_ns(), *(at_ns for at_ns, _ in self._late)])

    @property
    def broken(self) -> bool:
        """The pump never hangs up."""
        return self._device.broken
