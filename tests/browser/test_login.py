"""A room in which people log in, at the page: PIN, lock, STOP always, who comes and who goes."""

import dataclasses

import msgspec
import pytest

from config.load import load_room
from drivers.registry import known_names
from tests.browser.conftest import staged
from tests.world.pins import PEOPLE, AtOnce, write_users
from tests.world.scene import TECHNOLOGIST

pytestmark = [pytest.mark.real, pytest.mark.timeout(240), pytest.mark.hazard("HZ-USE-ERROR")]
IDLE_NS = 30_000_000_000
NAME, _FULL, PIN, _ROLE = PEOPLE[0]


@pytest.fixture(scope="module")
def stage(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("login")
    loaded = load_room("demo", known_names())
    profile = msgspec.structs.replace(loaded.profile, login_required=True, idle_lock_ns=IDLE_NS)
    loaded = dataclasses.replace(loaded, profile=profile)
    checker = AtOnce(folder / "users.json")
    with staged(browser, folder, loaded=loaded, checker=checker) as made:
        made.users = folder / "users.json"
        made.open()
        yield made


def screen(stage, name):
    stage.page.locator(f"#work[data-screen={name}]").wait_for()


def log_in(stage, pin, name=NAME):
    """By the keys on the screen, as with gloves."""
    page = stage.page
    page.locator("#f-who").fill(name)
    page.wait_for_timeout(420)
    for digit in pin:
        page.locator(".digits .key", has_text=digit).click()
    stage.next()


def stops(stage):
    return [said for said in stage.server.said if said.get("event") == "stop"]


def test_without_a_user_the_page_says_how_the_first_one_is_made(stage):
    screen(stage, "people")
    log_in(stage, PIN)
    stage.page.locator(".people .note", has_text="galactograph user add").wait_for()
    write_users(stage.users)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_nothing_but_stop_works_before_the_log_in(stage):
    before = len(stops(stage))
    stage.page.locator("#stop").click()
    stage.page.keyboard.press("Escape")
    stage.page.wait_for_timeout(150)
    assert len(stops(stage)) == before + 2
    stage.page.keyboard.press("F2")
    stage.page.keyboard.press("F8")
    stage.page.locator("#rail .railkey").last.click()
    stage.page.wait_for_timeout(150)
    screen(stage, "people")


def test_a_wrong_pin_is_said_and_the_right_one_opens(stage):
    log_in(stage, "999999")
    stage.page.locator(".people .note", has_text="user or PIN is wrong").wait_for()
    assert stage.page.locator("#f-pin").input_value() == ""
    log_in(stage, PIN)
    screen(stage, "worklist")
    assert stage.page.locator("#top .who").text_content() == TECHNOLOGIST
    said = [said for said in stage.server.said if "pin" in said]
    assert len(said) == 3, "a PIN is said once, and to the controller alone"


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_an_idle_session_is_locked_and_stop_stays_live(stage):
    stage.lapse(lambda s: any(one["locked"] for one in s["people"]["sessions"]), 45)
    screen(stage, "people")
    assert "Locked" in stage.page.locator(".people h2").first.text_content()
    before = len(stops(stage))
    stage.page.locator("#stop").click()
    stage.page.keyboard.press("Pause")
    stage.page.wait_for_timeout(150)
    assert len(stops(stage)) == before + 2
    assert stage.page.locator("#stop .word").text_content() == "STOP"
    log_in(stage, PIN)
    screen(stage, "worklist")


def test_another_person_takes_the_place_and_leaves_it(stage):
    page = stage.page
    page.wait_for_timeout(420)
    page.locator("#rail .railkey").last.click()
    page.wait_for_timeout(420)
    page.locator(".tiles .key", has_text="Who is here").click()
    screen(stage, "people")
    name, full, pin, _role = PEOPLE[1]
    log_in(stage, pin, name)
    screen(stage, "worklist")
    page.locator("#top .who", has_text=full).wait_for()
    sessions = stage.room.shown["people"]["sessions"]
    assert [one["by"] for one in sessions] == [full], "one screen, one person"
