"""A simulated room commissioned as its user does it: processes, a pty, TCP, a signed record."""

import json
import subprocess
import sys

import pytest

from controller.record import chained
from controller.record.signing import load_public, public_path
from sim.processes import environment


@pytest.mark.long
@pytest.mark.timeout(420)
@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_simulated_room_is_commissioned_over_real_wires(tmp_path):
    command = [sys.executable, "-m", "sim.cli", "commission", "--folder", str(tmp_path), "--quiet"]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    machine = json.loads((tmp_path / "commissioning-1.json").read_text())
    assert machine["over"]
    state = tmp_path / "state" / "demo"
    journal = state / "journal" / "record.journal"
    lines = chained.read(state / "commissioning.jsonl", journal)
    assert load_public(public_path(journal)).raw.hex() == lines[-1].key
    measured = {
        one["name"]: one["value"] for line in lines for one in line.body.get("measures", ())
    }
    assert 0 < measured["from the request to STP on the wire"] < 60_000
    assert 700 < measured["safe-mode silence: ms to stop"] < 1_500
    assert "every step passed" in (tmp_path / "commissioning-1.html").read_text()
