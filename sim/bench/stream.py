"""A page and watchers that look at a room for a long time: does anything grow?

A real page (where Chromium and Playwright are) and three sockets look at the room of
``make run``. A line every half a minute: memory of controller, console and page, processor
time, age of what arrived. It lasts as long as it was told and no longer; lines are kept as
they come, so that a run that was ended early has what it has.
"""

import asyncio
import contextlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from controller.clock import RealClock
from sim import room
from sim.bench.console import resident_kb, used_s
from sim.bench.drawn import CHROMIUM, FLAGS
from sim.bench.figures import Result, aim, spread
from sim.bench.watchers import cookie, watch

LINE: Final = "console-stream-line"
STREAM: Final = "console-stream"
WATCHERS: Final = 3
LINE_S: Final = 30.0
WARM_LINES: Final = 4
"""Two minutes, after which memory is taken to have found its level (assumption)."""
FLAT: Final = 1.1
"""Last over warm that still counts as flat (assumption, as for virtual memory)."""
_KB_PER_MB: Final = 1024
_NS_PER_MS: Final = 1_000_000


def measure(seconds: float, out: Path | None, on: Result, line_s: float = LINE_S) -> list[Result]:
    """``seconds`` of streaming; a line every ``line_s`` goes to ``out`` as it comes."""
    lines: list[Result] = []

    def say(line: Result) -> None:
        lines.append(line)
        text = json.dumps({**line, "on": on}) + "\n"
        sys.stderr.write(text)
        if out is not None:
            with out.open("a") as kept:
                kept.write(text)

    with (
        tempfile.TemporaryDirectory(prefix="galactograph-stream-") as name,
        room.started(Path(name)) as (where, parts),
    ):
        pids = {part: parts[part].pid for part in ("controller", "console")}
        asyncio.run(_stream(where.console, pids, seconds, line_s, say))
    return [summed(lines)]


def summed(lines: list[Result]) -> Result:
    """Memory at the end beside memory once warm, and the worst line's ages."""
    warm, last = lines[min(WARM_LINES, len(lines) - 1)], lines[-1]
    grew = {
        part: round(last[f"{part}_mb"] / warm[f"{part}_mb"], 3)
        for part in ("controller", "console", "page")
        if warm[f"{part}_mb"]
    }
    return {
        "name": STREAM,
        "seconds": last["at_s"],
        "lines": len(lines),
        "last_over_warm": grew,
        "snapshots": sum(line["snapshots"] for line in lines),
        "worst_p99_ms": max((line["sample_to_page_ms"]["p99"] or 0.0) for line in lines),
        "aims": [
            aim(f"memory of the {part}, last over warm", over, FLAT, "look for what is kept")
            for part, over in grew.items()
        ],
    }


@contextlib.asynccontextmanager
async def _page(address: str) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Memory of a real page's script in kB, its rubbish thrown away; 0 without a browser."""

    async def none() -> float:
        return 0.0

    if not CHROMIUM.exists() or importlib.util.find_spec("playwright") is None:
        yield none
        return
    from playwright.async_api import async_playwright  # a tool of the tests, not of a room

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await page.goto(address)
            devtools = await page.context.new_cdp_session(page)

            async def heap_kb() -> float:
                await devtools.send("HeapProfiler.collectGarbage")
                used: float = (await devtools.send("Runtime.getHeapUsage"))["usedSize"]
                return used / _KB_PER_MB

            yield heap_kb
        finally:
            await browser.close()


async def _stream(
    address: str,
    pids: dict[str, int],
    seconds: float,
    line_s: float,
    say: Callable[[Result], None],
) -> None:
    clock = RealClock()
    ages_ns: list[int] = []
    entered = cookie(address)
    looking = [
        asyncio.create_task(watch(address, entered, ages_ns.append)) for _ in range(WATCHERS)
    ]
    try:
        async with _page(address) as heap_kb:
            began_ns = at_ns = clock.now_ns()
            before = {part: used_s(pid) for part, pid in pids.items()}
            while (clock.now_ns() - began_ns) / 1e9 < seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), line_s)
                used, now_ns = {part: used_s(pid) for part, pid in pids.items()}, clock.now_ns()
                line: Result = {"name": LINE, "at_s": round((now_ns - began_ns) / 1e9)}
                for part, pid in pids.items():
                    line[f"{part}_mb"] = round(resident_kb(pid) / _KB_PER_MB, 2)
                    percent = 100 * (used[part] - before[part]) * 1e9 / (now_ns - at_ns)
                    line[f"{part}_cpu_percent"] = round(percent, 1)
                line["page_mb"] = round(await heap_kb() / _KB_PER_MB, 2)
                line["snapshots"] = len(ages_ns)
                line["sample_to_page_ms"] = spread(ages_ns, _NS_PER_MS, 2)
                say(line)
                ages_ns.clear()
                before, at_ns = used, now_ns
    finally:
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
