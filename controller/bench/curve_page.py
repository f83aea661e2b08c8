"""Start-up and trumpet curves on one self-contained page."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, Protocol

from controller.bench.curves import INTERVAL_NS, Window, flows_nl_min
from controller.record.report_draw import Panel, label, nice_step
from controller.record.report_html import table

LEFT: Final = 62
RIGHT: Final = 700
_COLOURS: Final = ("#0b5fa5", "#b3261e", "#2e7d32", "#6a1b9a", "#8a5a00")
_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:24px auto;max-width:820px;color:#1b1b1b}
h1{font-size:22px}h2{font-size:17px;margin-top:28px}svg{width:100%;height:auto}
.grid{stroke:#ddd}.zero{stroke:#777}.tick,.axis{font-size:11px;fill:#444}
.end{text-anchor:end}.middle{text-anchor:middle}.curve{fill:none;stroke-width:1.6}
table{border-collapse:collapse}td,th{padding:2px 12px;border-bottom:1px solid #ddd;text-align:right}
"""


class Curves(Protocol):
    """What is drawn of one rate."""

    @property
    def rate_nl_min(self) -> int:
        """Asked for."""

    @property
    def windows(self) -> list[Window]:
        """The trumpet."""

    @property
    def startup(self) -> list[int]:
        """Volumes of one run from the motor's start, nL, each 0.1 s."""


def page(title: str, curves: Sequence[Curves]) -> str:
    """The page; a rate keeps its colour in both figures."""
    keys = " ".join(
        f'<b style="color:{_colour(index)}">{curve.rate_nl_min / 1000:g} uL/min</b>'
        for index, curve in enumerate(curves)
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{keys}</p>"
        "<h2>Start-up: flow over the last second, share of the rate</h2>"
        f"{_figure(_startup(curves))}"
        "<h2>Trumpet: worst mean flow in windows of this length</h2>"
        f"{_figure(_trumpet(curves))}"
        f"{_numbers(curves)}"
        "<p>Method after IEC 60601-2-24, windows at the scale of an injection. The trumpet"
        " begins where the flow has settled within 10 % of the rate.</p></html>\n"
    )


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _figure(parts: Iterator[str]) -> str:
    return f'<svg viewBox="0 0 720 300" role="img">{"".join(parts)}</svg>'


def _grid(panel: Panel) -> Iterator[str]:
    for value in range(panel.low, panel.high + 1, panel.step):
        y = panel.y(value)
        kind = "zero" if value == 0 else "grid"
        yield f'<line class="{kind}" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield label(LEFT - 8, y + 4, f"{value} %", "tick end")


def _line(places: Sequence[tuple[float, float]], index: int, mark: str = "") -> str:
    way = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path class="curve" stroke="{_colour(index)}" {mark} d="M{way}"/>'


def _startup(curves: Sequence[Curves]) -> Iterator[str]:
    panel = Panel("flow", 20, 230, 0, 125, 25, 0)
    yield from _grid(panel)
    longest = max((len(curve.startup) for curve in curves), default=2)
    span_s = longest * INTERVAL_NS // 10**9 + 1
    scale = (RIGHT - LEFT) / span_s
    for second in range(0, span_s + 1, nice_step(span_s, 10)):
        yield label(LEFT + second * scale, 268, str(second), "tick middle")
    yield label((LEFT + RIGHT) / 2, 288, "s since the motor started", "axis middle")
    for index, curve in enumerate(curves):
        flows = flows_nl_min(curve.startup, INTERVAL_NS)
        yield _line(
            [
                (
                    LEFT + at * INTERVAL_NS / 1e9 * scale,
                    panel.y(min(125, flow * 100 / curve.rate_nl_min)),
                )
                for at, flow in enumerate(flows)
            ],
            index,
        )


def _trumpet(curves: Sequence[Curves]) -> Iterator[str]:
    lengths = sorted({window.window_s for curve in curves for window in curve.windows})
    worst = max(
        (max(abs(w.low_ppm), abs(w.high_ppm)) for curve in curves for w in curve.windows), default=1
    )
    step = nice_step(max(1, worst // 10_000 + 1), 5)
    most = -(-(worst // 10_000 + 1) // step) * step
    panel = Panel("deviation", 20, 230, -most, most, step, 0)
    yield from _grid(panel)
    apart = (RIGHT - LEFT) / max(1, len(lengths) - 1)
    places = {length: LEFT + index * apart for index, length in enumerate(lengths)}
    for length, x in places.items():
        yield label(x, 268, str(length), "tick middle")
    yield label((LEFT + RIGHT) / 2, 288, "window, s", "axis middle")
    for index, curve in enumerate(curves):
        for bound in ("low_ppm", "high_ppm"):
            ends = [(places[w.window_s], panel.y(getattr(w, bound) / 1e4)) for w in curve.windows]
            yield _line(ends, index)


def _numbers(curves: Sequence[Curves]) -> str:
    rows = [
        (
            f"{curve.rate_nl_min / 1000:g}",
            str(window.window_s),
            f"{window.low_ppm / 1e4:+.2f}",
            f"{window.high_ppm / 1e4:+.2f}",
        )
        for curve in curves
        for window in curve.windows
    ]
    return table(("uL/min", "window s", "lowest %", "highest %"), rows)
