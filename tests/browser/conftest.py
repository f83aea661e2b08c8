"""One browser for a file of tests, and a page in front of a virtual room."""

import contextlib
from pathlib import Path

import pytest

from config.load import load_room
from drivers.registry import known_names
from sim.technologist import Order
from tests.browser.page_server import PageServer
from tests.browser.virtual_room import VirtualRoom

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ROLES = ("technologist", "radiologist", "service", "qa")
SLICE_NS = 250_000_000
SIZE = {"width": 1280, "height": 800}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """A browser lives for a file of tests: what it leaves is its own, and ends with it."""


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, headless."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


class Stage:
    """A page, the server behind it, what the page asked of the network and complained of."""

    def __init__(self, page, server):
        self.page = page
        self.server = server
        self.room = server.room
        self.urls: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("websocket", lambda line: self.urls.append(line.url))
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error {error}"))

    def _heard(self, kind, text):
        if kind in ("error", "warning") and "WebSocket" not in text:
            self.complaints.append(f"{kind} {text}")

    def open(self, query=""):
        self.page.goto(self.server.address + query)
        self.page.locator("#stop").wait_for()

    def tile(self, number):
        """A tile of the menu."""
        self.page.wait_for_timeout(450)  # the dead time after a screen has changed
        self.page.locator("#rail .railkey").last.click()
        self.page.locator(".page.menu").wait_for()
        self.page.wait_for_timeout(420)  # the dead time after a screen has changed
        self.page.locator(".tiles .key").nth(number).click()
        self.page.locator(".page.menu").wait_for(state="detached")

    def say_who(self, name="M. Reyes", role="technologist"):
        """Somebody is in front of the page."""
        self.page.locator("#f-who").fill(name)
        self.page.wait_for_timeout(420)  # the dead time after a screen has changed
        self.page.locator(".people .chip").nth(ROLES.index(role)).click()
        self.next()

    def next(self):
        """The one way on, as soon as it may be taken."""
        key = self.page.locator("#foot .next:visible:not([aria-disabled])")
        key.wait_for()
        self.page.wait_for_timeout(420)  # the dead time after a screen has changed
        key.click()

    def until(self, done):
        """The scripted technologist brings the room there."""
        assert self.server.do(lambda: self.room.until(done)), self.room.shown["phase"]

    def lapse(self, done, most_s=120):
        """Time passes at once until the room is so; what the page says meanwhile is heard."""
        assert self.passes(done, most_s), (self.room.shown["phase"], self.room.shown["ways"])

    def passes(self, done, most_s):
        """Whether it becomes so within this time."""
        world = self.room.world

        def run():
            return world.run_until(lambda: done(self.room.shown), SLICE_NS)

        return any(self.server.do(run) for _ in range(most_s * 1_000_000_000 // SLICE_NS))

    def hand(self, name, value):
        self.server.do(lambda: self.room.hand(name, value))


@contextlib.contextmanager
def staged(
    browser, folder, order=None, loaded=None, checker=None, journal=None, worklist=None, **context
):
    """A stage of its own; ``loaded``: another room than the demo room, ``checker``: of PINs,
    ``worklist``: who is scheduled.
    """
    loaded = loaded or load_room("demo", known_names())
    room = VirtualRoom(loaded, order or Order(), checker=checker)
    room.leave()
    room.advance(300_000_000)
    with PageServer(room, folder, journal, worklist) as server:
        made = browser.new_context(viewport=SIZE, **context)
        page = made.new_page()
        try:
            yield Stage(page, server)
        finally:
            made.close()


@pytest.fixture
def stage(browser, tmp_path):
    """A page that nobody is in front of yet."""
    with staged(browser, tmp_path) as made:
        made.open()
        yield made
