"""Deaths on virtual time, the short form: a share of all points of one procedure.

Every point of it is played by ``make evidence RUN=crash``.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sim.crash import summary
from sim.crash.judge import count_width_nl, volumes
from state_machine.ledger import Account, Ledger, SideDay
from state_machine.requests import Side
from state_machine.units import less_ppm, more_ppm

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 170
"""About 9 s of processor time; much longer beside others."""


@pytest.mark.timeout(LIMIT_S + 5)
@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-RECORD", "HZ-UNCOMMANDED-MOTION")
def test_the_truth_lies_between_low_and_high_wherever_the_controller_dies(tmp_path):
    out = tmp_path / "crash.jsonl"
    shares = ["--share", "0.0001", "--flowing", "0.002"]
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", "crash", "--seed", "3", *shares, "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert summary.unsafe(lines) == 0
    flowing = [line for line in lines if line["flowing"] and line["truth_nl"]]
    assert len(flowing) >= 10
    assert all(line["new_phase"] == "recovery" for line in flowing)
    assert {line["narrowed"] for line in flowing} == {True, False}
    assert len({line["kind"].split("/")[0] for line in lines}) == 3
    # what was counted apart from the syringe's uncertainty; the unproven reach to a checkpoint
    assert all(line["count_width_nl"] <= 50 for line in flowing if line["narrowed"])


def test_the_width_of_the_count_is_told_apart_from_the_scale():
    assert count_width_nl(less_ppm(20_000, 50_000), more_ppm(20_000, 50_000)) == 0
    assert count_width_nl(0, more_ppm(50_000, 50_000)) == 50_000


def test_volumes_of_days_and_of_the_open_duct_are_added():
    day = SideDay("A", Side.LEFT, 1, 10, 20)
    account = Account(low_nl=1, high_nl=2, intent_nl=5)
    assert volumes(Ledger(account=account, days=(day,))) == (11, 25)
    assert volumes(Ledger(days=(day,))) == (10, 20)


def test_the_summary_counts_what_was_not_good(tmp_path):
    line = {
        "point": 1, "seed": 1, "order": "short", "flowing": True, "powered": False, "low_nl": 0,
        "high_nl": 21_000, "count_width_nl": 20_000, "narrowed": False, "verdict": "unsafe",
        "reasons": ["the plunger still moves"], "commit": "abc",
    }  # fmt: skip
    told = list(summary.told([line, line | {"verdict": "good", "reasons": []}]))
    assert any(row.startswith("all") and row.split()[1:3] == ["2", "1"] for row in told)
    assert told[-1] == "point 1 seed 1 short: ['the plunger still moves']"
    path = tmp_path / "lines"
    path.write_text(json.dumps(line) + "\n")
    assert summary.kept(path, "abc") == [line]
    assert summary.kept(path, "abc+") == summary.kept(path, "def") == []
