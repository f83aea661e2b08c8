"""The hold gate in the state: every change of it goes through here and into the record."""

from state_machine import beats
from state_machine import hold as hold_gate
from state_machine.entries import HoldChanged
from state_machine.facts import read_back
from state_machine.requests import AnyRequest
from state_machine.state import Hold, HoldAction, HoldPhase
from state_machine.turn import Turn
from state_machine.units import NS_PER_MS


def close_hold(turn: Turn, why: str) -> None:
    """Close the hold gate and record it."""
    set_hold(turn, hold_gate.close(turn.state.hold, why, turn.now_ns))


def set_hold(turn: Turn, hold: Hold) -> None:
    """Take over the hold gate, and record where it moved."""
    before, screen = turn.state.hold, turn.state.screen
    if hold is before:
        return
    turn.set(hold=hold)
    if hold.phase is before.phase:
        return
    now_held = hold if before.phase is HoldPhase.CLOSED else before
    held = hold if hold.phase is HoldPhase.OPEN else before
    turn.note(
        HoldChanged,
        action=now_held.action.value,
        hold=hold.phase.value,
        why=hold.why,
        source=held.source.value,
        beat_count=max(hold.beat_count, before.beat_count),
        drawn_age_ms=(turn.now_ns - screen.drawn_ns) // NS_PER_MS if screen.drawn_ns else 0,
        infused_nl=turn.readings.pump.infused_nl,
    )


def arm_hold(turn: Turn, action: HoldAction, request: AnyRequest | None, token: str) -> None:
    """Make the hold gate ready and record it; a page gets its token only here."""
    plan = read_back(turn.state) if action is HoldAction.INJECT else ""
    holder = beats.holder_of(turn.state, request, token, plan)
    close_hold(turn, "armed anew")
    set_hold(turn, hold_gate.arm(turn.state.hold, action, turn.now_ns, holder))
