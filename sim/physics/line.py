"""Line and duct in motion: the plunger pushes, the cannula resists, the duct takes it.

The transducer is taken to sit at the cannula hub: a 0.5 mm x 300 mm line would itself
drop about 0.7 times what the 27G cannula does, and that drop is then upstream of the
sensor and not seen by it (assumption; the fact sheet leaves the line's drop out).
"""

import math
from dataclasses import dataclass, field
from typing import Final

from sim.physics import duct
from sim.physics.patient import DUCT, FALSE_PASSAGE, Patient
from sim.physics.rig import RIG_27G_WARM, Rig

ATMOSPHERE_KPA: Final = 101.3
VAPOUR_KPA: Final = -95.0
"""Line pressure cannot fall below this: the fluid boils (assumed round figure)."""
LONGEST_STEP_S: Final = 0.05
"""Where stiffness, air or a tear change on the way; elsewhere a step may be any span."""
SHORTEST_STEP_S: Final = 1e-9
"""Time comes in whole ns; anything shorter counts as no time at all."""
QUIET: Final = 1e-6
"""kPa or uL/s below which nothing is worth integrating."""


@dataclass
class LinePhysics:
    """State of line and duct; :meth:`advance` moves it, everything else is a look.

    Volumes in uL, pressures in kPa above atmosphere.
    """

    rig: Rig = RIG_27G_WARM
    patient: Patient = DUCT
    tip_in_duct: bool = False
    stopcock_open: bool = True
    occluded: bool = False
    occlusion_kpa_s_ul: float = 0.0
    """R_occ: what a kink or a clot adds to the cannula."""
    height_kpa: float = 0.0
    """Column of contrast between tip and transducer, since they were level (C1)."""
    compression_n: float = 0.0
    line_kpa: float = 0.0
    filled_ul: float = 0.0
    """Contrast front in the line; the line is primed when it reaches the dead space."""
    duct_ul: float = 0.0
    outside_ul: float = 0.0
    """Extravasated, V_e."""
    reflux_ul: float = 0.0
    """Ran out of the pore: around the cannula, or drained after it left."""
    spilled_ul: float = 0.0
    """Left the tip while it was not in the duct."""
    entered_ul: float = 0.0
    """Net volume that passed the tip into the duct, whatever became of it."""
    air_into_duct_ul: float = 0.0
    """Air pushed into the duct by an unprimed line."""
    tear: float = 0.0
    """y of C2: 0 whole, 1 torn; never heals."""
    warmth: float = 0.0
    """How far the cannula has warmed: 0 as mounted, 1 as in the nipple."""
    slack_ul: float = field(default=-1.0)
    """Play left to take up in the infusing direction; negative = not set yet."""
    lumen: tuple[Patient, float, float] | None = None
    """The duct itself (figures, fill, tear), while the tip is under its wall."""

    def __post_init__(self) -> None:
        """A freshly loaded syringe has all its play still to take up."""
        if self.slack_ul < 0:
            self.slack_ul = self.rig.backlash_ul

    # --- what is so -------------------------------------------------------------------------

    def duct_kpa(self) -> float:
        """Pressure in the duct, with the paddle's share."""
        return duct.pressure_kpa(self.patient, self.duct_ul, self._pressed_kpa())

    def sensor_kpa(self) -> float:
        """Pressure at the transducer."""
        return self.line_kpa + self.height_kpa

    def primed(self) -> bool:
        """True when contrast stands at the tip."""
        return self.filled_ul >= self.rig.dead_space_ul

    def cannula_kpa_s_ul(self) -> float:
        """Resistance of the cannula as warm as it is now, with what blocks it in part."""
        cold, warmed = self.rig.resistance_kpa_s_ul, self.rig.warmed_kpa_s_ul
        if warmed is not None:
            cold += (warmed - cold) * self.warmth
        return cold + self.occlusion_kpa_s_ul

    # --- what hands do, and what goes wrong ---------------------------------------------------

    def prime(self) -> None:
        """Fill the line and take up the play, as if it had been done before the start."""
        self.filled_ul = self.rig.dead_space_ul
        self.slack_ul = 0.0

    def mount_anew(self) -> None:
        """Another line, empty, with all its play still to take up; the tip is out."""
        self.filled_ul = self.line_kpa = 0.0
        self.slack_ul = self.rig.backlash_ul

    def next_patient(self) -> None:
        """Somebody with an empty, whole duct, and a line that nobody has used; the tip is out.

        What went beside an earlier duct stays counted, and its pressure in the tissue with it.
        """
        self.place_tip("out")
        self.mount_anew()
        self.duct_ul = self.tear = 0.0

    def place_tip(self, where: str) -> None:
        """``out``, in the ``duct``, or under its ``wall`` (a false passage)."""
        self.tip_in_duct = where != "out"
        if where == "wall" and self.lumen is None:
            self.lumen = (self.patient, self.duct_ul, self.tear)
            self.patient, self.duct_ul, self.tear = FALSE_PASSAGE, 0.0, 0.0
        elif where != "wall" and self.lumen is not None:
            self.outside_ul += self.duct_ul  # what is in the pocket is in the tissue
            self.patient, self.duct_ul, self.tear = self.lumen
            self.lumen = None

    def give_way(self) -> None:
        """The wall tears now, at whatever pressure."""
        self.tear = self.tear or QUIET

    # --- time -------------------------------------------------------------------------------

    def advance(self, dt_s: float, plunger_ul: float = 0.0) -> None:
        """Move on by ``dt_s`` while the plunger moved ``plunger_ul`` evenly (< 0 = back)."""
        if self.rig.warmed_kpa_s_ul is not None:
            self._warm(dt_s)
        pushed_ul = self._through_backlash(plunger_ul) if plunger_ul else 0.0
        if pushed_ul == 0.0 and (dt_s < SHORTEST_STEP_S or self._quiet()):
            return
        if dt_s < SHORTEST_STEP_S:
            self.line_kpa = max(VAPOUR_KPA, self.line_kpa + pushed_ul / self._compliance())
            return
        steps = 1
        if dt_s > LONGEST_STEP_S and not self._linear(pushed_ul):
            steps = math.ceil(dt_s / LONGEST_STEP_S)
        for _ in range(steps):
            self._line_step(dt_s / steps, pushed_ul / steps)
            self._duct_step(dt_s / steps)

    def _pressed_kpa(self) -> float:
        if not self.compression_n:
            return 0.0
        patient = self.patient
        return patient.compression_share * self.compression_n * 1000.0 / patient.contact_mm2

    def _through_backlash(self, plunger_ul: float) -> float:
        """What is left of a plunger movement after the play of a reversal."""
        taken_ul = min(max(self.slack_ul - plunger_ul, 0.0), self.rig.backlash_ul)
        moved_ul = self.slack_ul - taken_ul
        self.slack_ul = taken_ul
        return plunger_ul - moved_ul

    def _compliance(self) -> float:
        if not self.rig.air_ul:
            return self.rig.compliance_ul_kpa
        air_ul_kpa = self.rig.air_ul * ATMOSPHERE_KPA / (ATMOSPHERE_KPA + self.line_kpa) ** 2
        return self.rig.compliance_ul_kpa + air_ul_kpa

    def _tissue_kpa(self) -> float:
        return self.outside_ul / self.patient.tissue_ul_kpa

    def _warm(self, dt_s: float) -> None:
        goal = 1.0 if self.tip_in_duct else 0.0
        if self.warmth != goal:
            self.warmth -= (goal - self.warmth) * math.expm1(-dt_s / self.rig.warming_s)
            if abs(self.warmth - goal) < QUIET:
                self.warmth = goal

    def _quiet(self) -> bool:
        """Nothing flows anywhere, so any amount of time may pass at no cost."""
        duct_kpa = self.duct_kpa()
        if self.stopcock_open and not self.occluded:
            outlet_kpa = duct_kpa if self.tip_in_duct else 0.0
            if abs(self.line_kpa - outlet_kpa) > QUIET:
                return False
        if self.tear > 0.0 and (self.tear < 1.0 or duct_kpa - self._tissue_kpa() > QUIET):
            return False
        if self.tip_in_duct:
            return duct_kpa <= min(self.patient.seal_kpa, self.patient.tear_kpa) + QUIET
        return self.duct_ul < QUIET

    def _linear(self, pushed_ul: float) -> bool:
        """Nothing changes its law within the span, so that one step is exact however long."""
        rig, patient = self.rig, self.patient
        if rig.air_ul or self.tear or self.compression_n or not self.primed():
            return False
        if rig.warmed_kpa_s_ul is not None and self.warmth not in (0.0, 1.0):
            return False
        stored_ul = self.line_kpa * rig.compliance_ul_kpa
        least_ul = min(0.0, stored_ul) + min(0.0, pushed_ul)
        if not self.tip_in_duct:
            return least_ul >= 0.0 and self.duct_ul < QUIET
        most_ul = max(0.0, stored_ul) + max(0.0, pushed_ul)
        fits = self.duct_ul + least_ul >= 0.0 and self.duct_ul + most_ul <= patient.unstressed_ul
        return fits and patient.opening_kpa <= min(patient.seal_kpa, patient.tear_kpa)

    def _line_step(self, step_s: float, pushed_ul: float) -> None:
        """Exact for C dP/dt = Q_p - (P - P_out)/R and a duct of constant stiffness."""
        compliance = self._compliance()
        if self.occluded or not self.stopcock_open:
            self.line_kpa = max(VAPOUR_KPA, self.line_kpa + pushed_ul / compliance)
            return
        outlet_kpa = slope = 0.0
        primed = self.primed()
        resistance = self.cannula_kpa_s_ul() if primed else self.rig.filling_resistance_kpa_s_ul
        if self.tip_in_duct:
            pressed_kpa = self._pressed_kpa()
            outlet_kpa = duct.pressure_kpa(self.patient, self.duct_ul, pressed_kpa)
            if primed:
                slope = duct.slope_kpa_ul(self.patient, self.duct_ul, pressed_kpa)
        # u = P - P_out obeys du/dt = Q_p/C - rate*u; what passed the tip is its integral over R
        rate = (1.0 / compliance + slope) / resistance
        ahead_kpa = self.line_kpa - outlet_kpa
        goal_kpa = pushed_ul / (step_s * compliance * rate)
        # expm1 keeps the difference exact where the step is much shorter than R*C
        change_kpa = (ahead_kpa - goal_kpa) * math.expm1(-step_s * rate)
        passed_ul = (goal_kpa * step_s - change_kpa / rate) / resistance
        refused_ul = self._pass_tip(passed_ul)
        rise_kpa = (pushed_ul - passed_ul + refused_ul) / compliance
        self.line_kpa = max(VAPOUR_KPA, self.line_kpa + rise_kpa)

    def _pass_tip(self, volume_ul: float) -> float:
        """Book what passed the tip; returns what could not (an emptied duct collapses)."""
        if volume_ul < 0.0:
            return self._draw_back(volume_ul)
        filling_ul = min(volume_ul, max(0.0, self.rig.dead_space_ul - self.filled_ul))
        self.filled_ul += filling_ul
        out_ul = volume_ul - filling_ul
        if self.tip_in_duct:
            self.air_into_duct_ul += filling_ul
            self.duct_ul += out_ul
            self.entered_ul += out_ul
        else:
            self.spilled_ul += out_ul
        return 0.0

    def _draw_back(self, volume_ul: float) -> float:
        if self.tip_in_duct:
            drawn_ul = min(-volume_ul, self.duct_ul)
            self.duct_ul -= drawn_ul
            self.entered_ul -= drawn_ul
        else:
            # The tip is in air: the contrast front retreats and the line wants priming again.
            drawn_ul = min(-volume_ul, self.filled_ul)
            self.filled_ul -= drawn_ul
        return volume_ul + drawn_ul

    def _duct_step(self, step_s: float) -> None:
        """Reflux, tear and drain."""
        patient = self.patient
        pressed_kpa = self._pressed_kpa()
        pressure = duct.pressure_kpa(patient, self.duct_ul, pressed_kpa)
        if self.tear == 0.0 and pressure <= patient.tear_kpa:
            if pressure <= patient.seal_kpa if self.tip_in_duct else self.duct_ul < QUIET:
                return
        else:
            self._tear_on(step_s)
        slope = duct.slope_kpa_ul(patient, self.duct_ul, pressed_kpa)
        tissue = (
            self._tissue_kpa(),
            1.0 / patient.tissue_ul_kpa,
            self.tear / patient.outside_kpa_s_ul,
        )
        if self.tip_in_duct:
            pore = (patient.seal_kpa, 1.0 / patient.leak_kpa_s_ul)
        else:
            pore = (0.0, 1.0 / patient.drain_kpa_s_ul)
        outside_ul, back_ul = duct.lost_ul(step_s, pressure, slope, tissue, pore)
        lost_ul = outside_ul + back_ul
        if lost_ul > self.duct_ul:
            share = self.duct_ul / lost_ul
            outside_ul, back_ul = outside_ul * share, back_ul * share
        self.duct_ul -= outside_ul + back_ul
        self.outside_ul += outside_ul
        self.reflux_ul += back_ul

    def _tear_on(self, step_s: float) -> None:
        self.tear = min(1.0, self.tear + step_s / self.patient.tear_s)
