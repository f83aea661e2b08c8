"""The controller's local API: one JSON object per line, snapshots out, requests in.

A client says ``{"k": "hello", "version": 1}``, then sends request objects
(``state_machine.requests``, tagged ``request``) and gets ``{"k": "reply", ...}`` for each and
``{"k": "snapshot", ...}`` at 20 Hz, 50 Hz while something is armed. Clients are ports like
any other: nothing here blocks. A client that talks nonsense gets ``{"k": "error", ...}``;
one that does not read, sends a line without end or goes on with nonsense is dropped. A
dropped or closed client is never waited for; its end is a request of its own
(``client-gone``), so that what stood on the connection ends with it.

Each connection has a number, and every request is stamped with it. A PIN goes from here to
the checker of PINs and nowhere else.
"""

import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from controller import messages
from controller.api_client import Client, ClientPort
from controller.api_keys import Keys
from controller.loop import Room
from controller.people.verdict import Verdict
from controller.snapshot import snapshot
from controller.tap import Watchers, watching
from controller.version import PROGRAM, VERSION
from drivers.ports import Port
from state_machine import people
from state_machine.requests import (
    AnyRequest,
    ClientGone,
    ClientRefused,
    ClientRequest,
    ConfirmArm,
    Do,
    Event,
    HoldBeat,
    HoldBegin,
    HoldEnd,
    Login,
    Logout,
    Role,
    TipOut,
    ViewBeat,
)
from state_machine.state import Phase
from state_machine.targets import Activity
from state_machine.turn import Reply
from state_machine.units import NS_PER_S

CLIENTS_MOST_COUNT: Final = 16
"""Consoles, a watcher, a service tool; more is a client that never closes."""
INTEGER_MOST: Final = 10**12
"""A thousand litres in nL. The record holds 64 bits; sums of such numbers stay far below."""
TURNED_AWAY_NS: Final = 10 * NS_PER_S
"""Strangers at the door are recorded this often at most, with their count."""
_IDLE_NS: Final = 50_000_000
_ACTIVE_NS: Final = 20_000_000


class Listener(Protocol):
    """Where clients come from."""

    def accept(self) -> ClientPort | None:
        """A client that wants in, None when there is none."""

    def turned_away(self) -> tuple[str, ...]:
        """Who was not let in since the last call, in words."""

    def fileno(self) -> int | None:
        """Descriptor to wait on."""

    def close(self) -> None:
        """Let nobody in any more."""


class Checker(Protocol):
    """Who checks PINs, outside the loop's thread."""

    def ports(self) -> tuple[Port, ...]:
        """What wakes the loop when a verdict is there."""

    def ask(self, connection: int, asked: messages.LoginAsk, now_ns: int) -> Verdict | None:
        """Begin to check; a verdict at once where nothing needs to be checked."""

    def verdicts(self) -> tuple[Verdict, ...]:
        """Checks that have ended since the last call."""

    def close(self) -> None:
        """Check nothing any more."""


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


_peek: Final = msgspec.json.Decoder(_Peek)
_message: Final = msgspec.json.Decoder(messages.AnyMessage)
_request: Final = msgspec.json.Decoder(ClientRequest)


_HOLDS: Final = (HoldBegin, HoldBeat, HoldEnd)
_BEATS: Final = (HoldBeat, ViewBeat)


def _token() -> str:
    return secrets.token_hex(16)


def _arms(request: ClientRequest) -> bool:
    """After it a page may hold, if the core lets it."""
    if isinstance(request, Do):
        return request.event is Event.ARM_EXPOSURE
    return isinstance(request, ConfirmArm | TipOut)


def _bounded(request: ClientRequest) -> None:
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

    def __init__(
        self,
        listener: Listener,
        checker: Checker | None = None,
        chance: Callable[[], str] = _token,
    ) -> None:
        """Serve the clients of a listener; without a ``checker`` nobody can log in.

        ``chance`` makes the tokens of holds on a screen: 128 bits that nobody can guess.
        """
        self._listener = listener
        self._checker = checker
        self._chance = chance
        self._waiting = _Waiting(listener)
        self._clients: list[Client] = []
        self._asked: list[tuple[Client | None, AnyRequest]] = []
        self._again: list[tuple[Client, str]] = []
        """Repeated requests whose reply is made in this very pass."""
        self._ours: deque[AnyRequest] = deque()
        """What the API itself tells the core."""
        self._keys = Keys()
        self._wires = Watchers()
        self._encode = msgspec.json.Encoder()
        self._count = 0
        self._connection_count = 0
        self._now_ns = 0
        """Of the last pass: log-ins and strangers are counted against it."""
        self._strangers: list[str] = []
        self._strangers_ns = 0

    def ports(self) -> tuple[Port, ...]:
        """The listener, the checker of PINs and every client."""
        checker = self._checker.ports() if self._checker is not None else ()
        return (self._waiting, *checker, *(client.port for client in self._clients))

    def requests(self, utc_day: int) -> tuple[AnyRequest, ...]:
        """Requests that arrived, each stamped with its day and connection."""
        self._admit()
        self._asked.clear()
        self._again.clear()
        self._judge()
        for client in self._clients:
            for line in client.lines():
                if not client.gone:
                    self._take(client, line, utc_day)
        self._drop()
        if self._ours:
            self._asked += ((None, told) for told in self._ours)
            self._ours.clear()
        return tuple([request for _, request in self._asked]) if self._asked else ()

    def _admit(self) -> None:
        while (port := self._listener.accept()) is not None:
            if len(self._clients) < CLIENTS_MOST_COUNT:
                self._connection_count += 1
                self._clients.append(Client(port, self._connection_count))
            else:
                port.close()
        strangers = self._listener.turned_away()
        if not strangers and not self._strangers:
            return
        self._strangers += strangers
        if self._strangers and self._now_ns >= self._strangers_ns:
            who = f"{self._strangers[0]}, {len(self._strangers)} in all"
            self._ours.append(ClientRefused(by=PROGRAM, role=Role.SERVICE, who=who))
            self._strangers.clear()
            self._strangers_ns = self._now_ns + TURNED_AWAY_NS
        del self._strangers[CLIENTS_MOST_COUNT:]

    def _take(self, client: Client, line: bytes, utc_day: int) -> None:
        """One line of a client: a message or a request, or not understood."""
        try:
            if _peek.decode(line).k:
                self._hear(client, _message.decode(line), utc_day)
            else:
                self._ask(client, _request.decode(line), utc_day)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            client.nonsense(f"not a request: {problem}")

    def _hear(self, client: Client, message: messages.AnyMessage, utc_day: int) -> None:
        client.understood()
        if isinstance(message, messages.Hello):
            self._greet(client, message)
        elif isinstance(message, messages.Subscribe):
            client.slowest_ns = NS_PER_S // message.hz
        elif not client.greeted:
            client.nonsense(_SAY_HELLO)
        elif isinstance(message, messages.LoginAsk):
            client.asked = True
            self._check(client, message)
        else:
            # in whose name, the core knows: the session of this connection ends
            request = Logout(
                by="", role=Role.SERVICE, number=message.number, connection=client.connection,
                utc_day=utc_day,
            )  # fmt: skip
            self._asked.append((client, request))

    def _greet(self, client: Client, hello: messages.Hello) -> None:
        if messages.OLDEST <= hello.version <= messages.VERSION:
            client.greeted = True
            login = "possible" if self._checker is not None else "not possible"
            client.say(messages.hello(client.connection, f"{PROGRAM} {VERSION}", login))
        else:
            client.say(messages.refused(hello.version))
            client.leave()

    def _ask(self, client: Client, request: ClientRequest, utc_day: int) -> None:
        _bounded(request)
        client.understood()
        if not (client.greeted or people.always_taken(request)):
            client.nonsense(_SAY_HELLO)
            return
        known = self._keys.begin(request)
        if known is None:
            stamps: dict[str, Any] = {"utc_day": utc_day, "connection": client.connection}
            if hasattr(request, "token") and not isinstance(request, _HOLDS):
                # whatever a client says; only what arms gets one
                stamps["token"] = self._chance() if _arms(request) else ""
            client.asked = True
            self._asked.append((client, msgspec.structs.replace(request, **stamps)))
        elif isinstance(known, str):
            client.nonsense(known)
        elif known:
            client.say(known)
        else:
            self._again.append((client, request.key))

    def _check(self, client: Client, asked: messages.LoginAsk) -> None:
        connection = client.connection
        if self._checker is None:
            words = "nobody can log in: this room has no list of users"
            verdict = Verdict(connection, asked.number, "", Role.SERVICE, words)
        else:
            found = self._checker.ask(connection, asked, self._now_ns)
            if found is None:
                return
            verdict = found
        self._tell(verdict)

    def _judge(self) -> None:
        """Log-ins that were decided meanwhile."""
        for verdict in self._checker.verdicts() if self._checker is not None else ():
            self._tell(verdict)

    def _tell(self, verdict: Verdict) -> None:
        """A verdict goes into the record, unless who asked is gone."""
        asker = next((c for c in self._clients if c.connection == verdict.connection), None)
        if asker is None or asker.gone:
            return
        login = Login(
            by=verdict.by,
            role=verdict.role,
            number=verdict.number,
            connection=verdict.connection,
            refused=verdict.refused,
        )
        self._asked.append((asker, login))

    def answer(self, replies: tuple[Reply, ...]) -> None:
        """Answer the requests of this pass; replies come in the order of the requests."""
        for (client, request), reply in zip(self._asked, replies, strict=False):
            if isinstance(request, _BEATS) and not reply.refusals:
                continue  # 10 to 40 a second; a beat that counts is seen in the snapshot
            message = messages.reply(
                request.number, reply.request, reply.refusals, reply.token, reply.codes
            )
            if request.key:
                self._keys.end(request.key, message)
            if client is not None:
                client.say(message)
                self._tell_who(client, request, reply)
                if not reply.refusals:
                    watching(client, request)
        for client, key in self._again:
            client.say(self._keys.reply(key))
        self._asked.clear()
        self._again.clear()

    @staticmethod
    def _tell_who(client: Client, request: AnyRequest, reply: Reply) -> None:
        """After a log-in or log-out that was taken: who is in front of this connection now."""
        if isinstance(request, Login) and not reply.refusals:
            client.say(messages.who(request.by, request.role.value))
        elif isinstance(request, Logout) and not reply.refusals:
            client.say(messages.who("", ""))

    def publish(self, room: Room, now_ns: int) -> int:
        """Show every client the room when it is due; returns when it is due again."""
        self._now_ns = now_ns
        standby = room.state.phase is Phase.STANDBY
        self._wires.show(self._clients, room.links.values(), room.clock.now_ns, standby)
        if not self._clients and not self._ours:
            return now_ns + _IDLE_NS * 20
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
        due_ns = now_ns if self._ours else now_ns + _IDLE_NS * 20
        for client in self._clients:
            if client.inbox:
                return now_ns  # known already, so no descriptor will wake the loop
            due_ns = min(due_ns, client.due_ns)
        return due_ns

    def _drop(self) -> None:
        """Close who is gone; the core hears of everyone who has asked something."""
        for client in [c for c in self._clients if c.gone]:
            client.port.close()
            self._clients.remove(client)
            if client.asked:
                self._ours.append(
                    ClientGone(by=PROGRAM, role=Role.SERVICE, connection=client.connection)
                )

    def close(self) -> None:
        """Let every client go."""
        for client in self._clients:
            client.flush()
            client.port.close()
        self._clients.clear()
        self._listener.close()
        if self._checker is not None:
            self._checker.close()


_SAY_HELLO: Final = (
    f'say hello first: {{"k": "hello", "version": {messages.VERSION}}} (a stop is always taken)'
)
