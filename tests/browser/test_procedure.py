"""Whole procedures at the page: mouse with a top-up, keyboard alone, touch with sweeps.

The person presses what the page offers; feet and hands in the room (switch, pedal, cannula)
are those of the simulated room. While nothing but time is waited for, it passes at once. By
keyboard and by touch the injection and the exposure are held on the screen, at the room's own
limits: the room keeps to the clock then, and a hold that the machine's load ends is armed anew.
"""

import contextlib

import pytest

from tests.browser.conftest import staged
from tests.browser.hands import PATIENT, Keyboard, Mouse, Touch

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]


WATCHED_MS = 5_500
"""A console must have been quick for 5 s before arming."""
TRIES = 12


class Walk:
    """One procedure, screen by screen."""

    def __init__(self, stage, hands, volume="0.05"):
        self.stage, self.page, self.hands, self.volume = stage, stage.page, hands, volume
        self.truth = {}

    def phase(self, name):
        self.page.locator(f"body[data-phase={name}]").wait_for()

    def find(self, css, text):
        return self.page.locator(f"{css}:visible", has_text=text).first

    def press(self, css, text):
        self.calm()
        self.hands.press(self.find(css, text))

    def calm(self):
        """What the last press changed is drawn, and the dead time that it began is over."""
        self.page.wait_for_timeout(120)
        self.page.locator("body:not([data-dead])").wait_for()

    def next(self, phase=""):
        """The one way on, once nothing blocks it."""
        key = self.page.locator("#foot .next:visible:not([aria-disabled])")
        key.wait_for()
        self.calm()
        if "guarded" in key.get_attribute("class"):
            self.hands.long(key)
        else:
            self.hands.next(key)
        if phase:
            self.phase(phase)

    def lapse(self, done):
        self.stage.lapse(done)

    def ask_until(self, done):
        """The one way on, again where it was refused because something had not come to rest."""
        for _ in range(6):
            self.next()
            if self.stage.passes(done, most_s=4):
                return
        raise AssertionError(self.page.locator("#foot .refusal").text_content())

    def foot(self, pressed):
        self.stage.hand("hold", pressed)

    def open(self):
        self.hands.type(self.page.locator("#f-who"), "M. Reyes")
        self.page.wait_for_timeout(430)  # the dead time after a screen has changed
        self.press(".chip", "technologist")
        self.next()
        self.page.locator(".page.worklist").wait_for()
        self.page.wait_for_timeout(430)
        for field, text in PATIENT.items():
            self.hands.type(self.page.locator(f"#f-{field}"), text)
        self.press(".row .chip", "LEFT")
        self.press(".breast", "LEFT")
        self.press(".stepper .chip", self.volume)
        self.next("checklist")

    def check(self):
        self.page.wait_for_timeout(430)
        items = self.stage.room.loaded.profile.checklist
        for item in items:
            row = self.page.locator(f".item:has(#q-{item.key})")
            self.hands.press(row.locator(".key:visible").nth(0 if item.safe_answer else 1))
        self.page.get_by_text(f"{len(items)} of {len(items)} answered").wait_for()
        self.next("set-up")

    def mount(self):
        self.page.wait_for_timeout(430)
        self.press(".pictures .chip", "BD 1 mL")
        self.press(".stepper .chips .chip", "1")
        self.next()
        self.page.locator("#f-lot:visible").wait_for()
        self.page.wait_for_timeout(430)
        self.press(".chip", "27G 12.7 mm")
        self.press(".chip", "iohexol 300")
        self.hands.type(self.page.locator("#f-lot"), "LOT-1")
        self.next()
        key = self.find(".key.act", "Cannula is out")
        key.wait_for()
        self.page.wait_for_timeout(430)
        self.hands.press(key)
        self.lapse(lambda s: s["ways"].get("set-up") == [])
        self.next("prime-and-zero")

    def prime(self):
        room = self.stage.room
        spilled = room.world.devices.physics

        def ready(s):
            return s["hold"]["phase"] == "ready"

        self.next()  # zero
        self.lapse(lambda s: s["line"]["zeroed"])
        self.ask_until(ready)  # tip is out
        self.foot(True)
        self.lapse(lambda s: spilled.spilled_ul >= 0.5)
        self.stage.server.pace = 0.1  # a drop hangs for longer than a slow machine needs to press
        self.press(".key.big", "Contrast shows")
        self.lapse(lambda s: "first-drop" in [one["name"] for one in s["line"]["tests"]])
        self.stage.server.pace = 1.0
        self.lapse(lambda s: s["line"]["primed"])
        self.foot(False)
        for test in ("stiffness", "retract", "open-tip"):
            self.lapse(lambda s: s["hold"]["phase"] == "closed" and s["motion"] is None)
            if test == "stiffness":  # what stands in the line now would be shut in
                self.lapse(lambda s: not any("at rest" in w for w in s["ways"]["primed"]))
            self.stage.hand("stopcock", "open" if test == "open-tip" else "closed")
            self.ask_until(ready)
            self.foot(True)
            self.lapse(lambda s, test=test: test in [one["name"] for one in s["line"]["tests"]])
            self.foot(False)
        self.lapse(lambda s: s["ways"].get("primed") == [])
        self.next("locate-duct")

    def cannulate(self):
        self.page.wait_for_timeout(430)
        self.press(".hour", "9")
        self.press(".chip", "1")
        self.next("cannulate")
        self.stage.hand("tip", "duct")
        self.page.wait_for_timeout(430)
        self.press(".chip", "Without difficulty")
        self.next()
        self.radiologist()
        self.phase("arm")

    def radiologist(self):
        """They say who they are, with the name of the order."""
        self.page.locator(".page.people").wait_for()
        self.next()
        self.page.locator(".page.people").wait_for(state="detached")

    def inject(self):
        self.lapse(lambda s: s["ways"].get("arm") == [])
        self.next("arm-confirm")
        self.next("armed")
        while self.stage.room.shown["phase"] != "settle":
            self.foot(True)
            self.lapse(lambda s: s["hold"]["phase"] in ("lift", "closed"))
            self.foot(False)
            self.lapse(lambda s: s["hold"]["phase"] in ("ready", "closed"))
        self.lapse(lambda s: s["ways"].get("settled") == [])
        self.next("compression")

    @property
    def shown(self):
        return self.stage.room.shown

    def until(self, done, most_ms):
        """Time passes as it does on the clock."""
        for _ in range(most_ms // 20):
            if done(self.shown):
                return True
            self.page.wait_for_timeout(20)
        return False

    def arm_on_screen(self, event, armed):
        """Armed, once the page has been quick for long enough; its pad answers."""
        for _ in range(TRIES):
            if self.shown["phase"] == armed and self.shown["hold"]["phase"] == "ready":
                return
            self.page.wait_for_timeout(WATCHED_MS)
            for _ in range(3):  # a machine so slow that the room had nobody who sees it
                if any(not alarm["acknowledged"] for alarm in self.shown["alarms"]):
                    self.press("#banner .key", "Acknowledge")
                    self.page.wait_for_timeout(300)
            assert self.until(lambda s: s["ways"].get(event) == [], 30_000), self.shown["ways"]
            self.next()
            if event == "arm":
                self.phase("arm-confirm")
                self.next()
            if self.until(lambda s: s["phase"] == armed, 2_000):
                self.page.locator("#pad[aria-disabled=false]").wait_for()
                return
        raise AssertionError(self.page.locator("#foot .refusal").text_content())

    def inject_on_screen(self):
        """The pad is held from checkpoint to checkpoint."""
        self.lapse(lambda s: s["ways"].get("arm") == [])
        self.stage.server.prove(True)
        presses = 0
        for _ in range(TRIES):
            if self.shown["phase"] == "settle":
                break
            if self.shown["phase"] != "holding" or self.shown["hold"]["phase"] == "closed":
                self.until(lambda s: s["phase"] != "holding", 40_000)
                self.arm_on_screen("arm", "armed")
            self.page.locator("#pad[aria-disabled=false]").wait_for()
            self.calm()
            self.hands.hold(self.page.locator("#pad"))
            presses += self.until(lambda s: s["hold"]["phase"] == "open", 2_000)
            self.until(lambda s: s["hold"]["phase"] != "open", 40_000)
            self.until(lambda s: s["phase"] in ("holding", "settle"), 2_000)
            self.hands.let_go()
            self.until(lambda s: s["hold"]["phase"] in ("ready", "closed"), 2_000)
        self.stage.server.prove(False)
        assert presses >= 2, "a checkpoint wants a new press"
        assert "hold-beat" in {said.get("request") for said in self.stage.server.said}
        self.lapse(lambda s: s["ways"].get("settled") == [])
        self.next("compression")

    def compress(self, view):
        self.press(".views .chip", view)
        self.stage.hand("compress_pedal", True)
        self.lapse(lambda s: s["devices"]["mammograph"]["paddle"] == "HOLDING")
        self.stage.hand("compress_pedal", False)
        self.lapse(lambda s: s["ways"].get("compressed") == [])
        self.next("exposure")
        self.lapse(lambda s: s["ways"].get("arm-exposure") == [])

    def expose_on_screen(self, view):
        self.compress(view)
        self.stage.server.prove(True)
        for _ in range(TRIES):
            self.arm_on_screen("arm-exposure", "exposure-armed")
            if self.until(lambda s: s["devices"]["mammograph"]["unit_state"] == "READY", 8_000):
                self.calm()
                self.hands.hold(self.page.locator("#pad"))
                self.until(lambda s: s["hold"]["phase"] != "ready", 1_000)
                self.until(lambda s: s["hold"]["phase"] != "open", 12_000)
                self.hands.let_go()
            if self.until(lambda s: s["phase"] == "review", 3_000):
                break
        self.stage.server.prove(False)
        self.phase("review")

    def expose(self, view):
        self.compress(view)
        self.next("exposure-armed")
        self.lapse(lambda s: s["devices"]["mammograph"]["unit_state"] == "READY")
        self.foot(True)
        self.lapse(lambda s: s["phase"] == "review")
        self.foot(False)
        self.phase("review")

    def end(self):
        self.page.wait_for_timeout(430)
        self.press(".judged .chip", "Filled well")
        self.press("#foot .acts .key", "More")
        self.press("#more .key", "Images are done")
        self.radiologist()
        self.phase("decannulate")
        self.stage.hand("tip", "out")
        self.lapse(lambda s: s["ways"].get("decannulated") == [])
        self.next()
        self.radiologist()
        self.phase("aftercare")
        self.lapse(lambda s: s["ways"].get("aftercare-given") == [])
        self.next("closed")
        self.next("standby")
        self.truth = self.stage.room.world.devices.truth()

    def until_cannulated(self):
        self.open()
        self.check()
        self.mount()
        self.prime()
        self.cannulate()


@contextlib.contextmanager
def walked(browser, folder, hands, volume="0.05", **context):
    """One whole procedure: up to the cannula, what the test does then, and the end."""
    with staged(browser, folder, **context) as stage:
        stage.open()
        walk = Walk(stage, hands(stage.page), volume)
        walk.until_cannulated()
        yield walk
        walk.end()
        assert stage.complaints == []
        assert walk.truth["extravasated_nl"] == 0


def test_by_mouse_with_a_top_up(browser, tmp_path):
    with walked(browser, tmp_path, Mouse) as walk:
        walk.inject()
        walk.expose("CC")
        walk.press(".judged .chip", "Under-filled")
        walk.lapse(lambda s: s["ways"].get("top-up") == [])
        walk.next("arm")
        walk.inject()
        walk.expose("ML")
    assert walk.truth["exposure_count"] == 2
    assert 60_000 < walk.truth["entered_nl"] < 130_000


def test_by_keyboard_alone(browser, tmp_path):
    with walked(browser, tmp_path, Keyboard, "0.1") as walk:
        walk.inject_on_screen()
        walk.expose_on_screen("CC")
    assert walk.truth["exposure_count"] >= 1
    assert 60_000 < walk.truth["entered_nl"] < 130_000


def test_by_touch_with_tomosynthesis(browser, tmp_path):
    """Two sweeps, in two views; then air in them: filled again, and a third."""
    with walked(browser, tmp_path, Touch, "0.1", has_touch=True) as walk:
        walk.inject_on_screen()
        walk.expose("CC DBT")
        walk.press(".judged .chip", "Filled well")
        walk.lapse(lambda s: s["ways"].get("next-view") == [])
        walk.next("compression")
        walk.expose("ML DBT")
        assert walk.shown["exposure"]["made_count"] == 2
        walk.press(".judged .chip", "Air")
        walk.lapse(lambda s: s["ways"].get("refill") == [])
        walk.next("arm")
        walk.inject()
        walk.expose("CC DBT")
    assert walk.truth["exposure_count"] == 3
    assert 130_000 < walk.truth["entered_nl"] < 260_000
