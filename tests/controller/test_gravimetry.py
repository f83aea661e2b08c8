"""Weighing against what can be worked out by hand: diameter, each part, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bench import uncertainty as gum
from controller.bench.gravimetry import (
    Dispense,
    NotUsable,
    Setting,
    nl_per_ng,
    water_g_ml,
    weigh,
)

S = 10**9
WATER = Setting(4_700, 22_000, 500, 10_000, 30_000, 1, True)


def dispensed(count: int = 10, counted_nl: int = 100_000, ratio: float = 1.0, **noise: int):
    """Dispenses of water whose true volume is ``ratio`` of the counted one."""
    found, stands_ng = [], 20 * S
    for number in range(count):
        true_ng = counted_nl * ratio / nl_per_ng(22_000) + noise.get("each_ng", 0) * (-1) ** number
        after_ng = round(stands_ng + true_ng - 30_000)  # a minute's evaporation
        found.append(Dispense(counted_nl, stands_ng, after_ng, 60 * S))
        stands_ng = after_ng
    return found


@pytest.mark.parametrize(
    ("degrees", "density"), [(4, 0.999975), (20, 0.998207), (22, 0.997773), (25, 0.997047)]
)
def test_water_as_in_the_tables(degrees, density):
    assert water_g_ml(degrees * 1_000) == pytest.approx(density, abs=2e-6)


def test_z_of_iso_8655_at_22_degrees():
    assert nl_per_ng(22_000) * 1000 == pytest.approx(1.0033, abs=1e-4)


@pytest.mark.hazard("HZ-SYRINGE")
@given(st.floats(0.93, 1.07))
def test_the_diameter_goes_with_the_root_of_the_volume(ratio):
    found = weigh(WATER, dispensed(ratio=ratio))
    assert found.diameter_nm == pytest.approx(4_700_000 * math.sqrt(ratio), abs=40)
    assert found.ratio_ppm == pytest.approx(ratio * 1e6, abs=20)
    assert found.passed
    assert "0.1 mg or finer" in found.verdict
    assert "tip submerged" in found.verdict
    assert "evaporation of 30 ug/min corrected" in found.verdict


@pytest.mark.hazard("HZ-SYRINGE")
def test_another_syringe_in_the_clamp_is_not_passed():
    found = weigh(WATER, dispensed(ratio=3.28))
    assert not found.passed
    assert "328.0 % of the counted volume" in found.verdict


def test_without_the_correction_the_volume_would_be_less_by_what_evaporated():
    dry = weigh(WATER._replace(evaporation_ng_min=0), dispensed())
    assert weigh(WATER, dispensed()).ratio_ppm - dry.ratio_ppm == pytest.approx(301, abs=2)


def test_each_part_by_hand():
    found = weigh(WATER, dispensed(each_ng=100_000))
    parts = {part.name: part.ppm for part in found.parts}
    mass_ng = 100_000 / nl_per_ng(22_000)
    # scatter of +-0.1 mg: s = 0.1 * sqrt(10/9) mg; of ten; t 2.32 instead of 2
    s_ng = 100_000 * math.sqrt(10 / 9)
    assert parts["repeatability"] == pytest.approx(
        1.16 * s_ng / math.sqrt(10) / mass_ng * 1e6, abs=1
    )
    assert parts["readability"] == math.ceil(10_000 / math.sqrt(6) / mass_ng * 1e6)
    assert parts["linearity"] == math.ceil(20_000 / math.sqrt(3) / mass_ng * 1e6)
    assert parts["evaporation"] == math.ceil(15_000 / math.sqrt(3) / mass_ng * 1e6)
    assert parts["temperature"] == math.ceil(260 * 0.5 / math.sqrt(3))
    assert parts["air"] == math.ceil(60 / math.sqrt(3))
    assert parts["counter"] == math.ceil(1 / math.sqrt(6) / 100_000 * 1e6)
    whole = 2 * math.sqrt(sum(ppm**2 for ppm in parts.values()))
    assert found.uncertainty_ppm == math.ceil(whole)
    assert {part.kind for part in found.parts} == {"A", "B"}
    assert all(part.why for part in found.parts)


def test_too_uncertain_is_not_passed_and_says_what_to_do():
    found = weigh(WATER, dispensed(counted_nl=2_000, each_ng=60_000))
    assert not found.passed
    assert "dispense more each time" in found.verdict


@pytest.mark.parametrize(
    ("setting", "dispenses", "words"),
    [
        (WATER._replace(digit_ng=1_000_000), dispensed(), "one of 0.1 mg or finer is needed"),
        (WATER._replace(submerged=False), dispensed(), "under water from the first weighing"),
        (WATER._replace(temperature_mc=14_999), dispensed(), "15 to 35"),
        (WATER, dispensed(4), "4 dispenses: 5 to 100"),
        (WATER, dispensed(counted_nl=150), "less than 20 steps"),
        (WATER, [*dispensed(5), Dispense(0, 0, 10**9, S)], "a counted volume and a time"),
    ],
)
def test_what_says_nothing_is_refused(setting, dispenses, words):
    with pytest.raises(NotUsable, match=words):
        weigh(setting, dispenses)
    assert weigh(WATER._replace(digit_ng=100_000), dispensed(5)), "0.1 mg is enough"


def test_students_t_widens_few_values():
    assert gum.of_mean_ppm([1.0, 1.002, 0.998], 1) > gum.of_mean_ppm([1.0, 1.002, 0.998] * 3, 1)
    assert gum.scatter([1.0]) == 0.0
