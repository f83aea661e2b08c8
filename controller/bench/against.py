"""A sensor against a reference: zero, span and what is uncertain about them.

Points are pairs (reference, shown) in the sensor's own unit. The span is the slope of the line
through them by least squares; the zero is what is shown where the reference says 0, before and
after, so that drift and hysteresis between show. The sensor is judged, never corrected: what is
outside its bounds is replaced or adjusted at the device.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from controller.bench import uncertainty as gum
from controller.record.calibrations import Part

POINTS_LEAST: Final = 5
_PPM: Final = 1_000_000


class Bounds(NamedTuple):
    """What the sensor must keep; assumptions unless a source is named."""

    unit: str
    zero_most: int
    span_most_ppm: int
    """Error of span and its expanded uncertainty together."""
    reach_least: int
    """The highest reference must reach this."""
    why: str


PRESSURE: Final = Bounds(
    "Pa",
    zero_most=500,
    span_most_ppm=30_000,
    reach_least=84_000,
    why="0.5 kPa as at rest in prime; 3 % of 84 kPa is 2.5 kPa, within the reserve to the 100 kPa"
    " of the parts (assumption)",
)
FORCE: Final = Bounds(
    "mN",
    zero_most=2_000,
    span_most_ppm=100_000,
    reach_least=40_000,
    why="10 % at the 40 N that are the most with contrast in the duct (assumption)",
)


class Point(NamedTuple):
    """One comparison: the reference's value, and the readings shown while it stood."""

    reference: int
    shown: tuple[int, ...]


class Compared(NamedTuple):
    """What came out."""

    zero: float
    span_ppm: int
    """Error of span."""
    uncertainty_ppm: int
    """Expanded, of the span."""
    parts: tuple[Part, ...]
    passed: bool
    verdict: str
    points: tuple[tuple[int, int], ...]


class NotUsable(ValueError):
    """These points say nothing; the text says why and what to do."""


def refused(points: Sequence[Point], bounds: Bounds, reference_ppm: int) -> str:
    """Why nothing can be told from them; empty = something can."""
    top = max((p.reference for p in points), default=0)
    checks = (
        (len(points) < POINTS_LEAST, f"{len(points)} points: at least {POINTS_LEAST} are needed"),
        (
            not points or points[0].reference != 0 or points[-1].reference != 0,
            "the first and the last point are at zero: what moved between them is part of it",
        ),
        (
            top < bounds.reach_least,
            f"the highest reference is {top} {bounds.unit}: go to {bounds.reach_least} at least",
        ),
        (
            len({p.reference for p in points}) < 4,
            "at least four different references, zero among them",
        ),
        (any(len(p.shown) < 10 for p in points), "at least 10 readings at each point"),
        (
            not 0 < reference_ppm <= bounds.span_most_ppm // 3,
            f"a reference uncertain by {reference_ppm} ppm: 1 to {bounds.span_most_ppm // 3}, a"
            " third of what is to be shown",
        ),
    )
    return next((words for wrong, words in checks if wrong), "")


def compare(points: Sequence[Point], bounds: Bounds, reference_ppm: int) -> Compared:
    """Zero and span.

    Args:
        points: in the order taken; first and last at zero.
        bounds: what is asked of this sensor.
        reference_ppm: expanded uncertainty (k = 2) of the reference, by its certificate.

    Raises:
        NotUsable: they say nothing.
    """
    why = refused(points, bounds, reference_ppm)
    if why:
        raise NotUsable(why)
    references = [float(p.reference) for p in points]
    shown = [gum.mean(p.shown) for p in points]
    slope, offset = _line(references, shown)
    rest = [s - offset - slope * r for r, s in zip(references, shown, strict=True)]
    reach = max(references)
    zeros = [s for r, s in zip(references, shown, strict=True) if r == 0]
    zero = max(zeros, key=abs)
    noise = max(gum.scatter(p.shown) / math.sqrt(len(p.shown)) for p in points)
    parts = (
        Part("reference", "B", gum.up(reference_ppm / gum.COVERAGE), "its certificate, k = 2"),
        Part("repeatability", "A", gum.up(noise / reach * _PPM), "noisiest point's mean"),
        Part("line", "A", gum.up(_fit(rest) / reach * _PPM), "points beside the straight line"),
        Part("zero", "B", gum.rectangular_ppm((max(zeros) - min(zeros)) / 2, reach),
             "what zero moved from the first to the last point"),
        Part("resolution", "B", gum.rectangular_ppm(0.5, reach), f"1 {bounds.unit}"),
    )  # fmt: skip
    expanded_ppm = gum.expanded_ppm(parts)
    span_ppm = round((slope - 1) * _PPM)
    passed = abs(zero) <= bounds.zero_most and abs(span_ppm) + expanded_ppm <= bounds.span_most_ppm
    pairs = tuple((p.reference, round(s)) for p, s in zip(points, shown, strict=True))
    said = _verdict(bounds, zero, span_ppm, expanded_ppm, len(points), passed)
    return Compared(zero, span_ppm, expanded_ppm, parts, passed, said, pairs)


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Slope and offset by least squares."""
    mean_x, mean_y = gum.mean(x), gum.mean(y)
    spread = math.fsum((a - mean_x) ** 2 for a in x)
    slope = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    return slope, mean_y - slope * mean_x


def _fit(rest: Sequence[float]) -> float:
    """Standard deviation of the points about the line; two are spent on the line itself."""
    return math.sqrt(math.fsum(r * r for r in rest) / (len(rest) - 2))


def _verdict(
    bounds: Bounds, zero: float, span_ppm: int, expanded_ppm: int, count: int, passed: bool
) -> str:
    said = (
        f"zero {zero:+.0f} {bounds.unit} (allowed {bounds.zero_most}), span {span_ppm / 1e4:+.2f} %"
        f" with an uncertainty of {expanded_ppm / 1e4:.2f} % (k = 2; allowed together"
        f" {bounds.span_most_ppm / 1e4:g} %), {count} points"
    )
    if passed:
        return f"passed: {said}"
    return f"NOT PASSED: {said}. Readings are not corrected here: adjust or replace the sensor"
