"""What stands between the plunger and the tip: figures of syringe, line and cannula."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rig:
    """What stands between the plunger and the tip."""

    syringe_um: int = 4780
    """Inner diameter; sourced: BD plastic 1 mL, pump tables (also seen as 4.70 mm)."""
    compliance_ul_kpa: float = 0.3
    """Syringe and tubing; assumed: scaled from a review of 50 mL syringes."""
    resistance_kpa_s_ul: float = 1.676
    """Cannula at contrast temperature; sourced: C1 table, 27G 12.7 mm 37 C iohexol-300."""
    dead_space_ul: float = 59.0
    """Line volume; sourced: geometry of 0.5 mm x 300 mm."""
    backlash_ul: float = 0.9
    """Plunger play after a reversal; assumed 50 um on 17.95 uL/mm."""
    air_ul: float = 0.0
    """Air in the line at atmospheric pressure; a fault when not 0 (5-50 uL)."""
    filling_resistance_kpa_s_ul: float = 0.02
    """Resistance while air, not contrast, leaves the tip; assumed, practically none."""
    temperature_mc: int = 37_000
    """Contrast temperature the resistance was taken at; sourced with it."""
    warmed_kpa_s_ul: float | None = None
    """Resistance that the cannula comes to while it lies in the nipple; None = it stays.
    Sourced: B1, C1 (20 to 33 C cuts it by 38 %)."""
    warming_s: float = 20.0
    """Time constant of that warming, and of the cooling outside; assumed."""
    head_kpa_mm: float = 0.0132
    """Pressure of 1 mm of contrast; sourced: C1, iohexol-300."""


RIG_27G_WARM = Rig()
"""Rig B of C3: 27G, 12.7 mm, 37 C."""
RIG_27G_COLD = Rig(resistance_kpa_s_ul=3.140, temperature_mc=20_000, warmed_kpa_s_ul=1.947)
"""C1 table, 27G, 12.7 mm, 20 C, whose contrast warms to 33 C in the nipple."""
RIG_30G_COLD = Rig(resistance_kpa_s_ul=19.107, temperature_mc=20_000)
"""Rig A of C3: 30G, 25.4 mm, 20 C."""
