"""The controller's local API: one JSON object per line, snapshots out, requests in.

A client sends request objects (``state_machine.requests``, tagged ``request``) and gets
``{"k": "reply", ...}`` for each and ``{"k": "snapshot", ...}`` at 20 Hz, 50 Hz while
something is armed; ``{"k": "subscribe", "hz": 5}`` asks for fewer. Clients are ports like
any other: nothing here blocks. A client that talks nonsense gets ``{"k": "error", ...}``;
one that does not read, or sends a line without end, is dropped. A dropped or closed
client is never waited for.
"""

from collections import deque
from typing import Annotated, Any, Final, Protocol

import msgspec

from controller.loop import Room
from controller.snapshot import snapshot
from drivers.ports import LinkLost, Port
from state_machine.requests import AnyRequest
from state_machine.targets import Activity
from state_machine.turn import Reply
from state_machine.units import NS_PER_S

LINE_MOST_BYTES: Final = 16_384
"""A request is a few hundred bytes; a longer line without end is no client of ours."""
UNSENT_MOST_BYTES: Final = 262_144
"""About two seconds of snapshots: a client further behind is dropped."""
INBOX_MOST_COUNT: Final = 64
"""Lines taken in one pass and client; the rest waits for the next, unread bytes in the kernel."""
CLIENTS_MOST_COUNT: Final = 16
"""Consoles, a watcher, a service tool; more is a client that never closes."""
INTEGER_MOST: Final = 10**12
"""A thousand litres in nL. The record holds 64 bits; sums of such numbers stay far below."""
_IDLE_NS: Final = 50_000_000
_ACTIVE_NS: Final = 20_000_000


class ClientPort(Port, Protocol):
    """The controller's end of one client's connection."""

    def close(self) -> None:
        """End the connection."""


class Listener(Protocol):
    """Where clients come from."""

    def accept(self) -> ClientPort | None:
        """A client that wants in, None when there is none."""

    def fileno(self) -> int | None:
        """Descriptor to wait on."""

    def close(self) -> None:
        """Let nobody in any more."""


class _Waiting:
    """A listener, as a port that only wakes the loop."""

    name = "api"

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def fileno(self) -> int | None:
        return self._listener.fileno()


class _Peek(msgspec.Struct):
    """What kind of line it is, if it says so."""

    k: str = ""


class _Subscribe(msgspec.Struct, forbid_unknown_fields=True):
    """How often a client wants to be shown the room, at most."""

    k: str
    hz: Annotated[int, msgspec.Meta(ge=1, le=50)]


_peek: Final = msgspec.json.Decoder(_Peek)
_subscribe: Final = msgspec.json.Decoder(_Subscribe)


class _Client:
    """One client: lines in, lines out."""

    def __init__(self, port: ClientPort) -> None:
        self.port = port
        self.rest = b""
        self.inbox: deque[bytes] = deque()
        self.slowest_ns = 0
        """Shortest interval between two snapshots that the client asked for; 0 = any."""
        self.due_ns = 0
        self.unsent = bytearray()
        self.gone = False

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
        *lines, self.rest = (self.rest + data).split(b"\n")
        if any(len(line) > LINE_MOST_BYTES for line in (*lines, self.rest)):
            self.gone = True
            return
        self.inbox += (line for line in lines if line.strip())

    def say(self, message: bytes) -> None:
        """Queue one line and write what the port takes."""
        self.unsent += message + b"\n"
        self.flush()

    def flush(self) -> None:
        """Write what the port takes now."""
        if not self.unsent or self.gone:
            return
        try:
            del self.unsent[: self.port.write(bytes(self.unsent))]
        except LinkLost:
            self.gone = True
        if len(self.unsent) > UNSENT_MOST_BYTES:
            self.gone = True


def _bounded(request: AnyRequest) -> None:
    """Refuse an integer that the record could not hold.

    Raises:
        msgspec.ValidationError: names the field and the allowed range.
    """
    for name in request.__struct_fields__:
        value = getattr(request, name)
        if isinstance(value, int) and abs(value) > INTEGER_MOST:
            allowed = f"-{INTEGER_MOST} to {INTEGER_MOST}"
            raise msgspec.ValidationError(f"`{name}` is out of range: allowed are {allowed}")


class LocalApi:
    """Clients of the controller on one listener."""

    def __init__(self, listener: Listener) -> None:
        """Serve the clients of a listener."""
        self._listener = listener
        self._waiting = _Waiting(listener)
        self._clients: list[_Client] = []
        self._asked: deque[tuple[_Client, AnyRequest]] = deque()
        self._decode = msgspec.json.Decoder(AnyRequest)
        self._encode = msgspec.json.Encoder()
        self._count = 0

    def ports(self) -> tuple[Port, ...]:
        """The listener and every client."""
        return (self._waiting, *(client.port for client in self._clients))

    def requests(self, utc_day: int) -> tuple[AnyRequest, ...]:
        """Requests that arrived, each stamped with the day on which it did."""
        self._admit()
        self._asked.clear()
        taken: list[AnyRequest] = []
        for client in self._clients:
            for line in client.lines()[:INBOX_MOST_COUNT]:
                request = self._request(client, line, utc_day)
                if request is not None:
                    self._asked.append((client, request))
                    taken.append(request)
        self._drop()
        return tuple(taken)

    def _admit(self) -> None:
        while (port := self._listener.accept()) is not None:
            if len(self._clients) < CLIENTS_MOST_COUNT:
                self._clients.append(_Client(port))
            else:
                port.close()

    def _request(self, client: _Client, line: bytes, utc_day: int) -> AnyRequest | None:
        try:
            if _peek.decode(line).k == "subscribe":
                client.slowest_ns = NS_PER_S // _subscribe.decode(line).hz
                return None
            request: AnyRequest = self._decode.decode(line)
            _bounded(request)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            client.say(self._encode.encode({"k": "error", "words": f"not a request: {problem}"}))
            return None
        return msgspec.structs.replace(request, utc_day=utc_day)

    def answer(self, replies: tuple[Reply, ...]) -> None:
        """Answer the requests of this pass; replies come in the order of the requests."""
        for (client, request), reply in zip(self._asked, replies, strict=False):
            message: dict[str, Any] = {
                "k": "reply",
                "number": request.number,
                "request": reply.request,
                "taken": not reply.refusals,
                "refusals": reply.refusals,
            }
            client.say(self._encode.encode(message))
        self._asked.clear()

    def publish(self, room: Room, now_ns: int) -> int:
        """Show every client the room when it is due; returns when it is due again."""
        message = b""
        span_ns = _IDLE_NS if room.targets.activity is Activity.IDLE else _ACTIVE_NS
        for client in self._clients:
            if now_ns < client.due_ns:
                client.flush()
                continue
            if not message:  # made only when somebody is to see it
                self._count += 1
                message = self._encode.encode(snapshot(room, self._count, now_ns))
            client.due_ns = now_ns + max(span_ns, client.slowest_ns)
            client.say(message)
        self._drop()
        due_ns = now_ns + _IDLE_NS * 20
        for client in self._clients:
            if client.inbox:
                return now_ns  # read from the kernel already, so nothing there wakes the loop
            due_ns = min(due_ns, client.due_ns)
        return due_ns

    def _drop(self) -> None:
        gone = [client for client in self._clients if client.gone]
        for client in gone:
            client.port.close()
            self._clients.remove(client)

    def close(self) -> None:
        """Let every client go."""
        for client in self._clients:
            client.flush()
            client.port.close()
        self._clients.clear()
        self._listener.close()
