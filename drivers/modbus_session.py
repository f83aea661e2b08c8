"""Standing with one register-map device: who it is, is it set up, does it answer.

The probe is a list of steps, begun anew by every connection and after every doubt:
the identity block first, then the device's own steps (claim, settings written, settings
read back). The link is UP only after the last one; until then the device driver sends
nothing of its own, so no permit can leave before the other side is known.
"""

import enum
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from drivers.driver import NEVER_NS
from drivers.modbus import Fault, FaultKind, Outcome, Question, RegisterClient
from drivers.registers import IDENTITY, Block, Values, whole
from state_machine.readings import Link
from state_machine.units import NS_PER_MS

SIGNATURE: Final = 0x4741
MAP_VERSION: Final = 1
FAILURES_LOST: Final = 5
"""Questions in a row without an answer after which the link counts as lost [?]. With the
default deadlines that is the watchdog of the room I/O (5 x 60 ms) and of the mammograph
(5 x 100 ms): probing anew says "all off", so it must not come before they would trip."""
RETRY_NS: Final = 500 * NS_PER_MS
"""Pause before a refused or silent device is probed again [?]."""

MODE_NAMES: Final = {1: "simulated", 2: "bench", 3: "clinical"}
IDENTITY_BLOCK: Final = Block(IDENTITY)


class Kind(enum.Enum):
    """Device kinds of the map: code in the identity block, words for people."""

    MAMMOGRAPH = (1, "mammograph")
    PRESSURE_SENSOR = (2, "line pressure sensor")
    ROOM_IO = (3, "room I/O box")

    @property
    def code(self) -> int:
        """Value of the register."""
        return self.value[0]

    @property
    def words(self) -> str:
        """Name for people."""
        return self.value[1]


KIND_WORDS: Final = {kind.code: kind.words for kind in Kind}


class ProbeStep(NamedTuple):
    """One question of the probe."""

    question: Callable[[int], Question]
    """Makes the question; gets the time it is sent."""
    refusal: Callable[[Outcome], str]
    """Why the device is refused after this outcome (an answer or an exception), or ``""``."""


class Session:
    """Probe and link health over one :class:`RegisterClient`."""

    def __init__(
        self,
        kind: Kind,
        client: RegisterClient,
        expected_modes: frozenset[int],
        steps: Sequence[ProbeStep],
        on_up: Callable[[], None],
    ) -> None:
        if not expected_modes or not expected_modes <= MODE_NAMES.keys():
            raise ValueError(
                f"expected modes {sorted(expected_modes)} of the {kind.words}: give at least one of"
                " 1 simulated, 2 bench, 3 clinical"
            )
        self.link = Link.LOST
        self.refusal = "not connected yet"
        self.identity = ""
        self.implausible_count = 0
        self.name = f"{kind.words} (unit id {client.unit_id})"
        self._kind = kind
        self._client = client
        self._modes = expected_modes
        self._steps = (ProbeStep(lambda _: IDENTITY_BLOCK.read(), self._identify), *steps)
        self._on_up = on_up
        self._connected = False
        self._step = 0
        self._failures = 0
        self._probe_due_ns = 0
        self._asked_by_probe = False

    @property
    def bad_frame_count(self) -> int:
        """Frames that were no answer and answers that cannot be true."""
        return self._client.bad_frame_count + self.implausible_count

    @property
    def up(self) -> bool:
        """Identified, set up, answering."""
        return self.link is Link.UP

    def connected(self, now_ns: int) -> None:
        """The port is open: nothing is under way, identify anew."""
        self._client.reset()
        self._connected = True
        self.link, self.refusal = Link.PROBING, ""
        self._failures = 0
        self._probe_again(now_ns)

    def lost(self, reason: str) -> None:
        """The port is gone."""
        self._client.reset()
        self._connected = False
        self.link, self.refusal = Link.LOST, reason

    def free(self, now_ns: int) -> bool:
        """A question may be asked now."""
        return self._connected and self._client.free(now_ns)

    def ask(self, question: Question, now_ns: int) -> bytes:
        """The device driver's own question; only while UP and free."""
        self._asked_by_probe = False
        return self._client.ask(question, now_ns)

    def probe(self, now_ns: int) -> bytes:
        """The probe's next question when it is due; only while free and not UP."""
        if now_ns < self._probe_due_ns:
            return b""
        self._asked_by_probe = True
        return self._client.ask(self._steps[self._step].question(now_ns), now_ns)

    def receive(self, data: bytes, now_ns: int) -> Outcome | None:
        """Take bytes; the outcome of the device driver's own question, if one ended."""
        if not self._connected:
            return None
        return self._settle(self._client.receive(data, now_ns), now_ns)

    def expire(self, now_ns: int) -> Outcome | None:
        """Judge the deadline; the outcome of the device driver's own question."""
        return self._settle(self._client.expire(now_ns), now_ns)

    def deadline_ns(self, due_ns: int) -> int:
        """When to look again; ``due_ns`` is the device driver's own next errand while UP."""
        if not self._connected:
            return NEVER_NS
        return self._client.deadline_ns(due_ns if self.up else self._probe_due_ns)

    def refuse(self, words: str, now_ns: int) -> None:
        """The device answers and is not to be used; probe again after a pause."""
        self.link, self.refusal = Link.REFUSED, words
        self._failures = 0
        self._probe_again(now_ns + RETRY_NS)

    # --- outcomes ---------------------------------------------------------------------------

    def _settle(self, outcome: Outcome | None, now_ns: int) -> Outcome | None:
        if outcome is None:
            return None
        if isinstance(outcome, Fault):
            self._failures += 1
        elif self.up:
            # Not while probing: a device that only ever answers half a probe is no device.
            self._failures = 0
        if self._asked_by_probe:
            self._advance(outcome, now_ns)
            return None
        if isinstance(outcome, Fault) and self._failures >= FAILURES_LOST:
            self._fall_silent(outcome, now_ns)
        return outcome

    def _advance(self, outcome: Outcome, now_ns: int) -> None:
        if isinstance(outcome, Fault) and outcome.kind is not FaultKind.EXCEPTION:
            # A write may have been carried out: never repeated as such, all is asked anew.
            self._probe_again(now_ns)
            if self._failures >= FAILURES_LOST:
                self._fall_silent(outcome, now_ns + RETRY_NS)
            return
        words = self._steps[self._step].refusal(outcome)
        if words:
            self.refuse(f"{self.name}: {words}", now_ns)
            return
        self._step += 1
        if self._step == len(self._steps):
            self.link, self.refusal = Link.UP, ""
            self._step = self._failures = 0
            self._on_up()

    def _fall_silent(self, fault: Fault, probe_due_ns: int) -> None:
        self.link = Link.LOST
        self.refusal = (
            f"{self.name}: {self._failures} questions in a row failed, the last because"
            f" {fault.words}; check power and network of the device, it is asked again"
        )
        self._probe_again(probe_due_ns)

    def _probe_again(self, due_ns: int) -> None:
        self._step = 0
        self._probe_due_ns = due_ns

    def _identify(self, outcome: Outcome) -> str:
        if isinstance(outcome, Fault):
            return (
                f"has no identity block ({outcome.words}); another kind of device is at this"
                " address, correct the address or the unit id in the room file"
            )
        values = IDENTITY_BLOCK.decode(outcome.registers)
        firmware, mode = whole(values, "firmware"), whole(values, "mode")
        mode_words = MODE_NAMES.get(mode, f"unknown mode {mode}")
        words = self._identity_refusal(values, mode_words)
        if not words:
            self.identity = (
                f"{self._kind.words} {values['serial_number']}"
                f" firmware {firmware >> 8}.{firmware & 0xFF} {mode_words}"
            )
        return words

    def _identity_refusal(self, values: Values, mode_words: str) -> str:
        signature, kind = whole(values, "signature"), whole(values, "device_kind")
        if signature != SIGNATURE:
            return (
                f"signature {signature:#06x} instead of {SIGNATURE:#06x}, so this is another kind"
                " of device; correct the address or the unit id in the room file"
            )
        if kind != self._kind.code:
            return (
                f"this is device kind {kind} ({KIND_WORDS.get(kind, 'unknown')}) instead of"
                f" {self._kind.code} ({self._kind.words}); correct the unit id in the room file"
            )
        if values["map_version"] != MAP_VERSION:
            return (
                f"register map version {values['map_version']} instead of {MAP_VERSION};"
                " install matching firmware or a matching controller"
            )
        if values["mode"] not in self._modes:
            expected = " or ".join(MODE_NAMES[mode] for mode in sorted(self._modes))
            return (
                f"the device is in mode {mode_words}, this room expects {expected};"
                " switch the device, or use a room file of the right mode"
            )
        return ""


def settings_steps(block: Block, wanted: dict[str, int]) -> tuple[ProbeStep, ProbeStep]:
    """Write a settings block, then read it back and compare."""

    def written(outcome: Outcome) -> str:
        if isinstance(outcome, Fault):
            return f"settings {wanted} were not accepted ({outcome.words}); correct the room file"
        return ""

    def read_back(outcome: Outcome) -> str:
        if isinstance(outcome, Fault):
            return f"settings cannot be read back ({outcome.words}); service the device"
        if outcome.registers != block.write(wanted).values:
            return (
                f"settings read back as {outcome.registers}, written {wanted}; service the device"
            )
        return ""

    return (
        ProbeStep(lambda _: block.write(wanted), written),
        ProbeStep(lambda _: block.read(), read_back),
    )
