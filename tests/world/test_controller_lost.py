"""The controller is late, suspended or dead: the room is safe without it, and afterwards."""

import pytest

from tests.world.scene import (
    HEARTBEAT,
    MS,
    TTL_STOP,
    S,
    Scene,
    injecting,
    nothing_moves,
)

RELEASE_MOST_S = 15
"""Watchdog of the unit, its release delay, and the way up."""


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-STOP-FAILS")
def test_a_late_pass_closes_the_hold():
    scene = injecting()
    scene.world.freeze(80 * MS)
    assert scene.moving
    assert scene.stop_span_ms() <= 150
    with nothing_moves(scene):
        scene.run(1)
    assert scene.phase == "arm"
    assert scene.raised == {}


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
def test_the_controller_stands_still_for_400_ms():
    scene = injecting()
    before_nl = scene.truth["entered_nl"]
    scene.world.freeze(400 * MS)
    assert not scene.moving  # the box: its watchdog of 250 to 300 ms and the pump's stop line
    truth = scene.truth
    assert (truth["trip_cause"], truth["stage"]) == (HEARTBEAT, TTL_STOP)
    assert truth["entered_nl"] - before_nl < 1_500
    with nothing_moves(scene):
        scene.run(3)
    assert scene.raised["box-tripped"] == "high"
    assert scene.phase == "stopped"
    assert not scene.state.permit


@pytest.mark.hazard("HZ-COMPRESSION")
@pytest.mark.parametrize("phase", ["compression", "exposure", "exposure-armed", "stopped"])
def test_nobody_stays_compressed_for_long(phase: str):
    reached = "exposure" if phase == "stopped" else phase
    scene = Scene().until(lambda s: s.phase == reached and s.truth["paddle_state"] == 3)
    scene.hands_off().run(1)
    if phase == "stopped":
        assert scene.do("stop") == ()
    began_ns = scene.state.exposure.compressed_ns
    scene.until(lambda _: scene.truth["force_mn"] == 0, 60)
    assert scene.world.now_ns() - began_ns < 48 * S
    scene.run(1)
    assert scene.raised["compressed-long"] == "medium"
    assert scene.truth["paddle_state"] == 1
