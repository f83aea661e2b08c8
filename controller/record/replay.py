"""Replay: the same inputs through the same core, and whether it decides the same.

The record holds every input of every step and what came of it. From a ``started`` entry
on the state is made as the controller made it (profile of that entry, newest ``resume``
before it); then each step is made again at its recorded instant, and its entries are
compared one by one with those in the record. Nothing here asks a device, a clock or the
room file: a newer program over an older record shows where its decisions differ.

After a difference the two states have parted, so a run of the controller is compared up
to its first difference; the next run begins from its own ``started`` entry again.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from controller.record.chain import Row, decode
from state_machine import recovery
from state_machine.entries import AnyEntry, Inputs, RecordKept, Resume, Started
from state_machine.profile import Profile
from state_machine.readings import PumpReading, Readings
from state_machine.state import State
from state_machine.step import step

_KINDS: Final = Readings.__struct_fields__

replace = msgspec.structs.replace


class Difference(msgspec.Struct, frozen=True):
    """The first place where record and replay do not say the same."""

    session: str
    row: int
    seq: int
    at_ns: int
    recorded: dict[str, Any] | None
    """The entry in the record; None = the replay says more."""
    replayed: dict[str, Any] | None
    """The entry of the replay; None = the record says more."""
    fields: tuple[str, ...] = ()
    """What differs, where both entries are of one kind."""


class Session(msgspec.Struct):
    """One run of the controller, replayed."""

    session: str
    first_row: int
    program: str
    began_ns: int
    """Boot time of its ``started`` entry."""
    reached_ns: int = 0
    """Boot time of the last step that was compared."""
    steps: int = 0
    entries: int = 0
    untold: str = ""
    """Why it could not be replayed; empty = it was."""
    difference: Difference | None = None


class _Group(msgspec.Struct):
    """One step in the record: its inputs first, then what it said."""

    row: Row
    entries: list[AnyEntry]


def replay(rows: Iterable[Row]) -> Iterator[Session]:
    """Replay a record, one run of the controller after the other.

    Args:
        rows: of the journal, in order.

    Raises:
        RowError: a row's entries are not known to this program.
    """
    left = _Left()
    session: Session | None = None
    state, readings = None, Readings()
    for group in _groups(rows):
        first = group.entries[0]
        if isinstance(first, Started):
            if session is not None:
                yield session
            session = Session(group.row.session, group.row.number, first.program, first.at_ns)
            state, readings = _begin(first, left, session), Readings()
        elif session is not None and state is not None and isinstance(first, Inputs):
            readings = _taken(readings, first)
            state = _again(state, readings, first, group, session)
        left.take(group)
    if session is not None:
        yield session


def _groups(rows: Iterable[Row]) -> Iterator[_Group]:
    """Entries step by step: a step begins with its inputs and may end in a later row.

    What a command noted between two runs of the controller stands by itself.
    """
    group: _Group | None = None
    for row in rows:
        for entry in decode(row):
            if group is None or isinstance(entry, Inputs | Started | RecordKept):
                if group is not None:
                    yield group
                group = _Group(row, [])
            group.entries.append(entry)
    if group is not None:
        yield group


class _Left:
    """What the record has for a restart: the newest Resume, and the pump as heard since."""

    def __init__(self) -> None:
        self.kept: bytes | None = None
        self.seen: PumpReading | None = None
        self._session = ""

    def take(self, group: _Group) -> None:
        for entry in group.entries:
            if isinstance(entry, Resume):
                self.kept, self.seen, self._session = entry.state, None, group.row.session
            elif isinstance(entry, Inputs) and group.row.session == self._session:
                self.seen = entry.pump or self.seen


def _begin(started: Started, left: _Left, session: Session) -> State | None:
    """The state in which that run of the controller began; None and why not."""
    try:
        profile = msgspec.msgpack.decode(started.profile, type=Profile)
        state = recovery.start(profile, left.kept, started.seq - 1, started.boot_id, left.seen)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        session.untold = (
            f"its profile or what it started from cannot be read by this program ({error});"
            f" replay it with the program that wrote it: {started.program}"
        )
        return None
    return replace(state, entry_seq=started.seq, phase_ns=started.at_ns)


def _taken(readings: Readings, inputs: Inputs) -> Readings:
    changed = {name: new for name in _KINDS if (new := getattr(inputs, name)) is not None}
    return replace(readings, **changed)


def _again(
    state: State, readings: Readings, inputs: Inputs, group: _Group, session: Session
) -> State | None:
    """Make one step again; None after a difference."""
    outcome = step(state, readings, inputs.requests, inputs.at_ns)
    session.steps += 1
    session.entries += len(group.entries)
    session.reached_ns = inputs.at_ns
    session.difference = _first_difference(group, outcome.entries, session.session)
    if session.difference is None:
        return outcome.state
    return None


def _first_difference(
    group: _Group, replayed: tuple[AnyEntry, ...], session: str
) -> Difference | None:
    recorded = group.entries
    if recorded == list(replayed):
        return None
    for place in range(max(len(recorded), len(replayed))):
        old = recorded[place] if place < len(recorded) else None
        new = replayed[place] if place < len(replayed) else None
        if old != new:
            return _difference(group.row, session, old, new)
    return None


def _difference(row: Row, session: str, old: AnyEntry | None, new: AnyEntry | None) -> Difference:
    told = old if old is not None else new
    assert told is not None  # noqa: S101 - one of the two is there, or they would not differ
    before = msgspec.to_builtins(old) if old is not None else None
    after = msgspec.to_builtins(new) if new is not None else None
    fields = ()
    if before is not None and after is not None and before["entry"] == after["entry"]:
        fields = tuple(name for name in before if before.get(name) != after.get(name))
    return Difference(session, row.number, told.seq, told.at_ns, before, after, fields)
