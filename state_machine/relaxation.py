"""The relaxed pressure: with the flow gone the line sensor is the duct.

After each stop of an injection the line empties what it has stored. Three time constants
later, half a second of readings *is* the duct's pressure (safety rules 4.5), whatever the
cannula's resistance has become, and says whether the estimate may be believed.

On the way there the means over one time constant each must fall in the ratio 1/e, whatever
they fall to: what falls more slowly empties a softer line than was measured, with air in it.
"""

from typing import Final

import msgspec

from state_machine.glance import Glance
from state_machine.units import NS_PER_MS, PPM

replace = msgspec.structs.replace

TAIL_NS: Final = 500 * NS_PER_MS
"""Readings that the relaxed pressure is a mean of: 25 at 50 Hz, 0.04 kPa of noise (C2)."""
CONSTANTS: Final = 3
"""Time constants until then: 5 % of the drop is left, 0.3 kPa of 5.6 (clinical facts C2)."""
SHORTEST_NS: Final = 100 * NS_PER_MS
"""A quicker line than that is not judged quicker: five readings."""
LEAST_COUNT: Final = 4
"""Fewer readings are no mean: a room that has gone idle asks five times a second."""
TELLABLE_PA: Final = 700
"""A smaller fall from the first mean to the second tells no ratio (0.1 kPa of noise)."""


class Relaxation(msgspec.Struct, frozen=True):
    """One decay; ``found_ns`` = it was too slow (air)."""

    found_ns: int = 0
    motion_id: int = 0
    awaited: bool = False
    """The motion ended at a checkpoint: the next waits until this has been read."""
    before_pa: int = 0
    """The estimate while it flowed, the newest."""
    begun_ns: int = 0
    """First reading without flow; 0 = it flows."""
    sums: tuple[tuple[int, int], ...] = ()
    """(sum of pressures, count) of each time constant, then of the tail."""
    done_ns: int = 0
    """When the relaxed pressure was read; 0 = not (yet)."""
    relaxed_pa: int = 0
    decay_ppm: int = 0
    """What was left after one measured time constant; 0 = too little to tell."""

    @property
    def pending(self) -> bool:
        """The reading is awaited and not there yet."""
        return self.awaited and bool(self.motion_id) and not self.done_ns

    def flowing(self, look: Glance) -> "Relaxation":
        """The motion runs: remember what the estimate says, the newest."""
        return Relaxation(self.found_ns, look.motion_id, before_pa=look.net_pa)

    def look(self, look: Glance) -> "Relaxation":
        """With the newest reading, nothing flowing."""
        if not self.motion_id or self.done_ns:
            return self
        begun_ns, constant_ns = self.begun_ns or look.line_ns, max(look.tau_ns, SHORTEST_NS)
        span_ns = look.line_ns - begun_ns
        place = min(span_ns // constant_ns, CONSTANTS)
        sums = (*self.sums, *[(0, 0)] * (place + 1 - len(self.sums)))
        total_pa, count = sums[place]
        sums = (*sums[:place], (total_pa + look.pressure_pa, count + 1), *sums[place + 1 :])
        taken = replace(self, begun_ns=begun_ns, sums=sums)
        over = span_ns >= CONSTANTS * constant_ns + TAIL_NS
        return _read(taken, look) if over else taken


def _read(seen: Relaxation, look: Glance) -> Relaxation:
    """The means of each time constant, and what they say."""
    first, second, third, tail_pa = (
        total_pa // count if count else 0 for total_pa, count in seen.sums
    )
    fall_pa, decay_ppm = first - second, 0
    if fall_pa >= TELLABLE_PA and all(count >= LEAST_COUNT for _, count in seen.sums):
        decay_ppm = max(1, (second - third) * PPM // fall_pa)
    slow = decay_ppm > look.limits.decay_ppm
    return replace(
        seen,
        found_ns=seen.found_ns or (look.now_ns if slow else 0),
        done_ns=look.now_ns,
        relaxed_pa=tail_pa,
        decay_ppm=decay_ppm,
    )
