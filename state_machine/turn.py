"""One pass being worked out: the state as it grows, the entries and the answers.

A ``Turn`` lives for the length of one ``step`` and is never seen outside it.
"""

from typing import Any

import msgspec

from state_machine import codes, recovery
from state_machine.entries import (
    AnyEntry,
    Entry,
    LedgerChanged,
    Noted,
    PhaseChanged,
    Refused,
    Resume,
)
from state_machine.facts import Facts, gather
from state_machine.ledger import side_day_high_nl, side_day_low_nl
from state_machine.phases import Workflow
from state_machine.readings import Readings
from state_machine.requests import AnyRequest, Event
from state_machine.state import State
from state_machine.workflows.galactography import WORKFLOWS

_NO_FACTS = Facts()


class Reply(msgspec.Struct, frozen=True):
    """Answer to one request: taken, or refused in words."""

    number: int
    by: str
    request: str
    refusals: tuple[str, ...] = ()
    token: str = ""
    """Of a hold on the screen, for the page that armed it alone."""

    @property
    def codes(self) -> tuple[str, ...]:
        """What each refusal is called (``codes.py``); empty where it has no code."""
        return codes.of(self.refusals)


class Turn:
    """State, readings and what this pass has said so far."""

    def __init__(self, state: State, readings: Readings, now_ns: int) -> None:
        """Begin a pass."""
        self.state = state
        self.readings = readings
        self.now_ns = now_ns
        self.late = readings.host.late_ns > state.profile.limits.late_pass_ns
        self.entries: list[AnyEntry] = []
        self.replies: list[Reply] = []

    @property
    def workflow(self) -> Workflow:
        """The table of the profile's order."""
        return WORKFLOWS[self.state.profile.order]

    def set(self, **changes: Any) -> None:
        """Replace fields of the state."""
        self.state = msgspec.structs.replace(self.state, **changes)

    def note(self, kind: type[Entry], **fields: Any) -> int:
        """Add an entry with the next number, which is returned."""
        seq = self.state.entry_seq + 1
        self.set(entry_seq=seq)
        self.entries.append(kind(seq=seq, at_ns=self.now_ns, **fields))  # type: ignore[arg-type]
        return seq

    def refuse(self, request: AnyRequest, *words: str) -> tuple[str, ...]:
        """Record that a request is refused; returns the words."""
        kind = str(type(request).__struct_config__.tag)
        self.note(Refused, what=kind, words=words, by=request.by)
        return words

    def noted(self, request: AnyRequest, topic: str, **facts: object) -> None:
        """Record what a person stated."""
        pairs = tuple((key, str(value)) for key, value in facts.items())
        self.note(Noted, topic=topic, facts=pairs, by=request.by)

    def facts(self, request: AnyRequest | None = None) -> Facts:
        """Facts as they stand now."""
        return gather(self.state, self.readings, self.now_ns, self.late, request)

    def move(self, event: Event, request: AnyRequest | None = None) -> tuple[str, ...]:
        """Try an event on the workflow; the words that refuse, none when it was taken.

        Effects of the event are applied by the caller (``course.take``).
        """
        source = self.state.phase
        # most stops ask for no facts, and working them out is a third of a stop's time
        facts = self.facts(request) if self.workflow.asks(source, event) else _NO_FACTS
        phase, refusals = self.workflow.advance(source, event, facts)
        by = request.by if request else ""
        if refusals:
            if request is not None:
                self.note(Refused, what=event.value, words=refusals, by=by)
            return refusals
        self.set(phase=phase, phase_ns=self.now_ns)
        self.note(PhaseChanged, source=source.value, event=event.value, phase=phase.value, by=by)
        return ()

    def note_ledger(self) -> None:
        """Record the open account as it stands."""
        account, duct = self.state.ledger.account, self.state.duct
        if account is None:
            return
        self.note(
            LedgerChanged,
            duct=duct.number if duct else 0,
            low_nl=account.low_nl,
            high_nl=account.high_nl,
            intent_nl=account.intent_nl,
            side_day_low_nl=side_day_low_nl(self.state.ledger),
            side_day_high_nl=side_day_high_nl(self.state.ledger),
        )

    def note_resume(self) -> None:
        """Record what a restart needs."""
        self.note(Resume, state=recovery.keep(self.state))
