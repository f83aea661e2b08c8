"""Mammography unit: exposure sequence, compression paddle, last exposure's values.

The register map below is stated a second time in the simulated unit, on purpose and
without shared code; a conversation test joins the two.

The whole command block is the heartbeat: the unit ends an exposure and stops descending
when no command with a new nonce came for its watchdog time, so it is written at the
pace of the polls, at least three times per watchdog, and at once when the target
differs from what was acknowledged.
"""

from collections.abc import Sequence
from functools import reduce
from operator import xor
from typing import Final

import msgspec

from drivers.driver import PollPlan
from drivers.heartbeat import Heartbeat
from drivers.map_device import MapDevice
from drivers.modbus import Answer, Fault, Framing, Outcome, Question
from drivers.modbus_session import Kind, ProbeStep, settings_steps
from drivers.registers import IDENTITY, U16, U32, Block, Register, Values, whole
from state_machine.readings import MammographReading, Paddle, UnitState
from state_machine.targets import Compression, MammographTarget
from state_machine.units import NS_PER_MS

STATUS: Final = (
    Register(100, "scan_count", 0, U16, "", "the unit's own scan, every 10 ms; wraps"),
    Register(101, "echo", 0, U16, "", "heartbeat nonce of the last command taken over"),
    Register(
        102, "unit_state", 1, 6, "", "1 standby, 2 prep, 3 ready, 4 exposing, 5 done,"
        " 6 fault",
    ),
    Register(103, "fault_code", 0, U16, "", "0 none, 3 exposure refused (door open), else own"),
    Register(104, "paddle", 1, 4, "", "1 released, 2 descending, 3 holding, 4 releasing"),
    Register(
        105, "force_mn", 0, 400_000, "mN", "compression force", words=2,
        plausibility="twice the 200 N of a power drive [S74] [?]",
    ),
    Register(
        107, "thickness_um", 0, 500_000, "um", "compressed thickness", words=2,
        plausibility="above any paddle travel [?]",
    ),
    Register(109, "exposure_count", 0, U32, "", "exposures, kept over restarts", words=2),
    Register(
        111, "tube_voltage_v", 0, 60_000, "V", "of the last exposure", words=2,
        plausibility="above any mammography tube [?]",
    ),
    Register(
        113, "tube_charge_uas", 0, 2_000_000, "uAs", "of the last exposure", words=2,
        plausibility="2,000 mAs, above any exposure [?]",
    ),
    Register(115, "exposure_ms", 0, U16, "ms", "duration of the last exposure"),
    Register(
        116, "prepulse_uas", 0, 2_000_000, "uAs", "AEC pre-pulse, 0 with manual technique",
        words=2, plausibility="as the tube charge [?]",
    ),
    Register(118, "exposure_control", 1, 2, "", "1 AEC, 2 manual"),
    Register(119, "view_in_force", 0, 9, "", "view code taken over, codes as in view"),
    Register(
        120, "flags", 0, 0x1F, "", "bit 0 door closed, bit 1 watchdog tripped, bit 2 exposure"
        " permit seen, bit 3 compression permit seen, bit 4 DBT sweep running",
    ),
    Register(121, "release_delay_in_force_s", 0, U16, "s", "paddle release after watchdog trip"),
    Register(122, "watchdog_in_force_ms", 0, U16, "ms", "heartbeat age that trips"),
    Register(123, "reserved_123", 0, U16, "", "reserved, 0"),
)  # fmt: skip

DOOR_CLOSED: Final = 1 << 0
WATCHDOG_TRIPPED: Final = 1 << 1
AEC: Final = 1

COMMAND: Final = (
    Register(200, "nonce", 0, U16, "", "heartbeat, differs from the one before", access="w"),
    Register(201, "compression", 1, 3, "", "1 hold, 2 permit, 3 release", access="w"),
    Register(202, "exposure", 0, 2, "", "0 off, 1 prep, 2 expose", access="w"),
    Register(
        203, "view", 0, 9, "", "0 none, 1 CC, 2 ML, 3 LM, 4 MLO, 5 CC mag, 6 ML mag, 7 CC DBT,"
        " 8 ML DBT, 9 MLO DBT", access="w",
    ),
    Register(
        204, "force_limit_mn", 0, 200_000, "mN", "the paddle descends up to this force", words=2,
        access="w", plausibility="200 N, most that a power drive gives [S74]",
    ),
    Register(206, "reserved_206", 0, 0, "", "reserved, 0", access="w"),
    Register(207, "check", 0, U16, "", "0xA5A5 xor words 200 to 206", access="w"),
)  # fmt: skip

CONFIG: Final = (
    Register(250, "watchdog_ms", 200, 2_000, "ms", "trip time", access="rw"),
    Register(251, "release_delay_s", 0, 60, "s", "paddle release after a trip", access="rw"),
)

REGISTER_MAP: Final = IDENTITY + STATUS + COMMAND + CONFIG

COMMAND_BLOCK: Final = Block(COMMAND)
CONFIG_BLOCK: Final = Block(CONFIG)
CHECK_SEED: Final = 0xA5A5
MOST_FORCE_MN: Final = 200_000


class Mammograph(MapDevice[MammographTarget, MammographReading]):
    """Driver of the mammography unit; see :class:`drivers.driver.Driver`.

    ``release_delay_s`` (0 to 60): how long after a lost controller the paddle lets go.
    ValueError when an argument cannot be.
    """

    kind = Kind.MAMMOGRAPH
    status = Block(STATUS)

    _acknowledged: tuple[int, int, int, int] | None
    """Compression, exposure, view and force limit that the unit surely holds, or None."""

    def __init__(
        self,
        unit_id: int,
        expected_modes: frozenset[int],
        plan: PollPlan,
        release_delay_s: int,
        watchdog_ms: int = 500,
        deadline_ns: int = 100 * NS_PER_MS,
        framing: Framing = Framing.TCP,
    ) -> None:
        self._settings = {"watchdog_ms": watchdog_ms, "release_delay_s": release_delay_s}
        CONFIG_BLOCK.write(self._settings)  # refuses settings that the map does not have
        self._watchdog_ns = watchdog_ms * NS_PER_MS
        self._target = MammographTarget()
        self._payload = SAFE
        """What the wire says of ``_target``; worked out when another target comes."""
        self._heartbeat = Heartbeat(self._watchdog_ns)
        super().__init__(unit_id, expected_modes, plan, deadline_ns, framing, MammographReading())

    def _probe_steps(self) -> Sequence[ProbeStep]:
        """Settings first, then a safe command: exposure off, no descent."""
        safe = ProbeStep(self._write_safe, self._safe_refusal)
        return (*settings_steps(CONFIG_BLOCK, self._settings), safe)

    def _write_safe(self, now_ns: int) -> Question:
        return self._write(SAFE, now_ns)

    def _command(self, target: MammographTarget, now_ns: int) -> Question | None:
        if target is not self._target:
            self._target, self._payload = target, _payload(target)
        payload = self._payload
        if payload == self._acknowledged and now_ns < self._command_due_ns():
            return None
        return self._write(payload, now_ns)

    def _write(self, payload: tuple[int, int, int, int], now_ns: int) -> Question:
        self._sent, self._sent_ns = payload, now_ns
        compression, exposure, view, force_limit_mn = payload
        values = {
            "nonce": self._heartbeat.next_nonce(now_ns),
            "compression": compression,
            "exposure": exposure,
            "view": view,
            "force_limit_mn": force_limit_mn,
            "reserved_206": 0,
            "check": 0,
        }
        words = COMMAND_BLOCK.write(values).values[:-1]
        return COMMAND_BLOCK.write(values | {"check": reduce(xor, words, CHECK_SEED)})

    def _commanded(self, outcome: Outcome, now_ns: int) -> None:
        if isinstance(outcome, Answer):
            self._acknowledged = self._sent
            return
        # The unit may hold the old or the new command: unknown differs from every target,
        # so the whole block leaves again, with a new nonce.
        self._acknowledged = None
        if outcome.code:
            self._refuse(_command_refusal(outcome), now_ns)

    def _safe_refusal(self, outcome: Outcome) -> str:
        if isinstance(outcome, Fault):
            return _command_refusal(outcome)
        self._acknowledged = self._sent
        return ""

    def _take(self, values: Values, asked_ns: int, now_ns: int) -> None:
        heard = self._heartbeat.is_recent(whole(values, "echo"), asked_ns)
        at_ns = self._believed_ns(values, asked_ns, heard)
        self._reading = _read(self._reading, values, at_ns)
        in_force = {
            "watchdog_ms": values["watchdog_in_force_ms"],
            "release_delay_s": values["release_delay_in_force_s"],
        }
        if in_force != self._settings:
            self._refuse(
                f"settings in force are {in_force} instead of {self._settings} (unit restarted,"
                " or set by somebody else); they are set again",
                now_ns,
            )

    def _forget(self) -> None:
        self._acknowledged = None
        self._sent = SAFE
        self._sent_ns = 0
        self._heartbeat.forget()

    def _command_due_ns(self) -> int:
        interval_ns = min(self._plan.interval_ns(self._activity), self._watchdog_ns // 3)
        return self._sent_ns + interval_ns


def _payload(target: MammographTarget) -> tuple[int, int, int, int]:
    """The target as the wire says it; a force limit it cannot say permits no descent."""
    compression, limit = target.compression, target.force_limit_mn
    if not 0 <= limit <= MOST_FORCE_MN:
        limit = 0
        if compression is Compression.PERMIT:
            compression = Compression.HOLD
    return compression.value, target.exposure.value, target.view.value, limit


SAFE: Final = _payload(MammographTarget())


def _command_refusal(fault: Fault) -> str:
    return f"a command was not accepted ({fault.words}); service the unit"


def _read(reading: MammographReading, values: Values, at_ns: int) -> MammographReading:
    flags = whole(values, "flags")
    return msgspec.structs.replace(
        reading,
        at_ns=at_ns,
        unit_state=UnitState(whole(values, "unit_state")),
        fault_code=whole(values, "fault_code"),
        paddle=Paddle(whole(values, "paddle")),
        force_mn=whole(values, "force_mn"),
        thickness_um=whole(values, "thickness_um"),
        exposure_count=whole(values, "exposure_count"),
        tube_voltage_v=whole(values, "tube_voltage_v"),
        tube_charge_uas=whole(values, "tube_charge_uas"),
        exposure_ms=whole(values, "exposure_ms"),
        prepulse_uas=whole(values, "prepulse_uas"),
        aec=whole(values, "exposure_control") == AEC,
        view_code=whole(values, "view_in_force"),
        door_closed=bool(flags & DOOR_CLOSED),
        watchdog_tripped=bool(flags & WATCHDOG_TRIPPED),
    )
