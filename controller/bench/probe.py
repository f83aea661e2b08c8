"""``galactograph service probe``: what is connected here, and a room file to begin with."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Final

from controller.bench.explain import port_finding, unit_findings
from controller.bench.search import PortFound, search_ports, search_units
from controller.bench.skeleton import room_file
from controller.clock import RealClock
from controller.doctor.report import as_json, as_table
from drivers.ports import serial_ports

OK: Final = 0
NOTHING: Final = 1
USAGE: Final = 2
UNIT_IDS: Final = (1, 2, 3)
ABOUT: Final = """\
Find pumps on serial ports and devices on the network, say what answered and what a silence
may mean, and write a room file to begin with. Asks only who is there: writes no register
and moves nothing. Stop the controller first: most devices take one connection.
"""
EXAMPLES: Final = """\
examples:
  galactograph service probe                              every serial port of this computer
  galactograph service probe --port /dev/ttyUSB0 --modbus 192.168.10.21 --out room.toml
  galactograph service probe --modbus 127.0.0.1:1502 --port ./pump --json

exit status: 0 something was found, 1 nothing was, 2 usage, or the file exists already
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to look."""
    parser.add_argument("--port", action="append", metavar="PATH", help="serial port; default all")
    parser.add_argument(
        "--modbus", action="append", default=[], metavar="HOST[:PORT]", help="device on the network"
    )
    parser.add_argument("--units", default="1,2,3", metavar="N,N", help="unit ids to ask")
    parser.add_argument("--addresses", default="0", metavar="N,N", help="pump addresses to ask")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a room file to begin with")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def _numbers(text: str, low: int, high: int, what: str) -> list[int]:
    """Numbers separated by commas.

    Raises:
        ValueError: names what is wrong with which.
    """
    numbers = []
    for word in text.split(","):
        if not word.strip().isdecimal() or not low <= int(word) <= high:
            raise ValueError(f"{what} {word!r}: whole numbers from {low} to {high}, with commas")
        numbers.append(int(word))
    return numbers


def _address(text: str) -> tuple[str, int]:
    """Host and port; port 502 unless said.

    Raises:
        ValueError: the port is no port.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        return text, 502
    if not 1 <= int(port) <= 65_535:
        raise ValueError(f"--modbus {text!r}: a port is 1 to 65535")
    return host, int(port)


def run(args: argparse.Namespace) -> int:
    """Look, say, and write what was asked for."""
    try:
        units = _numbers(args.units, 1, 247, "--units")
        addresses = _numbers(args.addresses, 0, 99, "--addresses")
        places = [_address(text) for text in args.modbus]
        out = args.out.open("x", encoding="utf-8") if args.out else contextlib.nullcontext()
    except FileExistsError:
        sys.stderr.write(f"{args.out} exists already and is left as it is: name another file\n")
        return USAGE
    except (ValueError, OSError) as error:
        sys.stderr.write(f"galactograph service probe: {error}\n")
        return USAGE
    with out as file:
        ports = [(port, "") for port in args.port] if args.port else serial_ports()
        clock = RealClock()
        lines: list[PortFound] = search_ports(ports, addresses, clock, _say)
        devices = search_units(places, units, clock, _say)
        findings = [*map(port_finding, lines), *unit_findings(devices)]
        (as_json if args.json else as_table)(findings, sys.stdout)
        if not ports and not places:
            _say("no serial port with an adapter is there, and no --modbus was given")
        if file is not None:
            file.write(room_file(lines, devices))
            _say(f"{args.out}: read it through, then galactograph config check {args.out}")
    found = any(port.pump for port in lines) or any(unit.kind for unit in devices)
    return OK if found else NOTHING


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
