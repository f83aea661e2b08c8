"""What people do in the middle of an injection or exposure, and what must come of it."""

import pytest

from sim.technologist import Order
from tests.world.scene import (
    PLUNGER_STOP_MOST_MS,
    PLUNGER_STOP_MS,
    RADIOLOGIST,
    Scene,
    beam_on,
    injecting,
    nothing_moves,
)


@pytest.mark.hazard("HZ-USE-ERROR", "HZ-LOST-COUNT")
def test_a_finger_slips_and_presses_again():
    scene = injecting()
    motion_id = scene.readings.pump.motion_id
    scene.hand("hold", False)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.run(0.5)
    assert scene.phase == "holding"
    scene.hand("hold", True).run(2)
    assert scene.moving
    assert scene.phase == "injecting"
    assert scene.readings.pump.motion_id == motion_id + 1  # a motion is never run twice
    scene.hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100
    assert set(scene.raised) == {"checkpoint"}


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_short_slip_is_a_stop_too():
    scene = injecting()
    scene.hand("hold", False).run(0.06)
    scene.hand("hold", True).run(1)
    scene.hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERVOLUME")
def test_release_stops_the_plunger_within_100_ms():
    scene = injecting(5_000)
    spans_ms = []
    for number in range(12):
        scene.run(0.3 + number * 0.0073)  # anywhere between two polls
        scene.hand("hold", False)
        spans_ms.append(scene.stop_span_ms())
        scene.run(0.4).hand("hold", True)
        scene.until(lambda _: scene.moving, 3)
    assert sorted(spans_ms)[len(spans_ms) // 2] <= PLUNGER_STOP_MS
    assert max(spans_ms) <= PLUNGER_STOP_MOST_MS


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_pain_stops_releases_and_only_the_radiologist_goes_on():
    scene = injecting().hand("pain", True)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.run(0.5)
    assert scene.phase == "stopped"
    assert scene.state.stop.event == "pain"
    with nothing_moves(scene):
        assert "the pain button is still pressed" in scene.do("resume", RADIOLOGIST)
        scene.hand("pain", False).hand("hold", False).run(0.5)
        refused = scene.do("resume")
        assert len(refused) == 1
        assert "only the performing radiologist may go on" in refused[0]
        assert scene.do("resume", RADIOLOGIST) == ()
        assert scene.phase == "arm"
        scene.hand("hold", True).run(1).hand("hold", False).run(0.5)  # not armed: nothing
    scene.hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_emergency_stop_while_injecting_cuts_the_power():
    scene = injecting().hand("emergency_stop", True)
    assert scene.stop_span_ms() == 0  # hardware, before any software knows
    assert not scene.truth["pump_powered"]
    entered_nl = scene.truth["entered_nl"]
    scene.run(2)
    assert scene.raised["emergency-stop"] == "high"
    assert scene.phase == "stopped"
    assert not scene.state.permit
    with nothing_moves(scene):
        scene.hand("hold", False).hand("emergency_stop", False).run(2)
        assert not scene.truth["pump_powered"]  # latched in the box, whoever lets go
        assert scene.ask("confirm-reclose") == (
            "say that the cannula is out or the stopcock closed",
            "acknowledge the alarms first",
        )
        scene.acknowledge_all()
        assert scene.ask("confirm-reclose", stopcock_closed=True) == ()
        scene.run(4)
        assert scene.truth["pump_powered"]
        scene.acknowledge_all()
        assert scene.do("resume", RADIOLOGIST) == ()
    assert scene.high_nl >= 50_000 > entered_nl  # the counter is gone: the whole motion counts
    scene.hands_on().until_closed()
    assert scene.truth["extravasated_nl"] == 0


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize("contact", ["hold_no", "hold_nc"])
def test_a_contact_of_the_switch_breaks(contact: str):
    scene = injecting().hand(contact, contact == "hold_nc")
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    with nothing_moves(scene):
        scene.run(1)
    assert "contradict" in scene.why
    assert scene.phase == "arm"


@pytest.mark.hazard("HZ-USE-ERROR")
def test_a_switch_that_was_held_all_along_opens_nothing():
    scene = Scene().until_phase("arm-confirm").hands_off()
    scene.hand("hold", True)
    with nothing_moves(scene):
        scene.run(0.3)
        plan = scene.procedure.last["plan"]
        assert "release the hold switch first" in scene.ask("confirm-arm", plan=plan)
        scene.run(1)


@pytest.mark.hazard("HZ-EXPOSURE")
def test_emergency_stop_while_exposing_ends_the_beam_at_once():
    scene = Scene().until(beam_on).hands_off()
    scene.hand("emergency_stop", True)
    assert not beam_on(scene)
    scene.run(2)
    assert scene.phase == "stopped"
    assert scene.raised["emergency-stop"] == "high"
    assert not scene.truth["xray_enabled"]
    assert scene.truth["force_mn"] == 0  # and the breast is let go


@pytest.mark.hazard("HZ-EXPOSURE")
@pytest.mark.parametrize(("name", "value"), [("hold", False), ("pain", True), ("door", "open")])
def test_what_ends_an_exposure(name: str, value: bool | str):
    scene = Scene(Order(views=("CC_DBT",))).until(beam_on).hands_off()
    scene.run(0.5).hand(name, value)
    began_ns = scene.world.now_ns()
    scene.until(lambda _: not beam_on(scene), 1)
    assert scene.world.now_ns() - began_ns <= 150_000_000
    scene.run(2)
    assert not beam_on(scene)
    assert scene.truth["exposure_count"] == 1  # what was given is counted
    assert scene.truth["force_mn"] == 0
