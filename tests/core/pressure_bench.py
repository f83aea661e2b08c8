"""Line and duct of the simulated physics, read at 50 Hz, before the estimator and detectors.

No loop, no drivers, no wires: the physics moves on 20 ms, one noisy reading is taken, and
what ``step`` would do with it is done. Runs the traces of the clinical facts C3.
"""

import random
from collections.abc import Callable
from typing import Final

import msgspec

from sim.physics import DUCT, LinePhysics, Patient, Rig
from state_machine import detectors, net
from state_machine.line import LineCheck
from state_machine.readings import Motion, Prompt
from state_machine.state import Hold, HoldAction, HoldPhase, Injection, Phase, Purpose
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fixtures import NOW_NS, moving, profile, readings, state

STEP_NS: Final = 20 * NS_PER_MS
RAMP_NL_MIN_S: Final = 40_000
FINDINGS: Final = ("occluded", "torn", "dislodged", "leaking", "strayed")

replace = msgspec.structs.replace


class Bench:
    """One injection at one rate into one duct; ``second`` is the time since RUN.

    Args:
        rig: what stands between plunger and tip; its resistance is the one measured.
        patient: the duct.
        rate_nl_min: top of the ramp, 0.04 mL/min per second.
        noise_pa: of one reading.
        seed: of the noise.
    """

    def __init__(
        self,
        rig: Rig,
        patient: Patient = DUCT,
        rate_nl_min: int = 200_000,
        noise_pa: int = 200,
        seed: int = 1,
    ) -> None:
        self.physics = LinePhysics(rig=rig, patient=patient, tip_in_duct=True)
        self.physics.prime()
        self.rate_nl_min = rate_nl_min
        self.pushed_ul = 0.0
        self.second = 0.0
        self.running = True
        self._noise_pa = noise_pa
        self._chance = random.Random(seed)
        self._now_ns = NOW_NS
        plan = moving(Purpose.INJECT, 10**9, rate_nl_min)
        resistance = round(rig.resistance_kpa_s_ul * 1000)
        made = replace(profile(), line_compliance_nl_kpa=round(rig.compliance_ul_kpa * 1000))
        self.state = state(
            Phase.INJECTING,
            profile=made,
            plan=replace(plan, running_ns=NOW_NS, top_ns=0),
            hold=Hold(HoldPhase.OPEN, HoldAction.INJECT),
            injection=Injection(number=1, planned_nl=10**9),
            line=LineCheck(
                zero_count=1,
                zeroed=True,
                primed=True,
                resistance_pa_s_ul=resistance,
                resistance_mc=rig.temperature_mc,
            ),
        )
        self.found: dict[str, float] = {}

    def _rate(self) -> int:
        steps = int(self.second * 4)
        return min(self.rate_nl_min, RAMP_NL_MIN_S + steps * RAMP_NL_MIN_S // 4)

    def step(self) -> None:
        """20 ms of flow, then one reading."""
        rate = self._rate() if self.running else 0
        moved_ul = rate / 60_000 * STEP_NS / NS_PER_S
        self.physics.advance(STEP_NS / NS_PER_S, moved_ul)
        self.pushed_ul += moved_ul
        self.second += STEP_NS / NS_PER_S
        self._now_ns += STEP_NS
        self._look(rate)

    def _look(self, rate: int) -> None:
        now_ns, plan = self._now_ns, self.state.plan
        assert plan is not None
        noise = self._chance.gauss(0, self._noise_pa) if self._noise_pa else 0.0
        read = readings(
            now_ns,
            line={"pressure_pa": round(self.physics.line_kpa * 1000 + noise)},
            pump={
                "prompt": Prompt.INFUSING if self.running else Prompt.STOPPED,
                "motion": Motion.RUNNING if self.running else Motion.STOPPED,
                "motion_id": plan.motion_id,
                "rate_nl_min": rate,
                "infused_nl": round(self.pushed_ul * 1000) // 10 * 10,
            },
        )
        if rate == self.rate_nl_min and not plan.top_ns:
            self.state = replace(self.state, plan=replace(plan, top_ns=now_ns))
        self.state = replace(self.state, net=net.take(self.state, read))
        seen = detectors.watch(self.state, read, now_ns)
        self.state = replace(self.state, watch=seen, readings=read)
        for name in FINDINGS:
            if getattr(seen, f"{name}_ns"):
                self.found.setdefault(name, self.second)

    def until(self, second: float, look: Callable[["Bench"], None] | None = None) -> "Bench":
        """Go on to an instant; ``look`` at each reading."""
        while self.second < second - 1e-9:
            self.step()
            if look is not None:
                look(self)
        return self

    def until_found(self, name: str, limit_s: float) -> float:
        """Seconds from now until a detector has found something."""
        begin = self.second
        while name not in self.found:
            assert self.second - begin < limit_s, f"{name} not found in {limit_s} s: {self.found}"
            self.step()
        return self.second - begin

    @property
    def net_kpa(self) -> float:
        """The estimate."""
        assert self.state.net.net_pa is not None
        return self.state.net.net_pa / 1000

    @property
    def upper_kpa(self) -> float:
        """Its upper bound."""
        return self.state.net.upper_pa / 1000
