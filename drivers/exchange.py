"""One question, one answer at a time: timing, doubt and health of a serial line.

Pure bookkeeping for a line on which nothing numbers its messages, so that only order
tells which answer belongs to which question. Order is lost the moment an answer is late
or damaged: the line is then *in doubt*. Out of doubt leads one way: a quiet time, then a
fence, a question whose answer looks like no other; when it comes, everything asked before
it has been answered or was never heard. What is sent in doubt, a stop, is sent for its
effect and never for its answer.

Retries are bounded here by counting (``misses``) and happen nowhere: a caller asks again
what it still does not know. Only queries are of that kind; a motion is told once.

A line whose messages carry numbers (Modbus TCP) needs none of this and does not use it.
"""

import bisect
import collections
import math
from typing import Final

from drivers.driver import NEVER_NS
from state_machine.units import NS_PER_MS, NS_PER_S

BITS_PER_BYTE: Final = 10
"""8N1: start, eight data, stop [M2]."""
ALLOWANCE_NS: Final = 24 * NS_PER_MS
"""For all that is not wire time: 16 ms USB adapter latency timer (pyserial, avrdude
reports) plus 8 ms for the device [?]. Gives 40 ms for a `DIS` at 19200."""
QUIET_NS: Final = 20 * NS_PER_MS
"""Longer than one 16 ms latency timer: half a late answer may still sit in an adapter [?]."""
NOISE_LIMIT_NS: Final = 100 * NS_PER_MS
"""A line that never falls quiet is asked all the same after this, and found missing [?]."""
GAP_NS: Final = NS_PER_S // 2
"""Pause inside a packet after which its beginning is void [M1 p34]."""
MISSES_LOST: Final = 3
"""Questions in a row without an answer after which nobody is there [?]."""
WINDOW: Final = 200
"""Exchanges the percentile looks back: 10 s at 20 Hz."""
WINDOW_MIN: Final = 100
"""Fewer say nothing about a 99th percentile."""


class Exchange:
    """State of one half-duplex question and answer line. All times in ns of boot time."""

    def __init__(
        self,
        baud: int,
        allowance_ns: int = ALLOWANCE_NS,
        quiet_ns: int = QUIET_NS,
    ) -> None:
        self._byte_ns = BITS_PER_BYTE * NS_PER_S // baud
        self._allowance_ns = allowance_ns
        self._quiet_ns = quiet_ns
        self._question = b""
        self._quiet_from_ns = 0
        self._doubt_from_ns = 0
        self._last_byte_ns = 0
        self._deadline_ns = NEVER_NS
        self._recent: collections.deque[int] = collections.deque()
        self._sorted: list[int] = []
        self.asked_ns = 0
        """When the question under way, or the last one, was sent."""
        self.busy = False
        self.in_doubt = True
        """Answers cannot be told apart; only a fence is worth asking."""
        self.misses = 0
        """Questions in a row that got no answer."""

    def time_for_ns(self, question_size: int, answer_size: int) -> int:
        """Longest time until an answer of ``answer_size`` bytes is complete."""
        return (question_size + answer_size) * self._byte_ns + self._allowance_ns

    def ask(self, question: bytes, answer_size: int, now_ns: int) -> bytes:
        """Open an exchange; returns the bytes to send.

        Raises:
            RuntimeError: a question is under way (an error of the caller).
        """
        if self.busy:
            raise RuntimeError("a question is under way on this line; await its end")
        self.busy = True
        self.asked_ns = now_ns
        self._question = question
        self._deadline_ns = now_ns + self.time_for_ns(len(question), answer_size)
        return question

    def heard(self, now_ns: int) -> bool:
        """Bytes arrived. True when a partial packet before them is void by its age."""
        gap = now_ns - self._last_byte_ns >= GAP_NS
        self._last_byte_ns = self._quiet_from_ns = now_ns
        return gap

    def answered(self, now_ns: int) -> None:
        """The answer is complete and belongs to the question under way."""
        self._close(now_ns)
        self.misses = 0

    def missed(self, now_ns: int) -> None:
        """The answer is damaged or late: order is lost."""
        self._close(now_ns)
        self.misses += 1
        self.in_doubt = False
        self.doubt(now_ns)

    def doubt(self, now_ns: int) -> None:
        """Something was heard that nobody asked for, or the line is new."""
        if not self.in_doubt:
            self._doubt_from_ns = now_ns
        self.in_doubt = True
        self._quiet_from_ns = now_ns

    def fenced(self) -> None:
        """The fence was answered: order is restored."""
        self.in_doubt = False

    def is_late(self, now_ns: int) -> bool:
        """The question under way has passed its deadline."""
        return self.busy and now_ns >= self._deadline_ns

    def is_echo(self, frame: bytes) -> bool:
        """What came back is the question itself: the cable is in the wrong socket."""
        return bool(frame) and frame == self._question

    def deadline_ns(self) -> int:
        """When the question under way is late; never, without one."""
        return self._deadline_ns if self.busy else NEVER_NS

    def quiet_until_ns(self) -> int:
        """When the line has been quiet long enough for a fence."""
        return min(self._quiet_from_ns + self._quiet_ns, self._doubt_from_ns + NOISE_LIMIT_NS)

    def forget(self, now_ns: int) -> None:
        """A new connection: no question is under way, all is doubt."""
        self.busy = False
        self.misses = 0
        self._question = b""
        self._recent.clear()
        self._sorted.clear()
        self.in_doubt = False
        self.doubt(now_ns)

    def p99_ns(self) -> int:
        """99th percentile of recent exchange times, missed ones included; 0 = too few."""
        if len(self._sorted) < WINDOW_MIN:
            return 0
        return self._sorted[math.ceil(len(self._sorted) * 99 / 100) - 1]

    def _close(self, now_ns: int) -> None:
        self.busy = False
        span_ns = now_ns - self.asked_ns
        if len(self._recent) == WINDOW:
            del self._sorted[bisect.bisect_left(self._sorted, self._recent.popleft())]
        self._recent.append(span_ns)
        bisect.insort(self._sorted, span_ns)
