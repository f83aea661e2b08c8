"""``make run``: a simulated room, its controller and its web console, for a person to use.

Three processes, joined only by wires and sockets, as in a room: the simulated devices, the
controller, and the console. A browser on this machine is the fourth; its side panel holds
the hands that a simulated room has not. It runs until it is told to end.
"""

import argparse
import contextlib
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from controller.clock import RealClock
from controller.console.command import LISTEN
from sim import processes
from sim.client import Gone, connect, hang_up

_ROOM: Final = "demo"
_LOOK_S: Final = 0.5
_STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

GUIDE: Final = """\
  room      {room}, simulated: no patient, no pump, no X-ray
  console   {address}
            open it in a browser on this computer (Chromium is what it is tested with)
  people    nobody has to log in here: say who you are on the first screen
            (a room with log-in: galactograph user add)
  record    {journal}
  faults    galactograph-sim fault list --control {control}   (or under Room, Faults, on the page)

A first procedure:
  1  List     enter any patient, side L on the order and on the picture, 0.1 mL
  2  Check    answer every question
  3  Set-up   contrast, syringe, cannula; confirm that the stopcock is closed: the pump gets power
  4  Prime    zero; say that the tip is out, hold; say when the first drop shows; push; open tip
  5  Duct     a position on the clock face
  6  Cannula  in the side panel: tip "duct"; then "in place"
  7  Inject   ARM, read the plan, ARM again, then hold the pad (or, in the side panel, the foot
              switch). At 0.05 mL let go, and hold again
  8  Image    wait until the pressure has settled, compress (side panel: pedal), choose the view,
              ARM, hold
  9  End      review, cannula out, aftercare, close. The report is under History
     Another one: in the side panel "Next patient" first, or the line is still full

STOP is bottom right on every screen, and Esc. Ctrl-C here ends everything.
"""


class Addresses(NamedTuple):
    """Where the room is."""

    console: str
    socket: Path
    control: str
    journal: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph-sim room``."""
    parser.add_argument("--room", default=_ROOM, metavar="FILE", help="room file or shipped name")
    parser.add_argument("--listen", default=LISTEN, metavar="HOST:PORT", help="of the console")
    parser.add_argument(
        "--folder", type=Path, default=Path("room-run"), help="of records, sockets and logs"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the devices' noise")


def run(args: argparse.Namespace) -> int:
    """Until told to end: 0 ended, 1 a part of it failed, 2 no folder."""
    folder = args.folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.stderr.write(f"folder {folder} cannot be made ({error.strerror}); name another\n")
        return 2
    told = False

    def tell(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    for number in _STOPS:
        signal.signal(number, tell)
    try:
        with started(folder, args.room, args.listen, args.seed) as (where, parts):
            _say(where, args.room)
            while not told:
                select.select([], [], [], _LOOK_S)
                for name, process in parts.items():
                    if process.poll() is not None and not told:
                        raise Gone(f"{name} ended by itself: see {folder / name}.log")
    except Gone as gone:
        sys.stderr.write(f"galactograph-sim room: {gone}\n")
        return 1
    return 0


def _say(where: Addresses, room: str) -> None:
    words = GUIDE.format(
        room=room, address=where.console, journal=where.journal, control=where.control
    )
    sys.stdout.write(f"\n{words}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def started(
    folder: Path, room: str = _ROOM, listen: str = "127.0.0.1:0", seed: int = 1
) -> Iterator[tuple[Addresses, dict[str, processes.Process]]]:
    """The three processes, ready; told to end and waited for on leaving.

    Raises:
        Gone: one of them did not start; the text names its log.
    """
    parts: dict[str, processes.Process] = {}
    try:
        parts["devices"] = processes.start(folder, "devices", processes.serve(seed=seed), pipe=True)
        wires = processes.first_line(parts["devices"], folder / "devices.log")
        parts["controller"] = processes.start(folder, "controller", controller(folder, room, wires))
        socket = folder / "state" / _name(room) / "control.sock"
        hang_up(connect(str(socket), f"the controller (see {folder / 'controller.log'})"))
        serve = console(room, listen, wires["control"])
        parts["console"] = processes.start(folder, "console", serve, pipe=True)
        address = address_of(parts["console"], folder / "console.log")
        journal = folder / "state" / _name(room) / "journal"
        yield Addresses(address, socket, wires["control"], journal), parts
    finally:
        for process in reversed(parts.values()):
            processes.end(process)


def controller(folder: Path, room: str, wires: dict[str, str]) -> Sequence[str]:
    """Command of the room's controller."""
    return processes.module(
        "controller.cli",
        *("run", "--room", room, "--state", "state", "--log-file", "controller.jsonl"),
        *("--pump-port", str(folder / "pump"), "--modbus", wires["modbus"]),
    )


def console(room: str, listen: str, control: str) -> Sequence[str]:
    """Command of the room's console, with its side panel."""
    return processes.module(
        "controller.cli",
        *("console", "--room", room, "--state", "state"),
        *("--listen", listen, "--panel", control),
    )


def _name(room: str) -> str:
    return Path(room).stem


def address_of(process: processes.Process, log: Path) -> str:
    """What the console says first, its address at the end."""
    out = process.stdout
    clock = RealClock()
    end_ns = clock.now_ns() + int(processes.START_S * 1e9)
    while out is not None and clock.now_ns() < end_ns and process.poll() is None:
        if select.select([out], [], [], _LOOK_S)[0]:
            words = out.readline().decode().split()
            if words:
                return words[-1]
    raise Gone(f"the console did not start: see {log}")
