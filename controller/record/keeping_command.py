"""``galactograph journal key|backup|archive|restore|migrate``: what people do with a record."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final, Protocol

from controller.record import keeping
from controller.record.copies import copy
from controller.record.lock import hold_lock
from controller.record.signing import key_path, make_key, public_path
from controller.record.store import JournalError
from controller.record.verify import Verdict, verify

ABOUT: Final = {
    "key": "make the key that signs closed procedures (once, at commissioning)",
    "backup": "copy a record, also while it is written; the copy is verified",
    "archive": "put a long record aside and begin a new one that goes on from it",
    "restore": "put a verified backup in the place of a lost or damaged record",
    "migrate": "bring a record of an older program up to date; a copy is kept",
}


class Clock(Protocol):
    """What a command needs of the time."""

    def now_ns(self) -> int:
        """Boot time."""

    def utc_ns(self) -> int:
        """Wall clock."""


def add_arguments(name: str, parser: argparse.ArgumentParser) -> None:
    """Arguments of one of the commands."""
    if name == "restore":
        parser.add_argument("backup", type=Path, help="the backup")
    parser.add_argument("file", type=Path, help="the journal")
    if name == "backup":
        parser.add_argument("target", type=Path, help="new file; nothing is written over")
    if name in ("archive", "restore", "migrate"):
        parser.add_argument("--by", required=True, metavar="NAME", help="who does it: recorded")


def run(name: str, args: argparse.Namespace, clock: Clock) -> int:
    """Do it and say what was done: 0 done, 1 refused or not possible."""
    try:
        lines = _ACTS[name](args, clock)
    except JournalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"journal {args.file}: {error}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _key(args: argparse.Namespace, _clock: Clock) -> list[str]:
    lock = hold_lock(args.file)
    try:
        there = verify(args.file) if args.file.exists() else None
        after_row = there.head_row if there else 0
        key = make_key(args.file, after_row, bytes.fromhex(there.head_hash) if there else b"")
    finally:
        os.close(lock)
    return [
        f"key      {key_path(args.file)} (keep it here, for its owner alone)",
        f"public   {public_path(args.file)} (keep a copy where the record is not)",
        f"is       {key.raw.hex()}",
        f"signs    what is closed after row {after_row}, from the controller's next start on",
    ]


def _backup(args: argparse.Namespace, _clock: Clock) -> list[str]:
    verdict = copy(args.file, args.target)
    return [f"copy     {args.target}", *_held(verdict)]


def _archive(args: argparse.Namespace, clock: Clock) -> list[str]:
    verdict, aside = keeping.archive(args.file, _now(args, clock))
    return [f"archive  {aside}", *_held(verdict), f"new      {args.file} goes on from it"]


def _restore(args: argparse.Namespace, clock: Clock) -> list[str]:
    verdict, moved = keeping.restore(args.backup, args.file, _now(args, clock))
    kept = [f"aside    {file}" for file in moved]
    warning = (
        "look     what was given and locked after the backup was made is not in it: ask the "
        "people, and the file that was put aside, before the next patient"
    )
    return [f"restored {args.file}", *_held(verdict), *kept, warning]


def _migrate(args: argparse.Namespace, clock: Clock) -> list[str]:
    verdict, kept = keeping.migrate(args.file, _now(args, clock))
    return [f"migrated {args.file}", *_held(verdict), f"before   {kept}"]


_ACTS: Final = {
    "key": _key,
    "backup": _backup,
    "archive": _archive,
    "restore": _restore,
    "migrate": _migrate,
}


def _held(verdict: Verdict) -> list[str]:
    return [
        f"rows     {verdict.row_count} with {verdict.entry_count} entries, verified",
        f"head     {keeping.head_of(verdict)}",
    ]


def _now(args: argparse.Namespace, clock: Clock) -> keeping.Now:
    return keeping.Now(clock.now_ns(), clock.utc_ns(), args.by)
