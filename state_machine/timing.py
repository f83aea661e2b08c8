"""Instants: when the step would decide differently although nothing new is heard."""

import msgspec

from state_machine import daily_check, injection, observe, sessions, sight
from state_machine import hold as hold_gate
from state_machine.alarms import EXPOSURE_END_NS, RELEASE_NS
from state_machine.readings import Readings, UnitState
from state_machine.state import HoldPhase, HoldSource, Injection, Phase, State
from state_machine.targets import Activity
from state_machine.units import NS_PER_S

NEVER_NS = 2**63 - 1

replace = msgspec.structs.replace


MEAN_NS = NS_PER_S
"""Net pressure is compared as means over this time: the sensor's noise (0.2 kPa at 100 Hz,
facts C2, assumption) alone would look like change."""


def settling(state: State, readings: Readings, now_ns: int) -> Injection:
    """Restart the settle window whenever the mean net pressure has moved too far."""
    done = state.injection
    if state.phase is not Phase.SETTLE:
        return done
    net_pa = observe.net_pa(state, readings, now_ns)
    if net_pa is None:
        return replace(done, reference_ns=0, window_ns=0, window_pa=0, window_count=0)
    if readings.line.at_ns == state.readings.line.at_ns:
        return done
    taken = replace(
        done,
        window_ns=done.window_ns or now_ns,
        window_pa=done.window_pa + net_pa,
        window_count=done.window_count + 1,
    )
    if now_ns - taken.window_ns < MEAN_NS:
        return taken
    mean_pa = taken.window_pa // taken.window_count
    taken = replace(taken, window_ns=0, window_pa=0, window_count=0)
    moved = abs(mean_pa - done.reference_pa) >= state.profile.limits.settled_change_pa
    if moved or not done.reference_ns:
        return replace(taken, reference_pa=mean_pa, reference_ns=now_ns)
    return taken


def wake_at_ns(state: State, readings: Readings, now_ns: int) -> int:
    """Earliest instant after now at which a limit of time is reached."""
    instants = (
        *_freshness(state, readings),
        *_lives(state),
        *_spans(state, now_ns),
        *_views(state, readings),
        *_checks(state),
        *sessions.lock_instants(state),
    )
    return min([at_ns for at_ns in instants if at_ns > now_ns], default=NEVER_NS)


def _freshness(state: State, readings: Readings) -> tuple[int, ...]:
    """When the readings that a permit depends on grow too old."""
    limits = state.profile.limits
    if state.targets.activity is Activity.IDLE:
        return ()
    return (
        readings.pump.at_ns + limits.pump_fresh_ns + 1,
        readings.line.at_ns + limits.line_fresh_ns + 1,
        readings.room.at_ns + limits.room_fresh_ns + 1,
        readings.mammograph.at_ns + limits.unit_fresh_ns + 1,
        readings.mammograph.at_ns + limits.unit_expose_fresh_ns + 1,
    )


def _lives(state: State) -> tuple[int, ...]:
    """When arming, confirmation and words expire."""
    limits, hold = state.profile.limits, state.hold
    instants = [state.quiet_until_ns, sight.unseen_from_ns(state) + 1]  # the past wakes nobody
    if state.phase is Phase.ARM_CONFIRM:
        instants.append(state.phase_ns + limits.confirm_life_ns)
    if hold.phase is not HoldPhase.CLOSED and state.screen.on:
        instants.append(hold_gate.view_until_ns(state.screen, hold.action, limits) + 1)
    if hold.source is HoldSource.CONSOLE:
        instants.append(hold_gate.beat_until_ns(hold, limits) + 1)
    if hold.phase is HoldPhase.READY:
        instants.append(hold_gate.ready_until_ns(hold, limits))
    if hold.phase is HoldPhase.OPEN:
        instants.append(hold.since_ns + limits.expose_press_ns)
    if state.line.tip_out_ns:
        instants.append(state.line.tip_out_ns + limits.tip_out_life_ns + 1)
    if state.mounted is not None and not state.profile.temperature_sensor:
        instants.append(state.mounted.entered_ns + limits.temperature_life_ns + 1)
    if state.exposure.ready_ns:
        instants.append(state.exposure.ready_ns + 1)
    return tuple(instants)


def _spans(state: State, now_ns: int) -> tuple[int, ...]:
    """When a ramp climbs, a motor ran long enough, a settle window fills."""
    limits, plan, done = state.profile.limits, state.plan, state.injection
    instants = []
    if plan is not None:
        climb_ns = injection.next_ramp_ns(plan, now_ns)
        if climb_ns is not None:
            instants.append(climb_ns)
        if plan.running_ns:
            instants.append(plan.running_ns + limits.motor_time_ns - done.motor_ns + 1)
    if state.observed_ns:
        instants.append(observe.observation_ends_ns(state))
    if done.reference_ns:
        instants.append(done.reference_ns + limits.settle_window_ns)
    if state.duct is not None and state.duct.cannula_in_ns:
        instants.append(state.duct.cannula_in_ns + limits.dwell_warn_ns + 1)
    return tuple(instants)


def _checks(state: State) -> tuple[int, ...]:
    """When a row of the daily check may be seen at the earliest, and takes too long."""
    row, check = daily_check.row_of(state), state.check
    if row is None or check is None:
        return ()
    within_ns, early_ns = row.within(state.profile), row.not_before(state.profile)
    return (check.since_ns + early_ns, check.since_ns + within_ns + 1)


def _views(state: State, readings: Readings) -> tuple[int, ...]:
    """When a compression, a delay, a release or the end of an exposure takes too long."""
    limits, done = state.profile.limits, state.injection
    instants = []
    if state.exposure.compressed_ns:
        instants.append(state.exposure.compressed_ns + limits.compressed_time_ns + 1)
    if done.ended_ns:
        instants.append(done.ended_ns + limits.exposure_delay_ns + 1)
    if state.exposure.last_ns:
        instants.append(state.exposure.last_ns + limits.next_view_delay_ns + 1)
    if state.release_ns:
        instants.append(state.release_ns + RELEASE_NS + 1)
    if readings.mammograph.unit_state is UnitState.EXPOSING:
        instants.append(state.hold.since_ns + EXPOSURE_END_NS + 1)
    return tuple(instants)
