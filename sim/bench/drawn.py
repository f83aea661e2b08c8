"""When a real page drew what it was sent; where no browser is there, why nothing was measured."""

import importlib.util
from pathlib import Path
from typing import Any, Final

from controller.clock import RealClock

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_WATCH: Final = """
const Socket = window.WebSocket, frame = window.requestAnimationFrame;
let newest = 0, last = 0;
window.drawnLog = [];
window.WebSocket = class extends Socket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (event) => {
      const said = JSON.parse(event.data);
      if (said.k === "snapshot") newest = said.t_ms;
    });
  }
};
window.requestAnimationFrame = (draw) => frame.call(window, (at) => {
  draw(at);
  if (newest !== last) {
    last = newest;
    window.drawnLog.push([newest, performance.timeOrigin + performance.now()]);
  }
});
"""
"""Beside the page's own code: which snapshot was there when a frame had been drawn, and when."""
_NS_PER_MS: Final = 1_000_000


def drawn(address: str, seconds: float) -> tuple[list[float], str]:
    """Ages in ms of what was drawn, at the end of its frame; and why there are none."""
    if not CHROMIUM.exists() or importlib.util.find_spec("playwright") is None:
        return [], f"no {CHROMIUM} or no playwright here: apt-get install chromium, make lint"
    from playwright.sync_api import sync_playwright  # a tool of the tests, not of a room

    clock = RealClock()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(_WATCH)
        page.goto(address)
        page.wait_for_timeout(seconds * 1_000)
        log: list[list[Any]] = page.evaluate("drawnLog")
        # wall clock of the page, boot time of the sample: the same machine has both
        ahead_ms = (clock.utc_ns() - clock.now_ns()) / _NS_PER_MS
        browser.close()
    half = len(log) // 10  # the first frames load the page
    return [at_ms - ahead_ms - t_ms for t_ms, at_ms in log[half:]], ""
