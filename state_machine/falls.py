"""Detectors of net pressure that falls, or rises no more: tear, dislodged cannula, reflux.

Each remembers the course it needs and since when it has found something (0 = nothing).
Below zero nothing can fall: such an estimate is an error of the resistance.
"""

from typing import Final, Self

import msgspec

from state_machine import estimator
from state_machine.glance import Glance
from state_machine.units import NS_PER_MS, NS_PER_S, PA_PER_KPA, PPM

replace = msgspec.structs.replace

TRACK_STEP_NS: Final = 100 * NS_PER_MS
FILL_STEP_NL: Final = 5_000
SIGMAS: Final = 6
"""Standard deviations that a fall must exceed (clinical facts C3)."""
ZERO_SIGMAS: Final = 3
MEAN_NS: Final = 6 * NS_PER_S
"""Time constant of the mean that ``Sag`` compares with: longer than a tear empties, shorter
than the cannula warms (chosen on seeds 1 to 100 of the bench, docs/performance.md)."""
SUM_SIGMAS: Final = 4

Track = tuple[tuple[int, int], ...]
"""(instant, net pressure) at steady flow, a point each 100 ms."""


def _onward(track: Track, look: Glance, span_ns: int) -> Track:
    kept = track
    if track and look.now_ns - track[0][0] > span_ns:  # the points ascend in time
        kept = tuple([point for point in track if look.now_ns - point[0] <= span_ns])
    if kept and look.now_ns - kept[-1][0] < TRACK_STEP_NS:
        return kept
    return (*kept, (look.now_ns, look.net_pa))


class Tear(msgspec.Struct, frozen=True):
    """A sudden fall: by more than a floor, a share of its peak, and noise."""

    found_ns: int = 0
    track: Track = ()

    def look(self, look: Glance) -> Self:
        """With the newest reading."""
        limits = look.limits
        since_ns = look.now_ns - limits.tear_time_ns
        peak_pa = max((pa for at_ns, pa in self.track if at_ns >= since_ns), default=0)
        share_pa = peak_pa * limits.tear_drop_ppm // PPM
        least_pa = max(limits.tear_drop_pa, share_pa, SIGMAS * look.sigma_pa)
        fallen = peak_pa - max(0, look.net_pa) > least_pa
        return replace(
            self,
            found_ns=self.found_ns or (look.now_ns if fallen else 0),
            track=_onward(self.track, look, limits.tear_time_ns),
        )


class Dislodged(msgspec.Struct, frozen=True):
    """Zero now, and clearly above it a moment ago (the window of the fit included)."""

    found_ns: int = 0
    track: Track = ()

    def look(self, look: Glance) -> Self:
        """With the newest reading."""
        limits, sigma_pa = look.limits, look.sigma_pa
        span_ns = limits.dislodged_time_ns + estimator.WINDOW_NS
        since_ns = look.now_ns - span_ns
        recent_pa = max((pa for at_ns, pa in self.track if at_ns >= since_ns), default=0)
        zero_pa = max(limits.dislodged_zero_pa, ZERO_SIGMAS * sigma_pa)
        clear_pa = max(limits.dislodged_from_pa, (ZERO_SIGMAS + SIGMAS) * sigma_pa)
        gone = recent_pa >= clear_pa and look.net_pa <= zero_pa
        return replace(
            self,
            found_ns=self.found_ns or (look.now_ns if gone else 0),
            track=_onward(self.track, look, span_ns),
        )


class Sag(msgspec.Struct, frozen=True):
    """A fall too small for the thresholds, told by its sum over time (CUSUM, one-sided).

    What net pressure lies below its own slow mean, less an allowance, is added up; a normal
    fill never falls, so the sum stays near zero however long it lasts.
    """

    found_ns: int = 0
    mean_upa: int = 0
    """Slow mean of net pressure, in millionths of a Pa so that it moves on in small steps."""
    sum_pa_ms: int = 0
    at_ns: int = 0
    """Of the reading before; 0 = none at this steady flow."""

    def look(self, look: Glance) -> Self:
        """With the newest reading."""
        net_pa, limits = max(0, look.net_pa), look.limits
        if not self.at_ns:
            return replace(self, mean_upa=net_pa * PPM, sum_pa_ms=0, at_ns=look.line_ns)
        span_ns = min(look.line_ns - self.at_ns, estimator.GAP_NS)
        allowed_pa = max(limits.sag_allowed_pa, look.sigma_pa)
        below_pa = self.mean_upa // PPM - net_pa - allowed_pa
        total = max(0, self.sum_pa_ms + below_pa * (span_ns // NS_PER_MS))
        most_pa_ms = max(limits.sag_time_ns // NS_PER_MS, SUM_SIGMAS * look.sigma_pa) * PA_PER_KPA
        mean_upa = self.mean_upa + (net_pa * PPM - self.mean_upa) * span_ns // MEAN_NS
        return replace(
            self,
            found_ns=self.found_ns or (look.now_ns if total > most_pa_ms else 0),
            mean_upa=mean_upa,
            sum_pa_ms=total,
            at_ns=look.line_ns,
        )


class Plateau(msgspec.Struct, frozen=True):
    """Pressure that rises no more with volume: reflux, a leak, or the begin of a tear."""

    found_ns: int = 0
    fill: tuple[tuple[int, int], ...] = ()
    """(volume of this injection, net pressure) along the newest microlitres."""
    gain_pa_ml: int = 0
    """Steepest rise of net pressure with volume in this injection."""

    def look(self, look: Glance) -> Self:
        """With the newest reading; behind a slow line it cannot be told (C3)."""
        limits, net_pa, volume_nl = look.limits, look.net_pa, look.volume_nl
        if look.tau_ns > limits.plateau_tau_ns:
            return self
        if self.fill and 0 <= volume_nl - self.fill[-1][0] < FILL_STEP_NL:
            return self
        back = [point for point in self.fill if volume_nl - point[0] >= limits.plateau_volume_nl]
        fill = (*back[-1:], *self.fill[len(back) :], (volume_nl, net_pa))
        if not back:
            return replace(self, fill=fill)
        then_nl, then_pa = back[-1]
        gain_pa_ml = (net_pa - then_pa) * 1_000_000 // (volume_nl - then_nl)
        steepest = max(self.gain_pa_ml, gain_pa_ml)
        flat = net_pa > limits.plateau_net_pa and gain_pa_ml * PPM < steepest * limits.plateau_ppm
        found_ns = self.found_ns or (look.now_ns if flat else 0)
        return replace(self, found_ns=found_ns, fill=fill, gain_pa_ml=steepest)
