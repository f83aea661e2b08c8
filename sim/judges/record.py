"""The record as a judge reads it: chained rows of plain entries, checked from its own format.

Written from the description of the format (``docs/architecture.md``, decision 0001 ff.), not from
the program's own reader.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

Entry = dict[str, Any]
_FIRST: Final = hashlib.sha256(b"galactograph journal 1: before the first row").digest()
_DOMAIN: Final = b"galactograph journal row 2\0"
_HOLDS: Final = struct.Struct(">I")
_DICTIONARY: Final = (Path(__file__).parents[2] / "controller/record/rows.zdict").read_bytes()
"""Part of the format, not of the program: the bodies of rows are deflated with it."""
_NUMBERS: Final = struct.Struct(">qqqqqII")
_decode: Final = msgspec.msgpack.Decoder().decode


class Row(Protocol):
    """A row as it stands on the disk; only read."""

    @property
    def number(self) -> int:
        """From 1, without gaps."""

    @property
    def first_seq(self) -> int:
        """Number of its first entry."""

    @property
    def last_seq(self) -> int:
        """Number of its last entry."""

    @property
    def boot_ns(self) -> int:
        """Boot time of its newest pass."""

    @property
    def utc_ns(self) -> int:
        """Wall clock of the same moment."""

    @property
    def session(self) -> str:
        """Which run of the controller wrote it."""

    @property
    def prev(self) -> bytes:
        """Hash of the row before."""

    @property
    def body(self) -> bytes:
        """Its entries, packed."""

    @property
    def holds(self) -> int:
        """What a restart looks for in it, as bits."""

    @property
    def hash(self) -> bytes:
        """SHA-256 of all of the above."""


def entries(rows: Iterable[Row]) -> list[Entry]:
    """All entries, in order."""
    return [entry for row in rows for entry in _opened(row)]


def _opened(row: Row) -> list[Entry]:
    """Entries of a row: msgpack, deflated without header or checksum."""
    found: list[Entry] = _decode(zlib.decompressobj(-15, _DICTIONARY).decompress(row.body))
    return found


def _hash(row: Row) -> bytes:
    session = row.session.encode()
    numbers = _NUMBERS.pack(
        row.number,
        row.first_seq,
        row.last_seq,
        row.boot_ns,
        row.utc_ns,
        len(session),
        len(row.body),
    )
    holds = _HOLDS.pack(row.holds)
    return hashlib.sha256(_DOMAIN + numbers + row.prev + holds + session + row.body).digest()


def broken(rows: Sequence[Row]) -> str:
    """Where the chain or the count of entries breaks; empty = whole and complete."""
    prev, seq = _FIRST, 0
    for number, row in enumerate(rows, 1):
        if row.number != number or row.prev != prev:
            return f"row {row.number} does not follow row {number - 1}"
        if _hash(row) != row.hash:
            return f"row {row.number} is not what its hash was made of"
        seqs = [entry["seq"] for entry in _opened(row)]
        if seqs != list(range(seq + 1, seq + 1 + len(seqs))) or not seqs:
            return f"row {row.number} has the entries {seqs[:3]}..., expected from {seq + 1}"
        if (row.first_seq, row.last_seq) != (seqs[0], seqs[-1]):
            return f"row {row.number} does not say which entries it has"
        prev, seq = row.hash, seqs[-1]
    return ""
