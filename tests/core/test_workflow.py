"""Every row of both tables is walked: taken when all holds, refused in exactly its words."""

import msgspec
import pytest

from state_machine.facts import Facts
from state_machine.phases import Row, Workflow
from state_machine.profile import Order
from state_machine.requests import AUTO_EVENTS, Event
from state_machine.state import Phase
from state_machine.workflows.galactography import ANCHOR, OPEN_PHASES, WORKFLOWS
from tests.core.fixtures import replace

BOOLS = tuple(f for f in Facts.__struct_fields__ if f != "anchor")
ALL = msgspec.convert(dict.fromkeys(BOOLS, True), Facts)
PROBED = [(order, row) for order in Order for row in WORKFLOWS[order].rows]
IDS = [f"{o.value}-{r.source.value}-{r.event.value}-{r.phase.value}" for o, r in PROBED]
STOP_LIKE = (Phase.STOPPED, Phase.EXTRAVASATED, Phase.EMERGENCY, Phase.RECOVERY)


def facts_for(row: Row) -> Facts:
    """All true, and whatever selects this row among its likes."""
    if row.only is None:
        return ALL
    (anchor,) = (p for p in Phase if row.only.holds(replace(ALL, anchor=p)))
    return replace(ALL, anchor=anchor)


def reads(row: Row) -> dict[str, tuple[str, ...]]:
    """Field that some condition of the row reads -> the words it refuses with."""
    facts = facts_for(row)
    found = {}
    for name in BOOLS:
        flipped = replace(facts, **{name: False})
        words = tuple(c.words for c in row.needs if not c.holds(flipped))
        if words:
            found[name] = words
    return found


@pytest.mark.parametrize(("order", "row"), PROBED, ids=IDS)
def test_each_row_is_taken_when_all_its_conditions_hold(order, row):
    workflow = WORKFLOWS[order]
    facts = facts_for(row)
    assert workflow.advance(row.source, row.event, facts) == (row.phase, ())
    found = workflow.row(row.source, row.event, facts)
    assert found == row
    assert row.event in workflow.events(row.source)
    assert row.prompt


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(("order", "row"), PROBED, ids=IDS)
def test_each_condition_alone_refuses_in_exactly_its_words(order, row):
    workflow = WORKFLOWS[order]
    fields = reads(row)
    shown = {words for found in fields.values() for words in found}
    assert shown == {c.words for c in row.needs}
    assert all(not c.holds(Facts()) for c in row.needs), "a default that does not refuse"
    for name, words in fields.items():
        without = replace(facts_for(row), **{name: False})
        assert workflow.advance(row.source, row.event, without) == (row.source, words)


@pytest.mark.parametrize("order", Order)
def test_nothing_is_allowed_on_default_facts_but_what_makes_safer(order):
    """Rows without conditions go back, stop, or record a failure."""
    free = {row.event for row in WORKFLOWS[order].rows if not row.needs}
    assert free == {
        Event.DISARM,
        Event.EXPIRED,
        Event.LOST,
        Event.PAUSED,
        Event.REACHED,
        Event.STOP,
        Event.PAIN,
        Event.FAULT,
        Event.ABORT,
        Event.EMERGENCY,
        Event.ATTEMPT_FAILED,
        Event.NOT_DILATING,
    }


def reachable(order: Order, start: Phase) -> set[Phase]:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for row in WORKFLOWS[order].rows:
            if row.source is here and row.phase not in found:
                found.add(row.phase)
                waiting.append(row.phase)
    return found


@pytest.mark.parametrize("order", Order)
def test_each_phase_is_reached_from_standby(order):
    assert reachable(order, Phase.STANDBY) == set(Phase) - {Phase.RECOVERY}  # by a restart only
    for phase in Phase:
        assert Phase.STANDBY in reachable(order, phase), "a dead end"


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("phase", [Phase.EXTRAVASATED, Phase.EMERGENCY, Phase.RECOVERY])
def test_after_what_went_wrong_nothing_is_injected_in_this_procedure(order, phase):
    rows = WORKFLOWS[order].rows
    found, waiting = {phase}, [phase]
    while waiting:
        here = waiting.pop()
        for row in rows:
            # a stopped procedure resumes where it was stopped, and that is in `found`
            if row.event is Event.RESUME and row.phase not in found:
                continue
            if row.source is here and row.phase not in found | {Phase.STANDBY}:
                found.add(row.phase)
                waiting.append(row.phase)
    assert not found & {Phase.ARM, Phase.ARMED, Phase.INJECTING, Phase.CANNULATE, Phase.LOCATE_DUCT}


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-STOP-FAILS")
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("phase", OPEN_PHASES, ids=lambda p: p.value)
def test_each_open_phase_can_be_stopped(order, phase):
    workflow = WORKFLOWS[order]
    events = set(workflow.events(phase))
    if phase not in STOP_LIKE:
        for event in (Event.STOP, Event.PAIN, Event.FAULT):
            assert workflow.advance(phase, event, Facts()) == (Phase.STOPPED, ())
    if phase is not Phase.EMERGENCY:
        assert workflow.advance(phase, Event.EMERGENCY, Facts()) == (Phase.EMERGENCY, ())
    if phase is not Phase.EXTRAVASATED:
        named = Facts(by_named=True)
        assert workflow.advance(phase, Event.EXTRAVASATION, named) == (Phase.EXTRAVASATED, ())
    if phase not in (Phase.DECANNULATE, Phase.AFTERCARE):
        assert Event.ABORT in events


@pytest.mark.parametrize("phase", tuple(ANCHOR), ids=lambda p: p.value)
def test_a_stopped_procedure_goes_on_where_it_was_stopped_never_inside_a_hold(phase):
    workflow = WORKFLOWS[Order.CANNULA_IN]
    anchor = ANCHOR[phase]
    facts = replace(ALL, anchor=anchor)
    assert workflow.advance(Phase.STOPPED, Event.RESUME, facts) == (anchor, ())
    inside = {Phase.ARMED, Phase.INJECTING, Phase.HOLDING, Phase.EXPOSURE_ARMED, Phase.ARM_CONFIRM}
    assert anchor not in inside


def test_resume_without_an_anchor_says_so():
    workflow = WORKFLOWS[Order.CANNULA_IN]
    phase, words = workflow.advance(Phase.STOPPED, Event.RESUME, ALL)
    assert phase is Phase.STOPPED
    assert "the procedure was not stopped in arm" in words
    assert len(words) == len(set(ANCHOR.values()))


@pytest.mark.parametrize("order", Order)
def test_events_that_ask_for_facts_are_told_from_those_that_do_not(order):
    workflow = WORKFLOWS[order]
    for phase in Phase:
        for event in workflow.events(phase):
            rows = [row for row in workflow.rows if (row.source, row.event) == (phase, event)]
            assert workflow.asks(phase, event) == any(row.only or row.needs for row in rows)
    assert not workflow.asks(Phase.INJECTING, Event.STOP)
    assert workflow.asks(Phase.ARM, Event.ARM)


@pytest.mark.parametrize("order", Order)
def test_an_impossible_event_is_refused_in_words(order):
    workflow = WORKFLOWS[order]
    for phase in Phase:
        for event in set(Event) - set(workflow.events(phase)):
            words = (f"'{event.value}' is not possible in '{phase.value}'",)
            assert workflow.advance(phase, event, ALL) == (phase, words)
            assert workflow.refusals(phase, event, ALL) == ()


def test_each_event_has_a_row_somewhere():
    rows = {row.event for order in Order for row in WORKFLOWS[order].rows}
    assert rows == set(Event)
    assert rows >= AUTO_EVENTS


def test_two_rows_of_one_source_and_event_must_tell_themselves_apart():
    row = WORKFLOWS[Order.CANNULA_IN].rows[0]
    with pytest.raises(ValueError, match=r"two rows for standby \+ open"):
        Workflow((row, row))
    resume = [r for r in WORKFLOWS[Order.CANNULA_IN].rows if r.only is not None]
    with pytest.raises(ValueError, match="two rows for stopped"):
        Workflow((*resume, resume[0]._replace(only=None)))
    with pytest.raises(ValueError, match="two rows for stopped"):
        Workflow((resume[0]._replace(only=None), *resume))


def test_an_event_that_no_row_of_the_table_has_is_refused_too():
    small = Workflow((WORKFLOWS[Order.CANNULA_IN].rows[0],))
    _phase, words = small.advance(Phase.STANDBY, Event.STOP, ALL)
    assert words == ("'stop' is not possible in 'standby'",)
