"""Collects what the devices did, without touching anything.

The devices are never moved on by looking: they would be advanced in other steps than without a
judge, and a run with judges would not be the run without.
"""

from typing import Any, Final, NamedTuple

from sim.devices.room import SimulatedRoom

_SAMPLE_NS: Final = 100_000_000
_MOVING: Final = frozenset({"motor-on", "motor-off"})


class Event(NamedTuple):
    """An input as it was set, or motor and X-rays as they went on and off."""

    at_ns: int
    name: str
    value: Any
    plunger_nl: int


class Sample(NamedTuple):
    """What was so at an instant; nL, Pa, mN."""

    at_ns: int
    plunger_nl: int
    entered_nl: int
    outside_nl: int
    line_pa: int
    duct_pa: int
    force_mn: int
    rate_nl_min: int
    """Of the motor, as it really turns; 0 = stands."""
    tip_in: bool


class Watch:
    """Looks at one room for a whole run, through any number of controllers."""

    def __init__(self, devices: SimulatedRoom) -> None:
        """Take over what the room has noted so far."""
        self._devices = devices
        self.events: list[Event] = []
        self.samples: list[Sample] = []
        self.durable: list[tuple[int, int]] = [(0, 0)]
        """Instant, and the newest entry known to be on the disk by then."""
        self._sampled_ns = -_SAMPLE_NS

    def look(self, now_ns: int, durable_seq: int) -> None:
        """After each pass."""
        devices = self._devices
        fresh = len(devices.events)
        if fresh:
            self.events += [Event(*one) for one in devices.events]
            devices.events.clear()
        if durable_seq != self.durable[-1][1]:
            self.durable.append((now_ns, durable_seq))
        due = devices.now_ns - self._sampled_ns >= _SAMPLE_NS
        if (
            fresh
            or (due and devices.pump.model.motor_on)
            or devices.now_ns - self._sampled_ns > 5 * _SAMPLE_NS
        ):
            self._sample()

    def _sample(self) -> None:
        devices = self._devices
        physics, motion = devices.physics, devices.pump.model.motion()
        self._sampled_ns = devices.now_ns
        self.samples.append(
            Sample(
                devices.now_ns,
                int(devices.truth()["plunger_nl"]),
                round(physics.entered_ul * 1_000),
                round(physics.outside_ul * 1_000),
                round(physics.line_kpa * 1_000),
                round(physics.duct_kpa() * 1_000),
                devices.mammograph.paddle.force_mn(),
                motion.rate_nl_h // 60 if devices.pump.model.motor_on else 0,
                physics.tip_in_duct,
            )
        )
