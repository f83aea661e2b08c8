"""The search: what is found, what a silence may mean, the room file that comes of it."""

import argparse
import errno

import pytest

from config.load import load_room
from controller.bench import explain, probe, search
from controller.bench.search import PortFound, search_ports, search_units
from controller.bench.skeleton import room_file
from controller.bench.sought import PumpFound, UnitFound
from controller.clock import RealClock
from controller.doctor.finding import Level
from drivers.modbus_session import Kind
from drivers.new_era.codec import encode_safe
from drivers.ports import PortState, serial_ports
from drivers.registry import known_names
from sim.devices.new_era_framing import safe_frame
from tests.controller.doctor_parts import AnsweringPort
from tests.controller.test_doctor_devices import device

PORT = "/dev/pump"


def pump(data, version=b"00SNE1000V3.923", saf=b"00S1"):
    """Answers `VER` and `SAF`; nothing to anything else."""
    return {encode_safe(b"0VER"): safe_frame(version), encode_safe(b"0SAF"): safe_frame(saf)}.get(
        data, b""
    )


@pytest.fixture
def lines(monkeypatch):
    """Ports by speed: what answers there."""
    answers: dict = {}
    opened: list = []

    def port(path, baud):
        answer, error, state = answers.get(baud, (lambda _: b"", None, PortState.MISSING))
        opened.append((path, baud, made := AnsweringPort(path, answer, error, state)))
        return made

    monkeypatch.setattr(search, "SerialPort", port)
    monkeypatch.setattr(search, "SPAN_NS", dict.fromkeys(search.BAUDS, 10**9))
    return answers, opened


def searched(lines, bauds=(19200, 9600), **answers):
    lines[0].update({int(name[1:]): answer for name, answer in answers.items()})
    said: list[str] = []
    (found,) = search_ports([(PORT, "USB adapter")], [0], RealClock(), said.append, bauds)
    return found, said


def test_a_pump_is_found_at_the_speed_it_has(lines):
    found, said = searched(lines, b9600=(pump, None, None))
    assert found.pump == PumpFound(PORT, 9600, 0, "NE1000 V3.923", "", 1, heard=found.pump.heard)
    assert [baud for _, baud, _ in lines[1]] == [19200, 9600]
    assert said == [
        "1 ports at 19200 baud, pump address 0",
        "1 ports at 9600 baud, pump address 0",
    ]
    finding = explain.port_finding(found)
    assert finding.level is Level.OK
    assert "9600 baud" in finding.value
    assert "Safe mode 1 s" in finding.value


def test_nothing_but_questions_is_said(lines):
    searched(lines, b19200=(pump, None, None))
    ((_, _, port),) = lines[1]
    assert port.heard == [encode_safe(b"0VER"), encode_safe(b"0SAF")]


@pytest.mark.parametrize(
    ("answer", "words", "todo"),
    [
        (lambda _: b"", "not one byte at 9600, 19200 baud", "power"),
        (lambda data: data, "our own bytes come back", "To Computer"),
        (lambda _: b"\xf0\x0f\x83", "f0 0f 83", "another device"),
    ],
)
def test_a_silence_is_explained(lines, answer, words, todo):
    found, _ = searched(lines, b19200=(answer, None, None), b9600=(answer, None, None))
    finding = explain.port_finding(found)
    assert finding.level is Level.WARNING
    assert words in finding.value
    assert todo in finding.what_to_do


def test_a_port_that_cannot_be_opened_is_not_tried_at_every_speed(lines):
    error = PermissionError(errno.EACCES, "denied")
    found, _ = searched(lines, b19200=(None, error, PortState.NO_PERMISSION))
    assert len(lines[1]) == 1
    finding = explain.port_finding(found)
    assert finding.level is Level.WRONG
    assert finding.what_to_do == f"{PORT} denied: mend it"


def test_a_pump_that_would_be_refused_says_why(lines):
    def old(data):
        return pump(data, version=b"00SNE1000V2.10")

    found, _ = searched(lines, b19200=(old, None, None))
    finding = explain.port_finding(found)
    assert finding.level is Level.WRONG
    assert "V3 or newer" in finding.what_to_do


def units(monkeypatch, devices):
    """Devices by unit id on one address."""
    waiting = list(devices)
    monkeypatch.setattr(
        search, "TcpPort", lambda host, port: AnsweringPort(f"{host}:{port}", waiting.pop(0))
    )
    ids = range(1, len(devices) + 1)
    return search_units([("192.0.2.1", 502)], list(ids), RealClock(), lambda _: None)


def test_devices_are_told_apart(monkeypatch):
    found = units(
        monkeypatch,
        [device(kind).answer for kind in (Kind.MAMMOGRAPH, Kind.PRESSURE_SENSOR, Kind.ROOM_IO)],
    )
    assert [(unit.unit_id, unit.kind, unit.mode) for unit in found] == [
        (1, 1, 2),
        (2, 2, 2),
        (3, 3, 2),
    ]
    assert {row.level for row in explain.unit_findings(found)} == {Level.OK}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"signature": 1}, "another kind of device"),
        ({"kind": 9}, "device kind 9"),
        ({"map": 2}, "register map version 2"),
        ({"mode": 7}, "mode 7"),
    ],
)
def test_a_device_that_cannot_be_used_says_what_it_is(monkeypatch, changes, words):
    (unit,) = units(monkeypatch, [device(Kind.MAMMOGRAPH, **changes).answer])
    assert unit.kind == 0
    (finding,) = explain.unit_findings([unit])
    assert finding.level is Level.WARNING
    assert words in finding.value


def test_unit_ids_without_a_device_are_one_line():
    found = [UnitFound("192.0.2.1:502", n, words="silent; look at it") for n in (4, 5)]
    (finding,) = explain.unit_findings(found)
    assert finding.value == "192.0.2.1:502 unit id 4, 5: silent"
    assert finding.what_to_do == "look at it"


def test_the_room_file_that_comes_of_it_can_be_loaded(tmp_path):
    ports = [PortFound(PORT, "", tried=(PumpFound(PORT, 9600, 3, "NE1000 V3.923"),))]
    found = [UnitFound(f"127.0.0.1:{1500 + n}", n, kind=n, mode=1) for n in (1, 2, 3)]
    file = tmp_path / "room.toml"
    file.write_text(room_file(ports, found))
    room = load_room(str(file), known_names()).room
    assert (room.pump.port, room.pump.baud, room.pump.address) == (PORT, 9600, 3)
    assert room.pump.model == "NE1000"
    assert (room.room_io.host, room.room_io.port, room.room_io.unit_id) == ("127.0.0.1", 1503, 3)
    assert room.room.mode == "simulated"


def test_nothing_found_leaves_the_template_as_it_is():
    silent = [UnitFound("127.0.0.1:1500", 1, words="silent")]
    assert room_file([PortFound(PORT, "")], silent) == room_file([], [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--units", "0"], "whole numbers from 1 to 247"),
        (["--addresses", "100"], "whole numbers from 0 to 99"),
        (["--modbus", "127.0.0.1:70000"], "a port is 1 to 65535"),
    ],
)
def test_wrong_words_are_refused(words, said, capsys):
    parser = argparse.ArgumentParser()
    probe.add_arguments(parser)
    assert probe.run(parser.parse_args(["--port", PORT, *words])) == probe.USAGE
    assert said in capsys.readouterr().err


def test_a_file_is_never_written_over(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    probe.add_arguments(parser)
    file = tmp_path / "room.toml"
    file.write_text("mine")
    assert probe.run(parser.parse_args(["--port", PORT, "--out", str(file)])) == probe.USAGE
    assert file.read_text() == "mine"
    assert "name another file" in capsys.readouterr().err


def test_ports_of_this_computer_have_a_name_that_stays(tmp_path, mocker):
    tty = tmp_path / "ttyUSB0"
    tty.touch()
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    (by_id / "usb-ACME_1234-if00").symlink_to(tty)
    listed = mocker.patch("drivers.ports.list_ports.comports")
    adapter = mocker.Mock(device=str(tty), description="ACME serial", hwid="USB VID:PID=1:2")
    bare = mocker.Mock(device="/dev/ttyS0", description="n/a", hwid="n/a")
    listed.return_value = [adapter]
    assert serial_ports(by_id) == [(str(by_id / "usb-ACME_1234-if00"), "ACME serial")]
    listed.return_value = [bare]
    assert serial_ports(by_id) == []
