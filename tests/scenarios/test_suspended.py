"""PC suspended 10 min.

The room PC goes to sleep in mid injection with the switch held, and wakes ten minutes later.

Must happen: the clock counts suspended time, so that everything heard before is old and is
thrown away, also by a clock that jumps. Box and pump have stopped long ago, X-ray enable is
off. Nothing moves after waking until a person has acknowledged, confirmed and armed; the
arming of before has expired. A breast that was compressed is free.

Judge: the plunger, the permit, the force on the breast, and the ledger.
"""

import pytest

from tests.world.scene import HEARTBEAT, POWER_OPEN, S, Scene, injecting, nothing_moves

TEN_MINUTES_NS = 600 * S


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA", "HZ-LOST-COUNT")
def test_suspended_with_the_switch_held():
    scene = injecting()
    before_nl = scene.truth["entered_nl"]
    scene.world.freeze(TEN_MINUTES_NS)
    truth = scene.truth
    assert (truth["trip_cause"], truth["stage"]) == (HEARTBEAT, POWER_OPEN)
    assert not truth["xray_enabled"]
    with nothing_moves(scene):
        scene.run(5)
    assert scene.raised["box-tripped"] == "high"
    assert scene.phase == "stopped"
    assert not scene.state.permit
    assert before_nl < scene.truth["entered_nl"] < before_nl + 3_000
    assert scene.high_nl >= scene.truth["entered_nl"]


@pytest.mark.hazard("HZ-USE-ERROR", "HZ-UNCOMMANDED-MOTION")
def test_armed_before_is_not_armed_after():
    scene = Scene().until_phase("armed").hands_off()
    scene.world.freeze(TEN_MINUTES_NS)
    with nothing_moves(scene):
        scene.run(0.1).hand("hold", True).run(5)
    assert scene.state.hold.phase.value == "closed"
    assert not scene.state.permit


@pytest.mark.hazard("HZ-COMPRESSION", "HZ-EXPOSURE")
def test_suspended_with_the_breast_compressed():
    scene = Scene().until_phase("exposure-armed").hands_off()
    scene.world.freeze(TEN_MINUTES_NS)
    assert scene.truth["force_mn"] == 0
    scene.hand("hold", True).run(3)
    assert scene.truth["exposure_count"] == 0
    assert not scene.truth["xray_enabled"]
