"""What lines of real deaths say: how many, how many unsafe, how wide, how long each took."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

Line = dict[str, Any]


def told(lines: Sequence[Line]) -> Iterator[str]:
    """One line per aim, then every death that was not good."""
    head = ("deaths", "count", "good", "stuck", "unsafe", "flowing", "judged", "width", "count")
    yield f"{head[0]:<12}" + "".join(f"{word:>9}" for word in head[1:]) + "   p50 uL; s a death"
    groups = {"all": list(lines)} if lines else {}
    for line in lines:
        groups.setdefault(line["aim"], []).append(line)
    for name, some in groups.items():
        counts = [sum(line["verdict"] == word for line in some) for word in VERDICTS]
        flowing = sum(line["flowing"] for line in some)
        measured = [line for line in some if "high_nl" in line]
        cells = (len(some), *counts, flowing, len(measured))
        wide = [line["high_nl"] - line["low_nl"] for line in measured]
        counted = [line["count_width_nl"] for line in measured]
        took_s = sum(line["wall_s"] for line in some) / len(some)
        yield (
            f"{name:<12}" + "".join(f"{cell:>9}" for cell in cells)
            + f"{_median_ul(wide):>9}{_median_ul(counted):>9}   {took_s:.1f} s"
        )  # fmt: skip
    for line in lines:
        if line["verdict"] != "good":
            yield f"seed {line['seed']} {line['aim']}: {line['verdict']}: {line['reasons']}"


VERDICTS = ("good", "stuck", "unsafe")


def _median_ul(values_nl: Sequence[int]) -> str:
    return f"{statistics.median(values_nl) / 1_000:.2f}" if values_nl else "-"


def unsafe(lines: Sequence[Line]) -> int:
    """Deaths after which something was not as it must be."""
    return sum(line["verdict"] == "unsafe" for line in lines)


def judged(lines: Sequence[Line]) -> int:
    """Deaths that came to a judgement."""
    return sum(line["verdict"] != "stuck" for line in lines)
