"""Occlusions on one self-contained page: pressure against time, and the numbers."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final, Protocol

from controller.record.report_draw import Panel, label, nice_step
from controller.record.report_html import table

LEFT: Final = 62
RIGHT: Final = 700
_COLOURS: Final = ("#0b5fa5", "#b3261e", "#2e7d32", "#6a1b9a", "#8a5a00", "#00838f", "#5d4037")
_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:24px auto;max-width:860px;color:#1b1b1b}
h1{font-size:22px}h2{font-size:17px;margin-top:28px}svg{width:100%;height:auto}
.grid{stroke:#ddd}.tick,.axis{font-size:11px;fill:#444}.end{text-anchor:end}
.middle{text-anchor:middle}.curve{fill:none;stroke-width:1.4}
table{border-collapse:collapse}td,th{padding:2px 10px;border-bottom:1px solid #ddd;text-align:left}
"""


class Measured(Protocol):
    """What is drawn of one case."""

    @property
    def case(self) -> Any:
        """Gauge, temperature, syringe, rate."""

    @property
    def outcome(self) -> str:
        """Why it was not measured; empty: it was."""

    @property
    def stop_ms(self) -> int:
        """Closed until the motor stands."""

    @property
    def line_pa(self) -> int:
        """Highest pressure."""

    @property
    def bolus_nl(self) -> int:
        """What ran in when opened."""

    @property
    def alarm(self) -> str:
        """What stopped it."""

    @property
    def curve(self) -> tuple[tuple[int, int], ...]:
        """(ms, Pa)."""


def page(title: str, found: Sequence[Measured]) -> str:
    """The page: one figure for each syringe, a line for each case."""
    syringes = list(dict.fromkeys(one.case.syringe for one in found))
    figures = "".join(
        f"<h2>{escape(name)}: line pressure after the stopcock was closed</h2>"
        f"{_figure([one for one in found if one.case.syringe == name and not one.outcome])}"
        for name in syringes
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{_numbers(found)}{figures}"
        "<p>Method after IEC 60601-2-24 at the scale of an injection, on virtual time; the line is"
        " closed behind the sensor, and opened 2 s after the motor stands. Bolus: what runs into"
        " the duct within 5 s; a negative one is a duct that empties.</p></html>\n"
    )


def _words(one: Measured) -> str:
    case = one.case
    return f"{case.gauge}, {case.temperature_c} °C, {case.rate_nl_min / 1000:g} uL/min"


def _figure(found: Sequence[Measured]) -> str:
    if not found:
        return "<p>None was measured.</p>"
    keys = " · ".join(
        f'<b style="color:{_COLOURS[at % len(_COLOURS)]}">{escape(_words(one))}</b>'
        for at, one in enumerate(found)
    )
    figure = f'<svg viewBox="0 0 720 300" role="img">{"".join(_drawn(found))}</svg>'
    return f"<p>{keys}</p>{figure}"


def _drawn(found: Sequence[Measured]) -> Iterator[str]:
    most_kpa = max(one.line_pa for one in found) // 1000 + 1
    step = nice_step(most_kpa, 6)
    panel = Panel("line", 20, 230, 0, -(-most_kpa // step) * step, step, 0)
    for value in range(0, panel.high + 1, step):
        y = panel.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield label(LEFT - 8, y + 4, f"{value} kPa", "tick end")
    span_s = max(one.curve[-1][0] for one in found) // 1000 + 1
    scale = (RIGHT - LEFT) / span_s
    for second in range(0, span_s + 1, nice_step(span_s, 10)):
        yield label(LEFT + second * scale, 268, str(second), "tick middle")
    yield label((LEFT + RIGHT) / 2, 288, "s since the stopcock was closed", "axis middle")
    for at, one in enumerate(found):
        way = " L".join(
            f"{LEFT + ms / 1000 * scale:.1f} {panel.y(max(0, pa / 1000)):.1f}"
            for ms, pa in one.curve
        )
        yield f'<path class="curve" stroke="{_COLOURS[at % len(_COLOURS)]}" d="M{way}"/>'


def _numbers(found: Sequence[Measured]) -> str:
    rows = [
        (
            one.case.syringe,
            _words(one),
            one.outcome or f"{one.stop_ms / 1000:.2f}",
            "" if one.outcome else f"{one.line_pa / 1000:.1f}",
            "" if one.outcome else f"{one.bolus_nl / 1000:+.2f}",
            one.alarm,
        )
        for one in found
    ]
    heads = ("syringe", "case", "motor stands, s", "highest line, kPa", "bolus, uL", "alarm")
    return table(heads, rows)
