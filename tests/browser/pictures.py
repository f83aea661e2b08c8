"""Takes the console's pictures for the documents: ``python -m tests.browser.pictures``.

On a quiet machine: a page that is slower than the room misses snapshots, and its curve shows
the gaps. Look at every picture before it goes into the documents.
"""

import pathlib
import sys
import tempfile

from playwright.sync_api import sync_playwright

from sim.technologist import Order
from tests.browser.conftest import CHROMIUM, FLAGS, staged

PICTURES = pathlib.Path(__file__).parents[2] / "docs" / "pictures"
STEPS = (
    ("checklist", False, lambda s: s["phase"] == "checklist"),
    ("prime", False, lambda s: s["hold"]["phase"] == "open" and len(s["line"]["tests"]) > 1),
    ("duct", False, lambda s: s["phase"] == "locate-duct"),
    ("read-back", False, lambda s: s["phase"] == "arm-confirm"),
    ("armed", True, lambda s: s["phase"] == "armed"),
    ("injecting", True, lambda s: s["volume"]["injected_nl"] > 75_000),
    ("checkpoint", True, lambda s: s["hold"]["phase"] == "lift"),
    ("compression", False, lambda s: s["phase"] == "compression"),
    ("exposure", False, lambda s: s["phase"] == "exposure-armed"),
    ("review", False, lambda s: s["phase"] == "review"),
)
"""Name, whether every snapshot on the way is shown (the curve wants them), and when."""


def main() -> int:
    """Each step once; 0 when all were reached."""
    order = Order(patient_name="DOE^JANE", patient_id="55-0192", ordered_nl=200_000)
    folder = pathlib.Path(tempfile.mkdtemp())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        with staged(browser, folder, order) as stage:
            stage.page.set_default_timeout(200_000)
            stage.open()
            stage.say_who()
            for name, shown, done in STEPS:
                if shown:
                    assert stage.server.drive(done, 9_000), name
                else:
                    stage.until(done)
                phase = stage.room.shown["phase"]
                stage.page.locator(f"body[data-phase={phase}]").wait_for()
                stage.page.wait_for_timeout(1_200)
                stage.page.screenshot(path=PICTURES / f"console-{name}.png")
                sys.stdout.write(f"{name}: {phase}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
