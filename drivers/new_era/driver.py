"""The New Era syringe pump: compares the wanted motion with what the pump has proven.

In each free slot of the line exactly one thing is said, the first of this list that is
due: STP while a stop is not answered; the fence while the line is in doubt; settings;
the counter readings that prove standstill; the poll; the work toward the target. So a
stop has nothing queued before it, and it leaves the moment the answer under way ends.

Only :meth:`NewEra.give` speaks, and only the loop's pass calls it: no packet feeds the
pump's Safe mode timer while the host hangs.

RUN is sent once per motion id, only after every row of its preparation was read back and
the counter was seen at the motion's base. Without an answer to RUN the pump is stopped
and that id has failed. There is no resuming, no purging (`PUR`) and no second RUN.

The simulated pump answers this driver without sharing a line with it, on purpose.
"""

from typing import Final

from drivers.driver import NEVER_NS, PollPlan
from drivers.exchange import MISSES_LOST, Exchange
from drivers.new_era.fields import parse_dispensed
from drivers.new_era.follow import Follower
from drivers.new_era.line import Alarmed, Answered, Ask, Echoed, Event, Line, Missed, Purpose, Shape
from drivers.new_era.motion import told_diameter_um
from drivers.new_era.motor import RUN_LOST, Job, Motor
from drivers.new_era.script import Script
from drivers.new_era.settings import ADDRESSES, BAUDS, SAFE_TIMEOUT_S, identify, setting_rows
from state_machine.readings import Link, Motion, PumpReading
from state_machine.targets import Activity, PumpTarget
from state_machine.units import NS_PER_S

STP: Final = Ask(Purpose.STOP, "STP", Shape.STATUS)
VER: Final = Ask(Purpose.FENCE, "VER", Shape.VERSION)
DIS: Final = Ask(Purpose.POLL, "DIS", Shape.DISPENSED)
STP_SIZE: Final = 10
"""Packet of `STP` with a two-digit address."""
STATUS_SIZE: Final = 12

SILENCE_MARGIN_NS: Final = NS_PER_S // 2
"""Beyond the Safe mode time, so that the pump surely saw it pass (safety rules 1.4)."""
REFUSED_RETRY_NS: Final = 2 * NS_PER_S
"""A refused pump is looked at again this often: a person may have changed the cable [?]."""

NO_ANSWER: Final = "the pump does not answer; check its power, cable, address and baud"
ECHO: Final = "our own bytes come back: put the cable into the pump's socket 'To Computer'"
DISOBEYED: Final = "the pump did not stop; the line is silent so that its Safe mode stops it"


class NewEra:
    """One pump on one serial line; see :class:`drivers.driver.Driver` for the verbs."""

    def __init__(
        self,
        *,
        plan: PollPlan,
        address: int = 0,
        safe_timeout_s: int = 1,
        baud: int = 19_200,
        expect_model: str = "",
    ) -> None:
        """Take the pump's place on the line; nothing is sent before :meth:`connected`.

        Args:
            plan: polling intervals.
            address: 0 to 99, as set in the pump's menu.
            safe_timeout_s: Safe mode time, 1 to 255 s; longer than the idle poll.
            baud: only for the arithmetic of deadlines; the port is set elsewhere.
            expect_model: e.g. ``NE1000``; empty = any supported model.

        Raises:
            ValueError: a value out of range; named with its range.
        """
        _check("address", address, ADDRESSES)
        _check("safe_timeout_s", safe_timeout_s, SAFE_TIMEOUT_S)
        _check("baud", baud, BAUDS)
        self._plan = plan
        self._rows = setting_rows(safe_timeout_s)
        self._silence_ns = safe_timeout_s * NS_PER_S + SILENCE_MARGIN_NS
        self._expect_model = expect_model
        self._exchange = Exchange(baud)
        self._line = Line(address, self._exchange)
        self._motor = Motor(self._exchange.time_for_ns(STP_SIZE, STATUS_SIZE))
        self._follower = Follower(self._motor)
        self._known = self._motor.known
        self._connected = False
        self._silent_until_ns = 0
        self._hushed_ns = 0
        """Since when the target wants silence; 0 = it does not."""
        self._poll_asked_ns = 0
        self._poll_missed = False
        self._wake_ns = NEVER_NS
        self._reading = PumpReading()
        self._refresh()

    # --- the five verbs ------------------------------------------------------------------

    def connected(self, now_ns: int) -> None:
        """The port is (again) open: identify anew, prove standstill before all else."""
        self._connected = True
        self._known.link, self._known.refusal = Link.PROBING, ""
        self._probe(now_ns)
        self._refresh()

    def lost(self, reason: str, now_ns: int) -> None:
        """The port is gone: what the pump does now is unknown."""
        self._connected = False
        self._known.link, self._known.refusal = Link.LOST, reason
        self._line.forget(now_ns)
        self._motor.lose()
        self._wake_ns = NEVER_NS
        self._refresh()

    def receive(self, data: bytes, now_ns: int) -> bool:
        """Take what arrived. True when the reading changed; garbage never raises."""
        if not self._connected:
            return False
        for event in self._line.receive(data, now_ns):
            self._take(event, now_ns)
            self._wake_ns = now_ns
        return self._refresh()

    def reading(self) -> PumpReading:
        """What is known now."""
        return self._reading

    def give(self, target: PumpTarget, activity: Activity, now_ns: int) -> bytes:
        """At most one packet, the most urgent one."""
        self._wake_ns = NEVER_NS
        if not self._connected:
            return b""
        missed = self._line.expire(now_ns)
        if missed:
            self._take(missed, now_ns)
        packet = self._speak(target, activity, now_ns)
        if self._refresh():
            self._wake_ns = now_ns
        return packet

    def deadline_ns(self) -> int:
        """When :meth:`give` has something to say or to judge without new bytes."""
        return self._wake_ns

    # --- what to say ---------------------------------------------------------------------

    def _speak(self, target: PumpTarget, activity: Activity, now_ns: int) -> bytes:
        if now_ns < self._silent_until_ns:
            self._wake_at(self._silent_until_ns)
            return b""
        if self._silent_until_ns:
            self._probe(now_ns)
        if self._hushed(target, now_ns):
            return b""
        self._follower.follow(target, now_ns)
        stop = self._motor.stop
        if stop is not None and now_ns >= stop.give_up_ns():
            self._give_up(now_ns)
            return b""
        ask = None if self._line.busy else self._next(target, activity, now_ns)
        packet = self._ask(ask, now_ns) if ask else b""
        self._wake_at(self._exchange.deadline_ns())
        if self._motor.stop is not None:
            self._wake_at(self._motor.stop.give_up_ns())
        return packet

    def _hushed(self, target: PumpTarget, now_ns: int) -> bool:
        """Nothing is said on purpose, for as long as Safe mode needs to act at most."""
        if not target.silent:
            self._hushed_ns = 0
            return False
        self._hushed_ns = self._hushed_ns or now_ns
        return not self._is_due(self._hushed_ns + self._silence_ns, now_ns)

    def _next(self, target: PumpTarget, activity: Activity, now_ns: int) -> Ask | None:
        """The most urgent question; the order of these lines is the order of urgency."""
        stop = self._motor.stop
        if stop is not None and self._is_due(stop.stp_due_ns(), now_ns):
            stop.told(now_ns)
            return STP
        if self._exchange.in_doubt:
            return VER if self._is_due(self._exchange.quiet_until_ns(), now_ns) else None
        if stop is not None and not stop.answered:
            return None
        if not self._motor.settled:
            return self._settings().script.next()
        if stop is not None and self._is_due(stop.proof_due_ns(), now_ns):
            return DIS
        if self._follower.wants_check() or self._is_due(self._poll_due_ns(activity), now_ns):
            return DIS
        return None if stop is not None else self._follower.next_ask(target)

    def _ask(self, ask: Ask, now_ns: int) -> bytes:
        if ask.shape is Shape.DISPENSED:
            self._poll_asked_ns = now_ns
            self._poll_missed = False
        return self._line.ask(ask, now_ns)

    def _poll_due_ns(self, activity: Activity) -> int:
        """A pump that may move is watched closely, whatever the room does."""
        if self._poll_missed:
            return 0
        if self._known.may_move and activity is Activity.IDLE:
            activity = Activity.ACTIVE
        return self._poll_asked_ns + self._plan.interval_ns(activity)

    def _is_due(self, due_ns: int, now_ns: int) -> bool:
        if now_ns >= due_ns:
            return True
        self._wake_at(due_ns)
        return False

    def _wake_at(self, at_ns: int) -> None:
        self._wake_ns = min(self._wake_ns, at_ns)

    # --- what was heard ------------------------------------------------------------------

    def _take(self, event: Event, now_ns: int) -> None:
        if isinstance(event, Alarmed):
            self._line.accept_basic(True)
            if now_ns < self._silent_until_ns:
                self._known.alarmed(event.alarm)
            else:
                self._known.link = Link.PROBING
                self._motor.alarmed(event, now_ns)
        elif isinstance(event, Echoed):
            self._refuse(ECHO, now_ns)
        elif isinstance(event, Missed):
            self._missed(event.ask, now_ns)
        else:
            self._answered(event, now_ns)
        self._settle_job(now_ns)

    def _answered(self, event: Answered, now_ns: int) -> None:
        motor, ask, reply = self._motor, event.ask, event.reply
        self._known.reset_seen = False
        if self._known.link is Link.LOST:
            self._known.link, self._known.refusal = Link.PROBING, ""
        if ask.purpose is Purpose.STOP:
            self._stp_answered(event, now_ns)
            return
        if ask.purpose is Purpose.FENCE:
            self._identified(reply.data, now_ns)
        if ask.purpose is Purpose.RUN:
            motor.ran(reply, now_ns)
        if ask.purpose is Purpose.SCRIPT and motor.job is not None:
            motor.job.script.answered(ask, reply)
        if event.in_doubt or now_ns < self._silent_until_ns:
            return
        motor.seen(reply.prompt, now_ns)
        counters = parse_dispensed(reply.data)
        if counters is not None:
            motor.counted(counters, reply.prompt, event.asked_ns, now_ns)
            self._follower.checked()

    def _stp_answered(self, event: Answered, now_ns: int) -> None:
        if not event.in_doubt:
            self._known.prompt = event.reply.prompt
        if self._motor.stop is not None:
            self._motor.stop.stp_answered(event.reply, event.in_doubt, now_ns)

    def _missed(self, ask: Ask, now_ns: int) -> None:
        motor = self._motor
        if ask.purpose is Purpose.RUN:
            motor.begin_stop(RUN_LOST, now_ns)
        if ask.purpose is Purpose.POLL:
            self._poll_missed = True
        if ask.purpose is Purpose.FENCE and motor.stop is not None:
            motor.stop.fence_over(now_ns)
        if ask.purpose is Purpose.SCRIPT and motor.job is not None:
            motor.job.script.missed(ask)
        if self._exchange.misses >= MISSES_LOST and motor.stop is None:
            motor.begin_stop(NO_ANSWER, now_ns)

    # --- who it is, how it is set --------------------------------------------------------

    def _probe(self, now_ns: int) -> None:
        self._silent_until_ns = 0
        self._line.forget(now_ns)
        self._line.accept_basic(True)
        self._known.identity = ""
        self._motor.probe(now_ns)
        self._wake_ns = now_ns

    def _identified(self, version: str, now_ns: int) -> None:
        identity = identify(version, self._expect_model)
        changed = self._known.identity not in ("", identity.text)
        self._known.identity = identity.text
        if identity.refusal:
            self._refuse(identity.refusal, now_ns)
            return
        if changed:
            self._motor.begin_stop("another pump answers than before", now_ns)
            self._motor.unsettle()
        if self._motor.stop is not None:
            self._motor.stop.fence_over(now_ns)

    def _settings(self) -> Job:
        if self._motor.job is None:
            self._motor.job = Job(Script(self._rows), self._settled, self._unsettled)
        return self._motor.job

    def _settled(self, script: Script, now_ns: int) -> None:
        self._line.accept_basic(False)
        self._motor.job = None
        self._motor.settled = self._known.settings_ok = True
        self._known.diameter_um = told_diameter_um(script.told["DIA"])
        self._known.link, self._known.refusal = Link.UP, ""

    def _unsettled(self, reason: str, now_ns: int) -> None:
        self._refuse(f"the pump cannot be set up: {reason}", now_ns)

    def _settle_job(self, now_ns: int) -> None:
        job = self._motor.job
        if job is None:
            return
        if job.script.failure:
            job.failed(job.script.failure, now_ns)
        elif job.script.done:
            job.done(job.script, now_ns)

    def _refresh(self) -> bool:
        """Make the reading anew; True when it changed."""
        before = self._reading
        self._reading = self._known.reading(self._exchange, self._line.bad_frame_count)
        return self._reading != before

    # --- giving up -----------------------------------------------------------------------

    def _give_up(self, now_ns: int) -> None:
        """The stop schedule is exhausted: whatever we say now keeps Safe mode waiting."""
        if self._exchange.misses >= MISSES_LOST:
            self._known.link, self._known.refusal = Link.LOST, NO_ANSWER
        else:
            self._known.link, self._known.refusal = Link.PROBING, DISOBEYED
        self._fall_silent(self._silence_ns, now_ns)

    def _refuse(self, reason: str, now_ns: int) -> None:
        self._known.link, self._known.refusal = Link.REFUSED, reason
        self._fall_silent(max(self._silence_ns, REFUSED_RETRY_NS), now_ns)

    def _fall_silent(self, span_ns: int, now_ns: int) -> None:
        if self._known.may_move:
            self._known.stop_overdue = True
        self._motor.lose()
        if self._known.may_move:
            self._known.motion = Motion.STOPPING
        self._line.forget(now_ns)
        self._silent_until_ns = now_ns + span_ns
        self._wake_at(self._silent_until_ns)


def _check(name: str, value: int, allowed: range | tuple[int, ...]) -> None:
    if value in allowed:
        return
    words = f"{allowed.start} to {allowed.stop - 1}" if isinstance(allowed, range) else allowed
    raise ValueError(f"pump {name} is {value}; allowed is {words}")
