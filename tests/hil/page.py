"""The report as one self-contained page: what was checked, measured, and against which hazard."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from controller.record.report_draw import nice_step
from controller.record.report_html import Html, facts, pill, section, table
from tests.hil.verdicts import SUITES, Measurement, Result

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:24px auto;max-width:1000px;padding:0 16px;
color:#1b1b1b}
h1{font-size:24px;margin-bottom:4px}h2{font-size:18px;margin-top:30px}
h3{font-size:15px;margin:18px 0 2px}
table{border-collapse:collapse;width:100%}td,th{padding:3px 10px;border-bottom:1px solid #ddd;
text-align:left;vertical-align:top}.n{text-align:right}dl{display:grid;
grid-template-columns:max-content 1fr;gap:2px 16px}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
.pill{border:1px solid;border-radius:9px;padding:0 8px;font-size:13px}.passed{color:#1b6e2c}
.failed{color:#b3261e}.skipped{color:#7a5c00}.bar{width:150px;height:14px}.words{color:#b3261e}
svg.plot{width:100%;max-width:640px;height:auto;display:block}.grid{stroke:#ddd}
.tick{font-size:11px;fill:#444}.soft{color:#666}
"""
_W: Final = 640
_H: Final = 190


def page(header: dict[str, Any], results: Sequence[Result]) -> str:
    """The page."""
    title = f"Hardware in the loop: {header.get('room', header['room_named'])}"
    ended = datetime.fromtimestamp(header["ended_utc_ns"] / 1e9, UTC)
    bad = bool(header["failed"] or header.get("not_safe"))
    says = "FAILED" if bad else ("PASSED" if not header["skipped"] else "PASSED, NOT WHOLE")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f"<p>{pill(says, 'failed' if bad else 'passed')} {header['passed']} passed, "
        f"{header['failed']} failed (product {header['product']}, unit {header['unit']}, bench "
        f"{header['bench']}, test {header['test']}), {header['skipped']} skipped. A check that was"
        f" skipped is none that passed. Ended {ended:%Y-%m-%d %H:%M:%S} UTC.</p>"
        f"{section('Room, devices, program', facts(_facts(header)))}"
        f"{section('Checks', _overview(results))}"
        f"{''.join(_suites(results))}</html>\n"
    )


def _facts(header: dict[str, Any]) -> Iterator[tuple[str, object]]:
    names = (
        ("room", "room"),
        ("mode", "mode"),
        ("room_file", "room file"),
        ("room_sha256", "SHA-256 of it"),
        ("procedure_sha256", "SHA-256 of the procedure"),
        ("wires", "devices reached by"),
        ("by", "run by"),
        ("approved", "motion approved"),
        ("program", "program"),
        ("commit", "commit"),
        ("machine", "machine"),
    )
    for key, name in names:
        yield name, header.get(key, "")
    for name, identity in header.get("devices", {}).items():
        yield f"{name} (model, firmware, serial number)", identity or "not identified"
    known = [*header.get("calibrations", ()), *header.get("calibration", ())]
    yield "calibration", "; ".join(known)
    yield "deviations", "; ".join(header.get("deviations", ()) or ("none",))
    if header.get("defects") or header.get("broken"):
        yield "defects put in on purpose", f"{header['defects']} {header['broken']}"
    yield "left safe", "no: " + "; ".join(header["not_safe"]) if header.get("not_safe") else "yes"


def _overview(results: Sequence[Result]) -> str:
    rows = [
        (
            SUITES[result.suite],
            Html(f'<a href="#{result.check}">{escape(result.title)}</a>'),
            pill(f"{result.verdict} {result.fault}".strip(), result.verdict),
            ", ".join(result.hazards),
            f"{result.seconds:.1f}",
        )
        for result in results
    ]
    return table(("suite", "check", "verdict", "hazards", "#s"), rows)


def _suites(results: Sequence[Result]) -> Iterator[str]:
    for suite, title in SUITES.items():
        parts = [_check(result) for result in results if result.suite == suite]
        if parts:
            yield section(title, *parts)


def _check(result: Result) -> str:
    verdict = pill(f"{result.verdict} {result.fault}".strip(), result.verdict)
    words = f'<p class="words">{escape(result.words)}</p>' if result.words else ""
    rows = [
        (
            m.name,
            f"{m.value:g}",
            "" if m.low is None else f"{m.low:g}",
            "" if m.high is None else f"{m.high:g}",
            m.unit,
            Html(_bar(m)),
            pill("in" if m.good else f"out: {m.fault.value}", "passed" if m.good else "failed"),
            m.hazard,
        )
        for m in result.measurements
    ]
    heads = ("measured", "#value", "#low", "#high", "unit", "where", "verdict", "hazard")
    numbers = table(heads, rows) if rows else ""
    plots = "".join(_plot(m) for m in result.measurements if len(m.series) > 1)
    return f'<h3 id="{result.check}">{escape(result.title)} {verdict}</h3>{words}{numbers}{plots}'


def _bar(m: Measurement) -> str:
    """Where the value lies between its limits."""
    if m.low is None or m.high is None or m.high <= m.low:
        return ""
    span = m.high - m.low
    low, high = min(m.low - span / 4, m.value), max(m.high + span / 4, m.value)
    scale = 150 / (high - low)
    inside = f'x="{(m.low - low) * scale:.1f}" width="{span * scale:.1f}"'
    at = (m.value - low) * scale
    colour = "#1b6e2c" if m.good else "#b3261e"
    return (
        f'<svg class="bar" viewBox="0 0 150 14"><rect {inside} y="5" height="4" fill="#cbd5cb"/>'
        f'<circle cx="{at:.1f}" cy="7" r="4" fill="{colour}"/></svg>'
    )


def _plot(m: Measurement) -> str:
    xs, ys = [x for x, _ in m.series], [y for _, y in m.series]
    low, high = min(*ys, 0), max(ys)
    for limit in (m.low, m.high):
        if limit is not None and low <= limit <= high * 2:
            high = max(high, limit)
    span = max(high - low, 1e-9)
    step = nice_step(max(1, round(span)), 5)
    width = max(xs) - min(xs) or 1

    def place(x: float, y: float) -> str:
        return f"{60 + (x - min(xs)) / width * (_W - 80):.1f} {150 - (y - low) / span * 130:.1f}"

    lines = []
    for value in range(int(low // step) * step, int(high) + step, step):
        if low <= value <= high:
            y = 150 - (value - low) / span * 130
            lines.append(f'<line class="grid" x1="60" x2="{_W - 20}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(f'<text class="tick" x="4" y="{y + 4:.1f}">{value}</text>')
    way = " L".join(place(x, y) for x, y in m.series)
    lines.append(f'<path d="M{way}" fill="none" stroke="#0b5fa5" stroke-width="1.6"/>')
    x_name, y_name = m.axes
    lines.append(f'<text class="tick" x="60" y="170">{min(xs):g}</text>')
    lines.append(f'<text class="tick" x="{_W - 50}" y="170">{max(xs):g}</text>')
    lines.append(f'<text class="tick" x="{_W / 2}" y="184">{escape(x_name)}</text>')
    lines.append(f'<text class="tick" x="60" y="12">{escape(y_name)}</text>')
    return f'<svg class="plot" viewBox="0 0 {_W} {_H}" role="img">{"".join(lines)}</svg>'
