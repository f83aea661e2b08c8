"""Takes the console's pictures: ``python -m tests.browser.pictures [FOLDER [PLAY ...]]``.

Without a folder only those that the documents show are written, into ``docs/pictures``; with
one, all of them, to be looked at. On a quiet machine: a page that is slower than the room
misses snapshots, and its curve shows the gaps. Look at every picture before it goes into the
documents.
"""

import pathlib
import sys
import tempfile
from typing import Final

from playwright.sync_api import sync_playwright

from controller.console.worklist import Scheduled, Worklist
from sim.technologist import Order
from tests.browser.conftest import CHROMIUM, FLAGS, staged
from tests.browser.hands import PATIENT, Mouse
from tests.record.corpora import ENDING, FOLDER, read
from tests.record.journals import write_rows

PICTURES: Final = pathlib.Path(__file__).parents[2] / "docs" / "pictures"
DOCUMENTS: Final = frozenset(
    ("patient", "prime", "duct", "read-back", "injecting", "injecting-light", "checkpoint")
) | frozenset(("exposure", "alarm", "stopped", "review", "worklist", "sound-paused"))
MENU: Final = {"history": 0, "daily": 1, "alarms": 2, "touch": 6, "help": 9}


def phase(name, hold=None):
    return lambda s: s["phase"] == name and (hold is None or s["hold"]["phase"] == hold)


STEPS: Final = (
    ("checklist", False, phase("checklist")),
    ("set-up", False, phase("set-up")),
    ("prime", False, lambda s: s["hold"]["phase"] == "open" and len(s["line"]["tests"]) > 1),
    ("duct", False, phase("locate-duct")),
    ("cannula", False, phase("cannulate")),
    ("arm", False, phase("arm")),
    ("read-back", False, phase("arm-confirm")),
    ("armed", True, phase("armed")),
    ("injecting", True, lambda s: s["volume"]["injected_nl"] > 75_000),
    ("checkpoint", True, lambda s: s["hold"]["phase"] == "lift"),
    ("settle", True, phase("settle")),
    ("compression", False, phase("compression")),
    ("exposure-ready", False, phase("exposure")),
    ("exposure", False, phase("exposure-armed")),
    ("review", False, phase("review")),
    ("cannula-out", False, phase("decannulate")),
    ("aftercare", False, phase("aftercare")),
    ("closing", False, phase("closed")),
)
"""Name, whether every snapshot on the way is shown (the curve wants them), and when."""


class Camera:
    """One page in front of one room."""

    def __init__(self, stage, folder):
        self.stage, self.page, self.folder = stage, stage.page, folder
        self.page.set_default_timeout(60_000)

    def take(self, name):
        kept = name in DOCUMENTS
        if not kept and self.folder == PICTURES:
            return
        self.page.wait_for_timeout(600)
        self.page.screenshot(path=self.folder / f"console-{name}.png")
        sys.stdout.write(f"{name}: {self.stage.room.shown['phase']}\n")

    def calm(self):
        """What changed is drawn, and keys answer again."""
        self.page.wait_for_timeout(150)
        self.page.locator("body:not([data-dead])").wait_for()

    def theme(self, name):
        self.page.evaluate(f"document.documentElement.dataset.theme = '{name}'")

    def beside(self):
        """What is not a step."""
        for name, at in MENU.items():
            self.calm()
            self.page.locator("#rail .railkey").last.click()
            self.page.locator(".page.menu").wait_for()
            self.calm()
            if not at:
                self.take("menu")
            self.page.locator(".tiles .key").nth(at).click()
            self.page.locator(".page.menu").wait_for(state="detached")
            self.take(name)
        self.stage.next()

    def order(self):
        """The patient's screen, filled in by hand."""
        self.page.locator(".page.worklist").wait_for()
        self.calm()
        hands = Mouse(self.page)
        for field, text in PATIENT.items():
            hands.type(self.page.locator(f"#f-{field}"), text)
        for css, text in ((".row .chip", "LEFT"), (".breast", "LEFT"), (".stepper .chip", "0.2")):
            self.calm()
            hands.press(self.page.locator(css, has_text=text).first)
        self.take("patient")

    def step(self, name, shown, done):
        if shown:
            assert self.stage.server.drive(done, 9_000), name
        else:
            self.stage.until(done)
        now = self.stage.room.shown["phase"]
        self.page.locator(f"body[data-phase={now}]").wait_for()
        self.page.wait_for_timeout(600)
        self.take(name)


def _whole(camera):
    camera.stage.open()
    camera.take("login")
    camera.stage.say_who()
    camera.page.locator(".page.worklist").wait_for()
    camera.beside()
    camera.order()
    for step in STEPS:
        camera.step(*step)


def _stopped(camera):
    """Pressed while contrast flows: the emergency stop, then STOP and what comes after it."""
    camera.stage.open()
    camera.stage.say_who()
    camera.theme("light")
    camera.stage.until(phase("arm"))
    camera.step("injecting-light", True, lambda s: s["volume"]["injected_nl"] > 30_000)
    camera.theme("dark")
    camera.stage.hand("emergency_stop", True)
    camera.page.locator("#banner[data-priority=high]").wait_for()
    camera.page.wait_for_timeout(1_000)
    camera.take("alarm")
    camera.page.locator("#stop").click()
    camera.stage.hand("emergency_stop", False)
    camera.page.locator("body[data-phase=stopped]").wait_for()
    camera.take("stopped")


class _Clinic:
    """A worklist source that knows three patients."""

    async def scheduled(self):
        people = (
            ("14:00", "55-0192", "DOE^JANE", "1961-04-12", "L", "Galactography", "SCHEDULED"),
            ("14:45", "55-0207", "ROE^ANNA", "1975-11-02", "R", "Galactography", "SCHEDULED"),
            ("15:30", "55-0214", "LEE^MIN", "1980-01-30", "", "Ductoscopy", "ARRIVED"),
        )
        rows = [
            Scheduled(f"A-10{n}", ident, name, born, side, what, f"2026-01-01 {at}", status)
            for n, (at, ident, name, born, side, what, status) in enumerate(people)
        ]
        return Worklist(source="the clinic's worklist", age_s=130, rows=tuple(rows))


def _aside(camera):
    """A worklist that is connected; an alarm's sound, and its pause."""
    page = camera.page
    camera.stage.open()
    camera.stage.say_who()
    page.locator(".scheduled tbody tr").first.wait_for()
    camera.take("worklist")
    camera.calm()
    page.locator(".scheduled tbody .key").first.click()
    page.locator(".entry:visible").wait_for()
    camera.take("worklist-row")
    camera.stage.until(phase("compression"))
    camera.stage.hand("emergency_stop", True)
    page.locator("#banner .sound:visible").wait_for()
    camera.take("sound")
    page.keyboard.press("F4")
    page.locator("#banner [data-paused]").wait_for()
    page.wait_for_timeout(3_000)
    camera.take("sound-paused")


def main(arguments: list[str]) -> int:
    """Each step once, or the plays that are named; 0 when all were reached."""
    folder = pathlib.Path(arguments[0]) if arguments else PICTURES
    plays = {"whole": _whole, "stopped": _stopped, "aside": _aside}
    order = Order(patient_name="DOE^JANE", patient_id="55-0192", ordered_nl=200_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        for play in [plays[name] for name in arguments[1:] or plays]:
            with (
                tempfile.TemporaryDirectory() as api,
                staged(
                    browser,
                    pathlib.Path(api),
                    order,
                    worklist=_Clinic() if play is _aside else None,
                ) as stage,
            ):
                write_rows(pathlib.Path(api) / "no-record", read(FOLDER / f"normal{ENDING}"))
                play(Camera(stage, folder))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
