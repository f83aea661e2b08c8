"""Nobody sees the room while a cannula is in: it is told aloud, after one second."""

import pytest

from state_machine import alarms
from state_machine.readings import Readings
from state_machine.requests import ClientGone, Console, Role, ViewBeat
from state_machine.sight import UNSEEN_NS
from state_machine.state import Duct, Injection, Phase, Screen
from state_machine.step import step
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fixtures import NOW_NS, injecting, readings, replace, state

pytestmark = pytest.mark.hazard("HZ-STALE-DATA")
S, MS = NS_PER_S, NS_PER_MS
UNSEEN = {"nobody-sees", "nobody-sees-flow"}


def told(made, now_ns=NOW_NS, known: Readings | None = None):
    found = alarms.update((), made, known or readings(now_ns), now_ns)
    return {alarm.name for alarm in found} & UNSEEN


def seen(ago_ns=0, **changes):
    """A console is declared, and has drawn the room so long ago."""
    return state(screen=Screen(on=True), shown_ns=NOW_NS - ago_ns, **changes)


def test_a_second_without_anybody_is_told():
    assert UNSEEN_NS == S
    assert told(seen(S)) == set()
    assert told(seen(S + 1)) == {"nobody-sees"}
    assert told(seen(S + 1, duct=Duct(1, 3, 1))) == set(), "no cannula is in"


def test_a_room_that_needs_no_console_misses_none():
    assert told(state()) == set()
    needs = state(profile=replace(state().profile, console_required=True))
    assert told(needs) == {"nobody-sees"}
    assert told(replace(needs, shown_ns=NOW_NS - S)) == set()


def test_with_a_cannula_just_placed_there_is_a_second_too():
    placed = {"duct": Duct(1, 3, 1, cannula_in_ns=NOW_NS - S), "phase_ns": NOW_NS - S}
    assert told(seen(60 * S, **placed)) == set()
    assert told(seen(60 * S, **placed), NOW_NS + 1) == {"nobody-sees"}


def test_after_a_restart_the_instant_of_another_boot_does_not_count():
    later = Duct(1, 3, 1, cannula_in_ns=NOW_NS + 3_600 * S)
    assert told(seen(60 * S, duct=later, phase=Phase.RECOVERY, phase_ns=0)) == {"nobody-sees"}


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.COMPRESSION, Phase.REVIEW, Phase.SETTLE])
def test_it_goes_by_the_cannula_and_not_by_the_phase(phase):
    assert told(seen(2 * S, phase=phase)) == {"nobody-sees"}


def test_while_contrast_flows_it_is_high():
    scene = injecting().but(state={"screen": Screen(on=True), "shown_ns": NOW_NS - S - 1})
    assert told(scene.state, known=scene.readings) == {"nobody-sees-flow"}


def test_contrast_that_flowed_after_the_last_view_is_high_too():
    stopped = Injection(number=1, ended_ns=NOW_NS - 2 * S)
    assert told(seen(2 * S + 1, injection=stopped)) == {"nobody-sees-flow"}
    assert told(seen(2 * S, injection=stopped)) == {"nobody-sees"}, "that was seen"


class Talk:
    """A page's connection."""

    def __init__(self):
        self.state, self.now_ns = state(), NOW_NS
        self.beat = 0

    def tell(self, *requests, after_ns=100 * MS):
        self.now_ns += after_ns
        done = step(self.state, readings(self.now_ns), requests, self.now_ns)
        self.state, self.wake_at_ns = done.state, done.wake_at_ns
        return {alarm.name for alarm in done.alarms} & UNSEEN

    def view(self):
        self.beat += 1
        t_ms = self.now_ns // MS
        return ViewBeat(by="T", role=Role.TECHNOLOGIST, connection=3, beat=self.beat, t_ms=t_ms)


def test_from_the_pages_view_to_its_end_and_back():
    talk = Talk()
    console = Console(by="T", role=Role.TECHNOLOGIST, connection=3)
    talk.tell(console, talk.view())
    talk.tell(talk.view())
    gone_ns = talk.state.shown_ns + UNSEEN_NS
    talk.tell(ClientGone(by="c", role=Role.SERVICE, connection=3))
    assert talk.wake_at_ns <= gone_ns + 1, "the step is woken in time"
    assert talk.tell(after_ns=gone_ns - talk.now_ns) == set()
    assert talk.tell(after_ns=1) == {"nobody-sees"}
    talk.beat = 0
    talk.tell(replace(console, connection=3), talk.view())
    assert talk.tell(talk.view()) == set(), "a live screen again: the line goes"


def test_a_page_that_says_it_lives_and_draws_nothing_is_no_view():
    talk = Talk()
    console = Console(by="T", role=Role.TECHNOLOGIST, connection=3)
    talk.tell(console, talk.view())
    old_ms = talk.state.shown_ns // MS
    for _ in range(12):
        raised = talk.tell(replace(talk.view(), t_ms=old_ms))
    assert raised == {"nobody-sees"}


def test_a_console_that_was_withdrawn_is_not_missed():
    talk = Talk()
    console = Console(by="T", role=Role.TECHNOLOGIST, connection=3)
    talk.tell(console, talk.view())
    talk.tell(replace(console, on=False))
    assert talk.tell(after_ns=5 * S) == set()
