"""The long form for ``make evidence``: 20,000 seeds on two processes.

Goes on where it was ended: lines of this commit in ``.evidence/campaign.jsonl`` are not played
again. The summary and the page with distributions go to ``docs/evidence``; the last line on
standard output says what came of it.
"""

import json
import sys
from pathlib import Path
from typing import Final

from controller.clock import RealClock
from sim.bench.figures import ROOT, machine
from sim.campaign import page, pool, results

SEEDS: Final = range(1, 20_001)
JOBS: Final = 2
_KEPT: Final = ROOT / ".evidence" / "campaign.jsonl"
_SUMMARY: Final = ROOT / "docs" / "evidence" / "campaign.json"
_PAGE: Final = ROOT / "docs" / "evidence" / "campaign.html"
_SAID_EVERY: Final = 100


def main(
    seeds: range = SEEDS, kept: Path = _KEPT, summary: Path = _SUMMARY, drawn: Path = _PAGE
) -> int:
    """Play what is left; 0 when no judge objected."""
    where, clock = machine(), RealClock()
    began_ns = clock.now_ns()
    kept.parent.mkdir(parents=True, exist_ok=True)
    found = results.kept(kept, where["commit"], seeds)
    todo = [seed for seed in seeds if seed not in found]
    with kept.open("a", encoding="utf-8") as out:
        for result in pool.on_this_machine("demo", todo, JOBS):
            results.keep(out, result, where["commit"])
            found[result.seed] = result
            if len(found) % _SAID_EVERY == 0:
                sys.stderr.write(f"campaign: {len(found)} of {len(seeds)}\n")
    told = results.summary(list(found.values()), (clock.now_ns() - began_ns) / 1e9)
    summary.write_text(json.dumps(told | {"on": where}, indent=1) + "\n", "utf-8")
    drawn.write_text(page.draw(list(found.values()), told, where), "utf-8")
    seen = min((row["seen"] for row in told["by_fault"].values()), default=0)
    sys.stdout.write(
        f"{told['runs']} runs, {told['violations']} with a violation, {told['invalid']} invalid;"
        f" every fault seen {seen} times or more\n"
    )
    return 1 if told["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
