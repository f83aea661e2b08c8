"""Anything may happen, in any order: what must hold in every pass of the core."""

import functools
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from state_machine import ledger
from state_machine import requests as rq
from state_machine.facts import read_back
from state_machine.limits import LIMIT_BY_NAME
from state_machine.readings import Link, Motion, Paddle, TripCause, UnitState
from state_machine.requests import Event, Role, Side
from state_machine.state import HoldAction, HoldPhase, Phase, Purpose
from state_machine.step import Outcome, step
from state_machine.targets import Compression, ExposureStage, PumpAction
from state_machine.units import NS_PER_MIN, NS_PER_MS, NS_PER_S
from state_machine.workflows.galactography import WORKFLOWS
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import ASSISTANT, CANNULA, CONTRAST, DAY, PATIENT, PERFORMER, SYRINGE
from tests.core.procedure import People

STARTS = ("checklist", "prime", "cannulate", "arm", "armed", "injecting", "exposure", "review")
MS = NS_PER_MS


@functools.cache
def began(where: str) -> FakeRoom:
    """A room that has come this far; copied by each run."""
    people = People(FakeRoom())
    people.open(ordered_nl=180_000)
    if where == "checklist":
        return people.room
    people.checklist()
    people.set_up()
    if where == "prime":
        return people.room
    people.prime()
    people.say(rq.ChooseDuct, clock_h=3, orifice=1)
    if where == "cannulate":
        return people.room
    people.say(rq.Cannulate)
    people.ticks(6)
    if where == "arm":
        return people.room
    people.arm()
    if where == "armed":
        return people.room
    people.press()
    people.ticks(40)
    if where == "injecting":
        return people.room
    people.inject()
    people.settle()
    people.say(rq.SelectView, view="CC")
    people.room.unit.drive_down = True
    people.ticks(3)
    people.room.unit.drive_down = False
    people.do(Event.COMPRESSED)
    if where == "exposure":
        return people.room
    people.do(Event.DISARM)
    people.view("CC")
    return people.room


BUTTONS = ("pain", "emergency_stop", "disagrees", "door_open", "pressure_switch")
WHO: Any = st.fixed_dictionaries(
    {
        "by": st.sampled_from([PERFORMER, ASSISTANT, ""]),
        "role": st.sampled_from([Role.RADIOLOGIST, Role.TECHNOLOGIST, Role.SERVICE]),
        "utc_day": st.sampled_from([DAY, DAY + 1]),
    }
)
SIDES = st.sampled_from([Side.LEFT, Side.LEFT, Side.RIGHT])
NAMES = st.sampled_from([PATIENT, "P-2", "", "none"])
FIELDS: dict[type, Any] = {
    rq.OpenCase: {
        "patient_id": NAMES,
        "patient_name": NAMES,
        "side": SIDES,
        "ordered_side": SIDES,
        "ordered_nl": st.sampled_from([0, 1_000, 60_000, 200_000, 10**7]),
        "performer": st.just(PERFORMER),
        "assistant": st.just(ASSISTANT),
        "same_patient_as": NAMES,
    },
    rq.Answer: {
        "item": st.sampled_from(["consent", "discharge", "latex", "?"]),
        "answer": st.booleans(),
        "accepted": st.booleans(),
    },
    rq.SetUpRoom: {
        "contrast": st.sampled_from([CONTRAST.name, "?"]),
        "lot": st.just("L"),
        "temperature_mc": st.sampled_from([0, 37_000]),
        "syringe": st.just(SYRINGE.name),
        "cannula": st.just(CANNULA.name),
        "volume_nl": st.sampled_from([0, 900_000]),
    },
    rq.ConfirmMount: {
        "syringe": st.just(SYRINGE.name),
        "cannula": st.just(CANNULA.name),
        "contrast": st.sampled_from([CONTRAST.name, "?"]),
    },
    rq.EnterTemperature: {"temperature_mc": st.sampled_from([0, 37_000])},
    rq.ConfirmReclose: {"cannula_out": st.booleans()},
    rq.Zero: {},
    rq.TipOut: {
        "purpose": st.sampled_from(
            [
                "prime",
                "stiffness",
                "retract-test",
                "open-tip",
                "tip-drop",
                "daily-check",
                "dispense",
                "?",
            ]
        ),
        "stopcock_closed": st.booleans(),
    },
    rq.FirstDrop: {},
    rq.ChooseDuct: {"clock_h": st.integers(0, 13), "orifice": st.integers(0, 2)},
    rq.AudioPause: {"on": st.booleans()},
    rq.Console: {"on": st.sampled_from([False, False, False, True])},
    rq.ViewBeat: {"beat": st.integers(0, 9), "t_ms": st.integers(0, 10**6), "up": st.booleans()},
    rq.HoldBegin: {"beat": st.integers(0, 2), "t_ms": st.integers(0, 10**6)},
    rq.HoldBeat: {"beat": st.integers(0, 3), "t_ms": st.integers(0, 10**6)},
    rq.HoldEnd: {"beat": st.integers(0, 3), "why": st.sampled_from(list(rq.HoldEndWhy))},
    rq.Cannulate: {"difficult": st.booleans()},
    rq.ConfirmArm: {"plan": st.just("something else")},
    rq.SelectView: {"view": st.sampled_from(["CC", "ML_DBT", "NONE", "?"])},
    rq.Reconfirm: {"point": st.sampled_from(["settled", "exposure-delay", "observation", "?"])},
    rq.ReleasePaddle: {},
    rq.HandInjected: {"volume_nl": st.sampled_from([-1, 0, 20_000, 10**9])},
    rq.Acknowledge: {"alarm": st.sampled_from(["net-stop", "?"])},
    rq.BeginCheck: {
        "syringe": st.sampled_from([SYRINGE.name, "?"]),
        "tip_out": st.booleans(),
        "room_empty": st.booleans(),
    },
    rq.SounderHeard: {"heard": st.booleans()},
    rq.EndCheck: {},
    rq.BeginDispense: {
        "syringe": st.sampled_from([SYRINGE.name, "?"]),
        "volume_nl": st.sampled_from([0, 20_000, 10**9]),
        "rate_nl_min": st.sampled_from([0, 100_000, 10**9]),
        "tip_out": st.booleans(),
        "room_empty": st.booleans(),
    },
    rq.EndDispense: {},
    rq.Service: {"work": st.sampled_from(list(rq.ServiceWork)), "words": st.just("x")},
    rq.Do: {"event": st.sampled_from(list(Event))},
}
ANYTHING = st.one_of(
    [
        st.tuples(st.just(kind), WHO, st.fixed_dictionaries(fields))
        for kind, fields in FIELDS.items()
    ]
)


def test_every_request_kind_is_asked_for():
    assert set(FIELDS) == set(rq.ClientRequest.__args__)


class AnythingHappens(RuleBasedStateMachine):
    """Rules are what people and devices do; ``passed`` checks each pass."""

    @initialize(where=st.sampled_from(STARTS))
    def begin(self, where):
        self.room = began(where).copy()

    def go(self, *requests: rq.AnyRequest, span_ns: int = 50 * MS) -> Outcome:
        before = self.room.state
        outcome = self.room.tick(*requests, span_ns=span_ns)
        again = step(before, self.room.readings, requests, self.room.now_ns)
        assert again == outcome, "not a function of its arguments"
        self.passed(before, outcome)
        self.settle_down(outcome)
        return outcome

    def settle_down(self, outcome: Outcome) -> None:
        """Passes that the core asks for at once, with nothing new heard; they end."""
        room = self.room
        for _ in range(12):
            if outcome.wake_at_ns != room.now_ns + 1:
                return
            room.now_ns += 1
            before = room.state
            outcome = step(before, room.readings, (), room.now_ns)
            room.state, room.targets = outcome.state, outcome.targets
            self.passed(before, outcome)
        raise AssertionError("the core never comes to rest")

    def passed(self, before, outcome):
        """What must hold in every pass."""
        state, targets, room = outcome.state, outcome.targets, self.room
        pump, unit, read = targets.pump, targets.mammograph, room.readings
        seqs = [entry.seq for entry in outcome.entries]
        assert seqs == list(range(before.entry_seq + 1, state.entry_seq + 1))
        assert outcome.wake_at_ns > room.now_ns
        assert len(outcome.replies) <= 1
        if pump.action is PumpAction.WITHDRAW:
            self.may_withdraw(state, targets, read)
        elif pump.run:
            self.may_run(state, targets, read)
        if unit.exposure is not ExposureStage.OFF:
            assert state.hold.action is HoldAction.EXPOSE
            assert state.phase is Phase.EXPOSURE_ARMED
            assert pump.action is PumpAction.STOPPED
            assert read.mammograph.paddle is Paddle.HOLDING
        if unit.exposure is ExposureStage.EXPOSE:
            assert state.hold.phase is HoldPhase.OPEN
            assert read.room.hold_pressed
            assert read.mammograph.unit_state in (UnitState.READY, UnitState.EXPOSING)
        if read.room.emergency_stop:
            assert pump.action is PumpAction.STOPPED
            assert not targets.room.pump_permit
            assert not targets.room.xray_enable
            assert unit.exposure is ExposureStage.OFF
            assert unit.compression is not Compression.PERMIT
            assert state.hold.phase is HoldPhase.CLOSED
        self.volumes(before, state)

    def may_run(self, state, targets, read):
        pump, plan = targets.pump, state.plan
        assert plan is not None
        assert state.hold.phase is HoldPhase.OPEN
        assert read.room.hold_pressed
        assert not read.room.hold_disagrees
        assert not read.room.pain_pressed
        assert not state.permit or targets.room.pump_permit
        for device, age_ms in ((read.pump, 150), (read.line, 60), (read.room, 100)):
            assert device.link is Link.UP
            assert 0 <= self.room.now_ns - device.at_ns <= age_ms * MS
        assert read.pump.motion in (
            Motion.PREPARED,
            Motion.RUNNING,
            Motion.STOPPING,
            Motion.STOPPED,
        )
        assert read.journal.durable_seq >= plan.intent_seq
        assert targets.mammograph.exposure is ExposureStage.OFF
        assert targets.mammograph.compression is not Compression.PERMIT
        if plan.purpose is Purpose.INJECT:
            delivered_nl = plan.base_nl - state.injection.base_nl
            until_nl = pump.until_nl - state.injection.base_nl
            least_nl = delivered_nl + 1_000
            assert until_nl <= next(c for c in range(50_000, 10**6, 100_000) if c >= least_nl)
            assert until_nl <= state.injection.planned_nl
            assert read.mammograph.paddle is Paddle.RELEASED
        else:
            assert state.phase in (Phase.PRIME, Phase.LOCATE_DUCT)

    def may_withdraw(self, state, targets, read):
        """The only motion without hold: bounded, once an injection, and all is well."""
        pump, plan, done = targets.pump, state.plan, state.injection
        assert plan is not None
        assert plan.purpose is Purpose.RETRACT
        assert state.phase in (Phase.SETTLE, Phase.ARM, Phase.STOPPED, Phase.EXTRAVASATED)
        assert state.stop.event == Event.FAULT.value or state.phase is not Phase.STOPPED
        assert state.duct.cannula_in_ns
        assert not read.room.pain_pressed
        assert not read.room.emergency_stop
        for device in (read.pump, read.line, read.room):
            assert device.link is Link.UP
        assert read.line.pressure_pa > 500
        assert pump.until_nl - done.withdrawn_base_nl == done.retract_nl <= 30_000
        assert done.retract_nl <= read.pump.infused_nl - done.base_nl
        assert pump.rate_nl_min <= 100_000
        assert not pump.run or read.journal.durable_seq >= plan.intent_seq
        assert targets.mammograph.compression is not Compression.PERMIT
        assert targets.mammograph.exposure is ExposureStage.OFF

    def volumes(self, before, state):
        account, old = state.ledger.account, before.ledger.account
        done = state.injection
        if done.retract_nl:
            taken_nl = self.room.pump.withdrawn_nl - done.withdrawn_base_nl
            assert taken_nl <= done.retract_nl
        if account is None:
            return
        true_nl = self.room.true_in_duct
        assert account.low_nl * NS_PER_MIN <= true_nl + self.hands * NS_PER_MIN
        assert true_nl <= account.high_nl * NS_PER_MIN
        limits = state.profile.limits
        for ceiling in (limits.duct_volume_nl, LIMIT_BY_NAME["duct_volume_nl"].ceiling):
            assert true_nl <= ceiling * NS_PER_MIN
        day_nl = ledger.today(state.ledger).high_nl * NS_PER_MIN + true_nl
        assert day_nl <= limits.side_day_volume_nl * NS_PER_MIN or self.hands
        same = before.duct is not None and state.duct is not None
        if old is not None and same and before.duct.number == state.duct.number:
            assert account.low_nl >= old.low_nl
            assert account.high_nl >= old.high_nl

    hands = 0
    """Said to be injected by hand, in nL."""

    # --- people ---------------------------------------------------------------------------

    @rule(asked=ANYTHING)
    def anybody_asks_anything(self, asked):
        kind, who, fields = asked
        if kind is rq.HandInjected:
            self.hands += max(0, fields["volume_nl"])  # taken or not: a bound
        self.go(kind(**who, **fields))

    @rule(data=st.data(), who=WHO)
    def somebody_does_what_the_table_offers(self, data, who):
        state = self.room.state
        events = WORKFLOWS[state.profile.order].events(state.phase)
        self.go(rq.Do(event=data.draw(st.sampled_from(events)), **who))

    @rule()
    def arm_and_confirm(self):
        who: dict[str, Any] = {"by": ASSISTANT, "role": Role.TECHNOLOGIST, "utc_day": DAY}
        self.go(rq.Do(event=Event.ARM, **who))
        self.go(rq.ConfirmArm(plan=read_back(self.room.state), **who))

    @rule()
    def arm_the_exposure(self):
        self.room.unit.drive_down = True
        who: dict[str, Any] = {"by": ASSISTANT, "role": Role.TECHNOLOGIST, "utc_day": DAY}
        self.go(rq.SelectView(view="CC", **who))
        self.go()
        self.go(rq.Do(event=Event.COMPRESSED, **who))
        self.room.unit.drive_down = False
        self.go(rq.Do(event=Event.ARM_EXPOSURE, **who))

    @rule(pressed=st.booleans(), count=st.sampled_from([1, 5, 40]))
    def switch(self, pressed, count):
        self.room.box.hold = pressed
        for _ in range(count):
            self.go()

    @rule(
        flag=st.sampled_from(
            ["pain", "emergency_stop", "disagrees", "door_open", "pressure_switch"]
        )
    )
    def button(self, flag):
        setattr(self.room.box, flag, not getattr(self.room.box, flag))
        self.go()

    # --- devices --------------------------------------------------------------------------

    @rule(name=st.sampled_from(["pump", "line", "room", "mammograph"]), link=st.sampled_from(Link))
    def link_changes(self, name, link):
        self.room.links[name] = link
        self.go()

    @rule(flag=st.sampled_from(["obeys_stop", "obeys_run"]))
    def pump_does_not_obey(self, flag):
        setattr(self.room.pump, flag, not getattr(self.room.pump, flag))
        self.go()

    @rule(what=st.sampled_from(["power", "trip", "prompt-stop"]))
    def something_stops_the_pump(self, what):
        if what == "power":
            self.room.pump.power_cut()
        elif what == "trip":
            self.room.box.trip(TripCause.HEARTBEAT_LOST, self.room.now_ns)
        elif self.room.pump.motion is Motion.RUNNING:
            self.room.pump.motion = Motion.STOPPED
        self.go()

    @rule(lag=st.sampled_from([0, 3, 10**6]), fault=st.sampled_from(["", "disk full"]))
    def record(self, lag, fault):
        self.room.journal_lag, self.room.journal_fault = lag, fault
        self.go()

    @rule(pressure_pa=st.sampled_from([0, 500, 5_000, 12_000, 40_000]))
    def the_line_holds_pressure(self, pressure_pa):
        self.room.held_pa = pressure_pa
        self.go()

    @rule()
    def finish_with_the_line_full(self):
        """The shortest way to a retract: what is under way ends, the line holds pressure."""
        self.room.held_pa = 12_000
        self.room.box.hold = False
        for _ in range(5):
            self.go()
        self.go(rq.Do(event=Event.FINISH, by=ASSISTANT, role=Role.TECHNOLOGIST))
        for _ in range(6):
            self.go()

    @rule(pressure_pa=st.sampled_from([0, 500, 2_500, 4_500, 7_000, 150_000]))
    def duct(self, pressure_pa):
        self.room.duct_pa = pressure_pa
        self.go()

    @rule(unit_state=st.sampled_from(UnitState), paddle=st.sampled_from(Paddle))
    def unit(self, unit_state, paddle):
        self.room.unit.state, self.room.unit.paddle = unit_state, paddle
        self.go()

    @rule(drive=st.booleans(), releases=st.booleans())
    def paddle(self, drive, releases):
        self.room.unit.drive_down, self.room.unit.releases = drive, releases
        self.go()

    # --- time -----------------------------------------------------------------------------

    @rule(span_ms=st.sampled_from([1, 20, 149, 1_000, 31_000, 400_000]), late=st.booleans())
    def time_jumps(self, span_ms, late):
        self.room.late_ns = (span_ms * MS) if late else 0
        self.go(span_ns=span_ms * MS)
        self.room.late_ns = 0

    @rule(count=st.sampled_from([5, 30, 120]))
    def time_passes(self, count):
        for _ in range(count):
            self.go()

    @rule()
    def all_is_mended(self):
        """Faults go, alarms are acknowledged, power comes back, the procedure resumes."""
        room = self.room
        box, pump = room.box, room.pump
        box.hold = box.pain = box.emergency_stop = box.disagrees = False
        box.door_open = box.pressure_switch = False
        pump.obeys_stop = pump.obeys_run = True
        room.links = dict.fromkeys(room.links, Link.UP)
        room.journal_fault, room.journal_lag, room.duct_pa, room.held_pa = "", 0, 0, 0
        room.unit.state, room.unit.releases = UnitState.STANDBY, True
        room.unit.paddle = Paddle.RELEASED
        who: dict[str, Any] = {"by": PERFORMER, "role": Role.RADIOLOGIST, "utc_day": DAY}
        for _ in range(10):
            self.go()
        for alarm in room.state.alarms:
            self.go(rq.Acknowledge(alarm=alarm.name, **who))
        self.go(rq.ConfirmReclose(cannula_out=True, **who))
        for _ in range(110):  # until the line has relaxed
            self.go()
        self.go(rq.Do(event=Event.RESUME, **who))
        self.go()


AnythingHappens.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnythingHappens = pytest.mark.hazard(
    "HZ-OVERVOLUME",
    "HZ-UNCOMMANDED-MOTION",
    "HZ-FLOW-AND-XRAY",
    "HZ-STOP-FAILS",
    "HZ-LOST-COUNT",
    "HZ-EXPOSURE",
)(AnythingHappens.TestCase)


def test_the_starting_points_are_where_they_say():
    phases = [began(where).state.phase for where in STARTS]
    assert phases == [
        Phase.CHECKLIST,
        Phase.PRIME,
        Phase.CANNULATE,
        Phase.ARM,
        Phase.ARMED,
        Phase.INJECTING,
        Phase.EXPOSURE,
        Phase.REVIEW,
    ]
    assert NS_PER_S == 1_000 * MS
