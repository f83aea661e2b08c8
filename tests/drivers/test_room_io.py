"""Room I/O driver against a bare register device, byte by byte where it matters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import room_io
from drivers.driver import PollPlan
from drivers.room_io import RoomIo
from state_machine.readings import Link, TripCause
from state_machine.targets import Activity, Lamp, RoomTarget, Sounder
from tests.drivers.register_device import MS, Bench, RegisterDevice

OWNER = 0x1234ABCD
PLAN = PollPlan(idle_ns=100 * MS, active_ns=50 * MS, exposing_ns=50 * MS)
OFF = RoomTarget()
PERMIT = RoomTarget(pump_permit=True)
STATUS, COMMAND, CONFIG = 100, 200, 250


def box(**changes) -> RegisterDevice:
    """A box as the map says it: untouched scan, echo of the last command, owner."""
    device = RegisterDevice(3, {})
    device.block(0, [0x4741, 3, 1, 0x0102, 0x0001, 0x86A0, 1, 0])
    device.block(STATUS, [7, 0, 0, 0, 0b0000010010, 0, 1, 1, 0, 0, 0, 1000, 300, 2, 0, 0])
    device.block(CONFIG, [300])
    for address, value in changes.items():
        device.registers[int(address[1:])] = value

    def took(address: int, words: tuple[int, ...]) -> None:
        if address == COMMAND:
            device.block(102, [words[0], words[1]])
            device.registers[101] = words[2]
            device.registers[105] = words[3]
        if address == CONFIG:
            device.registers[112] = words[0]

    def scanned(address: int) -> None:
        if address == STATUS:
            device.registers[100] = (device.registers[100] + 10) & 0xFFFF

    device.on_write, device.on_read = took, scanned
    return device


def bench(device=None, target=OFF, activity=Activity.ACTIVE, **arguments) -> Bench:
    driver = RoomIo(3, frozenset({1}), PLAN, OWNER, **arguments)
    return Bench(driver, device or box(), target, activity)


# --- probe ----------------------------------------------------------------------------------


def test_probe_claims_with_all_off_then_sets_and_reads_back_the_watchdog():
    b = bench(target=RoomTarget(True, 1, True, Lamp.ACTIVE, Sounder.HIGH))
    reading = b.connect()
    assert [(f, a) for f, a, _ in b.device.asked][:4] == [(3, 0), (16, 200), (16, 250), (3, 250)]
    assert b.device.asked[1][2] == (0x1234, 0xABCD, 1, 0, 0xFFFF, 0)
    assert b.device.asked[2][2] == (300,)
    assert reading.link is Link.UP
    assert reading.identity == "room I/O box 100000 firmware 1.2 simulated"
    assert (reading.owned, reading.refusal) == (True, "")


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_no_permit_leaves_before_the_probe_is_done():
    device = box()
    device.mute = {(3, 250)}
    b = bench(device, target=RoomTarget(pump_permit=True, xray_enable=True))
    b.connect()
    b.run(3_000 * MS)
    assert b.driver.reading().link is Link.LOST
    assert device.writes(COMMAND)
    assert all(words[3] == 0 for words in device.writes(COMMAND))


def test_golden_command_frame():
    b = bench()
    b.connect()
    b.target = RoomTarget(True, 3, True, Lamp.FAULT, Sounder.MEDIUM)
    frame = b.driver.give(b.target, b.activity, b.now_ns)
    # outputs: permit 1 + X-ray 2 + lamp 3<<2 + sounder 2<<4 = 0x2F; complement 0xFFD0.
    assert frame[2:] == bytes.fromhex("0000 0013 03 10 00C8 0006 0C 1234ABCD 0002 002F FFD0 0003")


@pytest.mark.parametrize(
    ("register", "value", "words"),
    [
        ("r0", 0x1234, "signature 0x1234 instead of 0x4741"),
        ("r1", 2, r"device kind 2 \(line pressure sensor\) instead of 3 \(room I/O box\)"),
        ("r2", 2, "register map version 2 instead of 1"),
        ("r6", 3, "mode clinical, this room expects simulated"),
        ("r6", 9, "unknown mode 9"),
    ],
)
@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_wrong_device_is_refused_by_name_and_never_written_to(register, value, words):
    device = box(**{register: value})
    b = bench(device, target=PERMIT)
    reading = b.connect()
    assert reading.link is Link.REFUSED
    assert re.search(words, reading.refusal)
    b.run(3_000 * MS)
    assert not device.writes(COMMAND)
    assert not device.writes(CONFIG)
    assert device.reads(0) >= 3, "a corrected device is found without a restart"
    device.block(0, [0x4741, 3, 1, 0x0102, 0, 1, 1, 0])
    b.run(1_000 * MS)
    assert b.driver.reading().link is Link.UP


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_box_owned_by_another_controller_is_refused_and_keeps_its_settings():
    device = box()
    device.exceptions[(16, COMMAND)] = 6
    b = bench(device, target=PERMIT)
    reading = b.connect()
    assert reading.link is Link.REFUSED
    assert "owned by another controller" in reading.refusal
    assert "stop that controller" in reading.refusal
    assert not reading.owned
    assert not device.writes(CONFIG)
    device.exceptions.clear()
    b.run(1_000 * MS)
    assert b.driver.reading().link is Link.UP


def test_watchdog_that_reads_back_differently_is_refused():
    device = box()
    device.on_write = lambda address, words: device.block(CONFIG, [250])
    reading = bench(device).connect()
    assert reading.link is Link.REFUSED
    assert "read back" in reading.refusal


def test_restarted_box_is_set_again():
    b = bench()
    b.connect()
    b.device.registers[112] = 250
    b.run(60 * MS)
    assert b.driver.reading().link is Link.REFUSED
    assert "watchdog in force is 250 ms" in b.driver.reading().refusal
    b.run(1_000 * MS)
    assert b.driver.reading().link is Link.UP
    assert b.device.registers[112] == 300


# --- heartbeat and commands -----------------------------------------------------------------


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_heartbeat_every_50_ms_and_no_nonce_twice_in_a_row():
    b = bench(target=PERMIT)
    b.connect()
    before = len(b.device.writes(COMMAND))
    b.run(1_000 * MS)
    commands = b.device.writes(COMMAND)
    assert 20 <= len(commands) - before <= 21
    nonces = [words[2] for words in commands]
    assert all(one != other for one, other in zip(nonces, nonces[1:], strict=False))
    assert all(nonces)
    assert all(words[3] ^ words[4] == 0xFFFF for words in commands)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_dropped_permit_leaves_in_the_next_free_slot_before_any_poll():
    b = bench(target=PERMIT)
    b.connect()
    b.now_ns += 200 * MS  # heartbeat and poll are both due: the heartbeat is asked first
    first = b.driver.give(PERMIT, b.activity, b.now_ns)
    assert b.driver.give(RoomTarget(), b.activity, b.now_ns) == b"", "one question at a time"
    b.driver.receive(b.device.answer(first), b.now_ns)
    poll_was_due = b.driver.give(RoomTarget(), b.activity, b.now_ns)
    b.device.answer(poll_was_due)
    function, address, words = b.device.asked[-1]
    assert (function, address, words[3]) == (16, COMMAND, 0)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_dropped_permit_leaves_when_the_deadline_of_a_poll_passes():
    b = bench(target=PERMIT)
    b.connect()
    b.device.mute = {(3, STATUS)}
    b.now_ns += 50 * MS
    for _ in range(2):  # heartbeat, then the poll that stays unanswered
        frame = b.driver.give(PERMIT, b.activity, b.now_ns)
        b.driver.receive(b.device.answer(frame), b.now_ns)
    assert b.device.asked[-1][:2] == (3, STATUS)
    late_ns = b.driver.deadline_ns()
    assert late_ns == b.now_ns + 60 * MS
    assert b.driver.give(RoomTarget(), b.activity, late_ns - 1) == b""
    b.device.answer(b.driver.give(RoomTarget(), b.activity, late_ns))
    assert b.device.asked[-1][:2] == (16, COMMAND)
    assert b.device.asked[-1][2][3] == 0


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_command_without_answer_leaves_again_at_its_deadline_with_a_new_nonce():
    b = bench(target=PERMIT, deadline_ns=20 * MS)
    b.connect()
    b.device.mute = {(16, COMMAND)}
    b.device.answer(b.driver.give(OFF, b.activity, b.now_ns))
    b.now_ns += 20 * MS  # long before the next heartbeat is due
    b.device.answer(b.driver.give(OFF, b.activity, b.now_ns))
    one, other = b.device.writes(COMMAND)[-2:]
    assert one[2] != other[2]
    assert one[3] == other[3] == 0


def test_unchanged_target_is_not_written_between_heartbeats():
    b = bench(target=PERMIT)
    b.connect()
    count = len(b.device.writes(COMMAND))
    b.now_ns += 49 * MS
    b.settle()
    assert len(b.device.writes(COMMAND)) == count


def test_trip_that_the_wire_cannot_say_confirms_nothing():
    b = bench(target=RoomTarget(pump_permit=True, reclose_trip_count=65_536))
    b.connect()
    assert b.device.writes(COMMAND)[-1][5] == 0


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_owner_taken_away_while_up_is_refused():
    b = bench(target=PERMIT)
    b.connect()
    b.device.exceptions[(16, COMMAND)] = 6
    b.run(50 * MS)
    assert b.driver.reading().link is Link.REFUSED
    assert "another controller" in b.driver.reading().refusal
    assert not b.driver.reading().owned


# --- readings -------------------------------------------------------------------------------


def test_reading_is_as_old_as_its_question():
    b = bench()
    b.connect()
    b.run(200 * MS)
    b.now_ns += 50 * MS
    b.driver.receive(b.device.answer(b.driver.give(b.target, b.activity, b.now_ns)), b.now_ns)
    asked_ns = b.now_ns
    frame = b.driver.give(b.target, b.activity, asked_ns)
    assert b.driver.receive(b.device.answer(frame), asked_ns + 30 * MS)
    assert b.driver.reading().at_ns == asked_ns


@pytest.mark.hazard("HZ-STALE-DATA")
def test_frozen_image_behind_a_live_server_grows_old():
    b = bench(target=PERMIT)
    b.connect()
    b.run(500 * MS)
    fresh_ns = b.driver.reading().at_ns
    assert fresh_ns > 0
    b.device.on_read = lambda address: None
    b.run(500 * MS)
    assert b.driver.reading().at_ns == fresh_ns
    assert "scan counter stands still" in b.driver.reading().refusal
    assert b.driver.reading().link is Link.UP


@pytest.mark.hazard("HZ-STALE-DATA")
def test_box_that_stopped_listening_grows_old():
    b = bench(target=PERMIT)
    b.connect()
    b.run(500 * MS)
    b.device.on_write = lambda address, words: None  # the echo stands still
    b.run(1_000 * MS)
    reading = b.driver.reading()
    assert b.now_ns - reading.at_ns > 600 * MS
    assert "echoes no recent heartbeat" in reading.refusal


@pytest.mark.parametrize(
    ("bits", "pressed", "disagrees"),
    [(0b00, False, True), (0b01, True, False), (0b10, False, False), (0b11, False, True)],
)
@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_antivalent_hold_switch(bits, pressed, disagrees):
    b = bench(box(r104=bits))
    reading = b.connect()
    assert (reading.hold_pressed, reading.hold_disagrees) == (pressed, disagrees)


@pytest.mark.parametrize(
    ("bit", "field"),
    [
        (2, "pain_pressed"),
        (3, "emergency_stop"),
        (4, "door_closed"),
        (5, "motor_pin"),
        (6, "relay_closed"),
        (7, "stop_line"),
        (8, "xray_enabled"),
        (9, "pressure_switch"),
    ],
)
def test_each_input_bit_has_its_own_field(bit, field):
    fields = [
        "pain_pressed", "emergency_stop", "door_closed", "motor_pin", "relay_closed",
        "stop_line", "xray_enabled", "pressure_switch",
    ]  # fmt: skip
    reading = bench(box(r104=1 << bit)).connect()
    assert [name for name in fields if getattr(reading, name)] == [field]


def test_trip_and_owner_are_read():
    device = box(r106=4, r107=9, r108=1, r109=2, r110=3, r111=4, r113=2)
    reading = bench(device).connect()
    assert reading.trip_cause is TripCause.EMERGENCY_STOP
    assert (reading.trip_count, reading.stop_stage) == (9, 2)
    assert (reading.trip_at_ms, reading.uptime_ms) == (0x10002, 0x30004)
    assert reading.owner_id == OWNER


def test_implausible_status_is_no_reading_and_is_said_when_it_persists():
    b = bench()
    b.connect()
    b.run(200 * MS)
    before = b.driver.reading()
    b.device.registers[106] = 7
    b.run(200 * MS)
    after = b.driver.reading()
    assert after.at_ns == before.at_ns
    assert after.bad_frame_count >= before.bad_frame_count + 3
    assert "trip_cause = 7 (register 106) is outside 0 to 6" in after.refusal
    b.device.registers[106] = 0
    b.run(200 * MS)
    assert b.driver.reading().refusal == ""
    assert b.driver.reading().at_ns > after.at_ns


# --- loss -----------------------------------------------------------------------------------


def test_silent_box_is_lost_after_five_questions_and_found_again():
    b = bench(target=PERMIT)
    b.connect()
    b.device.mute = {(3, STATUS), (16, COMMAND), (3, 0)}
    b.run(50 * MS + 5 * 60 * MS - 1)
    assert b.driver.reading().link is Link.UP, "not before the box would trip by itself"
    b.run(1)
    reading = b.driver.reading()
    assert reading.link is Link.LOST
    assert not reading.owned
    assert "did not answer within 60 ms" in reading.refusal
    b.device.mute = set()
    b.run(1_000 * MS)
    assert b.driver.reading().link is Link.UP


def test_port_lost_says_why_and_asks_for_nothing():
    b = bench(target=PERMIT)
    b.connect()
    b.driver.lost("127.0.0.1:502 was lost (hung up)", b.now_ns)
    reading = b.driver.reading()
    assert (reading.link, reading.owned) == (Link.LOST, False)
    assert reading.refusal == "127.0.0.1:502 was lost (hung up)"
    assert b.driver.give(PERMIT, b.activity, b.now_ns + 10**9) == b""
    assert b.driver.deadline_ns() == 2**63 - 1
    assert not b.driver.receive(b"garbage", b.now_ns)


def test_reconnection_claims_with_all_off_again():
    b = bench(target=PERMIT)
    b.connect()
    b.run(100 * MS)
    assert b.device.writes(COMMAND)[-1][3] == 1
    b.driver.lost("gone", b.now_ns)
    count = len(b.device.writes(COMMAND))
    b.connect()
    assert [words[3] for words in b.device.writes(COMMAND)[count:]] == [0, 1]


@given(st.lists(st.binary(max_size=80), max_size=12))
def test_random_bytes_never_raise(chunks):
    b = bench(target=PERMIT)
    b.connect()
    for chunk in chunks:
        b.now_ns += 20 * MS
        b.driver.give(PERMIT, b.activity, b.now_ns)
        b.driver.receive(chunk, b.now_ns)
    assert b.driver.deadline_ns() >= 0


# --- arguments and tables -------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [{"watchdog_ms": 249}, {"watchdog_ms": 301}, {"heartbeat_ns": 101 * MS}, {"heartbeat_ns": 0}],
)
def test_settings_outside_the_map_are_refused(arguments):
    with pytest.raises(ValueError, match=r"watchdog"):
        bench(**arguments)


@pytest.mark.parametrize("owner_id", [0, -1, 2**32])
def test_owner_id_outside_32_bits_is_refused(owner_id):
    with pytest.raises(ValueError, match="session id"):
        RoomIo(3, frozenset({1}), PLAN, owner_id)


def test_register_map_is_complete_and_says_what_each_row_means():
    rows = room_io.REGISTER_MAP
    assert [row.address for row in rows] == sorted(row.address for row in rows)
    assert len({row.name for row in rows}) == len(rows)
    assert all(row.meaning and row.access in ("r", "w", "rw") for row in rows)
    words = {row.address + n for row in rows for n in range(row.words)}
    assert words == {*range(8), *range(100, 116), *range(200, 206), 250}
