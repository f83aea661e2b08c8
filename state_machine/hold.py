"""Hold to inject, hold to expose: what a held switch may do, and what ends it.

The gate starts CLOSED and is made READY only by a deliberate arming. From READY a
*press* opens it: the switch must have been seen released first, a level never opens.
A plain release goes back to READY for the resume window; a checkpoint to LIFT, which
needs release and press. Everything else closes it, and only arming again opens it.

There are two sources. The beat of the wired switch is a reading of its two contacts that is
not older than the freshness limit. Where the room allows it, a pad held on the controlling
console is the other; its messages are in ``beats.py``, and here is what time does to them.
Where a console is declared, or the room requires one, it must prove for either source that
somebody sees a live screen (console facts 6.1): its beats echo the newest snapshot it has
drawn, so beats that were kept in a queue prove nothing.
"""

from typing import Final

import msgspec

from state_machine.limits import Limits
from state_machine.state import (
    Hold,
    HoldAction,
    Holder,
    HoldPhase,
    HoldSource,
    Screen,
    State,
)


class Wired(msgspec.Struct, frozen=True):
    """The wired switch as this pass sees it."""

    pressed: bool
    disagrees: bool
    fresh: bool
    seen: bool = True
    """The console's view is alive, where one is needed."""


NEVER_NS: Final = 2**63 - 1
NOT_LIVE: Final = "the console's screen is not live: look at it"
EXPOSE_RELEASED: Final = "released: arm the exposure again"


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
    if moved.released_ns == released_ns:
        return moved
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
        return opened(hold, HoldSource.SWITCH, now_ns)
    if hold.phase is HoldPhase.READY or switch.pressed or hold.source is HoldSource.CONSOLE:
        return hold
    if hold.phase is HoldPhase.OPEN and hold.action is HoldAction.EXPOSE:
        return close(hold, EXPOSE_RELEASED, now_ns)
    return let_go(hold, now_ns)


def _abnormal(hold: Hold, switch: Wired, late: bool, limits: Limits, now_ns: int) -> str:
    if not switch.fresh:
        return "the hold switch was not heard in time: check the room box, then arm again"
    if switch.disagrees:
        return "the two contacts of the hold switch contradict each other: have it repaired"
    if late:
        return "the controller was late: arm again"
    if not switch.seen:
        return "the console's screen is not live: look at it, release the switch, arm again"
    if now_ns > beat_until_ns(hold, limits):
        return "the page that holds was not heard in time: let the pad go, arm again"
    if hold.phase is HoldPhase.READY and now_ns >= ready_until_ns(hold, limits):
        return "armed too long without a press: arm again"
    exposing = hold.phase is HoldPhase.OPEN and hold.action is HoldAction.EXPOSE
    if exposing and now_ns - hold.since_ns >= limits.expose_press_ns:
        return "held longer than an exposure may take: release, look at the unit, arm again"
    return ""


def beat_until_ns(hold: Hold, limits: Limits) -> int:
    """Last instant at which a hold on the screen lives without another beat."""
    if hold.source is not HoldSource.CONSOLE:
        return NEVER_NS
    exposing = hold.action is HoldAction.EXPOSE
    return hold.beat_ns + (limits.hold_beat_expose_ns if exposing else limits.hold_beat_ns)


def ready_until_ns(hold: Hold, limits: Limits) -> int:
    """Instant at which READY ends by itself."""
    life_ns = limits.resume_window_ns if hold.resumed else limits.arm_life_ns
    if hold.action is HoldAction.EXPOSE:
        life_ns = limits.expose_arm_life_ns
    return hold.since_ns + life_ns


def may_arm(hold: Hold, limits: Limits, now_ns: int) -> bool:
    """The switch has been seen released for long enough to be a fresh start."""
    return bool(hold.released_ns) and now_ns - hold.released_ns >= limits.released_least_ns


def arm(hold: Hold, action: HoldAction, now_ns: int, holder: Holder | None = None) -> Hold:
    """Make the gate READY for an action; a page may hold it only with a token of its own."""
    fresh = Hold(phase=HoldPhase.READY, action=action, since_ns=now_ns, holder=holder)
    return msgspec.structs.replace(fresh, released_ns=hold.released_ns)


def opened(hold: Hold, source: HoldSource, now_ns: int) -> Hold:
    """Held: by whom is known from now on."""
    return msgspec.structs.replace(_to(hold, HoldPhase.OPEN, now_ns), source=source)


def let_go(hold: Hold, now_ns: int) -> Hold:
    """READY again: may be pressed within the resume window, by either hand."""
    return msgspec.structs.replace(_to(hold, HoldPhase.READY, now_ns), source=HoldSource.NONE)


def lift(hold: Hold, now_ns: int) -> Hold:
    """A checkpoint: release, then press."""
    if hold.phase is HoldPhase.OPEN:
        return _to(hold, HoldPhase.LIFT, now_ns)
    return hold


def close(hold: Hold, why: str, now_ns: int) -> Hold:
    """Close the gate and say why; a page's token is worth nothing any more."""
    if hold.phase is HoldPhase.CLOSED:
        return hold
    return Hold(since_ns=now_ns, why=why, released_ns=hold.released_ns)


def is_open(hold: Hold, action: HoldAction) -> bool:
    """The switch, or the pad, is held for this action."""
    return hold.phase is HoldPhase.OPEN and hold.action is action


def _to(hold: Hold, phase: HoldPhase, now_ns: int) -> Hold:
    return msgspec.structs.replace(hold, phase=phase, since_ns=now_ns, why="", resumed=True)
