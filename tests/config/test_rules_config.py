"""Safety rules on files, stated a second time on purpose: the slowest line, the questions asked."""

import pytest

from config.procedure import MUST_ASK
from config.relations import _FAMILY_BAUDS
from config.room import BAUDS


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_no_pump_line_is_slower_than_9600_baud():
    """Under it a stop would be too late."""
    assert min(BAUDS) == 9_600
    assert all(set(bauds) <= set(BAUDS) for bauds in _FAMILY_BAUDS.values())


@pytest.mark.hazard("HZ-WRONG-PATIENT-SIDE", "HZ-USE-ERROR")
def test_what_no_site_may_leave_out_of_its_checklist():
    never_past = {"identity", "side", "consent", "pus", "inflammation", "pregnancy"}
    asked = {"lactation", "contrast_reaction", "latex", "lidocaine", "anticoagulants", "discharge"}
    by_key = {row.key: row for row in MUST_ASK}
    assert set(by_key) >= never_past | asked
    assert {key for key, row in by_key.items() if row.severity == "absolute"} == never_past
