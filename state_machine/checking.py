"""The daily check, pass by pass: begun by a person, walked row by row, ended by the first failure.

Rows are in ``daily_check.py``. Everything that is told to the room goes through the proposal
and the gate like anything else.
"""

from typing import Final

import msgspec

from state_machine import daily_check, effects
from state_machine import requests as rq
from state_machine.alarms import AlarmRow, none_blocks
from state_machine.daily_check import ROWS, Look, Row, Told
from state_machine.entries import DailyCheck
from state_machine.readings import Link, PumpAlarm
from state_machine.state import Check, Checked, Phase
from state_machine.turn import Turn

replace = msgspec.structs.replace
Words = tuple[str, ...]

WHOLE: Final = "whole"
"""Step that the entry on the whole check names."""


def begin(turn: Turn, request: rq.BeginCheck) -> Words:
    """Begin, or say why not."""
    state, readings = turn.state, turn.readings
    syringe = next((s for s in state.profile.syringes if s.name == request.syringe), None)
    known = ", ".join(s.name for s in state.profile.syringes)
    refusals = tuple(
        words
        for refused, words in (
            (state.phase is not Phase.STANDBY, "the daily check is done in standby: close first"),
            (state.check is not None, "a daily check is under way: go on with it, or end it"),
            (state.dispensing is not None, "somebody dispenses into a vessel: end that first"),
            (not request.by.strip(), "say who you are"),
            (not request.tip_out, "take the tip out, over a cup, and say so"),
            (not request.room_empty, "nobody may be in the room as a patient: say so"),
            (syringe is None, f"syringe '{request.syringe}' is not in the profile; known: {known}"),
            (readings.room.link is not Link.UP or not readings.room.owned, "the box is not ready"),
            (readings.line.link is not Link.UP, "the line pressure sensor is not ready"),
            (bool(readings.journal.fault), "the record cannot be written: see the journal fault"),
            (state.plan is not None, "a motion is under way: wait"),
            (not none_blocks(state), "acknowledge the alarms first"),
        )
        if refused
    )
    if refusals or syringe is None:
        return turn.refuse(request, *refusals)
    turn.set(
        check=_at_row(turn, Check(0, 0, request.by, syringe.diameter_um), 0),
        checked=Checked(),
    )
    turn.noted(request, "daily-check", syringe=request.syringe)
    turn.note_resume()  # an earlier check holds no longer, also after a restart
    return ()


def heard(turn: Turn, request: rq.SounderHeard) -> Words:
    """A person's word on the sounder."""
    check, row = turn.state.check, daily_check.row_of(turn.state)
    if check is None or row is None or row.told is not Told.SOUND:
        return turn.refuse(request, "the sounder of the daily check is not waited for")
    turn.set(check=replace(check, heard=request.heard))
    return ()


def give_up(turn: Turn, request: rq.AnyRequest) -> Words:
    """A person ends the check; it is not passed."""
    if turn.state.check is None:
        return turn.refuse(request, "no daily check is under way")
    _fail(turn, f"ended by {request.by.strip() or 'a person'}")
    return ()


def stops(turn: Turn, raised: tuple[AlarmRow, ...]) -> None:
    """An alarm that would stop a procedure ends the check, unless the step is there to raise it."""
    row = daily_check.row_of(turn.state)
    if row is None:
        return
    expected = daily_check.EXPECTED.get(row.step, frozenset())
    others = [alarm.words for alarm in raised if alarm.name not in expected]
    if others:
        _fail(turn, f"interrupted: {others[0]}")


def advance(turn: Turn) -> None:
    """Look whether the row is seen, in time; go on to the next, or end."""
    check, row = turn.state.check, daily_check.row_of(turn.state)
    if check is None or row is None:
        return
    if turn.readings.pump.alarm is PumpAlarm.TIMEOUT and not check.timeout_seen:
        check = replace(check, timeout_seen=True)
        turn.set(check=check)
    profile, look = turn.state.profile, _look(turn, check)
    if row.seen(look) and look.age_ns >= row.not_before(profile):
        _seen(turn, check, row)
    elif row.seen(look) or check.heard is False or look.age_ns > row.within(profile):
        _fail(turn, row.failed)


def _look(turn: Turn, check: Check) -> Look:
    return Look(turn.state, turn.readings, check, turn.now_ns)


def _seen(turn: Turn, check: Check, row: Row) -> None:
    _note(turn, check, row, "")
    if check.row + 1 < len(ROWS):
        turn.set(check=_at_row(turn, check, check.row + 1))
        _tell(turn, ROWS[check.row + 1].told)
        return
    turn.note(DailyCheck, step=WHOLE, part="", passed=True, by=check.by)
    turn.set(check=None, checked=Checked(passed_ns=turn.now_ns, by=check.by))
    turn.note_resume()


def _at_row(turn: Turn, check: Check, row: int) -> Check:
    """The check at the beginning of a row, with what the row will compare with."""
    same_step = row > 0 and ROWS[row].step is ROWS[row - 1].step
    return replace(
        check,
        row=row,
        since_ns=turn.now_ns,
        power_up_count=turn.readings.pump.power_up_count,
        trip_count=turn.readings.room.trip_count,
        timeout_seen=check.timeout_seen and same_step,
        heard=None,
    )


def _tell(turn: Turn, told: Told) -> None:
    """What a row changes once, when it begins."""
    state = turn.state
    if told is Told.ZERO:
        count = turn.readings.line.zero_count + 1
        turn.set(line=replace(state.line, zero_count=count, zeroed=False))
    if told in daily_check.SILENT and state.plan is not None:
        turn.set(plan=replace(state.plan, released=True))  # over, whatever is pressed
    if told in (Told.OFF, Told.ALONE):
        turn.set(permit=False, reclose_trip_count=0)


def _fail(turn: Turn, words: str) -> None:
    """Not passed: nothing is valid, and the pump has power only by a person's word again."""
    check, row = turn.state.check, daily_check.row_of(turn.state)
    if check is None or row is None:
        return
    _note(turn, check, row, words)
    turn.note(DailyCheck, step=WHOLE, part="", passed=False, by=check.by, words=words)
    failed = Checked(by=check.by, step=f"{row.step.value}/{row.part}", words=words)
    turn.set(check=None, checked=failed, permit=False, reclose_trip_count=0)
    effects.close_hold(turn, "the daily check was not passed")
    turn.note_resume()


def _note(turn: Turn, check: Check, row: Row, words: str) -> None:
    turn.note(
        DailyCheck,
        step=row.step.value,
        part=row.part,
        passed=not words,
        by=check.by,
        measured=row.measured(_look(turn, check)) if row.measure else 0,
        bound=daily_check.bound(row, turn.state.profile),
        measure=row.measure,
        words=words,
    )
