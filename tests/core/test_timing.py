"""Between two wake instants the step decides nothing: polling it finds nothing to say."""

import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state_machine import requests as rq
from state_machine import timing
from state_machine.entries import AnyEntry, Inputs
from state_machine.requests import Event
from state_machine.state import Hold, HoldAction, HoldPhase, Injection, Phase, Screen
from state_machine.step import Outcome, step
from state_machine.targets import Activity
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import NOW_NS, injecting, readings, replace, state
from tests.core.procedure import People

MS, S = NS_PER_MS, NS_PER_S


@functools.cache
def moments() -> tuple[FakeRoom, ...]:
    """A room at many moments of a procedure, from which nothing new is heard."""
    found: list[FakeRoom] = []

    class Watched(People):
        def tick(self, *requests: rq.AnyRequest, **kwargs: int) -> Outcome:
            outcome = super().tick(*requests, **kwargs)
            self.count = getattr(self, "count", 0) + 1
            if (
                requests
                or self.count % 40 == 0
                or self.room.readings.room.hold_pressed is not (self.pressed)
            ):
                found.append(self.room.copy())
            self.pressed = self.room.readings.room.hold_pressed
            return outcome

        pressed = False

    people = Watched(FakeRoom())
    people.open()
    people.checklist()
    people.set_up()
    people.prime()
    people.cannulate()
    people.arm()
    people.inject()
    people.settle()
    people.view()
    people.do(Event.NEXT_VIEW)
    people.view("ML")
    people.finish()
    return tuple(found)


def decided(outcome: Outcome) -> list[AnyEntry]:
    """What a pass records beside its inputs."""
    return [entry for entry in outcome.entries if not isinstance(entry, Inputs)]


def shown(outcome: Outcome) -> tuple[Any, ...]:
    """What a pass decides."""
    made = outcome.state
    return (
        made.phase,
        outcome.targets,
        outcome.alarms,
        made.hold.phase,
        made.stop,
        made.plan is None,
        made.refused,
    )


@pytest.mark.hazard("HZ-STALE-DATA")
@settings(max_examples=150)
@given(data=st.data())
def test_no_decision_is_missed_between_wakes(data):
    room = data.draw(st.sampled_from(moments()))
    now_ns = room.now_ns
    outcome = step(room.state, room.readings, (), now_ns)
    for _ in range(12):
        wake_ns = outcome.wake_at_ns
        assert wake_ns > now_ns
        if outcome.targets.activity is Activity.IDLE or wake_ns == timing.NEVER_NS:
            wake_ns = min(wake_ns, now_ns + 400 * S)
        probes = {wake_ns - 1, data.draw(st.integers(now_ns, wake_ns - 1))} - {now_ns}
        for probe_ns in sorted(probes):
            polled = step(outcome.state, room.readings, (), probe_ns)
            assert shown(polled) == shown(outcome), (probe_ns - now_ns, wake_ns - now_ns)
            assert decided(polled) == []
        if wake_ns - now_ns >= 400 * S:
            break
        now_ns = wake_ns
        outcome = step(outcome.state, room.readings, (), now_ns)


def wake(made, read=None) -> int:
    return timing.wake_at_ns(made, read or readings(), NOW_NS)


def test_an_idle_room_with_nothing_running_wakes_for_nothing():
    idle = state(Phase.STANDBY, duct=None, hold=Hold())
    assert wake(idle) == timing.NEVER_NS


def test_the_next_wake_is_the_nearest_instant_after_now():
    scene = injecting()
    active = replace(scene.state, targets=replace(scene.wanted, activity=Activity.ACTIVE))
    fresh_until = scene.readings.line.at_ns + 60 * MS + 1
    assert timing.wake_at_ns(active, scene.readings, NOW_NS) == fresh_until
    later = timing.wake_at_ns(active, scene.readings, fresh_until)
    assert later == scene.readings.room.at_ns + 100 * MS + 1


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(
    ("changes", "at_ns"),
    [
        ({"phase": Phase.ARM_CONFIRM, "phase_ns": NOW_NS}, NOW_NS + 10 * S),
        ({"hold": Hold(HoldPhase.READY, HoldAction.INJECT, NOW_NS)}, NOW_NS + 30 * S),
        ({"hold": Hold(HoldPhase.READY, HoldAction.EXPOSE, NOW_NS)}, NOW_NS + 15 * S),
        ({"hold": Hold(HoldPhase.OPEN, HoldAction.EXPOSE, NOW_NS)}, NOW_NS + 10 * S),
        ({"injection": Injection(reference_ns=NOW_NS)}, NOW_NS + 3 * S),
        ({"injection": Injection(ended_ns=NOW_NS - 6 * S)}, NOW_NS + 174 * S + 1),
        ({"release_ns": NOW_NS}, NOW_NS + 3 * S + 1),
    ],
)
def test_each_span_has_its_instant(changes, at_ns):
    made = replace(state(Phase.SETTLE, duct=None, hold=Hold()), **changes)
    assert wake(made) == at_ns


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_settling_needs_three_seconds_of_steady_means():
    made = state(Phase.SETTLE, injection=Injection(number=1, ended_ns=NOW_NS))
    settled_ns = 0
    for tick in range(1, 400):
        now_ns = NOW_NS + tick * 50 * MS
        read = readings(now_ns, line={"pressure_pa": 1_000 + (tick % 3) * 150})
        outcome = step(made, read, (), now_ns)
        made = outcome.state
        if not settled_ns and step(made, read, (done(),), now_ns).state.phase is Phase.COMPRESSION:
            settled_ns = now_ns - NOW_NS
    assert 4 * S < settled_ns < 8 * S


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize("slope_pa", [40, 4_000])
def test_a_pressure_that_moves_or_is_unknown_never_settles(slope_pa):
    made = state(Phase.SETTLE, injection=Injection(number=1, ended_ns=NOW_NS - 60 * S))
    for tick in range(1, 400):
        now_ns = NOW_NS + tick * 50 * MS
        pressure_pa = 1_000 + (tick * slope_pa // 2) % 3_000
        read = readings(now_ns, line={"pressure_pa": pressure_pa if slope_pa < 1_000 else None})
        outcome = step(made, read, (done(),), now_ns)
        made = outcome.state
        assert made.phase in (Phase.SETTLE, Phase.STOPPED)


def done() -> rq.Do:
    return rq.Do(by="T", role=rq.Role.TECHNOLOGIST, event=Event.SETTLED)


def test_settling_is_nothing_elsewhere():
    made = state(Phase.ARM)
    assert timing.settling(made, readings(), NOW_NS) is made.injection


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERRATE")
def test_a_running_motion_wakes_for_its_ramp_and_its_motor_time():
    climbing = injecting().but(plan={"running_ns": NOW_NS - 100 * MS, "rate_nl_min": 40_000})
    at_ns = timing.wake_at_ns(climbing.state, climbing.readings, NOW_NS)
    assert at_ns == NOW_NS + 150 * MS
    steady = injecting().but(plan={"running_ns": NOW_NS}, injection={"motor_ns": 60 * S})
    at_ns = timing.wake_at_ns(steady.state, steady.readings, NOW_NS)
    assert at_ns == NOW_NS + 120 * S + 1


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(
    ("action", "limit_ms"), [(HoldAction.INJECT, 400), (HoldAction.EXPOSE, 200)]
)
def test_it_wakes_when_what_the_console_has_drawn_grows_too_old(action, limit_ms):
    hold = Hold(phase=HoldPhase.OPEN, action=action, since_ns=NOW_NS)
    drawn = Screen(on=True, beat_count=1, drawn_ns=NOW_NS - 50 * NS_PER_MS)
    made = state(Phase.STANDBY, duct=None, hold=hold, screen=drawn)
    assert wake(made) == drawn.drawn_ns + limit_ms * NS_PER_MS + 1
