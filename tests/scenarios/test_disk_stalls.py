"""Disk stalls 5 s mid injection.

The disk takes nothing for five seconds (a failing drive, a full queue below), then goes on.

Must happen: the loop does not notice: hold, stop and pressure work in every pass. The motion
under way, whose intent is on the disk, may go on to its checkpoint and no further; no motion
starts whose intent is not durable, and each stop is a stop. Nothing of the record is lost. A
disk that never comes back ends the flow at the next checkpoint at the latest; one that
refuses is an alarm, and arming is refused.

Judge: the plunger, the checkpoint, and the chain of the record.
"""

import pytest

from controller.record import chain
from tests.world.scene import PLUNGER_STOP_MOST_MS, Scene, injecting, nothing_moves


def whole(scene: Scene) -> None:
    """The record has each entry once, in order."""
    rows = scene.world.journal.rows
    assert chain.broken_link(rows) == ""
    entries = [entry.seq for row in rows for entry in chain.decode(row)]
    assert entries == list(range(1, len(entries) + 1))


@pytest.mark.hazard("HZ-RECORD", "HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_five_seconds_cost_nothing_and_a_stop_in_them_is_a_stop():
    scene = injecting()
    before_nl = scene.truth["entered_nl"]
    scene.world.journal.stalled = True
    scene.run(2)
    assert scene.moving
    assert scene.truth["entered_nl"] > before_nl + 2_500
    scene.hand("hold", False)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.run(0.6).hand("hold", True)
    with nothing_moves(scene):
        scene.run(2)  # the next motion's intent is not on the disk
    scene.world.journal.stalled = False
    scene.until(lambda _: scene.moving, 1)
    scene.hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100
    assert "record" not in scene.raised
    whole(scene)


@pytest.mark.hazard("HZ-RECORD")
def test_a_disk_that_does_not_come_back_ends_it_at_the_next_checkpoint():
    scene = injecting()
    scene.world.journal.stalled = True
    scene.hands_on().run(40)
    assert scene.truth["entered_nl"] < 50_100  # not past the next checkpoint
    assert not scene.moving
    scene.world.journal.stalled = False
    scene.until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100
    whole(scene)


@pytest.mark.hazard("HZ-RECORD")
def test_a_disk_that_refuses_is_an_alarm_and_no_arming():
    scene = injecting()
    scene.world.journal.broken = "no space left on the disk"
    scene.run(1)
    assert not scene.moving
    assert scene.raised["record"] == "medium"
    scene.hand("hold", False).hands_on()
    with nothing_moves(scene):
        scene.run(20)
    assert scene.phase == "arm"
