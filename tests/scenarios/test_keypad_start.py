"""Keypad Start between arm and inject.

The motion is prepared in the pump, armed, and somebody touches Start on its keypad: the lock
of the keypad is for settings only (assumption, the worse case).

Must happen: a pump that moves without a target is a high alarm; it is stopped in the pass
that sees it, the permit falls and the box holds it. The flow that it gave counts, and what it
was prepared for is bounded by the checkpoint.

Judge: the plunger stands within 150 ms and moves no more; the ledger covers what went in.
"""

import pytest

from sim.site.site import Site, now_ns
from tests.world.scene import (
    COMMANDED,
    PLUNGER_STOP_MOST_MS,
    RADIOLOGIST,
    TAIL_NL,
    Scene,
    nothing_moves,
)

SOON_NS = 1_500_000_000
"""A poll, a stop, and a loaded machine."""


UNCOMMANDED = {"uncommanded-motion", "motor-pin"}
"""Prompt or motor output, whichever is heard first: both stop, and drop the permit."""


def told(raised: dict[str, str]) -> set[str]:
    """Priorities of the alarms that say so."""
    return {priority for name, priority in raised.items() if name in UNCOMMANDED}


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_start_on_the_keypad_between_arm_and_inject():
    scene = Scene().until_phase("armed").hands_off().hand("keypad_start", True)
    assert scene.moving
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    with nothing_moves(scene):
        scene.run(3)
    assert told(scene.raised) == {"high"}
    assert scene.phase == "stopped"
    assert not scene.state.permit
    assert scene.truth["trip_cause"] == COMMANDED
    assert scene.truth["plunger_nl"] - scene.truth["spilled_nl"] < 80_000
    assert scene.high_nl >= scene.truth["entered_nl"] - TAIL_NL


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-USE-ERROR")
def test_a_switch_held_at_that_moment_makes_it_no_motion_of_ours():
    scene = Scene().until_phase("armed").hands_off()
    scene.hand("keypad_start", True).run(0.01).hand("hold", True)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS + 50
    with nothing_moves(scene):
        scene.run(2)
        scene.hand("hold", False).run(0.5).acknowledge_all()
        assert scene.do("resume", RADIOLOGIST) != () or scene.phase == "arm"
        scene.hand("hold", True).run(2)
    assert told(scene.raised) == {"high"}


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_start_on_the_keypad_on_a_real_line(site: Site):
    site.controller()
    site.set("prime", True)
    site.until(lambda shown: shown["phase"] == "armed", 120, act=True)
    before = site.truth()
    site.set("keypad_start", True)
    began_ns = now_ns()
    truth = site.watch(lambda now: not now["motor_on"], 5)
    assert truth["now_ns"] - began_ns < SOON_NS
    shown = site.until(lambda shown: shown["phase"] == "stopped")
    assert UNCOMMANDED & {alarm["name"] for alarm in shown["alarms"]}
    assert shown["rate"]["commanded_nl_min"] == 0
    assert site.truth()["entered_nl"] - before["entered_nl"] < 5_000
    site.until(lambda shown: shown["volume"]["high_nl"] >= truth["pump_infused_nl"], 5)
