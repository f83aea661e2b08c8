"""What the figure is drawn with: panels, times, texts and curves as bits of SVG.

Floats are used for drawing only.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

from controller.record.report_case import Point
from controller.record.report_units import decimal, show_relative
from state_machine.units import NS_PER_S

LEFT: Final = 62
RIGHT: Final = 812
"""Ends of every panel's time axis; right of it stands the key."""
TOP: Final = 134
"""Where the first panel begins."""
BREAK_NS: Final = 3 * NS_PER_S
"""A curve is interrupted where nothing was heard for so long."""
_TIME_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)


class Panel(NamedTuple):
    """One pair of axes: its place, its range and how its numbers are written."""

    title: str
    top: float
    height: float
    low: int
    high: int
    step: int
    digits: int

    def y(self, value: float) -> float:
        """Vertical place of a value."""
        return self.top + self.height * (1 - (value - self.low) / (self.high - self.low))


class Span(NamedTuple):
    """The stretch of time that is drawn."""

    begin_ns: int
    end_ns: int

    def x(self, t_ns: int) -> float:
        """Horizontal place of a time, held inside the axes."""
        share = (t_ns - self.begin_ns) / (self.end_ns - self.begin_ns)
        return LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0)

    def holds(self, t_ns: int) -> bool:
        """Whether a time is drawn."""
        return self.begin_ns <= t_ns <= self.end_ns


def nice_step(extent: int, count: int) -> int:
    """A step of 1, 2 or 5 times a power of ten that cuts ``extent`` into <= ``count``."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * count >= extent:
                return step * factor
        step *= 10


def inside(curve: Iterable[Point], span: Span) -> list[Point]:
    """Samples that are drawn."""
    return [point for point in curve if span.holds(point.t_ns)]


def axes(panel: Panel) -> Iterator[str]:
    """Title, lines and numbers of a panel."""
    for value in range(panel.low, panel.high + 1, panel.step):
        y = panel.y(value)
        kind = "zero" if value == 0 else "grid"
        yield f'<line class="{kind}" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield label(LEFT - 8, y + 4, decimal(value, panel.digits), "tick end")
    yield label(LEFT - 54, panel.top - 13, panel.title, "axis")


def time_axis(span: Span, bottom: float) -> Iterator[str]:
    """Lines through all panels and the times under the last one, at ``bottom``."""
    extent_s = (span.end_ns - span.begin_ns) // NS_PER_S + 1
    fits = (nice for nice in _TIME_STEPS_S if nice * 10 >= extent_s)
    step = next(fits, nice_step(extent_s, 10)) * NS_PER_S
    first = -(-span.begin_ns // step) * step
    for t_ns in range(first, span.end_ns + 1, step):
        x = span.x(t_ns)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom:.1f}"/>'
        yield label(x, bottom + 16, show_relative(t_ns).rpartition(".")[0], "tick middle")
    yield label((LEFT + RIGHT) / 2, bottom + 36, "time since opening, min:s", "axis middle")


def label(x: float, y: float, words: str, kind: str) -> str:
    """Words at a place."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def rect(kind: str, x: tuple[float, float], top: float, height: float) -> str:
    """A rectangle between two horizontal places, never thinner than a hair."""
    return (
        f'<rect class="{kind}" x="{x[0]:.1f}" y="{top:.1f}" '
        f'width="{max(x[1] - x[0], 0.4):.1f}" height="{height:.1f}"/>'
    )


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most four points per half pixel column (first, lowest, highest, last), in order.

    No peak is lost, whatever the number of samples.
    """
    kept: list[tuple[float, float]] = []
    column: list[tuple[float, float]] = []
    for point in [*points, (float("inf"), 0.0)]:
        if column and int(column[0][0] * 2) != (int(point[0] * 2) if point[0] < 1e9 else -1):
            ends = {0, len(column) - 1}
            ends.add(min(range(len(column)), key=lambda i: column[i][1]))
            ends.add(max(range(len(column)), key=lambda i: column[i][1]))
            kept.extend(column[i] for i in sorted(ends))
            column = []
        column.append(point)
    return kept


def curve_path(
    kind: str, curve: Iterable[Point], span: Span, panel: Panel, step: bool = False
) -> str:
    """A line through the samples, interrupted where nothing was heard."""
    runs: list[list[Point]] = []
    for point in inside(curve, span):
        if not runs or point.t_ns - runs[-1][-1].t_ns > BREAK_NS:
            runs.append([])
        if step and runs[-1]:
            runs[-1].append(Point(point.t_ns, runs[-1][-1].value))
        runs[-1].append(point)
    lines = []
    for run in runs:
        places = thinned([(span.x(t_ns), panel.y(value)) for t_ns, value in run])
        lines.append("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places))
    return f'<path class="curve {kind}" d="{" ".join(lines)}"/>' if lines else ""
