"""Procedures of which the seed draws rig, patient, wires, order and habits."""

import random

import pytest

from sim.procedure import LONG_SHARE, draw_order, drawn
from sim.technologist import Order, Technologist
from tests.world.scene import S, demo


def test_the_same_seed_is_the_same_room_and_person_to_the_byte():
    digests = []
    for seed in (4, 4, 5):
        procedure = drawn(demo(), seed)
        procedure.world.run_until(procedure.done, 6 * S)
        digests.append(procedure.world.digest())
    assert digests[0] == digests[1] != digests[2]


def test_everything_differs_from_seed_to_seed_and_fits_what_is_mounted():
    rooms = [drawn(demo(), seed) for seed in range(6)]
    rigs = {room.world.devices.physics.rig for room in rooms}
    patients = {room.world.devices.physics.patient for room in rooms}
    noises = {room.world.devices.pressure_sensor.noise_pa for room in rooms}
    assert len(rigs) == len(patients) == len(noises) == 6
    assert len({room.world.wires["line"].manner for room in rooms}) == 6


def test_somebody_else_brings_an_order_of_their_own():
    who = Technologist(demo().profile, Order(ordered_nl=12_000))
    assert drawn(demo(), 1, who).who is who
    assert who.order.ordered_nl == 12_000
    assert who.habits is not None


def test_orders_mean_a_minute_of_flow_and_a_share_is_long():
    orders = [draw_order(random.Random(seed)) for seed in range(1000)]
    long = [order for order in orders if len(order.views) + order.top_up + order.ducts > 2]
    assert len(long) / len(orders) == pytest.approx(LONG_SHARE, abs=0.04)
    for order in orders:
        injected_nl = order.ordered_nl * (1 + order.top_up) * order.ducts
        assert injected_nl >= 160_000  # 50 uL at 0.1 mL/min and the rest at 0.2: 63 s
