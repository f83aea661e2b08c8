"""What each request does: one small function per kind, refusals in words.

A request that is not possible changes nothing, is answered with the words that refuse
and goes into the record. Nothing a person says reaches the room but through the state
that these functions change, the workflow's rows and the gate.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from state_machine import (
    beats,
    checking,
    course,
    dispensing,
    effects,
    ledger,
    mounting,
    observe,
    people,
    selftests,
    service,
    sessions,
    sound,
    tip_out,
)
from state_machine import requests as rq
from state_machine.alarms import ALARM_BY_NAME, acknowledge, none_blocks
from state_machine.entries import AlarmChanged
from state_machine.facts import is_performer
from state_machine.readings import Link
from state_machine.state import HoldAction, HoldPhase, Phase, Screen
from state_machine.targets import View
from state_machine.turn import Reply, Turn

replace = msgspec.structs.replace
Words = tuple[str, ...]

_WITH_DATA: Final = {
    rq.Event.OPEN: "open-case",
    rq.Event.LOCATED: "choose-duct",
    rq.Event.CANNULATED: "cannulate",
    rq.Event.CONFIRM_ARM: "confirm-arm",
}


_ARMING: Final = (rq.ConfirmArm, rq.TipOut, rq.Do)

_POWER_MENDS: Final = frozenset({"stop-not-obeyed", "over-volume"})
"""Alarms whose condition cannot go before the pump has power again, or the duct is done;
the gate refuses every motion into an over-full duct all the same."""


def take(turn: Turn, request: rq.AnyRequest) -> None:
    """Take one request and answer it."""
    kind = str(type(request).__struct_config__.tag)
    admitted = people.admit(turn.state, request)
    if not isinstance(request, people.FROM_CONTROLLER):
        turn.set(asked=sessions.counted(turn.state, request))
    if isinstance(admitted, str):
        refusals = turn.refuse(request, admitted)
    else:
        request = admitted
        refusals = _HANDLERS[type(request)](turn, request)
        people.note_use(turn, request)
    turn.replies.append(Reply(request.number, request.by, kind, refusals, _token(turn, request)))


def _token(turn: Turn, request: rq.AnyRequest) -> str:
    """What the page that armed has to know to hold; empty = it may not."""
    holder = turn.state.hold.holder
    asked = getattr(request, "token", "") if isinstance(request, _ARMING) else ""
    return asked if holder is not None and holder.token == asked else ""


def _refuse(turn: Turn, request: rq.AnyRequest, *words: str) -> Words:
    return turn.refuse(request, *words)


def _noted(turn: Turn, request: rq.AnyRequest, topic: str, **facts: object) -> None:
    turn.noted(request, topic, **facts)


def _open_case(turn: Turn, request: rq.OpenCase) -> Words:
    refusals = course.take(turn, rq.Event.OPEN, request)
    if not refusals:
        _noted(
            turn,
            request,
            "case",
            patient_id=request.patient_id,
            patient_name=request.patient_name,
            birth_date=request.birth_date,
            accession=request.accession,
            side=request.side.value,
            ordered_nl=request.ordered_nl,
            performer=request.performer,
            assistant=request.assistant,
            utc_day=request.utc_day,
        )
    return refusals


def _answer(turn: Turn, request: rq.Answer) -> Words:
    case = turn.state.case
    if turn.state.phase is not Phase.CHECKLIST or case is None:
        return _refuse(turn, request, "the checklist is answered in its own phase")
    keys = [item.key for item in turn.state.profile.checklist]
    if request.item not in keys:
        return _refuse(turn, request, f"no checklist item '{request.item}'")
    if request.accepted and not is_performer(turn.state, request):
        return _refuse(turn, request, "only the performing radiologist accepts an answer, by name")
    others = tuple(a for a in case.answers if a[0] != request.item)
    given = (request.item, request.answer, request.accepted)
    turn.set(case=replace(case, answers=(*others, given)))
    _noted(
        turn,
        request,
        "checklist",
        item=request.item,
        answer=request.answer,
        accepted=request.accepted,
    )
    return ()


def _confirm_reclose(turn: Turn, request: rq.ConfirmReclose) -> Words:
    room = turn.readings.room
    refusals = [
        words
        for refused, words in (
            (
                not (request.cannula_out or request.stopcock_closed),
                "say that the cannula is out or the stopcock closed",
            ),
            (not request.by.strip(), "say who you are"),
            (room.link is not Link.UP or not room.owned, "the room box is not ready"),
            (room.emergency_stop, "release the emergency stop first"),
            (room.pressure_switch, "the pressure switch is open: look for a blocked line"),
            (
                not none_blocks(turn.state, but=_POWER_MENDS),
                "acknowledge the alarms first",
            ),
        )
        if refused
    ]
    if refusals:
        return _refuse(turn, request, *refusals)
    turn.set(permit=True, permit_ns=turn.now_ns, reclose_trip_count=room.trip_count)
    _noted(
        turn,
        request,
        "reclose",
        cannula_out=request.cannula_out,
        stopcock_closed=request.stopcock_closed,
        trip_cause=room.trip_cause.name,
        trip_count=room.trip_count,
    )
    return ()


def _zero(turn: Turn, request: rq.Zero) -> Words:
    if turn.state.phase is not Phase.PRIME or turn.state.plan is not None:
        return _refuse(turn, request, "the sensor is zeroed in prime and zero, pump at rest")
    if not observe.proven_stopped(turn.readings.pump):
        return _refuse(turn, request, "the pump is not proven to stand still: wait")
    count = turn.readings.line.zero_count + 1
    line = turn.state.line
    proofs = tuple(proof for proof in line.proofs if proof.name != selftests.ZERO_DRIFT)
    turn.set(line=replace(line, zero_count=count, zeroed=False, proofs=proofs))
    _noted(turn, request, "zero", before_pa=turn.readings.line.pressure_pa)
    return ()


def _choose_duct(turn: Turn, request: rq.ChooseDuct) -> Words:
    if not (1 <= request.clock_h <= 12 and request.orifice > 0):
        return _refuse(turn, request, "clock position 1 to 12 and orifice from 1")
    refusals = course.take(turn, rq.Event.LOCATED, request)
    if not refusals:
        _noted(turn, request, "duct", clock_h=request.clock_h, orifice=request.orifice)
    return refusals


def _cannulate(turn: Turn, request: rq.Cannulate) -> Words:
    refusals = course.take(turn, rq.Event.CANNULATED, request)
    if not refusals:
        _noted(turn, request, "cannula", difficult=request.difficult)
    return refusals


def _confirm_arm(turn: Turn, request: rq.ConfirmArm) -> Words:
    refusals = course.take(turn, rq.Event.CONFIRM_ARM, request)
    if not refusals:
        _noted(turn, request, "plan", plan=request.plan)
    return refusals


def _select_view(turn: Turn, request: rq.SelectView) -> Words:
    if turn.state.phase not in (Phase.COMPRESSION, Phase.EXPOSURE):
        return _refuse(turn, request, "the view is chosen during compression or before arming")
    names = [view.name for view in View if view is not View.NONE]
    if request.view not in names:
        return _refuse(turn, request, f"no view '{request.view}'; known: {', '.join(names)}")
    turn.set(exposure=replace(turn.state.exposure, view=View[request.view]))
    _noted(turn, request, "view", view=request.view)
    return ()


def _reconfirm(turn: Turn, request: rq.Reconfirm) -> Words:
    if not is_performer(turn.state, request):
        return _refuse(turn, request, "only the performing radiologist may confirm this, by name")
    if request.point == "settled" and turn.state.phase is Phase.SETTLE:
        turn.set(settled_word=True)
    elif request.point == "exposure-delay" and turn.state.case is not None:
        turn.set(exposure=replace(turn.state.exposure, reconfirmed=True))
    elif request.point == "observation" and turn.state.phase is Phase.AFTERCARE:
        if not request.reason.strip():
            return _refuse(turn, request, "say why the observation may end before its time")
        turn.set(observed_word=True)
    else:
        where = "'observation' (aftercare)"
        return _refuse(turn, request, f"'settled' (while settling), 'exposure-delay' or {where}")
    _noted(turn, request, "reconfirmed", point=request.point, reason=request.reason)
    return ()


def _release_paddle(turn: Turn, request: rq.ReleasePaddle) -> Words:
    turn.set(release=True)
    _noted(turn, request, "release-paddle")
    if turn.state.hold.action is HoldAction.EXPOSE:
        effects.close_hold(turn, "the compression is released")
    return ()


def _hand_injected(turn: Turn, request: rq.HandInjected) -> Words:
    """Contrast by hand counts to the open duct, or to the breast when the duct is done."""
    book, volume_nl = turn.state.ledger, request.volume_nl
    most_nl = turn.state.profile.limits.side_day_volume_nl
    if turn.state.case is None:
        return _refuse(turn, request, "no procedure is open")
    if not 0 < volume_nl <= most_nl:
        return _refuse(turn, request, f"{volume_nl} nL: enter 1 to {most_nl} nL")
    if book.account is not None:
        turn.set(ledger=replace(book, account=ledger.add_by_hand(book.account, volume_nl)))
    else:
        day = ledger.today(book)
        more = replace(day, low_nl=day.low_nl + volume_nl, high_nl=day.high_nl + volume_nl)
        turn.set(ledger=ledger.put_day(book, more))
        effects.save_day(turn)
    _noted(turn, request, "hand-injected", volume_nl=volume_nl)
    turn.note_ledger()
    turn.note_resume()
    return ()


def _console(turn: Turn, request: rq.Console) -> Words:
    if not request.by.strip():
        return _refuse(turn, request, "say who you are")
    screen = turn.state.screen
    others = screen.on and request.connection != screen.connection and not screen.gone
    if others and not request.take:
        return _refuse(turn, request, "another console controls this room: close it, or take over")
    if screen.on:
        effects.close_hold(turn, "the room's console changed: arm again")
    turn.set(screen=Screen(on=request.on, connection=request.connection))
    _noted(turn, request, "console", on=request.on)
    return ()


def _view_beat(turn: Turn, request: rq.ViewBeat) -> Words:
    """A beat changes nothing but the proof; it is in the record as it came."""
    if turn.state.screen.on and request.connection != turn.state.screen.connection:
        return _refuse(turn, request, "another connection is the console: declare this one first")
    limits = turn.state.profile.limits
    beaten = beats.viewed(turn.state.screen, request, turn.now_ns, limits)
    if isinstance(beaten, str):
        return _refuse(turn, request, beaten)
    _seen(turn, beaten)
    return ()


def _hold(turn: Turn, request: rq.HoldBegin | rq.HoldBeat | rq.HoldEnd) -> Words:
    """A message of the page that holds; what it came to is in the record as it came."""
    beaten = beats.take(turn.state, request, turn.now_ns)
    effects.set_hold(turn, beaten.hold)
    _seen(turn, beaten.screen)
    return _refuse(turn, request, beaten.refused) if beaten.refused else ()


def _seen(turn: Turn, screen: Screen) -> None:
    """Take over what the console has drawn; that somebody saw it outlives the console."""
    turn.set(screen=screen, shown_ns=max(turn.state.shown_ns, screen.drawn_ns))


def _acknowledge(turn: Turn, request: rq.Acknowledge) -> Words:
    on = next((a for a in turn.state.alarms if a.name == request.alarm), None)
    if on is None:
        return _refuse(turn, request, f"no alarm '{request.alarm}' is on")
    row = ALARM_BY_NAME[on.name]
    turn.set(alarms=acknowledge(turn.state.alarms, on.name, request.by))
    turn.note(
        AlarmChanged,
        alarm=on.name,
        priority=row.priority.value,
        change="acknowledged",
        words=row.words,
        by=request.by,
    )
    return ()


def _do(turn: Turn, request: rq.Do) -> Words:
    if request.event in rq.AUTO_EVENTS:
        return _refuse(turn, request, f"'{request.event.value}' is never asked for")
    if request.event in _WITH_DATA:
        return _refuse(turn, request, f"send '{_WITH_DATA[request.event]}' instead")
    if request.event is rq.Event.STOP and turn.state.hold.phase is not HoldPhase.CLOSED:
        effects.close_hold(turn, "stopped by a person")  # in phases without a STOP row too
    if request.event in (rq.Event.STOP, rq.Event.PAIN):
        effects.forbid_retract(turn)
    if request.event is rq.Event.STOP and turn.state.check is not None:
        return checking.give_up(turn, request)
    if request.event is rq.Event.STOP and turn.state.dispensing is not None:
        return dispensing.give_up(turn, request)
    return course.take(turn, request.event, request)


_HANDLERS: Final[dict[type, Callable[[Turn, Any], Words]]] = {
    rq.OpenCase: _open_case,
    rq.Answer: _answer,
    rq.SetUpRoom: mounting.enter,
    rq.ConfirmMount: mounting.confirm,
    rq.EnterTemperature: mounting.enter_temperature,
    rq.ConfirmReclose: _confirm_reclose,
    rq.Zero: _zero,
    rq.TipOut: tip_out.take,
    rq.FirstDrop: tip_out.first_drop,
    rq.ChooseDuct: _choose_duct,
    rq.Cannulate: _cannulate,
    rq.ConfirmArm: _confirm_arm,
    rq.SelectView: _select_view,
    rq.Reconfirm: _reconfirm,
    rq.ReleasePaddle: _release_paddle,
    rq.HandInjected: _hand_injected,
    rq.Acknowledge: _acknowledge,
    rq.AudioPause: sound.take,
    rq.Console: _console,
    rq.ViewBeat: _view_beat,
    rq.HoldBegin: _hold,
    rq.HoldBeat: _hold,
    rq.HoldEnd: _hold,
    rq.BeginCheck: checking.begin,
    rq.SounderHeard: checking.heard,
    rq.EndCheck: checking.give_up,
    rq.BeginDispense: dispensing.begin,
    rq.EndDispense: dispensing.give_up,
    rq.Service: service.take,
    rq.Do: _do,
    rq.Login: people.login,
    rq.Logout: people.logout,
    rq.ClientGone: people.gone,
    rq.ClientRefused: people.turned_away,
}
