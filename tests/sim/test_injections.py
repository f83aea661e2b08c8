"""The report on tears: paired, resumable, and with a baseline that has no pressure rules."""

import json

import pytest

from sim import cli, tears
from state_machine.limits import LIMIT_BY_NAME
from tests.world.scene import demo


def row(seed: int, baseline: bool, controller: bool, false: bool = False) -> tears.Found:
    def arm(torn: bool, scale: int) -> tears.Found:
        return {"torn": torn, "after_tear_nl": seed * scale * torn, "outside_nl": 9 * seed * torn}

    alarms = ["tear"] if false else []
    return {
        "seed": seed,
        "controller": arm(controller, 1),
        "baseline": arm(baseline, 100),
        "normal": {"closed": True, "alarms": alarms},
    }


def test_a_patient_is_that_of_the_seed_and_within_the_assumed_range():
    drawn = [tears.patient_of(seed) for seed in range(200)]
    assert drawn[7] == tears.patient_of(7) != drawn[8]
    assert all(4 <= patient.tear_kpa <= 20 for patient in drawn)
    assert 7 < sorted(patient.tear_kpa for patient in drawn)[100] < 9


def test_the_baseline_keeps_the_fixed_line_limit_and_nothing_else_of_pressure():
    with_rules, without = tears.arm_of(demo(), True), tears.arm_of(demo(), False)
    limits, none = with_rules.profile.limits, without.profile.limits
    changed = {n for n in LIMIT_BY_NAME if getattr(limits, n) != getattr(none, n)}
    assert changed == {
        *("net_warn_pa", "net_pause_pa", "net_stop_pa", "false_passage_pa", "line_margin_pa"),
        *("slope_share_ppm", "tear_drop_pa", "dislodged_from_pa", "plateau_net_pa"),
        "flow_share_ppm",
    }
    assert none.line_pressure_pa == demo().profile.limits.line_pressure_pa
    assert limits.net_pause_pa == demo().profile.limits.net_pause_pa


def test_the_summary_counts_pairs():
    rows = [
        row(1, True, False),
        row(2, True, True),
        row(3, False, False),
        row(4, True, False, True),
    ]
    told = tears.summary(rows)
    assert (told["seeds"], told["baseline_tears"], told["controller_tears"]) == (4, 3, 1)
    assert told["prevented"] == 0.667
    assert told["controller_after_tear_nl_max"] == 2
    assert told["baseline_after_tear_nl_median"] == 200
    assert (told["normal"], told["false_stops"]) == (4, 1)
    assert tears.summary([row(3, False, False)])["prevented"] is None


@pytest.mark.parametrize("seeds", ["3", "5..4", "a..b", "..", "1..-2"])
def test_seeds_are_a_range(seeds: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["tears", f"--seeds={seeds}"]) == 2
    assert "is not A..B" in capsys.readouterr().err


def test_seeds_that_a_file_has_are_not_measured_again(tmp_path, monkeypatch, capsys):
    out = tmp_path / "tears.jsonl"
    out.write_text(json.dumps(row(1, True, False)) + "\n" + '{"seed": 2, "contr')
    measured: list[int] = []

    def measure(_loaded: object, seed: int) -> tears.Found:
        measured.append(seed)
        return row(seed, True, False)

    monkeypatch.setattr(tears, "measure", measure)
    assert cli.main(["tears", "--seeds", "1..3", "--json", "--out", str(out)]) == 0
    assert measured == [2, 3]
    *rows, told = map(json.loads, capsys.readouterr().out.splitlines())
    assert [one["seed"] for one in rows] == [1, 2, 3]
    assert told["prevented"] == 1
    assert cli.main(["tears", "--seeds", "1..3", "--out", str(out)]) == 0
    assert measured == [2, 3]
