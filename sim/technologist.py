"""The scripted technologist: looks at snapshots, asks through the API, uses the hands.

Pure: ``look`` gets a snapshot and the time and says what to do now; the world or a client
process carries it out. One small function per phase, each doing at most one thing at a
time and waiting a reaction time in between. A lost permission is armed again at most
five times; an alarm that stopped the procedure is acknowledged and resumed.
"""

from collections.abc import Callable
from typing import Any, Final

from sim.deeds import Bends, Deed, Hand, Order, Request, Snapshot, used_up
from state_machine.profile import Profile

__all__ = ["Deed", "Hand", "Order", "Request", "Snapshot", "Technologist"]

REACTION_NS: Final = 400_000_000
"""Between seeing and doing (assumption; a trained person at a console)."""
HANDS_NS: Final = 1_500_000_000
"""For a thing done with the hands: taking the cannula out, going to the pedal."""
REARM_MOST: Final = 5
REST_NS: Final = 10_000_000_000
"""A line that is not at rest by then is zeroed again (assumption; it relaxes within 3 s)."""
DROP_NL: Final = 500
"""What must have left the tip to be seen (assumption: half of a cubic millimetre)."""

_SLOW: Final = frozenset({"tip", "stopcock"})
"""What takes both hands."""
_SHUT: Final = {"stiffness": "stiffness", "retract": "retract-test"}
"""Tests with the stopcock closed, in their order, and what the motion is for."""


class Technologist:
    """One technologist (who also speaks for the radiologist) through one procedure."""

    def __init__(
        self,
        profile: Profile,
        order: Order,
        reaction_ns: int = REACTION_NS,
        hands_ns: int = HANDS_NS,
    ) -> None:
        """Prepare for a procedure in a room with this profile; times as the constants say."""
        self._reaction_ns = reaction_ns
        self._hands_ns = hands_ns
        self._profile = profile
        self._order = order
        self._number = 0
        self._free_ns = self._now_ns = self._rest_ns = 0
        self._pressed = self._pedal = self._topped_up = False
        self._tip = ""
        self._stopcock_open = True
        self._spilled_nl = self._spilled_before_nl = 0
        self.rearm_count = 0
        self.gave_up = ""
        self.finished = False
        self.refusals: list[str] = []
        self._beat_count = 0
        self.habits: Bends | None = None
        """None = everything is done right, and in time."""

    @property
    def order(self) -> Order:
        """What the procedure is for."""
        return self._order

    @property
    def holds(self) -> bool:
        """The switch is pressed, as far as this person knows."""
        return self._pressed

    def pace(self, reaction_ns: int, hands_ns: int) -> None:
        """Be as quick as that from now on."""
        self._reaction_ns, self._hands_ns = reaction_ns, hands_ns

    def busy(self, until_ns: int) -> None:
        """Do nothing of the script until then."""
        self._free_ns = max(self._free_ns, until_ns)

    def again(self, request: Request) -> Request:
        """The same request once more, under another number."""
        self._number += 1
        return Request({**request.body, "number": self._number})

    def begin_again(self, order: Order) -> None:
        """Another procedure comes after this one."""
        self._order = order
        self._topped_up = self.finished = False
        self.rearm_count = 0
        self.gave_up = ""

    def view(self, shown: Snapshot) -> list[Deed]:
        """What the console in front of a person says by itself: each snapshot it has drawn."""
        if not shown["console"]["required"]:
            return []
        self._beat_count += 1
        beat = self.ask("view", beat=self._beat_count, t_ms=shown["t_ms"], up=True)
        return beat if shown["console"]["on"] else self.ask("console") + beat

    def see(self, spilled_nl: int) -> None:
        """What the eyes see at the tip: how much contrast has left it, into the air."""
        self._spilled_nl = spilled_nl

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """What to do now, having seen this snapshot."""
        deeds = self.act(shown, now_ns)
        if self.habits is not None:
            deeds = self.habits.bend(self, deeds, shown, now_ns)
        return self.view(shown) + deeds

    def act(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """What the person does, who thinks between seeing and doing."""
        if now_ns < self._free_ns or self.finished:
            return []
        self._now_ns = now_ns
        deeds = self._reactions(shown)
        if not deeds:
            deeds = self.in_phase(shown)
        if deeds:
            hands = any(isinstance(deed, Hand) and deed.name in _SLOW for deed in deeds)
            self._free_ns = now_ns + (self._hands_ns if hands else self._reaction_ns)
        return deeds

    def in_phase(self, shown: Snapshot) -> list[Deed]:
        """What the script has for the phase."""
        return _SCRIPT.get(shown["phase"], _wait)(self, shown)

    def hear(self, reply: dict[str, Any]) -> None:
        """An answer to a request."""
        self.refusals += list(reply.get("refusals", ()))

    # --- small helps ------------------------------------------------------------------------

    def ask(self, request: str, **fields: Any) -> list[Deed]:
        """One request as the technologist."""
        return [self._request(request, "T. Technologist", "technologist", fields)]

    def ask_as_radiologist(self, request: str, **fields: Any) -> list[Deed]:
        """One request as the performing radiologist."""
        return [self._request(request, "R. Radiologist", "radiologist", fields)]

    def _request(self, request: str, by: str, role: str, fields: dict[str, Any]) -> Request:
        self._number += 1
        said = {"request": request, "by": by, "role": role, "number": self._number}
        return Request(said | fields)

    def go_on(self, shown: Snapshot, event: str) -> list[Deed]:
        """Take a workflow event as soon as nothing is missing."""
        if shown["ways"].get(event, ["?"]):
            return []
        return self.ask("do", event=event)

    def switch(self, pressed: bool) -> list[Deed]:
        """Press or release the hold switch, if it is not so already."""
        if self._pressed == pressed:
            return []
        self._pressed = pressed
        return [Hand("hold", pressed)]

    def tip(self, where: str) -> list[Deed]:
        """Bring the tip somewhere, if it is not there already."""
        if self._tip == where:
            return []
        self._tip = where
        return [Hand("tip", where)]

    def stopcock(self, opened: bool) -> list[Deed]:
        """Turn the stopcock, if it is not so already."""
        if self._stopcock_open == opened:
            return []
        self._stopcock_open = opened
        return [Hand("stopcock", "open" if opened else "closed")]

    def _reactions(self, shown: Snapshot) -> list[Deed]:
        """What is done in any phase: let go of a dead switch, acknowledge an alarm."""
        if self._pressed and shown["hold"]["phase"] in ("closed", "lift"):
            return self.switch(False)
        loud = [a for a in shown["alarms"] if not a["acknowledged"] and a["priority"] != "low"]
        if loud:
            return self.ask("acknowledge", alarm=loud[0]["name"])
        return []

    # --- the procedure, phase by phase --------------------------------------------------------

    def standby(self, _shown: Snapshot) -> list[Deed]:
        """Open the procedure."""
        order = self._order
        return self.ask(
            "open-case",
            patient_id=order.patient_id,
            patient_name=order.patient_name,
            birth_date="1970-01-01",
            accession="A-1",
            side=order.side,
            ordered_side=order.side,
            ordered_nl=order.ordered_nl,
            performer="R. Radiologist",
            assistant="T. Technologist",
            same_patient_as=order.same_patient_as,
        )

    def checklist(self, shown: Snapshot) -> list[Deed]:
        """Answer truthfully; this patient has no contraindication."""
        answered = set(shown["case"]["answered"])
        for item in self._profile.checklist:
            if item.key not in answered:
                return self.ask("answer", item=item.key, answer=item.safe_answer)
        return self.go_on(shown, "checked")

    def set_up(self, shown: Snapshot) -> list[Deed]:
        """Mount syringe and cannula, power the pump, wait for the devices."""
        order, profile = self._order, self._profile
        if self._tip != "out":
            return self.tip("out")
        self._spilled_before_nl = self._spilled_nl
        if shown["line"]["nominal_pa_s_ul"] == 0:
            syringe = order.syringe or profile.syringes[0].name
            volume_nl = next(s.capacity_nl for s in profile.syringes if s.name == syringe)
            return self.ask(
                "set-up-room",
                contrast=order.contrast or profile.contrasts[0].name,
                lot="LOT-1",
                temperature_mc=0 if profile.temperature_sensor else 37_000,
                syringe=syringe,
                cannula=order.cannula or profile.cannulas[0].name,
                volume_nl=volume_nl,
            )
        box = shown["devices"]["room"]
        if box["owned"] and not box["relay_closed"]:
            return self.ask("confirm-reclose", cannula_out=True)
        return self.go_on(shown, "set-up")

    def prime(self, shown: Snapshot) -> list[Deed]:
        """Zero, prime, push against the closed stopcock, take it back, measure the open tip.

        A test that failed is left alone: what to do about it is for people to decide.
        """
        line, hold = shown["line"], shown["hold"]["phase"]
        tests = {test["name"]: test["passed"] for test in line["tests"]}
        if not line["zeroed"]:
            return self.ask("zero")
        if hold == "open" and "first-drop" not in tests and self._drop_shows():
            return self.ask("first-drop")
        if hold == "ready":
            return self.switch(True)
        if hold != "closed":
            return []
        failed = {name for name, passed in tests.items() if not passed}
        if failed - {"zero-drift"}:
            return []
        restless = any("at rest is not zero" in words for words in shown["ways"]["primed"])
        # the controller counts the stopcock as closed until the open tip is said
        drifted = bool(failed) and ("stiffness" not in tests or line["resistance_pa_s_ul"] > 0)
        if self._stopcock_open and (drifted or restless):
            return self._zero_again()  # also: what stands in the line now would be shut in
        self._rest_ns = 0
        if not line["primed"]:
            return self.ask("tip-out", purpose="prime")
        if not line["resistance_pa_s_ul"]:
            return self._next_test(tests)
        return self.go_on(shown, "primed")

    def _next_test(self, tests: dict[str, bool]) -> list[Deed]:
        """Two with the stopcock closed, then the open tip."""
        if not _SHUT.keys() <= tests.keys():
            purpose = next(_SHUT[test] for test in _SHUT if test not in tests)
            return self.stopcock(False) or self.ask(
                "tip-out", purpose=purpose, stopcock_closed=True
            )
        return self.stopcock(True) or self.ask("tip-out", purpose="open-tip")

    def _zero_again(self) -> list[Deed]:
        """A line that does not come to rest at zero was zeroed while something stood in it."""
        self._rest_ns = self._rest_ns or self._now_ns
        if self._now_ns - self._rest_ns < REST_NS:
            return []
        self._rest_ns = 0
        return self.ask("zero")

    def _drop_shows(self) -> bool:
        return self._spilled_nl - self._spilled_before_nl >= DROP_NL

    def locate(self, shown: Snapshot) -> list[Deed]:
        """Name the duct."""
        return self.ask("choose-duct", clock_h=9, orifice=shown["duct"]["number"])

    def cannulate(self, _shown: Snapshot) -> list[Deed]:
        """Place the cannula, then say so."""
        placed = self.tip("duct")
        return placed or self.ask_as_radiologist("cannulate", difficult=self._order.difficult)

    def arm(self, shown: Snapshot) -> list[Deed]:
        """First deliberate step; give up after too many lost permissions."""
        if self.rearm_count > REARM_MOST:
            self.gave_up = f"armed {self.rearm_count} times: {shown['hold']['why']}"
            return self.ask("do", event="done")
        asked = self.go_on(shown, "arm")
        self.rearm_count += bool(asked)
        return asked

    def confirm(self, shown: Snapshot) -> list[Deed]:
        """Second deliberate step: repeat the plan."""
        return self.ask("confirm-arm", plan=shown["plan"])

    def press(self, shown: Snapshot) -> list[Deed]:
        """Hold to inject; at a checkpoint the reaction above lets go first."""
        return self.switch(True) if shown["hold"]["phase"] == "ready" else []

    def settle(self, shown: Snapshot) -> list[Deed]:
        """Wait for the pressure."""
        if shown["order"] == "sealed-pore" and not shown["ways"].get("sealed", ["?"]):
            return self.tip("out") or self.go_on(shown, "sealed")
        return self.go_on(shown, "settled")

    def compress(self, shown: Snapshot) -> list[Deed]:
        """Choose the view, press the pedal until the paddle holds, confirm."""
        if shown["exposure"]["view"] == "NONE":
            made = shown["exposure"]["made_count"]
            views = self._order.views
            return self.ask("select-view", view=views[min(made, len(views) - 1)])
        held = shown["devices"]["mammograph"]["paddle"] == "HOLDING"
        if held and self._pedal:
            self._pedal = False
            return [Hand("compress_pedal", False)]
        if held:
            return self.go_on(shown, "compressed")
        if not self._pedal:
            self._pedal = True
            return [Hand("compress_pedal", True)]
        return []

    def expose(self, shown: Snapshot) -> list[Deed]:
        """Arm the exposure when nothing is missing."""
        return self.go_on(shown, "arm-exposure")

    def hold_exposure(self, shown: Snapshot) -> list[Deed]:
        """Hold to expose once the unit is ready."""
        if shown["devices"]["mammograph"]["unit_state"] == "READY":
            return self.switch(True)
        return []

    def review(self, shown: Snapshot) -> list[Deed]:
        """Look at the image; next view, top-up, next duct or done."""
        if shown["exposure"]["made_count"] < len(self._order.views):
            return self.go_on(shown, "next-view")
        if self._order.top_up and not self._topped_up and not used_up(shown, "top-up"):
            asked = self.go_on(shown, "top-up")
            self._topped_up = bool(asked)
            return asked
        if shown["duct"]["number"] < self._order.ducts and not used_up(shown, "next-duct"):
            return self.tip("out") or self.go_on(shown, "next-duct")
        return self.go_on(shown, "done")

    def decannulate(self, shown: Snapshot) -> list[Deed]:
        """Take the cannula out, then say so."""
        return self.tip("out") or self.go_on(shown, "decannulated")

    def stopped(self, shown: Snapshot) -> list[Deed]:
        """Alarms are acknowledged above; go on, as the radiologist, when possible."""
        missing = shown["ways"].get("resume", ["?"])
        if any("radiologist" not in words for words in missing):
            return []
        return self.ask_as_radiologist("do", event="resume")

    def after(self, shown: Snapshot) -> list[Deed]:
        """Hand over the sheet."""
        return self.go_on(shown, "aftercare-given")

    def closed(self, _shown: Snapshot) -> list[Deed]:
        """Close the procedure: done."""
        self.finished = True
        return self.ask("do", event="close")


def _wait(_who: Technologist, _shown: Snapshot) -> list[Deed]:
    return []


_SCRIPT: Final[dict[str, Callable[[Technologist, Snapshot], list[Deed]]]] = {
    "standby": Technologist.standby,
    "checklist": Technologist.checklist,
    "set-up": Technologist.set_up,
    "prime-and-zero": Technologist.prime,
    "locate-duct": Technologist.locate,
    "cannulate": Technologist.cannulate,
    "arm": Technologist.arm,
    "arm-confirm": Technologist.confirm,
    "armed": Technologist.press,
    "injecting": _wait,
    "holding": Technologist.press,
    "settle": Technologist.settle,
    "compression": Technologist.compress,
    "exposure": Technologist.expose,
    "exposure-armed": Technologist.hold_exposure,
    "review": Technologist.review,
    "decannulate": Technologist.decannulate,
    "aftercare": Technologist.after,
    "closed": Technologist.closed,
    "stopped": Technologist.stopped,
}
