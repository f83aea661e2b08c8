"""``galactograph run`` with two things that a shared machine does not let anybody break.

The wall clock jumps by what the file ``utc-step-s`` holds (``RealClock.utc_ns``, the one place
that reads it), and the disk takes no row of the record while the pipe ``disk-stalls`` exists
(``record.journal.insert``, the one place that writes one; it waits until somebody closes the
pipe's other end). Everything else is production.
"""

import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import Final

from controller import cli
from controller.clock import RealClock
from controller.record import journal, store
from controller.record.chain import Row

STEP: Final = "utc-step-s"
STALL: Final = "disk-stalls"
_NS_PER_S: Final = 1_000_000_000
_true_utc_ns = RealClock.utc_ns
_true_insert = store.insert


def _utc_ns(clock: RealClock) -> int:
    step = Path(STEP)
    return _true_utc_ns(clock) + (int(step.read_text()) * _NS_PER_S if step.exists() else 0)


def _insert(
    connection: sqlite3.Connection, row: Row, signature: store.Signature | None = None
) -> None:
    with contextlib.suppress(FileNotFoundError):  # mended between the two looks
        if Path(STALL).exists():
            Path(STALL).read_bytes()  # blocks like the disk that it stands for
    _true_insert(connection, row, signature)


def main() -> int:
    """As ``galactograph``."""
    setattr(RealClock, "utc_ns", _utc_ns)  # noqa: B010 - a patch, and meant as one
    setattr(journal, "insert", _insert)  # noqa: B010
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
