"""Ports against a real pty and real loopback sockets; nothing here sleeps."""

import os
import pathlib
import select
import socket

import pytest

from drivers.ports import (
    LinkLost,
    Opener,
    PortState,
    SerialPort,
    TcpPort,
    WakePort,
)

PATIENCE_S = 10.0


@pytest.fixture
def pty():
    master, slave = os.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    os.close(master)


@pytest.fixture
def listener():
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(PATIENCE_S)
    yield server
    server.close()


def wait_readable(port) -> None:
    ready, _, _ = select.select([port.fileno()], [], [], PATIENCE_S)
    assert ready, f"{port.name}: nothing arrived"


def read_all(port, count: int) -> bytes:
    data = b""
    while len(data) < count:
        wait_readable(port)
        data += port.read()
    return data


def opened(port):
    assert port.open()
    assert port.adopt()
    return port


# --- serial ---------------------------------------------------------------------------------


def test_serial_carries_every_byte_both_ways(pty):
    master, path = pty
    port = opened(SerialPort(path, 19200))
    every = bytes(range(256))
    assert port.write(every) == 256
    assert os.read(master, 1000) == every
    os.write(master, every)
    assert read_all(port, 256) == every
    assert port.read() == b""
    assert (port.state, port.fault) == (PortState.OPEN, "")
    port.close()


def test_write_to_a_peer_that_does_not_read_returns_instead_of_blocking(pty):
    _, path = pty
    port = opened(SerialPort(path, 19200))
    accepted = [port.write(b"x" * 4096) for _ in range(40)]
    assert accepted[-1] == 0
    assert sum(accepted) > 0
    port.close()


def test_second_opening_of_a_serial_port_is_busy(pty):
    _, path = pty
    first = opened(SerialPort(path, 19200))
    second = SerialPort(path, 19200)
    assert second.open()
    assert not second.adopt()
    assert second.state is PortState.BUSY
    assert path in second.fault
    assert "close it" in second.fault
    assert second.fileno() is None
    first.close()
    second.close()


def test_missing_serial_port_names_path_and_remedy(tmp_path):
    port = SerialPort(str(tmp_path / "pump"), 19200)
    assert port.open()
    assert not port.adopt()
    assert port.state is PortState.MISSING
    assert str(tmp_path / "pump") in port.fault
    assert "room file" in port.fault
    with pytest.raises(LinkLost, match="is not there"):
        port.read()
    with pytest.raises(LinkLost, match="is not there"):
        port.write(b"x")


def test_a_path_that_is_no_serial_port_does_not_raise(tmp_path):
    file = pathlib.Path(tmp_path / "file")
    file.write_bytes(b"")
    port = SerialPort(str(file), 19200)
    assert port.open()
    assert not port.adopt()
    assert port.state is PortState.FAILED


def test_permission_words_name_the_group():
    state, words = SerialPort("/dev/ttyUSB0", 19200)._explain(PermissionError(13, "denied"))
    assert state is PortState.NO_PERMISSION
    assert "dialout" in words
    assert "/dev/ttyUSB0" in words


@pytest.mark.hazard("HZ-STALE-DATA")
def test_hung_up_pty_has_no_descriptor_in_the_pass_that_noticed():
    master, slave = os.openpty()
    port = opened(SerialPort(os.ttyname(slave), 19200))
    os.close(slave)
    assert port.fileno() is not None
    os.close(master)
    with pytest.raises(LinkLost, match="lost"):
        port.read()
    assert port.fileno() is None
    assert port.state is PortState.LOST
    with pytest.raises(LinkLost):
        port.write(b"x")


# --- TCP ------------------------------------------------------------------------------------


def test_tcp_carries_bytes_and_is_lost_on_hang_up(listener):
    port = opened(TcpPort(*listener.getsockname()[:2]))
    peer, _ = listener.accept()
    with peer:
        assert port.write(b"question") == 8
        assert peer.recv(100) == b"question"
        assert port.read() == b""
        peer.sendall(b"answer")
        assert read_all(port, 6) == b"answer"
    wait_readable(port)
    with pytest.raises(LinkLost, match="hung up"):
        port.read()
    assert port.fileno() is None


def test_bytes_before_a_hang_up_are_still_read(listener):
    port = opened(TcpPort(*listener.getsockname()[:2]))
    peer, _ = listener.accept()
    peer.sendall(b"last words")
    peer.close()
    assert read_all(port, 10) == b"last words"
    wait_readable(port)
    with pytest.raises(LinkLost):
        port.read()


def test_tcp_disables_delay_and_bounds_unacknowledged_time(listener):
    port = opened(TcpPort(*listener.getsockname()[:2]))
    connection = socket.socket(fileno=os.dup(port.fileno()))
    with connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2000
    port.close()


def test_refused_connection_names_address_and_remedy(listener):
    host, number = listener.getsockname()[:2]
    listener.close()
    port = TcpPort(host, number)
    assert port.open()
    assert not port.adopt()
    assert port.state is PortState.REFUSED
    assert f"{host}:{number}" in port.fault
    assert "start the device" in port.fault


def test_a_timeout_reads_as_unreachable():
    state, words = TcpPort("192.0.2.1", 502)._explain(TimeoutError("timed out"))
    assert state is PortState.UNREACHABLE
    assert "timed out" in words
    assert "192.0.2.1:502" in words


# --- opener ---------------------------------------------------------------------------------


def test_opener_opens_offers_and_wakes(listener):
    port = TcpPort(*listener.getsockname()[:2])
    opener = Opener([port], interval_s=0.01)
    opener.start()
    try:
        wait_readable(opener.wake_port)
        assert port.fileno() is None, "the loop adopts, the thread only offers"
        assert opener.wake_port.read()
        assert port.adopt()
        assert port.fileno() is not None
    finally:
        opener.close()
        port.close()


def test_lost_port_is_opened_again(listener):
    port = TcpPort(*listener.getsockname()[:2])
    opener = Opener([port], interval_s=0.01)
    opener.start()
    try:
        for _ in range(3):
            wait_readable(opener.wake_port)
            opener.wake_port.read()
            assert port.adopt()
            listener.accept()[0].close()
            wait_readable(port)
            with pytest.raises(LinkLost):
                port.read()
    finally:
        opener.close()
        port.close()


def test_new_fault_wakes_the_loop_once(tmp_path):
    port = SerialPort(str(tmp_path / "none"), 19200)
    opener = Opener([port], interval_s=0.001)
    opener.start()
    try:
        wait_readable(opener.wake_port)
        port.adopt()
        assert port.state is PortState.MISSING
    finally:
        opener.close()
    assert not port.open(), "the same fault again is no news"
    port.close()


def test_offer_never_taken_is_closed_with_the_port(listener):
    port = TcpPort(*listener.getsockname()[:2])
    assert port.open()
    assert not port.open(), "one opened descriptor at a time"
    peer, _ = listener.accept()
    with peer:
        peer.settimeout(PATIENCE_S)
        port.close()
        assert peer.recv(1) == b""
    assert port.fileno() is None


def test_opener_closes_even_when_never_started():
    opener = Opener([])
    opener.close()
    assert opener.wake_port.fileno() is None


def test_wake_port_never_blocks():
    wake = WakePort()
    for _ in range(100_000):
        wake.wake()
    while wake.read():
        pass
    assert wake.read() == b""
    assert wake.write(b"abc") == 3
    wake.close()
