"""Self-tests in the virtual room: what the line really is, and what each of them finds."""

import dataclasses

import pytest

from sim.physics import RIG_27G_WARM, Rig
from sim.technologist import Order
from state_machine.entries import SelfTest
from tests.world.scene import RADIOLOGIST, Scene

THIN = dataclasses.replace(RIG_27G_WARM, resistance_kpa_s_ul=5.1)
"""A 30G cannula, 12.7 mm, 37 C (C1)."""
PRIME, ON = "prime-and-zero", "locate-duct"


def found(scene: Scene) -> dict[str, SelfTest]:
    """The newest result of each self-test."""
    return {entry.name: entry for entry in scene.entries(SelfTest)}


def until_failed(rig: Rig) -> Scene:
    """Run until a self-test of what is mounted fails; the scripted technologist leaves it alone."""
    scene = Scene(rig=rig)
    scene.until(
        lambda _: any(not e.passed and e.name != "zero-drift" for e in scene.entries(SelfTest)), 90
    )
    return scene.run(3)


@pytest.mark.hazard("HZ-SYRINGE", "HZ-AIR", "HZ-OVERPRESSURE")
@pytest.mark.parametrize("compliance", [0.2, 0.3, 0.5])
def test_the_self_tests_find_what_the_simulated_line_is(compliance: float):
    rig = dataclasses.replace(RIG_27G_WARM, compliance_ul_kpa=compliance)
    scene = Scene(rig=rig).until_phase(ON, 90)
    tests = found(scene)
    judged = {"zero-drift", "first-drop", "stiffness", "retract", "open-tip", "linearity"}
    assert set(tests) == judged
    assert all(entry.passed for entry in tests.values())
    assert abs(tests["stiffness"].measured - compliance * 1_000) <= compliance * 50
    assert abs(tests["open-tip"].measured - 1_676) <= 50
    assert abs(tests["retract"].measured - 900) <= 300  # the drive's play (C2)
    assert 59_000 <= tests["first-drop"].measured <= 67_000
    assert scene.truth["stopcock_open"]


@pytest.mark.hazard("HZ-SYRINGE", "HZ-OVERRATE")
def test_a_3_ml_syringe_under_the_1_ml_profile_shows_in_the_first_drop():
    scene = until_failed(dataclasses.replace(RIG_27G_WARM, syringe_um=8_660))
    drop = found(scene)["first-drop"]
    assert not drop.passed
    assert drop.measured < drop.low // 2  # 59 / 3.28, and the time to say it
    assert not scene.moving
    assert scene.phase == PRIME
    assert any("3 mL for 1 mL" in words for words in scene.do("primed"))


@pytest.mark.hazard("HZ-SYRINGE", "HZ-OVERRATE")
def test_a_1_ml_syringe_under_the_3_ml_profile_shows_no_drop_in_time():
    order = Order(syringe="BD 3 mL")
    scene = Scene(order, rig=RIG_27G_WARM).until_phase(PRIME)
    scene.until(lambda _: scene.state.line.primed, 60).run(3)
    assert "first-drop" not in found(scene)
    assert scene.phase == PRIME
    assert any("too late: mount anew" in words for words in scene.do("primed"))


@pytest.mark.hazard("HZ-AIR")
def test_air_in_the_line_is_found():
    scene = until_failed(dataclasses.replace(RIG_27G_WARM, air_ul=50.0))
    push = found(scene)["stiffness"]
    assert push.measured > push.high == 600  # 0.3 uL/kPa of line, 0.4 of air
    assert scene.phase == PRIME
    assert scene.truth["line_pa"] < 20_000


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-SYRINGE")
def test_a_line_shut_before_the_stopcock_is_found_at_a_low_pressure():
    scene = until_failed(dataclasses.replace(RIG_27G_WARM, compliance_ul_kpa=0.05))
    assert found(scene)["stiffness"].measured < 120
    assert scene.truth["line_pa"] < 20_000


@pytest.mark.hazard("HZ-SYRINGE")
def test_a_cannula_of_another_gauge_is_mounted_by_two():
    scene = until_failed(THIN)
    assert not found(scene)["open-tip"].passed
    scene.hands_off()
    assert scene.do("mount-anew") == ()
    assert scene.phase == "set-up"
    entry = {"contrast": "iohexol 300", "syringe": "BD 1 mL", "cannula": "27G 25.4 mm"}
    assert scene.ask("set-up-room", lot="L", volume_nl=1_000_000, **entry) == ()
    assert any("a second person" in words for words in scene.do("set-up"))
    assert scene.ask("confirm-mount", **entry) != ()
    assert scene.ask("confirm-mount", RADIOLOGIST, **entry) == ()
    assert not any("a second person" in words for words in scene.do("set-up"))


@pytest.mark.hazard("HZ-SYRINGE")
def test_mounted_anew_with_an_empty_line_there_is_another_first_drop():
    scene = until_failed(THIN)
    scene.world.devices.physics.rig = RIG_27G_WARM
    scene.hand("mount", "anew")
    assert scene.do("mount-anew") == ()
    scene.until(lambda _: [e.name for e in scene.entries(SelfTest)].count("first-drop") == 2, 90)
    assert found(scene)["first-drop"].passed
    assert scene.state.doubt is not None
