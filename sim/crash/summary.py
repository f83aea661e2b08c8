"""What lines of deaths say: how many, how many unsafe, and how wide the ledger was."""

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def kept(path: Path | None, commit: str) -> list[Line]:
    """Lines that the file holds already of this commit; a tree with changes has no commit."""
    if path is None or not path.exists() or not commit or commit.endswith("+"):
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return [line for line in lines if line["commit"] == commit]


def told(lines: Sequence[Line]) -> Iterator[str]:
    """One line per group, then every unsafe death."""
    flowing = [line for line in lines if line["flowing"]]
    groups = {
        "all": list(lines),
        "a duct open": [line for line in lines if line["high_nl"]],
        "while it flowed": flowing,
        "  back before the power was cut": [line for line in flowing if line["powered"]],
        "  after it was cut": [line for line in flowing if not line["powered"]],
        "  narrowed by the counter": [line for line in flowing if line["narrowed"]],
    }
    head = f"{'deaths':<34}{'count':>8}{'unsafe':>8}"
    yield head + f"{'width p50':>12}{'count p50':>11}{'count p95':>11}  uL"
    for name, some in groups.items():
        yield f"{name:<34}{len(some):>8}{unsafe(some):>8}{_widths(some)}"
    for line in lines:
        if line["reasons"]:
            yield f"point {line['point']} seed {line['seed']} {line['order']}: {line['reasons']}"


def unsafe(lines: Sequence[Line]) -> int:
    """How many deaths were not judged good."""
    return sum(line["verdict"] != "good" for line in lines)


def _widths(lines: Sequence[Line]) -> str:
    if not lines:
        return f"{'-':>12}{'-':>11}{'-':>11}"
    wide = [(line["high_nl"] - line["low_nl"]) / 1_000 for line in lines]
    counted = [line["count_width_nl"] / 1_000 for line in lines]
    high = statistics.quantiles(counted, n=20)[-1] if len(counted) > 1 else counted[0]
    return f"{statistics.median(wide):>12.2f}{statistics.median(counted):>11.2f}{high:>11.2f}"
