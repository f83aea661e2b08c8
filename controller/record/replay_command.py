"""``galactograph replay FILE``: does this program decide as the record says?"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from controller.record.chain import Row, RowError
from controller.record.reader import open_reader
from controller.record.replay import Difference, Session, replay
from controller.record.store import JournalError

_NS_PER_S: Final = 1_000_000_000
_SHOWN_EVERY: Final = 500
"""Rows between two words of progress."""

ABOUT: Final = """\
Make every step of a record again and compare what comes of it, entry by entry.

The same program must decide the same. A newer program over an older record shows the
first place where its decisions differ, with both sides: look at each, and decide
whether the change was meant.
"""
EXAMPLES: Final = """\
exit status: 0 every run of the controller was replayed and is the same,
             1 a difference, or a run that this program cannot replay, 2 the file cannot be read
"""


class Summary(msgspec.Struct, frozen=True):
    """What came of it; field names are the command's JSON."""

    path: str
    same: bool
    sessions: list[Session]
    steps: int
    entries: int
    recorded_s: float
    wall_s: float
    times_real: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph replay``."""
    parser.add_argument("file", type=Path, help="the journal")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, now_ns: Callable[[], int]) -> int:
    """Replay a journal: 0 the same, 1 a difference, 2 it cannot be read.

    Args:
        args: of the command.
        now_ns: a clock, to say how long it took.
    """
    try:
        summary = replayed(args.file, now_ns)
    except (JournalError, RowError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if args.json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        sys.stdout.write(describe(summary))
    return 0 if summary.same else 1


def replayed(path: Path, now_ns: Callable[[], int]) -> Summary:
    """Replay a journal on disk.

    Raises:
        JournalError: it cannot be opened or read.
        RowError: its entries are not known to this program.
    """
    began_ns = now_ns()
    with open_reader(path) as rows:
        sessions = list(replay(_with_progress(rows)))
    wall_s = (now_ns() - began_ns) / _NS_PER_S
    recorded_s = sum(max(0, s.reached_ns - s.began_ns) for s in sessions) / _NS_PER_S
    return Summary(
        path=str(path),
        same=all(not s.untold and s.difference is None for s in sessions),
        sessions=sessions,
        steps=sum(s.steps for s in sessions),
        entries=sum(s.entries for s in sessions),
        recorded_s=round(recorded_s, 3),
        wall_s=round(wall_s, 3),
        times_real=round(recorded_s / wall_s, 1) if wall_s else 0.0,
    )


def _with_progress(rows: Iterable[Row]) -> Iterator[Row]:
    """Say on a terminal how far it is."""
    shown = sys.stderr.isatty()
    for row in rows:
        if shown and row.number % _SHOWN_EVERY == 0:
            sys.stderr.write(f"\rrow {row.number}, entry {row.last_seq} ")
            sys.stderr.flush()
        yield row
    if shown:
        sys.stderr.write("\r" + " " * 40 + "\r")


def describe(summary: Summary) -> str:
    """In words, one fact per line."""
    lines = [
        f"journal  {summary.path}",
        f"replayed {summary.steps} steps with {summary.entries} entries in"
        f" {len(summary.sessions)} runs of the controller",
        f"time     {summary.recorded_s:.1f} s of record in {summary.wall_s:.1f} s"
        f" ({summary.times_real:.0f} times real time)",
    ]
    for session in summary.sessions:
        if session.untold:
            lines.append(f"UNTOLD   run from row {session.first_row}: {session.untold}")
        if session.difference is not None:
            lines += _difference_lines(session.difference)
    lines.append(f"verdict  {'every decision is the same' if summary.same else 'NOT THE SAME'}")
    return "\n".join(lines) + "\n"


def describe_difference(found: Difference) -> str:
    """Both sides of a difference, in words."""
    return "\n".join(_difference_lines(found))


def _difference_lines(found: Difference) -> list[str]:
    where = f"row {found.row}, entry {found.seq}, boot time {found.at_ns / _NS_PER_S:.6f} s"
    return [
        f"DIFFERS  {where}{_fields(found)}",
        f"  record says  {_shown(found.recorded)}",
        f"  replay says  {_shown(found.replayed)}",
    ]


def _fields(found: Difference) -> str:
    return f": {', '.join(found.fields)}" if found.fields else ""


def _shown(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return "nothing more in this step"
    return msgspec.json.encode(entry, enc_hook=_bytes_too).decode()


def _bytes_too(value: object) -> str:
    return repr(value)
