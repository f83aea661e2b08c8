"""A syringe is changed in the middle: the whole room goes through it, and the count is right."""

import pytest

from state_machine.entries import PhaseChanged
from tests.world.scene import Scene


@pytest.mark.hazard("HZ-SYRINGE", "HZ-AIR", "HZ-LOST-COUNT")
def test_a_second_syringe_goes_on_in_the_same_duct():
    scene = Scene().until_phase("settle", 200).run(3).hands_off()
    first_nl = scene.high_nl
    scene.hand("tip", "out").run(1)
    assert scene.do("change-syringe") == ()
    scene.hand("unfilled_nl", 59_000)  # with a new, empty line: its first drop is a test
    scene.hands_on().until_phase("settle", 300)
    assert first_nl + 50_000 < scene.high_nl < first_nl + 53_000
    assert scene.state.duct is not None
    assert (scene.state.duct.number, scene.state.duct.injection_count) == (1, 2)
    scene.until_closed()
    day = scene.state.ledger.days[-1]
    assert day.low_nl <= scene.truth["entered_nl"] <= day.high_nl
    assert scene.truth["air_into_duct_nl"] == 0
    changes = [e for e in scene.entries(PhaseChanged) if e.event == "change-syringe"]
    assert [(e.source, e.phase) for e in changes] == [("settle", "set-up")]
