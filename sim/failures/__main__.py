"""The long form for ``make evidence``: every row over seeds, deaths at random moments over more.

Goes on where it was ended (lines of this commit in the file are not played again); the last
line on standard output says what came of it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from sim.failures import command, results
from sim.failures.table import FAILURES

OUT: Final = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "failures.jsonl"
RUNS: Final = 5
DEATHS: Final = 200
"""Runs of ``killed-anywhere``: a moment of the procedure each."""


def main() -> int:
    """Play both; 0 when nothing was unsafe."""
    parser = argparse.ArgumentParser(description="failures over real wires, the long form")
    command.add_arguments(parser)
    base = ["--out", str(OUT), "--tries", "3"]
    plan = (("--runs", str(RUNS)), ("--runs", str(DEATHS), "--only", "killed-anywhere"))
    statuses = [command.run(parser.parse_args([*base, *more])) for more in plan]
    lines = [json.loads(line) for line in OUT.read_text().splitlines()]
    newest = results.kept(OUT, lines[-1]["on"]["commit"]).values() or lines
    counts = {
        word: sum(line["verdict"] == word for line in newest)
        for word in ("good", "stuck", "unsafe")
    }
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    sys.stdout.write(f"{sum(counts.values())} runs of {len(FAILURES)} failures: {said}\n")
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
