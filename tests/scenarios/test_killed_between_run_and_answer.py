"""``kill -9`` between RUN and its answer.

RUN has left for the pump, its answer is on the wire, and the controller's process is gone
without a last word; another one is started at once.

Must happen: the intent was on the disk before RUN left, so the next controller knows the most
that can have moved. The box stops the pump without a controller. The new one starts in
recovery: ledger high = what the pump was told, no RUN, no permit, nothing armed until a
person has looked and said so; the way on leads out, and the day's volume stays.

Judge: what really went in lies between low and high; the line carries no second RUN.
"""

import pytest

from state_machine.entries import MotionIntent
from tests.world.between import Between
from tests.world.scene import HEARTBEAT, RADIOLOGIST, S, Scene, injecting, nothing_moves


def killed_at_run() -> tuple[Scene, int]:
    """Run until the first RUN of an injection has left; returns what its intent says."""
    scene = Scene().until_phase("armed")
    between = Between(scene)
    scene.until(lambda _: "RUN" in between.asked, 10)
    assert scene.readings.pump.prompt.value == "S"  # the answer was not heard
    (intent,) = [e for e in scene.entries(MotionIntent) if e.purpose == "inject"]
    durable = scene.world.journal.durable_seq()
    assert intent.seq <= durable
    scene.world.freeze(3 * S)
    return scene, intent.until_nl


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-RECORD", "HZ-UNCOMMANDED-MOTION")
def test_killed_with_run_on_the_wire():
    scene, until_nl = killed_at_run()
    assert not scene.moving
    assert scene.truth["trip_cause"] == HEARTBEAT
    moved_nl = scene.truth["entered_nl"]
    assert 0 < moved_nl < 2_000  # watchdog, at the rate of the ramp's beginning
    second = scene.restarted().hands_off()
    between = Between(second)
    with nothing_moves(second):
        second.run(3)
        assert second.phase == "recovery"
        assert moved_nl <= second.high_nl
        assert second.high_nl >= until_nl
        assert second.do("arm") == ("'arm' is not possible in 'recovery'",)
        second.hand("hold", False).run(0.3).hand("hold", True).run(1)
    assert "RUN" not in between.asked
    assert not second.truth["pump_powered"], "nothing is closed again without a person"


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
    third = second.restarted()
    # another syringe and line for the next procedure: empty, as its first drop will show
    third.hand("unfilled_nl", third.state.profile.line_dead_space_nl)
    third.until_phase("settle", 200)
    assert third.high_nl > before_nl + 55_000
    assert third.high_nl >= third.truth["entered_nl"]
