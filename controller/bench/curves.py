"""Flow accuracy as infusion pumps are judged: start-up curve and trumpet curve.

Method after IEC 60601-2-24 (its text was not seen; facts: clinical E), at our scale: an
injection lasts a minute or two, so the windows are 1 to 30 s instead of 1 to 31 min. The
trumpet says, for each length of window, by how much the mean flow in the worst window of that
length differs from what was asked for. Volumes in nL, times in ns, deviations in ppm.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from state_machine.units import NS_PER_MIN, NS_PER_S

WINDOWS_S: Final = (1, 2, 5, 10, 30)
INTERVAL_NS: Final = NS_PER_S // 10
SETTLED_PPM: Final = 100_000
"""Start-up is over when the flow stays within 10 % of what was asked for."""
_PPM: Final = 1_000_000


class Sample(NamedTuple):
    """What had been delivered by an instant."""

    at_ns: int
    volume_nl: int


class Window(NamedTuple):
    """One length of window: the lowest and the highest mean flow, as deviation."""

    window_s: int
    low_ppm: int
    high_ppm: int


def evenly(samples: Sequence[Sample], interval_ns: int = INTERVAL_NS) -> list[int]:
    """Volumes at even instants from the first sample, straight between the neighbours.

    Raises:
        ValueError: fewer than two samples, or they do not go forward in time.
    """
    if len(samples) < 2:
        raise ValueError(f"{len(samples)} samples: at least two are needed to draw a curve")
    volumes, index = [], 0
    for at_ns in range(samples[0].at_ns, samples[-1].at_ns + 1, interval_ns):
        while samples[index + 1].at_ns < at_ns:
            index += 1
        before, after = samples[index], samples[index + 1]
        span_ns = after.at_ns - before.at_ns
        if span_ns <= 0:
            raise ValueError(
                f"sample {index + 1} at {after.at_ns} ns is not later than the one before"
            )
        rise_nl = after.volume_nl - before.volume_nl
        volumes.append(before.volume_nl + rise_nl * (at_ns - before.at_ns) // span_ns)
    return volumes


def flows_nl_min(volumes: Sequence[int], interval_ns: int, span_ns: int = NS_PER_S) -> list[int]:
    """Start-up curve: mean flow over the last ``span_ns`` before each instant."""
    width = max(1, span_ns // interval_ns)
    return [
        (volume - volumes[max(0, index - width)])
        * NS_PER_MIN
        // (interval_ns * max(1, index - max(0, index - width)))
        for index, volume in enumerate(volumes)
    ]


def settled_ns(
    volumes: Sequence[int], rate_nl_min: int, interval_ns: int = INTERVAL_NS
) -> int | None:
    """Time after which the flow over 1 s stays within 10 % of the rate; None = it never did."""
    flows = flows_nl_min(volumes, interval_ns)
    good = [abs(flow - rate_nl_min) * _PPM <= SETTLED_PPM * rate_nl_min for flow in flows]
    if not good or not good[-1]:
        return None
    last_bad = max((index for index, well in enumerate(good) if not well), default=-1)
    return (last_bad + 1) * interval_ns


def deviation_ppm(volume_nl: int, span_ns: int, rate_nl_min: int) -> int:
    """Of a volume from what the rate brings in a span."""
    asked = rate_nl_min * span_ns
    return (volume_nl * NS_PER_MIN - asked) * _PPM // asked


def trumpet(
    volumes: Sequence[int],
    rate_nl_min: int,
    interval_ns: int = INTERVAL_NS,
    windows_s: Sequence[int] = WINDOWS_S,
) -> list[Window]:
    """Worst windows of each length; lengths that do not fit are left out."""
    found = []
    for window_s in windows_s:
        width = window_s * NS_PER_S // interval_ns
        pairs = zip(volumes, volumes[width:], strict=False)
        off = [deviation_ppm(b - a, width * interval_ns, rate_nl_min) for a, b in pairs]
        if off:
            found.append(Window(window_s, min(off), max(off)))
    return found
