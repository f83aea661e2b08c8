"""3 mL syringe under a 1 mL profile.

A 3 mL syringe is clamped, a 1 mL syringe is named: each step of the plunger delivers 3.28
times as much, and nothing that the pump says differs.

Must happen: the first drop shows at a third of the line's volume, and whoever goes on all the
same meets an open-tip pressure far above that of the named cannula; the resistance stays
unknown, and the procedure does not leave *prime and zero*. Named as what it is, the same
syringe is no obstacle.

Judge: nothing went into the patient, though the plunger pushed 3.28 times what was counted.
"""

import dataclasses

import pytest

from sim.physics import RIG_27G_WARM
from sim.technologist import Order
from tests.world.scene import Scene

BD_3ML = dataclasses.replace(RIG_27G_WARM, syringe_um=8_660, compliance_ul_kpa=0.9)


@pytest.mark.hazard("HZ-SYRINGE")
def test_a_3_ml_syringe_under_the_1_ml_profile_is_caught_before_the_patient():
    scene = Scene(rig=BD_3ML).until_phase("prime-and-zero").run(15)
    assert "the first drop did not come at the line's volume" in scene.why
    scene.hands_off().hand("hold", False).run(5)
    assert scene.ask("tip-out", purpose="prime") == ()
    scene.run(0.5).hand("hold", True).run(10)
    assert scene.phase == "prime-and-zero"
    assert scene.do("primed")
    assert scene.state.line.resistance_pa_s_ul == 0
    assert "the pressure is not that of an open tip" in scene.why
    truth = scene.truth
    assert 3.2 < truth["plunger_nl"] / truth["pump_infused_nl"] < 3.4
    assert truth["entered_nl"] == 0


@pytest.mark.hazard("HZ-SYRINGE")
def test_named_as_what_it_is_it_goes_on():
    scene = Scene(Order(syringe="BD 3 mL"), rig=BD_3ML).until_phase("prime-and-zero")
    scene.until(lambda s: s.state.line.resistance_pa_s_ul > 0, 120)
    truth = scene.truth
    assert 0.9 < truth["plunger_nl"] / truth["pump_infused_nl"] < 1.1
