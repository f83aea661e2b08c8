"""The scripted technologist as a process: a client of the API with hands in the room."""

import argparse
import json
import select
import sys
from typing import Any, Final

from config.load import load_room
from config.problems import ConfigError
from controller.clock import RealClock
from drivers.registry import known_names
from sim.client import Gone, Lines, connect, hang_up
from sim.order_arguments import add_order, order_of
from sim.technologist import Deed, Request, Technologist

_NS_PER_S: Final = 1_000_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph-sim technologist``."""
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--api", required=True, metavar="PATH", help="the controller's socket")
    parser.add_argument("--control", required=True, metavar="HOST:PORT", help="hands in the room")
    add_order(parser)
    parser.add_argument("--limit-s", type=float, default=170.0, help="give up after this time")


def run(args: argparse.Namespace) -> int:
    """One procedure: 0 closed, 1 not finished, 2 bad input; the last line is JSON."""
    try:
        profile = load_room(args.room, known_names()).profile
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    who = Technologist(profile, order_of(args))
    phases: list[str] = []
    api: Lines | None = None
    room: Lines | None = None
    try:
        api = connect(args.api, "the controller")
        room = connect(args.control, "the simulated room")
        problem = _work(who, api, room, phases, args.limit_s)
    except Gone as gone:
        problem = str(gone)
    finally:
        hang_up(api, room)
    done = who.finished and not problem
    result = {
        "closed": done,
        "phases": phases,
        "armed_count": who.rearm_count,
        "refusals": who.refusals,
        "problem": problem or who.gave_up,
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0 if done else 1


def _work(who: Technologist, api: Lines, room: Lines, phases: list[str], limit_s: float) -> str:
    """Look and act until the room stands by again; returns what went wrong, empty = nothing."""
    clock = RealClock()
    end_ns = clock.now_ns() + int(limit_s * _NS_PER_S)
    while clock.now_ns() < end_ns:
        if not select.select([api], [], [], 1.0)[0]:
            continue
        newest = _hear(who, api, phases)
        if newest is not None:
            who.see(room.ask({"truth": True})["truth"]["spilled_nl"])
            _act(who.look(newest, clock.now_ns()), api, room)
        if who.finished and phases[-1] == "standby":
            return ""
    return f"not finished after {limit_s:.0f} s, in {phases[-1] if phases else 'nothing'}"


def _hear(who: Technologist, api: Lines, phases: list[str]) -> dict[str, Any] | None:
    """Take replies and phases; returns the newest snapshot."""
    newest: dict[str, Any] | None = None
    for message in api.hear():
        if message["k"] == "reply":
            who.hear(message)
        elif message["k"] == "snapshot":
            newest = message
            if not phases or phases[-1] != message["phase"]:
                phases.append(message["phase"])
    return newest


def _act(deeds: list[Deed], api: Lines, room: Lines) -> None:
    for deed in deeds:
        if isinstance(deed, Request):
            api.say(deed.body)
        else:
            room.ask({"set": {deed.name: deed.value}})
