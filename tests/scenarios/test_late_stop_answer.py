"""Late ``00S`` answers a lost STP.

The switch is released. STP never reaches the pump; an answer ``00S`` from before, which an
adapter had kept back, arrives just then and looks like the answer to it. The pump goes on.

Must happen: stopped is a conclusion. The prompt and the counter of questions asked later
contradict the late answer, STP is told again, and the plunger stands within the stop
schedule; standstill is believed only then, and the ledger counts what really moved.

Judge: the plunger; nothing is shown as *stopped* while it moves.
"""

import pytest

from sim.site.site import Site, now_ns
from state_machine.readings import Motion
from tests.scenarios.hands import SOON_NS, covered, standing
from tests.world.between import Between, answer
from tests.world.scene import MS, Scene, injecting, nothing_moves

STOP_MOST_MS = 350
"""Stop schedule (160 ms), the permit and the box's stop line behind it."""


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
@pytest.mark.parametrize("after_ms", [8, 45])
@pytest.mark.parametrize("lost_count", [1, 3])
def test_a_late_answer_stops_nothing_and_proves_nothing(after_ms: int, lost_count: int):
    scene = injecting()
    between = Between(scene)
    between.lose_questions("STP", lost_count)
    said: list[str] = []

    def heard(command: str) -> None:
        if command == "STP" and not said:
            said.append(command)
            between.say(answer("S"), after_ms * MS)

    def told_the_truth(_: Scene) -> bool:
        motion = scene.readings.pump.motion
        assert not (scene.moving and motion is Motion.STOPPED), "shown as stopped, and moves"
        return not scene.moving

    between.on_command = heard
    scene.hand("hold", False)
    began_ns = scene.world.now_ns()
    scene.until(told_the_truth, 2)
    assert said
    assert scene.world.now_ns() - began_ns <= STOP_MOST_MS * MS
    with nothing_moves(scene):
        scene.run(2)
    assert scene.high_nl >= scene.truth["entered_nl"]
    assert scene.phase in ("holding", "stopped")
    if scene.phase == "holding":
        scene.hand("hold", True).until(lambda _: scene.moving, 2).hands_on().until_closed()
        assert 59_000 < scene.truth["entered_nl"] < 60_100


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
def test_late_answers_and_a_lost_stop_on_a_real_line(site: Site):
    site.controller()
    site.inject()
    site.set("pump_late_ms", 60)  # later than a question waits
    site.set("pump_deaf", True)
    site.set("hold", False)
    told_ns = now_ns()
    site.let_pass(0.08)  # two questions long
    site.set("pump_deaf", False)
    truth = site.watch(standing, 5)
    assert truth["now_ns"] - told_ns < SOON_NS
    site.let_pass(0.3)  # what is late has come
    faults = site.faults()
    assert faults["pump_deaf"] > 0
    assert faults["pump_late_ms"] > 0
    site.set("pump_late_ms", 0)
    stood = site.truth()
    site.let_pass(1)
    assert site.truth()["plunger_nl"] == stood["plunger_nl"]
    assert covered(site)
