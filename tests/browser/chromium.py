"""Debian's Chromium with a link that can fail, and with processes that can be stopped."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

EXECUTABLE: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NEEDED: Final = pytest.mark.skipif(
    not EXECUTABLE.exists(),
    reason=f"no {EXECUTABLE}: apt-get install chromium (Debian), then these tests run too",
)
SCREEN: Final[ViewportSize] = {"width": 1280, "height": 800}


@contextlib.contextmanager
def browsing(port: int = 0, through: int = 0) -> Iterator[Browser]:
    """A browser; every process of it is gone on leaving, also those a test has stopped.

    What it has to say to ``port`` of this machine goes to port ``through``, if that is given;
    the page knows nothing of it.
    """
    before = set(psutil.Process().children(recursive=True))
    rule = f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{through}"
    flags = [*FLAGS, rule] if through else list(FLAGS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=flags)
        try:
            yield browser
        finally:
            for process in renderers(before):
                with contextlib.suppress(psutil.Error):
                    process.resume()
            browser.close()


def renderers(before: set[psutil.Process] | None = None) -> list[psutil.Process]:
    """Processes that run pages, started by this test."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process not in (before or ()) and "--type=renderer" in process.cmdline():
                found.append(process)
    return found


def send(processes: list[psutil.Process], number: signal.Signals) -> None:
    """A signal to each; one that is gone already needs none."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            os.kill(process.pid, number)


def loopback_only(page: Page) -> list[str]:
    """Addresses that a page asks for beside this machine's; they are not reached."""
    strange: list[str] = []

    def look(route, request):
        strange.append(request.url)
        route.abort()

    page.context.route(lambda url: not url.startswith("http://127.0.0.1:"), look)
    return strange
