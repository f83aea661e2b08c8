"""What goes wrong with the bytes of a wire by chance: seeded, so that a run can be repeated."""

import random
from typing import Final

from sim.devices import NEVER_NS

PPM: Final = 1_000_000
_NS_PER_MS: Final = 10**6
_BURST_EVERY_MS: Final = (100, 400)
"""Shortest and longest pause between two bursts: a few a second (assumption)."""
_BURST_BYTES: Final = (1, 20)


class Noise:
    """Flips, loses, inserts or doubles a share of the bytes of one wire.

    The same seed and the same bytes, however they are cut, give the same noise. Chance is
    drawn only while there is noise, so that switching it on begins at the seed.
    """

    def __init__(self, seed: str) -> None:
        self.ppm = 0
        self._rng = random.Random(seed)

    def spoil(self, data: bytes) -> tuple[bytes, int]:
        """Bytes as they arrive, and how many of those sent were touched."""
        if not self.ppm:
            return data, 0
        arrived = bytearray()
        touched = 0
        for byte in data:
            if self._rng.randrange(PPM) < self.ppm:
                touched += 1
                arrived += self._one(byte)
            else:
                arrived.append(byte)
        return bytes(arrived), touched

    def _one(self, byte: int) -> bytes:
        kind = self._rng.randrange(4)
        if kind == 0:
            return bytes([byte ^ 1 << self._rng.randrange(8)])
        if kind == 1:
            return b""
        if kind == 2:
            return bytes([self._rng.randrange(256), byte])
        return bytes([byte, byte])


class Babble:
    """A line that talks by itself: bursts of random bytes, a few times a second."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)
        self.due_ns = NEVER_NS

    def switch(self, on: bool, now_ns: int) -> None:
        """Begin (the first burst comes at once) or end."""
        self.due_ns = now_ns if on else NEVER_NS

    def take(self, now_ns: int) -> bytes:
        """The burst that is due by now, if any; what a late look missed is not made up."""
        if now_ns < self.due_ns:
            return b""
        self.due_ns = now_ns + self._rng.randint(*_BURST_EVERY_MS) * _NS_PER_MS
        return self._rng.randbytes(self._rng.randint(*_BURST_BYTES))
