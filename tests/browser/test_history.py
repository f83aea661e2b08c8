"""Closed procedures at the page: found, read, stepped through, and never taken for live."""

import re

import pytest

from sim.technologist import Order
from tests.browser.conftest import staged
from tests.browser.test_screens import AXE, CHECK, LOOK, least_mm
from tests.record.procedure import write_procedure

pytestmark = [
    pytest.mark.real,
    pytest.mark.long,  # the server's part and the list are in every run
    pytest.mark.timeout(240),
    pytest.mark.hazard("HZ-USE-ERROR"),
]


@pytest.fixture(scope="module")
def stage(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    record = write_procedure(folder / "record.journal")
    with staged(browser, folder, Order(ordered_nl=60_000), journal=record) as made:
        made.open("?texts=marked")
        made.say_who()
        made.page.evaluate(AXE)
        yield made


def act(stage, text):
    stage.page.wait_for_timeout(420)
    stage.page.locator("#foot .acts .key", has_text=text).first.click()


def test_a_procedure_is_found_and_its_report_read(stage):
    act(stage, "History")
    page = stage.page
    page.locator("#f-search").fill("muster")
    page.locator(".history .head .key").first.click()
    page.locator(".cases tbody tr").wait_for()
    assert "Muster, Eva" in page.locator(".cases tbody tr").first.text_content()
    # no script runs in the report's frame, a test's neither: what it was sent is looked at
    with page.expect_response(lambda answer: "/history/" in answer.url) as report:
        page.locator(".cases .key", has_text="Report").click()
    assert report.value.status == 200
    assert "Muster, Eva" in report.value.text()
    page.locator(".history iframe:visible").wait_for()
    page.locator(".history .head .key", has_text="Back to the list").click()
    page.locator("#f-search").fill("nobody of that name")
    page.locator(".history .head .key").first.click()
    page.get_by_text("Nothing found.").wait_for()
    page.locator("#f-search").fill("")
    page.locator(".history .head .key").first.click()
    page.locator(".cases .key", has_text="Step through").wait_for()


def test_it_is_stepped_through_and_says_that_it_is_not_live(stage):
    page = stage.page
    page.locator(".cases .key", has_text="Step through").click()
    page.locator(".page.replay .whole").wait_for()
    assert "RECORD – NOT LIVE" in page.locator(".notlive").text_content()
    assert not page.locator("#pad").is_visible()
    assert page.locator(".replay .live").count() == 0, "no number here is a live one"
    seen = set()
    for _ in range(60):
        page.locator("#foot .acts .key", has_text="next").first.click()
        seen.add(page.locator(".event[aria-current] .what").text_content())
    assert len(seen) > 8
    assert page.locator(".replay .facts dd").count() == 7


def test_alarms_alone_and_values_of_their_instant(stage):
    page = stage.page
    page.locator(".sorts .chip", has_text="alarms").click()
    page.locator(".slider").evaluate("(s) => { s.value = 0; s.dispatchEvent(new Event('input')); }")
    act(stage, "next")
    assert page.locator(".event:visible").count() == page.locator("[data-kind=alarm]").count()
    assert page.locator(".replay .on li").count() >= 1
    volume = page.locator(".replay .facts dd").nth(1).text_content()
    assert re.fullmatch(r"\d\.\d\d–\d\.\d\d\u00a0mL", volume)


def test_the_replay_is_accessible_and_large_enough(stage):
    page = stage.page
    page.wait_for_timeout(300)
    look = page.evaluate(LOOK)
    assert page.evaluate(CHECK) == []
    small = [
        key["text"] for key in look["buttons"] if min(key["w"], key["h"]) < least_mm(key) - 0.3
    ]
    assert small == []
    assert look["out"] == []
    assert look["stopFree"]
    own = [re.sub(r"⟦[^⟧]*⟧|mL|kPa|min", "", text) for text in look["own"]]
    assert [text for text in own if re.search(r"[A-Za-z]{2}", text)] == []


@pytest.mark.hazard("HZ-STALE-DATA")
def test_what_is_armed_closes_the_record(stage):
    stage.until(lambda s: s["phase"] == "armed")
    stage.page.locator("#work[data-screen=inject]").wait_for()
    assert stage.complaints == []
