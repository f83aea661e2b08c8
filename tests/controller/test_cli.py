"""The command: exit status 0 done, 1 the thing checked failed, 2 input or usage wrong."""

import json
import re
import subprocess
import sys

import pytest

from controller import cli
from controller.version import VERSION
from sim.processes import environment
from tests.config.conftest import Site
from tests.record.journals import chain_of, forge, write_rows
from tests.record.procedure import write_procedure

COMMANDS = ("run", "config", "journal", "replay", "report")


def call(capsys, *words):
    """Status, standard output, standard error; an exit by argparse counts like any other."""
    try:
        status = cli.main([str(word) for word in words])
    except SystemExit as left:
        status = int(left.code or 0)
    told = capsys.readouterr()
    return status, told.out, told.err


def objects(text):
    """Every line is one JSON object."""
    found = [json.loads(line) for line in text.splitlines()]
    assert found
    assert all(isinstance(one, dict) for one in found)
    return found


# --- the command itself -----------------------------------------------------------------------


def test_help_names_every_command_the_exit_statuses_and_the_disclaimer(capsys):
    status, out, err = call(capsys, "--help")
    assert (status, err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^    {command} ", out, re.MULTILINE), command
    assert "exit status: 0 done, 1 the thing checked failed, 2 input or usage wrong" in out
    assert "clinical validation" in out


@pytest.mark.parametrize(
    "words", [["run"], ["config", "check"], ["journal", "verify"], ["report"]], ids=" ".join
)
def test_every_command_has_its_own_help(capsys, words):
    status, out, _ = call(capsys, *words, "--help")
    assert status == 0
    assert f"galactograph {' '.join(words)}" in out


@pytest.mark.parametrize("module", ["controller.cli", "sim.cli"])
def test_the_version_as_a_process(module):
    command = [sys.executable, "-m", module, "--version"]
    done = subprocess.run(command, env=environment(), capture_output=True, timeout=30)
    assert (done.returncode, done.stdout.decode()) == (0, f"galactograph {VERSION}\n")
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "COMMAND"),
        (["dance"], "'dance'"),
        (["config"], "COMMAND"),
        (["run"], "--room"),
        (["run", "--room", "demo", "--log", "loud"], "'loud'"),
        (["report", "x.journal"], "--out"),
        (["journal", "verify"], "file"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(capsys, words, complaint):
    status, out, err = call(capsys, *words)
    assert (status, out) == (2, "")
    assert complaint in err


# --- config check -------------------------------------------------------------------------------


def test_a_shipped_room_is_good(capsys):
    status, out, err = call(capsys, "config", "check", "demo")
    assert (status, err) == (0, "")
    assert "mode SIMULATED" in out
    assert "clinical validation" in out


def test_a_good_room_as_json_ends_with_its_summary(capsys):
    status, out, _ = call(capsys, "config", "check", "demo", "--json")
    *lines, summary = objects(out)
    assert status == 0
    assert summary["ok"]
    assert {line["kind"] for line in lines} >= {"limit"}


def test_a_room_with_a_mistake_is_1(tmp_path, capsys):
    site = Site(tmp_path).change("baud = 19_200", "baud = 4_800")
    status, out, _ = call(capsys, "config", "check", site.room_path)
    assert status == 1
    assert out.startswith("refused: 1 problem\n")
    status, out, _ = call(capsys, "config", "check", site.room_path, "--json")
    assert status == 1
    assert [line["kind"] for line in objects(out)] == ["problem", "summary"]


def test_a_room_that_is_not_there_is_2(capsys):
    status, out, _ = call(capsys, "config", "check", "none.toml")
    assert status == 2
    assert "none.toml" in out


# --- record -------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "record.journal"
    write_rows(path, chain_of(5))
    return path


@pytest.fixture
def forged(tmp_path):
    path = tmp_path / "forged.journal"
    rows = chain_of(5)
    rows[2] = forge(rows[2], rows[1])
    write_rows(path, rows)
    return path


def test_a_whole_record_is_0(journal, capsys):
    status, out, err = call(capsys, "journal", "verify", journal)
    assert (status, err) == (0, "")
    status, out, _ = call(capsys, "journal", "verify", journal, "--json")
    (verdict,) = objects(out)
    assert status == 0
    assert (verdict["ok"], verdict["row_count"]) == (True, 5)


@pytest.mark.hazard("HZ-RECORD")
def test_a_forged_record_is_1_and_says_where(forged, capsys):
    status, out, _ = call(capsys, "journal", "verify", forged)
    assert status == 1
    assert re.search(r"\brow 3\b", out)
    status, out, _ = call(capsys, "journal", "verify", forged, "--json")
    (verdict,) = objects(out)
    assert (status, verdict["ok"]) == (1, False)
    assert verdict["findings"]


@pytest.mark.parametrize("content", [None, b"", b"a letter, not a record " * 100])
def test_what_is_no_record_is_2(tmp_path, capsys, content):
    path = tmp_path / "other.journal"
    if content is not None:
        path.write_bytes(content)
    status, out, err = call(capsys, "journal", "verify", path)
    assert (status, out) == (2, "")
    assert str(path) in err


def test_a_wrong_anchor_is_2_and_one_that_does_not_fit_is_1(journal, capsys):
    assert call(capsys, "journal", "verify", journal, "--anchor", "what")[0] == 2
    assert call(capsys, "journal", "verify", journal, "--anchor", f"5:{'ab' * 32}")[0] == 1


# --- report -------------------------------------------------------------------------------------


def test_a_report_is_written_and_told(tmp_path, capsys):
    path, page = tmp_path / "record.journal", tmp_path / "out.html"
    write_procedure(path)
    status, out, err = call(capsys, "report", path, "-o", page, "--json")
    (summary,) = objects(out)
    assert (status, err) == (0, "")
    assert summary["record_holds"]
    assert summary["out"] == str(page)
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_record_without_a_procedure_has_no_report(journal, tmp_path, capsys):
    status, out, err = call(capsys, "report", journal, "-o", tmp_path / "out.html")
    assert (status, out) == (2, "")
    assert "no procedure in it" in err
    assert not (tmp_path / "out.html").exists()


def test_a_report_into_a_folder_that_is_not_there_is_2(tmp_path, capsys):
    path = tmp_path / "record.journal"
    write_procedure(path)
    status, _, err = call(capsys, "report", path, "-o", tmp_path / "none" / "out.html")
    assert status == 2
    assert "folder that exists and is writable" in err
