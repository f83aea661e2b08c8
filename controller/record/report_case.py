"""One procedure out of the journal: its entries on one time line, and its curves.

A procedure begins with the entry that opened it and ends with the one that closed it, or
with the next opening, or with the record. Times count from its beginning: boot time
within a run of the controller, and the wall clock only between two runs.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from controller.record.chain import Row, RowError, decode
from controller.record.report_net import NetPoint, NetTrace
from state_machine.entries import (
    AnyEntry,
    Entry,
    Inputs,
    MotionIntent,
    PhaseChanged,
    Started,
    WallClock,
)
from state_machine.readings import MOVING_PROMPTS, LineReading, Prompt, PumpReading
from state_machine.requests import (
    AnyRequest,
    ClientGone,
    ClientRefused,
    Event,
    HoldBeat,
    Login,
    Logout,
    OpenCase,
    Request,
    ViewBeat,
)

E = TypeVar("E", bound=Entry)
R = TypeVar("R", bound=Request)


class At(NamedTuple):
    """An entry and when it was made, ns since the procedure began."""

    t_ns: int
    entry: AnyEntry


class Asked(NamedTuple):
    """A request and when it arrived, ns since the procedure began."""

    t_ns: int
    request: AnyRequest


class Point(NamedTuple):
    """One sample of a curve."""

    t_ns: int
    value: int


class Curves:
    """What was measured, sample by sample, from the readings of the record."""

    def __init__(self) -> None:
        """Begin with empty curves."""
        self.line_pa: list[Point] = []
        self.net_pa: list[Point] = []
        """The estimate, worked out again; a gap where there was none."""
        self.upper_pa: list[Point] = []
        """Its upper bound, by which limits were judged."""
        self.force_mn: list[Point] = []
        self.counter_nl: list[Point] = []
        self.confirmed_nl_min: list[Point] = []
        """Rate the pump confirmed, while it moves; 0 while it stands."""

    def take(self, inputs: Inputs, offset_ns: int) -> None:
        """Add the readings of one pass; ``offset_ns`` turns boot time into report time."""
        if inputs.line is not None:
            self._line(inputs.line, offset_ns)
        if inputs.pump is not None:
            self._pump(inputs.pump, offset_ns)
        unit = inputs.mammograph
        if unit is not None and unit.at_ns:
            _add(self.force_mn, unit.at_ns + offset_ns, unit.force_mn)

    def net(self, point: NetPoint, offset_ns: int) -> None:
        """Add an estimate and its bound."""
        t_ns = point.at_ns + offset_ns
        _add(self.upper_pa, t_ns, point.upper_pa)
        if point.net_pa is not None:
            _add(self.net_pa, t_ns, point.net_pa)

    def _line(self, line: LineReading, offset_ns: int) -> None:
        if line.at_ns and line.pressure_pa is not None:
            _add(self.line_pa, line.at_ns + offset_ns, line.pressure_pa)

    def _pump(self, pump: PumpReading, offset_ns: int) -> None:
        if pump.at_ns and pump.prompt is not Prompt.UNKNOWN:
            moves = pump.prompt in MOVING_PROMPTS
            t_ns = pump.at_ns + offset_ns
            _add(self.counter_nl, t_ns, pump.infused_nl - pump.withdrawn_nl)
            _add(self.confirmed_nl_min, t_ns, pump.rate_nl_min if moves else 0)


def _add(curve: list[Point], t_ns: int, value: int) -> None:
    if not curve or curve[-1].t_ns < t_ns:
        curve.append(Point(t_ns, value))


class Case:
    """One procedure of the record."""

    def __init__(self, number: int, started: Started | None, begin_utc_ns: int) -> None:
        """Begin a procedure at ``begin_utc_ns``; ``started`` says what was in force."""
        self.number = number
        self.started = started
        self.begin_utc_ns = begin_utc_ns
        self.end_utc_ns = begin_utc_ns
        self.started_utc_ns = begin_utc_ns
        self.clock: WallClock | None = None
        """The newest word about the wall clock, also from before the procedure."""
        self.closed = False
        self.first_row = 0
        self.last_row = 0
        self.entries: list[At] = []
        self.asked: list[Asked] = []
        self.curves = Curves()
        self._net = NetTrace(started)
        self.who: dict[tuple[str, str, str], int] = {}
        """Requests by (name, role, how the name is known); see ``Sessions``."""

    def _count(self, who: tuple[str, str, str] | None) -> None:
        if who is not None:
            self.who[who] = self.who.get(who, 0) + 1

    def take(self, entry: AnyEntry, offset_utc_ns: int, sessions: "Sessions") -> None:
        """Add an entry; ``offset_utc_ns`` is wall clock minus boot time in this run."""
        utc_ns = entry.at_ns + offset_utc_ns
        self.end_utc_ns = max(self.end_utc_ns, utc_ns)
        t_ns = utc_ns - self.begin_utc_ns
        point = self._net.take(entry)
        if point is not None:
            self.curves.net(point, offset_utc_ns - self.begin_utc_ns)
        if isinstance(entry, Inputs):
            self.curves.take(entry, offset_utc_ns - self.begin_utc_ns)
            self.asked.extend(Asked(t_ns, request) for request in entry.requests)
            for request in entry.requests:
                self._count(sessions.who(request))
        else:
            self.entries.append(At(t_ns, entry))

    def of(self, kind: type[E]) -> list[tuple[int, E]]:
        """Entries of one kind with their times, in order."""
        return [(at.t_ns, at.entry) for at in self.entries if isinstance(at.entry, kind)]

    def requests(self, kind: type[R]) -> list[tuple[int, R]]:
        """Requests of one kind with their times, in order, refused ones included."""
        return [(at.t_ns, at.request) for at in self.asked if isinstance(at.request, kind)]

    def opened(self) -> OpenCase | None:
        """The request that opened the procedure."""
        asked = self.requests(OpenCase)
        return asked[0][1] if asked else None

    def phases(self) -> Iterator[tuple[int, int, str]]:
        """(from, to, phase) along the procedure, times in ns since it began."""
        changes = self.of(PhaseChanged)
        ends = [*(t_ns for t_ns, _ in changes[1:]), self.end_utc_ns - self.begin_utc_ns]
        for (begin_ns, change), end_ns in zip(changes, ends, strict=True):
            yield begin_ns, end_ns, change.phase

    def intents(self) -> dict[int, tuple[int, MotionIntent]]:
        """The plan of every pump motion, by its id."""
        return {intent.motion_id: (t_ns, intent) for t_ns, intent in self.of(MotionIntent)}


class Sessions:
    """Who is logged in on which connection, followed along the record."""

    def __init__(self) -> None:
        """Nobody is."""
        self._on: dict[int, tuple[str, str]] = {}

    def take(self, entry: AnyEntry) -> None:
        """Follow log-ins and ended connections; a restart ends all."""
        if isinstance(entry, Started):
            self._on.clear()
        for request in entry.requests if isinstance(entry, Inputs) else ():
            if isinstance(request, Login) and not request.refused:
                self._on[request.connection] = (request.by, request.role.value)
            elif isinstance(request, Logout | ClientGone):
                self._on.pop(request.connection, None)

    def who(self, request: AnyRequest) -> tuple[str, str, str] | None:
        """(name, role, how it is known) of who asked; None where no person did."""
        if isinstance(request, ViewBeat | HoldBeat | Logout | ClientGone | ClientRefused):
            return None
        if isinstance(request, Login):
            return (request.by, request.role.value, "log-in refused") if request.refused else None
        if request.connection in self._on:
            return (*self._on[request.connection], "logged in")
        return request.by, request.role.value, "own word, not logged in"


def cases(rows: Iterable[Row]) -> Iterator[Case]:
    """The procedures of a journal, in order.

    Rows that cannot be read are passed over: ``verify`` names them, the report says so.
    """
    gatherer = _Gatherer()
    for row in rows:
        try:
            entries = decode(row)
        except RowError:
            continue
        offset_utc_ns = gatherer.offset_utc_ns(row)
        for entry in entries:
            done = gatherer.take(entry, offset_utc_ns, row.number)
            if done is not None:
                yield done
    if gatherer.case is not None:
        yield gatherer.case


class _Gatherer:
    """Cuts the stream of entries into procedures."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self._number = 0
        self._started: Started | None = None
        self._started_utc_ns = 0
        self._clock: WallClock | None = None
        self._session = ""
        self._offset_utc_ns = 0
        self._inputs: tuple[Inputs, int] | None = None
        self._sessions = Sessions()

    def offset_utc_ns(self, row: Row) -> int:
        """Wall clock minus boot time, fixed for a run: a corrected clock moves no curve."""
        if row.session != self._session:
            self._session = row.session
            self._offset_utc_ns = row.utc_ns - row.boot_ns
        return self._offset_utc_ns

    def take(self, entry: AnyEntry, offset_utc_ns: int, row_number: int) -> Case | None:
        """Take one entry; answers the procedure that ended with the entry before, if any."""
        done = None
        if isinstance(entry, Started):
            self._started = entry
            self._started_utc_ns = entry.at_ns + offset_utc_ns
            self._clock = None  # each run of the controller looks anew
        if isinstance(entry, WallClock):
            self._clock = entry
        if isinstance(entry, Inputs):
            self._inputs = (entry, offset_utc_ns)
        self._sessions.take(entry)
        opens = isinstance(entry, PhaseChanged) and entry.event == Event.OPEN.value
        if self.case is not None and (opens or self._is_over(entry, offset_utc_ns)):
            done, self.case = self.case, None
        if opens:
            self._open(entry, offset_utc_ns, row_number)
        if self.case is not None:
            self.case.take(entry, offset_utc_ns, self._sessions)
            self.case.clock = self._clock
            self.case.last_row = row_number
            if isinstance(entry, PhaseChanged) and entry.event == Event.CLOSE.value:
                self.case.closed = True
        return done

    def _is_over(self, entry: AnyEntry, offset_utc_ns: int) -> bool:
        """What the closing pass itself recorded still belongs to the procedure."""
        case = self.case
        return case is not None and case.closed and entry.at_ns + offset_utc_ns > case.end_utc_ns

    def _open(self, entry: AnyEntry, offset_utc_ns: int, row_number: int) -> None:
        self._number += 1
        self.case = Case(self._number, self._started, entry.at_ns + offset_utc_ns)
        self.case.started_utc_ns = self._started_utc_ns
        self.case.first_row = row_number
        # The pass that opened it recorded its inputs, the request among them, just before.
        if self._inputs is not None and self._inputs[0].at_ns == entry.at_ns:
            self.case.take(*self._inputs, self._sessions)
