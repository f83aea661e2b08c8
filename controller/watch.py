"""``galactograph watch``: the live room in a terminal. A client that only looks.

Measured beside commanded, what is waited for, who is logged in, alarms first. It asks for
nothing, so its coming and going changes nothing in the room.
"""

import argparse
import json
import select
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from config.load import load_room
from config.problems import ConfigError
from config.state_paths import state_paths
from controller.messages import VERSION

OK: Final = 0
FAILED: Final = 1
WRONG: Final = 2

ABOUT: Final = """\
Shows a running room until Ctrl-C. It only looks: nothing can be asked for here.
"""
EXAMPLES: Final = """\
examples:
  galactograph watch --room room.toml
  galactograph watch --room room.toml --json --count 1     one snapshot, for machines

exit status: 0 ended by Ctrl-C or --count, 1 the controller is gone, 2 none is there
"""
_WAIT_S: Final = 2.0
"""Snapshots come oftener than once a second: a controller silent for so long is gone."""
_READ_SIZE: Final = 65_536
_PRIORITY: Final = {"high": "bold white on red", "medium": "black on yellow", "low": "cyan"}
_MODE: Final = {"simulated": "black on cyan", "bench": "black on yellow"}


class Gone(Exception):
    """The controller is gone, or refuses; the text says which."""


# --- what is shown ----------------------------------------------------------------------------


def _ml(volume_nl: int) -> str:
    return f"{volume_nl / 1e6:.3f}"


def _kpa(pressure_pa: int | None) -> str:
    return "–" if pressure_pa is None else f"{pressure_pa / 1e3:.1f}"


def screen(shown: dict[str, Any]) -> RenderableType:
    """One snapshot as a screen of 80 columns or more."""
    head = Text.assemble(
        (f" {shown['mode'].upper()} ", _MODE.get(shown["mode"], "bold white on red")),
        f"  {shown['room']}  ",
        (shown["phase"], "bold"),
        f"  {shown['phase_ms'] // 1000} s",
    )
    parts: list[RenderableType] = [head, *_alarms(shown), _waits(shown), _numbers(shown)]
    return Panel(Group(*parts, _devices(shown), _people(shown)), title="galactograph watch")


def _alarms(shown: dict[str, Any]) -> Iterator[Text]:
    for alarm in shown["alarms"]:
        state = "" if alarm["present"] else " (gone)"
        seen = " acknowledged" if alarm["acknowledged"] else ""
        words = f" {alarm['priority'].upper()} {alarm['words']}{state}: {alarm['action']}{seen} "
        yield Text(words, _PRIORITY.get(alarm["priority"], ""))
    if shown["stop"]["words"]:
        yield Text(f" stopped: {shown['stop']['words']} ", "bold red")


def _waits(shown: dict[str, Any]) -> Text:
    waits = "; ".join(shown["waits_for"])
    return Text(f"waits for: {waits}" if waits else f"{shown['actor']}: {shown['prompt']}")


def _numbers(shown: dict[str, Any]) -> Table:
    volume, rate, pressure = shown["volume"], shown["rate"], shown["pressure"]
    hold, duct, case = shown["hold"], shown["duct"], shown["case"]
    grid = Table.grid(padding=(0, 2))
    for _ in range(4):
        grid.add_column()
    grid.add_row(
        "delivered, mL", f"{_ml(volume['low_nl'])} to {_ml(volume['high_nl'])}",
        "planned, mL", _ml(volume["planned_nl"]),
    )  # fmt: skip
    grid.add_row(
        "this breast, mL", f"{_ml(volume['side_day_low_nl'])} to {_ml(volume['side_day_high_nl'])}",
        "checkpoint, mL", _ml(volume["checkpoint_nl"]),
    )  # fmt: skip
    grid.add_row(
        "rate told, mL/min", f"{rate['commanded_nl_min'] / 1e6:.3f}",
        "rate confirmed", f"{rate['confirmed_nl_min'] / 1e6:.3f}",
    )  # fmt: skip
    grid.add_row(
        "line, kPa", _kpa(pressure["line_pa"]),
        "net, kPa", f"{_kpa(pressure['net_pa'])} (at most {_kpa(pressure['net_upper_pa'])})",
    )  # fmt: skip
    grid.add_row(
        "switch", "pressed" if hold["pressed"] else "released",
        "hold", f"{hold['phase']} {hold['action'] if hold['action'] != 'none' else ''}",
    )  # fmt: skip
    place = f"{duct['number']}, {duct['clock_h']} o'clock" if duct else "–"
    breast = f"{case['side']}, {_ml(case['ordered_nl'])} mL ordered" if case else "–"
    grid.add_row("breast", breast, "duct", place)
    return grid


def _devices(shown: dict[str, Any]) -> Table:
    table = Table("device", "link", "is", "age, ms", box=None, header_style="dim")
    for name, device in shown["devices"].items():
        state = device["refusal"] or device.get("motion", device.get("unit_state", ""))
        style = "" if device["link"] == "up" else "bold red"
        age = "–" if device["age_ms"] is None else str(device["age_ms"])
        table.add_row(name, Text(device["link"], style), str(state), age)
    return table


def _people(shown: dict[str, Any]) -> Text:
    people = shown["people"]
    names = [
        f"{one['by']} ({one['role']}{', locked' if one['locked'] else ''})"
        for one in people["sessions"]
    ]
    nobody = "nobody, and a log-in is required" if people["login_required"] else "not asked for"
    fault = shown["journal"]["fault"]
    clock = f"  ·  wall clock: {shown['clock']['sync']}"
    record = clock + (f"  ·  record: {fault}" if fault else "")
    return Text(f"logged in: {', '.join(names) or nobody}{record}", "bold red" if fault else "dim")


# --- the connection ---------------------------------------------------------------------------


def snapshots(connection: socket.socket, hz: int, wait_s: float = _WAIT_S) -> Iterator[bytes]:
    """Snapshots as lines, oldest first, until the controller is gone.

    Raises:
        Gone: it hung up, fell silent, or speaks another version.
    """
    hello = {"k": "hello", "version": VERSION, "client": "watch"}
    for message in (hello, {"k": "subscribe", "hz": hz}):
        connection.sendall(json.dumps(message).encode() + b"\n")
    rest = b""
    while True:
        if not select.select([connection], [], [], wait_s)[0]:
            raise Gone(f"the controller has said nothing for {wait_s:.0f} s")
        try:
            data = connection.recv(_READ_SIZE)
        except OSError as error:
            raise Gone(f"the controller is gone ({error.strerror})") from error
        if not data:
            raise Gone("the controller hung up")
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b'{"k":"snapshot"'):
                yield line
            elif line.startswith(b'{"k":"refused"'):
                raise Gone(str(json.loads(line)["words"]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    parser.add_argument("--state", type=Path, metavar="DIR", help="state folder of the controller")
    parser.add_argument("--hz", type=int, default=5, choices=range(1, 51), metavar="1..50")
    parser.add_argument("--count", type=int, default=0, help="end after so many snapshots")
    parser.add_argument("--json", action="store_true", help="one snapshot a line")


def run(args: argparse.Namespace, known: Collection[str], folder: Path) -> int:
    """0 ended by a person or by count, 1 the controller is gone, 2 none is there."""
    try:
        path = state_paths(load_room(args.room, known).room, args.state or folder).socket
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return WRONG
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            sys.stderr.write(
                f"galactograph watch: no controller answers on {path} ({error.strerror});"
                " start it with galactograph run\n"
            )
            return WRONG
        try:
            _show(connection, args)
        except Gone as gone:
            sys.stderr.write(f"galactograph watch: {gone}\n")
            return FAILED
        except (KeyboardInterrupt, BrokenPipeError):
            return OK
    return OK


def _show(connection: socket.socket, args: argparse.Namespace) -> None:
    if args.json:
        _each(connection, args, lambda line: sys.stdout.write(line.decode() + "\n"))
        return
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        _each(connection, args, lambda line: live.update(screen(json.loads(line)), refresh=True))


def _each(
    connection: socket.socket, args: argparse.Namespace, show: Callable[[bytes], object]
) -> None:
    for count, line in enumerate(snapshots(connection, args.hz), 1):
        show(line)
        sys.stdout.flush()
        if count == args.count:
            return
