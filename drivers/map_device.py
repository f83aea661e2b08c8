"""What the three register-map devices have in common: order of errands and belief.

Order in a free slot: the probe until the link is UP, then a command that differs or is
due, then the status poll. A poll never goes before a command, so a permit that falls
leaves the moment the question under way has ended.

Belief: ``at_ns`` moves only when the device's own scan counter moved since the previous
poll (and, where the device echoes heartbeats, when it echoes a recent one), so a frozen
image grows old like a silent device.
"""

import abc
from collections.abc import Sequence
from typing import ClassVar, Final, Generic, TypeVar

import msgspec

from drivers.driver import NEVER_NS, PollPlan
from drivers.modbus import Answer, Fault, Framing, Outcome, Question, RegisterClient
from drivers.modbus_session import Kind, ProbeStep, Session
from drivers.registers import Block, Implausible, Values, whole
from state_machine.readings import LineReading, MammographReading, RoomReading
from state_machine.targets import Activity, LineTarget, MammographTarget, RoomTarget

IMPLAUSIBLE_TOLD: Final = 3
"""Implausible answers in a row after which the reading says so [?]."""

T = TypeVar("T", RoomTarget, LineTarget, MammographTarget)
R = TypeVar("R", RoomReading, LineReading, MammographReading)


class MapDevice(abc.ABC, Generic[T, R]):
    """A device that is polled and commanded over one register map."""

    kind: ClassVar[Kind]
    status: ClassVar[Block]

    _scan: int | None
    _polled_ns: int | None
    """When the status was last asked; None = ask in the next free slot."""

    def __init__(
        self,
        unit_id: int,
        expected_modes: frozenset[int],
        plan: PollPlan,
        deadline_ns: int,
        framing: Framing,
        reading: R,
    ) -> None:
        client = RegisterClient(unit_id, framing, deadline_ns)
        self._session = Session(
            self.kind, client, expected_modes, self._probe_steps(), self._poll_now
        )
        self._plan = plan
        self._activity = Activity.IDLE
        self._reading: R = msgspec.structs.replace(reading, refusal=self._session.refusal)
        self._start_over()

    # --- the driver's verbs -----------------------------------------------------------------

    def connected(self, now_ns: int) -> None:
        """The port is (again) open: forget what was under way, identify anew."""
        self._session.connected(now_ns)
        self._start_over()
        self._publish()

    def lost(self, reason: str, now_ns: int) -> None:
        """The port is gone; ``reason`` is for people."""
        self._session.lost(reason)
        self._start_over()
        self._publish()

    def receive(self, data: bytes, now_ns: int) -> bool:
        """Take all bytes that arrived; True when the reading changed. Never raises."""
        before = self._reading
        outcome = self._session.receive(data, now_ns)
        if outcome is not None:
            self._settle(outcome, now_ns)
        self._publish()
        return self._reading is not before and self._reading != before

    def reading(self) -> R:
        """What is known now."""
        return self._reading

    def give(self, target: T, activity: Activity, now_ns: int) -> bytes:
        """At most one frame: probe, else command, else status poll."""
        self._activity = activity
        late = self._session.expire(now_ns)
        if late is not None:
            self._settle(late, now_ns)
        self._publish()
        if not self._session.free(now_ns):
            return b""
        if not self._session.up:
            return self._session.probe(now_ns)
        command = self._command(target, now_ns)
        if command is not None:
            self._commanding = True
            return self._session.ask(command, now_ns)
        if now_ns >= self._poll_due_ns():
            self._commanding, self._polled_ns = False, now_ns
            return self._session.ask(self.status.read(), now_ns)
        return b""

    def deadline_ns(self) -> int:
        """Next instant at which ``give`` wants to be called without new bytes."""
        return self._session.deadline_ns(min(self._command_due_ns(), self._poll_due_ns()))

    # --- what a device adds -----------------------------------------------------------------

    @abc.abstractmethod
    def _probe_steps(self) -> Sequence[ProbeStep]:
        """Steps after the identity block."""

    @abc.abstractmethod
    def _command(self, target: T, now_ns: int) -> Question | None:
        """The command to write now, None when nothing differs and nothing is due."""

    @abc.abstractmethod
    def _commanded(self, outcome: Outcome, now_ns: int) -> None:
        """What became of the command."""

    @abc.abstractmethod
    def _take(self, values: Values, asked_ns: int, now_ns: int) -> None:
        """A plausible status."""

    @abc.abstractmethod
    def _forget(self) -> None:
        """Whatever was acknowledged over an older connection proves nothing now."""

    def _command_due_ns(self) -> int:
        """When a command is due although nothing differs."""
        return NEVER_NS

    def _standing(self, reading: R) -> R:
        """Fields that depend on the link, kept up to date in every pass."""
        return reading

    # --- shared -----------------------------------------------------------------------------

    def _start_over(self) -> None:
        self._scan = None
        self._polled_ns = None
        self._commanding = False
        self._implausible = 0
        self._complaint = ""
        self._forget()

    def _poll_now(self) -> None:
        self._polled_ns = None

    def _poll_due_ns(self) -> int:
        if self._polled_ns is None:
            return 0
        return self._polled_ns + self._plan.interval_ns(self._activity)

    def _settle(self, outcome: Outcome, now_ns: int) -> None:
        if self._commanding:
            self._commanded(outcome, now_ns)
        elif isinstance(outcome, Fault):
            self._poll_now()
        else:
            self._read(outcome, now_ns)

    def _read(self, answer: Answer, now_ns: int) -> None:
        try:
            values = self.status.decode(answer.registers)
            self._take(values, answer.asked_ns, now_ns)
        except Implausible as error:
            self._disbelieve(error)
        else:
            self._implausible = 0

    def _disbelieve(self, error: Implausible) -> None:
        """No reading: asked again at once, and said aloud when it persists."""
        self._session.implausible_count += 1
        self._implausible += 1
        if self._implausible < IMPLAUSIBLE_TOLD:
            self._poll_now()
        else:
            self._complaint = f"{self._session.name}: {error}; service the device"

    def _believed_ns(self, values: Values, asked_ns: int, heard: bool = True) -> int:
        """The reading's new ``at_ns``: the old one unless the device proves to be alive."""
        scan, before = whole(values, "scan_count"), self._scan
        self._scan = scan
        self._complaint = ""
        if before is None:
            return self._reading.at_ns
        if scan == before:
            self._complain(
                f"its scan counter stands still at {scan}, so its values are not believed;"
                " restart the device"
            )
            return self._reading.at_ns
        if not heard:
            self._complain("it echoes no recent heartbeat of this controller")
            return self._reading.at_ns
        return asked_ns

    def _complain(self, words: str) -> None:
        """Say why values are missing or not believed although the link is up."""
        self._complaint = f"{self._session.name}: {words}"

    def _refuse(self, words: str, now_ns: int) -> None:
        """Not to be used as it is: probe again after a pause."""
        self._session.refuse(f"{self._session.name}: {words}", now_ns)
        self._start_over()

    def _publish(self) -> None:
        """Bring what the session says into the reading; the same one where nothing differs."""
        session, reading = self._session, self._reading
        refusal = session.refusal or self._complaint
        if (
            reading.link is not session.link
            or reading.refusal != refusal
            or reading.identity != session.identity
            or reading.bad_frame_count != session.bad_frame_count
        ):
            reading = msgspec.structs.replace(
                reading,
                link=session.link,
                refusal=refusal,
                identity=session.identity,
                bad_frame_count=session.bad_frame_count,
            )
        self._reading = self._standing(reading)
