"""What is tried against the console's server, and what becomes of it (console facts 4)."""

import json

import msgspec
import pytest
from starlette.websockets import WebSocketDisconnect

from controller.console.guard import COOKIE, SESSIONS_MOST_COUNT
from controller.console.messages import MESSAGE_MOST_BYTES, MESSAGES_MOST_PER_S
from state_machine import beats
from state_machine.requests import AnyRequest
from state_machine.state import HoldPhase
from tests.console.served import HOST, ended, introduced, opened
from tests.core.test_beats import BY, CONNECTION, TOKEN, Story

pytestmark = pytest.mark.hazard("HZ-USE-ERROR")


def refused(browser, **options):
    with pytest.raises(WebSocketDisconnect) as closed, opened(browser, **options):
        pass
    assert closed.value.code == 1008
    return closed.value.reason


# --- who may open the socket ------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:8751",
        "https://127.0.0.1:8750",
        "http://127.0.0.1.evil.example:8750",
        "null",
    ],
)
def test_a_page_of_another_origin_gets_no_socket(served, origin):
    assert "another page" in refused(served.loaded(), origin=origin)


def test_a_program_without_origin_gets_no_socket(served):
    assert "only a page" in refused(served.loaded(), origin="")


def test_without_the_cookie_of_a_loaded_page_there_is_no_socket(served):
    assert "load the page" in refused(served.browser())


@pytest.mark.parametrize("given", ["chosen-by-somebody-else", "", "x" * 5_000])
def test_a_cookie_that_this_server_did_not_give_is_no_session(served, given):
    browser = served.browser()
    browser.cookies.set(COOKIE, given)
    assert "load the page" in refused(browser)


def test_a_session_cannot_be_fixed_from_outside(served):
    browser = served.browser()
    answer = browser.get("/", headers={"cookie": f"{COOKIE}=chosen"})
    given = answer.headers["set-cookie"]
    assert "chosen" not in given
    assert "HttpOnly" in given
    assert "samesite=strict" in given.lower()


def test_what_one_browser_may_do_another_with_its_cookie_may_not(served):
    """The cookie carries no authority: who is in front of a page is its socket's alone."""
    browser = served.loaded()
    with served.page(browser) as (page, controller):
        introduced(page, controller)
        with served.page(browser) as (other, _):
            ask = {"request": "do", "event": "arm"}
            other.send_json({"k": "ask", "number": 1, "body": ask})
            assert other.receive_json()["refusals"] == ["say who you are first"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8750", "127.0.0.1", ""])
def test_dns_rebinding_finds_nobody(served, host):
    browser = served.loaded()
    assert browser.get("/", headers={"host": host}).status_code == 400
    assert "not known" in refused(browser, origin=f"http://{host}", host=host)


def test_another_subprotocol_is_another_programs(served):
    assert "galacto.1" in refused(served.loaded(), subprotocols=())


def test_sessions_are_bounded(served):
    first = served.loaded()
    for _ in range(SESSIONS_MOST_COUNT):
        served.loaded()
    assert "load the page" in refused(first)


# --- what may be said ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "hello",
        "[]",
        '{"k":"fire"}',
        '{"k":"stop","at_once":true}',
        '{"k":"view","ack":NaN}',
        '{"k":"view","ack":1.5}',
        '{"k":"view","ack":-1}',
        '{"k":"view"}',
        '{"k":"hold.beat","tok":7,"n":1,"ack":1}',
        '{"k":"ask","number":1,"body":[]}',
        '{"k":"person","by":"' + "x" * 201 + '","role":"technologist"}',
        "[" * 3_000,
    ],
)
def test_what_no_page_of_ours_says_ends_the_socket(served, said):
    with served.page() as (page, controller):
        page.send_text(said)
        assert ended(page) == 4400
        assert controller.heard() is None


def test_too_long_a_message_ends_the_socket(served):
    with served.page() as (page, controller):
        page.send_text(json.dumps({"k": "logout"}).ljust(MESSAGE_MOST_BYTES + 1))
        assert ended(page) == 4400
        assert controller.heard() is None


def test_bytes_end_the_socket(served):
    with served.page() as (page, _):
        page.send_bytes(b'{"k":"stop"}')
        assert ended(page) == 4400


def test_a_flood_ends_the_socket_and_nothing_of_it_is_kept_for_later(served):
    with served.page() as (page, controller):
        for _ in range(MESSAGES_MOST_PER_S + 1):
            page.send_json({"k": "view", "ack": 1})
        assert ended(page) == 4429
        heard = [controller.heard() for _ in range(MESSAGES_MOST_PER_S + 1)]
        assert heard[-1] is None


def test_stop_is_taken_in_the_middle_of_a_flood(served):
    with served.page() as (page, controller):
        for _ in range(MESSAGES_MOST_PER_S):
            page.send_json({"k": "view", "ack": 1})
        for _ in range(3):
            page.send_json({"k": "stop"})
        heard = [controller.heard() for _ in range(MESSAGES_MOST_PER_S + 3)]
        assert [one["request"] for one in heard[-3:]] == ["do"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"request": "do", "event": "resume", "role": "radiologist"},
        {"request": "do", "event": "resume", "by": "Dr. Brandt"},
        {"request": "do", "event": "stop", "number": 7},
        {"request": "hold-begin", "token": "x"},
        {"request": "view", "beat": 1, "t_ms": 1},
        {"request": "console"},
    ],
)
def test_a_forged_role_or_hold_is_refused(served, body):
    with served.page() as (page, controller):
        introduced(page, controller)
        page.send_json({"k": "ask", "number": 5, "body": body})
        reply = page.receive_json()
        assert (reply["number"], reply["taken"]) == (5, False)
        assert "does not say who asks" in reply["refusals"][0]


@pytest.mark.parametrize(
    "body",
    [{}, {"request": "fire"}, {"request": "do", "event": "fire"}, {"request": "zero", "x": 1}],
)
def test_what_is_no_request_is_refused_in_words(served, body):
    with served.page() as (page, controller):
        introduced(page, controller)
        page.send_json({"k": "ask", "number": 5, "body": body})
        assert "not a request" in page.receive_json()["refusals"][0]


# --- holds ------------------------------------------------------------------------------------


def heard_by_the_core(controller, connection):
    """What a page's connection brought, as the core gets it: stamped with the connection."""
    request = msgspec.convert(controller.heard(), AnyRequest)
    return msgspec.structs.replace(request, connection=connection)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_hold_that_was_overheard_is_worth_nothing_on_another_page(served):
    """The very text of the page that armed, said by another page of the same browser."""
    story = Story()
    begin = {"k": "hold.begin", "tok": TOKEN, "n": 1, "ack": story.now_ns // 1_000_000}
    browser = served.loaded()
    with served.page(browser) as (page, controller):
        introduced(page, controller, BY)
        with served.page(browser) as (other, overheard):
            introduced(other, overheard, BY)
            other.send_json(begin)
            beaten = beats.take(story.state, heard_by_the_core(overheard, 4), story.now_ns)
            assert "another page" in beaten.refused
            assert beaten.hold.phase is HoldPhase.CLOSED, "and the one that armed arms anew"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_hold_that_is_said_again_is_the_end_of_it(served):
    story = Story()
    begin = {"k": "hold.begin", "tok": TOKEN, "n": 1, "ack": story.now_ns // 1_000_000}
    with served.page() as (page, controller):
        introduced(page, controller, BY)
        page.send_json(begin)
        opened_ = beats.take(story.state, heard_by_the_core(controller, CONNECTION), story.now_ns)
        assert opened_.hold.phase is HoldPhase.OPEN
        state = msgspec.structs.replace(story.state, hold=opened_.hold, screen=opened_.screen)
        for expected in (HoldPhase.OPEN, HoldPhase.CLOSED):  # the same beat, and once more
            page.send_json({**begin, "k": "hold.beat", "n": 2})
            beaten = beats.take(state, heard_by_the_core(controller, CONNECTION), story.now_ns)
            assert beaten.hold.phase is expected
            state = msgspec.structs.replace(state, hold=beaten.hold, screen=beaten.screen)


# --- HTTP ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_changed_by_http(served, method):
    assert served.loaded().request(method, "/").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/../record.journal",
        "/%2e%2e/record.journal",
        "/js/..%2f..%2frecord.journal",
        "/js//app.js",
        "//etc/passwd",
        "/control.sock",
        "/js/app.js%00.html",
        "/history/../index.html/x",
    ],
)
def test_there_is_no_path_out_of_the_pages(served, path):
    answer = served.loaded().get(path)
    assert answer.status_code == 404
    assert "record" not in answer.text


def test_every_answer_says_what_a_browser_may_do_with_it(served):
    browser = served.loaded()
    for path in ("/", "/js/app.js", "/nothing"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
    assert browser.get("/js/app.js").headers["etag"] == f'"{"b" * 64}"'
    assert HOST not in browser.get("/").text
