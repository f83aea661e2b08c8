"""Virtual patients: one duct each, drawn from documented distributions.

Ranges are those of the clinical fact sheet (C2, *facts* below); most shapes and many ranges
are assumptions, and no human rupture data exist. What is drawn tests a controller against
a wide world; it says nothing about people.
"""

import random
from typing import Final

from sim.distributions import Even, EvenLog, Fixed, LogNormal, Row, draw_all
from sim.physics import Patient

# fmt: off
PATIENT: Final = (
    Row("unstressed_ul", LogNormal(120, 0.7, 30, 1500),
        "assumption: order of reported volumes and of duct geometry (facts B2, B4), ectatic to 1.5 mL"),
    Row("stiffness_kpa_ul", EvenLog(0.002, 0.02), "assumption (facts C2)"),
    Row("stiffening_per_ul", EvenLog(0.005, 0.03), "assumption (facts C2)"),
    Row("opening_kpa", Even(0.0, 1.0), "assumption (facts C2)"),
    Row("seal_kpa", LogNormal(5, 0.4, 2, 12), "assumption: order from bovine teat canals (facts B5, C2)"),
    Row("leak_kpa_s_ul", EvenLog(0.1, 2.0), "assumption (facts C2)"),
    Row("tear_kpa", LogNormal(8, 0.4, 4, 20), "assumption: no data exist (facts C2)"),
    Row("tear_s", EvenLog(0.05, 1.0), "assumption (facts C2)"),
    Row("outside_kpa_s_ul", EvenLog(0.05, 0.5), "assumption (facts C2)"),
    Row("tissue_ul_kpa", EvenLog(50, 1000), "assumption (facts C2)"),
    Row("drain_kpa_s_ul", Fixed(0.06), "assumption (facts C2)"),
    Row("compression_share", Even(0.14, 0.36), "sourced: measured share of the force (facts B5); shape assumed"),
    Row("contact_mm2", Even(6000, 12000), "assumption about the sourced example of 90 cm2 (facts B6)"),
)
"""Fields of ``sim.physics.Patient``."""
# fmt: on

FALSE_PASSAGE_SHARE: Final = 0.068
"""Cannulations that end under the duct's wall; sourced: 21 of 308 in ductal lavage (facts A)."""


def draw_patient(chance: random.Random) -> Patient:
    """One duct."""
    return Patient(**draw_all(PATIENT, chance))


def draw_tip(chance: random.Random) -> str:
    """Where the tip comes to lie when it is placed: in the ``duct``, or under its ``wall``."""
    return "wall" if chance.random() < FALSE_PASSAGE_SHARE else "duct"
