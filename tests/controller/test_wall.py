"""A wall clock that is set is a fact for the record, and so is whether anybody keeps it."""

import ctypes

import pytest

from controller import clock as clock_module
from controller.clock import RealClock
from controller.wall import LOOK_NS, STEP_LEAST_NS, Wall
from state_machine.readings import ClockSync, HostReading
from state_machine.units import NS_PER_MS, NS_PER_S

DAY_NS = 86_400 * NS_PER_S


class Machine:
    """Two clocks and a time service that a test sets."""

    def __init__(self):
        self.boot_ns, self.shift_ns, self.says = NS_PER_S, 20_000 * DAY_NS, ClockSync.UNKNOWN
        self.tick_ns = 0
        """What passes between two looks at a clock."""

    def now_ns(self):
        self.boot_ns += self.tick_ns
        return self.boot_ns

    def utc_ns(self):
        self.boot_ns += self.tick_ns
        return self.boot_ns + self.shift_ns

    def sync(self):
        return self.says

    def wait(self, ports, until_ns):
        raise AssertionError("nobody waits here")

    def hand_over(self):
        raise AssertionError("nothing was written")


def looked(wall, machine, shift_ns=0):
    """One look, a period later."""
    machine.boot_ns += LOOK_NS
    machine.shift_ns += shift_ns
    return wall.look(machine.boot_ns)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def wall(machine):
    made = Wall(machine)
    assert made.look(machine.boot_ns) == HostReading()
    return made


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize("step_ns", [STEP_LEAST_NS, -STEP_LEAST_NS, 3_600 * NS_PER_S, -DAY_NS])
def test_a_step_is_counted_with_its_size(wall, machine, step_ns):
    seen = looked(wall, machine, step_ns)
    assert (seen.clock_step_count, seen.clock_step_ms) == (1, step_ns // NS_PER_MS)
    assert looked(wall, machine) is seen


def test_what_is_less_than_a_step_adds_up(wall, machine):
    small_ns = STEP_LEAST_NS // 2 - NS_PER_MS
    assert looked(wall, machine, small_ns).clock_step_count == 0
    assert looked(wall, machine, small_ns).clock_step_count == 0
    seen = looked(wall, machine, small_ns)
    assert (seen.clock_step_count, seen.clock_step_ms) == (1, 3 * small_ns // NS_PER_MS)


def test_a_controller_that_was_interrupted_between_two_clocks_saw_no_step(wall, machine):
    machine.tick_ns = 5 * NS_PER_S
    assert looked(wall, machine).clock_step_count == 0
    machine.tick_ns = 0
    assert looked(wall, machine).clock_step_count == 0


def test_between_two_looks_nothing_is_asked(wall, machine):
    machine.boot_ns += LOOK_NS - 1
    machine.shift_ns += DAY_NS
    assert wall.look(machine.boot_ns).clock_step_count == 0
    assert wall.look(machine.boot_ns + 1).clock_step_count == 1


@pytest.mark.parametrize("says", ClockSync)
def test_what_the_machine_says_of_its_time_service_is_passed_on(wall, machine, says):
    machine.says = says
    assert looked(wall, machine).clock_sync is says


@pytest.mark.parametrize(
    ("answer", "error_us", "sync"),
    [
        (0, 15_999_999, ClockSync.SYNCHRONISED),
        (5, 15_999_999, ClockSync.SYNCHRONISED),
        (0, 16_000_000, ClockSync.NOT_SYNCHRONISED),
        (5, 16_000_000, ClockSync.NOT_SYNCHRONISED),
        (-1, 0, ClockSync.UNKNOWN),
    ],
)
def test_the_kernels_error_says_whether_a_time_service_keeps_the_clock(
    monkeypatch, answer, error_us, sync
):
    def told(asked):
        assert asked.modes == 0  # only asked: nothing is set
        asked.maxerror_us = error_us
        return answer

    monkeypatch.setattr(clock_module, "_adjtimex", told)
    assert RealClock().sync() is sync


def test_a_machine_without_that_call_says_nothing(monkeypatch):
    monkeypatch.setattr(ctypes, "PyDLL", lambda _name: object())
    monkeypatch.setattr(clock_module, "_adjtimex_call", clock_module._adjtimex_call.__wrapped__)
    assert RealClock().sync() is ClockSync.UNKNOWN


def test_the_real_kernel_answers_with_one_of_the_three():
    assert RealClock().sync() in ClockSync
