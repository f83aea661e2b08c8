"""Resistance of a cannula: bore, length, contrast and its temperature (Hagen-Poiseuille).

R = 128 mu L / (pi d^4). At these flows (Re below 15) it is laminar, and what the entrance
adds is left out (facts: clinical C1).
"""

import math
from typing import Final, NamedTuple

_ZERO_C_K: Final = 273.15
_COLD_C: Final = 20.0
_BODY_C: Final = 37.0


class Contrast(NamedTuple):
    """A contrast medium, as its label has it."""

    cold_mpa_s: float
    """Viscosity at 20 C."""
    body_mpa_s: float
    """Viscosity at 37 C."""
    relative_density: float
    """At 37 C."""


CONTRASTS: Final = {
    "iohexol-240": Contrast(5.8, 3.4, 1.280),
    "iohexol-300": Contrast(11.8, 6.3, 1.349),
    "iohexol-350": Contrast(20.4, 10.4, 1.406),
    "iopamidol-300": Contrast(8.8, 4.7, 1.339),
}
"""Sourced: labels (facts: clinical B1)."""

BORES_MM: Final = {"27G": 0.210, "30G": 0.159}
"""Inner diameter of regular-wall needles; sourced (B3)."""
BORE_TOLERANCE_MM: Final = 0.019
"""Sourced (B3): the resistance of a 30G may be 0.64 to 1.66 times its nominal one."""


def viscosity_mpa_s(contrast: Contrast, temperature_c: float) -> float:
    """Viscosity between the two that the label gives, and a little beyond.

    Exponential in 1/T through both; for iohexol-300 within 0.1 mPa s of the fit in B1.
    """
    cold_k, body_k = _COLD_C + _ZERO_C_K, _BODY_C + _ZERO_C_K
    slope_k = math.log(contrast.cold_mpa_s / contrast.body_mpa_s) / (1 / cold_k - 1 / body_k)
    inverse = 1 / (temperature_c + _ZERO_C_K) - 1 / cold_k
    return contrast.cold_mpa_s * math.exp(slope_k * inverse)


def resistance_kpa_s_ul(viscosity: float, length_mm: float, bore_mm: float) -> float:
    """Resistance of a straight bore; ``viscosity`` in mPa s."""
    # mPa s * mm / mm^4 = mPa s / mm^3; a uL is a mm^3, and 1 mPa is 1e-6 kPa
    return 128 * viscosity * length_mm / (math.pi * bore_mm**4) * 1e-6
