"""What taking a row of the workflow does besides moving the phase.

``EFFECTS`` has one small function per event that changes more than the phase. They only
change the state and record; whether a row may be taken is the table's business.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from state_machine import injection, ledger, observe, timing
from state_machine.entries import Noted, SideDaySaved
from state_machine.facts import canonical_patient
from state_machine.falls import Tear
from state_machine.held import arm_hold as arm_hold
from state_machine.held import close_hold as close_hold
from state_machine.held import set_hold as set_hold
from state_machine.ledger import Ledger, SideDay
from state_machine.line import LineCheck
from state_machine.requests import (
    AnyRequest,
    Cannulate,
    ChooseDuct,
    ConfirmArm,
    Do,
    Event,
    OpenCase,
)
from state_machine.state import (
    Case,
    Duct,
    Exposure,
    HoldAction,
    Injection,
    Phase,
    Purpose,
    State,
    Stop,
)
from state_machine.targets import View
from state_machine.turn import Turn
from state_machine.watch import Watch, forgotten
from state_machine.workflows.galactography import ANCHOR

replace = msgspec.structs.replace

_KEEP_DAYS = 30
"""Days for which volumes of a breast are kept at hand; locks are kept until they end."""


def forbid_retract(turn: Turn) -> None:
    """A person said stop: the retract under way is over, and none begins any more."""
    plan, done = turn.state.plan, turn.state.injection
    if plan is not None and plan.purpose is Purpose.RETRACT:
        turn.set(plan=replace(plan, released=True))
    if done.number:
        turn.set(injection=replace(done, retracted_ns=done.retracted_ns or turn.now_ns))


def _case_of(request: OpenCase) -> Case:
    """The case that a request opens."""
    return Case(
        patient_id=canonical_patient(request),
        side=request.side,
        ordered_nl=request.ordered_nl,
        utc_day=request.utc_day,
        patient_name=request.patient_name,
        birth_date=request.birth_date,
        accession=request.accession,
        performer=request.performer,
        assistant=request.assistant,
    )


def _open(turn: Turn, request: AnyRequest | None) -> None:
    if not isinstance(request, OpenCase):
        return
    case = _case_of(request)
    days = tuple(
        day
        for day in turn.state.ledger.days
        if day.utc_day > case.utc_day - _KEEP_DAYS or day.locked_until_day > case.utc_day
    )
    turn.set(
        case=case,
        ledger=Ledger(patient_id=case.patient_id, side=case.side, utc_day=case.utc_day, days=days),
        mounted=None,
        line=LineCheck(),
        watch=Watch(),
        duct=None,
        duct_count=0,
        injection=Injection(),
        exposure=Exposure(),
        stop=Stop(),
        settled_word=False,
        release=False,
    )


def _mount_anew(turn: Turn, _request: AnyRequest | None) -> None:
    """Back to set-up: nothing of the line is known any more, but what was primed counts."""
    close_hold(turn, "what is mounted is entered anew")
    line = turn.state.line
    spent_nl = line.prime_before_nl + line.prime_nl
    turn.set(mounted=None, line=LineCheck(prime_before_nl=spent_nl))


def _syringe_changed(turn: Turn, _request: AnyRequest | None) -> None:
    """Cannula out, back to set-up: nothing of the line is known any more; volumes go on.

    The duct's account waits: the pump's counters are cleared with the new syringe, and what
    it primes does not go into the patient.
    """
    _cannula_out(turn)
    _mount_anew(turn, None)
    turn.set(
        ledger=ledger.set_aside(turn.state.ledger),
        injection=Injection(),
        exposure=Exposure(),
        settled_word=False,
    )


def _primed(turn: Turn, request: AnyRequest | None) -> None:
    """The first duct; after a change of syringe the one under way, with what it has had."""
    turn.set(doubt=None)  # every self-test was passed
    book, pump = turn.state.ledger, turn.readings.pump
    if book.account is None:
        _next_duct(turn, request)
    else:
        counters = pump.infused_nl, pump.power_up_count, pump.withdrawn_nl
        turn.set(ledger=ledger.take_up(book, *counters))


def _next_duct(turn: Turn, _request: AnyRequest | None) -> None:
    """Close the account of the duct before and open one at the counter as it stands."""
    state, pump = turn.state, turn.readings.pump
    book = ledger.close_duct(state.ledger)
    number = state.duct_count + 1
    turn.set(
        ledger=ledger.open_duct(book, pump.infused_nl, pump.power_up_count, pump.withdrawn_nl),
        duct=Duct(number=number, clock_h=0, orifice=0),
        duct_count=number,
        injection=Injection(),
        exposure=Exposure(),
        settled_word=False,
    )
    save_day(turn)


def _attempt_failed(turn: Turn, _request: AnyRequest | None) -> None:
    duct = turn.state.duct
    if duct is not None:
        turn.set(duct=replace(duct, attempt_count=duct.attempt_count + 1, cannula_in_ns=0))


def _located(turn: Turn, request: AnyRequest | None) -> None:
    duct = turn.state.duct
    if duct is not None and isinstance(request, ChooseDuct):
        turn.set(duct=replace(duct, clock_h=request.clock_h, orifice=request.orifice))


def _cannulated(turn: Turn, request: AnyRequest | None) -> None:
    duct = turn.state.duct
    if duct is None or not isinstance(request, Cannulate):
        return
    difficult = duct.difficult or request.difficult
    turn.set(
        duct=replace(duct, cannula_in_ns=turn.now_ns, difficult=difficult),
        injection=Injection(),
        watch=Watch(),
    )


def _armed(turn: Turn, request: AnyRequest | None) -> None:
    """Start the injection (or go on with the one under way) and make the switch ready."""
    state = turn.state
    if not state.injection.number and state.duct is not None:
        day = ledger.today(state.ledger)
        begun = replace(day, injection_count=day.injection_count + 1)
        turn.set(
            injection=injection.start(state, turn.readings),
            duct=replace(state.duct, injection_count=state.duct.injection_count + 1),
            ledger=ledger.put_day(state.ledger, begun),
        )
        save_day(turn)
    turn.set(watch=forgotten(state.watch))
    token = request.token if isinstance(request, ConfirmArm) else ""
    arm_hold(turn, HoldAction.INJECT, request, token)


def _disarmed(turn: Turn, _request: AnyRequest | None) -> None:
    close_hold(turn, "disarmed")


def _finished(turn: Turn, _request: AnyRequest | None) -> None:
    """The injection is over; the pressure is watched while it settles."""
    close_hold(turn, "the injection is finished")
    done = turn.state.injection
    ended_ns = done.ended_ns or turn.now_ns
    turn.set(injection=replace(done, ended_ns=ended_ns, reference_pa=0, reference_ns=0))
    turn.set(
        injection=timing.settling(turn.state, turn.readings, turn.now_ns),
        settled_word=False,
        exposure=Exposure(),
    )


def _again(turn: Turn, _request: AnyRequest | None) -> None:
    """Top-up or refill: a new injection into the same duct; its volumes carry over."""
    turn.set(injection=Injection(), watch=Watch(), settled_word=False)
    if turn.state.duct is not None:
        turn.set(duct=replace(turn.state.duct, evacuated=False))


def _refilled(turn: Turn, request: AnyRequest | None) -> None:
    """Emptied, to be filled again: what was evacuated stays counted, for the duct and the day."""
    _again(turn, request)
    duct = turn.state.duct
    if duct is not None:
        turn.set(duct=replace(duct, evacuated=True))


def _sealed(turn: Turn, _request: AnyRequest | None) -> None:
    _cannula_out(turn)


def _cannula_out(turn: Turn) -> None:
    duct = turn.state.duct
    if duct is not None:
        turn.set(duct=replace(duct, cannula_in_ns=0))


def _exposure_armed(turn: Turn, request: AnyRequest | None) -> None:
    """The pump is proven to stand still here, once, before prep: it is locked from now on."""
    count = turn.readings.mammograph.exposure_count
    locked = replace(turn.state.exposure, count=count, pump_locked=True, ready_ns=0)
    turn.set(exposure=locked)
    arm_hold(turn, HoldAction.EXPOSE, request, request.token if isinstance(request, Do) else "")


def _exposed(turn: Turn, _request: AnyRequest | None) -> None:
    close_hold(turn, "the exposure is counted")
    unit, exposure = turn.readings.mammograph, turn.state.exposure
    turn.set(
        exposure=replace(exposure, view=View.NONE, count=unit.exposure_count, pump_locked=False)
    )


def _expired(turn: Turn, _request: AnyRequest | None) -> None:
    close_hold(turn, "expired")


def _decannulated(turn: Turn, _request: AnyRequest | None) -> None:
    """A pump that is not known to stand still loses its power: nobody counts it any more."""
    if not observe.proven_stopped(turn.readings.pump):
        turn.set(permit=False, reclose_trip_count=0)
    _cannula_out(turn)
    turn.set(observed_ns=turn.now_ns, observed_word=False)
    turn.set(ledger=ledger.close_duct(turn.state.ledger), unproven=None)
    save_day(turn)


def _extravasation(turn: Turn, _request: AnyRequest | None) -> None:
    """Stop, and lock this breast with a date."""
    close_hold(turn, "suspected extravasation")
    state = turn.state
    if state.case is None:
        return
    until = state.case.utc_day + state.profile.limits.lock_days_count
    day = ledger.today(state.ledger)
    locked = replace(day, locked_until_day=max(day.locked_until_day, until))
    turn.set(ledger=ledger.put_day(state.ledger, locked))
    save_day(turn)


def _stopped(turn: Turn, _request: AnyRequest | None) -> None:
    if turn.state.stop.event != Event.FAULT.value:
        forbid_retract(turn)
    close_hold(turn, turn.state.stop.words)


def _let_go(turn: Turn, _request: AnyRequest | None) -> None:
    """Stop and release the compression (facts A5: vasovagal, reaction, pain)."""
    forbid_retract(turn)
    close_hold(turn, turn.state.stop.words or "stopped")
    turn.set(release=True)
    if turn.state.phase is Phase.CLOSED:  # while the syringe was changed: nothing comes after
        _book(turn)


def _book(turn: Turn) -> None:
    """Add the open duct to its breast and day."""
    if turn.state.ledger.account is not None:
        turn.set(ledger=ledger.close_duct(turn.state.ledger))
        save_day(turn)


def _resumed(turn: Turn, _request: AnyRequest | None) -> None:
    """The radiologist has decided that the fall of pressure was no tear."""
    turn.set(watch=replace(turn.state.watch, tear=Tear()))


def _closed(turn: Turn, _request: AnyRequest | None) -> None:
    turn.set(
        case=None,
        mounted=None,
        line=LineCheck(),
        watch=Watch(),
        duct=None,
        plan=None,  # of a pump that was lost: it must not end in the next procedure
        injection=Injection(),
        exposure=Exposure(),
        observed_ns=0,
        observed_word=False,
        stop=Stop(),
        ledger=Ledger(days=turn.state.ledger.days),
    )


def _recovered(turn: Turn, _request: AnyRequest | None) -> None:
    """Record what the unit shows after a restart; the paddle is let go."""
    unit = turn.readings.mammograph
    facts = {
        "exposure_count_before": turn.state.exposure.count,
        "exposure_count_now": unit.exposure_count,
        "paddle": unit.paddle.name,
        "force_mn": unit.force_mn,
    }
    turn.note(Noted, topic="recovery", facts=tuple((k, str(v)) for k, v in facts.items()))
    turn.set(release=True)


def save_day(turn: Turn) -> None:
    """Record the breast and day that is open."""
    day: SideDay = ledger.today(turn.state.ledger)
    turn.note(
        SideDaySaved,
        patient_id=day.patient_id,
        side=day.side.value,
        utc_day=day.utc_day,
        low_nl=day.low_nl,
        high_nl=day.high_nl,
        injection_count=day.injection_count,
        locked_until_day=day.locked_until_day,
    )


STOPPING: Final = {
    Event.STOP: "stopped by a person",
    Event.PAIN: "the patient feels pain",
    Event.FAULT: "a device fault: see the alarms",
    Event.EMERGENCY: "medical emergency",
    Event.ABORT: "aborted",
}


def stop_of(before: State, event: Event) -> Stop:
    """Why a procedure stopped, and where it may go on: where it already stood still, if it did."""
    phase = before.stop.anchor if before.phase is Phase.STOPPED else before.phase
    return Stop(event.value, STOPPING[event], ANCHOR.get(phase, phase))


EFFECTS: Final[dict[Event, Callable[[Turn, AnyRequest | None], None]]] = {
    Event.OPEN: _open,
    Event.MOUNT_ANEW: _mount_anew,
    Event.PRIMED: _primed,
    Event.CHANGE_SYRINGE: _syringe_changed,
    Event.LOCATED: _located,
    Event.CANNULATED: _cannulated,
    Event.ATTEMPT_FAILED: _attempt_failed,
    Event.NOT_DILATING: _next_duct,
    Event.CONFIRM_ARM: _armed,
    Event.DISARM: _disarmed,
    Event.LOST: _disarmed,
    Event.EXPIRED: _expired,
    Event.REACHED: _finished,
    Event.FINISH: _finished,
    Event.TOP_UP: _again,
    Event.REFILL: _refilled,
    Event.SEALED: _sealed,
    Event.ARM_EXPOSURE: _exposure_armed,
    Event.EXPOSED: _exposed,
    Event.NEXT_DUCT: _next_duct,
    Event.DECANNULATED: _decannulated,
    Event.RECOVERED: _recovered,
    Event.EXTRAVASATION: _extravasation,
    Event.STOP: _stopped,
    Event.FAULT: _stopped,
    Event.PAIN: _let_go,
    Event.EMERGENCY: _let_go,
    Event.ABORT: _let_go,
    Event.RESUME: _resumed,
    Event.CLOSE: _closed,
}
