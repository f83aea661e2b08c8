"""``galactograph-sim kills``: the real controller killed many times, at sites side by side."""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim import processes
from sim.bench.figures import machine
from sim.crash.summary import kept
from sim.kills import summary
from sim.kills.lives import Lives
from sim.kills.summary import Line

SITE_CHAINS_MOST = 25
"""Then another site: what a controller reads at its start grows with the record."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim kills``."""
    parser.add_argument("--deaths", type=int, default=200, help="judged ones that shall be there")
    parser.add_argument("--seed", type=int, default=1, help="first seed; one seed a chain")
    parser.add_argument("--sites", type=int, default=2, help="side by side")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep lines; skip what it holds")
    parser.add_argument(
        "--patience", type=float, default=240.0, metavar="S", help="for a procedure to go on"
    )
    parser.add_argument("--json", action="store_true", help="lines on standard output")


def run(args: argparse.Namespace) -> int:
    """Play: 0 nothing unsafe, 1 something was, 2 bad input."""
    if min(args.deaths, args.sites, args.seed) < 1:
        sys.stderr.write("kills: --deaths, --sites and --seed are 1 or more\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="galactograph-kills-") as folder:
        out = args.out or Path(folder) / "lines"
        lines = play(args, out, machine())
    if args.json:
        sys.stdout.write("".join(json.dumps(line) + "\n" for line in lines))
    sys.stderr.write("".join(f"{line}\n" for line in summary.told(lines)))
    return 1 if summary.unsafe(lines) else 0


def play(args: argparse.Namespace, out: Path, where: Line) -> list[Line]:
    """Play until the file has enough judged deaths of this commit; returns those lines."""
    known = kept(out, where["commit"])
    done, before = {line["seed"] for line in known}, _count(out)
    if summary.judged(known) < args.deaths:
        # fork: each site is processes and pipes of its own, and nothing of it is open yet
        fork = multiprocessing.get_context("fork")
        sites = [
            fork.Process(target=_site, args=(args, out, where, done, number))
            for number in range(args.sites)
        ]
        for site in sites:
            site.start()
        try:
            for site in sites:
                site.join()
        finally:
            for site in sites:
                site.terminate()
                site.join()
    return known + _read(out)[before:]


def _site(args: argparse.Namespace, out: Path, where: Line, done: set[int], number: int) -> None:
    """Seeds of one site, until all sites together have enough."""
    seeds = (seed for seed in _seeds(args, number) if seed not in done)
    while summary.judged(_mine(out, where)) < args.deaths:
        named = tempfile.TemporaryDirectory(prefix="galactograph-kills-")
        with processes.terminable(), named as folder:
            seed = next(seeds)
            lives = Lives(Path(folder), seed, args.patience)
            try:
                for _ in range(SITE_CHAINS_MOST):
                    lines = [line | {"commit": where["commit"]} for line in lives.chain(seed)]
                    _keep(out, lines)
                    enough = summary.judged(_mine(out, where)) >= args.deaths
                    if enough or lines[0]["verdict"] != "good":
                        break
                    seed = next(seeds)
            finally:
                lives.close()


def _seeds(args: argparse.Namespace, number: int) -> Iterator[int]:
    seed = args.seed + number
    while True:
        yield seed
        seed += args.sites


def _mine(out: Path, where: Line) -> list[Line]:
    return [line for line in _read(out) if line["commit"] == where["commit"]]


def _keep(out: Path, lines: Sequence[Line]) -> None:
    said = "".join(json.dumps(line) + "\n" for line in lines)
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    os.write(descriptor, said.encode())  # one write, appended: lines of two sites never mix
    os.close(descriptor)
    for line in lines:
        parts = [str(line[key]) for key in ("low_nl", "truth_nl", "high_nl") if key in line]
        volume = " <= ".join(parts)
        words = (f"seed {line['seed']}", line["aim"], line["phase"], line["verdict"], volume)
        sys.stderr.write("  ".join([*words, f"{line['wall_s']} s", *line["reasons"]])[:300] + "\n")


def _read(out: Path) -> list[Line]:
    if not out.exists():
        return []
    return [json.loads(line) for line in out.read_text().splitlines() if line.strip()]


def _count(out: Path) -> int:
    return len(_read(out))
