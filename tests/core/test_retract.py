"""The bounded retract: proposed once, when the rules allow it, and over when they do not."""

from collections.abc import Callable
from typing import Any

import pytest

from state_machine import observe, retract
from state_machine import requests as rq
from state_machine.alarms import ALARM_BY_NAME
from state_machine.entries import MotionEnded, MotionIntent, Noted
from state_machine.readings import Link, Motion, Prompt
from state_machine.requests import Event, Role
from state_machine.state import Alarm, HoldPhase, Phase, Purpose, State, Stop
from state_machine.targets import PumpAction, Targets
from state_machine.units import NS_PER_S
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import NOW_NS, PERFORMER, Scene, profile, readings, replace, retracting
from tests.core.procedure import People

SOFT = 800
"""A line soft enough to be worth a retract, in nL/kPa."""
STORED_NL = 4_468
"""What it stores at 0.2 mL/min through the fixture's cannula: 0.8 x 5.586 kPa."""


def stopped(**changes: object) -> Scene:
    """An injection of 60 uL has just ended; the line still has 6.5 kPa, nothing is planned."""
    scene = retracting()
    soft = replace(scene.state.profile, line_compliance_nl_kpa=SOFT)
    done = replace(scene.state.injection, retract_nl=0, stop_rate_nl_min=200_000)
    line = replace(scene.state.line, compliance_nl_kpa=0)  # not measured: the profile's
    made = replace(scene.state, plan=None, profile=soft, injection=done, line=line)
    read = readings(line={"pressure_pa": 6_500}, pump={"infused_nl": 60_000})
    return Scene(replace(made, **changes), read, scene.wanted)


def most(scene: Scene) -> int:
    """Volume of the retract that is wanted; 0 = none."""
    plan = retract.wanted(scene.state, scene.readings, scene.now_ns)
    return plan.until_nl - scene.state.injection.withdrawn_base_nl if plan else 0


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_what_the_flow_had_stored_is_taken_back():
    scene = stopped()
    plan = retract.wanted(scene.state, scene.readings, NOW_NS)
    assert plan is not None
    assert plan.purpose is Purpose.RETRACT
    assert (plan.base_nl, plan.until_nl) == (0, STORED_NL)
    assert plan.start_rate_nl_min == plan.rate_nl_min == 100_000
    assert plan.motion_id == scene.state.motion_count + 1


@pytest.mark.hazard("HZ-AIR")
@pytest.mark.parametrize(
    ("change", "most_nl"),
    [
        ({"line": {"pressure_pa": 3_500}}, 2_400),  # no more than the line holds above 0.5 kPa
        ({"line": {"pressure_pa": 50_000}}, STORED_NL),  # nor than the flow had stored
        ({"line": {"pressure_pa": 2_999}}, 0),  # and under 2 uL it is not worth a motion
        ({"line": {"pressure_pa": 3_000}}, 2_000),
        ({"pump": {"infused_nl": 3_000}}, 3_000),  # never more than was delivered
        ({"limits": {"retract_nl": 2_500}}, 2_500),  # nor than the limit
        ({"limits": {"retract_nl": 0}}, 0),  # which is its switch
        ({"pump": {"withdrawn_nl": 1_000}, "injection": {"withdrawn_base_nl": 1_000}}, STORED_NL),
        ({"line_check": {"compliance_nl_kpa": 500}}, 2_793),  # a measured line comes first
    ],
)
def test_how_much(change: dict[str, dict[str, int]], most_nl: int):
    checked = change.pop("line_check", {})
    scene = stopped().but(**change)
    line = replace(scene.state.line, **checked)
    assert most(scene._replace(state=replace(scene.state, line=line))) == most_nl


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize("name", sorted(retract.BY_PRESSURE))
def test_after_a_pressure_alarm_all_the_line_holds_up_to_what_it_may_ever_hold(name: str):
    assert name in ALARM_BY_NAME
    loud = stopped(alarms=(Alarm(name, NOW_NS),)).but(line={"pressure_pa": 12_500})
    assert most(loud) == 9_600
    # 1.3 x 5.586 + 10 kPa is where the injection is stopped: 0.8 x 17.261, rounded up
    assert most(loud.but(line={"pressure_pa": 40_000})) == 13_809
    for phase, stop in ((Phase.ARM, Stop()), (Phase.STOPPED, Stop(Event.FAULT.value))):
        assert most(loud.but(state={"phase": phase, "stop": stop})) == 9_600
        quiet = loud.but(state={"phase": phase, "stop": stop, "alarms": ()})
        assert most(quiet) == 0


@pytest.mark.hazard("HZ-AIR", "HZ-EXTRAVASATION", "HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    "change",
    [
        {"line": {"pressure_pa": 500}},
        {"line": {"pressure_pa": None}},
        {"line": {"at_ns": NOW_NS - NS_PER_S}},
        {"line": {"link": Link.LOST}},
        {"pump": {"link": Link.LOST}},
        {"pump": {"at_ns": NOW_NS - NS_PER_S}},
        {"pump": {"prompt": Prompt.PAUSED}},
        {"pump": {"motion": Motion.STOPPING}},
        {"room": {"link": Link.LOST}},
        {"room": {"pain_pressed": True}},
        {"room": {"emergency_stop": True}},
        {"state": {"permit": False}},
        {"state": {"duct": None}},
        {"duct": {"cannula_in_ns": 0}},
        {"injection": {"number": 0}},
        {"injection": {"ended_ns": 0}},
        {"injection": {"ended_ns": NOW_NS - NS_PER_S - 1}},
        {"injection": {"retract_nl": 2_000}},
        {"injection": {"retracted_ns": NOW_NS - 1}},
    ],
    ids=str,
)
def test_none_is_proposed(change):
    assert most(stopped()) == STORED_NL
    assert most(stopped().but(**change)) == 0


ALLOWED = {Phase.SETTLE, Phase.EXTRAVASATED}


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("phase", Phase)
def test_only_where_the_injection_is_over(phase: Phase):
    assert bool(most(stopped(phase=phase))) is (phase in ALLOWED)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-EXTRAVASATION")
@pytest.mark.parametrize("event", [Event.STOP, Event.PAIN, Event.EMERGENCY, Event.ABORT])
def test_not_after_a_person_stopped_it(event: Event):
    alarms = (Alarm("net-stop", NOW_NS),)
    stop = Stop(event.value)
    assert most(stopped(phase=Phase.STOPPED, alarms=alarms, stop=stop)) == 0


# --- a whole room ---------------------------------------------------------------------------


def soft_room(**limits: Any) -> People:
    """A room whose line is soft, armed.

    What its line holds does not flow away as compliance would have it, so that the net
    limits would see a full duct: they stand out of the way.
    """
    net = ("net_warn_pa", "net_pause_pa", "net_stop_pa", "false_passage_pa")
    limits = dict.fromkeys(net, 10**6) | limits
    people = People(FakeRoom(replace(profile(**limits), line_compliance_nl_kpa=SOFT)))
    people.open()
    people.checklist()
    people.set_up()
    people.prime()
    people.cannulate()
    people.arm()
    return people


def motions(people: People, kind: type) -> list[Any]:
    ends: list[Any] = [e for e in people.entries if isinstance(e, kind)]
    return [e for e in ends if e.purpose == "retract"]


def withdrawing(room: FakeRoom) -> bool:
    return room.readings.pump.prompt is Prompt.WITHDRAWING


def just_injected() -> People:
    """The pass in which the injection is over and its retract is planned."""
    people = soft_room()
    room = people.room
    room.box.hold = True
    people.wait(lambda room: room.state.hold.phase is HoldPhase.LIFT)
    room.box.hold = False
    people.wait(lambda room: not room.state.watch.relaxation.pending)
    room.held_pa = 6_500
    room.box.hold = True
    people.wait(lambda room: room.state.phase is Phase.SETTLE)
    room.box.hold = False
    assert room.state.plan is not None
    return people


def retracting_room() -> People:
    """Injected, settling, the pump runs backward."""
    people = just_injected()
    people.wait(withdrawing)
    return people


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_after_the_planned_end_the_line_is_relieved_once():
    people = retracting_room()
    room = people.room
    high_nl = account_of(room.state).high_nl
    assert room.targets.pump.action is PumpAction.WITHDRAW
    assert room.state.hold.action.value == "none" or room.state.hold.phase.value == "closed"
    assert observe.net_pa(room.state, room.readings, room.now_ns) is None
    people.wait(lambda room: room.state.plan is None)
    assert room.pump.withdrawn_nl == 4_460
    people.ticks(200)
    (intent,) = motions(people, MotionIntent)
    (end,) = motions(people, MotionEnded)
    assert intent.base_nl == 0
    assert 4_460 <= intent.until_nl <= 4_470  # by the compliance that the push measured
    assert end.reached
    (note,) = [e for e in people.entries if isinstance(e, Noted) and e.topic == "retract"]
    assert dict(note.facts)["compliance"] == "measured"
    account = account_of(room.state)
    assert account.high_nl == high_nl  # what was taken back counts as delivered all the same
    assert account.low_nl == (60_000 - 10 - intent.until_nl) * 95 // 100
    assert room.true_in_duct >= account.low_nl * 60 * NS_PER_S


def account_of(state: State):
    assert state.ledger.account is not None
    return state.ledger.account


@pytest.mark.hazard("HZ-RECORD")
def test_it_waits_for_the_disk():
    people = just_injected()
    people.room.journal_lag = 10**6
    people.ticks(20)
    assert people.room.state.plan is not None
    assert people.room.pump.motion is Motion.PREPARED
    assert people.room.pump.withdrawn == 0
    people.room.journal_lag = 0
    people.wait(withdrawing)


def radiologist(people: People, event: Event, by: str = PERFORMER) -> None:
    request = rq.Do(by=by, role=Role.RADIOLOGIST, event=event)
    assert people.tick(request).replies[0].refusals in ((), (IMPOSSIBLE,))


IMPOSSIBLE = "'stop' is not possible in 'suspected-extravasation'"

ENDS: dict[str, Callable[[People], None]] = {
    "pain": lambda people: setattr(people.room.box, "pain", True),
    "emergency stop": lambda people: setattr(people.room.box, "emergency_stop", True),
    "pump lost": lambda people: people.room.links.update(pump=Link.LOST),
    "line lost": lambda people: people.room.links.update(line=Link.LOST),
    "box lost": lambda people: people.room.links.update(room=Link.LOST),
    "pressure down": lambda people: setattr(people.room, "held_pa", 500),
    "stop": lambda people: radiologist(people, Event.STOP),
    "said pain": lambda people: radiologist(people, Event.PAIN),
    "emergency": lambda people: radiologist(people, Event.EMERGENCY),
    "abort": lambda people: radiologist(people, Event.ABORT),
    "pressure switch": lambda people: setattr(people.room.box, "pressure_switch", True),
}


@pytest.mark.hazard("HZ-AIR", "HZ-EXTRAVASATION", "HZ-STOP-FAILS", "HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("what", ENDS)
def test_it_is_over_at_once_and_for_good(what: str):
    people = retracting_room()
    room = people.room
    ENDS[what](people)
    people.tick()
    assert room.targets.pump.action is PumpAction.STOPPED
    people.ticks(20)
    room.box.pain = room.box.emergency_stop = room.box.pressure_switch = False
    room.links = dict.fromkeys(room.links, Link.UP)
    room.held_pa = 6_500
    people.ticks(20)
    for alarm in room.state.alarms:
        people.ask(rq.Acknowledge, alarm=alarm.name)
    people.ask(rq.ConfirmReclose, stopcock_closed=True)
    people.ticks(20)
    people.ask(rq.Do, event=Event.RESUME)
    people.ticks(100)
    assert len(motions(people, MotionIntent)) == 1
    assert room.state.plan is None
    assert room.pump.withdrawn_nl < STORED_NL


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_stop_that_is_said_after_suspected_extravasation_ends_it_too():
    people = soft_room()
    people.press()
    people.ticks(150)
    people.room.held_pa = 6_500
    radiologist(people, Event.EXTRAVASATION)
    people.wait(withdrawing)
    radiologist(people, Event.STOP)
    assert people.room.targets.pump.action is PumpAction.STOPPED
    people.ticks(40)
    assert len(motions(people, MotionIntent)) == 1


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_stop_that_is_said_first_forbids_it():
    people = soft_room()
    people.press()
    people.ticks(150)
    people.room.held_pa = 6_500
    radiologist(people, Event.EXTRAVASATION)
    radiologist(people, Event.STOP)
    people.ticks(40)
    assert motions(people, MotionIntent) == []


@pytest.mark.hazard("HZ-AIR")
def test_one_that_was_not_asked_to_run_yet_is_given_up():
    people = just_injected()
    room = people.room
    room.box.pain = True
    people.ticks(3)
    (end,) = motions(people, MotionEnded)
    assert end.why == "never run: not safe any more"
    assert room.pump.withdrawn == 0


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_a_pause_by_pressure_is_relieved_and_the_injection_may_go_on():
    people = soft_room(net_pause_pa=9_500)
    room = people.room
    room.box.hold = True
    people.wait(lambda room: room.state.hold.phase is HoldPhase.LIFT)
    room.box.hold = False
    people.wait(lambda room: not room.state.watch.relaxation.pending)
    people.press()
    people.ticks(20)
    room.held_pa, room.duct_pa = 6_000, 4_500
    people.wait(withdrawing)
    assert room.state.phase is Phase.ARM
    assert observe.planned_nl(room.state) == 60_000
    room.duct_pa = 0
    people.wait(lambda room: room.state.plan is None)
    room.box.hold = False
    people.ticks(6)
    for alarm in room.state.alarms:
        people.ask(rq.Acknowledge, alarm=alarm.name)
    people.arm()
    people.inject()
    assert room.pump.counter_nl >= 59_000
    assert len(motions(people, MotionIntent)) == 1  # one an injection


@pytest.mark.hazard("HZ-AIR")
def test_a_profile_without_retract_has_none():
    people = soft_room(retract_nl=0)
    people.inject()
    people.room.held_pa = 6_500
    people.ticks(60)
    assert motions(people, MotionIntent) == []


@pytest.mark.hazard("HZ-AIR", "HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    "change",
    [
        {"line": {"pressure_pa": 500}},
        {"room": {"pain_pressed": True}},
        {"duct": {"cannula_in_ns": 0}},
        {"state": {"phase": Phase.COMPRESSION}},
        {"state": {"targets": Targets()}},  # the gate refused it in the last pass
    ],
    ids=str,
)
def test_the_workflow_itself_gives_it_up(change):
    scene = retracting().but(plan={"asked_ns": NOW_NS - 1})
    scene = scene._replace(state=replace(scene.state, targets=scene.wanted))
    plan = scene.state.plan
    assert plan is not None
    assert not retract.follow(plan, scene.state, scene.readings, NOW_NS).released
    over = scene.but(**change)
    given_up = retract.follow(plan, over.state, over.readings, NOW_NS)
    assert given_up.released
    assert retract.follow(given_up, scene.state, scene.readings, NOW_NS).released
    rest = retract.pump_target(replace(scene.state, plan=given_up), scene.readings)
    assert rest.action is PumpAction.STOPPED
