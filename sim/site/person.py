"""The technologist of a site: quick, through many procedures, and mends what was stopped.

What the scripted technologist does not need in a procedure that goes well: giving a tripped
pump its power back (stopcock closed meanwhile), and the confirmation after a restart.
"""

from collections.abc import Callable
from typing import Final

from sim.technologist import Deed, Hand, Order, Snapshot, Technologist
from state_machine.profile import Profile

_QUICK_NS: Final = 20_000_000
_HANDS_NS: Final = 50_000_000
_SHUT_IN_COUNT: Final = 3
"""Refusals in a row after which a person looks at the stopcock."""
ORDERED_NL: Final = 190_000
"""Below the default limit of one injection; long enough for several failures in a row."""


class Person(Technologist):
    """One technologist at one site, who wants no images."""

    def __init__(self, profile: Profile) -> None:
        """Begin with the first patient."""
        super().__init__(profile, Order(), _QUICK_NS, _HANDS_NS)
        self._patient_count = 0
        self.next_patient()

    def next_patient(self) -> None:
        """Another patient, so that nothing of an earlier procedure counts."""
        self._patient_count += 1
        self._order = Order(
            ordered_nl=ORDERED_NL,
            patient_id=f"SIM-{self._patient_count:04d}",
            same_patient_as="none",
        )
        self.finished = False
        self._line_mounted = False
        self.fresh_try()

    def fresh_try(self) -> None:
        """Count arming again from here."""
        self.rearm_count = 0
        self.gave_up = ""
        self._replugged = False

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """What to do now; after a procedure comes the next one."""
        if self.finished and shown["phase"] == "standby":
            self.next_patient()
        elif shown["phase"] == "recovery":
            self.finished = False  # its end was asked for, and the controller died before
        return super().look(shown, now_ns)

    def in_phase(self, shown: Snapshot) -> list[Deed]:
        """The script, and what it lacks."""
        own = _OWN.get(shown["phase"])
        return own(self, shown) if own else super().in_phase(shown)

    def recovery(self, shown: Snapshot) -> list[Deed]:
        """After a restart: hands off the switch, power with the stopcock closed, confirm.

        A controller that died between thought and press leaves a foot on the switch of which
        this person knows nothing until the screen says so.
        """
        self._pressed = self._pressed or shown["hold"]["pressed"]
        mended = self.switch(False) or self._powered(shown)
        if mended or shown["ways"].get("recovered", ["?"]):
            return mended
        return self.ask_as_radiologist("do", event="recovered")

    def mend(self, shown: Snapshot) -> list[Deed]:
        """Hands off the switch, power back, then as ever."""
        return self.switch(False) or self._powered(shown) or self.stopped(shown)

    def take_out(self, shown: Snapshot) -> list[Deed]:
        """The pump must be proven to stand, so it needs its power here too."""
        return self._powered(shown) or self.decannulate(shown)

    def mount(self, shown: Snapshot) -> list[Deed]:
        """A line that is full but for what this site says is its dead space; then as ever."""
        if self._line_mounted:
            return self.set_up(shown)
        self._line_mounted = True
        return [Hand("unfilled_nl", self._profile.line_dead_space_nl)]

    def prime_or_mount(self, shown: Snapshot) -> list[Deed]:
        """A self-test that failed, or a first drop that was missed, is begun anew.

        A controller that died in mid push leaves pressure behind the closed stopcock, which is
        refused again and again: it is let out, and the line comes to rest.
        """
        again = self.refusals[-_SHUT_IN_COUNT:]
        if len(again) == _SHUT_IN_COUNT and all("at rest is not zero" in one for one in again):
            self.refusals.clear()
            return self.stopcock(True)
        if any("Push again" in one for one in self.refusals[-1:]):
            # the retract test was cut short with nothing left to take back
            self.refusals.clear()
            return self.stopcock(False) + self.ask(
                "tip-out", purpose="stiffness", stopcock_closed=True
            )
        tests = {test["name"]: test["passed"] for test in shown["line"]["tests"]}
        missed = shown["line"]["primed"] and "first-drop" not in tests
        if all(tests.values()) and not missed:
            return self.prime(shown)
        opened = self.switch(False) or self.stopcock(True)
        if opened or shown["ways"].get("mount-anew", ["?"]):
            return opened
        self._line_mounted = False
        return self.ask("do", event="mount-anew")

    def arm_again(self, shown: Snapshot) -> list[Deed]:
        """Arm; give up a duct that has had its share; plug a slow line in anew, once."""
        missing = " ".join(shown["ways"].get("arm", ()))
        if "left for this duct" in missing or "has had its" in missing:
            return self.go_on(shown, "done")
        if "too slowly" in missing and not self._replugged:
            self._replugged = True
            return [Hand("pump_cable", "out"), Hand("pump_cable", "in")]
        return self.arm(shown)

    def done(self, _shown: Snapshot) -> list[Deed]:
        """No images: the procedure ends here."""
        return self.ask_as_radiologist("do", event="abort")

    def _powered(self, shown: Snapshot) -> list[Deed]:
        """Give the pump its power back behind a closed stopcock, then open that again."""
        box = shown["devices"]["room"]
        if box["link"] != "up" or not box["owned"]:
            return []
        if not box["relay_closed"] or box["stop_line"]:
            return self.stopcock(False) or self.ask("confirm-reclose", stopcock_closed=True)
        return self.stopcock(True)


_OWN: Final[dict[str, Callable[[Person, Snapshot], list[Deed]]]] = {
    "set-up": Person.mount,
    "prime-and-zero": Person.prime_or_mount,
    "recovery": Person.recovery,
    "stopped": Person.mend,
    "decannulate": Person.take_out,
    "settle": Person.done,
    "arm": Person.arm_again,
}
