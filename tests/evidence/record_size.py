"""``python -m tests.evidence.record_size``: how fast a record grows, on the disk, by what is done.

One virtual procedure and one idle room. The rows of each span are chained anew into a file
of their own, so that the file's size (pages and indexes of SQLite included) is that of this
span alone. Megabytes of 1,000,000 bytes.
"""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from config.load import load_room
from controller.record.chain import Row, decode, digest
from controller.record.store import insert, open_writable
from drivers.registry import known_names
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.world import World
from state_machine.entries import PhaseChanged

_IDLE_NS = 600 * 10**9
_LIMIT_NS = 1_800 * 10**9
_NS_PER_H = 3_600 * 10**9


def file_size(rows: Sequence[Row]) -> int:
    """Bytes of a record with these rows and no others."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.journal"
        with closing(open_writable(path)) as connection:
            empty = path.stat().st_size
            connection.execute("PRAGMA synchronous = OFF")  # only its size is asked for
            before: Row | None = None
            for number, row in enumerate(rows, 1):
                prev = before.hash if before else row.prev
                new = msgspec.structs.replace(row, number=number, prev=prev)
                before = msgspec.structs.replace(new, hash=digest(new))
                insert(connection, before)
            connection.execute("PRAGMA journal_mode = DELETE")
        return path.stat().st_size - min(empty, path.stat().st_size)


def say(what: str, rows: Sequence[Row], span_ns: int) -> None:
    """One line: megabytes an hour."""
    bodies = sum(len(row.body) for row in rows)
    size = file_size(rows)
    sys.stdout.write(
        f"{what:<12} {span_ns / 1e9:6.1f} s {len(rows):5d} rows"
        f"  bodies {bodies * _NS_PER_H / span_ns / 1e6:5.1f} MB/h"
        f"  file {size * _NS_PER_H / span_ns / 1e6:5.1f} MB/h\n"
    )


def spans(rows: Sequence[Row], phase: str) -> list[tuple[int, int]]:
    """From when to when a procedure stood in a phase."""
    changes = [e for row in rows for e in decode(row) if isinstance(e, PhaseChanged)]
    pairs = zip(changes, changes[1:], strict=False)
    return [(one.at_ns, two.at_ns) for one, two in pairs if one.phase == phase]


def main() -> int:
    """Measure."""
    loaded = load_room("demo", known_names())
    world = World(loaded, 4)
    procedure = Procedure(world, Technologist(loaded.profile, Order()))
    world.run_until(procedure.done, _LIMIT_NS)
    rows = world.journal.rows
    began_ns = rows[0].boot_ns
    say("whole", rows, world.now_ns() - began_ns)
    for phase in ("prime-and-zero", "injecting", "compression"):
        times = spans(rows, phase)
        part = [row for row in rows if any(a <= row.boot_ns < b for a, b in times)]
        say(phase, part, sum(b - a for a, b in times))
    idle = World(loaded, 5)
    idle.run_until(lambda: False, _IDLE_NS)
    say("idle", idle.journal.rows[2:], _IDLE_NS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
