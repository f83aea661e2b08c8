"""Whole procedures through ``step`` alone, in a room that does what it is told."""

import pytest

from state_machine import observe
from state_machine import requests as rq
from state_machine.entries import Exposed, MotionEnded, MotionIntent, Noted
from state_machine.profile import Order
from state_machine.readings import Motion
from state_machine.requests import Event
from state_machine.state import HoldPhase, Phase
from state_machine.targets import Targets
from state_machine.units import NL_PER_UL, NS_PER_MIN, NS_PER_MS
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import profile, replace
from tests.core.procedure import People

P = Phase
TO_ARM = [P.STANDBY, P.CHECKLIST, P.SET_UP, P.PRIME, P.LOCATE_DUCT, P.CANNULATE, P.ARM]
TO_PRESS = [P.ARM_CONFIRM, P.ARMED, P.INJECTING]
ONE_CHECKPOINT = [*TO_PRESS, P.HOLDING, P.INJECTING, P.SETTLE]
VIEW = [P.COMPRESSION, P.EXPOSURE, P.EXPOSURE_ARMED, P.REVIEW]
END = [P.DECANNULATE, P.AFTERCARE, P.CLOSED, P.STANDBY]


def begun(order: Order = Order.CANNULA_IN, ordered_nl: int = 60_000) -> People:
    people = People(FakeRoom(profile(order)))
    people.open(ordered_nl)
    people.checklist()
    people.set_up()
    people.prime()
    return people


def allow_injections(people: People, of_the_duct: int, of_the_day: int = 3) -> None:
    """Set how many injections the profile allows from now on."""
    state = people.room.state
    counts = {
        "injections_per_duct_count": of_the_duct,
        "injections_per_side_day_count": of_the_day,
    }
    limits = replace(state.profile.limits, **counts)
    people.room.state = replace(state, profile=replace(state.profile, limits=limits))


def injected_nl(people: People) -> list[int]:
    """What each injection motion was told."""
    intents = [e for e in people.entries if isinstance(e, MotionIntent)]
    return [e.until_nl - e.base_nl for e in intents if e.purpose == "inject"]


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-EXTRAVASATION")
@pytest.mark.parametrize("view", ["CC", "CC_DBT"])
def test_a_plain_procedure(view):
    people = begun()
    people.cannulate()
    people.arm()
    people.inject()
    account = people.room.state.ledger.account
    assert account is not None
    assert account.low_nl <= 60_000 <= account.high_nl <= 60_000 * 106 // 100
    people.settle()
    people.view(view)
    people.finish()
    assert people.room.phases == [*TO_ARM, *ONE_CHECKPOINT, *VIEW, *END]
    assert injected_nl(people) == [50_000, 10_000]
    assert people.room.pump.moved == 60_000 * NS_PER_MIN
    assert [e.view for e in people.entries if isinstance(e, Exposed)] == [view]
    assert [e.seq for e in people.entries] == list(range(1, len(people.entries) + 1))
    (day,) = people.room.state.ledger.days
    assert day.high_nl >= 60_000
    assert day.injection_count == 1
    assert people.room.targets.pump == Targets().pump


def test_two_views_and_a_fault_free_record():
    people = begun()
    people.cannulate()
    people.arm()
    people.inject()
    people.settle()
    people.view("CC")
    people.do(Event.NEXT_VIEW)
    people.view("ML")
    people.finish()
    assert [e.exposure_count for e in people.entries if isinstance(e, Exposed)] == [8, 9]
    ended = [e for e in people.entries if isinstance(e, MotionEnded)]
    assert all(e.reached and not e.why for e in ended)


def test_sealed_pore_has_the_cannula_out_before_compression():
    people = begun(Order.SEALED_PORE)
    people.cannulate()
    people.arm()
    people.inject()
    assert "'settled' is not possible in 'settle'" in people.ask(rq.Do, event=Event.SETTLED)[0]
    people.settle(Event.SEALED)
    assert people.room.state.duct is not None
    assert people.room.state.duct.cannula_in_ns == 0
    people.view("CC")
    people.finish()
    assert people.room.phases == [*TO_ARM, *ONE_CHECKPOINT, *VIEW, *END]


def test_sealed_pore_needs_a_cannula_again_for_a_top_up():
    people = begun(Order.SEALED_PORE)
    people.cannulate()
    people.arm()
    people.inject()
    people.settle(Event.SEALED)
    people.view("CC")
    people.do(Event.TOP_UP)
    assert people.room.state.phase is P.CANNULATE
    people.say(rq.Cannulate)
    people.arm()
    people.inject()
    people.settle(Event.SEALED)
    people.view("ML")
    people.finish()
    assert injected_nl(people) == [50_000, 10_000, 50_000]


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_refill_after_evacuation_is_the_order_again_and_all_of_it_counts():
    """Contrast that was evacuated stays counted: duct and day carry over."""
    people = begun()
    people.cannulate()
    people.arm()
    people.inject()
    people.settle()
    people.view("CC")
    before = people.room.state.ledger.account
    people.do(Event.REFILL)
    assert people.room.state.ledger.account == before
    assert observe.planned_nl(people.room.state) == 60_000
    people.arm()
    people.inject()
    account = people.room.state.ledger.account
    assert account is not None
    assert account.low_nl > 100_000
    people.settle()
    people.view("ML")
    allow_injections(people, 3)
    people.do(Event.TOP_UP)  # an evacuation counts once: this is a top-up again
    assert observe.planned_nl(people.room.state) <= 50_000
    assert injected_nl(people) == [50_000, 10_000, 50_000, 10_000]


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-USE-ERROR")
def test_what_arming_would_refuse_is_refused_before_the_cannula_is_touched():
    """No further injection is begun, nor a duct cannulated for one, when none is left."""
    people = begun()
    people.cannulate()
    people.arm()
    people.inject()
    people.settle()
    people.view("CC")
    allow_injections(people, 1)
    for event in (Event.TOP_UP, Event.REFILL, Event.CHANGE_SYRINGE):
        (words,) = people.ask(rq.Do, event=event)
        assert words == "this duct, or this breast today, has had its number of injections"
    people.do(Event.NEXT_DUCT)  # another duct may have its own
    allow_injections(people, 1, of_the_day=1)
    assert any("number of injections" in said for said in people.ask(rq.ChooseDuct, clock_h=3))
    people.do(Event.DONE)
    assert people.room.state.phase is P.DECANNULATE


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_top_up_and_second_duct():
    people = begun()
    people.cannulate()
    people.arm()
    people.inject()
    people.settle()
    people.view("CC")
    people.do(Event.TOP_UP)
    people.arm()
    people.inject()
    people.settle()
    people.view("ML")
    people.do(Event.NEXT_DUCT)
    people.tip_out("tip-drop")
    people.cannulate(difficult=True)
    people.arm()
    people.inject()
    people.settle()
    people.view("CC")
    people.finish()
    top_up = [P.ARM, *TO_PRESS, P.SETTLE, *VIEW]
    second = [P.LOCATE_DUCT, P.CANNULATE, P.ARM, *ONE_CHECKPOINT, *VIEW]
    assert people.room.phases == [*TO_ARM, *ONE_CHECKPOINT, *VIEW, *top_up, *second, *END]
    assert injected_nl(people) == [50_000, 10_000, 50_000, 50_000, 10_000]
    (day,) = people.room.state.ledger.days
    true_nl = people.room.pump.moved // NS_PER_MIN
    assert true_nl == 175_000
    assert day.low_nl <= true_nl <= day.high_nl
    assert day.injection_count == 3


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_checkpoints_stand_at_0_05_0_15_0_25():
    people = begun(ordered_nl=180_000)
    people.cannulate()
    people.arm()
    people.inject()
    assert injected_nl(people) == [50_000, 100_000, 30_000]


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERRATE")
def test_a_difficult_duct_gets_half_the_volume_at_half_the_rate():
    people = begun(ordered_nl=180_000)
    people.cannulate(difficult=True)
    people.arm()
    assert "0.100 mL" in [e for e in people.entries if isinstance(e, Noted)][-1].facts[0][1]
    fastest = 0
    people.room.box.hold = True
    while people.room.state.phase is not P.HOLDING:
        people.tick()
        fastest = max(fastest, people.room.targets.pump.rate_nl_min)
    assert fastest == 50_000
    people.room.box.hold = False
    people.ticks(6)
    people.inject()
    assert injected_nl(people) == [50_000, 50_000]


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_remainder_under_one_microlitre_counts_as_reached():
    people = begun(ordered_nl=50_000 + NL_PER_UL - 1)
    people.cannulate()
    people.arm()
    people.inject()
    assert injected_nl(people) == [50_000]


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-OVERVOLUME")
def test_a_power_cut_in_mid_injection_does_not_begin_the_volume_anew():
    people = begun(ordered_nl=180_000)
    people.cannulate()
    people.arm()
    people.press()
    people.ticks(200)
    seen_nl = people.room.pump.true_moved // NS_PER_MIN
    people.room.pump.power_cut()
    people.tick()
    people.room.box.hold = False
    people.ticks(20)
    # the counter it was measured on is gone: that injection is over, the next is a top-up
    assert people.room.state.phase is P.SETTLE
    people.do(Event.TOP_UP)
    people.arm()
    before_nl = people.room.pump.true_moved // NS_PER_MIN
    people.inject()
    after_nl = people.room.pump.true_moved // NS_PER_MIN - before_nl
    assert seen_nl > 100_000  # prime, open tip and what was injected before the cut
    assert after_nl == 50_000
    account = people.room.state.ledger.account
    assert account is not None
    assert account.high_nl >= people.room.true_in_duct // NS_PER_MIN


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_finger_that_slips_and_presses_again_gets_a_new_motion_not_the_old_one():
    people = begun()
    people.cannulate()
    people.arm()
    people.press()
    people.ticks(40)
    first = people.room.state.motion_count
    people.room.box.hold = False
    people.tick()
    assert not people.room.targets.pump.run
    people.room.box.hold = True  # before the stop is proven
    while people.room.state.plan is not None and people.room.state.plan.motion_id == first:
        people.tick()
        assert not (people.room.targets.pump.run and people.room.targets.pump.motion_id == first)
    people.wait(lambda room: room.state.plan is not None and room.state.plan.running_ns > 0)
    assert people.room.state.motion_count == first + 1
    people.inject()
    assert people.room.true_in_duct // NS_PER_MIN == 60_000


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_pump_that_stops_by_itself_closes_the_hold():
    people = begun()
    people.cannulate()
    people.arm()
    people.press()
    people.room.pump.motion = Motion.STOPPED
    people.ticks(3)
    assert people.room.state.hold.phase is HoldPhase.CLOSED
    assert people.room.state.phase is P.ARM
    assert "before its target" in people.room.state.hold.why


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-OVERVOLUME")
def test_a_motion_prepared_before_a_power_cut_is_not_run_after_it():
    people = begun()
    people.cannulate()
    people.arm()
    people.ticks(10)
    prepared = people.room.state.plan
    assert prepared is not None
    people.room.pump.power_cut()
    people.tick()
    assert "began anew" in people.room.state.hold.why
    people.room.box.hold = True
    people.ticks(20)
    assert people.room.state.plan is None
    assert people.room.true_in_duct == 0


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_let_go_within_a_microlitre_of_a_checkpoint_the_injection_still_goes_on():
    people = begun()
    people.cannulate()
    people.arm()
    people.press()
    while people.room.pump.moved < 49_200 * NS_PER_MIN:
        people.tick(span_ns=10 * NS_PER_MS)
    people.room.box.hold = False
    people.ticks(10)
    delivered_nl = people.room.pump.counter_nl
    assert 49_000 < delivered_nl < 50_000
    people.inject()
    assert injected_nl(people) == [50_000, 60_000 - delivered_nl]
