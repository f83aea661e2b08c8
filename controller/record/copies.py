"""Whole copies of a record: made by SQLite, verified before they get their name.

A copy is one file (no log beside it), for its owner alone. It is made under another name,
brought to the disk and verified there; only then does it get the name that was asked for,
and never in the place of another file.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from controller.record.signing import load_public, public_path
from controller.record.store import SQLITE_ERRORS, JournalError, in_words, open_readable
from controller.record.verify import Verdict, verify

PARTIAL: Final = ".partial"
SIDE_FILES: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file; a copy or another file must never meet that of another."""


def copy(source: Path, target: Path) -> Verdict:
    """Copy the record at ``source`` to the new file ``target``; also while it is written.

    Returns what verification says of the copy; the public key is copied beside it.

    Raises:
        JournalError: the source cannot be read or does not hold, the target is there or
            cannot be written, or the copy is not what was copied.
    """
    partial = target.with_name(target.name + PARTIAL)
    if target.exists():
        raise JournalError(f"copy {target}: there is a file already; name another one")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        _copied(source, partial)
        verdict = _verified_or_gone(source, partial)
        os.link(partial, target)  # fails where a file has come to stand meanwhile
        partial.unlink()
        _copy_key(source, target)
        sync_folder(target.parent)
    except OSError as error:
        raise JournalError(
            f"copy {target}: it cannot be written ({error.strerror}); check folder and disk"
        ) from error
    return verdict


def _copied(source: Path, partial: Path) -> None:
    try:
        with (
            closing(open_readable(source)) as there,
            closing(sqlite3.connect(partial, isolation_level=None)) as here,
        ):
            there.backup(here)
            here.execute("PRAGMA journal_mode = DELETE")
    except SQLITE_ERRORS as error:
        raise JournalError(in_words(source, error)) from error
    with partial.open("rb+") as file:
        os.fsync(file.fileno())


def _verified_or_gone(source: Path, partial: Path) -> Verdict:
    """A copy that does not hold leaves nothing."""
    try:
        return _verified(source, partial)
    except JournalError:
        partial.unlink()
        raise


def _verified(source: Path, partial: Path) -> Verdict:
    """The copy holds, and is the source as it was at that moment."""
    key = public_path(source)
    verdict = verify(partial, keys=[load_public(key)] if key.exists() else [])
    if not verdict.ok:
        words = "; ".join(finding.words for finding in verdict.findings[:3])
        raise JournalError(
            f"journal {source}: it does not hold ({words}); nothing was done. Keep the file as "
            "evidence and look with 'galactograph journal verify'"
        )
    return verdict


def _copy_key(source: Path, target: Path) -> None:
    there, here = public_path(source), public_path(target)
    if there.exists() and not here.exists():
        here.write_bytes(there.read_bytes())


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
