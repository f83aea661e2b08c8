"""The sheet for the patient: what the record knows, nothing it does not, on one page."""

import msgspec
import pytest

from controller import cli
from controller.record.report_case import cases
from controller.record.sheet import EXTRAVASATED, NO_CONTACT, WATCH, sheet
from state_machine.entries import SideDaySaved
from state_machine.profile import Profile
from state_machine.requests import SetUpRoom
from tests.record.procedure import Story, procedure, rows_of, start, write_procedure

pytestmark = pytest.mark.hazard("HZ-USE-ERROR")


def case_of(story):
    (case,) = cases(rows_of(story.entries))
    return case


@pytest.fixture
def told():
    story = Story()
    start(story)
    procedure(story)
    return case_of(story)


def test_it_says_what_was_done_and_what_to_watch_for(told):
    text = sheet(told)
    opened = told.opened()
    (_t, set_up), *_ = told.requests(SetUpRoom)
    for part in (opened.patient_name, opened.performer, "SIMULATED", "left breast", *WATCH):
        assert part in text
    assert set_up.contrast in text
    assert set_up.lot in text
    assert NO_CONTACT in text
    assert EXTRAVASATED not in text


def test_without_names_on_wish(told):
    text = sheet(told, deidentify=True)
    opened = told.opened()
    assert opened.patient_name not in text
    assert opened.patient_id not in text
    assert opened.birth_date not in text


def test_whom_to_call_comes_from_the_profile_of_the_record(told):
    profile = Profile("test", site_contact="Ward 3 <b>, +00 0000")
    told.started = msgspec.structs.replace(told.started, profile=msgspec.msgpack.encode(profile))
    text = sheet(told)
    assert "Ward 3 &lt;b&gt;, +00 0000" in text
    assert NO_CONTACT not in text


def test_a_suspected_extravasation_is_followed_up():
    story = Story()
    start(story)
    story.move("open", "checklist")
    story.move("suspected-extravasation", "suspected-extravasation", "M. Laine")
    story.say(
        SideDaySaved,
        patient_id="P",
        side="L",
        utc_day=20_000,
        low_nl=0,
        high_nl=0,
        injection_count=1,
        locked_until_day=20_014,
    )
    text = sheet(case_of(story))
    assert EXTRAVASATED in text
    assert "Not before 2024-10-18" in text
    assert "no contrast agent" in text


def test_the_command_writes_it(tmp_path, capsys):
    journal, out = tmp_path / "record.journal", tmp_path / "sheet.html"
    write_procedure(journal)
    assert cli.main(["sheet", str(journal), "--out", str(out)]) == 0
    assert "After your galactography" in out.read_text("utf-8")
    assert out.stat().st_mode & 0o777 == 0o600
    assert cli.main(["sheet", str(journal), "--out", str(out), "--case", "9"]) == 2
    assert "no procedure 9" in capsys.readouterr().err
