"""Cold contrast warming in the nipple.

The line was primed with contrast at 20 C and its resistance measured so. In the nipple the
cannula warms to 33 C within a minute and lets 38 % more through: line pressure less the cold
resistance times flow reads up to 4 kPa too low at 0.2 mL/min.

Must happen: so cold a contrast is refused before the patient, with words that say to warm it.
Where warming is still to come, the upper bound of net pressure does not rely on the cold
resistance and is never blanked; the duct is not brought to where it tears.

Judge: the duct's own pressure beside the one that is shown.
"""

import pytest

from sim.physics import RIG_27G_COLD, Patient, Rig
from sim.technologist import Order
from tests.world.scene import Scene

SMALL = Patient(unstressed_ul=30.0, stiffness_kpa_ul=0.01, stiffening_per_ul=0.03, seal_kpa=50.0)
"""A small duct with a tight pore: nothing runs back, the wall gives way at 8 kPa (assumed)."""


MILD = Rig(resistance_kpa_s_ul=1.931, temperature_mc=33_000, warmed_kpa_s_ul=1.676)
"""C1 and B1: 27G, 12.7 mm, contrast of 33 C that warms to 37 C in the nipple."""


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_cold_contrast_is_refused_before_the_patient():
    scene = Scene(rig=RIG_27G_COLD).until_phase("prime-and-zero")
    scene.until(lambda s: s.state.line.resistance_pa_s_ul > 0, 120).hands_off().run(5)
    assert abs(scene.state.line.resistance_pa_s_ul - 3_140) < 160
    words, *_ = scene.do("primed")
    assert "warm the contrast to 37 degrees" in words
    assert scene.phase == "prime-and-zero"


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION")
def test_the_bound_covers_the_duct_while_the_cannula_warms():
    """140 uL ordered into a duct that tears at 136 uL."""
    scene = Scene(Order(ordered_nl=140_000), rig=MILD, patient=SMALL).until_phase("injecting")
    seen = []

    def covered(_: Scene) -> bool:
        shown = scene.procedure.last["pressure"]["net_upper_pa"]
        if scene.phase == "injecting" and shown is not None:
            seen.append(shown)
            assert shown >= scene.truth["duct_pa"]
        return scene.phase not in ("injecting", "holding")

    scene.until(covered, 180)
    assert len(seen) > 100
    scene.hands_off().hand("hold", False).run(10)
    assert scene.world.devices.physics.cannula_kpa_s_ul() < 1.75
    assert scene.raised.keys() & {"net-warn", "net-pause", "net-stop"}
    assert not scene.truth["torn"]
    assert scene.truth["extravasated_nl"] == 0
