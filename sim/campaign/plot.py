"""A run as one SVG: pressures, volumes and rate over the same time, with faults and alarms.

What is drawn is the truth of the simulated devices, with the record's ledger beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from controller.record.report_case import Point
from controller.record.report_draw import (
    RIGHT,
    TOP,
    Panel,
    Span,
    axes,
    curve_path,
    label,
    nice_step,
    rect,
    time_axis,
)
from sim.campaign.run import Result
from sim.judges.case import Broke, Case
from sim.judges.motion import beams
from sim.judges.watch import Sample

_WIDTH: Final = 1000
_GAP: Final = 34
_HEIGHTS: Final = (150, 150, 90)
_LANES: Final = 6
_STYLE: Final = """
text{font:12px sans-serif;fill:#222}.end{text-anchor:end}.middle{text-anchor:middle}
.axis{font-weight:bold}.grid{stroke:#ddd}.zero{stroke:#888}
.curve{fill:none;stroke-width:1.4}.truth{stroke:#0a5ea8}
.second{stroke:#b3261e;stroke-dasharray:5 3}
.third{stroke:#2e7d32;stroke-dasharray:2 2}.band{fill:#0a5ea8;opacity:.14}
.fault{fill:#b3261e;opacity:.18}.alarm{stroke:#b3261e;stroke-dasharray:2 3}
.beam{fill:#f9a825;opacity:.5}
"""


def draw(result: Result, case: Case) -> str:
    """The figure; times in seconds of virtual boot time."""
    samples = case.samples
    begin_ns = samples[0].at_ns if samples else 0
    span = Span(begin_ns, max(case.end_ns, begin_ns + 10**9))
    pressure, volume, rate = _panels(case)
    bottom = rate.top + rate.height
    parts = [
        *_faults(case.faults, span, bottom),
        *(
            rect("beam", (span.x(a), span.x(min(b, case.end_ns))), TOP, bottom - TOP)
            for a, b in beams(case)
        ),
        *(part for panel in (pressure, volume, rate) for part in axes(panel)),
        *time_axis(span, bottom),
        curve_path("truth", _points(samples, "line_pa"), span, pressure),
        curve_path("second", _points(samples, "duct_pa"), span, pressure),
        *_band(case, span, volume),
        curve_path("truth", _given(case), span, volume),
        curve_path("second", _points(samples, "entered_nl"), span, volume),
        curve_path("third", _points(samples, "outside_nl"), span, volume),
        curve_path("truth", _points(samples, "rate_nl_min"), span, rate, step=True),
        *_alarms(case, span, bottom),
        *_key(pressure, ("truth", "line"), ("second", "duct")),
        *_key(volume, ("truth", "plunger"), ("second", "in the duct"), ("third", "outside")),
        *_key(rate, ("truth", "motor")),
    ]
    words = f"seed {result.seed}: {result.outcome}; faults: {', '.join(result.faults) or 'none'}"
    found = "; ".join(result.violations) or "no violation"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 46:.0f}"'
        f' role="img" aria-label="{escape(words)}"><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{label(8, 18, words, "axis")}'
        f"{label(8, 36, found[:160], 'tick')}{''.join(parts)}</svg>\n"
    )


def _panels(case: Case) -> tuple[Panel, Panel, Panel]:
    samples = case.samples
    pressures = [value for s in samples for value in (s.line_pa, s.duct_pa)]
    volumes = [0, *(p.value for p in _given(case)), *(s.entered_nl for s in samples)]
    volumes += [e["side_day_high_nl"] for e in case.of("ledger")]
    rates = [0, *(s.rate_nl_min for s in samples)]
    tops: list[Panel] = []
    top = float(TOP)
    for title, values, height, digits in (
        ("kPa", pressures, _HEIGHTS[0], 3),
        ("uL", volumes, _HEIGHTS[1], 3),
        ("uL/min", rates, _HEIGHTS[2], 3),
    ):
        low, high = min([0, *values]), max([1_000, *values])
        step = nice_step(high - low, 5)
        panel = Panel(title, top, height, low // step * step, -(-high // step) * step, step, digits)
        tops.append(panel)
        top += height + _GAP
    return tops[0], tops[1], tops[2]


def _points(samples: Iterable[Sample], name: str) -> list[Point]:
    return [Point(s.at_ns, getattr(s, name)) for s in samples]


def _given(case: Case) -> list[Point]:
    """Plunger since the cannula went in."""
    base_nl = case.plunger_at(case.tip_in_ns)
    return [
        Point(s.at_ns, s.plunger_nl - base_nl) for s in case.samples if s.at_ns >= case.tip_in_ns
    ]


def _band(case: Case, span: Span, panel: Panel) -> Iterator[str]:
    """The ledger from low to high, as steps."""
    books = case.of("ledger")
    for place, book in enumerate(books):
        end_ns = books[place + 1]["at_ns"] if place + 1 < len(books) else span.end_ns
        if end_ns > span.begin_ns:
            low, high = panel.y(book["side_day_low_nl"]), panel.y(book["side_day_high_nl"])
            yield rect("band", (span.x(book["at_ns"]), span.x(end_ns)), high, low - high)


def _faults(faults: Sequence[Broke], span: Span, bottom: float) -> Iterator[str]:
    for place, fault in enumerate(faults):
        end_ns = fault.mended_ns or fault.struck_ns + 300_000_000
        ends = span.x(fault.struck_ns), span.x(end_ns)
        yield rect("fault", ends, TOP - 40, bottom - TOP + 40)
        yield label(ends[0] + 3, TOP - 44 - 13 * (place % 3), fault.name, "tick")


def _alarms(case: Case, span: Span, bottom: float) -> Iterator[str]:
    raised = [e for e in case.of("alarm") if e["change"] == "raised"]
    for place, entry in enumerate(e for e in raised if span.holds(e["at_ns"])):
        x = span.x(entry["at_ns"])
        yield f'<line class="alarm" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom:.1f}"/>'
        yield label(x + 3, TOP + 12 + 13 * (place % _LANES), entry["alarm"], "tick")


def _key(panel: Panel, *curves: tuple[str, str]) -> Iterator[str]:
    for place, (kind, words) in enumerate(curves):
        y = panel.top + 16 + 18 * place
        yield f'<path class="curve {kind}" d="M{RIGHT + 10} {y - 4:.1f} h22"/>'
        yield label(RIGHT + 38, y, words, "tick")
