"""What ten watchers of the console change for the controller: its loop, and a stop.

One room as in ``stop_paths_real``, with its console: while contrast flows a client of the API
asks for STOP, and the devices say when the motor stood. Blocks of tries without and with
watchers take turns in one run, so that both see the same other load; how late the loop woke
meanwhile is noted by its own clock (``noted``). Lines of tries are kept, so that a long run
can be gone on with.
"""

import contextlib
import json
import random
import select
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sim import processes, room
from sim.bench.figures import Result, spread
from sim.bench.noted import lateness
from sim.bench.stop_paths_real import RealPath, figures
from sim.client import Gone
from sim.site.site import Late, Shown, Site, now_ns

RUN: Final = "console-stop-run"
LATE: Final = "console-late-run"
STOPS: Final = "console-stops"
MANY: Final = 10
_BLOCKS: Final = (0, MANY, MANY, 0)
"""Watchers, block by block, in one room: what drifts with time is the same for both."""
_BLOCK: Final = 5
_FLOW_S: Final = 240.0
_STAND_S: Final = 5.0
_PHASE_S: Final = 0.06
_BIN_US: Final = 20
_NS_PER_US: Final = 1_000
_STOP: Final = RealPath("stop", {}, {}, signal.SIGTERM)
"""For ``figures``: the trigger is the instant before something was said, and no input."""


def measure(runs: int, seed: int, out: Path | None, on: Result) -> list[Result]:
    """``runs`` stops without watchers and as many with ten; what ``out`` holds counts.

    Args:
        runs: stops of each.
        seed: of the trigger's place between two polls and of the devices.
        out: where lines are kept, None = nowhere.
        on: machine and commit, written into each line.
    """
    lines = kept(out, on["commit"])
    rooms = 0
    while _least(lines) < runs:
        before = len(lines)
        with tempfile.TemporaryDirectory(prefix="galactograph-beside-") as folder:
            for line in _one_room(Path(folder), seed + len(lines), runs - _least(lines)):
                lines.append(line)
                _keep(out, {**line, "on": on})
        rooms += 1
        if not any(line.get("ms") is not None for line in lines[before:]):
            raise Gone(f"room {rooms} gave no stop: {lines[-1:]}")
    return [summed(lines, watchers) for watchers in (0, MANY)]


def kept(out: Path | None, commit: str) -> list[Result]:
    """Lines of this commit that the file holds."""
    if out is None or not out.exists() or not commit or commit.endswith("+"):
        return []
    lines = map(json.loads, filter(str.strip, out.read_text().splitlines()))
    return [r for r in lines if r["name"] in (RUN, LATE) and r["on"]["commit"] == commit]


def _least(lines: list[Result]) -> int:
    """Stops of whichever has fewer."""
    good = Counter(r["watchers"] for r in lines if r["name"] == RUN and r["ms"] is not None)
    return min(good[0], good[MANY])


def _keep(out: Path | None, line: Result) -> None:
    if out is not None:
        with out.open("a") as kept_lines:
            kept_lines.write(json.dumps(line) + "\n")
    if line["name"] == RUN:
        words = line["words"] or f"{line['ms']} ms"
        sys.stderr.write(f"{line['watchers']} watchers: {words}\n")


def summed(lines: list[Result], watchers: int) -> Result:
    """Stop in ms, from asking to the motor's standstill; lateness of the loop in ms."""
    mine = [line for line in lines if line["watchers"] == watchers]
    runs = [line for line in mine if line["name"] == RUN]
    late: Counter[int] = Counter()
    for line in mine:
        if line["name"] == LATE:
            late.update({int(us): count for us, count in line["late_us"].items()})
    return {
        "name": STOPS,
        "watchers": watchers,
        "runs": len(runs),
        "not_measured": sum(line["ms"] is None for line in runs),
        "stop_ms": spread([line["ms"] for line in runs if line["ms"] is not None], 1),
        "late_ms": spread(sorted(late.elements()), _NS_PER_US),
        "over_50_ms": sum(count for us, count in late.items() if us > 50_000),
    }


def _one_room(folder: Path, seed: int, wanted: int) -> Iterator[Result]:
    """Tries of one room, then how late its loop was in each kind of block."""
    site = Site(folder, seed, module="sim.bench.noted")
    spans: list[tuple[int, int, int]] = []
    chance = random.Random(seed)
    try:
        site.controller()
        command = room.console("room.toml", "127.0.0.1:0", site.control)
        console = processes.start(folder, "console", command, pipe=True)
        site.processes.append(console)
        address = room.address_of(console, folder / "console.log")
        for watchers in _BLOCKS:
            with _watching(site, address, watchers):
                for _ in range(min(_BLOCK, -(-wanted // 2))):
                    line = _try(site, chance, spans, watchers)
                    yield line
                    if line["words"]:
                        return
    finally:
        site.leave()
        site.close()
        if spans:
            yield from _late(folder, spans)


@contextlib.contextmanager
def _watching(site: Site, address: str, count: int) -> Iterator[None]:
    """Pages that look, in a process of their own."""
    if not count:
        yield
        return
    command = processes.module("sim.bench.watchers", address, str(count))
    pages = processes.start(site.folder, "watchers", command, pipe=True)
    try:
        out, end_ns = pages.stdout, now_ns() + int(processes.START_S * 1e9)
        while out and now_ns() < end_ns and not select.select([out], [], [], 0.0)[0]:
            site.let_pass(0.1)  # the controller hangs up on a client that does not listen
        if not out or pages.poll() is not None or not out.readline():
            raise Gone(f"the watchers did not start: see {site.folder / 'watchers.log'}")
        yield
    finally:
        processes.end(pages)


def _try(
    site: Site, chance: random.Random, spans: list[tuple[int, int, int]], watchers: int
) -> Result:
    """One stop of a flow; the span in which it was played is noted."""
    began_ns = now_ns()
    line: Result = {"name": RUN, "watchers": watchers, "words": "", "ms": None}
    try:
        site.who.fresh_try()
        site.until(lambda shown: _flows(shown) and site.truth()["motor_on"], _FLOW_S, act=True)
        if not spans:
            began_ns = now_ns()  # up to here only the first try prepares a patient
        site.let_pass(chance.random() * _PHASE_S)
        before, asked_ns = site.truth(), now_ns()
        site.ask("do", event="stop")
        site.watch(lambda truth: not truth["motor_on"], _STAND_S)
        found: dict[str, Any] = figures(site, _STOP, before, asked_ns)
        line |= found
    except (Late, Gone) as problem:
        line["words"] = str(problem)[:300]
    spans.append((watchers, began_ns, now_ns()))
    return line


def _late(folder: Path, spans: list[tuple[int, int, int]]) -> Iterator[Result]:
    noted = lateness(folder)
    for watchers in sorted({span[0] for span in spans}):
        found: Counter[int] = Counter()
        for number, began_ns, ended_ns in spans:
            if number == watchers:
                found.update(
                    late_ns // _NS_PER_US // _BIN_US * _BIN_US
                    for at_ns, late_ns in noted
                    if began_ns <= at_ns <= ended_ns
                )
        late = {str(us): count for us, count in sorted(found.items())}
        yield {"name": LATE, "watchers": watchers, "late_us": late}


def _flows(shown: Shown) -> bool:
    return bool(shown["phase"] == "injecting" and shown["rate"]["confirmed_nl_min"] >= 80_000)
