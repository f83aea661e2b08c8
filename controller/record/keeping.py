"""What people do with a record's file: migrate, archive, restore. Each only by a command.

Nothing here deletes or writes over anything: what was there is moved aside under a name that
says what it is. Each takes the record's lock first, so no controller writes meanwhile, and
verifies before it changes anything. What was done, by whom, is an entry of the record.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from controller.record.chain import Row, make_row
from controller.record.copies import SIDE_FILES, copy, sync_folder
from controller.record.journal import new_session
from controller.record.lock import hold_lock
from controller.record.reader import newest_resume
from controller.record.store import (
    INDEXES,
    SCHEMA_VERSION,
    SIGNATURE_TRIGGERS,
    SIGNATURES,
    SQLITE_ERRORS,
    JournalError,
    check_is_journal,
    in_words,
    incoming_path,
    insert,
    open_writable,
    select,
)
from controller.record.verify import Verdict, verify
from state_machine import recovery
from state_machine.entries import Entry, RecordKept, Resume
from state_machine.state import Phase

Facts = tuple[tuple[str, str], ...]


class Now(NamedTuple):
    """The moment of a command, and who gave it."""

    boot_ns: int
    utc_ns: int
    by: str


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes the record meanwhile."""
    if not path.is_file():
        raise JournalError(f"journal {path}: there is no such file; name an existing journal")
    lock = hold_lock(path)
    try:
        yield
    finally:
        os.close(lock)


def _whole(path: Path) -> Verdict:
    verdict = verify(path)
    if not verdict.ok:
        words = "; ".join(finding.words for finding in verdict.findings[:3])
        raise JournalError(
            f"journal {path}: it does not hold ({words}); nothing was done. Keep it as evidence"
        )
    return verdict


def note(path: Path, action: str, facts: Facts, now: Now) -> None:
    """Write what was done as the record's next row."""
    with closing(open_writable(path)) as connection:
        newest = next(select(connection, "ORDER BY number DESC LIMIT 1"), None)
        last_seq = newest.last_seq if newest else 0
        entry = RecordKept(last_seq + 1, now.boot_ns, action, facts, now.by)
        _append(connection, path, newest, [entry], now)


def _append(
    connection: sqlite3.Connection,
    path: Path,
    newest: Row | None,
    entries: list[Entry],
    now: Now,
) -> None:
    try:
        insert(connection, make_row(newest, entries, now.boot_ns, now.utc_ns, new_session()))
    except SQLITE_ERRORS as error:
        raise JournalError(in_words(path, error)) from error


# --- migrate ----------------------------------------------------------------------------------

_STEPS: Final = (
    "ALTER TABLE block ADD COLUMN format INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE block ADD COLUMN holds INTEGER NOT NULL DEFAULT 0",
    "DROP INDEX block_resume",
    "DROP INDEX block_side_day",
    SIGNATURES,
    *INDEXES,
    *SIGNATURE_TRIGGERS.values(),
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
"""Schema 1 to 2: rows stay as they are, byte by byte, and with them every printed hash."""


def migrate(path: Path, now: Now) -> tuple[Verdict, Path]:
    """Bring a record of schema 1 to this program's; a verified copy of before is kept.

    Returns what verification says afterwards, and where the copy is.

    Raises:
        JournalError: it is up to date, in use, does not hold, or cannot be written.
    """
    kept = path.with_name(f"{path.name}.schema-1")
    with locked(path):
        before = copy(path, kept)
        with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as connection:
            _change(connection, path)
        note(path, "migrated", (("from-schema", "1"), ("head", head_of(before))), now)
        after = verify(path, head_of(before) if before.head_row else None)
    if not after.ok:
        raise JournalError(f"journal {path}: it does not hold after migration; use {kept}")
    return after, kept


def _change(connection: sqlite3.Connection, path: Path) -> None:
    try:
        if check_is_journal(connection, path) != 1:
            raise JournalError(f"journal {path}: it is of schema {SCHEMA_VERSION} already")
        connection.execute("BEGIN IMMEDIATE")
        for step in _STEPS:
            connection.execute(step)
        connection.execute("COMMIT")
    except SQLITE_ERRORS as error:
        raise JournalError(in_words(path, error)) from error


def head_of(verdict: Verdict) -> str:
    """A head as an anchor is written."""
    return f"{verdict.head_row}:{verdict.head_hash}"


# --- archive ----------------------------------------------------------------------------------


def archive(path: Path, now: Now) -> tuple[Verdict, Path]:
    """Put a record that has become long aside, and begin a new one that goes on from it.

    The new record begins with what a restart needs (volumes and locks of earlier days) and
    with the head of the old one. The old one is for reading only from then on.

    Raises:
        JournalError: in use, a procedure is open, or it does not hold.
    """
    with locked(path):
        verdict = _whole(path)
        resume = newest_resume(path)
        _refuse_open(path, resume)
        folder = path.parent / "archive"
        folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{path.stem}-to-row-{verdict.head_row}-{verdict.head_hash[:8]}{path.suffix}"
        aside = folder / name
        copy(path, aside)
        aside.chmod(0o400)
        facts = (("file", aside.name), ("head", head_of(verdict)))
        entries: list[Entry] = [RecordKept(1, now.boot_ns, "archived", facts, now.by)]
        if resume is not None:
            entries.append(Resume(2, now.boot_ns, resume.state))
        incoming = _new(path, entries, now)
        _fold(path)
        incoming.replace(path)  # at one stroke; what was there stands verified in the archive
        sync_folder(path.parent)
    return verdict, aside


def _new(path: Path, entries: list[Entry], now: Now) -> Path:
    """A new record under another name, as one file."""
    incoming = incoming_path(path)
    incoming.unlink(missing_ok=True)
    with closing(open_writable(incoming)) as connection:
        _append(connection, incoming, None, entries, now)
        connection.execute("PRAGMA journal_mode = DELETE")
    return incoming


def _fold(path: Path) -> None:
    """Write SQLite's log back into the record, so that the file alone is all of it.

    Raises:
        JournalError: somebody reads it.
    """
    with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except SQLITE_ERRORS as error:
            raise JournalError(in_words(path, error)) from error
    if path.with_name(path.name + "-wal").exists():
        raise JournalError(f"journal {path}: a reader has it open; close it, then again")


def _refuse_open(path: Path, resume: Resume | None) -> None:
    if resume is None:
        return
    phase = msgspec.msgpack.decode(resume.state, type=recovery.Kept).phase
    if phase not in (Phase.STANDBY, Phase.CLOSED):
        raise JournalError(
            f"journal {path}: a procedure is open in it ({phase.value}); start the controller "
            "and close it first"
        )


def _aside(path: Path, why: str) -> list[Path]:
    """Move a record and what SQLite keeps beside it out of the way; nothing is lost."""
    number = 1
    while path.with_name(f"{path.name}.{why}-{number}").exists():
        number += 1
    moved = []
    for suffix in ("", *SIDE_FILES):
        there = path.with_name(path.name + suffix)
        if there.exists():
            here = path.with_name(f"{path.name}.{why}-{number}{suffix}")
            there.rename(here)
            moved.append(here)
    return moved


# --- restore ----------------------------------------------------------------------------------


def restore(backup: Path, path: Path, now: Now) -> tuple[Verdict, list[Path]]:
    """Put a backup in the place of a record that is lost or damaged; that one is kept aside.

    Returns what verification says of the restored record, and what was moved aside.

    Raises:
        JournalError: the backup does not hold, the record is in use, or is whole and knows more.
    """
    incoming = incoming_path(path)
    lock = hold_lock(path)
    try:
        held = copy(backup, incoming)
        try:
            _refuse_newer(path, held)
        except JournalError:
            incoming.unlink()
            raise
        moved = _aside(path, "before-restore")
        os.link(incoming, path)
        incoming.unlink()
        sync_folder(path.parent)
        facts = (("from", backup.name), ("head", head_of(held)), *_named(moved))
        note(path, "restored", facts, now)
        return verify(path, head_of(held) if held.head_row else None), moved
    finally:
        os.close(lock)


def _named(moved: list[Path]) -> Facts:
    return tuple(("moved-aside", file.name) for file in moved)


def _refuse_newer(path: Path, held: Verdict) -> None:
    if not path.exists():
        return
    try:
        present = verify(path)
    except JournalError:
        return  # it cannot even be read: that is what a backup is for
    if present.ok and present.head_row >= held.head_row:
        raise JournalError(
            f"journal {path}: it is whole and reaches row {present.head_row}, the backup row "
            f"{held.head_row}; nothing was restored"
        )
