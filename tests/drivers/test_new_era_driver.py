"""Byte-level conversations: the order of words on the wire, one case at a time."""

import msgspec
import pytest

from drivers.driver import NEVER_NS, Driver, PollPlan
from drivers.new_era import NewEra, codec, fields, line, motion, motor, script, settings
from state_machine.readings import Link, Motion, Prompt, PumpAlarm, PumpReading
from state_machine.targets import Activity, PumpAction, PumpTarget
from tests.drivers.conversation import (
    MS,
    SET_UP,
    SETTINGS,
    STP,
    VER,
    Conversation,
    Turn,
    dis,
    packet,
    preparation,
    status,
    told,
)

# Long polls, so that a conversation is only what the case is about.
QUIET_PLAN = PollPlan(idle_ns=60_000 * MS, active_ns=60_000 * MS, exposing_ns=60_000 * MS)
PLAN = PollPlan(idle_ns=400 * MS, active_ns=50 * MS, exposing_ns=200 * MS)

WANTED = PumpTarget(
    action=PumpAction.INFUSE,
    motion_id=1,
    base_nl=0,
    until_nl=50_000,
    start_rate_nl_min=100_000,
    rate_nl_min=100_000,
    diameter_um=4_699,
)


def changed(target: PumpTarget, **fields: object) -> PumpTarget:
    values = {name: getattr(target, name) for name in target.__struct_fields__}
    return PumpTarget(**{**values, **fields})


RUN = changed(WANTED, run=True)


def talk(plan: PollPlan = QUIET_PLAN, **options: object) -> Conversation:
    conversation = Conversation(NewEra(plan=plan, **options))  # type: ignore[arg-type]
    conversation.connect()
    return conversation


def set_up(**options: object) -> Conversation:
    conversation = talk(**options)  # type: ignore[arg-type]
    conversation.run(SET_UP)
    return conversation


def prepared(target: PumpTarget = WANTED) -> Conversation:
    conversation = set_up()
    conversation.target = target
    conversation.run(preparation())
    assert reading(conversation).motion is Motion.PREPARED
    return conversation


def running() -> Conversation:
    conversation = prepared()
    conversation.target = RUN
    conversation.run([status("RUN", "I")])
    assert reading(conversation).motion is Motion.RUNNING
    return conversation


def reading(conversation: Conversation) -> PumpReading:
    return conversation.driver.reading()


def stop_times_ms(conversation: Conversation, since_ns: int) -> list[int]:
    stops = [at for at, text in conversation.sent if text == "STP" and at >= since_ns]
    return [(at - since_ns) // MS for at in stops]


STRUCTS = [
    value
    for module in (codec, fields, line, motion, motor, script, settings)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct)
    if value.__module__ == module.__name__
]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_messages_and_plans_are_never_changed_in_place(struct):
    assert struct.__struct_config__.frozen


def test_driver_has_the_five_verbs():
    driver: Driver[PumpTarget, PumpReading] = NewEra(plan=PLAN)
    assert driver.reading() == PumpReading(refusal="not connected yet")
    assert driver.reading().link is Link.LOST
    assert driver.deadline_ns() == NEVER_NS
    assert driver.give(PumpTarget(), Activity.IDLE, 5) == b""
    assert driver.give(PumpTarget(), Activity.IDLE, 10_000 * MS) == b""
    assert not driver.receive(packet("00A?R"), 10_000 * MS)
    assert driver.reading().power_up_count == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"address": 100}, "address is 100; allowed is 0 to 99"),
        ({"safe_timeout_s": 0}, "safe_timeout_s is 0; allowed is 1 to 255"),
        ({"baud": 9}, "baud is 9; allowed is"),
    ],
)
def test_impossible_options_are_refused_by_name(options, words):
    with pytest.raises(ValueError, match=words):
        NewEra(plan=PLAN, **options)


@pytest.mark.parametrize("baud", [300, 1_200, 2_400, 9_600, 19_200])
def test_each_speed_of_the_manual_is_taken_and_none_beside_it(baud):
    assert NewEra(plan=PLAN, baud=baud).reading().link is Link.LOST
    for beside in (baud - 1, baud + 1):
        with pytest.raises(ValueError, match=r"allowed is \(300, 1200, 2400, 9600, 19200\)"):
            NewEra(plan=PLAN, baud=beside)


# --- identity and settings -----------------------------------------------------------------


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_probe_stops_identifies_settles_and_proves_standstill():
    conversation = talk()
    assert reading(conversation).link is Link.PROBING
    conversation.run(SET_UP[:-1])
    before = reading(conversation)
    assert (before.link, before.settings_ok, before.motion) == (Link.UP, True, Motion.UNKNOWN)
    conversation.run(SET_UP[-1:])
    after = reading(conversation)
    assert after.motion is Motion.STOPPED
    assert after.identity == "NE1000 V3.923"
    assert after.diameter_um == 4_699
    assert after.digit_nl == 1
    assert after.at_ns == conversation.sent[-1][0]


def test_first_answer_is_a_reset_and_the_command_is_said_again():
    conversation = talk()
    conversation.run([Turn("STP", "00A?R"), STP, VER, STP, *SETTINGS, dis(), dis()])
    now = reading(conversation)
    assert now.power_up_count == 1
    assert now.settings_ok
    assert now.motion is Motion.STOPPED


def test_reset_told_unasked_and_as_an_answer_counts_once():
    conversation = set_up()
    conversation.arrive("00A?R")
    conversation.run([Turn("STP", "00A?R"), STP, VER, STP, *SETTINGS, dis(), dis()])
    assert reading(conversation).power_up_count == 1


def test_a_pump_in_basic_mode_is_taken_over_by_safe_packets():
    conversation = talk()
    basic = [Turn("STP", b"\x0200S\x03"), Turn("VER", b"\x0200SNE1000V3.923\x03")]
    conversation.run([*basic, Turn("STP", b"\x0200S\x03"), *SETTINGS, dis(), dis()])
    assert reading(conversation).link is Link.UP


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_basic_answers_are_not_believed_once_safe_mode_is_proven():
    conversation = set_up(plan=PLAN)
    conversation.run([Turn("DIS", b"\x0200SI9.999W0.000UL\x03"), VER, dis()])
    assert reading(conversation).infused_nl == 0


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_echo_is_the_wrong_socket():
    conversation = talk()
    conversation.run([Turn("STP", packet("0STP"))])
    now = reading(conversation)
    assert now.link is Link.REFUSED
    assert "To Computer" in now.refusal
    refused_ns, said = conversation.now_ns, len(conversation.sent)
    conversation.wait(1_990)
    conversation.run(SET_UP)
    assert conversation.sent[said][0] - refused_ns == 2_000 * MS
    assert reading(conversation).link is Link.UP


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("version", "options", "words"),
    [
        ("NE9000V3.9", {}, "supported are"),
        ("NE1000V2.81", {}, "V3 or newer"),
        ("NE500V3.9", {"expect_model": "NE1000"}, "expects a NE1000"),
    ],
)
def test_wrong_models_are_refused_by_name(version, options, words):
    conversation = talk(**options)
    conversation.run([STP, Turn("VER", f"00S{version}")])
    now = reading(conversation)
    assert now.link is Link.REFUSED
    assert words in now.refusal
    conversation.wait(1_900)


def test_upgraded_firmware_is_named():
    conversation = talk()
    conversation.run([STP, Turn("VER", "00SNE1000X2V3.61")])
    assert reading(conversation).identity == "NE1000X2 V3.61"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_setting_that_stays_wrong_refuses_the_pump():
    conversation = talk()
    twice = [*told("LOC1", "LOC", "0"), *told("LOC1", "LOC", "0")]
    conversation.run([STP, VER, STP, *SETTINGS[:2], *twice])
    now = reading(conversation)
    assert now.link is Link.REFUSED
    assert "'LOC' reads 0" in now.refusal
    assert not now.settings_ok


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_setting_that_the_pump_rejects_refuses_the_pump():
    conversation = talk()
    conversation.run([STP, VER, STP, *SETTINGS[:4], Turn("TRGSP", "00S?OOR")])
    assert "rejected 'TRGSP' (?OOR: out of range)" in reading(conversation).refusal


def test_lost_answer_to_a_setting_is_asked_not_told_again():
    conversation = talk()
    lost = [Turn("LOC1", None), VER, Turn("LOC", "00S1")]
    conversation.run([STP, VER, STP, *SETTINGS[:2], *lost, *SETTINGS[4:], dis(), dis()])
    assert reading(conversation).settings_ok


def test_phantom_first_byte_costs_one_stop():
    conversation = talk()
    conversation.run([Turn("STP", None), STP, VER, STP, *SETTINGS, dis(), dis()])
    assert stop_times_ms(conversation, 0)[1] - stop_times_ms(conversation, 0)[0] == 40


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_on_a_slow_line_stop_waits_for_the_answer_that_may_still_come():
    # 10 bytes there, 12 back, 10 bits each, and 24 ms for adapter and device
    longest_ns = 22 * (10 * 1_000 * MS // 300) + 24 * MS
    assert NewEra(plan=PLAN, baud=300)._motor._stop_answer_ns == longest_ns


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize(
    ("turns", "link", "words"),
    [
        ([status("STP", "I")] * 4, Link.PROBING, "did not stop"),
        ([status("STP", "I")] * 2 + [Turn("STP", None)] * 2, Link.PROBING, "did not stop"),
        ([status("STP", "I")] + [Turn("STP", None)] * 3, Link.LOST, "does not answer"),
        ([Turn("STP", None)] * 4, Link.LOST, "does not answer"),
    ],
)
def test_a_stop_without_effect_says_whether_somebody_answered(turns, link, words):
    conversation = running()
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    conversation.run(turns)
    conversation.wait(161 - (conversation.now_ns - asked_ns) // MS)
    now = reading(conversation)
    assert (now.link, now.stop_overdue) == (link, True)
    assert words in now.refusal


def test_a_motion_given_up_while_a_question_is_open_waits_for_that_question():
    conversation = set_up()
    conversation.target = WANTED
    conversation.run([STP, Turn("DIA", None)])
    conversation.target = PumpTarget()
    conversation.run([VER])
    assert reading(conversation).motion is Motion.STOPPED
    conversation.wait(300)


def test_nobody_there_is_said_so_and_asked_again_after_a_silence():
    conversation = talk()
    conversation.run([Turn("STP", None)] * 4)
    conversation.wait(1_530)
    now = reading(conversation)
    assert now.link is Link.LOST
    assert "does not answer" in now.refusal
    assert not now.stop_overdue, "a pump that was never seen has not disobeyed"
    conversation.run(SET_UP)
    assert (reading(conversation).link, reading(conversation).refusal) == (Link.UP, "")


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_silence_that_is_wanted_is_kept_and_ends_by_itself():
    conversation = set_up(plan=PLAN)
    for _ in range(2):  # each silence has its own time: Safe mode's second and a half
        conversation.target = PumpTarget(silent=True)
        since_ns, said = conversation.now_ns, len(conversation.sent)
        conversation.wait(1_499)
        assert conversation.driver.deadline_ns() == since_ns + 1_500 * MS
        conversation.run([dis()])
        assert conversation.sent[said][0] == since_ns + 1_500 * MS
        conversation.target = PumpTarget()
        conversation.run([dis()])


# --- one whole motion ----------------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_prepare_run_and_stop():
    conversation = prepared()
    now = reading(conversation)
    assert (now.motion_id, now.rate_nl_min) == (1, 100_000)
    conversation.wait(200)
    conversation.target = RUN
    conversation.run([status("RUN", "I")])
    assert reading(conversation).prompt is Prompt.INFUSING
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    conversation.run([status("STP", "P"), status("STP", "S"), dis("1.250"), dis("1.250")])
    now = reading(conversation)
    assert (now.motion, now.motion_id, now.infused_nl) == (Motion.STOPPED, 1, 1_250)
    assert now.stop_asked_ns == asked_ns
    first, second = (at for at, text in conversation.sent[-2:])
    assert second - first >= 110 * MS, "100 ms from the first answer to the second question"
    conversation.target = RUN
    conversation.wait(500)


def test_withdraw_counts_on_its_own_counter():
    conversation = set_up()
    conversation.target = changed(
        WANTED, action=PumpAction.WITHDRAW, until_nl=5_000, diameter_um=4_699
    )
    conversation.run(preparation(volume="5.000", direction="WDR"))
    conversation.target = changed(conversation.target, run=True)
    conversation.run([status("RUN", "W")])
    now = reading(conversation)
    assert (now.motion, now.prompt) == (Motion.RUNNING, Prompt.WITHDRAWING)


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_volume_and_rate_are_rounded_down_on_the_wire():
    conversation = set_up()
    conversation.target = changed(
        WANTED, until_nl=123_456, start_rate_nl_min=98_765, rate_nl_min=98_765
    )
    conversation.run(preparation(volume="123.4", rate="98.76"))
    assert reading(conversation).motion is Motion.PREPARED


def test_pump_that_ends_by_itself_is_stopped_and_proven():
    conversation = running()
    conversation.driver._plan = PLAN
    conversation.run([dis("50.00"), STP, *[dis("50.00")] * 4])
    assert reading(conversation).motion is Motion.STOPPED
    assert reading(conversation).motion_refusal == ""


@pytest.mark.hazard("HZ-SYRINGE")
def test_another_diameter_is_told_before_anything_is_prepared():
    conversation = set_up()
    conversation.target = PumpTarget(diameter_um=8_585)
    conversation.run([*told("DIA8.585", "DIA", "8.585"), *told("VOLUL", "VOL", "0.000UL")])
    assert reading(conversation).diameter_um == 8_585
    conversation.wait(300)


# --- preparation refuses -------------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"until_nl": 0}, "0 nL are left"),
        ({"until_nl": 999}, "999 nL are left"),
        ({"until_nl": -5}, "-5 nL are left"),
        ({"until_nl": 10_000_000}, "counts to 9999000 nL"),
        ({"start_rate_nl_min": 0}, "start rate 0"),
        ({"diameter_um": 0}, "choose the syringe"),
        ({"motion_id": 0}, "ids begin at 1"),
    ],
)
def test_motions_that_cannot_be_said_fail_without_a_word_to_the_pump(fields, words):
    conversation = set_up()
    conversation.target = changed(RUN, **fields)
    conversation.wait(500)
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert words in now.motion_refusal
    conversation.target = PumpTarget()
    conversation.wait(500)
    assert reading(conversation).motion is Motion.STOPPED


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize("value", ["50.00ML", "0.000UL", "500.0UL", "5.000UL"])
def test_volume_read_back_otherwise_fails_the_motion(value):
    conversation = set_up()
    conversation.target = RUN
    twice = [*told("VOL50.00", "VOL", value), *told("VOL50.00", "VOL", value)]
    conversation.run([*preparation()[:-3], *twice])
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert f"'VOL' reads {value}" in now.motion_refusal
    conversation.wait(500)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_counter_not_at_the_base_fails_the_motion():
    conversation = set_up()
    conversation.target = changed(RUN, base_nl=20_000, until_nl=70_000)
    conversation.run(preparation(volume="50.00"))
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert "counter reads 0 nL where 20000 nL is expected" in now.motion_refusal
    conversation.wait(500)


def test_counter_within_one_digit_of_the_base_is_accepted_and_never_exceeded():
    conversation = talk()
    conversation.run([*SET_UP[:-2], dis("20.01"), dis("20.01")])
    conversation.target = changed(WANTED, base_nl=20_000, until_nl=70_000)
    conversation.run([*preparation(volume="49.99")[:-1], dis("20.01")])
    assert reading(conversation).motion is Motion.PREPARED


def test_motion_changed_under_its_id_fails():
    conversation = prepared()
    conversation.target = changed(RUN, until_nl=60_000)
    conversation.wait(300)
    assert "changed under the same id" in reading(conversation).motion_refusal


def test_motion_given_up_before_run_may_be_prepared_again():
    conversation = prepared()
    conversation.target = PumpTarget()
    conversation.wait(100)
    assert reading(conversation).motion is Motion.STOPPED
    conversation.target = WANTED
    conversation.run(preparation())
    assert reading(conversation).motion is Motion.PREPARED


# --- RUN -----------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_lost_answer_to_run_means_stop_and_never_a_second_run():
    conversation = prepared()
    conversation.target = RUN
    asked_ns = conversation.now_ns
    lost = [Turn("RUN", None), status("STP", "P"), status("STP", "S"), VER, STP]
    conversation.run([*lost, dis("0.100"), dis("0.100")])
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert "RUN was not answered" in now.motion_refusal
    assert stop_times_ms(conversation, asked_ns)[0] <= 40
    conversation.wait(1_000)
    conversation.target = PumpTarget()
    conversation.wait(100)
    conversation.target = RUN
    conversation.wait(1_000)
    assert reading(conversation).motion in (Motion.STOPPED, Motion.FAILED)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_damaged_answer_to_run_is_a_lost_one():
    conversation = prepared()
    conversation.target = RUN
    damaged = packet("00I")[:-2] + b"\xde\x03"
    lost = [Turn("RUN", damaged), status("STP", "P"), status("STP", "S"), VER, STP]
    conversation.run([*lost, dis("0.100"), dis("0.100")])
    assert reading(conversation).motion is Motion.FAILED


@pytest.mark.parametrize("answer", ["00S?NA", "00S?COM", "00S?"])
def test_run_that_is_rejected_is_not_repeated(answer):
    conversation = prepared()
    conversation.target = RUN
    conversation.run([Turn("RUN", answer), STP, dis(), dis()])
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert "rejected RUN" in now.motion_refusal
    conversation.wait(500)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_wrong_direction_stops():
    conversation = prepared()
    conversation.target = RUN
    wrong = [status("RUN", "W"), status("STP", "P"), STP]
    conversation.run([*wrong, dis("0.000", "0.100"), dis("0.000", "0.100")])
    assert "WITHDRAWING" in reading(conversation).motion_refusal


def test_a_spent_id_is_refused_by_name():
    conversation = running()
    conversation.target = PumpTarget()
    conversation.run([status("STP", "P"), STP, dis("1.000"), dis("1.000")])
    assert reading(conversation).motion is Motion.STOPPED
    conversation.driver._motor.known.motion_id = 9
    conversation.target = RUN
    conversation.wait(100)
    assert "motion 1 was already run" in reading(conversation).motion_refusal


# --- rate while running --------------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERRATE")
def test_rate_is_changed_while_running_and_read_back():
    conversation = running()
    conversation.target = changed(RUN, rate_nl_min=212_345)
    conversation.run(told("RAT212.3UM", "RAT", "212.3UM", prompt="I"))
    assert reading(conversation).rate_nl_min == 212_300
    conversation.wait(300)


@pytest.mark.hazard("HZ-OVERRATE")
def test_rate_the_pump_does_not_take_stops_the_motion():
    conversation = running()
    conversation.target = changed(RUN, rate_nl_min=50_000)
    twice = told("RAT50.00UM", "RAT", "100.0UM", prompt="I") * 2
    conversation.run([*twice, status("STP", "P"), STP, dis("1.000"), dis("1.000")])
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert "'RAT' reads 100.0UM" in now.motion_refusal


@pytest.mark.hazard("HZ-OVERRATE")
def test_rate_zero_while_running_stops():
    conversation = running()
    conversation.target = changed(RUN, rate_nl_min=0)
    conversation.run([status("STP", "P"), STP, dis("1.000"), dis("1.000")])
    assert reading(conversation).motion is Motion.FAILED


# --- the stop ------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_stop_leaves_when_the_answer_under_way_ends():
    conversation = running()
    conversation.driver._plan = PLAN
    conversation.target = RUN
    conversation.run([dis("0.010", prompt="I")], within_ms=100)
    conversation.run([Turn("DIS", None)], within_ms=100)
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    conversation.arrive("00II0.020W0.000UL", after_ms=12)
    conversation.run([status("STP", "P")], within_ms=60)
    assert stop_times_ms(conversation, asked_ns)[0] == 12
    assert reading(conversation).stop_asked_ns - asked_ns <= 12 * MS


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_lost_answer_to_stop_and_a_late_one_prove_nothing():
    """`00S` comes while the fence is asked; the proof is two counters behind the fence."""
    conversation = running()
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    conversation.run([Turn("STP", "00P", 36), Turn("STP", "00S", 30)])
    assert reading(conversation).motion is Motion.STOPPING
    conversation.run([VER, STP, dis("1.000")])
    assert reading(conversation).motion is Motion.STOPPING
    conversation.run([dis("1.000")])
    assert reading(conversation).motion is Motion.STOPPED
    assert stop_times_ms(conversation, asked_ns)[:2] == [0, 40]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_late_status_behind_a_dead_fence_is_not_an_answer_to_stop():
    conversation = running()
    conversation.target = PumpTarget()
    conversation.run([Turn("STP", None), Turn("STP", None), Turn("STP", "00S", 20)])
    conversation.run([VER, Turn("STP", "00I")])
    assert reading(conversation).prompt is Prompt.INFUSING
    assert reading(conversation).motion is Motion.STOPPING


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_pump_that_ignores_stop_is_overdue_at_160_ms_and_left_in_silence():
    conversation = running()
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    conversation.run([status("STP", "I")] * 4)
    assert stop_times_ms(conversation, asked_ns) == [0, 40, 80, 120]
    assert not reading(conversation).stop_overdue
    conversation.wait(160 - (conversation.now_ns - asked_ns) // MS)
    now = reading(conversation)
    assert now.stop_overdue
    assert now.motion is Motion.STOPPING
    conversation.wait(1_499)
    conversation.run([Turn("STP", "00A?T"), STP, VER, STP, *SETTINGS, dis("9.999"), dis("9.999")])
    now = reading(conversation)
    assert (now.motion, now.stop_overdue, now.infused_nl) == (Motion.STOPPED, False, 9_999)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_pump_that_says_stopped_and_counts_on_is_overdue_at_once():
    conversation = running()
    conversation.target = PumpTarget()
    conversation.run([status("STP", "P"), STP, dis("1.000"), dis("1.002")])
    assert reading(conversation).stop_overdue
    conversation.wait(1_400)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_pump_that_is_paused_for_ever_is_not_stopped():
    conversation = running()
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    with pytest.raises(AssertionError, match="never sent"):
        conversation.run([status("STP", "P")] * 1_000)
    assert reading(conversation).stop_overdue
    assert conversation.sent[-1][0] - asked_ns <= 2_000 * MS


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_nothing_goes_out_between_the_stops_not_even_a_due_poll():
    conversation = running()
    conversation.driver._plan = PLAN
    conversation.run([dis("0.010", prompt="I")], within_ms=100)
    conversation.wait(30)
    conversation.activity = Activity.ACTIVE
    conversation.target = PumpTarget()
    conversation.run([status("STP", "I")] * 4)
    conversation.wait(200)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_two_readings_closer_than_100_ms_prove_nothing():
    conversation = running()
    conversation.driver._plan = PLAN
    conversation.activity = Activity.ACTIVE
    conversation.target = PumpTarget()
    conversation.run([status("STP", "P"), STP, dis("1.000"), dis("1.000"), dis("1.000")])
    assert reading(conversation).motion is Motion.STOPPING
    conversation.run([dis("1.000")])
    assert reading(conversation).motion is Motion.STOPPED


@pytest.mark.hazard("HZ-STALE-DATA")
def test_late_counters_are_not_the_answer_to_the_fence():
    conversation = set_up(plan=PLAN)
    conversation.run([Turn("DIS", "00SI0.001W0.000UL", 65), VER, dis("0.000")])
    now = reading(conversation)
    assert (now.link, now.identity, now.infused_nl) == (Link.UP, "NE1000 V3.923", 0)
    assert now.bad_frame_count == 1


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_spent_id_gets_no_run_even_when_prepared():
    conversation = prepared()
    conversation.driver._motor.spent.add(1)
    conversation.target = RUN
    conversation.wait(500)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_another_motion_id_stops_the_running_one():
    conversation = running()
    conversation.target = changed(RUN, motion_id=2)
    conversation.run([status("STP", "P"), STP])
    assert reading(conversation).motion is Motion.STOPPING


# --- what nobody asked for -----------------------------------------------------------------


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_pump_found_moving_is_stopped_at_once():
    conversation = set_up(plan=PLAN)
    conversation.run([dis("0.500", prompt="I"), status("STP", "P")])
    now = reading(conversation)
    assert now.motion is Motion.STOPPING
    assert conversation.sent[-1][0] - conversation.sent[-2][0] == 10 * MS


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_moving_prompt_is_shown():
    conversation = set_up(plan=PLAN)
    conversation.run([dis("0.500", prompt="X"), Turn("STP", None)], within_ms=500)
    assert reading(conversation).prompt is Prompt.PURGING


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_counter_that_moves_while_stopped_stops():
    conversation = set_up(plan=PLAN)
    conversation.run([dis("0.500"), STP])
    assert reading(conversation).motion is Motion.STOPPING


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_alarm_told_unasked_fails_the_motion_and_settles_anew():
    conversation = running()
    conversation.arrive("00A?T")
    conversation.run([Turn("STP", "00A?T")])
    now = reading(conversation)
    assert now.alarm is PumpAlarm.TIMEOUT
    assert not now.settings_ok
    conversation.run([STP, VER, STP, *SETTINGS, dis("1.000"), dis("1.000")])
    now = reading(conversation)
    assert (now.motion, now.alarm, now.settings_ok) == (Motion.FAILED, PumpAlarm.NONE, True)
    assert "Safe mode timeout" in now.motion_refusal


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_power_cycle_during_a_run():
    conversation = running()
    conversation.driver._plan = PLAN
    conversation.activity = Activity.ACTIVE
    again = [Turn("DIS", "00A?R"), STP, VER, STP, *SETTINGS, *[dis()] * 4]
    conversation.run(again)
    now = reading(conversation)
    assert (now.power_up_count, now.motion, now.infused_nl) == (1, Motion.FAILED, 0)
    assert "power was interrupted" in now.motion_refusal


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_counter_that_falls_while_running_stops():
    conversation = talk()
    conversation.run([*SET_UP[:-2], dis("20.00"), dis("20.00")])
    conversation.target = changed(RUN, base_nl=20_000, until_nl=70_000)
    conversation.run([*preparation()[:-1], dis("20.00"), status("RUN", "I")])
    conversation.driver._plan = PLAN
    conversation.run([dis("0.100", prompt="I"), status("STP", "P")], within_ms=100)
    assert "fell to 100 nL" in reading(conversation).motion_refusal


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_counter_beyond_the_end_stops():
    conversation = running()
    conversation.driver._plan = PLAN
    conversation.run([dis("50.02", prompt="I"), status("STP", "P")], within_ms=100)
    assert "passed the motion's end" in reading(conversation).motion_refusal


# --- damage, delay, loss -------------------------------------------------------------------


@pytest.mark.hazard("HZ-STALE-DATA")
def test_damaged_answer_is_asked_again_behind_a_fence():
    conversation = set_up(plan=PLAN)
    damaged = bytearray(packet("00SI0.100W0.000UL"))
    damaged[6] ^= 0x08
    conversation.run([Turn("DIS", bytes(damaged)), VER, dis()])
    now = reading(conversation)
    assert (now.bad_frame_count, now.infused_nl, now.link) == (1, 0, Link.UP)
    first, _, last = (at for at, _ in conversation.sent[-3:])
    assert last - first <= 60 * MS
    assert now.at_ns == last


def test_answer_behind_garbage_is_taken():
    conversation = set_up(plan=PLAN)
    conversation.run([Turn("DIS", b"\x00\x00>\x02" + packet("00SI0.001W0.000UL"))])
    assert reading(conversation).infused_nl == 1


def test_answers_of_another_pump_are_passed_over():
    conversation = set_up(plan=PLAN)
    both = packet("07SI9.999W0.000UL") + packet("00SI0.001W0.000UL")
    conversation.run([Turn("DIS", both)])
    assert reading(conversation).infused_nl == 1


@pytest.mark.hazard("HZ-STALE-DATA")
def test_late_answer_is_not_taken_for_the_next_question():
    conversation = set_up(plan=PLAN)
    conversation.run([Turn("DIS", "00SI0.001W0.000UL", 45), VER, dis("0.000")])
    assert reading(conversation).infused_nl == 0


@pytest.mark.hazard("HZ-STALE-DATA")
def test_silence_of_the_pump_is_noticed_and_ends_in_lost():
    conversation = set_up(plan=PLAN)
    dead = [Turn("DIS", None), Turn("VER", None), Turn("VER", None)]
    conversation.run([*dead, *[Turn("STP", None)] * 4])
    conversation.wait(300)
    now = reading(conversation)
    assert (now.link, now.motion) == (Link.LOST, Motion.UNKNOWN)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_silence_of_a_running_pump_is_overdue():
    conversation = running()
    conversation.driver._plan = PLAN
    dead = [Turn("DIS", None), Turn("VER", None), Turn("VER", None)]
    conversation.run([*dead, *[Turn("STP", None)] * 4])
    conversation.wait(300)
    assert reading(conversation).stop_overdue


def test_lost_port_forgets_and_a_new_connection_proves_again():
    conversation = running()
    conversation.driver.lost("cable pulled", conversation.now_ns)
    now = reading(conversation)
    assert (now.link, now.refusal, now.motion) == (Link.LOST, "cable pulled", Motion.UNKNOWN)
    conversation.wait(500)
    conversation.connect()
    conversation.run([status("STP", "P"), STP, VER, STP, *SETTINGS, dis("3.000"), dis("3.000")])
    now = reading(conversation)
    assert now.motion is Motion.FAILED
    assert now.infused_nl == 3_000
    conversation.target = RUN
    conversation.wait(500)


# --- counters ------------------------------------------------------------------------------


def test_counters_are_cleared_only_while_stopped_and_read_back():
    conversation = talk()
    conversation.run([*SET_UP[:-2], dis("1.000", "2.000"), dis("1.000", "2.000")])
    conversation.target = PumpTarget(clear_counters=True)
    conversation.run([status("CLDINF"), dis("0.000", "2.000"), status("CLDWDR"), dis()])
    now = reading(conversation)
    assert (now.infused_nl, now.withdrawn_nl, now.motion) == (0, 0, Motion.STOPPED)
    conversation.wait(300)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_counters_are_not_cleared_on_the_way_to_a_motion():
    conversation = talk()
    conversation.run([*SET_UP[:-2], dis("20.00"), dis("20.00")])
    conversation.target = changed(WANTED, base_nl=20_000, until_nl=70_000, clear_counters=True)
    conversation.run([*preparation()[:-1], dis("20.00")])


def test_exchange_time_is_told():
    conversation = set_up(plan=PLAN)
    assert reading(conversation).exchange_p99_ns == 0  # too few to speak of a percentile
    conversation.activity = Activity.ACTIVE
    conversation.run([dis()] * 100, within_ms=60_000)
    assert reading(conversation).exchange_p99_ns == 10 * MS


def test_polls_follow_the_plan():
    conversation = set_up(plan=PLAN)
    conversation.activity = Activity.ACTIVE
    conversation.run([dis(), dis(), dis()])
    times = [at for at, _ in conversation.sent[-3:]]
    assert [b - a for a, b in zip(times, times[1:], strict=False)] == [50 * MS, 50 * MS]
