"""Pressure sensor: registers, noise, zeroing."""

import random
import statistics

import pytest

from sim.devices.pressure_sensor import PressureSensor
from tests.sim.wire import MS, S, ask, code, read, registers, signed, wide, write


@pytest.fixture
def sensor():
    sensor = PressureSensor(random.Random(1))
    sensor.noise_pa = 0
    return sensor


def status(sensor, now_ns):
    return registers(ask(sensor, read(2, 100, 8), now_ns))


def test_range_is_plausible(sensor):
    words = registers(ask(sensor, read(2, 50, 4), S))
    assert (signed(words, 0), signed(words, 2)) == (-50_000, 250_000)


def test_pressure_is_signed(sensor):
    sensor.set_pressure(-1500, S)
    assert signed(status(sensor, S), 2) == -1500
    sensor.set_pressure(138_000, 2 * S)
    assert signed(status(sensor, 2 * S), 2) == 138_000


def test_over_range_is_flagged_and_clipped(sensor):
    sensor.set_pressure(300_000, S)
    words = status(sensor, S)
    assert signed(words, 2) == 250_000
    assert words[1] == 0b101


def test_scan_advances_every_5_ms_and_wraps(sensor):
    assert status(sensor, S)[0] == 200
    assert status(sensor, S + 5 * MS)[0] == 201
    assert status(sensor, 65536 * 5 * MS)[0] == 0


def test_zero_takes_the_mean_of_the_last_100_ms(sensor):
    sensor.set_pressure(1000, S)
    sensor.set_pressure(2000, S + 250 * MS)
    assert status(sensor, S + 290 * MS)[1] & 4
    assert code(ask(sensor, write(2, 200, [0x5A45]), S + 300 * MS)) == 0
    words = status(sensor, S + 400 * MS)
    assert signed(words, 2) == 500
    assert words[6] == 1
    assert not words[1] & 4


def test_zero_removes_a_height_error(sensor):
    sensor.offset_pa = 1320
    assert signed(status(sensor, S), 2) == 1320
    ask(sensor, write(2, 200, [0x5A45]), 2 * S)
    assert signed(status(sensor, 3 * S), 2) == 0


def test_drift_grows_with_time(sensor):
    sensor.drift_pa_h = 500
    assert signed(status(sensor, 7200 * S), 2) == 1000


def test_temperature_and_its_absence(sensor):
    assert wide(status(sensor, S), 4) == 37_000
    sensor.temperature_mc = None
    assert wide(status(sensor, S), 4) == 0x8000_0000


def test_fault_bit(sensor):
    sensor.fault = True
    assert status(sensor, S)[1] & 2


def test_noise_has_its_size_and_is_one_value_per_scan():
    sensor = PressureSensor(random.Random(1))
    values = [signed(status(sensor, S + k * 100 * MS), 2) for k in range(400)]
    assert statistics.pstdev(values) == pytest.approx(200, rel=0.15)
    assert abs(statistics.fmean(values)) < 40
    repeats = {signed(status(sensor, 50 * S), 2) for _ in range(5)}
    assert len(repeats) == 1


def test_restart_loses_the_zero(sensor):
    ask(sensor, write(2, 200, [0x5A45]), S)
    sensor.restart(2 * S)
    words = status(sensor, 2 * S)
    assert words[1] & 4
    assert words[6] == 0
