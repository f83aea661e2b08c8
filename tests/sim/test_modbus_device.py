"""The hand-written Modbus server: literal bytes in, literal bytes out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.devices.modbus_device import AduCutter
from sim.devices.pressure_sensor import PressureSensor
from tests.sim.wire import MS, S, ask, code, read, registers, write


@pytest.fixture
def sensor():
    return PressureSensor(random.Random(1))


def test_identity_block_byte_for_byte(sensor):
    reply = ask(sensor, bytes.fromhex("0007 0000 0006 02 03 0000 0008"), S)
    assert reply == bytes.fromhex("0007 0000 0013 02 03 10 4741 0002 0001 0100 0000 4e22 0001 0000")


def test_write_answer_byte_for_byte(sensor):
    reply = ask(sensor, bytes.fromhex("0102 0000 0009 02 10 00c8 0001 02 5a45"), S)
    assert reply == bytes.fromhex("0102 0000 0006 02 10 00c8 0001")


def test_reply_waits_for_the_think_time(sensor):
    sensor.receive(read(2, 0, 8), S)
    assert sensor.take(S + MS - 1) == b""
    assert S + MS <= sensor.wake_ns() <= S + 3 * MS
    assert registers(sensor.take(sensor.wake_ns()))[0] == 0x4741


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (read(2, 9, 1), 2),
        (read(2, 4, 8), 2),
        (read(2, 200, 1), 2),
        (read(2, 0, 0), 3),
        (read(2, 0, 126), 3),
        (write(2, 100, [1]), 2),
        (write(2, 201, [1]), 2),
        (write(2, 200, [0x5A45, 0]), 3),
        (write(2, 200, [0x1234]), 3),
        (read(1, 0, 8), 11),
        (bytes.fromhex("0001 0000 0006 02 04 0000 0008"), 1),
        (bytes.fromhex("0001 0000 0006 02 06 00c8 5a45"), 1),
        (bytes.fromhex("0001 0000 0009 02 10 00c8 0001 03 5a45"), 3),
    ],
)
def test_exception(sensor, request_bytes, expected):
    assert code(ask(sensor, request_bytes, S)) == expected


def test_part_of_a_block_may_be_read(sensor):
    assert registers(ask(sensor, read(2, 1, 2), S)) == [2, 1]


@given(cut=st.integers(0, 24))
def test_requests_are_cut_wherever_the_stream_is(cut):
    stream = read(2, 0, 8, 5) + read(2, 100, 8, 6)
    cutter = AduCutter()
    requests = cutter.feed(stream[:cut]) + cutter.feed(stream[cut:])
    assert [request.transaction for request in requests] == [5, 6]


@pytest.mark.parametrize("octets", ["0001 0001 0006 02", "0001 0000 0001 02", "0001 0000 ffff 02"])
def test_stream_that_is_not_modbus_breaks_the_connection(sensor, octets):
    assert ask(sensor, bytes.fromhex(octets), S) == b""
    assert sensor.broken
    assert ask(sensor, read(2, 0, 8), S) == b""
    sensor.connected()
    assert registers(ask(sensor, read(2, 0, 8), S))


def test_new_connection_forgets_half_a_request_and_old_answers(sensor):
    sensor.receive(read(2, 0, 8) + read(2, 0, 8)[:5], S)
    sensor.connected()
    assert sensor.take(2 * S) == b""
    assert registers(ask(sensor, read(2, 0, 8), 2 * S))


def test_frozen_application_answers_old_values_and_loses_writes(sensor):
    before = registers(ask(sensor, read(2, 100, 8), S))
    sensor.freeze(S)
    assert code(ask(sensor, write(2, 200, [0x5A45]), 2 * S)) == 0
    assert registers(ask(sensor, read(2, 100, 8), 3 * S))[0] == before[0]
    sensor.thaw(4 * S)
    after = registers(ask(sensor, read(2, 100, 8), 4 * S))
    assert after[0] == 4 * S // (5 * MS)
    assert after[6] == 0
