"""The person of a campaign: through the whole procedure, images included, and never for ever.

As the technologist of a site, who mends what was stopped; what a fault leaves no way out of is
given up after a while (the radiologist aborts), so that a run ends and another can be begun.
"""

import random
from typing import Any, Final

from sim.site.person import Person
from sim.technologist import HANDS_NS, REACTION_NS, Deed, Order, Snapshot
from state_machine.profile import Profile

AFTER_NL: Final = 20_000
"""Ordered for whoever comes after the first patient: enough to see that the room works."""
_PATIENCE_NS: Final = 25_000_000_000
"""Nothing has changed for so long (assumption): longer than a checkpoint's flow lasts."""
_STUCK_NS: Final = 90_000_000_000
"""In one phase, whatever changes in it; longer than self-tests take."""
_MOUNTS_MOST: Final = 4
"""Times that somebody mounts anew what does not pass its self-tests (assumption)."""
_REACTION_NS: Final = (250_000_000, 900_000_000)
_HANDS_NS: Final = (1_000_000_000, 3_000_000_000)
_OVER: Final = frozenset({"aftercare", "closed", "standby", "decannulate"})
_OUT: Final = {
    "suspected-extravasation": "decannulated",
    "medical-emergency": "decannulated",
}


class Campaigner(Person):
    """One technologist who sees a room through a run."""

    def __init__(self, profile: Profile, order: Order) -> None:
        """Begin with a first patient, for this order."""
        self._first: Order | None = order
        self.patients_done = 0
        super().__init__(profile)
        self._reaction_ns, self._hands_ns = REACTION_NS, HANDS_NS
        self.resting = False
        self.gave_up_first = False
        """The first procedure was ended before its end."""
        self.gave_up_after = False
        """The next one was."""
        self._phase = ""
        self._mounted_count = 0
        self._phase_ns = self._same_ns = 0
        self._same: Any = None

    def next_patient(self) -> None:
        """The first one as ordered; then others."""
        super().next_patient()
        if self._first is not None:
            self._order, self._first = self._first, None
        else:
            self.patients_done += 1
            self._order = self._order._replace(ordered_nl=AFTER_NL, views=())
            self._mounted_count = 0
            self.habits = None  # whether the room goes on is not asked of somebody's habits
            self._reaction_ns, self._hands_ns = REACTION_NS, HANDS_NS
            self._phase_ns = self._same_ns = self._now_ns

    def fresh_try(self) -> None:
        """Nobody plugs a line in anew here: what is slow gets time."""
        super().fresh_try()
        self._replugged = True

    @property
    def means_to_hold(self) -> bool:
        """The person believes to be pressing the switch."""
        return self._pressed

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """As at a site; hands off at the end of a run."""
        if self.resting:
            return self.switch(False)
        return super().look(shown, now_ns)

    def act(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """As ever; what leads nowhere is given up."""
        if self._kept(shown, now_ns) and now_ns >= self._free_ns:
            self._phase_ns = self._same_ns = now_ns
            self._free_ns = now_ns + self._reaction_ns
            self._now_ns = now_ns
            return self.switch(False) or self.give_up(shown)
        return super().act(shown, now_ns)

    def in_phase(self, shown: Snapshot) -> list[Deed]:
        """The images are made, too."""
        phase = shown["phase"]
        if phase == "settle" and self._order.views:
            return self.settle(shown)
        if phase in _OUT:
            return self.switch(False) or self.tip("out") or self.go_on(shown, _OUT[phase])
        return super().in_phase(shown)

    def busy(self, until_ns: int) -> None:
        """What takes long because the person is slow is no reason to give up."""
        super().busy(until_ns)
        self._same_ns = max(self._same_ns, until_ns)
        self._phase_ns = max(self._phase_ns, until_ns - _STUCK_NS // 2)

    def give_up(self, shown: Snapshot) -> list[Deed]:
        """End the procedure from where it stands."""
        if self.patients_done:
            self.gave_up_after = True
        else:
            self.gave_up_first = True
        self.gave_up = self.gave_up or f"in {shown['phase']}: {shown['hold']['why']}"
        return self.ask_as_radiologist("do", event="abort")

    def spread(self, chance: random.Random) -> None:
        """Be quicker or slower than others (assumption)."""
        self._reaction_ns = chance.randint(*_REACTION_NS)
        self._hands_ns = chance.randint(*_HANDS_NS)

    def restarted(self) -> None:
        """Another controller is there: what one believes of the hands holds, requests do not."""
        self._same = None

    def _kept(self, shown: Snapshot, now_ns: int) -> bool:
        """Nothing goes on in a phase from which there is more to come."""
        phase = shown["phase"]
        if phase != self._phase:
            self._mounted_count += phase == "set-up"
            self._phase, self._phase_ns = phase, now_ns
        if phase == "set-up" and self._mounted_count > _MOUNTS_MOST:
            return True
        line, volume_nl = shown["line"], shown["volume"]["high_nl"]
        same = (phase, shown["hold"]["phase"], volume_nl, line["zeroed"], line["primed"])
        if same != self._same:
            self._same, self._same_ns = same, now_ns
        if phase in _OVER or phase in _OUT:
            return False
        return now_ns - self._same_ns > _PATIENCE_NS or now_ns - self._phase_ns > _STUCK_NS
