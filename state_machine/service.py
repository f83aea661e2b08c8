"""Service work, as the core sees it: nobody is being treated, who does it is on record.

The tools look and calculate; whatever they want of the room they ask for like everybody, with
the requests that there are, and the gate refuses as ever. So nothing here changes the room.
"""

from typing import Final

from state_machine import requests as rq
from state_machine.state import Phase
from state_machine.turn import Turn

WORDS_MOST_CHARS: Final = 500


def take(turn: Turn, request: rq.Service) -> tuple[str, ...]:
    """Put it on record, or refuse: not in the role, or a procedure is open."""
    refusals = tuple(
        words
        for refused, words in (
            (request.role is not rq.Role.SERVICE, "service work is done in the role service"),
            (not request.by.strip(), "say who you are"),
            (
                turn.state.phase is not Phase.STANDBY,
                "service work is done in standby, and a procedure is open: close it first",
            ),
            (
                len(request.words) > WORDS_MOST_CHARS,
                f"{len(request.words)} characters: say it in {WORDS_MOST_CHARS}",
            ),
        )
        if refused
    )
    if refusals:
        return turn.refuse(request, *refusals)
    turn.noted(request, "service", work=request.work.value, words=request.words)
    return ()
