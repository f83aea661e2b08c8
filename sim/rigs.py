"""Rigs as a room has them: the cannula that was named, within its tolerances; and wrong ones.

A drawn rig fits what the technologist says is mounted (syringe, cannula, contrast), so that
an ordinary procedure passes its self-tests most of the time; one that does not fit is a
fault, and is made by name.
"""

import random
from dataclasses import replace
from typing import Final, NamedTuple

from sim.distributions import Even, EvenLog, LogNormal, Row, draw_all
from sim.physics import Rig
from sim.physics.cannula import (
    BORE_TOLERANCE_MM,
    BORES_MM,
    CONTRASTS,
    resistance_kpa_s_ul,
    viscosity_mpa_s,
)

WRONG_SYRINGE_UM: Final = 8660
"""BD plastic 3 mL; sourced (facts B3)."""
WRONG_COMPLIANCE_UL_KPA: Final = 1.0
"""Of a 3 mL syringe and line; assumed (facts C2)."""

# fmt: off
RIG: Final = (
    Row("bore_share", Even(-0.6, 0.6),
        "sourced: bore within 0.019 mm (facts B3); assumption: even, the outer 40 % of it is a fault"),
    Row("temperature_c", Even(35.0, 38.0), "assumption: warmed contrast, at prime"),
    Row("nipple_c", Even(33.0, 36.0), "sourced: 33 C in the nipple (facts C1); assumption: up to 36"),
    Row("warming_s", EvenLog(10, 40), "assumption"),
    Row("syringe_share", Even(-0.01, 0.01), "assumption: 1 % of diameter is 2 % of volume (facts B3)"),
    Row("compliance_ul_kpa", LogNormal(0.3, 0.2, 0.18, 0.5),
        "assumption: scaled (facts C2, 0.05 to 0.8); narrowed to what passes the stiffness test"),
    Row("dead_space_ul", Even(56, 62), "sourced: geometry of 0.5 mm x 300 mm (facts B3); assumption: 5 % of it"),
    Row("backlash_ul", EvenLog(0.3, 1.8), "assumption about 50 um of play (facts B3)"),
)
"""What a rig is made from."""
TRANSDUCER: Final = (
    Row("sensor_noise_pa", Even(100, 300), "assumption about 0.2 kPa (facts C2)"),
    Row("sensor_drift_pa_h", Even(-500, 500), "assumption: 0.5 kPa (facts C2), taken per hour"),
    Row("sensor_offset_pa", Even(-1320, 1320), "sourced: 132 Pa per cm of height (facts C1); assumption: 10 cm"),
)
"""Inputs of the simulated room; the zero takes up the offset."""
# fmt: on


class Mounted(NamedTuple):
    """What the technologist says is mounted; names of ``sim.physics.cannula``."""

    gauge: str = "27G"
    length_mm: float = 12.7
    contrast: str = "iohexol-300"
    syringe_um: int = 4780


DEMO: Final = Mounted()
"""What the demo room's procedure begins with."""


def draw_rig(chance: random.Random, mounted: Mounted = DEMO) -> Rig:
    """One rig that fits what is mounted."""
    drawn = draw_all(RIG, chance)
    contrast = CONTRASTS[mounted.contrast]
    bore_mm = BORES_MM[mounted.gauge] + BORE_TOLERANCE_MM * drawn["bore_share"]

    def resistance(temperature_c: float) -> float:
        viscosity = viscosity_mpa_s(contrast, temperature_c)
        return resistance_kpa_s_ul(viscosity, mounted.length_mm, bore_mm)

    return Rig(
        syringe_um=round(mounted.syringe_um * (1 + drawn["syringe_share"])),
        compliance_ul_kpa=drawn["compliance_ul_kpa"],
        resistance_kpa_s_ul=resistance(drawn["temperature_c"]),
        dead_space_ul=drawn["dead_space_ul"],
        backlash_ul=drawn["backlash_ul"],
        temperature_mc=round(drawn["temperature_c"] * 1000),
        warmed_kpa_s_ul=resistance(drawn["nipple_c"]),
        warming_s=drawn["warming_s"],
        head_kpa_mm=contrast.relative_density * 9.81e-3,
    )


def draw_transducer(chance: random.Random) -> dict[str, int]:
    """Noise, drift and offset, as inputs of the simulated room."""
    return {name: round(value) for name, value in draw_all(TRANSDUCER, chance).items()}


def wrong_syringe(rig: Rig) -> Rig:
    """A 3 mL syringe in the clamp, while 1 mL was said: 3.28 times the volume per step."""
    return replace(rig, syringe_um=WRONG_SYRINGE_UM, compliance_ul_kpa=WRONG_COMPLIANCE_UL_KPA)


def with_air(rig: Rig, air_ul: float) -> Rig:
    """Air left in the line (5 to 50 uL is a fault, facts C2)."""
    return replace(rig, air_ul=air_ul)
