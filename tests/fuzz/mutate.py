"""A seeded byte mutator: what goes wrong with bytes, and what an enemy would try."""

import random
from collections.abc import Sequence

SPICE = (
    b"", b"\x00", b"\xff" * 4, b"\n", b"\r\n", b"\x02", b"\x03", b"?", b"E", b"{", b"}", b"[", b"]",
    b'"', b":", b",", b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 40, b"0.0", b"\\ud800",
    b"\xc0\x80", b"\xed\xa0\x80", b"'''", b'"""', b"#", b"=", b"\x80\x00\x00\x00",
    b"\x7f\xff\xff\xff",
    b"A?R", b"A?S", b"00S", b"VOL", b"[" * 2000, b'{"k":' * 500, b"x" * 20_000,
)  # fmt: skip
"""Pieces that parsers have stumbled over."""
_LONG_SHARE = 200
"""One in so many insertions is one of the long pieces; the rest are short."""


def mutated(chance: random.Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """``data`` after one to four changes."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_CHANGES)(chance, data, others)
    return data


def _spice(chance: random.Random) -> bytes:
    piece = chance.choice(SPICE)
    return piece if len(piece) < 100 or not chance.randrange(_LONG_SHARE) else piece[:20]


def _place(chance: random.Random, data: bytes) -> int:
    return chance.randint(0, len(data))


def _flip(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    if not data:
        return chance.randbytes(1)
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _byte(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.randbytes(1) + data[at + 1 :]


def _insert(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + _spice(chance) + data[at:]


def _remove(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    one, two = sorted((_place(chance, data), _place(chance, data)))
    return data[:one] + data[two:]


def _cut(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: _place(chance, data)]


def _repeat(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    one, two = sorted((_place(chance, data), _place(chance, data)))
    return data[:two] + data[one:two] * chance.randint(1, 3) + data[two:]


def _noise(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.randbytes(chance.randint(1, 16)) + data[at:]


def _cross(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others) if others else data
    return data[: _place(chance, data)] + other[_place(chance, other) :]


_CHANGES = (_flip, _flip, _byte, _insert, _remove, _cut, _repeat, _noise, _cross)
