"""``galactograph-sim bench``: JSON lines on standard output, a table on standard error."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from drivers.registry import known_names
from sim import processes
from sim.bench import (
    beside,
    console,
    latency,
    lateness,
    many,
    passes,
    process,
    shares,
    speed,
    stop_paths,
    stop_paths_real,
    stream,
    table,
)
from sim.bench.figures import Result, machine

_NS_PER_S: Final = 10**9
_SHORT_S: Final = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim bench``."""
    parser.add_argument(
        "--trips", type=int, default=2_000, help="stop-latency trips per line speed"
    )
    parser.add_argument("--only", choices=tuple(MEASUREMENTS), help="one measurement alone")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep the JSON lines here too")
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        help="lateness: of waiting, each way; console-stream: 1200",
    )
    parser.add_argument("--seeds", type=int, default=100, help="stop paths: seeds per path")
    parser.add_argument("--procedures", type=int, default=5, help="virtual speed: procedures")
    parser.add_argument(
        "--memory-seeds", type=int, default=40, help="virtual memory: seeds, 10000 take hours"
    )
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument(
        "--runs",
        type=int,
        default=100,
        help="stop-paths-real, console-stops: trials of each; --out resumes",
    )
    parser.add_argument("--path", choices=tuple(stop_paths_real.BY_NAME), help="stop-paths-real")


def _trips(args: argparse.Namespace, _loaded: LoadedRoom) -> list[Result]:
    return latency.measure(args.room, args.trips, args.seed)


def _passes(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    span_ns = _NS_PER_S if args.seconds < _SHORT_S else passes.SPAN_NS
    return passes.measure(loaded, span_ns, args.seed)


def _lateness(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    return lateness.measure(loaded, int(args.seconds * _NS_PER_S), args.seed)


def _process(args: argparse.Namespace, _loaded: LoadedRoom) -> list[Result]:
    return process.measure(args.room, min(args.seconds, 30.0))


def _console(args: argparse.Namespace, _loaded: LoadedRoom) -> list[Result]:
    return console.measure(args.seconds)


def _console_stops(args: argparse.Namespace, _loaded: LoadedRoom) -> list[Result]:
    with processes.terminable():
        return beside.measure(args.runs, args.seed, args.out, machine())


def _console_stream(args: argparse.Namespace, _loaded: LoadedRoom) -> list[Result]:
    with processes.terminable():
        return stream.measure(args.seconds, args.out, machine())


def _speed(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    return speed.measure(loaded, args.procedures, args.seed)


def _shares(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    span_ns = _NS_PER_S if args.seconds < _SHORT_S else shares.SPAN_NS
    return shares.measure(loaded, span_ns, args.seed)


def _workers(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    return many.workers(loaded, args.procedures, args.seed)


def _memory(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    return many.memory(loaded, args.memory_seeds, args.seed)


def _stop_paths(args: argparse.Namespace, loaded: LoadedRoom) -> list[Result]:
    return stop_paths.measure(loaded, args.seeds, args.seed)


def _stop_paths_real(args: argparse.Namespace, _loaded: LoadedRoom) -> list[Result]:
    on = machine()
    with processes.terminable():
        found = stop_paths_real.measure(args.runs, args.seed, args.out, on, args.path)
    sys.stderr.write("\n".join(stop_paths_real.markdown(found)) + "\n")
    return found


MEASUREMENTS: Final[dict[str, Callable[[argparse.Namespace, LoadedRoom], list[Result]]]] = {
    "stop-latency": _trips,
    "passes": _passes,
    "lateness": _lateness,
    "process": _process,
    "console": _console,
    "console-stops": _console_stops,
    "console-stream": _console_stream,
    "virtual-speed": _speed,
    "virtual-split": _shares,
    "virtual-workers": _workers,
    "virtual-memory": _memory,
    "stop-paths": _stop_paths,
    "stop-paths-real": _stop_paths_real,
}
_ALONE: Final = ("stop-paths-real", "console-stops", "console-stream")
"""Up to hours: only when asked for."""


def run(args: argparse.Namespace) -> int:
    """Measure: 0 done (aims missed are said, not failed), 2 bad input."""
    names = ("trips", "seconds", "seeds", "procedures", "runs", "memory_seeds")
    counts = {name: getattr(args, name) for name in names}
    wrong = [name for name, value in counts.items() if value <= 0]
    if wrong:
        option = wrong[0].replace("_", "-")
        sys.stderr.write(f"bench: --{option} is {counts[wrong[0]]}; give a number above 0\n")
        return 2
    try:
        loaded = load_room(args.room, known_names())
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    where = machine()
    sys.stderr.write(" ".join(f"{key}={value}" for key, value in where.items()) + "\n")
    results: list[Result] = []
    for name, measure in MEASUREMENTS.items():
        if args.only == name or (args.only is None and name not in _ALONE):
            found = measure(args, loaded)
            results += found
            for result in found:
                _say(args.out, {**result, "on": where})
    sys.stderr.write("\n".join(table.lines(results)) + "\n")
    return 0


def _say(out: Path | None, result: Result) -> None:
    line = json.dumps(result) + "\n"
    sys.stdout.write(line)
    sys.stdout.flush()
    if out is not None:
        with out.open("a") as kept:
            kept.write(line)
