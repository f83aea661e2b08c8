"""Lumped physics of syringe, line, cannula and duct, in kPa, uL and s (floats).

Model and default figures: facts sheet *clinical* C1-C3. Each parameter says whether it is
*sourced* or *assumed*; no human intraductal rupture data exist, so a number that comes out
of here is never a clinical statement. ``docs/simulation.md`` has the equations.
"""

from sim.physics.line import LinePhysics
from sim.physics.patient import DUCT, FALSE_PASSAGE, Patient
from sim.physics.rig import RIG_27G_COLD, RIG_27G_WARM, RIG_30G_COLD, Rig

__all__ = [
    "DUCT",
    "FALSE_PASSAGE",
    "RIG_27G_COLD",
    "RIG_27G_WARM",
    "RIG_30G_COLD",
    "LinePhysics",
    "Patient",
    "Rig",
]
