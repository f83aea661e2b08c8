"""A wall clock that is set in mid procedure: on record, shown, and decides nothing."""

import functools

import pytest

from controller.record.replay import replay
from controller.record.report_case import cases
from controller.record.report_events import told
from state_machine.entries import WallClock
from state_machine.readings import ClockSync
from tests.world.scene import MS, S, Scene

pytestmark = pytest.mark.hazard("HZ-RECORD", "HZ-STALE-DATA")


def test_a_step_is_an_event_of_the_record_and_is_shown():
    scene = Scene().until_phase("checklist")
    assert not scene.entries(WallClock)
    assert scene.procedure.last["clock"] == {"sync": "unknown", "step_count": 0, "step_ms": 0}
    scene.world.utc_shift_ns -= 3_600 * S
    scene.run(0.3)
    scene.world.clock_sync = ClockSync.SYNCHRONISED
    scene.run(0.3)
    stepped, synchronised = scene.entries(WallClock)
    assert (stepped.step_ms, stepped.step_count) == (-3_600_000, 1)
    assert stepped.sync is ClockSync.UNKNOWN
    assert (synchronised.step_ms, synchronised.sync) == (0, ClockSync.SYNCHRONISED)
    shown = scene.procedure.last["clock"]
    assert shown == {"sync": "synchronised", "step_count": 1, "step_ms": -3_600_000}
    assert told(stepped) == ("wall clock", "was set back by 3600 s; unknown", "", "warn")
    assert told(synchronised) == ("wall clock", "synchronised", "", "")


def test_it_decides_nothing_and_the_record_replays():
    """The same procedure with the clock set back and forth makes the same targets."""
    still, moved = (Scene().until_phase("arm") for _ in range(2))
    for step_s in (3_600, -86_400, 82_800):
        moved.world.at(moved.world.now_ns() + MS, functools.partial(_step, moved, step_s))
        for scene in (still, moved):
            scene.run(1)
    assert len(moved.entries(WallClock)) == 3
    assert (still.phase, still.state.targets.pump) == (moved.phase, moved.state.targets.pump)
    rows = tuple(moved.world.journal.rows)
    assert [session.difference for session in replay(rows)] == [None]
    (case,) = cases(rows)
    assert case.clock is not None
    assert case.clock.step_count == 3


def _step(scene, step_s):
    scene.world.utc_shift_ns += step_s * S
