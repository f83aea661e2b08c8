"""Whether a pump takes a stop over its pending answer is not known: it is never asked to."""

import pytest

from tests.world.scene import Scene

PLUNGER_STOP_MOST_MS = 150


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("overrun", ["takes", "drops", "garbles"])
def test_a_stop_works_whatever_a_pump_does_with_one_over_its_answer(overrun):
    scene = Scene().until_injected(5_000).hands_off()
    scene.hand("pump_overrun", overrun)
    pump = scene.world.devices.pump
    before = pump.overrun_count
    for number in range(8):
        scene.run(0.3 + number * 0.0073)  # anywhere between question and answer
        scene.hand("hold", False)
        assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
        scene.run(0.4).hand("hold", True)
        scene.until(lambda _: scene.moving, 3)
    assert pump.overrun_count == before  # nothing was said over an answer
