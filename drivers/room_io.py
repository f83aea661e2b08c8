"""Room I/O box: switches in; permit, X-ray enable, lamp and sounder out.

The register map below is stated a second time in the simulated box, on purpose and
without shared code; a conversation test joins the two.

The box trips by itself when the heartbeat is older than its watchdog, so a command is
written by every pass that is due (50 ms) and by no other thread. A command that differs
from the last one acknowledged leaves in the next free slot, before any poll: dropping
the permit never queues behind a question of ours.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from drivers.driver import PollPlan
from drivers.heartbeat import Heartbeat
from drivers.map_device import MapDevice
from drivers.modbus import BUSY, Answer, Fault, Framing, Outcome, Question
from drivers.modbus_session import Kind, ProbeStep, settings_steps
from drivers.registers import IDENTITY, U16, U32, Block, Register, Values, whole
from state_machine.readings import RoomReading, TripCause
from state_machine.targets import RoomTarget
from state_machine.units import NS_PER_MS, NS_PER_S

STATUS: Final = (
    Register(100, "scan_count", 0, U16, "", "the box's own input scan, every 5 ms; wraps"),
    Register(101, "echo", 0, U16, "", "heartbeat nonce of the last command taken over"),
    Register(102, "owner_id", 0, U32, "", "controller that owns the box, 0 free", words=2),
    Register(104, "inputs", 0, 0x03FF, "", "input bits, see INPUT_BITS"),
    Register(105, "outputs", 0, 0x3F, "", "outputs in force, bits as in outputs_wanted"),
    Register(
        106, "trip_cause", 0, 6, "", "latched: 0 none, 1 power-up, 2 heartbeat lost, 3 commanded,"
        " 4 emergency stop, 5 stop not obeyed, 6 pressure switch",
    ),
    Register(107, "trip_count", 0, U16, "", "trips since power-up, the power-up included"),
    Register(108, "trip_at_ms", 0, U32, "ms", "box up-time of the newest trip", words=2),
    Register(110, "uptime_ms", 0, U32, "ms", "box up-time", words=2),
    Register(112, "watchdog_in_force_ms", 0, U16, "ms", "heartbeat age that trips"),
    Register(113, "stop_stage", 0, 2, "", "0 permitted, 1 TTL stop, 2 power open"),
    Register(114, "reserved_114", 0, U16, "", "reserved, 0"),
    Register(115, "reserved_115", 0, U16, "", "reserved, 0"),
)  # fmt: skip

INPUT_BITS: Final = {
    "hold_no": 1 << 0,  # normally open contact of the hold switch is closed
    "hold_nc": 1 << 1,  # normally closed contact of the hold switch is closed
    "pain": 1 << 2,
    "emergency_stop": 1 << 3,
    "door_closed": 1 << 4,
    "motor_pin": 1 << 5,
    "relay_closed": 1 << 6,
    "stop_line": 1 << 7,
    "xray_enabled": 1 << 8,
    "pressure_switch": 1 << 9,
}

COMMAND: Final = (
    Register(200, "owner", 1, U32, "", "session id of this controller", words=2, access="w"),
    Register(202, "nonce", 0, U16, "", "heartbeat, differs from the one before", access="w"),
    Register(
        203, "outputs_wanted", 0, 0x3F, "", "bit 0 pump permit, bit 1 X-ray enable,"
        " bits 2-3 lamp, bits 4-5 sounder", access="w",
    ),
    Register(204, "outputs_complement", 0, U16, "", "complement of outputs_wanted", access="w"),
    Register(
        205, "reclose_trip_count", 0, U16, "", "trip that a person confirms may be cleared,"
        " 0 none", access="w",
    ),
)  # fmt: skip

CONFIG: Final = (Register(250, "watchdog_ms", 250, 300, "ms", "trip time", access="rw"),)

REGISTER_MAP: Final = IDENTITY + STATUS + COMMAND + CONFIG

COMMAND_BLOCK: Final = Block(COMMAND)
CONFIG_BLOCK: Final = Block(CONFIG)

ECHO_FRESH_NS: Final = 300 * NS_PER_MS
"""Longest watchdog of the box (safety rules, trip after 250-300 ms)."""


WITHHELD_NS: Final = NS_PER_S
"""Longest time for which the heartbeat is kept from the box on purpose (daily check): three
watchdogs, and below the 2 s after which the box drops its owner."""


class RoomIo(MapDevice[RoomTarget, RoomReading]):
    """Driver of the room I/O box; see :class:`drivers.driver.Driver`.

    ``owner_id`` is this controller's session id (1 to 2**32 - 1), ``heartbeat_ns`` at most
    a third of the watchdog. ValueError when an argument cannot be.
    """

    kind = Kind.ROOM_IO
    status = Block(STATUS)

    _acknowledged: tuple[int, int] | None
    """Outputs and confirmed trip that the box surely holds; None = not known."""

    def __init__(
        self,
        unit_id: int,
        expected_modes: frozenset[int],
        plan: PollPlan,
        owner_id: int,
        watchdog_ms: int = 300,
        heartbeat_ns: int = 50 * NS_PER_MS,
        deadline_ns: int = 60 * NS_PER_MS,
        framing: Framing = Framing.TCP,
    ) -> None:
        if not 0 < owner_id <= U32:
            raise ValueError(f"owner id {owner_id}: 1 to {U32}; take a fresh session id")
        if not 0 < heartbeat_ns <= watchdog_ms * NS_PER_MS // 3:
            raise ValueError(
                f"heartbeat every {heartbeat_ns} ns: above 0 and at most a third of the watchdog"
                f" ({watchdog_ms} ms), so that two may be lost"
            )
        self._owner_id = owner_id
        self._settings = {"watchdog_ms": watchdog_ms}
        CONFIG_BLOCK.write(self._settings)  # refuses a watchdog that the map does not have
        self._heartbeat_ns = heartbeat_ns
        self._target = RoomTarget()
        self._payload = ALL_OFF
        """What the wire says of ``_target``; worked out when another target comes."""
        self._heartbeat = Heartbeat(ECHO_FRESH_NS)
        super().__init__(unit_id, expected_modes, plan, deadline_ns, framing, RoomReading())

    def _probe_steps(self) -> Sequence[ProbeStep]:
        """The claim goes first: a box that somebody else owns keeps its settings."""
        claim = ProbeStep(self._write_all_off, self._claim_refusal)
        return (claim, *settings_steps(CONFIG_BLOCK, self._settings))

    def _write_all_off(self, now_ns: int) -> Question:
        return self._write(ALL_OFF, now_ns)

    def _command(self, target: RoomTarget, now_ns: int) -> Question | None:
        if self._withheld(target, now_ns):
            return None
        if target is not self._target:
            self._target, self._payload = target, _payload(target)
        payload = self._payload
        if payload == self._acknowledged and now_ns < self._command_due_ns():
            return None
        return self._write(payload, now_ns)

    def _withheld(self, target: RoomTarget, now_ns: int) -> bool:
        """Nothing is written on purpose, for ``WITHHELD_NS`` at most."""
        if not target.withhold_heartbeat:
            self._withheld_until_ns = 0
            return False
        self._withheld_until_ns = self._withheld_until_ns or now_ns + WITHHELD_NS
        return now_ns < self._withheld_until_ns

    def _write(self, payload: tuple[int, int], now_ns: int) -> Question:
        self._sent, self._sent_ns = payload, now_ns
        outputs, reclose = payload
        return COMMAND_BLOCK.write(
            {
                "owner": self._owner_id,
                "nonce": self._heartbeat.next_nonce(now_ns),
                "outputs_wanted": outputs,
                "outputs_complement": outputs ^ U16,
                "reclose_trip_count": reclose,
            }
        )

    def _commanded(self, outcome: Outcome, now_ns: int) -> None:
        if isinstance(outcome, Answer):
            self._acknowledged = self._sent
            return
        # The box may hold the old or the new outputs: unknown differs from every target,
        # so the whole block leaves again, with a new nonce.
        self._acknowledged = None
        if outcome.code:
            self._refuse(_command_refusal(outcome), now_ns)

    def _claim_refusal(self, outcome: Outcome) -> str:
        if isinstance(outcome, Fault):
            return _command_refusal(outcome)
        self._acknowledged = self._sent
        return ""

    def _take(self, values: Values, asked_ns: int, now_ns: int) -> None:
        heard = self._heartbeat.is_recent(whole(values, "echo"), asked_ns)
        at_ns = self._believed_ns(values, asked_ns, heard)
        self._reading = _read(self._reading, values, at_ns)
        in_force = values["watchdog_in_force_ms"]
        if in_force != self._settings["watchdog_ms"]:
            self._refuse(
                f"watchdog in force is {in_force} ms instead of"
                f" {self._settings['watchdog_ms']} ms (box restarted, or set by somebody else);"
                " it is set again",
                now_ns,
            )

    def _forget(self) -> None:
        self._acknowledged = None
        self._sent = ALL_OFF
        self._sent_ns = 0
        self._withheld_until_ns = 0
        self._heartbeat.forget()

    def _command_due_ns(self) -> int:
        # withheld: not before that ends, and then as always
        return max(self._sent_ns + self._heartbeat_ns, self._withheld_until_ns)

    def _standing(self, reading: RoomReading) -> RoomReading:
        owned = self._session.up and reading.owner_id == self._owner_id
        if reading.owned is owned:
            return reading
        return msgspec.structs.replace(reading, owned=owned)


def _payload(target: RoomTarget) -> tuple[int, int]:
    """Outputs and confirmed trip as the wire says them; a trip it cannot say is none."""
    outputs = (
        int(target.pump_permit)
        | int(target.xray_enable) << 1
        | target.lamp.value << 2
        | target.sounder.value << 4
    )
    reclose = target.reclose_trip_count
    return outputs, reclose if 0 <= reclose <= U16 else 0


ALL_OFF: Final = _payload(RoomTarget())


def _command_refusal(fault: Fault) -> str:
    if fault.code == BUSY:
        return (
            "owned by another controller whose heartbeat is alive; stop that controller, the box"
            " is free 2 s later"
        )
    return f"a command was not accepted ({fault.words}); service the box"


def _read(reading: RoomReading, values: Values, at_ns: int) -> RoomReading:
    inputs = whole(values, "inputs")
    on = {name: bool(inputs & bit) for name, bit in INPUT_BITS.items()}
    return msgspec.structs.replace(
        reading,
        at_ns=at_ns,
        # Antivalent contacts: pressed closes the one and opens the other.
        hold_pressed=on["hold_no"] and not on["hold_nc"],
        hold_disagrees=on["hold_no"] == on["hold_nc"],
        pain_pressed=on["pain"],
        emergency_stop=on["emergency_stop"],
        door_closed=on["door_closed"],
        motor_pin=on["motor_pin"],
        relay_closed=on["relay_closed"],
        stop_line=on["stop_line"],
        xray_enabled=on["xray_enabled"],
        pressure_switch=on["pressure_switch"],
        trip_cause=TripCause(whole(values, "trip_cause")),
        trip_count=whole(values, "trip_count"),
        trip_at_ms=whole(values, "trip_at_ms"),
        uptime_ms=whole(values, "uptime_ms"),
        stop_stage=whole(values, "stop_stage"),
        owner_id=whole(values, "owner_id"),
    )
