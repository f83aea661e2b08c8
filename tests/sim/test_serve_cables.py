"""Pump and box in a server each, joined by cables: one room, whichever of them stands still.

Both servers live in this process on one clock moved by hand; a stopped process is one
that gets no passes while time goes on. The same with real processes: ``tests/real``.
"""

import os
import socket

import pytest

from sim.serve.addresses import UsageError
from sim.serve.far import NOT_HEARD
from tests.sim.serving import Bench, HandClock
from tests.sim.wire import MS, S, write

RATE_NL_S = 10_000
"""600 uL/min."""
STEP_NL = 6
SETTINGS = b"DIA4.78 VOLUL VOL500 RAT600UM TRGSP PHN2 FUNSTP PHN1"


class Pair:
    """Two processes of one room."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = HandClock()
        self.running = []
        self.nonce = 0
        self.beats = True

    def start(self, side):
        cables = ("--cables", str(self.folder / "cables"))
        bench = Bench(self.folder, "--only", side, *cables, clock=self.clock)
        self.running.append(bench)
        if side == "pump":
            self.pump, self.line = bench, bench.line()
        else:
            self.box, self.unit = bench, bench.connect("modbus")
        return bench

    def stop(self, bench):
        """SIGSTOP."""
        self.running.remove(bench)

    def go_on(self, bench):
        """SIGCONT."""
        self.running.append(bench)
        bench.server.continued()
        self.settle()

    def settle(self):
        for _ in range(3):  # word, answer, and what follows from it
            for bench in self.running:
                bench.settle()

    def after(self, span_ns):
        """Time goes on for both; the controller's heartbeat reaches a box that runs."""
        end_ns = self.clock.at_ns + span_ns
        while self.clock.at_ns < end_ns:
            wakes = [bench.server.wake_ns() for bench in self.running]
            step_ns = min(end_ns, self.clock.at_ns + 50 * MS)
            self.clock.at_ns = max(self.clock.at_ns, min(wakes + [step_ns]))
            if self.clock.at_ns == step_ns and self.beats and self.box in self.running:
                self.beat()
            self.settle()

    def beat(self, outputs=1, reclose=0):
        self.nonce += 1
        self.unit.sendall(write(3, 200, [0, 7, self.nonce, outputs, outputs ^ 0xFFFF, reclose]))
        self.box.turn(5)

    def say(self, data):
        self.pump.say(self.line, data)
        self.after(10 * MS)
        return self.pump.hear(self.line)

    @property
    def truth(self):
        return self.box.control(truth=True)["truth"]

    def close(self):
        for bench in {self.pump, self.box}:
            bench.close()


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    made.start("pump")
    made.start("modbus")
    made.after(100 * MS)
    yield made
    made.close()


@pytest.fixture
def powered(pair):
    """The box has closed its relay, the pump has booted and is set up."""
    pair.beat(reclose=1)
    pair.after(S)
    assert pair.say(b"\r") == b"\x0200A?R\x03"
    for text in SETTINGS.split():
        assert pair.say(text + b"\r") == b"\x0200S\x03"
    return pair


@pytest.fixture
def running(powered):
    powered.box.put("prime", True)
    powered.box.put("tip", "duct")
    assert powered.say(b"RUN\r") == b"\x0200I\x03"
    return powered


def plunger_nl(pair):
    return pair.truth["plunger_nl"]


def test_no_power_before_the_box_says_so_and_then_it_has(pair):
    assert pair.say(b"\r") == b""
    assert pair.pump.control(truth=True)["truth"]["joined"]
    assert not pair.truth["pump_powered"]
    pair.beat(reclose=1)
    pair.after(S)
    assert pair.truth["pump_powered"]
    assert pair.say(b"\r") == b"\x0200A?R\x03"


def test_either_may_start_first(tmp_path):
    pair = Pair(tmp_path)
    pair.start("modbus")
    pair.start("pump")
    pair.after(100 * MS)
    assert pair.truth["joined"]
    pair.close()


def test_the_plunger_moves_in_the_physics_of_the_other_process(running):
    running.after(5 * S)
    truth = running.truth
    assert truth["plunger_nl"] == pytest.approx(5 * RATE_NL_S, rel=0.02)
    assert truth["entered_nl"] == pytest.approx(truth["plunger_nl"], rel=0.15)
    assert truth["motor_on"]
    infused_nl = running.pump.control(truth=True)["truth"]["pump_infused_nl"]
    assert truth["pump_infused_nl"] == infused_nl
    assert running.box.room.room_io.contact("motor_pin")


def test_a_volume_ends_exactly_where_the_pump_ended_it(running):
    running.after(60 * S)
    truth = running.truth
    assert truth["motor_on"] is False
    assert truth["plunger_nl"] == pytest.approx(500_000, abs=STEP_NL)
    assert truth["pump_status"] == running.pump.room.pump.model.status


def test_a_trip_of_the_box_stops_the_pump_in_the_other_process(running):
    running.after(S)
    running.beats = False
    running.after(S)
    assert running.pump.room.pump.model.status == "P"
    # 250 ms of watchdog after the last beat
    assert plunger_nl(running) == pytest.approx(1.25 * RATE_NL_S, abs=50 * RATE_NL_S // 1000)
    running.after(S)
    assert not running.pump.room.pump.model.powered
    assert running.truth["trip_cause"] == 2


# --- the pump's process stands still ----------------------------------------------------------


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_stopped_pump_keeps_its_last_speed_until_its_power_is_cut(running):
    running.pump.say(running.line, b"SAF2\r")
    running.stop(running.pump)
    before_nl = plunger_nl(running)
    running.after(3 * S)
    assert running.truth["motor_on"]  # Safe mode is the pump's own, and it hangs
    running.beat(outputs=0)  # the permit is withdrawn: TTL stop, and 200 ms later power
    running.after(150 * MS)
    truth = running.truth
    assert (truth["motor_on"], truth["stage"]) == (True, 1)
    running.after(5 * S)
    cut = running.truth
    assert (cut["motor_on"], cut["stage"], cut["trip_cause"]) == (False, 2, 5)
    ran_nl = cut["plunger_nl"] - before_nl
    assert ran_nl == pytest.approx(3_200 * RATE_NL_S // 1_000, abs=2 * STEP_NL)
    # continued: the cut is replayed at its instant, nothing has moved since
    running.go_on(running.pump)
    model = running.pump.room.pump.model
    assert (model.powered, model.stopped_by) == (False, "power")
    assert running.truth["plunger_nl"] == cut["plunger_nl"]
    assert model.steps() == pytest.approx(running.box.room.pump.model.steps(), abs=2)


def test_a_stopped_pump_runs_past_its_volume_and_ends_it_when_it_goes_on(powered):
    assert powered.say(b"VOL5\r") == b"\x0200S\x03"
    assert powered.say(b"RUN\r") == b"\x0200I\x03"
    powered.stop(powered.pump)
    powered.after(2 * S)
    assert powered.truth["motor_on"]
    powered.go_on(powered.pump)
    powered.after(10 * MS)
    truth = powered.truth
    assert (truth["motor_on"], truth["pump_status"]) == (False, "S")
    assert truth["plunger_nl"] == pytest.approx(2 * RATE_NL_S, rel=0.02)


def test_a_late_pump_is_not_a_stopped_one(powered):
    assert powered.say(b"VOL5\r") == b"\x0200S\x03"
    assert powered.say(b"RUN\r") == b"\x0200I\x03"
    powered.stop(powered.pump)
    powered.after(580 * MS)  # its volume ends after 500 ms, and it has no pass in which to say so
    assert plunger_nl(powered) == pytest.approx(5_000, abs=STEP_NL)
    powered.running.append(powered.pump)
    powered.settle()
    truth = powered.truth
    assert (truth["motor_on"], truth["pump_status"]) == (False, "S")
    assert truth["plunger_nl"] == pytest.approx(5_000, abs=STEP_NL)


def test_a_stopped_pump_that_goes_on_moves_to_now_and_then_reads(running):
    running.stop(running.pump)
    os.write(running.line, b"STP\r")
    running.after(2 * S)
    assert running.truth["motor_on"]
    running.running.append(running.pump)
    running.pump.server.continued()
    running.after(20 * MS)
    assert running.pump.hear(running.line) == b"\x0200P\x03"
    assert not running.truth["motor_on"]
    assert plunger_nl(running) == pytest.approx(2 * RATE_NL_S, rel=0.05)


def test_power_that_came_back_meanwhile_makes_a_pump_that_has_booted(running):
    running.stop(running.pump)
    running.after(S)
    running.beat(outputs=0)
    running.after(2 * S)
    running.beat(reclose=running.truth["trip_count"])
    running.after(2 * S)
    stood_nl = plunger_nl(running)
    running.go_on(running.pump)
    model = running.pump.room.pump.model
    assert (model.powered, model.alarm, model.hung) == (True, "R", False)
    running.after(20 * MS)
    assert running.truth["pump_powered"]
    assert plunger_nl(running) == stood_nl
    assert running.say(b"\r") == b"\x0200A?R\x03"


# --- the process of the box stands still ------------------------------------------------------


def test_a_stopped_box_keeps_its_outputs_and_trips_when_it_goes_on(running):
    running.after(S)
    running.stop(running.box)
    running.after(3 * S)
    assert running.pump.room.pump.model.motor_on  # no watchdog, no trip
    moved_nl = running.pump.room.pump.model.infused_nl
    running.beats = False
    running.go_on(running.box)
    truth = running.truth
    assert truth["plunger_nl"] == pytest.approx(moved_nl, abs=2 * STEP_NL)
    assert (truth["trip_cause"], truth["stage"]) == (2, 1)
    assert running.pump.room.pump.model.status == "P"
    assert running.pump.room.pump.model.infused_nl == moved_nl
    running.after(S)
    assert running.truth["stage"] == 2


def test_what_the_pump_did_meanwhile_happens_in_the_box_in_order(running):
    running.after(S)
    running.stop(running.box)
    running.after(S)
    running.say(b"STP\r")
    stopped_nl = running.pump.room.pump.model.infused_nl
    running.after(2 * S)
    running.beats = False
    running.go_on(running.box)
    assert plunger_nl(running) == pytest.approx(stopped_nl, abs=2 * STEP_NL)
    off = [event for event in running.box.control(events=True)["events"] if event[1] == "motor-off"]
    assert off[-1][2] == "command"
    assert off[-1][0] == pytest.approx(running.clock.at_ns - 2 * S, abs=20 * MS)


# --- ends -------------------------------------------------------------------------------------


def test_a_pump_whose_process_ended_stands_and_a_new_one_joins(running):
    running.after(S)
    running.stop(running.pump)
    running.pump.close()
    running.after(100 * MS)
    truth = running.truth
    assert (truth["motor_on"], truth["pump_powered"], truth["joined"]) == (False, False, False)
    before_nl = truth["plunger_nl"]
    running.start("pump")
    running.after(S)
    truth = running.truth
    assert (truth["joined"], truth["pump_powered"]) == (True, True)
    assert truth["plunger_nl"] == before_nl
    assert running.say(b"\r") == b"\x0200A?R\x03"
    running.say(b"DIA4.78\r")
    running.say(b"VOL0\r")
    running.say(b"RAT600UM\r")
    running.say(b"RUN\r")
    running.after(S)
    assert plunger_nl(running) - before_nl == pytest.approx(RATE_NL_S, rel=0.05)


def test_a_box_whose_process_ended_has_opened_its_relay_and_a_new_one_joins(running):
    running.after(S)
    running.stop(running.box)
    running.box.close()
    running.after(20 * MS)
    assert not running.pump.room.pump.model.powered
    assert not running.pump.control(truth=True)["truth"]["joined"]
    running.start("modbus")
    running.after(200 * MS)
    assert running.truth["joined"]
    assert not running.truth["pump_powered"]  # tripped at power-up
    running.beat(reclose=1)
    running.after(S)
    assert running.truth["pump_powered"]


def test_a_box_that_ended_without_a_last_word_has_opened_its_relay(running):
    running.stop(running.box)
    running.box.server._coupling._cable._drop()  # as SIGKILL does
    running.settle()
    assert not running.pump.room.pump.model.powered


def test_a_word_from_before_the_cut_moves_nothing(running):
    far = running.box.room.pump
    running.after(S)
    motion = running.pump.room.pump.model.motion()
    cuts = far.levels.cuts
    running.box.put("emergency_stop", True)
    before = far.model.steps()
    far.hear(motion, cuts, running.clock.at_ns)
    far.hear(motion, NOT_HEARD, running.clock.at_ns)
    running.after(S)
    assert (far.model.motor_on, far.model.steps()) == (False, before)


def test_a_second_pump_is_hung_up_on_and_the_first_stays(running):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second:
        second.connect(str(running.folder / "cables"))
        running.settle()
        assert second.recv(1) == b""
    running.after(S)
    assert running.truth["motor_on"]


def test_a_box_that_stood_for_long_is_told_everything_when_it_goes_on(running):
    running.stop(running.box)
    ends = running.pump.server._coupling
    for _ in range(2_000):
        ends._forget()  # says the same again
        ends.say()
    assert ends._cable._peer.unsent  # the kernel takes no more
    running.say(b"STP\r")
    running.beats = False
    running.go_on(running.box)
    assert running.pump.server._selector.select(0), "nothing wakes who has more to say"
    for _ in range(20):  # neither waits for anything but the other
        running.settle()
    assert not ends._cable._peer.unsent
    assert running.box.server._patience_s() != 0
    truth = running.truth
    assert (truth["joined"], truth["motor_on"]) == (True, False)


# --- hands ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "name", "value", "words"),
    [
        ("pump", "hold", True, "is unknown; the room has: "),
        ("pump", "freeze", "room_io", "acts on the Modbus side"),
        ("modbus", "keypad_start", True, "is unknown; the room has: "),
        ("modbus", "power_cycle", "pump", "acts on the pump's side"),
    ],
)
def test_what_acts_in_the_other_process_is_refused(pair, side, name, value, words):
    bench = pair.pump if side == "pump" else pair.box
    assert words in bench.control(set={name: value})["error"]


def test_hands_on_the_pump_show_in_the_box(running):
    running.pump.put("keypad_stop", True)
    running.settle()
    assert not running.truth["motor_on"]
    running.pump.put("freeze", "pump")
    running.pump.put("thaw", "pump")
    running.pump.put("pump_mains", False)
    running.settle()
    assert not running.truth["pump_powered"]


def test_a_frozen_pump_runs_past_its_volume_in_the_box_too(powered):
    powered.say(b"VOL5\r")
    powered.say(b"RUN\r")
    powered.pump.put("freeze", "pump")
    powered.after(2 * S)
    assert plunger_nl(powered) == pytest.approx(2 * RATE_NL_S, rel=0.02)


# --- usage ------------------------------------------------------------------------------------


def refuses(folder, words, *arguments):
    with pytest.raises(UsageError, match=words):
        Bench(folder, *arguments)


def test_cables_need_a_side_and_a_place(tmp_path):
    taken = tmp_path / "file"
    taken.write_text("kept")
    refuses(tmp_path, "give --only pump or --only modbus", "--cables", str(tmp_path / "c"))
    only = ("--only", "modbus", "--cables")
    refuses(tmp_path, "is no socket", *only, str(taken))
    refuses(tmp_path, "longer than 107 bytes", *only, "x" * 108)
    assert taken.read_text() == "kept"


def test_a_socket_left_behind_is_taken_over_and_a_live_one_is_not(tmp_path):
    path = tmp_path / "c"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))
    only = ("--only", "modbus", "--cables", str(path))
    bench = Bench(tmp_path, *only)
    refuses(tmp_path, "held by another process", *only)
    bench.close()
    assert not path.exists()
