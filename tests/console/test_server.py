"""One page and its connection: what is carried, in which order, and what ends with what."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from controller.cli import main
from controller.console import command, files
from controller.console import page as pages
from controller.console.app import PAGES_MOST_COUNT
from controller.console.history import History
from controller.console.link import SNAPSHOTS_MOST_COUNT, WORDS_MOST_COUNT, Outbox
from controller.console.panel import Panel
from controller.console.session import Session
from tests.console.served import SNAPSHOT, Served, ended, introduced, opened


def test_hello_comes_first_and_names_room_and_mode(served):
    with opened(served.loaded()) as page:
        connection, _ = served.listener.accept()
        hello = page.receive_json()
        connection.close()
    assert (hello["k"], hello["room"], hello["mode"]) == ("hello", "demo", "simulated")
    assert len(hello["pages"]) == 64
    assert hello["panel"] is False


def test_the_controllers_lines_reach_the_page_as_they_are(served):
    with served.page() as (page, controller):
        controller.say(SNAPSHOT)
        controller.say({"k": "reply", "number": 3})
        assert {page.receive_json()["k"] for _ in range(2)} == {"snapshot", "reply"}


def test_what_a_page_asks_goes_on_with_who_asks(served):
    with served.page() as (page, controller):
        introduced(page, controller)
        page.send_json({"k": "ask", "number": 9, "body": {"request": "do", "event": "arm"}})
        assert controller.heard() == {
            "request": "do",
            "event": "arm",
            "by": "T. Weber",
            "role": "technologist",
            "number": 9,
        }


@pytest.mark.hazard("HZ-USE-ERROR")
def test_stop_needs_nobody(served):
    with served.page() as (page, controller):
        page.send_json({"k": "stop"})
        heard = controller.heard()
        assert (heard["request"], heard["event"]) == ("do", "stop")
        assert heard["by"]


def test_beats_carry_token_number_and_what_was_drawn(served):
    with served.page() as (page, controller):
        introduced(page, controller)
        page.send_json({"k": "control"})
        page.send_json({"k": "view", "ack": 77, "up": True})
        page.send_json({"k": "hold.begin", "tok": "t", "n": 1, "ack": 78})
        page.send_json({"k": "hold.beat", "tok": "t", "n": 2, "ack": 79})
        page.send_json({"k": "hold.end", "tok": "t", "n": 3, "why": "release"})
        heard = [controller.heard() for _ in range(5)]
        who = {"by": "T. Weber", "role": "technologist"}
        assert heard == [
            {"request": "console", **who, "number": 0, "on": True, "take": False},
            {"request": "view", **who, "number": 0, "beat": 1, "t_ms": 77, "up": True},
            {"request": "hold-begin", **who, "number": 0, "token": "t", "beat": 1, "t_ms": 78},
            {"request": "hold-beat", **who, "number": 0, "token": "t", "beat": 2, "t_ms": 79},
            {"request": "hold-end", **who, "number": 0, "token": "t", "beat": 3, "why": "release"},
        ]


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_page_that_goes_takes_its_connection_with_it(served):
    with served.page() as (page, controller):
        page.close()
        assert controller.heard() is None


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_controller_that_goes_takes_the_page_with_it(served):
    with served.page() as (page, controller):
        controller.close()
        assert ended(page) == 4503


def test_without_a_controller_the_page_is_told_why(served):
    served.listener.close()
    served.path.unlink()
    with opened(served.loaded()) as page:
        said = page.receive_json()
        assert (said["k"], said["on"]) == ("contact", False)
        assert "start it" in said["words"]
        assert ended(page) == 4503


def test_pages_are_bounded(served):

    with contextlib.ExitStack() as stack:
        browser = served.loaded()
        pages = [stack.enter_context(served.page(browser)) for _ in range(PAGES_MOST_COUNT)]
        with pytest.raises(WebSocketDisconnect) as closed, opened(browser):
            pass
        assert closed.value.code == 1013
        assert len(pages) == PAGES_MOST_COUNT


@pytest.mark.hazard("HZ-USE-ERROR")
def test_in_a_room_with_login_only_the_controller_says_who_it_is(tmp_path):
    served = Served(tmp_path, login_required=True)
    with served.page() as (page, controller):
        page.send_json({"k": "person", "by": "Dr. Brandt", "role": "radiologist"})
        assert "name and PIN" in page.receive_json()["words"]
        page.send_json({"k": "ask", "number": 1, "body": {"request": "do", "event": "arm"}})
        assert page.receive_json()["refusals"] == ["say who you are first"]
        page.send_json({"k": "login", "user": "weber", "pin": "2468"})
        assert controller.heard() == {"k": "login", "user": "weber", "pin": "2468"}
        controller.say({"k": "who", "by": "T. Weber", "role": "technologist"})
        assert page.receive_json()["by"] == "T. Weber"
        page.send_json({"k": "ask", "number": 2, "body": {"request": "do", "event": "arm"}})
        assert controller.heard()["by"] == "T. Weber"
        page.send_json({"k": "logout"})
        assert controller.heard() == {"k": "logout"}
        page.send_json({"k": "ask", "number": 3, "body": {"request": "do", "event": "arm"}})
        assert page.receive_json()["taken"] is False
    served.close()


# --- a page that is slow ------------------------------------------------------------------------


async def _all(outbox, count):
    return [await outbox.get() for _ in range(count)]


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_slow_page_loses_old_snapshots_never_words():
    async def case():
        outbox = Outbox()
        for number in range(10):
            outbox.put(b'{"k":"snapshot","n":%d}' % number)
        outbox.say({"k": "reply", "number": 1})
        assert outbox.dropped_count == 10 - SNAPSHOTS_MOST_COUNT
        heard = await _all(outbox, 1 + SNAPSHOTS_MOST_COUNT)
        assert heard[0] == b'{"k":"reply","number":1}'
        assert heard[-1] == b'{"k":"snapshot","n":9}'
        assert not outbox.overrun
        for _ in range(WORDS_MOST_COUNT + 1):
            outbox.say({"k": "reply"})
        assert outbox.overrun

    asyncio.run(case())


class Deaf:
    """A page's socket that takes nothing and says nothing: a stopped renderer."""

    def __init__(self):
        self.code = None

    async def receive(self):
        await asyncio.Event().wait()

    async def send_text(self, _text):
        await asyncio.Event().wait()

    async def close(self, code, _reason):
        self.code = code


class Line:
    """A page's connection to a controller that says one thing."""

    def __init__(self):
        self.closed = False
        self._said = [b'{"k":"reply"}']

    async def hear(self):
        if not self._said:
            await asyncio.Event().wait()
        return self._said.pop()

    def close(self):
        self.closed = True


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_page_that_takes_nothing_is_let_go_and_what_it_held_with_it(monkeypatch):
    monkeypatch.setattr(pages, "_SEND_MOST_S", 0.05)
    socket: Any = Deaf()
    line: Any = Line()
    outbox = Outbox()
    session = Session(line, outbox, Panel(None), History(Path("none"), lambda: 0), "b")
    asyncio.run(pages.Page(socket, line, session, outbox, lambda: 0).serve())
    assert line.closed, "the controller hears it first"
    assert socket.code == pages.TOO_SLOW


# --- the command --------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:8750", "192.168.1.7:8750", "[::]:8750", "console:80", "8750", "127.0.0.1:x"],
)
def test_an_address_that_others_can_reach_is_refused_with_the_reason(address, tmp_path, capsys):
    assert main(["console", "--room", "demo", "--state", str(tmp_path), "--listen", address]) == 2
    assert "only a browser on the room's own computer" in capsys.readouterr().err


def test_loopback_addresses_are_taken():
    assert command.loopback("127.0.0.1:0") == ("127.0.0.1", 0)
    assert command.loopback("[::1]:80") == ("::1", 80)


# --- the pages ----------------------------------------------------------------------------------


def test_files_are_known_kinds_with_their_hash(tmp_path):
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text("x")
    (tmp_path / "js" / "a.js").write_text("y")
    (tmp_path / "notes.orig").write_text("z")
    (tmp_path / "leak.js").symlink_to("/etc/hostname")
    found = files.load(tmp_path)
    assert sorted(found) == ["index.html", "js/a.js"]
    before = files.version(found)
    (tmp_path / "index.html").write_text("other")
    assert files.version(files.load(tmp_path)) != before
