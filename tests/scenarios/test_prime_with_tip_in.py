"""Prime with the tip still in.

A person says that the tip is out, and it is not: the prime goes into the patient.

Must happen: the prime needs the word and a held switch; the pressure is looked at after the
first 10 uL, and a tip in a stiff pocket is stopped. In a wide, empty duct a few pascal are
all there is to see: there the bound holds, one motion of at most the prime volume.

Judge: what went into the patient, and what went into tissue: nothing.
"""

import pytest

from sim.physics import FALSE_PASSAGE
from tests.world.scene import Scene


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_prime_with_the_tip_under_the_wall_is_stopped():
    scene = Scene(patient=FALSE_PASSAGE).until_phase("prime-and-zero")
    scene.hand("prime", True).hand("tip", "duct")
    scene.until(lambda _: scene.moving).hands_off()
    scene.until(lambda _: not scene.moving, 30)
    scene.run(1)
    assert not scene.state.line.primed
    assert scene.truth["entered_nl"] < 50_000  # at 0.5 mL/min the band is 24 kPa wide
    assert "the pressure is not that of an open tip" in scene.why


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_prime_with_the_tip_in_a_wide_duct_is_bounded_but_not_seen():
    """A soft, empty duct adds a few pascal: no pressure rule can tell it from air.

    What holds is the bound: one motion is the prime volume of the profile, the flow stops
    when the switch is released, and a person said that the tip is out.
    """
    scene = Scene().until_phase("prime-and-zero")
    scene.hand("prime", True).hand("tip", "duct")
    scene.until(lambda _: scene.moving).hands_off()
    scene.until(lambda _: not scene.moving, 60)
    assert scene.truth["entered_nl"] <= scene.state.profile.limits.prime_volume_nl
    assert scene.truth["extravasated_nl"] == 0


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_tip_under_pressure_gets_no_prime():
    """A duct that already holds contrast shows at rest: the word alone is not enough."""
    scene = Scene(patient=FALSE_PASSAGE).until_phase("prime-and-zero")
    scene.until(lambda s: s.state.line.zeroed, 30).hands_off()
    scene.world.devices.physics.duct_ul = 14.0  # about 1.2 kPa in the pocket
    scene.hand("prime", True).hand("tip", "duct").run(5)
    assert scene.truth["line_pa"] > scene.state.profile.limits.rest_pressure_pa
    refused = scene.ask("tip-out", purpose="prime")
    assert any("line pressure at rest is not zero" in words for words in refused)
