"""``galactograph-sim fault``: faults of the catalogue in a live simulated room.

A client of its control port: what there is, let one strike, mend it. A fault that touched
nothing is none: each answer says what must be seen, and whether it was.
"""

import argparse
import json
import sys
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from controller.clock import RealClock
from sim.client import Gone, connect, hang_up

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
_LOOK_S: Final = 0.1
CONTROL: Final = "127.0.0.1:5021"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to do, and where the room is."""
    parser.add_argument("todo", choices=("list", "set", "clear", "show"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults; clear without: all")
    parser.add_argument("--control", default=CONTROL, metavar="HOST:PORT", help="control port")
    parser.add_argument(
        "--within", type=float, default=0.0, metavar="S", help="wait so long to see them act"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per fault")


def run(args: argparse.Namespace) -> int:
    """0 done (and seen to act, where --within asks), 1 not seen or refused, 2 no room there."""
    if args.todo == "set" and not args.names:
        sys.stderr.write("galactograph-sim fault set: name one; list says which there are\n")
        return USAGE
    try:
        lines = connect(args.control, "the simulated room's control port", 3.0)
    except (Gone, ValueError) as gone:
        sys.stderr.write(f"galactograph-sim fault: {gone}; give --control HOST:PORT\n")
        return USAGE
    try:
        return _act(args, lines)
    except Gone as gone:
        sys.stderr.write(f"galactograph-sim fault: {gone}\n")
        return FAILED
    finally:
        hang_up(lines)


def _act(args: argparse.Namespace, lines: Any) -> int:
    if args.todo == "list":
        _tell(lines.ask({"catalogue": True})["catalogue"], as_json=args.json)
        return OK
    wish: dict[str, Any] = {"struck": True}
    if args.todo == "set":
        wish = {"strike": args.names}
    elif args.todo == "clear":
        struck = [one["name"] for one in lines.ask({"struck": True})["struck"]]
        wish = {"mend": args.names or struck}
    answer = lines.ask(wish)
    if "error" in answer:
        sys.stderr.write(f"galactograph-sim fault: {answer['error']}\n")
        return FAILED
    found = _seen(lines, answer["struck"], args) if args.todo == "set" else answer["struck"]
    _tell(found, as_json=args.json)
    wanted = [one for one in found if one["name"] in args.names] if args.todo == "set" else []
    return FAILED if args.within and not all(one["acted"] for one in wanted) else OK


def _seen(lines: Any, struck: list[dict[str, Any]], args: argparse.Namespace) -> Any:
    """The same, once they have acted or the time is over."""
    clock = RealClock()
    end_ns = clock.now_ns() + int(args.within * 1e9)
    while clock.now_ns() < end_ns:
        if all(one["acted"] for one in struck if one["name"] in args.names):
            break
        clock.wait((), clock.now_ns() + int(_LOOK_S * 1e9))
        struck = lines.ask({"struck": True})["struck"]
    return struck


def _tell(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            sys.stdout.write(json.dumps(one) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("fault", no_wrap=True)
    table.add_column("acted" if found and "acted" in found[0] else "")
    table.add_column("what must be seen")
    for one in found:
        acted = "" if "acted" not in one else "yes" if one["acted"] else "not yet"
        table.add_row(one["name"], acted, one["must"] or f"not live: {one['not_live']}")
    Console().print(table if found else "none is set")
