"""The pause of the sounder: asked for by a person, bounded, and broken by whatever is new.

Its semantics (console facts 5.18 rule 5; IEC 60601-1-8 *audio paused*):

- It silences the sounder alone. Words, colours, flashing, lamp and whatever an alarm stops or
  refuses stay as they are; nothing is acknowledged by it.
- It lasts 120 s, is no profile's to change, and cannot be prolonged: while it runs, another
  one is refused. It ends by itself.
- It ends at once with any new alarm, also a lower one: who silenced one alarm has not heard of
  another. It ends when nothing is left that would sound.
- There is none for an alarm in ``alarms.NEVER_PAUSED``, nor without the room box, whose sounder
  it is about.
- Beginning and end are on record, with who asked and why it ended. A restart knows of none.
"""

from typing import Final

from state_machine import requests as rq
from state_machine.alarms import ALARM_BY_NAME, NEVER_PAUSED, sounder
from state_machine.entries import Noted
from state_machine.readings import Link
from state_machine.state import State
from state_machine.targets import Sounder
from state_machine.turn import Turn
from state_machine.units import NS_PER_S

PAUSE_NS: Final = 120 * NS_PER_S
"""Not configurable (console facts 5.18 rule 5; infusion pumps have the same two minutes, S18)."""


def take(turn: Turn, request: rq.AudioPause) -> tuple[str, ...]:
    """Pause the sounder, or let it sound again."""
    words = _why_not(turn, request.on)
    if words:
        return turn.refuse(request, words)
    if request.on:
        since_ns = turn.now_ns
        turn.set(quiet_since_ns=since_ns, quiet_until_ns=since_ns + PAUSE_NS, quiet_by=request.by)
        silenced = ", ".join(a.name for a in turn.state.alarms if not a.acknowledged)
        turn.noted(request, "audio-paused", alarms=silenced, seconds=PAUSE_NS // NS_PER_S)
    else:
        _end(turn, "a person let it sound again", request.by)
    return ()


def _why_not(turn: Turn, on: bool) -> str:
    """The words that refuse; empty = it may be done."""
    state, left_ns = turn.state, turn.state.quiet_until_ns - turn.now_ns
    if not on:
        return "" if left_ns > 0 else "the sound is not paused"
    if left_ns > 0:
        return (
            f"the sound is paused already, {-(-left_ns // NS_PER_S)} s are left: it ends by itself"
        )
    if turn.readings.room.link is not Link.UP:
        return "the room box does not answer: its sounder cannot be told"
    if sounder(state.alarms) is Sounder.OFF:
        return "nothing sounds"
    never = never_paused(state)
    if never:
        return f"not for this alarm ({ALARM_BY_NAME[never].words}): act on it, or acknowledge it"
    return ""


def never_paused(state: State) -> str:
    """An alarm that sounds and that no pause silences; empty = there is none."""
    loud = (alarm.name for alarm in state.alarms if not alarm.acknowledged)
    return next((name for name in loud if name in NEVER_PAUSED), "")


def watch(turn: Turn) -> None:
    """End the pause when its time is over, an alarm is new, or nothing would sound."""
    state = turn.state
    if not state.quiet_until_ns:
        return
    # one that was raised in the very pass of the press was not yet heard by who pressed
    new = next((a.name for a in state.alarms if a.since_ns >= state.quiet_since_ns), "")
    if new:
        _end(turn, f"a new alarm: {new}")
    elif turn.now_ns >= state.quiet_until_ns:
        _end(turn, "its time is over")
    elif sounder(state.alarms) is Sounder.OFF:
        _end(turn, "nothing sounds any more")


def _end(turn: Turn, why: str, by: str = "") -> None:
    turn.set(quiet_since_ns=0, quiet_until_ns=0, quiet_by="")
    turn.note(Noted, topic="audio-on", facts=(("why", why),), by=by)
