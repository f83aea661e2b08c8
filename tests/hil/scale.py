"""What has left the tip: weighed; a simulated room by who knows the truth, or by its balance.

On hardware a laboratory balance stands under the tip (``--balance PORT``), or a person types
two weights in; both give the whole of an injection and no curve.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from controller.bench.curves import Sample
from controller.bench.scales import NoWeight, Serial
from controller.clock import RealClock
from drivers.mt_sics import Weight
from tests.hil.hands import LOOK_S, Hands, OperatorHands
from tests.hil.verdicts import BENCH, HilFailure

WATER_NG_NL: Final = 997
"""At 23 degC and 1 atm (tables of the density of water); buoyancy left out: 0.1 %."""
BAUD: Final = 9_600


class Scale(Protocol):
    """Something that weighs."""

    def delivered_nl(self) -> int | None:
        """Volume that has left the tip so far, at once; None = not just now."""

    def weighed_nl(self, when: str) -> int:
        """The same at rest; what it counts from does not matter."""


class TrueScale:
    """The simulated weigh."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def delivered_nl(self) -> int | None:
        """What entered, spilled or ran back."""
        truth = self._hands.truth()
        return None if truth is None else int(truth["entered_nl"]) + int(truth["spilled_nl"])

    def weighed_nl(self, when: str) -> int:
        """The same."""
        return self.delivered_nl() or 0


class BenchScale(TrueScale):
    """A balance at a serial port, or a person who reads one.

    A balance needs seconds to settle: at once, only who knows the truth can say.
    """

    def __init__(self, hands: Hands, port: str) -> None:
        super().__init__(hands)
        self._port = port
        self.meanwhile: Callable[[], object] = lambda: None
        """Called while the balance settles, as by ``OperatorHands``."""

    def weighed_nl(self, when: str) -> int:
        """A stable weight, as volume of water.

        Raises:
            HilFailure: there is none.
        """
        try:
            return self._weight(when).weight_ng // WATER_NG_NL
        except NoWeight as error:
            raise HilFailure(BENCH, f"not weighed {when}: {error}") from error

    def _weight(self, when: str) -> Weight:
        if isinstance(self._hands, OperatorHands) and not self._port:
            return self._hands.weight(f"weight of the vessel {when}")
        with ThreadPoolExecutor(1) as beside:
            weighed = beside.submit(self._balance, when)
            while True:
                try:
                    return weighed.result(LOOK_S)
                except TimeoutError:
                    self.meanwhile()

    def _balance(self, when: str) -> Weight:
        with Serial(self._port, BAUD, RealClock()) as balance:
            return balance.weigh(when)


def scale_of(hands: Hands, balance: str = "") -> Scale:
    """The scale of a room: a balance where one is named, in a simulated room too."""
    by_hand = isinstance(hands, OperatorHands)
    return BenchScale(hands, balance) if by_hand or balance else TrueScale(hands)


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
        """The longest run and its rate; empty = nothing was weighed at once."""
        runs = zip(self.runs, self.rates, strict=True)
        return max(runs, key=lambda run: run[0][-1].at_ns - run[0][0].at_ns, default=([], 0))
