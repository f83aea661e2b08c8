"""``galactograph-sim failures``: rows of the table, each over seeds, resumable."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from sim import processes
from sim.bench.figures import machine
from sim.failures import results
from sim.failures.shift import Shift
from sim.failures.table import BY_NAME, FAILURES, Failure

Job = tuple[Failure, int, int]
"""Row, seed, and how often it was tried."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim failures``."""
    parser.add_argument("--only", metavar="NAME,...", help="these rows; --list names them")
    parser.add_argument("--runs", type=int, default=1, help="runs of each row, one seed each")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep lines; skip what it holds")
    parser.add_argument("--json", action="store_true", help="lines on standard output")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument(
        "--patience", type=float, default=120.0, metavar="S", help="for a procedure to go on"
    )
    parser.add_argument(
        "--tries", type=int, default=1, metavar="N", help="a run that got stuck is tried again"
    )
    parser.add_argument(
        "--shift", type=int, default=12, metavar="N", help="runs at one site, then a new one"
    )


def run(args: argparse.Namespace) -> int:
    """Play: 0 nothing unsafe, 1 something was, 2 bad input."""
    if args.list:
        sys.stdout.write("".join(f"{row.name}\n" for row in FAILURES))
        return 0
    names = args.only.split(",") if args.only else [row.name for row in FAILURES]
    unknown = [name for name in names if name not in BY_NAME]
    if unknown or args.runs < 1 or min(args.shift, args.tries) < 1:
        wrong = f"no failure is called {unknown[0]!r}: see --list" if unknown else "give 1 or more"
        sys.stderr.write(f"failures: {wrong}\n")
        return 2
    where = machine()
    done = results.kept(args.out, where["commit"])
    jobs = [
        (BY_NAME[n], seed, 0) for seed in range(args.seed, args.seed + args.runs) for n in names
    ]
    found = [done[_key(job)] for job in jobs if _key(job) in done]
    with processes.terminable():
        for result in _play([job for job in jobs if _key(job) not in done], args):
            result["on"] = where
            found.append(result)
            _say(args, result)
    sys.stderr.write("\n".join(results.table(found)) + "\n")
    return 1 if any(result["verdict"] == "unsafe" for result in found) else 0


def _key(job: Job) -> results.Key:
    return job[0].name, job[1]


def _play(jobs: list[Job], args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Rows with the same processes share sites; after a run that was not good comes a new one."""
    for _, some in groupby(sorted(jobs, key=_kind), key=_kind):
        left = list(some)
        while left:
            yield from _shift(left, args)


def _kind(job: Job) -> tuple[str, bool]:
    return job[0].module, job[0].split


def _shift(left: list[Job], args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Play from the front of ``left`` until the site is used up."""
    module, split = _kind(left[0])
    with tempfile.TemporaryDirectory(prefix="galactograph-failures-") as folder:
        shift = Shift(Path(folder), left[0][1], module, args.patience, split)
        try:
            for _ in range(min(args.shift, len(left))):
                row, seed, tried = left.pop(0)
                result = shift.play(row, seed) | {"tries": tried + 1}
                if result["verdict"] == "stuck" and result["tries"] < args.tries:
                    left.insert(0, (row, seed, tried + 1))
                    return
                yield result
                if result["verdict"] != "good":
                    return
        finally:
            shift.close()


def _say(args: argparse.Namespace, result: dict[str, Any]) -> None:
    line = json.dumps(result) + "\n"
    if args.json:
        sys.stdout.write(line)
        sys.stdout.flush()
    if args.out is not None:
        with args.out.open("a") as kept:
            kept.write(line)
    figures = f"{result['stopped_ms']} ms by {result['layer'] or '-'}"
    words = (result["row"], f"seed {result['seed']}", result["verdict"], figures)
    sys.stderr.write("  ".join([*words, f"{result['wall_s']} s", *result["reasons"]])[:300] + "\n")
