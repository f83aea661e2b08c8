"""The command line of ``galactograph service commission``."""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from config.state_paths import StatePaths, state_paths
from controller.assembly import program
from controller.bench.calibrate_command import desk_at, journal_of
from controller.bench.commission import Bench, Site, commission, current, sessions
from controller.bench.commission_page import write
from controller.bench.commission_steps import STEPS
from controller.bench.desk import Ended, Gone
from controller.bench.terminal import Terminal
from controller.clock import RealClock
from controller.record.chain import decode
from controller.record.chained import StoreError, read
from controller.record.reader import open_reader
from controller.record.store import JournalError
from state_machine.entries import DailyCheck

PASSED: Final = 0
FAILED: Final = 1
WRONG: Final = 2

ABOUT: Final = """\
Leads through the commissioning of a room, step by step, with its controller running: devices,
registers, switches, power permit, stops, dead-man. Each step is seen or measured and goes, with
who did it, on a chained record that the room's key signs; at the end there is a page and a JSON
file. What was passed stays passed: a run that was interrupted goes on where it was, until the
room's files or the program change.
"""
EXAMPLES: Final = """\
examples:
  galactograph service commission --room FILE --by NAME
  galactograph service commission --room FILE --by NAME --anew     from the first step again
  galactograph service commission --room FILE --record             write page and JSON as they stand

exit status: 0 every step passed, 1 one is not, 2 usage, no controller, or a store that is damaged
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    parser.add_argument("--state", type=Path, metavar="DIR", help="state folder of the controller")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--by", metavar="NAME", help="who commissions, where nobody logs in")
    who.add_argument("--user", metavar="NAME", help="who logs in for it; the PIN is asked for")
    parser.add_argument("--syringe", metavar="NAME", help="in the clamp; else the file's first")
    parser.add_argument("--out", type=Path, metavar="DIR", help="of page and JSON; else the room's")
    parser.add_argument("--anew", action="store_true", help="begin at the first step again")
    parser.add_argument("--record", action="store_true", help="only write page and JSON")


def run(args: argparse.Namespace, known: Collection[str], folder: Path) -> int:
    """Commission: 0 every step passed, 1 not, 2 no controller or the input is wrong."""
    try:
        loaded = load_room(args.room, known)
        paths = state_paths(loaded.room, args.state or folder)
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return WRONG
    site = site_of(loaded, paths, args.syringe or "")
    try:
        if not args.record:
            if not (args.by or args.user):
                return _told("say who you are: --by NAME, or --user NAME", WRONG)
            status = _lead(args, site, paths)
        else:
            status = PASSED if current(site) is None and read(site.store, site.journal) else FAILED
        _write(site, args.out or paths.folder)
    except (Gone, StoreError, OSError) as error:
        return _told(str(error), WRONG)
    return status


def _lead(args: argparse.Namespace, site: Site, paths: StatePaths) -> int:
    desk = desk_at(paths, args, "commission")
    try:
        commission(Bench(desk, Terminal(desk), site, RealClock()), STEPS, args.anew)
    except Ended as ended:
        return _told(str(ended), FAILED)
    except KeyboardInterrupt:
        return _told("ended by a person; what was passed stays", FAILED)
    finally:
        desk.close()
    return PASSED


def _told(words: str, status: int) -> int:
    sys.stderr.write(f"galactograph service commission: {words}\n")
    return status


def _write(site: Site, folder: Path) -> None:
    lines = read(site.store, site.journal)
    found = sessions(lines)
    if not found:
        Terminal.say("nothing is on record yet")
        return
    for path in write(found[-1], lines, folder):
        sys.stdout.write(f"{path}\n")


def site_of(loaded: LoadedRoom, paths: StatePaths, syringe: str = "") -> Site:
    """What is commissioned."""
    journal = journal_of(paths)
    return Site(
        room=loaded.profile.room,
        room_sha256=loaded.sha256,
        procedure_sha256=loaded.procedure_sha256,
        program=program(),
        mode=loaded.profile.mode.value,
        deviations=loaded.deviations,
        syringe=syringe or loaded.profile.syringes[0].name,
        pressure_switch=loaded.profile.pressure_switch,
        store=paths.commissioning,
        journal=journal,
        checks=lambda: checks_on_record(journal),
    )


def checks_on_record(journal: Path) -> Sequence[DailyCheck]:
    """Parts of daily checks in a record that may be written meanwhile; none when it cannot be."""
    found: list[DailyCheck] = []
    try:
        with open_reader(journal) as rows:
            for row in rows:
                found += (entry for entry in decode(row) if isinstance(entry, DailyCheck))
    except JournalError:
        return ()
    return found
