"""Failures over real wires: each row of the table that fits into a test run, once.

Two shifts play side by side, each at sites of its own, failure after failure; every row is a
test of its own here. Safety is judged always; *stuck* means that the technologist did not come
to inject again, which a loaded machine can bring about too.
"""

import contextlib
import json
import subprocess
import sys

import pytest

from sim import processes
from sim.failures.table import FAILURES, FLOW, START

pytestmark = pytest.mark.timeout(500)

QUICK = [row.name for row in FAILURES if row.quick]
LIMIT_S = 450


def shift(names, folder):
    """A process that plays these rows; its lines go into a file."""
    out = folder / f"{names[0]}.jsonl"
    words = (
        "failures",
        "--only",
        ",".join(names),
        "--out",
        str(out),
        "--shift",
        "20",
        "--tries",
        "3",
    )
    with out.with_suffix(".log").open("wb") as log:
        return out, subprocess.Popen(
            [sys.executable, "-m", "sim.cli", *words, "--shift", "20", "--tries", "3"],
            cwd=folder,
            env=processes.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Name of each row: what came of it."""
    folder = tmp_path_factory.mktemp("failures")
    shifts = [shift(names, folder) for names in (QUICK[::2], QUICK[1::2])]
    try:
        for _, process in shifts:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LIMIT_S)
    finally:
        for _, process in shifts:
            processes.end(process)
    lines = [line for out, _ in shifts if out.exists() for line in out.read_text().splitlines()]
    results = [json.loads(line) for line in lines]
    said = "".join(out.with_suffix(".log").read_text()[-2_000:] for out, _ in shifts)
    return {result["row"]: result for result in results}, said


@pytest.mark.hazard(
    "HZ-STOP-FAILS", "HZ-LOST-COUNT", "HZ-STALE-DATA", "HZ-UNCOMMANDED-MOTION", "HZ-OVERVOLUME"
)
@pytest.mark.parametrize("name", QUICK)
def test_the_right_layer_stops_the_pump_and_the_ledger_holds(played, name):
    results, said = played
    assert name in results, f"it was not played:\n{said}"
    result = results[name]
    assert result["verdict"] == "good", "\n".join(result["reasons"])


def test_every_kind_of_failure_is_among_those_that_tests_play():
    kinds = {row.strikes for row in FAILURES if row.quick}
    assert {START, FLOW} <= kinds
    assert {row.restarts for row in FAILURES if row.quick} == {True, False}
