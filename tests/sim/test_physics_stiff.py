"""The physics against a stiff solver with error control, on the equations of clinical C2."""

import math
import random
from dataclasses import replace

import pytest
from scipy.integrate import solve_ivp

from sim.patients import draw_patient
from sim.physics import DUCT, FALSE_PASSAGE, RIG_27G_WARM, RIG_30G_COLD, LinePhysics
from sim.physics.line import ATMOSPHERE_KPA
from sim.rigs import draw_rig

STEP_S = 0.02
"""As the room steps while the plunger moves."""
STATES = ("line_kpa", "duct_ul", "outside_ul", "reflux_ul", "spilled_ul", "warmth")


class Play:
    """What happens: flow in uL/s over time, and when the tip leaves."""

    def __init__(self, rig, patient, flow, until_s, out_s=math.inf, pressed_n=0.0):
        self.rig = replace(rig, backlash_ul=0.0)
        self.patient, self.flow = patient, flow
        self.until_s, self.out_s, self.pressed_n = until_s, out_s, pressed_n

    def ours(self):
        """The physics in the room's steps, and the instant of the tear."""
        line = LinePhysics(rig=self.rig, patient=self.patient, tip_in_duct=True)
        line.compression_n = self.pressed_n
        line.prime()
        torn_s = math.inf
        for number in range(round(self.until_s / STEP_S)):
            now_s = number * STEP_S
            line.tip_in_duct = now_s < self.out_s - 1e-9
            line.advance(STEP_S, self.flow(now_s + STEP_S / 2) * STEP_S)
            if line.tear and torn_s == math.inf:
                torn_s = now_s + STEP_S
        return line, torn_s

    def pressure(self, duct_ul):
        p = self.patient
        pressed = p.compression_share * self.pressed_n * 1000 / p.contact_mm2
        beyond = duct_ul - p.unstressed_ul
        if beyond <= 0:
            return (p.opening_kpa + pressed) * duct_ul / p.unstressed_ul
        scale = p.stiffness_kpa_ul / p.stiffening_per_ul
        return p.opening_kpa + pressed + scale * math.expm1(p.stiffening_per_ul * beyond)

    def slopes(self, now_s, state, torn_s):
        line, duct, outside, _reflux, _spilled, warmth = state
        rig, p = self.rig, self.patient
        inside = now_s < self.out_s
        resistance = rig.resistance_kpa_s_ul
        warming = 0.0
        if rig.warmed_kpa_s_ul is not None:
            resistance += (rig.warmed_kpa_s_ul - resistance) * warmth
            warming = ((1.0 if inside else 0.0) - warmth) / rig.warming_s
        stored = rig.compliance_ul_kpa
        stored += rig.air_ul * ATMOSPHERE_KPA / (ATMOSPHERE_KPA + line) ** 2
        pressure = self.pressure(duct)
        through = (line - (pressure if inside else 0.0)) / resistance
        tear = min(1.0, max(0.0, now_s - torn_s) / p.tear_s)
        torn = tear * max(0.0, pressure - outside / p.tissue_ul_kpa) / p.outside_kpa_s_ul
        if inside:
            back = max(0.0, pressure - p.seal_kpa) / p.leak_kpa_s_ul
        else:
            back = max(0.0, pressure) / p.drain_kpa_s_ul
        into = through if inside else 0.0
        line_slope = (self.flow(now_s) - through) / stored
        return [line_slope, into - back - torn, torn, back, through - into, warming]

    def theirs(self):
        """The stiff solver, begun anew at each kink: the tear, and the tip's leaving."""

        gives_way = GivesWay(self)
        state, now_s, torn_s = [0.0] * 6, 0.0, math.inf
        while now_s < self.until_s:
            until_s = self.out_s if now_s < self.out_s < self.until_s else self.until_s
            watched = gives_way if torn_s == math.inf else None
            found = solve_ivp(
                self.slopes,
                (now_s, until_s),
                state,
                method="Radau",
                rtol=1e-6,
                atol=1e-7,
                max_step=1.0,
                args=(torn_s,),
                events=watched,
            )
            assert found.success, found.message
            now_s, state = found.t[-1], list(found.y[:, -1])
            if found.status == 1:
                torn_s = now_s
        return dict(zip(STATES, state, strict=True)), torn_s


class GivesWay:
    """The solver's event: the wall tears; it ends the stretch."""

    terminal, direction = True, 1.0

    def __init__(self, play):
        self.play = play

    def __call__(self, _now_s, state, _torn_s):
        return self.play.pressure(state[1]) - self.play.patient.tear_kpa


def ramped(flow_ul_s, stop_s=math.inf, ramp_s=5.0):
    return lambda now_s: flow_ul_s * min(1.0, now_s / ramp_s) if now_s < stop_s else 0.0


def compare(play, volume_ul=0.35, pressure_kpa=0.12):
    """Both ways to the same end, volumes and pressures within what a room's step is worth."""
    (ours, ours_torn_s), (theirs, torn_s) = play.ours(), play.theirs()
    assert (ours_torn_s == math.inf) == (torn_s == math.inf), (ours_torn_s, torn_s)
    if torn_s != math.inf:
        assert ours_torn_s == pytest.approx(torn_s, abs=0.15)
    for name in ("duct_ul", "outside_ul", "reflux_ul", "spilled_ul"):
        assert getattr(ours, name) == pytest.approx(theirs[name], abs=volume_ul), name
    assert ours.line_kpa == pytest.approx(theirs["line_kpa"], abs=pressure_kpa)
    assert ours.duct_kpa() == pytest.approx(play.pressure(theirs["duct_ul"]), abs=pressure_kpa)


FULL_UL_S = 200 / 60
CASES = {
    "normal, A": Play(RIG_30G_COLD, DUCT, ramped(FULL_UL_S, 62), 90),
    "normal, B": Play(RIG_27G_WARM, DUCT, ramped(FULL_UL_S, 62), 90),
    "reflux": Play(RIG_27G_WARM, DUCT, ramped(FULL_UL_S), 150),
    "tear": Play(RIG_27G_WARM, replace(DUCT, seal_kpa=50.0), ramped(FULL_UL_S), 140),
    "tear, left alone": Play(RIG_27G_WARM, replace(DUCT, seal_kpa=50), ramped(FULL_UL_S, 125), 300),
    "false passage": Play(RIG_27G_WARM, FALSE_PASSAGE, ramped(FULL_UL_S), 40),
    "dislodged": Play(RIG_27G_WARM, DUCT, ramped(FULL_UL_S), 100, out_s=80),
    "air": Play(replace(RIG_27G_WARM, air_ul=50.0), DUCT, ramped(FULL_UL_S, 62), 80),
    "pressed": Play(RIG_27G_WARM, DUCT, ramped(FULL_UL_S, 50), 80, pressed_n=60),
    "retracted": Play(
        RIG_30G_COLD, DUCT, lambda t: FULL_UL_S if t < 40 else -FULL_UL_S if t < 46 else 0.0, 60
    ),
    "warming": Play(
        replace(RIG_27G_WARM, resistance_kpa_s_ul=3.14, warmed_kpa_s_ul=1.947),
        DUCT,
        ramped(FULL_UL_S),
        60,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_the_stiff_solver(case):
    compare(CASES[case])


@pytest.mark.parametrize("seed", range(12))
def test_drawn_rigs_and_patients_agree_with_the_stiff_solver(seed):
    chance = random.Random(seed)
    rig, patient = draw_rig(chance), draw_patient(chance)
    flow_ul_s = chance.uniform(50, 400) / 60
    out_s = chance.uniform(20, 60) if chance.random() < 0.3 else math.inf
    compare(Play(rig, patient, ramped(flow_ul_s, 70), 80, out_s))
