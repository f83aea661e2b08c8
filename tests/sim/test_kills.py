"""Real deaths: their judge can fail, lines are kept, and what is there is not played again."""

import json
import signal
from argparse import Namespace
from typing import Any

import pytest

from sim.cli import main
from sim.kills import command, summary
from sim.kills.lives import Lives
from state_machine.entries import MotionIntent

COMMIT = {"commit": "abc"}


class FakeSite:
    """A motor that went on so often, and what was so when the cannula went in."""

    def __init__(self, motions=0, given_nl=0, inserted=True):
        self._motions, self._given_nl = motions, given_nl
        self.inserted = {"plunger_nl": 1_000} if inserted else {}

    def events(self, since_ns):
        return [(number, "motor-on", "command", 0) for number in range(1, self._motions + 1)]

    def truth(self):
        return {"plunger_nl": 1_000 + self._given_nl}


class FakeRecord:
    def __init__(self, intents):
        self.entries = [MotionIntent(n, n, n, "inject", 0, 1, 1) for n in range(1, intents + 1)]

    def more(self):
        return self


def lives(site, intents=0):
    made: Any = Lives.__new__(Lives)
    made.site, made.record = site, FakeRecord(intents)
    return made


def test_more_motions_than_intents_on_the_disk_are_found():
    assert lives(FakeSite(motions=2), intents=2)._duplicates() == []
    assert lives(FakeSite(motions=3), intents=2)._duplicates() == [
        "3 motions, 2 intents on the disk"
    ]


def test_what_was_given_is_laid_beside_what_is_shown():
    shown = {"volume": {"side_day_low_nl": 9_500, "side_day_high_nl": 21_000}}
    found = lives(FakeSite(given_nl=10_000))._volumes(shown)
    assert found == {
        "truth_nl": 10_000,
        "low_nl": 9_500,
        "high_nl": 21_000,
        "count_width_nl": 10_000,
    }
    assert lives(FakeSite(inserted=False))._volumes(shown) == {}


def line(seed, verdict="good", **more):
    died = {"seed": seed, "aim": "flow", "phase": "injecting", "flowing": True, "dead_s": 0.1}
    return died | {"verdict": verdict, "reasons": [], "wall_s": 4.0} | more


class FakeLives:
    """Chains of two deaths; seed 3 gets stuck."""

    begun: list[int] = []  # noqa: RUF012 - one list for all, on purpose

    def __init__(self, folder, seed, patience_s):
        assert folder.is_dir()

    def chain(self, seed):
        self.begun.append(seed)
        if seed == 3:
            return [line(seed, "stuck", reasons=["Late: not so"])]
        return [line(seed, low_nl=1, truth_nl=2, high_nl=3, count_width_nl=2)] * 2

    def close(self):
        pass


@pytest.fixture
def arguments(monkeypatch):
    FakeLives.begun.clear()
    monkeypatch.setattr(command, "Lives", FakeLives)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return Namespace(deaths=5, seed=1, sites=1, patience=1.0, out=None, json=False)


def test_a_site_plays_until_enough_deaths_were_judged(arguments, tmp_path):
    out = tmp_path / "kills.jsonl"
    command._site(arguments, out, COMMIT, set(), 0)
    assert FakeLives.begun == [1, 2, 3, 4]
    lines = [json.loads(text) for text in out.read_text().splitlines()]
    assert [one["verdict"] for one in lines].count("good") == 6
    assert {one["commit"] for one in lines} == {"abc"}


def test_what_the_file_holds_of_this_commit_is_not_played_again(arguments, tmp_path):
    out = tmp_path / "kills.jsonl"
    out.write_text("".join(json.dumps(line(seed, commit="abc")) + "\n" for seed in (1, 1, 2, 4)))
    command._site(arguments, out, COMMIT, {1, 2, 4}, 0)
    assert FakeLives.begun == [3, 5]
    assert len(command.play(arguments, out, COMMIT)) == 4 + 1 + 2
    assert FakeLives.begun == [3, 5]


def test_sites_share_the_seeds():
    rows = [command._seeds(Namespace(seed=10, sites=3), number) for number in range(3)]
    assert [[next(row) for _ in range(2)] for row in rows] == [[10, 13], [11, 14], [12, 15]]


def test_the_summary_counts_and_names_what_was_not_good():
    lines = [line(1, low_nl=0, truth_nl=1, high_nl=20_000, count_width_nl=10_000)]
    lines += [line(2, "unsafe", reasons=["the plunger gave what is not shown"])]
    told = list(summary.told(lines))
    assert told[1].split()[:5] == ["all", "2", "1", "0", "1"]
    assert "20.00" in told[1]
    assert told[-1].startswith("seed 2 flow: unsafe")
    assert (summary.unsafe(lines), summary.judged(lines)) == (1, 2)
    assert list(summary.told([]))


@pytest.mark.parametrize("words", [["--deaths", "0"], ["--sites", "0"], ["--seed", "0"]])
def test_usage_is_checked(words, capsys):
    assert main(["kills", *words]) == 2
    assert "1 or more" in capsys.readouterr().err
