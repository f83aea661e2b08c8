"""After the stop the line is relieved: less goes in, nothing is drawn out, and it obeys."""

import dataclasses
from typing import Any

import msgspec
import pytest

from config.load import LoadedRoom
from sim.physics import Rig
from state_machine.entries import MotionEnded, MotionIntent
from tests.world.scene import (
    MS,
    PLUNGER_STOP_MOST_MS,
    RADIOLOGIST,
    Scene,
    demo_with,
    nothing_moves,
)

NOISE_PA = 600
"""Three standard deviations of the sensor: by so much a retract may end too late."""


def soft(compliance_nl_kpa: int = 1_000, **limits: Any) -> LoadedRoom:
    """The demo room with a soft line, as its profile says; the limit it stores up to is 10 uL."""
    loaded = demo_with(stored_volume_nl=10_000, **limits)
    profile = msgspec.structs.replace(loaded.profile, line_compliance_nl_kpa=compliance_nl_kpa)
    return dataclasses.replace(loaded, profile=profile)


def scene_of(compliance_nl_kpa: int = 1_000, **limits: Any) -> Scene:
    """Cannulated once the line has emptied itself after the open-tip test."""
    rig = Rig(compliance_ul_kpa=compliance_nl_kpa / 1_000)
    scene = Scene(loaded=soft(compliance_nl_kpa, **limits), rig=rig)
    scene.until_phase("locate-duct").hands_off().run(8)
    return scene.hands_on()


def withdrawing(scene: Scene) -> bool:
    return bool(scene.truth["pump_status"] == "W")


def retracting(volume_nl: int = 500) -> Scene:
    """The injection is over and the pump has taken back a little."""
    scene = scene_of().until_phase("settle", 200).hands_off()
    return scene.until(lambda s: s.truth["pump_withdrawn_nl"] >= volume_nl, 5)


def retracts(scene: Scene, kind: type) -> list[Any]:
    return [entry for entry in scene.entries(kind) if entry.purpose == "retract"]


def after_the_stop(scene: Scene) -> tuple[int, int]:
    """What enters after the pump stood still, and the least line pressure meanwhile."""
    scene.until_phase("settle", 200)
    before_nl, least_pa = scene.truth["entered_nl"], [10**6]

    def calm(_: Scene) -> bool:
        least_pa[0] = min(least_pa[0], scene.truth["line_pa"])
        return scene.phase != "settle"

    scene.until(calm)
    return scene.truth["entered_nl"] - before_nl, least_pa[0]


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-AIR")
@pytest.mark.parametrize(
    ("compliance_nl_kpa", "less_nl"), [pytest.param(700, 300, marks=pytest.mark.long), (800, 400)]
)
def test_less_goes_in_after_the_stop_and_nothing_comes_out(compliance_nl_kpa: int, less_nl: int):
    without_nl, _ = after_the_stop(scene_of(compliance_nl_kpa, retract_nl=0))
    scene = scene_of(compliance_nl_kpa)
    with_nl, least_pa = after_the_stop(scene)
    assert 0 <= with_nl <= without_nl - less_nl
    assert least_pa >= 0
    (end,) = retracts(scene, MotionEnded)
    assert end.moved_nl > 1_000
    assert set(scene.raised) == {"checkpoint"}
    account = scene.state.ledger.account
    assert account is not None
    assert account.low_nl <= scene.truth["entered_nl"] <= account.high_nl
    assert account.high_nl >= scene.truth["pump_infused_nl"]
    # the drive's play is still to be taken up: the next infusion counts it as delivered
    assert scene.world.devices.physics.slack_ul == pytest.approx(0.9)


def test_a_stiff_line_is_left_alone():
    scene = Scene().until_phase("compression", 200)
    assert retracts(scene, MotionIntent) == []


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION")
def test_a_blocked_line_loses_its_pressure():
    """What is stored behind the block does not go in when the block gives way."""
    gone_in = []
    for retract_nl in (0, 30_000):
        scene = scene_of(800, retract_nl=retract_nl).until_injected(20_000).hands_off()
        scene.hand("occluded", True)
        scene.until_phase("stopped", 20)
        scene.hand("hold", False).run(5)
        assert "false-passage" in scene.raised
        before_nl = scene.truth["entered_nl"]
        scene.hand("occluded", False).run(5)
        gone_in.append(scene.truth["entered_nl"] - before_nl)
        assert scene.truth["entered_nl"] <= scene.high_nl
    assert gone_in[0] > 2_000
    assert 0 <= gone_in[1] < 1_500


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-STOP-FAILS", "HZ-AIR")
@pytest.mark.parametrize(
    ("name", "value"),
    [("pain", True), ("keypad_stop", True)],
)
def test_people_and_faults_stop_it_for_good(name: str, value: bool):
    scene = retracting().hand(name, value)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.run(1)
    if name == "pain":
        scene.hand(name, False)
    with nothing_moves(scene):
        scene.run(1).acknowledge_all()
        scene.ask("confirm-reclose", stopcock_closed=True)
        scene.run(5).do("resume", RADIOLOGIST)
        scene.run(5)
    assert len(retracts(scene, MotionIntent)) == 1


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
@pytest.mark.parametrize(("wire", "most_ms"), [("pump", 400), ("line", 210)])
def test_a_lost_link_stops_it_for_good(wire: str, most_ms: int):
    scene = retracting()
    scene.world.wires[wire].pull()
    assert scene.stop_span_ms() <= most_ms
    with nothing_moves(scene):
        scene.run(1)
        scene.world.wires[wire].mend()
        scene.run(5).acknowledge_all().run(1)
    assert len(retracts(scene, MotionIntent)) == 1


@pytest.mark.hazard("HZ-AIR", "HZ-EXTRAVASATION")
def test_a_tip_that_slips_out_ends_it_before_air_comes_in():
    scene = retracting().hand("tip", "out")
    before_nl = scene.truth["pump_withdrawn_nl"]
    least_pa = [10**6]

    def over(_: Scene) -> bool:
        least_pa[0] = min(least_pa[0], scene.truth["line_pa"])
        return not withdrawing(scene)

    scene.until(over, 5)
    scene.run(3)
    assert least_pa[0] >= -NOISE_PA
    assert scene.truth["pump_withdrawn_nl"] - before_nl < 3_000
    assert scene.truth["primed"]


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-UNCOMMANDED-MOTION")
def test_a_controller_killed_while_it_takes_back_is_followed_by_one_that_does_not():
    scene = retracting()
    most_nl = scene.state.injection.retract_nl
    scene.world.freeze(3_000 * MS)
    assert not scene.moving
    second = scene.restarted().hands_off()
    with nothing_moves(second):
        second.run(3).acknowledge_all()
        second.ask("confirm-reclose", stopcock_closed=True)
        second.run(5)
        assert second.do("recovered", RADIOLOGIST) == ()
        second.run(2)
    assert retracts(second, MotionIntent) == []
    assert second.truth["pump_withdrawn_nl"] <= most_nl
    account = second.state.ledger.account
    assert account is not None
    assert account.low_nl <= second.truth["entered_nl"] <= account.high_nl
