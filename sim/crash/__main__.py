"""The long form for ``make evidence``: every point of a short procedure, shares of long ones.

Goes on where it was ended (lines of this commit in the file are not played again); the last
line on standard output says what came of it.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from sim.bench.figures import machine
from sim.crash import command, summary

_ROOT: Final = Path(__file__).resolve().parents[2]
OUT: Final = _ROOT / ".evidence" / "crash.jsonl"
TABLE: Final = _ROOT / "docs" / "evidence" / "crash.txt"
PLAN: Final = (
    ("--order", "short", "--seed", "1"),
    *(("--order", "long", "--seed", str(seed), "--share", "0.01") for seed in range(2, 12)),
)


def main() -> int:
    """Play all; 0 when nothing was unsafe."""
    parser = argparse.ArgumentParser(description="deaths on virtual time, the long form")
    command.add_arguments(parser)
    OUT.parent.mkdir(exist_ok=True)
    base = ("--out", str(OUT), "--jobs", "2")
    worst = max(command.run(parser.parse_args([*base, *more])) for more in PLAN)
    lines = summary.kept(OUT, machine()["commit"])
    table = list(summary.told(lines))
    TABLE.write_text("\n".join(table) + "\n", "utf-8")
    sys.stdout.write("\n".join(table) + "\n")
    sys.stdout.write(f"{len(lines)} deaths, {summary.unsafe(lines)} unsafe\n")
    return worst


if __name__ == "__main__":
    sys.exit(main())
