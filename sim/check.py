"""One daily check on virtual time, and ``galactograph-sim check``."""

import argparse
import dataclasses
import json
import sys
from typing import Any, Final

import msgspec

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from drivers.registry import known_names
from sim.checker import Checker
from sim.procedure import Player
from sim.world import World
from state_machine.entries import DailyCheck
from state_machine.profile import CheckRule

LIMIT_NS: Final = 600 * 1_000_000_000
"""Longest virtual check; one that is not over by then is stuck."""


def required(loaded: LoadedRoom) -> LoadedRoom:
    """The same room, where arming needs the daily check."""
    profile = msgspec.structs.replace(loaded.profile, daily_check=CheckRule.REQUIRED)
    return dataclasses.replace(loaded, profile=profile)


def run_check(world: World, person: Checker) -> tuple[DailyCheck, ...]:
    """Let a person do the check; what the record says of it, the whole last."""
    player = Player(world, person)
    world.run_until(lambda: bool(player.last) and person.finished(player.last), LIMIT_NS)
    return tuple(entry for entry in world.journal.entries if isinstance(entry, DailyCheck))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph-sim check``."""
    parser.add_argument("seed", type=int)
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """One virtual check: 0 passed, 1 not, 2 bad input."""
    try:
        loaded = required(load_room(args.room, known_names()))
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    found = run_check(World(loaded, args.seed), Checker(loaded.profile))
    for entry in found:
        fields = msgspec.to_builtins(entry)
        sys.stdout.write((json.dumps(fields) if args.json else _line(fields)) + "\n")
    return 0 if found and found[-1].step == "whole" and found[-1].passed else 1


def _line(fields: dict[str, Any]) -> str:
    name = f"{fields['step']} {fields['part']}".strip()
    told = "passed" if fields["passed"] else f"FAILED: {fields['words']}"
    if fields["measure"]:
        told += f" ({fields['measured']} of at most {fields['bound']} {fields['measure']})"
    return f"{fields['at_ns'] / 1e9:8.2f} s  {name:<22} {told}"
