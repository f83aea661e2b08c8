"""TCP connections of the server: one listener with its peers, which can be shut and reset."""

import contextlib
import selectors
import socket
import struct
from collections.abc import Callable
from typing import Final

from sim.serve.addresses import host_port

MOST_UNSENT: Final = 65_536
"""A peer that reads nothing is closed at this many waiting bytes."""
_READ_BYTES: Final = 4096
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time: closing sends RST and drops what was not sent."""


class Peer:
    """One accepted connection with what waits to be sent and to be understood."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.part = bytearray()
        self.unsent = bytearray()

    def flush(self) -> bool:
        """Send what the system takes; False when the peer is gone or reads nothing."""
        try:
            while self.unsent:
                del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return len(self.unsent) <= MOST_UNSENT


class Listener:
    """An address, its connections, and whoever understands their bytes.

    Args:
        selector: Told what to wait on.
        address: ``HOST:PORT``, port 0 = any.
        heard: Takes bytes of a peer; False closes the connection.
        gone: Is told of each peer that was closed.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        address: str,
        heard: Callable[[Peer, bytes, int], bool],
        gone: Callable[[Peer], None] = lambda _peer: None,
    ) -> None:
        self._selector = selector
        self._heard = heard
        self._gone = gone
        # Bound and never listening: keeps the port ours while the listener is shut.
        self._place = _bound(host_port(address))
        self._where: tuple[str, int] = self._place.getsockname()
        self._listening: socket.socket | None = None
        self.peers: list[Peer] = []
        try:
            self.open()
        except OSError:
            self._place.close()
            raise

    @property
    def address(self) -> str:
        """``HOST:PORT`` that was bound."""
        return f"{self._where[0]}:{self._where[1]}"

    def open(self) -> None:
        """Listen (again)."""
        if self._listening is None:
            listening = _bound(self._where)
            try:
                listening.listen()
            except OSError:
                listening.close()
                raise
            listening.setblocking(False)
            self._selector.register(listening, selectors.EVENT_READ, self._accept)
            self._listening = listening

    def shut(self) -> None:
        """Refuse new connections; those that there are stay."""
        if self._listening is not None:
            self._selector.unregister(self._listening)
            self._listening.close()
            self._listening = None

    def _accept(self, _now_ns: int) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            if self._listening is None:
                return
            sock, _ = self._listening.accept()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(sock)
            self.peers.append(peer)
            self._selector.register(
                sock, selectors.EVENT_READ, lambda now_ns: self._read(peer, now_ns)
            )

    def _read(self, peer: Peer, now_ns: int) -> None:
        if peer not in self.peers:
            return  # closed earlier in this pass
        try:
            data = peer.sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or not self._heard(peer, data, now_ns):
            self.drop(peer)

    def flush(self) -> None:
        """Send what waits."""
        for peer in list(self.peers):
            if peer.unsent and not peer.flush():
                self.drop(peer)

    def drop(self, peer: Peer, *, reset: bool = False) -> None:
        """Close one connection, with RST if so wanted."""
        if peer not in self.peers:
            return
        self.peers.remove(peer)
        self._selector.unregister(peer.sock)
        if reset:
            with contextlib.suppress(OSError):
                peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        peer.sock.close()
        self._gone(peer)

    def drop_all(self, *, reset: bool = False) -> int:
        """Close all connections; returns how many."""
        peers = list(self.peers)
        for peer in peers:
            self.drop(peer, reset=reset)
        return len(peers)

    def close(self) -> None:
        """Give everything back."""
        self.drop_all()
        self.shut()
        self._place.close()


def _bound(where: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
    except OSError:
        sock.close()
        raise
    return sock
