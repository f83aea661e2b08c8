"""A TCP link between a browser and the server that can be cut, or swallow everything."""

import contextlib
import selectors
import socket
import threading
from typing import Final

_READ: Final = 65_536


class Proxy:
    """Carries connections to a port of this machine, in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        """Listen; ``target`` is set before the first connection."""
        self._listening = socket.create_server(("127.0.0.1", port))
        self._listening.setblocking(False)
        self.port: int = self._listening.getsockname()[1]
        self.target = 0
        self.black = False
        """Everything is swallowed: no byte, no end of a connection gets through."""
        self.shut = False
        """New connections are not taken."""
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._ours, self._wake = socket.socketpair()
        self._ending = False
        self._cutting = threading.Event()
        self._was_cut = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._wake.send(b"x")
        self._thread.join(10)

    def cut(self) -> None:
        """Reset every connection."""
        self._was_cut.clear()
        self._cutting.set()
        self._wake.send(b"x")
        assert self._was_cut.wait(10)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._ours, selectors.EVENT_READ)
            while not self._ending:
                for key, _ in selector.select():
                    self._serve(selector, key.fileobj)  # type: ignore[arg-type]
                if self._cutting.is_set():
                    self._cutting.clear()
                    for one in list(self._pairs):
                        self._end(selector, one)
                    self._was_cut.set()
            for one in (*self._pairs, self._listening, self._ours, self._wake):
                one.close()

    def _serve(self, selector: selectors.BaseSelector, ready: socket.socket) -> None:
        if ready is self._ours:
            ready.recv(100)
        elif ready is self._listening:
            self._accept(selector)
        elif ready in self._pairs:
            self._carry(selector, ready)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        theirs, _ = self._listening.accept()
        if self.shut:
            theirs.close()
            return
        ours = socket.create_connection(("127.0.0.1", self.target))
        for one, other in ((theirs, ours), (ours, theirs)):
            self._pairs[one] = other
            selector.register(one, selectors.EVENT_READ)

    def _carry(self, selector: selectors.BaseSelector, one: socket.socket) -> None:
        try:
            data = one.recv(_READ)
            if self.black:
                if not data:
                    selector.unregister(one)
                return
            if data:
                self._pairs[one].sendall(data)
                return
        except OSError:
            pass
        self._end(selector, one)

    def _end(self, selector: selectors.BaseSelector, one: socket.socket) -> None:
        other = self._pairs.pop(one, None)
        if other is None:
            return
        self._pairs.pop(other, None)
        for end in (one, other):
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(end)
            end.close()
