"""The API's local socket: one UNIX stream listener, readable by its owner only."""

import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import Final

from drivers.ports import LinkLost

_READ_SIZE: Final = 65_536
_BACKLOG: Final = 8
_TRIAL_S: Final = 1.0


class AddressUnusable(Exception):
    """Nobody can listen on the path; the text says why and what to do."""


class AddressInUse(AddressUnusable):
    """The path is taken, by another controller or a file; the text says what to do."""


class UnixListener:
    """Listens on a path; a stale file of a dead controller is replaced, a live one is not."""

    def __init__(self, path: Path) -> None:
        """Bind and listen.

        Raises:
            AddressInUse: another controller answers there, or it is no socket.
            AddressUnusable: its folder is missing or may not be written.
        """
        self.path = path
        try:
            _clear_stale(path)
        except OSError as error:
            raise _unusable(path, error) from error
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            before = os.umask(0o177)
            try:
                self._socket.bind(str(path))
            finally:
                os.umask(before)
            self._socket.listen(_BACKLOG)
        except OSError as error:
            self._socket.close()
            raise _unusable(path, error) from error
        self._socket.setblocking(False)

    def accept(self) -> "SocketPort | None":
        """A client that wants in."""
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return None  # nobody, gone again, or no descriptor left: the room goes on
        return SocketPort(connection, "client")

    def fileno(self) -> int | None:
        """Descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stop listening and remove the path."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


class SocketPort:
    """One end of a stream socket that never blocks."""

    def __init__(self, connection: socket.socket, name: str) -> None:
        """Take over a connected socket."""
        self.name = name
        self._socket: socket.socket | None = connection
        connection.setblocking(False)

    def read(self) -> bytes:
        """All that arrived.

        Raises:
            LinkLost: the other side hung up.
        """
        if self._socket is None:
            raise LinkLost(f"{self.name} is closed")
        try:
            data = self._socket.recv(_READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkLost(str(error)) from error
        if not data:
            raise LinkLost("the other side hung up")
        return data

    def write(self, data: bytes) -> int:
        """Hand bytes over.

        Raises:
            LinkLost: the other side hung up.
        """
        if self._socket is None:
            raise LinkLost(f"{self.name} is closed")
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise LinkLost(str(error)) from error

    def fileno(self) -> int | None:
        """Descriptor to wait on, None once closed."""
        return self._socket.fileno() if self._socket is not None else None

    def close(self) -> None:
        """Close; closing twice is harmless."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _unusable(path: Path, error: OSError) -> AddressUnusable:
    return AddressUnusable(
        f"cannot listen on {path} ({error.strerror or error}): its folder {path.parent} must"
        " exist and be writable for this user; make it so, or name another with --state"
    )


def _clear_stale(path: Path) -> None:
    """Remove the socket of a controller that is gone; nothing that is not a socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise AddressInUse(
            f"{path} is there and is no socket: move it away, or use another state folder"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(_TRIAL_S)
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # somebody listens and is too busy to let us in
    raise AddressInUse(
        f"another controller answers on {path}: stop it first, or use another state folder"
    )
