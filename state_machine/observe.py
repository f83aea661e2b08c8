"""Questions that workflow, gate and alarms ask of the same readings.

Freshness, standstill, net pressure and what is left to deliver, each in one place.
Workflow and gate are written separately but read through here: they are not independent
of each other against a wrong *reading* (safety rules 4.7).
"""

from state_machine import ledger
from state_machine.readings import Link, Motion, Paddle, Prompt, PumpReading, Readings
from state_machine.state import Phase, State
from state_machine.units import (
    NS_PER_MS,
    NS_PER_S,
    PA_PER_KPA,
    ceil_div,
    clamp_low,
    decimal,
    flow_drop_pa,
    interpolate,
    poiseuille_pa_s_ul,
    volume_ceil_nl,
)

COMPRESSED = frozenset({Phase.COMPRESSION, Phase.EXPOSURE, Phase.EXPOSURE_ARMED})
_PRESSING = frozenset({Paddle.HOLDING, Paddle.RELEASING})

_EXPOSING = frozenset({Phase.EXPOSURE, Phase.EXPOSURE_ARMED})

COUNT_MARGIN_NL = 5_000
"""Kept free below a volume limit for the counter's digit and the unheard volume of stops."""


DEAD_MARGIN_NS = 600 * NS_PER_MS
"""From the pump's Safe mode time to its standstill, controller and box both dead (measured
against the simulated pump: docs/performance.md, stop paths; assumption for a real one)."""

REST_SAMPLES = 16
"""Readings that a pressure at rest is a running mean of: 0.3 s at 50 Hz. One reading alone
carries the sensor's noise (0.2 kPa, facts C2, assumption) against a limit of 0.5 kPa."""


def observation_ends_ns(state: State) -> int:
    """When the patient has been observed long enough; 0 = the observation has not begun."""
    since_ns = state.observed_ns
    return since_ns + state.profile.limits.observation_ns if since_ns else 0


def observed(state: State, now_ns: int) -> bool:
    """The time of observation is over, or the radiologist has ended it."""
    return state.observed_word or 0 < observation_ends_ns(state) <= now_ns


def clamped_um(state: State) -> int:
    """Diameter of the syringe in the clamp, by a person's word; 0 = nobody has said."""
    if state.mounted is not None:
        return state.mounted.syringe.diameter_um
    if state.dispensing is not None:
        return state.dispensing.diameter_um
    return state.check.diameter_um if state.check is not None else 0


def rest_pa(state: State) -> int:
    """Running mean of the line pressure."""
    return state.line.rest_sum_pa // REST_SAMPLES


def zeroed(state: State, readings: Readings) -> bool:
    """The sensor still has the zero of this procedure; one that restarts counts anew."""
    return state.line.zeroed and readings.line.zero_count == state.line.zero_count


def fresh(at_ns: int, limit_ns: int, now_ns: int) -> bool:
    """A reading whose question was sent no longer than ``limit_ns`` ago."""
    return bool(at_ns) and 0 <= now_ns - at_ns <= limit_ns


def pump_fresh(state: State, readings: Readings, now_ns: int) -> bool:
    """The pump's answer may be believed for an injection."""
    pump = readings.pump
    return pump.link is Link.UP and fresh(pump.at_ns, state.profile.limits.pump_fresh_ns, now_ns)


def line_fresh(state: State, readings: Readings, now_ns: int) -> bool:
    """The line pressure may be believed; while exposing it is asked less often (nothing flows)."""
    line, limits = readings.line, state.profile.limits
    limit_ns = limits.unit_fresh_ns if state.phase in _EXPOSING else limits.line_fresh_ns
    return (
        line.link is Link.UP
        and line.pressure_pa is not None
        and fresh(line.at_ns, limit_ns, now_ns)
    )


def room_fresh(state: State, readings: Readings, now_ns: int) -> bool:
    """The switches may be believed while something is held."""
    room = readings.room
    return room.link is Link.UP and fresh(room.at_ns, state.profile.limits.room_fresh_ns, now_ns)


def injection_readings_fresh(state: State, readings: Readings, now_ns: int) -> bool:
    """All that an injection's permit depends on is fresh."""
    return (
        pump_fresh(state, readings, now_ns)
        and line_fresh(state, readings, now_ns)
        and room_fresh(state, readings, now_ns)
    )


def unit_fresh(state: State, readings: Readings, now_ns: int) -> bool:
    """The mammograph's answer may be believed; more is asked while exposing."""
    limits, unit = state.profile.limits, readings.mammograph
    limit_ns = limits.unit_fresh_ns
    if state.phase is Phase.EXPOSURE_ARMED:
        limit_ns = limits.unit_expose_fresh_ns
    return unit.link is Link.UP and fresh(unit.at_ns, limit_ns, now_ns)


def proven_stopped(pump: PumpReading) -> bool:
    """Standstill was concluded (safety rules 1.3); a prepared motion stands still too."""
    return (
        pump.link is Link.UP
        and pump.prompt is Prompt.STOPPED
        and pump.motion in (Motion.STOPPED, Motion.PREPARING, Motion.PREPARED, Motion.FAILED)
    )


def line_pressure_pa(state: State, readings: Readings, now_ns: int) -> int | None:
    """Line pressure, None unless fresh."""
    return readings.line.pressure_pa if line_fresh(state, readings, now_ns) else None


def net_pa(state: State, readings: Readings, now_ns: int) -> int | None:
    """Net (duct) pressure, estimated with the resistance measured at the open tip.

    It is as old as the middle of its window, half a second. None when it cannot be known:
    line stale, resistance not measured, too few readings.
    """
    known = line_fresh(state, readings, now_ns) and state.line.resistance_pa_s_ul
    return state.net.net_pa if known else None


def under_paddle(state: State, readings: Readings) -> bool:
    """The paddle raises the duct's pressure: a rise is no sign of the injection.

    The bound on net pressure carries a rise forward by half a second, which would stop at
    5 kPa what may go to 6. Review begins before the paddle is up.
    """
    unit = readings.mammograph
    held = unit.link is Link.UP and unit.paddle in _PRESSING
    return state.phase in COMPRESSED or (state.phase is Phase.REVIEW and held)


def net_upper_pa(state: State, readings: Readings, now_ns: int) -> int | None:
    """What the duct has at most, now; every limit on net pressure is judged by it.

    Nothing suspends it: without an estimate it is the whole line pressure. None only
    where the line is stale (which stops an injection by itself) or nothing was measured.
    """
    known = line_fresh(state, readings, now_ns) and state.line.resistance_pa_s_ul
    return state.net.upper_pa if known else None


def temperature_mc(state: State, readings: Readings, now_ns: int) -> int | None:
    """Contrast temperature, by the one source that the room has; None = not known.

    A room with a sensor believes the sensor alone; without one, what a person entered is
    believed for a limited time (safety rules 4.2).
    """
    if state.profile.temperature_sensor:
        return readings.line.temperature_mc
    mounted, life_ns = state.mounted, state.profile.limits.temperature_life_ns
    if mounted is None or now_ns - mounted.entered_ns > life_ns:
        return None
    return mounted.temperature_mc


def temperature_ok(state: State, readings: Readings, now_ns: int) -> bool:
    """The contrast is inside the range in which resistances are known."""
    limits, temperature = state.profile.limits, temperature_mc(state, readings, now_ns)
    return (
        temperature is not None
        and limits.temperature_low_mc <= temperature <= limits.temperature_high_mc
    )


def nominal_resistance_pa_s_ul(state: State, readings: Readings, now_ns: int) -> int:
    """Open-tip resistance that the mounted cannula should show at this temperature."""
    mounted, temperature = state.mounted, temperature_mc(state, readings, now_ns)
    if mounted is None or temperature is None:
        return 0
    viscosity = interpolate(mounted.contrast.viscosity, temperature)
    return poiseuille_pa_s_ul(viscosity, mounted.cannula.length_um, mounted.cannula.bore_um)


def halved(state: State, value: int) -> int:
    """A limit on rate or volume, halved after a difficult cannulation (facts A5, D)."""
    return value // 2 if state.duct is not None and state.duct.difficult else value


def planned_nl(state: State) -> int:
    """Volume of the injection that is or would be armed."""
    if state.injection.number:
        return state.injection.planned_nl
    limits, case, duct = state.profile.limits, state.case, state.duct
    if case is None or duct is None:
        return 0
    filling = not duct.injection_count or duct.evacuated
    wanted_nl = case.ordered_nl if filling else _more_nl(state, case.ordered_nl)
    return min(wanted_nl, halved(state, limits.injection_volume_nl), volume_left_nl(state))


def _more_nl(state: State, ordered_nl: int) -> int:
    """A further injection: what may be left of the order, else a top-up no larger than it.

    Either way no more than to the first checkpoint.
    """
    limits, account = state.profile.limits, state.ledger.account
    left_nl = ordered_nl - (account.high_nl if account else 0)
    wanted_nl = left_nl if left_nl >= limits.motion_least_nl else ordered_nl
    return min(wanted_nl, limits.first_checkpoint_nl)


def volume_left_nl(state: State) -> int:
    """What may still be delivered into this duct and breast, by the ledger's high."""
    limits, account = state.profile.limits, state.ledger.account
    spent_nl = account.high_nl if account else 0
    mounted = state.mounted
    scale_ppm = mounted.syringe.scale_ppm if mounted else 0
    left_nl = min(
        halved(state, limits.duct_volume_nl) - spent_nl,
        limits.side_day_volume_nl - ledger.side_day_high_nl(state.ledger),
    )
    # the ledger will count digit, stop and syringe uncertainty on top of what is delivered
    left_nl = clamp_low(left_nl - COUNT_MARGIN_NL)
    return left_nl * 1_000_000 // (1_000_000 + scale_ppm)


def compliance_nl_kpa(state: State) -> int:
    """Compliance of syringe and line: as measured, the profile's until then (assumption, C2)."""
    return state.line.compliance_nl_kpa or expected_compliance_nl_kpa(state)


def expected_compliance_nl_kpa(state: State) -> int:
    """What the profile says of the mounted syringe with the line, else of the line."""
    own = state.mounted.syringe.compliance_nl_kpa if state.mounted else 0
    return own or state.profile.line_compliance_nl_kpa


def mount_doubted(state: State) -> bool:
    """After a failed self-test something else is mounted than what failed."""
    mounted, doubt = state.mounted, state.doubt
    return (
        mounted is not None
        and doubt is not None
        and (mounted.syringe.name, mounted.cannula.name, mounted.contrast.name)
        != (doubt.syringe, doubt.cannula, doubt.contrast)
    )


def stored_nl(state: State, drop_pa: int) -> int:
    """Volume that the line stores at a pressure drop and gives up after a stop (C times P)."""
    return ceil_div(compliance_nl_kpa(state) * drop_pa, PA_PER_KPA)


def stored_at_nl(state: State, rate_nl_min: int) -> int:
    """What the line stores while a rate flows through the cannula that was measured."""
    return stored_nl(state, flow_drop_pa(state.line.resistance_pa_s_ul, rate_nl_min))


def tau_ns(state: State) -> int:
    """Time constant of the line, R times C."""
    tau_us = state.line.resistance_pa_s_ul * compliance_nl_kpa(state)
    return tau_us * NS_PER_S // 1_000_000


def net_doubt(state: State) -> str:
    """Why the estimate of net pressure is not valid, in words; empty = it is.

    Validity is a reading like any other: it is shown, and where it is missing checkpoints
    are closer. The upper bound holds all the same.
    """
    line, limits, relaxed = state.line, state.profile.limits, state.watch.relaxation
    if not line.resistance_pa_s_ul:
        return "the cannula's resistance is not measured"
    if not line.compliance_nl_kpa:
        return "the line's compliance is not measured: the profile's is an assumption"
    if state.net.net_pa is None:
        return "too few line readings in a row"
    off_pa = relaxed.before_pa - relaxed.relaxed_pa if relaxed.done_ns else 0
    if abs(off_pa) > limits.net_agree_pa:
        side = "above" if off_pa > 0 else "below"
        return (
            f"it stood {decimal(abs(off_pa), 3, 1)} kPa {side} the relaxed pressure of the last"
            f" stop (at most {decimal(limits.net_agree_pa, 3, 1)}): the cannula's resistance has"
            " changed"
        )
    return ""


def overrun_nl(state: State, rate_nl_min: int) -> int:
    """What still comes after the slowest stop that a dead controller leaves: (tau + t_dead) Q."""
    dead_ns = state.profile.safe_mode_ns + DEAD_MARGIN_NS
    return volume_ceil_nl(rate_nl_min, tau_ns(state) + dead_ns)


def planned_rate_nl_min(state: State) -> int:
    """Highest rate that the injection planned or under way comes to."""
    return rate_limit_nl_min(state, planned_nl(state) - 1)


def syringe_left_nl(state: State) -> int:
    """Contrast that is surely still in the syringe: as filled, less prime and the high."""
    mounted = state.mounted
    if mounted is None:
        return 0
    given_nl = ledger.side_day_high_nl(state.ledger) - mounted.side_day_high_nl
    return mounted.volume_nl - state.line.prime_nl - given_nl


def rate_limit_nl_min(state: State, delivered_nl: int) -> int:
    """Highest rate at a point of the injection: lower up to the first checkpoint."""
    limits = state.profile.limits
    rate = limits.rate_nl_min
    if delivered_nl < limits.first_checkpoint_nl:
        rate = limits.first_rate_nl_min
    return halved(state, rate)


def settled(state: State, readings: Readings, now_ns: int) -> bool:
    """Net pressure has stood still long enough, below the pause level (rules 4.5)."""
    limits, injection = state.profile.limits, state.injection
    upper_pa = net_upper_pa(state, readings, now_ns)
    return (
        upper_pa is not None
        and upper_pa < limits.net_pause_pa
        and bool(injection.reference_ns)
        and now_ns - injection.reference_ns >= limits.settle_window_ns
    )


def exposure_overdue(state: State, now_ns: int) -> bool:
    """Too long since the injection (first view) or since the view before."""
    limits, exposure = state.profile.limits, state.exposure
    if exposure.made_count:
        return now_ns - exposure.last_ns > limits.next_view_delay_ns
    ended_ns = state.injection.ended_ns
    return bool(ended_ns) and now_ns - ended_ns > limits.exposure_delay_ns
