"""How often a PIN may be tried: three at once, then a delay that doubles with each.

Counted per user by boot time; a right PIN forgets them. Names that do not exist share one
count, so that nobody can fill the memory with made-up names. A restart forgets all counts:
who can restart the controller can also read the file.
"""

from typing import Final

from state_machine.units import NS_PER_S

FREE_COUNT: Final = 3
"""Wrong tries without a delay: fingers slip (assumption)."""
FIRST_DELAY_NS: Final = 30 * NS_PER_S
MOST_DELAY_NS: Final = 3_600 * NS_PER_S


class Tries:
    """Wrong tries of each user."""

    def __init__(self) -> None:
        """Nobody has tried."""
        self._wrong: dict[str, tuple[int, int]] = {}

    def wait_ns(self, name: str, now_ns: int) -> int:
        """How long this user must wait before another try; 0 = none."""
        return max(0, self._wrong.get(name, (0, 0))[1] - now_ns)

    def wrong(self, name: str, now_ns: int) -> int:
        """Count a wrong try; returns the delay it brings."""
        count = self._wrong.get(name, (0, 0))[0] + 1
        delay_ns = 0
        if count >= FREE_COUNT:
            delay_ns = min(MOST_DELAY_NS, FIRST_DELAY_NS << min(count - FREE_COUNT, 16))
        self._wrong[name] = (count, now_ns + delay_ns)
        return delay_ns

    def right(self, name: str) -> None:
        """A right PIN: what was wrong before is forgotten."""
        self._wrong.pop(name, None)
