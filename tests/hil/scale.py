"""What has left the tip: weighed. A simulated room is weighed by who knows the truth.

On hardware a laboratory balance stands under the tip, or a person types two weights in.
"""

from typing import Final, Protocol

from controller.bench.curves import Sample
from tests.hil.hands import Hands, OperatorHands

WATER_MG_UL: Final = 0.997
"""At 23 degC and 1 atm (tables of the density of water); buoyancy left out: 0.1 %."""


class Scale(Protocol):
    """Something that weighs."""

    def delivered_nl(self) -> int | None:
        """Volume that has left the tip so far; None = not just now."""


class TrueScale:
    """The simulated weigh."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def delivered_nl(self) -> int | None:
        """What entered, spilled or ran back."""
        truth = self._hands.truth()
        return None if truth is None else int(truth["entered_nl"]) + int(truth["spilled_nl"])


class NoScale:
    """Nobody weighs."""

    def delivered_nl(self) -> None:
        """Not known."""


def scale_of(hands: Hands) -> Scale:
    """The scale of a room."""
    return NoScale() if isinstance(hands, OperatorHands) else TrueScale(hands)


class Weighing:
    """Samples of one run of the motor, as they come."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._moving = False
        self.runs: list[list[Sample]] = []
        self.rates: list[int] = []
        """Top rate of each run, as the pump confirmed it."""

    def look(self, rate_nl_min: int, now_ns: int) -> None:
        """Take a sample while it flows; a new run begins when it flows again."""
        volume_nl = self._scale.delivered_nl() if rate_nl_min else None
        if volume_nl is not None:
            if not self._moving:
                self.runs.append([])
                self.rates.append(0)
            self.rates[-1] = max(self.rates[-1], rate_nl_min)
            self.runs[-1].append(Sample(now_ns, volume_nl))
        self._moving = volume_nl is not None

    def longest(self) -> tuple[list[Sample], int]:
        """The longest run and its rate; empty = nothing was weighed."""
        runs = zip(self.runs, self.rates, strict=True)
        return max(runs, key=lambda run: run[0][-1].at_ns - run[0][0].at_ns, default=([], 0))
