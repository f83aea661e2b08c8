"""Pictures for docs/service.md: ``python -m tests.browser.service_pictures COMMISSIONING.html``.

The console's service page in front of a virtual room, and a commissioning record as its reader
sees it. Look at both before they go into the documents.
"""

import pathlib
import sys
import tempfile

from playwright.sync_api import sync_playwright

from sim.technologist import Order
from tests.browser.conftest import CHROMIUM, FLAGS, staged
from tests.browser.pictures import PICTURES
from tests.browser.test_screens import as_service

WATCHED_MS = 6_000


def main(record: str) -> int:
    """Both pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        with staged(browser, pathlib.Path(tempfile.mkdtemp()), Order()) as stage:
            stage.open()
            stage.say_who()
            stage.page.locator(".page.worklist").wait_for()
            as_service(stage)
            stage.page.wait_for_timeout(WATCHED_MS)
            stage.page.screenshot(path=PICTURES / "console-service.png")
        page = browser.new_page(viewport={"width": 1000, "height": 820})
        page.goto(pathlib.Path(record).resolve().as_uri())
        page.screenshot(path=PICTURES / "commissioning-record.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
