"""``galactograph-sim set``: a hand in a simulated room from the command line."""

import argparse
import json
import sys
from typing import Any, Final

from sim.client import Gone, connect

OK: Final = 0
FAILED: Final = 1
WRONG: Final = 2
ABOUT: Final = "do something in a simulated room: a hand, a reference, a fault (docs/service.md)"
_WAIT_S: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--control", required=True, metavar="HOST:PORT", help="of serve")
    parser.add_argument(
        "inputs", nargs="*", metavar="NAME=VALUE", help="e.g. reference_pa=84000; none: list them"
    )


def value_of(text: str) -> Any:
    """A value as JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def run(args: argparse.Namespace) -> int:
    """0 done, 1 the room refused it, 2 nobody answers there."""
    wish: dict[str, Any] = {"inputs": True}
    if args.inputs:
        wish = {"set": {n: value_of(v) for n, _, v in (one.partition("=") for one in args.inputs)}}
    try:
        room = connect(args.control, "the simulated room", _WAIT_S)
        try:
            answer = room.ask(wish)
        finally:
            room.close()
    except (Gone, ValueError) as problem:
        sys.stderr.write(f"galactograph-sim set: {problem}\n")
        return WRONG
    sys.stdout.write(json.dumps(answer) + "\n")
    return FAILED if "error" in answer else OK
