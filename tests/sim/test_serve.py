"""The server as a process: pty, Modbus TCP and control port, with bounded waits."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from sim.serve import UsageError, host_port
from tests.sim.wire import read, registers, write

PATIENCE_S = 10
ROOT = Path(__file__).resolve().parents[2]


class Served:
    """One server process and its ends."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim.serve", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out = self.process.stdout
        assert out is not None
        self._wait(out.fileno())
        self.first = json.loads(out.readline())
        self.open = []

    def _wait(self, fd):
        with selectors.DefaultSelector() as selector:
            selector.register(fd, selectors.EVENT_READ)
            assert selector.select(PATIENCE_S), "the server said nothing"

    def line(self, speed=termios.B19200):
        fd = os.open(self.first["pump"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        attributes = termios.tcgetattr(fd)
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
        self.open.append(lambda: os.close(fd))
        return fd

    def ask_line(self, fd, data, size):
        os.write(fd, data)
        answer = b""
        while len(answer) < size:
            self._wait(fd)
            answer += os.read(fd, 100)
        return answer

    def connect(self, name):
        host, port = self.first[name].rsplit(":", 1)
        sock = socket.create_connection((host, int(port)), PATIENCE_S)
        self.open.append(sock.close)
        return sock

    def control(self, **wish):
        sock = self.connect("control")
        sock.sendall(json.dumps(wish).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += sock.recv(65536)
        return json.loads(answer)

    def close(self):
        for close in self.open:
            close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        assert errors == b""
        return self.process.returncode


@pytest.fixture
def serve():
    running = []

    def start(*arguments):
        running.append(Served(*arguments))
        return running[-1]

    yield start
    for served in running:
        served.close()


@pytest.fixture
def room(serve, tmp_path):
    link = str(tmp_path / "pump")
    return serve("--pump-link", link, "--modbus", "127.0.0.1:0", "--control", "127.0.0.1:0")


def ask(sock, data):
    sock.sendall(data)
    head = sock.recv(6, socket.MSG_WAITALL)
    return head + sock.recv(int.from_bytes(head[4:6], "big"), socket.MSG_WAITALL) if head else b""


def reclose(sock):
    ask(sock, write(3, 200, [0, 7, 1, 1, 0xFFFE, 1]))


def test_three_units_pump_and_control_work_together(room):
    units = {unit: room.connect("modbus") for unit in (1, 2, 3)}
    for unit, sock in units.items():
        assert registers(ask(sock, read(unit, 0, 8)))[:2] == [0x4741, unit]
    reclose(units[3])
    assert room.control(truth=True)["truth"]["pump_powered"] is True
    assert room.control(set={"hold": True}) == {"set": True}
    assert registers(ask(units[3], read(3, 104, 1)))[0] & 3 == 0b01


def test_pump_without_the_box_in_pump_only_mode(serve, tmp_path):
    served = serve("--only", "pump", "--pump-link", str(tmp_path / "p"), "--control", "[]:0")
    assert served.first["modbus"] is None
    assert "no physics" in served.first["note"]
    fd = served.line()
    assert served.ask_line(fd, b"\r", 7) == b"\x0200A?R\x03"
    assert served.ask_line(fd, b"VER\r", 17) == b"\x0200SNE1000V3.923\x03"
    safe = bytes.fromhex("02 09 30 53 41 46 32 79 ef 03")
    assert served.ask_line(fd, safe, 8) == bytes.fromhex("02 07 30 30 53 aa a6 03")


def test_second_connection_to_a_bound_unit_is_closed_and_the_first_lives(room):
    first, second = room.connect("modbus"), room.connect("modbus")
    assert ask(first, read(2, 0, 8))
    assert ask(second, read(2, 0, 8)) == b""
    assert ask(first, read(2, 0, 8))
    first.close()
    for _ in range(100):
        third = room.connect("modbus")
        if answer := ask(third, read(2, 0, 8)):
            break
    assert registers(answer)[1] == 2


def test_power_cycle_closes_the_units_connection(room):
    sock = room.connect("modbus")
    assert ask(sock, read(1, 0, 8))
    assert room.control(set={"power_cycle": "mammograph"}) == {"set": True}
    assert sock.recv(1) == b""


def test_stream_that_is_not_modbus_is_closed(room):
    assert ask(room.connect("modbus"), b"GET / HTTP/1.1\r\n\r\n") == b""


def test_wrong_client_speed_gets_garbage(serve, tmp_path):
    served = serve("--only", "pump", "--pump-link", str(tmp_path / "p"), "--baud", "19200")
    wrong = served.line(termios.B9600)
    assert served.ask_line(wrong, b"VER\r", 2) != b"\x0200A?R\x03"
    right = served.line(termios.B19200)
    assert served.ask_line(right, b"\r", 7) == b"\x0200A?R\x03"


def test_frozen_server_is_a_pump_that_went_on(serve, tmp_path):
    served = serve("--only", "pump", "--pump-link", str(tmp_path / "p"), "--control", "127.0.0.1:0")
    fd = served.line()
    ok = b"\x0200S\x03"
    served.ask_line(fd, b"\r", 7)
    for text in (b"DIA4.78\r", b"VOL0\r", b"RAT900UM\r"):
        assert served.ask_line(fd, text, 5) == ok
    assert served.ask_line(fd, b"RUN\r", 5) == b"\x0200I\x03"
    served.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, served.process.pid, os.WSTOPPED | os.WNOWAIT)
    before_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    os.write(fd, b"STP\r")
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        assert selector.select(0.3) == []
    served.process.send_signal(signal.SIGCONT)
    assert served.ask_line(fd, b"", 5) == b"\x0200P\x03"
    frozen_s = time.clock_gettime(time.CLOCK_BOOTTIME) - before_s
    infused_nl = served.control(truth=True)["truth"]["pump_infused_nl"]
    # STP lay in the line while the process was stopped: the motor ran all that time.
    assert infused_nl >= 0.29 * 900_000 / 60
    assert infused_nl <= (frozen_s + 1) * 900_000 / 60


def test_terminate_removes_the_link_and_exits_clean(serve, tmp_path):
    link = tmp_path / "p"
    served = serve("--only", "pump", "--pump-link", str(link))
    assert link.is_symlink()
    assert served.close() == 0
    assert not link.is_symlink()


def test_restart_takes_over_a_link_left_behind(serve, tmp_path):
    link = tmp_path / "p"
    link.symlink_to("/dev/null")
    served = serve("--only", "pump", "--pump-link", str(link))
    assert os.readlink(link) != "/dev/null"
    assert served.ask_line(served.line(), b"\r", 7) == b"\x0200A?R\x03"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"set": {"foo": 1}}, "unknown"),
        ({"set": {"tip": "in"}}, "'out' or 'duct'"),
        ({"sit": 1}, "give set, truth, inputs, events, faults"),
    ],
)
def test_control_refuses_in_words(room, wish, words):
    assert words in room.control(**wish)["error"]


def test_control_lists_its_inputs(room):
    assert "emergency_stop" in room.control(inputs=True)["inputs"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --pump-link"),
        (("--pump-link", "x"), "give --modbus"),
        (("--only", "modbus", "--modbus", "nowhere"), "is not HOST:PORT"),
        (("--only", "pump", "--pump-link", str(ROOT / "pyproject.toml")), "is no symlink"),
    ],
)
def test_what_cannot_be_served_ends_with_2(arguments, words):
    done = subprocess.run(
        [sys.executable, "-m", "sim.serve", *arguments],
        cwd=ROOT,
        capture_output=True,
        timeout=PATIENCE_S,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_host_port():
    assert host_port("127.0.0.1:5020") == ("127.0.0.1", 5020)
    assert host_port(":0") == ("127.0.0.1", 0)
    with pytest.raises(UsageError):
        host_port("5020")
