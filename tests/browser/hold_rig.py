"""A room on virtual time, armed, with a real browser in front: what a fault does to the hold.

Time in the room keeps up with the clock, so a page's silence is as long in the room as it is
here. One room and one browser serve many faults; after each it is armed anew.
"""

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from playwright.sync_api import Browser, CDPSession, Error, Locator, Page

from config.load import load_room
from controller.clock import RealClock
from drivers.registry import known_names
from sim.technologist import Order
from state_machine.state import Hold, HoldPhase
from state_machine.units import NS_PER_MS
from tests.browser.chromium import SCREEN, browsing, loopback_only
from tests.browser.page_server import PageServer
from tests.browser.proxy import Proxy
from tests.browser.virtual_room import VirtualRoom

WINDOW_MS: Final = 500
"""A console must have been quick for 5 s before arming; here for less, to save the tests' time."""
SLACK: Final = 3
"""What a page has to be in time for is this many times as long here, so that a busy machine does
not end holds by itself; at their true length they are measured by ``make evidence``."""
TRIES: Final = 4
"""A hold that the machine's load ended before the fault did is held again so often."""
PATIENCE_S: Final = 20.0
ARMABLE: Final = ("arm", "armed", "holding")
READ_MS: Final = 450
"""A guarded button takes a press of 300 ms or more."""


def quick_room() -> VirtualRoom:
    """The demo room, cannula in, ready to arm; the console need not be watched for so long."""
    loaded = load_room("demo", known_names())
    given = loaded.profile.limits
    spans = ("hold_beat_ns", "view_fresh_ns", "view_arm_ns")
    limits = msgspec.structs.replace(
        given,
        view_window_ns=WINDOW_MS * NS_PER_MS,
        dwell_warn_ns=10**15,
        **{name: getattr(given, name) * SLACK for name in spans},
    )
    profile = msgspec.structs.replace(loaded.profile, limits=limits)
    room = VirtualRoom(dataclasses.replace(loaded, profile=profile), Order(ordered_nl=200_000))
    assert room.until(lambda shown: shown["phase"] == "arm")
    return room


class Rig:
    """Server, link and browser."""

    def __init__(self, server: PageServer, link: Proxy, browser: Browser) -> None:
        self.server = server
        self.link = link
        self.browser = browser
        self.clock = RealClock()
        self.strange: list[str] = []
        self.page: Page = None  # type: ignore[assignment]
        self._fingers: tuple[Page, CDPSession] | None = None

    # --- the room -------------------------------------------------------------------------------

    @property
    def state(self) -> Any:
        return self.server.do(lambda: self.server.room.world.room.state)

    @property
    def hold(self) -> Hold:
        return self.state.hold

    @property
    def token(self) -> str:
        return self.hold.holder.token if self.hold.holder else ""

    def pass_by(self, span_ms: float) -> None:
        """Let time pass, in the page and in the room."""
        self.page.wait_for_timeout(span_ms)

    def until(
        self,
        done: Callable[[], bool],
        what: str,
        within_s: float = PATIENCE_S,
        watch: bool = True,
    ) -> None:
        """Wait for something of the room; without a page to ``watch``, in short naps."""
        end_ns = self.clock.now_ns() + int(within_s * 1e9)
        while not done():
            assert self.clock.now_ns() < end_ns, f"{what}: not within {within_s} s; {self.hold}"
            if watch:
                self.other.wait_for_timeout(10)
            else:
                threading.Event().wait(0.01)

    def hand(self, name: str, value: bool | str) -> None:
        self.server.do(functools.partial(self.server.room.hand, name, value))

    # --- the page -------------------------------------------------------------------------------

    def open(self) -> "Rig":
        """A fresh page with somebody in front of it, in control of the room."""
        context = self.browser.new_context(viewport=SCREEN, has_touch=True)
        self.page = context.new_page()
        self.strange = loopback_only(self.page)
        self.page.goto(self.server.address)
        for _ in range(TRIES):
            self.page.fill("#f-who", "T. Technologist")
            self.page.locator(".people .chip").first.click()
            with contextlib.suppress(Error, AssertionError):
                key = self.page.locator("#foot .next:visible:not([aria-disabled])")
                key.wait_for(timeout=5_000)
                self.pass_by(READ_MS)  # the dead time after a screen has changed
                key.click(timeout=3_000)
                self.until(self.controls, "control", 5)
                return self
        raise AssertionError("nobody got in front of the page")

    def controls(self) -> bool:
        """The page is the room's console."""
        return self.state.screen.on and not self.state.screen.gone

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.page.context.close()
        self.until(lambda: self.state.screen.gone or not self.state.screen.on, "page gone")

    @property
    def pad(self) -> Locator:
        return self.page.locator("#pad")

    def armed(self) -> "Rig":
        """Armed by the page, pad up, ready to be held."""
        for _ in range(8):
            self.until(lambda: self.state.phase.value in ARMABLE, "arm, armed or holding")
            if self.hold.phase is HoldPhase.READY and self.hold.holder is not None:
                return self
            if self.state.phase.value == "holding":
                continue
            self._acknowledge()
            self.pass_by(WINDOW_MS + 150)
            self.page.keyboard.press("F2")  # prepare; or disarm what the page has no token for
            with contextlib.suppress(Error):  # a page that is slow is refused: once more
                self._confirm()
        raise AssertionError(f"not armed: {self.hold}, {self.page.inner_text('#foot')}")

    def _acknowledge(self) -> None:
        """What the fault has left: a room that nobody saw while contrast flowed, say."""
        for _ in range(4):
            if all(alarm.acknowledged for alarm in self.state.alarms):
                return
            self.page.keyboard.press("F5")
            self.pass_by(200)

    def _confirm(self) -> None:
        """ARM, as soon as the card has been in view for long enough and keys answer."""
        key = self.page.locator("#foot .next.guarded:visible:not([aria-disabled])")
        key.wait_for(timeout=4_000)
        self.page.locator("body:not([data-dead])").wait_for(timeout=2_000)
        self.press(key)
        self.pass_by(250)

    def go_on(self) -> None:
        """After a stop; as the radiologist, by name, where it is theirs to say."""
        key = self.page.locator("#foot .next:visible:not([aria-disabled])")
        for _ in range(8):
            with contextlib.suppress(Error):
                key.wait_for(timeout=5_000)
                self.page.locator("body:not([data-dead])").wait_for(timeout=2_000)
                key.click(timeout=2_000)
            self.pass_by(250)
            if self.state.phase.value in ARMABLE and self.controls():
                return
        raise AssertionError(f"stopped for good: {self.page.inner_text('#foot')}")

    def press(self, button: Locator) -> None:
        """Hold a guarded button for as long as it takes."""
        box = button.bounding_box()
        assert box
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.pass_by(READ_MS)
        self.page.mouse.up()

    def over_pad(self) -> tuple[float, float]:
        box = self.pad.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def held(self, press: Callable[[], object] | None = None) -> "Rig":
        """The pad is held, with the mouse unless said otherwise, and the gate stays open."""
        for _ in range(TRIES):
            self.armed()
            if press is None:
                self.page.mouse.move(*self.over_pad())
                self.page.mouse.down()
            else:
                press()
            self.pass_by(350)
            if self.hold.phase is HoldPhase.OPEN:
                return self
            self.let_go()
        raise AssertionError(f"not held: {self.hold}")

    def ends(self, within_s: float = 2.0) -> str:
        """The gate is not open any more; why."""
        self.until(lambda: self.hold.phase is not HoldPhase.OPEN, "ended", within_s)
        return self.hold.why

    def is_dead(self, *why: str) -> bool:
        """Closed whatever the finger still does; True when one of the reasons is the reason."""
        said = self.ends()
        assert self.hold.phase is HoldPhase.CLOSED, self.hold
        assert self.hold.holder is None
        self.other.wait_for_timeout(300)
        assert self.hold.phase is HoldPhase.CLOSED
        return any(words in said for words in why)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """Fingers, through the protocol that a touch panel's events come in."""
        if self._fingers is None or self._fingers[0] is not self.page:
            self._fingers = self.page, self.page.context.new_cdp_session(self.page)
        fingers = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        self._fingers[1].send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    def let_go(self) -> None:
        self.page.mouse.up()
        self.page.keyboard.up("Space")
        self.page.mouse.move(5, 300)

    # --- a second page, to wait with while the first one stands still ------------------------

    @functools.cached_property
    def other(self) -> Page:
        return self.browser.new_context().new_page()


@contextlib.contextmanager
def rig(folder: Path, room: VirtualRoom) -> Iterator[Rig]:
    """Everything, with nobody in front of the page yet."""
    with PageServer(room, folder) as server, Proxy() as link:
        server.proof = True
        link.target = int(server.address.rstrip("/").rpartition(":")[2])
        with browsing(link.target, link.port) as browser:
            yield Rig(server, link, browser)
