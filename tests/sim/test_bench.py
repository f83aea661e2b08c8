"""The measurements in tiny: they measure what they say, and a trial that proves nothing is told.

Times are never asserted here: a test machine has other things to do.
"""

import json
import struct
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from config.load import load_room
from drivers.registry import known_names
from sim.bench import (
    beside,
    lateness,
    long,
    many,
    noted,
    passes,
    process,
    shares,
    speed,
    stream,
    table,
    trips,
)
from sim.bench.figures import ROOT, aim, machine, percentile, spread
from sim.bench.peer import BUSY, IDLE, violating
from sim.cli import main

PATIENCE_S = 50
PARTS = {"pass", "receive", "give", "journal", "publish", "step", "gate"}


def demo():
    return load_room("demo", known_names())


def bench(*words):
    """The command in a process of its own; its results and its table."""
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", "bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


# --- stop latency -----------------------------------------------------------------------------


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERPRESSURE")
def test_a_pressure_over_its_limit_stops_the_pump_on_real_wires(tmp_path):
    session = trips.Session("demo", 1, tmp_path)
    try:
        for loop in (trips.PRODUCTION, trips.BARE):
            for kind in (IDLE, BUSY):
                seen = session.trial(loop, kind, 0, 3)
                assert seen["stopped"], (loop, kind, seen)
                assert seen["valid"] or seen["crossed"], (loop, kind, seen)
                assert 0 < seen["software_ns"] <= seen["whole_ns"]
                if loop == trips.PRODUCTION and seen["valid"]:
                    split = seen["split_ns"]
                    assert min(split.values()) >= 0
                    assert sum(split.values()) == seen["whole_ns"]
        slow = session.trial(trips.PRODUCTION, BUSY, trips.BAUD, 4)
        assert slow["wire_ns"] == 9 * (10 * 10**9 // trips.BAUD)  # STX LEN 0STP CRC CRC ETX
    finally:
        session.close()


def test_a_stop_for_another_reason_is_not_a_valid_trial(tmp_path, monkeypatch):
    monkeypatch.setattr(trips, "OVER_PA", 300)
    session = trips.Session("demo", 1, tmp_path)
    try:
        seen = session.trial(trips.PRODUCTION, IDLE, 0, 3)
    finally:
        session.close()
    # nothing is over a limit, but sensor and box fall silent behind that answer
    assert (seen["sent"], seen["stopped"]) == (True, True)
    assert seen["why"][0].startswith(("gate line-stale", "hold the hold switch was not heard"))
    assert not seen["valid"]


def test_every_trip_of_a_run_is_accounted_for():
    results, shown = bench("--only", "stop-latency", "--trips", "4")
    assert [(r["line"], r["baud"]) for r in results] == [
        (IDLE, 0),
        (BUSY, 0),
        (IDLE, trips.BAUD),
        (BUSY, trips.BAUD),
    ]
    for result in results:
        for loop in (trips.PRODUCTION, trips.BARE):
            one = result[loop]
            told = one["software_ms"]["count"] + one["crossed"] + one["invalid"]
            assert told == result["trips"] == 2
        assert {"commit", "cores", "python", "kernel"} <= set(result["on"])
        assert all(aim["met"] in (True, False) for aim in result["aims"])
    assert "aim software p50" in shown


def test_only_a_status_answer_of_the_sensor_is_changed():
    status = struct.pack(">HHHBBB8H", 7, 0, 19, 2, 3, 16, 1, 0, 0, 500, 0, 37_000, 1, 0)
    changed = violating(status, 150_000)
    assert struct.unpack_from(">i", changed, 13) == (150_000,)
    assert changed[:13] + changed[17:] == status[:13] + status[17:]
    assert violating(status[:-2], 1) == b""
    assert violating(status[:7] + b"\x83" + status[8:], 1) == b""


# --- the others -------------------------------------------------------------------------------


def test_a_pass_is_split():
    results = passes.measure(demo(), 300_000_000)
    assert [r["room"] for r in results] == ["idle", "injecting", "stopping"]
    for result in results[:2]:
        assert set(result["us"]) == PARTS
        counts = {part: one["count"] for part, one in result["us"].items()}
        assert counts["pass"] >= counts["step"] >= counts["gate"] > 0
    assert results[2]["us"]["step"]["count"] == 100


def test_lateness_with_and_without_freeze():
    results = lateness.measure(demo(), 300_000_000)
    assert [r["gc_freeze"] for r in results] == [True, False]
    assert all(r["late_ms"]["count"] > 0 for r in results)


def test_the_controller_as_a_process():
    (result,) = process.measure("demo", 0.1)
    assert 0 < result["first_snapshot_ms"] <= result["all_links_up_ms"]
    assert result["resident_mb"] > 0


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERVOLUME")
def test_every_stop_path_ends_in_standstill_within_its_bound():
    results, _ = bench("--only", "stop-paths", "--seeds", "1")
    paths = {r["path"]: r for r in results}
    assert len(paths) == len(results)
    for path, result in paths.items():
        assert result["time"] == "virtual"
        assert (result["runs"], result["never_stood"], result["over_bound"]) == (1, 0, 0), path
        assert result["ms"]["max"] <= result["accepted_ms"], path
    assert paths["checkpoint"]["plunger_ul"]["max"] == 0
    assert paths["emergency stop"]["ms"]["max"] == 0
    assert paths["pump disobeys STP"]["ms"]["max"] > paths["hold released"]["ms"]["max"]


def test_virtual_speed_counts_closed_procedures(monkeypatch):
    played = SimpleNamespace(outcome="closed", virtual_s=2.0)
    monkeypatch.setattr("sim.procedure.run", lambda _loaded, _seed: (played, None))
    monkeypatch.setattr(speed, "flowing_room", lambda *of: speed.idle_room(*of).world)
    monkeypatch.setattr(speed, "_SLICES", 2)
    monkeypatch.setattr(long, "LIMIT_NS", 2_000_000_000)
    short, whole, idle, injecting, *aims = speed.measure(demo(), 3)
    assert (short["closed"], short["procedures"]) == (3, 3)
    assert (whole["closed"], whole["virtual_s"]) == (0, 2)  # cut short above
    for one in (idle, injecting):
        assert min(one["over_wall"], one["times_bare_heap"], one["passes_per_virtual_s"]) > 0
    assert [one["name"] for one in aims] == ["virtual-aim"] * 3
    assert "short procedure" in "".join(table.lines([short, whole, *aims]))


def test_shares_of_a_virtual_second_add_up_to_it():
    clock = [0]
    relay = shares.Relay(lambda: clock[0])
    parts = SimpleNamespace(inner=lambda: clock.__setitem__(0, clock[0] + 2))

    def outer():
        clock[0] += 1
        parts.inner()
        clock[0] += 3

    parts.outer = outer
    relay.timed(parts, "inner", "physics")
    relay.timed(parts, "outer", "devices")
    clock[0] += 5
    parts.outer()
    relay.hand("step")
    assert relay.spent_ns == {"loop": 5, "devices": 4, "physics": 2}
    result = shares.split("idle", speed.idle_room(demo(), 1).world, 500_000_000)
    assert result["passes"] > result["steps"] > 0
    assert {"loop", "wires", "devices", "physics", "drivers", "step", "journal", "clients"} <= set(
        result["us_per_pass"]
    )


def test_memory_that_grows_with_the_seeds_is_told(monkeypatch):
    monkeypatch.setattr(many, "_PIECE_NS", 1_000_000_000)
    levels = iter([50_000, 60_000, 60_000, 60_000, 90_000])
    grown, flat = many.memory(demo(), 5, resident_kb=lambda: next(levels))
    assert (grown["warm_mb"], grown["kb_per_seed"]) == (58.6, 10_000)
    assert not flat["met"]


# --- figures ----------------------------------------------------------------------------------


def test_percentiles_are_values_that_were_seen_and_never_flatter():
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (0.5, 0.99, 0.999, 1.0)] == [50, 99, 100, 100]
    assert percentile([7], 0.5) == 7
    assert percentile([1, 2], 0.0) == 1
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)
    assert spread([], 1)["p50"] is None
    assert spread([1_500, 2_500], 1_000)["max"] == 2.5


def test_an_aim_is_met_at_its_bound_and_missed_without_a_measurement():
    assert aim("a", 1.0, 1.0, "why")["met"]
    missed = aim("a", 1.01, 1.0, "why")
    assert (missed["met"], missed["limited_by"]) == (False, "why")
    assert not aim("a", None, 1.0)["met"]


def test_the_machine_is_named_and_the_table_shows_any_result():
    assert set(machine()) >= {"cpu", "cores", "kernel", "python", "commit", "load_1min"}
    assert "  figure" in "\n".join(table.lines([{"name": "new", "figure": 3}]))


@pytest.mark.parametrize("option", ["--trips", "--seconds", "--seeds", "--procedures"])
def test_nothing_to_measure_is_wrong_input(option, capsys):
    assert main(["bench", option, "0"]) == 2
    assert f"{option} is 0" in capsys.readouterr().err.replace("0.0", "0")


def test_a_controllers_lateness_is_read_as_it_was_noted(tmp_path):
    clock = noted.NotingClock()
    for _ in range(3):
        clock.wait((), clock.now_ns() + 1_000)
    (tmp_path / noted.KEPT).write_bytes(clock.noted.tobytes())
    found = noted.lateness(tmp_path)
    assert len(found) == 3
    assert all(at_ns > 0 <= late_ns < 10**9 for at_ns, late_ns in found)


def test_stops_beside_watchers_are_summed_by_how_many_looked():
    lines: list[dict[str, Any]] = [
        {"name": beside.RUN, "watchers": watchers, "words": "", "ms": ms}
        for watchers, ms in ((0, 1.0), (10, 3.0), (0, 2.0), (10, None))
    ]
    lines += [
        {"name": beside.LATE, "watchers": 0, "late_us": {"100": 3, "60000": 1}},
        {"name": beside.LATE, "watchers": 0, "late_us": {"100": 4}},
    ]
    alone, beside_ten = beside.summed(lines, 0), beside.summed(lines, 10)
    assert (alone["runs"], alone["not_measured"], alone["stop_ms"]["max"]) == (2, 0, 2.0)
    assert (beside_ten["runs"], beside_ten["not_measured"]) == (2, 1)
    assert (alone["late_ms"]["count"], alone["late_ms"]["p50"], alone["over_50_ms"]) == (8, 0.1, 1)


def test_only_lines_of_this_commit_are_gone_on_with(tmp_path):
    kept = tmp_path / "lines"
    line = {"name": beside.RUN, "watchers": 0, "words": "", "ms": 1.0}
    kept.write_text("".join(json.dumps(line | {"on": {"commit": c}}) + "\n" for c in "ab"))
    assert len(beside.kept(kept, "a")) == 1
    assert beside.kept(kept, "a+") == []


def test_memory_of_a_long_stream_is_judged_from_when_it_was_warm():
    mb = (60, 70, 80, 90, 100, 101, 120)
    lines = [
        {
            "at_s": 30 * n,
            "controller_mb": 100.0,
            "console_mb": float(size),
            "page_mb": 0.0,
            "snapshots": 5,
            "sample_to_page_ms": {"p99": float(n)},
        }
        for n, size in enumerate(mb)
    ]
    found = stream.summed(lines)
    assert found["last_over_warm"] == {"controller": 1.0, "console": 1.2}
    assert [one["met"] for one in found["aims"]] == [True, False]
    assert (found["snapshots"], found["worst_p99_ms"]) == (35, 6.0)
