"""The short form of the hardware-in-the-loop suite over a real pty and TCP."""

import json
import subprocess
import sys

import pytest

from sim.processes import ROOT, environment
from tests.hil import report

pytestmark = pytest.mark.timeout(180)


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA", "HZ-WRONG-DEVICE")
def test_the_short_form_passes_over_real_wires_and_leaves_the_room_safe(tmp_path):
    words = ["hil", "--room", "demo", "--simulate", "--approve", "--short", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "controller.cli", *words],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    header = json.loads((tmp_path / report.LINES).read_text("utf-8").splitlines()[0])
    assert (header["not_safe"], header["failed"], header["skipped"]) == ([], 0, 0)
    assert header["passed"] >= 14
    assert report.verify(tmp_path) == []
