"""Conversions round toward safe, with worked numbers; limits hang together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state_machine import units
from state_machine.limits import LIMIT_BY_NAME, LIMITS, Bound, Limits, beyond_ceiling
from state_machine.units import NS_PER_MIN

POSITIVE = st.integers(1, 10**9)


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-SYRINGE")
@pytest.mark.parametrize(
    ("viscosity_upas", "length_um", "bore_um", "expected"),
    [  # clinical facts C1, iohexol 300
        (11_800, 12_700, 159, 9_553),
        (6_300, 12_700, 159, 5_101),
        (11_800, 25_400, 159, 19_107),
        (6_300, 25_400, 159, 10_201),
        (11_800, 12_700, 210, 3_140),
        (6_300, 12_700, 210, 1_676),
        (11_800, 25_400, 210, 6_279),
        (6_300, 25_400, 210, 3_352),
    ],
)
def test_poiseuille_gives_the_table_of_the_fact_sheet(viscosity_upas, length_um, bore_um, expected):
    assert abs(units.poiseuille_pa_s_ul(viscosity_upas, length_um, bore_um) - expected) <= 1


@pytest.mark.parametrize(
    ("resistance", "rate_nl_min", "drop_pa"),
    [(9_553, 200_000, 31_843), (1_676, 200_000, 5_586), (19_107, 100_000, 31_845), (1_676, 0, 0)],
)
def test_drop_is_resistance_times_flow(resistance, rate_nl_min, drop_pa):
    assert units.flow_drop_pa(resistance, rate_nl_min) == drop_pa
    if rate_nl_min:
        assert abs(units.flow_resistance_pa_s_ul(drop_pa, rate_nl_min) - resistance) <= 1


@given(rate=POSITIVE, span=st.integers(0, 10**15), volume=POSITIVE)
def test_floor_and_ceiling_enclose(rate, span, volume):
    floor, ceil = units.volume_floor_nl(rate, span), units.volume_ceil_nl(rate, span)
    assert floor * NS_PER_MIN <= rate * span <= ceil * NS_PER_MIN
    assert ceil - floor <= 1
    assert units.volume_floor_nl(rate, units.span_ceil_ns(volume, rate)) >= volume
    assert units.volume_floor_nl(rate, units.span_ceil_ns(volume, rate) - 1) < volume


@given(value=st.integers(0, 10**9), ppm=st.integers(0, 1_000_000))
def test_uncertainty_rounds_outward(value, ppm):
    low, high = units.less_ppm(value, ppm), units.more_ppm(value, ppm)
    assert low * 1_000_000 <= value * (1_000_000 - ppm) < (low + 1) * 1_000_000
    assert (high - 1) * 1_000_000 < value * (1_000_000 + ppm) <= high * 1_000_000


@pytest.mark.parametrize(("value", "expected"), [(-5, 0), (0, 0), (5, 5)])
def test_clamp_low(value, expected):
    assert units.clamp_low(value) == expected


@pytest.mark.parametrize(("n", "d", "expected"), [(0, 7, 0), (1, 7, 1), (7, 7, 1), (8, 7, 2)])
def test_ceil_div(n, d, expected):
    assert units.ceil_div(n, d) == expected


@pytest.mark.parametrize(
    ("x", "y"), [(0, 100), (10, 100), (15, 80), (20, 60), (30, 50), (40, 40), (99, 40)]
)
def test_interpolation_holds_its_ends(x, y):
    assert units.interpolate(((10, 100), (20, 60), (40, 40)), x) == y
    assert units.interpolate(((10, 100),), x) == 100


@pytest.mark.parametrize(
    ("value", "power", "places", "text"),
    [
        (60_000, 6, 3, "0.060"),
        (59_999, 6, 3, "0.059"),
        (-60_000, 6, 3, "-0.060"),
        (1_234_567, 6, 2, "1.23"),
        (1_999, 3, 0, "1"),
        (-1_999, 3, 0, "-1"),
        (0, 6, 3, "0.000"),
    ],
)
def test_decimal_is_cut_never_rounded_up(value, power, places, text):
    assert units.decimal(value, power, places) == text


# --- limits -----------------------------------------------------------------------------------


def test_each_row_has_a_default_and_each_default_a_row():
    assert [row.name for row in LIMITS] == list(Limits.__struct_fields__)
    assert len(LIMIT_BY_NAME) == len(LIMITS)
    assert beyond_ceiling(Limits()) == ()
    for row in LIMITS:
        assert row.meaning
        assert row.source
        assert row.evidence in ("assumption", "published", "computed", "label")


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERRATE", "HZ-OVERPRESSURE")
@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row.name)
def test_no_limit_lies_beyond_its_ceiling(row):
    beyond = 1 if row.bound is Bound.AT_MOST else -1
    at_ceiling = beyond_ceiling(Limits(**{row.name: row.ceiling}))
    assert not [words for words in at_ceiling if words.startswith(f"{row.name} =")]
    (words,) = (
        words
        for words in beyond_ceiling(Limits(**{row.name: row.ceiling + beyond}))
        if words.startswith(f"{row.name} =")
    )
    assert f"{row.ceiling:_}" in words
    assert row.bound.value in words


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row.name)
def test_no_limit_is_negative(row):
    assert any(w.startswith(row.name) for w in beyond_ceiling(Limits(**{row.name: -1})))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"net_warn_pa": 4_001}, "net_warn_pa <= net_pause_pa <= net_stop_pa"),
        ({"net_pause_pa": 6_001}, "net_warn_pa <= net_pause_pa <= net_stop_pa"),
        ({"injection_volume_nl": 500_001}, "injection_volume_nl <= duct_volume_nl"),
        ({"duct_volume_nl": 1_000_001}, "duct_volume_nl <= side_day_volume_nl"),
        ({"first_rate_nl_min": 200_001}, "first_rate_nl_min <= rate_nl_min"),
        ({"temperature_low_mc": 40_000}, "temperature_low_mc < temperature_high_mc"),
        ({"first_checkpoint_nl": 999}, "checkpoints must be"),
        ({"checkpoint_step_nl": 999}, "checkpoints must be"),
    ],
)
def test_relations_between_limits(changes, words):
    assert any(words in problem for problem in beyond_ceiling(Limits(**changes)))
    closer = {name: value - 1 if value > 999 else 1_000 for name, value in changes.items()}
    assert not any(words in problem for problem in beyond_ceiling(Limits(**closer)))
