"""The one place that waits: woken by bytes or at the instant asked for, never before."""

import pytest

from controller.clock import RealClock
from drivers.ports import WakePort
from state_machine.units import NS_PER_MS, NS_PER_S

LONG_NS = 20 * NS_PER_S


class Closed:
    """A port that was lost: no descriptor to wait on."""

    name = "closed"

    def read(self) -> bytes:
        raise AssertionError("nobody reads while waiting")

    def write(self, data: bytes) -> int:
        raise AssertionError("nobody writes while waiting")

    def fileno(self) -> int | None:
        return None


@pytest.fixture
def port():
    made = WakePort()
    yield made
    made.close()


@pytest.fixture
def clock():
    return RealClock()


def waited_ns(clock, ports, span_ns):
    began_ns = clock.now_ns()
    clock.wait(ports, began_ns + span_ns)
    return clock.now_ns() - began_ns


def test_boot_time_only_goes_forward_and_is_not_the_wall_clock(clock):
    instants = [clock.now_ns() for _ in range(1_000)]
    assert instants == sorted(instants)
    assert clock.utc_ns() - clock.now_ns() > 365 * 86_400 * NS_PER_S


def test_bytes_that_wait_already_end_the_wait_at_once(clock, port):
    port.wake()
    assert waited_ns(clock, (Closed(), port), LONG_NS) < LONG_NS // 2


def test_silence_ends_at_the_instant_and_not_a_moment_before(clock, port):
    assert waited_ns(clock, (port,), 5 * NS_PER_MS + 1) >= 5 * NS_PER_MS + 1


@pytest.mark.parametrize("span_ns", [0, -1, -LONG_NS])
def test_an_instant_that_has_passed_is_not_waited_for(clock, port, span_ns):
    assert waited_ns(clock, (port,), span_ns) < LONG_NS // 2


def test_closed_ports_only_are_waited_with_in_peace(clock):
    assert waited_ns(clock, (Closed(), Closed()), 2 * NS_PER_MS) >= 2 * NS_PER_MS


def test_handing_over_takes_no_time_of_its_own(clock):
    began_ns = clock.now_ns()
    clock.hand_over()
    assert clock.now_ns() - began_ns < LONG_NS // 2
