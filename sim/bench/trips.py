"""One trip: from a violating pressure answer to the stop on the pump's line.

Production and the bare loop take turns, trial by trial, on the same wires against the
same peer. In production trials everything of a real room runs but its opener: serial and
TCP ports, the journal on disk with its writer, the log, the API with one client that
takes every snapshot.
"""

import contextlib
import gc
import io
import json
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from config.load import load_room
from controller import log
from controller.api import LocalApi
from controller.api_socket import UnixListener
from controller.loop import Journal, Room, run_pass
from controller.record.journal import Journal as DiskJournal
from controller.spoken import SpokenJournal
from drivers.ports import DescriptorPort, SerialPort, TcpPort
from drivers.registry import known_names
from sim.bench.bare import BareLoop
from sim.bench.figures import ROOT, Result
from sim.bench.lines import STOP
from sim.bench.moment import Moment, ShiftedClock, injecting
from state_machine.entries import AlarmChanged, Entry, GateClosed, HoldChanged

OVER_PA: Final = 150_000
"""Over the ceiling of 138 kPa, inside the sensor's range."""
LIMIT_PA: Final = 120_000
"""What the bare loop compares with."""
BAUD: Final = 19_200
_CAUSE: Final = "alarm line-pressure"
_READY_S: Final = 30
PRODUCTION, BARE = "production", "bare"


class Spy:
    """Stands before the record and keeps why the pump was first stopped."""

    def __init__(self, journal: Journal) -> None:
        """Pass everything on."""
        self._journal = journal
        self.why: list[str] = []
        """Alarms raised, refusals and closed holds of the first pass that had any."""
        self.pass_ns = 0
        """When that pass began."""

    def append(
        self, entries: Sequence[Entry], *, boot_ns: int, utc_ns: int, urgent: bool = False
    ) -> None:
        """Keep and pass on."""
        self._journal.append(entries, boot_ns=boot_ns, utc_ns=utc_ns, urgent=urgent)
        if not self.why:
            self.why = [words for entry in entries if (words := _reason(entry))]
            self.pass_ns = boot_ns

    def durable_seq(self) -> int:
        """As the record says."""
        return self._journal.durable_seq()

    def fault(self) -> str:
        """As the record says."""
        return self._journal.fault()


class StopNotingPort(SerialPort):
    """The pump's port, which notes when a stop is handed to the kernel."""

    def __init__(self, path: str, baud: int, clock: ShiftedClock) -> None:
        """As a serial port."""
        super().__init__(path, baud)
        self._clock = clock
        self.stop_ns = 0
        """When the newest stop was handed over."""

    def write(self, data: bytes) -> int:
        """Note a stop, then write."""
        if STOP in data:
            self.stop_ns = self._clock.now_ns()
        return super().write(data)


def _reason(entry: Entry) -> str:
    if isinstance(entry, AlarmChanged):
        return f"alarm {entry.alarm}" if entry.change == "raised" else ""
    if isinstance(entry, GateClosed):
        return f"gate {entry.cause}"
    return f"hold {entry.why}" if isinstance(entry, HoldChanged) else ""


class _Waker:
    """A descriptor that only wakes the loop."""

    def __init__(self, name: str, descriptor: int, drain: Any) -> None:
        self.name = name
        self._descriptor = descriptor
        self._drain = drain

    def read(self) -> bytes:
        self._drain()
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def fileno(self) -> int | None:
        return self._descriptor


class Session:
    """Peer process, open ports, record and moment; trials run in it."""

    def __init__(self, room: str, seed: int, folder: Path) -> None:
        """Start the peer and make the same moment here."""
        self._stack = contextlib.ExitStack()
        self._folder = folder
        try:
            self._begin(room, seed)
        except BaseException:
            self._stack.close()
            raise

    def _begin(self, room: str, seed: int) -> None:
        stack = self._stack
        process = stack.enter_context(_peer(room, seed))
        self.moment = Moment(injecting(load_room(room, known_names()), seed).world)
        where = _addresses(process)
        if where["at_ns"] != self.moment.at_ns:
            raise RuntimeError("the two sides made different moments from one seed")
        self._control = socket.create_connection(_target(where["control"]), _READY_S)
        stack.callback(self._control.close)
        self._lines = self._control.makefile("rb")
        stack.callback(self._lines.close)
        self.clock = ShiftedClock()
        self._pump = StopNotingPort(where["pump"], BAUD, self.clock)
        self.ports: dict[str, DescriptorPort] = {"pump": self._pump}
        for name in ("line", "room", "mammograph"):
            host, port = _target(where[name])
            self.ports[name] = TcpPort(host, port)
        for one in self.ports.values():
            stack.callback(one.close)
            one.open()
            if not one.adopt():
                raise RuntimeError(one.fault)
        stack.callback(log.configure("INFO", self._folder / "log.jsonl", io.StringIO()))
        self.disk = DiskJournal(self._folder / "bench.journal")
        stack.callback(self.disk.close)
        gc.collect()
        gc.freeze()  # as `galactograph run` does
        stack.callback(gc.unfreeze)

    def close(self) -> None:
        """End the peer and give everything back."""
        self._stack.close()

    def trial(self, loop: str, kind: str, baud: int, seed: int) -> Result:
        """One trip; ``valid`` only when the pressure, and nothing else, stopped the pump."""
        spy = Spy(SpokenJournal(self.disk))
        api = LocalApi(UnixListener(self._folder / "api.sock"))
        try:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with client:
                client.connect(str(self._folder / "api.sock"))
                room = self._room(spy, api)
                self._say({"prepare": baud})
                self._hear()
                self._drain()
                gc.collect()
                self.clock.start_at(self.moment.at_ns)
                order = {"kind": kind, "seed": seed, "offset_ns": self.clock.offset_ns}
                self._say({**order, "pressure_pa": OVER_PA})
                if loop == BARE:
                    bare = BareLoop(self.ports, self._waker(), LIMIT_PA)
                    bare.run(self.clock)
                    tripped, why = bare.stopped, []
                else:
                    self._run(room)
                    tripped, why = _tripped(room, spy), spy.why
                seen = self._hear()
        finally:
            api.close()
        return {
            **seen,
            "loop": loop,
            "baud": baud,
            "why": why,
            "split_ns": _split(seen, spy, self._pump.stop_ns),
            "valid": bool(seen["stopped"] and tripped and not seen["crossed"]),
        }

    def _room(self, journal: Journal, api: LocalApi) -> Room:
        disk = self.disk
        wakers = [_Waker("journal", disk.wake_fileno(), disk.drain_wake)]
        last_seq = disk.last_seq()
        return self.moment.room(self.ports, journal, last_seq, api, self.clock, wakers)

    def _run(self, room: Room) -> None:
        """The loop of a real room, until the peer has seen what it waits for."""
        room.wakers = (*room.wakers, self._waker())
        clock, control = self.clock, [self._control]
        while True:
            wake_ns = run_pass(room, clock.now_ns())
            clock.wait(room.ports(), wake_ns)
            if select.select(control, [], [], 0)[0]:
                return

    def _waker(self) -> _Waker:
        return _Waker("control", self._control.fileno(), lambda: None)

    def _drain(self) -> None:
        for port in self.ports.values():
            while port.read():
                pass

    def _say(self, message: dict[str, Any]) -> None:
        self._control.sendall(json.dumps(message).encode() + b"\n")

    def _hear(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise RuntimeError("the measurement's other process ended; its words are above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _split(seen: Result, spy: Spy, given_ns: int) -> dict[str, int]:
    """Where the time of a trip went, by the common clock of both sides.

    ``wake``: answer handed over until the pass begins; ``decide``: ports, drivers, step, until
    the stop is handed to the kernel (on a busy line that holds the wait for the pump's
    answer); ``read``: until the peer has read it. Record and log come after the stop.
    """
    marks = [seen["sent_ns"], spy.pass_ns, given_ns, seen["stopped_ns"]]
    names = ("wake", "decide", "read")
    return {name: b - a for name, a, b in zip(names, marks, marks[1:], strict=False)}


def _tripped(room: Room, spy: Spy) -> bool:
    """The value arrived, and the pressure limit was the first thing that stopped the pump.

    A reading gone stale or a pass that was late would be there as a refusal or a closed
    hold of an earlier pass.
    """
    arrived = room.readings.line.pressure_pa == OVER_PA
    return arrived and _CAUSE in spy.why and not room.targets.pump.run


@contextlib.contextmanager
def _peer(room: str, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "sim.bench.peer", "--room", room, "--seed", str(seed)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        try:
            process.wait(2)  # it ends with its control connection
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _addresses(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    out = process.stdout
    if out is None or not select.select([out], [], [], _READY_S)[0]:
        raise RuntimeError(f"the devices did not start within {_READY_S} s")
    where: dict[str, Any] = msgspec.json.decode(out.readline())
    return where


def _target(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
