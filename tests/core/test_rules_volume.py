"""Safety rules on volume and record: checkpoints, ceilings, prime, intent before start, zero."""

import pytest

from state_machine import injection
from state_machine import requests as rq
from state_machine.ledger import SideDay
from state_machine.line import LineCheck
from state_machine.readings import Motion
from state_machine.requests import Side
from state_machine.state import Hold, HoldAction, HoldPhase, Phase, Plan, Purpose
from state_machine.step import step
from state_machine.units import NS_PER_MIN
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import DAY, NOW_NS, PATIENT, injecting, profile, readings, state
from tests.core.procedure import People


def begun(ordered_nl: int = 60_000) -> People:
    people = People(FakeRoom(profile()))
    people.open(ordered_nl)
    people.checklist()
    people.set_up()
    return people


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-EXTRAVASATION")
def test_a_switch_that_stays_pressed_goes_no_further_than_the_checkpoint():
    people = begun(ordered_nl=180_000)
    people.prime()
    people.cannulate()
    people.arm()
    people.press()
    people.ticks(1_200)
    assert people.room.state.hold.phase is HoldPhase.LIFT
    assert people.room.true_in_duct // NS_PER_MIN == 50_000


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(("before_nl", "allowed"), [(1_947_490, True), (1_947_491, False)])
def test_no_profile_reaches_past_the_ceiling_of_the_day(before_nl, allowed):
    """52,510 nL may be in the duct when the motion has run; 2 mL in a day is the end."""
    days = (SideDay(PATIENT, Side.LEFT, DAY, high_nl=before_nl),)
    loose = {"side_day_volume_nl": 10**9, "duct_volume_nl": 10**9, "injection_volume_nl": 10**9}
    scene = injecting().but(ledger={"days": days}, limits=loose)
    assert ("volume" in scene.refused()) is not allowed


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(("until_nl", "allowed"), [(1_000_000, True), (1_000_001, False)])
def test_no_profile_reaches_past_the_ceiling_of_an_injection(until_nl, allowed):
    loose = {"side_day_volume_nl": 10**9, "duct_volume_nl": 10**9, "injection_volume_nl": 10**9}
    scene = injecting().but(want={"until_nl": until_nl}, limits=loose)
    assert ("volume" in scene.refused()) is not allowed


@pytest.mark.hazard("HZ-AIR")
def test_less_than_the_lines_dead_space_is_no_prime():
    people = begun()
    people.say(rq.Zero)
    people.wait(lambda room: room.state.line.zeroed)
    people.ticks(60)
    people.say(rq.TipOut, purpose="prime")
    people.room.box.hold = True
    people.wait(lambda room: room.pump.true_moved // NS_PER_MIN > 40_000)
    people.room.box.hold = False
    people.wait(lambda room: room.state.plan is None)
    moved_nl = people.room.pump.true_moved // NS_PER_MIN
    assert 40_000 < moved_nl < people.room.state.profile.line_dead_space_nl
    assert not people.room.state.line.primed
    people.ticks(6)
    people.tip_out("prime")
    assert people.room.state.line.primed


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-RECORD")
@pytest.mark.parametrize(("durable_seq", "runs"), [(49, False), (50, True)])
def test_the_workflow_itself_waits_for_the_intent_on_the_disk(durable_seq, runs):
    plan = Plan(1, Purpose.INJECT, 0, 50_000, 40_000, 100_000, intent_seq=50, rate_nl_min=40_000)
    hold = Hold(HoldPhase.OPEN, HoldAction.INJECT, NOW_NS)
    room = readings(
        pump={"motion": Motion.PREPARED, "motion_id": 1}, journal={"durable_seq": durable_seq}
    )
    wanted = injection.pump_target(state(Phase.INJECTING, plan=plan, hold=hold), room)
    assert wanted.motion_id == 1
    assert wanted.run is runs


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-RECORD")
def test_run_waits_for_the_newest_entry_of_its_pass_the_ledgers_intent_included():
    people = begun()
    people.prime()
    people.cannulate()
    people.arm()
    people.ticks(2)
    plan = people.room.state.plan
    assert plan is not None
    made = [e.seq for e in people.entries if type(e).__name__ in ("MotionIntent", "Resume")]
    assert plan.intent_seq >= max(made)


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize(("shown", "zeroed"), [(0, False), (1, True), (2, False)])
def test_the_line_is_zeroed_when_the_sensor_has_counted_it_not_when_it_was_asked(shown, zeroed):
    asked = state(Phase.PRIME, line=LineCheck(zero_count=1))
    after = step(asked, readings(line={"zero_count": shown}), (), NOW_NS).state
    assert after.line.zeroed is zeroed
