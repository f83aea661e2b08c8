"""Who is logged in where: one session per connection, locked when idle.

A session is bound to its connection: it ends with it, and nothing of it passes to another.
"""

from typing import Final

import msgspec

from state_machine import requests as rq
from state_machine.state import HoldPhase, Session, State


def of(state: State, connection: int) -> Session | None:
    """The session of a connection, None where nobody is logged in."""
    return next((s for s in state.sessions if s.connection == connection), None)


def put(state: State, session: Session) -> tuple[Session, ...]:
    """Sessions with one added, or replaced on its connection."""
    return (*without(state, session.connection), session)


def without(state: State, connection: int) -> tuple[Session, ...]:
    """Sessions without that of a connection."""
    return tuple(s for s in state.sessions if s.connection != connection)


def may_lock(state: State) -> bool:
    """No person is bound to the room by a patient, a held switch or a check under way.

    With a cannula in or the breast compressed, hands are busy and nobody may be made to type
    a PIN first (console facts 4).
    """
    cannulated = state.duct is not None and bool(state.duct.cannula_in_ns)
    working = state.check is not None or state.dispensing is not None
    busy = cannulated or bool(state.exposure.compressed_ns) or working
    return not busy and state.plan is None and state.hold.phase is HoldPhase.CLOSED


def idle(state: State, session: Session, now_ns: int) -> bool:
    """The session is to be locked now."""
    span_ns = state.profile.idle_lock_ns
    return bool(span_ns) and not session.locked and now_ns >= session.active_ns + span_ns


def lock_instants(state: State) -> tuple[int, ...]:
    """When sessions are to be locked; none while none may be."""
    span_ns = state.profile.idle_lock_ns
    if not (state.sessions and span_ns) or not may_lock(state):
        return ()
    return tuple(s.active_ns + span_ns for s in state.sessions if not s.locked)


def used(state: State, connection: int, now_ns: int) -> tuple[Session, ...]:
    """Sessions after the person of one has asked something."""
    return tuple(
        msgspec.structs.replace(s, active_ns=now_ns) if s.connection == connection else s
        for s in state.sessions
    )


_OWN_COUNT: Final = (rq.ViewBeat, rq.HoldBegin, rq.HoldBeat, rq.HoldEnd, rq.Console)
"""Messages of a page, not of a person: they count their own beats, or declare it."""


def out_of_order(state: State, request: rq.AnyRequest) -> str:
    """Why a request's number is refused, in words; empty = it is higher than all before.

    A request that comes again, or late, is not done again or late: its client has gone on.
    One that is meant to come again has a key and is answered before it gets here.
    """
    if not request.connection or isinstance(request, _OWN_COUNT):
        return ""
    last = dict(state.asked).get(request.connection, 0)
    if request.number > last:
        return ""
    return (
        f"request number {request.number}: on this connection each must be higher than the one"
        f" before (allowed: {last + 1} or more); ask again with the next number"
    )


def counted(state: State, request: rq.AnyRequest) -> tuple[tuple[int, int], ...]:
    """The highest number of each connection, with this request's."""
    highest = dict(state.asked)
    own = isinstance(request, _OWN_COUNT)
    if not request.connection or own or request.number <= highest.get(request.connection, 0):
        return state.asked
    return tuple((highest | {request.connection: request.number}).items())


NOT_LOGGED_IN: Final = "not logged in"
"""Who asked, in the record, where a log-in is required and a stop came without one."""
