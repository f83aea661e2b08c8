"""Heartbeat nonces: every one differs from the one before, and an echo proves recency.

A device that repeats a nonce of ours shows that the command that carried it arrived.
Only one sent within ``fresh_ns`` before the question counts, so a frozen image or a
device that stopped listening cannot look alive.
"""

import collections

from state_machine.units import NS_PER_S

KEPT_NS = 2 * NS_PER_S


class Heartbeat:
    """The nonces of one connection to one device."""

    def __init__(self, fresh_ns: int) -> None:
        if not 0 < fresh_ns <= KEPT_NS:
            raise ValueError(f"fresh_ns {fresh_ns}: above 0 and at most {KEPT_NS}")
        self._fresh_ns = fresh_ns
        self._nonce = 0
        self._sent: collections.deque[tuple[int, int]] = collections.deque()

    def next_nonce(self, now_ns: int) -> int:
        """A nonce 1..65535 for a command sent now, never the one before."""
        self._nonce = self._nonce % 0xFFFF + 1
        while self._sent and now_ns - self._sent[0][1] > KEPT_NS:
            self._sent.popleft()
        self._sent.append((self._nonce, now_ns))
        return self._nonce

    def is_recent(self, echo: int, asked_ns: int) -> bool:
        """The echo, asked for at ``asked_ns``, is a nonce sent shortly before."""
        return any(
            nonce == echo and 0 <= asked_ns - sent_ns <= self._fresh_ns
            for nonce, sent_ns in reversed(self._sent)
        )

    def forget(self) -> None:
        """No nonce sent so far counts any more (new connection)."""
        self._sent.clear()
