"""Decisions see boot time; the wall clock is written and never compared."""

import ast
import time
from pathlib import Path

import pytest

from controller.clock import RealClock

ROOT = Path(__file__).parents[2]


@pytest.mark.hazard("HZ-STALE-DATA")
def test_the_clock_of_decisions_goes_on_while_the_machine_is_suspended(monkeypatch):
    times = {time.CLOCK_BOOTTIME: 42, time.CLOCK_MONOTONIC: 7, time.CLOCK_REALTIME: 8}
    monkeypatch.setattr(time, "clock_gettime_ns", times.__getitem__)
    assert RealClock().now_ns() == 42


@pytest.mark.hazard("HZ-STALE-DATA")
def test_the_wall_clock_is_only_handed_to_the_record_and_made_a_day():
    """In the loop ``utc_ns`` is never an operand of a comparison."""
    tree = ast.parse((ROOT / "controller" / "loop.py").read_text("utf-8"))
    compared = {
        ast.unparse(side)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
    }
    assert not [words for words in compared if "utc_" in words]
