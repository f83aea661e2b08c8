"""Line and duct of the simulated physics, read at 50 Hz by the core's estimator and detectors.

No loop, no drivers, no wires: the physics moves on 20 ms, one noisy reading is taken, and
what ``step`` would do with it is done. About a hundred times as fast as a whole room, so
that thousands of traces can be compared; what a stop takes is not in it.
"""

import random
from collections.abc import Callable
from typing import Final, Self

import msgspec

from sim.physics import DUCT, LinePhysics, Patient, Rig
from state_machine import detectors, net
from state_machine.limits import Limits
from state_machine.line import LineCheck, Mounted
from state_machine.profile import Cannula, Contrast, Profile, Syringe
from state_machine.readings import LineReading, Link, Motion, Prompt, PumpReading, Readings
from state_machine.state import (
    Duct,
    Hold,
    HoldAction,
    HoldPhase,
    Injection,
    Phase,
    Plan,
    Purpose,
    State,
)
from state_machine.targets import PumpAction, PumpTarget, Targets
from state_machine.units import NS_PER_MS, NS_PER_S
from state_machine.watch import DETECTORS

STEP_NS: Final = 20 * NS_PER_MS
BEGIN_NS: Final = 10_000 * NS_PER_S
RAMP_NL_MIN_S: Final = 40_000
AGE_NS: Final = 5 * NS_PER_MS
DIGIT_NL: Final = 10
_CONTRAST: Final = Contrast(
    "iohexol 300", 300, ((20_000, 11_800), (37_000, 6_300), (40_000, 5_680))
)
"""Sourced: clinical facts B1."""
_MOUNTED: Final = Mounted(
    _CONTRAST,
    "-",
    37_000,
    BEGIN_NS,
    Syringe("1 mL", 4_780, 1_000_000),
    Cannula("27G 12.7 mm", 210, 12_700),
    500_000,
)

replace = msgspec.structs.replace


class Trace:
    """One injection at one rate into one duct; ``second`` is the time since RUN.

    Args:
        rig: what stands between plunger and tip; its resistance is the one measured.
        patient: the duct.
        rate_nl_min: top of the ramp, 0.04 mL/min per second.
        noise_pa: of one reading.
        seed: of the noise.
        limits: thresholds of the detectors.
        compliance_nl_kpa: as measured at prime; None = what the rig has.
    """

    def __init__(
        self,
        rig: Rig,
        patient: Patient = DUCT,
        rate_nl_min: int = 200_000,
        noise_pa: int = 200,
        seed: int = 1,
        limits: Limits | None = None,
        compliance_nl_kpa: int | None = None,
    ) -> None:
        self.physics = LinePhysics(rig=rig, patient=patient, tip_in_duct=True)
        self.physics.prime()
        self.rate_nl_min = rate_nl_min
        self.pushed_ul = 0.0
        self.counted_ul = 0.0
        self.second = 0.0
        self.running = True
        self.counts = 1.0
        """What the pump counts of what it moves."""
        self._noise_pa = noise_pa
        self._chance = random.Random(seed)
        self._now_ns = BEGIN_NS
        own_nl_kpa = round(rig.compliance_ul_kpa * 1000)
        self.plan = _plan(rate_nl_min)
        self.state = _state(rig, self.plan, limits or Limits(), compliance_nl_kpa or own_nl_kpa)
        self.found: dict[str, float] = {}
        """Second at which each alarm's detector found something."""

    def _rate(self) -> int:
        steps = int(self.second * 4)
        return min(self.rate_nl_min, RAMP_NL_MIN_S + steps * RAMP_NL_MIN_S // 4)

    def step(self) -> None:
        """20 ms of flow, then one reading."""
        rate = self._rate() if self.running else 0
        moved_ul = rate / 60_000 * STEP_NS / NS_PER_S
        self.physics.advance(STEP_NS / NS_PER_S, moved_ul)
        self.pushed_ul += moved_ul
        self.counted_ul += moved_ul * self.counts
        self.second += STEP_NS / NS_PER_S
        self._now_ns += STEP_NS
        self._look(rate)

    def _look(self, rate: int) -> None:
        now_ns, plan = self._now_ns, self.plan
        noise = self._chance.gauss(0, self._noise_pa) if self._noise_pa else 0.0
        read = Readings(
            line=LineReading(
                at_ns=now_ns - AGE_NS,
                link=Link.UP,
                pressure_pa=round(self.physics.line_kpa * 1000 + noise),
                zero_count=1,
            ),
            pump=PumpReading(
                at_ns=now_ns - AGE_NS,
                link=Link.UP,
                prompt=Prompt.INFUSING if self.running else Prompt.STOPPED,
                motion=Motion.RUNNING if self.running else Motion.STOPPED,
                motion_id=plan.motion_id,
                rate_nl_min=rate,
                infused_nl=round(self.counted_ul * 1000) // DIGIT_NL * DIGIT_NL,
                digit_nl=DIGIT_NL,
            ),
        )
        if rate == self.rate_nl_min and not plan.top_ns:
            self.plan = replace(plan, top_ns=now_ns)
            self.state = replace(self.state, plan=self.plan)
        told = PumpTarget(PumpAction.INFUSE, rate_nl_min=rate, run=True)
        self.state = replace(self.state, targets=Targets(pump=told))
        self.state = replace(self.state, net=net.take(self.state, read))
        seen = detectors.look(self.state, read, now_ns)
        self.state = replace(self.state, watch=seen, readings=read)
        for row in DETECTORS:
            if getattr(seen, row.field).found_ns:
                self.found.setdefault(row.alarm, self.second)

    def until(self, second: float, look: Callable[[Self], None] | None = None) -> Self:
        """Go on to an instant; ``look`` at each reading."""
        while self.second < second - 1e-9:
            self.step()
            if look is not None:
                look(self)
        return self

    def until_found(self, alarm: str, limit_s: float) -> float | None:
        """Seconds from now until a detector has found something; None = not within the limit."""
        begin = self.second
        while alarm not in self.found:
            if self.second - begin >= limit_s:
                return None
            self.step()
        return self.second - begin

    @property
    def net_kpa(self) -> float:
        """The estimate."""
        return (self.state.net.net_pa or 0) / 1000

    @property
    def upper_kpa(self) -> float:
        """Its upper bound."""
        return self.state.net.upper_pa / 1000


def _plan(rate_nl_min: int) -> Plan:
    """A motion without a checkpoint, just running."""
    return Plan(
        motion_id=1,
        purpose=Purpose.INJECT,
        base_nl=0,
        until_nl=10**9,
        start_rate_nl_min=min(RAMP_NL_MIN_S, rate_nl_min),
        top_rate_nl_min=rate_nl_min,
        intent_seq=1,
        asked_ns=BEGIN_NS,
        running_ns=BEGIN_NS,
        rate_nl_min=rate_nl_min,
    )


def _state(rig: Rig, plan: Plan, limits: Limits, compliance_nl_kpa: int) -> State:
    """Injecting, the first motion just running, the line as measured at prime."""
    return State(
        profile=Profile(room="trace", limits=limits, line_compliance_nl_kpa=compliance_nl_kpa),
        phase=Phase.INJECTING,
        mounted=_MOUNTED,
        duct=Duct(number=1, clock_h=3, orifice=1, cannula_in_ns=BEGIN_NS),
        plan=plan,
        hold=Hold(HoldPhase.OPEN, HoldAction.INJECT),
        injection=Injection(number=1, planned_nl=10**9),
        line=LineCheck(
            zero_count=1,
            zeroed=True,
            primed=True,
            resistance_pa_s_ul=round(rig.resistance_kpa_s_ul * 1000),
            resistance_mc=rig.temperature_mc,
            compliance_nl_kpa=compliance_nl_kpa,
        ),
    )
