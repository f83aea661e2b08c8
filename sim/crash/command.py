"""``galactograph-sim crash``: the controller killed at every point of a procedure, judged."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from config.load import LoadedRoom, load_room
from drivers.registry import known_names
from sim.bench.figures import machine
from sim.crash import summary
from sim.crash.afterlife import afterlife, random_of
from sim.crash.deaths import Life, Point
from sim.site import files
from sim.technologist import Order

ORDERS: Final = {
    "short": Order(ordered_nl=20_000),
    "long": Order(ordered_nl=150_000, views=("CC", "ML"), top_up=True),
}
"""*short*: the line of a site of the failure runs, primed within seconds. *long*: the shipped
room, several checkpoints, two views and a top-up."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim crash``."""
    parser.add_argument("--order", choices=sorted(ORDERS), default="short")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of all points, chosen by the seed; 1 = every one"
    )
    parser.add_argument(
        "--flowing", type=float, metavar="SHARE", help="the same while contrast flows into a duct"
    )
    parser.add_argument("--jobs", type=int, default=1, help="forks side by side")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep lines; skip what it holds")
    parser.add_argument("--json", action="store_true", help="lines on standard output")


def loaded(order: str) -> LoadedRoom:
    """The room of an order."""
    if order != "short":
        return load_room("demo", known_names())
    with tempfile.TemporaryDirectory(prefix="galactograph-crash-") as folder:
        return load_room(str(files.write(Path(folder))), known_names())


def run(args: argparse.Namespace) -> int:
    """Play: 0 nothing unsafe, 1 something was, 2 bad input."""
    shares = (args.share, args.share if args.flowing is None else args.flowing)
    if not all(0 <= share <= 1 for share in shares) or args.jobs < 1:
        sys.stderr.write("crash: shares must be 0 to 1, --jobs 1 or more\n")
        return 2
    commit = machine()["commit"]
    here = {"order": args.order, "seed": args.seed}
    known = [
        line
        for line in summary.kept(args.out, commit)
        if all(line[key] == value for key, value in here.items())
    ]
    if args.out is not None:
        lines = _played(args, commit, {line["point"] for line in known}, args.out)
    else:
        with tempfile.TemporaryDirectory(prefix="galactograph-crash-") as folder:
            lines = _played(args, commit, set(), Path(folder) / "lines")
    found = known + lines
    if args.json:
        sys.stdout.write("".join(json.dumps(line) + "\n" for line in lines))
    sys.stderr.write("".join(f"{line}\n" for line in summary.told(found)))
    return 1 if summary.unsafe(found) else 0


def _played(args: argparse.Namespace, commit: str, done: set[int], out: Path) -> list[summary.Line]:
    """Play the points that are not done yet; every death writes its own line."""
    chance, began = random_of(args.seed), out.stat().st_size if out.exists() else 0

    def chosen(point: Point, life: Life) -> bool:
        if point.number % 1_000 == 0:
            sys.stderr.write(f"point {point.number} {life.world.room.state.phase.value}\n")
        flowing = args.flowing is not None and life.flowing
        share = args.flowing if flowing else args.share
        return chance.random() < share and point.number not in done

    def die(point: Point, life: Life) -> None:
        line = afterlife(point, life) | {"order": args.order, "commit": commit}
        said = json.dumps(line).encode() + b"\n"
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.write(descriptor, said)  # one write, appended: lines of two forks never mix
        os.close(descriptor)

    Life(loaded(args.order), args.seed, ORDERS[args.order]).play(chosen, die, args.jobs)
    if not out.exists():
        return []
    with out.open("rb") as file:
        file.seek(began)
        return [json.loads(line) for line in file.read().splitlines() if line.strip()]
