"""Mammography unit driver against a bare register device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import mammograph
from drivers.driver import PollPlan
from drivers.mammograph import Mammograph
from state_machine.readings import Link, Paddle, UnitState
from state_machine.targets import Activity, Compression, ExposureStage, MammographTarget, View
from tests.drivers.register_device import MS, Bench, RegisterDevice

PLAN = PollPlan(idle_ns=500 * MS, active_ns=200 * MS, exposing_ns=50 * MS)
STATUS, COMMAND, CONFIG = 100, 200, 250
SAFE = MammographTarget()
EXPOSE = MammographTarget(Compression.HOLD, ExposureStage.EXPOSE, View.CC, 60_000)


def mammography_unit(**changes) -> RegisterDevice:
    """A unit in standby with a released paddle."""
    device = RegisterDevice(1, {})
    device.block(0, [0x4741, 1, 1, 0x0100, 0, 7, 1, 0])
    device.block(STATUS, [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 0, 28_000, 0, 9_000, 800, 0, 500])
    device.block(118, [1, 0, 1, 30, 500, 0])
    device.block(CONFIG, [500, 30])
    for address, value in changes.items():
        device.registers[int(address[1:])] = value

    def scanned(address: int) -> None:
        if address == STATUS:
            device.registers[100] = (device.registers[100] + 1) & 0xFFFF

    def took(address: int, words: tuple[int, ...]) -> None:
        if address == COMMAND:
            device.registers[101] = words[0]
        if address == CONFIG:
            device.block(121, [words[1], words[0]])

    device.on_read, device.on_write = scanned, took
    return device


def bench(device=None, target=SAFE, activity=Activity.ACTIVE, **arguments) -> Bench:
    driver = Mammograph(1, frozenset({1}), PLAN, **({"release_delay_s": 30} | arguments))
    return Bench(driver, device or mammography_unit(), target, activity)


# --- probe ----------------------------------------------------------------------------------


def test_probe_sets_watchdog_and_delay_reads_them_back_then_says_safe():
    b = bench(target=EXPOSE)
    reading = b.connect()
    asked = [(f, a) for f, a, _ in b.device.asked]
    assert asked[:4] == [(3, 0), (16, 250), (3, 250), (16, 200)]
    assert b.device.asked[1][2] == (500, 30)
    # nonce 1, hold, exposure off, no view, no force, reserved, check 0xA5A5 ^ 1 ^ 1.
    assert b.device.asked[3][2] == (1, 1, 0, 0, 0, 0, 0, 0xA5A5)
    assert reading.link is Link.UP
    assert reading.identity == "mammograph 7 firmware 1.0 simulated"


@pytest.mark.hazard("HZ-EXPOSURE")
def test_no_permit_leaves_before_the_probe_is_done():
    device = mammography_unit()
    device.exceptions = {(16, CONFIG): 3}
    b = bench(device, target=EXPOSE)
    b.connect()
    b.run(3_000 * MS)
    assert b.driver.reading().link is Link.REFUSED
    assert "settings" in b.driver.reading().refusal
    assert device.writes(COMMAND) == []


def test_golden_command_frame():
    b = bench()
    b.connect()
    target = MammographTarget(Compression.PERMIT, ExposureStage.PREP, View.ML_MAG, 70_000)
    frame = b.driver.give(target, b.activity, b.now_ns)
    # 0xA5A5 ^ 0002 ^ 0002 ^ 0001 ^ 0006 ^ 0001 ^ 1170 ^ 0000 = 0xB4D3
    assert frame[2:] == bytes.fromhex(
        "0000 0017 01 10 00C8 0008 10 0002 0002 0001 0006 0001 1170 0000 B4D3"
    )


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_wrong_kind_is_refused_by_name():
    reading = bench(mammography_unit(r1=3)).connect()
    assert reading.link is Link.REFUSED
    assert "device kind 3 (room I/O box) instead of 1 (mammograph)" in reading.refusal
    assert "room file" in reading.refusal


def test_settings_in_force_that_change_are_set_again():
    b = bench()
    b.connect()
    b.device.registers[121] = 0
    b.run(250 * MS)
    assert b.driver.reading().link is Link.REFUSED
    assert "settings in force" in b.driver.reading().refusal
    b.run(1_000 * MS)
    assert b.driver.reading().link is Link.UP
    assert b.device.registers[121] == 30


# --- heartbeat and commands -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("activity", "per_second"),
    [(Activity.IDLE, 6), (Activity.ACTIVE, 6), (Activity.EXPOSING, 20)],
)
@pytest.mark.hazard("HZ-EXPOSURE")
def test_heartbeat_at_the_pace_of_polls_and_thrice_per_watchdog(activity, per_second):
    b = bench(activity=activity)
    b.connect()
    before = len(b.device.writes(COMMAND))
    b.run(1_000 * MS)
    commands = b.device.writes(COMMAND)
    assert per_second <= len(commands) - before <= per_second + 1
    nonces = [words[0] for words in commands]
    assert all(one != other for one, other in zip(nonces, nonces[1:], strict=False))


def test_every_command_carries_its_check():
    b = bench(target=EXPOSE, activity=Activity.EXPOSING)
    b.connect()
    b.run(300 * MS)
    for words in b.device.writes(COMMAND):
        check = 0xA5A5
        for word in words:
            check ^= word
        assert check == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (EXPOSE, SAFE),
        (MammographTarget(Compression.PERMIT, force_limit_mn=60_000), SAFE),
        (SAFE, MammographTarget(Compression.RELEASE)),
    ],
    ids=["exposure off", "no more descent", "release"],
)
@pytest.mark.hazard("HZ-EXPOSURE", "HZ-COMPRESSION")
def test_withdrawn_permit_leaves_before_the_poll_that_is_due(before, after):
    b = bench(target=before)
    b.connect()
    b.now_ns += 150 * MS
    b.settle()
    b.now_ns += 60 * MS  # the poll is due, the heartbeat is not
    frame = b.driver.give(after, b.activity, b.now_ns)
    b.driver.receive(b.device.answer(frame), b.now_ns)
    function, address, words = b.device.asked[-1]
    assert (function, address) == (16, COMMAND)
    assert words[1:3] == (after.compression.value, after.exposure.value)
    b.device.answer(b.driver.give(after, b.activity, b.now_ns))
    assert b.device.asked[-1][:2] == (3, STATUS)


@pytest.mark.hazard("HZ-EXPOSURE")
def test_lost_answer_to_exposure_off_is_said_again_with_a_new_nonce():
    b = bench(target=EXPOSE)
    b.connect()
    b.device.answer(b.driver.give(SAFE, b.activity, b.now_ns))
    b.now_ns += 100 * MS
    b.device.answer(b.driver.give(SAFE, b.activity, b.now_ns))
    one, other = b.device.writes(COMMAND)[-2:]
    assert (one[2], other[2]) == (0, 0)
    assert one[0] != other[0]


@pytest.mark.parametrize("limit", [-1, 200_001])
@pytest.mark.hazard("HZ-COMPRESSION")
def test_force_limit_that_the_wire_cannot_say_permits_no_descent(limit):
    b = bench(target=MammographTarget(Compression.PERMIT, force_limit_mn=limit))
    b.connect()
    words = b.device.writes(COMMAND)[-1]
    assert (words[1], words[4], words[5]) == (1, 0, 0)


@pytest.mark.hazard("HZ-COMPRESSION")
def test_release_is_said_whatever_the_force_limit():
    b = bench(target=MammographTarget(Compression.RELEASE, force_limit_mn=-5))
    b.connect()
    assert b.device.writes(COMMAND)[-1][1] == 3


def test_command_that_the_unit_refuses_takes_the_link_down_with_words():
    b = bench()
    b.connect()
    b.device.exceptions = {(16, COMMAND): 3}
    b.run(200 * MS)
    assert b.driver.reading().link is Link.REFUSED
    assert "exception 3 (illegal data value)" in b.driver.reading().refusal


# --- readings -------------------------------------------------------------------------------


def test_status_is_read():
    device = mammography_unit(
        r102=5, r103=3, r104=3, r105=0, r106=40_000, r107=0, r108=45_000, r109=1, r110=2,
        r118=1, r119=5, r120=0b11,
    )  # fmt: skip
    reading = bench(device).connect()
    assert (reading.unit_state, reading.fault_code) == (UnitState.DONE, 3)
    assert (reading.paddle, reading.force_mn, reading.thickness_um) == (
        Paddle.HOLDING,
        40_000,
        45_000,
    )
    assert reading.exposure_count == 0x10002
    assert (reading.tube_voltage_v, reading.tube_charge_uas) == (28_000, 9_000)
    assert (reading.exposure_ms, reading.prepulse_uas, reading.aec) == (800, 500, True)
    assert (reading.view_code, reading.door_closed, reading.watchdog_tripped) == (5, True, True)


def test_manual_technique_and_open_door():
    reading = bench(mammography_unit(r118=2, r120=0)).connect()
    assert (reading.aec, reading.door_closed, reading.watchdog_tripped) == (False, False, False)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_frozen_scan_grows_old():
    b = bench(activity=Activity.EXPOSING)
    b.connect()
    b.run(500 * MS)
    at_ns = b.driver.reading().at_ns
    assert b.now_ns - at_ns < 100 * MS
    b.device.on_read = lambda address: None
    b.run(500 * MS)
    assert b.driver.reading().at_ns == at_ns
    assert "stands still" in b.driver.reading().refusal


@pytest.mark.hazard("HZ-STALE-DATA")
def test_unit_that_stopped_listening_grows_old():
    b = bench(activity=Activity.EXPOSING)
    b.connect()
    b.run(500 * MS)
    b.device.on_write = lambda address, words: None
    b.run(1_500 * MS)
    assert b.now_ns - b.driver.reading().at_ns > 900 * MS
    assert "no recent heartbeat" in b.driver.reading().refusal


@pytest.mark.parametrize(
    ("register", "value"), [(102, 0), (102, 7), (104, 5), (105, 7), (118, 3), (119, 10)]
)
def test_implausible_status_is_no_reading(register, value):
    b = bench()
    b.connect()
    b.run(500 * MS)
    before = b.driver.reading()
    b.device.registers[register] = value
    b.run(600 * MS)
    after = b.driver.reading()
    assert (after.at_ns, after.unit_state) == (before.at_ns, before.unit_state)
    assert f"register {register}" in after.refusal


@given(st.lists(st.integers(0, 0xFFFF), min_size=24, max_size=24))
def test_random_status_never_raises(words):
    b = bench()
    b.connect()
    b.device.block(STATUS, words)
    b.run(250 * MS)
    assert b.driver.reading().link in (Link.UP, Link.REFUSED)


@given(st.lists(st.binary(max_size=80), max_size=12))
def test_random_bytes_never_raise(chunks):
    b = bench(target=EXPOSE)
    b.connect()
    for chunk in chunks:
        b.now_ns += 30 * MS
        b.driver.give(EXPOSE, b.activity, b.now_ns)
        b.driver.receive(chunk, b.now_ns)


# --- arguments and tables -------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"watchdog_ms": 199},
        {"watchdog_ms": 2_001},
        {"release_delay_s": 61},
        {"release_delay_s": -1},
    ],
)
def test_settings_outside_the_map_are_refused(arguments):
    with pytest.raises(ValueError, match="is outside"):
        bench(**arguments)


@pytest.mark.parametrize("modes", [frozenset(), frozenset({4})])
def test_unknown_expected_modes_are_refused(modes):
    with pytest.raises(ValueError, match="1 simulated, 2 bench, 3 clinical"):
        Mammograph(1, modes, PLAN, release_delay_s=30)


def test_register_map_is_complete():
    rows = mammograph.REGISTER_MAP
    words = {row.address + n for row in rows for n in range(row.words)}
    assert words == {*range(8), *range(100, 124), *range(200, 208), 250, 251}
