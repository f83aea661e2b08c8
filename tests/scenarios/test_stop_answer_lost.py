"""STP executed but its answer lost, retried, then pressed again.

The switch is released. The pump takes STP and stands, its answer is lost; STP is told again,
and the second one cancels the paused program. Then the switch is pressed again: a program
that begins anew would deliver the whole distance to the checkpoint a second time.

Must happen: the plunger stands at once; the next press is a new motion, told only what is
left to the checkpoint, and each motion is run once. With no answer at all nothing is
believed: the permit falls, and the box holds the pump.

Judge: the plunger, and whoever reads the line: one RUN per motion, VOL never more than is left.
"""

import pytest

from sim.site.site import Site, now_ns
from state_machine.entries import MotionIntent
from tests.scenarios.hands import SOON_NS, covered, standing
from tests.world.between import Between
from tests.world.scene import NOT_OBEYED, PLUNGER_STOP_MOST_MS, injecting, nothing_moves

DIGIT_NL = 10
"""Last digit of the pump's counter above 10 uL."""


def volumes_ul(between: Between) -> list[float]:
    """Volumes that the pump was told, in uL."""
    told = [asked[3:] for asked in between.asked if asked.startswith("VOL")]
    return [float(volume) for volume in told if volume and volume != "UL"]


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERVOLUME", "HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("lost_count", [1, 2])
def test_a_stop_told_again_is_followed_by_a_motion_of_what_is_left(lost_count: int):
    scene = injecting()
    between = Between(scene)
    between.lose_answers("STP", lost_count)
    scene.hand("hold", False)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    counted_nl = scene.truth["pump_infused_nl"]
    with nothing_moves(scene):
        scene.run(0.6)
    assert between.asked.count("STP") >= 2 + lost_count
    assert scene.phase == "holding"
    scene.hand("hold", True)
    scene.until(lambda _: scene.moving, 2)
    scene.until(lambda _: not scene.moving, 20).run(0.5)
    left_nl = 50_000 - counted_nl
    (told_ul,) = set(volumes_ul(between))
    assert left_nl - DIGIT_NL <= told_ul * 1_000 <= left_nl + DIGIT_NL
    assert abs(scene.truth["pump_infused_nl"] - 50_000) <= DIGIT_NL
    scene.hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100
    intents = [entry for entry in scene.entries(MotionIntent) if entry.purpose == "inject"]
    assert between.asked.count("RUN") == len(intents) - 1  # the first one ran before
    assert set(scene.raised) == {"checkpoint"}


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_without_any_answer_the_pump_is_not_believed_to_stand():
    scene = injecting()
    between = Between(scene)
    between.lose_answers("STP", 4)
    scene.hand("hold", False)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.run(1.5)
    assert between.asked.count("STP") == 4
    assert scene.raised["stop-not-obeyed"] == "high"
    assert not scene.state.permit
    assert scene.truth["trip_cause"] != 0
    assert scene.truth["trip_cause"] != NOT_OBEYED  # the pin shows that it stands
    with nothing_moves(scene):
        scene.hand("hold", True).run(2)
    assert "RUN" not in between.asked


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERVOLUME")
def test_a_stop_whose_answers_are_lost_on_a_real_line(site: Site):
    site.controller()
    intent_nl = site.inject()["volume"]["intent_nl"]
    site.set("pump_mute", True)
    site.set("hold", False)
    told_ns = now_ns()
    truth = site.watch(standing, 5)
    assert truth["now_ns"] - told_ns < SOON_NS
    site.set("pump_mute", False)
    assert site.faults()["pump_mute"] > 0
    assert covered(site)
    # pressed again, or armed again where the pump was not believed: what is left, and no more
    site.who.fresh_try()
    site.inject(least_nl=truth["pump_infused_nl"] // 1_000 * 1_000 + 1_000)
    assert site.truth()["pump_infused_nl"] <= intent_nl
    assert site.who.rearm_count <= 5
