"""One client of the API: lines in, lines out, both bounded. Nothing here waits.

A client that does not read, sends a line without end or line after line of nonsense is
marked as gone; whoever holds it closes it.
"""

from collections import deque
from typing import Final, Protocol

from controller import messages
from drivers.ports import LinkLost, Port

LINE_MOST_BYTES: Final = 16_384
"""A request is a few hundred bytes; a longer line without end is no client of ours."""
UNSENT_MOST_BYTES: Final = 262_144
"""About two seconds of snapshots: a client further behind is dropped."""
INBOX_MOST_COUNT: Final = 64
"""Lines taken in one pass and client; the rest waits for the next, unread bytes in the kernel."""
NONSENSE_MOST_COUNT: Final = 32
"""Lines in a row that are not understood, after which a client is dropped."""


class ClientPort(Port, Protocol):
    """The controller's end of one client's connection."""

    def close(self) -> None:
        """End the connection."""


class Client:
    """One client: lines in, lines out."""

    def __init__(self, port: ClientPort, connection: int) -> None:
        """Take over a connected port; ``connection`` is its number, never used again."""
        self.port = port
        self.connection = connection
        self.greeted = False
        """It has said hello in a version we speak."""
        self.asked = False
        """It has asked for something: its end is an input of the step."""
        self.watches = False
        """It is shown what goes over the wires."""
        self.inbox: deque[bytes] = deque()
        self.slowest_ns = 0
        """Shortest interval between two snapshots that the client asked for; 0 = any."""
        self.due_ns = 0
        self.gone = False
        self._rest = b""
        self._unsent = bytearray()
        self._nonsense_count = 0

    def lines(self) -> list[bytes]:
        """The next whole lines, in order; reads on only when none of earlier passes is left."""
        if not self.inbox:
            self._read()
        if not self.inbox:
            return []
        return [self.inbox.popleft() for _ in range(min(INBOX_MOST_COUNT, len(self.inbox)))]

    def _read(self) -> None:
        try:
            data = self.port.read()
        except LinkLost:
            self.gone = True
            return
        if not data:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if any(len(line) > LINE_MOST_BYTES for line in (*lines, self._rest)):
            self.gone = True
            return
        self.inbox += (line for line in lines if line.strip())

    def understood(self) -> None:
        """A line of sense: what came before it is forgiven."""
        self._nonsense_count = 0

    def nonsense(self, words: str) -> None:
        """Say that a line was not understood; too many in a row, and the client goes."""
        self.say(messages.error(words))
        self._nonsense_count += 1
        if self._nonsense_count >= NONSENSE_MOST_COUNT:
            self.leave()

    def leave(self) -> None:
        """Nothing more is taken from it; what was said to it is still handed over."""
        self.inbox.clear()
        self.gone = True

    def say(self, message: bytes) -> None:
        """Queue one line and write what the port takes."""
        self._unsent += message + b"\n"
        self.flush()

    def flush(self) -> None:
        """Write what the port takes now."""
        if not self._unsent or self.gone:
            return
        try:
            del self._unsent[: self.port.write(bytes(self._unsent))]
        except LinkLost:
            self.gone = True
        if len(self._unsent) > UNSENT_MOST_BYTES:
            self.gone = True
