"""What goes wrong in a procedure, told from the first sign to the way back."""

import functools

import pytest

from state_machine import requests as rq
from state_machine.entries import (
    GateClosed,
    LedgerChanged,
    MotionEnded,
    MotionIntent,
    Resume,
    SideDaySaved,
)
from state_machine.readings import Link, Motion, Paddle, UnitState
from state_machine.requests import Event, Role
from state_machine.state import HoldPhase, Phase
from state_machine.step import step
from state_machine.targets import Compression, ExposureStage, PumpAction
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import DAY, PERFORMER
from tests.core.procedure import People


@functools.cache
def kept(where: str) -> FakeRoom:
    people = People(FakeRoom())
    people.open()
    people.checklist()
    people.set_up()
    if where == "prime":
        return people.room
    people.prime()
    if where == "locate":
        return people.room
    people.cannulate()
    if where == "arm":
        return people.room
    people.arm()
    people.press()
    people.ticks(20)
    if where == "injecting":
        return people.room
    people.room.box.hold = False
    people.inject()
    people.settle()
    return people.room


def at(where: str) -> People:
    return People(kept(where).copy())


def phase(people: People) -> Phase:
    return people.room.state.phase


def said(people: People, event: Event) -> tuple[str, ...]:
    """The performing radiologist asks for an event."""
    request = rq.Do(by=PERFORMER, role=Role.RADIOLOGIST, utc_day=DAY, event=event)
    return people.tick(request).replies[0].refusals


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_pain_stops_in_the_same_pass_and_the_radiologist_goes_on():
    people = at("injecting")
    people.room.box.pain = True
    outcome = people.tick()
    assert outcome.state.phase is Phase.STOPPED
    assert outcome.targets.pump.action is PumpAction.STOPPED
    assert outcome.state.release
    people.room.box.pain = people.room.box.hold = False
    people.ticks(10)
    assert "only the performing radiologist" in people.ask(rq.Do, event=Event.RESUME)[0]
    assert said(people, Event.RESUME) == ()
    assert phase(people) is Phase.ARM
    people.arm()
    people.inject()
    assert phase(people) is Phase.SETTLE


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_the_emergency_stop_makes_everything_safe_at_once():
    people = at("injecting")
    people.room.box.emergency_stop = True
    outcome = people.tick()
    assert outcome.state.phase is Phase.STOPPED
    assert outcome.targets.pump.action is PumpAction.STOPPED
    assert not outcome.targets.room.pump_permit
    assert not outcome.state.permit, "in the pass that saw it, not when the box has tripped"
    assert outcome.state.hold.phase is HoldPhase.CLOSED
    people.ticks(5)
    assert not people.room.state.permit
    people.room.box.emergency_stop = people.room.box.hold = False
    people.ticks(5)
    assert not people.room.targets.room.pump_permit, "power comes back by a person's word only"


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_suspected_extravasation_locks_the_breast_for_days():
    people = at("injecting")
    assert said(people, Event.EXTRAVASATION) == ()
    assert people.room.targets.pump.action is PumpAction.STOPPED
    saved = [e for e in people.entries if isinstance(e, SideDaySaved)]
    assert saved[-1].locked_until_day == DAY + 14
    people.room.box.hold = False
    people.ticks(10)
    assert said(people, Event.DECANNULATED) == ()
    people.do(Event.CARE_GIVEN)
    people.do(Event.CLOSE)
    with pytest.raises(AssertionError, match="locked"):
        people.open()


@pytest.mark.hazard("HZ-COMPRESSION")
def test_a_medical_emergency_releases_the_breast():
    people = at("settled")
    people.room.unit.drive_down = True
    people.ticks(3)
    people.room.unit.drive_down = False
    people.do(Event.EMERGENCY)
    assert people.room.targets.mammograph.compression is Compression.RELEASE
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)
    people.do(Event.DECANNULATED)
    assert people.room.state.ledger.account is None


@pytest.mark.hazard("HZ-USE-ERROR")
def test_an_unconfirmed_plan_expires():
    people = at("arm")
    people.ticks(6)
    people.do(Event.ARM)
    people.ticks(199)
    assert phase(people) is Phase.ARM_CONFIRM
    people.ticks(1)
    assert phase(people) is Phase.ARM


@pytest.mark.hazard("HZ-USE-ERROR")
def test_armed_without_a_press_expires():
    people = at("arm")
    people.arm()
    people.ticks(598)
    assert phase(people) is Phase.ARMED
    people.ticks(3)
    assert phase(people) is Phase.ARM
    ended = [e for e in people.entries if isinstance(e, MotionEnded)]
    assert (ended[-1].moved_nl, ended[-1].reached) == (0, False)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_late_pass_closes_the_hold():
    people = at("injecting")
    people.room.late_ns = 51 * NS_PER_MS
    outcome = people.tick()
    assert outcome.state.hold.phase is HoldPhase.CLOSED
    assert not outcome.targets.pump.run
    assert outcome.state.phase is Phase.ARM


@pytest.mark.hazard("HZ-RECORD")
def test_a_stalled_disk_keeps_a_motion_from_starting():
    people = at("arm")
    people.arm()
    people.room.journal_lag = 10**6
    people.room.durable_seq = people.room.state.entry_seq - 30
    people.room.box.hold = True
    people.ticks(40)
    assert people.room.pump.rate_nl_min == 0 or not people.room.targets.pump.run
    assert people.room.true_in_duct == 0


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_prime_with_the_tip_in_tissue_stops():
    people = at("prime")
    people.say(rq.Zero)
    people.ticks(70)
    people.say(rq.TipOut, purpose="prime")
    people.room.box.hold = True
    people.wait(lambda room: room.readings.pump.infused_nl > 11_000)
    high = people.room.pressure_pa
    people.room.pressure_pa = lambda: high() * 2  # type: ignore[method-assign]
    people.ticks(2)
    assert "tip-pressure" in {e.cause for e in people.entries if isinstance(e, GateClosed)}
    people.room.box.hold = False
    people.ticks(10)
    assert people.room.state.hold.phase is HoldPhase.CLOSED
    assert not people.room.state.line.primed


def test_a_failed_attempt_and_a_duct_that_does_not_dilate():
    people = at("locate")
    people.say(rq.ChooseDuct, clock_h=3, orifice=1)
    people.do(Event.ATTEMPT_FAILED)
    duct = people.room.state.duct
    assert duct is not None
    assert (duct.number, duct.attempt_count) == (1, 1)
    people.say(rq.ChooseDuct, clock_h=3, orifice=1)
    people.do(Event.NOT_DILATING)
    duct = people.room.state.duct
    assert duct is not None
    assert (duct.number, duct.clock_h) == (2, 0)


def test_a_drop_that_is_let_go_early_can_be_said_again():
    people = at("locate")
    people.ticks(60)
    people.say(rq.TipOut, purpose="tip-drop")
    people.tick()
    people.room.box.hold = True
    people.wait(lambda room: room.readings.pump.infused_nl > 0)
    people.room.box.hold = False
    people.ticks(6)
    assert "say again" in people.room.state.hold.why
    assert people.room.state.plan is None


def armed_exposure() -> People:
    people = at("settled")
    people.say(rq.SelectView, view="CC")
    people.room.unit.drive_down = True
    people.ticks(3)
    people.room.unit.drive_down = False
    people.do(Event.COMPRESSED)
    people.ticks(3)
    people.do(Event.ARM_EXPOSURE)
    return people


@pytest.mark.hazard("HZ-EXPOSURE")
def test_the_switch_let_go_ends_the_exposure_and_the_permission():
    people = armed_exposure()
    people.wait(lambda room: room.unit.state is UnitState.READY)
    people.room.box.hold = True
    people.wait(lambda room: room.unit.state is UnitState.EXPOSING)
    assert people.room.targets.mammograph.exposure is ExposureStage.EXPOSE
    people.room.box.hold = False
    outcome = people.tick()
    assert outcome.targets.mammograph.exposure is ExposureStage.OFF
    assert not outcome.targets.room.xray_enable
    people.ticks(3)
    assert phase(people) is Phase.EXPOSURE
    assert people.room.state.exposure.made_count == 0


@pytest.mark.hazard("HZ-EXPOSURE")
def test_exposure_is_granted_in_a_later_pass_than_the_one_that_saw_ready():
    people = armed_exposure()
    people.room.box.hold = True
    people.wait(lambda room: room.state.exposure.ready_ns > 0)
    assert people.room.state.exposure.ready_ns == people.room.now_ns
    assert people.room.targets.mammograph.exposure is ExposureStage.PREP
    assert people.tick().targets.mammograph.exposure is ExposureStage.EXPOSE


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-STALE-DATA")
def test_a_pump_link_that_drops_does_not_cut_the_exposure():
    people = armed_exposure()
    people.wait(lambda room: room.unit.state is UnitState.READY)
    people.room.box.hold = True
    people.wait(lambda room: room.unit.state is UnitState.EXPOSING)
    people.room.links["pump"] = Link.PROBING
    people.tick()
    people.tick()
    assert people.room.targets.mammograph.exposure is ExposureStage.EXPOSE


@pytest.mark.hazard("HZ-COMPRESSION")
def test_compressed_too_long_is_released():
    people = at("settled")
    people.say(rq.SelectView, view="CC")
    people.room.unit.drive_down = True
    people.ticks(3)
    people.room.unit.drive_down = False
    people.do(Event.COMPRESSED)
    since_ns = people.room.state.exposure.compressed_ns
    people.wait(lambda room: room.targets.mammograph.compression is Compression.RELEASE)
    assert 45 * NS_PER_S < people.room.now_ns - since_ns < 46 * NS_PER_S
    assert phase(people) is Phase.COMPRESSION
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)
    assert not people.room.state.release


def test_releasing_the_paddle_takes_the_exposures_permission():
    people = armed_exposure()
    people.say(rq.ReleasePaddle)
    assert people.room.targets.mammograph.exposure is ExposureStage.OFF
    assert people.room.state.hold.phase is HoldPhase.CLOSED


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_lost_pump_stops_the_procedure_and_its_motion_counts_in_full():
    people = at("injecting")
    people.room.links["pump"] = Link.LOST
    outcome = people.tick()
    assert outcome.state.phase is Phase.STOPPED
    people.room.box.hold = False
    people.ticks(1_200)
    account = people.room.state.ledger.account
    assert account is not None
    # all of the first checkpoint may have been delivered, with digit and syringe
    assert account.high_nl == account.intent_nl == 52_511


def test_abort_leads_out_and_closes():
    people = at("injecting")
    people.do(Event.ABORT)
    assert phase(people) is Phase.DECANNULATE
    people.room.box.hold = False
    people.ticks(10)
    people.do(Event.DECANNULATED)
    people.do(Event.CARE_GIVEN)
    people.do(Event.CLOSE)
    assert people.room.state.case is None


@pytest.mark.hazard("HZ-RECORD", "HZ-UNCOMMANDED-MOTION")
def test_run_waits_for_the_read_back_and_for_the_disk_without_the_gates_help():
    people = at("arm")
    people.arm()
    people.room.journal_lag = 10**6
    people.room.box.hold = True
    before = people.room.durable_seq
    for _ in range(20):
        assert not people.tick().targets.pump.run
    plan = people.room.state.plan
    assert plan is not None
    assert plan.asked_ns == 0
    assert people.room.readings.pump.motion is Motion.PREPARED
    people.room.durable_seq = plan.intent_seq - 1
    assert not people.tick().targets.pump.run
    people.room.durable_seq = plan.intent_seq
    assert people.tick().targets.pump.run
    assert before < plan.intent_seq
    assert not [e for e in people.entries if isinstance(e, GateClosed)]


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_run_waits_for_the_read_back_even_when_the_switch_was_quicker():
    people = at("arm")
    people.arm()
    people.room.box.hold = True
    while not people.tick().targets.pump.run:
        assert people.room.state.plan is not None
    assert people.room.readings.pump.motion is Motion.PREPARED


@pytest.mark.hazard("HZ-RECORD", "HZ-LOST-COUNT")
def test_run_waits_for_what_a_restart_would_need():
    people = at("arm")
    people.arm()
    plan = people.room.state.plan
    assert plan is not None
    kinds = {e.seq: type(e) for e in people.entries}
    intent = max(seq for seq, kind in kinds.items() if kind is MotionIntent)
    resume = max(seq for seq, kind in kinds.items() if kind is Resume)
    ledger = max(seq for seq, kind in kinds.items() if kind is LedgerChanged)
    assert intent < ledger < resume <= plan.intent_seq


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_what_may_have_moved_since_the_question_is_in_the_high():
    people = at("injecting")
    people.ticks(60)
    plan, now_ns = people.room.state.plan, people.room.now_ns
    assert plan is not None
    silent = people.room.readings  # nothing new is heard for 140 ms
    before = people.room.state.ledger.account
    after = step(people.room.state, silent, (), now_ns + 135 * NS_PER_MS).state.ledger.account
    assert before is not None
    assert after is not None
    assert after.high_nl - before.high_nl >= plan.rate_nl_min * 135 // 60_000
    assert after.low_nl == before.low_nl
