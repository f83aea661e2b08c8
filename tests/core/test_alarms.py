# ruff: noqa: E501  (tables: one row per line)
"""Each alarm is raised, latched, acknowledged and cleared as the table says."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from state_machine import alarm_values, alarms
from state_machine import requests as rq
from state_machine.alarms import ALARM_BY_NAME, ALARMS, Priority
from state_machine.entries import AlarmChanged
from state_machine.falls import Dislodged, Plateau, Sag, Tear
from state_machine.line_faults import Drift, NoFlow, Occlusion
from state_machine.motion_faults import Beyond, Count, RateDiffers, Still
from state_machine.readings import Link, Motion, Paddle, Prompt, PumpAlarm, TripCause, UnitState
from state_machine.relaxation import Relaxation
from state_machine.requests import Event, Role
from state_machine.state import (
    Alarm,
    Exposure,
    Hold,
    HoldAction,
    HoldPhase,
    Injection,
    Phase,
    Screen,
)
from state_machine.step import Outcome, step
from state_machine.targets import (
    Compression,
    MammographTarget,
    PumpAction,
    Sounder,
    Targets,
)
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fixtures import (
    NOW_NS,
    Scene,
    exposing,
    injecting,
    readings,
    replace,
    state,
)

S = NS_PER_S


def at_rest(phase: Phase = Phase.ARM) -> Callable[[], Scene]:
    return lambda: Scene(state(phase), readings(), Targets())


def releasing() -> Scene:
    told = Targets(mammograph=MammographTarget(Compression.RELEASE))
    made = state(Phase.STOPPED, targets=told, release_ns=NOW_NS - 3 * S - 1)
    return Scene(made, readings(), Targets())


def after_exposure() -> Scene:
    made = state(Phase.EXPOSURE, hold=Hold(since_ns=NOW_NS - 501 * NS_PER_MS))
    return Scene(made, readings(), Targets())


@pytest.mark.parametrize("name", ["net-warn", "net-pause", "net-stop"])
def test_under_the_paddle_the_line_is_judged_and_not_the_bound_of_net_pressure(name):
    """The bound carries the paddle's own rise forward; 2 to 4 kPa is a normal fill (rules 4.5)."""
    full = Scene(state(Phase.ARM), readings(), Targets()).but(net={"upper_pa": 6_001})
    assert name in present(full)
    for phase in (Phase.COMPRESSION, Phase.EXPOSURE, Phase.EXPOSURE_ARMED):
        assert name not in present(full.but(state={"phase": phase}))


@pytest.mark.parametrize("paddle", Paddle)
def test_review_begins_under_the_paddle(paddle):
    over = {"net": {"upper_pa": 6_001}, "line": {"pressure_pa": 6_001}}
    found = present(
        Scene(state(Phase.REVIEW), readings(), Targets()).but(mammograph={"paddle": paddle}, **over)
    )
    pressing = paddle in (Paddle.HOLDING, Paddle.RELEASING)
    assert ("net-pause" in found) is not pressing
    assert ("compression-pressure" in found) is pressing


def test_a_paddle_that_nobody_sees_excuses_no_pressure():
    seen = Scene(state(Phase.REVIEW), readings(), Targets()).but(net={"upper_pa": 6_001})
    held = {"paddle": Paddle.HOLDING}
    assert "net-pause" not in present(seen.but(mammograph=held))
    assert "net-pause" in present(seen.but(mammograph=held | LOST))


class Story(NamedTuple):
    """A scene without the alarm and what raises it there."""

    name: str
    scene: Callable[[], Scene]
    raised: Mapping[str, Any]


def on(**parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return parts


REST = at_rest()
LOST = {"link": Link.LOST}
WRONG = {"link": Link.REFUSED}
# fmt: off
STORIES = (
    Story("uncommanded-motion", REST, on(pump={"prompt": Prompt.INFUSING})),
    Story("stop-not-obeyed", REST, on(pump={"stop_overdue": True})),
    Story("motor-pin", REST, on(room={"motor_pin": True, "at_ns": NOW_NS - 1})),
    Story("line-pressure", REST, on(line={"pressure_pa": 120_001})),
    Story("net-stop", REST, on(net={"upper_pa": 6_001})),
    Story("net-pause", REST, on(net={"upper_pa": 4_001})),
    Story("net-warn", REST, on(net={"upper_pa": 3_001})),
    Story("false-passage", injecting, on(net={"upper_pa": 2_001})),
    Story("tear", injecting, on(watch={"tear": Tear(1)})),
    Story("occlusion", injecting, on(watch={"occlusion": Occlusion(1)})),
    Story("dislodged", injecting, on(watch={"dislodged": Dislodged(1)})),
    Story("flow-differs", injecting, on(watch={"count": Count(1)})),
    Story("net-plateau", injecting, on(watch={"plateau": Plateau(1)})),
    Story("net-fell", injecting, on(watch={"sag": Sag(1)})),
    Story("no-flow", injecting, on(watch={"no_flow": NoFlow(1)})),
    Story("pump-still", injecting, on(watch={"still": Still(1)})),
    Story("rate-differs", injecting, on(watch={"rate": RateDiffers(1)})),
    Story("beyond-target", injecting, on(watch={"beyond": Beyond(1)})),
    Story("air", REST, on(watch={"relaxation": Relaxation(1)})),
    Story("line-drift", REST, on(watch={"drift": Drift(1)})),
    Story("net-doubt", injecting, on(net={"net_pa": None})),
    Story("over-volume", REST, on(account={"high_nl": 500_001})),
    Story("emergency-stop", REST, on(room={"emergency_stop": True})),
    Story("box-tripped", REST, on(room={"trip_cause": TripCause.HEARTBEAT_LOST})),
    Story("pressure-switch", REST, on(room={"pressure_switch": True})),
    Story("compression-pressure", at_rest(Phase.COMPRESSION), on(line={"pressure_pa": 6_001})),
    Story("not-released", releasing, on(mammograph={"paddle": Paddle.HOLDING})),
    Story("exposing-unasked", after_exposure, on(mammograph={"unit_state": UnitState.EXPOSING})),
    Story("pump-stalled", REST, on(pump={"alarm": PumpAlarm.STALL})),
    Story("pump-timeout", REST, on(pump={"alarm": PumpAlarm.TIMEOUT})),
    Story("pump-lost", REST, on(pump=LOST)),
    Story("line-lost", REST, on(line=LOST)),
    Story("room-lost", REST, on(room=LOST)),
    Story("unit-lost", REST, on(mammograph=LOST)),
    Story("line-sensor", REST, on(line={"pressure_pa": None})),
    Story("unit-heartbeat", REST, on(mammograph={"watchdog_tripped": True})),
    Story("unit-fault", REST, on(mammograph={"unit_state": UnitState.FAULT})),
    Story("compressed-long", at_rest(Phase.COMPRESSION), on(exposure={"compressed_ns": NOW_NS - 45 * S - 1}, mammograph={"paddle": Paddle.HOLDING})),
    Story("hold-contacts", injecting, on(room={"hold_disagrees": True})),
    Story("record", REST, on(journal={"fault": "disk full"})),
    Story("wrong-pump", at_rest(Phase.SET_UP), on(pump=WRONG)),
    Story("wrong-sensor", at_rest(Phase.SET_UP), on(line=WRONG)),
    Story("wrong-box", at_rest(Phase.SET_UP), on(room=WRONG)),
    Story("wrong-unit", at_rest(Phase.SET_UP), on(mammograph=WRONG)),
    Story("exposure-overdue", at_rest(Phase.COMPRESSION), on(injection={"ended_ns": NOW_NS - 180 * S - 1})),
    Story("nobody-sees", REST, on(state={"screen": Screen(on=True), "shown_ns": NOW_NS - S - 1})),
    Story("nobody-sees-flow", injecting, on(state={"screen": Screen(on=True), "shown_ns": NOW_NS - S - 1})),
    Story("temperature", REST, on(line={"temperature_mc": 19_999})),
    Story("dwell", REST, on(duct={"cannula_in_ns": NOW_NS - 12 * 60 * S - 1})),
    Story("checkpoint", REST, on(hold={"phase": HoldPhase.LIFT, "action": HoldAction.INJECT})),
)
# fmt: on


def present(scene: Scene) -> set[str]:
    """Names of the alarms that a scene raises from nothing."""
    found = alarms.update((), scene.state, scene.readings, scene.now_ns)
    return {alarm.name for alarm in found}


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(s, id=s.name, marks=pytest.mark.hazard(ALARM_BY_NAME[s.name].hazard))
        for s in STORIES
    ],
)
def test_each_alarm_is_raised_latched_acknowledged_and_cleared(story):
    row = ALARM_BY_NAME[story.name]
    calm, alarming = story.scene(), story.scene().but(**story.raised)
    assert story.name not in present(calm)
    assert story.name in present(alarming)

    def pass_by(on, scene, at_ns):
        left = alarms.update(on, scene.state, scene.readings, scene.now_ns)
        return left, next((a for a in left if a.name == story.name), None)

    first, alarm = pass_by((), alarming, NOW_NS)
    assert alarm == Alarm(story.name, NOW_NS)
    again, alarm = pass_by(first, alarming, NOW_NS)
    assert again == first
    gone, alarm = pass_by(first, calm, NOW_NS)
    if row.latching:
        assert alarm is not None
        assert not alarm.present
        taken, alarm = pass_by(alarms.acknowledge(gone, story.name), calm, NOW_NS)
    assert alarm is None
    known, alarm = pass_by(alarms.acknowledge(first, story.name), alarming, NOW_NS)
    assert alarm is not None
    assert alarm.acknowledged  # but its line stays while it holds
    cleared, alarm = pass_by(known, calm, NOW_NS)
    assert alarm is None


def test_every_alarm_has_a_story():
    assert [row.name for row in ALARMS if row.name not in {s.name for s in STORIES}] == []
    assert len(ALARM_BY_NAME) == len(ALARMS)
    assert all(row.words and row.action for row in ALARMS)


def test_a_new_occurrence_is_a_new_alarm():
    calm, alarming = REST(), REST().but(room={"emergency_stop": True})
    on_ = alarms.update((), alarming.state, alarming.readings, NOW_NS)
    on_ = alarms.update(on_, calm.state, calm.readings, NOW_NS + 1)
    assert [(a.since_ns, a.present) for a in on_] == [(NOW_NS, False)]
    on_ = alarms.update(on_, alarming.state, alarming.readings, NOW_NS + 2)
    assert on_ == (Alarm("emergency-stop", NOW_NS + 2),)


# --- edges ------------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize(
    ("pressure_pa", "names"),
    [
        (3_000, set()),
        (3_001, {"net-warn"}),
        (4_000, {"net-warn"}),
        (4_001, {"net-warn", "net-pause"}),
        (6_000, {"net-warn", "net-pause"}),
        (6_001, {"net-warn", "net-pause", "net-stop"}),
        (120_000, {"net-warn", "net-pause", "net-stop"}),
        (120_001, {"net-warn", "net-pause", "net-stop", "line-pressure"}),
    ],
)
def test_pressure_levels_at_rest(pressure_pa, names):
    scene = REST().but(line={"pressure_pa": pressure_pa}, net={"upper_pa": pressure_pa})
    assert present(scene) == names


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-STALE-DATA")
def test_the_bound_needs_a_fresh_line_and_a_measured_cannula_only():
    over = REST().but(net={"upper_pa": 3_001, "net_pa": None})
    assert present(over) == {"net-warn"}  # no estimate is no excuse
    assert present(over.but(injection={"ended_ns": NOW_NS - 1})) == {"net-warn"}
    assert present(over.but(line={"at_ns": NOW_NS - 60 * NS_PER_MS - 1})) == set()


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_suspected_tear_stops_once_and_is_then_a_persons_to_decide():
    torn = injecting().but(watch={"tear": Tear(1)})
    assert "tear" in present(torn)
    assert "tear" not in present(torn.but(state={"phase": Phase.STOPPED}))


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_false_passage_is_before_the_first_checkpoint_only():
    rising = injecting().but(net={"upper_pa": 2_001})
    assert "false-passage" in present(rising.but(pump={"infused_nl": 49_990}))
    assert "false-passage" not in present(rising.but(pump={"infused_nl": 50_000}))
    later = rising.but(injection={"base_nl": 5_000}, pump={"infused_nl": 54_990})
    assert "false-passage" in present(later)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_motion_that_was_told_is_not_uncommanded():
    assert present(injecting()) == set()
    stopping = injecting().but(pump={"motion": Motion.STOPPING})
    assert present(stopping) == set()
    unknown = stopping.but(state={"plan": None})
    assert "uncommanded-motion" in present(unknown)
    for prompt in (Prompt.WITHDRAWING, Prompt.PURGING):
        assert "uncommanded-motion" in present(REST().but(pump={"prompt": prompt}))


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_the_motor_pin_is_believed_only_when_newer_than_the_pumps_answer():
    pin = REST().but(room={"motor_pin": True})
    assert present(pin) == set()
    newer = pin.but(room={"at_ns": NOW_NS})
    assert present(newer) == {"motor-pin"}
    assert present(newer.but(room={"at_ns": NOW_NS - S})) == set()
    prepared = replace(Targets(), pump=replace(Targets().pump, action=PumpAction.INFUSE))
    assert present(newer.but(state={"targets": prepared})) == {"motor-pin"}
    told = replace(Targets(), pump=replace(prepared.pump, run=True))
    assert present(newer.but(state={"targets": told})) == set()


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("link", [Link.LOST, Link.PROBING])
def test_the_motor_pin_of_a_pump_not_heard_since_its_power_came_back_is_believed(link):
    silent = REST().but(
        pump={"link": link, "at_ns": NOW_NS - 9 * S},
        room={"motor_pin": True, "at_ns": NOW_NS},
        state={"permit_ns": NOW_NS - S},
    )
    assert "motor-pin" in present(silent)
    assert "motor-pin" not in present(silent.but(room={"motor_pin": False}))
    assert "motor-pin" not in present(silent.but(state={"permit_ns": NOW_NS}))  # seen before
    heard = silent.but(pump={"at_ns": NOW_NS - S // 2})  # lost while it may run: its own alarms
    assert "motor-pin" not in present(heard)


@pytest.mark.hazard("HZ-COMPRESSION")
def test_a_release_has_three_seconds_from_when_it_was_told():
    stuck = releasing().but(mammograph={"paddle": Paddle.HOLDING})
    assert "not-released" in present(stuck)
    assert "not-released" not in present(stuck.but(state={"release_ns": NOW_NS - 3 * S}))
    assert "not-released" not in present(stuck.but(mammograph={"paddle": Paddle.RELEASING}))


@pytest.mark.hazard("HZ-EXPOSURE")
def test_an_exposure_has_half_a_second_to_end():
    unasked = after_exposure().but(mammograph={"unit_state": UnitState.EXPOSING})
    assert "exposing-unasked" in present(unasked)
    just = unasked.but(hold={"since_ns": NOW_NS - 500 * NS_PER_MS})
    assert present(just) == set()
    assert present(exposing()) == set()


def test_a_trip_that_a_person_has_confirmed_is_no_alarm_any_more():
    tripped = REST().but(room={"trip_cause": TripCause.COMMANDED, "trip_count": 4})
    assert "box-tripped" in present(tripped)
    assert "box-tripped" not in present(tripped.but(state={"reclose_trip_count": 4}))
    assert "box-tripped" not in present(tripped.but(state={"permit": False}))


# --- what alarms do -----------------------------------------------------------------------------


def test_what_blocks():
    for row in ALARMS:
        for shown, known in ((True, False), (True, True), (False, False)):
            made = state(alarms=(Alarm(row.name, 0, shown, known),))
            blocks = (shown and row.priority is Priority.HIGH) or (row.latching and not known)
            assert alarms.none_blocks(made) is not blocks, (row.name, shown, known)
            but = frozenset({row.name})  # its presence is excused, not its acknowledgement
            assert alarms.none_blocks(made, but=but) is not (row.latching and not known)


def test_the_sounder_follows_the_highest_that_is_not_acknowledged():
    low, medium, high = Alarm("dwell", 0), Alarm("record", 0), Alarm("net-stop", 0)
    assert alarms.sounder(()) is Sounder.OFF
    assert alarms.sounder((low,)) is Sounder.LOW
    assert alarms.sounder((low, medium)) is Sounder.MEDIUM
    assert alarms.sounder((low, medium, high)) is Sounder.HIGH
    known = replace(high, acknowledged=True)
    assert alarms.sounder((low, medium, known)) is Sounder.MEDIUM
    assert alarms.sounder((known,)) is Sounder.OFF


MEASURED = {
    "line-pressure": (120_001, 120_000, "pa"),
    "net-stop": (6_001, 6_000, "pa"),
    "net-pause": (4_001, 4_000, "pa"),
    "net-warn": (3_001, 3_000, "pa"),
    "false-passage": (2_001, 2_000, "pa"),
    "compression-pressure": (6_001, 6_000, "pa"),
    "over-volume": (500_001, 500_000, "nl"),
    "compressed-long": (45 * S + 1, 45 * S, "ns"),
    "dwell": (12 * 60 * S + 1, 12 * 60 * S, "ns"),
}


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-USE-ERROR")
@pytest.mark.parametrize("name", sorted(MEASURED))
def test_an_alarm_keeps_what_was_measured_when_it_was_raised(name):
    """The value passes its limit, or the alarm would not be on."""
    story = next(s for s in STORIES if s.name == name)
    scene = story.scene().but(**story.raised)
    found = alarms.update((), scene.state, scene.readings, NOW_NS)
    told = alarm_values.noted(found, (), scene.state, scene.readings, NOW_NS)
    (alarm,) = [a for a in told if a.name == name]
    assert (alarm.value, alarm.limit, alarm.unit) == MEASURED[name]
    later = alarm_values.noted(told, told, story.scene().state, readings(), NOW_NS + S)
    assert later == told, "and keeps it"
    assert set(MEASURED) == set(alarm_values.MEASURED)


def newly(before, after):
    return [row.name for row in alarms.newly_stopping(before, after)]


def test_an_alarm_stops_once_per_occurrence():
    stall, low = Alarm("pump-stalled", 1), Alarm("dwell", 1)
    assert newly((), (stall, low)) == ["pump-stalled"]
    assert newly((stall,), (stall, low)) == []
    assert newly((stall,), (Alarm("pump-stalled", 2),)) == ["pump-stalled"]


def run(scene: Scene, *requests: rq.AnyRequest) -> Outcome:
    return step(scene.state, scene.readings, requests, scene.now_ns)


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERPRESSURE")
@pytest.mark.parametrize("name", [row.name for row in ALARMS if row.stops])
def test_an_alarm_that_stops_takes_injection_and_hold_in_the_same_pass(name):
    story = next(s for s in STORIES if s.name == name)
    base = injecting()
    if name in ("uncommanded-motion", "motor-pin", "net-stop", "exposing-unasked"):
        base = story.scene()
    base = base.but(state={"readings": base.readings})  # nothing new is heard of the line
    raised = dict(story.raised)
    if name == "over-volume":
        base = base.but(account={"high_nl": 500_001})
        raised = {}
    outcome = run(base.but(**raised))
    assert name in {a.name for a in outcome.alarms}
    assert outcome.state.phase is Phase.STOPPED
    assert outcome.state.stop.event == Event.FAULT.value
    assert outcome.state.hold.phase is HoldPhase.CLOSED
    assert outcome.targets.pump.action is PumpAction.STOPPED
    changes = [e for e in outcome.entries if isinstance(e, AlarmChanged)]
    assert ("raised", name) in {(e.change, e.alarm) for e in changes}


def test_raising_latching_acknowledging_and_clearing_are_recorded():
    scene = REST().but(room={"emergency_stop": True})
    outcome = run(scene)
    ack = rq.Acknowledge(by="T", role=Role.TECHNOLOGIST, alarm="emergency-stop")
    calm = REST()._replace(state=outcome.state)
    gone = run(calm)
    taken = step(gone.state, calm.readings, (ack,), NOW_NS + 1)
    cleared = step(taken.state, calm.readings, (), NOW_NS + 2)
    said = [
        [e.change for e in o.entries if isinstance(e, AlarmChanged)]
        for o in (outcome, gone, taken, cleared)
    ]
    assert said == [["raised"], ["gone, latched"], ["acknowledged"], ["cleared"]]
    assert cleared.alarms == ()
    refused = step(cleared.state, calm.readings, (ack,), NOW_NS + 3)
    assert refused.replies[0].refusals == ("no alarm 'emergency-stop' is on",)


def test_overdue_and_dwell_are_words_only():
    overdue = at_rest(Phase.COMPRESSION)()
    overdue = overdue._replace(
        state=replace(
            overdue.state,
            injection=Injection(ended_ns=NOW_NS - 400 * S),
            exposure=Exposure(),
        )
    )
    assert run(overdue).state.phase is Phase.COMPRESSION


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_power_given_back_in_vain_is_withdrawn_until_a_person_gives_it_again():
    known = (Alarm("stop-not-obeyed", 1, acknowledged=True),)
    scene = REST().but(pump={"stop_overdue": True}, state={"alarms": known})
    assert run(scene.but(state={"permit_ns": NOW_NS - 10 * S})).state.permit
    vain = run(scene.but(state={"permit_ns": NOW_NS - 10 * S - 1}))
    assert not vain.targets.room.pump_permit
    assert not vain.state.permit
