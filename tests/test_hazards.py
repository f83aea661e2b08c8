"""The hazard table hangs together: words filled, controls exist, none is left unused."""

from state_machine.limits import LIMITS
from tests import hazards


def test_rows_are_complete_and_unique():
    for row in hazards.rows():
        assert set(row) == {"id", "hazard", "cause", "harm", "controls"}, row["id"]
        assert all(row.values()), row["id"]
    assert len(set(hazards.ids())) == len(hazards.ids())


def test_hazards_and_requirements_name_each_other():
    controls = {(row["id"], control) for row in hazards.rows() for control in row["controls"]}
    against = {(h, row["id"]) for row in hazards.requirements() for h in row["hazards"]}
    assert controls - against == set(), "controls that the requirement does not name back"
    assert against - controls == set(), "hazards that do not name the requirement back"
    assert {requirement for _, requirement in controls} == {
        row["id"] for row in hazards.requirements()
    }


def test_each_limit_stands_against_a_hazard_of_the_table():
    assert {row.hazard for row in LIMITS} <= set(hazards.ids())
