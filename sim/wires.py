"""In-memory wires: runs of bytes with the time they take, both ways.

A wire joins one controller port to one simulated device. A run of bytes arrives whole,
at the instant of its last byte: ``latency`` plus ten bit times a byte where the wire
has a baud rate. Every run is told to a listener (wire, direction, instant, bytes), from
which a world makes its digest.
"""

from collections.abc import Callable
from typing import Final, Protocol

from drivers.ports import LinkLost

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


class Wire:
    """One wire and the controller's port on it."""

    def __init__(
        self,
        name: str,
        device: Speaker,
        tell: Told,
        now: Callable[[], int],
        latency_ns: int,
        baud: int = 0,
    ) -> None:
        """Join a device.

        Args:
            name: of the wire, as the digest has it.
            device: the simulated device at the other end.
            tell: is told of every run of bytes.
            now: the world's time.
            latency_ns: time that every run takes, each way.
            baud: bits per second of a serial line; 0 = bytes take no time.
        """
        self.name = name
        self.device = device
        self.connected = True
        self.pulled = False
        """Cable pulled: bytes go nowhere, and neither end is told."""
        self._tell = tell
        self._latency_ns = latency_ns
        self._baud = baud
        self._now = now
        self._adopted = False
        self.due_ns = device.speaks_ns()
        """Next instant at which something is due on this wire, as of the last look."""
        self._to_device: list[tuple[int, bytes]] = []
        self._to_port: list[tuple[int, bytes]] = []
        self._free_ns = {">": 0, "<": 0}
        self._arrived = b""

    # --- the controller's end ---------------------------------------------------------------

    def adopt(self) -> bool:
        """Newly connected."""
        if self.connected and not self._adopted:
            self._adopted = True
            self.device.connected()
            return True
        return False

    def read(self) -> bytes:
        """All that arrived.

        Raises:
            LinkLost: the wire is cut.
        """
        if not self.connected:
            self._adopted = False
            raise LinkLost(f"{self.name}: the wire is cut")
        data, self._arrived = self._arrived, b""
        return data

    def write(self, data: bytes) -> int:
        """Put bytes on the wire.

        Raises:
            LinkLost: the wire is cut.
        """
        if not self.connected:
            self._adopted = False
            raise LinkLost(f"{self.name}: the wire is cut")
        if not self.pulled:
            at_ns = self._arrival_ns(">", len(data))
            self._to_device.append((at_ns, data))
            self.due_ns = min(self.due_ns, at_ns)
        return len(data)

    def fileno(self) -> int | None:
        """There is no descriptor: the event heap wakes the loop."""
        return None

    @property
    def readable(self) -> bool:
        """The controller has something to read."""
        return bool(self._arrived) or not self.connected and self._adopted

    # --- time -------------------------------------------------------------------------------

    def _arrival_ns(self, direction: str, count: int) -> int:
        """Instant of the last byte of a run; a line carries one run after the other."""
        start_ns = max(self._now(), self._free_ns[direction])
        span_ns = count * _BITS_PER_BYTE * _NS_PER_S // self._baud if self._baud else 0
        self._free_ns[direction] = start_ns + span_ns
        return start_ns + span_ns + self._latency_ns

    def look(self) -> None:
        """See anew what is due, after anything may have made the device speak."""
        self.due_ns = self.next_ns()

    def next_ns(self) -> int:
        """Next instant at which something is due on this wire."""
        due_ns = self.device.speaks_ns()
        if self._to_device:
            due_ns = min(due_ns, self._to_device[0][0])
        if self._to_port:
            due_ns = min(due_ns, self._to_port[0][0])
        return due_ns

    def advance(self, now_ns: int) -> bool:
        """Carry what is due to either end; True when the device heard something."""
        heard = bool(self._to_device) and self._to_device[0][0] <= now_ns
        while self._to_device and self._to_device[0][0] <= now_ns:
            at_ns, data = self._to_device.pop(0)
            self._tell(self.name, ">", at_ns, data)
            self.device.receive(data, at_ns)
        said = self.device.take(now_ns) if self.device.speaks_ns() <= now_ns else b""
        if said and self.connected and not self.pulled:
            self._to_port.append((self._arrival_ns("<", len(said)), said))
        while self._to_port and self._to_port[0][0] <= now_ns:
            at_ns, data = self._to_port.pop(0)
            self._tell(self.name, "<", at_ns, data)
            self._arrived += data
        self.look()
        return heard

    def cut(self) -> None:
        """Lose the connection with everything on its way; both ends are told."""
        self.connected = False
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
