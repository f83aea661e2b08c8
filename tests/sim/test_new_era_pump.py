"""Conversations with the simulated pump, literal bytes on both sides."""

import random

import pytest

from sim.devices.new_era_framing import safe_frame
from sim.devices.new_era_pump import NewEraPump
from tests.sim.wire import MS, S, ask


@pytest.fixture
def pump():
    """A pump whose reset alarm has been acknowledged, at 1 s."""
    pump = NewEraPump(random.Random(1))
    assert ask(pump, b"\r", S) == b"\x0200A?R\x03"
    return pump


class Talk:
    """Basic-mode conversation with its own clock: each exchange takes 20 ms."""

    def __init__(self, pump, now_ns=2 * S):
        self.pump = pump
        self.now_ns = now_ns

    def __call__(self, text):
        self.now_ns += 20 * MS
        reply = ask(self.pump, text.encode() + b"\r", self.now_ns)
        self.now_ns += 20 * MS
        assert reply[:1] == b"\x02"
        assert reply[-1:] == b"\x03"
        return reply[1:-1].decode()

    def wait(self, span_ns):
        self.now_ns += span_ns
        self.pump.advance(self.now_ns)


@pytest.fixture
def say(pump):
    talk = Talk(pump)
    for text in ("DIA4.78", "VOLUL", "VOL50", "RAT200UM", "PHN2", "FUNSTP", "PHN1"):
        assert talk(text) == "00S"
    return talk


def test_first_command_after_power_up_is_not_carried_out():
    pump = NewEraPump(random.Random(1))
    assert ask(pump, b"0DIA4.78\r", S) == b"\x0200A?R\x03"
    assert ask(pump, b"0DIA\r", 2 * S) == b"\x0200S26.59\x03"


def test_reply_comes_after_the_think_time(pump):
    pump._think_ns = (2 * MS, 5 * MS)
    pump.receive(b"\r", 2 * S)
    assert pump.take(2 * S + 2 * MS - 1) == b""
    assert 2 * S + 2 * MS <= pump.wake_ns() <= 2 * S + 5 * MS
    assert pump.take(pump.wake_ns()) == b"\x0200S\x03"


def test_baud_rate_adds_the_wire_time():
    pump = NewEraPump(random.Random(1), baud=19200, think_ns=(0, 0))
    pump.receive(b"\r", S)
    byte_ns = 10 * S // 19200
    assert pump.wake_ns() == pytest.approx(S + 8 * byte_ns, abs=10)


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("0", "00S"),
        ("VER", "00SNE1000V3.923"),
        ("0 ver", "00SNE1000V3.923"),
        ("DIA", "00S4.780"),
        ("VOL", "00S50.00UL"),
        ("RAT", "00S200.0UM"),
        ("DIR", "00SINF"),
        ("DIS", "00SI0.000W0.000UL"),
        ("PHN", "00S1"),
        ("FUN", "00SRAT"),
        ("SAF", "00S0"),
        ("LOC", "00S0"),
        ("TRG", "00SFT"),
        ("*ADR", "00S00"),
    ],
)
def test_query(say, query, data):
    assert say(query) == data


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("XYZ", "00S?"),
        ("DIAX", "00S?"),
        ("DIA0.05", "00S?OOR"),
        ("DIA50.01", "00S?OOR"),
        ("VOL10.000", "00S?OOR"),
        ("VOL1.2345", "00S?OOR"),
        ("RAT0UM", "00S?OOR"),
        ("RAT916UM", "00S?OOR"),
        ("SAF256", "00S?OOR"),
        ("PHN42", "00S?OOR"),
        ("LOC2", "00S?OOR"),
        ("TRGZZ", "00S?"),
        ("FUNLPS", "00S?NA"),
    ],
)
def test_refusal(say, command, data):
    assert say(command) == data


def test_rate_limits_are_those_of_the_manual_for_a_1_ml_syringe(say):
    say("DIA4.699")
    assert say("RAT53.07MH") == "00S"
    assert say("RAT53.15MH") == "00S?OOR"
    assert say("RAT0.730UH") == "00S"
    assert say("RAT0.728UH") == "00S?OOR"


@pytest.mark.hazard("HZ-SYRINGE")
@pytest.mark.parametrize(("diameter", "unit"), [("14.00", "UL"), ("14.01", "ML")])
def test_diameter_resets_the_volume_units(say, diameter, unit):
    say("VOLML" if unit == "UL" else "VOLUL")
    say(f"DIA{diameter}")
    assert say("VOL").endswith(unit)
    assert say("DIS").endswith(unit)


def test_numbers_have_five_characters(say):
    for sent, shown in [("0.5", "0.500"), ("26.59", "26.59"), ("500", "500.0"), ("1000", "1000.")]:
        say(f"VOL{sent}")
        assert say("VOL") == f"00S{shown}UL"


def test_dispense_stops_at_the_volume_and_program_end(say):
    assert say("RUN") == "00I"
    say.wait(14 * S)
    assert say("DIS").startswith("00II46.")
    say.wait(2 * S)
    assert say("DIS") == "00SI50.00W0.000UL"


def test_dispense_end_is_exact(pump, say):
    say("RUN")
    # RUN arrived 20 ms after the call began; 50 uL at 200 uL/min are 15 s.
    assert pump.wake_ns() == say.now_ns - 20 * MS + 15 * S
    pump.advance(pump.wake_ns() - 1)
    assert pump.model.infused_nl == 49_999
    pump.advance(pump.wake_ns())
    assert (pump.model.infused_nl, pump.model.status) == (50_000, "S")


def test_volume_does_not_depend_on_how_often_one_looks(pump, say):
    say("RUN")
    start_ns = say.now_ns - 20 * MS
    for look in range(1, 1000):
        pump.advance(start_ns + look * 7_777_777)
    assert pump.model.infused_nl == 200_000 * 999 * 7_777_777 // (60 * S)


def test_leftover_second_phase_keeps_pumping():
    pump = NewEraPump(random.Random(1))
    talk = Talk(pump)
    talk("")
    for text in ("DIA4.78", "VOL10", "RAT200UM", "RUN"):
        talk(text)
    talk.wait(60 * S)
    assert talk("PHN") == "00I2"
    assert pump.model.infused_nl > 50_000


def test_volume_zero_pumps_for_ever(say):
    say("VOL0")
    say("RUN")
    say.wait(3600 * S)
    assert say("DIS").startswith("00I")
    assert say.pump.next_change_ns() == 2**63 - 1


def test_stop_pauses_then_cancels(say):
    say("RUN")
    say.wait(3 * S)
    assert say("STP") == "00P"
    paused = say("DIS")
    say.wait(3 * S)
    assert say("DIS") == paused
    assert say("STP") == "00S"
    assert say("STP") == "00S"


def test_run_resumes_a_paused_dispense(say):
    say("RUN")
    say.wait(3 * S)
    say("STP")
    say("RUN")
    say.wait(20 * S)
    assert say("DIS") == "00SI50.00W0.000UL"


def test_run_after_cancel_starts_a_whole_new_dispense(say):
    say("RUN")
    say.wait(3 * S)
    say("STP")
    say("STP")
    say("RUN")
    say.wait(20 * S)
    assert say.pump.model.infused_nl > 59_000


@pytest.mark.parametrize(
    "command", ["DIA5", "VOL10", "VOLUL", "CLDINF", "RUN", "PHN2", "FUNSTP", "PUR", "RAT12MH"]
)
def test_not_while_pumping(say, command):
    say("RUN")
    assert say(command) == "00I?NA"


def test_rate_changed_while_pumping_works_at_once_and_is_not_stored(say):
    say("RUN")
    assert say("RAT100") == "00I"
    assert say("RAT") == "00I100.0UM"
    before = say.pump.model.infused_nl
    say.wait(6 * S)
    assert say.pump.model.infused_nl - before == pytest.approx(10_000, abs=80)
    say("STP")
    assert say("RAT") == "00P200.0UM"


def test_direction_changes_while_pumping_only_without_volume(say):
    say("RUN")
    assert say("DIRWDR") == "00I?NA"
    say("STP")
    say("STP")
    say("VOL0")
    say("RUN")
    assert say("DIRREV") == "00W"
    say.wait(6 * S)
    assert say.pump.model.withdrawn_nl > 20_000


def test_withdraw_and_clear(say):
    say("DIRWDR")
    assert say("RUN") == "00W"
    say.wait(20 * S)
    assert say("DIS") == "00SI0.000W50.00UL"
    assert say.pump.model.steps() < 0
    assert say("CLDWDR") == "00S"
    assert say("DIS") == "00SI0.000W0.000UL"


def test_microsteps_are_5_6_nl_with_a_1_ml_syringe(say):
    say("RUN")
    say.wait(20 * S)
    assert say.pump.model.steps() == pytest.approx(50_000 / 5.608, rel=1e-4)


def test_purge_runs_at_top_speed_until_stopped(say):
    assert say("PUR") == "00X"
    say.wait(S)
    assert say("STP") == "00S"
    assert say.pump.model.infused_nl > 15_000


def test_timed_pause_phase(say):
    for text in ("PHN2", "FUNPAS05", "PHN1", "VOL1", "RUN"):
        say(text)
    say.wait(S)
    assert say("") == "00T"
    assert say("FUN") == "00TPAS05"


# --- Safe mode ------------------------------------------------------------------------------

SAF2 = bytes.fromhex("02 09 30 53 41 46 32 79 ef 03")
STATUS = bytes.fromhex("02 05 30 36 53 03")
RUN = bytes.fromhex("02 08 30 52 55 4e 44 07 03")
OK = bytes.fromhex("02 07 30 30 53 aa a6 03")
INFUSING = bytes.fromhex("02 07 30 30 49 19 dd 03")
TIMEOUT = bytes.fromhex("02 09 30 30 41 3f 54 05 40 03")


def test_safe_framed_saf_in_basic_mode_is_answered_in_the_new_mode(pump):
    assert ask(pump, SAF2, 2 * S) == OK
    back = bytes.fromhex("02 08 53 41 46 30 55 43 03")
    assert ask(pump, back, 3 * S) == b"\x0200S\x03"


def test_safe_framed_query_in_basic_mode_is_answered_in_basic(pump):
    assert ask(pump, STATUS, 2 * S) == b"\x0200S\x03"


def test_bad_check_is_answered_com_and_changes_nothing(pump):
    ask(pump, SAF2, 2 * S)
    broken = RUN[:-2] + b"\x08\x03"
    reply = bytes.fromhex("02 0b 30 30 53 3f 43 4f 4d b5 80 03")
    assert ask(pump, broken, 2 * S + 100 * MS) == reply
    assert not pump.model.motor_on


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_silence_in_safe_mode_stops_the_motor_and_says_so(pump, say):
    assert ask(pump, SAF2, say.now_ns) == OK
    began_ns = say.now_ns + 100 * MS
    assert ask(pump, RUN, began_ns) == INFUSING
    assert pump.take(began_ns + 2 * S - 1) == b""
    assert pump.model.motor_on
    assert pump.take(began_ns + 2 * S) == TIMEOUT
    assert not pump.model.motor_on
    assert pump.model.infused_nl == 200_000 * 2 // 60
    # The alarm sent by itself is not an acknowledgement.
    assert ask(pump, RUN, began_ns + 10 * S) == TIMEOUT
    assert not pump.model.motor_on
    assert ask(pump, RUN, began_ns + 11 * S) == INFUSING


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_late_wake_still_stops_at_the_expiry(pump, say):
    ask(pump, SAF2, say.now_ns)
    ask(pump, RUN, say.now_ns + 100 * MS)
    pump.receive(STATUS, say.now_ns + 12 * S)
    assert pump.model.infused_nl == 200_000 * 2 // 60


def test_any_valid_packet_feeds_the_timer_and_a_bad_one_does_not(pump, say):
    now_ns = say.now_ns
    ask(pump, SAF2, now_ns)
    ask(pump, RUN, now_ns + 100 * MS)
    for beat in range(1, 5):
        assert ask(pump, STATUS, now_ns + beat * S) == INFUSING
    ask(pump, STATUS[:-2] + b"\x00\x03", now_ns + 5 * S)
    assert pump.take(now_ns + 6 * S) == TIMEOUT


def test_timer_is_not_armed_by_power_up_alone(pump):
    ask(pump, SAF2, 2 * S)
    pump.set_power(False, 3 * S)
    pump.set_power(True, 4 * S)
    assert pump.take(5 * S) == safe_frame(b"00A?R")
    assert pump.wake_ns() == 2**63 - 1
    ask(pump, STATUS, 60 * S)
    assert pump.take(62 * S) == TIMEOUT


def test_basic_line_in_safe_mode_is_not_answered(pump):
    ask(pump, SAF2, 2 * S)
    assert ask(pump, b"0STP\r", 2 * S + 100 * MS) == b""


# --- addresses, pins, keys, power -----------------------------------------------------------


def test_other_address_is_silent_and_system_command_is_not(pump):
    assert ask(pump, b"3VER\r", 2 * S) == b""
    assert ask(pump, b"*ADR3\r", 3 * S) == b"\x0203S\x03"
    assert ask(pump, b"VER\r", 4 * S) == b""
    assert ask(pump, b"3VER\r", 5 * S) == b"\x0203SNE1000V3.923\x03"
    assert ask(pump, b"*RESET\r", 6 * S) == b"\x0200S\x03"


@pytest.mark.parametrize(
    ("mode", "low", "status"),
    [("SP", True, "P"), ("FT", True, "P"), ("LE", True, "P"), ("SL", True, "P"), ("ST", True, "I")],
)
def test_trigger_low_while_pumping(say, mode, low, status):
    say(f"TRG{mode}")
    say("RUN")
    say.pump.set_ttl_stop(low, say.now_ns)
    assert say("") == f"00{status}"


def test_level_stop_refuses_to_run_while_low_and_edge_stop_does_not(say):
    say("TRGSL")
    say.pump.set_ttl_stop(True, say.now_ns)
    assert say("RUN") == "00P"
    say("STP")
    say("TRGSP")
    assert say("RUN") == "00I"


def test_foot_switch_trigger_starts_a_stopped_pump(say):
    say.pump.set_ttl_stop(True, say.now_ns)
    assert say("") == "00I"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_keypad_start_moves_the_plunger(say):
    say("LOC1")
    say.pump.keypad_start(say.now_ns)
    assert say("").startswith("00I")
    say.pump.keypad_stop(say.now_ns)
    assert say("") == "00P"


def test_stall_is_an_alarm(say):
    say("RUN")
    say.pump.stall(say.now_ns)
    assert say("DIS") == "00A?S"
    assert say("") == "00S"


def test_pump_that_ignores_stop_answers_all_the_same(say):
    say("RUN")
    say.pump.model.ignores_stop = True
    assert say("STP") == "00I"
    assert say("STP") == "00I"


def test_power_cut_stops_loses_the_counter_and_keeps_the_settings(say):
    say("RUN")
    say.wait(3 * S)
    say.pump.set_power(False, say.now_ns)
    assert ask(say.pump, b"\r", say.now_ns) == b""
    steps = say.pump.model.steps()
    say.wait(10 * S)
    assert say.pump.model.steps() == steps
    say.pump.set_power(True, say.now_ns)
    assert ask(say.pump, b"\r", say.now_ns) == b""
    say.wait(S)
    assert say("DIS") == "00A?R"
    assert say("DIS") == "00SI0.000W0.000UL"
    assert say("DIA") == "00S4.780"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(("flag", "moving"), [("PF0", False), ("PF1", True)])
def test_power_failure_mode_decides_whether_it_pumps_again(say, flag, moving):
    say(flag)
    say("RUN")
    say.pump.set_power(False, say.now_ns)
    say.pump.set_power(True, say.now_ns)
    assert say.pump.model.motor_on is moving
