"""Pump answers everything but ignores STP.

The switch is released. The pump answers each STP and moves on; in the worse case the wire to
its stop input is broken too.

Must happen: the stop schedule ends after 160 ms with the permit dropped; the box says stop on
its own wire and, when the motor pin stays high for 200 ms, cuts the power. The line falls
silent so that the pump's Safe mode can run out too. High alarm; power comes back only by a
person's word.

Judge: the plunger stands within 600 ms, and the ledger's high covers what went in.
"""

import pytest

from sim.site.site import Site, now_ns
from tests.world.scene import NOT_OBEYED, POWER_OPEN, injecting, nothing_moves

SOON_NS = 2_000_000_000
"""160 ms of stop schedule, the box's stop line for 200 ms, and a loaded machine."""


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("wire_too", [False, True])
def test_the_pump_answers_everything_but_ignores_stop(wire_too: bool):
    scene = injecting().hand("pump_ignores_stop", True)
    scene.hand("pump_ignores_ttl", wire_too).hand("hold", False)
    span_ms = scene.stop_span_ms()
    # 160 ms of stop schedule, then the permit falls; the box waits 200 ms for obedience
    assert 200 <= span_ms <= 600
    scene.run(1)
    assert not scene.truth["pump_powered"]
    assert scene.truth["stage"] == POWER_OPEN
    assert scene.truth["trip_cause"] == NOT_OBEYED
    assert scene.raised["stop-not-obeyed"] == "high"
    assert scene.high_nl >= scene.truth["entered_nl"]
    with nothing_moves(scene):
        scene.hand("hold", True).run(3)
    assert not scene.state.permit


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_a_pump_that_ignores_stop_on_a_real_line_loses_its_power(site: Site):
    site.controller()
    intent_nl = site.inject(limit_s=120)["volume"]["intent_nl"]
    site.set("pump_ignores_stop", True)
    site.set("pump_ignores_ttl", True)
    site.set("hold", False)
    told_ns = now_ns()
    truth = site.watch(lambda now: not now["motor_on"], 5)
    assert truth["now_ns"] - told_ns < SOON_NS
    assert not truth["pump_powered"]
    assert truth["trip_cause"] == NOT_OBEYED
    shown = site.until(lambda shown: shown["phase"] == "stopped")
    assert "stop-not-obeyed" in {alarm["name"] for alarm in shown["alarms"]}
    assert truth["entered_nl"] <= shown["volume"]["high_nl"]
    assert shown["volume"]["high_nl"] <= shown["volume"]["intent_nl"] >= intent_nl
