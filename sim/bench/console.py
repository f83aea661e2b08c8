"""The web console beside a running room: what watchers cost, how old what they see is.

Simulated devices, controller and console as in a room; pages are sockets that only look.
The controller's answer to a request that it refuses is timed meanwhile, as what people and
stops would feel of the watchers. Where Chromium and Playwright are there, one real page
tells when it drew what it was sent.
"""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from controller.clock import RealClock
from sim import room
from sim.bench.drawn import drawn
from sim.bench.figures import Result, aim, spread
from sim.bench.watchers import cookie, watch
from sim.client import Lines, connect, hang_up

WATCHERS: Final = (0, 1, 3, 10)
DRAWN_MOST_MS: Final = 25.0
_ASK_S: Final = 0.05
_SETTLE_S: Final = 3.0
_NS_PER_MS: Final = 1_000_000
_KB_PER_MB: Final = 1024


def measure(seconds: float) -> list[Result]:
    """Each number of watchers for ``seconds``, in one run of one room."""
    with tempfile.TemporaryDirectory(prefix="galactograph-bench-") as name:
        folder = Path(name)
        with room.started(folder) as (where, parts), contextlib.chdir(folder):
            pids = {part: parts[part].pid for part in ("controller", "console")}
            socket = str(where.socket.relative_to(folder))
            api = connect(socket, "the controller")
            try:
                asyncio.run(_pause(_SETTLE_S))
                results = [
                    asyncio.run(_watched(where.console, api, pids, count, seconds))
                    for count in WATCHERS
                ]
            finally:
                hang_up(api)
            results.append(_page(where.console, seconds))
    return results


async def _pause(span_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), span_s)


def _page(address: str, seconds: float) -> Result:
    ages_ms, why_not = drawn(address, min(seconds, 60.0))
    result: Result = {"name": "console-drawn", "drawn_ms": spread(ages_ms, 1, 1)}
    if why_not:
        return {**result, "not_measured": why_not}
    limit = "a browser without a graphics card draws in the processor, beside all other processes"
    found = aim("sample to drawn p99 ms at 20 Hz", result["drawn_ms"]["p99"], DRAWN_MOST_MS, limit)
    return {**result, "aims": [found]}


async def _watched(
    address: str, api: Lines, pids: dict[str, int], count: int, seconds: float
) -> Result:
    """One number of watchers."""
    clock = RealClock()
    ages_ns: list[int] = []
    answers_ns: list[int] = []
    entered = cookie(address)
    watching = [asyncio.create_task(watch(address, entered, ages_ns.append)) for _ in range(count)]
    await _pause(1.0)
    before, began_ns = {part: used_s(pid) for part, pid in pids.items()}, clock.now_ns()
    memory_kb = resident_kb(pids["console"])
    end_ns = began_ns + int(seconds * 1e9)
    while clock.now_ns() < end_ns:
        answers_ns.append(await asyncio.to_thread(_answer_ns, api, clock))
        await _pause(_ASK_S)
    span_s = (clock.now_ns() - began_ns) / 1e9
    cpu = {p: round(100 * (used_s(pid) - before[p]) / span_s, 1) for p, pid in pids.items()}
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return {
        "name": "console-watchers",
        "watchers": count,
        "seconds": round(span_s),
        "console_cpu_percent": cpu["console"],
        "controller_cpu_percent": cpu["controller"],
        "console_mb": round(resident_kb(pids["console"]) / _KB_PER_MB, 1),
        "console_grew_kb": resident_kb(pids["console"]) - memory_kb,
        "snapshots": len(ages_ns),
        "sample_to_page_ms": spread(ages_ns, _NS_PER_MS, 2),
        "controller_answer_ms": spread(answers_ns, _NS_PER_MS, 2),
    }


def _answer_ns(api: Lines, clock: RealClock) -> int:
    """From a request to its answer: an acknowledgement of an alarm that is not on."""
    who = {"by": "bench", "role": "service"}
    began_ns = clock.now_ns()
    api.say({"request": "acknowledge", "alarm": "none", **who})
    while True:
        message: dict[str, Any]
        for message in api.hear():
            if message["k"] == "reply":
                return clock.now_ns() - began_ns


def used_s(pid: int) -> float:
    """Processor time of a process, in s (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kb(pid: int) -> int:
    """Memory of a process (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
