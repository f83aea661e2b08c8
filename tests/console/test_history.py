"""Closed procedures at the console: found, read at an address of one's own, stepped through."""

import asyncio
import json

import pytest

from controller.console.history import CASES_MOST_COUNT, TICKET_LIFE_NS, TICKETS_MOST_COUNT, History
from controller.console.played import GAP_MS, SPAN_MS, played, thinned
from controller.record.report import choose
from controller.record.report_case import Point
from tests.console.served import Served, introduced
from tests.record.journals import read_rows, write_rows
from tests.record.procedure import Story, procedure, rows_of, start, write_procedure

pytestmark = pytest.mark.hazard("HZ-RECORD")
MS = 1_000_000


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A record with one procedure in it."""
    return write_procedure(tmp_path_factory.mktemp("record") / "record.journal")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A record with two."""
    path = tmp_path_factory.mktemp("two") / "record.journal"
    story = Story()
    start(story)
    procedure(story)
    procedure(story, "Beispiel, Anna")
    write_rows(path, rows_of(story.entries))
    return path


@pytest.fixture
def reading(record, tmp_path):
    """A server over that record."""
    made = Served(tmp_path, journal=record)
    yield made
    made.close()


def found(path, words=""):
    return asyncio.run(History(path, lambda: 0).search(words))


# --- search -----------------------------------------------------------------------------------


def test_the_newest_stands_first_and_every_word_counts(two):
    assert [case["case"] for case in found(two)["cases"]] == [2, 1]
    (anna,) = found(two, "beispiel anna")["cases"]
    assert anna["patient_name"] == "Beispiel, Anna"
    assert anna["closed"] is True
    assert 0 < anna["low_nl"] < anna["high_nl"]
    assert found(two, "anna muster")["cases"] == []


def test_a_record_that_cannot_be_read_is_said_and_not_a_crash(tmp_path):
    said = found(tmp_path / "none.journal")
    assert said["cases"] == []
    assert "none.journal" in said["words"]


def test_searching_and_reading_leave_the_record_as_it_is(record):
    before = record.read_bytes()
    found(record)
    assert len(read_rows(record)) > 0
    assert record.read_bytes() == before
    assert CASES_MOST_COUNT >= 100


# --- addresses --------------------------------------------------------------------------------


def address(page, form="report", case=1):
    page.send_json({"k": "history.open", "case": case, "form": form})
    return page.receive_json()


def test_a_report_is_read_by_the_browser_it_was_given_to(reading):
    browser = reading.loaded()
    with reading.page(browser) as (page, controller):
        introduced(page, controller)
        path = address(page)["address"]
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "Muster, Eva" in answer.text
        policy = answer.headers["content-security-policy"]
        assert "script" not in policy
        assert "sandbox" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert reading.loaded().get(path).status_code == 404, "another browser"
        assert reading.browser().get(path).status_code == 404, "without a cookie"
    assert browser.get(path).status_code == 404, "the page is closed"


def test_an_address_dies_with_its_time_and_when_the_person_leaves(reading):
    browser = reading.loaded()
    with reading.page(browser) as (page, controller):
        introduced(page, controller)
        old = address(page)["address"]
        reading.now_ns += TICKET_LIFE_NS
        assert browser.get(old).status_code == 200
        reading.now_ns += 1
        assert browser.get(old).status_code == 404
        fresh = address(page)["address"]
        page.send_json({"k": "logout"})
        assert page.receive_json()["by"] == ""
        assert browser.get(fresh).status_code == 404


def test_nobody_reads_nothing_and_knows_no_form(reading):
    with reading.page() as (page, controller):
        assert "say who you are" in address(page)["error"]
        page.send_json({"k": "history.list"})
        assert page.receive_json() == {
            "k": "history",
            "cases": [],
            "words": "say who you are first",
        }
        introduced(page, controller)
        assert "known: report, replay" in address(page, "raw")["error"]


def test_a_procedure_that_is_not_there_is_nothing(reading):
    browser = reading.loaded()
    with reading.page(browser) as (page, controller):
        introduced(page, controller)
        for form in ("report", "replay"):
            assert browser.get(address(page, form, 77)["address"]).status_code == 404
        assert browser.get("/history/guessed").status_code == 404


def test_addresses_are_bounded(record):
    history = History(record, lambda: 0)
    first = history.ticket("b", 1, "report")["address"].rpartition("/")[2]
    assert asyncio.run(history.read(first, "b")) is not None
    for _ in range(TICKETS_MOST_COUNT):
        history.ticket("b", 1, "report")
    assert asyncio.run(history.read(first, "b")) is None


# --- stepping through -------------------------------------------------------------------------


def test_a_replay_is_data_for_the_pages_own_script(reading):
    browser = reading.loaded()
    with reading.page(browser) as (page, controller):
        introduced(page, controller)
        answer = browser.get(address(page, "replay")["address"])
    assert answer.headers["content-type"] == "application/json"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    told = json.loads(answer.text)
    assert told["of"]["patient_name"] == "Muster, Eva"
    assert (told["case"], told["closed"], told["mode"]) == (1, True, "simulated")


@pytest.fixture(scope="module")
def told(record):
    case, _ = choose(record, 1)
    return case, played(case)


def test_phases_follow_each_other_from_beginning_to_end(told):
    _, made = told
    assert made["phases"][0][0] == 0
    assert made["phases"][-1][1] <= made["span_ms"]
    ends = [end for _, end, _ in made["phases"]]
    assert ends[:-1] == [begin for begin, _, _ in made["phases"]][1:]
    assert "injecting" in {name for _, _, name in made["phases"]}


def test_alarms_have_their_span_and_decisions_their_words(told):
    case, made = told
    assert made["alarms"]
    for begin, end, name, priority, words in made["alarms"]:
        assert 0 <= begin <= end <= made["span_ms"], name
        assert priority in ("high", "medium", "low")
        assert words
    kinds = {event["kind"] for event in made["events"]}
    assert {"phase", "alarm", "motion", "refused", "gate", "hold"} <= kinds
    refused = next(event for event in made["events"] if event["kind"] == "refused")
    assert refused["words"]
    assert len(made["events"]) <= len(case.entries)
    times = [event["t_ms"] for event in made["events"]]
    assert times == sorted(times)


def test_volumes_are_the_ledgers(told):
    _, made = told
    for _, _, low, high in made["volumes"]:
        assert low <= high
    assert made["volumes"][-1][3] > 0


def test_nothing_of_a_curve_is_lost_but_what_lies_between_its_extremes(told):
    case, made = told
    whole, thin = case.curves.line_pa, made["curves"]["line_pa"]
    values = [value for _, value in thin if value is not None]
    assert (min(values), max(values)) == (
        min(p.value for p in whole),
        max(p.value for p in whole),
    )
    assert len(thin) < len(whole) or len(whole) < 50


def test_a_gap_stays_a_gap():
    curve = [Point(0, 5), Point(GAP_MS * MS, 6), Point((2 * GAP_MS + 1) * MS, 7)]
    assert thinned(curve, 60_000) == [
        [0, 5],
        [GAP_MS, 6],
        [GAP_MS + 1, None],
        [2 * GAP_MS + 1, 7],
    ]


def test_a_peak_within_a_span_is_kept_in_its_order():
    curve = [Point(i * 10 * MS, 1) for i in range(5)] + [Point(55 * MS, 900), Point(60 * MS, 0)]
    assert thinned(curve, 60_000) == [[55, 900], [60, 0]]
    long = thinned(curve, 6_000_000)
    assert long == [[55, 900], [60, 0]]
    assert SPAN_MS == 200
