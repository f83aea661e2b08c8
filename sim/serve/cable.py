"""One Unix-domain socket between two processes: JSON lines, joined again whenever it can be."""

import contextlib
import json
import os
import selectors
import socket
import stat
from collections.abc import Callable, Iterator
from typing import Any, Final

from sim.devices import NEVER_NS
from sim.serve.addresses import UsageError
from sim.serve.peers import Peer

_READ_BYTES: Final = 65_536
_RETRY_NS: Final = 50 * 10**6
_LONGEST_PATH: Final = 107
"""Bytes of a Unix-domain address (unix(7): 108 with its end)."""
Message = dict[str, Any]


class Cable:
    """One end; the box's listens, the pump's connects, whichever starts first.

    Args:
        selector: Told what wakes this process.
        path: Of the socket.
        listens: This is the listening end.
        joined: Is told when the other end is there; says what it has to know.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        path: str,
        *,
        listens: bool,
        joined: Callable[[], None],
    ) -> None:
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise UsageError(
                f"cables {path!r} is longer than {_LONGEST_PATH} bytes; give a shorter path"
            )
        self._selector = selector
        self._path = path
        self._joined = joined
        self._peer: Peer | None = None
        self._waits = False
        self._retry_ns = NEVER_NS if listens else 0
        self._listening = self._listen() if listens else None

    def _listen(self) -> socket.socket:
        _free(self._path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(self._path)
            listening.listen()
        except OSError:
            listening.close()
            raise
        listening.setblocking(False)
        self._wake_on(listening)
        return listening

    def _wake_on(self, sock: socket.socket) -> None:
        self._selector.register(sock, selectors.EVENT_READ, _only_wake)

    @property
    def is_joined(self) -> bool:
        """The other end is there."""
        return self._peer is not None

    # --- messages ---------------------------------------------------------------------------

    def say(self, message: Message) -> None:
        """Tell the other end, if there is one."""
        if self._peer is not None:
            self._peer.unsent += json.dumps(message).encode() + b"\n"

    def flush(self) -> None:
        """Send what is taken; the rest waits without limit, for an end that is stopped.

        That the other end is gone is read in the next pass.
        """
        peer = self._peer
        if peer is None or not (peer.unsent or self._waits):
            return
        peer.flush()
        self._waits = bool(peer.unsent)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._waits else 0)
        self._selector.modify(peer.sock, wanted, _only_wake)

    def hear(self, now_ns: int) -> Iterator[Message | None]:
        """What the other end told, in order; None = it is gone."""
        yield from self._read()
        if self._join(now_ns):
            self._joined()
            yield from self._read()

    def _read(self) -> Iterator[Message | None]:
        while self._peer is not None:
            try:
                data = self._peer.sock.recv(_READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._drop()
                yield None
                return
            *lines, rest = (bytes(self._peer.part) + data).split(b"\n")
            self._peer.part[:] = rest
            yield from map(json.loads, lines)

    # --- joining ----------------------------------------------------------------------------

    def _join(self, now_ns: int) -> bool:
        """Take the other end if it is there now and was not; True = newly joined."""
        sock = self._accept() if self._listening is not None else self._connect(now_ns)
        if sock is None:
            return False
        sock.setblocking(False)
        self._peer = Peer(sock)
        self._wake_on(sock)
        return True

    def _accept(self) -> socket.socket | None:
        """A second pump, while there is one, is hung up on."""
        found = None
        with contextlib.suppress(BlockingIOError):
            while self._listening is not None:
                sock, _ = self._listening.accept()
                if self._peer is not None or found is not None:
                    sock.close()
                else:
                    found = sock
        return found

    def _connect(self, now_ns: int) -> socket.socket | None:
        if self._peer is not None or now_ns < self._retry_ns:
            return None
        self._retry_ns = now_ns + _RETRY_NS
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            return None
        return sock

    def _drop(self) -> None:
        if self._peer is not None:
            self._selector.unregister(self._peer.sock)
            self._peer.sock.close()
            self._peer = None
            self._waits = False

    def wake_ns(self) -> int:
        """When joining is tried next."""
        return NEVER_NS if self.is_joined else self._retry_ns

    def close(self) -> None:
        """Give everything back."""
        self.flush()
        self._drop()
        if self._listening is not None:
            self._selector.unregister(self._listening)
            self._listening.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)


def _only_wake(_now_ns: int) -> None:
    """What came is read at the start of a pass, before anything else."""


def _free(path: str) -> None:
    """Remove a socket that a dead process left; refuse anything else."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise UsageError(f"cables {path!r} exists and is no socket; give another path")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
            else:
                raise UsageError(f"cables {path!r} is held by another process; give another path")
