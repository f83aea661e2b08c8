"""``python -m sim.injections``: the study and the tables, for ``make evidence``."""

import json
import sys
from pathlib import Path
from typing import Final

from sim.injections import command, traces
from sim.injections.summary import summary

EVIDENCE: Final = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SEEDS: Final = range(1, 1001)
TRACE_SEEDS: Final = range(1, 11)
FILL_SEEDS: Final = range(1, 201)
"""Of the table of over-filled ducts, a row for each."""


def main() -> int:
    """All seeds that the file does not have yet; the tables once."""
    out, tables = EVIDENCE / "injections.jsonl", EVIDENCE / "traces.jsonl"
    kept = command.kept_in(out)
    rows = [kept[seed] for seed in SEEDS if seed in kept]
    for row in command.measured("demo", [seed for seed in SEEDS if seed not in kept], jobs=2):
        rows.append(row)
        sys.stderr.write(f"injections: {len(rows)} of {len(SEEDS)} seeds\n")
        with out.open("a") as file:
            file.write("\n" + json.dumps(row) + "\n")
    if not tables.exists():
        lines = [
            json.dumps({"table": name} | row)
            for name, make in traces.TABLES.items()
            for row in make(FILL_SEEDS if name == "overfill" else TRACE_SEEDS)
        ]
        tables.write_text("\n".join(lines) + "\n")
    told = summary(rows)
    words = "; ".join(f"{what} {found} ({bound})" for what, found, bound in command.aims(told))
    sys.stdout.write(f"{told['seeds']} seeds: {words}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
