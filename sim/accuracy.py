"""``galactograph-sim accuracy``: how evenly a room's pump delivers, on virtual time.

The production controller injects; what leaves the tip is weighed, as it were, by who knows the
truth. Each stretch between two checkpoints is one run of the pump; the longest shows the start-up
(ramp, backlash, the line filling) and, once that is over, the trumpet. The same maths judges
weighed samples of a real pump (`controller/bench/curves.py`).
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from controller.bench.curve_page import page
from controller.bench.curves import (
    INTERVAL_NS,
    Sample,
    Window,
    deviation_ppm,
    evenly,
    settled_ns,
    trumpet,
)
from drivers.registry import known_names
from sim.procedure import LIMIT_NS, Procedure
from sim.technologist import Order, Technologist
from sim.world import World
from state_machine.state import Phase

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
RATES: Final = (50_000, 100_000, 200_000, 300_000)
SAMPLE_NS: Final = 50_000_000
_ABOUT: Final = "start-up and trumpet curve of a simulated room's pump, after IEC 60601-2-24"


class Curve(NamedTuple):
    """What one rate came to."""

    rate_nl_min: int
    seed: int
    settled_ms: int | None
    """From the motor's start until the flow over 1 s stays within 10 % of the rate."""
    mean_ppm: int | None
    """Deviation after the start-up; None where the flow never settled."""
    windows: list[Window]
    startup: list[int]
    """Volumes of the longest run, nL, each 0.1 s."""


class NotDelivered(Exception):
    """The room did not inject; the text says where it stands."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare rates, seed and where the page goes."""
    rates = ",".join(map(str, RATES))
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--rates", default=rates, metavar="N,N", help=f"nL/min; {rates}")
    parser.add_argument("--volume", type=int, default=190_000, metavar="NL", help="ordered, nL")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="FILE", help="page with both curves, HTML")
    parser.add_argument("--json", action="store_true", help="one JSON object per rate")


def room_with(loaded: LoadedRoom, seed: int, rate_nl_min: int, volume_nl: int) -> Procedure:
    """A room of this rate with its technologist, at its start."""
    limits = msgspec.structs.replace(loaded.profile.limits, rate_nl_min=rate_nl_min)
    profile = msgspec.structs.replace(loaded.profile, limits=limits)
    world = World(dataclasses.replace(loaded, profile=profile), seed)
    return Procedure(world, Technologist(profile, Order(ordered_nl=volume_nl)))


def runs_of(procedure: Procedure) -> list[list[Sample]]:
    """What left the tip, run by run of the pump's motor, until the injection is over.

    Raises:
        NotDelivered: the procedure did not get that far.
    """
    world, runs = procedure.world, _Runs()

    def over() -> bool:
        phase = world.room.state.phase
        if phase is Phase.INJECTING:
            runs.look(world)
        return bool(runs.found) and phase is Phase.SETTLE

    if not world.run_until(over, LIMIT_NS):
        shown = procedure.last
        raise NotDelivered(
            f"the procedure stands in {shown.get('phase')}: {shown.get('waits_for')}"
        )
    return [run for run in runs.found if len(run) > 2]


class _Runs:
    """Samples of each run of the motor."""

    def __init__(self) -> None:
        self.found: list[list[Sample]] = []
        self._moving = False
        self._due_ns = 0

    def look(self, world: World) -> None:
        """Take a sample when one is due."""
        now_ns = world.now_ns()
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + SAMPLE_NS
        truth = world.devices.truth()
        if truth["motor_on"]:
            if not self._moving:
                self.found.append([])
            delivered_nl = int(truth["entered_nl"]) + int(truth["spilled_nl"])
            self.found[-1].append(Sample(now_ns, delivered_nl))
        self._moving = bool(truth["motor_on"])


def measure(procedure: Procedure, rate_nl_min: int) -> Curve:
    """Both curves of one room.

    Raises:
        NotDelivered: the procedure did not get as far as its end.
    """
    runs, seed = runs_of(procedure), procedure.world.seed
    longest = evenly(max(runs, key=lambda run: run[-1].at_ns - run[0].at_ns))
    settled = settled_ns(longest, rate_nl_min)
    if settled is None:
        return Curve(rate_nl_min, seed, None, None, [], longest)
    steady = longest[settled // INTERVAL_NS :]
    mean_ppm = deviation_ppm(steady[-1] - steady[0], (len(steady) - 1) * INTERVAL_NS, rate_nl_min)
    windows = trumpet(steady, rate_nl_min)
    return Curve(rate_nl_min, seed, settled // 1_000_000, mean_ppm, windows, longest)


def run(args: argparse.Namespace) -> int:
    """Measure each rate; 1 when a room did not deliver."""
    try:
        loaded = load_room(args.room, known_names())
        rates = [int(word) for word in args.rates.split(",")]
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return USAGE
    except ValueError:
        sys.stderr.write(f"--rates {args.rates!r}: whole numbers of nL/min, with commas\n")
        return USAGE
    ceiling = loaded.profile.limits.rate_nl_min
    curves: list[Curve] = []
    failed = False
    for rate_nl_min in rates:
        sys.stderr.write(f"{rate_nl_min} nL/min\n")
        try:
            procedure = room_with(loaded, args.seed, rate_nl_min, args.volume)
            curves.append(measure(procedure, rate_nl_min))
        except NotDelivered as error:
            sys.stderr.write(f"{rate_nl_min} nL/min: {error} (the room's own is {ceiling})\n")
            failed = True
    _tell(curves, as_json=args.json)
    if args.out:
        args.out.write_text(page(f"Flow of the simulated room {args.room}", curves), "utf-8")
    return FAILED if failed else OK


def _tell(curves: list[Curve], *, as_json: bool) -> None:
    if as_json:
        for curve in curves:
            told: dict[str, Any] = {**curve._asdict(), "interval_ms": INTERVAL_NS // 1_000_000}
            told["windows"] = [window._asdict() for window in curve.windows]
            sys.stdout.write(json.dumps(told) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    lengths = sorted({window.window_s for curve in curves for window in curve.windows})
    for head in ("uL/min", "settled s", "mean %", *(f"{length} s %" for length in lengths)):
        table.add_column(head, justify="right", no_wrap=True)
    for curve in curves:
        worst = {w.window_s: f"{w.low_ppm / 1e4:.1f} {w.high_ppm / 1e4:.1f}" for w in curve.windows}
        settled = "never" if curve.settled_ms is None else f"{curve.settled_ms / 1000:.1f}"
        mean = "-" if curve.mean_ppm is None else f"{curve.mean_ppm / 1e4:.2f}"
        row = (f"{curve.rate_nl_min / 1000:g}", settled, mean)
        table.add_row(*row, *(worst.get(length, "-") for length in lengths))
    Console().print(table)
