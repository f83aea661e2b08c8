"""In-memory wires: runs of bytes with the time they take, both ways.

A wire joins one controller port to one simulated device. A run of bytes arrives whole,
at the instant of its last byte: ``latency`` plus ten bit times a byte where the wire
has a baud rate. Its manner may add jitter and cut a share of the runs into single bytes;
what goes wrong on it is in ``sim/troubles.py``. Every run is told to a listener (wire,
direction, instant, bytes), from which a world makes its digest.
"""

import math
import random
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from drivers.ports import LinkLost
from sim.troubles import PPM, Run, Troubled, singles

_NS_PER_S: Final = 1_000_000_000
_BITS_PER_BYTE: Final = 10
"""8N1: start bit, eight data bits, stop bit."""

Told = Callable[[str, str, int, bytes], None]
"""Wire, direction (``>`` to the device, ``<`` from it), instant in ns, bytes."""


class Speaker(Protocol):
    """What a wire needs of the device at its other end."""

    def connected(self) -> None:
        """A new connection: half a request of the old one is forgotten."""

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the controller."""

    def take(self, now_ns: int) -> bytes:
        """Return the bytes that the device has put on the wire by now."""

    def speaks_ns(self) -> int:
        """Next instant at which the device has something on the wire."""

    @property
    def broken(self) -> bool:
        """It was sent what it cannot understand, and hangs up."""


class Manner(NamedTuple):
    """How a wire carries bytes when nothing is wrong with it."""

    latency_ns: int
    """That every run takes, each way."""
    jitter_ns: int = 0
    """Most that a run takes longer than that (evenly drawn; order stays)."""
    singles_ppm: int = 0
    """Share of the runs that arrive byte by byte."""


_TCP_LATENCY_NS: Final = (50_000, 2_000_000)
"""Least and most one way, drawn evenly in the logarithm (assumption; the quiet loopback was
measured at 80 us one way)."""
_SERIAL_LATENCY_NS: Final = (500_000, 2_000_000)
"""USB adapter in low-latency mode: its frames come each 1 ms (facts: pumps 6)."""
_SINGLES_PPM: Final = 200_000
"""Most that a drawn wire cuts into single bytes (assumption)."""
_GAP_NS: Final = 20_000
"""Between two single bytes of a run on a network (assumption)."""
_AGAIN_NS: Final = _NS_PER_S
"""A port that the device has closed is opened again after this, as the controller's are."""


def draw_manner(chance: random.Random, serial: bool) -> Manner:
    """The manner of one wire: latency, jitter up to as much again, share in single bytes."""
    least_ns, most_ns = _SERIAL_LATENCY_NS if serial else _TCP_LATENCY_NS
    latency_ns = round(least_ns * math.exp(chance.random() * math.log(most_ns / least_ns)))
    jitter_ns = round(latency_ns * chance.random())
    return Manner(latency_ns, jitter_ns, round(_SINGLES_PPM * chance.random()))


class Wire:
    """One wire and the controller's port on it."""

    def __init__(
        self,
        name: str,
        device: Speaker,
        tell: Told,
        now: Callable[[], int],
        manner: Manner,
        baud: int = 0,
        chance: random.Random | None = None,
    ) -> None:
        """Join a device.

        Args:
            name: of the wire, as the digest has it.
            device: the simulated device at the other end.
            tell: is told of every run of bytes.
            now: the world's time.
            manner: latency, jitter, share in single bytes.
            baud: bits per second of a serial line; 0 = bytes take no time.
            chance: for jitter and single bytes; not needed where the manner has neither.
        """
        self.name = name
        self.device = device
        self.connected = True
        self.pulled = False
        """Cable pulled: bytes go nowhere, and neither end is told."""
        self._tell = tell
        self.manner = manner
        self._chance = chance or random.Random(name)
        self._latency_ns = manner.latency_ns
        self._plain = not (manner.jitter_ns or manner.singles_ppm)
        """Every run arrives whole after the latency: nothing to draw, nothing to change."""
        self.troubles: tuple[Troubled, ...] = ()
        self._baud = baud
        self._now = now
        self._adopted = False
        self._again_ns = 0
        self._lost = False
        """Cut since it was adopted: the port says so once, even if it was joined again."""
        self.due_ns = device.speaks_ns()
        """Next instant at which something is due on this wire, as of the last look."""
        self._to_device: list[tuple[int, bytes]] = []
        self._to_port: list[tuple[int, bytes]] = []
        self._free_ns = {">": 0, "<": 0}
        self._arrived = b""

    # --- the controller's end ---------------------------------------------------------------

    def adopt(self) -> bool:
        """Newly connected."""
        if self.connected and not self._adopted and self._now() >= self._again_ns:
            self._adopted, self._lost = True, False
            self.device.connected()
            return True
        return False

    def read(self) -> bytes:
        """All that arrived.

        Raises:
            LinkLost: the wire is cut.
        """
        if self._lost or not self.connected:
            self._adopted = False
            raise LinkLost(f"{self.name}: the wire is cut")
        data, self._arrived = self._arrived, b""
        return data

    def write(self, data: bytes) -> int:
        """Put bytes on the wire.

        Raises:
            LinkLost: the wire is cut.
        """
        if self._lost or not self.connected:
            self._adopted = False
            raise LinkLost(f"{self.name}: the wire is cut")
        if not self.pulled:
            self._put(">", self._to_device, data)
            if self._to_device:
                self.due_ns = min(self.due_ns, self._to_device[0][0])
        return len(data)

    def fileno(self) -> int | None:
        """There is no descriptor: the event heap wakes the loop."""
        return None

    @property
    def readable(self) -> bool:
        """The controller has something to read."""
        return bool(self._arrived) or self._lost and self._adopted

    # --- time -------------------------------------------------------------------------------

    def _put(self, direction: str, queue: list[tuple[int, bytes]], data: bytes) -> None:
        """Send a run on its way; a line carries one run after the other."""
        now_ns = self._now()
        start_ns = max(now_ns, self._free_ns[direction])
        span_ns = len(data) * _BITS_PER_BYTE * _NS_PER_S // self._baud if self._baud else 0
        self._free_ns[direction] = start_ns + span_ns
        last_ns = start_ns + span_ns + self._latency_ns
        if self._plain and not self.troubles:
            queue.append((last_ns, data))
            return
        first_ns = last_ns - span_ns + span_ns // len(data)
        runs = self._carried(Run(first_ns, last_ns, data))
        for trouble in self.troubles:
            runs = [after for run in runs for after in trouble.pass_on(direction, run, now_ns)]
        for run in runs:  # bytes of one direction never overtake each other
            queue.append((max(run.last_ns, queue[-1][0]) if queue else run.last_ns, run.data))

    def _carried(self, run: Run) -> list[Run]:
        """The run as this wire carries it: some later, some in single bytes."""
        manner, chance = self.manner, self._chance
        if manner.jitter_ns:
            late_ns = chance.randrange(manner.jitter_ns)
            run = Run(run.first_ns + late_ns, run.last_ns + late_ns, run.data)
        if manner.singles_ppm and chance.randrange(PPM) < manner.singles_ppm:
            return singles(run, 0 if self._baud else _GAP_NS)
        return [run]

    def inject(self, direction: str, data: bytes) -> bool:
        """Put bytes on the wire that nobody sent; False where it carries nothing."""
        if self.pulled or not self.connected:
            return False
        queue = self._to_device if direction == ">" else self._to_port
        at_ns = self._now() + self._latency_ns
        queue.append((max(at_ns, queue[-1][0]) if queue else at_ns, data))
        self.look()
        return True

    def reseed(self, chance: random.Random) -> None:
        """From now on chance comes from another generator."""
        self._chance = chance

    def look(self) -> None:
        """See anew what is due, after anything may have made the device speak."""
        due_ns = self.device.speaks_ns()
        if self._to_device and self._to_device[0][0] < due_ns:
            due_ns = self._to_device[0][0]
        if self._to_port and self._to_port[0][0] < due_ns:
            due_ns = self._to_port[0][0]
        self.due_ns = due_ns

    def advance(self, now_ns: int) -> bool:
        """Carry what is due to either end; True when the device heard something."""
        to_device, to_port = self._to_device, self._to_port
        heard = bool(to_device) and to_device[0][0] <= now_ns
        while to_device and to_device[0][0] <= now_ns:
            at_ns, data = to_device.pop(0)
            self._tell(self.name, ">", at_ns, data)
            self.device.receive(data, at_ns)
            if self.troubles and self.device.broken:
                self._hang_up(at_ns)
        said = self.device.take(now_ns) if self.device.speaks_ns() <= now_ns else b""
        if said and self.connected and not self.pulled:
            self._put("<", to_port, said)
        while to_port and to_port[0][0] <= now_ns:
            at_ns, data = to_port.pop(0)
            self._tell(self.name, "<", at_ns, data)
            self._arrived += data
        self.look()
        return heard

    def cut(self) -> None:
        """Lose the connection with everything on its way; both ends are told."""
        self.connected = False
        self._lost = True
        self._lose_all()

    def _hang_up(self, now_ns: int) -> None:
        """The device closes the connection; another one is made when the port is asked again."""
        self._lost = True
        self._again_ns = now_ns + _AGAIN_NS
        self._lose_all()

    def pull(self) -> None:
        """Pull the cable: silence, everything on its way is lost."""
        self.pulled = True
        self._lose_all()

    def _lose_all(self) -> None:
        self._to_device.clear()
        self._to_port.clear()
        self._arrived = b""

    def mend(self) -> None:
        """Connect again, or put the cable back."""
        self.connected = True
        self.pulled = False
