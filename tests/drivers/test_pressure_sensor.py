"""Line pressure sensor driver against a bare register device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import pressure_sensor
from drivers.driver import PollPlan
from drivers.pressure_sensor import PressureSensor
from state_machine.readings import Link
from state_machine.targets import Activity, LineTarget
from tests.drivers.register_device import MS, Bench, RegisterDevice

PLAN = PollPlan(idle_ns=200 * MS, active_ns=20 * MS, exposing_ns=100 * MS)
STATUS, ZERO = 100, 200
LEAVE_ALONE = LineTarget()


def sensor(**changes) -> RegisterDevice:
    """A sensor from -50 to 200 kPa at 1.5 kPa and 36.5 degrees."""
    device = RegisterDevice(2, {})
    device.block(0, [0x4741, 2, 1, 0x0203, 0, 42, 2, 0])
    device.block(50, [0xFFFF, 0x3CB0, 0x0003, 0x0D40])
    device.block(STATUS, [65_535, 0, 0, 1_500, 0, 36_500, 4, 0])
    for address, value in changes.items():
        device.registers[int(address[1:])] = value

    def scanned(address: int) -> None:
        if address == STATUS:
            device.registers[100] = (device.registers[100] + 4) & 0xFFFF

    def took(address: int, words: tuple[int, ...]) -> None:
        if (address, words) == (ZERO, (0x5A45,)):
            device.registers[106] += 1

    device.on_read, device.on_write = scanned, took
    return device


def bench(device=None, target=LEAVE_ALONE, **arguments) -> Bench:
    driver = PressureSensor(2, frozenset({2}), PLAN, **arguments)
    return Bench(driver, device or sensor(), target, Activity.ACTIVE)


def test_probe_reads_identity_and_range_and_writes_nothing():
    b = bench()
    reading = b.connect()
    assert [(f, a) for f, a, _ in b.device.asked] == [(3, 0), (3, 50), (3, STATUS)]
    assert reading.link is Link.UP
    assert reading.identity == "line pressure sensor 42 firmware 2.3 bench"
    assert (reading.range_low_pa, reading.range_high_pa) == (-50_000, 200_000)


@pytest.mark.parametrize(
    "words",
    [[0, 1, 3, 0x0D40], [0, 0, 0, 0], [0, 0, 0x0002, 0x1B0F], [0, 0, 0xFFFF, 0xFFFF]],
    ids=["low above zero", "high is zero", "high one pascal short", "high negative"],
)
@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_unsuitable_range_is_refused(words):
    device = sensor()
    device.block(50, words)
    reading = bench(device).connect()
    assert reading.link is Link.REFUSED
    assert "reach 138000 Pa" in reading.refusal
    assert "fit a sensor" in reading.refusal


def test_least_suitable_range_is_taken():
    device = sensor()
    device.block(50, [0, 0, 0x0002, 0x1B10])
    assert bench(device).connect().link is Link.UP


def test_golden_status_frames():
    b = bench()
    b.connect()
    b.now_ns += 20 * MS
    frame = b.driver.give(b.target, b.activity, b.now_ns)
    assert frame == bytes.fromhex("0004 0000 0006 02 03 0064 0008")
    answer = "0004 0000 0013 02 03 10 0009 0000 FFFFFF38 80000000 0004 0000"
    assert b.driver.receive(bytes.fromhex(answer), b.now_ns + 5 * MS)
    reading = b.driver.reading()
    assert (reading.pressure_pa, reading.temperature_mc) == (-200, None)
    assert (reading.zero_count, reading.at_ns) == (4, b.now_ns)


def test_polls_follow_the_plan():
    b = bench()
    b.connect()
    before = b.device.reads(STATUS)
    b.run(1_000 * MS)
    assert b.device.reads(STATUS) - before == 50
    b.activity = Activity.IDLE
    b.settle()
    before = b.device.reads(STATUS)
    b.run(1_000 * MS)
    assert b.device.reads(STATUS) - before == 5


@pytest.mark.hazard("HZ-STALE-DATA")
def test_first_poll_proves_nothing_and_a_frozen_scan_grows_old():
    b = bench()
    assert b.connect().at_ns == 0
    b.run(100 * MS)
    at_ns = b.driver.reading().at_ns
    assert at_ns == b.now_ns
    b.device.on_read = lambda address: None
    b.run(200 * MS)
    assert b.driver.reading().at_ns == at_ns
    assert "stands still" in b.driver.reading().refusal


@pytest.mark.parametrize(
    ("bits", "words"),
    [(1, "outside -50000 to 200000 Pa"), (2, "reports a fault"), (3, "reports a fault")],
)
@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_over_range_and_fault_leave_no_pressure(bits, words):
    b = bench(sensor(r101=bits))
    b.connect()
    b.run(100 * MS)
    reading = b.driver.reading()
    assert reading.pressure_pa is None
    assert reading.at_ns == b.now_ns
    assert words in reading.refusal


def test_never_zeroed_still_measures():
    assert bench(sensor(r101=4)).connect().pressure_pa == 1_500


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_pressure_outside_the_sensor_range_is_no_reading():
    b = bench()
    b.connect()
    b.run(100 * MS)
    before = b.driver.reading()
    b.device.block(102, [0x0003, 0x0D41])
    b.run(100 * MS)
    reading = b.driver.reading()
    assert reading.at_ns == before.at_ns
    assert reading.bad_frame_count >= before.bad_frame_count + 3
    assert "200001 Pa is outside" in reading.refusal


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_bad_frame_is_asked_again_at_once():
    b = bench()
    b.connect()
    b.run(100 * MS)
    b.now_ns += 20 * MS
    frame = b.driver.give(b.target, b.activity, b.now_ns)
    wrong = bytearray(b.device.answer(frame))
    wrong[6] = 9  # unit id of somebody else
    b.driver.receive(bytes(wrong), b.now_ns)
    again = b.driver.give(b.target, b.activity, b.now_ns)
    assert again[2:] == frame[2:]
    b.driver.receive(b.device.answer(again), b.now_ns)
    reading = b.driver.reading()
    assert (reading.at_ns, reading.bad_frame_count) == (b.now_ns, 1)


# --- zeroing --------------------------------------------------------------------------------


def test_zeroes_once_when_one_less_is_read():
    b = bench(target=LineTarget(zero_count=5))
    b.connect()
    b.run(1_000 * MS)
    assert b.device.writes(ZERO) == [(0x5A45,)]
    assert b.driver.reading().zero_count == 5
    b.target = LineTarget(zero_count=6)
    b.run(1_000 * MS)
    assert b.driver.reading().zero_count == 6
    assert len(b.device.writes(ZERO)) == 2


@pytest.mark.parametrize("wanted", [0, 1, 4, 6, 70_000])
def test_other_counts_are_left_alone(wanted):
    b = bench(target=LineTarget(zero_count=wanted))
    b.connect()
    b.run(500 * MS)
    assert b.device.writes(ZERO) == []


def test_zero_whose_answer_was_lost_is_not_repeated_when_it_was_done():
    b = bench(target=LineTarget(zero_count=5))
    b.device.mute = {(16, ZERO)}
    b.connect()
    b.run(1_000 * MS)
    assert len(b.device.writes(ZERO)) == 1
    assert b.driver.reading().zero_count == 5


def test_zero_that_was_never_done_is_asked_again_only_after_the_counter_was_read():
    b = bench(target=LineTarget(zero_count=5))
    b.device.mute = {(16, ZERO)}
    took, b.device.on_write = b.device.on_write, lambda address, words: None
    b.connect()
    b.run(250 * MS)
    assert len(b.device.writes(ZERO)) == 1
    b.device.mute, b.device.on_write = set(), took
    b.run(200 * MS)
    assert len(b.device.writes(ZERO)) == 2
    assert b.driver.reading().zero_count == 5


def test_reconnection_does_not_zero_a_second_time():
    b = bench(target=LineTarget(zero_count=5))
    b.device.on_write = lambda address, words: None
    b.connect()
    b.driver.lost("gone", b.now_ns)
    b.connect()
    b.run(250 * MS)
    assert len(b.device.writes(ZERO)) == 1


def test_zero_acknowledged_and_not_done_is_said_and_not_repeated():
    b = bench(target=LineTarget(zero_count=5))
    b.device.on_write = lambda address, words: None
    b.connect()
    b.run(1_000 * MS)
    assert len(b.device.writes(ZERO)) == 1
    assert "counter stays at 4" in b.driver.reading().refusal


def test_refused_zero_is_said_and_not_repeated():
    b = bench(target=LineTarget(zero_count=5))
    b.device.exceptions = {(16, ZERO): 6}
    b.connect()
    b.run(1_000 * MS)
    assert len(b.device.writes(ZERO)) == 1
    assert "zeroing was refused (exception 6" in b.driver.reading().refusal
    assert b.driver.reading().link is Link.UP


# --- robustness -----------------------------------------------------------------------------


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_clinical_room_refuses_a_bench_sensor():
    driver = PressureSensor(2, frozenset({3}), PLAN)
    reading = Bench(driver, sensor(), LEAVE_ALONE, Activity.IDLE).connect()
    assert reading.link is Link.REFUSED
    assert "mode bench, this room expects clinical" in reading.refusal


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_random_bytes_never_raise(chunks):
    b = bench(target=LineTarget(zero_count=5))
    b.connect()
    for chunk in chunks:
        b.now_ns += 15 * MS
        b.driver.give(b.target, b.activity, b.now_ns)
        b.driver.receive(chunk, b.now_ns)


@given(st.lists(st.integers(0, 0xFFFF), min_size=8, max_size=8))
def test_random_status_never_raises_nor_leaves_the_range(words):
    b = bench()
    b.connect()
    b.device.block(STATUS, words)
    b.run(60 * MS)
    pressure = b.driver.reading().pressure_pa
    assert pressure is None or -50_000 <= pressure <= 200_000


def test_register_map_is_complete():
    rows = pressure_sensor.REGISTER_MAP
    words = {row.address + n for row in rows for n in range(row.words)}
    assert words == {*range(8), *range(50, 54), *range(100, 108), 200}
