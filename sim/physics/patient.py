"""One duct and the tissue around it: figures. All assumed unless said otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patient:
    """One duct and the tissue around it. All assumed ([A] in C2) unless said otherwise."""

    unstressed_ul: float = 120.0
    """V_u, fill at which the wall begins to stretch; order sourced (reported volumes)."""
    stiffness_kpa_ul: float = 0.005
    """K, stiffness at V_u."""
    stiffening_per_ul: float = 0.01
    """beta, exponential growth of the stiffness."""
    opening_kpa: float = 0.3
    """P_open, pressure of the duct when just filled."""
    seal_kpa: float = 5.0
    """P_seal, above it contrast runs back around the cannula; order from teat canals."""
    leak_kpa_s_ul: float = 0.3
    """R_leak of that reflux."""
    tear_kpa: float = 8.0
    """P_y, the wall gives way; no data exist."""
    tear_s: float = 0.2
    """tau_y, how fast the tear opens."""
    outside_kpa_s_ul: float = 0.1
    """R_ext through the open tear."""
    tissue_ul_kpa: float = 300.0
    """C_t, compliance of the tissue that takes the contrast."""
    drain_kpa_s_ul: float = 0.06
    """Open pore after the cannula left: drains P_d / 60 mL/s."""
    compression_share: float = 0.25
    """Part of the paddle's pressure that reaches the duct; sourced: 0.14-0.36."""
    contact_mm2: float = 9000.0
    """Paddle contact area; sourced example: 90 cm2."""


DUCT = Patient()
FALSE_PASSAGE = Patient(
    unstressed_ul=10.0,
    stiffness_kpa_ul=0.3,
    seal_kpa=50.0,
    tear_kpa=12.0,
    outside_kpa_s_ul=1.5,
    tissue_ul_kpa=50.0,
)
"""Tip under the wall instead of in the lumen (C2): tiny stiff pocket; 12 kPa is assumed."""
