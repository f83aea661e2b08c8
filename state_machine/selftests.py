"""Self-tests of syringe, line and cannula at prime: what is sampled, and how it is judged.

Six tests, each with a number and a band (clinical facts C4; safety rules 4.3, 4.4):

* ``zero-drift``: line pressure at rest, ten seconds or more after the sensor was zeroed;
* ``first-drop``: volume until contrast shows at the tip, beside the line's dead space;
* ``stiffness``: dV/dP against the closed stopcock, backlash taken up before; softer is air;
* ``retract``: what that push stored is taken back, and the drive's play found at the turn;
* ``open-tip``: resistance at the injection's rate, beside the cannula's nominal;
* ``linearity``: the pressure at half that rate is half the pressure.

A wrong syringe shows in the first drop and the resistance only: the pump counts wrong by
the same factor in every other test.
"""

from typing import Final

import msgspec

from state_machine import observe
from state_machine.line import LineCheck, Proof, Push
from state_machine.readings import Motion, Readings
from state_machine.state import Plan, Purpose, State
from state_machine.units import (
    NS_PER_MIN,
    NS_PER_S,
    PA_PER_KPA,
    PPM,
    ceil_div,
    flow_resistance_pa_s_ul,
)

FIRST_DROP: Final = "first-drop"
STIFFNESS: Final = "stiffness"
RETRACT: Final = "retract"
OPEN_TIP: Final = "open-tip"
LINEARITY: Final = "linearity"
ZERO_DRIFT: Final = "zero-drift"

DRIFT_NS: Final = 10 * NS_PER_S
"""The zero is looked at again so long after it was made, or later (C4)."""

SETTLE_NS: Final = 3 * NS_PER_S
"""At least three time constants at a rate before pressures count (tau <= 1 s)."""

MEAN_NS: Final = 2 * NS_PER_S
"""Then the pressures that the mean is taken of: 100 readings at 50 Hz."""

PUSH_NL: Final = 3_000
"""Push from where the backlash is taken up (C4)."""

PUSH_START_PA: Final = 1_000
"""The backlash is taken up when the line has risen so far: five times the sensor's noise
(0.2 kPa, C2, assumption)."""

PUSH_RISE_PA: Final = 10_000
"""Enough to tell, in a line so stiff that 3 uL would be too much (C4: 10 kPa expected)."""

_NOISE_PA: Final = 1_000
"""One pressure may lie so far beside the line's: five times the sensor's noise (0.2 kPa, C2,
assumption)."""

_LEAK_PPM: Final = 500_000
"""Of what the push has shut in, so much may be missing when it is taken back: more went
another way, past a stopcock or a joint (assumption)."""

_PI_4_PPM: Final = 785_398
"""A circle's area over its diameter squared."""

_LEAST_COUNT: Final = 20
"""Fewer pressures tell no resistance (0.4 s at 50 Hz)."""

_LEAST_PUSH_COUNT: Final = 5
"""Fewer tell no slope."""

_VOID: Final = {
    Purpose.PRIME: (STIFFNESS, RETRACT, OPEN_TIP, LINEARITY),
    Purpose.STIFFNESS: (STIFFNESS, RETRACT, OPEN_TIP, LINEARITY),
    Purpose.RETRACT_TEST: (RETRACT, OPEN_TIP, LINEARITY),
    Purpose.OPEN_TIP: (OPEN_TIP, LINEARITY),
    Purpose.TIP_DROP: (),
    Purpose.CHECK: (),
    Purpose.DISPENSE: (),
}
"""What a motion makes out of date: a prime may bring air, and only an open-tip test shows
that the stopcock is open again."""


def proof(state: State, name: str) -> Proof | None:
    """Newest result of a self-test that still counts."""
    return next((p for p in state.line.proofs if p.name == name), None)


def passed(state: State, name: str) -> bool:
    """The self-test was made and its number lies in its band."""
    found = proof(state, name)
    return found is not None and found.passed


def with_proof(line: LineCheck, new: Proof) -> LineCheck:
    """The line with a new result in the place of the one of the same name."""
    others = tuple(p for p in line.proofs if p.name != new.name)
    return msgspec.structs.replace(line, proofs=(*others, new))


def cleared_for(line: LineCheck, purpose: Purpose) -> LineCheck:
    """The line before a motion: no samples, and without what the motion makes out of date."""
    void = _VOID[purpose]
    return msgspec.structs.replace(
        line,
        sample_pa=0,
        sample_count=0,
        half_pa=0,
        half_count=0,
        push=Push(),
        pushed_nl=line.pushed_nl if purpose is Purpose.RETRACT_TEST else 0,
        shut_pa=0,
        proofs=tuple(p for p in line.proofs if p.name not in void),
        compliance_nl_kpa=0 if STIFFNESS in void else line.compliance_nl_kpa,
        resistance_pa_s_ul=0 if OPEN_TIP in void else line.resistance_pa_s_ul,
    )


# --- samples ------------------------------------------------------------------------------


def sample(
    plan: Plan, line: LineCheck, readings: Readings, line_is_new: bool, now_ns: int
) -> LineCheck:
    """Take one line pressure into the test that is under way, if one is."""
    pressure_pa = readings.line.pressure_pa
    moving = readings.pump.motion is Motion.RUNNING
    if not moving or not line_is_new or pressure_pa is None:
        return line
    if plan.purpose is Purpose.OPEN_TIP:
        return _sample_open_tip(plan, line, pressure_pa, now_ns)
    if plan.purpose is Purpose.STIFFNESS:
        return msgspec.structs.replace(line, push=_pushed(line.push, readings, pressure_pa))
    return line


def _sample_open_tip(plan: Plan, line: LineCheck, pressure_pa: int, now_ns: int) -> LineCheck:
    """Each of the two means begins once its flow has stood long enough."""
    if plan.top_ns:
        if now_ns - plan.top_ns < SETTLE_NS:
            return line
        return msgspec.structs.replace(
            line, sample_pa=line.sample_pa + pressure_pa, sample_count=line.sample_count + 1
        )
    if plan.half_ns and SETTLE_NS <= now_ns - plan.half_ns < SETTLE_NS + MEAN_NS:
        return msgspec.structs.replace(
            line, half_pa=line.half_pa + pressure_pa, half_count=line.half_count + 1
        )
    return line


def _pushed(push: Push, readings: Readings, pressure_pa: int) -> Push:
    """Add one point of the line; the counter is brought to the instant of the pressure."""
    pump = readings.pump
    span_ns = readings.line.at_ns - pump.at_ns
    counter_nl = pump.infused_nl + pump.rate_nl_min * span_ns // NS_PER_MIN
    if push.start_nl < 0:
        if pressure_pa < PUSH_START_PA:
            return push
        return Push(start_nl=counter_nl, start_pa=pressure_pa)
    nl, pa = counter_nl - push.start_nl, pressure_pa - push.start_pa
    return Push(
        start_nl=push.start_nl,
        start_pa=push.start_pa,
        count=push.count + 1,
        nl=push.nl + nl,
        pa=push.pa + pa,
        nl_nl=push.nl_nl + nl * nl,
        nl_pa=push.nl_pa + nl * pa,
        done=push.done or nl >= PUSH_NL or pa >= PUSH_RISE_PA,
    )


# --- judgement ----------------------------------------------------------------------------


def first_drop(state: State, moved_nl: int) -> Proof:
    """Contrast shows at the tip after ``moved_nl`` of this line's prime."""
    limits, dead_nl = state.profile.limits, state.profile.line_dead_space_nl
    return _judged(
        FIRST_DROP,
        moved_nl,
        ceil_div(dead_nl * limits.first_drop_low_ppm, PPM),
        dead_nl * limits.first_drop_high_ppm // PPM,
        "nl",
    )


def stiffness(state: State, moved_nl: int) -> Proof:
    """Compliance by the push that is over, after ``moved_nl`` in all.

    A line whose pressure never rose is at least so soft as the whole push makes it; one
    that could not be sampled measures 0, which is in no band.
    """
    limits, push = state.profile.limits, state.line.push
    expected = observe.expected_compliance_nl_kpa(state)
    spread = push.count * push.nl_pa - push.nl * push.pa
    measured = 0
    if push.start_nl < 0:
        measured = moved_nl * PA_PER_KPA // PUSH_START_PA
    elif push.count >= _LEAST_PUSH_COUNT and spread > 0:
        measured = (push.count * push.nl_nl - push.nl * push.nl) * PA_PER_KPA // spread
    return _judged(
        STIFFNESS,
        measured,
        ceil_div(expected * limits.stiffness_low_ppm, PPM),
        expected * limits.stiffness_high_ppm // PPM,
        "nl_kpa",
    )


def play_nl(state: State) -> int:
    """Most that the drive may turn back before the plunger follows, in the syringe mounted."""
    diameter_um = state.mounted.syringe.diameter_um if state.mounted else 0
    return state.profile.limits.play_um * diameter_um * diameter_um * _PI_4_PPM // PPM // PPM


def take_back_nl(state: State) -> int:
    """Most that the retract test withdraws: what the push has moved, and the play."""
    pushed_nl = state.line.pushed_nl
    return min(pushed_nl + play_nl(state), state.profile.limits.stiffness_push_nl)


def taken_back(state: State, readings: Readings) -> bool:
    """The pressure that the push has shut in is down to the least of a retract."""
    pressure_pa = readings.line.pressure_pa
    return pressure_pa is not None and pressure_pa <= state.profile.limits.retract_least_pa


def retract(state: State, readings: Readings, moved_nl: int) -> Proof:
    """The drive's play: what was withdrawn beyond what the fall of the pressure accounts for.

    A pressure that does not come down within what the push had moved, and the play allowed,
    has failed, whatever the number says: the pump did not pull, or the plunger does not
    follow it. One that comes down with too little withdrawn went another way.
    """
    line = state.line
    fall_pa = line.shut_pa - (readings.line.pressure_pa or 0)
    stored_nl = line.compliance_nl_kpa * line.shut_pa // PA_PER_KPA
    low_nl = -(stored_nl * _LEAK_PPM // PPM)
    found_nl = moved_nl - line.compliance_nl_kpa * fall_pa // PA_PER_KPA
    found = _judged(RETRACT, found_nl, low_nl, play_nl(state), "nl")
    down = line.shut_pa - fall_pa <= state.profile.limits.retract_least_pa + _NOISE_PA
    return msgspec.structs.replace(found, passed=found.passed and down)


def at_rest(line: LineCheck, pressure_pa: int, now_ns: int) -> LineCheck:
    """Take one pressure at rest, the tip open to the air, once the line has come to rest."""
    still_ns = line.still_ns or now_ns
    settled = now_ns - still_ns >= SETTLE_NS
    return msgspec.structs.replace(
        line,
        still_ns=still_ns,
        still_pa=line.still_pa + (pressure_pa if settled else 0),
        still_count=line.still_count + settled,
    )


def restless(line: LineCheck) -> LineCheck:
    """Something moves: the next rest begins anew."""
    return msgspec.structs.replace(line, still_ns=0, still_pa=0, still_count=0)


def zero_drift(state: State, now_ns: int) -> Proof | None:
    """The mean of a rest that lasted long enough, long enough after the zero; None = not yet."""
    line, most_pa = state.line, state.profile.limits.drift_pa
    rested = bool(line.still_ns) and now_ns - line.still_ns >= SETTLE_NS + MEAN_NS
    if not rested or not line.still_count or now_ns - line.zeroed_ns < DRIFT_NS:
        return None
    return _judged(ZERO_DRIFT, line.still_pa // line.still_count, -most_pa, most_pa, "pa")


def resistance_pa_s_ul(line: LineCheck, plan: Plan) -> int:
    """Resistance that the samples at the top rate show; 0 where they are too few to tell."""
    if line.sample_count < _LEAST_COUNT or plan.top_rate_nl_min == 0:
        return 0
    return flow_resistance_pa_s_ul(line.sample_pa // line.sample_count, plan.top_rate_nl_min)


def open_tip(state: State, readings: Readings, plan: Plan, now_ns: int) -> tuple[Proof, Proof]:
    """Resistance in the cannula's band at the temperature in force, and in proportion.

    The sensor's zero may be off by the rest pressure allowed: half of it shows in the
    comparison of the two pressures.
    """
    limits, line = state.profile.limits, state.line
    band = _band(state, readings, resistance_pa_s_ul(line, plan), now_ns)
    if min(line.half_count, line.sample_count) < _LEAST_COUNT:
        return band, Proof(LINEARITY, False, 0, 0, 0, "pa")
    full_pa = line.sample_pa // line.sample_count
    expected_pa = full_pa * plan.half_rate_nl_min // plan.top_rate_nl_min
    most_pa = abs(expected_pa) * limits.linear_ppm // PPM + limits.rest_pressure_pa // 2
    off_pa = line.half_pa // line.half_count - expected_pa
    return band, _judged(LINEARITY, off_pa, -most_pa, most_pa, "pa")


def tip_refused(state: State, readings: Readings, now_ns: int) -> Proof:
    """The gate ended a flow through the tip: the pressure is far above the cannula's band."""
    pressure_pa, plan = readings.line.pressure_pa or 0, state.plan
    rate_nl_min = plan.rate_nl_min if plan else 0
    shown = flow_resistance_pa_s_ul(pressure_pa, rate_nl_min) if rate_nl_min else 0
    found = _band(state, readings, shown, now_ns)
    return msgspec.structs.replace(found, passed=False)


def _band(state: State, readings: Readings, measured: int, now_ns: int) -> Proof:
    """The cannula's band at the temperature in force."""
    limits = state.profile.limits
    nominal = observe.nominal_resistance_pa_s_ul(state, readings, now_ns)
    low = ceil_div(nominal * limits.band_low_ppm, PPM)
    return _judged(OPEN_TIP, measured, low, nominal * limits.band_high_ppm // PPM, "pa_s_ul")


def _judged(name: str, measured: int, low: int, high: int, unit: str) -> Proof:
    return Proof(name, low <= measured <= high, measured, low, high, unit)
