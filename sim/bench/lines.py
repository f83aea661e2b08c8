"""The device ends of real wires: a pty that keeps line time, and one TCP listener a device."""

import os
import socket
import tty
from collections import deque
from typing import Final

from sim.devices.wired import WiredDevice

_READ_BYTES: Final = 4096
_NS_PER_S: Final = 10**9
_BITS_PER_BYTE: Final = 10
"""8N1."""
STOP: Final = b"STP"
_THINK_NS: Final = 3_500_000
"""Middle of the simulated pump's 2 to 5 ms."""
_ANSWER_BYTES: Final = 22
"""Of the counters, in Safe framing."""
_AFTER_STOP_BYTES: Final = 3
"""Checksum and end of the packet."""


class SerialEnd:
    """Master end of a pty, with the pump behind it.

    With a baud rate a question reaches the pump when its last byte would have, and the
    answer comes out byte by byte. The pty itself takes no time, so what the controller
    writes is seen here when it is handed over: its wire time is for the reader to add.
    """

    def __init__(self) -> None:
        """Open a pty; ``name`` is the end for the controller."""
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.name = os.ttyname(self._slave)

    def begin(self, pump: WiredDevice, baud: int) -> None:
        """A new trial: forget what was on the line."""
        self._pump = pump
        self.byte_ns = _BITS_PER_BYTE * _NS_PER_S // baud if baud else 0
        self._asking: tuple[int, bytes] | None = None
        self._saying: deque[tuple[int, bytes]] = deque()
        self._heard = b""
        self.asked_ns = 0
        """When the question under way was read here; 0 = none under way."""
        self.answer_due_ns = 0
        """About when the answer under way will have been said."""
        self.said_ns = 0
        """When the last byte of the newest answer was handed over."""
        self.stopped_ns = 0
        """When the last byte of a stop was read; 0 = not yet."""
        self.stop_size = 0
        self.drain()

    def drain(self) -> None:
        """Throw away what nobody shall hear."""
        try:
            while os.read(self.master, _READ_BYTES):
                pass
        except BlockingIOError:
            pass

    def read(self, now_ns: int) -> None:
        """Take what the controller wrote; the instant is that of the caller's clock."""
        try:
            data = os.read(self.master, _READ_BYTES)
        except BlockingIOError:
            return
        self._heard += data
        place = self._heard.find(STOP)
        if place >= 0:
            if len(self._heard) >= place + len(STOP) + _AFTER_STOP_BYTES:
                self.stopped_ns, self.stop_size = now_ns, len(data)
            return
        self.asked_ns = now_ns
        self._asking = (now_ns + len(data) * self.byte_ns, data)
        self.answer_due_ns = now_ns + _THINK_NS + (len(data) + _ANSWER_BYTES) * self.byte_ns

    def carry(self, now_ns: int) -> None:
        """Bring the question to the pump and its answer to the line, as far as time went."""
        if self._asking is not None and self._asking[0] <= now_ns:
            at_ns, data = self._asking
            self._asking = None
            self._heard = b""
            self._pump.receive(data, at_ns)
        said = self._pump.take(now_ns) if self._pump.speaks_ns() <= now_ns else b""
        if said and self.byte_ns:
            self._saying.extend(
                (now_ns + (place + 1) * self.byte_ns, said[place : place + 1])
                for place in range(len(said))
            )
        elif said:
            self._saying.append((now_ns, said))
        while self._saying and self._saying[0][0] <= now_ns:
            os.write(self.master, self._saying.popleft()[1])
            if not self._saying:
                self.asked_ns = 0
                self.said_ns = now_ns

    def next_ns(self) -> int:
        """When something is due here."""
        due_ns = self._pump.speaks_ns()
        if self._asking is not None:
            due_ns = min(due_ns, self._asking[0])
        if self._saying:
            due_ns = min(due_ns, self._saying[0][0])
        return due_ns

    def close(self) -> None:
        """Give both ends back."""
        os.close(self.master)
        os.close(self._slave)


class TcpEnd:
    """One listener, one connection, one device."""

    def __init__(self) -> None:
        """Listen on the loopback."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connection: socket.socket | None = None
        self.device: WiredDevice | None = None

    def accept(self) -> None:
        """Wait for the controller."""
        self._listener.settimeout(30)
        self.connection, _ = self._listener.accept()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.setblocking(False)

    def begin(self, device: WiredDevice) -> None:
        """A new trial: forget what was on the wire."""
        self.device = device
        while self.read():
            pass

    def read(self) -> bytes:
        """What arrived; empty when nothing did.

        Raises:
            ConnectionError: the controller hung up.
        """
        if self.connection is None:
            return b""
        try:
            data = self.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionError("the controller's end is gone")
        return data

    def say(self, data: bytes) -> None:
        """Hand bytes over."""
        if data and self.connection is not None:
            self.connection.sendall(data)

    def fileno(self) -> int:
        """Descriptor to wait on, -1 before a connection."""
        return self.connection.fileno() if self.connection is not None else -1

    def close(self) -> None:
        """Give everything back."""
        self._listener.close()
        if self.connection is not None:
            self.connection.close()
