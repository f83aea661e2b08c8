"""The results for people: a few columns per measurement, aims with met or missed."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from sim.bench.figures import Result

_TAILS: Final = ("p50", "p99", "p999", "max")


def lines(results: list[Result]) -> Iterator[str]:
    """Text, line by line; a heading where the measurement changes."""
    before = ""
    for result in results:
        name = result["name"]
        if name != before:
            yield ""
            yield f"{name}  {_HEADS.get(name, '')}".rstrip()
        before = name
        yield from _ROWS.get(name, _plain)(result)


def _tails(some: dict[str, Any]) -> str:
    shown = ("-" if some[key] is None else f"{some[key]:g}" for key in _TAILS)
    return " ".join(f"{text:>9}" for text in shown)


def _plain(result: Result) -> Iterator[str]:
    for key, value in result.items():
        if key != "name":
            yield f"  {key:<32} {value}"


def _latency(result: Result) -> Iterator[str]:
    where = f"{result['line']} line, {result['baud'] or 'no'} baud"
    for loop in ("production", "bare"):
        for what in ("software_ms", "whole_ms"):
            yield f"  {where:<24} {loop:<11} {what:<12}{_tails(result[loop][what])}"
        counts = {key: result[loop][key] for key in ("crossed", "invalid", "not_sent")}
        yield f"  {'':<24} {loop:<11} of {result['trips']} trips: {counts}"
    for part, some in result["production"]["split_ms"].items():
        yield f"  {where:<24} production  {part:<12}{_tails(some)}"
    if "ratio_of_medians" in result:
        yield f"  {where:<24} production / bare, whole, medians: {result['ratio_of_medians']}"
    for one in result["aims"]:
        yield "  " + _aim(one)


def _aim(one: Result) -> str:
    said = "met" if one["met"] else f"MISSED: {one.get('limited_by', '')}"
    return f"aim {one['aim']}: {one['measured']}, {said}"


def _cost(result: Result) -> Iterator[str]:
    for part, some in result["us"].items():
        yield f"  {result['room']:<10} {part:<10} us {_tails(some)}   n={some['count']}"


def _late(result: Result) -> Iterator[str]:
    which = "with gc.freeze" if result["gc_freeze"] else "without gc.freeze"
    yield f"  {which:<20} ms {_tails(result['late_ms'])}   n={result['late_ms']['count']}"


def _path(result: Result) -> Iterator[str]:
    ms, ul, entered = result["ms"], result["plunger_ul"], result["entered_ul"]
    cells = (ms["p50"], ms["p99"], ms["max"], ul["p50"], ul["max"], entered["max"])
    shown = " ".join("-".rjust(8) if cell is None else f"{cell:>8g}" for cell in cells)
    bound = f"{result['bound_ul']:>7g}  over bound {result['over_bound']}"
    yield f"  {result['path']:<40}{shown} {bound}  n={result['runs']}"


def _real_path(result: Result) -> Iterator[str]:
    ms, ul = result["ms"], result["plunger_ul"]
    cells = (ms["p50"], ms["p99"], ms["max"], ul["p50"], ul["p99"], ul["max"])
    shown = " ".join("-".rjust(8) if cell is None else f"{cell:>8g}" for cell in cells)
    missed = f"not measured {result['not_measured']}"
    yield f"  {result['path']:<40}{shown}  n={result['runs']}  {missed}"


def _virtual(result: Result) -> Iterator[str]:
    shown = {key: value for key, value in result.items() if key not in ("name", "room")}
    yield f"  {result['room']:<16} " + "  ".join(f"{key} {value}" for key, value in shown.items())


def _split(result: Result) -> Iterator[str]:
    shares = "  ".join(f"{who} {us}" for who, us in result["us_per_pass"].items())
    yield f"  {result['room']:<10} passes {result['passes']} steps {result['steps']}  {shares}"


def _alone(result: Result) -> Iterator[str]:
    yield "  " + _aim(result)


def _watchers(result: Result) -> Iterator[str]:
    where = f"{result['watchers']} watchers"
    cost = f"console {result['console_cpu_percent']} %, {result['console_mb']} MB"
    yield f"  {where:<12} {cost:<28} controller {result['controller_cpu_percent']} %"
    for what in ("sample_to_page_ms", "controller_answer_ms"):
        yield f"  {where:<12} {what:<24}{_tails(result[what])}   n={result[what]['count']}"


def _drawn(result: Result) -> Iterator[str]:
    yield f"  {'one page':<12} {'sample to drawn, ms':<24}{_tails(result['drawn_ms'])}"
    if "not_measured" in result:
        yield f"  not measured: {result['not_measured']}"
    for one in result.get("aims", ()):
        yield "  " + _aim(one)


def _stops(result: Result) -> Iterator[str]:
    where = f"{result['watchers']} watchers"
    for what in ("stop_ms", "late_ms"):
        yield f"  {where:<12} {what:<10}{_tails(result[what])}   n={result[what]['count']}"
    missed = f"not measured {result['not_measured']}, late over 50 ms {result['over_50_ms']}"
    yield f"  {where:<12} {missed}"


def _stream(result: Result) -> Iterator[str]:
    yield f"  {result['seconds']} s, {result['snapshots']} snapshots"
    yield from ("  " + _aim(one) for one in result["aims"])


_HEADS: Final = {
    "console-stops": "ms: p50, p99, p99.9, max",
    "console-stream": "streaming",
    "console-watchers": "ms: p50, p99, p99.9, max",
    "console-drawn": "ms: p50, p99, p99.9, max",
    "stop-latency": "ms: p50, p99, p99.9, max",
    "cost-of-a-pass": "us: p50, p99, p99.9, max",
    "lateness": "of a 20 ms wait: p50, p99, p99.9, max",
    "virtual-speed": "virtual over wall and over processor time",
    "virtual-split": "us of each pass",
    "stop-path-real": "standstill ms p50 p99 max, plunger uL p50 p99 max",
    "stop-path": (
        "virtual; standstill ms p50 p99 max, plunger uL p50 max, entered uL max, bound uL"
    ),
}
_ROWS: Final[dict[str, Callable[[Result], Iterator[str]]]] = {
    "console-watchers": _watchers,
    "console-drawn": _drawn,
    "console-stops": _stops,
    "console-stream": _stream,
    "stop-latency": _latency,
    "cost-of-a-pass": _cost,
    "lateness": _late,
    "virtual-speed": _virtual,
    "virtual-split": _split,
    "virtual-aim": _alone,
    "stop-path": _path,
    "stop-path-real": _real_path,
}
