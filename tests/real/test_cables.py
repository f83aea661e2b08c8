"""Pump and box as processes of their own, joined by cables: either is stopped or killed alone.

The controller's part is played here, by bytes: heartbeats for the box, commands for the pump.
"""

import os
import select
import signal
import socket
import tty

import pytest

from sim import processes
from sim.client import connect, hang_up
from sim.site.site import now_ns
from tests.sim.wire import write

TRIP_HEARTBEAT_LOST, TRIP_NOT_OBEYED = 2, 5
SOON_S = 10
BEAT_S = 0.02
TRIES = 10
"""A loaded machine may miss a heartbeat while the pump is set up."""
RATE_NL_S = 2_000
SETTINGS = b"TRGSP DIA4.78 VOLUL VOL0 RAT120UM PHN2 FUNSTP PHN1"
OK, INFUSES = b"\x0200S\x03", b"\x0200I\x03"


class Split:
    """Two processes, their control ports, and the wires that a controller has."""

    def __init__(self, folder):
        self.folder = folder
        self.nonce = 0
        self.processes, self.lines = [], []
        self.pump, self.keypad, _ = self._serve("pump")
        self.box, self.room, first = self._serve("modbus")
        host, port = first["modbus"].rsplit(":", 1)
        self.unit = socket.create_connection((host, int(port)), SOON_S)
        self.line = os.open(folder / "pump", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.line)

    def _serve(self, side):
        command = processes.serve("--only", side, "--cables", "cables", "--baud", "0")
        process = processes.start(self.folder, side, command, pipe=True)
        self.processes.append(process)
        first = processes.first_line(process, self.folder / f"{side}.log")
        self.lines.append(connect(first["control"], f"the {side} side"))
        return process, self.lines[-1], first

    def truth(self):
        return self.room.ask({"truth": True})["truth"]

    def pump_truth(self):
        return self.keypad.ask({"truth": True})["truth"]

    def beat(self, reclose=0):
        self.nonce += 1
        words = [0, 7, self.nonce & 0xFFFF, 1, 0xFFFE, reclose]
        self.unit.sendall(write(3, 200, words))
        assert len(self.unit.recv(12, socket.MSG_WAITALL)) == 12

    def ask(self, text):
        """One answer of the pump, under heartbeats; b"" when there is none for a second."""
        os.write(self.line, text + b"\r")
        answer, end_ns = b"", now_ns() + 10**9
        while not answer.endswith(b"\x03") and now_ns() < end_ns:
            self.beat()
            if select.select([self.line], [], [], BEAT_S)[0]:
                answer += os.read(self.line, 100)
        return answer

    def run_motor(self):
        """Power for the pump, its settings, and RUN."""
        for _ in range(TRIES):
            self.beat(reclose=self.truth()["trip_count"])
            self.ask(b"")  # while it boots, or its reset alarm
            self.ask(b"")
            answers = [self.ask(text) for text in SETTINGS.split()]
            if answers == [OK] * len(answers) and self.ask(b"RUN") == INFUSES:
                return
        raise AssertionError(f"the pump does not run: {self.truth()}, {answers}")

    @staticmethod
    def watch(ask, done):
        """Ask until the truth satisfies ``done``."""
        end_ns = now_ns() + SOON_S * 10**9
        while not done(truth := ask()):
            assert now_ns() < end_ns, truth
            select.select([], [], [], BEAT_S)
        return truth

    def close(self):
        os.close(self.line)
        self.unit.close()
        hang_up(*self.lines)
        for process in self.processes:
            processes.end(process)


@pytest.fixture
def split(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Split(tmp_path)
    made.watch(made.truth, lambda truth: truth["joined"])
    made.run_motor()
    yield made
    made.close()


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_pump_whose_process_is_stopped_runs_until_the_box_cuts_its_power(split):
    split.pump.send_signal(signal.SIGSTOP)  # and no heartbeat from here on
    before = split.truth()
    cut = split.watch(split.truth, lambda truth: not truth["pump_powered"])
    assert not cut["motor_on"]
    assert cut["trip_cause"] == TRIP_NOT_OBEYED
    assert cut["plunger_nl"] > before["plunger_nl"]
    events = split.room.ask({"events": True})["events"]
    off_ns, name, by, _ = events[-1]
    assert (name, by) == ("motor-off", "power")
    split.watch(split.truth, lambda truth: truth["now_ns"] > off_ns + 500_000_000)
    split.pump.send_signal(signal.SIGCONT)
    assert not split.pump_truth()["pump_powered"]  # the cut comes before any question
    after = split.truth()
    assert (after["plunger_nl"], after["motor_on"]) == (cut["plunger_nl"], False)
    own = split.keypad.ask({"events": True})["events"][-2]
    assert own[:3] == [off_ns, "motor-off", "power"]  # at the same instant in both processes


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_box_whose_process_is_stopped_keeps_its_outputs_and_trips_when_it_goes_on(split):
    split.box.send_signal(signal.SIGSTOP)
    began_ns = split.pump_truth()["now_ns"]
    hung = split.watch(split.pump_truth, lambda truth: truth["now_ns"] > began_ns + 700_000_000)
    assert (hung["motor_on"], hung["pump_powered"]) == (True, True)
    split.box.send_signal(signal.SIGCONT)
    after = split.truth()
    assert after["trip_cause"] in (TRIP_HEARTBEAT_LOST, TRIP_NOT_OBEYED)
    stood = split.watch(split.pump_truth, lambda truth: not truth["motor_on"])
    assert stood["pump_status"] in "PS"
    assert after["plunger_nl"] >= 7 * RATE_NL_S // 10  # what the pump did meanwhile is in it


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_killed_pump_stands(split):
    split.pump.kill()
    truth = split.watch(split.truth, lambda truth: not truth["joined"])
    assert (truth["motor_on"], truth["pump_powered"]) == (False, False)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_killed_box_has_opened_its_relay(split):
    split.box.kill()
    truth = split.watch(split.pump_truth, lambda truth: not truth["joined"])
    assert (truth["motor_on"], truth["pump_powered"]) == (False, False)
