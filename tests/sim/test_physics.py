"""The physics against the worked numbers of the clinical fact sheet (C1, C3)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.physics import (
    DUCT,
    FALSE_PASSAGE,
    RIG_27G_WARM,
    RIG_30G_COLD,
    LinePhysics,
    Rig,
)

RATE_UL_S = 200 / 60
STEP_S = 0.01


def inject(rig, patient, until_s, *, stop_s=1e9, ramp_s=5.0, occluded_s=1e9, step_s=STEP_S):
    """Line after an injection of 0.2 mL/min, primed, tip in the duct, no backlash."""
    line = LinePhysics(rig=replace(rig, backlash_ul=0.0), patient=patient, tip_in_duct=True)
    line.prime()
    steps = round(until_s / step_s)
    for number in range(steps):
        now_s = number * step_s
        line.occluded = now_s >= occluded_s - 1e-9
        share = min(1.0, (now_s + step_s / 2) / ramp_s) if now_s < stop_s else 0.0
        line.advance(step_s, RATE_UL_S * share * step_s)
    return line


@pytest.mark.parametrize(
    ("rig", "at_s", "line_kpa"),
    [
        (RIG_30G_COLD, 2, 4.0),
        (RIG_30G_COLD, 5, 21),
        (RIG_30G_COLD, 10, 46),
        (RIG_30G_COLD, 20, 60.6),
        (RIG_30G_COLD, 40, 63.8),
        (RIG_30G_COLD, 62, 64.3),
        (RIG_30G_COLD, 65, 42),
        (RIG_30G_COLD, 70, 18),
        (RIG_30G_COLD, 80, 3.9),
        (RIG_30G_COLD, 120, 0.9),
        (RIG_27G_WARM, 2, 1.7),
        (RIG_27G_WARM, 5, 5.0),
        (RIG_27G_WARM, 10, 5.6),
        (RIG_27G_WARM, 40, 5.9),
        (RIG_27G_WARM, 62, 6.5),
        (RIG_27G_WARM, 65, 0.9),
    ],
)
def test_normal_injection_follows_the_worked_trace(rig, at_s, line_kpa):
    line = inject(rig, DUCT, at_s, stop_s=62.5)
    assert line.line_kpa == pytest.approx(line_kpa, rel=0.02, abs=0.06)


def test_overshoot_after_stop_is_what_the_line_had_stored():
    stopped = inject(RIG_30G_COLD, DUCT, 62.5, stop_s=62.5)
    later = inject(RIG_30G_COLD, DUCT, 160, stop_s=62.5)
    assert later.entered_ul - stopped.entered_ul == pytest.approx(19.0, abs=0.3)


@pytest.mark.parametrize(("at_s", "line_kpa"), [(80, 7.3), (100, 9.1), (120, 11.4), (180, 11.6)])
def test_overfill_clips_at_the_reflux_plateau(at_s, line_kpa):
    line = inject(RIG_27G_WARM, replace(DUCT, tear_kpa=99.0), at_s)
    assert line.line_kpa == pytest.approx(line_kpa, abs=0.06)


def test_overfill_refluxes_the_worked_volume():
    line = inject(RIG_27G_WARM, replace(DUCT, tear_kpa=99.0), 180)
    assert line.reflux_ul == pytest.approx(216, abs=2)


@pytest.mark.parametrize(("at_s", "line_kpa"), [(20, 5.7), (21, 17), (25, 61), (30, 117)])
def test_occlusion_rises_with_rate_over_compliance(at_s, line_kpa):
    line = inject(RIG_27G_WARM, DUCT, at_s, occluded_s=20)
    assert line.line_kpa == pytest.approx(line_kpa, rel=0.02)


@pytest.mark.parametrize(("at_s", "line_kpa"), [(124, 13.2), (126, 9.2), (130, 7.4), (145, 6.8)])
def test_extravasation_drops_to_a_low_plateau(at_s, line_kpa):
    line = inject(RIG_27G_WARM, replace(DUCT, seal_kpa=50.0), at_s)
    assert line.line_kpa == pytest.approx(line_kpa, abs=0.1)


def test_torn_duct_goes_on_leaking_after_the_stop():
    stopped = inject(RIG_27G_WARM, replace(DUCT, seal_kpa=50.0), 126, stop_s=126)
    later = inject(RIG_27G_WARM, replace(DUCT, seal_kpa=50.0), 400, stop_s=126)
    assert later.outside_ul - stopped.outside_ul > 50
    assert later.tear == 1.0


def test_false_passage_shows_high_pressure_with_little_volume_then_breaks():
    at_10_s = inject(RIG_27G_WARM, FALSE_PASSAGE, 10)
    peak_kpa = max(inject(RIG_27G_WARM, FALSE_PASSAGE, t).duct_kpa() for t in (15, 16, 17, 18))
    assert at_10_s.entered_ul < 26
    assert at_10_s.duct_kpa() > 3
    assert peak_kpa > 8
    assert inject(RIG_27G_WARM, FALSE_PASSAGE, 25).outside_ul > 5


@pytest.mark.parametrize(("at_s", "line_kpa"), [(5, 4.2), (10, 5.6), (65, 1.7)])
def test_air_makes_the_line_slow(at_s, line_kpa):
    line = inject(replace(RIG_27G_WARM, air_ul=50.0), DUCT, at_s, stop_s=62.5)
    assert line.line_kpa == pytest.approx(line_kpa, abs=0.06)


def test_closed_stopcock_stiffness_is_volume_over_compliance():
    line = LinePhysics(stopcock_open=False)
    line.prime()
    line.advance(1.0, 3.0)
    assert line.line_kpa == pytest.approx(10.0)


def test_backlash_swallows_the_first_movement_after_a_reversal():
    line = LinePhysics(stopcock_open=False)
    line.advance(1.0, 0.9)
    assert line.line_kpa == 0.0
    line.advance(1.0, 3.0)
    assert line.line_kpa == pytest.approx(10.0)
    line.advance(1.0, -0.9)
    assert line.line_kpa == pytest.approx(10.0)
    line.advance(1.0, -1.5)
    assert line.line_kpa == pytest.approx(5.0)


def test_line_must_be_filled_before_anything_leaves_the_tip():
    line = LinePhysics(rig=Rig(backlash_ul=0.0))
    line.advance(10.0, 58.0)
    assert not line.primed()
    assert line.spilled_ul == 0.0
    assert line.line_kpa < 0.2
    line.advance(10.0, 11.0)
    assert line.primed()
    assert line.spilled_ul == pytest.approx(10.0, abs=0.7)


def test_unprimed_line_in_the_duct_injects_its_air():
    line = LinePhysics(rig=Rig(backlash_ul=0.0), tip_in_duct=True)
    line.advance(5.0, 20.0)
    assert line.air_into_duct_ul == pytest.approx(20.0, abs=0.3)
    assert line.duct_ul == 0.0


def test_dislodged_tip_spills_and_the_duct_drains():
    line = inject(RIG_27G_WARM, DUCT, 60)
    stored_ul = line.line_kpa * line.rig.compliance_ul_kpa
    line.tip_in_duct = False
    line.advance(30.0, 10.0)
    line.advance(30.0)
    assert line.spilled_ul == pytest.approx(10.0 + stored_ul, abs=0.01)
    assert line.reflux_ul > 50


def test_retract_cannot_draw_more_than_the_duct_holds():
    line = LinePhysics(rig=Rig(backlash_ul=0.0), tip_in_duct=True)
    line.prime()
    line.advance(5.0, -20.0)
    assert line.duct_ul == 0.0
    assert line.line_kpa < -10


def test_stiff_duct_refluxes_down_to_its_seal_and_not_below():
    stiff = replace(DUCT, stiffness_kpa_ul=5.0, leak_kpa_s_ul=0.01, tear_kpa=1e9)
    line = LinePhysics(rig=RIG_27G_WARM, patient=stiff, tip_in_duct=True, stopcock_open=False)
    line.duct_ul = 123.0
    assert line.duct_kpa() > 15
    line.line_kpa = 1.0
    line.advance(2.0, 2.0)
    assert line.duct_kpa() == pytest.approx(5.0, abs=0.01)


def test_wide_steps_are_stable_and_agree_with_narrow_ones():
    wide = inject(RIG_27G_WARM, DUCT, 60, step_s=2.0, ramp_s=0.001)
    narrow = inject(RIG_27G_WARM, DUCT, 60, step_s=0.01, ramp_s=0.001)
    assert wide.line_kpa == pytest.approx(narrow.line_kpa, rel=0.01)


def moves(lowest_ul):
    return st.lists(
        st.tuples(st.floats(0.0, 20.0), st.floats(lowest_ul, 50.0), st.booleans(), st.booleans()),
        max_size=12,
    )


def play(line, sequence):
    for span_s, volume_ul, tip_in_duct, stopcock_open in sequence:
        line.tip_in_duct, line.stopcock_open = tip_in_duct, stopcock_open
        line.advance(span_s, volume_ul)
    return line


@given(sequence=moves(0.0))
def test_every_microlitre_pushed_is_somewhere(sequence):
    line = LinePhysics(rig=Rig(backlash_ul=0.0))
    line.prime()
    play(line, sequence)
    inside_ul = line.line_kpa * line.rig.compliance_ul_kpa + line.duct_ul
    outside_ul = line.outside_ul + line.reflux_ul + line.spilled_ul
    pushed_ul = sum(move[1] for move in sequence)
    assert inside_ul + outside_ul == pytest.approx(pushed_ul, abs=1e-6)


@given(sequence=moves(-50.0))
def test_nothing_diverges_whatever_the_plunger_does(sequence):
    line = play(LinePhysics(), sequence)
    assert line.duct_ul >= -1e-9
    assert line.filled_ul >= -1e-9
    assert -95.0 <= line.line_kpa < 5000
    assert line.duct_kpa() < 500
