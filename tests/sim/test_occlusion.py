"""The occlusion bench: its grid, its page, and one occlusion with the production controller."""

import argparse
import json

import pytest

from config.load import load_room
from drivers.registry import known_names
from sim import cli, occlusion
from sim.occlusion import RATES, Case, Occlusion, cases_of, measure, procedure_of, rig_of
from state_machine.limits import beyond_ceiling


def arguments(*words):
    parser = argparse.ArgumentParser()
    occlusion.add_arguments(parser)
    return parser.parse_args(words)


MADE = (
    Occlusion(
        Case("27G", 37, "BD 1 mL", 100_000),
        "",
        340,
        4_700,
        1_390,
        "false-passage",
        ((0, 2_700), (340, 4_700)),
    ),
    Occlusion(Case("30G", 37, "BD 1 mL", 100_000), "not injected: in prime-and-zero: too soft"),
)


def test_the_grid_is_every_combination_and_unknown_names_are_refused():
    cases = cases_of(arguments("--gauges", "27G", "--rates", "100000,200000"))
    assert len(cases) == 1 * 2 * 2 * 2
    with pytest.raises(ValueError, match="'26G' is not known; there are 27G, 30G"):
        cases_of(arguments("--gauges", "26G"))
    assert cli.main(["occlusion", "--rates", "fast"]) == 2


def test_colder_and_thinner_is_harder_to_push_through():
    warm, cold, thin = (
        rig_of(Case(gauge, celsius, "BD 1 mL", 100_000), 4_780)
        for gauge, celsius in (("27G", 37), ("27G", 25), ("30G", 37))
    )
    assert warm.resistance_kpa_s_ul == pytest.approx(1.676, rel=0.01)  # facts C1
    assert thin.resistance_kpa_s_ul == pytest.approx(5.101, rel=0.01)
    assert cold.resistance_kpa_s_ul > warm.resistance_kpa_s_ul


@pytest.mark.parametrize("rate", RATES)
def test_each_rate_of_the_grid_is_a_profile_that_a_room_may_have(rate):
    """A first rate above the rate would be refused by the gate at every press."""
    loaded = load_room("demo", known_names())
    made = procedure_of(loaded, Case("27G", 37, "BD 1 mL", rate), 1)
    assert beyond_ceiling(made.world.room.state.profile.limits) == ()


@pytest.mark.parametrize("found", [MADE, MADE[1:]])
def test_page_and_lines_say_what_was_measured_and_what_was_refused(
    found, tmp_path, monkeypatch, capsys
):
    left = list(found)
    monkeypatch.setattr(occlusion, "cases_of", lambda _args: [one.case for one in found])
    monkeypatch.setattr(occlusion, "measure", lambda *_: left.pop(0))
    assert cli.main(["occlusion", "--json", "--out", str(tmp_path / "page.html")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["gauge"] for line in lines] == [one.case.gauge for one in found]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "too soft" in page
    assert "http" not in page


def test_what_was_not_stopped_fails_the_command(monkeypatch):
    monkeypatch.setattr(occlusion, "measure", lambda *_: Occlusion(MADE[0].case, "NOT STOPPED"))
    assert cli.main(["occlusion", "--gauges", "27G", "--json"]) == 1


@pytest.mark.long
@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION")
def test_an_occlusion_is_stopped_early_and_little_runs_in_afterwards():
    found = measure(load_room("demo", known_names()), Case("27G", 37, "BD 1 mL", 100_000), 1)
    assert found.outcome == ""
    assert found.stop_ms < 2_000
    assert 2_000 < found.line_pa < 20_000
    assert found.bolus_nl < 5_000
    assert found.alarm
