"""What the procedure waits for, and whose action is next, from the rows of the table."""

from typing import Final

import msgspec

from state_machine import codes
from state_machine.facts import gather
from state_machine.phases import Actor
from state_machine.readings import Readings
from state_machine.requests import Event
from state_machine.state import State
from state_machine.workflows.galactography import WORKFLOWS

ANYWHERE: Final = frozenset(
    {Event.STOP, Event.PAIN, Event.ABORT, Event.EXTRAVASATION, Event.EMERGENCY, Event.FAULT}
)
"""Events that are possible everywhere and are not the way forward."""


class Way(msgspec.Struct, frozen=True):
    """One event that is possible in this phase."""

    event: Event
    actor: Actor
    prompt: str
    """What the actor does when nothing is missing."""
    waits_for: tuple[str, ...]
    """What is missing, in the words of the row; empty = it may be done now."""
    missing: tuple[str, ...]
    """The same as codes, in the same order."""


def ways(state: State, readings: Readings, now_ns: int) -> tuple[Way, ...]:
    """The ways on from here, the one forward first."""
    late = readings.host.late_ns > state.profile.limits.late_pass_ns
    facts = gather(state, readings, now_ns, late)
    workflow = WORKFLOWS[state.profile.order]
    found = []
    for event in workflow.events(state.phase):
        row = workflow.row(state.phase, event, facts)
        if event not in ANYWHERE and row is not None:
            words = workflow.refusals(state.phase, event, facts)
            found.append(Way(event, row.actor, row.prompt, words, codes.of(words)))
    return tuple(found)
