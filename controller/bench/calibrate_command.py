"""The command line of ``galactograph service calibrate``."""

import argparse
import contextlib
import getpass
import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from config.state_paths import StatePaths, state_paths
from controller.assembly import JOURNAL_FILE
from controller.bench import dispense
from controller.bench.calibrate import POINTS, Job, Weighing, compare, weigh
from controller.bench.desk import Desk, Ended, Gone, SocketLine
from controller.bench.scales import NoWeight, Scales, Serial, Typed
from controller.bench.terminal import Terminal
from controller.clock import RealClock
from controller.record.calibrations import Result, date_of, day_of, kept
from controller.record.chained import Line, StoreError
from state_machine.calibration import LIFE_MOST_DAYS
from state_machine.profile import Calibrated

PASSED: Final = 0
FAILED: Final = 1
WRONG: Final = 2

ABOUT: Final = """\
Calibrate what the room measures with, and keep the result with its uncertainty (each part of
it, GUM), date, person and expiry in the room's chained store. pressure and force go through the
running controller, in standby; so does syringe with --dispense, which moves the pump through
the controller's drivers and gate, a yes and the held switch for each motion. Without it a person
dispenses with the pump's keys, the controller stopped. The controller takes a calibration over
at its next start; one that has expired, or was not passed, refuses arming.
"""
EXAMPLES: Final = """\
examples:
  galactograph service calibrate pressure --room FILE --by NAME \\
      --reference "manometer 123, certificate 2026-04" --reference-uncertainty-ppm 1000
  galactograph service calibrate force --room FILE --by NAME \\
      --reference "force gauge 7" --reference-uncertainty-ppm 10000
  galactograph service calibrate syringe --room FILE --by NAME --syringe "1 mL" \\
      --reference "balance certificate 2026-02" --balance /dev/ttyUSB1 --temperature-mc 22000 \\
      --dispense
  galactograph service calibrate list --room FILE

exit status: 0 passed, 1 not passed or given up, 2 usage, no controller, or a store that is damaged
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    acts = parser.add_subparsers(required=True, metavar="WHAT")
    for kind in (Calibrated.PRESSURE, Calibrated.FORCE):
        act = _act(acts, kind.value, f"{kind.value} against a reference, the controller running")
        who = act.add_mutually_exclusive_group(required=True)
        who.add_argument("--by", metavar="NAME", help="who calibrates, where nobody logs in")
        who.add_argument("--user", metavar="NAME", help="who logs in for it; the PIN is asked for")
        act.add_argument(
            "--reference-uncertainty-ppm", type=int, required=True, metavar="PPM",
            help="of its reading, k = 2, by its certificate",
        )  # fmt: skip
        points = ",".join(map(str, POINTS[kind]))
        act.add_argument("--points", default=points, metavar="N,N", help=f"references; {points}")
        _kept_arguments(act)
    act = _act(acts, "syringe", "its inner diameter, by weighing what it delivers")
    who = act.add_mutually_exclusive_group(required=True)
    who.add_argument("--by", metavar="NAME", help="who calibrates")
    who.add_argument("--user", metavar="NAME", help="with --dispense: who logs in for it")
    act.add_argument("--dispense", action="store_true",
                     help="by the tool, through the running controller, not by keys")  # fmt: skip
    act.add_argument("--volume-nl", type=int, default=45_000, metavar="NL",
                     help="with --dispense: of each portion; 45000")  # fmt: skip
    act.add_argument("--rate-nl-min", type=int, metavar="NL",
                     help="with --dispense; else the room's highest for an injection")  # fmt: skip
    act.add_argument("--syringe", required=True, metavar="NAME", help="name in the procedure file")
    act.add_argument("--balance", metavar="PATH", help="serial port of a balance with MT-SICS")
    act.add_argument("--baud", type=int, default=9600, help="of the balance; 9600")
    act.add_argument("--temperature-mc", type=int, required=True, metavar="MC", help="water, m°C")
    act.add_argument("--temperature-u-mc", type=int, default=500, metavar="MC", help="half-width")
    act.add_argument("--counter-digit-nl", type=int, default=1_000, metavar="NL",
                     help="last digit of the pump's counter; 1000")  # fmt: skip
    act.add_argument("--count", type=int, default=10, help="dispenses; 10")
    _kept_arguments(act)
    _act(acts, "list", "what is in the store, and what has expired")


def _act(acts: Any, name: str, about: str) -> argparse.ArgumentParser:
    act: argparse.ArgumentParser = acts.add_parser(name, help=about, description=about)
    act.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    act.add_argument("--state", type=Path, metavar="DIR", help="state folder of the controller")
    act.add_argument("--json", action="store_true", help="the result as JSON")
    act.set_defaults(calibrate=name)
    return act


def _kept_arguments(act: argparse.ArgumentParser) -> None:
    act.add_argument("--reference", required=True, metavar="TEXT", help="instrument, certificate")
    act.add_argument("--valid-days", type=int, default=365, choices=range(1, LIFE_MOST_DAYS + 1),
                     metavar=f"1..{LIFE_MOST_DAYS}", help="365")  # fmt: skip


def run(args: argparse.Namespace, known: Collection[str], folder: Path) -> int:
    """Calibrate, or list."""
    try:
        loaded = load_room(args.room, known)
        paths = state_paths(loaded.room, args.state or folder)
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return WRONG
    try:
        if args.calibrate == "list":
            return _list(paths, args.json)
        result = _calibrated(args, loaded, paths)
    except (Gone, StoreError) as error:
        return _told(str(error), WRONG)
    except (Ended, KeyboardInterrupt) as ended:
        return _told(str(ended) or "ended by a person: nothing is kept", FAILED)
    except (NoWeight, ValueError) as error:
        return _told(str(error), WRONG)
    _show(result, args.json)
    return PASSED if result.passed else FAILED


def _told(words: str, status: int) -> int:
    sys.stderr.write(f"galactograph service calibrate: {words}\n")
    return status


def journal_of(paths: StatePaths) -> Path:
    """The record beside which the room's key is."""
    return paths.journal / JOURNAL_FILE


def desk_at(paths: StatePaths, args: argparse.Namespace, client: str, hz: int = 20) -> Desk:
    """A place at the running controller, logged in where that was asked for.

    Raises:
        Gone: there is none.
        Ended: the log-in is refused.
    """
    line = SocketLine(paths.socket)
    try:
        desk = Desk(line, client, args.by or args.user, hz)
        if args.user:
            desk.log_in(args.user, getpass.getpass(f"PIN of {args.user}: "))
    except BaseException:
        line.close()
        raise
    return desk


def _calibrated(args: argparse.Namespace, loaded: LoadedRoom, paths: StatePaths) -> Result:
    if args.calibrate == "syringe":
        syringe = next((s for s in loaded.profile.syringes if s.name == args.syringe), None)
        if syringe is None:
            names = ", ".join(s.name for s in loaded.profile.syringes)
            raise ValueError(
                f"syringe {args.syringe!r} is not in the procedure file; known: {names}"
            )
        weighing = Weighing(
            syringe, args.temperature_mc, args.temperature_u_mc, args.counter_digit_nl, args.count
        )
        if args.dispense:
            return _dispensed(args, loaded, paths, weighing)
        if args.user:
            raise ValueError("--user logs in at the controller: with --dispense; else --by")
        job = _job(args, paths, Terminal())
        with _scales(args, job) as scales:
            return weigh(job, scales, weighing)
    points = tuple(int(text) for text in args.points.split(","))
    desk = desk_at(paths, args, "calibrate")
    job = _job(args, paths, Terminal(desk))
    try:
        return compare(
            job, desk, Calibrated(args.calibrate), points, args.reference_uncertainty_ppm
        )
    finally:
        desk.close()


def _dispensed(
    args: argparse.Namespace, loaded: LoadedRoom, paths: StatePaths, weighing: Weighing
) -> Result:
    """A syringe from which the tool dispenses, through the running controller."""
    limits = loaded.profile.limits
    rate_nl_min = args.rate_nl_min or limits.rate_nl_min
    if args.volume_nl < limits.motion_least_nl or rate_nl_min <= 0:
        raise ValueError(f"a portion has {limits.motion_least_nl} nL or more, and a rate")
    portion = dispense.Portion(
        weighing.syringe.name, args.volume_nl, rate_nl_min, loaded.profile.line_dead_space_nl
    )
    why = dispense.too_much(portion, weighing.dispense_count, limits.prime_total_nl)
    if why:
        raise ValueError(why)
    desk = desk_at(paths, args, "calibrate", dispense.SNAPSHOTS_HZ)
    try:
        job = _job(args, paths, Terminal(desk))
        with _scales(args, job) as scales:
            return dispense.weigh_by_tool(job, desk, scales, weighing, portion)
    finally:
        desk.close()


def _job(args: argparse.Namespace, paths: StatePaths, person: Terminal) -> Job:
    return Job(
        ask=person.typed,
        say=person.say,
        by=args.by or args.user,
        reference=args.reference,
        valid_days=args.valid_days,
        clock=RealClock(),
        store=paths.calibrations,
        journal=journal_of(paths),
    )


@contextlib.contextmanager
def _scales(args: argparse.Namespace, job: Job) -> Iterator[Scales]:
    if not args.balance:
        yield Typed(job.ask)
        return
    with Serial(args.balance, args.baud, job.clock) as scales:
        job.say(f"balance: {scales.name}")
        yield scales


def _show(result: Result, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
        return
    out = sys.stdout
    out.write(f"\n{result.kind.value}: {result.subject}\n{result.verdict}\n\n")
    out.write("standard uncertainty, ppm\n")
    for part in result.parts:
        out.write(f"  {part.ppm:8d}  {part.kind}  {part.name:<14} {part.why}\n")
    out.write(f"  {result.uncertainty:8d}     expanded, k = 2\n\n")
    out.write(
        f"by {result.by}, {date_of(result.made_day)}; holds until {date_of(result.until_day)}\n"
    )
    if result.kind is Calibrated.SYRINGE and result.passed:
        out.write(
            f"for the procedure file: diameter_um = {round(result.value / 1000)},"
            f' scale_ppm = {max(1_000, result.uncertainty + 500)}, evidence = "measured"\n'
        )
    out.write("start the controller again: it takes this over then\n")


def _list(paths: StatePaths, as_json: bool) -> int:
    found = kept(paths.calibrations, journal_of(paths))
    today = day_of(RealClock().utc_ns())
    newest: dict[tuple[Calibrated, str], tuple[Line, Result]] = {}
    for line, result in found:
        newest[result.kind, result.subject] = (line, result)
    good = True
    for line, result in newest.values():
        state = "passed" if result.passed else "NOT PASSED"
        if result.passed and not result.made_day <= today < result.until_day:
            state = "EXPIRED"
        good &= state == "passed"
        signed = "signed" if line.signature else "no key, not signed"
        if as_json:
            told = {"state": state, "signed": bool(line.signature), **msgspec.to_builtins(result)}
            sys.stdout.write(json.dumps(told) + "\n")
        else:
            sys.stdout.write(
                f"{result.kind.value:<9} {state:<10} until {date_of(result.until_day)}"
                f"  {result.subject}  (by {result.by}, {signed})\n          {result.verdict}\n"
            )
    if not newest and not as_json:
        sys.stdout.write("nothing is calibrated yet\n")
    return PASSED if good else FAILED
