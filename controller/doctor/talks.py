"""What is said to a device to learn who it is: reads and `VER`, never a command.

The drivers themselves are not used whole: theirs is to stop a pump, claim the room box and
write settings before anything else, and a check must change nothing. What judges the
answers is theirs, so a device that is accepted here is accepted by the controller.
"""

from typing import Final, Protocol

from controller.doctor.finding import Finding, Level
from drivers.driver import NEVER_NS
from drivers.exchange import Exchange
from drivers.modbus import Answer, RegisterClient
from drivers.modbus_session import MODE_NAMES, Kind, Session
from drivers.new_era.driver import ECHO
from drivers.new_era.line import Alarmed, Answered, Ask, Echoed, Event, Line, Purpose, Shape
from drivers.new_era.settings import MODELS, OLDEST_MAJOR, identify
from drivers.registers import Implausible, whole
from drivers.room_io import INPUT_BITS, RoomIo
from state_machine.readings import Link

VER: Final = Ask(Purpose.FENCE, "VER", Shape.VERSION)
ASKED_MOST: Final = 5
"""`VER` is asked so often at most; an alarm may take the place of its answer."""


class Talk(Protocol):
    """A few questions to one device on one port; times in ns of boot time."""

    name: str
    allowed: str

    def connected(self, now_ns: int) -> None:
        """The port is open."""

    def lost(self, reason: str) -> None:
        """The port is gone; nothing more will come."""

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what arrived."""

    def give(self, now_ns: int) -> bytes:
        """What to ask now, at most one frame."""

    def due_ns(self) -> int:
        """When ``give`` has something to say or to judge without new bytes."""

    def over(self) -> bool:
        """Everything that can be learnt is known."""

    def finding(self) -> Finding:
        """What was learnt."""


class RegisterTalk:
    """Identity block of a register-map device, and of the room box also its state."""

    def __init__(self, kind: Kind, unit_id: int, modes: frozenset[int], where: str) -> None:
        expected = " or ".join(MODE_NAMES[mode] for mode in sorted(modes))
        self.name = kind.words
        self.allowed = f"a {kind.words} of register map 1 in mode {expected}, unit id {unit_id}"
        self.relay_closed: bool | None = None
        """Has the pump power? None: not known, or not the room box."""
        self._where = where
        self._session = Session(kind, RegisterClient(unit_id), modes, (), lambda: None)
        self._wants_state = kind is Kind.ROOM_IO
        self._seen = False

    def connected(self, now_ns: int) -> None:
        """The port is open."""
        self._seen = True
        self._session.connected(now_ns)

    def lost(self, reason: str) -> None:
        """The port is gone; nothing more will come."""
        self._seen = True
        self._session.lost(reason)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what arrived."""
        outcome = self._session.receive(data, now_ns)
        if outcome is not None:
            self._wants_state = False
        if isinstance(outcome, Answer):
            try:
                inputs = whole(RoomIo.status.decode(outcome.registers), "inputs")
            except Implausible:
                return
            self.relay_closed = bool(inputs & INPUT_BITS["relay_closed"])

    def give(self, now_ns: int) -> bytes:
        """Ask who it is; then, of the box, whether the pump has power."""
        if self._session.expire(now_ns) is not None:
            self._wants_state = False
        if not self._session.free(now_ns) or self.over():
            return b""
        if not self._session.up:
            return self._session.probe(now_ns)
        return self._session.ask(RoomIo.status.read(), now_ns)

    def due_ns(self) -> int:
        """When ``give`` has something to say or to judge without new bytes."""
        return self._session.deadline_ns(NEVER_NS)

    def over(self) -> bool:
        """Identified (and its state known), refused, or silent."""
        if self._session.up:
            return not self._wants_state
        return self._seen and self._session.link is not Link.PROBING

    def finding(self) -> Finding:
        """Who answers there."""
        if self._session.up:
            value = f"{self._session.identity} at {self._where}"
            return Finding(self.name, Level.OK, value, self.allowed)
        words = self._session.refusal or "it has not answered in time; check its power and network"
        happened, _, todo = words.rpartition("; ")
        value = f"{self._where}: {happened or todo}"
        return Finding(self.name, Level.WRONG, value, self.allowed, todo)


class PumpTalk:
    """`VER` of a New Era pump. It may answer while it runs, and is not stopped by this.

    A pump left in Safe mode starts waiting for the next packet when it hears this one, and
    may sound its time-out alarm afterwards; it does not move.
    """

    def __init__(self, address: int, baud: int, expect_model: str, where: str) -> None:
        models = expect_model or ", ".join(MODELS)
        self.name = "pump"
        self.allowed = f"{models} with firmware V{OLDEST_MAJOR} or newer, address {address}"
        self.silent = True
        """Nothing that could be a pump's answer was heard."""
        self._where = f"{where}, {baud} baud"
        self._expect_model = expect_model
        self._exchange = Exchange(baud)
        self._line = Line(address, self._exchange)
        self._asked_count = 0
        self._identity = self._refusal = self._gone = ""
        self._connected = False

    def connected(self, now_ns: int) -> None:
        """The port is open."""
        self._connected = True
        self._line.forget(now_ns)

    def lost(self, reason: str) -> None:
        """The port is gone; nothing more will come."""
        self._gone = reason

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what arrived."""
        for event in self._line.receive(data, now_ns):
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, Echoed):
            self._refusal = ECHO
        elif isinstance(event, Alarmed):
            self.silent = False
        elif isinstance(event, Answered):
            self.silent = False
            identity = identify(event.reply.data, self._expect_model)
            self._identity, self._refusal = identity.text, identity.refusal

    def give(self, now_ns: int) -> bytes:
        """Ask `VER` once the line is quiet, again when its answer did not come."""
        self._line.expire(now_ns)
        if self._line.busy or self.over() or now_ns < self._exchange.quiet_until_ns():
            return b""
        self._asked_count += 1
        return self._line.ask(VER, now_ns)

    def due_ns(self) -> int:
        """When ``give`` has something to say or to judge without new bytes."""
        if not self._connected:
            return NEVER_NS
        return self._exchange.deadline_ns() if self._line.busy else self._exchange.quiet_until_ns()

    def over(self) -> bool:
        """Identified, refused, gone, or silent to the end."""
        exhausted = self._asked_count >= ASKED_MOST and not self._line.busy
        return bool(self._identity or self._refusal or self._gone) or exhausted

    def finding(self) -> Finding:
        """Which pump answers there."""
        value = f"{self._identity or 'no version heard'} at {self._where}"
        if self._gone:
            return Finding(self.name, Level.WRONG, value, self.allowed, self._gone)
        if self._refusal:
            return Finding(self.name, Level.WRONG, value, self.allowed, self._refusal)
        if self._identity:
            return Finding(self.name, Level.OK, value, self.allowed)
        heard = "no answer" if self.silent else "alarms, but no version"
        todo = "check the pump's power, its cable, and its address and baud (pump menu)"
        value = f"{heard} at {self._where}"
        return Finding(self.name, Level.WRONG, value, self.allowed, todo)
