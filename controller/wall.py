"""The wall clock as a fact: was it set, and does a time service keep it?

Boot time and wall clock run at the same pace (the kernel slews both alike), so what lies
between them changes only where the wall clock is set: by a person, a time service that
steps, or a leap second.
"""

from typing import Final

import msgspec

from controller.clock import Clock
from state_machine.readings import ClockSync, HostReading
from state_machine.units import NS_PER_MS

LOOK_NS: Final = 100 * NS_PER_MS
"""How often it is looked at, in passes that happen anyway."""
STEP_LEAST_NS: Final = 100 * NS_PER_MS
"""Less is no step: the record's dates are read to the second, and time services slew
what is below 128 ms (ntpd) anyway. Small steps add up until they are one."""
_TIGHT_NS: Final = 2 * NS_PER_MS
"""Both clocks are read within this, or the look is worth nothing."""


class Wall:
    """Looks at one clock; ``look`` returns the same reading until something changes."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is known before the first look."""
        self._clock = clock
        self._offset_ns: int | None = None
        self._due_ns = 0
        self._seen = HostReading()

    def look(self, now_ns: int) -> HostReading:
        """What is known at ``now_ns`` (boot time of the pass); its ``late_ns`` is 0."""
        if now_ns < self._due_ns:
            return self._seen
        clock = self._clock
        before_ns, utc_ns, after_ns = clock.now_ns(), clock.utc_ns(), clock.now_ns()
        if after_ns - before_ns > _TIGHT_NS:
            return self._seen  # interrupted in between: the next pass looks again
        self._due_ns = now_ns + LOOK_NS
        self._take(utc_ns - before_ns, clock.sync())
        return self._seen

    def _take(self, offset_ns: int, sync: ClockSync) -> None:
        before_ns = self._offset_ns
        if before_ns is None:
            before_ns = self._offset_ns = offset_ns
        seen, step_ns = self._seen, offset_ns - before_ns
        if abs(step_ns) >= STEP_LEAST_NS:
            self._offset_ns = offset_ns
            seen = msgspec.structs.replace(
                seen,
                clock_step_count=seen.clock_step_count + 1,
                clock_step_ms=step_ns // NS_PER_MS,
            )
        if sync is not seen.clock_sync:
            seen = msgspec.structs.replace(seen, clock_sync=sync)
        self._seen = seen
