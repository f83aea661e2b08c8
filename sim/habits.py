"""People as they are: slow, hesitant, early, twice, late, in the wrong order; drawn from a seed.

Without habits the scripted technologist does everything right and in time. ``Habits`` stand
between what the script wants to do and what is done (``Technologist.habits``); each deviation
says when it acted. What they do how often is in ``sim/people.py``.
"""

import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sim.people import HANDS_S, KINDS, PAIN_KPA, PAIN_S, REACTION_S, draw_shares
from sim.technologist import Deed, Hand, Order, Request, Snapshot, Technologist

_S: Final = 1_000_000_000
_MS: Final = 1_000_000
_TWICE_NS: Final = (60 * _MS, 200 * _MS)
_PAIN_PRESSED_NS: Final = _S
_TRIES_MOST: Final = 4
"""Times that somebody who comes back tries to open the procedure."""


_EVENTS: Final = ("arm", "arm-exposure", "compressed", "decannulated", "settled", "next-duct")
_ASKED: Final[tuple[dict[str, Any], ...]] = (
    *({"request": "do", "event": event} for event in _EVENTS),
    {"request": "confirm-arm", "plan": 1},
    {"request": "tip-out", "purpose": "prime"},
    {"request": "cannulate"},
)
"""What may be asked at the wrong time; none of it ends a procedure."""
_OWN: Final[dict[str, tuple[str, ...]]] = {
    "confirm-arm": ("arm-confirm",),
    "tip-out": ("prime-and-zero",),
    "cannulate": ("cannulate",),
}
"""Phases in which such a request is in order."""


class Deviation(NamedTuple):
    """One thing that was not done as told."""

    at_ns: int
    kind: str
    words: str


class Habits:
    """The habits of one technologist and one patient."""

    def __init__(self, chance: random.Random, shares: dict[str, float] | None = None) -> None:
        """Draw them.

        Args:
            chance: of this person alone; every later draw comes from it.
            shares: what to do at which share of the opportunities, instead of drawing that.
        """
        self.shares = draw_shares(chance) if shares is None else shares
        self.deviated: list[Deviation] = []
        """What was really done otherwise, in order."""
        self.pain_kpa = PAIN_KPA.draw(chance)
        self.pain_ns = 0
        """When the patient first felt pain; 0 = not yet."""
        self._chance = chance
        self._torn = self._hurts = False
        self._phase = ""
        self._release_ns = 0
        self._pressed_ns = 0
        self._first: Order | None = None
        self._tries = 0

    def feel(self, duct_kpa: float, torn: bool) -> None:
        """What the patient feels now."""
        tears, self._torn = torn and not self._torn, torn
        self._hurts = self._hurts or tears or duct_kpa > self.pain_kpa

    def bend(
        self, who: Technologist, deeds: list[Deed], shown: Snapshot, now_ns: int
    ) -> list[Deed]:
        """What is really done, when the script wants to do ``deeds``."""
        who.pace(round(REACTION_S.draw(self._chance) * _S), round(HANDS_S.draw(self._chance) * _S))
        done: list[Deed] = []
        for deed in (*deeds, *self._out_of_turn(who, shown, now_ns, idle=not deeds)):
            done += self._bent(who, deed, now_ns)
        last_ns = max((deed.after_ns for deed in done), default=0)
        if last_ns:
            who.busy(now_ns + last_ns + 100 * _MS)
        return done + self._pain(now_ns)

    # --- small helps ------------------------------------------------------------------------

    def _strikes(self, kind: str) -> bool:
        share = self.shares.get(kind, 0.0)
        return bool(share) and self._chance.random() < share

    def _span_ns(self, kind: str) -> int:
        span_s = KINDS[kind].span_s
        return round(span_s.draw(self._chance) * _S) if span_s else 0

    def _tell(self, now_ns: int, kind: str, words: str) -> None:
        self.deviated.append(Deviation(now_ns, kind, words))

    # --- instead of what the script does ------------------------------------------------------

    def _bent(self, who: Technologist, deed: Deed, now_ns: int) -> list[Deed]:
        if isinstance(deed, Hand):
            return self._hand(deed, now_ns)
        request = deed.body["request"]
        if request == "open-case":
            deed = self._opened(deed, now_ns)
        elif request == "do" and deed.body["event"] == "close":
            self._come_back(who, now_ns)
        elif request == "acknowledge" and self._strikes("leaves-alarm"):
            return [self._later(deed, "leaves-alarm", now_ns, deed.body["alarm"])]
        if self._strikes("clicks-twice"):
            self._tell(now_ns, "clicks-twice", request)
            return [deed, who.again(deed)._replace(after_ns=self._chance.randint(*_TWICE_NS))]
        if self._strikes("hesitates"):
            return [self._later(deed, "hesitates", now_ns, request)]
        return [deed]

    def _hand(self, deed: Hand, now_ns: int) -> list[Deed]:
        if deed.name == "hold" and deed.value:
            return self._press(deed, now_ns)
        if deed.name == "hold" and self._strikes("keeps-pressing"):
            return [self._later(deed, "keeps-pressing", now_ns, "hold")]
        if deed == Hand("stopcock", "open") and self._strikes("stopcock-late"):
            return [self._later(deed, "stopcock-late", now_ns, "closed for longer")]
        if deed == Hand("tip", "duct") and self._strikes("under-wall"):
            self._tell(now_ns, "under-wall", "false passage")
            return [Hand("tip", "wall")]
        if deed.name != "hold" and self._strikes("hesitates"):
            return [self._later(deed, "hesitates", now_ns, deed.name)]
        return [deed]

    def _press(self, deed: Hand, now_ns: int) -> list[Deed]:
        self._release_ns = 0
        self._pressed_ns = now_ns
        if not self._strikes("presses-twice"):
            return [deed]
        self._tell(now_ns, "presses-twice", "hold")
        off_ns = self._chance.randint(*_TWICE_NS)
        on_ns = off_ns + self._chance.randint(*_TWICE_NS)
        return [deed, Hand("hold", False, off_ns), Hand("hold", True, on_ns)]

    def _later(self, deed: Any, kind: str, now_ns: int, words: str) -> Deed:
        after_ns = self._span_ns(kind)
        self._tell(now_ns, kind, f"{words}, {after_ns / _S:.1f} s later")
        later: Deed = deed._replace(after_ns=after_ns)
        return later

    def _opened(self, deed: Request, now_ns: int) -> Request:
        body = dict(deed.body)
        if self._strikes("wrong-side"):
            self.shares["wrong-side"] = 0.0  # once: the refusal is read
            body["side"] = "R" if body["ordered_side"] == "L" else "L"
            self._tell(now_ns, "wrong-side", body["side"])
        if self._first is not None:
            self._tries += 1
            if self._tries > 1:  # the question was read
                body["same_patient_as"] = self._first.patient_id
        return deed._replace(body=body)

    def _come_back(self, who: Technologist, now_ns: int) -> None:
        """The order of another procedure, for the same person or the next one."""
        if self._first is not None or not self._strikes("comes-back"):
            return
        self._first = who.order
        after_ns = self._span_ns("comes-back")
        again = who.order._replace(ordered_nl=20_000, views=(), top_up=False, ducts=1)
        if self._strikes("mistypes"):
            again = again._replace(patient_id=f"{who.order.patient_id}-", same_patient_as="")
            self._tell(now_ns, "mistypes", again.patient_id)
        self._tell(now_ns, "comes-back", f"{after_ns / _S:.1f} s later")
        who.begin_again(again)
        who.busy(now_ns + after_ns)

    # --- besides what the script does -----------------------------------------------------------

    def _out_of_turn(
        self, who: Technologist, shown: Snapshot, now_ns: int, idle: bool
    ) -> Sequence[Deed]:
        phase = shown["phase"]
        entered, self._phase = phase != self._phase, phase
        if self._first is not None and self._tries >= _TRIES_MOST and phase == "standby":
            who.finished = True  # not let in again
        if phase == "injecting" and who.holds:
            return self._let_go(who, now_ns)
        if entered and idle and self._strikes("wrong-order"):
            return self._ask_wrongly(who, shown, now_ns)
        return ()

    def _let_go(self, who: Technologist, now_ns: int) -> Sequence[Deed]:
        if not self._release_ns:
            early = self._strikes("releases-early")
            after_ns = self._span_ns("releases-early") if early else 10**15
            self._release_ns = now_ns + after_ns
        if now_ns < self._release_ns:
            return ()
        self._tell(now_ns, "releases-early", f"{(now_ns - self._pressed_ns) / _S:.1f} s held")
        self._release_ns = 0
        return who.switch(False)

    def _ask_wrongly(self, who: Technologist, shown: Snapshot, now_ns: int) -> Sequence[Deed]:
        phase, ways = shown["phase"], shown["ways"]
        wrong = [
            asked
            for asked in _ASKED
            if asked.get("event", "") not in ways and phase not in _OWN.get(asked["request"], ())
        ]
        body = dict(self._chance.choice(wrong))
        self._tell(now_ns, "wrong-order", f"{body.get('event', body['request'])} in {phase}")
        return who.ask(body.pop("request"), **body)

    def _pain(self, now_ns: int) -> list[Deed]:
        """Once in a procedure: said at once, late, or not at all."""
        if not self._hurts or self.pain_ns:
            return []
        self.pain_ns = now_ns
        if self._strikes("pain-unsaid"):
            self._tell(now_ns, "pain-unsaid", "the button is not pressed")
            return []
        after_ns = round(PAIN_S.draw(self._chance) * _S)
        if self._strikes("pain-late"):
            after_ns = self._span_ns("pain-late")
            self._tell(now_ns, "pain-late", f"pressed {after_ns / _S:.1f} s later")
        off_ns = after_ns + _PAIN_PRESSED_NS
        return [Hand("pain", True, after_ns), Hand("pain", False, off_ns)]
