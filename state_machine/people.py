"""Log-in, and what may be asked by whom: the person of a connection stands for its requests.

Who is logged in is decided by the PIN, which is checked outside the core; what follows
from it is decided here, from the record alone. On a connection with a session, ``by`` and
``role`` of every request are the session's, whatever the client says; another role is
refused. What makes the room safer is always taken, from anybody.
"""

from typing import Final

import msgspec

from state_machine import dispensing, effects, sessions
from state_machine import requests as rq
from state_machine.requests import AnyRequest, Event
from state_machine.state import HoldPhase, Screen, Session
from state_machine.state import State as CoreState
from state_machine.turn import Turn

replace = msgspec.structs.replace

ALWAYS_EVENTS: Final = frozenset({Event.STOP, Event.PAIN, Event.EMERGENCY, Event.DISARM})
"""Events that need no log-in and no unlocked session: each only stops."""
ALWAYS: Final = (rq.ReleasePaddle, rq.ViewBeat, rq.HoldEnd)
"""Requests that need neither: they free the breast, prove a live screen, let a hold go."""
FROM_CONTROLLER: Final = (rq.Login, rq.Logout, rq.ClientGone, rq.ClientRefused)


def always_taken(request: AnyRequest) -> bool:
    """The request only stops, frees or shows."""
    if isinstance(request, rq.Do):
        return request.event in ALWAYS_EVENTS
    return isinstance(request, ALWAYS)


def admit(state: CoreState, request: AnyRequest) -> AnyRequest | str:
    """The request in the name of who is logged in, or the words that refuse it."""
    if isinstance(request, FROM_CONTROLLER):
        return request
    words = sessions.out_of_order(state, request)
    if words and not always_taken(request):
        return words
    session = sessions.of(state, request.connection)
    if session is None:
        if not state.profile.login_required or (request.connection == 0 and _stops(request)):
            return request
        if always_taken(request):
            return replace(request, by=sessions.NOT_LOGGED_IN)
        return "nobody is logged in on this connection: log in first"
    if not always_taken(request):
        if session.locked:
            return f"the session of {session.by} is locked: log in again (a stop is always taken)"
        if request.role is not session.role:
            return (
                f"{session.by} is logged in as {session.role.value}, not as"
                f" {request.role.value}: log in in that role"
            )
    return replace(request, by=session.by, role=session.role)


def _stops(request: AnyRequest) -> bool:
    """The controller's own last word."""
    return isinstance(request, rq.Do) and request.event is Event.STOP


def note_use(turn: Turn, request: AnyRequest) -> None:
    """A person who asks something is not idle; beats are no person's doing."""
    if isinstance(request, (*FROM_CONTROLLER, rq.ViewBeat, rq.HoldBeat)):
        return
    if sessions.of(turn.state, request.connection) is not None:
        turn.set(sessions=sessions.used(turn.state, request.connection, turn.now_ns))


def login(turn: Turn, request: rq.Login) -> tuple[str, ...]:
    """A PIN was right: its person's session begins on the connection; or it was not."""
    if request.refused:
        return turn.refuse(request, request.refused)
    before = sessions.of(turn.state, request.connection)
    same = before is not None and (before.by, before.role) == (request.by, request.role)
    if before is not None and not same:
        _end(turn, request.connection, "another person has logged in there")
    now_ns = turn.now_ns
    session = Session(request.connection, request.by, request.role, now_ns, now_ns)
    turn.set(sessions=sessions.put(turn.state, session))
    turn.noted(request, "logged-in", role=request.role.value, connection=request.connection)
    return ()


def logout(turn: Turn, request: rq.Logout) -> tuple[str, ...]:
    """The session of a connection ends."""
    if sessions.of(turn.state, request.connection) is None:
        return turn.refuse(request, "nobody is logged in on this connection")
    _end(turn, request.connection, "logged out")
    return ()


def gone(turn: Turn, request: rq.ClientGone) -> tuple[str, ...]:
    """A connection ended: its session ends, and a console on it shows nothing any more."""
    _end(turn, request.connection, "the connection ended")
    turn.set(asked=tuple(one for one in turn.state.asked if one[0] != request.connection))
    dispensing.gone(turn, request.connection)
    screen = turn.state.screen
    if screen.on and screen.connection == request.connection:
        turn.set(screen=Screen(on=True, connection=request.connection, gone=True))
        effects.close_hold(turn, "the console's connection ended: declare it anew, then arm again")
    return ()


def turned_away(turn: Turn, request: rq.ClientRefused) -> tuple[str, ...]:
    """Another account tried to connect; it is on record."""
    return turn.refuse(request, f"{request.who}: only the controller's own account may connect")


def lock_idle(turn: Turn) -> None:
    """Lock sessions that nobody has used for too long."""
    if not turn.state.sessions or not sessions.may_lock(turn.state):
        return
    for session in turn.state.sessions:
        if sessions.idle(turn.state, session, turn.now_ns):
            turn.set(sessions=sessions.put(turn.state, replace(session, locked=True)))
            _note(turn, session, "session-locked", "idle")


def _end(turn: Turn, connection: int, why: str) -> None:
    session, screen = sessions.of(turn.state, connection), turn.state.screen
    if session is None:
        return
    turn.set(sessions=sessions.without(turn.state, connection))
    _note(turn, session, "logged-out", why)
    held = turn.state.hold.phase is not HoldPhase.CLOSED
    if held and screen.on and screen.connection == connection:
        effects.close_hold(turn, f"the session at the console ended: {why}")


def _note(turn: Turn, session: Session, topic: str, why: str) -> None:
    person = rq.Logout(by=session.by, role=session.role, connection=session.connection)
    turn.noted(person, topic, why=why, connection=session.connection)
