"""Remainder rounds to 0.000.

The switch is released a hair before the end: what is left is less than the last digit that
the wire can say, and a volume of 0 means *continuous* to the pump.

Must happen: a remainder of less than 1 uL counts as reached; at the planned end the procedure
goes on to settle, at a checkpoint the next motion leads to the following one; no volume below
1 uL is ever told, and the pump stands where it stood.

Judge: the plunger and the line; the simulated pump would run for ever on 0.
"""

import pytest

from tests.scenarios.test_stop_answer_lost import DIGIT_NL, volumes_ul
from tests.world.between import Between
from tests.world.scene import Scene, nothing_moves

LEAST_NL = 1_000
"""Smallest motion the pump is given."""


def released_just_before(end_nl: int, injected_nl: int) -> tuple[Scene, Between]:
    """The switch is released so late that less than 1 uL is left to ``end_nl``."""
    scene = Scene().until_injected(injected_nl).hands_off()
    between = Between(scene)
    assert scene.state.injection.base_nl == 0
    # one poll, one exchange: about 0.2 uL at 0.2 mL/min
    scene.until(lambda _: scene.truth["pump_infused_nl"] >= end_nl - 700, 30)
    scene.hand("hold", False)
    scene.until(lambda _: not scene.moving, 1)
    left_nl = end_nl - scene.truth["pump_infused_nl"]
    assert 0 < left_nl < LEAST_NL
    return scene, between


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_at_the_planned_end_it_counts_as_reached():
    scene, between = released_just_before(60_000, 51_000)
    with nothing_moves(scene):
        scene.run(0.5)
        assert scene.phase == "settle"
        scene.hand("hold", True).run(3)
    assert "RUN" not in between.asked
    assert volumes_ul(between) == []
    scene.hand("hold", False).hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-EXTRAVASATION")
def test_at_a_checkpoint_the_next_motion_leads_to_the_following_one():
    scene, between = released_just_before(50_000, 20_000)
    with nothing_moves(scene):
        scene.run(0.5)
    scene.hand("hold", True)
    scene.until(lambda _: scene.moving, 2)
    scene.until(lambda _: not scene.moving, 30).run(0.5)
    assert abs(scene.truth["pump_infused_nl"] - 60_000) <= DIGIT_NL
    assert all(volume >= LEAST_NL / 1_000 for volume in volumes_ul(between))
    assert between.asked.count("RUN") == 1
