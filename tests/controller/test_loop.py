"""One pass: its order, its lateness, its unsent rests, and what it does not do."""

import pytest

from controller import loop
from controller.loop import make_safe, run_pass
from state_machine.entries import PhaseChanged
from state_machine.readings import JournalReading, Motion, Prompt
from state_machine.requests import Do, Event, Role
from state_machine.targets import (
    Activity,
    Compression,
    ExposureStage,
    PumpAction,
    PumpTarget,
    RoomTarget,
    Targets,
)
from state_machine.units import NS_PER_MS
from tests.controller.loop_parts import NAMES, NOW_NS, FakeStep, Parts
from tests.core import fixtures

ASKED = Do(by="T. Weber", role=Role.TECHNOLOGIST, number=7, event=Event.STOP)
LATE_NS = fixtures.profile().limits.late_pass_ns


@pytest.fixture
def step(monkeypatch):
    fake = FakeStep()
    monkeypatch.setattr(loop, "step", fake)
    return fake


@pytest.fixture
def parts(step):
    return Parts()


def say(parts, **words):
    for name, data in words.items():
        parts.drivers[name].to_say.append(data)


# --- order ----------------------------------------------------------------------------------


def test_what_stops_contrast_leaves_first_and_the_sensor_last(parts):
    say(parts, **dict.fromkeys(NAMES, b"x"))
    run_pass(parts.room, NOW_NS)
    assert parts.log == ["write pump", "write room", "write mammograph", "write line"]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_bytes_are_handed_over_at_once_when_all_are_written_and_only_then(parts):
    parts.room.clock.hand_over = lambda: parts.log.append("hand over")
    run_pass(parts.room, NOW_NS)
    assert parts.log == []
    say(parts, pump=b"STP\r", room=b"permit")
    for name in ("pump", "room"):
        parts.ports[name].arrived = b"answer"  # something new was heard: drivers are asked
    run_pass(parts.room, NOW_NS + NS_PER_MS)
    assert parts.log == ["write pump", "write room", "hand over"]


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-RECORD")
def test_targets_leave_before_the_record_takes_the_entries_and_it_takes_them_all_the_same(
    parts, step
):
    step.entries = (PhaseChanged(1, NOW_NS, source="injecting", event="stop", phase="stopped"),)
    say(parts, pump=b"STP\r")
    run_pass(parts.room, NOW_NS)
    assert parts.log == ["write pump", "record"]
    parts.log.clear()
    step.targets = Targets(activity=Activity.ACTIVE)  # something new to tell
    parts.room.step_at_ns = 0
    parts.drivers["pump"].give = None  # a driver that fails
    with pytest.raises(TypeError):
        run_pass(parts.room, NOW_NS + NS_PER_MS)
    assert parts.log == ["record"]


def test_bytes_reach_the_driver_before_the_step_and_its_targets_leave_in_the_same_pass(parts, step):
    run_pass(parts.room, NOW_NS)
    parts.ports["pump"].arrived = b"answer"
    parts.drivers["pump"].known = fixtures.readings(pump={"infused_nl": 500}).pump
    step.targets = Targets(activity=Activity.ACTIVE, pump=PumpTarget(motion_id=9))
    say(parts, pump=b"STP\r")
    run_pass(parts.room, NOW_NS + NS_PER_MS)
    assert parts.drivers["pump"].heard == [b"answer"]
    assert step.calls[-1][0].pump.infused_nl == 500
    assert parts.drivers["pump"].given[-1] == (PumpTarget(motion_id=9), Activity.ACTIVE)
    assert parts.ports["pump"].written == [b"STP\r"]


def test_the_day_of_a_request_is_the_clocks(parts):
    run_pass(parts.room, NOW_NS)
    assert parts.api.days == [20_000]


# --- unsent rest ----------------------------------------------------------------------------


def test_an_unsent_rest_is_finished_before_anything_new(parts):
    port, driver = parts.ports["pump"], parts.drivers["pump"]
    port.takes = 1
    say(parts, pump=b"STOP")
    driver.to_say.append(b"NEXT")
    for number in range(3):
        run_pass(parts.room, NOW_NS + number * NS_PER_MS)
    assert b"".join(port.written) == b"STO"
    assert len(driver.given) == 1, "no new frame into the middle of the old one"
    port.takes = 100
    driver.next_ns = NOW_NS
    run_pass(parts.room, NOW_NS + 3 * NS_PER_MS)
    assert b"".join(port.written) == b"STOPNEXT"


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_target_that_changed_meanwhile_is_told_in_the_pass_that_finishes_the_rest(parts, step):
    port, driver = parts.ports["pump"], parts.drivers["pump"]
    port.takes = 1
    say(parts, pump=b"RAT")
    run_pass(parts.room, NOW_NS)
    step.targets = Targets(pump=PumpTarget(motion_id=9))
    parts.api.waiting = (ASKED,)
    run_pass(parts.room, NOW_NS + NS_PER_MS)
    port.takes = 100
    say(parts, pump=b"STP")
    run_pass(parts.room, NOW_NS + 2 * NS_PER_MS)
    assert driver.given[-1][0].motion_id == 9
    assert b"".join(port.written) == b"RATSTP"


def test_a_port_that_takes_nothing_neither_spins_the_loop_nor_makes_it_late(parts, step):
    parts.ports["pump"].takes = 0
    parts.drivers["pump"].next_ns = NOW_NS  # its answer is long overdue
    say(parts, pump=b"STP\r")
    now_ns = NOW_NS
    for _ in range(10):
        wake_ns = run_pass(parts.room, now_ns)
        assert now_ns < wake_ns <= now_ns + 20 * NS_PER_MS
        now_ns = wake_ns
    assert all(readings.host.late_ns == 0 for readings, _, _ in step.calls)


def test_the_rest_of_a_lost_connection_never_reaches_the_next_one(parts):
    port = parts.ports["pump"]
    port.takes = 2
    say(parts, pump=b"STOP")
    run_pass(parts.room, NOW_NS)
    port.newly_open, port.takes = True, 100
    run_pass(parts.room, NOW_NS + NS_PER_MS)
    assert port.written == [b"ST"]


# --- lateness -------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_late_pass_throws_device_bytes_away_and_keeps_requests(parts, step):
    planned_ns = run_pass(parts.room, NOW_NS)
    parts.ports["room"].arrived = b"pedal down, long ago"
    parts.api.waiting = (ASKED,)
    run_pass(parts.room, planned_ns + LATE_NS + 1)
    assert parts.drivers["room"].heard == []
    readings, requests, _ = step.calls[-1]
    assert requests == (ASKED,)
    assert readings.host.late_ns == LATE_NS + 1


def test_a_pass_at_the_limit_is_not_late_and_the_one_after_a_late_one_is_punctual(parts, step):
    planned_ns = run_pass(parts.room, NOW_NS)
    parts.ports["room"].arrived = b"fresh"
    planned_ns = run_pass(parts.room, planned_ns + LATE_NS)
    assert parts.drivers["room"].heard == [b"fresh"]
    planned_ns = run_pass(parts.room, planned_ns + 10 * LATE_NS)
    run_pass(parts.room, planned_ns)
    assert [readings.host.late_ns for readings, _, _ in step.calls[1:]] == [10 * LATE_NS, 0]


# --- no step without news -------------------------------------------------------------------


def test_a_wake_up_without_news_calls_no_step(parts, step):
    run_pass(parts.room, NOW_NS)
    parts.ports["line"].arrived = b"half a frame"
    parts.drivers["line"].known = fixtures.readings().line  # another object, the same numbers
    for number in range(1, 4):
        run_pass(parts.room, NOW_NS + number * NS_PER_MS)
    assert len(step.calls) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_reading_of_any_device_calls_the_step(parts, step, name):
    run_pass(parts.room, NOW_NS)
    changed = fixtures.readings(NOW_NS, **{name: {"bad_frame_count": 3}})
    parts.drivers[name].known = getattr(changed, name)
    run_pass(parts.room, NOW_NS + NS_PER_MS)
    assert len(step.calls) == 2
    assert getattr(step.calls[-1][0], name).bad_frame_count == 3


def test_its_own_instant_calls_the_step(parts, step):
    step.wake_ns = NOW_NS + 5 * NS_PER_MS
    run_pass(parts.room, NOW_NS)
    run_pass(parts.room, NOW_NS + 5 * NS_PER_MS - 1)
    assert len(step.calls) == 1
    run_pass(parts.room, NOW_NS + 5 * NS_PER_MS)
    assert len(step.calls) == 2


# --- links ----------------------------------------------------------------------------------


def test_a_lost_port_is_told_once_per_reason_and_given_nothing(parts):
    run_pass(parts.room, NOW_NS)
    parts.drivers["pump"].next_ns = NOW_NS
    say(parts, pump=b"never said")
    parts.ports["pump"].lost = "adapter pulled"
    given_count = len(parts.drivers["pump"].given)
    for number in range(1, 4):
        run_pass(parts.room, NOW_NS + number * NS_PER_MS)
    parts.ports["pump"].lost = "no permission"
    run_pass(parts.room, NOW_NS + 4 * NS_PER_MS)
    driver = parts.drivers["pump"]
    assert driver.events == ["connected", "lost: adapter pulled", "lost: no permission"]
    assert len(driver.given) == given_count


def test_a_port_opened_again_is_connected_again_and_its_loss_told_again(parts):
    run_pass(parts.room, NOW_NS)
    port = parts.ports["pump"]
    for number in (1, 2):
        port.lost = "adapter pulled"
        run_pass(parts.room, NOW_NS + 2 * number * NS_PER_MS)
        port.lost, port.newly_open = "", True
        run_pass(parts.room, NOW_NS + (2 * number + 1) * NS_PER_MS)
    lost = "lost: adapter pulled"
    assert parts.drivers["pump"].events == ["connected", lost, "connected", lost, "connected"]


def test_a_port_lost_while_writing_is_lost(parts):
    port, driver = parts.ports["pump"], parts.drivers["pump"]
    say(parts, pump=b"STP\r")
    port.lost_after_read = "hung up"
    run_pass(parts.room, NOW_NS)
    assert driver.events == ["connected", "lost: hung up"]


# --- the next pass --------------------------------------------------------------------------


@pytest.mark.parametrize("who", [*NAMES, "step", "api"])
def test_the_next_pass_is_the_earliest_that_anybody_wants(parts, step, who):
    due_ns = NOW_NS + 3 * NS_PER_MS
    if who == "step":
        step.wake_ns = due_ns
    elif who == "api":
        parts.api.due_ns = due_ns
    else:
        parts.drivers[who].next_ns = due_ns
    assert run_pass(parts.room, NOW_NS) == due_ns == parts.room.planned_ns


@pytest.mark.parametrize(
    ("activity", "longest_ms"),
    [(Activity.IDLE, 250), (Activity.ACTIVE, 20), (Activity.EXPOSING, 20)],
)
def test_nobody_wants_anything_and_still_a_pass_comes(parts, step, activity, longest_ms):
    step.targets = Targets(activity=activity)
    assert run_pass(parts.room, NOW_NS) == NOW_NS + longest_ms * NS_PER_MS


# --- safe -----------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-EXPOSURE")
def test_make_safe_tells_every_device_the_safe_target_at_once(parts, step):
    step.targets = Targets(
        pump=PumpTarget(action=PumpAction.INFUSE, run=True),
        room=RoomTarget(pump_permit=True, xray_enable=True),
    )
    run_pass(parts.room, NOW_NS)
    step_count = len(step.calls)
    make_safe(parts.room, NOW_NS + NS_PER_MS)
    told = {name: parts.drivers[name].given[-1][0] for name in NAMES}
    assert told["pump"].action is PumpAction.STOPPED
    assert not told["pump"].run
    assert (told["room"].pump_permit, told["room"].xray_enable) == (False, False)
    assert told["mammograph"].exposure is ExposureStage.OFF
    assert told["mammograph"].compression is Compression.HOLD
    assert len(step.calls) == step_count, "leaving safe decides nothing"


# --- durability (with the real step) ----------------------------------------------------------


def prepared():
    """An injection whose first motion is prepared in the pump, the switch held down."""
    start_nl_min = 40_000
    scene = fixtures.injecting().but(
        plan={"asked_ns": 0, "running_ns": 0, "rate_nl_min": start_nl_min},
        account={"seen_nl": 0, "low_nl": 0, "high_nl": 0},
        pump={
            "prompt": Prompt.STOPPED,
            "motion": Motion.PREPARED,
            "rate_nl_min": start_nl_min,
            "infused_nl": 0,
        },
        line={"pressure_pa": 0},
        want={"run": False, "rate_nl_min": start_nl_min},
    )
    known = fixtures.replace(scene.readings, journal=JournalReading())
    made = Parts(
        fixtures.replace(scene.state, readings=known, targets=scene.wanted), scene.readings
    )
    made.room.readings = known
    return made


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_start_waits_until_its_intent_is_on_the_disk():
    parts = prepared()
    intent_seq = parts.room.state.plan.intent_seq
    parts.journal.durable = intent_seq - 1
    run_pass(parts.room, NOW_NS)
    assert not parts.room.targets.pump.run
    assert parts.room.state.plan is not None
    parts.journal.durable = intent_seq
    run_pass(parts.room, NOW_NS + NS_PER_MS)
    assert parts.room.targets.pump.run
    assert parts.drivers["pump"].given[-1][0].run


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_stop_waits_for_no_disk():
    parts = prepared()
    parts.journal.durable = parts.room.state.plan.intent_seq
    run_pass(parts.room, NOW_NS)
    assert parts.room.targets.pump.run
    parts.journal.durable = 0
    parts.drivers["room"].known = fixtures.readings(NOW_NS + NS_PER_MS).room  # let go
    run_pass(parts.room, NOW_NS + 2 * NS_PER_MS)
    assert parts.drivers["pump"].given[-1][0].action is PumpAction.STOPPED


def test_the_disk_is_asked_only_while_a_motion_waits_for_it(parts, step):
    run_pass(parts.room, NOW_NS)
    assert parts.journal.asked_count == 0
    waiting = prepared()
    run_pass(waiting.room, NOW_NS)
    assert waiting.journal.asked_count == 1
