"""``galactograph journal salvage``: what is still readable of a damaged record, and what is lost.

SQLite stops at the first bad page; here each page is read by itself (``pages``). A row is
taken over only where it matches its own hash, byte by byte as it stood, so that verify, report,
replay and export of the salvaged file work on what is left and name what is missing. The
damaged file is only read: it stays the evidence. The salvaged one is for reading only and does
not hold, so no command puts it in a record's place.
"""

import argparse
import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from controller.record import bodies
from controller.record.chain import Row, is_genuine
from controller.record.copies import PARTIAL, sync_folder
from controller.record.lock import lock_path
from controller.record.pages import Found, Pages
from controller.record.report_units import show_utc
from controller.record.store import (
    SQLITE_ERRORS,
    TRIGGERS,
    JournalError,
    Signature,
    in_words,
    insert_as_it_stood,
    open_writable,
)

_ORDER: Final = "block_in_order"
_ROW: Final[tuple[type, ...]] = (int, int, int, int, str, bytes, bytes, bytes, int, int)
"""Columns of a row after its number; records of schema 1 lack the last two."""
_SIGNED: Final = (bytes, bytes, bytes)

ABOUT: Final = """\
Reads what can be read of a damaged record, page by page, also where SQLite gives up, and
writes it to a new file that verify, report, replay and export can read. Only rows that
match their own hash are taken over. Says by place what is lost. The damaged file is only
read: keep it as evidence. To go on with a record, restore a backup.
"""
EXAMPLES: Final = """\
examples:
  galactograph journal salvage record.journal salvaged.journal
  galactograph journal verify salvaged.journal
  galactograph report salvaged.journal -o case.html

exit status: 0 nothing is lost, 1 something is, 2 nothing can be read, or usage wrong
"""


class Lost(msgspec.Struct, frozen=True):
    """A run of rows that could not be read, and what stands around it."""

    first_row: int
    last_row: int
    first_seq: int
    last_seq: int
    words: str


class Salvaged(msgspec.Struct, frozen=True):
    """What came of a salvage."""

    out: str
    row_count: int
    entry_count: int
    head_row: int
    head_hash: str
    signature_count: int
    damaged_rows: tuple[int, ...]
    """Rows that were found and do not match their own hash: left out."""
    unreadable_pages: tuple[int, ...]
    lost: tuple[Lost, ...]


def salvage(path: Path, out: Path) -> Salvaged:
    """Write what can be read of ``path`` to the new file ``out``.

    Raises:
        JournalError: a controller writes it, nothing can be read, or ``out`` is there.
    """
    if out.exists():
        raise JournalError(f"salvage {out}: there is a file already; name another one")
    _refuse_in_use(path)
    try:
        pages = Pages(path)
    except OSError as error:
        raise JournalError(f"journal {path}: it cannot be opened ({error.strerror})") from error
    try:
        rows, damaged, places, signatures = gather(pages.rows())
        unreadable = tuple(pages.unreadable)
        size = pages.page_size
    finally:
        pages.close()
    if not rows:
        raise JournalError(f"journal {path}: not one row of a record can be read in it")
    _write(out, rows, signatures)
    return Salvaged(
        out=str(out),
        row_count=len(rows),
        entry_count=sum(row.last_seq - row.first_seq + 1 for row in rows),
        head_row=rows[-1].number,
        head_hash=rows[-1].hash.hex(),
        signature_count=len(signatures),
        damaged_rows=tuple(sorted(damaged)),
        unreadable_pages=unreadable,
        lost=tuple(_lost(rows, places, size)),
    )


def _refuse_in_use(path: Path) -> None:
    """A file that is written meanwhile cannot be read page by page."""
    lock = lock_path(path)
    if not lock.exists():
        return
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(
                f"journal {path}: a controller writes it; end that first, or salvage a copy"
            ) from error


Signatures = dict[int, tuple[bytes, Signature]]


class Gathered(NamedTuple):
    """What pages hold of a record."""

    rows: list[Row]
    """Those that match their own hash, in order."""
    damaged: set[int]
    """Numbers of rows that were found and do not."""
    places: dict[int, int]
    """Page of each row."""
    signatures: Signatures


def gather(found: Iterable[Found]) -> Gathered:
    """Sort what pages hold; believe only what matches its hash."""
    genuine: dict[int, Row] = {}
    doubtful: set[int] = set()
    places: dict[int, int] = {}
    signatures: Signatures = {}
    for one in found:
        row = _as_row(one)
        if row is not None and is_genuine(row):
            genuine[row.number], places[row.number] = row, one.page
        elif row is not None:
            doubtful.add(row.number)
        elif _fits(one.values[1:], _SIGNED) and len(one.values) == 1 + len(_SIGNED):
            made_for, key, signature = one.values[1:]
            signatures[one.rowid] = (_bytes(made_for), Signature(_bytes(key), _bytes(signature)))
    rows = [genuine[number] for number in sorted(genuine)]
    kept = {
        number: (made_for, signature)
        for number, (made_for, signature) in signatures.items()
        if number in genuine and genuine[number].hash == made_for
    }
    return Gathered(rows, doubtful - genuine.keys(), places, kept)


def _as_row(one: Found) -> Row | None:
    """A row of the record, where the columns are those of one."""
    values: tuple[Any, ...] = one.values[1:]
    if not one.values or one.values[0] is not None or one.rowid < 1:
        return None
    if len(values) == len(_ROW) - 2:
        values = (*values, bodies.PLAIN, 0)
    return Row(one.rowid, *values) if _fits(values, _ROW) and len(values) == len(_ROW) else None


def _fits(values: Sequence[object], kinds: Sequence[type]) -> bool:
    return all(isinstance(value, kind) for value, kind in zip(values, kinds, strict=False))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _lost(rows: Sequence[Row], places: dict[int, int], page_size: int) -> Iterator[Lost]:
    """Gaps between the rows that are left, by what stands on both sides."""
    before: Row | None = None
    for row in rows:
        first, first_seq = (before.number + 1, before.last_seq + 1) if before else (1, 1)
        if row.number > first:
            yield _gap(before, row, first, first_seq, places, page_size)
        before = row


def _gap(
    before: Row | None, after: Row, first: int, first_seq: int, places: dict[int, int], size: int
) -> Lost:
    def page(row: Row) -> str:
        number = places[row.number]
        return f"page {number}, byte {(number - 1) * size}"

    last, last_seq = after.number - 1, after.first_seq - 1
    since = f"after {show_utc(before.utc_ns)} ({page(before)})" if before else "from the beginning"
    words = (
        f"rows {first} to {last} with the entries {first_seq} to {last_seq}: {since}, "
        f"up to {show_utc(after.utc_ns)} ({page(after)})"
    )
    return Lost(first, last, first_seq, last_seq, words)


def _write(out: Path, rows: Sequence[Row], signatures: Signatures) -> None:
    """As a file of its own, under another name until it is on the disk; for reading only."""
    partial = out.with_name(out.name + PARTIAL)
    try:
        partial.unlink(missing_ok=True)
        with closing(open_writable(partial)) as connection:
            connection.execute(f"DROP TRIGGER {_ORDER}")
            insert_as_it_stood(connection, rows, signatures)
            connection.execute(TRIGGERS[_ORDER])
            connection.execute("PRAGMA journal_mode = DELETE")
        partial.chmod(0o400)
        os.link(partial, out)  # fails where a file has come to stand meanwhile
        partial.unlink()
        sync_folder(out.parent)
    except sqlite3.Error as error:
        raise JournalError(in_words(partial, error)) from error
    except SQLITE_ERRORS as error:
        raise JournalError(f"salvage {out}: {error}") from error
    except OSError as error:
        raise JournalError(f"salvage {out}: it cannot be written ({error.strerror})") from error


# --- command ----------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("file", type=Path, help="the damaged journal")
    parser.add_argument("out", type=Path, help="new file; nothing is written over")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Salvage: 0 nothing is lost, 1 something is, 2 nothing can be read."""
    try:
        done = salvage(args.file, args.out)
    except JournalError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if args.json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in described(done)))
    return 1 if done.lost or done.damaged_rows or done.unreadable_pages else 0


def described(done: Salvaged) -> Iterator[str]:
    """What came of it, one fact per line."""
    yield f"salvaged {done.out} (for reading only)"
    yield f"rows     {done.row_count} with {done.entry_count} entries, each matches its hash"
    yield f"head     {done.head_row}:{done.head_hash}"
    yield f"signed   {done.signature_count} signatures"
    yield from (f"LOST     {gap.words}" for gap in done.lost)
    yield from (f"DAMAGED  row {row} does not match its own hash" for row in done.damaged_rows)
    yield from (
        f"DAMAGED  page {page}: the disk does not give it" for page in done.unreadable_pages
    )
    yield (
        f"look     rows after {done.head_row} leave no trace where they are gone: compare with the "
        "head on the newest report"
    )
