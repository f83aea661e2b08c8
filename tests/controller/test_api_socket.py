"""The API's UNIX socket, for real: who may open it, what is replaced, what is refused."""

import select
import socket
import stat

import pytest

from controller.api_socket import AddressInUse, AddressUnusable, UnixListener
from drivers.ports import LinkLost

PATIENCE_S = 10


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


@pytest.fixture
def listener(path):
    made = UnixListener(path)
    yield made
    made.close()


@pytest.fixture
def ends(listener):
    """Our end of a client's connection, and the client's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as theirs:
        theirs.settimeout(PATIENCE_S)
        theirs.connect(str(listener.path))
        ours = listener.accept()
        assert ours is not None
        yield ours, theirs
        ours.close()


def arrived(port):
    assert select.select([port.fileno()], [], [], PATIENCE_S)[0], "nothing arrived"
    return port.read()


def test_only_the_owner_may_open_it(listener):
    assert stat.S_IMODE(listener.path.stat().st_mode) == 0o600


def test_nobody_waits_is_no_client(listener):
    assert listener.accept() is None


def test_lines_go_both_ways(ends):
    ours, theirs = ends
    assert ours.read() == b""
    theirs.sendall(b"hello\n")
    assert arrived(ours) == b"hello\n"
    assert ours.write(b"{}\n") == 3
    assert theirs.recv(10) == b"{}\n"


def test_a_client_that_does_not_read_takes_nothing_more_and_nothing_blocks(ends):
    ours, _theirs = ends
    while ours.write(b"x" * 65_536):
        pass
    assert ours.write(b"x") == 0


def test_a_client_that_hung_up_is_lost_in_both_directions(ends):
    ours, theirs = ends
    theirs.close()
    with pytest.raises(LinkLost, match="hung up"):
        arrived(ours)
    with pytest.raises(LinkLost):
        ours.write(b"x")


def test_a_closed_port_has_no_descriptor_and_says_so(ends):
    ours, _theirs = ends
    ours.close()
    ours.close()
    assert ours.fileno() is None
    with pytest.raises(LinkLost, match="closed"):
        ours.read()
    with pytest.raises(LinkLost, match="closed"):
        ours.write(b"x")


def test_closing_removes_the_path_also_when_somebody_was_quicker(path):
    UnixListener(path).close()
    assert not path.exists()
    second = UnixListener(path)
    path.unlink()
    second.close()


def test_the_file_of_a_dead_controller_is_replaced(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    assert path.is_socket()
    UnixListener(path).close()


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_a_living_controller_is_not_pushed_aside(listener):
    with pytest.raises(AddressInUse, match="another controller answers on .*stop it first"):
        UnixListener(listener.path)
    assert listener.path.is_socket()


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_a_living_controller_too_busy_to_answer_is_not_pushed_aside_either(listener):
    waiting: list[socket.socket] = []
    try:
        while len(waiting) < 100:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            waiting.append(client)
            client.setblocking(False)
            client.connect(str(listener.path))
    except BlockingIOError:
        pass
    with pytest.raises(AddressInUse, match="another controller"):
        UnixListener(listener.path)
    for client in waiting:
        client.close()


def test_a_file_that_is_no_socket_is_left_alone(path):
    path.write_text("notes")
    with pytest.raises(AddressInUse, match="no socket"):
        UnixListener(path)
    assert path.read_text() == "notes"


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(AddressUnusable, match="none must exist and be writable.*--state"):
        UnixListener(tmp_path / "none" / "control.sock")
