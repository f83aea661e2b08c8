"""``galactograph-sim injections``: the paired study, and ``--traces`` for the fast tables.

Resumable: seeds that the file has are kept, a line cut short is measured again.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from config.load import load_room
from config.problems import ConfigError
from drivers.registry import known_names
from sim.injections import study, traces
from sim.injections.summary import AIMS, Found, summary
from sim.procedure import Procedure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim injections``."""
    parser.add_argument("--seeds", required=True, metavar="A..B", help="first and last seed")
    parser.add_argument("--traces", action="store_true", help="the fast traces' tables instead")
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON lines; seeds in it are kept")
    parser.add_argument("--json", action="store_true", help="JSON lines only, the summary last")


def run(args: argparse.Namespace) -> int:
    """Measure: 0 done, 2 bad input."""
    first, dots, last = args.seeds.partition("..")
    if not (dots and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        sys.stderr.write(f"injections: --seeds {args.seeds!r} is not A..B with A <= B (1..40)\n")
        return 2
    seeds = range(int(first), int(last) + 1)
    if args.traces:
        return _tables(seeds, args.json)
    kept = kept_in(args.out)
    rows = [kept[seed] for seed in seeds if seed in kept]
    for row in rows if args.json else ():
        _say(row)
    try:
        for row in measured(args.room, [seed for seed in seeds if seed not in kept], args.jobs):
            rows.append(row)
            if args.json:
                _say(row)
            if args.out is not None:
                with args.out.open("a") as out:
                    # a line that was cut short stays behind, on a line of its own
                    out.write("\n" + json.dumps(row) + "\n")
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    told = summary(rows)
    if args.json:
        _say(told)
    else:
        sys.stdout.write("".join(f"{key:<34} {value}\n" for key, value in told.items()))
    return 0


def _tables(seeds: range, as_json: bool) -> int:
    for name, make in traces.TABLES.items():
        for row in make(seeds):
            if as_json:
                _say({"table": name} | row)
            else:
                sys.stdout.write(f"{name:<12} " + "  ".join(f"{k}={v}" for k, v in row.items()))
                sys.stdout.write("\n")
    return 0


def _say(row: Found) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def measured(room: str, seeds: list[int], jobs: int = 1) -> Iterator[Found]:
    """Rows of seeds, as they are done; rooms are prepared once and inherited by each process.

    Raises:
        ConfigError: the room file has a problem.
    """
    if not seeds:
        return
    loaded = load_room(room, known_names())
    rigs = sorted({study.rig_of(seed) for seed in seeds})
    prepared: dict[str, Procedure] = {rig: study.cannulated(loaded, rig) for rig in rigs}
    if jobs == 1:
        for seed in seeds:
            yield study.measure(prepared, seed)
        return
    _PREPARED.update(prepared)
    try:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(jobs, mp_context=fork) as pool:
            yield from pool.map(_inherited, seeds)
    finally:
        _PREPARED.clear()


_PREPARED: dict[str, Procedure] = {}
"""Of the parent, as a forked process finds it."""


def _inherited(seed: int) -> Found:
    return study.measure(_PREPARED, seed)


def kept_in(out: Path | None) -> dict[int, Found]:
    """Seeds that an earlier run has measured; a line cut short is measured again."""
    rows: dict[int, Found] = {}
    if out is None or not out.exists():
        return rows
    for line in out.read_text().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if "seed" in row:
            rows[row["seed"]] = row
    return rows


def aims(told: Found) -> list[tuple[str, str, str]]:
    """Each aim, what was found, and the bound."""
    return [(words, str(told[key]), bound) for key, words, bound in AIMS]
