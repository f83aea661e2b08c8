"""The journal: entries in from the loop, rows on the disk from a thread of its own.

The loop's thread only puts entries into a bounded queue and never waits. The writer
thread makes rows (at the latest ``FLUSH_S`` after the first entry, at once when urgent),
commits each, and then moves ``durable_seq`` and says so through a socket pair. While the
room is idle, readings alone may wait ``IDLE_FLUSH_S``. The row that closes a procedure
is signed here, too, where there is a key.

When the disk does not take a row, entries are kept and tried again, ``durable_seq``
stands still and ``fault`` says why. When the queue is full, what does not fit is counted
and named in ``fault``; from then on ``durable_seq`` never passes the gap in this run.
Nothing is ever overwritten to make room.
"""

import contextlib
import os
import socket
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from controller.record.chain import Row, broken_link, make_row
from controller.record.company import FLUSH_S, IDLE_FLUSH_S, Company
from controller.record.lock import hold_lock
from controller.record.signing import Signer, ends_procedure
from controller.record.store import (
    SQLITE_ERRORS,
    JournalError,
    Signature,
    in_words,
    insert,
    open_writable,
    select,
)
from state_machine.entries import Entry

RETRY_S: Final = 0.25
"""Pause between two attempts while the disk does not take a row."""
QUEUE_COUNT: Final = 50_000
"""Entries kept while the disk does not take them: minutes of an injection (assumption)."""
ROW_COUNT: Final = 1_000
"""Entries in one row at most, so that a backlog becomes durable piece by piece."""
TAIL_COUNT: Final = 100
"""Rows checked when an existing journal is opened."""


class _Batch(msgspec.Struct, frozen=True):
    """What one ``append`` brought."""

    entries: tuple[Entry, ...]
    boot_ns: int
    utc_ns: int


def new_session() -> str:
    """Name for a run of the controller: kernel's boot id and a fresh id."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = "unknown-boot"
    return f"{boot}/{uuid.uuid4().hex[:12]}"


class Journal:
    """The append-only record on disk. One writer per file, held by a lock file beside it."""

    def __init__(
        self,
        path: Path,
        *,
        session: str = "",
        signer: Signer | None = None,
        flush_s: float = FLUSH_S,
        idle_flush_s: float = IDLE_FLUSH_S,
        retry_s: float = RETRY_S,
        queue_count: int = QUEUE_COUNT,
    ) -> None:
        """Open or create the journal, check its tail, continue its chain, start the writer.

        Blocks on the disk; call it before the loop runs.

        Raises:
            JournalError: It cannot be opened or written, another writer has it, or its
                newest rows do not hold together.
        """
        self._path = path
        self._session = session or new_session()
        self._signer = signer
        self._flush_s = flush_s
        self._idle_flush_s = idle_flush_s
        self._company = Company()
        self._retry_s = retry_s
        self._queue_count = queue_count
        self._lock = hold_lock(path)
        try:
            self._connection: sqlite3.Connection | None = open_writable(path)
            self._head = _checked_head(self._connection, path)
        except JournalError:
            os.close(self._lock)
            raise
        self._last_seq = self._head.last_seq if self._head else 0
        self._durable_seq = self._last_seq
        self._gap_seq = 0
        self._lost_count = 0
        self._loss = ""
        self._trouble = ""
        self._batches: deque[_Batch] = deque()
        # Each count is written by one thread only; their difference is what waits.
        self._accepted_count = 0
        self._written_count = 0
        self._some = threading.Event()
        self._soon = threading.Event()
        self._urgent = threading.Event()
        self._closing = threading.Event()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        # Daemon: a disk that never answers must not keep a stopped controller alive.
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    # --- the loop's side: never blocks ----------------------------------------------------

    def append(
        self, entries: Sequence[Entry], *, boot_ns: int, utc_ns: int, urgent: bool = False
    ) -> None:
        """Take entries for the record; ``urgent`` when a start waits for them.

        ``boot_ns`` and ``utc_ns`` are the pass's boot time and the wall clock beside it.
        Never blocks and never refuses aloud: what goes wrong is in ``fault``.
        """
        if not entries:
            return
        if self._closing.is_set():
            self._lose(entries, "it is closed")
        elif self._accepted_count - self._written_count + len(entries) > self._queue_count:
            self._lose(entries, f"{self._queue_count} entries wait for the disk")
        else:
            if entries[0].seq != self._last_seq + 1 and not self._loss:
                self._gap(
                    self._last_seq + 1,
                    f"entry {entries[0].seq} came after entry {self._last_seq}",
                )
            self._last_seq = entries[-1].seq
            self._batches.append(_Batch(tuple(entries), boot_ns, utc_ns))
            self._accepted_count += len(entries)
        if self._company.matter(entries):
            self._soon.set()
        if urgent:
            self._urgent.set()
            self._soon.set()
        self._some.set()

    def _lose(self, entries: Sequence[Entry], why: str) -> None:
        self._lost_count += len(entries)
        if not self._gap_seq:
            self._gap(entries[0].seq, why)

    def _gap(self, seq: int, why: str) -> None:
        self._gap_seq = seq
        self._loss = (
            f"journal {self._path}: {why}, the record has a gap from entry {seq} on; "
            "finish without the pump and restart the controller"
        )

    def durable_seq(self) -> int:
        """Every entry up to this number is on the disk."""
        return self._durable_seq

    def last_seq(self) -> int:
        """Number of the newest entry taken; the next one carries this plus 1."""
        return self._last_seq

    def lost_count(self) -> int:
        """Entries that were not taken in this run; never silently: ``fault`` says so."""
        return self._lost_count

    def fault(self) -> str:
        """Why the journal cannot be written, in the user's words; empty = healthy."""
        return self._loss or self._trouble

    def head(self) -> tuple[int, str]:
        """Number and hash (hex) of the newest row on the disk; (0, "") for an empty one."""
        head = self._head
        return (head.number, head.hash.hex()) if head else (0, "")

    def session(self) -> str:
        """Name of this run in the record."""
        return self._session

    def wake_fileno(self) -> int:
        """Descriptor that becomes readable when ``durable_seq`` or ``fault`` changed."""
        return self._wake_out.fileno()

    def drain_wake(self) -> None:
        """Take what the descriptor has to say, so that it is quiet until the next change."""
        with contextlib.suppress(BlockingIOError):
            while self._wake_out.recv(4096):
                pass

    def close(self, timeout_s: float = 1.0) -> bool:
        """Write what waits and stop the writer; True when everything taken is on the disk.

        False: the disk did not take it within ``timeout_s``; ``fault`` says why.
        """
        self._closing.set()
        self._urgent.set()
        self._soon.set()
        self._some.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._trouble = f"journal {self._path}: the disk does not answer; keep the file"
            return False
        self._wake_in.close()
        self._wake_out.close()
        return self._accepted_count == self._written_count and not self._loss

    # --- the writer's side ----------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not (self._closing.is_set() and not self._batches):
                self._some.wait()
                self._soon.wait(self._idle_flush_s)
                self._urgent.wait(self._flush_s)
                self._some.clear()
                self._soon.clear()
                self._urgent.clear()
                if not self._write_all():
                    return
        except Exception as error:  # a writer that died must be seen, whatever killed it
            self._gap(self._durable_seq + 1, f"its writer stopped ({error!r})")
            self._wake()
        finally:
            if self._connection is not None:
                self._connection.close()
            os.close(self._lock)

    def _write_all(self) -> bool:
        """Write until nothing waits. False: closing, and the disk does not take it."""
        while batch := self._next_batch():
            last_attempt = self._closing.is_set()
            row = make_row(self._head, batch.entries, batch.boot_ns, batch.utc_ns, self._session)
            while not self._written(row, batch):
                if last_attempt:
                    return False
                last_attempt = self._closing.wait(self._retry_s)
        return True

    def _next_batch(self) -> _Batch | None:
        """Join what waits into one batch of at most ``ROW_COUNT`` entries (or one append)."""
        if not self._batches:
            return None
        newest = self._batches.popleft()
        entries = list(newest.entries)
        while self._batches and len(entries) + len(self._batches[0].entries) <= ROW_COUNT:
            newest = self._batches.popleft()
            entries.extend(newest.entries)
        return _Batch(tuple(entries), newest.boot_ns, newest.utc_ns)

    def _written(self, row: Row, batch: _Batch) -> bool:
        """Bring the row of a batch to the disk, once. False: ``fault`` says why."""
        count = len(batch.entries)
        try:
            if self._connection is None:
                self._connection = open_writable(self._path)
                if self._stands_already(self._connection, row):
                    self._advance(row, count)
                    return True
            insert(self._connection, row, self._signature(row, batch))
        except (*SQLITE_ERRORS, JournalError) as error:
            self._doubt(error)
            return False
        self._advance(row, count)
        return True

    def _signature(self, row: Row, batch: _Batch) -> Signature | None:
        closes = self._signer is not None and ends_procedure(batch.entries)
        return self._signer.sign(row) if self._signer is not None and closes else None

    def _stands_already(self, connection: sqlite3.Connection, row: Row) -> bool:
        """After an error: did the row reach the disk after all?

        A commit that failed may still have left its frames in the WAL. They count only
        once a full checkpoint has synchronised them.
        """
        newest = next(select(connection, "ORDER BY number DESC LIMIT 1"), None)
        if newest == self._head:
            return False
        if newest != row:
            raise JournalError(
                f"journal {self._path}: another program wrote into it; keep it as evidence "
                "and restart the controller"
            )
        busy, in_log, moved = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        if busy or in_log != moved:
            raise JournalError(
                f"journal {self._path}: a reader keeps it from being written back; close it"
            )
        return True

    def _doubt(self, error: Exception) -> None:
        """Keep the row, say why, and begin the next attempt with a fresh connection."""
        words = str(error) if isinstance(error, JournalError) else in_words(self._path, error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if words != self._trouble:
            self._trouble = words
            self._wake()

    def _advance(self, row: Row, count: int) -> None:
        # Room in the queue first: whoever sees the entries durable may append at once.
        self._written_count += count
        self._head = row
        limit = self._gap_seq - 1 if self._gap_seq else row.last_seq
        self._durable_seq = max(self._durable_seq, min(row.last_seq, limit))
        self._trouble = ""
        self._wake()

    def _wake(self) -> None:
        # Full or closed: the loop has been told already, or does not listen any more.
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_in.send(b"\x01")


def _checked_head(connection: sqlite3.Connection, path: Path) -> Row | None:
    """The newest row, after checking that the newest ``TAIL_COUNT`` rows hold together."""
    try:
        tail = list(select(connection, f"ORDER BY number DESC LIMIT {TAIL_COUNT}"))[::-1]
    except SQLITE_ERRORS as error:
        connection.close()
        raise JournalError(in_words(path, error)) from error
    if words := broken_link(tail):
        connection.close()
        raise JournalError(
            f"journal {path}: {words}; keep it as evidence, look with 'galactograph journal "
            "verify', and start a new file"
        )
    return tail[-1] if tail else None
