"""Slowed near the limit, finger slips, pressed again.

The pump runs at a rate that was changed while it moved: it does not store such a rate. The
finger slips and presses again; a pump that starts from its stored rate would start at
whatever was stored before, near the limit at full speed.

Must happen: each motion is prepared with the rate at which its ramp begins, read back, and
starts with that one; from there the rate climbs as the ramp allows.

Judge: the plunger's speed when the motor starts again, and the line: no RUN without the
ramp's first rate before it.
"""

import pytest

from tests.world.between import Between
from tests.world.scene import S, Scene, demo_with

RAMP_NL_MIN_S = 40_000
"""Of the shipped procedure: ramp per second, and rate at which a ramp begins."""


def speed_nl_min(scene: Scene, span_s: float = 0.1) -> int:
    """How fast the plunger really moves."""
    world = scene.world
    world.devices.advance(world.now_ns())
    began_ns, before_nl = world.now_ns(), scene.truth["plunger_nl"]
    scene.run(span_s)
    world.devices.advance(world.now_ns())
    span_ns = world.now_ns() - began_ns
    return int((scene.truth["plunger_nl"] - before_nl) * 60 * S // span_ns)


@pytest.mark.hazard("HZ-OVERRATE", "HZ-OVERVOLUME")
@pytest.mark.parametrize("rate_nl_min", [200_000, 100_000])
def test_pressed_again_it_starts_at_the_beginning_of_the_ramp(rate_nl_min: int):
    loaded = demo_with(first_rate_nl_min=rate_nl_min)
    scene = Scene(loaded=loaded).until_injected(48_000).hands_off()
    between = Between(scene)
    assert abs(speed_nl_min(scene) - rate_nl_min) < rate_nl_min // 30
    for _ in range(2):
        del between.asked[:]
        scene.hand("hold", False).run(0.5)
        assert not scene.moving
        scene.hand("hold", True).until(lambda _: scene.moving, 2)
        assert speed_nl_min(scene) <= RAMP_NL_MIN_S * 105 // 100
        ran = between.asked.index("RUN")
        stored = [asked for asked in between.asked[:ran] if asked.startswith("RAT")]
        assert stored[0] == "RAT40.00UM"
        assert stored[-1] == "RAT", "read back before RUN"
    scene.run(3)
    assert scene.truth["pump_infused_nl"] <= 50_010  # the counter's last digit
    scene.hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100
