"""Reading the journal back: all rows in order, and what a restart needs of them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from controller.record.bodies import RESUME, SIDE_DAY
from controller.record.chain import Row, RowError, decode, is_genuine
from controller.record.store import (
    SQLITE_ERRORS,
    JournalError,
    holding,
    in_words,
    open_readable,
    select,
)
from state_machine.entries import Resume, SideDaySaved


@contextmanager
def open_reader(path: Path) -> Iterator[Iterator[Row]]:
    """Iterate the rows of a journal in order, read-only, also while a writer is at work.

    Rows come as they stand in the file; whether they hold together is ``verify``'s matter.

    Raises:
        JournalError: It cannot be opened or read.
    """
    with closing(open_readable(path)) as connection:
        try:
            yield select(connection)
        except SQLITE_ERRORS as error:
            raise JournalError(in_words(path, error)) from error


def newest_resume(path: Path) -> Resume | None:
    """The newest Resume entry of the journal, None where there is none.

    Raises:
        JournalError: It cannot be read, or a row it stands in was changed.
    """
    for row in _rows_with(path, RESUME):
        found = [entry for entry in _trusted(path, row) if isinstance(entry, Resume)]
        if found:
            return found[-1]
    return None


def side_days(path: Path) -> dict[tuple[str, str], SideDaySaved]:
    """The newest SideDaySaved of every (patient id, side) in the journal.

    Raises:
        JournalError: It cannot be read, or a row one stands in was changed.
    """
    newest: dict[tuple[str, str], SideDaySaved] = {}
    for row in _rows_with(path, SIDE_DAY):
        for entry in reversed(_trusted(path, row)):
            if isinstance(entry, SideDaySaved):
                newest.setdefault((entry.patient_id, entry.side), entry)
    return newest


def _rows_with(path: Path, kind: int) -> Iterator[Row]:
    """Rows that hold a kind of entry, newest first, through its partial index."""
    with closing(open_readable(path)) as connection:
        try:
            yield from holding(connection, kind)
        except SQLITE_ERRORS as error:
            raise JournalError(in_words(path, error)) from error


def _trusted(path: Path, row: Row) -> list[object]:
    """Entries of a row that matches its hash: locks and ledgers are not taken from others."""
    if not is_genuine(row):
        raise JournalError(
            f"journal {path}: row {row.number} does not match its own hash; "
            "run 'galactograph journal verify' and keep the file as evidence"
        )
    try:
        return list(decode(row))
    except RowError as error:
        raise JournalError(f"journal {path}: {error}; use the program that wrote it") from error
