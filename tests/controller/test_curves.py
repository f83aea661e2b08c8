"""Start-up and trumpet curves by worked numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bench.curves import (
    INTERVAL_NS,
    Sample,
    Window,
    deviation_ppm,
    evenly,
    flows_nl_min,
    settled_ns,
    trumpet,
)

S = 10**9
RATE = 60_000
"""1 uL/s, so 100 nL in each interval of 0.1 s."""


def steady(span_s, rate_nl_s=1_000):
    return [index * rate_nl_s // 10 for index in range(span_s * 10 + 1)]


def test_a_pump_that_does_what_it_is_told_has_a_flat_trumpet():
    assert trumpet(steady(40), RATE) == [Window(s, 0, 0) for s in (1, 2, 5, 10, 30)]
    assert settled_ns(steady(5), RATE) == INTERVAL_NS  # the first instant has no flow yet
    assert set(flows_nl_min(steady(5), INTERVAL_NS)[1:]) == {RATE}


def test_two_percent_too_much_is_two_percent_in_every_window():
    assert {w.low_ppm for w in trumpet(steady(40, 1_020), RATE)} == {20_000}


def test_windows_longer_than_the_run_are_left_out():
    assert [w.window_s for w in trumpet(steady(6), RATE)] == [1, 2, 5]


def test_a_short_stall_hurts_short_windows_most():
    """1 s without flow: nothing in 1 s, half in 2 s, a tenth missing in 10 s."""
    before, pause, after = steady(15), [15_000] * 10, [15_000 + 100 * n for n in range(151)]
    lows = {w.window_s: w.low_ppm for w in trumpet([*before, *pause[1:], *after], RATE)}
    assert lows[1] == -1_000_000
    assert lows[2] == -500_000
    assert lows[10] == -100_000


def test_start_up_ends_when_the_flow_stays():
    """Half the rate for 2 s, then the rate: the mean of 1 s is within 10 % 0.8 s later."""
    volumes = [50 * n for n in range(21)] + [1_000 + 100 * n for n in range(1, 60)]
    assert settled_ns(volumes, RATE) == 2 * S + 8 * INTERVAL_NS
    assert settled_ns([0] * 50, RATE) is None


def test_uneven_samples_are_straight_between():
    samples = [Sample(0, 0), Sample(S // 4, 250), Sample(S, 1_000)]
    assert evenly(samples) == [100 * n for n in range(11)]


@pytest.mark.parametrize("samples", [[], [Sample(0, 0)], [Sample(0, 0), Sample(0, 5)]])
def test_what_is_no_curve_is_refused(samples):
    with pytest.raises(ValueError, match="sample"):
        evenly(samples)


@given(st.lists(st.integers(0, 500), min_size=20, max_size=400))
def test_the_mean_of_all_lies_inside_every_window(steps):
    volumes = [0]
    for step in steps:
        volumes.append(volumes[-1] + step)
    for window in trumpet(volumes, RATE):
        assert window.low_ppm <= window.high_ppm
    whole = deviation_ppm(volumes[-1], len(steps) * INTERVAL_NS, RATE)
    one = trumpet(volumes, RATE, windows_s=(1,))[0]
    # single seconds cannot all be better, or all worse, than the whole, but for its ends
    slack = 1_000_000 * 10 * 500 // (100 * len(steps)) + 1
    assert one.low_ppm - slack <= whole <= one.high_ppm + slack
