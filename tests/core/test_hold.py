"""The hold gate, row by row of the table in the console facts (6.4), for the wired switch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state_machine import hold as hold_gate
from state_machine.hold import Wired
from state_machine.limits import Limits
from state_machine.state import Hold, HoldAction, HoldPhase, Phase, Screen
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fixtures import NOW_NS, replace, state

LIMITS = Limits(resume_window_ns=20 * NS_PER_S)
PRESSED, RELEASED = Wired(True, False, True), Wired(False, False, True)
UNSEEN = Wired(True, False, True, seen=False)
STALE, BROKEN = Wired(True, False, False), Wired(True, True, True)
MS, S = NS_PER_MS, NS_PER_S
CLOSED, READY, OPEN, LIFT = HoldPhase.CLOSED, HoldPhase.READY, HoldPhase.OPEN, HoldPhase.LIFT


def armed(action=HoldAction.INJECT) -> Hold:
    """Armed now, the switch seen released for a second."""
    return hold_gate.arm(Hold(released_ns=NOW_NS - S), action, NOW_NS)


def after(hold, *switches, late=False, step_ns=50 * MS, limits=LIMITS) -> Hold:
    """One pass per switch reading."""
    now_ns = max(NOW_NS, hold.since_ns)
    for switch in switches:
        now_ns += step_ns
        hold = hold_gate.advance(hold, switch, late, limits, now_ns)
    return hold


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("switch", [PRESSED, RELEASED, STALE, BROKEN])
@pytest.mark.parametrize("late", [False, True])
def test_closed_opens_for_nothing(switch, late):
    hold = after(Hold(), switch, RELEASED, PRESSED, RELEASED, PRESSED, late=late)
    assert hold.phase is CLOSED
    assert not any(hold_gate.is_open(hold, action) for action in HoldAction)


def test_armed_a_press_opens_and_a_release_is_ready_again():
    hold = armed()
    assert (hold.phase, hold.action) == (READY, HoldAction.INJECT)
    hold = after(hold, RELEASED, PRESSED)
    assert hold_gate.is_open(hold, HoldAction.INJECT)
    assert not hold_gate.is_open(hold, HoldAction.PRIME)
    hold = after(hold, PRESSED, PRESSED)
    assert hold.phase is OPEN
    hold = after(hold, RELEASED)
    assert (hold.phase, hold.why) == (READY, "")
    assert after(hold, PRESSED).phase is OPEN


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_level_never_opens_only_a_press_does():
    hold = after(replace(armed(), released_ns=0), PRESSED)
    assert hold.phase is CLOSED
    assert "already pressed" in hold.why


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-USE-ERROR")
@pytest.mark.parametrize(
    ("switch", "late", "words"),
    [
        (STALE, False, "not heard in time"),
        (BROKEN, False, "contradict"),
        (PRESSED, True, "late"),
        (UNSEEN, False, "screen is not live"),
    ],
)
@pytest.mark.parametrize("start", ["ready", "open", "lift"])
def test_anything_abnormal_closes_for_good(switch, late, words, start):
    hold = armed()
    if start != "ready":
        hold = after(hold, PRESSED)
    if start == "lift":
        hold = hold_gate.lift(hold, hold.since_ns)
    hold = after(hold, switch, late=late)
    assert hold.phase is CLOSED
    assert hold.action is HoldAction.NONE
    assert words in hold.why
    assert after(hold, RELEASED, PRESSED).phase is CLOSED


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(
    ("action", "life_ns"),
    [
        (HoldAction.INJECT, 30 * S),
        (HoldAction.PRIME, 30 * S),
        (HoldAction.EXPOSE, 15 * S),
    ],
)
def test_ready_ends_by_itself(action, life_ns):
    hold = armed(action)
    assert hold_gate.ready_until_ns(hold, LIMITS) == NOW_NS + life_ns
    assert after(hold, RELEASED, step_ns=life_ns - 1).phase is READY
    expired = after(hold, RELEASED, step_ns=life_ns)
    assert expired.phase is CLOSED
    assert "armed too long" in expired.why
    assert after(hold, PRESSED, step_ns=life_ns).phase is CLOSED  # not even by a press just then
    assert after(hold, RELEASED, step_ns=life_ns + 1).phase is CLOSED  # nor when looked at late


@pytest.mark.hazard("HZ-USE-ERROR")
def test_after_a_release_the_resume_window_runs():
    hold = after(armed(), PRESSED, RELEASED)
    assert hold_gate.ready_until_ns(hold, LIMITS) == hold.since_ns + 20 * S
    assert after(hold, RELEASED, step_ns=20 * S - 1).phase is READY
    assert after(hold, RELEASED, step_ns=20 * S).phase is CLOSED
    again = hold_gate.arm(hold, HoldAction.INJECT, NOW_NS)
    assert hold_gate.ready_until_ns(again, LIMITS) == NOW_NS + 30 * S


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_checkpoint_needs_release_then_press():
    hold = hold_gate.lift(after(armed(), PRESSED), NOW_NS + S)
    assert hold.phase is LIFT
    assert not hold_gate.is_open(hold, HoldAction.INJECT)
    assert after(hold, PRESSED, PRESSED).phase is LIFT
    assert after(hold, PRESSED, RELEASED).phase is READY
    assert after(hold, RELEASED, PRESSED).phase is OPEN


@pytest.mark.parametrize("hold", [Hold(), armed(), hold_gate.lift(after(armed(), PRESSED), NOW_NS)])
def test_lift_moves_only_an_open_hold(hold):
    assert hold_gate.lift(hold, NOW_NS + S) is hold


def test_an_injection_may_be_held_as_long_as_it_takes():
    hold = after(armed(), PRESSED)
    assert after(hold, *[PRESSED] * 10, step_ns=60 * S).phase is OPEN


@pytest.mark.hazard("HZ-EXPOSURE")
def test_an_exposure_is_one_press_of_bounded_length():
    hold = after(armed(HoldAction.EXPOSE), PRESSED)
    assert after(hold, PRESSED, step_ns=10 * S - 1).phase is OPEN
    long = after(hold, PRESSED, step_ns=10 * S)
    assert long.phase is CLOSED
    assert "held longer" in long.why
    assert after(hold, PRESSED, step_ns=10 * S + 1).phase is CLOSED  # looked at late
    released = after(hold, RELEASED)
    assert released.phase is CLOSED
    assert "arm the exposure again" in released.why


@pytest.mark.hazard("HZ-USE-ERROR")
def test_arming_needs_the_switch_seen_released_for_200_ms():
    hold = after(Hold(), RELEASED)
    since_ns = hold.released_ns
    assert since_ns == NOW_NS + 50 * MS
    assert not hold_gate.may_arm(hold, LIMITS, since_ns + 200 * MS - 1)
    assert hold_gate.may_arm(hold, LIMITS, since_ns + 200 * MS)
    for spoils in (PRESSED, STALE, BROKEN, Wired(False, True, True), Wired(False, False, False)):
        assert after(hold, spoils).released_ns == 0
        assert not hold_gate.may_arm(after(hold, spoils), LIMITS, since_ns + 10 * S)


def test_closing_says_why_and_keeps_the_first_reason():
    hold = hold_gate.close(armed(), "first", NOW_NS)
    assert hold_gate.close(hold, "second", NOW_NS + S) is hold
    assert hold.why == "first"


EVENTS = st.sampled_from([PRESSED, RELEASED, STALE, BROKEN, "arm", "lift", "close", "late"])


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@given(st.lists(st.tuples(EVENTS, st.sampled_from([10 * MS, 150 * MS, S, 20 * S])), max_size=40))
def test_open_only_after_arm_then_release_then_press_all_fresh(events):
    hold, now_ns, armed_ns, seen_up = Hold(), NOW_NS, 0, False
    for event, span_ns in events:
        now_ns += span_ns
        if event == "arm":
            if hold_gate.may_arm(hold, LIMITS, now_ns):
                hold, armed_ns, seen_up = (
                    hold_gate.arm(hold, HoldAction.INJECT, now_ns),
                    now_ns,
                    True,
                )
        elif event == "lift":
            seen_up = seen_up and hold.phase is not OPEN
            hold = hold_gate.lift(hold, now_ns)
        elif event == "close":
            hold, armed_ns = hold_gate.close(hold, "why", now_ns), 0
        else:
            switch = PRESSED if event == "late" else event
            was = hold.phase
            hold = hold_gate.advance(hold, switch, event == "late", LIMITS, now_ns)
            if hold.phase is OPEN:
                assert armed_ns
                assert switch == PRESSED
                assert event != "late"
                assert was is OPEN or seen_up
            if hold.phase is CLOSED:
                armed_ns = 0
            seen_up = seen_up or switch == RELEASED
            if switch in (STALE, BROKEN):
                assert hold.phase is CLOSED


def test_what_the_switch_said_cannot_be_changed_in_place():
    switch: Any = PRESSED
    with pytest.raises(AttributeError):
        switch.pressed = False


# --- the console's view ------------------------------------------------------------------------

DRAWN = Screen(on=True, beat_count=7, drawn_ns=NOW_NS - 100 * MS)


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(
    ("action", "limit_ms"),
    [(HoldAction.INJECT, 400), (HoldAction.PRIME, 400), (HoldAction.EXPOSE, 200)],
)
def test_a_console_is_seen_while_what_it_has_drawn_is_fresh(action, limit_ms):
    made = state(Phase.ARM, screen=DRAWN)
    until_ns = DRAWN.drawn_ns + limit_ms * MS
    assert hold_gate.view_until_ns(DRAWN, action, made.profile.limits) == until_ns
    assert hold_gate.is_seen(made, action, until_ns - 1)
    assert hold_gate.is_seen(made, action, until_ns)
    assert not hold_gate.is_seen(made, action, until_ns + 1)
    nothing_drawn = replace(made, screen=Screen(on=True))
    assert not hold_gate.is_seen(nothing_drawn, action, 1)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_without_a_console_it_depends_on_the_room():
    free = state(Phase.ARM)
    assert hold_gate.is_seen(free, HoldAction.INJECT, NOW_NS)
    required = replace(free, profile=replace(free.profile, console_required=True))
    assert not hold_gate.is_seen(required, HoldAction.INJECT, NOW_NS)
