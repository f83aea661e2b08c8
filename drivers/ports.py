"""Serial and TCP ports: the only module of the drivers that opens, reads or writes.

A port is a persistent object that can be lost and opened again. Opening can take long
(a name to look up, a peer that drops packets), so it happens in the one thread of an
:class:`Opener`; the opened descriptor is *offered* and the loop takes it over in a pass
of its own with :meth:`DescriptorPort.adopt`. Everything else happens in the loop's
thread and never blocks. State that both threads touch is one slot of one offer.

pyserial opens, configures and locks; bytes move with ``os.read`` and ``os.write`` on
the descriptor, because ``Serial.write`` with ``write_timeout=0`` spins for ever when
the peer stops reading (measured with pyserial 3.5).
"""

import abc
import collections
import contextlib
import enum
import errno
import os
import socket
import termios
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import serial
from serial.tools import list_ports

READ_SIZE: Final = 65_536
"""Bytes taken per pass at most, so a babbling peer cannot hold the loop."""
CONNECT_TIMEOUT_S: Final = 2.0
RETRY_INTERVAL_S: Final = 1.0
TRIED_AGAIN: Final = "it is tried again every second"
UNACKNOWLEDGED_MS: Final = 2_000
"""A TCP peer whose host vanished is given up after this time without acknowledgement;
the kernel's own default is about 15 minutes."""


class LinkLost(Exception):
    """The port is gone or not open; the text says what happened and what to do."""


class PortState(enum.Enum):
    """How a port stands; every value but OPEN means that it is being tried."""

    OPENING = "opening"
    OPEN = "open"
    MISSING = "missing"
    BUSY = "busy"
    NO_PERMISSION = "no permission"
    REFUSED = "connection refused"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    FAILED = "failed"


class Port(Protocol):
    """What the loop needs of anything that can wake it."""

    @property
    def name(self) -> str:
        """Path or address, for people."""

    def read(self) -> bytes:
        """All that arrived, ``b""`` = nothing.

        Raises:
            LinkLost: the port is gone or not open.
        """

    def write(self, data: bytes) -> int:
        """Hand bytes over without blocking; returns how many were accepted.

        Raises:
            LinkLost: the port is gone or not open.
        """

    def fileno(self) -> int | None:
        """Descriptor to wait on; None while closed (a dead one would spin a selector)."""


class Handle(Protocol):
    """An opened thing with a descriptor."""

    def fileno(self) -> int:
        """Its descriptor."""

    def close(self) -> None:
        """Give it back."""


class Offer(NamedTuple):
    """What one attempt to open came to."""

    handle: Handle | None
    state: PortState
    fault: str


class DescriptorPort(abc.ABC):
    """A port over one descriptor, which can be lost and opened again.

    ``state`` and ``fault`` (words, empty while open) change only in the loop's thread.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = PortState.OPENING
        self.fault = f"{name} has not been opened yet; it is being tried"
        self._handle: Handle | None = None
        self._fd: int | None = None
        # The slot between the threads: deque operations are atomic, the newest offer wins,
        # and an opened handle is never overwritten because nothing is opened while it waits.
        self._offers: collections.deque[Offer] = collections.deque(maxlen=1)
        self._wanted = True

    @abc.abstractmethod
    def _open(self) -> Handle:
        """Open and configure; OSError or termios.error when that fails."""

    @abc.abstractmethod
    def _explain(self, error: OSError) -> tuple[PortState, str]:
        """Name an error of opening: what happened and what to do."""

    def open(self) -> bool:
        """Try to open when wanted; True when the loop has news. Opener's thread only."""
        if not self._wanted:
            return False
        try:
            handle = self._open()
        except (OSError, termios.error, ValueError) as error:
            as_os = error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
            state, fault = self._explain(as_os)
            news = state is not self.state
            self._offers.append(Offer(None, state, fault))
            return news
        self._wanted = False
        self._offers.append(Offer(handle, PortState.OPEN, ""))
        return True

    def adopt(self) -> bool:
        """Take over what was offered; True when the port is newly open. Loop's thread."""
        try:
            offer = self._offers.popleft()
        except IndexError:
            return False
        self.state, self.fault = offer.state, offer.fault
        if offer.handle is None:
            return False
        self._handle, self._fd = offer.handle, offer.handle.fileno()
        return True

    def fileno(self) -> int | None:
        """Descriptor, None while closed."""
        return self._fd

    def read(self) -> bytes:
        """All that arrived, at most ``READ_SIZE`` bytes.

        Raises:
            LinkLost: the port is gone or not open.
        """
        fd = self._descriptor()
        try:
            data = os.read(fd, READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lose(error.strerror or str(error)) from error
        if not data:
            raise self._lose("the other side hung up")
        return data

    def write(self, data: bytes) -> int:
        """Hand bytes over; 0 when the kernel's buffer is full.

        Raises:
            LinkLost: the port is gone or not open.
        """
        fd = self._descriptor()
        try:
            return os.write(fd, data) if data else 0
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._lose(error.strerror or str(error)) from error

    def close(self) -> None:
        """Close for good, an offer not yet taken over included. After ``Opener.close``."""
        self._wanted = False
        self.adopt()
        self._release()
        self.state, self.fault = PortState.LOST, f"{self.name} was closed"

    def _descriptor(self) -> int:
        if self._fd is None:
            raise LinkLost(self.fault)
        return self._fd

    def _lose(self, what: str) -> LinkLost:
        """Release at once, so no selector ever sees the dead descriptor again."""
        self._release()
        self.state = PortState.LOST
        self.fault = (
            f"{self.name} was lost ({what}): check cable and power of the device;"
            " opening is tried again every second"
        )
        self._wanted = True
        return LinkLost(self.fault)

    def _release(self) -> None:
        handle, self._handle, self._fd = self._handle, None, None
        if handle is not None:
            with contextlib.suppress(OSError, termios.error):
                handle.close()


class _SerialHandle:
    """An open pyserial port; closing drops unsent bytes instead of waiting for them."""

    def __init__(self, opened: serial.Serial) -> None:
        self._opened = opened

    def fileno(self) -> int:
        return int(self._opened.fileno())

    def close(self) -> None:
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self.fileno(), termios.TCIOFLUSH)
        self._opened.close()


class SerialPort(DescriptorPort):
    """A serial line, 8N1 without flow control, locked against other programs."""

    def __init__(self, path: str, baud: int) -> None:
        super().__init__(path)
        self._baud = baud

    def _open(self) -> Handle:
        opened = serial.Serial(self.name, self._baud, exclusive=True)
        # A USB adapter may hold bytes back for 16 ms; not every adapter (or pty) can stop that.
        with contextlib.suppress(OSError, ValueError):
            opened.set_low_latency_mode(True)
        try:
            self._tell_end_from_silence(opened.fileno())
        except termios.error:
            opened.close()
            raise
        return _SerialHandle(opened)

    @staticmethod
    def _tell_end_from_silence(fd: int) -> None:
        """Set VMIN 1: a non-blocking read of nothing fails, b"" is left for a hang-up.

        pyserial's VMIN 0 answers b"" to both, and a pulled USB adapter would stay
        readable for ever.
        """
        attributes = termios.tcgetattr(fd)
        attributes[6][termios.VMIN] = 1
        attributes[6][termios.VTIME] = 0
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
        os.set_blocking(fd, False)

    def _explain(self, error: OSError) -> tuple[PortState, str]:
        if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            return PortState.MISSING, (
                f"serial port {self.name} is not there: plug the adapter in, or correct the path"
                f" in the room file; {TRIED_AGAIN}"
            )
        if error.errno in (errno.EACCES, errno.EPERM):
            return PortState.NO_PERMISSION, (
                f"no permission to open serial port {self.name}: add this user to the group that"
                f" owns it (usually dialout) and log in again; {TRIED_AGAIN}"
            )
        if error.errno in (errno.EBUSY, errno.EAGAIN):
            return PortState.BUSY, (
                f"serial port {self.name} is locked by another program: close it (a second"
                f" controller or a terminal program); {TRIED_AGAIN}"
            )
        return PortState.FAILED, (
            f"serial port {self.name} at {self._baud} baud cannot be opened"
            f" ({error.strerror or error}): check path and baud in the room file; {TRIED_AGAIN}"
        )


def serial_ports(by_id: Path = Path("/dev/serial/by-id")) -> list[tuple[str, str]]:
    """Ports with an adapter behind them: the name that stays, what the adapter calls itself."""
    stable = {str(link.resolve()): str(link) for link in sorted(by_id.glob("*"))}
    return [
        (stable.get(port.device, port.device), port.description or "")
        for port in sorted(list_ports.comports())
        if port.hwid != "n/a"  # a bare UART that no plug leads to
    ]


class TcpPort(DescriptorPort):
    """One TCP connection, without delay for small frames."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port}")
        self._address = (host, port)

    def _open(self) -> Handle:
        connection = socket.create_connection(self._address, CONNECT_TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        connection.setblocking(False)
        return connection

    def _explain(self, error: OSError) -> tuple[PortState, str]:
        if error.errno == errno.ECONNREFUSED:
            return PortState.REFUSED, (
                f"{self.name} refused the connection: the host is there but nothing listens on"
                f" this port; start the device or correct the port in the room file; {TRIED_AGAIN}"
            )
        return PortState.UNREACHABLE, (
            f"{self.name} cannot be reached ({error.strerror or error}): check network cable,"
            f" power, and the address in the room file; {TRIED_AGAIN}"
        )


class WakePort:
    """A socket pair that wakes the loop; ``wake`` may be called from any thread."""

    name = "wake"

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)

    def wake(self) -> None:
        """Make the descriptor readable; a full buffer is readable already."""
        with contextlib.suppress(BlockingIOError):
            self._theirs.send(b"\x00")

    def read(self) -> bytes:
        """Take what was waiting."""
        try:
            return self._ours.recv(READ_SIZE)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        """Nothing is said to a waker."""
        return len(data)

    def fileno(self) -> int | None:
        """Descriptor to wait on, None once closed."""
        fd = self._ours.fileno()
        return fd if fd >= 0 else None

    def close(self) -> None:
        """Close both ends."""
        self._ours.close()
        self._theirs.close()


class Opener:
    """One thread that opens lost ports, each attempt once per interval.

    ``start`` once; ``close`` joins the thread (bounded by one connect timeout, plus the
    resolver's own where a host *name* is used) and closes the wake port.
    """

    def __init__(
        self, ports: Sequence[DescriptorPort], interval_s: float = RETRY_INTERVAL_S
    ) -> None:
        self.wake_port = WakePort()
        self._ports = tuple(ports)
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="opener", daemon=False)

    def start(self) -> None:
        """Begin trying."""
        self._thread.start()

    def close(self) -> None:
        """Stop trying and join; calling it twice is harmless."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.wake_port.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for port in self._ports:
                if self._stop.is_set():
                    return
                if port.open():
                    self.wake_port.wake()
            self._stop.wait(self._interval_s)
