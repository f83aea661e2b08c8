"""Resistance of cannulas against the worked table (facts: clinical B1, B3, C1)."""

import math

import pytest

from sim.physics.cannula import (
    BORE_TOLERANCE_MM,
    BORES_MM,
    CONTRASTS,
    resistance_kpa_s_ul,
    viscosity_mpa_s,
)


def resistance(gauge, length_mm, temperature_c, contrast="iohexol-300", off_mm=0.0):
    viscosity = viscosity_mpa_s(CONTRASTS[contrast], temperature_c)
    return resistance_kpa_s_ul(viscosity, length_mm, BORES_MM[gauge] + off_mm)


@pytest.mark.parametrize(
    ("gauge", "length_mm", "temperature_c", "worked"),
    [
        ("30G", 12.7, 20, 9.553),
        ("30G", 12.7, 37, 5.101),
        ("30G", 25.4, 20, 19.107),
        ("30G", 25.4, 37, 10.201),
        ("27G", 12.7, 20, 3.140),
        ("27G", 12.7, 37, 1.676),
        ("27G", 25.4, 20, 6.279),
        ("27G", 25.4, 37, 3.352),
    ],
)
def test_the_table_of_resistances(gauge, length_mm, temperature_c, worked):
    assert resistance(gauge, length_mm, temperature_c) == pytest.approx(worked, rel=0.001)


@pytest.mark.parametrize(
    ("contrast", "temperature_c", "thick_kpa", "thin_kpa"),
    [
        ("iohexol-240", 20, 31, 10),
        ("iohexol-240", 37, 18, 6),
        ("iohexol-350", 20, 110, 36),
        ("iohexol-350", 37, 56, 18),
        ("iopamidol-300", 20, 48, 16),
        ("iopamidol-300", 37, 25, 8),
    ],
)
def test_other_contrasts_at_a_fifth_of_a_millilitre_a_minute(
    contrast, temperature_c, thick_kpa, thin_kpa
):
    flow_ul_s = 200 / 60
    in_30g = resistance("30G", 25.4, temperature_c, contrast) * flow_ul_s
    in_27g = resistance("27G", 25.4, temperature_c, contrast) * flow_ul_s
    assert in_30g == pytest.approx(thick_kpa, abs=1)
    assert in_27g == pytest.approx(thin_kpa, abs=0.6)


@pytest.mark.parametrize(("temperature_c", "worked"), [(25, 9.74), (30, 8.09), (33, 7.26)])
def test_viscosity_in_between_follows_the_fit(temperature_c, worked):
    found = viscosity_mpa_s(CONTRASTS["iohexol-300"], temperature_c)
    assert found == pytest.approx(worked, abs=0.1)


def test_warming_in_the_nipple_cuts_the_resistance_as_stated():
    assert 1 - resistance("27G", 12.7, 33) / resistance("27G", 12.7, 20) == pytest.approx(
        0.38, abs=0.01
    )


@pytest.mark.parametrize(("gauge", "least", "most"), [("27G", 0.71, 1.46), ("30G", 0.64, 1.66)])
def test_the_bore_s_tolerance_spans_the_stated_factors(gauge, least, most):
    nominal = resistance(gauge, 12.7, 37)
    wide = resistance(gauge, 12.7, 37, off_mm=BORE_TOLERANCE_MM) / nominal
    narrow = resistance(gauge, 12.7, 37, off_mm=-BORE_TOLERANCE_MM) / nominal
    assert wide == pytest.approx(least, abs=0.01)
    assert narrow == pytest.approx(most, abs=0.01)


def test_ten_centimetres_of_contrast_are_the_stated_head():
    head_kpa = 100 * 9.81e-6 * CONTRASTS["iohexol-300"].relative_density * 1000
    assert math.isclose(head_kpa, 1.32, abs_tol=0.01)
