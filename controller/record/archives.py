"""Which archives there are, and which are older than a site must keep them.

Retention only ever says what could go. On a person's explicit word it moves: a verified copy
stands in the other folder, on the disk, before the file here is let go, and the record has an
entry of it. Nothing is deleted or written over to make room, by no command.
"""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from controller.record.copies import copy, sync_folder
from controller.record.keeping import Facts, Now, locked, note
from controller.record.signing import public_path
from controller.record.store import SQLITE_ERRORS, JournalError, in_words, open_readable, select
from controller.record.verify import verify

FOLDER: Final = "archive"
"""Beside the record, where ``journal archive`` puts them."""
DAY_NS: Final = 86_400 * 1_000_000_000
_ASIDE: Final = r"\.(?:before-restore-\d+|schema-\d+)"
"""What *restore* and *migrate* leave beside a record."""


class Kept(msgspec.Struct, frozen=True):
    """One file that holds an earlier record."""

    path: str
    kind: str
    """archive; aside: put out of the way by *restore* or *migrate*."""
    size_bytes: int
    row_count: int
    first_utc_ns: int
    last_utc_ns: int
    """Wall clock of its oldest and newest row; 0 where it has none."""
    head: str
    """ROW:HASH, to be compared with the report."""
    state: str = ""
    """*holds*, or what is wrong; empty = not verified."""

    def age_days(self, utc_ns: int) -> int:
        """Whole days since its newest row, by the wall clock; negative for one of tomorrow."""
        return (utc_ns - self.last_utc_ns) // DAY_NS


def listed(path: Path, check: bool = False) -> list[Kept]:
    """Archives of the record at ``path`` and files set aside beside it, oldest first.

    Args:
        path: the record.
        check: verify each whole file, which reads all of it.

    Raises:
        JournalError: the folder cannot be read.
    """
    try:
        files = [(file, kind) for file, kind in _files(path) if file.is_file()]
    except OSError as error:
        raise JournalError(
            f"archives of {path}: they cannot be listed ({error.strerror})"
        ) from error
    found = [_kept(file, kind, check) for file, kind in files]
    return sorted(found, key=lambda one: (one.last_utc_ns, one.path))


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    folder = path.parent / FOLDER
    if folder.is_dir():
        yield from ((file, "archive") for file in folder.iterdir() if file.suffix == path.suffix)
    aside = re.compile(re.escape(path.name) + _ASIDE)
    if path.parent.is_dir():
        yield from ((f, "aside") for f in path.parent.iterdir() if aside.fullmatch(f.name))


def _kept(file: Path, kind: str, check: bool) -> Kept:
    size = file.stat().st_size
    try:
        with closing(open_readable(file)) as connection:
            first = next(select(connection, "ORDER BY number LIMIT 1"), None)
            last = next(select(connection, "ORDER BY number DESC LIMIT 1"), None)
        state = _state(file) if check else ""
    except JournalError as error:
        return Kept(str(file), kind, size, 0, 0, 0, "", f"cannot be read: {error}")
    except SQLITE_ERRORS as error:
        return Kept(str(file), kind, size, 0, 0, 0, "", in_words(file, error))
    if first is None or last is None:
        return Kept(str(file), kind, size, 0, 0, 0, "", state)
    head = f"{last.number}:{last.hash.hex()}"
    count = last.number - first.number + 1
    return Kept(str(file), kind, size, count, first.utc_ns, last.utc_ns, head, state)


def _state(file: Path) -> str:
    verdict = verify(file)
    return "holds" if verdict.ok else f"DOES NOT HOLD: {verdict.findings[0].words}"


def could_go(kept: list[Kept], keep_days: int, utc_ns: int) -> list[Kept]:
    """Archives whose newest row is older than ``keep_days``; never what cannot be read."""
    return [
        one
        for one in kept
        if one.kind == "archive" and one.row_count and one.age_days(utc_ns) > keep_days
    ]


def move(path: Path, chosen: list[Kept], folder: Path, now: Now) -> list[Path]:
    """Move archives into another folder: verified there before they are let go here.

    Returns where they are now.

    Raises:
        JournalError: the record is in use, an archive does not hold, or the folder is not
            another one that can be written. What was moved until then stays moved, on record.
    """
    if not folder.is_dir() or folder.resolve() == (path.parent / FOLDER).resolve():
        raise JournalError(f"retention {folder}: it must be another folder that is there already")
    moved = []
    with locked(path):
        for one in chosen:
            here = Path(one.path)
            there = folder / here.name
            copy(here, there)  # raises where it does not hold, or a file is in the way
            there.chmod(0o400)
            facts: Facts = (("file", here.name), ("to", str(there)), ("head", one.head))
            note(path, "moved", facts, now)
            _let_go(here)
            moved.append(there)
    return moved


def _let_go(here: Path) -> None:
    try:
        for file in (here, public_path(here)):
            file.unlink(missing_ok=True)
        sync_folder(here.parent)
    except OSError as error:
        raise JournalError(
            f"archive {here}: its copy stands, and it cannot be removed here ({error.strerror})"
        ) from error


def free_bytes(folder: Path) -> int:
    """What is free where the record is written."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize
