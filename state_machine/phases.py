"""The mechanism of the workflow: rows, one machine built from them, one pure function.

``transitions`` does the walking, kept on a short leash: no model, no string callbacks,
no automatic ``to_<phase>`` jumps, conditions only. A throw-away cursor carries the
phase through one event, so that nothing of the machine ever changes.
"""

import enum
from collections.abc import Callable
from typing import NamedTuple

from transitions import Machine, MachineError

from state_machine.facts import Facts
from state_machine.requests import Event
from state_machine.state import Phase


class Actor(enum.Enum):
    """Whose action a row waits for."""

    TECHNOLOGIST = "technologist"
    RADIOLOGIST = "radiologist"
    ROOM = "room"
    """Nobody's: the row is taken by itself when the room shows it."""


class Condition(NamedTuple):
    """A fact that a row needs, and the words that refuse without it."""

    holds: Callable[[Facts], bool]
    words: str
    code: str
    """The fact's name, for screens: words may change, and be of another language."""


class Row(NamedTuple):
    """One row of a workflow table."""

    source: Phase
    event: Event
    phase: Phase
    prompt: str
    """What the actor does when every condition holds."""
    actor: Actor = Actor.TECHNOLOGIST
    needs: tuple[Condition, ...] = ()
    only: Condition | None = None
    """Selects among rows of the same source and event."""


class _Cursor:
    """Stands on a phase for the length of one event."""

    __slots__ = ("state",)

    def __init__(self, phase: Phase) -> None:
        self.state = phase


class Workflow:
    """A workflow table and the machine built from it."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        """Build the machine; two rows of one source and event must tell themselves apart."""
        self.rows = rows
        self._by_source: dict[tuple[Phase, Event], list[Row]] = {}
        self._events: dict[Phase, list[Event]] = {}
        self._machine = Machine(
            model=None, states=list(Phase), initial=None, auto_transitions=False
        )
        for row in rows:
            same = self._by_source.setdefault((row.source, row.event), [])
            if same and not (row.only and all(other.only for other in same)):
                raise ValueError(f"two rows for {row.source.value} + {row.event.value}")
            same.append(row)
            events = self._events.setdefault(row.source, [])
            if row.event not in events:
                events.append(row.event)
            tests = [row.only, *row.needs] if row.only else list(row.needs)
            self._machine.add_transition(
                row.event.value, row.source, row.phase, conditions=[t.holds for t in tests]
            )

    def advance(self, phase: Phase, event: Event, facts: Facts) -> tuple[Phase, tuple[str, ...]]:
        """Take one event.

        Returns:
            The phase afterwards and the words that refused; no words means the row was
            taken (its destination may equal its source).
        """
        known = self._machine.events.get(event.value)
        if known is None or (phase, event) not in self._by_source:
            return phase, (f"'{event.value}' is not possible in '{phase.value}'",)
        cursor = _Cursor(phase)
        try:
            taken = known.trigger(cursor, facts)
        except MachineError as error:
            return phase, (str(error),)
        if taken:
            return cursor.state, ()
        return phase, self.refusals(phase, event, facts)

    def asks(self, phase: Phase, event: Event) -> bool:
        """A row of this phase and event asks for facts; a stop asks for none."""
        rows = self._by_source.get((phase, event), [])
        return any(row.only or row.needs for row in rows)

    def row(self, phase: Phase, event: Event, facts: Facts) -> Row | None:
        """The row that this event would take, were its needs met."""
        rows = self._by_source.get((phase, event), [])
        return next((r for r in rows if r.only is None or r.only.holds(facts)), None)

    def refusals(self, phase: Phase, event: Event, facts: Facts) -> tuple[str, ...]:
        """What an event still needs, in words."""
        row = self.row(phase, event, facts)
        if row is None:
            rows = self._by_source.get((phase, event), [])
            return tuple(dict.fromkeys(r.only.words for r in rows if r.only))
        return tuple(need.words for need in row.needs if not need.holds(facts))

    def events(self, phase: Phase) -> tuple[Event, ...]:
        """Events that have a row in this phase, in the order of the table."""
        return tuple(self._events.get(phase, ()))
