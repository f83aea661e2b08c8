"""Stop paths once more, over a real pty and TCP: trigger to standstill as the devices saw it.

Devices and controller are processes on the real clock. Trigger and standstill are instants of
the devices' own process, which knows when an input was set and when the motor went off; for a
signal to the controller the trigger is the instant just before it is sent (one clock for all).
Trials take turns, path by path, at one site, each mended before the next; each is a line of
its own, so that a long run can be gone on with.
"""

import json
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from sim.bench.figures import Result, spread
from sim.client import Gone
from sim.site.record import Record
from sim.site.site import Late, Shown, Site, Truth, now_ns
from sim.technologist import Hand
from state_machine.entries import MotionIntent

RUN: Final = "stop-path-real-run"
PATH: Final = "stop-path-real"
_NS_PER_MS: Final = 1_000_000

_FLOW_S: Final = 240.0
_STAND_S: Final = 5.0
_PHASE_S: Final = 0.06
"""The trigger falls anywhere between two polls."""
_PER_SITE: Final = 26
_ROOM_NL: Final = 4_000

Inputs = dict[str, bool | int | str]


class RealPath(NamedTuple):
    """One row; names as in ``stop_paths``."""

    name: str
    breaks: Inputs
    mends: Inputs
    signal: int = 0
    """To the controller, instead of an input."""


_LET_GO: Final[Inputs] = {"hold": False}
# fmt: off
PATHS: Final = (
    RealPath("hold released", _LET_GO, {}),
    RealPath("pain button", {"pain": True}, {"pain": False}),
    RealPath("emergency stop", {"emergency_stop": True}, {"emergency_stop": False}),
    RealPath("line pressure over its limit", {"sensor_offset_pa": 150_000}, {"sensor_offset_pa": 0}),
    RealPath("line pressure frozen", {"freeze": "pressure_sensor"}, {"thaw": "pressure_sensor"}),
    RealPath("room box frozen, switch held", {"freeze": "room_io"}, {"thaw": "room_io"}),
    RealPath("pump's port lost (adapter out)", {"pump_cable": "out"}, {"pump_cable": "in"}),
    RealPath("pump's cable pulled (silence)", {"pump_silence": True}, {"pump_silence": False}),
    RealPath("pump disobeys STP", {"pump_ignores_stop": True} | _LET_GO, {"pump_ignores_stop": False}),
    RealPath("pump disobeys STP and its pin", {"pump_ignores_stop": True, "pump_ignores_ttl": True} | _LET_GO, {"pump_ignores_stop": False, "pump_ignores_ttl": False}),
    RealPath("controller frozen (box watchdog)", {}, {}, signal.SIGSTOP),
    RealPath("controller frozen, pump ignores its pin", {"pump_ignores_ttl": True}, {"pump_ignores_ttl": False}, signal.SIGSTOP),
    RealPath("controller and box frozen (Safe mode)", {"freeze": "room_io"}, {"thaw": "room_io"}, signal.SIGSTOP),
    RealPath("checkpoint", {}, {}),
    RealPath("controller killed (box watchdog)", {}, {}, signal.SIGKILL),
)
# fmt: on
BY_NAME: Final = {path.name: path for path in PATHS}
CHECKPOINT: Final = BY_NAME["checkpoint"]


def measure(
    runs: int, seed: int, out: Path | None, on: Result, only: str | None = None
) -> list[Result]:
    """``runs`` trials of each path (or of ``only`` one); what ``out`` holds counts.

    Args:
        runs: trials of each path.
        seed: of the trigger's place between polls and of the devices.
        out: where each trial's line is kept, None = nowhere.
        on: machine and commit, written into each line.
        only: name of one path.
    """
    names = [only] if only else list(BY_NAME)
    found = kept(out, on["commit"])
    jobs = [
        (BY_NAME[name], number)
        for number in range(runs)
        for name in names
        if (name, number) not in found
    ]
    trial = 0
    while jobs:
        with tempfile.TemporaryDirectory(prefix="galactograph-stop-paths-") as folder:
            bench = _Bench(Path(folder), seed + trial)
            trial += 1
            try:
                for path, number, result in bench.play(jobs, seed):
                    found[path.name, number] = result
                    _keep(out, {**result, "on": on})
            finally:
                bench.close()
    return [summed(name, [r for (n, _), r in found.items() if n == name]) for name in names]


def kept(out: Path | None, commit: str) -> dict[tuple[str, int], Result]:
    """Trials of this commit that the file holds, by path and number."""
    if out is None or not out.exists() or not commit or commit.endswith("+"):
        return {}
    lines = map(json.loads, filter(str.strip, out.read_text().splitlines()))
    mine = [r for r in lines if r["name"] == RUN and r["on"]["commit"] == commit]
    return {(r["path"], r["number"]): r for r in mine}


def _keep(out: Path | None, result: Result) -> None:
    if out is not None:
        with out.open("a") as lines:
            lines.write(json.dumps(result) + "\n")
    words = result["words"] or f"{result['ms']} ms, {result['plunger_ul']} uL"
    sys.stderr.write(f"{result['path']} {result['number']}: {words}\n")


def summed(name: str, runs: list[Result]) -> Result:
    """One path's line: standstill in ms, plunger in uL."""
    good = [run for run in runs if run["ms"] is not None]
    return {
        "name": PATH,
        "path": name,
        "time": "real",
        "runs": len(runs),
        "not_measured": len(runs) - len(good),
        "by": sorted({run["by"] for run in good}),
        "ms": spread([run["ms"] for run in good], 1, 1),
        "plunger_ul": spread([run["plunger_ul"] for run in good], 1),
    }


class _Bench:
    """One site on which trials take turns."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._site = Site(folder, seed)
        self._record = Record(self._site.journal)

    def close(self) -> None:
        """End the site."""
        self._site.close()

    def play(
        self, jobs: list[tuple[RealPath, int]], seed: int
    ) -> Iterator[tuple[RealPath, int, Result]]:
        """Take jobs from the front until one cannot be measured or the site is used up."""
        for _ in range(min(_PER_SITE, len(jobs))):
            path, number = jobs.pop(0)
            result: Result = {"name": RUN, "path": path.name, "number": number, "words": ""}
            result |= {"ms": None, "plunger_ul": None, "by": ""}
            try:
                result |= self._trial(path, random.Random(f"{seed}/{path.name}/{number}"))
            except (Late, Gone) as problem:
                words = str(problem).partition(": {")[0]
                result["words"] = " | ".join([words, *self._site.where()])
            yield path, number, result
            if result["words"] or path.signal == signal.SIGKILL:
                return

    def _trial(self, path: RealPath, chance: random.Random) -> Result:
        site = self._site
        if site.running is None:
            site.controller()
        site.who.fresh_try()
        # snapshots queue up while a trial looks at the truth alone: what they show may be over
        site.until(lambda shown: _flows(shown) and site.truth()["motor_on"], _FLOW_S, act=True)
        if path is CHECKPOINT:
            return self._checkpoint()
        site.let_pass(chance.random() * _PHASE_S)
        before, began_ns = site.truth(), now_ns()
        trigger_ns = self._trigger(path)
        truth = site.watch(lambda truth: not truth["motor_on"], _STAND_S)
        measured = figures(site, path, before, trigger_ns or began_ns)
        self._mend(path, truth)
        return measured

    def _trigger(self, path: RealPath) -> int:
        """Break; returns the instant of a signal, 0 where the events know."""
        site = self._site
        if not path.signal or site.running is None:
            for name, value in path.breaks.items():
                self._hand(name, value)
            return 0
        for name, value in path.breaks.items():
            site.set(name, value)
        sent_ns = now_ns()
        site.running.send_signal(path.signal)
        return sent_ns

    def _hand(self, name: str, value: Any) -> None:
        if name != "hold":
            self._site.set(name, value)
            return
        for deed in self._site.who.switch(bool(value)):  # they know that they let go
            if isinstance(deed, Hand):
                self._site.set(deed.name, deed.value)

    def _mend(self, path: RealPath, _truth: Truth) -> None:
        site = self._site
        for name, value in path.mends.items():
            site.set(name, value)
        if path.signal == signal.SIGSTOP and site.running is not None:
            site.running.send_signal(signal.SIGCONT)
        if path.signal != signal.SIGKILL:
            site.let_pass(0.1)

    def _checkpoint(self) -> Result:
        """The pump ends by itself: what it moved beyond what it was told."""
        site = self._site
        began_ns = now_ns()
        site.until(lambda _shown: not site.truth()["motor_on"], _FLOW_S)
        by = [value for at, name, value, _ in site.events(began_ns) if name == "motor-off"]
        intents = [e for e in self._record.more().entries if isinstance(e, MotionIntent)]
        if by[:1] != ["volume"] or not intents:
            return {"words": f"stopped by {by}, before the checkpoint"}
        over_nl = max(0, site.truth()["pump_infused_nl"] - intents[-1].until_nl)
        return {"ms": 0.0, "plunger_ul": over_nl / 1_000, "by": "volume"}


class HasEvents(Protocol):
    """What figures need of a site."""

    def events(self, since_ns: int) -> list[tuple[int, str, Any, int]]:
        """Inputs and motor since an instant."""


def figures(site: HasEvents, path: RealPath, before: Truth, since_ns: int) -> Result:
    """From the events: the last input of the trigger (or the signal), then the motor going off.

    Args:
        site: where it was.
        path: which path.
        before: what was true just before.
        since_ns: before the inputs, or when the signal was sent.
    """
    last = "" if path.signal else list(path.breaks)[-1]
    trigger = (since_ns, before["plunger_nl"]) if path.signal else None
    for at_ns, name, value, plunger_nl in site.events(since_ns - _NS_PER_MS):
        if name == last:
            trigger = (at_ns, plunger_nl)
        elif name == "motor-off" and (trigger is None or at_ns < trigger[0]):
            return {"words": f"stopped by {value} before the trigger"}
        elif name == "motor-off" and trigger is not None:
            span_ms = round((at_ns - trigger[0]) / _NS_PER_MS, 3)
            return {"ms": span_ms, "plunger_ul": (plunger_nl - trigger[1]) / 1_000, "by": value}
    return {"words": "no standstill among the events"}


def _flows(shown: Shown) -> bool:
    volume = shown["volume"]
    left_nl = volume["checkpoint_nl"] - volume["injected_nl"]
    flowing = shown["phase"] == "injecting" and shown["rate"]["confirmed_nl_min"] >= 80_000
    return bool(flowing and left_nl > _ROOM_NL and volume["injected_nl"] >= 1_000)


def markdown(results: list[Result]) -> Iterator[str]:
    """Rows of the table in ``docs/performance.md``."""
    yield "| trigger | runs | standstill p50 | p99 | max | plunger p50 | p99 | max | stopped by |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for result in results:
        ms, ul = result["ms"], result["plunger_ul"]
        cells = [ms["p50"], ms["p99"], ms["max"], ul["p50"], ul["p99"], ul["max"]]
        shown = " | ".join("-" if cell is None else f"{cell:g}" for cell in cells)
        runs = result["runs"] - result["not_measured"]
        yield f"| {result['path']} | {runs} | {shown} | {', '.join(result['by'])} |"
