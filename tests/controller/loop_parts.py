"""A room for the loop in which everything but the loop is made up: ports, drivers, record."""

from collections import deque
from typing import Any

from controller.loop import Link, Room
from drivers.driver import NEVER_NS
from drivers.ports import LinkLost
from state_machine.readings import ClockSync, Readings
from state_machine.state import Phase, State
from state_machine.step import Outcome
from state_machine.targets import Activity, Targets
from state_machine.units import NS_PER_MS
from tests.core import fixtures

NOW_NS = fixtures.NOW_NS
NAMES = ("pump", "line", "room", "mammograph")


class FakePort:
    """Bytes that a test puts there, and how many bytes a write takes."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log
        self.arrived = b""
        self.written: list[bytes] = []
        self.takes = 1_000
        self.newly_open = True
        self.lost = ""
        self.lost_after_read = ""

    def adopt(self) -> bool:
        newly, self.newly_open = self.newly_open, False
        return newly

    def read(self) -> bytes:
        if self.lost:
            raise LinkLost(self.lost)
        self.lost = self.lost_after_read
        data, self.arrived = self.arrived, b""
        return data

    def write(self, data: bytes) -> int:
        if self.lost:
            raise LinkLost(self.lost)
        self.log.append(f"write {self.name}")
        self.written.append(data[: self.takes])
        return min(self.takes, len(data))

    def fileno(self) -> int | None:
        return None


class FakeDriver:
    """Says what it is told to say, and remembers what it heard."""

    def __init__(self, name: str, reading: Any) -> None:
        self.name = name
        self.known = reading
        self.next_ns = NEVER_NS
        self.to_say: deque[bytes] = deque()
        self.heard: list[bytes] = []
        self.given: list[tuple[Any, Activity]] = []
        self.events: list[str] = []

    def connected(self, now_ns: int) -> None:
        self.events.append("connected")

    def lost(self, reason: str, now_ns: int) -> None:
        self.events.append(f"lost: {reason}")
        self.next_ns = NEVER_NS

    def receive(self, data: bytes, now_ns: int) -> bool:
        self.heard.append(data)
        return False

    def reading(self) -> Any:
        return self.known

    def give(self, target: Any, activity: Activity, now_ns: int) -> bytes:
        self.given.append((target, activity))
        return self.to_say.popleft() if self.to_say else b""

    def deadline_ns(self) -> int:
        return self.next_ns


class FakeJournal:
    """How far the record is on the disk is what the test says."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.durable = 0
        self.asked_count = 0
        self.entries: list[Any] = []
        self.urgent: list[bool] = []

    def append(self, entries, *, boot_ns, utc_ns, urgent=False) -> None:
        self.log.append("record")
        self.entries += entries
        self.urgent.append(urgent)

    def durable_seq(self) -> int:
        self.asked_count += 1
        return self.durable

    def fault(self) -> str:
        return ""


class FakeApi:
    """Requests that a test puts there; asks to be called again far away."""

    def __init__(self) -> None:
        self.waiting: tuple[Any, ...] = ()
        self.due_ns = NEVER_NS
        self.days: list[int] = []
        self.answered: list[Any] = []

    def ports(self) -> tuple[Any, ...]:
        return ()

    def requests(self, utc_day: int) -> tuple[Any, ...]:
        self.days.append(utc_day)
        requests, self.waiting = self.waiting, ()
        return requests

    def answer(self, replies) -> None:
        self.answered += replies

    def publish(self, room: Room, now_ns: int) -> int:
        return self.due_ns


class FakeClock:
    def now_ns(self) -> int:
        return NOW_NS

    def utc_ns(self) -> int:
        return 20_000 * 86_400 * 1_000 * NS_PER_MS + 5

    def wait(self, ports, until_ns) -> None:
        raise AssertionError("a pass never waits")

    def hand_over(self) -> None:
        pass

    def sync(self) -> ClockSync:
        return ClockSync.UNKNOWN


class FakeStep:
    """In the place of the step: counts its calls and wants what the test wants."""

    def __init__(self) -> None:
        self.calls: list[tuple[Readings, tuple[Any, ...], int]] = []
        self.targets = Targets()
        self.entries: tuple[Any, ...] = ()
        self.wake_ns = NEVER_NS

    def __call__(self, state, readings, requests, now_ns) -> Outcome:
        self.calls.append((readings, requests, now_ns))
        return Outcome(state, self.targets, (), self.entries, (), self.wake_ns)


class Parts:
    """A room and everything in it."""

    def __init__(self, state: State | None = None, readings: Readings | None = None) -> None:
        known = readings or fixtures.readings()
        self.log: list[str] = []
        self.ports = {name: FakePort(name, self.log) for name in NAMES}
        self.drivers = {name: FakeDriver(name, getattr(known, name)) for name in NAMES}
        links = [Link(name, self.ports[name], self.drivers[name]) for name in NAMES]
        self.journal, self.api = FakeJournal(self.log), FakeApi()
        # phase_ns 0: a phase that is long past wants to be looked at at once
        first = state or State(profile=fixtures.profile(), phase=Phase.STANDBY)
        self.room = Room(first, links, self.journal, self.api, FakeClock())
