"""Loss of a console that holds, to the pump's standstill, on the real clock, many times.

Real devices behind a pty and Modbus TCP (simulated), real controller, real console, real
Chromium with the shipped page. A try: arm on the page, hold, apply a fault, look when the
motor stood still and how far the plunger had gone. Tries of this commit that the file holds
count; a machine that loses CPU to its host says so beside each (``steal``).
"""

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.sync_api import Error, Page

from controller.clock import RealClock
from sim import processes, room
from sim.bench.figures import machine
from sim.client import Gone
from sim.site.site import Late, Site
from tests.browser.chromium import SCREEN, browsing, renderers, send
from tests.browser.proxy import Proxy

ROOT: Final = Path(__file__).resolve().parents[2]
RESULT: Final = ROOT / "docs" / "evidence" / "console.jsonl"
TRIES_EACH: Final = 30
TRIES_PER_SITE: Final = 25
ROOMS_MOST: Final = 20
"""So many rooms that do not get as far as a cannula, and it is given up."""
JAM: Final = "setTimeout(() => { const e = Date.now() + 1500; while (Date.now() < e); })"
_NS_PER_MS: Final = 1_000_000


class Fault(NamedTuple):
    """What happens to the page that holds, and within which time the pump shall stand."""

    name: str
    kind: str
    act: Callable[["Bench"], None]
    fresh_page: bool = False
    """The page is of no use afterwards."""
    wired: bool = False
    """A foot holds the wired switch; the page only shows."""


def _jam(bench: "Bench") -> None:
    bench.page.evaluate(JAM)


def _stop(_bench: "Bench") -> None:
    send(renderers(), signal.SIGSTOP)


def _kill(_bench: "Bench") -> None:
    send(renderers(), signal.SIGKILL)


def _cut(bench: "Bench") -> None:
    bench.link.cut()


def _black(bench: "Bench") -> None:
    bench.link.black = True


def _frozen(bench: "Bench") -> None:
    bench.page.evaluate("window.requestAnimationFrame = () => 0")


def _release(bench: "Bench") -> None:
    bench.page.mouse.up()


FAULTS: Final = (
    Fault("released", "release", _release),
    Fault("page jammed", "silence", _jam),
    Fault("renderer stopped", "silence", _stop),
    Fault("link black-holed", "silence", _black, fresh_page=True),
    Fault("link cut", "lost link", _cut, fresh_page=True),
    Fault("renderer killed", "lost link", _kill, fresh_page=True),
    Fault("drawing frozen", "frozen view", _frozen, fresh_page=True),
    Fault("wired switch, renderer stopped", "wired, dead view", _stop, wired=True),
)
AIM_MS: Final = {
    "release": None,
    "silence": 450,
    "lost link": 450,
    "frozen view": 600,
    "wired, dead view": 750,
}


class Bench:
    """A site with a console and a page; everything through what people and wires can do."""

    def __init__(self, site: Site, address: str, browser: Any, link: Proxy) -> None:
        self.site = site
        self.address = address
        self.browser = browser
        self.link = link
        self.clock = RealClock()
        self.page: Page = self._opened()

    def _opened(self) -> Page:
        page = self.browser.new_context(viewport=SCREEN).new_page()
        page.goto(self.address)
        page.fill("#f-who", "T. Technologist")
        for key in (".people .chip >> nth=0", "#foot .next:visible:not([aria-disabled])"):
            page.locator(key).wait_for()
            page.locator("body:not([data-dead])").wait_for()  # a screen has changed just now
            page.locator(key).click()
        return page

    def reopen(self) -> None:
        """Another page in front of the room."""
        self.link.black = False
        self.link.cut()
        with contextlib.suppress(Error):
            self.page.context.close()
        self.page = self._opened()
        self.site.again()  # while a page opens nobody listens, and the controller hangs up

    def until(self, done: Callable[[dict[str, Any]], bool], limit_s: float = 20) -> None:
        """While a page is waited for, nobody listens to the controller: it may have hung up."""
        try:
            self.site.until(done, limit_s)
        except Gone:
            self.site.again()
            self.site.until(done, limit_s)

    def arm(self) -> None:
        """Armed by the page, within a few tries: a page that is slow is refused."""
        for _ in range(10):
            self.until(lambda _: True)
            shown = self.site.shown
            if shown["phase"] == "holding" and shown["hold"]["phase"] == "closed":
                continue
            if shown["hold"]["phase"] == "ready":
                return
            for alarm in shown["alarms"]:
                if not alarm["acknowledged"]:
                    self.site.ask("acknowledge", alarm=alarm["name"])
            with contextlib.suppress(Late, Error):
                self.until(lambda s: not s["ways"].get("arm", ["?"]), 12)
                self.page.keyboard.press("F2")
                self.until(lambda s: s["phase"] == "arm-confirm", 3)
                self._press()
                self.until(lambda s: s["hold"]["phase"] == "ready", 2)
                return
        raise Late(f"not armed: {self.site.where()}")

    def _press(self) -> None:
        """ARM, as soon as the card has been in view for long enough and keys answer."""
        key = self.page.locator("#foot .next.guarded:visible:not([aria-disabled])")
        key.wait_for(timeout=4_000)
        self.page.locator("body:not([data-dead])").wait_for(timeout=2_000)
        box = key.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.wait_for_timeout(450)
        self.page.mouse.up()

    def hold(self, wired: bool) -> None:
        """Held until contrast flows."""
        if wired:
            self.site.set("hold", True)
        else:
            self.page.locator("#pad[aria-disabled=false]").wait_for(timeout=3_000)
            self.page.locator("body:not([data-dead])").wait_for(timeout=2_000)
            box = self.page.locator("#pad").bounding_box()
            assert box is not None
            self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            self.page.mouse.down()
        self.site.watch(lambda truth: bool(truth["motor_on"]), 4)
        self.page.wait_for_timeout(150)

    def play(self, fault: Fault) -> dict[str, Any]:
        """One try, armed already."""
        self.hold(fault.wired)
        before = self.site.truth()
        at_ns = self.clock.now_ns()
        fault.act(self)
        self.site.watch(lambda truth: not truth["motor_on"], 5)
        stops = [e for e in self.site.events(at_ns) if e[1] == "motor-off"]
        why = self._after(fault)
        plunger_nl = self.site.truth()["plunger_nl"] - before["plunger_nl"]
        return {
            "fault": fault.name,
            "kind": fault.kind,
            "held": bool(before["motor_on"]),
            "ms": round((stops[0][0] - at_ns) / _NS_PER_MS, 1) if stops else None,
            "plunger_ul": round(plunger_nl / 1000, 2),
            "by": stops[0][2] if stops else "",
            "why": why,
        }

    def _after(self, fault: Fault) -> str:
        """Everything as before; says why the hold was closed."""
        send(renderers(), signal.SIGCONT)
        if fault.wired:
            self.site.set("hold", False)
        with contextlib.suppress(Error):
            self.page.mouse.up()
        with contextlib.suppress(Late):
            self.until(lambda _: False, 0.5)
        why = str(self.site.shown.get("hold", {}).get("why", ""))
        if fault.fresh_page:
            self.reopen()
        return why


@contextlib.contextmanager
def bench(folder: Path, seed: int) -> Iterator[Bench]:
    """A room with its cannula in, ready to arm, and a page in front."""
    site = Site(folder, seed)
    try:
        text = site.room_file.read_text()
        if "hold_source" not in text:
            text = text.replace("[pump]", 'hold_source = "wired-or-console"\n\n[pump]', 1)
            site.room_file.write_text(text)
        site.controller()
        site.until(lambda shown: shown["phase"] == "arm", 150, act=True)
        command = room.console("room.toml", "127.0.0.1:0", site.control)
        console = processes.start(folder, "console", command, pipe=True)
        site.processes.append(console)
        address = room.address_of(console, folder / "console.log")
        with Proxy() as link:
            link.target = int(address.rstrip("/").rpartition(":")[2])
            with browsing(link.target, link.port) as browser:
                yield Bench(site, address, browser, link)
    finally:
        site.close()


def steal() -> tuple[int, int]:
    """Jiffies stolen by the host, and all, since the machine started (proc(5))."""
    fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return fields[7], sum(fields)


def spread(values: list[float]) -> str:
    """Median, 99th percentile, largest."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"p50 {ordered[len(ordered) // 2]:g}, p99 {p99:g}, max {ordered[-1]:g}"


def kept(commit: str) -> list[dict[str, Any]]:
    """Tries of this commit that the file holds."""
    if not RESULT.exists() or not commit or commit.endswith("+"):
        return []
    rows = [json.loads(line) for line in RESULT.read_text().splitlines() if line]
    return [row for row in rows if row["commit"] == commit]


def main() -> int:
    """Play what is missing: 0 when every fault ended every hold; aims missed are said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=TRIES_EACH, help="tries of each fault")
    args = parser.parse_args()
    commit = machine()["commit"]
    rows = kept(commit)
    jobs = [
        fault
        for number in range(args.each)
        for fault in FAULTS
        if sum(row["fault"] == fault.name for row in rows) <= number
    ]
    seed = len(rows)
    while jobs:
        part, jobs = jobs[:TRIES_PER_SITE], jobs[TRIES_PER_SITE:]
        seed += 1
        with tempfile.TemporaryDirectory(prefix="galactograph-console-") as name:
            try:
                with bench(Path(name), seed) as made:
                    while part:
                        rows.append(_try(made, part[0], commit))
                        part.pop(0)
            except (Late, Gone, Error) as problem:  # of the room, not of a try: another room
                sys.stderr.write(f"room {seed}: {str(problem)[:300]}\n")
                jobs = [*part, *jobs]
                if seed > len(rows) + ROOMS_MOST:
                    return 1
    return _say(rows)


def _try(made: Bench, fault: Fault, commit: str) -> dict[str, Any]:
    made.arm()  # a room that arms no more is left for another
    before = steal()
    try:
        row = made.play(fault)
    except (Late, Error, AssertionError) as problem:
        row = {"fault": fault.name, "kind": fault.kind, "ms": None, "problem": str(problem)[:300]}
        made.reopen()
    after = steal()
    share = 100 * (after[0] - before[0]) / max(1, after[1] - before[1])
    row |= {"steal_percent": round(share, 1), "commit": commit}
    with RESULT.open("a") as lines:
        lines.write(json.dumps(row) + "\n")
    sys.stderr.write(f"{json.dumps(row)}\n")
    return row


def _say(rows: list[dict[str, Any]]) -> int:
    held = [row for row in rows if row.get("held") and row["ms"] is not None]
    words = []
    for kind, aim_ms in AIM_MS.items():
        mine = [row for row in held if row["kind"] == kind]
        if mine:
            aim = f" (aim p99 {aim_ms} ms)" if aim_ms else ""
            ul = max(row["plunger_ul"] for row in mine)
            ms = spread([row["ms"] for row in mine])
            words.append(f"{kind}: {len(mine)} tries, {ms} ms{aim}, at most {ul:g} uL")
    shares = [row["steal_percent"] for row in rows] or [0.0]
    missing = len(rows) - len(held)
    sys.stdout.write(
        f"{len(held)} holds lost, all ended; {missing} tries without a hold. {'; '.join(words)};"
        f" CPU steal {spread(shares)} %\n"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
