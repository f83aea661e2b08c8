"""Timing, doubt and health of a line that numbers nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import NEVER_NS
from drivers.exchange import MISSES_LOST, NOISE_LIMIT_NS, QUIET_NS, WINDOW, WINDOW_MIN, Exchange

MS = 1_000_000
DIS_QUESTION, DIS_ANSWER = 9, 22


def test_deadline_of_a_counter_question_at_19200_is_about_40_ms():
    assert 39 * MS < Exchange(19_200).time_for_ns(DIS_QUESTION, DIS_ANSWER) < 41 * MS


def test_deadline_follows_the_baud():
    slow = Exchange(300).time_for_ns(DIS_QUESTION, DIS_ANSWER)
    assert slow > 1_000 * MS


def test_one_question_at_a_time():
    exchange = Exchange(19_200)
    assert exchange.ask(b"question", 10, 5) == b"question"
    with pytest.raises(RuntimeError, match="under way"):
        exchange.ask(b"another", 10, 6)


def test_late_exactly_at_the_deadline():
    exchange = Exchange(19_200)
    assert exchange.deadline_ns() == NEVER_NS
    exchange.ask(b"q", 10, 1_000)
    end = exchange.deadline_ns()
    assert not exchange.is_late(end - 1)
    assert exchange.is_late(end)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_miss_is_doubt_until_quiet_and_fence():
    exchange = Exchange(19_200)
    exchange.fenced()
    exchange.ask(b"q", 10, 0)
    exchange.missed(40 * MS)
    assert exchange.in_doubt
    assert exchange.quiet_until_ns() == 40 * MS + QUIET_NS
    exchange.heard(50 * MS)
    assert exchange.quiet_until_ns() == 50 * MS + QUIET_NS, "late bytes postpone the fence"
    exchange.ask(b"fence", 10, 70 * MS)
    exchange.answered(80 * MS)
    assert exchange.in_doubt, "an answer alone ends no doubt"
    exchange.fenced()
    assert not exchange.in_doubt


def test_a_line_that_never_falls_quiet_is_asked_all_the_same():
    exchange = Exchange(19_200)
    exchange.fenced()
    exchange.ask(b"q", 10, 0)
    exchange.missed(0)
    for at_ms in range(0, 300, 5):
        exchange.heard(at_ms * MS)
        exchange.doubt(at_ms * MS)
    assert exchange.quiet_until_ns() == NOISE_LIMIT_NS


def test_misses_count_in_a_row():
    exchange = Exchange(19_200)
    for at in range(MISSES_LOST):
        exchange.ask(b"q", 10, at)
        exchange.missed(at)
    assert exchange.misses == MISSES_LOST
    exchange.ask(b"q", 10, 9)
    exchange.answered(9)
    assert exchange.misses == 0


def test_a_gap_of_half_a_second_voids_a_beginning():
    exchange = Exchange(19_200)
    exchange.heard(1_000 * MS)
    assert not exchange.heard(1_499 * MS)
    assert exchange.heard(1_999 * MS)


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_echo():
    exchange = Exchange(19_200)
    assert not exchange.is_echo(b"")
    exchange.ask(b"question", 10, 0)
    assert exchange.is_echo(b"question")
    assert not exchange.is_echo(b"answer")
    exchange.forget(1)
    assert not exchange.is_echo(b"question")
    assert not exchange.busy
    assert exchange.in_doubt


@given(st.lists(st.integers(0, 50), min_size=1, max_size=2 * WINDOW + 20))
def test_percentile_is_that_of_the_window(spans):
    exchange = Exchange(19_200)
    for span in spans:
        exchange.ask(b"q", 10, 1_000)
        exchange.answered(1_000 + span)
    window = sorted(spans[-WINDOW:])
    if len(window) < WINDOW_MIN:
        assert exchange.p99_ns() == 0
    else:
        share = sum(value <= exchange.p99_ns() for value in window) / len(window)
        assert share >= 0.99
        assert sum(value < exchange.p99_ns() for value in window) / len(window) < 0.99
