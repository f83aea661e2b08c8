"""What the pump's answers mean for its motion: running as told, stopping, proven to stand.

Nothing here speaks. :mod:`.follow` decides what to do toward a target, :mod:`.driver`
what to say next.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from drivers.new_era.codec import ALARM_WORDS, ERROR_WORDS, CommandError, Reply
from drivers.new_era.fields import Dispensed
from drivers.new_era.known import Known
from drivers.new_era.line import Alarmed
from drivers.new_era.motion import Plan
from drivers.new_era.script import Script
from drivers.new_era.stop import Stop
from state_machine.readings import MOVING_PROMPTS, Motion, Prompt, PumpAlarm

UNDER_WAY: Final = frozenset({Motion.PREPARING, Motion.PREPARED, Motion.RUNNING})
ENDED: Final = frozenset({Prompt.STOPPED, Prompt.PAUSED})
"""How a motion may end without a fault: at its volume, or paused by a stop input. A pause
is never resumed."""
RUN_LOST: Final = "RUN was not answered; the pump is stopped and this motion will not run"


class Job(msgspec.Struct, frozen=True):
    """A script and who learns how it ended."""

    script: Script
    done: Callable[[Script, int], None]
    failed: Callable[[str, int], None]
    moves_counters: bool = False
    """It clears counters or resets their units: they may jump meanwhile."""


class Motor:
    """The pump's motion as far as it is proven. Attributes are for its two neighbours."""

    def __init__(self, stop_answer_ns: int) -> None:
        """``stop_answer_ns``: how long one STP can take to be answered."""
        self.known = Known()
        self.settled = False
        """Settings were read back since the last (re)connection or alarm."""
        self.stop: Stop | None = None
        self.job: Job | None = None
        self.plan: Plan | None = None
        self.spent: set[int] = set()
        """Ids that ran or failed: they never run (again)."""
        self._stop_answer_ns = stop_answer_ns
        self._failing = False
        """The motion that ended last ended by a fault."""
        self._baseline: Dispensed | None = None
        """Counters of the proven standstill; None: the next answer tells them."""

    @property
    def stands(self) -> bool:
        """Settings proven and no stop under way."""
        return self.settled and self.stop is None

    def lose(self) -> None:
        """Nobody to talk to: what the pump does is unknown."""
        self.unsettle()
        self.stop = None
        self.known.motion = Motion.UNKNOWN

    def probe(self, now_ns: int) -> None:
        """Begin anew: stop, whatever it does; then identify, settle and prove."""
        self.lose()
        self.begin_stop("", now_ns)

    def unsettle(self) -> None:
        """Nothing the pump was told before counts any more; a motion under way is over."""
        self._end_motion("the link to the pump was interrupted")
        self.settled = False
        self.job = None
        self.known.unsettle()

    def begin_stop(self, reason: str, now_ns: int) -> None:
        """Stop now. A ``reason`` makes the motion under way FAILED, not STOPPED."""
        if self.stop is not None:
            return
        was_planned = self.known.motion in UNDER_WAY
        self._end_motion(reason)
        self.stop = Stop(now_ns, self._stop_answer_ns)
        self.known.stop_asked_ns = now_ns
        self.known.rate_nl_min = 0
        if was_planned or self.known.may_move:
            self.known.motion = Motion.STOPPING
        else:
            self.known.motion = Motion.UNKNOWN
        if self.settled:
            self.job = None

    def fail(self, reason: str) -> None:
        """The motion under way will never run; the pump stands."""
        self._end_motion(reason)
        self._failing = False
        self.job = None
        self.known.motion = Motion.FAILED

    def end_job(self) -> None:
        """The job is over. Counters that it may have moved are taken as next told."""
        if self.job is not None and self.job.moves_counters:
            self._baseline = None
        self.job = None

    def alarmed(self, event: Alarmed, now_ns: int) -> None:
        """The pump is in alarm; what was asked instead was not executed [M3 p40]."""
        reason = f"pump alarm: {ALARM_WORDS[event.alarm]}"
        if self.stop is None:
            self.begin_stop(reason, now_ns)
        self.known.alarmed(event.alarm)
        self.unsettle()
        if self.stop is not None:
            self.stop.alarmed(now_ns)

    def ran(self, reply: Reply, now_ns: int) -> None:
        """The answer to RUN."""
        if reply.error is not CommandError.NONE:
            words = ERROR_WORDS[reply.error]
            self.begin_stop(f"the pump rejected RUN ({reply.error.value}: {words})", now_ns)

    def seen(self, prompt: Prompt, now_ns: int) -> None:
        """A prompt that belongs to what was asked (STP itself excepted)."""
        self.known.prompt = prompt
        if prompt in MOVING_PROMPTS:
            self.known.may_move = True
        if self.stop is not None:
            self.stop.seen(prompt, now_ns)
        elif self.known.motion is Motion.RUNNING and self.plan is not None:
            if prompt is not self.plan.prompt:
                self.begin_stop(_words_for_end(prompt), now_ns)
        elif prompt is not Prompt.STOPPED:
            self.begin_stop(f"the pump shows {prompt.name} without having been told", now_ns)

    def counted(self, counters: Dispensed, prompt: Prompt, asked_ns: int, now_ns: int) -> None:
        """Counters, with the prompt of the same answer."""
        self.known.counters, self.known.at_ns = counters, asked_ns
        if self.stop is not None:
            if prompt is Prompt.STOPPED:
                self.stop.counted(counters, asked_ns, now_ns)
            if self.stop.proven and self.settled:
                self._stands_proven(counters)
        elif self.known.motion is Motion.RUNNING and self.plan is not None:
            fault = self.plan.course_fault(counters)
            if fault:
                self.begin_stop(fault, now_ns)
        elif self._baseline is None or (self.job is not None and self.job.moves_counters):
            self._baseline = counters
        elif not counters.near(self._baseline):
            self.known.may_move = True
            self.begin_stop("the pump's counter moves while it is stopped", now_ns)

    def _stands_proven(self, counters: Dispensed) -> None:
        known = self.known
        self.stop = None
        self._baseline = counters
        known.may_move = known.stop_overdue = False
        known.alarm = PumpAlarm.NONE
        known.motion = Motion.FAILED if self._failing else Motion.STOPPED
        self._failing = False

    def _end_motion(self, reason: str) -> None:
        if self.plan is None or self.known.motion not in UNDER_WAY:
            return
        if reason:
            self.spent.add(self.plan.target.motion_id)
            self.known.motion_refusal = reason
        self._failing = bool(reason)
        self.plan = None


def _words_for_end(prompt: Prompt) -> str:
    return "" if prompt in ENDED else f"the pump shows {prompt.name} instead of its motion"
