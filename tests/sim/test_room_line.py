"""Inputs of the simulated room that act on line and duct."""

import random

import pytest

from sim.devices.room import SimulatedRoom
from sim.physics import FALSE_PASSAGE

S = 1_000_000_000


@pytest.fixture
def room():
    return SimulatedRoom(random.Random(1), now_ns=S)


def test_a_transducer_below_the_tip_shows_the_column_to_sensor_and_switch(room):
    room.set_input("sensor_noise_pa", 0, S)
    room.set_input("sensor_low_mm", 100, 2 * S)
    assert room.pressure_sensor._truth[-1][1] == 1320
    assert room.truth()["line_pa"] == 0
    room.set_input("sensor_low_mm", 0, 3 * S)
    assert room.pressure_sensor._truth[-1][1] == 0


def test_a_tip_under_the_wall_is_in_and_in_a_pocket(room):
    room.set_input("tip", "wall", S)
    assert room.truth()["tip_in_duct"]
    assert room.physics.patient == FALSE_PASSAGE
    room.set_input("tip", "out", 2 * S)
    assert room.physics.patient != FALSE_PASSAGE


def test_a_wall_can_be_made_to_give_way(room):
    assert not room.truth()["torn"]
    room.set_input("torn", True, S)
    assert room.truth()["torn"]


def test_a_cannula_can_be_blocked_in_part(room):
    before = room.physics.cannula_kpa_s_ul()
    room.set_input("occlusion_pa_s_ul", 2_500, S)
    assert room.physics.cannula_kpa_s_ul() == pytest.approx(before + 2.5)
