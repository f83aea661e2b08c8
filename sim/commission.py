"""``galactograph-sim commission``: a simulated room commissioned whole, by a scripted person.

The devices in real time behind a pty and TCP, the production controller, and the steps of
``galactograph service commission`` with hands in the room.
"""

import argparse
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from config.load import load_room
from config.problems import ConfigError
from config.state_paths import state_paths
from controller.bench.commission import Bench, commission, sessions
from controller.bench.commission_command import site_of
from controller.bench.commission_page import write
from controller.bench.commission_steps import STEPS
from controller.bench.desk import Desk, Ended, Gone, SocketLine
from controller.clock import RealClock
from controller.record.chained import StoreError, read
from drivers.registry import known_names
from sim import client, processes, room
from sim.commissioner import Commissioner, Hand

OK: Final = 0
FAILED: Final = 1
WRONG: Final = 2
AGAIN_COUNT: Final = 3
"""A machine that is busy with other things is late now and then; a person tries again, too."""
ABOUT: Final = "commission a simulated room in real time, by a scripted person (about two minutes)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or shipped name")
    parser.add_argument(
        "--folder", type=Path, default=Path("commission-run"), help="of records, sockets and logs"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the devices' noise")
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", dest="faults",
        help="an input of the room, e.g. relay_welded=true",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """0 every step passed, 1 not, 2 the input is wrong or nothing could be started."""
    folder = args.folder.resolve()
    try:
        loaded = load_room(args.room, known_names())
        paths = state_paths(loaded.room, folder / "state")
        folder.mkdir(parents=True, exist_ok=True)
        faults = {n: json.loads(v) for n, _, v in (text.partition("=") for text in args.faults)}
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return WRONG
    except (OSError, ValueError) as error:
        sys.stderr.write(f"galactograph-sim commission: {error}\n")
        return WRONG
    site = site_of(loaded, paths)
    if not site.journal.with_suffix(".key").exists():
        site.journal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = processes.module("controller.cli", "journal", "key", str(site.journal))
        subprocess.run(key, check=True, stdout=subprocess.DEVNULL, env=processes.environment())  # noqa: S603 - our own module, no shell
    try:
        with contextlib.ExitStack() as stack:
            devices = processes.start(folder, "devices", processes.serve(seed=args.seed), pipe=True)
            stack.callback(processes.end, devices)
            wires = processes.first_line(devices, folder / "devices.log")
            hands = client.connect(wires["control"], "the simulated room")
            stack.callback(hands.close)
            for name, value in faults.items():
                hands.ask({"set": {name: value}})
            controller = processes.start(
                folder, "controller", room.controller(folder, args.room, wires)
            )
            stack.callback(processes.end, controller)
            client.connect(str(paths.socket), "the controller").close()
            desk = Desk(SocketLine(paths.socket), "commission", "S. Script")
            stack.callback(desk.close)

            def hand(name: str, value: bool | int | str) -> None:
                hands.ask({"set": {name: value}})

            person = _Shown(hand, args.quiet)
            try:
                commission(Bench(desk, person, site, RealClock()), STEPS)
            except Ended as ended:
                sys.stderr.write(f"galactograph-sim commission: {ended}\n")
    except (Gone, client.Gone, StoreError) as error:
        sys.stderr.write(f"galactograph-sim commission: {error}\n")
        return WRONG
    lines = read(site.store, site.journal)
    session = sessions(lines)[-1]
    for path in write(session, lines, folder):
        sys.stdout.write(f"{path}\n")
    return OK if session.over else FAILED


class _Shown(Commissioner):
    """Says what it is told and asked, as a terminal would show it."""

    def __init__(self, hand: Hand, quiet: bool) -> None:
        self._quiet = quiet
        super().__init__(hand, again_count=AGAIN_COUNT)

    def tell(self, key: str, words: str) -> None:
        if not self._quiet:
            sys.stderr.write(f"{words}\n")
        super().tell(key, words)

    def ask(self, key: str, question: str) -> str:
        answer = super().ask(key, question)
        if not self._quiet:
            sys.stderr.write(f"      {question}{answer}\n")
        return answer
