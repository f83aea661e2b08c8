"""The command ``galactograph-sim serve``: its options and its exit status."""

import argparse
import json
import sys
from typing import Any

from sim.serve.addresses import UsageError
from sim.serve.faults import BAUDS
from sim.serve.server import MODES, RIGS, Server


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim serve``."""
    parser.add_argument("--pump-link", metavar="PATH", help="symlink to make for the pump's line")
    parser.add_argument("--modbus", metavar="HOST:PORT", help="Modbus address, port 0 = any")
    parser.add_argument("--control", metavar="HOST:PORT", help="control port, JSON lines")
    parser.add_argument(
        "--balance-link", metavar="PATH", help="symlink to make for a balance under the open tip"
    )
    parser.add_argument("--only", choices=("pump", "modbus"), help="serve one side")
    parser.add_argument(
        "--cables", metavar="PATH", help="with --only: a local socket that joins both sides"
    )
    parser.add_argument("--pump", choices=("new-era",), default="new-era", help="pump family")
    parser.add_argument(
        "--baud",
        type=int,
        default=0,
        choices=BAUDS,
        help="line speed; 0 = bytes move at once and any client speed fits",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of noise and reply times")
    parser.add_argument("--rig", choices=sorted(RIGS), default="27g-warm", help="cannula")
    parser.add_argument("--mode", choices=sorted(MODES), default="simulated", help="reported mode")
    parser.add_argument(
        "--pump-always-on", action="store_true", help="power the pump whatever the box says"
    )


def run(options: argparse.Namespace) -> int:
    """Serve; the first line on standard output is JSON with the addresses.

    Returns:
        0 after SIGTERM or SIGINT, 2 when the options cannot be served.
    """
    try:
        if options.only != "modbus" and not options.pump_link:
            raise UsageError("give --pump-link PATH, or --only modbus")
        if options.only != "pump" and not options.modbus:
            raise UsageError("give --modbus HOST:PORT, or --only pump")
        server = Server(options)
    except (UsageError, OSError) as problem:
        sys.stderr.write(f"serve: {problem}\n")
        return 2
    try:
        first: dict[str, Any] = dict(server.addresses)
        if options.only:
            shared = f"joined by {options.cables}" if options.cables else "no physics shared"
            first["note"] = f"only {options.only}: {shared} with another process"
        sys.stdout.write(json.dumps(first) + "\n")
        sys.stdout.flush()
        server.run()
    finally:
        server.close()
    return 0


def main() -> int:
    """Entry for ``python -m sim.serve``."""
    parser = argparse.ArgumentParser(description="simulated devices in real time")
    add_arguments(parser)
    return run(parser.parse_args())
