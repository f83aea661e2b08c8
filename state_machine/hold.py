"""Hold to inject, hold to expose: what a held switch may do, and what ends it.

The gate starts CLOSED and is made READY only by a deliberate arming. From READY a
*press* opens it: the switch must have been seen released first, a level never opens.
A plain release goes back to READY for the resume window; a checkpoint to LIFT, which
needs release and press. Everything else closes it, and only arming again opens it.

The wired switch is the source here: its beat is a reading of its two contacts that is
not older than the freshness limit. Where a console is declared, or the room requires one,
the console must prove beside it that somebody sees a live screen (console facts 6.1): its
beats echo the newest snapshot it has drawn, so beats that were kept in a queue prove
nothing. A console never opens the gate, it can only let it close.
"""

from typing import Final

import msgspec

from state_machine.limits import Limits
from state_machine.state import Hold, HoldAction, HoldPhase, Screen, State
from state_machine.units import NS_PER_MS


class Wired(msgspec.Struct, frozen=True):
    """The wired switch as this pass sees it."""

    pressed: bool
    disagrees: bool
    fresh: bool
    seen: bool = True
    """The console's view is alive, where one is needed."""


NOT_LIVE: Final = "the console's screen is not live: look at it"


def beaten(screen: Screen, beat: int, t_ms: int, now_ns: int) -> Screen | str:
    """The console after a beat, or the words that refuse a repeated or an old one."""
    drawn_ns = t_ms * NS_PER_MS
    if not screen.on:
        return "declare the console first"
    if beat <= screen.beat_count or not screen.drawn_ns <= drawn_ns <= now_ns:
        newest = f"after beat {screen.beat_count}, t_ms {screen.drawn_ns // NS_PER_MS}"
        return f"beat {beat}, t_ms {t_ms}: not {newest}, or not of a snapshot that was sent"
    return msgspec.structs.replace(screen, beat_count=beat, drawn_ns=drawn_ns)


def view_until_ns(screen: Screen, action: HoldAction, limits: Limits) -> int:
    """Last instant at which what the console has drawn is fresh enough for an action."""
    exposing = action is HoldAction.EXPOSE
    return screen.drawn_ns + (limits.view_expose_fresh_ns if exposing else limits.view_fresh_ns)


def is_seen(state: State, action: HoldAction, now_ns: int) -> bool:
    """Somebody can see a live console; or none is declared, and the room requires none."""
    screen, profile = state.screen, state.profile
    if not screen.on:
        return not profile.console_required
    return bool(screen.drawn_ns) and now_ns <= view_until_ns(screen, action, profile.limits)


def advance(hold: Hold, switch: Wired, late: bool, limits: Limits, now_ns: int) -> Hold:
    """Move the hold gate by one pass."""
    released = switch.fresh and not switch.pressed and not switch.disagrees
    released_ns = (hold.released_ns or now_ns) if released else 0
    moved = _moved(hold, switch, late, limits, now_ns)
    return msgspec.structs.replace(moved, released_ns=released_ns)


def _moved(hold: Hold, switch: Wired, late: bool, limits: Limits, now_ns: int) -> Hold:
    if hold.phase is HoldPhase.CLOSED:
        return hold
    why = _abnormal(hold, switch, late, limits, now_ns)
    if why:
        return close(hold, why, now_ns)
    if hold.phase is HoldPhase.READY and switch.pressed:
        if not hold.released_ns:
            return close(hold, "the switch was already pressed: release it, then arm again", now_ns)
        return _to(hold, HoldPhase.OPEN, now_ns)
    if hold.phase is HoldPhase.OPEN and not switch.pressed:
        if hold.action is HoldAction.EXPOSE:
            return close(hold, "released: arm the exposure again", now_ns)
        return _to(hold, HoldPhase.READY, now_ns)
    if hold.phase is HoldPhase.LIFT and not switch.pressed:
        return _to(hold, HoldPhase.READY, now_ns)
    return hold


def _abnormal(hold: Hold, switch: Wired, late: bool, limits: Limits, now_ns: int) -> str:
    if not switch.fresh:
        return "the hold switch was not heard in time: check the room box, then arm again"
    if switch.disagrees:
        return "the two contacts of the hold switch contradict each other: have it repaired"
    if late:
        return "the controller was late: arm again"
    if not switch.seen:
        return "the console's screen is not live: look at it, release the switch, arm again"
    if hold.phase is HoldPhase.READY and now_ns >= ready_until_ns(hold, limits):
        return "armed too long without a press: arm again"
    exposing = hold.phase is HoldPhase.OPEN and hold.action is HoldAction.EXPOSE
    if exposing and now_ns - hold.since_ns >= limits.expose_press_ns:
        return "held longer than an exposure may take: release, look at the unit, arm again"
    return ""


def ready_until_ns(hold: Hold, limits: Limits) -> int:
    """Instant at which READY ends by itself."""
    life_ns = limits.resume_window_ns if hold.resumed else limits.arm_life_ns
    if hold.action is HoldAction.EXPOSE:
        life_ns = limits.expose_arm_life_ns
    return hold.since_ns + life_ns


def may_arm(hold: Hold, limits: Limits, now_ns: int) -> bool:
    """The switch has been seen released for long enough to be a fresh start."""
    return bool(hold.released_ns) and now_ns - hold.released_ns >= limits.released_least_ns


def arm(hold: Hold, action: HoldAction, now_ns: int) -> Hold:
    """Make the gate READY for an action."""
    return msgspec.structs.replace(
        hold, phase=HoldPhase.READY, action=action, since_ns=now_ns, why="", resumed=False
    )


def lift(hold: Hold, now_ns: int) -> Hold:
    """A checkpoint: release, then press."""
    if hold.phase is HoldPhase.OPEN:
        return _to(hold, HoldPhase.LIFT, now_ns)
    return hold


def close(hold: Hold, why: str, now_ns: int) -> Hold:
    """Close the gate and say why."""
    if hold.phase is HoldPhase.CLOSED:
        return hold
    return msgspec.structs.replace(
        hold, phase=HoldPhase.CLOSED, action=HoldAction.NONE, since_ns=now_ns, why=why
    )


def is_open(hold: Hold, action: HoldAction) -> bool:
    """The switch is held for this action."""
    return hold.phase is HoldPhase.OPEN and hold.action is action


def _to(hold: Hold, phase: HoldPhase, now_ns: int) -> Hold:
    return msgspec.structs.replace(hold, phase=phase, since_ns=now_ns, why="", resumed=True)
