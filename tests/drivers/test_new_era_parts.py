"""Parts of the driver by themselves, without a line: both sides of every number in them."""

import pytest

from drivers.driver import NEVER_NS
from drivers.exchange import Exchange
from drivers.new_era.codec import CommandError, Reply
from drivers.new_era.fields import Dispensed
from drivers.new_era.follow import Follower
from drivers.new_era.known import Known
from drivers.new_era.line import Alarmed, Answered, Ask, Line, Purpose, Shape, fits
from drivers.new_era.motion import (
    MotionRefused,
    Plan,
    clearing_rows,
    plan_motion,
    told_diameter_um,
    told_rate_nl_min,
)
from drivers.new_era.motor import Job, Motor
from drivers.new_era.script import Row, Script
from drivers.new_era.settings import identify
from drivers.new_era.stop import Stop
from state_machine.readings import Motion as MotionIs
from state_machine.readings import Prompt, PumpAlarm
from state_machine.targets import PumpAction, PumpTarget
from tests.drivers.conversation import packet

MS = 1_000_000
ASKED_NS = 1_000 * MS
STANDS, PAUSED = Reply(0, Prompt.STOPPED), Reply(0, Prompt.PAUSED)
COUNTERS = Dispensed(5_000, 700, 10)


# --- the stop ------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize(("answer_ms", "period_ms"), [(0, 40), (40, 40), (41, 41), (130, 130)])
def test_stop_is_told_in_slots_that_late_words_do_not_move(answer_ms, period_ms):
    stop = Stop(ASKED_NS, answer_ms * MS)
    assert stop.stp_due_ns() == ASKED_NS
    for late_ms in (0, 1, period_ms - 1):
        for slot in (0, 1, 2):
            stop.told(ASKED_NS + (slot * period_ms + late_ms) * MS)
            assert stop.stp_due_ns() == ASKED_NS + (slot + 1) * period_ms * MS
    assert stop.give_up_ns() == ASKED_NS + 4 * period_ms * MS


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_sign_of_standstill_gives_the_proof_two_seconds():
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(STANDS, False, ASKED_NS + MS)
    assert stop.answered
    assert stop.stp_due_ns() == NEVER_NS
    assert stop.give_up_ns() == ASKED_NS + 2_000 * MS


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize(
    "reply",
    [
        Reply(0, Prompt.INFUSING),
        Reply(0, Prompt.WITHDRAWING),
        Reply(0, Prompt.STOPPED, error=CommandError.PACKET),
    ],
)
def test_what_is_no_sign_of_standstill_changes_nothing(reply):
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(reply, False, ASKED_NS + MS)
    assert not stop.answered
    assert stop.stp_due_ns() == ASKED_NS
    assert stop.give_up_ns() == ASKED_NS + 160 * MS


def test_a_pause_is_a_sign_and_is_told_once_more_at_once():
    stop = Stop(ASKED_NS, 0)
    stop.told(ASKED_NS)
    stop.stp_answered(PAUSED, False, ASKED_NS + 7 * MS)
    assert not stop.answered
    assert stop.stp_due_ns() == ASKED_NS + 7 * MS
    assert stop.give_up_ns() == ASKED_NS + 2_000 * MS


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_an_answer_in_doubt_is_no_sign_and_is_told_again_behind_the_fence():
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(STANDS, True, ASKED_NS + MS)
    assert not stop.answered
    assert stop.stp_due_ns() == NEVER_NS
    assert stop.give_up_ns() == ASKED_NS + 160 * MS
    stop.fence_over(ASKED_NS + 9 * MS)
    assert stop.stp_due_ns() == ASKED_NS + 9 * MS
    stop.fence_over(ASKED_NS + 20 * MS)  # a fence brings it forward and never puts it off
    assert stop.stp_due_ns() == ASKED_NS + 9 * MS


def test_a_fence_after_the_answer_tells_nothing_again():
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(STANDS, False, ASKED_NS + MS)
    stop.fence_over(ASKED_NS + 9 * MS)
    assert stop.stp_due_ns() == NEVER_NS


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize(("gap_ms", "proven"), [(99, False), (100, True), (101, True), (150, True)])
def test_standstill_is_two_equal_readings_100_ms_apart(gap_ms, proven):
    stop = Stop(ASKED_NS, 0)
    stop.counted(COUNTERS, ASKED_NS, ASKED_NS)  # before the answer it counts for nothing
    assert stop.proof_due_ns() == NEVER_NS
    heard_ns = ASKED_NS + 20 * MS
    stop.stp_answered(STANDS, False, heard_ns)
    assert stop.proof_due_ns() <= heard_ns
    stop.counted(COUNTERS, heard_ns, heard_ns)
    assert stop.proof_due_ns() == heard_ns + 100 * MS
    stop.counted(COUNTERS, heard_ns + gap_ms * MS, heard_ns + 160 * MS)
    assert stop.proven is proven


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_counters_that_move_after_the_answer_end_it_at_once():
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(STANDS, False, ASKED_NS)
    stop.counted(COUNTERS, ASKED_NS, ASKED_NS)
    stop.counted(Dispensed(5_011, 700, 10), ASKED_NS + 200 * MS, ASKED_NS + 200 * MS)
    assert not stop.proven
    assert stop.give_up_ns() <= ASKED_NS


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize(
    ("prompt", "give_up_ms"),
    [(Prompt.INFUSING, 160), (Prompt.WITHDRAWING, 160), (Prompt.PAUSED, 2_000)],
)
def test_another_prompt_begins_the_stop_again(prompt, give_up_ms):
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(STANDS, False, ASKED_NS)
    stop.counted(COUNTERS, ASKED_NS, ASKED_NS)
    stop.seen(Prompt.STOPPED, ASKED_NS + MS)
    assert stop.answered
    stop.seen(prompt, ASKED_NS + 2 * MS)
    assert not stop.answered
    assert stop.stp_due_ns() == ASKED_NS + 2 * MS
    assert stop.give_up_ns() == ASKED_NS + give_up_ms * MS
    stop.stp_answered(STANDS, False, ASKED_NS + 3 * MS)
    stop.counted(COUNTERS, ASKED_NS + 200 * MS, ASKED_NS + 200 * MS)
    assert not stop.proven  # the reading of before does not count any more


def test_an_alarm_is_a_sign_and_stop_is_told_again():
    stop = Stop(ASKED_NS, 0)
    stop.stp_answered(STANDS, True, ASKED_NS)
    stop.alarmed(ASKED_NS + 5 * MS)
    assert stop.stp_due_ns() == ASKED_NS + 5 * MS
    assert stop.give_up_ns() == ASKED_NS + 2_000 * MS


# --- the motor -----------------------------------------------------------------------------


def standing() -> Motor:
    """Settings proven, standstill proven at COUNTERS."""
    motor = Motor(0)
    motor.probe(ASKED_NS)
    motor.settled = True
    prove(motor)
    return motor


def job(**options: bool) -> Job:
    return Job(Script(()), lambda _script, _now_ns: None, lambda _why, _now_ns: None, **options)


def test_what_was_told_before_counts_no_more_when_the_pump_is_in_alarm():
    known = Known(rate_nl_min=100_000, diameter_um=4_699, settings_ok=True)
    known.alarmed(PumpAlarm.STALL)
    assert (known.alarm, known.prompt) == (PumpAlarm.STALL, Prompt.ALARM)
    assert (known.rate_nl_min, known.diameter_um, known.settings_ok) == (0, 0, False)
    assert known.power_up_count == 0


def test_a_reset_counts_once_until_something_else_was_said():
    known = Known()
    for _ in range(2):
        known.alarmed(PumpAlarm.RESET)
    assert known.power_up_count == 1
    known.reset_seen = False
    known.alarmed(PumpAlarm.RESET)
    assert known.power_up_count == 2


def test_a_motor_nobody_talked_to_does_not_stand():
    assert not Motor(0).stands


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_motor_stands_when_settings_and_standstill_are_proven():
    motor = standing()
    assert motor.stands
    assert motor.known.motion is MotionIs.STOPPED
    assert not motor.known.may_move


def prove(motor: Motor) -> None:
    assert motor.stop is not None
    motor.stop.stp_answered(STANDS, False, ASKED_NS)
    for at_ns in (ASKED_NS, ASKED_NS + 100 * MS):
        motor.counted(COUNTERS, Prompt.STOPPED, at_ns, at_ns)


@pytest.mark.parametrize(
    ("reason", "ended"), [("", MotionIs.STOPPED), ("it stalled", MotionIs.FAILED)]
)
def test_a_motion_that_is_stopped_ends_as_it_was_stopped(reason, ended):
    motor = standing()
    motor.plan = plan()
    motor.known.motion, motor.known.rate_nl_min = MotionIs.RUNNING, 100_000
    motor.begin_stop(reason, ASKED_NS)
    assert motor.known.motion is MotionIs.STOPPING
    assert motor.known.rate_nl_min == 0
    prove(motor)
    assert motor.known.motion is ended
    assert motor.known.motion_refusal == reason
    assert motor.spent == ({1} if reason else set())
    motor.begin_stop("", ASKED_NS)  # a later stop is not the motion's
    prove(motor)
    assert motor.known.motion is MotionIs.STOPPED


def test_a_motion_that_never_ran_has_failed_until_the_next_standstill():
    motor = standing()
    motor.plan = plan()
    motor.known.motion = MotionIs.PREPARED
    shown = []
    motor.fail("changed")
    shown.append(motor.known.motion)
    motor.begin_stop("", ASKED_NS)
    prove(motor)
    shown.append(motor.known.motion)
    assert shown == [MotionIs.FAILED, MotionIs.STOPPED]


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("working", [False, True])
def test_a_counter_that_moves_while_the_pump_is_told_things_is_motion(working):
    motor = standing()
    motor.job = job() if working else None
    motor.counted(Dispensed(5_010, 700, 10), Prompt.STOPPED, ASKED_NS, ASKED_NS + 200 * MS)
    motor.end_job()
    assert motor.stands
    motor.counted(Dispensed(5_011, 700, 10), Prompt.STOPPED, ASKED_NS, ASKED_NS + 200 * MS)
    assert motor.stop is not None
    assert motor.known.may_move


def test_counters_may_jump_while_they_are_cleared_and_once_after():
    motor = standing()
    motor.job = job(moves_counters=True)
    motor.counted(Dispensed(0, 0, 1), Prompt.STOPPED, ASKED_NS, ASKED_NS + 200 * MS)
    motor.end_job()
    motor.counted(Dispensed(90, 0, 1), Prompt.STOPPED, ASKED_NS, ASKED_NS + 300 * MS)
    assert motor.stands
    motor.counted(Dispensed(92, 0, 1), Prompt.STOPPED, ASKED_NS, ASKED_NS + 400 * MS)
    assert not motor.stands


# --- the line ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "longest"),
    [(Shape.STATUS, 12), (Shape.DISPENSED, 22), (Shape.VERSION, 22), (Shape.VALUE, 16)],
)
def test_an_answer_has_the_time_its_bytes_take_and_24_ms(shape, longest):
    exchange = Exchange(19_200)
    said = Line(0, exchange).ask(Ask(Purpose.POLL, "DIS", shape), ASKED_NS)
    byte_ns = 10 * 1_000 * MS // 19_200
    assert exchange.deadline_ns() - ASKED_NS == (len(said) + longest) * byte_ns + 24 * MS


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ("", Shape.STATUS),
        ("I0.000W0.000UL", Shape.DISPENSED),
        ("NE1000V3.923", Shape.VERSION),
        ("50.00UL", Shape.VALUE),
    ],
)
def test_an_answer_fits_one_shape_and_an_error_all_but_the_fence(data, shape):
    for other in Shape:
        assert fits(other, Reply(0, Prompt.STOPPED, data=data)) is (other is shape)
        error = Reply(0, Prompt.STOPPED, error=CommandError.PACKET)
        assert fits(other, error) is (other is not Shape.VERSION)


def asked(address: int = 5) -> Line:
    """A line with a question under way."""
    made = Line(address, Exchange(19_200))
    made.ask(Ask(Purpose.STOP, "STP", Shape.STATUS), ASKED_NS)
    return made


@pytest.mark.parametrize("answer", [packet("05S"), b"\x0205S\x03"])
@pytest.mark.parametrize("cut", [0, 1, 4])
def test_an_answer_in_two_pieces_is_an_answer(answer, cut):
    made = asked()
    events = made.receive(answer[:cut], ASKED_NS + MS) + made.receive(
        answer[cut:], ASKED_NS + 2 * MS
    )
    assert [type(event) for event in events] == [Answered]
    assert not made.busy


def test_half_a_packet_is_void_after_half_a_second():
    made = asked()
    assert made.receive(b"\x02\x28", ASKED_NS + MS) == []
    events = made.receive(packet("05S"), ASKED_NS + 501 * MS)
    assert [type(event) for event in events] == [Answered]


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize("address", [4, 6])
def test_an_answer_of_another_pump_is_none(address):
    made = asked()
    assert made.receive(packet(f"0{address}S"), ASKED_NS + MS) == []
    assert made.busy
    assert made.bad_frame_count == 1


def test_an_alarm_ends_the_question_and_leaves_doubt():
    made = asked()
    events = made.receive(packet("05A?S"), ASKED_NS + MS)
    assert [type(event) for event in events] == [Alarmed]
    assert not made.busy
    assert made.exchange.in_doubt


# --- settings, row by row ------------------------------------------------------------------


def question(script: Script) -> str:
    """What is asked now; empty when done or failed."""
    ask = script.next()
    return ask.command if ask else ""


def play(script: Script, *answers: str | None) -> str:
    """Answer what is asked: a value, an error, or None for no answer; gives what follows."""
    for answer in answers:
        ask = script.next()
        assert ask is not None
        if answer is None:
            script.missed(ask)
        else:
            error = CommandError(answer) if answer.startswith("?") else CommandError.NONE
            data = "" if error is not CommandError.NONE else answer
            script.answered(ask, Reply(0, Prompt.STOPPED, error=error, data=data))
    return question(script)


LOCK = Row("LOC1", "LOC", "1")


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    ("answers", "then", "words"),
    [
        ([], "LOC1", ""),
        ([""], "LOC", ""),
        (["", "1"], "", ""),
        (["", "0"], "LOC1", ""),
        (["", "0", ""], "LOC", ""),
        (["", "0", "", "0"], "", "'LOC' reads 0 in the pump, must be 1"),
        ([None], "LOC", ""),
        ([None, "1"], "", ""),
        ([None, "0"], "LOC1", ""),
        ([None, "0", "", "0"], "", "reads 0"),
        (["", None], "LOC", ""),
        (["", None, "0"], "LOC1", ""),
        (["?COM"], "LOC", ""),
        (["?COM", "?COM"], "LOC", ""),
        (["?COM", "?IGN", "?COM"], "", "the pump does not take 'LOC1'"),
        (["?OOR"], "", "rejected 'LOC1' (?OOR: out of range)"),
    ],
)
def test_a_row_is_set_at_most_twice_and_done_only_when_told(answers, then, words):
    script = Script((LOCK,))
    assert play(script, *answers) == then
    assert words in script.failure
    assert bool(script.failure) is bool(words)
    assert script.done is (not then and not words)


def test_each_row_has_its_own_tries():
    script = Script((LOCK, Row("PF0", "PF", "0"), Row("STP", "")))
    assert play(script, "", "0", "", "1") == "PF0"
    assert play(script, "?COM", "1", "?COM", "1", "", "0") == "STP"
    assert play(script, "") == ""
    assert script.done


def test_an_answer_to_another_question_is_passed_over():
    script = Script((LOCK,))
    other = Ask(Purpose.POLL, "DIS", Shape.DISPENSED)
    script.answered(other, STANDS)
    script.missed(other)
    assert question(script) == "LOC1"


# --- one motion ----------------------------------------------------------------------------


WANTED = PumpTarget(
    action=PumpAction.INFUSE,
    motion_id=1,
    base_nl=20_000,
    until_nl=50_000,
    start_rate_nl_min=40_000,
    rate_nl_min=100_000,
    diameter_um=4_699,
)
AT_BASE = Dispensed(20_000, 700, 10)


def changed(**fields: object) -> PumpTarget:
    values = {name: getattr(WANTED, name) for name in WANTED.__struct_fields__}
    return PumpTarget(**(values | fields))


def plan(**fields: object) -> Plan:
    return plan_motion(changed(**fields), AT_BASE)


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        ({"motion_id": 1}, {"motion_id": 0}, "motion id 0; ids begin at 1"),
        ({"motion_id": 1}, {"motion_id": -1}, "motion id -1"),
        ({"diameter_um": 100}, {"diameter_um": 99}, "99 um; allowed is 100 to 50000 um"),
        ({"diameter_um": 50_000}, {"diameter_um": 50_001}, "50001 um; allowed is 100 to 50000"),
        ({"until_nl": 21_000}, {"until_nl": 20_999}, "999 nL are left .* 1000 nL or more"),
        ({"until_nl": 9_999_000}, {"until_nl": 9_999_001}, "counts to 9999000 nL"),
        ({"start_rate_nl_min": 1}, {"start_rate_nl_min": 0}, "start rate 0 nL/min"),
    ],
)
def test_a_motion_is_said_up_to_its_limits_and_refused_beyond(good, bad, words):
    assert plan(**good).target == changed(**good)
    with pytest.raises(MotionRefused, match=words):
        plan(**bad)


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("counter_nl", "volume"), [(19_990, "30.00"), (20_000, "30.00"), (20_010, "29.99")]
)
def test_volume_is_what_is_left_from_the_counter_and_never_more_than_was_meant(counter_nl, volume):
    assert plan_motion(WANTED, Dispensed(counter_nl, 0, 10)).volume == volume


@pytest.mark.parametrize(
    ("start", "top", "unit", "rate"),
    [
        (40_000, 100_000, "UM", "40.00"),
        (40_000, 9_999_999, "UM", "40.00"),
        (40_000, 10_000_000, "MM", "0.040"),
        (9_999_999, 40_000, "UM", "9999"),
        (10_000_000, 40_000, "MM", "10.00"),
    ],
)
def test_the_rate_unit_holds_the_fastest_rate_of_the_motion(start, top, unit, rate):
    made = plan(start_rate_nl_min=start, rate_nl_min=top)
    assert (made.rate_unit, made.rate) == (unit, rate)


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("field", "value", "same"),
    [
        ("run", True, True),
        ("rate_nl_min", 1, True),
        ("start_rate_nl_min", 1, True),
        ("motion_id", 0, False),
        ("motion_id", 2, False),
        ("action", PumpAction.WITHDRAW, False),
        ("base_nl", 19_999, False),
        ("base_nl", 20_001, False),
        ("until_nl", 49_999, False),
        ("until_nl", 50_001, False),
        ("diameter_um", 4_698, False),
        ("diameter_um", 4_700, False),
    ],
)
def test_what_makes_it_another_motion(field, value, same):
    assert plan().same_motion(changed(**{field: value})) is same


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize(
    ("counter_nl", "words"),
    [
        (19_989, "reads 19989 nL where 20000 nL is expected"),
        (19_990, ""),
        (20_000, ""),
        (20_010, ""),
        (20_011, "reads 20011 nL where 20000 nL is expected"),
    ],
)
def test_a_motion_begins_within_one_digit_of_its_base(counter_nl, words):
    fault = plan().base_fault(Dispensed(counter_nl, 0, 10))
    assert words in fault
    assert bool(fault) is bool(words)


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("counter_nl", "words"),
    [
        (0, "fell to 0 nL"),
        (19_989, "fell to 19989 nL"),
        (19_990, ""),
        (50_010, ""),
        (50_011, "passed the motion's end: 50011 nL"),
        (90_000, "passed the motion's end"),
    ],
)
def test_a_running_counter_stays_within_the_motion(counter_nl, words):
    fault = plan().course_fault(Dispensed(counter_nl, 0, 10))
    assert words in fault
    assert bool(fault) is bool(words)


def test_each_direction_has_its_own_counter():
    withdraw = plan_motion(
        changed(action=PumpAction.WITHDRAW, base_nl=700, until_nl=5_700), AT_BASE
    )
    assert withdraw.volume == "5.000"
    assert withdraw.counter_nl(AT_BASE) == 700
    assert plan().counter_nl(AT_BASE) == 20_000


@pytest.mark.parametrize(
    ("told", "rate"),
    [("100.0UM", 100_000), ("1.5MM", 1_500_000), ("100.0UH", 0), ("100.0", 0), ("UM", 0)],
)
def test_rate_as_told(told, rate):
    assert told_rate_nl_min(told) == rate


@pytest.mark.parametrize(("told", "diameter"), [("4.699", 4_699), ("50.00", 50_000), ("x", 0)])
def test_diameter_as_told(told, diameter):
    assert told_diameter_um(told) == diameter


@pytest.mark.parametrize(
    ("counters", "commands"),
    [
        (Dispensed(0, 0, 1), []),
        (Dispensed(1, 0, 1), ["CLDINF"]),
        (Dispensed(0, 1, 1), ["CLDWDR"]),
        (Dispensed(1, 1, 1), ["CLDINF", "CLDWDR"]),
    ],
)
def test_only_counters_that_show_something_are_cleared(counters, commands):
    assert [row.set for row in clearing_rows(counters)] == commands


# --- toward a target -----------------------------------------------------------------------


def followed(motor: Motor, target: PumpTarget, follower: Follower | None = None) -> Follower:
    """One pass toward a target."""
    follower = follower or Follower(motor)
    follower.follow(target, ASKED_NS)
    return follower


def refuse(motor: Motor) -> None:
    """The pump takes no row of the job."""
    assert motor.job is not None
    motor.job.failed("it does not", ASKED_NS)
    assert motor.job is None


def test_counters_the_pump_does_not_clear_are_cleared_again_only_when_asked_anew():
    motor = standing()
    clear = PumpTarget(clear_counters=True)
    follower = followed(motor, clear)
    assert motor.job is not None
    assert question(motor.job.script) == "CLDINF"
    assert motor.job.moves_counters
    refuse(motor)
    followed(motor, clear, follower)
    assert motor.job is None
    assert motor.known.motion_refusal == "it does not"
    followed(motor, PumpTarget(), follower)
    followed(motor, clear, follower)
    assert motor.job is not None


@pytest.mark.hazard("HZ-SYRINGE")
def test_a_diameter_the_pump_does_not_take_is_told_again_only_after_another():
    motor = standing()
    follower = followed(motor, PumpTarget(diameter_um=8_585))
    assert motor.job is not None
    assert question(motor.job.script) == "DIA8.585"
    assert motor.job.moves_counters
    refuse(motor)
    followed(motor, PumpTarget(diameter_um=8_585), follower)
    assert motor.job is None
    for other_um in (8_000, 9_000):
        followed(motor, PumpTarget(diameter_um=other_um), follower)
        assert motor.job is not None
        motor.job = None


@pytest.mark.parametrize("diameter_um", [0, 99, 50_001])
def test_what_is_no_diameter_is_not_told(diameter_um):
    motor = standing()
    followed(motor, PumpTarget(diameter_um=diameter_um))
    assert motor.job is None


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    "other",
    [
        PumpTarget(),
        changed(action=PumpAction.STOPPED),
        changed(motion_id=2),
        changed(motion_id=0),
    ],
)
def test_a_motion_that_is_wanted_no_more_is_given_up_before_it_runs(other):
    motor = standing()
    motor.plan, motor.known.motion = plan(), MotionIs.PREPARED
    followed(motor, other)
    assert motor.plan is None
    assert motor.known.motion is MotionIs.STOPPED
    assert motor.stands


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_motion_is_prepared_only_when_every_row_was_told():
    motor = standing()
    motor.plan, motor.known.motion = plan(), MotionIs.PREPARING
    motor.known.counters = AT_BASE
    follower = Follower(motor)
    follower.checked()
    assert motor.known.motion is MotionIs.PREPARING
    assert not follower.wants_check()


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_from_run_on_the_pump_may_move_and_its_id_is_spent():
    motor = standing()
    motor.plan, motor.known.motion = plan(), MotionIs.PREPARED
    follower = Follower(motor)
    assert follower.next_ask(WANTED) is None
    assert not motor.known.may_move
    ask = follower.next_ask(changed(run=True))
    assert ask is not None
    assert ask.command == "RUN"
    assert motor.known.may_move
    assert motor.spent == {1}


def test_while_a_motion_is_prepared_the_pump_has_no_rate():
    motor = standing()
    motor.known.diameter_um, motor.known.rate_nl_min = 4_699, 90_000
    followed(motor, WANTED)
    assert motor.known.motion is MotionIs.PREPARING
    assert motor.known.rate_nl_min == 0


@pytest.mark.parametrize(
    ("motion_id", "ended"),
    [(4, MotionIs.STOPPED), (5, MotionIs.FAILED), (6, MotionIs.STOPPED)],
)
def test_a_failure_is_shown_as_long_as_its_motion_is_wanted(motion_id, ended):
    motor = standing()
    motor.known.motion, motor.known.motion_id = MotionIs.FAILED, 5
    motor.known.motion_refusal = "why"
    followed(motor, changed(motion_id=motion_id, diameter_um=8_585))
    assert motor.known.motion is ended
    assert motor.known.motion_refusal == ("why" if ended is MotionIs.FAILED else "")


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("motion_id", [3, 7])
def test_an_id_that_was_spent_never_runs_again_whatever_came_after(motion_id):
    motor = standing()
    motor.known.diameter_um, motor.known.motion_id = 4_699, 5
    motor.spent = {motion_id}
    followed(motor, changed(motion_id=motion_id))
    assert motor.plan is None
    assert (motor.known.motion, motor.known.motion_id) == (MotionIs.FAILED, motion_id)
    assert "already run" in motor.known.motion_refusal


# --- who it is -----------------------------------------------------------------------------


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("version", "expected", "text", "words"),
    [
        ("NE1000V3.923", "", "NE1000 V3.923", ""),
        ("NE1000X2V4.0", "NE1000", "NE1000X2 V4.0", ""),
        ("NE300V3.0", "", "NE300 V3.0", ""),
        ("NE1000V2.99", "", "NE1000 V2.99", "firmware is V2.99; V3 or newer is needed"),
        ("NE1000V10.1", "", "NE1000 V10.1", ""),
        ("NE1001V3.1", "", "NE1001 V3.1", "supported are NE300, NE500, NE501, NE1000"),
        ("NE500V3.1", "NE501", "NE500 V3.1", "the room expects a NE501"),
        ("NE501V3.1", "NE500", "NE501 V3.1", "the room expects a NE500"),
        ("SAF1", "", "SAF1", "which is no version"),
    ],
)
def test_who_the_pump_may_be(version, expected, text, words):
    who = identify(version, expected)
    assert who.text == text
    assert words in who.refusal
    assert bool(who.refusal) is bool(words)
