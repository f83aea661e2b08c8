"""Stand-ins for the device at the far end of the cables, one for each process.

Each is what its own process can know of the other device: the levels and movements it
last heard of, going on as they were. Nothing here decides; the device itself does, in the
other process.
"""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from sim.devices import NEVER_NS
from sim.devices.new_era_motion import Motion
from sim.devices.new_era_pump import NewEraPump
from sim.devices.room_io import RoomIo

_SAYS_WITHIN_NS: Final = 100 * 10**6
"""A motor that ends by itself says so within this; one that did not hangs (assumption)."""
NOT_HEARD: Final = -1


class Levels(NamedTuple):
    """What the box puts on the wires to the pump, since an instant."""

    at_ns: int
    power: bool
    stop_low: bool
    cuts: int
    """How often power was cut; a pump names the last it knew of in all it says."""


class FarPump(NewEraPump):
    """The pump, as the process of the box knows it: it keeps its last speed until it says else.

    A pump that hangs, its whole process stopped included, is just that. What ends at once,
    whatever the pump says, is a motor without power: the relay is on this side.

    Args:
        now_ns: Instant of the start; nothing has been heard, so nothing moves.
        tell: Takes the levels on the wires to the pump whenever they change.
    """

    def __init__(self, now_ns: int, tell: Callable[[Levels], None]) -> None:
        super().__init__(random.Random(0), now_ns)
        self.model.power_off()
        self.levels = Levels(now_ns, power=False, stop_low=True, cuts=0)
        self._tell = tell
        self._ends_ns = NEVER_NS
        self._known_cuts = NOT_HEARD
        self._more_steps = 0

    # --- what the wires of this side do to it -------------------------------------------------

    def set_power(self, on: bool, now_ns: int) -> None:
        """The relay: without power the motor stands at once."""
        self.advance(now_ns)
        if on == self.levels.power:
            return
        if not on:
            self._lose_power()
        self._change(self.levels._replace(at_ns=now_ns, power=on))

    def set_ttl_stop(self, low: bool, now_ns: int) -> None:
        """The stop line: what the pump makes of it, it says itself."""
        self.advance(now_ns)
        if low != self.levels.stop_low:
            self._change(self.levels._replace(at_ns=now_ns, stop_low=low))

    def _change(self, levels: Levels) -> None:
        self.levels = levels
        self._tell(levels)

    def _lose_power(self) -> None:
        self.model.power_off()
        self._ends_ns = NEVER_NS
        self.levels = self.levels._replace(cuts=self.levels.cuts + 1)

    # --- what comes through the cables --------------------------------------------------------

    def hear(self, motion: Motion, known_cuts: int, now_ns: int) -> None:
        """The pump tells how it moves.

        What it did before it knew of the last cut did not happen: the plunger stood from
        the cut on, and goes on from there.
        """
        self.advance(now_ns)
        if known_cuts != self.levels.cuts:
            return
        if known_cuts != self._known_cuts:
            self._known_cuts = known_cuts
            self._more_steps = self.model.steps() - motion.steps()
        self.model.follow(motion, self._more_steps)
        self._ends_ns = motion.ends_ns
        self.advance(now_ns)

    def gone(self, now_ns: int) -> None:
        """The process of the pump has ended: a pump without mains."""
        self.advance(now_ns)
        self._lose_power()

    # --- time -------------------------------------------------------------------------------

    def advance(self, now_ns: int) -> None:
        """Go on at the last speed; an end that was announced is waited for, then not believed."""
        ends_ns = self._ends_ns
        waits = ends_ns <= now_ns < ends_ns + _SAYS_WITHIN_NS
        self.model.advance(ends_ns if waits else now_ns)

    def next_change_ns(self) -> int:
        """The announced end, then the instant from which on it is not believed any more."""
        if self.model.now_ns < self._ends_ns:
            return self._ends_ns
        over_ns = self._ends_ns + _SAYS_WITHIN_NS
        return over_ns if self._ends_ns != NEVER_NS and self.model.now_ns < over_ns else NEVER_NS


class FarBox(RoomIo):
    """The room I/O box, as the process of the pump knows it: the levels that it last heard of."""

    def __init__(self, now_ns: int) -> None:
        super().__init__(random.Random(0), now_ns)
        self.levels = Levels(now_ns, power=False, stop_low=True, cuts=NOT_HEARD)

    @property
    def relay_closed(self) -> bool:
        """The pump has power."""
        return self.levels.power

    @property
    def ttl_stop(self) -> bool:
        """The pump's stop line is low."""
        return self.levels.stop_low

    def gone(self) -> None:
        """The process of the box has ended: a box without mains, its relay open."""
        self.levels = self.levels._replace(power=False, cuts=NOT_HEARD)
