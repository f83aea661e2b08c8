"""A small pure room that does what targets say, to drive whole procedures through ``step``.

Drivers and devices in one: it takes Targets and gives Readings. Pump motions go STOPPED,
PREPARING, PREPARED, RUNNING, STOPPING, STOPPED with an exact counter; the box has permit,
trips and relay; the unit prepares, exposes and counts. Faults are plain attributes.
"""

import copy
from typing import Final

import msgspec

from state_machine.profile import Profile
from state_machine.readings import (
    HostReading,
    JournalReading,
    LineReading,
    Link,
    MammographReading,
    Motion,
    Paddle,
    Prompt,
    PumpAlarm,
    PumpReading,
    Readings,
    RoomReading,
    TripCause,
    UnitState,
)
from state_machine.requests import AnyRequest
from state_machine.state import Phase, State
from state_machine.step import Outcome, step
from state_machine.targets import Compression, ExposureStage, PumpAction, PumpTarget, Targets
from state_machine.units import NS_PER_MIN, NS_PER_MS, NS_PER_S
from tests.core.fixtures import CHECKED, NOW_NS, RESISTANCE, profile

PREPARE_NS: Final = 100 * NS_PER_MS
STOP_NS: Final = 100 * NS_PER_MS
"""From the stop to its proof."""
READY_NS: Final = 300 * NS_PER_MS
EXPOSE_NS: Final = 900 * NS_PER_MS
RELEASE_NS: Final = 400 * NS_PER_MS


class FakePump:
    """The pump and its driver's bookkeeping; volumes exact in nL x ns/min."""

    def __init__(self) -> None:
        self.motion = Motion.STOPPED
        self.plan = PumpTarget()
        self.spent: set[int] = set()
        self.moved = 0
        """Since the counter began, in nL x ns/min."""
        self.withdrawn = 0
        self.grips = True
        """The plunger follows the pump backward."""
        """The same, backwards."""
        self.true_moved = 0
        """Ever, less what was taken back, in nL x ns/min."""
        self.rate_nl_min = 0
        self.diameter_um = 0
        self.since_ns = 0
        self.power_up_count = 0
        self.alarm = PumpAlarm.NONE
        self.digit_nl = 10
        self.obeys_stop = True
        self.obeys_run = True
        self.stop_overdue = False

    @property
    def counter_nl(self) -> int:
        """What the counter shows: cut to its last digit."""
        return self.moved // NS_PER_MIN // self.digit_nl * self.digit_nl

    @property
    def withdrawn_nl(self) -> int:
        """The same of the other direction."""
        return self.withdrawn // NS_PER_MIN // self.digit_nl * self.digit_nl

    @property
    def backward(self) -> bool:
        """The motion at hand withdraws."""
        return self.plan.action is PumpAction.WITHDRAW

    @property
    def done(self) -> int:
        """The counter of the motion at hand."""
        return self.withdrawn if self.backward else self.moved

    def power_cut(self) -> None:
        """Everything volatile is gone."""
        self.moved = self.withdrawn = 0
        self.power_up_count += 1
        self.motion = Motion.STOPPED
        self.plan = PumpTarget()
        self.stop_overdue = False

    def run_for(self, span_ns: int) -> None:
        """Move the plunger."""
        if self.motion not in (Motion.RUNNING, Motion.STOPPING) or not self.rate_nl_min:
            return
        left = self.plan.until_nl * NS_PER_MIN - self.done
        stopping = self.motion is Motion.STOPPING and self.obeys_stop
        step_size = 0 if stopping else min(self.rate_nl_min * span_ns, max(0, left))
        if self.backward:
            self.withdrawn += step_size
            self.true_moved -= step_size if self.grips else 0
        else:
            self.moved += step_size
            self.true_moved += step_size

    def follow(self, target: PumpTarget, now_ns: int) -> None:
        """Do the next thing toward the target."""
        motion, plan = self.motion, self.plan
        age_ns = now_ns - self.since_ns
        if motion is Motion.RUNNING:
            done = self.done >= plan.until_nl * NS_PER_MIN
            if done or not target.run or target.motion_id != plan.motion_id:
                self._to(Motion.STOPPING, now_ns)
            else:
                self.rate_nl_min = target.rate_nl_min
        elif motion is Motion.STOPPING:
            still = self.obeys_stop or self.done >= plan.until_nl * NS_PER_MIN
            self.stop_overdue = not still and age_ns > 3 * STOP_NS
            if still and age_ns >= STOP_NS:
                self._to(Motion.STOPPED, now_ns)
        else:
            self._follow_standing(target, now_ns, age_ns)

    def _follow_standing(self, target: PumpTarget, now_ns: int, age_ns: int) -> None:
        motion, plan = self.motion, self.plan
        if target.action is PumpAction.STOPPED:
            if motion in (Motion.PREPARING, Motion.PREPARED, Motion.FAILED):
                self._to(Motion.STOPPED, now_ns)
            self.diameter_um = target.diameter_um or self.diameter_um
            if target.clear_counters:
                self.moved = self.withdrawn = 0
        elif motion is Motion.STOPPED and target.motion_id not in self.spent:
            self.plan = target
            self._to(Motion.PREPARING, now_ns)
        elif motion is Motion.PREPARING and age_ns >= PREPARE_NS:
            counter_nl = self.withdrawn_nl if self.backward else self.counter_nl
            base_right = abs(counter_nl - plan.base_nl) <= self.digit_nl
            self._to(Motion.PREPARED if base_right else Motion.FAILED, now_ns)
        elif motion is Motion.PREPARED and target.run and target.motion_id == plan.motion_id:
            assert target.motion_id not in self.spent, "a motion was run twice"
            self.spent.add(target.motion_id)
            if self.obeys_run:
                self.rate_nl_min = target.start_rate_nl_min
                self._to(Motion.RUNNING, now_ns)
            else:
                self._to(Motion.STOPPING, now_ns)
                self.rate_nl_min = 0

    def _to(self, motion: Motion, now_ns: int) -> None:
        self.motion, self.since_ns = motion, now_ns

    def reading(self, at_ns: int, link: Link) -> PumpReading:
        """Its answer."""
        moves = self.motion is Motion.RUNNING or (
            self.motion is Motion.STOPPING and not self.obeys_stop
        )
        up = link is Link.UP
        return PumpReading(
            at_ns=at_ns,
            link=link,
            prompt=(
                Prompt.STOPPED
                if not moves
                else Prompt.WITHDRAWING
                if self.backward
                else Prompt.INFUSING
            ),
            alarm=self.alarm,
            infused_nl=self.counter_nl,
            withdrawn_nl=self.withdrawn_nl,
            digit_nl=self.digit_nl,
            motion=self.motion if up else Motion.UNKNOWN,
            motion_id=self.plan.motion_id,
            rate_nl_min=self.rate_nl_min if self.motion is Motion.RUNNING else 0,
            diameter_um=self.diameter_um,
            settings_ok=True,
            power_up_count=self.power_up_count,
            stop_overdue=self.stop_overdue,
            exchange_p99_ns=20 * NS_PER_MS,
        )


class FakeBox:
    """The room I/O box: switches, trip latch, relay."""

    def __init__(self) -> None:
        self.hold = self.disagrees = self.pain = self.emergency_stop = False
        self.pressure_switch = self.door_open = False
        self.trip_cause, self.trip_count = TripCause.POWER_UP, 1
        self.relay_closed = False
        self.tripped_ns = 0

    def follow(self, targets: Targets, now_ns: int) -> bool:
        """Take the permit; True when the pump's power has just been cut."""
        room = targets.room
        tripped = self.trip_cause is not TripCause.NONE
        if self.emergency_stop:
            self.trip(TripCause.EMERGENCY_STOP, now_ns)
        elif not tripped and not room.pump_permit:
            self.trip(TripCause.COMMANDED, now_ns)
        elif tripped and room.pump_permit and room.reclose_trip_count == self.trip_count:
            self.trip_cause, self.relay_closed = TripCause.NONE, True
        power_off = self.trip_cause is not TripCause.NONE and (
            self.emergency_stop or now_ns - self.tripped_ns >= NS_PER_S
        )
        cut = self.relay_closed and power_off
        self.relay_closed = self.relay_closed and not power_off
        return cut

    def trip(self, cause: TripCause, now_ns: int) -> None:
        """Latch a stop."""
        if self.trip_cause is TripCause.NONE:
            self.trip_cause, self.tripped_ns = cause, now_ns
            self.trip_count += 1

    def reading(self, at_ns: int, link: Link) -> RoomReading:
        """Its input image."""
        tripped = self.trip_cause is not TripCause.NONE
        return RoomReading(
            at_ns=at_ns,
            link=link,
            hold_pressed=self.hold and not self.disagrees,
            hold_disagrees=self.disagrees,
            pain_pressed=self.pain,
            emergency_stop=self.emergency_stop,
            door_closed=not self.door_open,
            relay_closed=self.relay_closed,
            stop_line=tripped,
            pressure_switch=self.pressure_switch,
            trip_cause=self.trip_cause,
            trip_count=self.trip_count,
            owned=link is Link.UP,
        )


class FakeUnit:
    """The mammography unit."""

    def __init__(self) -> None:
        self.state = UnitState.STANDBY
        self.paddle = Paddle.RELEASED
        self.force_mn = 0
        self.exposure_count = 7
        self.view_code = 0
        self.since_ns = self.release_ns = 0
        self.drive_down = False
        self.releases = True

    def follow(self, targets: Targets, now_ns: int) -> None:
        """Do the next thing toward the target."""
        wanted = targets.mammograph
        self.view_code = wanted.view.value
        self._paddle(wanted.compression, now_ns)
        age_ns, state = now_ns - self.since_ns, self.state
        if state is UnitState.EXPOSING:
            if wanted.exposure is not ExposureStage.EXPOSE:
                self._to(UnitState.STANDBY, now_ns)  # cut short: not counted
            elif age_ns >= EXPOSE_NS:
                self.exposure_count += 1
                self._to(UnitState.DONE, now_ns)
        elif wanted.exposure is ExposureStage.OFF:
            if state in (UnitState.PREP, UnitState.READY):
                self._to(UnitState.STANDBY, now_ns)
        elif state in (UnitState.STANDBY, UnitState.DONE):
            self._to(UnitState.PREP, now_ns)
        elif state is UnitState.PREP and age_ns >= READY_NS:
            self._to(UnitState.READY, now_ns)
        elif state is UnitState.READY and wanted.exposure is ExposureStage.EXPOSE:
            self._to(UnitState.EXPOSING, now_ns)

    def _paddle(self, wanted: Compression, now_ns: int) -> None:
        if wanted is Compression.RELEASE and self.paddle is Paddle.HOLDING and self.releases:
            self.paddle, self.release_ns, self.force_mn = Paddle.RELEASING, now_ns, 0
        elif wanted is Compression.PERMIT and self.drive_down:
            self.paddle, self.force_mn = Paddle.HOLDING, 30_000
        if self.paddle is Paddle.RELEASING and now_ns - self.release_ns >= RELEASE_NS:
            self.paddle = Paddle.RELEASED

    def _to(self, state: UnitState, now_ns: int) -> None:
        self.state, self.since_ns = state, now_ns

    def reading(self, at_ns: int, link: Link) -> MammographReading:
        """Its answer."""
        return MammographReading(
            at_ns=at_ns,
            link=link,
            unit_state=self.state,
            paddle=self.paddle,
            force_mn=self.force_mn,
            exposure_count=self.exposure_count,
            view_code=self.view_code,
            door_closed=True,
        )


class FakeRoom:
    """Room, journal and the state of the core between two passes."""

    def __init__(self, made: Profile | None = None) -> None:
        self.state = State(profile=made or profile(), checked=CHECKED)
        self.now_ns = NOW_NS
        self.pump, self.box, self.unit = FakePump(), FakeBox(), FakeUnit()
        self.targets = Targets()
        self.readings = Readings()
        self.links = dict.fromkeys(("pump", "line", "room", "mammograph"), Link.UP)
        self.heard = dict.fromkeys(self.links, 0)
        self.zero_count = 0
        self.duct_pa = 0
        self.line_pa = 0
        self.offset_pa = 0
        """How far the sensor's zero has moved."""
        self.held_pa = 0
        """What the line holds for 2 s after a flow into the duct, or while it is taken back."""
        self.flowed_ns = 0
        self.temperature_mc: int | None = 37_000
        self.compliance_nl_kpa = self.state.profile.line_compliance_nl_kpa
        self.resistance_pa_s_ul = RESISTANCE
        self.closed_at: int | None = None
        """What had truly moved when the stopcock was closed; None = it is open."""
        self.journal_lag = 0
        self.journal_fault = ""
        self.durable_seq = 0
        self.late_ns = 0
        self.phases: list[Phase] = [Phase.STANDBY]
        self.true_in_duct = 0
        """Truly moved while an account was open, in nL x ns/min."""

    def copy(self) -> "FakeRoom":
        """A room of its own that stands as this one does."""
        return copy.deepcopy(self)

    def pressure_pa(self) -> int:
        """Behind the closed stopcock: what was pushed, over the line's compliance."""
        if self.closed_at is not None:
            pushed_nl = (self.pump.true_moved - self.closed_at) // NS_PER_MIN
            return pushed_nl * 1_000 // self.compliance_nl_kpa
        return self.line_pa + self.offset_pa

    def _relax(self, span_ns: int) -> None:
        """The line follows flow and duct with its time constant, R times C.

        At once where that is not what a test is about: tip out, or what the line holds set.
        """
        duct = self.state.duct
        elastic = duct is not None and duct.cannula_in_ns and not self.held_pa
        tau_ns = self.resistance_pa_s_ul * self.compliance_nl_kpa * 1_000 if elastic else 0
        self.line_pa += (self._steady_pa() - self.line_pa) * span_ns // (tau_ns + span_ns)

    def _steady_pa(self) -> int:
        """The cannula's drop, and the duct's pressure while the cannula is in."""
        flows = self.pump.motion is Motion.RUNNING and not self.pump.backward
        drop = self.resistance_pa_s_ul * self.pump.rate_nl_min // 60_000 if flows else 0
        duct, pump = self.state.duct, self.pump
        self.flowed_ns = self.now_ns if flows else self.flowed_ns
        back = pump.backward and pump.motion in (Motion.RUNNING, Motion.STOPPING)
        holds = not flows and (back or self.now_ns - self.flowed_ns < 2 * NS_PER_S)
        held_pa = self.held_pa if holds else 0
        return drop + (self.duct_pa + held_pa if duct is not None and duct.cannula_in_ns else 0)

    def stopcock(self, opened: bool) -> None:
        """Turn the stopcock."""
        self.closed_at = None if opened else self.pump.true_moved

    def advance(self, span_ns: int) -> None:
        """Let the room live under the targets it has."""
        account = self.state.ledger.account
        before = self.pump.true_moved
        self.now_ns += span_ns
        powered = self.box.relay_closed and self.box.trip_cause is TripCause.NONE
        if powered:
            self.pump.run_for(span_ns)
        if account is not None and not account.aside:
            self.true_in_duct += self.pump.true_moved - before
        if self.box.follow(self.targets, self.now_ns):
            self.pump.power_cut()
        if self.links["pump"] is Link.UP:
            self.pump.follow(self.targets.pump, self.now_ns)
        if self.links["mammograph"] is Link.UP:
            self.unit.follow(self.targets, self.now_ns)
        self._relax(span_ns)
        if self.links["line"] is Link.UP:
            self.zero_count = max(self.zero_count, self.targets.line.zero_count)

    def read(self) -> Readings:
        """What is measured now; a link that is down keeps its last answer."""
        at_ns = self.now_ns - 5 * NS_PER_MS
        for name, link in self.links.items():
            if link is Link.UP:
                self.heard[name] = at_ns
        pump, line, room, unit = (self.links[name] for name in self.heard)
        lost = self.readings
        replace = msgspec.structs.replace
        self.durable_seq = max(self.durable_seq, self.state.entry_seq - self.journal_lag)
        return Readings(
            pump=self.pump.reading(at_ns, pump)
            if pump is Link.UP
            else replace(lost.pump, link=pump, motion=Motion.UNKNOWN, prompt=Prompt.UNKNOWN),
            line=LineReading(
                at_ns=self.heard["line"],
                link=line,
                pressure_pa=self.pressure_pa(),
                temperature_mc=self.temperature_mc,
                zero_count=self.zero_count,
            ),
            room=self.box.reading(at_ns, room)
            if room is Link.UP
            else replace(lost.room, link=room),
            mammograph=self.unit.reading(at_ns, unit)
            if unit is Link.UP
            else replace(lost.mammograph, link=unit),
            journal=JournalReading(durable_seq=self.durable_seq, fault=self.journal_fault),
            host=HostReading(late_ns=self.late_ns),
        )

    def tick(self, *requests: AnyRequest, span_ns: int = 50 * NS_PER_MS) -> Outcome:
        """One pass: the room lives on, is read, the core decides."""
        self.advance(span_ns)
        self.readings = self.read()
        outcome = step(self.state, self.readings, requests, self.now_ns)
        if outcome.state.phase is not self.phases[-1]:
            self.phases.append(outcome.state.phase)
        if (before := self.state.duct) != outcome.state.duct:
            new = outcome.state.duct
            if new is not None and (before is None or before.number != new.number):
                self.true_in_duct = 0
        self.state, self.targets = outcome.state, outcome.targets
        return outcome
