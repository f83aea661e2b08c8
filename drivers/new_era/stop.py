"""The stop: when to say STP, and when to believe that the pump stands.

Stopped is a conclusion. STP is told at 0, 40, 80 and 120 ms until it is answered; a
running pump answers `P` (paused) and needs a second STP, which cancels the program and
gives `S` [K6][K8][K10]. Then two counter readings, both asked after that answer, prompt
`S`, must agree within one digit over at least 100 ms. Whoever has no sign of standstill
after 160 ms must fall silent: each valid packet re-arms the pump's own Safe mode timer.
"""

from typing import Final

from drivers.driver import NEVER_NS
from drivers.new_era.codec import CommandError, Reply
from drivers.new_era.fields import Dispensed
from state_machine.readings import MOVING_PROMPTS, Prompt
from state_machine.units import NS_PER_MS, NS_PER_S

STOP_PERIOD_NS: Final = 40 * NS_PER_MS
"""Stop schedule (safety rules 1.4)."""
STOP_TIMES: Final = 4
"""At 0, 40, 80, 120 ms; nothing at 160 ms any more."""
STILL_NS: Final = 100 * NS_PER_MS
"""Least time between the two counter readings (safety rules 1.3)."""
PROOF_LIMIT_NS: Final = 2 * NS_PER_S
"""A pump that answers, but never settles (`P` for ever), counts as not stopping [?]."""


class Stop:
    """One stop under way. Times in ns of boot time."""

    def __init__(self, asked_ns: int, answer_ns: int) -> None:
        """Begin at ``asked_ns``; ``answer_ns`` is how long one STP can take to answer.

        Below about 19200 baud an answer takes longer than 40 ms and the schedule
        stretches: a STP over a pending answer is not allowed [?].
        """
        self.asked_ns = asked_ns
        self.proven = False
        self.answered = False
        """STP was answered `S`, on a line without doubt, and nothing moved since."""
        self._period_ns = max(STOP_PERIOD_NS, answer_ns)
        self._stp_due_ns = asked_ns
        self._sign = False
        """An answer to STP or to a later question shows a standing pump."""
        self._contradicted = False
        self._first: Dispensed | None = None
        self._first_heard_ns = 0

    def stp_due_ns(self) -> int:
        """When the next STP is due; never while standstill is being watched."""
        return self._stp_due_ns

    def told(self, now_ns: int) -> None:
        """STP was sent: the next one is due in the next slot of the schedule."""
        slot = (now_ns - self.asked_ns) // self._period_ns + 1
        self._stp_due_ns = self.asked_ns + slot * self._period_ns

    def stp_answered(self, reply: Reply, in_doubt: bool, now_ns: int) -> None:
        """Take an answer to STP."""
        if reply.error is not CommandError.NONE or reply.prompt in MOVING_PROMPTS:
            return
        if not in_doubt:
            self._sign = True
        if reply.prompt is not Prompt.STOPPED:
            self._stp_due_ns = now_ns
        else:
            # In doubt the `S` may be a late answer to something else: STP is told once
            # more behind the fence, and nothing before it.
            self.answered = not in_doubt
            self._stp_due_ns = NEVER_NS

    def alarmed(self, now_ns: int) -> None:
        """An alarm stops the motor and takes the place of an answer: tell STP again."""
        self._sign = True
        self._relapse(now_ns)

    def fence_over(self, now_ns: int) -> None:
        """The fence was answered or missed."""
        if not self.answered:
            self._stp_due_ns = min(self._stp_due_ns, now_ns)

    def seen(self, prompt: Prompt, now_ns: int) -> None:
        """Take the prompt of any other answer, heard without doubt."""
        if prompt is Prompt.STOPPED:
            return
        if prompt in MOVING_PROMPTS:
            self._sign = False
        if self.answered:
            self._relapse(now_ns)

    def counted(self, counters: Dispensed, asked_ns: int, now_ns: int) -> None:
        """Take counters with prompt `S`, heard without doubt."""
        if not self.answered:
            return
        if self._first is None:
            self._first, self._first_heard_ns = counters, now_ns
        elif not counters.near(self._first):
            self._contradicted = True
        elif asked_ns >= self._first_heard_ns + STILL_NS:
            self.proven = True

    def proof_due_ns(self) -> int:
        """When the next counter reading is worth asking for."""
        if not self.answered:
            return NEVER_NS
        return 0 if self._first is None else self._first_heard_ns + STILL_NS

    def give_up_ns(self) -> int:
        """When the schedule is exhausted, as things stand."""
        if self._contradicted:
            return 0
        if self._sign:
            return self.asked_ns + PROOF_LIMIT_NS
        return self.asked_ns + STOP_TIMES * self._period_ns

    def _relapse(self, now_ns: int) -> None:
        self.answered = False
        self._first = None
        self._stp_due_ns = now_ns
