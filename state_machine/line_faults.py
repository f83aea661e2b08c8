"""Detectors of a line that is not what prime measured: blocked, open, or off its zero."""

from typing import Final, Self

import msgspec

from state_machine import estimator
from state_machine.glance import Glance
from state_machine.units import NS_PER_MS, NS_PER_S, PA_PER_KPA, PPM

replace = msgspec.structs.replace

SLOPE_SPAN_NS: Final = 500 * NS_PER_MS
"""Readings a slope is fitted to: 25 at 50 Hz, 0.28 kPa/s of noise (assumption C2)."""
NO_FLOW_NS: Final = NS_PER_S
"""Time that a line must show too little for the flow: one window of the fit."""
NO_FLOW_SIGMAS: Final = 6
REST_COUNT: Final = 5
"""Least readings of a second at rest: an idle room is read at 5 Hz."""


def steep_pa_s(look: Glance) -> int:
    """Rise of line pressure that says *blocked*: a share of what a closed line would show."""
    closed_pa_s = look.rate_nl_min * PA_PER_KPA // 60 // look.compliance_nl_kpa
    return closed_pa_s * look.limits.slope_share_ppm // PPM


class Occlusion(msgspec.Struct, frozen=True):
    """The line pressure rises faster than a share of flow over compliance, for a while."""

    found_ns: int = 0
    since_ns: int = 0
    """Since when it rises so fast; 0 = it does not."""

    def look(self, look: Glance) -> Self:
        """With the newest reading."""
        slope = estimator.slope_pa_s(look.samples, SLOPE_SPAN_NS)
        steep = slope is not None and slope > steep_pa_s(look)
        since_ns = (self.since_ns or look.now_ns) if steep else 0
        blocked = since_ns and look.now_ns - since_ns >= look.limits.slope_time_ns
        found_ns = self.found_ns or (look.now_ns if blocked else 0)
        return replace(self, found_ns=found_ns, since_ns=since_ns)


class NoFlow(msgspec.Struct, frozen=True):
    """The line has far less pressure than the flow must make.

    The plunger is not in the clamp, the line is open before the sensor, or the cannula is
    another one. As much as the bound allows the estimate to be wrong is no finding.
    """

    found_ns: int = 0
    since_ns: int = 0

    def look(self, look: Glance) -> Self:
        """With the newest reading."""
        limits = look.limits
        share_pa = look.drop_pa * limits.no_flow_ppm // PPM
        missing_pa = max(limits.net_spread_pa, share_pa, NO_FLOW_SIGMAS * look.sigma_pa)
        since_ns = (self.since_ns or look.now_ns) if look.net_pa < -missing_pa else 0
        lasts = since_ns and look.now_ns - since_ns >= NO_FLOW_NS
        found_ns = self.found_ns or (look.now_ns if lasts else 0)
        return replace(self, found_ns=found_ns, since_ns=since_ns)


class Drift(msgspec.Struct, frozen=True):
    """At rest the line is below zero, where no duct can be: its zero has moved.

    A zero that moved the other way looks like pressure in the duct, and is judged as such.
    """

    found_ns: int = 0

    def look(self, look: Glance) -> Self:
        """With the newest reading, nothing flowing."""
        still = tuple(sample[1] for sample in look.samples if sample[2] == 0)
        if len(still) < max(REST_COUNT, len(look.samples)):
            return self
        limits = look.limits
        below = sum(still) // len(still) < -(limits.rest_pressure_pa + limits.drift_pa)
        return replace(self, found_ns=self.found_ns or (look.now_ns if below else 0))
