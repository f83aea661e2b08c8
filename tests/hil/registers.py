"""Every register of a device's map that can be read, read twice, by nobody but us.

Reads only: nothing is claimed, written or moved, so the pump keeps no power. The maps are the
drivers' own; that they agree with the device's page is what is checked.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from config.load import LoadedRoom
from controller.clock import RealClock
from controller.doctor.devices import Asked, asked
from controller.doctor.finding import Finding, Level
from drivers import mammograph, pressure_sensor, room_io
from drivers.driver import NEVER_NS
from drivers.modbus import Answer, RegisterClient
from drivers.modbus_session import Kind
from drivers.ports import TcpPort
from drivers.registers import IDENTITY, Block, Implausible, Register, Values

APART_NS: Final = 400_000_000
"""Between the two readings: many scans of any device."""
SPAN_NS: Final = 6_000_000_000
Bytes = Callable[[bytes], bytes]


class Device(NamedTuple):
    """One device of the maps."""

    table: str
    kind: Kind
    rows: tuple[Register, ...]
    scan_ms: int
    """Of its own scan counter, as the map says."""


DEVICES: Final = (
    Device("mammograph", Kind.MAMMOGRAPH, mammograph.REGISTER_MAP, 10),
    Device("pressure_sensor", Kind.PRESSURE_SENSOR, pressure_sensor.REGISTER_MAP, 5),
    Device("room_io", Kind.ROOM_IO, room_io.REGISTER_MAP, 5),
)


def blocks(rows: tuple[Register, ...]) -> Iterator[Block]:
    """Adjoining rows that can be read."""
    run: list[Register] = []
    for row in (*IDENTITY, *rows):
        if run and row.address != run[-1].address + run[-1].words:
            yield Block(tuple(run))
            run = []
        if "r" in row.access:
            run.append(row)
    if run:
        yield Block(tuple(run))


class Reader:
    """Asks one device for all of its blocks, twice."""

    allowed = "every register in its range"

    def __init__(self, device: Device, unit_id: int) -> None:
        self.device = device
        self.name = device.table
        self.blocks = list(blocks(device.rows))
        self.first: Values = {}
        self.second: Values = {}
        self.first_ns = self.second_ns = 0
        self.wrong: list[str] = []
        self._client = RegisterClient(unit_id)
        self._next = 0
        self._not_before_ns = 0
        self._gone = ""

    def connected(self, now_ns: int) -> None:
        """The port is open."""
        self._client.reset()

    def lost(self, reason: str) -> None:
        """The port is gone."""
        self._gone = reason

    def over(self) -> bool:
        """Read twice, or there is nobody."""
        return bool(self._gone) or self._next >= 2 * len(self.blocks)

    def due_ns(self) -> int:
        """When to go on."""
        if self.over():
            return NEVER_NS
        return min(self._client.deadline_ns(NEVER_NS), max(self._not_before_ns, 1))

    def give(self, now_ns: int) -> bytes:
        """The next question."""
        if (late := self._client.expire(now_ns)) is not None:
            self._failed(late.words)
        if self.over() or not self._client.free(now_ns) or now_ns < self._not_before_ns:
            return b""
        return self._client.ask(self._block.read(), now_ns)

    @property
    def _block(self) -> Block:
        return self.blocks[self._next % len(self.blocks)]

    def receive(self, data: bytes, now_ns: int) -> None:
        """An answer."""
        outcome = self._client.receive(data, now_ns)
        if isinstance(outcome, Answer):
            self._take(outcome)
        elif outcome is not None:
            self._failed(outcome.words)

    def _take(self, answer: Answer) -> None:
        for row in self._block.rows:
            at = row.address - self._block.address
            try:
                value = Block((row,)).decode(answer.registers[at : at + row.words])
            except Implausible as error:
                self.wrong.append(str(error))
                continue
            (self.first if self._next < len(self.blocks) else self.second).update(value)
            if row.name == "scan_count":
                self._stamp(answer.asked_ns)
        self._on(answer.asked_ns)

    def _stamp(self, at_ns: int) -> None:
        if self._next < len(self.blocks):
            self.first_ns = at_ns
        else:
            self.second_ns = at_ns

    def _failed(self, words: str) -> None:
        self.wrong.append(f"registers from {self._block.address}: {words}")
        self._on(0)

    def _on(self, at_ns: int) -> None:
        self._next += 1
        if self._next == len(self.blocks):
            self._not_before_ns = at_ns + APART_NS

    def finding(self) -> Finding:
        """As the doctor's loop wants it."""
        return Finding(self.name, Level.OK, self._gone, self.allowed)

    @property
    def silent(self) -> str:
        """Why nothing was learnt; empty = all was read."""
        return self._gone or ("" if self.over() else "it did not answer in time")

    def scan_ms(self) -> float:
        """Measured period of its scan counter; 0 = it stands still."""
        before, after = self.first.get("scan_count"), self.second.get("scan_count")
        scans = ((after or 0) - (before or 0)) & 0xFFFF
        return (self.second_ns - self.first_ns) / 1e6 / scans if scans else 0.0


def read_real(loaded: LoadedRoom) -> list[Reader]:
    """All devices of a room, at the same time, each over a connection of its own."""
    readers, ports = [], []
    for device in DEVICES:
        place = loaded.room.modbus_devices[device.table]
        reader = Reader(device, place.unit_id)
        readers.append(reader)
        ports.append(Asked(TcpPort(place.host, place.port), reader))
    with asked(ports, RealClock(), SPAN_NS):
        pass
    return readers


def read_virtual(
    loaded: LoadedRoom,
    talk: Callable[[str, bytes], bytes],
    now: Callable[[], int],
    go_on: Callable[[int], None],
) -> list[Reader]:
    """The same without wires: ``talk`` asks a device of the virtual room."""
    readers = []
    for device in DEVICES:
        reader = Reader(device, loaded.room.modbus_devices[device.table].unit_id)
        reader.connected(now())
        end_ns = now() + SPAN_NS
        while not reader.over() and now() < end_ns:
            reader.receive(talk(device.table, reader.give(now())), now())
            go_on(10_000_000)
        readers.append(reader)
    return readers
