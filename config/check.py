"""``galactograph config check``: what is wrong with a room, or what is in force in it."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import Final, TextIO

from config.load import LoadedRoom, load_room
from config.problems import ConfigError, ConfigUnreadable
from config.tighten import DEFAULTS
from state_machine.limits import LIMITS

OK: Final = 0
WRONG: Final = 1
UNREADABLE: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``FILE`` and ``--json``."""
    parser.add_argument(
        "file", metavar="FILE", help="room file, or the name of a room that comes with the program"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(args: argparse.Namespace, known_drivers: Collection[str], out: TextIO | None = None) -> int:
    """Check ``args.file``; print problems or a summary.

    Returns 0 when the room may be started, 1 when something is wrong with it, 2 when the
    file is missing or cannot be read.
    """
    out = sys.stdout if out is None else out
    try:
        loaded = load_room(args.file, known_drivers)
    except ConfigError as error:
        lines = _problems_json(error) if args.json else _problems_text(error)
        status = UNREADABLE if isinstance(error, ConfigUnreadable) else WRONG
    else:
        lines = _room_json(loaded) if args.json else _room_text(loaded)
        status = OK
    for line in lines:
        out.write(line + "\n")
    return status


def _problems_text(error: ConfigError) -> Iterator[str]:
    count = len(error.problems)
    yield f"refused: {count} problem{'' if count == 1 else 's'}"
    file = ""
    for problem in error.problems:
        if problem.file != file:
            file = problem.file
            yield f"\n{file}"
        yield "  " + " = ".join(part for part in (problem.key or "file", problem.value) if part)
        yield f"      allowed  {problem.allowed}"
        yield f"      do       {problem.what_to_do}"


def _problems_json(error: ConfigError) -> Iterator[str]:
    for problem in error.problems:
        yield json.dumps({"kind": "problem", **dataclasses.asdict(problem)})
    yield json.dumps({"kind": "summary", "ok": False, "problem_count": len(error.problems)})


def _room_text(loaded: LoadedRoom) -> Iterator[str]:
    room, profile = loaded.room, loaded.profile
    yield f'room "{profile.room}"   mode {profile.mode.value.upper()}   order {profile.order.value}'
    yield f"  {loaded.path}  sha256 {loaded.sha256}"
    yield f"  {loaded.procedure_path}  sha256 {loaded.procedure_sha256}"
    yield f"  pump {room.pump.driver} at {room.pump.port}, {room.pump.baud} baud"
    for name, device in room.modbus_devices.items():
        yield f"  {name} {device.driver} at {device.host} port {device.port} id {device.unit_id}"
    yield from _deviations_text(loaded.deviations)
    yield ""
    yield "limits in force (* = not the default)"
    yield from _limits_text(loaded)
    yield ""
    yield "assumption = an engineering assumption. Every limit needs clinical validation"
    yield "before use on people."


def _deviations_text(deviations: Iterable[str]) -> Iterator[str]:
    yield ""
    words = tuple(deviations)
    yield "deviations (shown and recorded)" if words else "deviations: none"
    yield from (f"  - {line}" for line in words)


def _limits_text(loaded: LoadedRoom) -> Iterator[str]:
    for row in LIMITS:
        value = getattr(loaded.profile.limits, row.name)
        mark = " " if value == getattr(DEFAULTS, row.name) else "*"
        bound = f"{row.bound.value} {row.ceiling:_}"
        yield f" {mark} {row.name:<30} {value:>15_}  {bound:<26} {row.evidence:<11} {row.source}"


def _room_json(loaded: LoadedRoom) -> Iterator[str]:
    for row in LIMITS:
        limit = {
            "kind": "limit",
            "name": row.name,
            "value": getattr(loaded.profile.limits, row.name),
            "default": getattr(DEFAULTS, row.name),
            "ceiling": row.ceiling,
            "bound": row.bound.value,
            "hazard": row.hazard,
            "evidence": row.evidence,
            "source": row.source,
        }
        yield json.dumps(limit)
    for words in loaded.deviations:
        yield json.dumps({"kind": "deviation", "words": words})
    summary = {
        "kind": "summary",
        "ok": True,
        "room": loaded.profile.room,
        "mode": loaded.profile.mode.value,
        "path": str(loaded.path),
        "sha256": loaded.sha256,
        "procedure_path": str(loaded.procedure_path),
        "procedure_sha256": loaded.procedure_sha256,
        "deviation_count": len(loaded.deviations),
    }
    yield json.dumps(summary)
