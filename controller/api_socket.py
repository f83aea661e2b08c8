"""The API's local socket: one UNIX stream listener, for the controller's own account only.

The file's mode (0600) keeps other accounts out; that of the administrator, whom no mode
keeps out, is told by the credentials of the connection, which no client can forge.
"""

import contextlib
import os
import socket
import stat
import struct
from pathlib import Path
from typing import Final

from drivers.ports import LinkLost

_READ_SIZE: Final = 65_536
_BACKLOG: Final = 8
_TRIAL_S: Final = 1.0
_CREDENTIALS: Final = struct.Struct("iII")
"""Process, user and group of the other side (``struct ucred``, unix(7))."""


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
        self._turned_away: list[str] = []
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
        """A client of this account that wants in; all others are hung up on."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return None  # nobody, gone again, or no descriptor left: the room goes on
            process, user = peer(connection)
            if user == os.geteuid():
                return SocketPort(connection, "client")
            connection.close()
            self._turned_away.append(f"user {user}, process {process}")
            del self._turned_away[_BACKLOG:]

    def turned_away(self) -> tuple[str, ...]:
        """Who was hung up on since the last call; the first few, in words."""
        strangers = tuple(self._turned_away)
        self._turned_away.clear()
        return strangers

    def fileno(self) -> int | None:
        """Descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stop listening and remove the path."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user of the other side, as the kernel noted them when it connected."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, _group = _CREDENTIALS.unpack(told)
    return process, user


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
