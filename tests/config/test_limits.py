"""A procedure may tighten every limit and loosen none, row by row of the table."""

import pytest

from config.problems import ConfigError
from config.tighten import DEFAULTS, MAY_BE_ZERO, ends, tightened
from state_machine.limits import LIMIT_BY_NAME, LIMITS, Bound

ROWS = [pytest.param(row, marks=pytest.mark.hazard(row.hazard), id=row.name) for row in LIMITS]


@pytest.mark.parametrize("row", ROWS)
def test_at_the_ceiling_is_accepted(row):
    _, problems = tightened("f", {row.name: row.ceiling})
    assert not [p for p in problems if p.key == f"limits.{row.name}"]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("beyond", [1, 1_000_000, 10**30])
def test_past_the_ceiling_is_refused(row, beyond):
    value = row.ceiling + beyond if row.bound is Bound.AT_MOST else row.ceiling - beyond
    limits, problems = tightened("file.toml", {row.name: value})
    (problem,) = [p for p in problems if p.key == f"limits.{row.name}"]
    assert problem.file == "file.toml"
    assert f"{row.ceiling:_}" in problem.allowed
    assert row.hazard in problem.what_to_do
    assert getattr(limits, row.name) == getattr(DEFAULTS, row.name), "applied although refused"


@pytest.mark.parametrize("row", ROWS)
def test_tighter_is_in_force(row):
    default = getattr(DEFAULTS, row.name)
    value = max(default - 1, 1) if row.bound is Bound.AT_MOST else default + 1
    limits, problems = tightened("f", {row.name: value})
    assert not [p for p in problems if p.key == f"limits.{row.name}"]
    assert getattr(limits, row.name) == value


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("value", [-1, True, "5", 5.0, [5], {}, None, float("nan")])
def test_anything_but_a_whole_number_is_refused(row, value):
    _, problems = tightened("f", {row.name: value})
    assert f"limits.{row.name}" in [p.key for p in problems]


@pytest.mark.parametrize("row", ROWS)
def test_zero_only_where_it_means_never(row):
    _, problems = tightened("f", {row.name: 0})
    refused = f"limits.{row.name}" in [p.key for p in problems]
    assert refused is (row.name not in MAY_BE_ZERO)


def test_a_lower_limit_has_an_upper_end():
    row = LIMIT_BY_NAME["lock_days_count"]
    assert ends(row) == (7, 7_000)
    assert tightened("f", {row.name: 10**12})[1]


def test_relations_between_limits_are_checked():
    _, problems = tightened("f", {"net_warn_pa": 3_500, "net_pause_pa": 3_000})
    assert "net_warn_pa <= net_pause_pa" in problems[0].allowed


@pytest.mark.hazard("HZ-USE-ERROR")
def test_the_open_tip_test_must_fit_into_one_prime_motion():
    """It runs at the injection's rate: the gate would refuse it in front of the patient."""
    assert not tightened("f", {"rate_nl_min": 400_000, "prime_volume_nl": 200_000})[1]
    (problem,) = tightened("f", {"rate_nl_min": 500_000, "prime_volume_nl": 100_000})[1]
    assert "open-tip test" in problem.allowed
    assert "raise prime_volume_nl" in problem.what_to_do


def test_an_unknown_limit_names_the_nearest():
    _, problems = tightened("f", {"injection_volume_ul": 200})
    assert '"injection_volume_nl"' in problems[0].what_to_do


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_loosened_limit_stops_the_whole_room(site):
    site.limit("injection_volume_nl = 1_000_001")
    with pytest.raises(ConfigError) as refused:
        site.load()
    (problem,) = [p for p in refused.value.problems if p.key == "limits.injection_volume_nl"]
    assert problem.file == str(site.procedure_path)
    assert problem.value == "1_000_001"
    assert "1_000_000" in problem.allowed


def test_a_tightened_limit_reaches_the_profile(site):
    assert site.limit("rate_nl_min = 150_000").load().profile.limits.rate_nl_min == 150_000


def test_looser_than_the_default_is_a_deviation(site):
    found = site.limit("rate_nl_min = 300_000").load().deviations
    (words,) = [words for words in found if "rate_nl_min" in words]
    assert "rate_nl_min = 300_000" in words
    assert "200_000" in words
    assert "assumption" in words
