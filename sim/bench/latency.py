"""Stop latency: many trials of both loops, and what they come to beside the aims."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sim.bench.figures import Result, aim, spread
from sim.bench.peer import BUSY, IDLE
from sim.bench.trips import BARE, BAUD, PRODUCTION, Session

_NS_PER_MS: Final = 1_000_000


def measure(room: str, trips: int, seed: int = 1) -> list[Result]:
    """``trips`` trips of production per line speed, half of them on a busy line, and as many bare.

    Args:
        room: room file or shipped name.
        trips: of the production loop, per line speed.
        seed: of the moment and of every trial's phase.
    """
    shown: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="galactograph-bench-") as folder:
        session = Session(room, seed, Path(folder))
        try:
            for baud in (0, BAUD):
                trials = [
                    session.trial(loop, kind, baud, seed + number)
                    for number in range(-(-trips // 2))
                    for kind in (IDLE, BUSY)
                    for loop in (PRODUCTION, BARE)
                ]
                shown += [_line(trials, kind, baud) for kind in (IDLE, BUSY)]
        finally:
            session.close()
    return shown


def _line(trials: Sequence[Result], kind: str, baud: int) -> Result:
    """Both loops on one kind of line; pairs are neighbours in time."""
    mine = [t for t in trials if t["kind"] == kind]
    ours = [t for t in mine if t["loop"] == PRODUCTION]
    bare = [t for t in mine if t["loop"] == BARE]
    pairs = [(a, b) for a, b in zip(ours, bare, strict=True) if a["valid"] and b["valid"]]
    line: Result = {"name": "stop-latency", "line": kind, "baud": baud, "trips": len(ours)}
    for loop, some in ((PRODUCTION, ours), (BARE, bare)):
        valid = [t for t in some if t["valid"]]
        line[loop] = {
            "software_ms": spread([t["software_ns"] for t in valid], _NS_PER_MS),
            "whole_ms": spread([t["whole_ns"] + t["wire_ns"] for t in valid], _NS_PER_MS),
            "split_ms": _splits(valid) if loop == PRODUCTION else {},
            "crossed": sum(t["crossed"] for t in some),
            "invalid": sum(not t["valid"] and not t["crossed"] for t in some),
            "not_sent": sum(not t["sent"] for t in some),
        }
    line["aims"] = _aims(line, pairs, baud)
    line["invalid_because"] = sorted({", ".join(t["why"]) for t in ours if not t["valid"]})
    return line


def _splits(valid: Sequence[Result]) -> dict[str, Result]:
    names = valid[0]["split_ns"] if valid else ()
    return {name: spread([t["split_ns"][name] for t in valid], _NS_PER_MS) for name in names}


def _aims(line: Result, pairs: Sequence[tuple[Result, Result]], baud: int) -> list[Result]:
    if baud == 0:
        times = line[PRODUCTION]["software_ms"]
        cause = "see split_ms: deciding, the other process reading, and other load"
        return [
            aim("software p50 <= 1 ms", times["p50"], 1.0, cause),
            aim("software p99 <= 3 ms", times["p99"], 3.0, cause),
        ]
    ours, bare = (
        ([t["whole_ns"] + t["wire_ns"] for t in side] for side in zip(*pairs, strict=True))
        if pairs
        else ([], [])
    )
    line["pairs"] = len(pairs)
    line["ratio_of_medians"] = (
        round(statistics.median(ours) / statistics.median(bare), 3) if pairs else None
    )
    line["extra_ms"] = spread([a - b for a, b in zip(ours, bare, strict=True)], _NS_PER_MS)
    cause = "the software's share beside 4.7 ms of wire time of the stop"
    return [aim("whole stop <= 1.1 x bare loop", line["ratio_of_medians"], 1.1, cause)]
