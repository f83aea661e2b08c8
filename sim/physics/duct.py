"""What a duct does with its fill: pressure, stiffness, and what gets out of it."""

import math
from typing import Final

from sim.physics.patient import Patient

_STIFFENING_LIMIT: Final = 6.0
"""beta*(V_d - V_u) above this continues linearly, so no input overflows exp()."""


def pressure_kpa(patient: Patient, duct_ul: float, pressed_kpa: float) -> float:
    """Pressure at a fill; ``pressed_kpa`` is the paddle's share (as far as there is any fill)."""
    beyond_ul = duct_ul - patient.unstressed_ul
    if beyond_ul <= 0.0:
        return (patient.opening_kpa + pressed_kpa) * duct_ul / patient.unstressed_ul
    scale_kpa = patient.stiffness_kpa_ul / patient.stiffening_per_ul
    power = patient.stiffening_per_ul * beyond_ul
    if power <= _STIFFENING_LIMIT:
        return patient.opening_kpa + pressed_kpa + scale_kpa * (math.exp(power) - 1.0)
    top = math.exp(_STIFFENING_LIMIT)
    stretch_kpa = scale_kpa * (top - 1.0 + top * (power - _STIFFENING_LIMIT))
    return patient.opening_kpa + pressed_kpa + stretch_kpa


def slope_kpa_ul(patient: Patient, duct_ul: float, pressed_kpa: float) -> float:
    """How much the pressure rises with the fill, there."""
    beyond_ul = duct_ul - patient.unstressed_ul
    if beyond_ul <= 0.0:
        return (patient.opening_kpa + pressed_kpa) / patient.unstressed_ul
    power = min(_STIFFENING_LIMIT, patient.stiffening_per_ul * beyond_ul)
    return patient.stiffness_kpa_ul * math.exp(power)


def lost_ul(
    step_s: float,
    pressure: float,
    slope: float,
    tissue: tuple[float, float, float],
    pore: tuple[float, float],
) -> tuple[float, float]:
    """What runs into tissue and out of the pore within a step, in uL.

    Exact for a duct of constant stiffness, so that no step can overshoot.

    Args:
        step_s: length of the step.
        pressure: in the duct at its begin, kPa.
        slope: stiffness of the duct, kPa/uL.
        tissue: pressure there, stiffness there (1/C_t), conductance of the tear in uL/(kPa s).
        pore: pressure above which contrast runs out there, conductance.
    """
    tissue_kpa, tissue_slope, torn = tissue
    pore_kpa, leak = pore
    torn = torn if pressure > tissue_kpa else 0.0
    leak = leak if pressure > pore_kpa else 0.0
    both = torn + leak
    if both == 0.0:
        return 0.0, 0.0
    # p falls with slope*(sum of flows); what gets out also stiffens the tissue against it
    rate = slope * both + tissue_slope * torn
    rest_kpa = (torn * tissue_kpa + leak * pore_kpa) / both
    span_s = -math.expm1(-rate * step_s) / rate
    area = (pressure - rest_kpa) * span_s  # integral of p - rest over the step
    outside = torn * max(0.0, area + (rest_kpa - tissue_kpa) * step_s)
    back = leak * max(0.0, area + (rest_kpa - pore_kpa) * step_s)
    return outside, back
