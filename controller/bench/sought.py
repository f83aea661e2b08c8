"""Talks of the search: who answers at this port and speed, who under this unit id."""

from typing import Final

import msgspec

from controller.doctor.finding import Finding, Level
from controller.doctor.talks import PumpTalk
from drivers.driver import NEVER_NS
from drivers.modbus import Answer, Fault, FaultKind, RegisterClient
from drivers.modbus_session import IDENTITY_BLOCK, KIND_WORDS, MAP_VERSION, MODE_NAMES, SIGNATURE
from drivers.new_era.driver import ECHO
from drivers.new_era.line import Answered, Ask, Event, Purpose, Shape
from drivers.ports import TRIED_AGAIN
from drivers.registers import whole
from state_machine.units import NS_PER_S

SAF: Final = Ask(Purpose.SCRIPT, "SAF", Shape.VALUE)
HEARD_MOST_BYTES: Final = 64
"""Enough of a garbled line to be recognised by somebody who knows it."""
HUNG_UP: Final = (
    "hung up on the question; no device has this unit id, or another client holds its one"
    " connection"
)
SILENCE_NS: Final = NS_PER_S
"""A device on a network that has not answered by then does not answer."""


class PumpFound(msgspec.Struct, frozen=True):
    """What one port said at one speed."""

    port: str
    baud: int
    address: int
    identity: str = ""
    """Model and firmware; empty: no pump answered."""
    refusal: str = ""
    """Why the controller would refuse it."""
    safe_timeout_s: int | None = None
    """Safe mode as the pump has it stored; 0 = Basic, None = it did not say."""
    echoed: bool = False
    heard: bytes = b""
    """First bytes that came, whatever they were."""
    gone: str = ""


class PumpSearch(PumpTalk):
    """`VER`, then `SAF`, of whatever is at a port; keeps what it heard."""

    def __init__(self, address: int, baud: int, port: str) -> None:
        super().__init__(address, baud, "", port)
        self._at = (port, baud, address)
        self._heard = b""
        self._saf_asked = False
        self._safe_timeout_s: int | None = None

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what arrived."""
        self._heard = (self._heard + data)[:HEARD_MOST_BYTES]
        super().receive(data, now_ns)

    def _take(self, event: Event) -> None:
        if isinstance(event, Answered) and event.ask is SAF:
            if event.reply.data.isdigit():
                self._safe_timeout_s = int(event.reply.data)
            return
        super()._take(event)

    def give(self, now_ns: int) -> bytes:
        """Ask `VER`; once it is known, `SAF` a single time."""
        if not self._identity or self._saf_asked:
            return super().give(now_ns)
        if self._line.busy or now_ns < self._exchange.quiet_until_ns():
            return b""
        self._saf_asked = True
        return self._line.ask(SAF, now_ns)

    def over(self) -> bool:
        """Known, or nothing more is to be learnt."""
        if not self._identity:
            return super().over()
        return bool(self._gone) or self._saf_asked and not self._line.busy

    def found(self) -> PumpFound:
        """What was learnt."""
        port, baud, address = self._at
        echoed = self._refusal == ECHO
        return PumpFound(
            port=port,
            baud=baud,
            address=address,
            identity=self._identity,
            refusal="" if echoed else self._refusal,
            safe_timeout_s=self._safe_timeout_s,
            echoed=echoed,
            heard=self._heard,
            gone=self._gone,
        )


class UnitFound(msgspec.Struct, frozen=True):
    """Who answered under one unit id; ``kind`` 0: nobody that can be used."""

    where: str
    unit_id: int
    kind: int = 0
    serial_number: int = 0
    firmware: str = ""
    map_version: int = 0
    mode: int = 0
    words: str = ""
    """What is wrong, or empty."""


class UnitSearch:
    """Identity block under one unit id, whatever kind of device it is."""

    def __init__(self, unit_id: int, where: str) -> None:
        self.name = f"unit id {unit_id}"
        self.allowed = f"a device of register map {MAP_VERSION}"
        self._client = RegisterClient(unit_id, deadline_ns=SILENCE_NS)
        self._found = UnitFound(where, unit_id, words="did not take the connection")
        self._asked = self._over = False

    def connected(self, now_ns: int) -> None:
        """The port is open."""
        self._client.reset()
        self._found = msgspec.structs.replace(
            self._found, words="took the connection, said nothing"
        )

    def lost(self, reason: str) -> None:
        """The port is gone."""
        words = f"{HUNG_UP} ({reason.removesuffix(f'; {TRIED_AGAIN}')})"
        self._found = msgspec.structs.replace(self._found, words=words)
        self._over = True

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what arrived."""
        outcome = self._client.receive(data, now_ns)
        if isinstance(outcome, Answer):
            self._over, self._found = True, self._named(outcome.registers)
        elif outcome is not None:
            self._fail(outcome)

    def _named(self, registers: tuple[int, ...]) -> UnitFound:
        values = IDENTITY_BLOCK.decode(registers)
        signature, kind = whole(values, "signature"), whole(values, "device_kind")
        mode, version = whole(values, "mode"), whole(values, "map_version")
        firmware = whole(values, "firmware")
        words = ""
        if signature != SIGNATURE:
            words = f"another kind of device: signature {signature:#06x}, not {SIGNATURE:#06x}"
        elif kind not in KIND_WORDS:
            words = f"device kind {kind} is not known; known are {sorted(KIND_WORDS)}"
        elif version != MAP_VERSION:
            words = f"register map version {version}; this controller knows {MAP_VERSION}"
        elif mode not in MODE_NAMES:
            words = f"mode {mode} is not known; known are {sorted(MODE_NAMES)}"
        return msgspec.structs.replace(
            self._found,
            kind=0 if words else kind,
            serial_number=whole(values, "serial_number"),
            firmware=f"{firmware >> 8}.{firmware & 0xFF}",
            map_version=version,
            mode=mode,
            words=words,
        )

    def _fail(self, fault: Fault) -> None:
        words = fault.words
        if fault.kind is FaultKind.TIMEOUT:
            words += "; no device has this unit id, or another client holds its one connection"
        self._over = True
        self._found = msgspec.structs.replace(self._found, words=words)

    def give(self, now_ns: int) -> bytes:
        """Ask once."""
        late = self._client.expire(now_ns)
        if late is not None:
            self._fail(late)
        if self._asked or self._over or not self._client.free(now_ns):
            return b""
        self._asked = True
        return self._client.ask(IDENTITY_BLOCK.read(), now_ns)

    def due_ns(self) -> int:
        """When the answer is late."""
        return NEVER_NS if self._over else self._client.deadline_ns(NEVER_NS)

    def over(self) -> bool:
        """Answered, refused or silent."""
        return self._over

    def found(self) -> UnitFound:
        """What was learnt."""
        return self._found

    def finding(self) -> Finding:
        """As the doctor says it."""
        found = self._found
        level = Level.OK if found.kind else Level.WARNING
        return Finding(self.name, level, found.words or KIND_WORDS[found.kind], self.allowed)
