"""Room I/O box: ownership, watchdog, two-stage latched trip, reclose."""

import random

import pytest

from sim.devices.room_io import RoomIo
from tests.sim.wire import MS, S, ask, code, read, registers, wide, write

OWNER = 0x1234_5678
PUMP, XRAY = 1, 2


class Master:
    """A controller that counts its nonce up."""

    def __init__(self, box, owner=OWNER):
        self.box = box
        self.owner = owner
        self.nonce = 0

    def __call__(self, outputs, now_ns, *, reclose=0, nonce=None, complement=None):
        if nonce is None:
            self.nonce += 1
            nonce = self.nonce
        other = outputs ^ 0xFFFF if complement is None else complement
        words = [self.owner >> 16, self.owner & 0xFFFF, nonce, outputs, other, reclose]
        return code(ask(self.box, write(3, 200, words), now_ns))


@pytest.fixture
def box():
    return RoomIo(random.Random(1))


@pytest.fixture
def master(box):
    return Master(box)


@pytest.fixture
def closed(box, master):
    """Permitted at 1 s; returns the master."""
    assert master(PUMP, S, reclose=1) == 0
    assert box.relay_closed
    return master


@pytest.fixture
def ran(box, closed):
    """Permitted at 1 s, and the pump has run since; returns the master."""
    for level in (True, False):
        box.set_contact("motor_pin", level, S)
    return closed


def status(box, now_ns):
    words = registers(ask(box, read(3, 100, 16), now_ns))
    return {
        "scan": words[0],
        "echo": words[1],
        "owner": wide(words, 2),
        "inputs": words[4],
        "outputs": words[5],
        "cause": words[6],
        "count": words[7],
        "trip_ms": wide(words, 8),
        "uptime_ms": wide(words, 10),
        "watchdog_ms": words[12],
        "stage": words[13],
    }


def test_powers_up_tripped_with_everything_open(box):
    seen = status(box, S)
    assert (seen["cause"], seen["count"], seen["stage"], seen["owner"]) == (1, 1, 2, 0)
    assert seen["inputs"] == 0b00_1001_0010
    assert seen["outputs"] == 0
    assert not box.relay_closed
    assert box.ttl_stop


def test_identity(box):
    assert registers(ask(box, read(3, 0, 8), S))[:3] == [0x4741, 3, 1]


def test_inputs_have_their_bits(box):
    for place, name in enumerate(box.contact_names):
        level = name not in ("hold_nc", "door_closed")
        box.set_contact(name, level, S)
        assert status(box, S)["inputs"] >> place & 1 == level


def test_permit_alone_does_not_clear_a_trip(box, master):
    assert master(PUMP, S) == 0
    assert not box.relay_closed
    assert status(box, S + 10 * MS)["cause"] == 1


@pytest.mark.parametrize("reclose", [2, 0xFFFF])
def test_wrong_trip_count_does_not_clear_a_trip(box, master, reclose):
    master(PUMP, S, reclose=reclose)
    assert not box.relay_closed


def test_confirmed_trip_count_with_permit_closes_the_relay(box, closed):
    seen = status(box, S + 10 * MS)
    assert (seen["cause"], seen["stage"], seen["owner"]) == (0, 0, OWNER)
    assert seen["outputs"] == PUMP
    assert seen["inputs"] >> 6 & 3 == 0b01
    assert seen["echo"] == 1


def test_reclose_without_permit_bit_does_nothing(box, master):
    master(0, S, reclose=1)
    assert not box.relay_closed


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_lost_heartbeat_trips_in_two_stages(box, ran):
    trip_ns = S + 250 * MS
    box.advance(trip_ns - 1)
    assert not box.ttl_stop
    box.advance(trip_ns)
    assert box.ttl_stop
    assert box.relay_closed
    box.advance(trip_ns + S - 1)
    assert box.relay_closed
    box.advance(trip_ns + S)
    assert not box.relay_closed
    seen = status(box, trip_ns + S)
    assert (seen["cause"], seen["count"], seen["stage"], seen["trip_ms"]) == (2, 2, 2, 1250)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_pump_that_has_not_run_since_it_got_power_loses_it_at_once(box, closed):
    trip_ns = S + 250 * MS
    box.advance(trip_ns)
    assert (box.relay_closed, box.ttl_stop) == (False, True)
    assert (box.cause, box.stage) == (2, 2)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_count_of_a_pump_that_ran_is_kept_until_its_power_opened(box, ran):
    ran(0, S + 50 * MS)
    assert ran(PUMP, S + 100 * MS, reclose=2) == 0
    ran(0, S + 150 * MS)
    assert box.relay_closed  # permitted again with its power on all the time
    box.advance(S + 150 * MS + S)
    assert not box.relay_closed
    ran(PUMP, 3 * S)
    ran(PUMP, 3 * S, reclose=3)
    assert box.relay_closed
    ran(0, 3 * S + 50 * MS)
    assert not box.relay_closed  # with its power went its count


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_heartbeat_is_an_edge_not_a_level(box, closed):
    for beat in range(1, 5):
        assert closed(PUMP, S + beat * 50 * MS, nonce=1) == 0
    box.advance(S + 250 * MS)
    assert box.ttl_stop


def test_fresh_heartbeats_keep_it_closed(box, closed):
    for beat in range(1, 100):
        closed(PUMP, S + beat * 50 * MS)
    assert box.relay_closed
    assert not box.ttl_stop


def test_lost_heartbeat_drops_xray_and_sounds_by_itself(box, closed):
    closed(PUMP | XRAY, S + 50 * MS)
    assert box.xray_enabled
    box.advance(S + 300 * MS)
    assert not box.xray_enabled
    assert status(box, S + 310 * MS)["outputs"] >> 2 == 0b1111
    closed(PUMP | XRAY, S + 400 * MS)
    assert box.xray_enabled
    assert status(box, S + 410 * MS)["outputs"] == XRAY


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_dropped_permit_trips_and_latches(box, closed):
    closed(0, S + 50 * MS)
    assert box.ttl_stop
    assert box.cause == 3
    closed(PUMP, S + 100 * MS)
    assert box.ttl_stop
    closed(PUMP, S + 150 * MS, reclose=2)
    assert not box.ttl_stop


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_power_opens_early_when_the_motor_goes_on(box, closed):
    box.set_contact("motor_pin", True, S)
    closed(0, S + 50 * MS)
    box.advance(S + 250 * MS - 1)
    assert box.relay_closed
    box.advance(S + 250 * MS)
    assert not box.relay_closed
    assert (box.cause, box.trip_count) == (5, 2)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_motor_that_starts_again_after_the_stop_loses_power_at_once(box, ran):
    ran(0, S + 50 * MS)
    assert box.relay_closed
    box.set_contact("motor_pin", True, S + 500 * MS)
    assert not box.relay_closed
    assert box.cause == 5


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_emergency_stop_is_both_stages_and_xray_at_once(box, closed):
    closed(PUMP | XRAY, S + 50 * MS)
    box.set_contact("emergency_stop", True, S + 60 * MS)
    assert (box.relay_closed, box.ttl_stop, box.xray_enabled) == (False, True, False)
    assert (box.cause, box.stage) == (4, 2)
    closed(PUMP, S + 100 * MS, reclose=2)
    assert not box.relay_closed
    box.set_contact("emergency_stop", False, S + 150 * MS)
    assert not box.relay_closed
    closed(PUMP, S + 200 * MS, reclose=2)
    assert box.relay_closed


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_emergency_stop_works_in_hardware_while_the_box_hangs(box, closed):
    box.freeze(S + 50 * MS)
    box.advance(S + 60 * S)
    assert box.relay_closed
    box.set_contact("emergency_stop", True, S + 61 * S)
    assert (box.relay_closed, box.ttl_stop, box.xray_enabled) == (False, True, False)


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_pressure_switch_trips_and_keeps_it_open(box, closed):
    box.set_pressure_switch(True, S + 50 * MS)
    assert (box.cause, box.ttl_stop) == (6, True)
    assert status(box, S + 60 * MS)["inputs"] >> 9 == 1
    closed(PUMP, S + 70 * MS, reclose=2)
    assert box.ttl_stop
    box.set_pressure_switch(False, S + 80 * MS)
    closed(PUMP, S + 90 * MS, reclose=2)
    assert not box.ttl_stop


def test_second_owner_is_refused_while_the_first_lives_and_for_two_seconds(box, closed):
    other = Master(box, 99)
    assert other(0, S + 50 * MS) == 6
    assert box.relay_closed
    assert other(0, S + 1990 * MS) == 6
    assert other(0, S + 2000 * MS) == 0
    assert status(box, S + 2010 * MS)["owner"] == 99


def test_dead_owner_is_dropped(box, closed):
    assert status(box, S + 1999 * MS - 1)["owner"] == OWNER
    assert status(box, S + 2000 * MS)["owner"] == 0


@pytest.mark.parametrize(
    ("outputs", "complement", "owner"),
    [(PUMP, 0x1234, OWNER), (0x40, None, OWNER), (PUMP, None, 0)],
    ids=["complement", "reserved bit", "owner 0"],
)
def test_bad_command_is_refused_and_not_taken_over(box, outputs, complement, owner):
    master = Master(box, owner)
    assert master(outputs, S, reclose=1, complement=complement) == 3
    assert not box.relay_closed
    assert status(box, S)["owner"] == 0


@pytest.mark.parametrize(("watchdog_ms", "expected"), [(249, 3), (250, 0), (300, 0), (301, 3)])
def test_watchdog_range(box, watchdog_ms, expected):
    assert code(ask(box, write(3, 250, [watchdog_ms]), S)) == expected
    shown = registers(ask(box, read(3, 250, 1), S))[0]
    assert shown == (watchdog_ms if expected == 0 else 250)
    assert status(box, S)["watchdog_ms"] == shown


def test_controller_that_left_properly_is_not_missed(box, closed):
    closed(0, S + 50 * MS)
    box.advance(10 * S)
    seen = status(box, 10 * S)
    assert (seen["outputs"], seen["count"], seen["cause"]) == (0, 2, 3)


def test_welded_relay_shows_in_the_read_back(box, closed):
    box.relay_welded = True
    closed(0, S + 50 * MS)
    seen = status(box, S + 3 * S)
    assert seen["stage"] == 2
    assert seen["inputs"] >> 6 & 1 == 1
