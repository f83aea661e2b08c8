"""A site for tests: simulated devices and the controller as processes, hands in this one.

Every wait has an end and a descriptor; nothing sleeps. The line's dead space is small and
the simulated line is filled already, so that an injection begins within seconds.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.load import load_room
from drivers.registry import known_names
from sim import technologist
from sim.client import Lines, connect, hang_up
from sim.technologist import Order, Request, Technologist
from tests.config.conftest import Site as RoomFiles

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
SOCKET = "state/demo/control.sock"
JOURNAL = "state/demo/journal/record.journal"
Shown = dict[str, Any]


def now_ns() -> int:
    """The clock of the simulated devices and of the controller."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def environment() -> dict[str, str]:
    """This tree first, whatever is installed."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


def write_room(folder: Path) -> Path:
    """The demo's room, with a line that is primed within seconds."""
    files = RoomFiles(folder)
    files.change_procedure("dead_space_nl = 59_000", "dead_space_nl = 2_000")
    files.change_procedure("prime_volume_nl = 80_000", "prime_volume_nl = 30_000")
    return files.room_path


class Site:
    """Processes and connections of one test; ``close`` ends what is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room_file = write_room(folder)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.devices = self.start("devices", "sim.cli", *self._serve())
        first = self._first_line(self.devices)
        self.modbus = first["modbus"]
        self.hands = connect(first["control"], "the simulated room")
        self.api: Lines | None = None
        self.shown: Shown = {}
        profile = load_room(str(self.room_file), known_names()).profile
        self.who = Technologist(profile, Order())

    @staticmethod
    def _serve() -> tuple[str, ...]:
        address = ("--modbus", "127.0.0.1:0", "--control", "127.0.0.1:0")
        return ("serve", "--pump-link", "pump", "--baud", "19200", *address)

    def start(self, name: str, module: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a module of ours as a process."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "devices" else log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    @staticmethod
    def _first_line(process: "subprocess.Popen[bytes]") -> dict[str, str]:
        out = process.stdout
        assert out is not None
        assert select.select([out], [], [], PATIENCE_S)[0], "the devices said nothing"
        first: dict[str, str] = json.loads(out.readline())
        return first

    def controller(self, *more: str) -> "subprocess.Popen[bytes]":
        """Start a controller and connect to it."""
        process = self.start("controller", "controller.cli", *self.run_arguments(), *more)
        hang_up(self.api)
        self.api = connect(SOCKET, "the controller", PATIENCE_S)
        return process

    def run_arguments(self) -> tuple[str, ...]:
        """Of ``galactograph run`` in this site."""
        place = ("--room", "room.toml", "--state", "state")
        return ("run", *place, "--pump-port", str(self.folder / "pump"), "--modbus", self.modbus)

    # --- looking and acting -----------------------------------------------------------------

    def look(self, limit_s: float) -> Shown | None:
        """The newest snapshot that arrives, None when none did in time."""
        assert self.api is not None
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
        """Look (and act as the technologist) until a snapshot satisfies ``done``."""
        end_ns = now_ns() + int(limit_s * 1e9)
        while now_ns() < end_ns:
            shown = self.look(1.0)
            if shown is None:
                continue
            if done(shown):
                return shown
            if act:
                self._act(shown)
        raise AssertionError(f"not so after {limit_s} s: {json.dumps(self.shown)}")

    def _act(self, shown: Shown) -> None:
        assert self.api is not None
        for deed in self.who.look(shown, now_ns()):
            if isinstance(deed, Request):
                self.api.say(deed.body)
            else:
                self.set(deed.name, deed.value)

    def ask(self, request: str, **fields: Any) -> None:
        """One request as the technologist."""
        assert self.api is not None
        said = {"request": request, "by": "T. Technologist", "role": "technologist"}
        self.api.say(said | fields)

    def set(self, name: str, value: bool | int | str) -> None:
        """Hands in the room."""
        assert self.hands.ask({"set": {name: value}}) == {"set": True}

    def truth(self) -> dict[str, Any]:
        """What is really so."""
        truth: dict[str, Any] = self.hands.ask({"truth": True})["truth"]
        return truth

    def watch(self, done: Callable[[dict[str, Any]], bool], limit_s: float) -> dict[str, Any]:
        """Ask for the truth until it satisfies ``done``."""
        end_ns = now_ns() + int(limit_s * 1e9)
        while now_ns() < end_ns:
            truth = self.truth()
            if done(truth):
                return truth
            select.select([self.hands], [], [], 0.01)
        raise AssertionError(f"not so after {limit_s} s: {truth}")

    def inject(self, least_nl: int = 4_000) -> Shown:
        """Everything up to an injection under way with some volume counted."""
        self.set("prime", True)
        return self.until(
            lambda shown: (
                shown["phase"] == "injecting"
                and shown["volume"]["injected_nl"] >= least_nl
                and shown["rate"]["confirmed_nl_min"] > 0
            ),
            limit_s=60,
            act=True,
        )

    def close(self) -> None:
        """End what is left."""
        hang_up(self.api, self.hands)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def quick_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A technologist who hardly thinks."""
    monkeypatch.setattr(technologist, "REACTION_NS", 20_000_000)
    monkeypatch.setattr(technologist, "HANDS_NS", 50_000_000)
