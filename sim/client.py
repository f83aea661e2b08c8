"""A client of the controller's API, and of the simulated room's control port.

Both are lines of JSON over a stream; this is the one place of the simulation that opens
such streams. Used by the scripted technologist and by the watching terminal.
"""

import contextlib
import json
import select
import socket
from collections.abc import Iterator
from typing import Any, Final

from controller.clock import RealClock
from controller.messages import VERSION

_READ_SIZE: Final = 65_536
_RETRY_S: Final = 0.1
_HELLO: Final[dict[str, Any]] = {"k": "hello", "version": VERSION, "client": "simulation"}
HELLO: Final = json.dumps(_HELLO).encode() + b"\n"
"""The first line of every client of the controller."""


class Gone(Exception):
    """The other side is gone; the text says which."""


class Lines:
    """JSON lines over one stream."""

    def __init__(self, connection: socket.socket, name: str) -> None:
        """Take over a connected stream."""
        self._socket = connection
        self._name = name
        self._rest = b""

    def fileno(self) -> int:
        """Descriptor to wait on."""
        return self._socket.fileno()

    def say(self, message: dict[str, Any]) -> None:
        """Send one object.

        Raises:
            Gone: the other side hung up.
        """
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Gone(f"{self._name} is gone: {error}") from error

    def hear(self) -> Iterator[dict[str, Any]]:
        """Objects that arrived; blocks until something does.

        Raises:
            Gone: the other side hung up.
        """
        try:
            data = self._socket.recv(_READ_SIZE)
        except OSError as error:
            raise Gone(f"{self._name} is gone: {error}") from error
        if not data:
            raise Gone(f"{self._name} hung up")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one object and wait for the next one."""
        self.say(message)
        while True:
            for answer in self.hear():
                return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def connect(address: str, name: str, limit_s: float = 10.0) -> Lines:
    """Connect to ``HOST:PORT`` or a socket's path, trying until it is there.

    Who answers on a path is a controller: it is told hello first.

    Raises:
        Gone: nobody answers within ``limit_s``.
    """
    clock = RealClock()
    end_ns = clock.now_ns() + int(limit_s * 1e9)
    while True:
        connection = _stream(address)
        try:
            connection.connect(_target(address))
        except OSError as error:
            connection.close()
            if clock.now_ns() >= end_ns:
                raise Gone(f"{name} does not answer on {address}: {error}") from error
            select.select([], [], [], _RETRY_S)
        else:
            lines = Lines(connection, name)
            if not _is_tcp(address):
                lines.say(_HELLO)
            return lines


def _is_tcp(address: str) -> bool:
    return ":" in address and address.rpartition(":")[2].isdecimal()


def _stream(address: str) -> socket.socket:
    family = socket.AF_INET if _is_tcp(address) else socket.AF_UNIX
    return socket.socket(family, socket.SOCK_STREAM)


def _target(address: str) -> Any:
    if not _is_tcp(address):
        return address
    host, _, port = address.rpartition(":")
    return host, int(port)


def hang_up(*lines: Lines | None) -> None:
    """Close what is open."""
    for one in lines:
        if one is not None:
            with contextlib.suppress(OSError):
                one.close()
