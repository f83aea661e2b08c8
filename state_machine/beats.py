"""A hold on a screen, message by message: token, sequence, and what the page has drawn.

The rows of the console facts' table 6.4 that a page takes part in; time and the rest of the
rows are in ``hold.py``. What is not exactly right closes the gate and spends the token, and
only arming again makes another: of two readings of a message the one that stops is taken. A
beat never opens.

The token is made by the API with 128 bits of chance and arrives inside the request that
arms. It stands for one connection, one person in one role, one plan and one arming.
"""

from typing import Final

import msgspec

from state_machine import hold as gate
from state_machine.limits import Limits
from state_machine.requests import AnyRequest, HoldBeat, HoldBegin, HoldEnd, HoldEndWhy, ViewBeat
from state_machine.state import (
    Hold,
    HoldAction,
    Holder,
    HoldPhase,
    HoldSource,
    Phase,
    Screen,
    State,
)
from state_machine.units import NS_PER_MS

VIEW_PERIOD_NS: Final = 100 * NS_PER_MS
"""A page shows its view at least this often (console facts 6.1); more is silence."""
NOT_IN_CONTROL: Final = "another console controls this room: arm there, or take control first"
TOO_SLOW: Final = (
    "the console is too slow: close other programs, wait until it has been quick for 5 s"
)
PAD_DOWN: Final = "let the hold pad go first"
PLAIN: Final = frozenset({HoldEndWhy.RELEASE, HoldEndWhy.SLID_OFF})
"""Ends that a finger makes: it may press again within the resume window."""

_Message = HoldBegin | HoldBeat | HoldEnd


class Beaten(msgspec.Struct, frozen=True):
    """What a message of a page came to."""

    hold: Hold
    screen: Screen
    refused: str = ""
    """Why it was not taken, in words; the gate may be closed by it."""


def holder_of(state: State, request: AnyRequest | None, token: str, plan: str) -> Holder | None:
    """Who may hold on a screen after this arming; None where only the switch may."""
    screen = state.screen
    if request is None or not token or not state.profile.console_holds or not screen.on:
        return None
    if request.connection != screen.connection:
        return None
    return Holder(token, request.connection, request.by, request.role, plan)


def drawn(screen: Screen, t_ms: int, now_ns: int, limits: Limits) -> Screen | str:
    """The console after it has shown what it drew, or the words that refuse it."""
    drawn_ns = t_ms * NS_PER_MS
    if not screen.drawn_ns <= drawn_ns <= now_ns:
        newest = screen.drawn_ns // NS_PER_MS
        return f"t_ms {t_ms}: older than {newest}, or not of a snapshot that was sent"
    silent_ns = now_ns - screen.beat_ns - VIEW_PERIOD_NS if screen.beat_ns else 0
    worst_ns = max(now_ns - drawn_ns, silent_ns)
    return msgspec.structs.replace(
        screen,
        drawn_ns=drawn_ns,
        beat_ns=now_ns,
        since_ns=screen.since_ns or now_ns,
        late_ns=now_ns if worst_ns > limits.view_arm_ns else screen.late_ns,
        late_expose_ns=now_ns if worst_ns > limits.view_arm_expose_ns else screen.late_expose_ns,
    )


def viewed(screen: Screen, view: ViewBeat, now_ns: int, limits: Limits) -> Screen | str:
    """The console after a ``view``, or the words that refuse a repeated or an old one."""
    if not screen.on:
        return "declare the console first"
    seen = drawn(screen, view.t_ms, now_ns, limits)
    if view.beat <= screen.beat_count or isinstance(seen, str):
        newest = f"after beat {screen.beat_count}, t_ms {screen.drawn_ns // NS_PER_MS}"
        return (
            f"beat {view.beat}, t_ms {view.t_ms}: not {newest}, or not of a snapshot that was sent"
        )
    up_ns = (screen.up_ns or now_ns) if view.up else 0
    return msgspec.structs.replace(seen, beat_count=view.beat, up_ns=up_ns)


def armed_for(state: State) -> HoldAction:
    """What would be armed from here."""
    exposing = state.phase in (Phase.EXPOSURE, Phase.EXPOSURE_ARMED)
    return HoldAction.EXPOSE if exposing else HoldAction.INJECT


def is_quick(state: State, action: HoldAction, now_ns: int) -> bool:
    """Where a console is on, it has shown its view in time for the whole window before."""
    screen, limits = state.screen, state.profile.limits
    if not screen.on:
        return True
    exposing = action is HoldAction.EXPOSE
    late_ns = screen.late_expose_ns if exposing else screen.late_ns
    most_ns = limits.view_arm_expose_ns if exposing else limits.view_arm_ns
    if not screen.beat_ns or now_ns - screen.beat_ns - VIEW_PERIOD_NS > most_ns:
        return False
    begun_ns = now_ns - limits.view_window_ns
    return screen.since_ns <= begun_ns and late_ns <= begun_ns


def in_control(state: State, request: AnyRequest | None) -> bool:
    """Where a console is on, only its own connection arms."""
    screen = state.screen
    return request is None or not screen.on or request.connection == screen.connection


def is_up(state: State, now_ns: int) -> bool:
    """Where the console may hold, its pad has been seen let go for long enough."""
    screen, limits = state.screen, state.profile.limits
    if not (screen.on and state.profile.console_holds):
        return True
    return bool(screen.up_ns) and now_ns - screen.up_ns >= limits.released_least_ns


def take(state: State, message: _Message, now_ns: int) -> Beaten:
    """A message of a page about its hold."""
    hold, screen = state.hold, state.screen
    if hold.phase is HoldPhase.CLOSED or hold.holder is None:
        told = "" if isinstance(message, HoldEnd) else "nothing is armed for this page: arm first"
        return Beaten(hold, screen, told)
    why = _not_right(hold, hold.holder, message)
    if why:
        return _closed(hold, screen, why, now_ns)
    if isinstance(message, HoldEnd):
        return _ended(hold, screen, message, now_ns)
    if isinstance(message, HoldBeat) and hold.phase is HoldPhase.READY:
        return Beaten(hold, screen, "nothing is held: press the pad anew")
    seen = drawn(screen, message.t_ms, now_ns, state.profile.limits)
    if isinstance(seen, str):
        return _closed(hold, screen, seen, now_ns)
    if now_ns > gate.view_until_ns(seen, hold.action, state.profile.limits):
        return _closed(hold, seen, gate.NOT_LIVE, now_ns)
    if isinstance(message, HoldBegin):
        return _begun(hold, seen, message, now_ns)
    return Beaten(_counted(hold, message, now_ns), seen)


def _not_right(hold: Hold, holder: Holder, message: _Message) -> str:
    if message.connection != holder.connection:
        return "another page sent a hold: arm again"
    if message.token != holder.token:
        return "a hold with another token: arm again"
    if (message.by, message.role) != (holder.by, holder.role):
        return "another person than who armed: arm again"
    if message.beat != hold.beat_count + 1:
        return f"hold message {message.beat} instead of {hold.beat_count + 1}: arm again"
    return ""


def _begun(hold: Hold, screen: Screen, message: HoldBegin, now_ns: int) -> Beaten:
    if hold.phase is not HoldPhase.READY:
        return _closed(hold, screen, "pressed twice: arm again", now_ns)
    if not screen.up_ns:
        return _closed(hold, screen, "the pad was not seen let go: arm again", now_ns)
    opened = gate.opened(hold, HoldSource.CONSOLE, now_ns)
    return Beaten(_counted(opened, message, now_ns), msgspec.structs.replace(screen, up_ns=0))


def _ended(hold: Hold, screen: Screen, message: HoldEnd, now_ns: int) -> Beaten:
    if hold.source is HoldSource.SWITCH:
        return _closed(hold, screen, "the pad was let go while the switch is held", now_ns)
    if message.why not in PLAIN:
        return _closed(hold, screen, f"the pad ended ({message.why.value}): arm again", now_ns)
    up = msgspec.structs.replace(screen, up_ns=screen.up_ns or now_ns)
    if hold.phase is HoldPhase.READY:
        return Beaten(_counted(hold, message, now_ns), up)
    if hold.action is HoldAction.EXPOSE:
        return Beaten(gate.close(hold, gate.EXPOSE_RELEASED, now_ns), up)
    return Beaten(_counted(gate.let_go(hold, now_ns), message, now_ns), up)


def _counted(hold: Hold, message: _Message, now_ns: int) -> Hold:
    return msgspec.structs.replace(hold, beat_count=message.beat, beat_ns=now_ns)


def _closed(hold: Hold, screen: Screen, why: str, now_ns: int) -> Beaten:
    return Beaten(gate.close(hold, why, now_ns), screen, why)
