"""What a person reads when something cannot start: thing, value, what is allowed, what to do.

One row per mistake; each makes the real fault at the outermost edge. Files of rooms and
procedures have their own page of mistakes in ``tests/config/test_errors.py``.
"""

import contextlib
import errno
import os
import socket
import sqlite3

import pytest

from controller import cli
from controller.api_socket import AddressUnusable, UnixListener
from controller.record.journal import Journal
from controller.record.store import JournalError, in_words, open_writable
from drivers.modbus import Answer, Fault, FaultKind, RegisterClient
from drivers.modbus_session import Kind, Session
from drivers.new_era.settings import identify
from drivers.ports import SerialPort, TcpPort
from tests.config.conftest import Site

# Verbs that tell a person to act: every text holds at least one of them.
ADVICE = (
    "add", "change", "check", "choose", "close", "connect", "correct", "did you mean",
    "free space", "give", "install", "keep", "make", "move", "name", "plug", "set", "start",
    "stop", "switch", "use", "write",
)  # fmt: skip


def advises(text: str) -> bool:
    return any(f"{verb} " in text for verb in ADVICE)


def says(text: str, *parts: object) -> None:
    """The text holds every part, gives advice, and is free of what only programmers read."""
    for part in parts:
        assert str(part) in text, text
    assert advises(text), text
    for raw in ("Traceback", "Error(", "errno", "None", "<"):
        assert raw not in text, text


def test_advice_is_not_found_in_a_text_without_any():
    assert not advises("[Errno 13] Permission denied: '/dev/ttyUSB0'")


# --- ports ------------------------------------------------------------------------------------

PORT = "/dev/serial/by-id/usb-pump"


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        (errno.ENOENT, ["is not there", "plug the adapter in", "path in the room file"]),
        (errno.ENODEV, ["is not there", "plug the adapter in"]),
        (errno.EACCES, ["no permission", "add this user to the group", "dialout"]),
        (errno.EBUSY, ["locked by another program", "close it"]),
        (errno.EAGAIN, ["locked by another program", "close it"]),
        (errno.EIO, ["19200 baud", "check path and baud"]),
    ],
)
def test_a_serial_port_that_cannot_be_opened(mocker, number, parts):
    mocker.patch("serial.Serial", side_effect=OSError(number, os.strerror(number)))
    port = SerialPort(PORT, 19_200)
    port.open()
    port.adopt()
    says(port.fault, PORT, *parts, "tried again")


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        (errno.ECONNREFUSED, ["refused the connection", "start the device", "room file"]),
        (errno.EHOSTUNREACH, ["cannot be reached", "check network cable", "address in the room"]),
        (errno.ETIMEDOUT, ["cannot be reached", "check network cable"]),
    ],
)
def test_a_device_that_cannot_be_reached(mocker, number, parts):
    error = OSError(number, os.strerror(number))
    mocker.patch("socket.create_connection", side_effect=error)
    port = TcpPort("192.0.2.7", 502)
    port.open()
    port.adopt()
    says(port.fault, "192.0.2.7:502", *parts)


def test_a_connection_that_is_lost():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = TcpPort(*server.getsockname())
        port.open()
        port.adopt()
        server.accept()[0].close()
        with contextlib.suppress(Exception):
            while port.fileno() is not None:
                port.read()
    says(port.fault, port.name, "was lost", "the other side hung up", "check cable and power")
    port.close()


# --- wrong device, wrong firmware -------------------------------------------------------------


def refusal(**changes: int) -> str:
    """What a session says to an identity block in bench mode with changed words."""
    words = {"signature": 0x4741, "kind": 3, "map": 1, "firmware": 0x0102}
    words |= {"serial_high": 0, "serial": 7, "mode": 2, "reserved": 0} | changes
    session = Session(Kind.ROOM_IO, RegisterClient(3), frozenset({2}), (), lambda: None)
    return session._identify(Answer(tuple(words.values()), 0))


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"signature": 0x1234}, ["0x1234", "0x4741", "correct the address or the unit id"]),
        ({"kind": 2}, ["kind 2", "line pressure sensor", "instead of 3", "correct the unit id"]),
        ({"kind": 77}, ["kind 77", "unknown", "correct the unit id"]),
        ({"map": 4}, ["version 4", "instead of 1", "install matching firmware"]),
        ({"mode": 1}, ["mode simulated", "expects bench", "switch the device"]),
        ({"mode": 9}, ["unknown mode 9", "expects bench", "use a room file of the right mode"]),
    ],
)
def test_a_wrong_register_map_device(changes, parts):
    assert refusal() == ""
    says(refusal(**changes), *parts)


def test_a_device_without_identity():
    session = Session(Kind.ROOM_IO, RegisterClient(3), frozenset({2}), (), lambda: None)
    fault = Fault(FaultKind.EXCEPTION, "unit id 3 answers illegal data address", 2)
    says(session._identify(fault), "no identity block", "illegal data address", "unit id")


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("version", "expected", "parts"),
    [
        ("NE500V3.9", "NE1000", ["a NE500", "expects a NE1000", "pump.model in the room file"]),
        ("NE9000V3.9", "", ["a NE9000", "supported are NE300, NE500, NE501, NE1000"]),
        ("NE1000V2.11", "", ["V2.11", "V3 or newer", "renewed by the maker"]),
        ("HELLO", "", ["'HELLO'", "no version"]),
    ],
)
def test_a_wrong_pump_or_firmware(version, expected, parts):
    says(identify(version, expected).refusal, *parts, "connect ")


# --- record and address -----------------------------------------------------------------------


def test_a_record_that_another_controller_writes(tmp_path):
    path = tmp_path / "record.journal"
    first = Journal(path)
    with pytest.raises(JournalError) as refused:
        Journal(path)
    first.close()
    says(str(refused.value), path, f"{path}.lock", "another controller", "close that one first")


def test_a_record_in_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "none" / "record.journal"
    with pytest.raises(JournalError) as refused:
        Journal(path)
    says(str(refused.value), path, "No such file", "check that its folder exists and is writable")


def test_a_record_that_is_something_else(tmp_path):
    path = tmp_path / "record.journal"
    path.write_bytes(b"a letter to the editor, long enough to be no database at all" * 20)
    with pytest.raises(JournalError) as refused:
        open_writable(path)
    says(str(refused.value), path, "is not a journal", "choose a new one")


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("SQLITE_FULL", ["the disk is full", "free space (100 MB)"]),
        ("SQLITE_READONLY_DBMOVED", ["may only be read", "writable for this user"]),
        ("SQLITE_IOERR_FSYNC", ["the disk reports an error", "check disk and cable"]),
        ("SQLITE_BUSY", ["holds it locked", "close whatever else"]),
        ("SQLITE_CORRUPT", ["damaged", "journal salvage", "restore a backup"]),
    ],
)
def test_a_disk_that_does_not_take_the_record(tmp_path, code, parts):
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorname = code
    says(in_words(tmp_path / "record.journal", error), tmp_path / "record.journal", *parts)


def test_an_address_that_is_in_use(tmp_path):
    path = tmp_path / "control.sock"
    first = UnixListener(path)
    with pytest.raises(AddressUnusable) as refused:
        UnixListener(path)
    first.close()
    says(str(refused.value), path, "another controller answers", "stop it first")


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.EROFS])
def test_an_address_that_cannot_be_made(tmp_path, mocker, number):
    path = tmp_path / "control.sock"
    mocker.patch.object(socket.socket, "bind", side_effect=OSError(number, os.strerror(number)))
    with pytest.raises(AddressUnusable) as refused:
        UnixListener(path)
    says(str(refused.value), path, os.strerror(number), "must exist and be writable", "--state")


def test_an_address_of_another_user(tmp_path, mocker):
    path = tmp_path / "control.sock"
    first = UnixListener(path)
    denied = PermissionError(errno.EACCES, "Permission denied")
    mocker.patch.object(socket.socket, "connect", side_effect=denied)
    with pytest.raises(AddressUnusable) as refused:
        UnixListener(path)
    first.close()
    says(str(refused.value), path, "Permission denied", "--state")


# --- the command ------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    status = cli.main(["run", *map(str, words)])
    return status, capsys.readouterr().err


def test_run_with_a_state_folder_that_cannot_be_made(tmp_path, capsys):
    blocker = tmp_path / "state"
    blocker.write_text("a file, not a folder")
    status, text = run(capsys, "--room", "demo", "--state", blocker)
    assert status == cli.WRONG
    says(text, blocker / "demo" / "journal", "cannot be made", "--state")


def test_run_with_a_log_file_that_cannot_be_opened(tmp_path, capsys):
    log = tmp_path / "none" / "log.jsonl"
    status, text = run(capsys, "--room", "demo", "--state", tmp_path / "s", "--log-file", log)
    assert status == cli.WRONG
    says(text, log, "folder that exists and is writable")
    assert not (tmp_path / "s").exists()


def test_run_beside_a_controller_at_work(tmp_path, capsys):
    folder = tmp_path / "demo" / "journal"
    folder.mkdir(parents=True)
    first = Journal(folder / "record.journal")
    status, text = run(capsys, "--room", "demo", "--state", tmp_path)
    first.close()
    assert status == cli.WRONG
    says(text, folder / "record.journal", "another controller", "close that one first")


def test_run_with_a_room_that_is_not_there(tmp_path, capsys):
    status, text = run(capsys, "--room", "dem", "--state", tmp_path)
    assert status == cli.WRONG
    says(text, '"dem"', "allowed:", 'did you mean "demo"')


def test_run_with_a_wrong_room_says_every_problem_on_a_line_of_its_own(tmp_path, capsys):
    site = Site(tmp_path).change("baud = 19_200", "baud = 4_800")
    site.change("unit_id = 3", "watchdog_ms = 900")
    status, text = run(capsys, "--room", site.room_path, "--state", tmp_path)
    assert status == cli.FAILED
    lines = text.splitlines()
    assert len(lines) == 2
    for line in lines:
        says(line, site.room_path, "allowed:")
    assert "4_800" in lines[0] + lines[1]
    assert "250 to 300" in lines[0] + lines[1]


def test_run_with_a_state_folder_of_too_long_a_name(tmp_path, capsys):
    status, text = run(capsys, "--room", "demo", "--state", tmp_path / ("x" * 120))
    assert status == cli.FAILED
    says(text, "at most 107 bytes", "use a state folder with a shorter path")
