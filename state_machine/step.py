"""The step: readings and requests in, targets and entries out. One screen.

The order is the safety argument: what was measured is taken first, then what stops,
then what people ask, then what the room does by itself; the workflow proposes, the gate
refuses, and what the gate refused closes the hold before anything leaves.
"""

import msgspec

from state_machine import (
    alarm_values,
    alarms,
    checking,
    course,
    detectors,
    dispensing,
    effects,
    gate,
    intake,
    motions,
    net,
    observe,
    people,
    proposal,
    sound,
    timing,
)
from state_machine import hold as hold_gate
from state_machine.entries import AlarmChanged, AnyEntry, GateClosed, Inputs, Told
from state_machine.facts import read_back
from state_machine.gate import Output, Refusal, WayBack
from state_machine.readings import MammographReading, Paddle, Readings, TripCause, UnitState
from state_machine.requests import AnyRequest
from state_machine.state import Alarm, HoldPhase, State
from state_machine.targets import Compression, Targets, kept
from state_machine.turn import Reply, Turn

replace = msgspec.structs.replace

_DROP_PERMIT = frozenset(
    {"uncommanded-motion", "stop-not-obeyed", "motor-pin", "box-tripped", "pressure-switch"}
)
"""Alarms after which a person must confirm before the pump is powered again."""


class Outcome(msgspec.Struct, frozen=True):
    """What one pass decided."""

    state: State
    targets: Targets
    alarms: tuple[Alarm, ...]
    entries: tuple[AnyEntry, ...]
    replies: tuple[Reply, ...]
    wake_at_ns: int
    """Next instant at which the step would decide differently without new input."""


def step(
    state: State, readings: Readings, requests: tuple[AnyRequest, ...], now_ns: int
) -> Outcome:
    """Decide what the room should be doing.

    Args:
        state: state that the last step returned.
        readings: everything measured; each with the time its question was sent.
        requests: what people asked since the last pass, in order.
        now_ns: boot time of this pass.
    """
    turn = Turn(state, readings, now_ns)
    _note_inputs(turn, requests)
    _watch(turn)
    _watch_pressure(turn)
    course.note_clock(turn)
    course.note_exposure(turn)
    course.watch_zero(turn)
    motions.count(turn)
    motions.prove(turn)
    motions.follow(turn)
    raised = _raise_alarms(turn)
    course.stops(turn, raised)
    checking.stops(turn, raised)
    dispensing.stops(turn, raised)
    people.lock_idle(turn)
    sound.watch(turn)
    for request in requests:
        intake.take(turn, request)
    course.by_itself(turn)
    checking.advance(turn)
    motions.plan_next(turn)
    wanted = proposal.propose(turn.state, readings, now_ns)
    targets, refusals = gate.judge(turn.state, readings, wanted, turn.late, now_ns)
    targets = kept(turn.state.targets, targets)
    _close_after(turn, refusals)
    _remember(turn, targets)
    return Outcome(
        state=turn.state,
        targets=targets,
        alarms=turn.state.alarms,
        entries=tuple(turn.entries),
        replies=tuple(turn.replies),
        wake_at_ns=_wake_at_ns(turn, state),
    )


def _wake_at_ns(turn: Turn, before: State) -> int:
    """At once where this pass changed what the next one decides from, else the next instant."""
    after = turn.state
    moved = (
        after.phase is not before.phase
        or after.hold.phase is not before.hold.phase
        or (after.plan is None) is not (before.plan is None)
        or after.permit is not before.permit
        or after.check is not before.check
        or after.dispensing is not before.dispensing
        or after.targets != before.targets
    )
    return turn.now_ns + 1 if moved else timing.wake_at_ns(after, turn.readings, turn.now_ns)


def _note_inputs(turn: Turn, requests: tuple[AnyRequest, ...]) -> None:
    """Record what goes into this step: the readings that changed, and the requests."""
    before, now = turn.state.readings, turn.readings
    changed = {
        name: getattr(now, name)
        for name in Readings.__struct_fields__
        if getattr(now, name) != getattr(before, name)
    }
    turn.note(Inputs, requests=requests, **changed)


def _watch(turn: Turn) -> None:
    """Take the hold switch, the paddle, the sensor's zero and the settling into the state."""
    state, readings, now_ns = turn.state, turn.readings, turn.now_ns
    room, unit = readings.room, readings.mammograph
    switch = hold_gate.Wired(
        pressed=room.hold_pressed,
        disagrees=room.hold_disagrees,
        fresh=observe.room_fresh(state, readings, now_ns),
        seen=hold_gate.is_seen(state, state.hold.action, now_ns),
    )
    hold = hold_gate.advance(state.hold, switch, turn.late, state.profile.limits, now_ns)
    holder = hold.holder
    if holder is not None and holder.plan and read_back(state) != holder.plan:
        hold = hold_gate.close(hold, "what was armed has changed: arm again", now_ns)
    effects.set_hold(turn, hold)
    squeezed = unit.paddle is Paddle.HOLDING
    exposure = state.exposure
    if squeezed != bool(exposure.compressed_ns):
        exposure = replace(exposure, compressed_ns=now_ns if squeezed else 0)
    if not exposure.ready_ns and unit.unit_state is UnitState.READY and exposure.pump_locked:
        exposure = replace(exposure, ready_ns=now_ns)
    line = state.line
    if line.zero_count and not line.zeroed and readings.line.zero_count == line.zero_count:
        line = replace(line, zeroed=True, zeroed_ns=now_ns)
    pressure_pa = readings.line.pressure_pa
    if pressure_pa is not None and readings.line.at_ns != state.readings.line.at_ns:
        rest_sum_pa = line.rest_sum_pa + pressure_pa - line.rest_sum_pa // observe.REST_SAMPLES
        line = replace(line, rest_sum_pa=rest_sum_pa)
    # a trip that is gone needs no word any more; a box that restarts counts from one again
    tripped = room.trip_cause is not TripCause.NONE
    reclosing = tripped and room.trip_count == state.reclose_trip_count
    release = state.release and not _seen_released(state, unit)
    reclose_trip_count = state.reclose_trip_count if reclosing else 0
    if (
        exposure is not state.exposure
        or line is not state.line
        or release is not state.release
        or reclose_trip_count != state.reclose_trip_count
    ):
        turn.set(
            exposure=exposure, line=line, release=release, reclose_trip_count=reclose_trip_count
        )


def _watch_pressure(turn: Turn) -> None:
    """Estimate net pressure from the newest reading; what its course says."""
    readings, now_ns = turn.readings, turn.now_ns
    state = turn.state
    made = net.take(state, readings)
    if made is not state.net:
        turn.set(net=made)
        state = turn.state
    before = state.watch.relaxation
    seen = detectors.look(state, readings, now_ns)
    settling = timing.settling(state, readings, now_ns)
    if seen is not state.watch or settling is not state.injection:
        turn.set(watch=seen, injection=settling)
    after = seen.relaxation
    if after.done_ns and not before.done_ns:
        motions.note_relaxed(turn, after)


def _seen_released(state: State, unit: MammographReading) -> bool:
    """The paddle is up in an answer to a question asked after it was told to release."""
    return unit.paddle is Paddle.RELEASED and 0 < state.release_ns < unit.at_ns


def _raise_alarms(turn: Turn) -> tuple[alarms.AlarmRow, ...]:
    """Bring the alarms up to date; returns those newly raised that stop a procedure."""
    before = turn.state.alarms
    after = alarms.update(before, turn.state, turn.readings, turn.now_ns)
    if after == before:
        return ()
    after = alarm_values.noted(after, before, turn.state, turn.readings, turn.now_ns)
    known = {(a.name, a.since_ns): a for a in before}
    still = {(a.name, a.since_ns): a for a in after}
    for key, alarm in still.items():
        old = known.get(key)
        if old is None:
            _note_alarm(turn, alarm.name, "raised")
        elif old.present and not alarm.present:
            _note_alarm(turn, alarm.name, "gone, latched")
    for name, _since_ns in known.keys() - still.keys():
        if not any(a.name == name for a in after):
            _note_alarm(turn, name, "cleared")
    turn.set(alarms=after)
    stopping = alarms.newly_stopping(before, after)
    if any(row.name in _DROP_PERMIT for row in stopping):
        turn.set(permit=False, reclose_trip_count=0)
    return stopping


def _note_alarm(turn: Turn, name: str, change: str) -> None:
    row = alarms.ALARM_BY_NAME[name]
    turn.note(AlarmChanged, alarm=name, priority=row.priority.value, change=change, words=row.words)


def _close_after(turn: Turn, refusals: tuple[Refusal, ...]) -> None:
    """Record what the gate refused, once, and take away the permission it stood on."""
    refused = tuple(f"{r.output.value}: {r.cause.name}" for r in refusals)
    for refusal, key in zip(refusals, refused, strict=True):
        if key not in turn.state.refused:
            turn.note(
                GateClosed,
                output=refusal.output.value,
                cause=refusal.cause.name,
                words=refusal.cause.words,
                way_back=refusal.cause.way_back.value,
            )
    if refused != turn.state.refused:
        turn.set(refused=refused)
    for refusal in refusals:
        if refusal.cause.name == "tip-pressure":
            course.note_tip_refused(turn)
        if refusal.output is Output.PERMIT:
            turn.set(permit=False, reclose_trip_count=0)
        elif refusal.cause.way_back is not WayBack.RELEASED and _held_output(turn, refusal):
            effects.close_hold(turn, f"{refusal.cause.words}: {refusal.cause.way_back.value}")


def _held_output(turn: Turn, refusal: Refusal) -> bool:
    """The refused output is one that the hold gate stands for."""
    outputs = (Output.PREPARE, Output.RUN, Output.PREP, Output.EXPOSE)
    return refusal.output in outputs and turn.state.hold.phase is not HoldPhase.CLOSED


def _remember(turn: Turn, targets: Targets) -> None:
    """Keep and record what the room is told, and mark a motion that has been asked to run."""
    before = turn.state.targets
    if targets is not before:
        names = Targets.__struct_fields__
        changed = {n: new for n in names if (new := getattr(targets, n)) != getattr(before, n)}
        turn.note(Told, **changed)
    plan = turn.state.plan
    if plan is not None and targets.pump.run and not plan.asked_ns:
        turn.set(plan=replace(plan, asked_ns=turn.now_ns))
    releasing = targets.mammograph.compression is Compression.RELEASE
    turn.set(
        targets=targets,
        readings=turn.readings,
        release_ns=(turn.state.release_ns or turn.now_ns) if releasing else 0,
    )
