"""The way through the workflow: rows that are taken, and those the room takes by itself.

Events that nobody requests are derived here from state and readings, stops first. What a
row does besides moving the phase is in ``effects.py``.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from state_machine import alarms as alarm_table
from state_machine import hold as hold_gate
from state_machine import injection, observe, selftests
from state_machine.effects import EFFECTS, STOPPING, close_hold, stop_of
from state_machine.entries import Exposed, Noted, SelfTest, WallClock
from state_machine.line import Doubt, Proof
from state_machine.readings import Link, UnitState
from state_machine.requests import AnyRequest, Event
from state_machine.state import HoldAction, HoldPhase, Phase
from state_machine.turn import Turn
from state_machine.workflows.galactography import OPEN_PHASES

replace = msgspec.structs.replace


def take(turn: Turn, event: Event, request: AnyRequest | None = None) -> tuple[str, ...]:
    """Try an event; on success apply its effect and record where things stand."""
    before = turn.state
    refusals = turn.move(event, request)
    if refusals:
        return refusals
    effect = EFFECTS.get(event)
    if effect is not None:
        turn.set(stop=stop_of(before, event) if event in STOPPING else turn.state.stop)
        effect(turn, request)
    if turn.state.phase is not before.phase and turn.state.hold.action is HoldAction.PRIME:
        close_hold(turn, "the procedure went on: say again that the tip is out")
    turn.note_ledger()
    turn.note_resume()
    return ()


def conclude(turn: Turn, *proofs: Proof) -> None:
    """Keep and record the results of self-tests; a failed one leaves its doubt.

    The doubt stays, over closing and restarts, until a set-up has passed them all: what
    else is mounted meanwhile needs a second person (safety rules 4.4).
    """
    for proof in proofs:
        _note_test(turn, proof)
        turn.set(line=selftests.with_proof(turn.state.line, proof))
        mounted = turn.state.mounted
        if not proof.passed and mounted is not None:
            names = (mounted.syringe.name, mounted.cannula.name, mounted.contrast.name)
            turn.set(doubt=Doubt(proof.name, *names))
            turn.note_resume()


def watch_zero(turn: Turn) -> None:
    """The rest of the line in prime, tip open to the air: has its zero moved?

    A zero that has moved says nothing of what is mounted: it leaves no doubt behind, and is
    recorded when it is first told and when that changes. Once something was primed it is
    told only after the open-tip test, which shows that the stopcock is open.
    """
    state, readings = turn.state, turn.readings
    line, pressure_pa = state.line, readings.line.pressure_pa
    resting = state.plan is None and not line.stopcock_ns and observe.proven_stopped(readings.pump)
    if state.phase is not Phase.PRIME or not line.zeroed or not resting or pressure_pa is None:
        if line.still_ns:
            turn.set(line=selftests.restless(line))
        return
    if readings.line.at_ns == state.readings.line.at_ns:
        return
    turn.set(line=selftests.at_rest(line, pressure_pa, turn.now_ns))
    found = selftests.zero_drift(turn.state, turn.now_ns)
    if found is None:
        return
    # the rest goes on: the next mean begins here
    rested = replace(turn.state.line, still_pa=0, still_count=0)
    rested = replace(rested, still_ns=turn.now_ns - selftests.SETTLE_NS)
    turn.set(line=rested)
    if not found.passed and line.prime_nl and not line.resistance_pa_s_ul:
        return  # who shuts the stopcock and does not say so yet shuts in what the prime left
    before = selftests.proof(state, found.name)
    if before is None or before.passed is not found.passed:
        _note_test(turn, found)
    turn.set(line=selftests.with_proof(rested, found))


def _note_test(turn: Turn, proof: Proof) -> None:
    turn.note(
        SelfTest,
        name=proof.name,
        passed=proof.passed,
        measured=proof.measured,
        low=proof.low,
        high=proof.high,
        unit=proof.unit,
    )


def note_tip_refused(turn: Turn) -> None:
    """A pressure that no open tip of this cannula has is a failed band, whatever was running."""
    plan = turn.state.plan
    if turn.state.phase is Phase.PRIME and plan is not None and plan.running_ns:
        conclude(turn, selftests.tip_refused(turn.state, turn.readings, turn.now_ns))


def note_open_tip(turn: Turn, resistance_pa_s_ul: int) -> None:
    """Record what the open-tip test stands on."""
    nominal = observe.nominal_resistance_pa_s_ul(turn.state, turn.readings, turn.now_ns)
    line = turn.state.line
    facts = {
        "resistance_pa_s_ul": resistance_pa_s_ul,
        "nominal_pa_s_ul": nominal,
        "temperature_mc": observe.temperature_mc(turn.state, turn.readings, turn.now_ns),
        "samples": line.sample_count,
        "primed_nl": line.prime_nl,
    }
    turn.note(Noted, topic="open-tip", facts=tuple((k, str(v)) for k, v in facts.items()))


# --- what the room takes by itself --------------------------------------------------------


def stops(turn: Turn, before: tuple[alarm_table.AlarmRow, ...]) -> None:
    """Stops that the room asks for: pain button, and alarms that stop a procedure."""
    state, room = turn.state, turn.readings.room
    if state.phase not in OPEN_PHASES:
        return
    pain = room.pain_pressed and not state.readings.room.pain_pressed
    if pain and not turn.workflow.refusals(state.phase, Event.PAIN, turn.facts()):
        take(turn, Event.PAIN)
    if turn.state.phase is Phase.EXPOSURE_ARMED and turn.state.exposure.pump_locked:
        before = tuple(row for row in before if row.name not in alarm_table.SPARE_EXPOSURE)
    if before and Event.FAULT in turn.workflow.events(turn.state.phase):
        take(turn, Event.FAULT)


def note_clock(turn: Turn) -> None:
    """Record that the wall clock was set, or that a time service keeps it or does so no more."""
    before, now = turn.state.readings.host, turn.readings.host
    stepped = now.clock_step_count != before.clock_step_count
    if stepped or now.clock_sync is not before.clock_sync:
        turn.note(
            WallClock,
            sync=now.clock_sync,
            step_ms=now.clock_step_ms if stepped else 0,
            step_count=now.clock_step_count,
        )


def note_exposure(turn: Turn) -> None:
    """Record whatever the unit counts while a procedure is open, asked for or not."""
    state, unit = turn.state, turn.readings.mammograph
    exposure = state.exposure
    if state.case is None or unit.link is not Link.UP or unit.exposure_count == exposure.seen_count:
        return
    counted = 0 <= exposure.seen_count < unit.exposure_count
    exposure = replace(exposure, seen_count=unit.exposure_count)
    if counted:
        turn.note(
            Exposed,
            view=exposure.view.name,
            exposure_count=unit.exposure_count,
            tube_voltage_v=unit.tube_voltage_v,
            tube_charge_uas=unit.tube_charge_uas,
            exposure_ms=unit.exposure_ms,
            prepulse_uas=unit.prepulse_uas,
            aec=unit.aec,
            force_mn=unit.force_mn,
            thickness_um=unit.thickness_um,
        )
        made = exposure.made_count + 1
        exposure = replace(exposure, made_count=made, last_ns=turn.now_ns, reconfirmed=False)
    turn.set(exposure=exposure)


def _emergency_pressed(turn: Turn) -> bool:
    """The emergency stop has just been pressed: by it, or before, the procedure is stopped."""
    pressed, before = turn.readings.room.emergency_stop, turn.state.readings.room.emergency_stop
    return turn.state.phase is Phase.STOPPED and pressed and not before


def by_itself(turn: Turn) -> None:
    """Rows of injection and exposure that follow from hold, pump, unit and time.

    A breast compressed too long is let go in every phase, stopped and recovery included; at
    an emergency stop too, whichever device is heard first.
    """
    if _over_compressed(turn) or _emergency_pressed(turn):
        turn.set(release=True)
    event = _EVENTS.get(turn.state.phase, _nothing)(turn)
    if event is not None:
        take(turn, event)


def _nothing(_turn: Turn) -> Event | None:
    return None


def _in_confirm(turn: Turn) -> Event | None:
    life_ns = turn.state.profile.limits.confirm_life_ns
    return Event.EXPIRED if turn.now_ns - turn.state.phase_ns >= life_ns else None


def _at_planned_end(turn: Turn) -> bool:
    """Nothing is left that the pump could be told, and it is proven to stand still."""
    state, readings = turn.state, turn.readings
    left_nl = injection.remaining_nl(state, readings)
    return (
        state.plan is None
        and observe.proven_stopped(readings.pump)
        and left_nl < state.profile.limits.motion_least_nl
    )


def _in_armed(turn: Turn) -> Event | None:
    hold = turn.state.hold
    if hold.phase is HoldPhase.CLOSED:
        return Event.LOST
    return Event.FLOW if hold_gate.is_open(hold, HoldAction.INJECT) else None


def _in_injecting(turn: Turn) -> Event | None:
    hold = turn.state.hold
    if _at_planned_end(turn):
        return Event.REACHED
    if hold.phase is HoldPhase.CLOSED:
        return Event.LOST
    return None if hold_gate.is_open(hold, HoldAction.INJECT) else Event.PAUSED


def _in_holding(turn: Turn) -> Event | None:
    return Event.REACHED if _at_planned_end(turn) else _in_armed(turn)


def _over_compressed(turn: Turn) -> bool:
    state, unit = turn.state, turn.readings.mammograph
    since_ns = state.exposure.compressed_ns
    return (
        bool(since_ns)
        and state.case is not None
        and turn.now_ns - since_ns > state.profile.limits.compressed_time_ns
        and unit.unit_state is not UnitState.EXPOSING
    )


def _in_exposure(turn: Turn) -> Event | None:
    return Event.EXPIRED if _over_compressed(turn) else None


def _in_exposure_armed(turn: Turn) -> Event | None:
    unit = turn.readings.mammograph
    if unit.exposure_count > turn.state.exposure.count and unit.unit_state is not (
        UnitState.EXPOSING
    ):
        return Event.EXPOSED
    if _over_compressed(turn) or _emergency_pressed(turn):
        return Event.EXPIRED
    if turn.state.hold.phase is HoldPhase.CLOSED and unit.unit_state is not UnitState.EXPOSING:
        return Event.LOST
    return None


_EVENTS: Final[dict[Phase, Callable[[Turn], Event | None]]] = {
    Phase.ARM_CONFIRM: _in_confirm,
    Phase.ARMED: _in_armed,
    Phase.INJECTING: _in_injecting,
    Phase.HOLDING: _in_holding,
    Phase.EXPOSURE: _in_exposure,
    Phase.EXPOSURE_ARMED: _in_exposure_armed,
}
