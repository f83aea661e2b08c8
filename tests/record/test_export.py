# mypy: disable-error-code="arg-type,index"
"""Export and de-identification: nothing is lost but who it was about."""

import argparse
import csv
import json
import stat

import pytest

from controller.record import export, report
from controller.record.deidentify import deidentified
from controller.record.report import choose
from controller.record.report_case import Sessions
from state_machine.entries import Inputs, Noted, Refused, Started
from state_machine.requests import ClientGone, Console, Login, Role, ViewBeat
from tests.record.procedure import write_procedure


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("record") / "record.journal"
    write_procedure(made)
    return made


@pytest.fixture
def case(path):
    return choose(path, 0)[0]


def names_of(case):
    opened = case.opened()
    people = {opened.performer, opened.assistant, *(by for by, _, _ in case.who)}
    patient = {opened.patient_name, opened.patient_id, opened.birth_date, opened.accession}
    return (patient | people) - {""}


def run(path, out, *words):
    parser = argparse.ArgumentParser()
    export.add_arguments(parser)
    return export.run(parser.parse_args([str(path), "-o", str(out), *words]))


def test_every_entry_and_request_is_a_line_in_the_order_of_time(path, case, tmp_path):
    out = tmp_path / "case.jsonl"
    assert run(path, out) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == len(case.entries) + len(case.asked)
    assert [line["t_ns"] for line in lines] == sorted(line["t_ns"] for line in lines)
    assert all(line["utc"].endswith("Z") for line in lines)
    assert all("boot_ns" in line for line in lines if "entry" in line)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_samples_are_those_of_the_curves(path, case, tmp_path):
    out = tmp_path / "samples.csv"
    assert run(path, out, "--form", "csv") == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    line = [int(row["value"]) for row in rows if row["quantity"] == "line_pressure"]
    assert line == [point.value for point in case.curves.line_pa]
    assert {row["unit"] for row in rows} <= {unit for _, unit, _ in export.SAMPLES}


def test_events_are_the_time_line(path, tmp_path):
    out = tmp_path / "events.csv"
    assert run(path, out, "--form", "events") == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert any(row["event"] == "motion ended" for row in rows)


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize("form", [*export.FORMS, "report"])
def test_nothing_names_anybody_once_it_is_deidentified(path, case, tmp_path, form):
    out = tmp_path / "out"
    if form == "report":
        report.write_report(path, out, deidentify=True)
    else:
        assert run(path, out, "--form", form, "--deidentify") == 0
    text = out.read_text()
    assert [name for name in names_of(case) if name in text] == []


def test_what_was_done_is_the_same(case):
    plain = deidentified(case)
    assert plain.end_utc_ns == case.end_utc_ns - case.begin_utc_ns
    assert [type(at.entry) for at in plain.entries] == [
        type(at.entry) for at in case.entries if type(at.entry).__name__ != "Resume"
    ]
    assert plain.curves is case.curves
    for (_, plain_one), (_, one) in zip(plain.of(Noted), case.of(Noted), strict=True):
        assert [key for key, _ in plain_one.facts] == [key for key, _ in one.facts]


def test_a_name_in_words_goes_and_a_word_that_only_contains_it_stays(case):
    opened = case.opened()
    at = case.entries[-1]
    words = (f"not {opened.assistant}'s", f"x{opened.patient_id}y")
    case.entries.append(at._replace(entry=Refused(1, 1, what="arm", words=words)))
    said = deidentified(case).of(Refused)[-1][1].words
    assert opened.assistant not in said[0]
    assert said[1] == words[1]


def test_free_text_is_left_out(case):
    note = Noted(1, 1, topic="reconfirmed", facts=(("reason", "she fainted in Bonn"),))
    case.entries.append(case.entries[-1]._replace(entry=note))
    assert deidentified(case).of(Noted)[-1][1].facts == (("reason", "[left out]"),)


@pytest.mark.parametrize("text", ["=1+1", "+x", "@SUM(A1)", "-cmd|' /C calc'!A0", "\tx"])
def test_no_cell_is_a_formula(text):
    assert export._cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-12", "-0.5", "plain", ""])
def test_plain_cells_and_numbers_stay(text):
    assert export._cell(text) == text


def test_bad_input_is_2_with_words(path, tmp_path, capsys):
    assert run(path, tmp_path / "none" / "x") == 2
    assert run(path, tmp_path / "x", "--case", "9") == 2
    assert run(tmp_path / "nothing", tmp_path / "x") == 2
    assert "cannot be written" in capsys.readouterr().err


# --- who asked ------------------------------------------------------------------------------------


def test_the_report_says_how_each_name_is_known():
    sessions = Sessions()
    who = {"by": "whoever", "role": Role.QA, "connection": 4}
    console = Console(**who)
    assert sessions.who(console) == ("whoever", "qa", "own word, not logged in")
    login = Login("T. Jones", Role.TECHNOLOGIST, connection=4)
    sessions.take(Inputs(1, 1, requests=(login, console)))
    assert sessions.who(console) == ("T. Jones", "technologist", "logged in")
    wrong = Login("T. Jones", Role.TECHNOLOGIST, connection=5, refused="wrong")
    assert sessions.who(wrong) == ("T. Jones", "technologist", "log-in refused")
    assert sessions.who(ViewBeat(**who)) is None
    sessions.take(Inputs(2, 2, requests=(ClientGone("g", Role.SERVICE, connection=4),)))
    assert sessions.who(console)[2] == "own word, not logged in"
    sessions.take(Inputs(3, 3, requests=(login,)))
    sessions.take(Started(4, 4, "g", "r", "bench", "0", ()))
    assert sessions.who(console)[2] == "own word, not logged in", "a restart ends all sessions"


def test_the_page_has_them(path, tmp_path):
    out = tmp_path / "page.html"
    report.write_report(path, out)
    text = out.read_text()
    assert "Who asked" in text
    assert "own word, not logged in" in text
