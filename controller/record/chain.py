"""The row format of the record: blocks of entries, each bound to the one before by SHA-256.

Pure: bytes and integers in, rows out. The journal on disk and the one in memory of the
simulation make their rows here, so their head hashes mean the same thing.

Rows of format 1 were written before the record's schema 2; they are read, never written.

A row's hash covers everything else in the row, the previous row's hash included. Whoever
knows one head hash (it is printed on the report) can therefore tell whether any earlier
byte was changed. The chain alone cannot show that its *end* was cut off; the printed
hash can (see ``verify``).
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from controller.record import bodies
from state_machine.entries import AnyEntry, Entry

GENESIS: Final = hashlib.sha256(b"galactograph journal 1: before the first row").digest()
"""What the first row names as the hash before it."""

_DOMAIN: Final = b"galactograph journal row %d\0"
_FIXED: Final = struct.Struct(">qqqqqII32s")
"""number, first_seq, last_seq, boot_ns, utc_ns, length of session and of body, prev."""
_HOLDS: Final = struct.Struct(">I")


class Row(msgspec.Struct, frozen=True):
    """One block of entries as it stands in the record."""

    number: int
    """From 1, without gaps."""
    first_seq: int
    last_seq: int
    boot_ns: int
    """Boot time of the newest pass in the block, ns."""
    utc_ns: int
    """Wall clock of the same moment, ns since 1970; written, never compared."""
    session: str
    """Which run of the controller wrote it (boot id and run id)."""
    prev: bytes
    """Hash of the row before; ``GENESIS`` for row 1."""
    body: bytes
    """The list of entries, packed as ``format`` says (``bodies``)."""
    hash: bytes
    """SHA-256 of all else in the row."""
    format: int = bodies.DEFLATED
    holds: int = 0
    """Bits of ``bodies``: what a restart looks for. Always 0 in format 1."""


class RowError(ValueError):
    """A row cannot be made or read."""


def digest(row: Row) -> bytes:
    """SHA-256 of everything in ``row`` but its own hash.

    Lengths are fixed or stated, so two different rows never give the same byte string.

    Raises:
        RowError: ``prev`` is not 32 bytes, a number does not fit, or the format is unknown.
    """
    session = row.session.encode(errors="surrogatepass")
    if len(row.prev) != len(GENESIS):
        raise RowError(f"row {row.number}: prev is {len(row.prev)} bytes, must be {len(GENESIS)}")
    if row.format not in (bodies.PLAIN, bodies.DEFLATED) or (row.format == 1 and row.holds):
        raise RowError(f"row {row.number}: its format {row.format} is not known")
    try:
        fixed = _FIXED.pack(
            row.number,
            row.first_seq,
            row.last_seq,
            row.boot_ns,
            row.utc_ns,
            len(session),
            len(row.body),
            row.prev,
        )
        holds = _HOLDS.pack(row.holds) if row.format != bodies.PLAIN else b""
    except struct.error as error:
        raise RowError(f"row {row.number}: a number does not fit in 64 bits ({error})") from error
    return hashlib.sha256(_DOMAIN % row.format + fixed + holds + session + row.body).digest()


def is_genuine(row: Row) -> bool:
    """Whether the row's content is the one its hash was made from. Never raises."""
    try:
        return digest(row) == row.hash
    except RowError:
        return False


def make_row(
    prev: Row | None, entries: Sequence[Entry], boot_ns: int, utc_ns: int, session: str
) -> Row:
    """Make the row that follows ``prev`` (None: the first row of a journal).

    Args:
        prev: The newest row so far.
        entries: At least one entry, in the order of their ``seq``.
        boot_ns: Boot time of the pass that made the newest entry, ns.
        utc_ns: Wall clock of the same moment, ns since 1970.
        session: Which run of the controller writes.

    Raises:
        RowError: ``entries`` is empty, or too long for one row.
    """
    if not entries:
        raise RowError("a row needs at least one entry")
    try:
        body = bodies.pack(entries)
    except bodies.BodyError as error:
        raise RowError(f"a row of entries from {entries[0].seq} on: {error}") from error
    bare = Row(
        number=prev.number + 1 if prev else 1,
        first_seq=entries[0].seq,
        last_seq=entries[-1].seq,
        boot_ns=boot_ns,
        utc_ns=utc_ns,
        session=session,
        prev=prev.hash if prev else GENESIS,
        body=body,
        hash=b"",
        holds=bodies.holding(entries),
    )
    return msgspec.structs.replace(bare, hash=digest(bare))


def decode(row: Row) -> list[AnyEntry]:
    """Entries of a row.

    Raises:
        RowError: The body is not a list of entries this program knows.
    """
    try:
        return bodies.unpack(row.body, row.format)
    except bodies.BodyError as error:
        raise RowError(f"row {row.number}: its entries cannot be read ({error})") from error


def broken_link(rows: Iterable[Row]) -> str:
    """Say what is wrong with a run of consecutive rows; empty when nothing is.

    The quick check when a journal is opened or a chain in memory is handed over.
    ``verify`` finds and places what happened.
    """
    before: Row | None = None
    for row in rows:
        if not is_genuine(row):
            return f"row {row.number} does not match its own hash"
        if before is None and row.number == 1 and row.prev != GENESIS:
            return "row 1 does not start a journal"
        if before is not None and (row.number != before.number + 1 or row.prev != before.hash):
            return f"row {row.number} does not follow row {before.number}"
        before = row
    return ""
