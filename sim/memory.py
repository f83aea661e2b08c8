"""What a virtual room has instead of files and sockets: a record and byte pipes in memory."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from controller.record.chain import Row, decode, make_row
from controller.record.company import FLUSH_S, IDLE_FLUSH_S, Company
from drivers.ports import LinkLost
from state_machine.entries import Entry, Inputs, Resume
from state_machine.readings import PumpReading

_DISK_NS: Final = 1_000_000
"""A row reaches the disk (measured p99 of WAL with FULL: 1 ms)."""
_FLUSH_NS: Final = round(FLUSH_S * 1e9)
_IDLE_FLUSH_NS: Final = round(IDLE_FLUSH_S * 1e9)


class Time(Protocol):
    """What the record needs of its world."""

    def now_ns(self) -> int:
        """Virtual boot time."""

    def at(self, at_ns: int, act: Callable[[], None]) -> None:
        """Do something at an instant."""

    def wake(self) -> None:
        """Something that the loop waits for has happened."""


class MemoryJournal:
    """The record in memory: rows and chain as on the disk, durable after a simulated disk."""

    def __init__(self, time: "Time", rows: Sequence[Row] = ()) -> None:
        """Go on from the rows of an earlier run."""
        self._time = time
        self._rows = list(rows)
        self._durable_seq = rows[-1].last_seq if rows else 0
        self._session = f"virtual/{self._durable_seq}"
        self._writing: deque[tuple[int, int]] = deque()
        self._waiting: list[Entry] = []
        self._due_ns = self._boot_ns = self._utc_ns = 0
        self._company = Company()
        self.entries: list[Entry] = []
        """What this run has appended, for judges and tests."""
        self.stalled = False
        """Injected fault: nothing reaches the disk any more."""
        self.broken = ""
        """Injected fault: the disk's complaint."""

    def append(
        self, entries: Sequence[Entry], *, boot_ns: int, utc_ns: int, urgent: bool = False
    ) -> None:
        """Take entries; their row is made as the journal on disk makes it."""
        self._make_due(boot_ns)
        if not self._waiting:
            self._due_ns = boot_ns + _IDLE_FLUSH_NS
        if self._company.matter(entries):
            self._due_ns = min(self._due_ns, boot_ns + _FLUSH_NS)
        self._waiting += entries
        self.entries += entries
        self._boot_ns, self._utc_ns = boot_ns, utc_ns
        if urgent:  # somebody waits for it
            self._make_row(boot_ns)
            self._time.at(boot_ns + _DISK_NS, self._time.wake)

    def _make_due(self, now_ns: int) -> None:
        if self._waiting and self._due_ns <= now_ns:
            self._make_row(self._due_ns)

    def _make_row(self, at_ns: int) -> None:
        """Chain one row of what waits; it is durable a disk write later."""
        previous = self._rows[-1] if self._rows else None
        row = make_row(previous, self._waiting, self._boot_ns, self._utc_ns, self._session)
        self._rows.append(row)
        self._waiting = []
        self._writing.append((at_ns + _DISK_NS, row.last_seq))

    @property
    def rows(self) -> list[Row]:
        """All rows, as if the record ended now."""
        if self._waiting:
            self._make_row(self._time.now_ns())
        return self._rows

    def durable_seq(self) -> int:
        """How far the simulated disk has written."""
        now_ns = self._time.now_ns()
        self._make_due(now_ns)
        while self._writing and self._writing[0][0] <= now_ns and not self.stalled:
            self._durable_seq = self._writing.popleft()[1]
        return self._durable_seq

    def durable_rows(self, more: int = 0) -> tuple[Row, ...]:
        """What a restart would find.

        Args:
            more: rows that were on their way to the disk, and got there after all.
        """
        durable_seq = self.durable_seq()
        count = sum(row.last_seq <= durable_seq for row in self._rows)
        return tuple(self._rows[: count + more])

    def fault(self) -> str:
        """Why the simulated disk cannot be written; empty = healthy."""
        return self.broken

    def head(self) -> str:
        """Hash of the newest row, hexadecimal."""
        rows = self.rows
        return rows[-1].hash.hex() if rows else ""


def newest_resume(rows: Sequence[Row]) -> tuple[bytes | None, PumpReading | None]:
    """What a restart needs, from a record: what was kept, and the pump as it was heard since."""
    seen: dict[str, PumpReading] = {}
    for row in reversed(rows):
        for entry in reversed(decode(row)):
            if isinstance(entry, Resume):
                return entry.state, seen.get(row.session)
            if isinstance(entry, Inputs) and entry.pump is not None:
                seen.setdefault(row.session, entry.pump)
    return None, None


class MemoryPort:
    """One end of a byte pipe between a client and the controller."""

    def __init__(self, name: str) -> None:
        """An end without its other end; ``pair`` joins two."""
        self.name = name
        self.arrived = bytearray()
        self.closed = False
        self.other: MemoryPort = self
        self.on_write: Callable[[], None] = lambda: None

    def read(self) -> bytes:
        """All that arrived.

        Raises:
            LinkLost: the other end was closed.
        """
        if not self.arrived:
            if self.other.closed:
                raise LinkLost("the other side hung up")
            return b""
        data = bytes(self.arrived)
        self.arrived.clear()
        return data

    def write(self, data: bytes) -> int:
        """Hand bytes to the other end."""
        self.other.arrived += data
        self.other.on_write()
        return len(data)

    def fileno(self) -> int | None:
        """There is no descriptor."""
        return None

    def close(self) -> None:
        """Hang up."""
        self.closed = True


def pair() -> tuple[MemoryPort, MemoryPort]:
    """Two ends of one pipe."""
    one, two = MemoryPort("client"), MemoryPort("client")
    one.other, two.other = two, one
    return one, two


class Door:
    """A listener whose clients are already waiting."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self.waiting: list[MemoryPort] = []

    def accept(self) -> MemoryPort | None:
        """The next client."""
        return self.waiting.pop(0) if self.waiting else None

    def turned_away(self) -> tuple[str, ...]:
        """Nobody: there are no accounts in memory."""
        return ()

    def fileno(self) -> int | None:
        """There is no descriptor."""
        return None

    def close(self) -> None:
        """Let nobody in any more."""
        self.waiting.clear()
