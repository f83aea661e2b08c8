"""The procedure's curves as one inline SVG: pressure, rate and volume over the same time.

Measured beside commanded; phases shaded; checkpoints, exposures and alarms marked. Lines
differ in dash and weight as well as in colour, so a grey print still tells them apart.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

from controller.record.report_case import Case, Point
from controller.record.report_draw import (
    BREAK_NS,
    LEFT,
    RIGHT,
    TOP,
    Panel,
    Span,
    axes,
    curve_path,
    inside,
    label,
    nice_step,
    rect,
    time_axis,
)
from controller.record.report_units import show, show_relative
from state_machine.entries import (
    AlarmChanged,
    Exposed,
    LedgerChanged,
    MotionEnded,
    PhaseChanged,
)
from state_machine.units import NS_PER_S

WIDTH: Final = 1000
_RIBBON_TOP: Final = 20
_RIBBON_HEIGHT: Final = 16
_FLAGS_TOP: Final = 84
_FLAG_LANES: Final = 3
_MARGIN_NS: Final = 15 * NS_PER_S
"""Shown before the first and after the last event of interest."""
_SLOPE_NS: Final = 2 * NS_PER_S
"""The measured rate is the counter's change over about this long."""

_TINTS: Final = {
    "armed": "arm",
    "arm-confirm": "arm",
    "injecting": "flow",
    "holding": "pause",
    "settle": "pause",
    "compression": "press",
    "exposure": "press",
    "exposure-armed": "ray",
    "stopped": "stop",
    "suspected-extravasation": "stop",
    "medical-emergency": "stop",
    "recovery": "stop",
}
"""Class of the shading behind a phase; phases not named stay white."""


def draw(case: Case) -> str:
    """The figure of one procedure as SVG text."""
    whole = Span(0, max(case.end_utc_ns - case.begin_utc_ns, NS_PER_S))
    span = _focus(case, whole)
    pressure = _pressure_panel(case, span)
    rate = _rate_panel(case, span)
    volume = _volume_panel(case, span)
    panels = (pressure, rate, volume)
    bottom = volume.top + volume.height
    flags = list(_flags(case, span))
    parts = [
        _ribbon(case, whole, span),
        *_shades(case, span, pressure.top, bottom),
        *(part for panel in panels for part in axes(panel)),
        *time_axis(span, bottom),
        *_pressure_curves(case, span, pressure),
        *_rate_curves(case, span, rate),
        *_volume_curves(case, span, volume),
        *_draw_flags(flags, span, bottom),
    ]
    height = bottom + 46
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-labelledby="plot-title plot-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="plot-title">Pressure, rate and volume over time</title>'
        f'<desc id="plot-desc">{escape(_description(case, span))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _focus(case: Case, whole: Span) -> Span:
    """From the first injection to the last thing that happened in the room."""
    flows = [t_ns for t_ns, intent in case.intents().values() if intent.purpose == "inject"]
    if not flows:
        return whole
    ends = [t_ns for kind in (MotionEnded, Exposed, AlarmChanged) for t_ns, _ in case.of(kind)]
    begin_ns = max(0, min(flows) - _MARGIN_NS)
    return Span(begin_ns, min(max([*ends, *flows]) + _MARGIN_NS, whole.end_ns))


def _description(case: Case, span: Span) -> str:
    peak = max((value for _, value in case.curves.line_pa), default=None)
    volumes = [entry.high_nl for _, entry in case.of(LedgerChanged)]
    words = [f"From {show_relative(span.begin_ns)} to {show_relative(span.end_ns)}."]
    if peak is not None:
        words.append(f"Highest line pressure of the procedure {show('_pa', peak)}.")
    if volumes:
        words.append(f"Delivered into one duct at most {show('_nl', max(volumes))}.")
    words.append(f"{len(case.of(Exposed))} exposures. Numbers are in the tables of this report.")
    return " ".join(words)


# --- axes -------------------------------------------------------------------------------------


def _panel(
    title: str, place: tuple[int, int], values: Iterable[int], digits: int, least: int
) -> Panel:
    """A panel over 0 and all values, its ends on a step."""
    every = [0, *values]
    low, high = min(every), max(*every, least)
    step = nice_step(high - low, 4)
    if -low * 10 < step:
        low = 0  # noise around zero needs no room of its own
    top, height = place
    return Panel(title, top, height, low // step * step, -(-high // step) * step, step, digits)


def _pressure_panel(case: Case, span: Span) -> Panel:
    values = [value for _, value in inside(case.curves.line_pa, span)]
    return _panel("Line pressure, kPa", (TOP, 170), values, 3, 2_000)


def _rate_panel(case: Case, span: Span) -> Panel:
    values = [point.value for point in inside(case.curves.confirmed_nl_min, span)]
    values += [point.value for point in inside(_measured_rate(case), span)]
    return _panel("Rate, µL/min", (346, 110), values, 3, 50_000)


def _volume_panel(case: Case, span: Span) -> Panel:
    values = [point.value for point in inside(case.curves.counter_nl, span)]
    values += [i.until_nl for t_ns, i in case.intents().values() if span.holds(t_ns)]
    values += [i.high_nl for t_ns, i in case.of(LedgerChanged) if span.holds(t_ns)]
    return _panel("Volume, µL", (498, 150), values, 3, 50_000)


# --- phases -----------------------------------------------------------------------------------


def _tint(phase: str) -> str:
    return f"tint-{_TINTS.get(phase, 'none')}"


def _ribbon(case: Case, whole: Span, span: Span) -> str:
    """The whole procedure as a strip, with the drawn stretch marked on it."""
    parts = [label(LEFT - 54, 12, "Whole procedure", "axis")]
    for begin_ns, end_ns, phase in case.phases():
        place = (whole.x(begin_ns), whole.x(end_ns))
        parts.append(rect(_tint(phase), place, _RIBBON_TOP, _RIBBON_HEIGHT))
    edge = (whole.x(0), whole.x(whole.end_ns))
    parts.append(rect("frame", edge, _RIBBON_TOP, _RIBBON_HEIGHT))
    shown = (whole.x(span.begin_ns), whole.x(span.end_ns))
    parts.append(rect("shown", shown, _RIBBON_TOP - 3, _RIBBON_HEIGHT + 6))
    funnel = (
        f"M{shown[0]:.1f} {_RIBBON_TOP + _RIBBON_HEIGHT + 3} L{LEFT} 62 "
        f"M{shown[1]:.1f} {_RIBBON_TOP + _RIBBON_HEIGHT + 3} L{RIGHT} 62"
    )
    parts.append(f'<path class="funnel" d="{funnel}"/>')
    words = f"{show_relative(whole.end_ns).rpartition('.')[0]} min:s"
    parts.append(label(RIGHT + 10, _RIBBON_TOP + 13, words, "tick"))
    return "".join(parts)


def _shades(case: Case, span: Span, top: float, bottom: float) -> Iterator[str]:
    for begin_ns, end_ns, phase in case.phases():
        if end_ns <= span.begin_ns or begin_ns >= span.end_ns:
            continue
        place = (span.x(begin_ns), span.x(end_ns))
        yield rect(_tint(phase), place, 64, bottom - 64)
        if place[1] - place[0] > 6.2 * len(phase) + 6:
            yield label((place[0] + place[1]) / 2, 75, phase, "phase middle")


# --- curves -----------------------------------------------------------------------------------


def _key(place: int, kind: str, words: str, panel: Panel) -> str:
    """One line of a panel's key, right of it."""
    y = panel.top + 12 + 18 * place
    sample = f'<path class="curve {kind}" d="M{RIGHT + 10} {y - 4:.1f} h22"/>'
    return sample + label(RIGHT + 38, y, words, "key")


def _pressure_curves(case: Case, span: Span, panel: Panel) -> Iterator[str]:
    yield curve_path("line", case.curves.line_pa, span, panel)
    yield _key(0, "line", "line, measured", panel)
    if case.curves.upper_pa:
        yield curve_path("bound", case.curves.upper_pa, span, panel)
        yield curve_path("net", case.curves.net_pa, span, panel)
        yield _key(1, "net", "net, estimated", panel)
        yield _key(2, "bound", "net, at most", panel)
    limit = _limit(case, "line_pressure_pa")
    if limit is not None and limit <= panel.high:
        y = panel.y(limit)
        yield f'<path class="curve limit" d="M{LEFT} {y:.1f} H{RIGHT}"/>'
        yield _key(3, "limit", f"limit {show('_pa', limit)}", panel)
    elif limit is not None:
        words = f"limit {show('_pa', limit)} (above)"
        yield label(RIGHT + 10, panel.top + 66, words, "key")


def _limit(case: Case, name: str) -> int | None:
    limits = case.started.limits if case.started else ()
    return next((row[1] for row in limits if row[0] == name), None)


def _rate_curves(case: Case, span: Span, panel: Panel) -> Iterator[str]:
    yield curve_path("confirmed", case.curves.confirmed_nl_min, span, panel, step=True)
    yield curve_path("measured", _measured_rate(case), span, panel)
    yield _key(0, "confirmed", "confirmed by pump", panel)
    yield _key(1, "measured", "from its counter", panel)


def _measured_rate(case: Case) -> list[Point]:
    """Rate that the pump's counter shows, from the instants at which its last digit moved.

    Between those instants the counter stands although the pump runs; a difference of any
    two samples would draw the digit and not the flow.
    """
    rates: list[Point] = []
    moved: deque[Point] = deque()
    before: Point | None = None
    for point in case.curves.counter_nl:
        if before is None or point.t_ns - before.t_ns > BREAK_NS or point.value < before.value:
            moved = deque([point])  # silence, or the counter was cleared
        elif point.value > before.value:
            moved.append(point)
        while len(moved) > 1 and point.t_ns - moved[1].t_ns >= _SLOPE_NS:
            moved.popleft()
        rates.append(Point(point.t_ns, _slope_nl_min(moved, point.t_ns)))
        before = point
    return rates


def _slope_nl_min(moved: Sequence[Point], now_ns: int) -> int:
    """Rate over the kept moves of the digit; 0 once the next move is overdue."""
    first, last = moved[0], moved[-1]
    span_ns = last.t_ns - first.t_ns
    if not span_ns or (now_ns - last.t_ns) * (len(moved) - 1) > 2 * span_ns:
        return 0
    return (last.value - first.value) * 60 * NS_PER_S // span_ns


def _volume_curves(case: Case, span: Span, panel: Panel) -> Iterator[str]:
    yield _ledger_band(case, span, panel)
    for begin_ns, end_ns, until_nl in _orders(case):
        if end_ns > span.begin_ns and begin_ns < span.end_ns:
            y = panel.y(until_nl)
            yield (
                f'<path class="curve ordered" d="M{span.x(begin_ns):.1f} {y:.1f} '
                f'H{span.x(end_ns):.1f}"/>'
            )
    yield curve_path("counter", case.curves.counter_nl, span, panel)
    reached = _intents_reached(case)
    for t_ns, until_nl in reached:
        if span.holds(t_ns):
            x, y = span.x(t_ns), panel.y(until_nl)
            yield f'<path class="checkpoint" d="M{x:.1f} {y - 6:.1f} l5 6 l-5 6 l-5 -6 z"/>'
    yield _key(0, "counter", "pump counter", panel)
    yield _key(1, "ordered", "commanded until", panel)
    y = panel.top + 48
    yield f'<path class="checkpoint" d="M{RIGHT + 21} {y - 10:.1f} l5 6 l-5 6 l-5 -6 z"/>'
    yield label(RIGHT + 38, y, "checkpoint reached", "key")
    yield f'<rect class="band" x="{RIGHT + 10}" y="{y + 8:.1f}" width="22" height="10"/>'
    yield label(RIGHT + 38, y + 18, "duct, low to high", "key")


def _orders(case: Case) -> Iterator[tuple[int, int, int]]:
    """(from, to, counter the pump was told to stop at) of every infusing motion."""
    ends = {ended.motion_id: t_ns for t_ns, ended in case.of(MotionEnded)}
    for motion_id, (t_ns, intent) in case.intents().items():
        yield t_ns, ends.get(motion_id, t_ns), intent.until_nl


def _intents_reached(case: Case) -> list[tuple[int, int]]:
    intents = case.intents()
    return [
        (t_ns, intents[ended.motion_id][1].until_nl)
        for t_ns, ended in case.of(MotionEnded)
        if ended.reached and ended.motion_id in intents
    ]


def _ledger_band(case: Case, span: Span, panel: Panel) -> str:
    """Delivered into the duct as [low, high], as steps; a new duct begins a new band."""
    shapes = []
    ledger = case.of(LedgerChanged)
    for place, (begin_ns, entry) in enumerate(ledger):
        end_ns = ledger[place + 1][0] if place + 1 < len(ledger) else span.end_ns
        if entry.duct and end_ns > span.begin_ns and begin_ns < span.end_ns:
            low, high = panel.y(entry.low_nl), panel.y(entry.high_nl)
            shapes.append(rect("band", (span.x(begin_ns), span.x(end_ns)), high, low - high))
    return "".join(shapes)


# --- marks ------------------------------------------------------------------------------------


class Flag(NamedTuple):
    """A mark over all panels with a short word."""

    t_ns: int
    kind: str
    words: str


def _flags(case: Case, span: Span) -> Iterator[Flag]:
    flags = [
        *(Flag(t, "exposure", f"exposure {e.view}") for t, e in case.of(Exposed)),
        *(Flag(t, "alarm", a.alarm) for t, a in case.of(AlarmChanged) if a.change == "raised"),
        *(
            Flag(t, "alarm", p.event)
            for t, p in case.of(PhaseChanged)
            if p.event
            in {"stop", "pain", "suspected-extravasation", "medical-emergency", "device-fault"}
        ),
    ]
    yield from sorted(flag for flag in flags if span.holds(flag.t_ns))


def _draw_flags(flags: Sequence[Flag], span: Span, bottom: float) -> Iterator[str]:
    """Marks with their words in the first lane that is free there."""
    lane_ends = [0.0] * _FLAG_LANES
    for flag in flags:
        x = span.x(flag.t_ns)
        yield (
            f'<line class="mark {flag.kind}" x1="{x:.1f}" x2="{x:.1f}" y1="80" y2="{bottom:.1f}"/>'
        )
        width = 6.4 * len(flag.words) + 10
        left = x if x + width < RIGHT else x - width
        lane = next((i for i, end in enumerate(lane_ends) if left > end), None)
        if lane is None:
            continue  # too crowded to name; the table names it
        lane_ends[lane] = left + width
        y = _FLAGS_TOP + 13 * lane
        yield label(left + 4, y + 5, flag.words, f"flag {flag.kind}")
