"""Campaigns in small: the same bytes whoever plays a seed, faults seen or said, commands."""

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from sim import cli
from sim.campaign import broken, page, pool, results, scene, worker
from sim.campaign.run import Result, Run
from sim.faults.draw import PLACES, SHORT, Plan, Planned, draw
from sim.faults.strike import MOMENTS
from sim.faults.table import BY_NAME, FAULTS, FLOW
from sim.processes import environment

ROOM = "demo"


def planned(name: str, delay_ms: int = 1_000, lasts_ms: int = 0, **chosen: Any) -> Planned:
    return Planned(name, FLOW, delay_ms, lasts_ms, chosen)


def short(*faults: Planned, seed: int = 1) -> Plan:
    return Plan(seed, place=SHORT, faults=faults, after=False)


def play(*faults: Planned, seed: int = 1, breaks: str = "") -> Result:
    return worker.play_plan(ROOM, short(*faults, seed=seed), breaks)


# --- drawing ------------------------------------------------------------------------------------


def test_a_seed_always_draws_the_same_plan():
    assert [draw(seed) for seed in range(200)] == [draw(seed) for seed in range(200)]


def test_many_runs_have_no_fault_and_some_have_several():
    counts = [len(draw(seed).faults) for seed in range(2_000)]
    assert 200 < counts.count(0) < 450
    assert counts.count(1) > 900
    assert sum(count >= 3 for count in counts) > 80


def test_every_fault_is_drawn_often_enough():
    named = [one.name for seed in range(4_000) for one in draw(seed).faults]
    rare = {row.name: named.count(row.name) for row in FAULTS if named.count(row.name) < 20}
    assert rare == {}


def test_every_row_can_be_carried_out():
    for row in FAULTS:
        assert set(row.moments) <= set(MOMENTS)
        assert row.must, row.name
        assert row.seen.__doc__ or row.seen.__name__ in ("<lambda>", "seen")


def test_a_share_of_the_places_is_long_and_all_mean_a_minute_of_flow():
    orders = [scene.order_of(place) for place in range(PLACES)]
    assert sum(len(o.views) > 1 or o.top_up or o.ducts > 1 for o in orders) == 3
    for order in orders[:SHORT]:
        assert order.ordered_nl * (1 + order.top_up) * order.ducts >= 160_000


def test_what_must_happen_before_the_line_is_primed_is_played_from_the_start():
    early = [row.name for row in FAULTS if row.early]
    assert {"wrong-syringe", "daily-check-missing", "daily-check-failed"} <= set(early)
    for plan in map(draw, range(2_000)):
        assert plan.whole or not any(BY_NAME[one.name].early for one in plan.faults)


def test_a_duct_that_fits_takes_the_order():
    plan = Plan(1)
    order = scene.order_of(0)
    drawn = [scene.patient_of(msgspec.structs.replace(plan, seed=s), order) for s in range(40)]
    assert all(scene.fits(patient, order) for patient in drawn)
    wild = [
        scene.patient_of(msgspec.structs.replace(plan, seed=s, fits=False), order)
        for s in range(40)
    ]
    assert not all(scene.fits(patient, order) for patient in wild)


def test_leaving_a_fault_out_leaves_the_others():
    plan = next(draw(seed) for seed in range(500) if len(draw(seed).faults) == 3)
    assert plan.without(1).faults == (plan.faults[0], plan.faults[2])


# --- playing ------------------------------------------------------------------------------------


def test_a_null_run_is_a_run_without_judges_and_faults():
    """Looking changes nothing: the same room, played on by the same person, byte for byte."""
    result = play(seed=5)
    assert (result.outcome, result.violations, result.invalid) == ("closed", [], [])
    plain = worker.copied(lambda: _plain(5)).decode()
    assert result.digest == plain


def _plain(seed: int) -> bytes:
    """The same room and people, with nobody who watches and nothing that could strike."""
    plan = short(seed=seed)
    run = Blind(worker.loaded_room(ROOM), worker.scene_of(ROOM, plan), plan)
    run.play()
    return run.digest().encode()


class Blind(Run):
    """A run that nobody looks at."""

    def _look_only(self) -> bool:
        return False

    def _look(self) -> bool:
        return False


def test_the_same_bytes_in_other_processes_and_with_other_hash_seeds():
    words = (
        "from tests.sim.test_campaign import play, planned;"
        "print(play(planned('pump-reset')).digest)"
    )
    told = {play(planned("pump-reset")).digest}
    env = environment() | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", words], env=env, capture_output=True, text=True, check=True
    )
    assert told == {done.stdout.strip()}


def test_the_same_results_whatever_the_jobs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        worker, "draw", lambda seed: short(planned("slips-off", 900, 300), seed=seed)
    )
    found = [
        {r.seed: r.digest for r in pool.on_this_machine(ROOM, range(1, 4), jobs)} for jobs in (1, 2)
    ]
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 3


def test_a_fault_that_is_never_seen_makes_the_run_invalid():
    result = play(Planned("door-opened", "beam", 0, 1_000))
    assert result.invalid == ["door-opened: its moment never came (beam; closed)"]
    assert result.violations == []


def test_killed_and_started_anew():
    result = play(planned("killed", dead_ms=400))
    assert (result.violations, result.invalid) == ([], [])
    assert result.outcome == "closed"
    assert "settle" not in result.phases, "the way on leads out, not back to the injection"
    assert result.ledger_low_nl <= result.delivered_nl <= result.ledger_high_nl


def test_a_run_that_raises_is_a_violation():
    result = play(planned("pump-wrong-speed"))  # without the speed that must be drawn
    assert result.outcome == "crashed"
    assert "KeyError" in result.violations[0]


# --- controls broken on purpose -------------------------------------------------------------------

HOST = {"stands_ms": 3_000}
SEEN: dict[str, tuple[Planned, ...]] = {
    "hold": (planned("slips-off", 1_500, 600),),
    "freshness": (planned("sensor-frozen", 1_500, 4_000),),
    "rate": (),
    "target": (),
    "watchdog": (planned("suspended", 1_500, **HOST),),
    "retract-bound": (),
    "durable-start": (Planned("disk-stalls", "any", 0, 20_000),),
    "stop-schedule": (planned("pump-ignores-stop", 1_000, 30_000, asked_ms=500),),
    "ledger-high": (),
    "ledger-low": (),
    "safe-mode": (planned("watchdog-dead", 1_500, 7_000, **HOST),),
    "record-alarm": (planned("disk-full", 1_500, 3_000),),
    "record-whole": (),
    "emergency-series": (planned("emergency-stop", 1_500, 3_000),),
    "exposure-hold": (),
    "pressure": (Planned("false-passage", "armed", 100, 0),),
    "fence": (planned("pump-hung", 1_500, 3_000),),
    "lateness": (planned("slow-pass", 1_500, stands_ms=200),),
    "lock": (),
    "volume": (),
    "line-pressure": (planned("occlusion", 1_000, 28_000),),
}
WITH_IMAGES = ("exposure-hold", "pressure", "lock", "line-pressure")
"""Not to be seen in the short order."""


def showing(name: str) -> Plan:
    """The shortest plan that shows a broken control."""
    row, plan = broken.BY_NAME[name], short(*SEEN[name])
    place = 0 if name in WITH_IMAGES else plan.place
    return msgspec.structs.replace(plan, whole=row.whole, place=place)


QUICK = ("hold", "target", "watchdog", "ledger-high", "emergency-series")


def judges(result: Result) -> set[str]:
    return {results.judge_of(words) for words in result.violations}


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in SEEN]
)
def test_a_broken_control_is_found(name: str):
    assert broken.BY_NAME[name].by in judges(worker.play_plan(ROOM, showing(name), name))


@pytest.mark.long
@pytest.mark.parametrize("name", SEEN)
def test_what_finds_it_is_content_with_the_whole_control(name: str):
    assert judges(worker.play_plan(ROOM, showing(name))) == set()


def test_a_break_that_does_not_fit_the_code_says_so():
    with pytest.raises(AttributeError, match="does not fit the code"):
        broken._put(worker, nothing_of_this_name=1)
    with pytest.raises(AttributeError, match="refusal table"):
        broken._without("nothing-of-this-name")


# --- results and commands -------------------------------------------------------------------------


def made(seed: int, **changed: Any) -> Result:
    plain = msgspec.to_builtins(play_crashed(seed)) | {"violations": [], "outcome": "closed"}
    return msgspec.convert(plain | changed, Result)


def play_crashed(seed: int) -> Result:
    from sim.campaign.run import crashed

    return crashed(Plan(seed, faults=(planned("pump-stall"),)), "words")


def test_the_summary_counts():
    some = [
        made(1),
        made(2, violations=["hold: x", "high: y"]),
        made(3, invalid=["pump-stall: its moment never came"]),
        made(4, faults=[]),
    ]
    told = results.summary(some, 2.0)
    assert (told["runs"], told["violations"], told["invalid"]) == (4, 1, 1)
    assert told["runs_per_s"] == 2.0
    stalls = {"runs": 3, "seen": 2, "invalid": 1, "violations": 1, "given_up": 0}
    assert told["by_fault"]["pump-stall"] == stalls
    assert told["by_judge"] == {"hold": 1, "high": 1}
    assert told["first_failure"] == "galactograph-sim run 2 --faults"
    drawn = page.draw(some, told, {"commit": "abc"})
    assert "hold: x" in drawn
    assert "<svg" in drawn
    assert "assumptions" in drawn


def test_results_are_kept_for_their_commit_and_a_cut_line_is_played_again(tmp_path):
    path = tmp_path / "kept.jsonl"
    with path.open("a") as out:
        results.keep(out, made(1), "abc")
        results.keep(out, made(2), "other")
        out.write('\n{"seed": 3, "di')
    assert list(results.kept(path, "abc", range(1, 10))) == [1]
    assert results.kept(path, "abc+", range(1, 10)) == {}
    assert results.kept(path, "abc", range(2, 10)) == {}


def call(capsys, *words: str) -> tuple[int, str, str]:
    try:
        status = cli.main(list(words))
    except SystemExit as left:
        status = int(left.code or 0)
    told = capsys.readouterr()
    return status, told.out, told.err


def test_campaign_replay_minimise_and_plot(tmp_path, capsys, monkeypatch: pytest.MonkeyPatch):
    """One failing fault among two: found, played again, and the other one left out."""
    plan = short(planned("slips-off", 800, 200), planned("pump-keypad-stop", 1_500))
    monkeypatch.setattr("sim.campaign.command.draw", lambda seed: plan)
    monkeypatch.setattr(worker, "draw", lambda seed: plan)
    wrong = BY_NAME["pump-keypad-stop"]._replace(alarms=("no-such-alarm",), alarm_ms=100)
    monkeypatch.setitem(BY_NAME, "pump-keypad-stop", wrong)
    kept, drawn = tmp_path / "kept.jsonl", tmp_path / "page.html"
    told = call(capsys, "campaign", "--seeds", "1..1", "--json", "--html", str(drawn))
    assert told[0] == 1
    summary = json.loads(told[1])
    assert summary["by_judge"] == {"alarms": 1}
    assert "run 1 --faults" in told[2]
    assert drawn.read_text().startswith("<!doctype html>")
    status, out, _ = call(capsys, "minimise", "1")
    assert (status, out.splitlines()[-1]) == (0, "galactograph-sim run 1 --faults --only 1")
    status, out, _ = call(capsys, "run", "1", "--faults", "--only", "0", "--json")
    assert (status, json.loads(out)["violations"]) == (0, [])
    figure = tmp_path / "run.svg"
    worker.copied(lambda: str(cli.main(["plot", "1", "--out", str(figure)])).encode())
    assert "pump-keypad-stop" in figure.read_text()
    assert not kept.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("campaign", "--seeds", "9..1"), "must be A..B"),
        (("campaign", "--seeds", "1..2", "--jobs", "0"), "--jobs 1 to"),
        (("campaign", "--seeds", "1..2", "--room", "dem"), "did you mean"),
        (("run", "3", "--faults", "--only", "7"), "must name places"),
        (("run", "3", "--faults", "--only", "x"), "must name places"),
        (("plot", "3", "--only", "9"), "must name places"),
    ],
)
def test_wrong_input_is_2(capsys, words: tuple[str, ...], said: str):
    status, out, err = call(capsys, *words)
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_same_results_on_a_cluster():
    """In a process of its own: a cluster leaves threads behind for a while."""
    words = (
        "from distributed import LocalCluster\n"
        "from sim.campaign import pool, scene, worker\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as c:\n"
        "        for r in pool.on_a_cluster('demo', [SEED], c.scheduler_address):\n"
        "            print(r.digest)\n"
    ).replace("SEED", str(CHEAP))
    done = subprocess.run(
        [sys.executable, "-c", words], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == worker.play_seed(ROOM, CHEAP).digest


CHEAP = next(s for s in range(10_000) if draw(s).place == SHORT and not draw(s).whole)
"""A seed with a short order."""


def test_no_cluster_is_2(capsys, monkeypatch: pytest.MonkeyPatch):
    status, _, err = call(capsys, "campaign", "--seeds", "1..1", "--dask", "nowhere")
    assert status == 2
    assert "'nowhere' is no address of a Dask scheduler" in err
    monkeypatch.setitem(sys.modules, "distributed", None)
    status, _, err = call(capsys, "campaign", "--seeds", "1..1", "--dask", "tcp://127.0.0.1:9")
    assert status == 2
    assert "extra 'dask'" in err
