"""Lines of results: kept in a file, skipped when they are there, and counted in a table."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.bench.figures import spread

Result = dict[str, Any]
Key = tuple[str, int]
"""Row and seed."""


def kept(path: Path | None, commit: str) -> dict[Key, Result]:
    """What the file holds already of this commit; a tree with changes has no commit."""
    if path is None or not path.exists() or not commit or commit.endswith("+"):
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return {(r["row"], r["seed"]): r for r in lines if r["on"]["commit"] == commit}


def table(results: Sequence[Result]) -> Iterator[str]:
    """One line per row: verdicts, standstill in ms, layers, nuisance stops."""
    by_row: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_row[result["row"]].append(result)
    head = ("row", "runs", "good", "stuck", "unsafe", "p50", "p99", "max ms", "uL max", "nuisance")
    yield f"{head[0]:<26}" + "".join(f"{word:>9}" for word in head[1:]) + "  layers"
    for name, some in by_row.items():
        times = [r["stopped_ms"] for r in some if r["stopped_ms"] is not None]
        moved = [r["plunger_ul"] for r in some if r["plunger_ul"] is not None]
        ms = spread(times, 1, 1)
        verdicts = [sum(r["verdict"] == word for r in some) for word in ("good", "stuck", "unsafe")]
        cells = [len(some), *verdicts, ms["p50"], ms["p99"], ms["max"], max(moved, default=None)]
        cells.append(sum(r["nuisance_stops"] for r in some))
        shown = "".join("-".rjust(9) if cell is None else f"{cell:>9g}" for cell in cells)
        yield f"{name:<26}{shown}  {', '.join(sorted({r['layer'] for r in some if r['layer']}))}"
    for result in results:
        if result["reasons"]:
            yield f"{result['row']} seed {result['seed']}: {result['verdict']}"
            yield from (f"    {words[:300]}" for words in result["reasons"])
