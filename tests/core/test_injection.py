"""What a motion is planned to do: checkpoints, ramp, open-tip test, clearing."""

import pytest

from state_machine import injection, observe
from state_machine.entries import Noted
from state_machine.readings import Motion, Prompt
from state_machine.state import Hold, HoldAction, HoldPhase, Injection, Phase, State
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import (
    NOW_NS,
    Scene,
    case,
    injecting,
    profile,
    readings,
    replace,
    state,
)
from tests.core.procedure import People

S, MS = NS_PER_S, NS_PER_MS


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("delivered_nl", "checkpoint_nl"),
    [
        (0, 50_000),
        (49_999, 50_000),
        (50_000, 150_000),
        (149_999, 150_000),
        (150_000, 250_000),
        (250_000, 350_000),
    ],
)
def test_checkpoints(delivered_nl, checkpoint_nl):
    assert injection.next_checkpoint_nl(state(), delivered_nl) == checkpoint_nl


def doubted(made: State) -> State:
    """The compliance was not measured: the estimate is not valid."""
    return replace(made, line=replace(made.line, compliance_nl_kpa=0))


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-OVERPRESSURE")
@pytest.mark.parametrize(
    ("delivered_nl", "checkpoint_nl"),
    [(0, 25_000), (24_999, 25_000), (25_000, 50_000), (60_000, 75_000), (149_999, 150_000)],
)
def test_checkpoints_are_closer_while_the_estimate_is_not_valid(delivered_nl, checkpoint_nl):
    assert injection.next_checkpoint_nl(doubted(state()), delivered_nl) == checkpoint_nl


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_the_gate_holds_a_new_motion_to_the_closer_checkpoint_and_not_one_under_way():
    scene = injecting()
    assert "motion-volume" not in scene._replace(state=doubted(scene.state)).refused()
    begun = scene.but(plan={"asked_ns": 0, "running_ns": 0}, want={"run": False})
    assert "motion-volume" not in begun.refused()
    assert "motion-volume" in begun._replace(state=doubted(begun.state)).refused()
    closer = begun.but(want={"until_nl": 25_000})
    assert "motion-volume" not in closer._replace(state=doubted(closer.state)).refused()
    beyond = begun.but(want={"until_nl": 26_000})
    assert "motion-volume" in beyond._replace(state=doubted(beyond.state)).refused()


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize(("infused_nl", "ends"), [(24_999, False), (25_000, True)])
def test_a_motion_under_way_ends_at_the_closer_checkpoint(infused_nl, ends):
    scene = injecting().but(pump={"infused_nl": infused_nl})
    plan = scene.state.plan
    assert plan is not None
    for made, done in ((scene.state, False), (doubted(scene.state), ends)):
        assert injection.follow(plan, made, scene.readings, NOW_NS).done is done


def relaxing(people: People) -> bool:
    return people.room.state.watch.relaxation.pending


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION")
def test_after_a_checkpoint_the_relaxed_pressure_is_read_before_the_next_motion():
    """And kept in the record, beside the estimate of before the stop."""
    people = People(FakeRoom(profile()))
    people.open()
    people.checklist()
    people.set_up()
    people.prime()
    people.cannulate()
    people.arm()
    room = people.room
    room.duct_pa = 300
    room.box.hold = True
    people.wait(lambda room: room.state.hold.phase is HoldPhase.LIFT)
    room.box.hold = False
    people.ticks(6)
    room.box.hold = True
    for _ in range(20):
        people.tick()
        if not relaxing(people):
            break
        assert room.state.plan is None
    people.wait(lambda room: room.state.plan is not None)
    (noted,) = [e for e in people.entries if isinstance(e, Noted) and e.topic == "relaxed"]
    facts = dict(noted.facts)
    assert abs(int(facts["relaxed_pa"]) - 300) < 300
    assert abs(int(facts["estimate_pa"]) - 300) < 300
    assert facts["doubt"] == "none"


def ready(planned_nl: int = 180_000) -> State:
    hold = Hold(HoldPhase.READY, HoldAction.INJECT, NOW_NS)
    return state(Phase.ARMED, hold=hold, injection=Injection(1, planned_nl=planned_nl))


@pytest.mark.parametrize(
    ("infused_nl", "until_nl", "top"),
    [(0, 50_000, 100_000), (49_000, 50_000, 100_000), (49_001, 150_000, 100_000)]
    + [(50_000, 150_000, 200_000), (150_000, 180_000, 200_000), (179_000, 180_000, 200_000)],
)
def test_a_motion_goes_to_the_next_checkpoint_that_can_be_told(infused_nl, until_nl, top):
    read = readings(pump={"infused_nl": infused_nl})
    plan = injection.wanted_motion(ready(), read)
    assert plan is not None
    assert (plan.base_nl, plan.until_nl, plan.top_rate_nl_min) == (infused_nl, until_nl, top)
    assert plan.start_rate_nl_min == plan.rate_nl_min == 40_000
    assert plan.motion_id == 1


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-UNCOMMANDED-MOTION")
def test_no_motion_is_wanted():
    assert injection.wanted_motion(ready(), readings(pump={"infused_nl": 179_001})) is None
    assert injection.wanted_motion(ready(), readings(pump={"prompt": Prompt.INFUSING})) is None
    assert injection.wanted_motion(replace(ready(), hold=Hold()), readings()) is None
    planned = replace(ready(), plan=injecting().state.plan)
    assert injection.wanted_motion(planned, readings()) is None
    exposing = replace(ready(), hold=Hold(HoldPhase.READY, HoldAction.EXPOSE, NOW_NS))
    assert injection.wanted_motion(exposing, readings()) is None


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERRATE")
def test_what_is_planned():
    made = state(case=case(ordered_nl=180_000))
    assert observe.planned_nl(made) == 180_000
    assert made.duct is not None
    difficult = replace(made, duct=replace(made.duct, difficult=True))
    assert observe.planned_nl(difficult) == 100_000
    assert observe.rate_limit_nl_min(difficult, 0) == 50_000
    assert observe.rate_limit_nl_min(difficult, 50_000) == 100_000
    top_up = replace(made, duct=replace(made.duct, injection_count=1))
    assert observe.planned_nl(top_up) == 50_000
    little = replace(top_up, case=case(ordered_nl=20_000))
    assert observe.planned_nl(little) == 20_000
    for high_nl, planned_nl in ((5_000, 15_000), (19_000, 1_000), (19_001, 20_000)):
        done = Scene(little, readings(), injecting().wanted).but(account={"high_nl": high_nl})
        assert observe.planned_nl(done.state) == planned_nl
    assert observe.planned_nl(replace(made, case=None)) == 0
    assert observe.planned_nl(replace(made, duct=None)) == 0
    spent = Scene(made, readings(), injecting().wanted).but(account={"high_nl": 390_000})
    # (500 - 390 - 5 of margin) uL, less 5 % for the syringe
    assert observe.planned_nl(spent.state) == 100_000


@pytest.mark.hazard("HZ-OVERRATE")
def test_the_ramp_climbs_in_steps_to_its_top_and_never_falls():
    scene = injecting().but(
        plan={"running_ns": NOW_NS, "rate_nl_min": 40_000, "top_rate_nl_min": 100_000}
    )
    plan = scene.state.plan
    assert plan is not None
    rates = []
    for at_ns in (0, 249, 250, 499, 500, 1_499, 1_500, 60_000):
        at = injection.follow(plan, scene.state, scene.readings, NOW_NS + at_ns * MS)
        rates.append(at.rate_nl_min)
    assert rates == [40_000, 40_000, 50_000, 50_000, 60_000, 90_000, 100_000, 100_000]
    fast = replace(plan, rate_nl_min=90_000)
    assert injection.follow(fast, scene.state, scene.readings, NOW_NS).rate_nl_min == 90_000
    assert injection.next_ramp_ns(plan, NOW_NS) == NOW_NS + 250 * MS
    assert injection.next_ramp_ns(replace(plan, rate_nl_min=100_000), NOW_NS) is None
    assert injection.next_ramp_ns(replace(plan, running_ns=0), NOW_NS) is None


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_counters_are_cleared_at_the_end_of_prime_and_never_later():
    primed = state(Phase.PRIME)
    assert injection.pump_target(primed, readings()).clear_counters
    unmeasured = replace(primed, line=replace(primed.line, resistance_pa_s_ul=0))
    for made in (
        unmeasured,
        replace(primed, hold=Hold(HoldPhase.READY, HoldAction.PRIME, NOW_NS)),
        replace(primed, plan=injecting().state.plan),
        *(replace(primed, phase=p) for p in Phase if p is not Phase.PRIME),
    ):
        assert not injection.pump_target(made, readings()).clear_counters


@pytest.mark.hazard("HZ-SYRINGE")
def test_without_a_syringe_nothing_is_wanted_of_the_pump():
    scene = injecting().but(state={"mounted": None})
    target = injection.pump_target(scene.state, scene.readings)
    assert not target.run
    assert target.diameter_um == 0


def test_a_motion_ends_by_proof_only():
    scene = injecting()
    plan = scene.state.plan
    assert plan is not None
    for motion, over in (
        (Motion.RUNNING, False),
        (Motion.STOPPING, False),
        (Motion.STOPPED, True),
        (Motion.UNKNOWN, False),
    ):
        assert injection.ended(plan, scene.but(pump={"motion": motion}).readings) is over
    failed = scene.but(pump={"motion": Motion.FAILED, "prompt": Prompt.STOPPED})
    assert injection.ended(plan, failed.readings)
    assert not injection.ended(plan, failed.but(pump={"prompt": Prompt.PAUSED}).readings)
    assert not injection.ended(plan, scene.but(pump={"motion_id": 9}).readings)
    unrun = replace(plan, asked_ns=0, running_ns=0)
    assert not injection.ended(unrun, scene.but(pump={"motion": Motion.STOPPED}).readings)


def test_an_injection_under_way_is_not_begun_anew():
    scene = injecting()
    assert injection.start(scene.state, scene.readings) is scene.state.injection
    begun = injection.start(state(), readings(pump={"infused_nl": 7_000}))
    assert begun == Injection(number=1, base_nl=7_000, planned_nl=60_000)
    assert profile().limits == scene.state.profile.limits
    assert injection.purpose_of("?") is None
