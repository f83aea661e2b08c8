"""Does anybody see the room? A console proves it by what it has drawn (console facts 5.18).

A hold on either source ends by itself when nobody sees a live screen (``hold.py``); what is
here tells people that nobody does, while a patient still has a cannula in.
"""

from typing import Final

from state_machine.state import Purpose, State
from state_machine.units import NS_PER_S

UNSEEN_NS: Final = NS_PER_S
"""A room with a cannula in that nobody has seen for so long is told aloud (console facts 5.18,
rule 10)."""


def unseen_from_ns(state: State) -> int:
    """Instant after which nobody sees the room, if no console draws it until then.

    0 = it is no matter: no cannula is in, or no console is declared and none is required.
    """
    duct = state.duct
    wanted = state.screen.on or state.profile.console_required
    if duct is None or not duct.cannula_in_ns or not wanted:
        return 0
    # after a restart of the machine the word of another boot is no instant of this one
    placed_ns = min(duct.cannula_in_ns, state.phase_ns)
    return max(state.shown_ns, placed_ns) + UNSEEN_NS


def is_unseen(state: State, now_ns: int) -> bool:
    """Nobody sees the room, and a cannula is in."""
    from_ns = unseen_from_ns(state)
    return bool(from_ns) and now_ns > from_ns


def moved_unseen(state: State, now_ns: int) -> bool:
    """Contrast was flowing when a screen was last seen, or flowed after it."""
    if not is_unseen(state, now_ns):
        return False
    plan = state.plan
    flows = plan is not None and plan.purpose is Purpose.INJECT and bool(plan.asked_ns)
    return flows or state.injection.ended_ns > state.shown_ns


def still_unseen(state: State, now_ns: int) -> bool:
    """Nobody sees the room, and nothing flowed meanwhile."""
    return is_unseen(state, now_ns) and not moved_unseen(state, now_ns)
