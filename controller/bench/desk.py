"""A service tool's place at the controller: a client like any other, one person in front of it.

What it wants of the room it asks with the requests that there are; what it knows it reads from
snapshots, and from the frames that the controller shows to who watches. Its only clock is the
one in the snapshots, so that a tool runs the same against a room on virtual time.
"""

import json
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from controller.messages import VERSION

READ_SIZE: Final = 262_144
SILENT_S: Final = 2.0
"""Snapshots come 20 times a second: a controller silent for so long is gone."""
ANSWER_MS: Final = 5_000
Snapshot = dict[str, Any]


class Gone(Exception):
    """The controller hung up, fell silent or refused; the text says which."""


class Ended(Exception):
    """The person at the tool ends it, or there is nobody any more."""


class Line(Protocol):
    """A connection to the controller's API."""

    def say(self, message: dict[str, Any]) -> None:
        """Send one object. Raises ``Gone``."""

    def hear(self) -> list[dict[str, Any]]:
        """Wait for some objects, at most ``SILENT_S``; raises ``Gone`` when none comes."""

    def fileno(self) -> int:
        """Descriptor to wait on."""

    def close(self) -> None:
        """Hang up."""


class SocketLine:
    """The real one: JSON lines over the controller's local socket."""

    def __init__(self, path: Path) -> None:
        """Connect.

        Raises:
            Gone: nobody answers there.
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._rest = b""
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise Gone(
                f"no controller answers on {path} ({error.strerror}): start it with galactograph"
                " run"
            ) from error

    def say(self, message: dict[str, Any]) -> None:
        """Send one object."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Gone(f"the controller is gone ({error.strerror})") from error

    def hear(self) -> list[dict[str, Any]]:
        """Wait for some objects."""
        while True:
            if not select.select([self._socket], [], [], SILENT_S)[0]:
                raise Gone(f"the controller has said nothing for {SILENT_S:.0f} s")
            try:
                data = self._socket.recv(READ_SIZE)
            except OSError as error:
                raise Gone(f"the controller is gone ({error.strerror})") from error
            if not data:
                raise Gone("the controller hung up")
            *lines, self._rest = (self._rest + data).split(b"\n")
            found = [json.loads(line) for line in lines if line.strip()]
            if found:
                return found

    def fileno(self) -> int:
        """Descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Desk:
    """One person at one tool."""

    def __init__(self, line: Line, client: str, by: str, hz: int = 20) -> None:
        """Say hello. ``by`` is replaced by who logs in (``log_in``).

        Raises:
            Gone: the controller is gone, or of another version.
        """
        self.by = by
        self._line = line
        self._number = 0
        self._replies: dict[int, dict[str, Any]] = {}
        self.newest: Snapshot = {}
        self.watcher: Callable[[dict[str, Any]], None] = lambda _message: None
        """Told of every message but replies: snapshots, frames and their end."""
        line.say({"k": "hello", "version": VERSION, "client": client})
        line.say({"k": "subscribe", "hz": hz})
        while not self.newest:
            self.hear()

    def hear(self) -> None:
        """Take what the controller says next.

        Raises:
            Gone: it says no more, or that it does not understand us.
        """
        for message in self._line.hear():
            kind = message["k"]
            if kind == "reply":
                self._replies[message["number"]] = message
                continue
            if kind in ("refused", "error"):
                raise Gone(str(message["words"]))
            if kind == "snapshot":
                self.newest = message
            self.watcher(message)

    @property
    def now_ms(self) -> int:
        """Boot time of the newest snapshot."""
        return int(self.newest["t_ms"])

    def log_in(self, user: str, pin: str) -> None:
        """Log in with the role service.

        Raises:
            Ended: the PIN or the role is refused.
        """
        self._number += 1
        self._line.say({"k": "login", "user": user, "pin": pin, "role": "service",
                        "number": self._number})  # fmt: skip
        refusals = self._reply(self._number)
        if refusals:
            raise Ended("; ".join(refusals))

    def ask(self, request: str, role: str = "service", **fields: Any) -> tuple[str, ...]:
        """Ask for something; the words that refuse it, none when it was taken.

        Raises:
            Gone: no answer comes.
        """
        self._number += 1
        who = {"by": self.by, "role": role, "number": self._number}
        self._line.say({"request": request, **who, **fields})
        return self._reply(self._number)

    def _reply(self, number: int) -> tuple[str, ...]:
        begun_ms = self.now_ms
        while number not in self._replies:
            self.hear()
            if self.now_ms - begun_ms > ANSWER_MS:
                raise Gone("the controller does not answer what it is asked")
        return tuple(self._replies.pop(number)["refusals"])

    def until(self, seen: Callable[[Snapshot], bool], limit_ms: int) -> Snapshot | None:
        """The first snapshot in which something is so; None = not within the time."""
        begun_ms = self.now_ms
        while not seen(self.newest):
            if self.now_ms - begun_ms >= limit_ms:
                return None
            self.hear()
        return self.newest

    def fileno(self) -> int:
        """Descriptor to wait on: ``hear`` has something to take."""
        return self._line.fileno()

    def close(self) -> None:
        """Hang up."""
        self._line.close()
