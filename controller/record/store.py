"""The journal's file: schema, how it is opened, and SQLite's errors in the user's words.

WAL and ``synchronous=FULL``: a committed row is on the disk before anything that waits
for it moves, and readers work while the writer does. The triggers keep honest programs
honest (no UPDATE, no DELETE, no REPLACE); what a dishonest one does, the chain shows.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from controller.record.chain import Row

T = TypeVar("T", int, str, bytes)

APPLICATION_ID: Final = 0x67616C31
"""``gal1`` in the file's header, so that a stray database is not taken for a journal."""
SCHEMA_VERSION: Final = 1

COLUMNS: Final = "number, first_seq, last_seq, boot_ns, utc_ns, session, prev, body, hash"

HOLDS_RESUME: Final = "instr(body, X'a5656e747279a6726573756d65') > 0"
"""The body holds ``entry: resume`` as msgpack writes it. A Resume's own bytes could hold the
same pattern; who searches looks at the decoded entries too."""
HOLDS_SIDE_DAY: Final = "instr(body, X'a5656e747279a8736964652d646179') > 0"
"""The body holds ``entry: side-day``."""

TRIGGERS: Final = {
    "block_in_order": """
        CREATE TRIGGER block_in_order BEFORE INSERT ON block
        WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM block)
        BEGIN SELECT RAISE(ABORT, 'the record is append-only: next row only'); END""",
    "block_no_update": """
        CREATE TRIGGER block_no_update BEFORE UPDATE ON block
        BEGIN SELECT RAISE(ABORT, 'the record is append-only: no update'); END""",
    "block_no_delete": """
        CREATE TRIGGER block_no_delete BEFORE DELETE ON block
        BEGIN SELECT RAISE(ABORT, 'the record is append-only: no delete'); END""",
}

_SCHEMA: Final = (
    """CREATE TABLE block (
        number INTEGER PRIMARY KEY,
        first_seq INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        boot_ns INTEGER NOT NULL,
        utc_ns INTEGER NOT NULL,
        session TEXT NOT NULL,
        prev BLOB NOT NULL,
        body BLOB NOT NULL,
        hash BLOB NOT NULL)""",
    # Partial indexes on what recovery asks for: a start must not read weeks of samples.
    f"CREATE INDEX block_resume ON block(number) WHERE {HOLDS_RESUME}",
    f"CREATE INDEX block_side_day ON block(number) WHERE {HOLDS_SIDE_DAY}",
    *TRIGGERS.values(),
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_WORDS: Final = (
    # (SQLite's error name begins with, what happened, what to do)
    ("SQLITE_FULL", "the disk is full", "free space (100 MB); nothing written is lost"),
    ("SQLITE_READONLY", "it may only be read", "make file and folder writable for this user"),
    ("SQLITE_PERM", "access is denied", "make file and folder writable for this user"),
    ("SQLITE_CANTOPEN", "it cannot be opened", "check that its folder exists and is writable"),
    ("SQLITE_BUSY", "another process holds it locked", "close whatever else has it open"),
    ("SQLITE_LOCKED", "another process holds it locked", "close whatever else has it open"),
    ("SQLITE_NOTADB", "it is not a journal", "name the right file, or choose a new one"),
    ("SQLITE_CORRUPT", "it is damaged", "keep it as evidence and start a new file beside it"),
    ("SQLITE_IOERR", "the disk reports an error", "check disk and cable; keep the file"),
    ("SQLITE_CONSTRAINT", "it was changed by another program", "keep it as evidence"),
)


class JournalError(Exception):
    """The journal cannot be opened or read; the message names file, cause and way out."""


def in_words(path: Path, error: Exception) -> str:
    """Say what an SQLite or OS error means for the journal at ``path``, and what to do."""
    name = getattr(error, "sqlite_errorname", "")
    for begins, happened, way_out in _WORDS:
        if name.startswith(begins):
            return f"journal {path}: {happened} ({error}); {way_out}"
    return f"journal {path}: {error}; check the disk and the folder"


def open_writable(path: Path) -> sqlite3.Connection:
    """Open the journal for appending; create it (mode 0600) where there is none.

    The connection may be handed to one other thread.

    Raises:
        JournalError: It cannot be opened, written, or is not a journal of this version.
    """
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise JournalError(
            f"journal {path}: it cannot be created ({error.strerror}); "
            "check that its folder exists and is writable"
        ) from error
    connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise JournalError(in_words(path, error)) from error
    except JournalError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    # Empty: new, or its creator was killed before the first transaction ended.
    fresh = not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    if not fresh:
        check_is_journal(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")  # a file that may only be read fails here, not later
    if fresh:
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


def open_readable(path: Path) -> sqlite3.Connection:
    """Open the journal for reading only, also while a writer is at work.

    Raises:
        JournalError: There is no such file, or it is not a journal of this version.
    """
    if not path.is_file():
        raise JournalError(f"journal {path}: there is no such file; name an existing journal")
    # A cleanly closed journal on a medium that cannot be written has no WAL beside it and
    # SQLite could not make one: then the file alone is the whole truth (immutable).
    wal = path.with_name(path.name + "-wal")
    modes = ["mode=ro"] if wal.exists() else ["mode=ro", "mode=ro&immutable=1"]
    failure: Exception | None = None
    for mode in modes:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=2.0, isolation_level=None
        )
        try:
            check_is_journal(connection, path)
        except sqlite3.Error as error:
            connection.close()
            failure = error
        except JournalError:
            connection.close()
            raise
        else:
            return connection
    raise JournalError(in_words(path, failure or OSError("not opened")))


def check_is_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is not a journal of this version.

    Raises:
        JournalError: Wrong application id, version, or no table of rows.
        sqlite3.Error: It cannot be read at all.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise JournalError(
            f"journal {path}: it is not a journal (application id {application:#x}, "
            f"must be {APPLICATION_ID:#x}); name the right file, or choose a new one"
        )
    if version != SCHEMA_VERSION:
        raise JournalError(
            f"journal {path}: its format is version {version}, this program reads version "
            f"{SCHEMA_VERSION}; use the program version that wrote it"
        )
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'block'").fetchone():
        raise JournalError(f"journal {path}: its table of rows is gone; keep it as evidence")


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Append one row and return once it is on the disk (autocommit, synchronous=FULL)."""
    connection.execute(
        f"INSERT INTO block ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - ours
        (
            row.number,
            row.first_seq,
            row.last_seq,
            row.boot_ns,
            row.utc_ns,
            row.session,
            row.prev,
            row.body,
            row.hash,
        ),
    )


def select(connection: sqlite3.Connection, clause: str = "ORDER BY number") -> Iterator[Row]:
    """Rows in the order ``clause`` asks for.

    A column that was changed to another type is read as an empty value of the right one:
    the row then differs from its hash and is found.
    """
    cursor = connection.execute(f"SELECT {COLUMNS} FROM block {clause}")  # noqa: S608 - ours
    for number, first_seq, last_seq, boot_ns, utc_ns, session, prev, body, own in cursor:
        yield Row(
            number=_as(int, number),
            first_seq=_as(int, first_seq),
            last_seq=_as(int, last_seq),
            boot_ns=_as(int, boot_ns),
            utc_ns=_as(int, utc_ns),
            session=_as(str, session),
            prev=_as(bytes, prev),
            body=_as(bytes, body),
            hash=_as(bytes, own),
        )


def _as(kind: type[T], value: object) -> T:
    return value if isinstance(value, kind) else kind()
