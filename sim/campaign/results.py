"""Results of a campaign: kept in a file as they come, skipped when they are there, summed up."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from sim.bench.figures import spread
from sim.campaign.run import Result
from sim.faults.table import FAULTS

Summary = dict[str, Any]


def kept(path: Path | None, commit: str, seeds: Iterable[int]) -> dict[int, Result]:
    """What the file holds already of this commit; a line that was cut short is played again."""
    found: dict[int, Result] = {}
    if path is None or not path.exists() or not commit or commit.endswith("+"):
        return found
    wanted = set(seeds)
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row.get("commit") == commit and row["seed"] in wanted:
            row.pop("commit")
            found[row["seed"]] = msgspec.convert(row, Result)
    return found


def keep(out: TextIO, result: Result, commit: str) -> None:
    """Add a line; one that was cut short before stays behind on a line of its own."""
    row = msgspec.to_builtins(result) | {"commit": commit}
    out.write("\n" + json.dumps(row) + "\n")
    out.flush()


def judge_of(words: str) -> str:
    """Which judge a violation is from."""
    return words.partition(":")[0]


def replay(result: Result) -> str:
    """The command that plays this run again."""
    return f"galactograph-sim run {result.seed} --faults"


def by_fault(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Per fault: runs with it, runs in which it was seen to act, and what came of them."""
    found = {}
    for row in FAULTS:
        runs = [r for r in results if row.name in r.faults]
        seen = [r for r in runs if not any(w.startswith(f"{row.name}:") for w in r.invalid)]
        found[row.name] = {
            "runs": len(runs),
            "seen": len(seen),
            "invalid": len(runs) - len(seen),
            "violations": sum(bool(r.violations) for r in seen),
            "given_up": sum(r.outcome == "given up" for r in seen),
        }
    return found


def summary(results: Sequence[Result], wall_s: float) -> Summary:
    """The campaign in figures; field names are the command's JSON."""
    ordered = sorted(results, key=lambda r: r.seed)
    broken = [r for r in ordered if r.violations]
    null = [r for r in ordered if not r.faults]
    return {
        "runs": len(ordered),
        "violations": len(broken),
        "invalid": sum(bool(r.invalid) for r in ordered),
        "virtual_s": round(sum(r.virtual_s for r in ordered), 1),
        "wall_s": round(wall_s, 1),
        "runs_per_s": round(len(ordered) / wall_s, 3) if wall_s else 0.0,
        "by_fault": by_fault(ordered),
        "by_outcome": dict(Counter(r.outcome for r in ordered)),
        "by_judge": dict(Counter(judge_of(w) for r in broken for w in r.violations)),
        "null_runs": len(null),
        "null_stops": sum("stopped" in r.phases for r in null),
        "injecting_s": spread([r.injecting_s for r in ordered], 1, 1),
        "virtual_s_of_a_run": spread([r.virtual_s for r in ordered], 1, 1),
        "first_failure": replay(broken[0]) if broken else "",
    }
