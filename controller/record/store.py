"""The journal's file: schema, how it is opened, and SQLite's errors in the user's words.

WAL and ``synchronous=FULL``: a committed row is on the disk before anything that waits
for it moves, and readers work while the writer does. The triggers keep honest programs
honest (no UPDATE, no DELETE, no REPLACE); what a dishonest one does, the chain shows.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from controller.record.bodies import RESUME, SIDE_DAY
from controller.record.chain import Row

APPLICATION_ID: Final = 0x67616C31
"""``gal1`` in the file's header, so that a stray database is not taken for a journal."""
SQLITE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises: where SQLite's own words hold bytes of the damage, Python
fails to make a text of them (found by fuzzing)."""

SCHEMA_VERSION: Final = 2
OLDEST_VERSION: Final = 1
"""Schema 1 is read as it is; to be written on, ``migrate`` brings it to schema 2."""

COLUMNS: Final = (
    "number, first_seq, last_seq, boot_ns, utc_ns, session, prev, body, hash, format, holds"
)
_COLUMNS_1: Final = COLUMNS.replace("format, holds", "1, 0")

_PLAIN_RESUME: Final = "instr(body, X'a5656e747279a6726573756d65') > 0"
"""The body holds ``entry: resume`` as msgpack writes it. A Resume's own bytes could hold the
same pattern; who searches looks at the decoded entries too."""
_PLAIN_SIDE_DAY: Final = "instr(body, X'a5656e747279a8736964652d646179') > 0"
"""The body holds ``entry: side-day``."""
HOLDS: Final = {
    RESUME: f"CASE format WHEN 1 THEN {_PLAIN_RESUME} ELSE holds & {RESUME} END",
    SIDE_DAY: f"CASE format WHEN 1 THEN {_PLAIN_SIDE_DAY} ELSE holds & {SIDE_DAY} END",
}
"""Which rows hold a kind of entry, as the partial indexes have it."""
_HOLDS_1: Final = {RESUME: _PLAIN_RESUME, SIDE_DAY: _PLAIN_SIDE_DAY}

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
SIGNATURE_TRIGGERS: Final = {
    "signature_no_update": """
        CREATE TRIGGER signature_no_update BEFORE UPDATE ON signature
        BEGIN SELECT RAISE(ABORT, 'the record is append-only: no update'); END""",
    "signature_no_delete": """
        CREATE TRIGGER signature_no_delete BEFORE DELETE ON signature
        BEGIN SELECT RAISE(ABORT, 'the record is append-only: no delete'); END""",
}
INDEXES: Final = (
    # Partial, on what recovery asks for: a start must not read weeks of samples.
    f"CREATE INDEX block_resume ON block(number) WHERE {HOLDS[RESUME]}",
    f"CREATE INDEX block_side_day ON block(number) WHERE {HOLDS[SIDE_DAY]}",
)
SIGNATURES: Final = """CREATE TABLE signature (
        number INTEGER PRIMARY KEY,
        hash BLOB NOT NULL,
        key BLOB NOT NULL,
        signature BLOB NOT NULL)"""

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
        hash BLOB NOT NULL,
        format INTEGER NOT NULL DEFAULT 1,
        holds INTEGER NOT NULL DEFAULT 0)""",
    SIGNATURES,
    *INDEXES,
    *TRIGGERS.values(),
    *SIGNATURE_TRIGGERS.values(),
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
    (
        "SQLITE_CORRUPT",
        "it is damaged",
        "keep it as evidence; 'galactograph journal salvage' reads what is left, restore a backup",
    ),
    ("SQLITE_IOERR", "the disk reports an error", "check disk and cable; keep the file"),
    ("SQLITE_CONSTRAINT", "it was changed by another program", "keep it as evidence"),
)


_KINDS: Final = (int, int, int, int, int, str, bytes, bytes, bytes, int, int)
"""Types of the columns, in their order; also that of the fields of ``Row``."""
_INSERT: Final = f"INSERT INTO block ({COLUMNS}) VALUES ({', '.join('?' * len(_KINDS))})"  # noqa: S608
_SIGN: Final = "INSERT INTO signature (number, hash, key, signature) VALUES (?, ?, ?, ?)"


class Signature(msgspec.Struct, frozen=True):
    """A signature under a row, as it stands in the record (``signing``)."""

    key: bytes
    """Public key, 32 bytes."""
    signature: bytes


class JournalError(Exception):
    """The journal cannot be opened or read; the message names file, cause and way out."""


def in_words(path: Path, error: Exception) -> str:
    """Say what an SQLite or OS error means for the journal at ``path``, and what to do."""
    name = getattr(error, "sqlite_errorname", "")
    for begins, happened, way_out in _WORDS:
        if name.startswith(begins):
            return f"journal {path}: {happened} ({error}); {way_out}"
    return f"journal {path}: {error}; check the disk and the folder"


def incoming_path(path: Path) -> Path:
    """What shall take a record's place, while a command brings it there."""
    return path.with_name(path.name + ".incoming")


def open_writable(path: Path) -> sqlite3.Connection:
    """Open the journal for appending; create it (mode 0600) where there is none.

    The connection may be handed to one other thread.

    Raises:
        JournalError: It cannot be opened, written, or is not a journal of this version.
    """
    if not path.exists() and incoming_path(path).exists():
        raise JournalError(
            f"journal {path}: it is missing, and {incoming_path(path)} shows that a restore was "
            "not finished; restore again, so that no volume and no lock is forgotten"
        )
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
    except SQLITE_ERRORS as error:
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
        check_is_journal(connection, path, oldest=SCHEMA_VERSION)
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
        except SQLITE_ERRORS as error:
            connection.close()
            failure = error
        except JournalError:
            connection.close()
            raise
        else:
            return connection
    raise JournalError(in_words(path, failure or OSError("not opened")))


def check_is_journal(
    connection: sqlite3.Connection, path: Path, oldest: int = OLDEST_VERSION
) -> int:
    """Refuse a database that is not a journal of a schema from ``oldest`` on; return its schema.

    Raises:
        JournalError: Wrong application id, schema, or no table of rows.
        sqlite3.Error: It cannot be read at all.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise JournalError(
            f"journal {path}: it is not a journal (application id {application:#x}, "
            f"must be {APPLICATION_ID:#x}); name the right file, or choose a new one"
        )
    version = schema_of(connection)
    if version in range(OLDEST_VERSION, oldest):
        raise JournalError(
            f"journal {path}: its format is version {version}, this program writes version "
            f"{SCHEMA_VERSION}; 'galactograph journal migrate {path}' keeps a copy and brings "
            "it up to date"
        )
    if version not in range(OLDEST_VERSION, SCHEMA_VERSION + 1):
        raise JournalError(
            f"journal {path}: its format is version {version}, this program reads version "
            f"{OLDEST_VERSION} to {SCHEMA_VERSION}; use the program version that wrote it"
        )
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'block'").fetchone():
        raise JournalError(f"journal {path}: its table of rows is gone; keep it as evidence")
    return version


def schema_of(connection: sqlite3.Connection) -> int:
    """Schema of an open journal."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def insert(connection: sqlite3.Connection, row: Row, signature: Signature | None = None) -> None:
    """Append one row, and the signature under it, and return once both are on the disk.

    One transaction (``synchronous=FULL``): there is no row that only lacks its signature.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_INSERT, msgspec.structs.astuple(row))
        if signature is not None:
            connection.execute(_SIGN, (row.number, row.hash, signature.key, signature.signature))
        connection.execute("COMMIT")
    except SQLITE_ERRORS:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def insert_as_it_stood(
    connection: sqlite3.Connection,
    rows: Iterable[Row],
    signatures: Mapping[int, tuple[bytes, Signature]],
) -> None:
    """Write rows of another file, gaps and all, in one transaction (``salvage``).

    ``signatures``: by row number, the hash that was signed and the signature.
    """
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_INSERT, map(msgspec.structs.astuple, rows))
    signed = [(n, made_for, s.key, s.signature) for n, (made_for, s) in signatures.items()]
    connection.executemany(_SIGN, signed)
    connection.execute("COMMIT")


def select(connection: sqlite3.Connection, clause: str = "ORDER BY number") -> Iterator[Row]:
    """Rows in the order ``clause`` asks for.

    A column that was changed to another type is read as an empty value of the right one:
    the row then differs from its hash and is found.
    """
    columns = COLUMNS if schema_of(connection) >= SCHEMA_VERSION else _COLUMNS_1
    for values in connection.execute(f"SELECT {columns} FROM block {clause}"):  # noqa: S608 - ours
        yield Row(*map(_as, _KINDS, values))


def holding(connection: sqlite3.Connection, kind: int) -> Iterator[Row]:
    """Rows that hold a kind of entry (bit of ``bodies``), newest first, through its index."""
    conditions = HOLDS if schema_of(connection) >= SCHEMA_VERSION else _HOLDS_1
    return select(connection, f"WHERE {conditions[kind]} ORDER BY number DESC")


def _as(kind: type, value: object) -> Any:
    return value if isinstance(value, kind) else kind()
