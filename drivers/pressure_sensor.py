"""Line pressure sensor between syringe and cannula.

The register map below is stated a second time in the simulated sensor, on purpose and
without shared code; a conversation test joins the two.

Zeroing is an event, so it is never repeated blindly: it is asked once when the sensor's
own zero counter is one short of the target, and after a lost answer only when a status
read later than the sensor needs still shows the old counter.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from drivers.driver import PollPlan
from drivers.map_device import MapDevice
from drivers.modbus import Answer, Fault, Framing, Outcome, Question
from drivers.modbus_session import Kind, ProbeStep
from drivers.registers import IDENTITY, U16, Block, Implausible, Register, Values, whole
from state_machine.readings import LineReading
from state_machine.targets import LineTarget
from state_machine.units import NS_PER_MS

I32: Final = (-(2**31), 2**31 - 1)

RANGE: Final = (
    Register(50, "range_low_pa", *I32, "Pa", "lower end of the range", words=2, signed=True),
    Register(52, "range_high_pa", *I32, "Pa", "upper end of the range", words=2, signed=True),
)

STATUS: Final = (
    Register(100, "scan_count", 0, U16, "", "the sensor's own scan, every 5 ms; wraps"),
    Register(101, "status", 0, 7, "", "bit 0 over range, bit 1 sensor fault, bit 2 never zeroed"),
    Register(
        102, "pressure_pa", *I32, "Pa", "gauge pressure", words=2, signed=True,
        plausibility="within the sensor's own range, unless a status bit says why not",
    ),
    Register(
        104, "temperature_mc", -20_000, 80_000, "m°C", "contrast temperature", words=2,
        signed=True, absent=0x8000_0000, plausibility="operating range of such a sensor [?]",
    ),
    Register(106, "zero_count", 0, U16, "", "zeroings since power-up"),
    Register(107, "reserved_107", 0, U16, "", "reserved, 0"),
)  # fmt: skip

OVER_RANGE: Final = 1 << 0
SENSOR_FAULT: Final = 1 << 1

ZERO_NOW: Final = 0x5A45
COMMAND: Final = (
    Register(
        200, "zero", ZERO_NOW, ZERO_NOW, "", "0x5A45: zero now, on the mean of the last 100 ms",
        access="w",
    ),
)  # fmt: skip

REGISTER_MAP: Final = IDENTITY + RANGE + STATUS + COMMAND

RANGE_BLOCK: Final = Block(RANGE)
COMMAND_BLOCK: Final = Block(COMMAND)

LEAST_HIGH_PA: Final = 138_000
"""A sensor must reach this to see what the line may carry (register map)."""
ZERO_SETTLED_NS: Final = 300 * NS_PER_MS
"""A zeroing whose answer was lost shows in the counter after this time: three times the
100 ms that the sensor averages [?]."""


class PressureSensor(MapDevice[LineTarget, LineReading]):
    """Driver of the line pressure sensor; see :class:`drivers.driver.Driver`."""

    kind = Kind.PRESSURE_SENSOR
    status = Block(STATUS)

    _count: int | None
    """Zeroings the sensor showed, in the answer to a question asked at ``_counted_ns``."""
    _counted_ns: int
    _zeroed_for: int
    """Target that was zeroed for and not lost; 0 none."""
    _zero_refusal: str

    def __init__(
        self,
        unit_id: int,
        expected_modes: frozenset[int],
        plan: PollPlan,
        deadline_ns: int = 40 * NS_PER_MS,
        framing: Framing = Framing.TCP,
    ) -> None:
        self._zero_shows_ns = 0
        super().__init__(unit_id, expected_modes, plan, deadline_ns, framing, LineReading())

    def _probe_steps(self) -> Sequence[ProbeStep]:
        return (ProbeStep(lambda _: RANGE_BLOCK.read(), self._range_refusal),)

    def _range_refusal(self, outcome: Outcome) -> str:
        if isinstance(outcome, Fault):
            return f"its range cannot be read ({outcome.words}); service the sensor"
        values = RANGE_BLOCK.decode(outcome.registers)
        low, high = whole(values, "range_low_pa"), whole(values, "range_high_pa")
        if not (low <= 0 < high and high >= LEAST_HIGH_PA):
            return (
                f"its range is {low} to {high} Pa; it must include 0 and reach {LEAST_HIGH_PA} Pa:"
                " fit a sensor with a suitable range"
            )
        self._reading = msgspec.structs.replace(self._reading, range_low_pa=low, range_high_pa=high)
        return ""

    def _command(self, target: LineTarget, now_ns: int) -> Question | None:
        wanted = target.zero_count
        if wanted == 0 or self._count is None or self._count != wanted - 1:
            return None
        if self._zeroed_for == wanted or self._counted_ns < self._zero_shows_ns:
            return None
        self._zeroed_for = wanted
        self._zero_shows_ns = now_ns + ZERO_SETTLED_NS
        return COMMAND_BLOCK.write({"zero": ZERO_NOW})

    def _commanded(self, outcome: Outcome, now_ns: int) -> None:
        self._poll_now()
        if isinstance(outcome, Answer):
            return
        if outcome.code:
            self._zero_refusal = f"zeroing was refused ({outcome.words}); zero it again from setup"
            return
        # The sensor may have zeroed: only its counter, read late enough, decides.
        self._zeroed_for = 0

    def _take(self, values: Values, asked_ns: int, now_ns: int) -> None:
        status, pressure = whole(values, "status"), whole(values, "pressure_pa")
        low, high = self._reading.range_low_pa, self._reading.range_high_pa
        trouble = bool(status & (OVER_RANGE | SENSOR_FAULT))
        if not trouble and not low <= pressure <= high:
            raise Implausible(
                f"pressure_pa = {pressure} Pa is outside the sensor's range {low} to {high}"
                " without a status bit that says so"
            )
        at_ns = self._believed_ns(values, asked_ns)
        self._note_zero_count(whole(values, "zero_count"), asked_ns)
        self._reading = msgspec.structs.replace(
            self._reading,
            at_ns=at_ns,
            pressure_pa=None if trouble else pressure,
            temperature_mc=values["temperature_mc"],
            zero_count=whole(values, "zero_count"),
        )
        if status & SENSOR_FAULT:
            self._complain("the sensor reports a fault; replace it")
        elif status & OVER_RANGE:
            self._complain(f"the pressure is outside {low} to {high} Pa; open the stopcock")
        elif self._zero_refusal:
            self._complain(self._zero_refusal)

    def _note_zero_count(self, count: int, asked_ns: int) -> None:
        if self._count is not None and count < self._count:
            self._zeroed_for = 0  # the sensor restarted
        if count != self._count:
            self._zero_refusal = ""
        elif (
            not self._zero_refusal
            and count == self._zeroed_for - 1
            and asked_ns >= self._zero_shows_ns
        ):
            self._zero_refusal = (
                f"zeroing was acknowledged and its counter stays at {count}; zero it again"
            )
        self._count, self._counted_ns = count, asked_ns

    def _forget(self) -> None:
        self._count = None
        self._counted_ns = 0
        self._zeroed_for = 0
        self._zero_refusal = ""
