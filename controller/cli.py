"""The ``galactograph`` command: run a room, check a profile, verify and report a record."""

import argparse
import contextlib
import functools
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from config import check
from config.load import LoadedRoom, load_room
from config.override import with_addresses
from config.problems import ConfigError, ConfigUnreadable
from config.state_paths import state_paths
from controller import daily, log, watch
from controller.api_socket import AddressUnusable
from controller.assembly import JOURNAL_FILE, RealRoom
from controller.bench import calibrate_command, commission_command, hil, monitor, probe
from controller.clock import RealClock
from controller.console import command as console
from controller.doctor import run as doctor
from controller.people import command as user_command
from controller.people.users import UsersError, read
from controller.record import (
    archives_command,
    export,
    keeping_command,
    replay_command,
    report,
    salvage,
    sheet,
    verify,
)
from controller.record.store import JournalError
from controller.spoken import SpokenJournal
from controller.version import VERSION
from drivers.registry import known_names

OK: Final = 0
FAILED: Final = 1
WRONG: Final = 2

_NOBODY: Final = (
    "people must log in at this room, and there is nobody who could: add them with"
    " galactograph user add"
)
_STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""SIGHUP comes when the terminal window is closed."""

_ABOUT: Final = """\
Controller for galactography (ductography): leads the technologist through
locate duct, cannulate, slow contrast injection, compression, exposure; drives
the syringe pump and the mammography unit and refuses what is outside its limits.

Every limit needs clinical validation. Laboratory pumps are not for use on people.
"""
_EXAMPLES: Final = """\
examples:
  galactograph config check demo          what is in force in the shipped room
  galactograph doctor --room room.toml    is machine, room and every device as it should be?
  galactograph daily-check --room FILE --by NAME
                                          what stops the pump, seen to act
  galactograph user add NAME --full-name "T. Jones" --role technologist
                                          somebody who may log in
  galactograph run --room room.toml       run a room until Ctrl-C or SIGTERM
  galactograph watch --room room.toml     the live room in this terminal
  galactograph console --room room.toml   its web console, for a browser on this machine
  galactograph journal verify FILE        is the record whole?
  galactograph journal backup FILE NEW    a verified copy, also while it is written
  galactograph replay FILE                does this program decide as the record says?
  galactograph report FILE -o out.html    the report of its last procedure
  galactograph export FILE -o out.jsonl   its entries, for other programs

exit status: 0 done, 1 the thing checked failed, 2 input or usage wrong
"""


def default_state_folder() -> Path:
    """Where records and sockets are kept unless told otherwise (XDG state folder)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "galactograph"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the command."""
    args = _parser().parse_args(argv)
    chosen: Callable[[argparse.Namespace], int] = args.act
    return chosen(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="galactograph",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"galactograph {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="run a room until Ctrl-C or SIGTERM")
    _run_arguments(running)
    running.set_defaults(act=run)
    looking = commands.add_parser(
        "doctor",
        help="what is wrong with this machine and a room, and how to mend it",
        description=doctor.ABOUT,
        epilog=doctor.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doctor.add_arguments(looking)
    looking.set_defaults(act=lambda args: doctor.run(args, known_names(), default_state_folder()))
    checking = commands.add_parser(
        "daily-check",
        help="lead through the daily check of what stops the pump",
        description=daily.ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    daily.add_arguments(checking)
    checking.set_defaults(act=lambda args: daily.run(args, known_names(), default_state_folder()))
    serving = commands.add_parser(
        "console",
        help="serve the room's web console to a browser on this machine",
        description=console.ABOUT,
        epilog=console.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    console.add_arguments(serving)
    serving.set_defaults(act=_console)
    service = commands.add_parser("service", help="for who commissions and repairs rooms")
    tools = service.add_subparsers(required=True, metavar="COMMAND")
    probing = tools.add_parser(
        "probe",
        help="what is connected here, and a room file to begin with",
        description=probe.ABOUT,
        epilog=probe.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probe.add_arguments(probing)
    probing.set_defaults(act=probe.run)
    calibrating = tools.add_parser(
        "calibrate",
        help="pressure sensor, compression force, syringe: with uncertainty and expiry",
        description=calibrate_command.ABOUT,
        epilog=calibrate_command.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    calibrate_command.add_arguments(calibrating)
    calibrating.set_defaults(
        act=lambda args: calibrate_command.run(args, known_names(), default_state_folder())
    )
    commissioning = tools.add_parser(
        "commission",
        help="a new room, step by step, to a signed record",
        description=commission_command.ABOUT,
        epilog=commission_command.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commission_command.add_arguments(commissioning)
    commissioning.set_defaults(
        act=lambda args: commission_command.run(args, known_names(), default_state_folder())
    )
    for name, about in monitor.ABOUT.items():
        looking_on = tools.add_parser(name, help=about.split(":")[0], description=about)
        monitor.add_arguments(name, looking_on)
        looking_on.set_defaults(act=functools.partial(_wires, name))
    checking_all = commands.add_parser(
        "hil",
        help="check a bench or a room with its devices, or simulated ones",
        description=hil.ABOUT,
        epilog=hil.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    hil.add_arguments(checking_all)
    checking_all.set_defaults(act=hil.run)
    config = commands.add_parser("config", help="room and procedure files")
    files = config.add_subparsers(required=True, metavar="COMMAND")
    judging = files.add_parser("check", help="say every problem of a room file at once")
    check.add_arguments(judging)
    judging.set_defaults(act=lambda args: check.run(args, known_names()))
    journal = commands.add_parser("journal", help="the record")
    records = journal.add_subparsers(required=True, metavar="COMMAND")
    verifying = records.add_parser("verify", help="find edits, gaps and cuts in a record")
    verify.add_arguments(verifying)
    verifying.set_defaults(act=verify.run)
    for name, about in keeping_command.ABOUT.items():
        keeping = records.add_parser(name, help=about, description=about)
        keeping_command.add_arguments(name, keeping)
        keeping.set_defaults(act=functools.partial(_keep, name))
    for name, about in archives_command.ABOUT.items():
        old = records.add_parser(name, help=about, description=about)
        archives_command.add_arguments(name, old)
        old.set_defaults(act=functools.partial(_look_at_archives, name))
    saving = records.add_parser(
        "salvage",
        help="what is still readable of a damaged record",
        description=salvage.ABOUT,
        epilog=salvage.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    salvage.add_arguments(saving)
    saving.set_defaults(act=salvage.run)
    replaying = commands.add_parser(
        "replay",
        help="does this program decide as the record says?",
        description=replay_command.ABOUT,
        epilog=replay_command.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    replay_command.add_arguments(replaying)
    replaying.set_defaults(act=lambda args: replay_command.run(args, RealClock().now_ns))
    reporting = commands.add_parser("report", help="the report of a procedure, as HTML")
    report.add_arguments(reporting)
    reporting.set_defaults(act=report.run)
    watching = commands.add_parser(
        "watch",
        help="the live room in this terminal",
        description=watch.ABOUT,
        epilog=watch.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    watch.add_arguments(watching)
    watching.set_defaults(act=lambda args: watch.run(args, known_names(), default_state_folder()))
    users = commands.add_parser(
        "user",
        help="who may log in, and in which roles",
        description=user_command.ABOUT,
        epilog=user_command.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    user_command.add_arguments(users)
    users.set_defaults(act=lambda args: user_command.run(args, default_state_folder()))
    exporting = commands.add_parser(
        "export",
        help="a procedure for other programs, as JSON Lines or CSV",
        description=export.ABOUT,
        epilog=export.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_arguments(exporting)
    exporting.set_defaults(act=export.run)
    handing = commands.add_parser("sheet", help="the sheet that a patient takes home, as HTML")
    sheet.add_arguments(handing)
    handing.set_defaults(act=sheet.run)
    return parser


def _keep(name: str, args: argparse.Namespace) -> int:
    """One of the commands that do something with a record's file."""
    return keeping_command.run(name, args, RealClock())


def _look_at_archives(name: str, args: argparse.Namespace) -> int:
    """One of the commands that look at what was archived."""
    return archives_command.run(name, args, RealClock())


def _wires(name: str, args: argparse.Namespace) -> int:
    """One of the commands that look at the wires of a room."""
    return monitor.run(name, args, known_names(), default_state_folder())


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    parser.add_argument(
        "--state", type=Path, default=None, metavar="DIR", help="folder of records and sockets"
    )
    parser.add_argument("--pump-port", metavar="PATH", help="pump port instead of the file's")
    parser.add_argument(
        "--modbus", metavar="HOST:PORT", help="Modbus address instead of the file's"
    )
    parser.add_argument("--log", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="JSON lines for machines")


def run(args: argparse.Namespace) -> int:
    """Run a room: 0 after a stop, 2 when it cannot be started."""
    with contextlib.ExitStack() as stack:
        try:
            loaded = _loaded(args)
            paths = state_paths(loaded.room, args.state or default_state_folder())
            if loaded.room.login_required and all(u.disabled for u in read(paths.users)):
                raise UsersError(_NOBODY)
            stack.callback(log.configure(args.log, args.log_file))
            room = RealRoom(loaded, paths, journal_wrapper=SpokenJournal)
        except ConfigError as error:
            for problem in error.problems:
                sys.stderr.write(f"{problem.words()}\n")
            return WRONG if isinstance(error, ConfigUnreadable) else FAILED
        except (JournalError, AddressUnusable, UsersError, OSError) as error:
            sys.stderr.write(f"galactograph run: {error}\n")
            return WRONG
        _until_told(room)
    return OK


def _console(args: argparse.Namespace) -> int:
    return console.run(args, known_names(), default_state_folder(), JOURNAL_FILE)


def _loaded(args: argparse.Namespace) -> LoadedRoom:
    loaded = load_room(args.room, known_names())
    return with_addresses(loaded, pump_port=args.pump_port, modbus=args.modbus)


def _until_told(room: RealRoom) -> None:
    """Run until a signal of ``_STOPS``; each means stop, permits off, last entry."""

    def told(_number: int, _frame: FrameType | None) -> None:
        room.stop()

    # what assembly made stays for good: the collector need not look at it in mid injection
    gc.collect()
    gc.freeze()
    before = {number: signal.signal(number, told) for number in _STOPS}
    try:
        with room:
            room.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
