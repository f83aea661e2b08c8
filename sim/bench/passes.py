"""Cost of one step and of one pass, split; on a virtual world, idle and injecting.

Journal, API and drivers are interfaces, so each gets a stopwatch in front of it. The step
is pure: its arguments are kept and it is called again afterwards, alone, with the same
work to do; the gate's share likewise. What is left of a pass is the loop itself and the
in-memory wires; a real port adds its system calls, which the stop latency contains.
"""

import gc
import io
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from controller import log
from controller.clock import RealClock
from controller.loop import Journal, Room, run_pass
from controller.record.journal import Journal as DiskJournal
from controller.spoken import SpokenJournal
from sim.bench.figures import Result, spread
from sim.bench.moment import injecting, start
from sim.bench.trips import OVER_PA
from sim.world import World
from state_machine import gate, proposal
from state_machine.entries import Entry
from state_machine.readings import Readings
from state_machine.state import State
from state_machine.step import Outcome, step

_NS_PER_US: Final = 1_000
_SETTLED_NS: Final = 5 * 10**9
SPAN_NS: Final = 20 * 10**9
_REPEATS: Final = 2_000


class Stopwatch:
    """Adds up time by name within a pass."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self._clock = RealClock()
        self.spent_ns: dict[str, int] = defaultdict(int)
        self.seen: dict[str, list[int]] = defaultdict(list)

    def timed(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """The same callable, timed under a name."""
        now_ns, spent_ns = self._clock.now_ns, self.spent_ns

        def call(*args: Any, **named: Any) -> Any:
            began_ns = now_ns()
            try:
                return act(*args, **named)
            finally:
                spent_ns[name] += now_ns() - began_ns

        return call

    def end_pass(self) -> dict[str, int]:
        """Keep what this pass took."""
        taken = dict(self.spent_ns)
        for name, span_ns in taken.items():
            self.seen[name].append(span_ns)
        self.spent_ns.clear()
        return taken


class Timed:
    """Something whose named methods are timed; everything else is passed on."""

    def __init__(self, inner: Any, watch: Stopwatch, names: dict[str, str]) -> None:
        """``names``: method to the name it is timed under."""
        self._inner = inner
        for method, name in names.items():
            setattr(self, method, watch.timed(name, getattr(inner, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class TwoJournals:
    """The world's record, untimed, and the one on disk that is measured."""

    def __init__(self, virtual: Journal, disk: Journal, watch: Stopwatch) -> None:
        """Timed: ``journal`` (disk, with the log lines) and ``virtual`` (to be taken off)."""
        self._append_virtual = watch.timed("virtual", virtual.append)
        self._append_disk = watch.timed("journal", disk.append)
        self._virtual = virtual

    def append(
        self, entries: Sequence[Entry], *, boot_ns: int, utc_ns: int, urgent: bool = False
    ) -> None:
        """To both."""
        self._append_virtual(entries, boot_ns=boot_ns, utc_ns=utc_ns, urgent=urgent)
        self._append_disk(entries, boot_ns=boot_ns, utc_ns=utc_ns, urgent=urgent)

    def durable_seq(self) -> int:
        """As the world's record says."""
        return self._virtual.durable_seq()

    def fault(self) -> str:
        """As the world's record says."""
        return self._virtual.fault()


def measure(loaded: LoadedRoom, span_ns: int = SPAN_NS, seed: int = 1) -> list[Result]:
    """One line for an idle room and one for an injection, and one for the step that stops."""
    idle = start(loaded, seed)
    idle.who.finished = True  # the technologist does nothing
    idle.world.run_until(lambda: False, _SETTLED_NS)
    flowing = injecting(loaded, seed).world
    state, readings, now_ns = flowing.room.state, flowing.room.readings, flowing.now_ns()
    shown = [_passes("idle", idle.world, span_ns), _passes("injecting", flowing, span_ns)]
    return [*shown, _stopping(state, readings, now_ns, _REPEATS if span_ns >= SPAN_NS else 100)]


def _passes(name: str, world: World, span_ns: int) -> Result:
    room, watch = world.room, Stopwatch()
    client = world.client()
    client.on_write = lambda: client.arrived.clear()
    kept: list[tuple[State, Readings, int]] = []
    with tempfile.TemporaryDirectory(prefix="galactograph-bench-") as folder:
        disk = DiskJournal(Path(folder) / "bench.journal")
        hush = log.configure("INFO", Path(folder) / "log.jsonl", io.StringIO())
        try:
            _instrument(room, watch, SpokenJournal(disk))
            gc.collect()
            end_ns = world.now_ns() + span_ns
            clock = RealClock()
            while world.now_ns() < end_ns:
                state_before, began_ns = room.state, clock.now_ns()
                wake_ns = run_pass(room, world.now_ns())
                whole_ns = clock.now_ns() - began_ns
                taken = watch.end_pass()
                watch.seen["pass"].append(whole_ns - taken.get("virtual", 0))
                if room.state is not state_before:
                    kept.append((state_before, room.readings, world.now_ns()))
                world.wait((), min(wake_ns, end_ns))
        finally:
            disk.close()
            hush()
    parts = {key: spread(watch.seen[key], _NS_PER_US, 1) for key in _PARTS}
    alone = _alone(kept)
    return {"name": "cost-of-a-pass", "room": name, "us": {**parts, **alone}}


_PARTS: Final = ("pass", "receive", "give", "journal", "publish")


def _instrument(room: Room, watch: Stopwatch, journal: Journal) -> None:
    room.journal = TwoJournals(room.journal, journal, watch)
    room.api = Timed(room.api, watch, {"publish": "publish"})
    for link in room.links.values():
        verbs = {"receive": "receive", "reading": "receive", "give": "give"}
        link.driver = Timed(link.driver, watch, verbs)


def _alone(kept: Sequence[tuple[State, Readings, int]]) -> dict[str, Result]:
    """The steps again, alone, and the gate's judgement again."""
    clock = RealClock()
    steps, judged = [], []
    for state, readings, now_ns in kept:
        began_ns = clock.now_ns()
        outcome = step(state, readings, (), now_ns)
        between_ns = clock.now_ns()
        wanted = proposal.propose(outcome.state, readings, now_ns)
        proposed_ns = clock.now_ns()
        gate.judge(outcome.state, readings, wanted, False, now_ns)
        steps.append(between_ns - began_ns)
        judged.append(clock.now_ns() - proposed_ns)
    return {"step": spread(steps, _NS_PER_US, 1), "gate": spread(judged, _NS_PER_US, 1)}


def _stopping(state: State, readings: Readings, now_ns: int, repeats: int) -> Result:
    """The step that finds the pressure over its limit, and the record and log of its entries."""
    replace = msgspec.structs.replace
    over = replace(readings, line=replace(readings.line, pressure_pa=OVER_PA, at_ns=now_ns))
    clock, steps, said = RealClock(), [], []
    outcome: Outcome = step(state, over, (), now_ns)
    for _ in range(repeats):
        began_ns = clock.now_ns()
        outcome = step(state, over, (), now_ns)
        steps.append(clock.now_ns() - began_ns)
    with tempfile.TemporaryDirectory(prefix="galactograph-bench-") as folder:
        hush = log.configure("INFO", Path(folder) / "log.jsonl", io.StringIO())
        disk = DiskJournal(Path(folder) / "bench.journal")
        journal = SpokenJournal(disk)
        try:
            for _ in range(min(repeats, 500)):
                began_ns = clock.now_ns()
                journal.append(outcome.entries, boot_ns=now_ns, utc_ns=0)
                said.append(clock.now_ns() - began_ns)
        finally:
            disk.close()
            hush()
    parts = {"step": spread(steps, _NS_PER_US, 1), "journal": spread(said, _NS_PER_US, 1)}
    return {"name": "cost-of-a-pass", "room": "stopping", "us": parts}
