"""What the course of pressure and count says while a motion runs at constant rate.

Each detector is one small function: it looks at the newest reading and at what the
``Watch`` remembers, and answers whether it has found something. A finding keeps its
instant until a person arms again; its alarm stands in ``alarms.py``. The thresholds are
rows of ``limits.py``. Start-up (ramp and three time constants of the line) suspends
these detectors, never the bounds on line and net pressure; a slow-down that the
controller makes by itself starts no new suspension (safety rules 4.1).
"""

from typing import Final

import msgspec

from state_machine import estimator, net, observe
from state_machine.limits import Limits
from state_machine.pressure import Watch
from state_machine.readings import Motion, Readings
from state_machine.state import Plan, Purpose, State
from state_machine.units import NS_PER_MIN, NS_PER_MS, NS_PER_S, PA_PER_KPA, PPM

replace = msgspec.structs.replace

SLOPE_SPAN_NS: Final = 500 * NS_PER_MS
"""Readings a slope is fitted to: 25 at 50 Hz, 0.28 kPa/s of noise (assumption C2)."""
TRACK_STEP_NS: Final = 100 * NS_PER_MS
FILL_STEP_NL: Final = 5_000
SIGMAS: Final = 6
"""Standard deviations that a fall must exceed (clinical facts C3)."""
ZERO_SIGMAS: Final = 3
AFTER_NS: Final = 2 * NS_PER_S
"""After a fall has stopped the pump, a cannula that slipped out shows zero within this."""


def watch(state: State, readings: Readings, now_ns: int) -> Watch:
    """What is remembered and found after this reading."""
    seen, plan, pump = state.watch, state.plan, readings.pump
    if readings.line.at_ns == state.readings.line.at_ns or state.net.net_pa is None:
        return seen
    runs = (
        plan is not None
        and plan.purpose is Purpose.INJECT
        and pump.motion is Motion.RUNNING
        and pump.motion_id == plan.motion_id
    )
    if plan is None or not runs:
        return _after(seen, state, now_ns)
    if plan.motion_id != seen.motion_id:
        seen = replace(seen, motion_id=plan.motion_id, track=(), steep_ns=0, count_ns=0)
    if not unblanked(plan, state, now_ns):
        return seen
    seen = _occlusion(seen, state, readings, now_ns)
    seen = _fall(seen, state, now_ns)
    seen = _plateau(seen, state, readings, now_ns)
    return _count(seen, state.profile.limits, readings, now_ns)


def unblanked(plan: Plan, state: State, now_ns: int) -> bool:
    """The ramp is over and the line has followed it: three time constants."""
    return bool(plan.top_ns) and now_ns - plan.top_ns >= 3 * tau_ns(state)


def tau_ns(state: State) -> int:
    """Time constant of the line, R times C."""
    tau_us = state.line.resistance_pa_s_ul * observe.compliance_nl_kpa(state)
    return tau_us * NS_PER_S // 1_000_000


def steep_pa_s(state: State, rate_nl_min: int) -> int:
    """Rise of line pressure that says *blocked*: a share of what a closed line would show."""
    closed_pa_s = rate_nl_min * PA_PER_KPA // 60 // observe.compliance_nl_kpa(state)
    return closed_pa_s * state.profile.limits.slope_share_ppm // PPM


def _occlusion(seen: Watch, state: State, readings: Readings, now_ns: int) -> Watch:
    """The line pressure rises faster than a share of flow over compliance, for a while."""
    slope = estimator.slope_pa_s(state.net.samples, SLOPE_SPAN_NS)
    steep = slope is not None and slope > steep_pa_s(state, net.flow_nl_min(readings))
    since_ns = (seen.steep_ns or now_ns) if steep else 0
    blocked = since_ns and now_ns - since_ns >= state.profile.limits.slope_time_ns
    found_ns = seen.occluded_ns or (now_ns if blocked else 0)
    return replace(seen, steep_ns=since_ns, occluded_ns=found_ns)


def _fall(seen: Watch, state: State, now_ns: int) -> Watch:
    """A sudden fall (tear), and a fall to nothing (the cannula has slipped out)."""
    limits, net_pa = state.profile.limits, state.net.net_pa or 0
    track = tuple(point for point in seen.track if now_ns - point[0] <= limits.tear_time_ns)
    torn_ns = seen.torn_ns or (now_ns if _fallen(track, net_pa, state) else 0)
    gone = _gone(track, net_pa, state, now_ns)
    if not track or now_ns - track[-1][0] >= TRACK_STEP_NS:
        track = (*track, (now_ns, net_pa))
    dislodged_ns = seen.dislodged_ns or (now_ns if gone else 0)
    return replace(seen, track=track, torn_ns=torn_ns, dislodged_ns=dislodged_ns)


def _fallen(track: tuple[tuple[int, int], ...], net_pa: int, state: State) -> bool:
    """Lower than its peak by more than floor, share of the peak and noise.

    Below zero nothing can fall: such a number is an error of the resistance.
    """
    limits = state.profile.limits
    peak_pa = max((pa for _, pa in track), default=0)
    least_pa = max(
        limits.tear_drop_pa, peak_pa * limits.tear_drop_ppm // PPM, SIGMAS * state.net.sigma_pa
    )
    return peak_pa - max(0, net_pa) > least_pa


def _gone(track: tuple[tuple[int, int], ...], net_pa: int, state: State, now_ns: int) -> bool:
    """Zero now, and clearly above it a moment ago (the window of the fit included)."""
    limits = state.profile.limits
    since_ns = now_ns - limits.dislodged_time_ns - estimator.WINDOW_NS
    recent_pa = max((pa for at_ns, pa in track if at_ns >= since_ns), default=0)
    sigma_pa = state.net.sigma_pa
    zero_pa = max(limits.dislodged_zero_pa, ZERO_SIGMAS * sigma_pa)
    clear_pa = max(limits.dislodged_from_pa, (ZERO_SIGMAS + SIGMAS) * sigma_pa)
    return recent_pa >= clear_pa and net_pa <= zero_pa


def _after(seen: Watch, state: State, now_ns: int) -> Watch:
    """A fall or a plateau has stopped the pump: what it was shows only a moment later."""
    found_ns = max(seen.torn_ns, seen.leaking_ns)
    if not found_ns or now_ns - found_ns > AFTER_NS:
        return seen
    return _fall(seen, state, now_ns)


def _plateau(seen: Watch, state: State, readings: Readings, now_ns: int) -> Watch:
    """Pressure that rises no more with volume: reflux, a leak, or the begin of a tear."""
    limits, net_pa = state.profile.limits, state.net.net_pa or 0
    volume_nl = readings.pump.infused_nl - state.injection.base_nl
    if tau_ns(state) > limits.plateau_tau_ns:
        return seen
    if seen.fill and 0 <= volume_nl - seen.fill[-1][0] < FILL_STEP_NL:
        return seen
    back = [point for point in seen.fill if volume_nl - point[0] >= limits.plateau_volume_nl]
    fill = (*back[-1:], *seen.fill[len(back) :], (volume_nl, net_pa))
    if not back:
        return replace(seen, fill=fill)
    then_nl, then_pa = back[-1]
    gain_pa_ml = (net_pa - then_pa) * 1_000_000 // (volume_nl - then_nl)
    steepest = max(seen.gain_pa_ml, gain_pa_ml)
    flat = net_pa > limits.plateau_net_pa and gain_pa_ml * PPM < steepest * limits.plateau_ppm
    found_ns = seen.leaking_ns or (now_ns if flat else 0)
    return replace(seen, fill=fill, gain_pa_ml=steepest, leaking_ns=found_ns)


def _count(seen: Watch, limits: Limits, readings: Readings, now_ns: int) -> Watch:
    """What the pump counts is what the rate it confirmed should move."""
    pump = readings.pump
    if not seen.count_ns or pump.rate_nl_min != seen.count_nl_min:
        return _counting(seen, readings)
    span_ns = pump.at_ns - seen.count_ns
    if span_ns < limits.flow_time_ns:
        return seen
    due_nl = pump.rate_nl_min * span_ns // NS_PER_MIN
    apart_nl = abs(pump.infused_nl - seen.count_nl - due_nl)
    strayed = apart_nl > due_nl * limits.flow_share_ppm // PPM + 2 * pump.digit_nl
    found_ns = seen.strayed_ns or (now_ns if strayed else 0)
    return replace(_counting(seen, readings), strayed_ns=found_ns)


def _counting(seen: Watch, readings: Readings) -> Watch:
    pump = readings.pump
    return replace(
        seen, count_ns=pump.at_ns, count_nl=pump.infused_nl, count_nl_min=pump.rate_nl_min
    )


def forgotten(seen: Watch) -> Watch:
    """The findings are dealt with; what was measured of this injection stays."""
    return Watch(motion_id=seen.motion_id, fill=seen.fill, gain_pa_ml=seen.gain_pa_ml)
