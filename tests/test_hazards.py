"""The hazard table hangs together: words filled, controls exist, none is left unused."""

from state_machine.limits import LIMITS
from tests import hazards


def test_rows_are_complete_and_unique():
    for row in hazards.rows():
        assert set(row) == {"id", "hazard", "cause", "harm", "controls"}, row["id"]
        assert all(row.values()), row["id"]
    assert len(set(hazards.ids())) == len(hazards.ids())


def test_each_control_is_a_requirement_and_each_requirement_a_control():
    named = [row["id"] for row in hazards.requirements()]
    assert len(set(named)) == len(named)
    controls = {control for row in hazards.rows() for control in row["controls"]}
    assert controls == set(named)
    assert all(row["text"] for row in hazards.requirements())


def test_each_limit_stands_against_a_hazard_of_the_table():
    assert {row.hazard for row in LIMITS} <= set(hazards.ids())
