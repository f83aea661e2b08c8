"""Virtual patients and rigs: drawn within what is documented, each figure with its source."""

import dataclasses
import random

import pytest

from sim.distributions import ASSUMPTION, SOURCED, Even, EvenLog, Fixed, LogNormal
from sim.patients import FALSE_PASSAGE_SHARE, PATIENT, draw_patient, draw_tip
from sim.physics import RIG_27G_WARM, Patient
from sim.physics.cannula import BORES_MM, CONTRASTS
from sim.rigs import RIG, TRANSDUCER, Mounted, draw_rig, draw_transducer, with_air, wrong_syringe

ROWS = (*PATIENT, *RIG, *TRANSDUCER)
SEEDS = range(300)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_figure_says_where_it_is_from_and_how_it_is_drawn(row):
    assert row.source.startswith((SOURCED, ASSUMPTION))
    assert row.how.words()


@pytest.mark.parametrize("how", [Even(2, 5), EvenLog(2, 5), LogNormal(3, 0.5, 2, 5), Fixed(3)])
def test_a_distribution_stays_within_its_ends_and_repeats_itself(how):
    drawn = [how.draw(random.Random(seed)) for seed in SEEDS]
    assert all(2 <= value <= 5 for value in drawn)
    assert drawn == [how.draw(random.Random(seed)) for seed in SEEDS]
    assert 2.8 < sorted(drawn)[150] < 3.9


def test_a_patient_is_drawn_whole():
    assert {row.name for row in PATIENT} == {field.name for field in dataclasses.fields(Patient)}
    assert draw_patient(random.Random(1)) == draw_patient(random.Random(1))
    assert draw_patient(random.Random(1)) != draw_patient(random.Random(2))


def test_median_tear_is_the_fixed_patient_s():
    torn_kpa = sorted(draw_patient(random.Random(seed)).tear_kpa for seed in SEEDS)
    assert torn_kpa[150] == pytest.approx(8, abs=0.8)


def test_false_passages_are_as_often_as_in_ductal_lavage():
    chance = random.Random(1)
    share = sum(draw_tip(chance) == "wall" for _ in range(5000)) / 5000
    assert share == pytest.approx(FALSE_PASSAGE_SHARE, abs=0.01)


def test_a_drawn_rig_passes_the_bands_of_the_self_tests():
    """Bands of clinical C4: resistance 0.6 to 1.7, first drop 0.8 to 1.3, stiffness 0.4 to 2."""
    for seed in SEEDS:
        rig = draw_rig(random.Random(seed))
        assert 0.7 < rig.resistance_kpa_s_ul / RIG_27G_WARM.resistance_kpa_s_ul < 1.5
        assert 0.9 < rig.dead_space_ul / RIG_27G_WARM.dead_space_ul < 1.1
        assert 0.5 < rig.compliance_ul_kpa / RIG_27G_WARM.compliance_ul_kpa < 1.8
        assert rig.warmed_kpa_s_ul is not None
        assert 0.95 < rig.warmed_kpa_s_ul / rig.resistance_kpa_s_ul < 1.2


@pytest.mark.parametrize("gauge", BORES_MM)
@pytest.mark.parametrize("contrast", CONTRASTS)
def test_a_rig_follows_what_is_mounted(gauge, contrast):
    short, long = (
        draw_rig(random.Random(5), Mounted(gauge, length_mm, contrast, 4700))
        for length_mm in (12.7, 25.4)
    )
    assert long.resistance_kpa_s_ul == pytest.approx(2 * short.resistance_kpa_s_ul)
    assert abs(short.syringe_um - 4700) <= 47
    assert 0.0125 < short.head_kpa_mm < 0.0139


def test_the_transducer_s_inputs_are_inputs_of_the_room():
    drawn = draw_transducer(random.Random(3))
    assert set(drawn) == {"sensor_noise_pa", "sensor_drift_pa_h", "sensor_offset_pa"}
    assert all(isinstance(value, int) for value in drawn.values())


def test_wrong_rigs_are_made_by_name():
    assert (wrong_syringe(RIG_27G_WARM).syringe_um / 4780) ** 2 == pytest.approx(3.28, abs=0.01)
    assert with_air(RIG_27G_WARM, 20).air_ul == 20
