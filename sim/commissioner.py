"""The scripted person who commissions a simulated room: hands in the room, yes to what is right.

Knows the steps by their keys, never by their words; what is broken in the room stays the
room's affair, and a question about what can be seen is answered by what is so.
"""

from collections.abc import Callable
from typing import Final

Hand = Callable[[str, bool | int | str], None]

_HANDS: Final[dict[str, tuple[tuple[str, bool | int | str], ...]]] = {
    "hold-switch/press": (("hold", True),),
    "hold-switch/release": (("hold", False),),
    "pain-button/press": (("pain", True),),
    "pain-button/release": (("pain", False),),
    "door/press": (("door", "open"),),
    "door/release": (("door", "closed"),),
    "emergency-stop/press": (("emergency_stop", True),),
    "emergency-stop/release": (("emergency_stop", False),),
    "stop/release": (("hold", False),),
    "check/hold-switch/press": (("hold", True),),
    "check/hold-switch/release": (("hold", False),),
    "check/pain-button/press": (("pain", True),),
    "check/pain-button/release": (("pain", False),),
    "check/safe-mode/motion/press": (("hold", True),),
    "check/safe-mode/stand": (("hold", False),),
    "check/box-watchdog/motion/press": (("hold", True),),
    "check/box-watchdog/power": (("hold", False),),
    "check/emergency-stop/press": (("emergency_stop", True),),
    "check/emergency-stop/release": (("emergency_stop", False),),
}
_ANSWERS: Final = {"pressure-switch/opened": "130"}


class Commissioner:
    """One person through one commissioning."""

    def __init__(
        self, hand: Hand, refuses: frozenset[str] = frozenset(), again_count: int = 0
    ) -> None:
        """Prepare.

        Args:
            hand: does something in the room.
            refuses: keys that are answered with no.
            again_count: how often in all a step that was not passed is tried once more.
        """
        self._again_count = again_count
        self._hand = hand
        self._refuses = refuses
        self.told: list[tuple[str, str]] = []
        self.asked: list[tuple[str, str]] = []
        hand("tip", "out")

    def tell(self, key: str, words: str) -> None:
        """Do with the hands what is asked for."""
        self.told.append((key, words))
        for name, value in _HANDS.get(key, ()):
            self._hand(name, value)

    def ask(self, key: str, question: str) -> str:
        """Yes, but to what is refused."""
        self.asked.append((key, question))
        if key in _ANSWERS:
            return _ANSWERS[key]
        if key.endswith("/again"):
            self._again_count -= 1
            return "y" if self._again_count >= 0 else "n"
        return "n" if key in self._refuses else "y"
