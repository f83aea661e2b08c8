"""What a simulated device does wrong when it is told to, and that it does it right before."""

import random
from typing import Any

import pytest

from sim.devices.mammograph import EXPOSE, EXPOSING, OFF, PREPARE, Mammograph
from sim.devices.new_era_model import PumpModel
from sim.devices.paddle import HOLDING, PERMIT, RELEASE, RELEASING, Paddle
from sim.devices.room import SimulatedRoom

S = 10**9


def room() -> SimulatedRoom:
    return SimulatedRoom(random.Random(1))


def running(model: PumpModel) -> PumpModel:
    model.alarm = ""
    model.phase.rate_milli, model.phase.rate_unit, model.phase.volume_nl = 100_000, "UM", 50_000
    model.phases[1].function = "STP"
    assert model.start() == ""
    return model


@pytest.mark.parametrize(("speed_ppm", "moved_nl"), [(1_000_000, 16_666), (1_500_000, 25_000)])
def test_a_motor_that_runs_at_another_speed(speed_ppm: int, moved_nl: int):
    model = running(PumpModel(0))
    model.speed_ppm = speed_ppm
    model.advance(10 * S)
    assert model.infused_nl == moved_nl
    assert model.rate_milli() == 100_000, "it says what it was told"
    model.advance(60 * S)
    assert (model.infused_nl, model.motor_on) == (50_000, False)


def test_a_transducer_that_sticks():
    sensor = room().pressure_sensor
    sensor.advance(S)
    before = sensor._status()[2:4]
    sensor.stuck = True
    sensor.set_pressure(50_000, 2 * S)
    sensor.advance(3 * S)
    assert sensor._status()[2:4] == before
    sensor.stuck = False
    assert sensor._status()[2:4] != before


def test_a_drift_begins_from_what_is_shown():
    devices = room()
    sensor = devices.pressure_sensor
    sensor.noise_pa = 0
    devices.advance(3600 * S)
    devices.set_input("sensor_drift_pa_h", 3_600, 3600 * S)
    assert sensor._scan_pa() == 0
    devices.advance(3610 * S)
    assert sensor._scan_pa() == 10


@pytest.mark.parametrize("name", ["line", "room", "mammograph"])
def test_another_register_map_survives_a_power_cycle(name: str):
    place = {"line": "pressure_sensor", "room": "room_io"}.get(name, name)
    devices = room()
    devices.set_input(f"map_version_{name}", 2, S)
    devices.set_input("power_cycle", place, 2 * S)
    device: Any = devices.inner(place)
    assert device._identity()[2] == 2


def exposing(endless: bool) -> Mammograph:
    unit = Mammograph(random.Random(1))
    unit.endless = endless
    unit._want_exposure(PREPARE)
    unit.advance(2 * S)
    unit._want_exposure(EXPOSE)
    assert unit.state == EXPOSING
    unit.advance(8 * S)
    return unit


def test_an_exposure_that_does_not_end_by_itself():
    assert not exposing(endless=False).beam_on
    unit = exposing(endless=True)
    assert unit.beam_on
    unit._want_exposure(OFF)
    assert (unit.beam_on, unit.exposures) == (False, 1)


def test_the_enable_line_ends_it_too():
    unit = exposing(endless=True)
    unit.set_xray_enable(False, 9 * S)
    assert not unit.beam_on


@pytest.mark.parametrize(("stuck", "state"), [(False, RELEASING), (True, HOLDING)])
def test_a_paddle_that_does_not_go_up(stuck: bool, state: int):
    paddle = Paddle(0)
    paddle.command(PERMIT, 30_000, 0)
    paddle.set_pedal(True, 0)
    paddle.advance(20 * S)
    paddle.stuck = stuck
    paddle.command(RELEASE, 30_000, 21 * S)
    assert paddle.state == state


def test_x_rays_are_among_the_events():
    devices = room()
    unit = devices.mammograph
    unit._want_exposure(PREPARE)
    devices.advance(2 * S)
    devices.set_input("door", "closed", 2 * S)
    unit.xray_enabled = True
    unit._want_exposure(EXPOSE)
    devices.settle()
    devices.advance(6 * S)
    names = [(name, at_ns) for at_ns, name, _, _ in devices.events if name.startswith("beam")]
    assert [name for name, _ in names] == ["beam-on", "beam-off"]
    assert names[1][1] - names[0][1] == 1_030 * 10**6


def test_reseeded_rooms_go_on_alike():
    one, two = SimulatedRoom(random.Random(1)), SimulatedRoom(random.Random(2))
    for devices in (one, two):
        devices.reseed(random.Random("7/room"))
        devices.advance(S)
    assert one.pressure_sensor._status()[2:4] == two.pressure_sensor._status()[2:4]
