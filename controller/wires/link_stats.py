"""Statistics of each link from what went over it: rates, faults, repeats, latency histogram."""

import bisect
from collections import deque
from typing import Any, Final

from controller.wires.wire_words import ANSWER, FAULT, QUESTION, Spoken
from state_machine.units import NS_PER_MS, NS_PER_S

EDGES_MS: Final = (1, 2, 5, 10, 20, 40, 80, 160)
"""Upper ends of the histogram's bins; the last bin is everything above."""
KEPT_COUNT: Final = 1_000
"""Spans that percentiles look back on."""
RATE_NS: Final = 5 * NS_PER_S


class LinkStats:
    """One link, from when one began to look."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.question_count = 0
        self.answer_count = 0
        self.unanswered_count = 0
        """Questions that were followed by another one without an answer."""
        self.repeat_count = 0
        self.fault_count = 0
        self.last_fault = ""
        self.bins = [0] * (len(EDGES_MS) + 1)
        self.values: dict[str, int] = {}
        """Registers as last read, by name."""
        self._open = False
        self._spans_ns: deque[int] = deque(maxlen=KEPT_COUNT)
        self._answered_ns: deque[int] = deque()

    def take(self, spoken: Spoken) -> None:
        """One message."""
        if spoken.kind == QUESTION:
            self.question_count += 1
            self.unanswered_count += self._open
            self.repeat_count += spoken.again
            self._open = True
            return
        if spoken.kind == FAULT:
            self.fault_count += 1
            self.last_fault = spoken.words
        if spoken.span_ns is not None:
            self._open = False
            self._spans_ns.append(spoken.span_ns)
            self.bins[bisect.bisect_left(EDGES_MS, spoken.span_ns / NS_PER_MS)] += 1
        if spoken.kind == ANSWER:
            self.answer_count += 1
            self.values |= spoken.values
            self._answered_ns.append(spoken.at_ns)
            while self._answered_ns[0] < spoken.at_ns - RATE_NS:
                self._answered_ns.popleft()

    def percentile_ns(self, share: int) -> int | None:
        """Of the recent spans; ``share`` in hundredths. None = none yet."""
        if not self._spans_ns:
            return None
        ordered = sorted(self._spans_ns)
        return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]

    def rate_per_s(self, now_ns: int) -> float:
        """Answers a second over the five before ``now_ns``; a link that fell silent has none."""
        times = [at_ns for at_ns in self._answered_ns if at_ns >= now_ns - RATE_NS]
        if len(times) < 2:
            return 0.0
        # to now, not to the last answer: silence counts, a rate falls while nothing is heard
        return (len(times) - 1) * NS_PER_S / max(1, now_ns - times[0])

    def told(self, now_ns: int) -> dict[str, Any]:
        """For machines; ``now_ns``: boot time of the newest frame of any link."""
        half, most = self.percentile_ns(50), self.percentile_ns(99)
        return {
            "questions": self.question_count,
            "answers": self.answer_count,
            "answers_per_s": round(self.rate_per_s(now_ns), 2),
            "unanswered": self.unanswered_count,
            "repeats": self.repeat_count,
            "faults": self.fault_count,
            "last_fault": self.last_fault,
            "p50_us": half // 1_000 if half is not None else None,
            "p99_us": most // 1_000 if most is not None else None,
            "max_us": max(self._spans_ns) // 1_000 if self._spans_ns else None,
            "bins_ms": dict(zip((*map(str, EDGES_MS), "more"), self.bins, strict=True)),
            "registers": self.values,
        }
