"""``galactograph-sim campaign``, ``minimise``, ``plot`` and ``run --faults``."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.problems import ConfigError
from controller.clock import RealClock
from sim.bench.figures import machine
from sim.campaign import page, pool, results, worker
from sim.campaign.plot import draw as draw_plot
from sim.campaign.run import Result
from sim.faults.draw import Plan, draw

MOST_JOBS: Final = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim campaign``."""
    parser.add_argument("--seeds", required=True, metavar="A..B", help="first and last seed")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    where.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster")
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON lines; seeds in it are kept")
    parser.add_argument("--html", type=Path, metavar="FILE", help="page with distributions")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Play: 0 nothing violated, 1 something was, 2 bad input."""
    seeds = _seeds(args.seeds)
    if seeds is None or not 1 <= args.jobs <= MOST_JOBS:
        sys.stderr.write(
            f"campaign: --seeds {args.seeds!r} must be A..B with A <= B, such as 1..2000,"
            f" --jobs 1 to {MOST_JOBS}\n"
        )
        return 2
    where, clock = machine(), RealClock()
    found = results.kept(args.out, where["commit"], seeds)
    began_ns = clock.now_ns()
    try:
        worker.loaded_room(args.room)
        for result in _played([s for s in seeds if s not in found], len(found), args):
            found[result.seed] = result
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    except pool.NoCluster as error:
        sys.stderr.write(f"campaign: {error}\n")
        return 2
    told = results.summary(list(found.values()), (clock.now_ns() - began_ns) / 1e9)
    if args.html is not None:
        args.html.write_text(page.draw(list(found.values()), told, where), "utf-8")
    _say(told, list(found.values()), as_json=args.json)
    return 1 if told["violations"] else 0


def _seeds(text: str) -> range | None:
    first, dots, last = text.partition("..")
    if not (dots and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        return None
    return range(int(first), int(last) + 1)


def _played(todo: Sequence[int], done: int, args: argparse.Namespace) -> Iterator[Result]:
    """Play what is left, keep each result as it comes, and show how far it is."""
    commit = machine()["commit"]
    if args.dask:
        source = pool.on_a_cluster(args.room, todo, args.dask)
    else:
        source = pool.on_this_machine(args.room, todo, args.jobs)
    with ExitStack() as stack:
        out = stack.enter_context(args.out.open("a", encoding="utf-8")) if args.out else None
        shown = stack.enter_context(_progress())
        task = shown.add_task("campaign", total=len(todo) + done, completed=done, broken=0)
        broken = 0
        for result in source:
            if out is not None:
                results.keep(out, result, commit)
            if result.violations:
                broken += 1
                if broken == 1:
                    shown.console.print(
                        f"first failure, seed {result.seed}: {result.violations[0]}\n"
                        f"  {results.replay(result)}",
                        highlight=False,
                        soft_wrap=True,
                    )
            shown.update(task, advance=1, broken=broken)
            yield result


def _progress() -> Progress:
    """A bar on standard error; results go to standard output."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[broken]} failed"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _say(told: results.Summary, found: Sequence[Result], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    lines = [f"{key:<20} {told[key]}" for key in told if key != "by_fault"]
    lines.append(f"{'fault':<22}{'runs':>7}{'seen':>7}{'invalid':>9}{'violations':>12}")
    lines += [
        f"{name:<22}{row['runs']:>7}{row['seen']:>7}{row['invalid']:>9}{row['violations']:>12}"
        for name, row in told["by_fault"].items()
        if row["runs"]
    ]
    for result in sorted(found, key=lambda r: r.seed):
        for words in result.violations:
            lines.append(f"seed {result.seed}: {words}")
            lines.append(f"    {results.replay(result)}")
    sys.stdout.write("\n".join(lines) + "\n")


# --- one seed -----------------------------------------------------------------------------------


def run_one(args: argparse.Namespace) -> int:
    """``run SEED --faults``: the seed as a campaign plays it; 0 nothing violated, 1, 2."""
    plan = _some(draw(args.seed), args.only)
    if plan is None:
        return 2
    try:
        result = worker.play_plan(args.room, plan)
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    fields = msgspec.to_builtins(result)
    if args.json:
        sys.stdout.write(json.dumps(fields) + "\n")
    else:
        _show_plan(plan)
        for name, value in fields.items():
            shown = " > ".join(map(str, value)) if isinstance(value, list) else value
            sys.stdout.write(f"{name:<16} {shown}\n")
    return 1 if result.violations else 0


def _some(plan: Plan, only: str | None) -> Plan | None:
    """The plan with the faults at these places alone."""
    if only is None:
        return plan
    places = [int(one) for one in only.split(",") if one.isdecimal()]
    if len(places) != len(list(filter(None, only.split(",")))) or any(
        place >= len(plan.faults) for place in places
    ):
        sys.stderr.write(
            f"run: --only {only!r} must name places of the {len(plan.faults)} faults of this"
            " seed, from 0, with commas; empty = none\n"
        )
        return None
    return msgspec.structs.replace(plan, faults=tuple(plan.faults[place] for place in places))


def _show_plan(plan: Plan) -> None:
    for place, one in enumerate(plan.faults):
        chosen = ", ".join(f"{k} {v}" for k, v in one.chosen.items())
        sys.stdout.write(
            f"fault {place}: {one.name} at {one.moment} + {one.delay_ms} ms,"
            f" lasts {one.lasts_ms or '-'} ms{', ' if chosen else ''}{chosen}\n"
        )


def add_minimise(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim minimise``."""
    parser.add_argument("seed", type=int)
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def minimise(args: argparse.Namespace) -> int:
    """Leave out one fault after the other while a judge still objects: 0, or 1 nothing to do."""
    plan = draw(args.seed)
    places = list(range(len(plan.faults)))
    wanted = _judges(worker.play_plan(args.room, plan))
    if not wanted:
        sys.stderr.write(f"minimise: seed {args.seed} violates nothing\n")
        return 1
    for place in list(places):
        fewer = [one for one in places if one != place]
        tried = msgspec.structs.replace(plan, faults=tuple(plan.faults[one] for one in fewer))
        if wanted & _judges(worker.play_plan(args.room, tried)):
            places = fewer
    left = msgspec.structs.replace(plan, faults=tuple(plan.faults[one] for one in places))
    command = f"galactograph-sim run {args.seed} --faults --only {','.join(map(str, places))}"
    if args.json:
        told = {"seed": args.seed, "judges": sorted(wanted), "plan": msgspec.to_builtins(left)}
        sys.stdout.write(json.dumps(told | {"command": command}) + "\n")
    else:
        _show_plan(left)
        sys.stdout.write(f"judges: {', '.join(sorted(wanted))}\n{command}\n")
    return 0


def _judges(result: Result) -> set[str]:
    return {results.judge_of(words) for words in result.violations}


def add_plot(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim plot``."""
    parser.add_argument("seed", type=int)
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--only", metavar="PLACES", help="these faults of the seed alone")
    parser.add_argument("--out", type=Path, metavar="FILE", help="SVG; SEED.svg unless given")


def plot(args: argparse.Namespace) -> int:
    """Draw a run: 0 drawn, 2 bad input."""
    plan = _some(draw(args.seed), args.only)
    if plan is None:
        return 2
    result, case = worker.play_here(args.room, plan)
    out = args.out or Path(f"{args.seed}.svg")
    out.write_text(draw_plot(result, case), "utf-8")
    sys.stdout.write(f"{out}\n")
    return 0
