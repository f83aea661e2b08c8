"""Net pressure in the state: the window of readings, and what line and cannula are taken for.

The estimate and its upper bound are made once, in the pass that read the pressure, and
stand in ``State.net``; everyone else reads them through ``observe``.
"""

import functools
from typing import Final

from state_machine import estimator, observe
from state_machine.estimator import Line, Sample
from state_machine.pressure import Net
from state_machine.readings import Link, Motion, Prompt, Readings
from state_machine.state import Purpose, State
from state_machine.units import interpolate, less_ppm, more_ppm

BODY_MC: Final = 37_000
"""Contrast warms up to this in the nipple (clinical facts C1; safety rules 4.1)."""
RESISTANCE_PPM: Final = 50_000
"""Uncertainty of the open-tip resistance: zero, rate and linearity (clinical facts C4,
+-5 %, assumption)."""
COMPLIANCE_PPM: Final = 200_000
"""Uncertainty of the compliance, measured or the profile's (assumption)."""
FIRST_FILL_PA: Final = 800
"""What a normal duct may have by the first checkpoint, and the fit's own noise carried forward
(clinical facts C2: opening 0.3 kPa, first microlitres; assumption)."""
SAMPLES: Final = 128
"""Most readings of a window: 1 s at 50 Hz fits twice."""


def line_of(state: State) -> Line:
    """What line and cannula are taken for: as measured, and the bounds that count.

    At 37 C the resistance is what was measured times the ratio of the contrast's
    viscosities. Where the temperature of the measurement is not known, it counts as the
    coldest that is allowed.
    """
    line, mounted, limits = state.line, state.mounted, state.profile.limits
    resistance = warmest = coldest = line.resistance_pa_s_ul
    if mounted is not None:
        measured_mc = line.resistance_mc or limits.temperature_low_mc
        warmest, coldest = _at_ends(
            resistance, mounted.contrast.viscosity, measured_mc, limits.temperature_low_mc
        )
    return Line(
        resistance_pa_s_ul=resistance,
        resistance_low_pa_s_ul=less_ppm(min(resistance, warmest), RESISTANCE_PPM),
        resistance_high_pa_s_ul=more_ppm(max(resistance, coldest), RESISTANCE_PPM),
        compliance_nl_kpa=observe.compliance_nl_kpa(state),
        compliance_ppm=COMPLIANCE_PPM,
    )


@functools.lru_cache(maxsize=32)
def _at_ends(
    resistance: int, points: tuple[tuple[int, int], ...], measured_mc: int, coldest_mc: int
) -> tuple[int, int]:
    """A resistance at body temperature and at the coldest, by the contrast's viscosities."""
    viscosity = interpolate(points, measured_mc)
    warmest = resistance * interpolate(points, BODY_MC) // viscosity
    return warmest, resistance * interpolate(points, coldest_mc) // viscosity


def spread_pa(state: State, rate_nl_min: int) -> int:
    """Upper bound less estimate at a steady rate: what cold contrast and noise hide."""
    return estimator.spread_pa(line_of(state), rate_nl_min)


def first_spread_pa(state: State) -> int:
    """The same in the ramp to the first rate, where a false passage has to be told."""
    line, limits = line_of(state), state.profile.limits
    steady_pa = estimator.spread_pa(line, limits.first_rate_nl_min)
    return steady_pa + estimator.ramp_pa(line, limits.ramp_nl_min_s)


def take(state: State, readings: Readings) -> Net:
    """Add a new line reading to the window and estimate again."""
    line, before, net = readings.line, state.readings.line, state.net
    pressure_pa = line.pressure_pa
    if line.link is not Link.UP or pressure_pa is None or line.at_ns == before.at_ns:
        return net
    if _withdrawing(state, readings):
        # play of the plunger makes its flow unsure; nothing is pushed, so the bound holds
        return Net(upper_pa=net.upper_pa)
    samples = net.samples if line.zero_count == before.zero_count else ()
    kept = _window(samples[-SAMPLES:], line.at_ns)
    rate_nl_min = flow_nl_min(readings)
    window = (*kept, (line.at_ns, pressure_pa, rate_nl_min, None))
    found = estimator.fit(window, line_of(state)) if state.line.resistance_pa_s_ul else None
    if found is None:
        # nothing is known of the flow's part: the duct has at most what the line has
        return Net(samples=window, upper_pa=pressure_pa)
    newest: Sample = (line.at_ns, pressure_pa, rate_nl_min, found.net_pa)
    return Net(
        samples=(*kept, newest),
        net_pa=found.net_pa,
        upper_pa=found.upper_pa,
        slope_pa_s=found.slope_pa_s,
        sigma_pa=found.sigma_pa,
    )


def _window(samples: tuple[Sample, ...], at_ns: int) -> tuple[Sample, ...]:
    """What belongs into one window with a reading of ``at_ns``; the samples ascend in time."""
    begin_ns = at_ns - estimator.WINDOW_NS
    if samples and samples[-1][0] >= at_ns:  # questions of another connection, or of another run
        return tuple([s for s in samples if begin_ns <= s[0] < at_ns])
    first = 0
    for sample in samples:
        if sample[0] >= begin_ns:
            break
        first += 1
    return samples[first:]


def flow_nl_min(readings: Readings) -> int:
    """What the plunger moves, as the pump confirmed it; 0 where that is not known.

    Too little taken off the line pressure leaves the estimate too high, never too low.
    """
    pump = readings.pump
    if pump.link is not Link.UP or pump.motion is not Motion.RUNNING:
        return 0
    return pump.rate_nl_min


def _withdrawing(state: State, readings: Readings) -> bool:
    plan, pump = state.plan, readings.pump
    retract = plan is not None and plan.purpose is Purpose.RETRACT and bool(plan.asked_ns)
    return retract or pump.prompt is Prompt.WITHDRAWING
