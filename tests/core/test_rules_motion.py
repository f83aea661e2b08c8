"""Safety rules on pump motion (1) and on the second stop (2), as far as the core keeps them."""

import pytest

from state_machine import injection, ledger
from state_machine import requests as rq
from state_machine.facts import read_back
from state_machine.gate import Output
from state_machine.proposal import propose
from state_machine.readings import Motion, Prompt, TripCause
from state_machine.requests import Event
from state_machine.state import Hold, HoldAction, HoldPhase, Injection, Phase
from state_machine.targets import Activity, PumpAction, PumpTarget, Targets
from state_machine.units import NS_PER_MIN, NS_PER_S
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import NOW_NS, clearing, injecting, readings, state
from tests.core.procedure import People

READY = Hold(HoldPhase.READY, HoldAction.INJECT, NOW_NS)
BEGUN = Injection(number=1, planned_nl=60_000)


def at_locate_duct(ordered_nl: int = 60_000) -> People:
    people = People(FakeRoom())
    people.open(ordered_nl)
    people.checklist()
    people.set_up()
    people.prime()
    return people


def armed(ordered_nl: int = 60_000) -> People:
    people = at_locate_duct(ordered_nl)
    people.cannulate()
    people.arm()
    return people


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-OVERVOLUME")
@pytest.mark.parametrize(
    "pump",
    [
        {"prompt": Prompt.PAUSED},
        {"prompt": Prompt.TIMED_PAUSE},
        {"prompt": Prompt.UNKNOWN},
        {"motion": Motion.STOPPING},
        {"motion": Motion.UNKNOWN},
    ],
)
def test_nothing_is_planned_on_a_pump_that_is_not_proven_to_stand(pump):
    made = state(Phase.ARMED, hold=READY, injection=BEGUN)
    assert injection.wanted_motion(made, readings()) is not None
    assert injection.wanted_motion(made, readings(pump=pump)) is None


@pytest.mark.hazard("HZ-OVERRATE")
def test_a_motion_is_prepared_at_the_rate_of_the_ramps_beginning():
    made = state(Phase.ARMED, hold=READY, injection=BEGUN)
    plan = injection.wanted_motion(made, readings())
    assert plan is not None
    assert plan.top_rate_nl_min == 100_000
    assert plan.start_rate_nl_min == plan.rate_nl_min == made.profile.limits.ramp_nl_min_s


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_the_core_plans_no_motion_that_the_pump_would_take_for_continuous():
    made = state(Phase.ARMED, hold=READY, injection=BEGUN)
    for infused_nl, planned in ((59_000, True), (59_001, False), (60_000, False)):
        plan = injection.wanted_motion(made, readings(pump={"infused_nl": infused_nl}))
        assert (plan is not None) is planned, infused_nl


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize("phase", [p for p in Phase if p not in (Phase.SET_UP, Phase.PRIME)])
def test_counters_are_not_cleared_while_a_duct_is_open(phase):
    scene = clearing()
    in_phase = scene.but(state={"phase": phase})
    assert in_phase.refused()["clear-phase"] == {Output.CLEAR}
    assert not propose(in_phase.state, in_phase.readings, NOW_NS).pump.clear_counters
    assert propose(scene.state, scene.readings, NOW_NS).pump.clear_counters


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_drop_at_the_tip_counts_to_the_duct_that_is_open():
    people = at_locate_duct()
    people.tip_out("tip-drop")
    account = people.room.state.ledger.account
    assert account is not None
    assert people.room.true_in_duct // NS_PER_MIN == 5_000
    assert account.low_nl > 4_500
    assert account.high_nl >= 5_000


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-UNCOMMANDED-MOTION")
def test_motion_that_nobody_told_counts_to_the_duct_that_is_open():
    people = at_locate_duct()
    people.room.pump.moved += 7_000 * NS_PER_MIN
    people.tick()
    account = people.room.state.ledger.account
    assert account is not None
    assert account.high_nl >= 7_000


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_prime_runs_only_while_the_switch_is_held():
    people = People(FakeRoom())
    people.open()
    people.checklist()
    people.set_up()
    people.say(rq.Zero)
    people.wait(lambda room: room.state.line.zeroed)
    people.ticks(60)
    people.say(rq.TipOut, purpose="prime")
    for _ in range(40):
        people.tick()
        room = people.room
        assert not injection.pump_target(room.state, room.readings).run, "before the gate too"
    assert people.room.pump.true_moved == 0
    people.room.box.hold = True
    people.wait(lambda room: room.pump.true_moved > 0)
    people.room.box.hold = False
    people.tick()
    assert people.room.targets.pump.action is PumpAction.STOPPED


# --- motion without a target, stops that are not obeyed -----------------------------------------


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_pump_that_moves_by_itself_is_an_alarm_a_stop_and_no_permit_in_one_pass():
    people = at_locate_duct()
    pump = people.room.pump
    assert people.room.targets.room.pump_permit
    pump.plan = PumpTarget(until_nl=500_000)
    pump.rate_nl_min, pump.motion, pump.obeys_stop = 100_000, Motion.STOPPING, False
    pump.since_ns = people.room.now_ns
    people.tick()
    room = people.room
    assert [alarm.name for alarm in room.state.alarms if alarm.present] == ["uncommanded-motion"]
    assert room.targets.pump.action is PumpAction.STOPPED
    assert not room.targets.room.pump_permit
    assert room.state.phase is Phase.STOPPED


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_stop_that_is_overdue_drops_the_permit_in_the_pass_that_hears_of_it():
    people = armed()
    people.press()
    people.room.pump.stop_overdue = True
    people.tick()
    assert not people.room.targets.room.pump_permit
    assert people.room.targets.pump.action is PumpAction.STOPPED


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_power_comes_back_only_by_a_person_and_for_the_trip_that_was_seen():
    people = at_locate_duct()
    room = people.room
    room.box.trip(TripCause.HEARTBEAT_LOST, room.now_ns)
    people.ticks(100)
    assert not room.targets.room.pump_permit
    assert not room.box.relay_closed
    for alarm in room.state.alarms:
        people.say(rq.Acknowledge, alarm=alarm.name)
    people.ticks(100)
    assert not room.targets.room.pump_permit
    assert people.ask(rq.ConfirmReclose) == ("say that the cannula is out or the stopcock closed",)
    people.say(rq.ConfirmReclose, stopcock_closed=True)
    assert room.targets.room.reclose_trip_count == room.box.trip_count
    people.tick()
    assert room.box.relay_closed


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_the_box_does_not_stop_the_pump_as_a_routine():
    people = armed()
    trips = people.room.box.trip_count
    people.inject()
    people.settle()
    people.view()
    people.finish()
    assert people.room.box.trip_count == trips
    assert people.room.targets.room.pump_permit


# --- the record waits for nobody, and nobody starts without it ----------------------------------


@pytest.mark.hazard("HZ-RECORD", "HZ-LOST-COUNT")
def test_a_stalled_disk_ends_the_injection_at_the_next_checkpoint():
    people = armed(ordered_nl=180_000)
    people.press()
    people.room.journal_lag = 1_000_000
    people.wait(lambda room: room.state.hold.phase is HoldPhase.LIFT)
    assert people.room.true_in_duct // NS_PER_MIN == 50_000
    people.room.box.hold = False
    people.ticks(6)
    people.room.box.hold = True
    people.ticks(100)
    assert people.room.true_in_duct // NS_PER_MIN == 50_000
    people.room.journal_lag = 0
    people.wait(lambda room: room.true_in_duct // NS_PER_MIN > 50_000)


@pytest.mark.hazard("HZ-RECORD", "HZ-STOP-FAILS")
def test_a_stop_is_told_in_its_own_pass_whatever_the_disk_does():
    people = armed()
    people.press()
    people.room.journal_lag = 1_000_000
    people.room.box.hold = False
    people.tick()
    assert people.room.targets.pump.action is PumpAction.STOPPED


@pytest.mark.hazard("HZ-RECORD")
def test_a_record_that_cannot_be_written_refuses_arming():
    people = at_locate_duct()
    people.cannulate()
    people.ticks(6)
    people.room.journal_fault = "disk full"
    people.tick()
    assert any("record cannot be written" in words for words in people.ask(rq.Do, event=Event.ARM))


@pytest.mark.hazard("HZ-USE-ERROR")
def test_an_arming_without_its_second_step_expires():
    people = at_locate_duct()
    people.cannulate()
    people.ticks(6)
    people.settle(Event.ARM)
    plan = read_back(people.room.state)
    since_ns = people.room.state.phase_ns
    people.wait(lambda room: room.state.phase is Phase.ARM)
    assert people.room.now_ns - since_ns <= 10_100_000_000
    assert people.ask(rq.ConfirmArm, plan=plan)
    assert people.room.state.phase is Phase.ARM


# --- pressure bounds are never suspended --------------------------------------------------------


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize("since_ns", [0, 1, NS_PER_S // 4, NS_PER_S, 10 * NS_PER_S])
def test_no_change_of_rate_suspends_an_upper_bound(since_ns):
    """The line bound and the net bound refuse at once after the rate changed, up or down."""
    scene = injecting().but(plan={"running_ns": NOW_NS - since_ns, "top_ns": NOW_NS})
    slow = {"rate_nl_min": 40_000}
    for pump in ({}, slow):
        assert "line-pressure" in scene.but(pump=pump, line={"pressure_pa": 120_001}).refused()
        over = scene.but(pump=pump, net={"upper_pa": 4_001})
        assert over.refused()["net-pressure"] == {Output.RUN}


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_the_pressure_limits_act_in_the_pass_that_read_them():
    people = armed()
    people.press()
    people.ticks(20)
    people.room.duct_pa = 4_500
    people.wait(lambda room: room.state.net.upper_pa > 2_000)
    assert people.room.targets.pump.action is PumpAction.STOPPED
    assert people.room.state.hold.phase is HoldPhase.CLOSED
    assert "false-passage" in [alarm.name for alarm in people.room.state.alarms]


def test_every_default_of_every_target_is_the_safe_one():
    rest = Targets()
    assert rest.activity is Activity.IDLE
    assert rest.pump.action is PumpAction.STOPPED
    assert not rest.pump.run
    assert not rest.pump.clear_counters
    assert rest.pump.until_nl == rest.pump.rate_nl_min == rest.line.zero_count == 0
    assert not rest.room.pump_permit
    assert not rest.room.xray_enable
    assert rest.room.reclose_trip_count == 0
    assert rest.mammograph.compression.name == "HOLD"
    assert rest.mammograph.exposure.name == "OFF"
    assert rest.mammograph.force_limit_mn == 0


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_power_cut_leaves_the_high_where_it_was():
    people = armed()
    people.press()
    people.ticks(60)
    before = people.room.state.ledger.account
    assert before is not None
    people.room.pump.power_cut()
    people.tick()
    after = people.room.state.ledger.account
    assert after is not None
    assert people.room.readings.pump.infused_nl == 0
    assert after.high_nl >= before.intent_nl >= 50_000
    assert ledger.side_day_high_nl(people.room.state.ledger) >= before.intent_nl
