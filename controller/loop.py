"""One pass of the room: read, step, record, write. One thread, no locks, nothing waits here.

``run_pass`` is the same in a room, on virtual time and in a test; the ``while`` around it
is three lines (``run``). The order of a pass::

    ports.read -> drivers -> Readings -> step(state, readings, requests, now) -> Outcome
    Outcome.targets -> drivers -> ports.write        then Outcome.entries -> journal
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from controller.clock import Clock
from controller.wall import Wall
from drivers.driver import Driver
from drivers.ports import LinkLost, Port
from state_machine.entries import AnyEntry, Entry, MotionIntent
from state_machine.readings import JournalReading, Readings
from state_machine.requests import AnyRequest
from state_machine.state import Alarm, State
from state_machine.step import Outcome, step
from state_machine.targets import Activity, Targets
from state_machine.turn import Reply

_ACTIVE_NS: Final = 20_000_000
"""Longest wait while something is armed, moving or exposing (design: event driven)."""
_IDLE_NS: Final = 250_000_000
_ORDER: Final = ("pump", "room", "mammograph", "line")
"""Order in which targets leave: what stops contrast first."""


class DevicePort(Port, Protocol):
    """A port to a device, which can be lost and taken over again when opened anew."""

    def adopt(self) -> bool:
        """Take over a newly opened connection; True when there is one."""


class Journal(Protocol):
    """What the loop needs of the record; never blocks."""

    def append(
        self, entries: Sequence[Entry], *, boot_ns: int, utc_ns: int, urgent: bool = False
    ) -> None:
        """Take entries; they are durable when ``durable_seq`` says so."""

    def durable_seq(self) -> int:
        """Every entry up to this number is on the disk."""

    def fault(self) -> str:
        """Why nothing can be written, in words; empty = healthy."""


class Api(Protocol):
    """What the loop needs of its clients; never blocks."""

    def ports(self) -> tuple[Port, ...]:
        """Everything of the API that can wake the loop."""

    def requests(self, utc_day: int) -> tuple[AnyRequest, ...]:
        """Requests that arrived, in order, each stamped with the day."""

    def answer(self, replies: tuple[Reply, ...]) -> None:
        """Tell each client what became of its requests."""

    def publish(self, room: "Room", now_ns: int) -> int:
        """Show clients the room when it is due; returns when it is due again."""


class Link:
    """One device: its port, its driver and what the port has not taken yet."""

    def __init__(self, name: str, port: DevicePort, driver: Driver[Any, Any]) -> None:
        """Join a port and a driver."""
        self.name = name
        self.port = port
        self.driver = driver
        self._unsent = b""
        self._open = False
        self._lost: str | None = None
        """What the driver was last told about a lost port; None while it is open."""
        self._told: tuple[object, Activity] | None = None
        """What the driver was last given; None = something new was heard since."""
        self.deadline_ns = driver.deadline_ns()
        """Next instant at which the driver wants to say something."""
        self.tap: Callable[[str, str, bytes], None] | None = None
        """Told of all bytes while a service tool watches (``tap.py``)."""

    def receive(self, now_ns: int, late: bool) -> None:
        """Take what arrived. In a late pass it is old truth and is thrown away."""
        if self.port.adopt():
            self._open, self._lost = True, None
            self._unsent = b""
            self._told = None
            self.driver.connected(now_ns)
        try:
            data = self.port.read()
        except LinkLost as lost:
            self._lose(str(lost), now_ns)
            return
        if data and self.tap is not None:
            self.tap(self.name, "<", data)
        if data and not late:
            self._told = None
            self.driver.receive(data, now_ns)

    def send(self, target: object, activity: Activity, now_ns: int) -> bool:
        """Finish what the port has not taken yet, then write what the driver has to say.

        True when bytes were handed to the port.

        The driver is asked when it heard something, is to be told something else, or its
        deadline has come: by its contract it has nothing to say otherwise.
        """
        if not self._open:
            return False
        if self._unsent and not self._write(self._unsent, now_ns):
            return False
        told = (target, activity)
        if now_ns < self.deadline_ns and told == self._told:
            return False
        data = self.driver.give(target, activity, now_ns)
        self._told = told
        if data:
            self._write(data, now_ns)
        else:
            self.deadline_ns = self.driver.deadline_ns()
        return bool(data)

    def _write(self, data: bytes, now_ns: int) -> bool:
        """Hand bytes to the port; True when it took all of them."""
        try:
            self._unsent = data[self.port.write(data) :]
            if self.tap is not None:
                self.tap(self.name, ">", data[: len(data) - len(self._unsent)])
        except LinkLost as lost:
            self._lose(str(lost), now_ns)
            return False
        if self._unsent:
            # no descriptor wakes the loop for writing; a late answer is nothing to spin for
            self.deadline_ns = now_ns + _ACTIVE_NS
            return False
        self.deadline_ns = self.driver.deadline_ns()
        return True

    def _lose(self, why: str, now_ns: int) -> None:
        """Tell the driver, once per reason: a closed port says so in every pass."""
        if why == self._lost:
            return
        self._lost = why
        self._unsent = b""
        self._open = False
        self._told = None
        self.driver.lost(why, now_ns)
        self.deadline_ns = self.driver.deadline_ns()


class Room:
    """What a pass works on. Only ``run_pass`` changes it."""

    def __init__(
        self,
        state: State,
        links: Sequence[Link],
        journal: Journal,
        api: Api,
        clock: Clock,
        wakers: Sequence[Port] = (),
    ) -> None:
        """Join state, links, record and clients; ``wakers`` only wake the loop."""
        self.state = state
        self.links = {link.name: link for link in links}
        self.in_order = tuple((self.links[name], name) for name in _ORDER if name in self.links)
        self.journal = journal
        self.api = api
        self.clock = clock
        self.wall = Wall(clock)
        self.wakers = tuple(wakers)
        self.readings = Readings()
        self.targets = Targets()
        self.alarms: tuple[Alarm, ...] = ()
        self.step_at_ns = 0
        """When the step wants to be called without new input."""
        self.planned_ns = 0
        """When the next pass shall begin at the latest; 0 = not planned yet."""
        self.pass_count = 0

    def ports(self) -> tuple[Port, ...]:
        """Everything that can wake the loop."""
        devices = tuple(link.port for link in self.links.values())
        return (*devices, *self.wakers, *self.api.ports())


def run_pass(room: Room, now_ns: int) -> int:
    """One pass; returns when the next one shall begin at the latest."""
    room.pass_count += 1
    late_ns = now_ns - room.planned_ns if room.planned_ns else 0
    late = late_ns > room.state.profile.limits.late_pass_ns
    for waker in room.wakers:
        waker.read()
    links = room.links.values()
    for link in links:
        link.receive(now_ns, late)
    readings = _readings(room, late_ns if late else 0, now_ns)
    utc_ns = room.clock.utc_ns()
    requests = room.api.requests(utc_ns // (86_400 * 1_000_000_000))
    changed = readings is not room.readings and readings != room.readings
    outcome = None
    if changed or requests or now_ns >= room.step_at_ns:
        outcome = _decide(room, readings, requests, now_ns)
    try:
        _tell(room, now_ns)
    finally:
        if outcome is not None:
            # after the targets: a stop waits for nothing, and a start has waited for its
            # intent, which an earlier pass wrote
            record(room, outcome.entries, now_ns, utc_ns)
            room.api.answer(outcome.replies)
    publish_ns = room.api.publish(room, now_ns)
    longest_ns = _IDLE_NS if room.targets.activity is Activity.IDLE else _ACTIVE_NS
    deadlines = [link.deadline_ns for link in links]
    room.planned_ns = min(now_ns + longest_ns, room.step_at_ns, publish_ns, *deadlines)
    return room.planned_ns


def _readings(room: Room, late_ns: int, now_ns: int) -> Readings:
    """What is known now; the readings of the last step themselves where nothing changed."""
    links, before = room.links, room.readings
    pump, line = links["pump"].driver.reading(), links["line"].driver.reading()
    box, unit = links["room"].driver.reading(), links["mammograph"].driver.reading()
    durable_seq, fault = _durable_seq(room), room.journal.fault()
    devices = pump is before.pump and line is before.line and box is before.room
    journal = durable_seq == before.journal.durable_seq and fault == before.journal.fault
    host = room.wall.look(now_ns)
    if late_ns:
        host = msgspec.structs.replace(host, late_ns=late_ns)
    if devices and unit is before.mammograph and journal and host == before.host:
        return before
    return Readings(pump, line, box, unit, JournalReading(durable_seq, fault), host)


def _durable_seq(room: Room) -> int:
    """How far the record is, taken only while a motion waits for it.

    Every reading that changes is recorded; a count that changes with every record would
    make each one cause the next.
    """
    plan, known = room.state.plan, room.readings.journal.durable_seq
    if plan is None or known >= plan.intent_seq:
        return known
    return room.journal.durable_seq()


def _decide(
    room: Room, readings: Readings, requests: tuple[AnyRequest, ...], now_ns: int
) -> Outcome:
    outcome = step(room.state, readings, requests, now_ns)
    room.state, room.targets, room.alarms = outcome.state, outcome.targets, outcome.alarms
    room.readings, room.step_at_ns = readings, outcome.wake_at_ns
    return outcome


def _tell(room: Room, now_ns: int) -> None:
    """Give every device its target, what stops contrast first; then let the bytes leave."""
    wrote, targets = False, room.targets
    for link, name in room.in_order:
        wrote |= link.send(getattr(targets, name), targets.activity, now_ns)
    if wrote:
        room.clock.hand_over()


def record(room: Room, entries: tuple[AnyEntry, ...], now_ns: int, utc_ns: int) -> None:
    """Hand entries to the journal; at once to disk when a start waits for them."""
    if entries:
        urgent = any(isinstance(entry, MotionIntent) for entry in entries)
        room.journal.append(entries, boot_ns=now_ns, utc_ns=utc_ns, urgent=urgent)


def make_safe(room: Room, now_ns: int) -> int:
    """A pass that decides nothing and tells the room to be safe: stopped, permits off.

    It may be the last thing that a broken program does: a driver that raises keeps no other
    from being told.
    """
    rest = msgspec.structs.replace(Targets(), activity=Activity.ACTIVE)
    room.targets = rest
    for name in _ORDER:
        link = room.links[name]
        with contextlib.suppress(Exception):
            link.receive(now_ns, late=False)
            link.send(getattr(rest, name), rest.activity, now_ns)
    deadlines = [link.deadline_ns for link in room.links.values()]
    return min(now_ns + _ACTIVE_NS, *deadlines)
