"""``galactograph journal archives`` and ``retention``: what is kept, and what could go."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import msgspec

from controller.record import archives
from controller.record.archives import Kept
from controller.record.keeping import Now
from controller.record.report_units import show_utc
from controller.record.store import JournalError
from state_machine.readings import ClockSync

ABOUT: Final = {
    "archives": "list archived records and files that were set aside",
    "retention": "say which archives are older than must be kept; move them on explicit word",
}
_MB: Final = 1_000_000


class Clock(Protocol):
    """What the commands need of the time."""

    def now_ns(self) -> int:
        """Boot time."""

    def utc_ns(self) -> int:
        """Wall clock."""

    def sync(self) -> ClockSync:
        """Whether a time service keeps it."""


def add_arguments(name: str, parser: argparse.ArgumentParser) -> None:
    """Arguments of one of the commands."""
    parser.add_argument("file", type=Path, help="the journal whose archives are meant")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    if name == "archives":
        parser.add_argument("--verify", action="store_true", help="read each whole file")
        return
    parser.add_argument(
        "--keep-days", type=int, required=True, metavar="N", help="as the site's rules say"
    )
    parser.add_argument(
        "--move-to", type=Path, metavar="FOLDER", help="move them there; without it, only say"
    )
    parser.add_argument("--by", metavar="NAME", help="who moves them: recorded")


def run(name: str, args: argparse.Namespace, clock: Clock) -> int:
    """0 done, 1 refused or one does not hold, 2 usage."""
    try:
        return _archives(args, clock) if name == "archives" else _retention(args, clock)
    except (JournalError, OSError) as error:
        sys.stderr.write(f"journal {name}: {error}\n")
        return 1


def _archives(args: argparse.Namespace, clock: Clock) -> int:
    kept = archives.listed(args.file, args.verify)
    _say(kept, args, clock)
    return 1 if any(one.state not in ("", "holds") for one in kept) else 0


def _retention(args: argparse.Namespace, clock: Clock) -> int:
    if args.keep_days < 1 or (args.move_to is not None and not (args.by or "").strip()):
        words = "--keep-days is 1 or more" if args.keep_days < 1 else "say who moves them: --by"
        sys.stderr.write(f"journal retention: {words}\n")
        return 2
    utc_ns = clock.utc_ns()
    chosen = archives.could_go(archives.listed(args.file), args.keep_days, utc_ns)
    _say(chosen, args, clock)
    if args.move_to is None:
        if not args.json:
            _line(_advice(args, len(chosen)))
        return 0
    moved = archives.move(args.file, chosen, args.move_to, Now(clock.now_ns(), utc_ns, args.by))
    for there in moved:
        _line(
            msgspec.json.encode({"moved": str(there)}).decode() if args.json else f"moved {there}"
        )
    return 0


def _advice(args: argparse.Namespace, count: int) -> str:
    if not count:
        return f"nothing is older than {args.keep_days} days; nothing was done"
    return f"{count} could go: give --move-to FOLDER --by NAME to move them; nothing was done"


def _say(kept: list[Kept], args: argparse.Namespace, clock: Clock) -> None:
    utc_ns = clock.utc_ns()
    if args.json:
        for one in kept:
            told = {**msgspec.to_builtins(one), "age_days": one.age_days(utc_ns)}
            _line(msgspec.json.encode(told).decode())
        return
    for line in _told(kept, args.file, clock, utc_ns):
        _line(line)


def _told(kept: list[Kept], path: Path, clock: Clock, utc_ns: int) -> Iterator[str]:
    for one in kept:
        age = f"{one.age_days(utc_ns)} days" if one.row_count else "age not known"
        yield f"{one.kind:<8} {one.path}"
        if one.row_count:
            span = f"{show_utc(one.first_utc_ns)} to {show_utc(one.last_utc_ns)}"
            yield f"         {one.row_count} rows, {span}, {age}, {one.size_bytes / _MB:.1f} MB"
            yield f"         head {one.head}"
        if one.state:
            yield f"         {one.state}"
    if path.parent.is_dir():
        total_mb = sum(one.size_bytes for one in kept) / _MB
        free_mb = archives.free_bytes(path.parent) / _MB
        yield f"{len(kept)} files, {total_mb:.1f} MB; {free_mb:.0f} MB free on this disk"
    yield f"ages by the wall clock, which is {_sync(clock)}"


def _sync(clock: Clock) -> str:
    words = {
        ClockSync.SYNCHRONISED: "kept by a time service",
        ClockSync.NOT_SYNCHRONISED: "not synchronised: compare it by hand",
        ClockSync.UNKNOWN: "of unknown keeping: compare it by hand",
    }
    return words[clock.sync()]


def _line(words: str) -> None:
    sys.stdout.write(f"{words}\n")
