"""``galactograph doctor``: look at the machine, the room file and the devices; report."""

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final, TextIO

from config.load import LoadedRoom, load_room
from config.problems import ConfigError, ConfigUnreadable
from config.state_paths import state_paths
from controller.clock import Clock, RealClock
from controller.doctor.checks import COMPUTER, PORT, RECORD, room_problem
from controller.doctor.computer import Computer
from controller.doctor.devices import ask_all, devices_of, not_asked
from controller.doctor.finding import Finding, Level
from controller.doctor.record_checks import JOURNAL_FILE
from controller.doctor.report import as_json, as_table
from controller.doctor.running import nobody_else
from controller.record.lock import lock_path

OK: Final = 0
WRONG: Final = 1
USAGE: Final = 2

ABOUT: Final = """\
Look at this machine and, with --room, at a room file and its devices, and say what is
wrong and how to mend it. Takes 3 to 10 seconds. Changes nothing: no register is written,
nothing moves, nobody's ownership is taken. Devices are only asked who they are, and only
while no controller is at work in the state folder. A controller on another computer is
not seen from here: stop it first, since most devices take one connection.
"""
EXAMPLES: Final = """\
examples:
  galactograph doctor                     this machine alone: clocks, processor, disk
  galactograph doctor --room room.toml    also the room file, ports, and every device
  galactograph doctor --room room.toml --json > commissioning.jsonl

what the words mean:
  wrong     the room cannot or must not be run like this
  warning   it runs, and somebody should know
  ok        as it should be

Good to know: a pump left in Safe mode may sound its time-out alarm after it was asked.
While no controller runs the room box keeps the pump without power, so a pump that does
not answer behind an open relay is only a warning.

exit status: 0 nothing wrong (warnings allowed), 1 something wrong, 2 usage, or no such file
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--room``, ``--state`` and ``--json``."""
    parser.add_argument("--room", metavar="FILE", help="room file or shipped name")
    parser.add_argument(
        "--state", type=Path, default=None, metavar="DIR", help="folder of records and sockets"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(
    args: argparse.Namespace,
    known_drivers: Collection[str],
    default_state: Path,
    out: TextIO | None = None,
    root: Path = Path("/"),
    clock: Clock | None = None,
) -> int:
    """Make every check that can be made; print the findings, worst first."""
    findings: list[Finding] = []
    clock, state, loaded, usage = clock or RealClock(), args.state or default_state, None, False
    if args.room is not None:
        try:
            loaded = load_room(args.room, known_drivers)
            paths = state_paths(loaded.room, state)
        except ConfigError as error:
            usage = isinstance(error, ConfigUnreadable)
            findings += map(room_problem, error.problems)
            loaded = None
        else:
            state = paths.journal
            value = f"{loaded.path}: mode {loaded.room.room.mode}"
            findings.append(Finding("room file", Level.OK, value, "no problems"))
            findings += map(_deviation, loaded.deviations)
    computer = Computer(clock, state, root)
    findings += [check(computer) for check in COMPUTER]
    if loaded is not None:
        findings += [check(computer, loaded) for check in (*PORT, *RECORD)]
        findings += _devices(loaded, state / JOURNAL_FILE, paths.socket, clock)
    write = as_json if args.json else as_table
    write(findings, sys.stdout if out is None else out)
    if usage:
        return USAGE
    return WRONG if any(finding.level is Level.WRONG for finding in findings) else OK


def _deviation(words: str) -> Finding:
    todo = "know it: it is accepted, shown on every screen and recorded"
    return Finding("deviation", Level.WARNING, words, "none", todo)


def _devices(loaded: LoadedRoom, journal: Path, address: Path, clock: Clock) -> list[Finding]:
    with nobody_else(lock_path(journal), address) as controller:
        if controller.level is not Level.OK:
            return [controller]
        return [controller, *not_asked(loaded), *ask_all(devices_of(loaded), clock)]
