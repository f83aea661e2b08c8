"""One connection to the controller's API, for one page; lines of JSON both ways.

The page's identity, its control of the room and its hold are bound to this connection by
the controller, so it lives and dies with the page's socket.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

API_VERSION: Final = 1
LINE_MOST_BYTES: Final = 1_048_576
"""A snapshot is some 5 kB; a line without end is no controller."""
SNAPSHOTS_MOST_COUNT: Final = 4
"""Snapshots kept for a page that is slow to take them; the oldest is dropped."""
WORDS_MOST_COUNT: Final = 256
"""Replies kept for it; a page further behind is let go."""
UNSENT_MOST_BYTES: Final = 65_536
"""Requests that the controller has not taken; more means that it stands still."""

_SNAPSHOT: Final = b'{"k":"snapshot"'
_WIRES: Final = b'{"k":"wires"'


class Lost(Exception):
    """The controller is not there, or not any more; the text says so."""


class Outbox:
    """What waits to be shown to one page: words, newest snapshots, newest picture of the wires."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._snapshots: deque[bytes] = deque(maxlen=SNAPSHOTS_MOST_COUNT)
        self._words: deque[bytes] = deque()
        self._wires = b""
        self._some = asyncio.Event()
        self.dropped_count = 0
        """Snapshots that the page was too slow for."""
        self.overrun = False
        """It is too slow even for words."""

    def put(self, line: bytes) -> None:
        """Take a line of the controller, or of this server."""
        if line.startswith(_SNAPSHOT):
            self.dropped_count += len(self._snapshots) == SNAPSHOTS_MOST_COUNT
            self._snapshots.append(line)
        elif line.startswith(_WIRES):
            self._wires = line  # in place of one that still waits: the newer says all that it did
        else:
            self._words.append(line)
            self.overrun = len(self._words) > WORDS_MOST_COUNT
        self._some.set()

    def say(self, message: Mapping[str, Any]) -> None:
        """Put words of this server's own."""
        self.put(orjson.dumps(message))

    async def get(self) -> bytes:
        """The next line: words before snapshots, both before a picture of the wires."""
        while not (self._words or self._snapshots or self._wires):
            self._some.clear()
            await self._some.wait()
        if self._words:
            return self._words.popleft()
        if self._snapshots:
            return self._snapshots.popleft()
        line, self._wires = self._wires, b""
        return line


class Link:
    """The connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take over an open stream; ``connect`` makes one."""
        self._reader = reader
        self._writer = writer

    def say(self, message: Mapping[str, Any]) -> None:
        """Send one line; never waits.

        Raises:
            Lost: the controller takes nothing any more.
        """
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > UNSENT_MOST_BYTES:
            raise Lost("the controller does not take what is asked")
        self._writer.write(orjson.dumps(message) + b"\n")

    async def hear(self) -> bytes:
        """The next line.

        Raises:
            Lost: the controller hung up.
        """
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            raise Lost("the controller hung up") from error
        return line[:-1]

    def close(self) -> None:
        """Hang up: the controller takes it as the end of everything bound to it."""
        self._writer.close()


async def connect(path: Path) -> Link:
    """Open a connection to the controller's socket.

    Raises:
        Lost: nobody listens there.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_MOST_BYTES)
    except OSError as error:
        words = f"no controller answers on {path.name} ({error.strerror or error}): start it"
        raise Lost(words) from error
    link = Link(reader, writer)
    link.say({"k": "hello", "version": API_VERSION, "client": "console"})
    return link
