"""Calibrating a room on virtual time through its own controller; and what arming makes of it."""

import dataclasses

import msgspec
import pytest

from config.load import LoadedRoom
from controller.bench.calibrate import Job, compare
from controller.bench.desk import Ended
from controller.record.calibrations import date_of, with_calibrations
from sim.world import World
from state_machine.entries import Noted
from state_machine.profile import Calibrated, Calibration, CheckRule
from tests.world.desk import desk_in
from tests.world.scene import Scene, demo

PPM = {Calibrated.PRESSURE: 1_000, Calibrated.FORCE: 10_000}
HAND = {Calibrated.PRESSURE: "reference_pa", Calibrated.FORCE: "force_reference_mn"}
TAKEN = {
    Calibrated.PRESSURE: (0, 20_000, 40_000, 60_000, 84_000, 0),
    Calibrated.FORCE: (0, 10_000, 20_000, 40_000, 0),
}


class Person:
    """Sets the reference in the simulated room as it is asked to."""

    def __init__(self, world: World, kind: Calibrated) -> None:
        self.world = world
        self.kind = kind
        self.left = list(TAKEN[kind])
        self.said: list[str] = []

    def ask(self, question: str) -> str:
        value = self.left.pop(0)
        assert f"set the reference to {value} " in question
        self.world.set_input(HAND[self.kind], value)
        self.world.run_until(lambda: False, 500_000_000)
        return ""


def calibrated(world: World, folder, kind: Calibrated, by: str = "S. Service"):
    person = Person(world, kind)
    job = Job(
        person.ask, person.said.append, by, "reference 1", 365, world, folder / "calibration.jsonl",
        folder / "record.journal",
    )  # fmt: skip
    desk = desk_in(world, by)
    desk.until(
        lambda s: all(d["link"] == "up" for n, d in s["devices"].items() if n != "pump"), 5_000
    )
    try:
        return compare(job, desk, kind, TAKEN[kind], PPM[kind])
    finally:
        desk.close()


def given(loaded: LoadedRoom, folder, **changes) -> LoadedRoom:
    """The room as its controller starts on that store."""
    profile = with_calibrations(
        loaded.profile, folder / "calibration.jsonl", folder / "record.journal"
    )
    return dataclasses.replace(loaded, profile=msgspec.structs.replace(profile, **changes))


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-WRONG-DEVICE")
def test_a_sound_room_is_calibrated_and_then_sets_up(tmp_path):
    world = World(demo(), 1)
    pressure = calibrated(world, tmp_path, Calibrated.PRESSURE)
    force = calibrated(world, tmp_path, Calibrated.FORCE)
    for result in (pressure, force):
        assert result.passed, result.verdict
        assert abs(result.value) < 5_000
        assert result.until_day == result.made_day + 365
        assert date_of(result.made_day) < date_of(result.until_day)
        assert {part.name for part in result.parts} >= {"reference", "repeatability", "zero"}
    noted = [e for e in world.journal.entries if isinstance(e, Noted) and e.topic == "service"]
    assert [dict(e.facts)["work"] for e in noted] == ["calibrate", "done"] * 2
    assert noted[1].by == "S. Service"
    required = given(demo(), tmp_path, calibration=CheckRule.REQUIRED)
    scene = Scene(loaded=required).until_phase("set-up")
    waits = scene.until(lambda s: s.procedure.last["phase"] == "set-up").procedure.last
    words = " ".join(waits["ways"]["set-up"])
    assert "calibrat" not in words
    shown = waits["calibration"]
    assert (shown["rule"], shown["fault"]) == ("required", "")
    assert {one["kind"] for one in shown["found"]} == {"pressure", "force"}


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-COMPRESSION", "HZ-WRONG-DEVICE")
def test_without_calibration_nothing_is_set_up_where_it_is_required(tmp_path):
    scene = Scene(loaded=given(demo(), tmp_path, calibration=CheckRule.REQUIRED))
    scene.until_phase("set-up").run(5)
    words = " ".join(scene.procedure.last["ways"]["set-up"])
    assert "galactograph service calibrate pressure" in words
    assert "galactograph service calibrate force" in words
    assert scene.phase == "set-up"
    assert not scene.moving


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    ("fault", "kind", "why"),
    [
        ("sensor_span_ppm", Calibrated.PRESSURE, "has no calibration that was passed"),
        ("force_span_ppm", Calibrated.FORCE, "has no calibration that was passed"),
    ],
)
def test_a_sensor_that_is_out_is_not_passed_and_refuses_even_where_waived(
    fault, kind, why, tmp_path
):
    world = World(demo(), 1)
    world.set_input(fault, 120_000)
    result = calibrated(world, tmp_path, kind)
    assert not result.passed
    assert result.value == pytest.approx(120_000, abs=4_000)
    scene = Scene(loaded=given(demo(), tmp_path)).until_phase("set-up")
    scene.run(5)
    assert why in " ".join(scene.procedure.last["ways"]["set-up"])
    assert scene.phase == "set-up"


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-WRONG-DEVICE")
def test_a_calibration_that_expires_in_a_procedure_refuses_arming():
    scene = Scene().until_phase("armed")
    scene.hands_off()
    assert scene.do("disarm") == ()
    profile = scene.state.profile
    assert scene.state.case is not None
    day = scene.state.case.utc_day
    made = msgspec.structs.replace
    old = Calibration(Calibrated.PRESSURE, scene.readings.line.identity, True, 0, 0, day - 300, day)
    room = scene.world.room
    room.state = made(room.state, profile=made(profile, calibrations=(old,)))
    assert any("has expired" in words for words in scene.do("arm"))
    room.state = made(
        room.state, profile=made(profile, calibrations=(made(old, until_day=day + 1),))
    )
    assert not any("calibration" in words for words in scene.do("arm"))


def test_nobody_calibrates_in_a_procedure_nor_in_another_role(tmp_path):
    scene = Scene().until_phase("checklist")
    with pytest.raises(Ended, match="a procedure is open"):
        calibrated(scene.world, tmp_path, Calibrated.PRESSURE)
    assert scene.ask("service", work="calibrate") == ("service work is done in the role service",
        "service work is done in standby, and a procedure is open: close it first")  # fmt: skip
    assert not (tmp_path / "calibration.jsonl").exists()
