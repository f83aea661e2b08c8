"""A room on real wires: the controller as a process that a keeper ends when we are gone."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from config.load import LoadedRoom
from config.override import with_addresses
from config.state_paths import state_paths
from controller.assembly import JOURNAL_FILE
from controller.clock import RealClock
from controller.record.chain import decode
from controller.record.signing import public_path
from controller.record.store import open_readable
from controller.record.store import select as rows_of
from sim.client import Gone, Lines, connect, hang_up
from sim.processes import END_S, ROOT, environment, first_line
from state_machine.entries import AnyEntry
from tests.hil.hands import Hands, OperatorHands, SimulatedHands
from tests.hil.people import People
from tests.hil.place import ControllerGone
from tests.hil.registers import Reader, read_real

_START_S: Final = 60.0
CONTROLLER: Final = "controller.cli"


class RealPlace:
    """Processes: the controller of a room file, and the simulated devices where they are wanted.

    Args:
        loaded: the room.
        room_file: as given to ``galactograph run --room``.
        folder: for state and logs; its path must be short enough for a local socket.
        addresses: ``--pump-port`` and ``--modbus`` where given.
        control: control port of a simulated room; empty: people are asked.
        simulate: start simulated devices for this run.
        module: the controller's entry.
    """

    hz = 20

    def __init__(
        self,
        loaded: LoadedRoom,
        room_file: str,
        folder: Path,
        addresses: tuple[str, ...] = (),
        control: str = "",
        simulate: bool = False,
        module: tuple[str, ...] = (CONTROLLER,),
    ) -> None:
        self.loaded = loaded
        self.folder = folder
        self._clock = RealClock()
        self._module = module
        self._arguments = ("run", "--room", room_file, "--state", "state", *addresses)
        self._keepers: list[subprocess.Popen[bytes]] = []
        self._controller: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._api: Lines | None = None
        self._people: People | None = None
        self._aside: list[dict[str, Any]] = []
        """Heard while somebody logged in."""
        self.hands: Hands = OperatorHands()
        self.wires = "the wires of the room file"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if loaded.profile.login_required:
                self._people = People(folder / "state")
            if simulate:
                control = self._serve()
            if control:
                self.hands = SimulatedHands(control)
        except BaseException:
            self.close()
            raise

    def _serve(self) -> str:
        """Simulated devices of our own, on a pty and TCP."""
        wires = ("--pump-link", "pump", "--modbus", "127.0.0.1:0", "--control", "127.0.0.1:0")
        command = [sys.executable, "-m", "sim.cli", "serve", *wires, "--baud", "19200"]
        process = self._keep("devices", command, "--say")
        _pid(process)
        first = first_line(process, self.folder / "devices.log")
        # the link, not the pty behind it: its number is another's once these devices are gone
        pump = str(self.folder.resolve() / "pump")
        self.loaded = with_addresses(self.loaded, pump_port=pump, modbus=first["modbus"])
        self._arguments += ("--pump-port", pump, "--modbus", first["modbus"])
        self.wires = "a pseudo-terminal at 19200 baud and Modbus TCP on this machine"
        return first["control"]

    def _keep(self, name: str, command: list[str], *more: str) -> "subprocess.Popen[bytes]":
        """Start a process that ends with us, whatever becomes of us."""
        keep = [sys.executable, "-m", "controller.bench.keeper", *more]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*keep, *command],
                cwd=self.folder,
                env=environment() | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._keepers.append(process)
        return process

    # --- the controller -----------------------------------------------------------------------

    def start(self) -> None:
        """Start it and connect."""
        hang_up(self._api)
        command = [sys.executable, "-m", *self._module, *self._arguments]
        self._controller = self._keep("controller", command)
        self._pid = _pid(self._controller)
        try:
            with contextlib.chdir(self.folder):
                self._api = connect(str(self._socket()), "the controller", _START_S)
                if self._people is not None:
                    self._people.come(str(self._socket()))
        except Gone as gone:
            said = (self.folder / "controller.log").read_text("utf-8", "replace")[-400:]
            raise ControllerGone(f"{gone}; it said: {said}") from gone

    def _socket(self) -> Path:
        return state_paths(self.loaded.room, Path("state")).socket

    @property
    def journal(self) -> Path:
        """The record of this run."""
        return self.folder / state_paths(self.loaded.room, Path("state")).journal / JOURNAL_FILE

    def say(self, message: dict[str, Any]) -> None:
        """One line."""
        if self._api is None:
            raise ControllerGone("there is no controller")
        try:
            if self._people is not None and "request" in message:
                self._aside += self._people.say(message)
            else:
                self._api.say(message)
        except Gone as gone:
            raise ControllerGone(str(gone)) from gone

    def hear(self, limit_s: float) -> list[dict[str, Any]]:
        """All that has arrived."""
        if self._api is None:
            raise ControllerGone("there is no controller")
        heard, self._aside = [m for m in self._aside if m["k"] != "snapshot"], []
        others = self._people.lines() if self._people is not None else []
        ready = select.select([self._api, *others], [], [], 0 if heard else limit_s)[0]
        try:
            for line in ready:
                # the room is seen over one line; over the others come their replies
                heard += [m for m in line.hear() if line is self._api or m["k"] != "snapshot"]
            return heard
        except Gone as gone:
            raise ControllerGone(str(gone)) from gone

    def now_ns(self) -> int:
        """Boot time."""
        return self._clock.now_ns()

    def freeze(self, span_s: float) -> None:
        """SIGSTOP, and SIGCONT afterwards whatever happens."""
        os.kill(self._pid, signal.SIGSTOP)
        try:
            select.select([], [], [], span_s)
        finally:
            os.kill(self._pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self._pid, signal.SIGKILL)
        if self._controller is not None:
            self._controller.wait(END_S)
        self._hang_up()

    def end(self) -> int:
        """As a keeper ends it when we are gone: standard input closed, then waited for."""
        process, self._controller = self._controller, None
        self._hang_up()
        return _release(process) if process is not None else 0

    def _hang_up(self) -> None:
        hang_up(self._api)
        self._api = None
        if self._people is not None:
            self._people.leave()

    # --- the record ---------------------------------------------------------------------------

    def entries(self, after_seq: int) -> list[AnyEntry]:
        """Beyond an entry, in order."""
        if not self.journal.exists():
            return []
        with contextlib.closing(open_readable(self.journal)) as connection:
            rows = list(rows_of(connection, f"WHERE last_seq > {after_seq} ORDER BY number"))
        return [entry for row in rows for entry in decode(row) if entry.seq > after_seq]

    def read_registers(self) -> list[Reader]:
        """Each device over a connection of its own."""
        return read_real(self.loaded)

    def close(self) -> None:
        """End all that we started; the devices last."""
        hang_up(self._api)
        self._api = None
        if self._people is not None:
            self._people.close()
        self.hands.close()
        for process in reversed(self._keepers):
            _release(process)


def take_over(loaded: LoadedRoom, state: Path, folder: Path) -> None:
    """The calibrations of a room, and the key that vouches for them, into a run's own state."""
    theirs, ours = state_paths(loaded.room, state), state_paths(loaded.room, folder / "state")
    journal, copy = theirs.journal / JOURNAL_FILE, ours.journal / JOURNAL_FILE
    for source, target in (
        (theirs.calibrations, ours.calibrations),
        (public_path(journal), public_path(copy)),
    ):
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def _pid(keeper: "subprocess.Popen[bytes]") -> int:
    """The number that a keeper says first, of what it keeps."""
    line, out = b"", keeper.stdout
    while out is not None and not line.endswith(b"\n"):
        ready = select.select([out], [], [], _START_S)[0]
        byte = os.read(out.fileno(), 1) if ready else b""
        if not byte:
            raise ControllerGone("the process that keeps it did not start")
        line += byte
    return int(line)


def _release(keeper: "subprocess.Popen[bytes]") -> int:
    """Let go of a keeper, and wait for what it keeps to end."""
    if keeper.stdin is not None:
        with contextlib.suppress(OSError):
            keeper.stdin.close()
    try:
        status = keeper.wait(END_S)
    except subprocess.TimeoutExpired:
        keeper.kill()
        status = keeper.wait()
    if keeper.stdout is not None:
        keeper.stdout.close()
    return status
