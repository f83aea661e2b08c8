"""Dispensing into a vessel, for weighing what a syringe delivers: service work that moves the pump.

In standby, nobody in the room, the tip in a vessel. One service tool begins it and says how much
and how fast each motion is; each motion needs a person's word that the tip is in the vessel
(``tip-out``) and the held switch, as every motion with the tip out does, and ends by itself at
its volume. Limits are those of a prime (one motion, all of them) and the rate of an injection.
It ends with the tool, with STOP and with any alarm that would stop a procedure, and with it the
motion under way, whatever is pressed.
"""

from typing import Final

import msgspec

from state_machine import effects
from state_machine import requests as rq
from state_machine.alarms import AlarmRow, none_blocks
from state_machine.entries import Noted
from state_machine.limits import LIMIT_BY_NAME, Limits
from state_machine.line import LineCheck
from state_machine.readings import Link
from state_machine.state import Dispensing, Phase, State
from state_machine.turn import Turn

replace = msgspec.structs.replace
Words = tuple[str, ...]


def most_nl(limits: Limits) -> int:
    """Largest single motion: that of a prime."""
    return min(limits.prime_volume_nl, LIMIT_BY_NAME["prime_volume_nl"].ceiling)


def most_nl_min(limits: Limits) -> int:
    """Highest rate: that of an injection, which is what the syringe is weighed for."""
    return min(limits.rate_nl_min, LIMIT_BY_NAME["rate_nl_min"].ceiling)


def begin(turn: Turn, request: rq.BeginDispense) -> Words:
    """Begin, or say why not; nothing moves yet."""
    state, readings, limits = turn.state, turn.readings, turn.state.profile.limits
    syringe = next((s for s in state.profile.syringes if s.name == request.syringe), None)
    known = ", ".join(s.name for s in state.profile.syringes)
    volume, rate, least_nl = request.volume_nl, request.rate_nl_min, limits.motion_least_nl
    refusals = tuple(
        words
        for refused, words in (
            (request.role is not rq.Role.SERVICE, "service work is done in the role service"),
            (not request.by.strip(), "say who you are"),
            (
                state.phase is not Phase.STANDBY,
                "dispensing is done in standby, and a procedure is open: close it first",
            ),
            (state.check is not None, "a daily check is under way: go on with it, or end it"),
            (state.dispensing is not None, "somebody dispenses already: end that first"),
            (not request.tip_out, "put the tip into the vessel, in no patient, and say so"),
            (not request.room_empty, "nobody may be in the room as a patient: say so"),
            (syringe is None, f"syringe '{request.syringe}' is not in the profile; known: {known}"),
            (
                not least_nl <= volume <= most_nl(limits),
                f"{volume} nL in one motion: {least_nl} to {most_nl(limits)} nL are allowed",
            ),
            (
                not 0 < rate <= most_nl_min(limits),
                f"{rate} nL/min: 1 to {most_nl_min(limits)} nL/min are allowed",
            ),
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
    # zeroed at the height that the tip has in the vessel; volumes are counted from here
    fresh = LineCheck(zero_count=readings.line.zero_count + 1, rest_sum_pa=state.line.rest_sum_pa)
    made = Dispensing(
        request.by, syringe.name, syringe.diameter_um, volume, rate, request.connection
    )
    turn.set(dispensing=made, line=fresh)
    turn.noted(request, "dispense", syringe=request.syringe, volume_nl=volume, rate_nl_min=rate)
    return ()


def give_up(turn: Turn, request: rq.AnyRequest) -> Words:
    """A person ends it: all was dispensed, or no more shall be."""
    if turn.state.dispensing is None:
        return turn.refuse(request, "nobody dispenses")
    _end(turn, f"ended by {request.by.strip() or 'a person'}")
    return ()


def gone(turn: Turn, connection: int) -> None:
    """The tool that began it has hung up."""
    dispensing = turn.state.dispensing
    if dispensing is not None and dispensing.connection == connection:
        _end(turn, "the tool has hung up")


def stops(turn: Turn, raised: tuple[AlarmRow, ...]) -> None:
    """An alarm that would stop a procedure ends it."""
    if turn.state.dispensing is not None and raised:
        _end(turn, f"interrupted: {raised[0].words}")


def counted(turn: Turn, moved_nl: int, whole: bool) -> None:
    """A motion has ended, ``whole`` or early; ``moved_nl`` by the pump's counter."""
    dispensing = turn.state.dispensing
    if dispensing is not None:
        more = replace(
            dispensing,
            count=dispensing.count + 1,
            moved_nl=moved_nl,
            whole=whole,
            total_nl=dispensing.total_nl + moved_nl,
        )
        turn.set(dispensing=more)


_NOBODY: Final = Dispensing("", "", 0, 0, 0, 0)
_SHOWN: Final = (
    "by",
    "syringe",
    "volume_nl",
    "rate_nl_min",
    "count",
    "moved_nl",
    "whole",
    "total_nl",
)


def shown(state: State) -> dict[str, str | int | bool]:
    """As clients are shown it; an empty ``by``: nobody dispenses."""
    begun = state.dispensing or _NOBODY
    return {name: getattr(begun, name) for name in _SHOWN}


def _end(turn: Turn, words: str) -> None:
    dispensing = turn.state.dispensing
    if dispensing is None:
        return
    if turn.state.plan is not None:
        turn.set(plan=replace(turn.state.plan, released=True))  # over, whatever is pressed
    turn.set(dispensing=None)
    effects.close_hold(turn, f"dispensing is over: {words}")
    facts = {"words": words, "count": dispensing.count, "total_nl": dispensing.total_nl}
    pairs = tuple((key, str(value)) for key, value in facts.items())
    turn.note(Noted, topic="dispensed", facts=pairs, by=dispensing.by)
