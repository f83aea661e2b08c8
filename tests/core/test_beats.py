"""A hold on a screen, row by row of the table in the console facts (6.4), and its property."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state_machine import beats
from state_machine import hold as hold_gate
from state_machine.hold import Wired
from state_machine.requests import (
    Console,
    HoldBeat,
    HoldBegin,
    HoldEnd,
    HoldEndWhy,
    Role,
    ViewBeat,
)
from state_machine.state import (
    Hold,
    HoldAction,
    Holder,
    HoldPhase,
    HoldSource,
    Phase,
    Screen,
)
from state_machine.step import step
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fixtures import NOW_NS, readings, replace, state

MS, S = NS_PER_MS, NS_PER_S
CLOSED, READY, OPEN, LIFT = HoldPhase.CLOSED, HoldPhase.READY, HoldPhase.OPEN, HoldPhase.LIFT
INJECT, EXPOSE = HoldAction.INJECT, HoldAction.EXPOSE
BY, ROLE, TOKEN, CONNECTION = "T. Weber", Role.TECHNOLOGIST, "5f" * 16, 3
HOLDER = Holder(TOKEN, CONNECTION, BY, ROLE)
UP = Wired(False, False, True)
DOWN = Wired(True, False, True)
HELD = "HZ-UNCOMMANDED-MOTION"


class Story:
    """A state, and a page that talks about its hold."""

    def __init__(self, action=INJECT, at_ns=NOW_NS):
        self.now_ns = at_ns
        self.n = 0
        made = state(Phase.ARMED)
        screen = Screen(
            on=True,
            connection=CONNECTION,
            drawn_ns=at_ns,
            beat_ns=at_ns,
            since_ns=at_ns - 9 * S,
            up_ns=at_ns - S,
        )
        ready = hold_gate.arm(Hold(released_ns=at_ns - S), action, at_ns, HOLDER)
        profile = replace(made.profile, console_holds=True)
        self.state = replace(made, profile=profile, hold=ready, screen=screen)
        self.refused = ""

    @property
    def limits(self):
        return self.state.profile.limits

    @property
    def phase(self):
        return self.state.hold.phase

    @property
    def why(self):
        return self.state.hold.why

    def wait(self, span_ms, switch=UP, late=False):
        self.now_ns += span_ms * MS
        return self.look(switch, late)

    def look(self, switch=UP, late=False):
        """The pass's own look at the hold, before what people say."""
        seen = hold_gate.is_seen(self.state, self.state.hold.action, self.now_ns)
        switch = replace(switch, seen=seen)
        hold = hold_gate.advance(self.state.hold, switch, late, self.limits, self.now_ns)
        self.state = replace(self.state, hold=hold)
        return self

    def say(self, kind, drawn_ms=0, **changes):
        """A message whose page drew a snapshot of ``drawn_ms`` ago."""
        if "beat" not in changes:
            self.n += 1
        fields = {"by": BY, "role": ROLE, "connection": CONNECTION, "token": TOKEN, "beat": self.n}
        if kind is not HoldEnd:
            fields["t_ms"] = self.now_ns // MS - drawn_ms
        beaten = beats.take(self.state, kind(**fields | changes), self.now_ns)
        self.state = replace(self.state, hold=beaten.hold, screen=beaten.screen)
        self.refused = beaten.refused
        return self

    def begin(self, **changes):
        return self.say(HoldBegin, **changes)

    def beat(self, **changes):
        return self.say(HoldBeat, **changes)

    def end(self, why=HoldEndWhy.RELEASE, **changes):
        return self.say(HoldEnd, why=why, **changes)

    def lift(self):
        self.state = replace(self.state, hold=hold_gate.lift(self.state.hold, self.now_ns))
        return self

    def is_dead(self):
        """Closed, and nothing a page says opens it again."""
        assert self.phase is CLOSED
        assert self.state.hold.holder is None
        return self.begin().phase is CLOSED and self.beat().phase is CLOSED


# --- rows -----------------------------------------------------------------------------------------


def test_armed_and_pressed_it_is_open():
    story = Story().wait(50).begin()
    assert hold_gate.is_open(story.state.hold, INJECT)
    assert story.state.hold.source is HoldSource.CONSOLE
    assert not story.refused


@pytest.mark.hazard(HELD)
@pytest.mark.parametrize("kind", [HoldBegin, HoldBeat])
def test_closed_opens_for_nothing(kind):
    story = Story()
    story.state = replace(story.state, hold=Hold())
    assert story.say(kind).phase is CLOSED
    assert "nothing is armed" in story.refused


@pytest.mark.hazard(HELD)
def test_armed_for_the_switch_alone_no_page_opens_it():
    story = Story()
    story.state = replace(story.state, hold=replace(story.state.hold, holder=None))
    assert story.begin().phase is READY
    assert "nothing is armed for this page" in story.refused


@pytest.mark.hazard(HELD)
def test_a_beat_never_starts_a_hold():
    story = Story().wait(50).beat()
    assert (story.phase, story.refused) == (READY, "nothing is held: press the pad anew")
    story.n = 0
    assert story.begin().phase is OPEN


@pytest.mark.hazard(HELD)
def test_a_pad_that_was_not_seen_let_go_never_opens():
    story = Story()
    story.state = replace(story.state, screen=replace(story.state.screen, up_ns=0))
    assert "not seen let go" in story.begin().why


def test_a_beat_keeps_it_open():
    story = Story().begin()
    for _ in range(100):
        assert story.wait(50).beat().phase is OPEN
    assert story.state.hold.beat_count == 101


@pytest.mark.parametrize("why", list(HoldEndWhy))
def test_only_a_finger_that_lets_go_may_press_again(why):
    story = Story().begin().wait(50).end(why)
    if why in beats.PLAIN:
        assert (story.phase, story.why) == (READY, "")
        assert story.wait(50).begin().phase is OPEN
    else:
        assert why.value in story.why
        assert story.is_dead()


@pytest.mark.hazard("HZ-EXPOSURE")
def test_an_exposure_let_go_is_over():
    story = Story(EXPOSE).begin().wait(25).end()
    assert story.why == hold_gate.EXPOSE_RELEASED
    assert story.is_dead()


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_checkpoint_needs_release_then_press():
    story = Story().begin().wait(50).lift()
    assert story.wait(50).beat().phase is LIFT
    assert story.wait(50).end().phase is READY
    assert story.wait(50).begin().phase is OPEN
    pressed_on = Story().begin().wait(50).lift().begin()
    assert "pressed twice" in pressed_on.why
    assert pressed_on.is_dead()


WRONG = [
    ({"beat": 1}, "hold message 1 instead of 3"),
    ({"beat": 2}, "hold message 2 instead of 3"),
    ({"beat": 4}, "hold message 4 instead of 3"),
    ({"token": "0" * 32}, "another token"),
    ({"token": ""}, "another token"),
    ({"connection": 4}, "another page"),
    ({"by": "Dr. Rossi"}, "another person"),
    ({"role": Role.SERVICE}, "another person"),
]


@pytest.mark.hazard(HELD, "HZ-STALE-DATA")
@pytest.mark.parametrize(("changes", "words"), WRONG)
@pytest.mark.parametrize("kind", [HoldBegin, HoldBeat, HoldEnd])
def test_gap_repeat_wrong_token_wrong_owner_are_dead(kind, changes, words):
    story = Story().begin().wait(50).beat().wait(50).say(kind, **changes)
    assert words in story.why
    assert story.refused == story.why
    assert story.is_dead()


@pytest.mark.hazard(HELD)
def test_the_first_press_said_again_after_a_release_is_no_press():
    story = Story().begin().wait(50).end().wait(50).begin(beat=1)
    assert story.is_dead()


@pytest.mark.hazard(HELD)
def test_pressed_twice_is_dead():
    story = Story().begin().wait(50).begin()
    assert "pressed twice" in story.why
    assert story.is_dead()


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(("action", "limit_ms"), [(INJECT, 250), (EXPOSE, 125)])
def test_no_beat_in_time_is_dead(action, limit_ms):
    for over_ms in (-1, 0):
        story = Story(action).begin()
        story.state = replace(story.state, screen=replace(story.state.screen, drawn_ns=NOW_NS * 2))
        assert story.wait(limit_ms + over_ms).phase is OPEN, "at exactly the limit it lives"
    assert hold_gate.beat_until_ns(story.state.hold, story.limits) == NOW_NS + limit_ms * MS
    story.now_ns += 1
    assert "not heard in time" in story.look().why
    assert story.is_dead()


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(("action", "limit_ms"), [(INJECT, 400), (EXPOSE, 200)])
def test_what_was_drawn_must_be_fresh(action, limit_ms):
    for kind in (HoldBegin, HoldBeat):
        for drawn_ms, opens in ((limit_ms, True), (limit_ms + 1, False)):
            story = Story(action)
            story.state = replace(story.state, screen=replace(story.state.screen, drawn_ns=1))
            if kind is HoldBeat:
                story.begin(drawn_ms=limit_ms)
                story.now_ns += (drawn_ms - limit_ms) * MS
            story.say(kind, drawn_ms=drawn_ms)
            assert (story.phase is OPEN) is opens
            if not opens:
                assert "screen is not live" in story.why
                assert story.is_dead()


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(("action", "beat_ms", "limit_ms"), [(INJECT, 50, 400), (EXPOSE, 25, 200)])
def test_beats_without_a_new_picture_end_it(action, beat_ms, limit_ms):
    story = Story(action).begin()
    for _ in range(limit_ms // beat_ms):
        story.wait(beat_ms).beat(drawn_ms=(story.now_ns - NOW_NS) // MS)
    assert story.phase is OPEN
    assert "screen is not live" in story.wait(1).why
    assert story.is_dead()


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize("drawn_ms", [60, -1])
def test_an_older_picture_or_one_to_come_is_dead(drawn_ms):
    story = Story().wait(50).begin().wait(50).beat(drawn_ms=drawn_ms)
    assert "not of a snapshot" in story.why
    assert story.is_dead()


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_late_controller_forgets_the_hold():
    assert "late" in Story().begin().wait(60, late=True).why
    assert Story().begin().wait(60, late=True).is_dead()


@pytest.mark.hazard("HZ-STALE-DATA")
def test_switches_unheard_end_a_hold_on_the_screen_too():
    assert Story().begin().wait(50, Wired(False, False, False)).is_dead()
    assert Story().begin().wait(50, Wired(False, True, True)).is_dead()


def test_armed_too_long_is_dead():
    story = Story()
    story.state = replace(story.state, screen=replace(story.state.screen, drawn_ns=NOW_NS * 2))
    assert story.wait(30_000).is_dead()


def test_an_end_after_the_end_is_no_error():
    story = Story().begin().wait(50).end(HoldEndWhy.HIDDEN).end(HoldEndWhy.LEFT)
    assert story.refused == ""


# --- two hands ------------------------------------------------------------------------------------


def test_the_switch_goes_on_as_before_where_a_page_may_hold_too():
    story = Story().wait(50, DOWN)
    assert (story.phase, story.state.hold.source) == (OPEN, HoldSource.SWITCH)
    story.say(HoldBegin)
    assert "pressed twice" in story.why


def test_the_switch_does_not_let_go_for_the_pad():
    story = Story().begin().wait(50, DOWN).wait(50, UP)
    assert story.phase is OPEN
    assert "already pressed" in Story().begin().wait(50, DOWN).end().wait(50, DOWN).why


# --- the console's view ---------------------------------------------------------------------------

DRAWN = Screen(on=True, beat_count=7, drawn_ns=NOW_NS - 100 * MS, beat_ns=NOW_NS - 50 * MS)


def view(**changes):
    fields: dict[str, Any] = {"by": BY, "role": ROLE, "beat": 8, "t_ms": NOW_NS // MS}
    return ViewBeat(**fields | changes)


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(
    ("beat", "ago_ms", "taken"),
    [
        (8, 0, True),
        (80, 100, True),  # the same snapshot is still the newest
        (7, 0, False),  # repeated
        (6, 0, False),
        (8, 101, False),  # older than the one before: out of a queue
        (8, -1, False),  # not drawn yet
    ],
)
def test_a_view_counts_up_and_echoes_a_snapshot(beat, ago_ms, taken):
    t_ms, limits = NOW_NS // MS - ago_ms, state(Phase.ARM).profile.limits
    made: Any = beats.viewed(DRAWN, view(beat=beat, t_ms=t_ms), NOW_NS, limits)
    if taken:
        assert (made.beat_count, made.drawn_ns, made.beat_ns) == (beat, t_ms * MS, NOW_NS)
    else:
        newest = f"beat 7, t_ms {NOW_NS // MS - 100}, or not of a snapshot that was sent"
        assert made == f"beat {beat}, t_ms {t_ms}: not after {newest}"
    assert "declare" in str(beats.viewed(replace(DRAWN, on=False), view(), NOW_NS, limits))


@pytest.mark.hazard("HZ-USE-ERROR")
def test_the_pad_must_be_seen_up_for_200_ms_where_it_may_hold():
    made = state(Phase.ARM, screen=DRAWN)
    limits = made.profile.limits
    may = replace(made, profile=replace(made.profile, console_holds=True))
    assert beats.is_up(made, NOW_NS)
    assert not beats.is_up(may, NOW_NS)
    up: Any = beats.viewed(DRAWN, view(up=True), NOW_NS, limits)
    assert not beats.is_up(replace(may, screen=up), NOW_NS + 200 * MS - 1)
    assert beats.is_up(replace(may, screen=up), NOW_NS + 200 * MS)
    again: Any = beats.viewed(up, view(beat=9, up=True), NOW_NS + 10 * MS, limits)
    assert again.up_ns == NOW_NS
    down = beats.viewed(up, view(beat=9), NOW_NS + 10 * MS, limits)
    assert not beats.is_up(replace(may, screen=down), NOW_NS + 10 * S)
    assert beats.is_up(replace(may, screen=Screen()), NOW_NS)


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-USE-ERROR")
@pytest.mark.parametrize(("action", "limit_ms"), [(INJECT, 150), (EXPOSE, 100)])
def test_a_slow_console_arms_nothing_for_5_s(action, limit_ms):
    made = state(Phase.ARM, screen=Screen(on=True))
    limits = made.profile.limits

    def told(screen, ages_ms, period_ms=100):
        now_ns = NOW_NS
        for number, age_ms in enumerate(ages_ms):
            now_ns += period_ms * MS
            t_ms = (now_ns - age_ms * MS) // MS
            made_ = beats.viewed(screen, view(beat=number + 1, t_ms=t_ms), now_ns, limits)
            assert isinstance(made_, Screen), made_
            screen = made_
        return screen, now_ns

    def quick(screen, now_ns):
        return beats.is_quick(replace(made, screen=screen), action, now_ns)

    first = Screen(on=True)
    assert not quick(first, NOW_NS)
    screen, now_ns = told(first, [limit_ms] * 50)
    assert not quick(screen, now_ns), "not 5 s yet"
    screen, now_ns = told(first, [limit_ms] * 51)
    assert quick(screen, now_ns)
    silent_ms = 100 + limit_ms
    assert quick(screen, now_ns + silent_ms * MS)
    assert not quick(screen, now_ns + silent_ms * MS + 1), "nothing heard for too long"
    screen, now_ns = told(first, [60] * 20 + [limit_ms + 1] + [60] * 49)
    assert not quick(screen, now_ns), "one late view within 5 s"
    screen, now_ns = told(first, [60] * 20 + [limit_ms + 1] + [60] * 50)
    assert quick(screen, now_ns)
    assert beats.is_quick(replace(made, screen=Screen()), action, NOW_NS)
    gap = replace(screen, beat_count=0, drawn_ns=0)
    late = beats.viewed(gap, view(t_ms=now_ns // MS), now_ns + (silent_ms + 1) * MS, limits)
    assert not beats.is_quick(replace(made, screen=late), action, now_ns + 5 * S), "a gap counts"


@pytest.mark.hazard(HELD)
def test_only_the_controlling_consoles_arming_gets_a_holder():
    arm = HoldBegin(by=BY, role=ROLE, connection=CONNECTION)
    made = Story().state
    assert beats.holder_of(made, arm, TOKEN, "plan") == replace(HOLDER, plan="plan")
    assert beats.holder_of(made, None, TOKEN, "") is None
    assert beats.holder_of(made, arm, "", "") is None
    assert beats.holder_of(made, replace(arm, connection=4), TOKEN, "") is None
    assert beats.holder_of(replace(made, screen=Screen()), arm, TOKEN, "") is None
    wired = replace(made, profile=replace(made.profile, console_holds=False))
    assert beats.holder_of(wired, arm, TOKEN, "") is None


@pytest.mark.hazard("HZ-USE-ERROR", HELD)
def test_another_console_takes_over_only_by_saying_so_and_ends_the_hold():
    story = Story().begin()
    room = readings()
    other = Console(by="N. Other", role=ROLE, connection=4)
    refused = step(story.state, room, (other,), story.now_ns + MS)
    assert "take over" in refused.replies[0].refusals[0]
    assert refused.state.screen.connection == CONNECTION
    taken = step(story.state, room, (replace(other, take=True),), story.now_ns + MS).state
    assert taken.hold.phase is CLOSED
    assert taken.hold.holder is None
    assert (taken.screen.connection, taken.screen.beat_count) == (4, 0)
    gone = replace(story.state, screen=replace(story.state.screen, gone=True))
    assert step(gone, room, (other,), story.now_ns + MS).state.screen.connection == 4


# --- the property ---------------------------------------------------------------------------------

SAID = st.one_of(
    st.just("beat"),
    st.just("beat"),
    st.just("beat"),
    st.sampled_from(["begin", "end", "lift", "arm", "late", "close"]),
    st.sampled_from(["other-token", "other-page", "other-person", "gap", "stale", "switch"]),
)
STEPS = st.lists(
    st.tuples(SAID, st.sampled_from([0, 20, 50, 124, 125, 126, 249, 250, 251, 400])), max_size=60
)
OTHERS = {
    "other-token": {"token": "0" * 32},
    "other-page": {"connection": 4},
    "other-person": {"by": "Dr. Rossi"},
}


def said_to(story, said, fresh_ms):
    """What happens to the hold; True when it is a press or beat that was taken."""
    acts = {
        "end": story.end,
        "lift": story.lift,
        "stale": lambda: story.beat(drawn_ms=fresh_ms + 1),
        "switch": lambda: story.wait(10, Wired(False, True, True)),
        **{name: (lambda wrong=wrong: story.beat(**wrong)) for name, wrong in OTHERS.items()},
    }
    if said in acts:
        acts[said]()
    elif said == "close":
        closed = hold_gate.close(story.state.hold, "why", story.now_ns)
        story.state = replace(story.state, hold=closed)
    elif said == "gap":
        story.n += 1
        story.beat()
    elif said in ("begin", "beat"):
        count = story.n
        story.begin() if said == "begin" else story.beat()
        if story.refused and story.phase is READY:
            story.n = count  # a beat that was not counted
        return not story.refused
    return False


@pytest.mark.hazard(HELD, "HZ-STALE-DATA")
@given(STEPS, st.sampled_from([INJECT, EXPOSE]))
def test_held_on_a_screen_means_begun_in_this_arming_beating_fresh_and_the_same_hand(steps, action):
    story, begun, last_ns = Story(action), False, 0
    beat_ms, fresh_ms = (125, 200) if action is EXPOSE else (250, 400)
    for said, span_ms in steps:
        story.wait(span_ms, late=said == "late")
        before = story.phase
        if said == "arm" and before is CLOSED:
            story, begun = Story(action, story.now_ns), False
        elif said_to(story, said, fresh_ms):
            begun, last_ns = begun or said == "begin", story.now_ns
        begun = begun and story.phase in (OPEN, LIFT)
        if hold_gate.is_open(story.state.hold, action):
            assert begun
            assert before is OPEN or said == "begin"
            assert story.now_ns - last_ns <= min(beat_ms, fresh_ms) * MS
            assert story.now_ns - story.state.screen.drawn_ns <= fresh_ms * MS
            assert story.state.hold.holder == HOLDER
            assert story.state.hold.source is HoldSource.CONSOLE
