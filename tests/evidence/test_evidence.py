"""The summary keeps what a run said last, whichever run is made now."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from tests.evidence import cli

ROWS = (
    cli.Run("first", "tests.first", "first.md", "an hour"),
    cli.Run("second", "tests.second", "second.md", "an hour"),
)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary.md"
    monkeypatch.setattr(cli, "SUMMARY", path)
    monkeypatch.setattr(cli, "RUNS", ROWS)
    return path


def test_a_row_stays_until_its_run_is_made_again(summary: Path):
    summary.write_text(cli.page({"first": "| [first](first.md) | yes |"}), "utf-8")
    text = cli.page({"second": "| [second](second.md) | no |"})
    assert text.splitlines()[-2:] == [
        "| [first](first.md) | yes |",
        "| [second](second.md) | no |",
    ]


@pytest.mark.parametrize(("status", "held"), [(0, "yes"), (1, "no")])
def test_the_last_line_of_a_run_and_its_status_are_its_row(
    summary: Path, monkeypatch: pytest.MonkeyPatch, status: int, held: str
):
    done = subprocess.CompletedProcess([], status, "many words\n3 found\n")
    monkeypatch.setattr(subprocess, "run", lambda *_words, **_options: done)
    monkeypatch.setattr(
        cli, "machine", lambda: {"cpu": "c", "cores": 2, "python": "3", "commit": "abc"}
    )
    assert cli.main(["second"]) == status
    row = summary.read_text("utf-8").splitlines()[-1]
    assert row.startswith(f"| [second](second.md) | {held} | 3 found | ")
    assert "| abc | c, 2 cores, " in row


def test_a_run_that_is_not_there_is_refused_with_those_that_are(
    summary: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["thrid"])
    assert "no such run: thrid; there are first, second" in capsys.readouterr().err
    assert not summary.exists()


def test_each_run_can_be_called():
    assert len({run.name for run in cli.RUNS}) == len(cli.RUNS)
    assert all(importlib.util.find_spec(run.module) for run in cli.RUNS)
