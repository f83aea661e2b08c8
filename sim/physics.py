"""Lumped physics of syringe, line, cannula and duct, in kPa, uL and s (floats).

Model and default figures: facts sheet *clinical* C1-C3. Each parameter below says
whether it is *sourced* or *assumed*; no human intraductal rupture data exist, so a
number that comes out of here is never a clinical statement.

The transducer is taken to sit at the cannula hub: a 0.5 mm x 300 mm line would itself
drop about 0.7 times what the 27G cannula does, and that drop is then upstream of the
sensor and not seen by it (assumption; the fact sheet leaves the line's drop out).
"""

import math
from dataclasses import dataclass, field

ATMOSPHERE_KPA = 101.3
VAPOUR_KPA = -95.0
"""Line pressure cannot fall below this: the fluid boils (assumed round figure)."""
LONGEST_STEP_S = 0.05
"""Explicit coupling line <-> duct is good to about 0.01 kPa at this step."""
SHORTEST_STEP_S = 1e-9
"""Time comes in whole ns; anything shorter counts as no time at all."""
QUIET = 1e-6
"""kPa or uL/s below which nothing is worth integrating."""
_STIFFENING_LIMIT = 6.0
"""beta*(V_d - V_u) above this continues linearly, so no input overflows exp()."""


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


RIG_27G_WARM = Rig()
"""Rig B of C3: 27G, 12.7 mm, 37 C."""
RIG_27G_COLD = Rig(resistance_kpa_s_ul=3.140, temperature_mc=20_000, warmed_kpa_s_ul=1.947)
"""C1 table, 27G, 12.7 mm, 20 C, whose contrast warms to 33 C in the nipple."""
RIG_30G_COLD = Rig(resistance_kpa_s_ul=19.107, temperature_mc=20_000)
"""Rig A of C3: 30G, 25.4 mm, 20 C."""


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

    def __post_init__(self) -> None:
        """A freshly loaded syringe has all its play still to take up."""
        if self.slack_ul < 0:
            self.slack_ul = self.rig.backlash_ul

    def advance(self, dt_s: float, plunger_ul: float = 0.0) -> None:
        """Move on by ``dt_s`` while the plunger moved ``plunger_ul`` evenly (< 0 = back)."""
        self._warm(dt_s)
        pushed_ul = self._through_backlash(plunger_ul)
        if pushed_ul == 0.0 and (dt_s < SHORTEST_STEP_S or self._quiet()):
            return
        if dt_s < SHORTEST_STEP_S:
            self.line_kpa = max(VAPOUR_KPA, self.line_kpa + pushed_ul / self._compliance())
            return
        steps = max(1, math.ceil(dt_s / LONGEST_STEP_S))
        for _ in range(steps):
            self._line_step(dt_s / steps, pushed_ul / steps)
            self._duct_step(dt_s / steps)

    def duct_kpa(self) -> float:
        """Pressure in the duct, with the paddle's share."""
        patient = self.patient
        pressed = patient.compression_share * self.compression_n * 1000.0 / patient.contact_mm2
        beyond = self.duct_ul - patient.unstressed_ul
        if beyond <= 0.0:
            fill = self.duct_ul / patient.unstressed_ul
            return (patient.opening_kpa + pressed) * fill if fill < 1.0 else patient.opening_kpa
        return patient.opening_kpa + pressed + self._stretch_kpa(beyond)

    def primed(self) -> bool:
        """True when contrast stands at the tip."""
        return self.filled_ul >= self.rig.dead_space_ul

    def prime(self) -> None:
        """Fill the line and take up the play, as if it had been done before the start."""
        self.filled_ul = self.rig.dead_space_ul
        self.slack_ul = 0.0

    def mount_anew(self) -> None:
        """Another line, empty, with all its play still to take up; the tip is out."""
        self.filled_ul = self.line_kpa = 0.0
        self.slack_ul = self.rig.backlash_ul

    def _stretch_kpa(self, beyond_ul: float) -> float:
        patient = self.patient
        scale_kpa = patient.stiffness_kpa_ul / patient.stiffening_per_ul
        power = patient.stiffening_per_ul * beyond_ul
        if power <= _STIFFENING_LIMIT:
            return scale_kpa * (math.exp(power) - 1.0)
        top = math.exp(_STIFFENING_LIMIT)
        return scale_kpa * (top - 1.0 + top * (power - _STIFFENING_LIMIT))

    def _duct_slope_kpa_ul(self) -> float:
        patient = self.patient
        beyond = self.duct_ul - patient.unstressed_ul
        if beyond <= 0.0:
            return patient.opening_kpa / patient.unstressed_ul
        power = min(_STIFFENING_LIMIT, patient.stiffening_per_ul * beyond)
        return patient.stiffness_kpa_ul * math.exp(power)

    def _through_backlash(self, plunger_ul: float) -> float:
        """What is left of a plunger movement after the play of a reversal."""
        taken_ul = min(max(self.slack_ul - plunger_ul, 0.0), self.rig.backlash_ul)
        moved_ul = self.slack_ul - taken_ul
        self.slack_ul = taken_ul
        return plunger_ul - moved_ul

    def _compliance(self) -> float:
        air_ul_kpa = self.rig.air_ul * ATMOSPHERE_KPA / (ATMOSPHERE_KPA + self.line_kpa) ** 2
        return self.rig.compliance_ul_kpa + air_ul_kpa

    def _outlet_kpa(self) -> float:
        return self.duct_kpa() if self.tip_in_duct else 0.0

    def _quiet(self) -> bool:
        """Nothing flows anywhere, so any amount of time may pass at no cost."""
        blocked = self.occluded or not self.stopcock_open
        if not blocked and abs(self.line_kpa - self._outlet_kpa()) > QUIET:
            return False
        duct_kpa = self.duct_kpa()
        if self.tear > 0.0 and (self.tear < 1.0 or duct_kpa - self._tissue_kpa() > QUIET):
            return False
        if self.tip_in_duct:
            return duct_kpa <= min(self.patient.seal_kpa, self.patient.tear_kpa) + QUIET
        return self.duct_ul < QUIET

    def _tissue_kpa(self) -> float:
        return self.outside_ul / self.patient.tissue_ul_kpa

    def _warm(self, dt_s: float) -> None:
        if self.rig.warmed_kpa_s_ul is not None:
            goal = 1.0 if self.tip_in_duct else 0.0
            self.warmth -= (goal - self.warmth) * math.expm1(-dt_s / self.rig.warming_s)

    def cannula_kpa_s_ul(self) -> float:
        """Resistance of the cannula as warm as it is now."""
        cold, warmed = self.rig.resistance_kpa_s_ul, self.rig.warmed_kpa_s_ul
        return cold if warmed is None else cold + (warmed - cold) * self.warmth

    def _line_step(self, step_s: float, pushed_ul: float) -> None:
        """Exact exponential of dP/dt = (Q_p - (P - P_out)/R)/C over one step."""
        compliance = self._compliance()
        before_kpa = self.line_kpa
        if self.occluded or not self.stopcock_open:
            self.line_kpa = max(VAPOUR_KPA, before_kpa + pushed_ul / compliance)
            return
        resistance = (
            self.cannula_kpa_s_ul() if self.primed() else self.rig.filling_resistance_kpa_s_ul
        )
        goal_kpa = self._outlet_kpa() + resistance * pushed_ul / step_s
        # expm1 keeps the difference exact where the step is much shorter than R*C.
        rise_kpa = (before_kpa - goal_kpa) * math.expm1(-step_s / (resistance * compliance))
        self.line_kpa = before_kpa + rise_kpa
        passed_ul = pushed_ul - compliance * rise_kpa
        refused_ul = self._pass_tip(passed_ul)
        self.line_kpa = max(VAPOUR_KPA, self.line_kpa + refused_ul / compliance)

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
        """Reflux, tear and drain, linearly implicit so that no step size can overshoot."""
        patient = self.patient
        pressure = self.duct_kpa()
        slope = self._duct_slope_kpa_ul()
        if pressure > patient.tear_kpa and self.tear == 0.0:
            self.tear = QUIET
        if 0.0 < self.tear < 1.0:
            self.tear = min(1.0, self.tear + step_s / patient.tear_s)
        outward = self.tear * max(0.0, pressure - self._tissue_kpa())
        outside_ul = (
            step_s
            * outward
            / (patient.outside_kpa_s_ul + step_s * (slope + 1.0 / patient.tissue_ul_kpa))
        )
        if self.tip_in_duct:
            head, resistance = max(0.0, pressure - patient.seal_kpa), patient.leak_kpa_s_ul
        else:
            head, resistance = max(0.0, pressure), patient.drain_kpa_s_ul
        back_ul = step_s * head / (resistance + step_s * slope)
        lost_ul = outside_ul + back_ul
        if lost_ul > self.duct_ul:
            share = self.duct_ul / lost_ul if lost_ul > 0.0 else 0.0
            outside_ul, back_ul = outside_ul * share, back_ul * share
        self.duct_ul -= outside_ul + back_ul
        self.outside_ul += outside_ul
        self.reflux_ul += back_ul
