"""Net (duct) pressure from line pressure, flow and compliance, with its upper bound.

The line obeys C dP/dt = Q_p - Q_c, and what flows through the cannula loses R Q_c, so the
duct stands at P_d = P - R (Q_p - C dP/dt) (clinical facts C2). Everything is taken over
one second of readings with the same weights u (1 - u), 0 at both ends: a least-squares
slope *is* the mean of dP/dt with these weights, so the balance holds exactly for the
weighted means, through ramps and stops too, and nothing needs to be blanked. The price
is a lag of half the window, which the upper bound makes good.

Floats live and die in here: + - * / and sqrt only, rounded where a function returns.
"""

from math import sqrt
from typing import Final, NamedTuple

from state_machine.units import NS_PER_MS, NS_PER_S

WINDOW_NS: Final = NS_PER_S
"""Span of the fit (clinical facts C2: regression over 1 s)."""
SHORTEST_NS: Final = 750 * NS_PER_MS
GAP_NS: Final = 250 * NS_PER_MS
FEWEST: Final = 5
"""A shorter span, a longer gap or fewer readings give no estimate (assumption: idle rooms
are read at 5 Hz, injections at 50 Hz)."""
NOISE_PA: Final = 200
"""Standard deviation of one line reading (clinical facts C2, assumption)."""
SIGMAS: Final = 3
"""Standard deviations of the fit that the upper bound lies above it (assumption)."""
READINGS: Final = 50
"""Readings in a window while injecting: 50 Hz."""

Sample = tuple[int, int, int, int | None]
"""When asked (ns), line pressure (Pa), pump rate (nL/min), and the
estimate that was made then (Pa; None = none)."""


class Line(NamedTuple):
    """What is known of line and cannula, each with the bounds that count."""

    resistance_pa_s_ul: int
    """As measured at the open tip."""
    resistance_low_pa_s_ul: int
    """As low as it may be now: warmed to the body, and measured too high."""
    resistance_high_pa_s_ul: int
    compliance_nl_kpa: int
    compliance_ppm: int
    """Relative uncertainty of the compliance."""


class Fit(NamedTuple):
    """One estimate."""

    net_pa: int
    """Mean over the window: as old as its middle."""
    upper_pa: int
    """What the duct has at most now."""
    slope_pa_s: int
    """Of the line pressure."""
    sigma_pa: int
    """Standard deviation of ``net_pa`` from the sensor's noise."""


def fit(samples: tuple[Sample, ...], line: Line) -> Fit | None:
    """Estimate net pressure from the readings of a window; None = they do not carry it."""
    if not _carries(samples):
        return None
    first_ns, last_ns = samples[0][0], samples[-1][0]
    span_s = (last_ns - first_ns) / 1e9
    weights = weights2 = weighted_pa = weighted_rate = 0.0
    mean_s = sum([sample[0] - first_ns for sample in samples]) / len(samples) / 1e9
    along = across = 0.0
    for at_ns, pressure_pa, rate_nl_min, _net_pa in samples:
        since_s = (at_ns - first_ns) / 1e9
        weight = since_s * (span_s - since_s)
        weights += weight
        weights2 += weight * weight
        weighted_pa += weight * pressure_pa
        weighted_rate += weight * rate_nl_min
        apart_s = since_s - mean_s
        along += apart_s * pressure_pa
        across += apart_s * apart_s
    mean_pa, rate_ul_s = weighted_pa / weights, weighted_rate / weights / 60_000
    slope_pa_s = along / across
    stored_ul_s = line.compliance_nl_kpa * slope_pa_s / 1e6
    net_pa = mean_pa - line.resistance_pa_s_ul * (rate_ul_s - stored_ul_s)
    tau_s = line.resistance_pa_s_ul * line.compliance_nl_kpa / 1e6
    sigma_pa = NOISE_PA * sqrt(weights2 / weights / weights + tau_s * tau_s / across)

    # the least that may flow through the cannula, at the resistance that loses least there
    doubt = line.compliance_ppm / 1e6
    stored_ul_s *= 1 + doubt if slope_pa_s > 0 else 1 - doubt
    least_ul_s = rate_ul_s - stored_ul_s
    low, high = line.resistance_low_pa_s_ul, line.resistance_high_pa_s_ul
    most_pa = mean_pa - (low if least_ul_s > 0 else high) * least_ul_s
    before_pa = _net_before(samples)
    lead_pa = 0.0 if before_pa is None else max(0.0, net_pa - max(0, before_pa))
    return Fit(
        net_pa=round(net_pa),
        upper_pa=round(most_pa + lead_pa + SIGMAS * sigma_pa + 1),
        slope_pa_s=round(slope_pa_s),
        sigma_pa=round(sigma_pa + 0.5),
    )


def slope_pa_s(samples: tuple[Sample, ...], span_ns: int) -> int | None:
    """Least-squares slope of the line pressure over the newest ``span_ns``; None = too few."""
    newest_ns = samples[-1][0] if samples else 0
    points = [(s[0] - newest_ns, s[1]) for s in samples if newest_ns - s[0] <= span_ns]
    if len(points) < FEWEST:
        return None
    mean_ns = sum([at for at, _ in points]) / len(points)
    across = sum([(at - mean_ns) * (at - mean_ns) for at, _ in points])
    return round(sum([(at - mean_ns) * pa for at, pa in points]) / across * 1e9)


def spread_pa(line: Line, rate_nl_min: int) -> int:
    """How far the bound stands above the estimate while a rate flows steadily."""
    doubt = line.resistance_pa_s_ul - line.resistance_low_pa_s_ul
    tau_s = line.resistance_pa_s_ul * line.compliance_nl_kpa / 1e6
    # of evenly spaced readings over 1 s: weights 6 / 5 N, sum of squares N / 12 (clinical C2)
    sigma_pa = NOISE_PA * sqrt((1.2 + 12 * tau_s * tau_s) / READINGS)
    return round(doubt * rate_nl_min / 60_000 + SIGMAS * sigma_pa)


def ramp_pa(line: Line, ramp_nl_min_s: int) -> int:
    """What the doubt of the compliance adds to the bound while the rate climbs.

    The line then rises by R dQ/dt, and stores C of it: times the doubt, times R.
    """
    rise_pa_s = line.resistance_pa_s_ul * ramp_nl_min_s / 60_000
    doubt_ul_s = line.compliance_nl_kpa * rise_pa_s / 1e6 * line.compliance_ppm / 1e6
    return round(line.resistance_pa_s_ul * doubt_ul_s)


def _carries(samples: tuple[Sample, ...]) -> bool:
    """Readings enough, over time enough, without a gap."""
    if len(samples) < FEWEST or samples[-1][0] - samples[0][0] < SHORTEST_NS:
        return False
    instants = [sample[0] for sample in samples]
    longest_ns: int = max(map(int.__sub__, instants[1:], instants))
    return longest_ns <= GAP_NS


def _net_before(samples: tuple[Sample, ...]) -> int | None:
    """The estimate half a window ago. What has risen since then may have risen once more.

    Below zero it was the fit catching up, not the duct (the caller cuts it there). None
    while the window is new.
    """
    middle_ns = samples[-1][0] - WINDOW_NS // 2
    return next((s[3] for s in samples if s[0] >= middle_ns and s[3] is not None), None)
