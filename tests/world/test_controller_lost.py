"""The controller is late, suspended or dead: the room is safe without it, and afterwards."""

import pytest

from tests.world.scene import (
    HEARTBEAT,
    MS,
    POWER_OPEN,
    RADIOLOGIST,
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


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA", "HZ-LOST-COUNT")
@pytest.mark.parametrize("span_s", [10, 600])
def test_the_controller_is_suspended_with_the_switch_held(span_s: int):
    scene = injecting()
    before_nl = scene.truth["entered_nl"]
    scene.world.freeze(span_s * S)
    truth = scene.truth
    assert (truth["trip_cause"], truth["stage"]) == (HEARTBEAT, POWER_OPEN)
    assert not truth["xray_enabled"]
    with nothing_moves(scene):
        scene.run(5)
    assert scene.raised["box-tripped"] == "high"
    assert scene.phase == "stopped"
    assert before_nl < scene.truth["entered_nl"] < before_nl + 3_000
    assert scene.high_nl >= scene.truth["entered_nl"]


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


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-RECORD", "HZ-UNCOMMANDED-MOTION")
def test_a_controller_killed_while_injecting_is_followed_by_one_that_asks():
    scene = injecting(40_000)
    account = scene.state.ledger.account
    assert account is not None
    intent_nl = account.intent_nl
    scene.world.freeze(3 * S)  # kill -9: no last word
    second = scene.restarted().hands_off()
    with nothing_moves(second):
        second.run(3)
        assert second.phase == "recovery"
        truth_nl = second.truth["entered_nl"]
        assert truth_nl <= second.high_nl <= intent_nl
        assert second.do("arm") == ("'arm' is not possible in 'recovery'",)
        assert "is not proven to stand still" in second.do("recovered", RADIOLOGIST)[0]
        second.hand("hold", False).run(0.5)
        second.acknowledge_all()
        assert second.ask("confirm-reclose", stopcock_closed=True) == ()
        second.run(5)
        assert second.do("recovered", RADIOLOGIST) == ()
        assert second.phase == "decannulate"
        second.hand("tip", "out").run(0.5)
        assert second.do("decannulated", RADIOLOGIST) == ()
        second.hands_on().until_phase("standby").hands_off()
    day = second.state.ledger.days[-1]
    assert day.low_nl <= truth_nl <= day.high_nl
    assert second.record[0].seq == scene.world.journal.durable_rows()[-1].last_seq + 1


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_new_procedure_after_a_crash_counts_what_went_before():
    scene = injecting(40_000)
    scene.world.freeze(3 * S)
    second = scene.restarted().hands_off().run(3)
    second.hand("hold", False).run(0.5).acknowledge_all()
    assert second.ask("confirm-reclose", stopcock_closed=True) == ()
    second.run(5)
    assert second.do("recovered", RADIOLOGIST) == ()
    second.hand("tip", "out").run(0.5)
    assert second.do("decannulated", RADIOLOGIST) == ()
    second.hands_on().until_phase("standby")
    before_nl = second.state.ledger.days[-1].high_nl
    third = second.restarted().until_phase("settle")
    assert third.high_nl > before_nl + 55_000
    assert third.high_nl >= third.truth["entered_nl"]
