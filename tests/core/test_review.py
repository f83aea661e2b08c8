"""What a review of the whole core found: each story failed before it was mended."""

from typing import Any

import pytest

from state_machine import requests as rq
from state_machine.ledger import Ledger, SideDay
from state_machine.readings import Link, Paddle, TripCause
from state_machine.requests import Event, Side
from state_machine.state import HoldPhase, Phase
from state_machine.targets import Compression
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import ASSISTANT, DAY, PATIENT, PERFORMER, injecting, replace
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
    assert refusals == ("after pain only the performing radiologist may go on, by name",)
    resume = rq.Do(by=PERFORMER, role=rq.Role.RADIOLOGIST, event=Event.RESUME)
    people.tick(resume)
    assert people.room.state.phase is Phase.ARM, "where it was stopped first"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    ("purpose", "event", "phase"),
    [("prime", Event.PRIMED, Phase.LOCATE_DUCT), ("tip-drop", Event.DONE, Phase.DECANNULATE)],
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
    people.say(rq.Zero)
    people.wait(lambda room: room.state.line.zeroed)
    people.ticks(5)
    people.tip_out("prime")
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
