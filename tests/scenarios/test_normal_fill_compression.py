"""Normal fill, compression interlock.

A duct that is filled as it should be keeps 2 to 4 kPa: waiting for less would never end, and
pressing on a full duct adds to what it holds.

Must happen: compression is offered once net pressure has stood still below its pause level,
not only under 2 kPa. The pump stays locked. With no flow the line sensor shows the duct, and
it is watched while the paddle comes down: over 6 kPa the permit to descend is withdrawn, and
the paddle holds what it has; release is always possible.

Judge: the duct's own pressure, the force on the breast, the plunger.
"""

import dataclasses

import pytest

from sim.physics import Patient
from sim.technologist import Order
from tests.world.scene import Scene, nothing_moves

FULL = Patient(unstressed_ul=30.0, stiffness_kpa_ul=0.01, stiffening_per_ul=0.03)
"""A small duct that stands at about 2.8 kPa with 100 uL (assumed, inside C2's ranges)."""
TENDER = dataclasses.replace(FULL, compression_share=0.36, contact_mm2=2_500.0, seal_kpa=50.0)
"""The same under a small paddle: 40 N would bring it to 8.4 kPa."""
OVERSHOOT_PA = 1_700
"""The line follows the duct through the cannula (0.5 s), and the paddle adds 3 kPa/s."""


@pytest.mark.hazard("HZ-COMPRESSION", "HZ-OVERPRESSURE")
def test_a_normal_fill_is_compressed_and_imaged():
    scene = Scene(Order(ordered_nl=100_000), patient=FULL).until_phase("compression", 200)
    assert scene.truth["duct_pa"] > 2_000
    assert scene.truth["duct_pa"] < scene.state.profile.limits.net_pause_pa
    scene.until(lambda s: s.truth["paddle_state"] == 3, 60)
    with nothing_moves(scene):
        scene.hands_off().hand("hold", True).run(2).hand("hold", False).run(0.3)
    scene.hands_on().until_closed()
    assert scene.truth["exposure_count"] == 1
    assert scene.truth["extravasated_nl"] == 0
    assert not {name for name, priority in scene.raised.items() if priority == "high"}


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-COMPRESSION")
def test_over_6_kpa_in_the_line_the_paddle_comes_no_further():
    scene = Scene(Order(ordered_nl=100_000), patient=TENDER).until_phase("compression", 200)
    scene.hands_off().run(1)
    assert scene.ask("select-view", view="CC") == ()
    limit_pa = scene.state.profile.limits.compression_line_pa
    forces_mn, pressures_pa = [0], [0]

    def watched(_: Scene) -> bool:
        truth = scene.truth
        forces_mn.append(truth["force_mn"])
        pressures_pa.append(truth["duct_pa"])
        return False

    scene.hand("compress_pedal", True)
    began_ns = scene.world.now_ns()
    scene.until(lambda s: watched(s) or s.world.now_ns() - began_ns > 12 * 10**9, 20)
    assert limit_pa < max(pressures_pa) < limit_pa + OVERSHOOT_PA
    assert scene.phase == "compression"
    assert scene.raised["compression-pressure"] == "high"
    assert 0 < max(forces_mn) < scene.state.profile.limits.force_mn
    assert "arm-exposure" not in scene.procedure.last["ways"]
    scene.hand("compress_pedal", False)
    assert scene.ask("release-paddle") == ()
    scene.run(3)
    assert scene.truth["force_mn"] == 0
    assert not scene.truth["torn"]
