"""The scripted person who does the daily check: looks at snapshots, uses hands and voice.

Pure, like the scripted technologist: ``look`` says what to do now, the world carries it out.
One deed per part of the check; a thing that is broken in the room stays the room's affair.
"""

from typing import Any, Final

from sim.technologist import HANDS_NS, REACTION_NS, Deed, Hand, Request, Snapshot
from state_machine.profile import Profile

PERSON: Final = "T. Technologist"

_HANDS: Final[dict[str, tuple[str, bool]]] = {
    "hold-switch/press": ("hold", True),
    "hold-switch/release": ("hold", False),
    "pain-button/press": ("pain", True),
    "pain-button/release": ("pain", False),
    "safe-mode/stand": ("hold", False),
    "box-watchdog/power": ("hold", False),
    "emergency-stop/press": ("emergency_stop", True),
    "emergency-stop/release": ("emergency_stop", False),
}
"""Part of the check: what is done with the hands."""


class Checker:
    """One person through one daily check."""

    def __init__(self, profile: Profile, syringe: str = "", hears: bool = True) -> None:
        """Prepare; ``hears``: what is said about the sounder."""
        self._syringe = syringe or profile.syringes[0].name
        self._hears = hears
        self._number = 0
        self._free_ns = 0
        self._done: set[str] = set()
        self.began = False
        self.under_way = False
        self.refusals: list[str] = []

    def finished(self, shown: Snapshot) -> bool:
        """The check was seen under way, and is over."""
        return self.under_way and not shown["daily_check"]["step"]

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """What to do now, having seen this snapshot."""
        if now_ns < self._free_ns:
            return []
        deeds = self._deeds(shown)
        if deeds:
            hands = any(isinstance(deed, Hand) for deed in deeds)
            self._free_ns = now_ns + (HANDS_NS if hands else REACTION_NS)
        return deeds

    def hear(self, reply: dict[str, Any]) -> None:
        """An answer to a request."""
        self.refusals += list(reply.get("refusals", ()))

    def _deeds(self, shown: Snapshot) -> list[Deed]:
        check = shown["daily_check"]
        self.under_way = self.under_way or bool(check["step"])
        if not check["step"]:
            return [] if self.began else self._begin(shown)
        part = f"{check['step']}/{check['part']}"
        if part in _HANDS:
            return self._once(part, Hand(*_HANDS[part]))
        if check["asks"] == "tip-out":
            return self._drop(part, shown)
        if check["asks"] == "confirm-reclose":
            return self._power(shown)
        if check["asks"] == "sounder-heard":
            return self._once(part, self._ask("sounder-heard", heard=self._hears))
        return []

    def _begin(self, shown: Snapshot) -> list[Deed]:
        ready = shown["devices"]["room"]["owned"] and shown["devices"]["line"]["link"] == "up"
        if not ready:
            return []
        self.began = True
        begun = self._ask("daily-check", syringe=self._syringe, tip_out=True, room_empty=True)
        return [Hand("tip", "out"), begun]

    def _power(self, shown: Snapshot) -> list[Deed]:
        """Acknowledge what is in the way, then give the permit, once it is seen to be missing."""
        loud = [a for a in shown["alarms"] if not a["acknowledged"] and a["priority"] != "low"]
        if loud:
            return [self._ask("acknowledge", alarm=loud[0]["name"])]
        box = shown["devices"]["room"]
        if box["relay_closed"] and box["trip_cause"] == "NONE":
            return []
        return [self._ask("confirm-reclose", cannula_out=True)]

    def _drop(self, part: str, shown: Snapshot) -> list[Deed]:
        if shown["hold"]["phase"] == "ready":
            return self._once(part, Hand("hold", True))
        if shown["hold"]["phase"] == "closed" and part not in self._done:
            return [self._ask("tip-out", purpose="daily-check")]
        return []

    def _once(self, part: str, deed: Deed) -> list[Deed]:
        if part in self._done:
            return []
        self._done.add(part)
        return [deed]

    def _ask(self, request: str, **fields: Any) -> Request:
        self._number += 1
        said = {"request": request, "by": PERSON, "role": "technologist", "number": self._number}
        return Request({**said, **fields})
