"""What a row's body holds: entries, packed. Pure: entries in, bytes out, and back.

Format 1 is msgpack as it is. Format 2 is the same msgpack, deflated with a dictionary that
never changes (``rows.zdict``): a row of 100 ms is a seventh of its size, and each row still
opens by itself. The dictionary is part of the format: another one is another format.
"""

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from state_machine.entries import AnyEntry, Entry, Resume, SideDaySaved

PLAIN: Final = 1
DEFLATED: Final = 2

RESUME: Final = 1
SIDE_DAY: Final = 2
"""Bits of what a row says it holds, so that a restart finds it without opening all rows."""

BODY_MOST: Final = 16 << 20
"""Bytes that a body may have when it is opened; a row of ours has thousands."""

DICTIONARY: Final = (Path(__file__).parent / "rows.zdict").read_bytes()
"""Typical rows, rare things first; cut from a virtual procedure when format 2 was made."""

_RAW: Final = -15
"""Deflate without header and checksum: the row's hash covers the bytes."""
_LEVEL: Final = 6
_MEMORY: Final = 8
_blank: Final = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, 0, DICTIONARY)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[AnyEntry]).decode


class BodyError(ValueError):
    """A body cannot be made or opened."""


def pack(entries: Sequence[Entry]) -> bytes:
    """Entries as a body of format 2.

    Raises:
        BodyError: they are longer than ``BODY_MOST``.
    """
    plain = _encode(list(entries))
    if len(plain) > BODY_MOST:
        raise BodyError(f"{len(plain)} bytes of entries, at most {BODY_MOST}")
    deflater = _blank.copy()
    return deflater.compress(plain) + deflater.flush()


def unpack(body: bytes, body_format: int) -> list[AnyEntry]:
    """Entries of a body.

    Raises:
        BodyError: it is not a list of entries that this program knows.
    """
    if body_format not in (PLAIN, DEFLATED):
        raise BodyError(f"format {body_format}, this program knows {PLAIN} and {DEFLATED}")
    try:
        return _decode(_inflated(body) if body_format == DEFLATED else body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(str(error)) from error


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_RAW, DICTIONARY)
    try:
        plain = inflater.decompress(body, BODY_MOST)
    except zlib.error as error:
        raise BodyError(str(error)) from error
    if not inflater.eof or inflater.unused_data:
        raise BodyError(f"it is cut off, followed by other bytes, or longer than {BODY_MOST}")
    return plain


def holding(entries: Iterable[object]) -> int:
    """Bits of what a restart looks for."""
    kinds = {type(entry) for entry in entries}
    return RESUME * (Resume in kinds) | SIDE_DAY * (SideDaySaved in kinds)
