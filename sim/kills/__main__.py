"""The long form for ``make evidence``: 200 judged deaths of the real controller.

Goes on where it was ended (lines of this commit in the file count); the last line on standard
output says what came of it.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from sim.bench.figures import machine
from sim.kills import command, summary

OUT: Final = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "kills.jsonl"


def main() -> int:
    """Play; 0 when nothing was unsafe."""
    parser = argparse.ArgumentParser(description="kill -9 over real wires and disk, the long form")
    command.add_arguments(parser)
    lines = command.play(parser.parse_args([]), OUT, machine())
    sys.stderr.write("".join(f"{line}\n" for line in summary.told(lines)))
    flowing = sum(line["flowing"] for line in lines)
    said = f"{len(lines)} deaths, {flowing} while the plunger moved, {summary.judged(lines)} judged"
    sys.stdout.write(f"{said}, {summary.unsafe(lines)} unsafe\n")
    return 1 if summary.unsafe(lines) else 0


if __name__ == "__main__":
    sys.exit(main())
