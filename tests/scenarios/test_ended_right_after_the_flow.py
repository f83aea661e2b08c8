"""The procedure is ended right after the flow.

20 uL are in, and the radiologist ends the procedure within the second: the room goes idle and
asks the sensor five times a second, while the line still empties what it has stored. Found by a
campaign (seed 5, no fault): three means of two or three readings each said *air*.

Must happen: what is too little to tell a decay from tells nothing; a normal end raises no alarm.

Judge: no alarm but those that only inform.
"""

import pytest

from sim.technologist import Order
from tests.world.scene import RADIOLOGIST, Scene


@pytest.mark.hazard("HZ-AIR", "HZ-USE-ERROR")
@pytest.mark.parametrize("after_s", [0.1, 0.4, 0.8])
def test_a_normal_end_raises_no_alarm(after_s: float):
    scene = Scene(Order(ordered_nl=20_000)).until_phase("settle").hands_off().run(after_s)
    assert scene.do("abort", RADIOLOGIST) == ()
    scene.run(6)
    assert {name for name, priority in scene.raised.items() if priority != "low"} == set()
