"""Mammograph: exposure sequence, paddle, watchdog, refusals."""

import random

import pytest

from sim.devices.mammograph import Mammograph
from tests.sim.wire import MS, S, ask, code, read, registers, wide, write

HOLD, PERMIT, RELEASE = 1, 2, 3
OFF, PREP, EXPOSE = 0, 1, 2


class Master:
    """A controller that keeps the unit fed; times in ms after 1 s."""

    def __init__(self, unit):
        self.unit = unit
        self.nonce = 0

    def __call__(self, at_ms, *, compression=HOLD, exposure=OFF, view=1, force_n=40, nonce=None):
        if nonce is None:
            self.nonce += 1
            nonce = self.nonce
        force = force_n * 1000
        words = [nonce, compression, exposure, view, force >> 16, force & 0xFFFF, 0]
        check = 0xA5A5
        for word in words:
            check ^= word
        return code(ask(self.unit, write(1, 200, [*words, check]), S + at_ms * MS))

    def during(self, from_ms, to_ms, **command):
        for at_ms in range(from_ms, to_ms, 200):
            assert self(at_ms, **command) == 0


@pytest.fixture
def unit():
    return Mammograph(random.Random(1), exposures=7)


@pytest.fixture
def master(unit):
    return Master(unit)


def status(unit, at_ms):
    words = registers(ask(unit, read(1, 100, 24), S + at_ms * MS))
    return {
        "scan": words[0],
        "echo": words[1],
        "state": words[2],
        "fault": words[3],
        "paddle": words[4],
        "force_mn": wide(words, 5),
        "thickness_um": wide(words, 7),
        "count": wide(words, 9),
        "tube_v": wide(words, 11),
        "charge_uas": wide(words, 13),
        "exposure_ms": words[15],
        "prepulse_uas": wide(words, 16),
        "control": words[18],
        "view": words[19],
        "flags": words[20],
        "release_s": words[21],
        "watchdog_ms": words[22],
    }


def ready(master):
    """Prepared and ready at 1400 ms."""
    master.during(0, 1401, exposure=PREP)


def test_identity_and_start(unit):
    assert registers(ask(unit, read(1, 0, 8), S))[:3] == [0x4741, 1, 1]
    seen = status(unit, 0)
    assert (seen["state"], seen["paddle"], seen["count"], seen["flags"]) == (1, 1, 7, 1)
    assert seen["scan"] == 100


def test_exposure_from_prep_to_done(unit, master):
    master(0, exposure=PREP)
    assert status(unit, 100)["state"] == 2
    master.during(200, 1401, exposure=PREP)
    assert status(unit, 1410)["state"] == 3
    master(1500, exposure=EXPOSE)
    assert status(unit, 1520)["state"] == 4
    master.during(1700, 2501, exposure=EXPOSE)
    assert status(unit, 2529)["state"] == 4
    done = status(unit, 2530)
    assert (done["state"], done["count"], done["exposure_ms"]) == (5, 8, 1000)
    assert (done["tube_v"], done["charge_uas"], done["prepulse_uas"]) == (28_000, 100_000, 3_000)
    master(2600, exposure=EXPOSE)
    assert status(unit, 2700)["state"] == 5
    master(2800)
    assert status(unit, 2810)["state"] == 1


def test_sweep_takes_four_seconds_and_shows(unit, master):
    master.during(0, 1401, exposure=PREP, view=8)
    master.during(1500, 5301, exposure=EXPOSE, view=8)
    assert status(unit, 5500)["flags"] >> 4 & 1 == 1
    assert status(unit, 5530)["state"] == 5
    assert status(unit, 5530)["flags"] >> 4 & 1 == 0


@pytest.mark.hazard("HZ-EXPOSURE")
def test_expose_before_ready_is_ignored_until_prep_again(unit, master):
    master(0, exposure=PREP)
    master.during(200, 2000, exposure=EXPOSE)
    assert status(unit, 2000)["state"] == 3
    master(2010, exposure=PREP)
    master(2020, exposure=EXPOSE)
    assert status(unit, 2030)["state"] == 4


@pytest.mark.hazard("HZ-EXPOSURE")
def test_expose_from_standby_is_ignored(unit, master):
    master.during(0, 3000, exposure=EXPOSE)
    assert status(unit, 3000)["state"] == 1


@pytest.mark.hazard("HZ-EXPOSURE")
def test_switching_off_ends_the_exposure_which_counts(unit, master):
    ready(master)
    master(1500, exposure=EXPOSE)
    master(1930)
    seen = status(unit, 1940)
    assert (seen["state"], seen["count"], seen["exposure_ms"]) == (1, 8, 400)
    assert seen["charge_uas"] == 40_000


@pytest.mark.hazard("HZ-EXPOSURE")
@pytest.mark.parametrize("fault", [3, 4], ids=["door", "enable"])
def test_no_exposure_without_door_and_enable(unit, master, fault):
    ready(master)
    if fault == 3:
        unit.set_door(False, S + 1410 * MS)
    else:
        unit.set_xray_enable(False, S + 1410 * MS)
    master(1500, exposure=EXPOSE)
    seen = status(unit, 1510)
    assert (seen["state"], seen["fault"], seen["count"]) == (6, fault, 7)
    master(1600)
    assert status(unit, 1610)["state"] == 1


@pytest.mark.hazard("HZ-EXPOSURE")
def test_losing_the_enable_ends_the_exposure(unit, master):
    ready(master)
    master(1500, exposure=EXPOSE)
    unit.set_xray_enable(False, S + 1700 * MS)
    seen = status(unit, 1700)
    assert (seen["state"], seen["fault"], seen["count"], seen["exposure_ms"]) == (6, 4, 8, 170)


def test_pedal_with_permit_presses_to_the_limit_and_holds(unit, master):
    master(0, compression=PERMIT)
    unit.press_pedal(True, S + 100 * MS)
    assert status(unit, 200)["paddle"] == 2
    master.during(200, 5000, compression=PERMIT)
    assert status(unit, 6090)["force_mn"] == 0
    master.during(5000, 9000, compression=PERMIT)
    seen = status(unit, 9000)
    assert (seen["paddle"], seen["force_mn"], seen["thickness_um"]) == (3, 40_000, 52_000)


@pytest.mark.hazard("HZ-COMPRESSION")
@pytest.mark.parametrize("compression", [HOLD, RELEASE])
def test_pedal_without_permit_does_nothing(unit, master, compression):
    unit.press_pedal(True, S)
    master.during(0, 3000, compression=compression)
    assert status(unit, 3000)["thickness_um"] == 150_000


def test_lifting_the_pedal_stops_the_descent(unit, master):
    master(0, compression=PERMIT)
    unit.press_pedal(True, S)
    unit.press_pedal(False, S + 500 * MS)
    seen = status(unit, 800)
    assert (seen["paddle"], seen["thickness_um"]) == (3, 142_500)


def pressed(unit, master):
    """40 N at 9 s after the start."""
    master(0, compression=PERMIT)
    unit.press_pedal(True, S)
    master.during(100, 9000, compression=PERMIT)


@pytest.mark.hazard("HZ-COMPRESSION")
def test_release_takes_a_second_and_a_half(unit, master):
    pressed(unit, master)
    master(9000, compression=RELEASE)
    seen = status(unit, 9750)
    assert (seen["paddle"], seen["force_mn"]) == (4, 20_000)
    seen = status(unit, 10_500)
    assert (seen["paddle"], seen["force_mn"], seen["thickness_um"]) == (1, 0, 150_000)


@pytest.mark.hazard("HZ-COMPRESSION")
def test_own_release_button_wins_over_permit_and_pedal(unit, master):
    pressed(unit, master)
    unit.press_release(S + 9000 * MS)
    master.during(9000, 13_000, compression=PERMIT)
    assert status(unit, 13_000)["paddle"] == 1


@pytest.mark.hazard("HZ-COMPRESSION")
def test_lost_heartbeat_ends_exposure_stops_descent_then_releases(unit, master):
    ask(unit, write(1, 250, [300, 5]), S)
    pressed(unit, master)
    master.during(9000, 10_401, compression=HOLD, exposure=PREP)
    master(10_500, exposure=EXPOSE)
    unit.advance(S + 10_799 * MS)
    assert status(unit, 10_799)["state"] == 4
    seen = status(unit, 10_800)
    assert (seen["state"], seen["count"], seen["flags"] >> 1 & 1) == (1, 8, 1)
    assert (seen["paddle"], seen["force_mn"]) == (3, 40_000)
    assert status(unit, 15_799)["paddle"] == 3
    assert status(unit, 15_800)["paddle"] == 4
    assert status(unit, 17_300)["paddle"] == 1


@pytest.mark.hazard("HZ-EXPOSURE")
def test_trip_clears_only_with_a_fresh_nonce_and_exposure_off(unit, master):
    master(0)
    unit.advance(S + 1100 * MS)
    assert unit.tripped
    master(1200, nonce=1)
    assert unit.tripped
    master(1300, exposure=PREP)
    assert unit.tripped
    assert status(unit, 1310)["state"] == 1
    master(1400)
    assert not unit.tripped


@pytest.mark.hazard("HZ-STALE-DATA")
def test_repeated_nonce_does_not_feed_the_watchdog(unit, master):
    for at_ms in range(0, 1000, 100):
        master(at_ms, nonce=5)
    unit.advance(S + 1000 * MS)
    assert unit.tripped


@pytest.mark.parametrize(
    "change",
    [
        {"compression": 0},
        {"compression": 4},
        {"exposure": 3},
        {"view": 10},
        {"force_n": 201},
    ],
)
def test_value_out_of_range_is_refused(unit, master, change):
    assert master(0, **change) == 3
    assert status(unit, 10)["echo"] == 0


def test_wrong_check_word_is_refused_and_feeds_nothing(unit, master):
    assert code(ask(unit, write(1, 200, [1, 1, 1, 1, 0, 0, 0, 0]), S)) == 3
    assert status(unit, 10)["state"] == 1
    assert unit.wake_ns() == 2**63 - 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [([200, 0], 0), ([2000, 60], 0), ([199, 5], 3), ([2001, 5], 3), ([500, 61], 3)],
)
def test_configuration_range(unit, words, expected):
    assert code(ask(unit, write(1, 250, words), S)) == expected
    shown = registers(ask(unit, read(1, 250, 2), S))
    assert shown == (words if expected == 0 else [1000, 10])
    seen = status(unit, 0)
    assert [seen["watchdog_ms"], seen["release_s"]] == shown
