"""What a device says on its way to the client: late, and byte by byte if so wanted."""

from collections import deque
from typing import Final

from sim.devices import NEVER_NS

_NS_PER_MS: Final = 10**6
_MOST_WAITING: Final = 65_536
"""Runs that wait; a line slower than its device loses what comes on top (assumption)."""


class Pace:
    """How slowly a wire carries answers, and how often it did; shared by its connections."""

    def __init__(self) -> None:
        self.late_ms = 0
        """Whole answers leave this much later."""
        self.drip_ms = 0
        """One byte leaves in this time; 0 = all at once."""
        self.late_count = 0
        """Answers that were held back."""
        self.drip_count = 0
        """Bytes that left one by one."""


class Outlet:
    """Bytes to one client with the instant at which each leaves; never out of order."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting: deque[tuple[int, bytes, bool]] = deque()
        self._free_ns = 0

    def say(self, data: bytes, now_ns: int) -> None:
        """Take what the device says."""
        pace = self._pace
        if not data:
            return
        pace.late_count += pace.late_ms > 0
        start_ns = max(now_ns + pace.late_ms * _NS_PER_MS, self._free_ns)
        if not pace.drip_ms:
            self._wait(start_ns, data, dripped=False)
            return
        for place in range(len(data)):
            start_ns += pace.drip_ms * _NS_PER_MS
            self._wait(start_ns, data[place : place + 1], dripped=True)

    def _wait(self, due_ns: int, data: bytes, *, dripped: bool) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append((due_ns, data, dripped))
            self._free_ns = due_ns

    def take(self, now_ns: int) -> bytes:
        """Bytes that leave by now."""
        left = b""
        while self._waiting and self._waiting[0][0] <= now_ns:
            _, data, dripped = self._waiting.popleft()
            self._pace.drip_count += dripped
            left += data
        return left

    def due_ns(self) -> int:
        """Next instant at which a byte leaves."""
        return self._waiting[0][0] if self._waiting else NEVER_NS

    def clear(self) -> None:
        """Lose what is on its way."""
        self._waiting.clear()
        self._free_ns = 0
