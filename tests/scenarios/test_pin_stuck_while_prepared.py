"""The motor pin sticks while the next motion is prepared.

The pump stops by itself at a checkpoint; the wire from its motor output, the one sign that does
not come over the line, goes on saying that it moves. The next motion is prepared at once. Found
by a campaign (seed 137): the contradiction was only looked at while no motion was prepared.

Must happen: a prepared motion stands still, so a pin that says otherwise is a high alarm; the
procedure stops and nothing runs.

Judge: the alarm is raised within a second of the proven stop, and the plunger stays where it is.
"""

import pytest

from tests.world.scene import Scene, nothing_moves


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_pin_that_contradicts_a_prepared_motion_is_an_alarm():
    scene = Scene().until_injected(45_000).hands_off().hand("contact_stuck", "motor_pin")
    scene.until(lambda _: not scene.moving, 20).run(0.2)
    with nothing_moves(scene):
        scene.run(1)
        assert scene.raised["motor-pin"] == "high"
        assert scene.phase == "stopped"
