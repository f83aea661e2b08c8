"""The demo as its user starts it: four processes, a pty, TCP, a record and a report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.load import load_room
from controller.record.verify import verify
from drivers.registry import known_names
from sim import procedure
from sim.processes import environment
from sim.technologist import REARM_MOST, Order

ORDER = Order()
DIGIT_NL = 10
"""Last digit of the pump's counter below 10 uL is 1 nL, above it 10 nL."""


def once(phases):
    """Phases in the order of their first appearance; a nuisance stop arms again, no more."""
    return [phase for phase in dict.fromkeys(phases) if phase != "stopped"]


@pytest.mark.timeout(240)
def test_the_demo_is_the_virtual_procedure_over_real_wires(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", "demo", "--json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        timeout=230,
    )
    told = done.stdout.decode()
    assert done.returncode == 0, told + done.stderr.decode()
    (line,) = told.splitlines()
    result = json.loads(line)
    assert result["good"]
    assert result["closed"]
    assert result["wall_s"] <= 180
    assert 1 <= result["armed_count"] <= REARM_MOST
    assert result["exposures"] == 1

    assert abs(result["pump_infused_nl"] - ORDER.ordered_nl) <= DIGIT_NL
    assert result["ledger_low_nl"] <= result["pump_infused_nl"] <= result["ledger_high_nl"]
    virtual, _ = procedure.run(load_room("demo", known_names()), 1, ORDER)
    assert once(result["phases"]) == once(virtual.phases)
    assert result["phases"][-1] == virtual.phases[-1] == "standby"

    assert result["record_holds"]
    verdict = verify(Path(result["journal"]), anchor=result["head"])
    assert verdict.ok
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "SIMULATED" in page
    assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", page)
    assert "<script" not in page
    assert result["head"] in page
