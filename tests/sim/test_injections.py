"""The paired study: resumable, fair to its baseline, and its short form on one small duct."""

import json
from typing import Any

import pytest

from sim import cli
from sim.injections import command, study, traces
from sim.injections.summary import AIMS, summary
from sim.physics import Patient
from state_machine.limits import LIMIT_BY_NAME, Limits
from tests.world.scene import demo

SMALL = Patient(
    unstressed_ul=15.0, stiffness_kpa_ul=0.02, stiffening_per_ul=0.1, seal_kpa=50.0, tear_kpa=6.0
)
"""Torn by 50 uL (assumed, inside C2's ranges): a short run."""


def row(seed: int, baseline: bool, controller: bool, false: bool = False) -> dict[str, Any]:
    def arm(torn: bool, scale: int = 1) -> dict[str, Any]:
        after = {"after_tear_nl": seed * scale * 1000, "noticed": "tear", "noticed_s": 2.0}
        after["to_notice_nl"] = 900 if torn else None
        return {"torn": torn, "outside_nl": 9_000 * seed * torn} | (after if torn else {})

    normal = {"pumped_nl": 100_000, "span_s": 50.0, "alarms": ["tear"] if false else []}
    return {
        "seed": seed,
        "controller": arm(controller),
        "baseline": arm(baseline, 100),
        "weak": arm(seed != 3, 2) | ({"noticed": ""} if seed == 2 else {}),
        "normal": normal,
        "normal_baseline": normal if seed == 1 else None,
    }


def test_a_patient_is_that_of_the_seed_and_within_the_assumed_range():
    drawn = [study.patient_of(seed) for seed in range(200)]
    assert drawn[7] == study.patient_of(7) != drawn[8]
    assert all(4 <= patient.tear_kpa <= 20 for patient in drawn)
    assert 7 < sorted(patient.tear_kpa for patient in drawn)[100] < 9
    assert all(1 <= study.weak_of(seed).tear_kpa <= 4 for seed in range(200))
    assert {study.rig_of(seed) for seed in range(8)} == set(study.RIGS)


def test_the_baseline_keeps_the_fixed_line_limit_and_nothing_else_of_pressure():
    own = demo().profile.limits
    limits, none = study.arm_of(own, True), study.arm_of(own, False)
    changed = {n for n in LIMIT_BY_NAME if getattr(limits, n) != getattr(none, n)}
    assert changed == set(study.WITHOUT)
    assert "line_pressure_pa" not in changed
    assert none.first_checkpoint_nl == own.first_checkpoint_nl
    assert limits.net_pause_pa == own.net_pause_pa


def test_the_summary_counts_pairs():
    rows = [
        row(1, True, False),
        row(2, True, True),
        row(3, False, False),
        row(4, True, False, True),
    ]
    told = summary(rows)
    assert (told["seeds"], told["baseline_torn"], told["controller_torn"]) == (4, 3, 1)
    assert told["prevented"] == 0.667
    assert told["controller_after_tear_ul_max"] == 2
    assert told["baseline_after_tear_ul_median"] == 200
    assert (told["weak_torn"], told["weak_missed"]) == (3, 0.333)
    assert told["weak_after_tear_ul_median"] == 4
    assert (told["normal"], told["false_stops_per_200"]) == (4, 50)
    assert told["baseline_normal_pumped_ul_median"] == 100
    assert summary([row(3, False, False)])["prevented"] is None
    assert [aim[1] for aim in command.aims(told)] == ["0.667", "4.0", "0.9", "50.0"]
    assert len(AIMS) == 4


@pytest.mark.parametrize("seeds", ["3", "5..4", "a..b", "..", "1..-2"])
def test_seeds_are_a_range(seeds: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["injections", f"--seeds={seeds}"]) == 2
    assert "is not A..B" in capsys.readouterr().err


def test_seeds_that_a_file_has_are_not_measured_again(tmp_path, monkeypatch, capsys):
    out = tmp_path / "injections.jsonl"
    out.write_text(json.dumps(row(1, True, False)) + "\n" + '{"seed": 2, "contr')
    made: list[int] = []

    def measured(_room: str, seeds: list[int], _jobs: int) -> Any:
        for seed in seeds:
            made.append(seed)
            yield row(seed, True, False)

    monkeypatch.setattr(command, "measured", measured)
    assert cli.main(["injections", "--seeds", "1..3", "--json", "--out", str(out)]) == 0
    assert made == [2, 3]
    *rows, told = map(json.loads, capsys.readouterr().out.splitlines())
    assert [one["seed"] for one in rows] == [1, 2, 3]
    assert told["prevented"] == 1.0
    made.clear()
    assert cli.main(["injections", "--seeds", "1..3", "--out", str(out)]) == 0
    assert made == []


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-OVERPRESSURE")
def test_the_short_form_of_the_study_one_small_duct_in_both_arms():
    """Torn without the pressure rules, whole with them: same room, noise, order, technologist."""
    prepared = study.cannulated(demo(), "27G")
    with_rules = study.injected(prepared, 1, SMALL, 70_000, True)
    without = study.injected(prepared, 1, SMALL, 70_000, False)
    assert not with_rules["torn"]
    assert with_rules["outside_nl"] == 0
    assert with_rules["alarms"]
    assert without["torn"]
    assert without["pumped_nl"] == pytest.approx(70_000, abs=200)
    assert without["after_tear_nl"] > 2_000
    assert without["noticed"] == ""


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_an_occlusion_is_found_in_every_cell_that_may_inject_and_its_bolus_is_small():
    cells = list(traces.occlusion(range(1, 2)))
    assert len(cells) == 24
    may = [cell for cell in cells if "refused" not in cell]
    assert len(may) >= 5
    assert all(cell["alarm"] and cell["seconds_max"] < 1 for cell in may)
    assert all(cell["bolus_ul_max"] < 2 for cell in may)


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_false_passage_is_stopped_with_little_in_and_nothing_outside():
    may = [one for one in traces.false_passage(range(1, 4)) if "refused" not in one]
    assert may
    assert all(one["pumped_ul_max"] < 20 and one["outside_ul_max"] == 0 for one in may)


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-OVERPRESSURE")
def test_the_fast_form_of_the_study_ends_at_the_first_alarm():
    (found,) = traces.overfill(range(1, 2))
    assert (found["baseline_torn"], found["controller_torn"]) == (True, False)
    assert found["normal_alarm"] == ""


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_the_sum_of_a_fall_sees_what_thresholds_do_not_on_the_same_seeds():
    for seed in (1, 2):
        assert traces.leaking("slipped out", 0.8, seed, traces.WITHOUT_SUMS) is None
        span = traces.leaking("slipped out", 0.8, seed, Limits())
        assert span is not None
        assert span < 4
