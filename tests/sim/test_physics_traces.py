"""The worked traces of the clinical fact sheet, C3, rigs A and B, that are not in test_physics.

Figures are read off the sheet; where it says *about*, the tolerance is wider.
"""

import copy
from dataclasses import replace

import pytest

from sim.physics import DUCT, FALSE_PASSAGE, RIG_27G_WARM, RIG_30G_COLD, LinePhysics

RATE_UL_S = 200 / 60
STEP_S = 0.02
A, B = RIG_30G_COLD, RIG_27G_WARM
NO_TEAR = replace(DUCT, tear_kpa=99.0)
NO_REFLUX = replace(DUCT, seal_kpa=50.0)


class Trace:
    """0.2 mL/min with a 5 s ramp, primed, no backlash; states at each second."""

    def __init__(self, rig, patient, until_s, stop_s=1e9, change=None):
        self.line = LinePhysics(rig=replace(rig, backlash_ul=0.0), patient=patient)
        self.line.tip_in_duct = True
        self.line.prime()
        self.at: dict[float, LinePhysics] = {}
        self.torn_s = 0.0
        self._net = [0.0]
        for number in range(round(until_s / STEP_S)):
            now_s = number * STEP_S
            if change:
                change(self.line, now_s)
            share = min(1.0, (now_s + STEP_S / 2) / 5.0) if now_s < stop_s else 0.0
            self.line.advance(STEP_S, RATE_UL_S * share * STEP_S)
            if self.line.tear and not self.torn_s:
                self.torn_s = now_s
            self.at[round(now_s + STEP_S, 2)] = copy.copy(self.line)

    def net_kpa(self, at_s):
        """P1 - R (Q_p - C dP1/dt), dP1/dt over the last second: the sheet's estimate."""
        now, before = self.at[at_s], self.at[round(at_s - 1, 2)]
        rise = now.line_kpa - before.line_kpa
        rig = self.line.rig
        flow_ul_s = RATE_UL_S - rig.compliance_ul_kpa * rise
        return (now.line_kpa + before.line_kpa) / 2 - rig.resistance_kpa_s_ul * flow_ul_s


def lines(trace, *rows, rel=0.02, abs_kpa=0.1):
    for at_s, line_kpa in rows:
        found = trace.at[at_s].line_kpa
        assert found == pytest.approx(line_kpa, rel=rel, abs=abs_kpa), f"at {at_s} s"


def test_overfilled_a_clips_at_the_plateau_and_refluxes():
    trace = Trace(A, NO_TEAR, 180)
    lines(trace, (80, 64.9), (100, 66.2), (120, 68.6), (180, 69.7), rel=0.005)
    assert 64 <= trace.at[140].reflux_ul <= 85
    assert trace.at[180].reflux_ul == pytest.approx(199, abs=3)


def test_reflux_of_b_at_140_s():
    assert Trace(B, NO_TEAR, 140).line.reflux_ul == pytest.approx(83, abs=2)


def test_occluded_a_rises_by_rate_over_compliance():
    def occlude(line, now_s):
        line.occluded = now_s >= 20

    lines(Trace(A, DUCT, 30, change=occlude), (20, 60.6), (21, 72), (25, 116), (30, 172))


@pytest.mark.parametrize(("compliance_ul_kpa", "slope_kpa_s"), [(0.3, 11.1), (1.0, 3.3)])
def test_slope_of_an_occlusion_with_either_syringe(compliance_ul_kpa, slope_kpa_s):
    line = LinePhysics(rig=replace(B, compliance_ul_kpa=compliance_ul_kpa), occluded=True)
    line.prime()
    line.advance(1.0, RATE_UL_S)
    assert line.line_kpa == pytest.approx(slope_kpa_s, abs=0.05)


def test_filling_rises_slowly():
    trace = Trace(B, DUCT, 60)
    assert all(trace.at[t].line_kpa - trace.at[t - 1].line_kpa < 0.3 for t in range(12, 60))


def test_a_cannula_that_is_blocked_in_part_adds_its_resistance():
    def block(line, now_s):
        line.occlusion_kpa_s_ul = 1.676 if now_s >= 20 else 0.0

    trace = Trace(B, DUCT, 30, change=block)
    assert trace.at[30].line_kpa - trace.at[20].line_kpa == pytest.approx(5.6, abs=0.1)


def test_extravasation_in_a_falls_to_a_low_plateau():
    trace = Trace(A, NO_REFLUX, 146)
    lines(trace, (129, 70.4), (132, 69.2), (136, 67.4), (145, 65.5), rel=0.004)
    # the sheet's estimate (7.8, 4.3, 2.5, 1.2) trails by its own filter: ends only
    assert trace.net_kpa(129) == pytest.approx(7.8, abs=0.3)
    assert trace.net_kpa(145) == pytest.approx(1.2, abs=0.4)


def test_what_a_tear_takes_in_b():
    trace = Trace(B, NO_REFLUX, 165)
    assert trace.torn_s == pytest.approx(124, abs=0.6)
    after = {s: trace.at[round(trace.torn_s + s, 2)].outside_ul for s in (1.3, 11)}
    assert after[1.3] == pytest.approx(64, abs=6)
    assert after[11] == pytest.approx(209, abs=6)
    net_kpa = [trace.at[round(trace.torn_s + s, 2)].duct_kpa() for s in (0, 10, 30, 40)]
    assert net_kpa[0] == pytest.approx(8.0, abs=0.1)
    assert net_kpa[1] == pytest.approx(1.2, abs=0.2)
    assert 1.0 < net_kpa[2] < net_kpa[3] < 1.6, "a low plateau that rises slowly"


def test_a_torn_duct_empties_itself_whenever_the_pump_stops():
    """Safety rules 4.6: 221 to 226 uL outside in the end, stopped 0 to 2 s after the tear."""
    torn_s = Trace(B, NO_REFLUX, 126).torn_s
    for late_s in (0, 2):
        line = Trace(B, NO_REFLUX, torn_s + late_s, stop_s=torn_s + late_s).line
        line.advance(600.0)
        assert line.outside_ul == pytest.approx(223.5, abs=3.5)


def test_false_passage_in_b_is_stiff_then_breaks():
    trace = Trace(B, FALSE_PASSAGE, 26)
    assert trace.at[10].duct_kpa() == pytest.approx(4.2, abs=0.4)
    assert trace.at[15].duct_kpa() == pytest.approx(9.7, abs=0.6)
    peak_kpa = max(trace.at[round(16 + step * 0.1, 2)].duct_kpa() for step in range(40))
    assert peak_kpa == pytest.approx(13.4, abs=1.5)
    assert trace.torn_s < 20
    assert trace.at[15].entered_ul < 50


def test_false_passage_in_a_shows_later_for_the_line_is_slow():
    trace = Trace(A, FALSE_PASSAGE, 26)
    assert trace.at[12].duct_kpa() == pytest.approx(2.2, abs=0.4)
    assert trace.at[18].duct_kpa() == pytest.approx(8, abs=0.8)


def dislodged(rig, patient, at_kpa):
    out_s: list[float] = []

    def leave(line, now_s):
        if line.duct_kpa() >= at_kpa and not out_s:
            out_s.append(now_s)
        line.tip_in_duct = not out_s

    trace = Trace(rig, patient, 130, change=leave)
    return trace, round(out_s[0], 2)


def test_dislodged_in_b_falls_within_a_second_or_two_to_what_the_cannula_takes():
    trace, out_s = dislodged(B, NO_TEAR, 4.0)
    lines(trace, (out_s, 9.6), rel=0.03)
    assert trace.at[round(out_s + 1, 2)].line_kpa == pytest.approx(6.1, abs=0.3)
    assert trace.at[round(out_s + 4, 2)].line_kpa == pytest.approx(5.6, abs=0.05)


def test_dislodged_in_a_falls_slowly():
    trace, out_s = dislodged(A, NO_TEAR, 4.0)
    assert trace.at[out_s].line_kpa == pytest.approx(67.2, abs=0.5)
    assert trace.at[round(out_s + 20, 2)].line_kpa == pytest.approx(63.7, abs=0.3)
    assert trace.net_kpa(round(out_s + 2, 2)) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(("rig", "before_kpa", "after_kpa"), [(A, 64.2, 63.7), (B, 6.2, 5.6)])
def test_dislodged_early_hardly_shows(rig, before_kpa, after_kpa):
    trace, out_s = dislodged(rig, NO_TEAR, 0.6)
    assert trace.at[out_s].line_kpa == pytest.approx(before_kpa, abs=0.2)
    assert trace.at[round(out_s + 30, 2)].line_kpa == pytest.approx(after_kpa, abs=0.2)


def test_air_in_a_makes_a_slow_rise_and_a_long_tail():
    trace = Trace(replace(A, air_ul=50.0), DUCT, 81, stop_s=62.5)
    rows = ((5, 10), (10, 28), (20, 50), (40, 62), (65, 49), (70, 31), (80, 14))
    lines(trace, *rows, rel=0.03, abs_kpa=0.5)
    plain = Trace(A, DUCT, 40)
    assert plain.at[20].entered_ul - trace.at[20].entered_ul == pytest.approx(13, abs=8)


@pytest.mark.parametrize(("line_kpa", "more_ul_kpa"), [(0.0, 0.49), (60.0, 0.19)])
def test_compliance_of_50_ul_of_air(line_kpa, more_ul_kpa):
    line = LinePhysics(rig=replace(B, air_ul=50.0), line_kpa=line_kpa, occluded=True)
    line.prime()
    line.advance(0.001, 0.001)
    assert 0.001 / (line.line_kpa - line_kpa) - 0.3 == pytest.approx(more_ul_kpa, abs=0.01)


@pytest.mark.parametrize(
    ("resistance", "tau_s", "stored_ul"),
    [(19.107, 5.7, 19), (10.201, 3.1, 10), (5.101, 1.5, 5), (6.279, 1.9, 6), (1.676, 0.5, 1.7)],
)
def test_time_constants_and_what_the_line_stores(resistance, tau_s, stored_ul):
    rig = replace(B, resistance_kpa_s_ul=resistance, backlash_ul=0.0)
    line = LinePhysics(rig=rig)
    line.prime()
    line.advance(20 * tau_s, 20 * tau_s * RATE_UL_S)
    full_kpa = line.line_kpa
    assert full_kpa * rig.compliance_ul_kpa == pytest.approx(stored_ul, rel=0.05)
    line.advance(tau_s)
    assert line.line_kpa / full_kpa == pytest.approx(0.368, abs=0.02)


# --- hands, and what stands still ---------------------------------------------------------------


def test_one_long_step_at_rest_is_as_good_as_many():
    trace = Trace(A, DUCT, 20, stop_s=20)
    long, short = copy.copy(trace.line), trace.line
    long.advance(60.0)
    for _ in range(6000):
        short.advance(0.01)
    for name in ("line_kpa", "duct_ul", "entered_ul"):
        assert getattr(long, name) == pytest.approx(getattr(short, name), abs=2e-4), name


def test_a_transducer_below_the_tip_reads_the_column_over_it():
    line = LinePhysics(height_kpa=100 * B.head_kpa_mm)
    assert line.sensor_kpa() == pytest.approx(1.32)
    assert line.line_kpa == 0.0


def test_a_tip_under_the_wall_leaves_the_duct_as_it_was_and_its_pocket_in_the_tissue():
    line = Trace(B, DUCT, 20).line
    in_duct_ul = line.duct_ul
    line.place_tip("out")
    line.place_tip("wall")
    line.advance(3.0, 10.0)
    pocket_ul = line.duct_ul
    assert line.duct_kpa() == pytest.approx(0.3, abs=0.02)
    assert 5 < pocket_ul < 15
    line.place_tip("duct")
    assert line.patient == DUCT
    assert line.duct_ul == in_duct_ul
    assert line.outside_ul == pytest.approx(pocket_ul)
    assert line.tear == 0.0


def test_a_wall_that_gives_way_leaks_at_any_pressure_and_never_heals():
    line = Trace(B, DUCT, 40).line
    line.give_way()
    line.advance(1.0)
    assert line.tear == 1.0
    assert line.outside_ul > 0.1
    line.give_way()
    assert line.tear == 1.0


def test_the_paddle_presses_only_what_is_there():
    line = LinePhysics(tip_in_duct=True, compression_n=120.0, stopcock_open=False)
    assert line.duct_kpa() == 0.0
    line.duct_ul = DUCT.unstressed_ul
    pressed_kpa = DUCT.compression_share * 120 * 1000 / DUCT.contact_mm2
    assert line.duct_kpa() == pytest.approx(DUCT.opening_kpa + pressed_kpa)
