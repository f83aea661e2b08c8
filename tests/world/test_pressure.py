"""Pressure in whole rooms: what the estimate, its bound and the detectors see and do."""

import dataclasses

import pytest

from sim.physics import DUCT, FALSE_PASSAGE, RIG_27G_WARM, Patient
from sim.technologist import Order
from tests.world.scene import RADIOLOGIST, S, Scene, demo_with

SMALL = Patient(unstressed_ul=20.0, stiffening_per_ul=0.03, seal_kpa=20.0, tear_kpa=20.0)
"""A duct that is full early: 2 kPa at 100 uL."""
FULL = Order(ordered_nl=200_000)
QUIET = {"checkpoint"}


def seconds(scene: Scene, since_ns: int) -> float:
    return (scene.world.now_ns() - since_ns) / S


def alarmed(scene: Scene) -> bool:
    """Something other than a checkpoint was raised."""
    return bool(scene.raised.keys() - QUIET - {"net-warn"})


def filled_to(scene: Scene, duct_pa: int) -> Scene:
    scene.until_phase("injecting")
    scene.until(lambda s: bool(s.truth["duct_pa"] >= duct_pa and s.truth["motor_on"]))
    return scene


@pytest.mark.parametrize("seed", [11, 12])
def test_a_normal_fill_raises_nothing_and_its_bound_is_true(seed: int):
    scene = Scene(FULL, seed=seed)
    apart: list[int] = []

    def look(at: Scene) -> bool:
        if at.phase in ("injecting", "settle"):
            apart.append(at.state.net.upper_pa - at.truth["duct_pa"])
        return at.phase == "compression"

    scene.until(look, 200)
    assert scene.raised.keys() == QUIET
    assert min(apart) > -100
    assert sum(apart) / len(apart) < 600


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-STOP-FAILS")
@pytest.mark.parametrize("volume_nl", [30_000, 80_000])
def test_a_blocked_line_is_stopped_within_a_second(volume_nl: int):
    scene = Scene(FULL).until_injected(volume_nl).hands_off().hand("occluded", True)
    begin_ns = scene.world.now_ns()
    scene.until(lambda s: s.phase == "stopped", 2)
    assert seconds(scene, begin_ns) < 1.0
    assert scene.raised.keys() & {"occlusion", "net-stop", "false-passage"}
    scene.run(0.5)
    assert not scene.moving
    assert scene.truth["line_pa"] < 15_000


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_false_passage_stops_before_the_first_checkpoint():
    scene = Scene(FULL, patient=FALSE_PASSAGE)
    scene.until(alarmed, 120)
    assert scene.raised["false-passage"] == "high"
    assert scene.phase == "stopped"
    assert scene.truth["entered_nl"] < 20_000
    assert scene.truth["extravasated_nl"] == 0


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_tear_stops_the_pump_and_only_the_radiologist_goes_on():
    scene = Scene(FULL, patient=dataclasses.replace(SMALL, tear_kpa=2.5))
    scene.until(lambda s: bool(s.truth["torn"]), 200).hands_off()
    torn_ns = scene.world.now_ns()
    scene.until(lambda s: s.phase == "stopped", 8)
    assert seconds(scene, torn_ns) < 6
    assert scene.raised["tear"] == "high"
    scene.run(1)
    assert not scene.moving
    scene.acknowledge_all().hand("hold", False).run(1)
    refused = scene.do("resume")
    assert len(refused) == 1
    assert "only the performing radiologist may go on" in refused[0]
    assert scene.do("suspected-extravasation", RADIOLOGIST) == ()
    assert scene.phase == "suspected-extravasation"
    assert scene.state.ledger.days[-1].locked_until_day > scene.state.ledger.utc_day


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-AIR")
def test_a_cannula_that_slips_out_is_noticed_and_can_be_placed_again():
    scene = filled_to(Scene(FULL, patient=SMALL), 2_000).hands_off().hand("tip", "out")
    begin_ns = scene.world.now_ns()
    scene.until(lambda s: s.phase == "stopped", 2)
    scene.until(lambda s: "dislodged" in s.raised, 2)
    assert seconds(scene, begin_ns) < 2
    assert scene.raised["dislodged"] == "medium"
    assert scene.state.watch.dislodged_ns
    before_nl = scene.high_nl
    scene.hand("hold", False).run(1)
    scene.acknowledge_all()
    assert scene.do("resume", RADIOLOGIST) == ()
    assert scene.phase == "arm"
    assert scene.state.watch.dislodged_ns  # nothing is withdrawn until it is placed again
    assert scene.do("attempt-failed", RADIOLOGIST) == ()
    assert scene.phase == "cannulate"
    scene.hand("tip", "duct")
    assert scene.ask("cannulate", RADIOLOGIST) == ()
    scene.run(0.1)
    assert scene.phase == "arm"
    assert scene.state.watch.dislodged_ns == 0
    assert scene.high_nl >= before_nl
    assert "dislodged" not in scene.alarms


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_reflux_takes_the_permission_away():
    scene = Scene(FULL, patient=dataclasses.replace(SMALL, seal_kpa=2.0))
    scene.until(lambda at: "net-plateau" in at.raised, 200).hands_off()
    assert scene.raised["net-plateau"] == "medium"
    scene.run(0.5)
    assert scene.phase == "arm"
    assert not scene.moving


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION")
def test_near_the_pause_level_the_rate_is_halved_and_then_the_permission_is_lost():
    scene = Scene(FULL, patient=SMALL)
    rates: dict[bool, set[int]] = {False: set(), True: set()}

    def look(at: Scene) -> bool:
        plan = at.state.plan
        if at.phase == "injecting" and plan and at.readings.pump.motion.value == "running":
            rates[plan.slowed].add(at.readings.pump.rate_nl_min)
        return "net-pause" in at.raised

    scene.until(look, 200)
    assert max(rates[False]) == 200_000
    assert 100_000 in rates[True]
    assert scene.truth["duct_pa"] < 4_000
    scene.hands_off().run(0.5)
    assert scene.phase == "arm"
    assert not scene.moving


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-USE-ERROR")
def test_contrast_primed_cold_is_refused_with_the_words_that_help():
    cold = dataclasses.replace(RIG_27G_WARM, resistance_kpa_s_ul=3.14, temperature_mc=20_000)
    scene = Scene(FULL, rig=cold, patient=DUCT)
    scene.until(lambda s: bool(s.state.line.resistance_pa_s_ul), 120).run(8)
    assert scene.phase == "prime-and-zero"
    words = scene.do("primed")
    assert any("warm the contrast to 37 degrees" in word for word in words), words
    assert scene.state.line.resistance_mc == 20_000


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_the_settled_pressure_is_that_of_the_duct():
    loaded = demo_with(settle_window_ns=4 * S)
    scene = Scene(Order(ordered_nl=80_000), loaded, patient=SMALL)
    scene.until_phase("settle").until_phase("compression")
    assert abs((scene.state.net.net_pa or 0) - scene.truth["duct_pa"]) < 200
