"""What a review of the whole core found: each story failed before it was mended."""

from typing import Any

import pytest

from state_machine import requests as rq
from state_machine.alarms import ALARM_BY_NAME
from state_machine.entries import Exposed
from state_machine.injection import open_tip_nl
from state_machine.ledger import Ledger, SideDay, side_day_high_nl, side_day_low_nl
from state_machine.limits import Limits
from state_machine.readings import Link, Paddle, TripCause, UnitState
from state_machine.requests import Event, Side
from state_machine.state import Alarm, HoldPhase, Phase
from state_machine.step import step
from state_machine.targets import Compression, MammographTarget, Targets
from state_machine.units import NS_PER_MS
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import (
    ASSISTANT,
    DAY,
    NOW_NS,
    PATIENT,
    PERFORMER,
    exposing,
    injecting,
    replace,
)
from tests.core.procedure import People


@pytest.fixture
def people() -> People:
    made = People(FakeRoom())
    made.open()
    made.checklist()
    made.set_up()
    made.prime()
    return made


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-STOP-FAILS")
def test_a_box_that_restarts_stays_open_until_a_person_has_looked(people: People):
    """It counts its trips from one again: the count that was confirmed at set-up."""
    box = people.room.box
    assert box.trip_count == 1
    box.trip_cause, box.relay_closed = TripCause.POWER_UP, False
    people.room.pump.power_cut()
    people.ticks(40)
    assert not box.relay_closed
    assert not people.room.state.permit
    assert "box-tripped" in {alarm.name for alarm in people.room.state.alarms}
    people.say(rq.Acknowledge, alarm="box-tripped")
    people.say(rq.ConfirmReclose, cannula_out=True)
    people.ticks(2)
    assert box.relay_closed


@pytest.mark.hazard("HZ-USE-ERROR", "HZ-COMPRESSION")
@pytest.mark.parametrize("dead", ["pump", "mammograph", "line", "room"])
@pytest.mark.parametrize("event", [Event.ABORT, Event.EMERGENCY, Event.EXTRAVASATION])
def test_a_procedure_can_be_closed_whatever_device_is_dead(people: People, dead: str, event: Event):
    people.cannulate()
    people.room.links[dead] = Link.LOST
    people.ticks(5)
    for each in (event, Event.DECANNULATED, Event.CARE_GIVEN, Event.CLOSE):
        people.do(each)
    assert people.room.state.phase is Phase.STANDBY


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_a_pump_lost_at_the_end_loses_its_power_and_its_motion_is_not_carried_on(people: People):
    people.cannulate()
    people.arm()
    people.press()
    intent_nl = people.room.state.ledger.account.intent_nl  # type: ignore[union-attr]
    people.room.links["pump"] = Link.LOST
    people.ticks(5)
    people.room.box.hold = False
    for each in (Event.ABORT, Event.DECANNULATED, Event.CARE_GIVEN):
        people.do(each)
    assert not people.room.targets.room.pump_permit
    assert people.room.state.ledger.days[0].high_nl >= intent_nl
    people.do(Event.CLOSE)
    assert people.room.state.plan is None


@pytest.mark.hazard("HZ-COMPRESSION")
def test_a_paddle_that_is_seen_down_is_released_before_the_end(people: People):
    people.cannulate()
    people.room.unit.paddle, people.room.unit.releases = Paddle.HOLDING, False
    people.do(Event.ABORT)
    assert people.ask(rq.Do, event=Event.DECANNULATED) == ("release the compression first",)


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize("button", [True, False])
def test_pain_while_stopped_for_another_reason_needs_the_radiologist(people: People, button: bool):
    people.cannulate()
    people.do(Event.STOP)
    if button:
        people.room.box.pain = True
        people.ticks(3)
        people.room.box.pain = False
        people.ticks(3)
    else:
        people.do(Event.PAIN)
    refusals = people.ask(rq.Do, event=Event.RESUME)
    assert len(refusals) == 1
    assert "only the performing radiologist may go on" in refusals[0]
    resume = rq.Do(by=PERFORMER, role=rq.Role.RADIOLOGIST, event=Event.RESUME)
    people.tick(resume)
    assert people.room.state.phase is Phase.ARM, "where it was stopped first"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    ("purpose", "event", "phase"),
    [("prime", Event.MOUNT_ANEW, Phase.SET_UP), ("tip-drop", Event.DONE, Phase.DECANNULATE)],
)
def test_a_motion_with_the_tip_out_does_not_outlive_its_phase(purpose, event, phase):
    people = People(FakeRoom())
    people.open()
    people.checklist()
    people.set_up()
    if purpose == "tip-drop":
        people.prime()
        people.ticks(60)
    else:
        prime_but_stay(people)
    people.say(rq.TipOut, purpose=purpose)
    people.tick()
    people.settle(event)
    assert people.room.state.phase is phase
    assert people.room.state.hold.phase is HoldPhase.CLOSED
    before = people.room.pump.true_moved
    people.room.box.hold = True
    people.ticks(40)
    assert people.room.pump.true_moved == before


def prime_but_stay(people: People) -> None:
    people.zero()
    people.fill()
    people.push()
    people.tip_out("open-tip")
    people.wait(lambda room: room.readings.pump.infused_nl == 0)
    people.ticks(60)


def opening(**fields: Any) -> dict[str, Any]:
    return {
        "patient_id": PATIENT,
        "patient_name": "Example",
        "side": Side.LEFT,
        "ordered_side": Side.LEFT,
        "ordered_nl": 60_000,
        "performer": PERFORMER,
        "assistant": ASSISTANT,
    } | fields


LOCKED = SideDay(PATIENT, Side.LEFT, DAY - 3, locked_until_day=DAY + 10)
LOCK_WORDS = "this breast is locked after a suspected extravasation"
SAME_WORDS = "a patient was here within 24 h: say whether this is the same person"


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-WRONG-PATIENT-SIDE")
@pytest.mark.parametrize(
    ("days", "fields", "words"),
    [
        pytest.param((LOCKED,), {"same_patient_as": "P-9"}, {LOCK_WORDS, SAME_WORDS}, id="unknown"),
        pytest.param(
            (LOCKED, SideDay("P-9", Side.LEFT, DAY)),
            {"same_patient_as": "P-9"},
            {LOCK_WORDS},
            id="another known one",
        ),
        pytest.param(
            (SideDay(PATIENT, Side.LEFT, DAY, high_nl=900_000), SideDay("P-9", Side.LEFT, DAY)),
            {"same_patient_as": "P-9"},
            {SAME_WORDS},
            id="volume of today left behind",
        ),
    ],
)
def test_naming_another_patient_reaches_past_no_lock_and_no_volume(days, fields, words):
    people = People(FakeRoom())
    people.room.state = replace(people.room.state, ledger=Ledger(days=days))
    people.tick()
    assert set(people.ask(rq.OpenCase, **opening(**fields))) == words


@pytest.mark.hazard("HZ-COMPRESSION")
def test_a_release_is_wanted_until_the_paddle_is_seen_up_afterwards(people: People):
    """The newest answer may be of before the paddle went down."""
    people.cannulate()
    room = people.room
    room.state = replace(room.state, phase=Phase.COMPRESSION)
    people.tick()
    old = room.unit.reading(room.now_ns - 1, Link.UP)
    assert old.paddle is Paddle.RELEASED
    answer = room.unit.reading
    room.unit.reading = lambda at_ns, link: old  # type: ignore[method-assign]
    room.box.pain = True
    for _ in range(4):
        people.tick()
        assert room.targets.mammograph.compression is Compression.RELEASE
    room.unit.reading = answer  # type: ignore[method-assign]
    people.ticks(3)
    assert room.targets.mammograph.compression is Compression.HOLD


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_nothing_is_injected_with_a_sensor_that_lost_its_zero(people: People):
    people.cannulate()
    people.arm()
    people.room.zero_count = 0  # it restarted: what it shows now has another zero
    people.room.box.hold = True
    people.ticks(40)
    assert people.room.true_in_duct == 0
    assert people.room.state.phase is Phase.ARM
    people.room.box.hold = False
    people.ticks(10)
    refusals = people.ask(rq.Do, event=Event.ARM)
    assert [words for words in refusals if "lost its zero" in words]


@pytest.mark.hazard("HZ-FLOW-AND-XRAY")
def test_nothing_flows_while_the_x_ray_enable_is_closed():
    assert "unit-busy" in injecting().but(room={"xray_enabled": True}).refused()


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-RECORD")
@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.EXPOSURE_ARMED, Phase.REVIEW])
def test_every_exposure_that_the_unit_counts_is_recorded_whatever_the_phase(phase: Phase):
    """A stop, pain or a fault in the pass that sees the count used to lose its dose."""
    scene = exposing().but(state={"phase": phase}, exposure={"seen_count": 0, "count": 0})
    counted = scene.but(mammograph={"exposure_count": 1, "tube_charge_uas": 95_000})
    first = step(counted.state, counted.readings, (), NOW_NS)
    noted = [entry for entry in first.entries if isinstance(entry, Exposed)]
    assert [(e.exposure_count, e.tube_charge_uas) for e in noted] == [(1, 95_000)]
    assert first.state.exposure.made_count == 1
    again = step(first.state, counted.readings, (), NOW_NS + NS_PER_MS)
    assert not [entry for entry in again.entries if isinstance(entry, Exposed)]


@pytest.mark.hazard("HZ-EXPOSURE")
def test_a_counter_read_for_the_first_time_is_no_exposure():
    scene = exposing().but(exposure={"seen_count": -1}, mammograph={"exposure_count": 4_711})
    outcome = step(scene.state, scene.readings, (), NOW_NS)
    assert not [entry for entry in outcome.entries if isinstance(entry, Exposed)]
    assert outcome.state.exposure.seen_count == 4_711


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_contrast_by_hand_counts_to_the_breast_when_the_duct_is_done(people: People):
    people.cannulate()
    for event in (Event.ABORT, Event.DECANNULATED):
        people.do(event)
    assert people.room.state.ledger.account is None
    people.say(rq.HandInjected, volume_nl=7_000)
    assert side_day_low_nl(people.room.state.ledger) == 7_000
    assert side_day_high_nl(people.room.state.ledger) == 7_000


@pytest.mark.hazard("HZ-EXPOSURE")
@pytest.mark.parametrize("name", ["exposing-unasked", "line-pressure", "not-released"])
def test_a_lost_device_says_nothing_more_of_itself(name: str):
    """Its last words are old: that it is lost is an alarm of its own."""
    unit = {"unit_state": UnitState.EXPOSING, "paddle": Paddle.HOLDING, "link": Link.LOST}
    lost = exposing().but(
        mammograph=unit,
        line={"pressure_pa": 200_000, "link": Link.LOST},
        state={"targets": Targets(mammograph=MammographTarget(compression=Compression.RELEASE))},
    )
    lost = lost.but(state={"release_ns": 1})
    row = ALARM_BY_NAME[name]
    assert not row.present(lost.state, lost.readings, NOW_NS)
    heard = lost.but(mammograph={"link": Link.UP}, line={"link": Link.UP})
    assert row.present(heard.state, heard.readings, NOW_NS)


@pytest.mark.parametrize("rate_nl_min", [100_000, 200_000, 300_000, 500_000])
def test_the_open_tip_test_is_long_enough_for_its_own_ramp(rate_nl_min: int):
    limits = Limits(rate_nl_min=rate_nl_min)
    ramp_s = rate_nl_min / limits.ramp_nl_min_s
    ramp_nl, top_nl = rate_nl_min * ramp_s / 120, rate_nl_min * 5 / 60
    assert open_tip_nl(limits) >= ramp_nl + top_nl - 2


@pytest.mark.hazard("HZ-COMPRESSION")
@pytest.mark.parametrize(("phase", "released"), [(Phase.STOPPED, True), (Phase.STANDBY, False)])
def test_a_long_compression_is_let_go_in_a_procedure_and_left_to_the_unit_outside(phase, released):
    """An ordinary mammogram on the same unit is nobody's business here."""
    long_ns = NOW_NS - Limits().compressed_time_ns - NS_PER_MS
    scene = exposing().but(state={"phase": phase}, exposure={"compressed_ns": long_ns})
    scene = scene.but(mammograph={"unit_state": UnitState.STANDBY})
    if not released:
        scene = scene.but(state={"case": None})
    outcome = step(scene.state, scene.readings, (), NOW_NS)
    wanted = outcome.targets.mammograph.compression
    assert (wanted is Compression.RELEASE) is released


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-USE-ERROR")
@pytest.mark.parametrize(("acknowledged", "taken"), [(True, True), (False, False)])
def test_an_over_full_duct_does_not_keep_the_pump_without_power(acknowledged: bool, taken: bool):
    """Its alarm stays until the duct is done; the gate refuses every motion all the same."""
    alarm = Alarm("over-volume", NOW_NS - NS_PER_MS, acknowledged=acknowledged)
    scene = injecting().but(
        state={"alarms": (alarm,), "permit": False, "phase": Phase.STOPPED},
        account={"high_nl": 600_000},
    )
    word = rq.ConfirmReclose(by=ASSISTANT, role=rq.Role.TECHNOLOGIST, cannula_out=True)
    outcome = step(scene.state, scene.readings, (word,), NOW_NS)
    assert (outcome.replies[0].refusals == ()) is taken
    assert outcome.state.permit is taken
    assert not outcome.targets.pump.run
