"""Every device is asked who it is, and is not told anything."""

import errno
import socket
import struct
import threading

import pytest

from controller.clock import RealClock
from controller.doctor.devices import Asked, ask_all, devices_of, not_asked
from controller.doctor.finding import Level
from controller.doctor.running import nobody_else
from controller.doctor.talks import ASKED_MOST, PumpTalk, RegisterTalk
from controller.record.journal import Journal
from drivers.modbus_session import Kind
from drivers.new_era.codec import encode_basic, encode_safe
from drivers.ports import PortState, SerialPort, TcpPort
from sim.devices.new_era_framing import safe_frame
from tests.config.conftest import Site
from tests.controller.doctor_parts import AnsweringPort
from tests.drivers.register_device import RegisterDevice

BENCH = frozenset({2})
SPAN_NS = 2 * 10**9
VER = encode_safe(b"0VER")
IDENTITY = {Kind.MAMMOGRAPH: 1, Kind.PRESSURE_SENSOR: 2, Kind.ROOM_IO: 3}
STATUS_AT, INPUTS_AT = 100, 104
RELAY_CLOSED = 1 << 6


def device(made_kind, /, **changes):
    """A device in bench mode; ``changes`` are words of its identity block."""
    words = {"signature": 0x4741, "kind": IDENTITY[made_kind], "map": 1, "firmware": 0x0102}
    words |= {"serial_high": 0, "serial": 77, "mode": 2, "reserved": 0} | changes
    registers = dict(enumerate(words.values()))
    registers |= {STATUS_AT + offset: 0 for offset in range(16)}
    return RegisterDevice(IDENTITY[made_kind], registers)


def register_talk(kind):
    return RegisterTalk(kind, IDENTITY[kind], BENCH, "192.0.2.1:502")


def pump_talk():
    return PumpTalk(0, 19_200, "NE1000", "/dev/pump")


def silent(_data):
    return b""


def version(text="NE1000V3.923"):
    return lambda _data: safe_frame(b"00S" + text.encode())


def asked_one(port, talk):
    return ask_all([Asked(port, talk)], RealClock(), SPAN_NS)


def one(port, talk):
    (finding,) = asked_one(port, talk)
    return finding


# --- who answers ------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("kind", Kind)
def test_a_device_is_identified_by_reading_and_nothing_is_written(kind):
    made = device(kind)
    finding = one(AnsweringPort("line", made.answer), register_talk(kind))
    assert finding.level is Level.OK
    assert f"{kind.words} 77 firmware 1.2 bench" in finding.value
    assert {function for function, _, _ in made.asked} == {3}
    assert len(made.asked) == (2 if kind is Kind.ROOM_IO else 1)


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("change", "value", "todo"),
    [
        ({"kind": 9}, "device kind 9", "unit id"),
        ({"signature": 1}, "signature 0x0001", "unit id"),
        ({"map": 2}, "register map version 2 instead of 1", "firmware"),
        ({"mode": 3}, "clinical", "right mode"),
        ({"mode": 1}, "simulated", "right mode"),
    ],
)
def test_a_wrong_device_is_wrong(change, value, todo):
    made = device(Kind.ROOM_IO, **change)
    finding = one(AnsweringPort("line", made.answer), register_talk(Kind.ROOM_IO))
    assert finding.level is Level.WRONG
    assert value in finding.value
    assert "192.0.2.1:502" in finding.value
    assert "mode bench, unit id 3" in finding.allowed
    assert todo in finding.what_to_do
    assert {function for function, _, _ in made.asked} == {3}


def test_a_device_without_the_register_map_is_another_one():
    made = device(Kind.MAMMOGRAPH)
    made.exceptions[(3, 0)] = 2
    finding = one(AnsweringPort("line", made.answer), register_talk(Kind.MAMMOGRAPH))
    assert "has no identity block" in finding.value
    assert "correct the address" in finding.what_to_do


def test_a_silent_device_is_wrong_within_the_span():
    clock = RealClock()
    before_ns = clock.now_ns()
    finding = one(AnsweringPort("line", silent), register_talk(Kind.MAMMOGRAPH))
    assert finding.level is Level.WRONG
    assert "questions in a row failed" in finding.value
    assert "power and network" in finding.what_to_do
    assert clock.now_ns() - before_ns < SPAN_NS + 5 * 10**8


def test_a_device_that_hangs_up_says_so():
    listener = socket.create_server(("127.0.0.1", 0))
    host, number = listener.getsockname()

    def refuse():
        connection, _ = listener.accept()
        connection.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    finding = one(TcpPort(host, number), register_talk(Kind.MAMMOGRAPH))
    thread.join()
    listener.close()
    assert finding.level is Level.WRONG
    assert "was lost" in finding.value + finding.what_to_do
    assert finding.what_to_do


# --- the pump ---------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_the_pump_is_asked_its_version_and_nothing_else():
    port = AnsweringPort("line", version())
    finding = one(port, pump_talk())
    assert finding.level is Level.OK
    assert "NE1000 V3.923 at /dev/pump, 19200 baud" in finding.value
    assert port.heard == [VER]


def test_a_pump_that_answers_an_alarm_first_is_asked_again():
    answers = [safe_frame(b"00A?R"), safe_frame(b"00SNE1000V3.923")]
    port = AnsweringPort("line", lambda _data: answers.pop(0))
    assert one(port, pump_talk()).level is Level.OK
    assert port.heard == [VER, VER]


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (version("NE500V3.923"), "the room expects a NE1000"),
        (version("NE1000V2.11"), "V3 or newer"),
        (lambda data: data, "'To Computer'"),
    ],
)
def test_a_wrong_pump_is_wrong(answer, says):
    port = AnsweringPort("line", answer)
    finding = one(port, pump_talk())
    assert finding.level is Level.WRONG
    assert says in finding.what_to_do
    assert "/dev/pump" in finding.value
    assert "NE1000 with firmware V3 or newer, address 0" in finding.allowed
    assert set(port.heard) == {VER}


@pytest.mark.parametrize(
    ("answer", "says"),
    [(silent, "no answer"), (lambda _data: safe_frame(b"00A?R"), "alarms, but no version")],
)
def test_a_pump_without_a_version_is_asked_a_bounded_number_of_times(answer, says):
    port = AnsweringPort("line", answer)
    finding = one(port, pump_talk())
    assert finding.level is Level.WRONG
    assert says in finding.value
    assert "address and baud" in finding.what_to_do
    assert port.heard == [VER] * ASKED_MOST
    assert encode_basic(b"0VER") not in port.heard


@pytest.mark.parametrize(
    ("relay", "pump", "level"),
    [
        (0, silent, Level.WARNING),
        (RELAY_CLOSED, silent, Level.WRONG),
        (0, version("NE500V3.923"), Level.WRONG),
    ],
)
def test_a_silent_pump_behind_an_open_relay_is_only_a_warning(relay, pump, level):
    box = device(Kind.ROOM_IO)
    box.registers[INPUTS_AT] = relay
    devices = [
        Asked(AnsweringPort("pump", pump), pump_talk()),
        Asked(AnsweringPort("box", box.answer), register_talk(Kind.ROOM_IO)),
    ]
    found = {finding.name: finding for finding in ask_all(devices, RealClock(), SPAN_NS)}
    assert found["room I/O box"].level is Level.OK
    assert found["pump"].level is level
    assert ("relay is open" in found["pump"].value) is (level is Level.WARNING)


def test_a_box_with_an_impossible_state_proves_nothing_about_the_relay():
    box = device(Kind.ROOM_IO)
    box.registers[INPUTS_AT] = 0xFFFF
    talk = register_talk(Kind.ROOM_IO)
    assert one(AnsweringPort("box", box.answer), talk).level is Level.OK
    assert talk.relay_closed is None


# --- ports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PortState.MISSING, PortState.NO_PERMISSION, PortState.BUSY])
def test_a_port_that_cannot_be_opened_is_named_and_not_asked(state):
    port = AnsweringPort("/dev/pump", silent, OSError(errno.EIO, "is broken"), state)
    finding = one(port, pump_talk())
    assert finding.name == "pump port"
    assert finding.level is Level.WRONG
    assert finding.value == f"/dev/pump: {state.value}"
    assert finding.allowed
    assert finding.what_to_do == "/dev/pump is broken: mend it"
    assert port.heard == []


def test_a_missing_serial_port_and_a_refused_connection(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host, number = closed.getsockname()
    devices = [
        Asked(SerialPort(str(tmp_path / "pump"), 19_200), pump_talk()),
        Asked(TcpPort(host, number), register_talk(Kind.MAMMOGRAPH)),
    ]
    pump, unit = ask_all(devices, RealClock(), SPAN_NS)
    assert pump.value.endswith("missing")
    assert "plug the adapter in" in pump.what_to_do
    assert "tried again" not in pump.what_to_do
    assert unit.value == f"{host}:{number}: connection refused"
    assert "start the device" in unit.what_to_do


# --- which devices ----------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_every_device_of_the_room_is_asked(site):
    loaded = site.load()
    names = [asked.talk.name for asked in devices_of(loaded)]
    assert names == ["pump", "mammograph", "line pressure sensor", "room I/O box"]
    assert not_asked(loaded) == []


def test_a_driver_from_elsewhere_is_said_to_be_left_out(site):
    loaded = site.change('driver = "new-era"', 'driver = "ultra"').load()
    assert [asked.talk.name for asked in devices_of(loaded)][0] == "mammograph"
    (finding,) = not_asked(loaded)
    assert (finding.name, finding.level) == ("pump", Level.WARNING)
    assert '"ultra"' in finding.value


# --- a controller at work ---------------------------------------------------------------------


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "record.journal.lock", tmp_path / "control.sock"


def test_nothing_is_created_where_no_controller_ever_ran(paths, tmp_path):
    with nobody_else(*paths) as finding:
        assert finding.level is Level.OK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_controller_at_work_is_left_alone(paths, tmp_path):
    journal = Journal(tmp_path / "record.journal")
    with nobody_else(*paths) as finding:
        assert finding.level is Level.WARNING
        assert str(paths[0]) in finding.value
        assert "stop it first" in finding.what_to_do
    journal.close()
    with nobody_else(*paths) as finding:
        assert finding.level is Level.OK


def test_no_controller_starts_while_the_room_is_looked_at(paths, tmp_path):
    Journal(tmp_path / "record.journal").close()
    with nobody_else(*paths), pytest.raises(Exception, match="close that one first"):
        Journal(tmp_path / "record.journal")


def test_who_is_on_the_address(paths):
    _, address = paths
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        server.listen()
        with nobody_else(*paths) as answered:
            assert answered.level is Level.WRONG
            assert str(address) in answered.value
    with nobody_else(*paths) as stale:
        assert stale.level is Level.OK
    address.unlink()
    address.write_text("x")
    with nobody_else(*paths) as file:
        assert file.level is Level.WRONG
        assert "move it away" in file.what_to_do


def test_a_lock_of_another_user(paths, mocker):
    mocker.patch("os.open", side_effect=PermissionError(errno.EACCES, "Permission denied"))
    with nobody_else(*paths) as finding:
        assert finding.level is Level.WRONG
        assert "controller's own user" in finding.what_to_do


def test_the_layout_of_the_answers_is_the_one_on_the_wire():
    """The made-up device answers a frame laid out by hand, so this file tests bytes."""
    made = device(Kind.MAMMOGRAPH)
    answer = made.answer(struct.pack(">HHHBBHH", 5, 0, 6, 1, 3, 0, 8))
    assert answer[:9] == struct.pack(">HHHBBB", 5, 0, 19, 1, 3, 16)
