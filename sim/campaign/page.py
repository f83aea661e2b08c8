"""The campaign as one HTML page: what was found, each fault, distributions."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from controller.record.report_html import Html, facts, paragraph, pill, section, table
from controller.record.report_style import STYLE
from sim.campaign.results import Summary, replay
from sim.campaign.run import Result
from sim.faults.table import BY_NAME, CLASSES, FAULTS

_BINS: Final = 24
_WIDTH: Final = 420
_HEIGHT: Final = 120
_SHOWN: Final = 50
"""Violations that are written out; the file of results has them all."""


def draw(results: Sequence[Result], told: Summary, where: dict[str, Any]) -> str:
    """The page."""
    ordered = sorted(results, key=lambda r: r.seed)
    good = not told["violations"]
    word = pill("no violation", "") if good else pill(f"{told['violations']} runs", "high")
    body = [
        "<h1>Campaign in virtual rooms</h1>",
        paragraph(Html(f"{word} {told['runs']} runs, {told['invalid']} of them invalid."), "lead"),
        paragraph(
            "Simulated devices, pressures and patients; every figure rests on the assumptions of"
            " the simulation and says nothing about people.",
            "note",
        ),
        _figures(told, where),
        section("Violations", _violations(ordered)),
        section("Invalid runs", _invalid(ordered)),
        *(section(f"Faults: {kind}", _faults(told, kind)) for kind in CLASSES),
        section("Distributions", *_distributions(ordered)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Campaign</title>'
        f"<style>{STYLE}{_BAR_STYLE}</style></head><body>{''.join(body)}</body></html>"
    )


_BAR_STYLE: Final = (
    "svg.bars{width:26rem;height:auto}svg.bars rect{fill:var(--blue)}"
    "svg.bars line{stroke:var(--ink)}"
)


def _figures(told: Summary, where: dict[str, Any]) -> str:
    names = ("virtual_s", "wall_s", "runs_per_s", "null_runs", "null_stops")
    pairs: list[tuple[str, object]] = [(name, told[name]) for name in names]
    pairs += [(f"outcome: {name}", count) for name, count in told["by_outcome"].items()]
    pairs += [(name, where[name]) for name in ("commit", "python", "cpu") if name in where]
    return section("Figures", facts(pairs))


def _violations(results: Sequence[Result]) -> str:
    rows = [
        (r.seed, ", ".join(r.faults) or "none", words, replay(r))
        for r in results
        for words in r.violations
    ]
    return table(("#seed", "faults", "judge: what", "again with"), rows[:_SHOWN])


def _invalid(results: Sequence[Result]) -> str:
    rows = [(r.seed, r.outcome, words) for r in results for words in r.invalid]
    return table(("#seed", "outcome", "fault: why"), rows[:_SHOWN])


def _faults(told: Summary, kind: str) -> str:
    names = [row.name for row in FAULTS if row.kind == kind]
    rows = [
        (name, BY_NAME[name].must, *(told["by_fault"][name][key] for key in _COUNTED))
        for name in names
    ]
    return table(("fault", "must cause", *(f"#{key}" for key in _COUNTED)), rows)


_COUNTED: Final = ("runs", "seen", "invalid", "violations")


def _distributions(results: Sequence[Result]) -> list[str]:
    flowed = [r for r in results if r.injecting_s > 0]
    kinds: tuple[tuple[str, list[float]], ...] = (
        ("virtual time of a run, s", [r.virtual_s for r in results]),
        ("flow into the duct, s", [r.injecting_s for r in flowed]),
        ("delivered, uL", [r.delivered_nl / 1_000 for r in flowed]),
        (
            "ledger: high less low, uL",
            [(r.ledger_high_nl - r.ledger_low_nl) / 1_000 for r in flowed],
        ),
        ("highest line pressure, kPa", [r.peak_line_pa / 1_000 for r in results]),
        ("highest duct pressure, kPa", [r.peak_duct_pa / 1_000 for r in flowed]),
        ("outside the duct, uL", [r.extravasated_nl / 1_000 for r in flowed if r.extravasated_nl]),
        ("times armed", [float(r.rearms) for r in results]),
    )
    return [_bars(name, values) for name, values in kinds if values]


def _bars(name: str, values: Sequence[float]) -> str:
    """A histogram with its ends and the median in words."""
    low, high = min(values), max(values)
    wide = (high - low) / _BINS or 1.0
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int((value - low) / wide))] += 1
    most, step = max(counts), _WIDTH / _BINS
    bars = "".join(
        f'<rect x="{place * step:.1f}" y="{_HEIGHT - _HEIGHT * count / most:.1f}"'
        f' width="{step - 1:.1f}" height="{_HEIGHT * count / most:.1f}"/>'
        for place, count in enumerate(counts)
        if count
    )
    middle = sorted(values)[len(values) // 2]
    words = f"{name}: {low:g} to {high:g}, median {middle:g}, {len(values)} runs"
    return (
        f'<figure><svg class="bars" viewBox="0 0 {_WIDTH} {_HEIGHT + 2}" role="img"'
        f' aria-label="{escape(words)}">{bars}<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}"'
        f' y2="{_HEIGHT}"/></svg><figcaption>{escape(words)}</figcaption></figure>'
    )
