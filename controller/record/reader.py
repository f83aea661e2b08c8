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
from state_machine.entries import Inputs, Resume, SideDaySaved
from state_machine.readings import PumpReading


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


def newest_pump(path: Path) -> PumpReading | None:
    """The pump as it was last heard after the newest Resume, by the run that wrote that one.

    None where it was not heard since, or only by a later run (its driver counts power-ups
    anew).

    Raises:
        JournalError: It cannot be read, or a row it stands in was changed.
    """
    for resume_row in _rows_with(path, RESUME):
        resumes = [e.seq for e in _trusted(path, resume_row) if isinstance(e, Resume)]
        if resumes:
            return _pump_after(path, resume_row, resumes[-1])
    return None


def _pump_after(path: Path, resume_row: Row, resume_seq: int) -> PumpReading | None:
    with closing(open_readable(path)) as connection:
        try:
            clause = f"WHERE number >= {resume_row.number} ORDER BY number DESC"
            for row in select(connection, clause):
                if row.session != resume_row.session:
                    continue
                for entry in reversed(_trusted(path, row)):
                    if isinstance(entry, Inputs) and entry.pump and entry.seq > resume_seq:
                        return entry.pump
        except SQLITE_ERRORS as error:
            raise JournalError(in_words(path, error)) from error
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
