"""Safety rules on exposure and people: earlier readings, locks, one breast, one day."""

import pytest

from state_machine import ledger
from state_machine import requests as rq
from state_machine.gate import judge
from state_machine.proposal import propose
from state_machine.readings import Paddle, Prompt, UnitState
from state_machine.requests import Event, Role, Side
from state_machine.state import Phase
from state_machine.targets import Compression, ExposureStage, PumpAction
from state_machine.units import NS_PER_MIN
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import DAY, NOW_NS, PATIENT, PERFORMER, exposing, injecting, replace
from tests.core.procedure import People


def compressed() -> People:
    people = People(FakeRoom())
    people.open()
    people.checklist()
    people.set_up()
    people.prime()
    people.cannulate()
    people.arm()
    people.inject()
    people.settle()
    people.say(rq.SelectView, view="CC")
    people.room.unit.drive_down = True
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.HOLDING)
    people.room.unit.drive_down = False
    people.do(Event.COMPRESSED)
    people.ticks(2)
    return people


def exposure(people: People) -> ExposureStage:
    return people.room.targets.mammograph.exposure


def compression(people: People) -> Compression:
    return people.room.targets.mammograph.compression


# --- 3.4: on readings of an earlier pass ---------------------------------------------------------


@pytest.mark.hazard("HZ-EXPOSURE")
def test_exposure_waits_for_a_pass_after_the_one_that_saw_the_unit_ready():
    people = compressed()
    people.room.box.hold = False
    people.do(Event.ARM_EXPOSURE)
    people.room.box.hold = True
    people.wait(lambda room: room.readings.mammograph.unit_state is UnitState.READY)
    assert people.room.state.exposure.ready_ns == people.room.now_ns
    assert exposure(people) is ExposureStage.PREP
    people.tick()
    assert exposure(people) is ExposureStage.EXPOSE


@pytest.mark.hazard("HZ-EXPOSURE")
def test_a_unit_first_seen_ready_in_this_very_pass_gets_no_exposure():
    scene = exposing().but(exposure={"ready_ns": NOW_NS})
    assert propose(scene.state, scene.readings, NOW_NS).mammograph.exposure is ExposureStage.PREP
    later = propose(scene.state, scene.readings, NOW_NS + 1)
    assert later.mammograph.exposure is ExposureStage.EXPOSE


@pytest.mark.hazard("HZ-FLOW-AND-XRAY")
def test_the_pass_that_asks_the_pump_to_stop_grants_no_exposure():
    """The last pass let the pump run, this one stops it and would expose: refused."""
    scene = exposing()
    ran = injecting().wanted.pump
    told = replace(scene.state.targets, pump=ran)
    stopping = scene.but(state={"targets": told})
    assert stopping.wanted.pump.action is PumpAction.STOPPED
    targets, refusals = judge(*stopping)
    assert {r.cause.name for r in refusals} == {"pump-may-move"}
    assert targets.mammograph.exposure is ExposureStage.OFF
    assert not targets.room.xray_enable


@pytest.mark.hazard("HZ-FLOW-AND-XRAY")
def test_the_pump_is_locked_from_before_prep_to_the_end_of_the_exposure():
    people = compressed()
    assert not people.room.state.exposure.pump_locked
    people.do(Event.ARM_EXPOSURE)
    assert people.room.state.exposure.pump_locked
    while people.room.state.phase is Phase.EXPOSURE_ARMED:
        unit = people.room.readings.mammograph.unit_state
        people.room.box.hold = unit in (UnitState.READY, UnitState.EXPOSING)
        if exposure(people) is not ExposureStage.OFF:
            assert people.room.state.exposure.pump_locked
            assert people.room.targets.pump.action is PumpAction.STOPPED
        people.tick()
    assert people.room.state.phase is Phase.REVIEW
    assert not people.room.state.exposure.pump_locked


@pytest.mark.hazard("HZ-FLOW-AND-XRAY")
def test_a_pump_that_is_not_stopped_refuses_the_arming_of_an_exposure():
    people = compressed()
    people.room.pump.motion = people.room.pump.motion.STOPPING
    people.room.pump.obeys_stop = False
    people.room.pump.plan = replace(people.room.pump.plan, until_nl=10**9)
    people.room.pump.rate_nl_min = 1
    words = people.ask(rq.Do, event=Event.ARM_EXPOSURE)
    assert words
    assert people.room.state.phase is not Phase.EXPOSURE_ARMED
    assert people.room.readings.pump.prompt is Prompt.INFUSING


# --- compression ---------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-COMPRESSION")
def test_line_pressure_under_compression_takes_the_permit_away():
    people = compressed()
    people.do(Event.DISARM)
    assert compression(people) is Compression.PERMIT
    people.room.duct_pa = 7_000
    people.wait(lambda room: (room.readings.line.pressure_pa or 0) > 6_000)
    assert compression(people) is Compression.HOLD


@pytest.mark.hazard("HZ-COMPRESSION")
@pytest.mark.parametrize("stop_first", [False, True])
def test_a_breast_compressed_too_long_is_let_go_in_every_phase(stop_first):
    people = compressed()
    if stop_first:
        people.do(Event.STOP)
        assert people.room.state.phase is Phase.STOPPED
    people.wait(lambda room: room.targets.mammograph.compression is Compression.RELEASE)
    since_ns = people.room.now_ns - people.room.state.exposure.compressed_ns
    assert since_ns <= 46_000_000_000
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)


@pytest.mark.hazard("HZ-COMPRESSION")
@pytest.mark.parametrize("stop_first", [False, True])
def test_an_emergency_stop_lets_the_breast_go_whatever_is_heard_first(stop_first):
    people = compressed()
    if stop_first:
        people.do(Event.STOP)
    assert compression(people) is Compression.HOLD
    people.room.box.emergency_stop = True
    people.ticks(2)
    assert people.room.state.phase is Phase.STOPPED
    assert compression(people) is Compression.RELEASE
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)


# --- 5.1: per patient, side and day ---------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-WRONG-PATIENT-SIDE")
def test_a_new_procedure_on_the_same_breast_goes_on_from_the_volume_of_the_day():
    people = compressed()
    people.room.unit.paddle = Paddle.RELEASED
    people.do(Event.DISARM)
    people.do(Event.ABORT)
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)
    for event in (Event.DECANNULATED, Event.CARE_GIVEN, Event.CLOSE):
        people.do(event)
    given_nl = people.room.true_in_duct // NS_PER_MIN
    assert given_nl == 60_000
    people.open()
    book = people.room.state.ledger
    assert ledger.side_day_high_nl(book) >= given_nl
    assert ledger.find_day(book, PATIENT, Side.RIGHT, DAY).high_nl == 0


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-WRONG-PATIENT-SIDE")
def test_closing_after_suspected_extravasation_leaves_the_breast_locked():
    people = compressed()
    people.do(Event.EXTRAVASATION)
    people.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)
    for event in (Event.DECANNULATED, Event.CARE_GIVEN, Event.CLOSE):
        people.do(event)
    assert people.room.state.phase is Phase.STANDBY
    opening = {
        "patient_id": PATIENT,
        "patient_name": "Example",
        "ordered_nl": 60_000,
        "performer": PERFORMER,
        "assistant": "T",
    }
    locked = "this breast is locked after a suspected extravasation"
    left = {"side": Side.LEFT, "ordered_side": Side.LEFT}
    right = {"side": Side.RIGHT, "ordered_side": Side.RIGHT}
    # a mistyped id is asked about, and named as the same patient it is locked as well
    mistyped = opening | {"patient_id": "P-l", "same_patient_as": PATIENT}
    assert locked in people.ask(rq.OpenCase, **opening, **left)
    assert locked in people.ask(rq.OpenCase, **mistyped, **left)
    assert people.ask(rq.OpenCase, **opening, **right) == ()


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_after_the_pain_button_only_the_performing_radiologist_goes_on():
    people = compressed()
    people.room.box.pain = True
    people.tick()
    assert people.room.state.phase is Phase.STOPPED
    people.room.box.pain = False
    people.ticks(2)
    assert any("performing radiologist" in w for w in people.ask(rq.Do, event=Event.RESUME))
    request = rq.Do(by=PERFORMER, role=Role.RADIOLOGIST, utc_day=DAY, event=Event.RESUME)
    assert people.tick(request).replies[0].refusals == ()


def test_no_request_holds_the_switch():
    """Contrast and X-ray need the wired switch: no message of a client opens the hold."""
    kinds = {str(kind.__struct_config__.tag) for kind in rq.ClientRequest.__args__}
    assert not kinds & {"hold", "press", "beat", "inject", "expose"}
    people = compressed()
    people.do(Event.ARM_EXPOSURE)
    people.ticks(60)
    assert people.room.readings.mammograph.unit_state is UnitState.READY
    assert exposure(people) is ExposureStage.PREP
