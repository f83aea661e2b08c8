"""Detectors of a pump that does not do what it was told, or does not count what it does."""

from typing import Final, Self

import msgspec

from state_machine.glance import Glance
from state_machine.units import NS_PER_MIN, PPM

replace = msgspec.structs.replace

PL_PER_NL: Final = 1_000
LEAST_NL: Final = 250
"""What counts may stray by without meaning anything: 75 ms of 0.2 mL/min, twice a slow
exchange (design: polling plan)."""


class Count(msgspec.Struct, frozen=True):
    """The volume counted strays from the rate confirmed (two-sided CUSUM).

    Of each stretch between two counts at one rate, what is apart beyond half the allowed
    share is added up. At the allowed share itself the sum is full after the allowed time;
    at twice the share after a third of it; a count that stands still, within a second.
    """

    found_ns: int = 0
    at_ns: int = 0
    """When the count before was asked for; 0 = none at this rate."""
    nl: int = 0
    nl_min: int = 0
    short_pl: int = 0
    """In pL: what is floored away at each count would add up over many."""
    over_pl: int = 0

    def look(self, look: Glance) -> Self:
        """With the newest count; a rate that has just changed begins a new stretch."""
        if look.counted_ns == self.at_ns:
            return self
        onward = replace(self, at_ns=look.counted_ns, nl=look.counter_nl, nl_min=look.rate_nl_min)
        if not self.at_ns or self.nl_min != look.rate_nl_min:
            return onward
        limits = look.limits
        due_pl = look.rate_nl_min * PL_PER_NL * (look.counted_ns - self.at_ns) // NS_PER_MIN
        apart_pl = (look.counter_nl - self.nl) * PL_PER_NL - due_pl
        allowed_pl = due_pl * limits.flow_share_ppm // PPM // 2
        short_pl = max(0, self.short_pl - apart_pl - allowed_pl)
        over_pl = max(0, self.over_pl + apart_pl - allowed_pl)
        full_nl = look.rate_nl_min * limits.flow_time_ns // NS_PER_MIN
        full_nl = full_nl * limits.flow_share_ppm // PPM // 2
        most_nl = max(full_nl, LEAST_NL + 2 * look.digit_nl)
        strayed = max(short_pl, over_pl) > most_nl * PL_PER_NL
        found_ns = self.found_ns or (look.now_ns if strayed else 0)
        return replace(onward, short_pl=short_pl, over_pl=over_pl, found_ns=found_ns)


class Still(msgspec.Struct, frozen=True):
    """The pump says that it runs, and counts nothing."""

    found_ns: int = 0
    since_ns: int = 0
    nl: int = -1

    def look(self, look: Glance) -> Self:
        """With the newest count, at whatever rate."""
        if look.counter_nl != self.nl:
            return replace(self, nl=look.counter_nl, since_ns=look.counted_ns)
        digits_ns = 4 * look.digit_nl * NS_PER_MIN // max(1, look.rate_nl_min)
        span_ns = max(look.limits.still_time_ns, digits_ns)
        still = look.counted_ns - self.since_ns > span_ns
        return replace(self, found_ns=self.found_ns or (look.now_ns if still else 0))


class RateDiffers(msgspec.Struct, frozen=True):
    """The rate that the pump confirms is not the one it was told, for longer than a ramp's step."""

    found_ns: int = 0
    since_ns: int = 0

    def look(self, look: Glance) -> Self:
        """With the newest answer."""
        limits = look.limits
        apart = abs(look.rate_nl_min - look.told_nl_min)
        differs = bool(look.told_nl_min) and apart * PPM > look.told_nl_min * limits.rate_share_ppm
        since_ns = (self.since_ns or look.now_ns) if differs else 0
        lasts = since_ns and look.now_ns - since_ns >= limits.rate_time_ns
        found_ns = self.found_ns or (look.now_ns if lasts else 0)
        return replace(self, found_ns=found_ns, since_ns=since_ns)


class Beyond(msgspec.Struct, frozen=True):
    """The pump has counted past the volume that it was told to stop at."""

    found_ns: int = 0

    def look(self, look: Glance) -> Self:
        """With the newest count."""
        most_nl = look.until_nl + max(2 * look.digit_nl, look.limits.motion_least_nl)
        past = look.counter_nl > most_nl
        return replace(self, found_ns=self.found_ns or (look.now_ns if past else 0))
