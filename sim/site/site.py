"""Processes, connections and hands of one site.

Every wait has an end and a descriptor; nothing sleeps. Paths are relative to the site's
folder where a local socket is meant: its path may have 107 bytes.
"""

import contextlib
import json
import select
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from config.load import load_room
from controller.assembly import JOURNAL_FILE
from controller.clock import RealClock
from controller.record.chain import Row, decode
from controller.record.reader import open_reader
from drivers.registry import known_names
from sim import processes
from sim.client import Gone, Lines, connect, hang_up
from sim.processes import Process
from sim.site import files
from sim.site.person import Person
from sim.site.terminal import Terminal
from sim.technologist import Request
from state_machine.entries import Entry

PATIENCE_S: Final = 30.0
STATE: Final = "state"
SOCKET: Final = "state/demo/control.sock"
JOURNAL: Final = f"state/demo/journal/{JOURNAL_FILE}"
_LOOK_S: Final = 1.0
_TICK_S: Final = 0.002
Shown = dict[str, Any]
Truth = dict[str, Any]
CONTROLLER: Final = "controller.cli"

_CLOCK: Final = RealClock()


def now_ns() -> int:
    """The clock of the simulated devices and of the controller."""
    return _CLOCK.now_ns()


class Late(Exception):
    """What was waited for did not come in time; the text says what there was instead."""


class Site:
    """One room: devices, at most one controller at a time, and a person; ``close`` ends all."""

    def __init__(
        self, folder: Path, seed: int = 1, module: str = CONTROLLER, split: bool = False
    ) -> None:
        """Start the devices; the person waits for a controller.

        Args:
            folder: for everything that the processes write.
            seed: of the devices' noise and reply times.
            module: the controller's entry.
            split: pump and Modbus units as two processes, joined by cables; ``devices`` is
                then the one of the units, ``pump`` the other.
        """
        self.folder = folder
        self.module = module
        self.room_file = files.write(folder)
        self.processes: list[Process] = []
        self._named: dict[str, Process] = {}
        self.other: Shown = {}
        """What another controller showed last (``watch_other``)."""
        self.api: Lines | None = None
        self.shown: Shown = {}
        self.running: Process | None = None
        self.terminal = Terminal(folder / "controller.log")
        self.inserted: Truth = {}
        """What was true when the cannula went in; empty while it is out."""
        self.profile = load_room(str(self.room_file), known_names()).profile
        self.who = Person(self.profile)
        self.keypad: Lines | None = None
        """Control port of the pump's own process, where it has one."""
        self._pump_inputs: list[str] = []
        try:
            if split:
                self.pump, first = self._serve("pump", seed, "--only", "pump")
                self.keypad = connect(first["control"], "the pump's side")
                self._pump_inputs = self.keypad.ask({"inputs": True})["inputs"]
            only = ("--only", "modbus") if split else ()
            self.devices, first = self._serve("devices", seed, *only)
            self.modbus, self.control = first["modbus"], first["control"]
            self.hands = connect(first["control"], "the simulated room")
            if split:
                self.watch(lambda truth: bool(truth["joined"]), PATIENCE_S)
        except BaseException:
            self.close()
            raise

    def _serve(self, name: str, seed: int, *only: str) -> tuple[Process, dict[str, str]]:
        cables = ("--cables", "cables") if only else ()
        process = self._start(name, processes.serve(*only, *cables, seed=seed), pipe=True)
        return process, processes.first_line(process, self.folder / f"{name}.log")

    def _start(
        self, name: str, command: Sequence[str], pipe: bool = False, error: int | None = None
    ) -> Process:
        process = processes.start(self.folder, name, command, pipe, error)
        self.processes.append(process)
        self._named[name] = process
        return process

    def start(self, name: str, module: str, *arguments: str, error: int | None = None) -> Process:
        """Start a module of ours as a process of this site."""
        return self._start(name, processes.module(module, *arguments), error=error)

    def controller(self, *more: str, error: int | None = None) -> Process:
        """Start a controller and connect to it; ``error``: where its terminal is."""
        self.leave()
        self.running = self.start(
            "controller", self.module, *self.run_arguments(), *more, error=error
        )
        self.api = self._connected()
        return self.running

    def leave(self) -> None:
        """Hang up the API; what was shown before counts no more."""
        hang_up(self.api)
        self.api, self.shown = None, {}

    def again(self) -> None:
        """Connect anew to the controller that runs: it hangs up on who does not listen."""
        self.leave()
        self.api = self._connected()

    def _connected(self) -> Lines:
        with contextlib.chdir(self.folder):
            return connect(SOCKET, "the controller", PATIENCE_S)

    def run_arguments(self, state: str = STATE) -> tuple[str, ...]:
        """Of ``galactograph run`` in this site."""
        place = ("--room", "room.toml", "--state", state)
        return ("run", *place, "--pump-port", str(self.folder / "pump"), "--modbus", self.modbus)

    # --- looking and acting -----------------------------------------------------------------

    def look(self, limit_s: float = _LOOK_S) -> Shown | None:
        """The newest snapshot that arrives, None when none did in time.

        Raises:
            Gone: the controller hung up, or there is none.
        """
        if self.api is None:
            raise Gone("no controller runs")
        if not self.terminal.stopped:
            self.terminal.drain()
        if not select.select([self.api], [], [], limit_s)[0]:
            return None
        newest = None
        for message in self.api.hear():
            if message["k"] == "snapshot":
                newest = self.shown = message
            elif message["k"] == "reply":
                self.who.hear(message)
        return newest

    def until(
        self, done: Callable[[Shown], bool], limit_s: float = PATIENCE_S, act: bool = False
    ) -> Shown:
        """Look (and act as the person) until a snapshot satisfies ``done``.

        Raises:
            Late: none did in time.
            Gone: the controller hung up.
        """
        end_ns = now_ns() + int(limit_s * 1e9)
        while now_ns() < end_ns:
            shown = self.look()
            if shown is None:
                continue
            if done(shown):
                return shown
            if act:
                self._act(shown)
        raise Late(f"not so after {limit_s} s: {json.dumps(self.shown)}")

    def where(self) -> list[str]:
        """What a procedure that goes on no more shows, and what was refused last."""
        shown, who = self.shown, self.who
        if not shown:
            return ["nothing is shown"]
        devices = shown["devices"]
        pump = {key: devices["pump"][key] for key in ("link", "refusal", "motion", "prompt")}
        box = {key: devices["room"][key] for key in ("relay_closed", "stop_line", "trip_cause")}
        alarms = [alarm["name"] for alarm in shown["alarms"]]
        tests = {test["name"]: test["passed"] for test in shown["line"]["tests"]}
        return [
            f"{shown['phase']} waits for {shown['waits_for'][:2]}, hold {shown['hold']}",
            f"pump {pump} box {box} alarms {alarms}",
            f"line {shown['pressure']['line_pa']} Pa, self-tests {tests}",
            f"refused {who.refusals[-3:]} {who.gave_up}",
        ]

    def step(self, limit_s: float = _LOOK_S) -> None:
        """Look once and act on it."""
        shown = self.look(limit_s)
        if shown is not None:
            self._act(shown)

    def _act(self, shown: Shown) -> None:
        self.who.see(self.truth()["spilled_nl"])
        for deed in self.who.look(shown, now_ns()):
            if isinstance(deed, Request):
                if self.api is not None:
                    self.api.say(deed.body)
            else:
                self.set(deed.name, deed.value)

    def ask(self, request: str, **fields: Any) -> None:
        """One request as the technologist."""
        if self.api is None:
            raise Gone("no controller runs")
        for asked in self.who.ask(request, **fields):
            if isinstance(asked, Request):
                self.api.say(asked.body)

    def set(self, name: str, value: bool | int | str) -> None:
        """Hands in the room, or what goes wrong there.

        Raises:
            ValueError: the room does not take it.
        """
        mine = self.keypad if self.keypad is not None and name in self._pump_inputs else self.hands
        answer = mine.ask({"set": {name: value}})
        if answer != {"set": True}:
            raise ValueError(str(answer.get("error", answer)))
        if name == "tip":
            self.inserted = self.truth() if value == "duct" else {}

    def truth(self) -> Truth:
        """What is really so."""
        truth: Truth = self.hands.ask({"truth": True})["truth"]
        return truth

    def events(self, since_ns: int = 0) -> list[tuple[int, str, Any, int]]:
        """Inputs and motor: (instant, name, value, plunger in nL), from an instant on."""
        said = self.hands.ask({"events": True})["events"]
        return [(at_ns, name, value, nl) for at_ns, name, value, nl in said if at_ns >= since_ns]

    def faults(self) -> dict[str, int]:
        """What each fault of the wires really did so far."""
        counts: dict[str, int] = self.hands.ask({"faults": True})["faults"]
        return counts | (self.keypad.ask({"faults": True})["faults"] if self.keypad else {})

    def let_pass(self, span_s: float) -> None:
        """Let time pass; what the controller shows meanwhile is looked at."""
        end_ns = now_ns() + int(span_s * 1e9)
        while (left_s := (end_ns - now_ns()) / 1e9) > 0:
            if self.api is None:
                select.select([], [], [], left_s)
            else:
                self.look(left_s)

    def watch(
        self, done: Callable[[Truth], bool], limit_s: float, tick_s: float = _TICK_S
    ) -> Truth:
        """Ask for the truth until it satisfies ``done``.

        Raises:
            Late: it did not in time.
        """
        end_ns = now_ns() + int(limit_s * 1e9)
        truth = self.truth()
        while not done(truth):
            if now_ns() >= end_ns:
                raise Late(f"not so after {limit_s} s: {truth}")
            select.select([self.hands], [], [], tick_s)
            with contextlib.suppress(Gone):  # a client that does not listen is hung up on
                self.look(0.0)
            truth = self.truth()
        return truth

    def inject(self, least_nl: int = 4_000, limit_s: float = 150.0) -> Shown:
        """Everything up to an injection under way with some volume counted."""
        return self.until(
            lambda shown: (
                shown["phase"] == "injecting"
                and shown["volume"]["injected_nl"] >= least_nl
                and shown["rate"]["confirmed_nl_min"] > 0
            ),
            limit_s,
            act=True,
        )

    def end(self, name: str) -> None:
        """Tell the newest process of that name to end."""
        processes.end(self._named[name])

    def watch_other(self, socket: str, span_s: float) -> None:
        """See for a while what another controller shows."""
        with contextlib.chdir(self.folder):
            lines = connect(socket, "the other controller", PATIENCE_S)
        try:
            end_ns = now_ns() + int(span_s * 1e9)
            while now_ns() < end_ns:
                self.look(0.0)
                if select.select([lines], [], [], _TICK_S)[0]:
                    for message in lines.hear():
                        if message["k"] == "snapshot":
                            self.other = message
        finally:
            hang_up(lines)

    # --- the record ---------------------------------------------------------------------------

    @property
    def journal(self) -> Path:
        """The record of this site's controllers."""
        return self.folder / JOURNAL

    def entries(self, after_seq: int = 0) -> list[Entry]:
        """What the record holds, also while it is written."""
        with open_reader(self.journal) as rows:
            return [e for row in rows for e in decode(row) if e.seq > after_seq]

    def record_seq(self) -> int:
        """Number of the newest entry on the disk."""
        return max((row.last_seq for row in self._rows()), default=0)

    def record_utc_ns(self, since_ns: int) -> list[int]:
        """Wall clock of the rows since an instant, in order."""
        return [row.utc_ns for row in self._rows() if row.boot_ns >= since_ns]

    def _rows(self) -> list[Row]:
        with open_reader(self.journal) as rows:
            return list(rows)

    def close(self) -> None:
        """End what is left."""
        hang_up(self.api, getattr(self, "hands", None), self.keypad)
        for process in reversed(self.processes):
            processes.end(process)
        self.terminal.close()
