"""A controller that notes how late its loop wakes: ``python -m sim.bench.noted run ...``.

The controller's own command with another clock: each wait that ended because its time had
come, and how long after it. Kept in memory; written into its folder when it ends.
"""

import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from controller import assembly, cli
from controller.clock import RealClock
from drivers.ports import Port

KEPT: Final = "lateness.ns"


class NotingClock(RealClock):
    """The machine's clock."""

    def __init__(self) -> None:
        """Nothing is noted yet."""
        self.noted = array("q")
        """Instant and lateness, in turn, in ns."""

    def wait(self, ports: Sequence[Port], until_ns: int) -> None:
        """As the machine's; notes when it was woken by time."""
        super().wait(ports, until_ns)
        now_ns = self.now_ns()
        if now_ns >= until_ns:
            self.noted.append(now_ns)
            self.noted.append(now_ns - until_ns)


def lateness(folder: Path) -> list[tuple[int, int]]:
    """Instants and lateness that a controller has left, in ns."""
    kept = array("q")
    kept.frombytes((folder / KEPT).read_bytes())
    return list(zip(kept[::2], kept[1::2], strict=True))


def main(words: Sequence[str]) -> int:
    """The controller's exit status."""
    clock = NotingClock()
    assembly.RealClock = lambda: clock  # type: ignore[attr-defined,assignment]
    try:
        return cli.main(words)
    finally:
        Path(KEPT).write_bytes(clock.noted.tobytes())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
