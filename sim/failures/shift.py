"""One site and failures in turn, each mended and injected on, or restarted."""

import random
from pathlib import Path
from typing import Any, Final

from sim.client import Gone
from sim.failures import judge, table
from sim.failures.table import Failure
from sim.site.record import Record
from sim.site.site import Late, Shown, Site, Truth, now_ns
from state_machine.entries import PhaseChanged

Result = dict[str, Any]
_ALARM_S: Final = 8.0
_STILL_S: Final = 0.7
_TRIES: Final = 6
_LOOKED_AT_S: Final = 3.0
_SHOWN_S: Final = 3.0
_ROOM_NL: Final = 8_000
"""Further than this from the next checkpoint, so that the checkpoint is not what stops."""
_ANYWHERE: Final = (
    "checklist", "set-up", "prime-and-zero", "cannulate", "arm", "armed", "injecting",
    "injecting", "injecting", "holding", "decannulate", "aftercare",
)  # fmt: skip
_LINKS: Final = ("line", "room", "mammograph")


class _Findings:
    """What was found in one run."""

    def __init__(self) -> None:
        self.unsafe: list[str] = []
        self.stuck: list[str] = []
        self.stop: judge.Stop | None = None
        self.alarms: list[str] = []
        self.mended_ns = 0
        self.began_ns = 0
        self.note = ""
        self.widths: dict[str, int] = {}


class Shift:
    """A site with a person; ``play`` one row after the other; ``close`` at the end."""

    def __init__(
        self, folder: Path, seed: int, module: str, patience_s: float, split: bool = False
    ) -> None:
        """Start devices; the first row decides how the controller starts.

        Args:
            folder: of the site.
            seed: of the devices.
            module: the controller's entry.
            split: pump and Modbus units as two processes.
            patience_s: for a procedure to come to where a failure strikes, and to go on.
        """
        self._patience_s = patience_s
        self.site = Site(folder, seed, module, split)
        self.record = Record(self.site.journal)

    def close(self) -> None:
        """End the site."""
        self.site.close()

    def play(self, row: Failure, seed: int) -> Result:
        """One run of one row."""
        site, chance = self.site, random.Random(f"{row.name}/{seed}")
        found = _Findings()
        row_ns = now_ns()
        site.who.fresh_try()
        try:
            if row.strikes == table.START:
                self._at_start(row, chance, found)
            else:
                self._in_course(row, chance, found)
            found.unsafe += judge.chain(self.record)
        except (Late, Gone, OSError, ValueError) as problem:
            found.stuck.append(f"{type(problem).__name__}: {problem}"[:600])
        return self._result(row, seed, found, row_ns)

    def _result(self, row: Failure, seed: int, found: _Findings, row_ns: int) -> Result:
        stop = found.stop
        record = self.record.more()
        nuisance = record.stops(row_ns, found.began_ns or now_ns())
        if found.mended_ns:
            nuisance += record.stops(found.mended_ns, now_ns())
        return {
            "row": row.name,
            "seed": seed,
            "verdict": "unsafe" if found.unsafe else "stuck" if found.stuck else "good",
            "reasons": found.unsafe + found.stuck,
            "stopped_ms": round(stop.stopped_ms, 2) if stop else None,
            "plunger_ul": stop.plunger_nl / 1_000 if stop else None,
            "layer": stop.layer if stop else "",
            "alarms": found.alarms,
            "nuisance_stops": nuisance,
            "rearms": self.site.who.rearm_count,
            "note": found.note,
            "ledger": found.widths,
            "wall_s": round((now_ns() - row_ns) / 1e9, 1),
        }

    # --- at the start ---------------------------------------------------------------------------

    def _at_start(self, row: Failure, chance: random.Random, found: _Findings) -> None:
        """The failure is there first: the set-up is refused, nothing moves; then it is mended."""
        site = self.site
        self._end_controller()
        counts = site.faults()
        found.began_ns = now_ns()
        row.breaks(site, chance)
        site.controller()
        shows = row.shows or (lambda _shown: True)
        site.until(shows, self._patience_s, act=True)
        site.let_pass(_STILL_S)
        if judge.motions(site, found.began_ns):
            found.unsafe.append("the plunger moved")
        if not shows(site.shown):
            found.unsafe.append("the controller took it for a pump after all")
        self._control(row, counts, found)
        row.mends(site, chance)
        found.mended_ns = now_ns()
        site.until(lambda shown: shown["phase"] == "prime-and-zero", self._patience_s, True)

    def _end_controller(self) -> None:
        site = self.site
        if site.running is not None and site.running.poll() is None:
            if site.look(_LOOKED_AT_S) and site.shown["phase"] != "standby":
                site.ask("do", event="abort")
                site.until(lambda shown: shown["phase"] == "standby", self._patience_s, act=True)
            site.end("controller")
        site.leave()

    # --- in the course of a procedure ------------------------------------------------------------

    def _in_course(self, row: Failure, chance: random.Random, found: _Findings) -> None:
        site = self.site
        if site.running is None or site.running.poll() is not None:
            site.controller()
        found.note = self._reach(row, chance)
        before, counts = self._flowing(row, chance), site.faults()
        found.began_ns = now_ns()
        row.breaks(site, chance)
        self._watch(row, before, found)
        found.unsafe += judge.volume(site, self.record, site.truth(), proven=False)
        self._see_alarms(row, found)
        self._control(row, counts, found)
        if row.restarts:
            self._restart(found)
        else:
            self._mend(row, chance, found)

    def _reach(self, row: Failure, chance: random.Random) -> str:
        """Bring the procedure to where the failure strikes, plus a moment; says where that is."""
        site = self.site
        if row.strikes == table.ANY:
            phase = chance.choice(_ANYWHERE)
            site.until(lambda shown: shown["phase"] == phase, self._patience_s, act=True)
            self._act_for(chance.random() * 1.5)
            return f"in {site.shown['phase']}, aimed at {phase}"
        near = row.strikes == table.CHECKPOINT
        if row.strikes == table.ARMED:
            # so that what prime moved is over before the failure's own motion is looked for
            site.until(lambda shown: shown["phase"] == row.strikes, self._patience_s, act=True)
        else:
            site.until(lambda shown: flows(shown, near), self._patience_s, act=True)
        site.let_pass(chance.random() * 0.1)
        return ""

    def _flowing(self, row: Failure, chance: random.Random) -> Truth:
        """What is true just before; a stop of another cause in between is tried again."""
        for _ in range(_TRIES):
            truth = self.site.truth()
            if truth["motor_on"] or row.strikes not in (table.FLOW, table.CHECKPOINT):
                return truth
            self._reach(row, chance)
        raise Late("the injection was stopped again and again before the failure could strike")

    def _act_for(self, span_s: float) -> None:
        end_ns = now_ns() + int(span_s * 1e9)
        while now_ns() < end_ns:
            self.site.step(0.1)

    def _watch(self, row: Failure, before: Truth, found: _Findings) -> None:
        """Until the plunger stands, or for a while where it need not."""
        site = self.site
        if row.layers in ((), (table.STAYS_UP,)):
            self._look_on(row, found)
            found.stop = judge.stop_of(site, found.began_ns, before)
            return
        if not before["motor_on"] and not judge.motions(site, found.began_ns):
            return
        try:
            site.watch(lambda truth: not truth["motor_on"], row.most_ms / 1_000 + 5)
        except Late:
            found.unsafe += judge.stopped_well(row, None)
            return
        found.stop = judge.stop_of(site, found.began_ns, before)
        found.unsafe += judge.stopped_well(row, found.stop)
        found.stuck += judge.forestalled(row, found.stop)

    def _look_on(self, row: Failure, found: _Findings) -> None:
        """The loop must not stand still meanwhile: every look shows something newer."""
        site = self.site
        end_ns = now_ns() + int(_LOOKED_AT_S * 1e9)
        while now_ns() < end_ns:
            if site.look(_SHOWN_S) is None and row.layers:
                found.unsafe.append("the controller showed nothing for 3 s")

    def _see_alarms(self, row: Failure, found: _Findings) -> None:
        """A living controller raises what the row names; hands stay off meanwhile."""
        site = self.site
        if site.running is None or site.running.poll() is not None:
            return
        if _is_stopped(site.running.pid):
            return  # after it was continued
        end_ns = now_ns() + int(_ALARM_S * 1e9)
        while now_ns() < end_ns:
            site.look(0.2)
            if not judge.missing(row.alarms, self._raised(found)):
                break

    def _raised(self, found: _Findings) -> list[str]:
        """From the record, and what is shown where the record cannot be written."""
        shown = [alarm["name"] for alarm in self.site.shown.get("alarms", ())]
        found.alarms = list(
            dict.fromkeys([*self.record.more().raised(found.began_ns), *found.alarms, *shown])
        )
        return found.alarms

    def _control(self, row: Failure, counts: dict[str, int], found: _Findings) -> None:
        words = row.control(self.site, self.record, counts, found.began_ns)
        if words:
            found.stuck.append(f"not a failure: {words}")

    # --- afterwards -------------------------------------------------------------------------------

    def _mend(self, row: Failure, chance: random.Random, found: _Findings) -> None:
        """Mended, nothing moves by itself; then a person arms again and it flows."""
        site = self.site
        row.mends(site, chance)
        found.mended_ns = now_ns()
        site.let_pass(_STILL_S)
        stop = found.stop
        if stop is not None and row.layers and judge.motions(site, stop.off_ns):
            found.unsafe.append("the plunger moved again without a person")
        try:
            site.until(lambda shown: flows(shown), self._patience_s, act=True)
        finally:
            self._raised(found)
            found.unsafe += judge.missing(row.alarms, found.alarms)
        if site.who.gave_up:
            found.stuck.append(site.who.gave_up)
        found.unsafe += judge.volume(site, self.record, site.truth(), proven=False)

    def _restart(self, found: _Findings) -> None:
        """A new controller says honestly what may have been delivered, and moves nothing."""
        site = self.site
        site.watch(lambda truth: not truth["motor_on"], 5)
        dead_ns, case = now_ns(), self._case_open()
        site.controller()
        found.mended_ns = now_ns()
        shown = site.until(
            lambda shown: all(shown["devices"][name]["link"] == "up" for name in _LINKS)
        )
        site.let_pass(_STILL_S)
        if case and shown["phase"] != "recovery":
            found.unsafe.append(f"started again in {shown['phase']} with a procedure open")
        if judge.motions(site, dead_ns):
            found.unsafe.append("the plunger moved without a person")
        found.unsafe += judge.volume(site, self.record, site.truth(), proven=True)
        found.widths = judge.widths(site, self.record, site.truth())
        self._raised(found)
        site.until(lambda shown: shown["phase"] == "standby", self._patience_s, act=True)
        found.unsafe += judge.volume(site, self.record, site.truth(), proven=True)

    def _case_open(self) -> bool:
        changes = [e for e in self.record.more().entries if isinstance(e, PhaseChanged)]
        return bool(changes) and changes[-1].phase not in ("standby", "closed")


def _is_stopped(pid: int) -> bool:
    """SIGSTOP, and no SIGCONT yet."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def flows(shown: Shown, near: bool | None = None) -> bool:
    """An injection is under way, with room until the checkpoint, or near it."""
    volume = shown["volume"]
    left_nl = volume["checkpoint_nl"] - volume["injected_nl"]
    fits = True if near is None else (left_nl < _ROOM_NL) == near
    flowing = shown["phase"] == "injecting" and shown["rate"]["confirmed_nl_min"] > 0
    return bool(flowing and fits and volume["injected_nl"] >= 2_000)
