"""What the course of pressure and count says of an injection: every detector takes its look.

The detectors are small classes (``falls``, ``line_faults``, ``relaxation``,
``motion_faults``), their state stands in ``State.watch``, their alarms in ``alarms.py``;
the table is in ``watch.py`` and the thresholds are rows of ``limits.py``. A finding keeps
its instant until a person arms again. Start-up (ramp and three time constants of the
line) suspends those that look at steady flow, never the bounds on line and net pressure;
a slow-down that the controller makes by itself starts no new suspension (safety rules 4.1).
"""

from typing import Final

import msgspec

from state_machine import estimator, net, observe, watch
from state_machine.glance import Glance
from state_machine.readings import Motion, Readings
from state_machine.relaxation import Relaxation
from state_machine.state import Plan, Purpose, State
from state_machine.units import NS_PER_S
from state_machine.watch import Watch

replace = msgspec.structs.replace

AFTER_NS: Final = 2 * NS_PER_S
"""After a fall has stopped the pump, a cannula that slipped out shows zero within this; after
any other stop, a tear that began with it."""

_STEADY: Final = (*watch.at(watch.STEADY), *watch.at(watch.AFTER))
_FLOW: Final = watch.at(watch.FLOW)
_AFTER: Final = watch.at(watch.AFTER)
_TORN: Final = ("tear",)
_REST: Final = watch.at(watch.REST)


def look(state: State, readings: Readings, now_ns: int) -> Watch:
    """What is remembered and found after this reading."""
    seen, plan = state.watch, state.plan
    line, known = readings.line, state.net.net_pa is not None
    if line.at_ns == state.readings.line.at_ns or line.pressure_pa is None:
        return seen
    if plan is not None and plan.purpose is not Purpose.INJECT:
        return replace(seen, relaxation=Relaxation(seen.relaxation.found_ns))
    glance = _glance(state, readings, now_ns)
    if plan is None or not glance.running:
        return _at_rest(seen, glance) if known and seen.motion_id else seen
    seen = _all(watch.for_motion(seen, plan.motion_id), _FLOW, glance)
    if not known:
        return seen
    seen = replace(seen, relaxation=seen.relaxation.flowing(glance))
    return _all(seen, _STEADY, glance) if glance.steady else seen


def _at_rest(seen: Watch, glance: Glance) -> Watch:
    """The line relaxes; a fall that began with the flow shows a moment later.

    A duct that tears as the pause level stops the pump goes on emptying: at rest the fall is
    in the estimate as it is in flow, and there is no flow to see it in any more.
    """
    if not glance.rate_nl_min:
        seen = _all(seen, _REST, glance)
    found_ns = max(seen.tear.found_ns, seen.plateau.found_ns, seen.sag.found_ns)
    if found_ns and glance.now_ns - found_ns <= AFTER_NS:
        return _all(seen, _AFTER, glance)
    begun_ns = seen.relaxation.begun_ns
    since_ns = glance.line_ns - begun_ns if begun_ns else 0
    # before that the window of the fit has flow in it, and the stop's own instant is unsure
    told = estimator.WINDOW_NS <= since_ns <= estimator.WINDOW_NS + AFTER_NS
    return _all(seen, _TORN, glance) if told else seen


def _all(seen: Watch, fields: tuple[str, ...], glance: Glance) -> Watch:
    looked = {field: getattr(seen, field).look(glance) for field in fields}
    return replace(seen, **looked)


def _glance(state: State, readings: Readings, now_ns: int) -> Glance:
    """What this pass shows."""
    pump, line, made, plan = readings.pump, readings.line, state.net, state.plan
    runs = plan is not None and pump.motion is Motion.RUNNING and pump.motion_id == plan.motion_id
    return Glance(
        now_ns=now_ns,
        limits=state.profile.limits,
        motion_id=plan.motion_id if plan else 0,
        running=runs,
        steady=plan is not None and unblanked(plan, state, now_ns),
        told_nl_min=state.targets.pump.rate_nl_min if state.targets.pump.run else 0,
        rate_nl_min=net.flow_nl_min(readings),
        until_nl=plan.until_nl if plan else 0,
        counter_nl=pump.infused_nl,
        counted_ns=pump.at_ns,
        digit_nl=pump.digit_nl,
        volume_nl=pump.infused_nl - state.injection.base_nl,
        line_ns=line.at_ns,
        pressure_pa=line.pressure_pa or 0,
        net_pa=made.net_pa or 0,
        sigma_pa=made.sigma_pa,
        samples=made.samples,
        resistance_pa_s_ul=state.line.resistance_pa_s_ul,
        compliance_nl_kpa=observe.compliance_nl_kpa(state),
        tau_ns=observe.tau_ns(state),
    )


def unblanked(plan: Plan, state: State, now_ns: int) -> bool:
    """The ramp is over and the line has followed it: three time constants."""
    return bool(plan.top_ns) and now_ns - plan.top_ns >= 3 * observe.tau_ns(state)
