"""Helpers: small journals on disk, and a forger's access to them."""

import selectors
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from controller.record import bodies
from controller.record.chain import Row, digest, make_row
from controller.record.journal import Journal
from controller.record.reader import open_reader
from controller.record.store import TRIGGERS, insert, open_writable
from state_machine.entries import Entry, Noted

WAIT_S = 10


def notes(first: int, count: int) -> list[Entry]:
    return [
        Noted(seq=seq, at_ns=seq * 1_000_000, topic="sample", facts=(("number", str(seq)),))
        for seq in range(first, first + count)
    ]


def chain_of(count: int, per_row: int = 3) -> list[Row]:
    rows: list[Row] = []
    for number in range(count):
        entries = notes(number * per_row + 1, per_row)
        boot_ns = entries[-1].at_ns
        rows.append(make_row(rows[-1] if rows else None, entries, boot_ns, boot_ns + 7, "test/1"))
    return rows


def plain_row(
    prev: Row | None, entries: Sequence[Entry], boot_ns: int, utc_ns: int, session: str
) -> Row:
    """A row as programs before schema 2 made it."""
    row = msgspec.structs.replace(
        make_row(prev, entries, boot_ns, utc_ns, session),
        body=msgspec.msgpack.encode(list(entries)),
        format=bodies.PLAIN,
        holds=0,
    )
    return msgspec.structs.replace(row, hash=digest(row))


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    with closing(open_writable(path)) as connection:
        for row in rows:
            insert(connection, row)


def read_rows(path: Path) -> list[Row]:
    with open_reader(path) as rows:
        return list(rows)


@contextmanager
def forger(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who knows SQLite: the triggers are away and come back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for sql in TRIGGERS.values():
            connection.execute(sql)


def forge(row: Row, before: Row | None, text: str = "forged") -> Row:
    """A row in ``row``'s place with another content and a hash that fits it."""
    entries = [Noted(seq, 5, text, ()) for seq in range(row.first_seq, row.last_seq + 1)]
    return msgspec.structs.replace(make_row(before, entries, row.boot_ns, row.utc_ns, row.session))


def wait_until(journal: Journal, holds: Callable[[], bool]) -> None:
    """Wait on the journal's own descriptor until ``holds``; fails after ``WAIT_S``."""
    with selectors.DefaultSelector() as selector:
        selector.register(journal.wake_fileno(), selectors.EVENT_READ)
        while not holds():
            assert selector.select(WAIT_S), "the journal did not speak up"
            journal.drain_wake()
