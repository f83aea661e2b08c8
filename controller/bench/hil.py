"""``galactograph hil``: checks of a bench or a room with its real devices, or simulated ones.

The checks stand in ``tests/hil`` and run from a checkout with pytest; this command finds both,
says so when they are not there, and hands over. What owns the room is the production controller;
every motion goes through its gate, and nothing moves without ``--approve``.
"""

import argparse
import getpass
import importlib
import importlib.util
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from config.state_paths import users_path
from controller.clock import RealClock, boot_id
from controller.messages import LoginAsk
from controller.people.checker import Pins
from state_machine.requests import Role

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
ROOT: Final = Path(__file__).resolve().parents[2]
CHECKS: Final = "tests/hil/checks"
TIMEOUT_S: Final = 600
ABOUT: Final = """\
Check a bench or a room: links, every register, what stops the pump, one whole procedure with
water, stop latency, occlusion, cable pulls, death of the controller. WATER in the syringe, a
phantom or a vessel for the tip, nobody in the room. Without --approve nothing moves, and what
needs motion is skipped. The room is left safe however the run ends.
"""
EXAMPLES: Final = """\
examples:
  galactograph hil --room demo --simulate --approve       simulated devices, unattended
  galactograph hil --room bench.toml                      looks only: links, registers
  galactograph hil --room bench.toml --approve --by "Q. Smith" --key /path/record.journal
  galactograph hil --room bench.toml --approve --select stops,cables
  galactograph hil --list
  galactograph hil --verify hil-runs/20260101-120000      does the signature hold?

exit status: 0 nothing failed, 1 a check failed, none passed, or a signature does not hold,
2 usage, or pytest or the checks are missing
"""
_NO_PYTEST: Final = (
    "pytest is missing: the checks are run by it. Install the hil extra (pip install"
    " 'galactograph[hil]'), or use the environment of a checkout (make lint makes it)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare room, selection, approval."""
    parser.add_argument("--room", metavar="FILE", help="room file or shipped name")
    parser.add_argument("--select", default="", metavar="NAME,NAME", help="suites or checks")
    parser.add_argument("--short", action="store_true", help="the short form: nothing is injected")
    parser.add_argument("--approve", action="store_true", help="the pump may move in this run")
    parser.add_argument("--by", default="", metavar="NAME", help="who answers for the run")
    parser.add_argument(
        "--user", default="", metavar="NAME",
        help="who answers, in a room with log-in: role service or qa; the PIN is asked for",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="report; default hil-runs/DATE")
    parser.add_argument("--key", default="", metavar="JOURNAL", help="record whose key signs")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="the room's own state: its calibrations hold"
    )
    parser.add_argument("--balance", default="", metavar="PORT", help="balance under the tip")
    parser.add_argument("--pump-port", default="", metavar="PATH", help="as for galactograph run")
    parser.add_argument("--modbus", default="", metavar="HOST:PORT", help="the same")
    parser.add_argument("--simulate", action="store_true", help="start simulated devices")
    parser.add_argument(
        "--control", default="", metavar="HOST:PORT", help="control port of simulated devices"
    )
    parser.add_argument("--list", action="store_true", help="say which checks there are")
    parser.add_argument("--verify", type=Path, metavar="DIR", help="check a report's signature")
    # for the tests of the checks: on virtual time, with a defect put in
    parser.add_argument("--virtual", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--defects", default="[]", help=argparse.SUPPRESS)
    parser.add_argument("--broken", default="", help=argparse.SUPPRESS)


def missing(root: Path = ROOT) -> str:
    """Why the checks cannot be run; empty = they can."""
    if not (root / CHECKS).is_dir():
        return f"the checks are missing: {root / CHECKS} is not there. Run from a checkout"
    if importlib.util.find_spec("pytest") is None:
        return _NO_PYTEST
    return ""


def run(args: argparse.Namespace) -> int:
    """Run the checks in a process of their own; sign what they reported."""
    if words := missing():
        sys.stderr.write(f"galactograph hil: {words}\n")
        return USAGE
    if args.verify is not None:
        return _verify(args.verify)
    if args.room is None and not args.list:
        sys.stderr.write("galactograph hil: name the room with --room FILE\n")
        return USAGE
    out = (args.out or Path("hil-runs") / _stamp()).resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.stderr.write(f"folder {out} cannot be made ({error.strerror}); name another: --out\n")
        return USAGE
    if args.user:
        try:
            args.by = answered(args.user, args.state)
        except Refused as why:
            sys.stderr.write(f"galactograph hil: {why}\n")
            return USAGE
    options = out / "options.json"
    options.write_text(json.dumps(_options(args, out)), "utf-8")
    status = _checked(options, out, collect=args.list)
    if args.list:
        options.unlink()
        return status
    return max(status, _sign(out, args.key))


class Refused(Exception):
    """Nobody answers for the run; the text says why."""


def answered(user: str, state: Path | None) -> str:
    """Full name of who shows the PIN of a user of the room, in the role service or QA.

    Raises:
        Refused: no state folder, or the PIN or the role is not right.
    """
    if state is None:
        raise Refused("--user is looked for in the room's own state folder: name it, --state DIR")
    checker, words = Pins(users_path(state), boot_id()), ""
    pin = getpass.getpass(f"PIN of {user}: ")
    for role in (Role.SERVICE, Role.QA):
        verdict = checker.verdict(0, LoginAsk(user, pin, role.value), RealClock().now_ns())
        if not verdict.refused:
            return verdict.by
        words = verdict.refused
        if not words.startswith("say in which role"):
            break
    raise Refused(f"{words} (a run is answered for in the role service or qa)")


def _options(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    room = args.room or "demo"
    return {
        "room": str(Path(room).resolve()) if Path(room).is_file() else room,
        "out": str(out),
        "select": [name for name in args.select.split(",") if name],
        "approve": args.approve,
        "short": args.short,
        "simulate": args.simulate,
        "virtual": args.virtual,
        "control": args.control,
        "pump_port": args.pump_port,
        "modbus": args.modbus,
        "by": args.by,
        "user": args.user,
        "key": args.key,
        "state": str(args.state.resolve()) if args.state else "",
        "balance": args.balance,
        "defects": json.loads(args.defects),
        "broken": args.broken,
    }


def command(options: Path, out: Path, *, collect: bool) -> list[str]:
    """How pytest is called: the checks alone, whatever else the checkout's settings say."""
    words = [sys.executable, "-m", "pytest", CHECKS, "-p", "tests.hil.plugin", "-p", "no:randomly"]
    words += ["-p", "no:cacheprovider", "-p", "no:xdist", "--hil", str(options)]
    words += ["-o", "python_files=check_*.py", "-o", "python_functions=check_*"]
    words += ["-o", f"timeout={TIMEOUT_S}", "-o", "addopts=", "--strict-markers", "-v", "-rs"]
    words += ["--tb=short", "--capture=sys"]
    return [*words, "--collect-only", "-q"] if collect else [*words, f"--junitxml={out}/junit.xml"]


def _checked(options: Path, out: Path, *, collect: bool) -> int:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # pytest hears it and leaves in order
    try:
        process = subprocess.Popen(  # noqa: S603 - our own checks, no shell
            command(options, out, collect=collect),
            cwd=ROOT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        status = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status in (OK, FAILED) else (FAILED if status < 0 or status == 2 else USAGE)


def _sign(out: Path, key: str) -> int:
    report = _report()
    if not (out / report.LINES).exists():
        sys.stderr.write("galactograph hil: no check was run, there is no report\n")
        return USAGE
    try:
        says = report.sign(out, key)
    except OSError as error:
        sys.stderr.write(f"galactograph hil: the report is not signed: {error}\n")
        return FAILED
    except report.JournalError as error:
        sys.stderr.write(f"galactograph hil: the report is not signed: {error}\n")
        return FAILED
    sys.stdout.write(f"report   {out / report.PAGE}\nsigned   with {says}\n")
    return OK


def _verify(out: Path) -> int:
    wrong = _report().verify(out)
    sys.stdout.write("".join(f"{words}\n" for words in wrong) or "the signature holds\n")
    return FAILED if wrong else OK


def _report() -> Any:
    """The report's module, from the checkout that the checks stand in."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module("tests.hil.report")


def _stamp() -> str:
    return datetime.fromtimestamp(RealClock().utc_ns() / 1e9, UTC).strftime("%Y%m%d-%H%M%S")
