"""The devices joined: what one does shows on the others."""

import random

import pytest

from sim.devices.room import SimulatedRoom
from sim.devices.room_inputs import INPUTS
from sim.physics import RIG_27G_WARM, Rig
from tests.sim.wire import MS, S, read, registers, signed, wide, write

MINUTE = 60 * S


class Bench:
    """A controller's hands: commands to box, pump and unit, with a clock of its own."""

    def __init__(self, **room):
        self.room = SimulatedRoom(random.Random(3), **room)
        self.now_ns = S
        self.nonce = 0

    def ask(self, name, data):
        self.room.inner(name)._think_ns = (0, 0)
        device = self.room.device(name)
        device.receive(data, self.now_ns)
        return device.take(self.now_ns)

    def beat(self, outputs=1, reclose=0):
        self.nonce += 1
        words = [0, 7, self.nonce, outputs, outputs ^ 0xFFFF, reclose]
        assert self.ask("room_io", write(3, 200, words))[7] == 16

    def run(self, span_ns, outputs=1):
        """Let time pass with a heartbeat every 50 ms."""
        for _ in range(span_ns // (50 * MS)):
            self.now_ns += 50 * MS
            self.beat(outputs)

    def wait(self, span_ns):
        self.now_ns += span_ns
        self.room.advance(self.now_ns)

    def say(self, text):
        self.now_ns += 10 * MS
        return self.ask("pump", text.encode() + b"\r")[1:-1].decode()

    def put(self, name, value):
        self.room.set_input(name, value, self.now_ns)

    def pump_up(self):
        """Close the relay, wait for the pump, set it up for 200 uL/min."""
        self.beat(1, reclose=1)
        self.run(S)
        assert self.say("") == "00A?R"
        for text in ("DIA4.78", "VOLUL", "VOL500", "RAT200UM", "TRGSP", "PHN2", "FUNSTP", "PHN1"):
            assert self.say(text) == "00S"
            self.beat()

    @property
    def truth(self):
        return self.room.truth()


@pytest.fixture
def bench():
    return Bench()


TRIPS = {
    "silence": lambda bench: bench.wait(300 * MS),
    "permit withdrawn": lambda bench: bench.beat(0),
    "emergency stop": lambda bench: bench.put("emergency_stop", True),
}


@pytest.fixture
def never_set(bench):
    """Given power for the first time, its reset alarm answered, nothing set."""
    bench.beat(1, reclose=1)
    bench.run(S)
    assert bench.say("") == "00A?R"
    assert bench.say("TRG") == "00SFT"
    return bench


def test_the_stop_line_alone_starts_a_pump_that_was_never_set(never_set):
    """The danger is there: what the next test finds is the box's doing."""
    never_set.room.pump.set_ttl_stop(True, never_set.now_ns)
    assert never_set.room.pump.model.motor_on


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("trip", TRIPS)
def test_no_trip_starts_a_pump_that_was_never_set(never_set, trip):
    TRIPS[trip](never_set)
    never_set.wait(3 * S)
    assert never_set.room.pump.model.steps() == 0
    assert not never_set.room.room_io.relay_closed


@pytest.fixture
def running(bench):
    """Infusing into a duct for 10 s through a primed line."""
    bench.pump_up()
    bench.put("prime", True)
    bench.put("tip", "duct")
    assert bench.say("RUN") == "00I"
    bench.run(10 * S)
    return bench


def test_pump_has_no_power_until_the_box_closes(bench):
    assert bench.say("") == ""
    bench.pump_up()
    assert bench.truth["pump_powered"]


def test_bypassed_relay_powers_the_pump_at_once():
    bench = Bench(relay_bypassed=True)
    assert bench.say("") == "00A?R"
    bench.say("RAT1MM")
    assert bench.say("RUN") == "00I"


def test_plunger_fills_the_duct_and_the_sensor_sees_the_pressure(running):
    truth = running.truth
    assert truth["entered_nl"] == pytest.approx(truth["pump_infused_nl"], rel=0.06)
    assert truth["line_pa"] == pytest.approx(5_700, abs=150)
    words = registers(running.ask("pressure_sensor", read(2, 100, 8)))
    assert signed(words, 2) == pytest.approx(truth["line_pa"], abs=800)


def test_motor_pin_shows_on_the_box(running):
    assert registers(running.ask("room_io", read(3, 104, 1)))[0] >> 5 & 1 == 1
    running.say("STP")
    assert registers(running.ask("room_io", read(3, 104, 1)))[0] >> 5 & 1 == 0


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_dead_controller_stops_the_flow_within_the_watchdog(running):
    at_ns = running.now_ns
    before_nl = running.truth["pump_infused_nl"]
    running.wait(3 * S)
    truth = running.truth
    assert not truth["motor_on"]
    assert truth["trip_cause"] == 2
    # 250 ms at 200 uL/min; a late look changes nothing.
    assert truth["plunger_nl"] - before_nl == pytest.approx(250 * 200_000 // 60_000, abs=12)
    assert not truth["pump_powered"]
    assert running.now_ns == at_ns + 3 * S


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_pump_deaf_to_its_stop_line_loses_power_after_200_ms(running):
    running.put("pump_ignores_ttl", True)
    running.beat(0)
    running.wait(199 * MS)
    assert running.truth["motor_on"]
    running.wait(2 * MS)
    truth = running.truth
    assert (truth["motor_on"], truth["pump_powered"], truth["trip_cause"]) == (False, False, 5)


def _stopped_by_command(running):
    running.say("STP")
    return running.now_ns


def _stopped_by_pin(running):
    running.beat(0)
    return running.now_ns


def _stopped_by_watchdog(running):
    at_ns = running.now_ns
    running.wait(2 * S)
    return at_ns + 250 * MS


def _stopped_by_relay(running):
    running.put("emergency_stop", True)
    return running.now_ns


def _stopped_by_safe_mode(running):
    running.ask("pump", b"SAF1\r")
    at_ns = running.now_ns
    running.put("pump_ignores_ttl", True)
    running.put("relay_welded", True)
    running.wait(3 * S)
    return at_ns + S


def _stopped_by_key(running):
    running.put("keypad_stop", True)
    return running.now_ns


def _stalled(running):
    running.put("pump_stall", True)
    return running.now_ns


def _stopped_by_volume(running):
    before_nl = running.truth["pump_infused_nl"]
    at_ns = running.now_ns
    running.run(140 * S)
    return at_ns + (500_000 - before_nl) * 60 * S // 200_000


@pytest.mark.parametrize(
    ("stop", "by"),
    [
        (_stopped_by_command, "command"),
        (_stopped_by_pin, "pin"),
        (_stopped_by_watchdog, "pin"),
        (_stopped_by_relay, "power"),
        (_stopped_by_safe_mode, "safe-mode"),
        (_stopped_by_key, "keypad"),
        (_stalled, "stall"),
        (_stopped_by_volume, "volume"),
    ],
)
def test_the_events_say_when_the_motor_stopped_and_what_stopped_it(running, stop, by):
    due_ns = stop(running)
    running.run(S)
    motor = [event for event in running.room.events if event[1].startswith("motor")]
    assert [(name, value) for _, name, value, _ in motor] == [("motor-on", True), ("motor-off", by)]
    assert motor[1][0] == pytest.approx(due_ns, abs=MS)
    assert motor[1][3] == running.truth["plunger_nl"]


def test_the_events_hold_what_hands_do(bench):
    bench.put("hold", True)
    assert bench.room.events[-1][:3] == (bench.now_ns, "hold", True)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_stop_line_pauses_the_pump_and_keeps_its_counter(running):
    running.beat(0)
    assert running.truth["pump_status"] == "P"
    assert running.say("DIS").startswith("00PI33.")


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_emergency_stop_cuts_power_while_the_box_hangs(running):
    running.put("freeze", "room_io")
    running.wait(5 * S)
    assert running.truth["motor_on"]
    running.put("emergency_stop", True)
    assert not running.truth["motor_on"]
    assert not running.truth["pump_powered"]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_welded_relay_leaves_the_stop_line(running):
    running.put("relay_welded", True)
    running.wait(5 * S)
    truth = running.truth
    assert truth["pump_powered"]
    assert not truth["motor_on"]


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_occlusion_opens_the_pressure_switch_at_its_pressure(running):
    running.put("occluded", True)
    for _ in range(100):
        running.wait(200 * MS)
        running.beat()
    truth = running.truth
    assert not truth["motor_on"]
    assert truth["trip_cause"] == 6
    assert 138_000 <= truth["line_pa"] <= 138_500


def test_power_back_gives_a_reset_alarm_and_no_motion(running):
    running.beat(0)
    running.wait(2 * S)
    running.beat(1, reclose=running.truth["trip_count"])
    running.run(S)
    assert running.say("DIS") == "00A?R"
    assert running.say("DIS") == "00SI0.000W0.000UL"
    assert not running.truth["motor_on"]


@pytest.mark.hazard("HZ-SYRINGE")
def test_wrong_syringe_moves_more_than_the_pump_says():
    bench = Bench(rig=Rig(syringe_um=8660))
    bench.pump_up()
    bench.say("RUN")
    bench.run(6 * S)
    truth = bench.truth
    assert truth["plunger_nl"] / truth["pump_infused_nl"] == pytest.approx(3.28, abs=0.02)


@pytest.mark.hazard("HZ-EXPOSURE")
def test_exposure_needs_the_box_enable_all_the_way(bench):
    def command(exposure, nonce):
        words = [nonce, 1, exposure, 1, 0, 0, 0]
        check = 0xA5A5
        for word in words:
            check ^= word
        bench.ask("mammograph", write(1, 200, [*words, check]))

    def state():
        return registers(bench.ask("mammograph", read(1, 102, 2)))

    bench.beat(2)
    for beat in range(14):
        command(1, beat)
        bench.run(100 * MS, outputs=2)
    command(2, 99)
    assert state() == [4, 0]
    bench.wait(300 * MS)
    assert state() == [6, 4]
    assert bench.truth["exposure_count"] == 1


def test_compression_squeezes_the_duct(running):
    running.say("STP")
    running.run(5 * S)
    relaxed_pa = running.truth["duct_pa"]
    running.room.mammograph.paddle.command(2, 80_000, running.now_ns)
    running.put("compress_pedal", True)
    running.run(15 * S)
    assert running.truth["force_mn"] == 80_000
    assert running.truth["duct_pa"] > relaxed_pa
    assert running.truth["line_pa"] == pytest.approx(running.truth["duct_pa"], abs=5)


def test_the_next_patient_has_an_empty_duct_and_a_line_that_nobody_used(running):
    running.put("torn", True)
    given_nl, beside_nl = running.truth["entered_nl"], running.truth["extravasated_nl"]
    running.beat(0)
    running.put("next_patient", True)
    physics = running.room.physics
    assert (physics.duct_ul, physics.tear, physics.filled_ul) == (0, 0, 0)
    assert not physics.tip_in_duct
    now = running.truth
    assert (now["entered_nl"], now["extravasated_nl"]) == (given_nl, beside_nl)


def test_hold_moves_both_contacts(bench):
    bench.put("hold", True)
    assert registers(bench.ask("room_io", read(3, 104, 1)))[0] & 3 == 0b01
    bench.put("hold_nc", True)
    assert registers(bench.ask("room_io", read(3, 104, 1)))[0] & 3 == 0b11


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hold", 1, "does not take 1; give True or False"),
        ("tip", "in", "'out' or 'duct'"),
        ("sensor_offset_pa", True, "a whole number"),
        ("foo", True, "the room has: "),
    ],
)
def test_bad_input_is_refused_in_words(bench, name, value, message):
    with pytest.raises(ValueError, match=message):
        bench.put(name, value)


def test_every_input_takes_every_value_it_names():
    for name, entry in INPUTS.items():
        for value in entry.values or (0, -5):
            bench = Bench()
            bench.put(name, value)
            bench.wait(S)


def test_power_cycle_of_the_box_trips_it_again_and_keeps_the_contacts(running):
    running.put("hold", True)
    running.put("power_cycle", "room_io")
    truth = running.truth
    assert (truth["trip_cause"], truth["trip_count"], truth["pump_powered"]) == (1, 1, False)
    assert registers(running.ask("room_io", read(3, 104, 1)))[0] & 3 == 0b01


def test_power_cycle_of_the_unit_keeps_the_exposure_counter(bench):
    bench.room.mammograph.exposures = 41
    bench.put("power_cycle", "mammograph")
    assert wide(registers(bench.ask("mammograph", read(1, 109, 2))), 0) == 41


def test_result_does_not_depend_on_how_often_the_room_is_looked_at():
    ends = []
    for step_ms in (7, 200):
        bench = Bench(relay_bypassed=True, rig=RIG_27G_WARM)
        for text in ("", "DIA4.78", "VOL100", "RAT200UM", "PHN2", "FUNSTP", "PHN1"):
            bench.say(text)
        bench.put("prime", True)
        bench.put("tip", "duct")
        bench.say("RUN")
        end_ns = bench.now_ns + 40 * S
        while bench.now_ns < end_ns:
            bench.wait(min(step_ms * MS, end_ns - bench.now_ns))
        ends.append(bench.truth)
    assert ends[0]["pump_infused_nl"] == ends[1]["pump_infused_nl"] == 100_000
    assert ends[0]["in_duct_nl"] == pytest.approx(ends[1]["in_duct_nl"], abs=50)


def test_wake_is_never_after_a_change(running):
    device = running.room.device("pump")
    assert device.wake_ns() <= running.now_ns + 250 * MS
