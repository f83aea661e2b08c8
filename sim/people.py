"""How people deviate from what they are told, as one table, and how fast they are.

All figures are assumptions (but for the share of false passages): they make a wide crowd,
not a typical one.
"""

import random
from typing import Final, NamedTuple

from sim.distributions import Distribution, Even, EvenLog, Fixed, LogNormal
from sim.patients import FALSE_PASSAGE_SHARE

_SPAN: Final = EvenLog(2, 15)


class Kind(NamedTuple):
    """One way to deviate; each is off for most people."""

    when: str
    """The opportunity, and what is done instead."""
    people: float
    """Share of the people who have it at all."""
    share: Distribution
    """Of the opportunities at which those do it."""
    span_s: Distribution | None = None
    """How long it takes, where it takes time."""


# fmt: off
KINDS: Final[dict[str, Kind]] = {
    "hesitates":       Kind("before anything asked or done: waits", 0.5, EvenLog(0.02, 0.3), _SPAN),
    "releases-early":  Kind("while injecting: lets go of the switch", 0.4, EvenLog(0.1, 1.0), EvenLog(0.3, 15)),
    "presses-twice":   Kind("pressing the switch: lets go and presses again within 0.1 to 0.4 s", 0.3, EvenLog(0.1, 1.0)),
    "clicks-twice":    Kind("any request: the same once more within 0.2 s", 0.3, EvenLog(0.05, 0.5)),
    "keeps-pressing":  Kind("told to let go: goes on pressing", 0.3, EvenLog(0.1, 1.0), EvenLog(1, 8)),
    "leaves-alarm":    Kind("an alarm to acknowledge: leaves it", 0.3, EvenLog(0.1, 1.0), EvenLog(5, 40)),
    "wrong-order":     Kind("a new phase: asks for what belongs to another one", 0.3, EvenLog(0.1, 0.6)),
    "wrong-side":      Kind("opening: names the other side than the order, then the right one", 0.1, Even(1, 1)),
    "stopcock-late":   Kind("opening the stopcock: asks first, opens later", 0.1, EvenLog(0.3, 1.0), EvenLog(1, 10)),
    "comes-back":      Kind("closing: opens another procedure, within minutes", 0.15, Even(1, 1), EvenLog(2, 60)),
    "mistypes":        Kind("coming back: another id for the same person, said only when asked", 0.4, Even(1, 1)),
    "under-wall":      Kind("placing the cannula: the tip comes to lie under the duct's wall", 1.0, Fixed(FALSE_PASSAGE_SHARE)),
    "pain-late":       Kind("pain: the button is pressed late", 0.25, Even(1, 1), EvenLog(5, 30)),
    "pain-unsaid":     Kind("pain: the button is not pressed", 0.15, Even(1, 1)),
}
"""All shares and spans are assumptions."""
# fmt: on
REACTION_S: Final = LogNormal(0.6, 0.4, 0.25, 2.5)
HANDS_S: Final = LogNormal(2.0, 0.4, 1.0, 6.0)
PAIN_KPA: Final = LogNormal(6.0, 0.4, 2.0, 20.0)
"""Duct pressure from which the patient feels pain; assumption, no data exist. A tear hurts."""
PAIN_S: Final = EvenLog(0.5, 2.0)
"""From pain to button, when it is said."""


def draw_shares(chance: random.Random) -> dict[str, float]:
    """How often one person does what; 0 for what they never do."""
    drawn: dict[str, float] = {}
    for name, kind in KINDS.items():
        has, share = chance.random() < kind.people, kind.share.draw(chance)
        drawn[name] = share if has else 0.0
    return drawn
