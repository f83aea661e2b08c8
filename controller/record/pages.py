"""Rows of an SQLite file read page by page, where SQLite itself gives up at the first bad one.

Only what the salvage of a record needs of the file format (sqlite.org, "Database File
Format", sections 1.5, 1.6, 2.1 and 4): leaf pages of tables, overflow pages, and the pages
that wait in the write-ahead log. Nothing found here is believed: each row of a record carries
its own hash. A page that cannot be read, or is not what it says, costs what stands in it.
"""

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_PAGE_SIZES: Final = tuple(1 << n for n in range(9, 17))
_PAGE_SIZE: Final = 4_096
"""SQLite's own choice, where the file's first page no longer says."""
_TABLE_LEAF: Final = 13
_FILE_HEADER: Final = 100
_LOG_MAGIC: Final = (0x377F0682, 0x377F0683)
_LOG_HEADER: Final = struct.Struct(">IIIIIIII")
_FRAME: Final = struct.Struct(">IIIIII")
_VALUE_MOST: Final = 64 << 20
"""Bytes that a row may claim to have: a damaged length must not fill the memory."""
_INTEGERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Serial type: length in bytes."""

Value = int | str | bytes | float | None


class Found(NamedTuple):
    """A row of some table."""

    page: int
    """From 1, as SQLite counts; byte ``(page - 1) * page_size`` of the file."""
    rowid: int
    values: tuple[Value, ...]


class _Bad(ValueError):
    """This cell is not one."""


class Pages:
    """A file and its write-ahead log, read only; ``close`` when done."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
        """
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        head = self._read(0, _FILE_HEADER) or b""
        said = int.from_bytes(head[16:18], "big")
        self.page_size = _size(said)
        reserved = head[20] if len(head) > 20 and head[20] <= 32 else 0
        self._usable = self.page_size - reserved
        self.page_count = -(-os.fstat(self._file).st_size // self.page_size)
        self.unreadable: list[int] = []
        """Pages that the disk itself does not give."""
        self._log = _frames(path.with_name(path.name + "-wal"), self.page_size)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def rows(self) -> Iterator[Found]:
        """Every row that any leaf page holds, those of the log last; some may come twice."""
        for number in range(1, self.page_count + 1):
            page = self._read((number - 1) * self.page_size, self.page_size)
            if page is None:
                self.unreadable.append(number)
            else:
                yield from self._cells(number, page)
        for number, page in self._log.items():
            yield from self._cells(number, page)

    def _read(self, offset: int, size: int) -> bytes | None:
        try:
            return os.pread(self._file, size, offset)
        except OSError:
            return None

    def _page(self, number: int) -> bytes:
        if number in self._log:
            return self._log[number]
        found = self._read((number - 1) * self.page_size, self.page_size) if number else None
        if not found or len(found) < self._usable:
            raise _Bad
        return found

    def _cells(self, number: int, page: bytes) -> Iterator[Found]:
        at = _FILE_HEADER if number == 1 else 0
        if len(page) < at + 8 or page[at] != _TABLE_LEAF:
            return
        count = int.from_bytes(page[at + 3 : at + 5], "big")
        for place in range(at + 8, min(at + 8 + 2 * count, len(page) - 1), 2):
            # a cell that is damaged takes no other with it
            with contextlib.suppress(_Bad, IndexError, UnicodeDecodeError, struct.error):
                yield self._cell(number, page, int.from_bytes(page[place : place + 2], "big"))

    def _cell(self, number: int, page: bytes, at: int) -> Found:
        size, at = _varint(page, at)
        rowid, at = _varint(page, at)
        if size > _VALUE_MOST:
            raise _Bad
        here = _local(size, self._usable)
        payload = page[at : at + here]
        if len(payload) < here:
            raise _Bad
        if here < size:
            next_page = int.from_bytes(page[at + here : at + here + 4], "big")
            payload += self._overflow(next_page, size - here)
        signed = rowid - (1 << 64) if rowid >= 1 << 63 else rowid
        return Found(number, signed, _values(payload))

    def _overflow(self, number: int, left: int) -> bytes:
        """The rest of a row, page after page; ends because ``left`` shrinks each time."""
        parts = []
        while left > 0:
            page = self._page(number)
            number = int.from_bytes(page[:4], "big")
            parts.append(page[4 : min(self._usable, 4 + left)])
            left -= len(parts[-1])
        return b"".join(parts)


def _size(said: int) -> int:
    size = 65_536 if said == 1 else said
    return size if size in _PAGE_SIZES else _PAGE_SIZE


def _local(size: int, usable: int) -> int:
    """Bytes of a row that stand in its leaf (section 1.6)."""
    if size <= usable - 35:
        return size
    least = (usable - 12) * 32 // 255 - 23
    most = least + (size - least) % (usable - 4)
    return most if most <= usable - 35 else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Value and where it ends: seven bits a byte, of a ninth byte all eight."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _values(payload: bytes) -> tuple[Value, ...]:
    """Columns of a row (section 2.1)."""
    end, at = _varint(payload, 0)
    if end > len(payload):
        raise _Bad
    values, body = [], end
    while at < end:
        kind, at = _varint(payload, at)
        value, body = _value(payload, kind, body)
        values.append(value)
    return tuple(values)


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    if kind in (0, 8, 9):
        return (None if kind == 0 else kind - 8), at
    if kind == 7:
        return struct.unpack_from(">d", payload, at)[0], at + 8
    length = _INTEGERS.get(kind) or (kind - 12) // 2
    part = payload[at : at + length]
    if kind in (10, 11) or len(part) < length:
        raise _Bad
    if kind in _INTEGERS:
        return int.from_bytes(part, "big", signed=True), at + length
    return (part.decode() if kind % 2 else part), at + length


def _frames(path: Path, page_size: int) -> dict[int, bytes]:
    """Newest committed content of each page in the log (section 4); none where there is none."""
    found: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    try:
        with path.open("rb") as log:
            head = log.read(_LOG_HEADER.size)
            if len(head) < _LOG_HEADER.size:
                return found
            magic, _version, size, _checkpoint, *salts = _LOG_HEADER.unpack(head)[:6]
            if magic not in _LOG_MAGIC or size != page_size:
                return found
            while len(frame := log.read(_FRAME.size)) == _FRAME.size:
                number, committed, *own_salts = _FRAME.unpack(frame)[:4]
                page = log.read(page_size)
                if own_salts != salts or len(page) < page_size:
                    break  # left over from before the last checkpoint
                waiting[number] = page
                if committed:
                    found |= waiting
                    waiting.clear()
    except OSError:
        return found
    return found
