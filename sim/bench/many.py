"""Many seeds: two workers beside one, and whether memory stays flat over them."""

import gc
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from config.load import LoadedRoom
from sim import procedure
from sim.bench.figures import Result, aim
from sim.bench.moment import start
from sim.bench.spent import spent

_NS_PER_S: Final = 10**9
_PIECE_NS: Final = 20 * _NS_PER_S
"""Of each seed's procedure, for memory: all devices come up, people begin."""
_WARM: Final = 0.2
"""Share of the seeds after which memory is taken to have found its level."""
_FLAT: Final = 1.1
"""Last over warm that still counts as flat (assumption)."""


def workers(loaded: LoadedRoom, count: int, seed: int = 1) -> list[Result]:
    """``count`` short procedures a worker, by one worker and by two."""
    one_s = _wall_s(loaded, 1, 2 * count, seed)
    two_s = _wall_s(loaded, 2, 2 * count, seed)
    gain = round(one_s / two_s, 2)
    cores = len(os.sched_getaffinity(0))
    why = f"{cores} cores, which other work of the machine shares"
    slower = aim(
        "two workers, at least 1.8 times one: times slower", round(1.8 / gain, 2), 1.0, why
    )
    return [
        {
            "name": "virtual-workers",
            "procedures": 2 * count,
            "one_s": round(one_s, 2),
            "two_s": round(two_s, 2),
            "gain": gain,
        },
        {"name": "virtual-aim", **slower},
    ]


def _wall_s(loaded: LoadedRoom, jobs: int, count: int, seed: int) -> float:
    """Wall time of ``count`` procedures by ``jobs`` processes that stand ready."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=fresh) as pool:
        for ready in [pool.submit(_nothing, loaded) for _ in range(jobs)]:
            ready.result()

        def play() -> None:
            seeds = range(seed, seed + count)
            for done in [pool.submit(_play, loaded, number) for number in seeds]:
                done.result()

        return spent(play).wall_s


def _nothing(loaded: LoadedRoom) -> None:
    """A process that has loaded everything, the first world included."""
    start(loaded, 0).world.run_until(lambda: False, _NS_PER_S)


def _play(loaded: LoadedRoom, seed: int) -> None:
    procedure.run(loaded, seed)


def memory(
    loaded: LoadedRoom, count: int, seed: int = 1, resident_kb: Callable[[], int] | None = None
) -> list[Result]:
    """Resident memory over ``count`` seeds in this process, 20 virtual seconds of each."""
    look = resident_kb or _resident_kb
    seen = []
    for number in range(count):
        start(loaded, seed + number).world.run_until(lambda: False, _PIECE_NS)
        gc.collect()
        seen.append(look())
    first = int(count * _WARM)
    growth = (seen[-1] - seen[first]) / max(1, count - 1 - first)
    over = round(seen[-1] / seen[first], 3)
    flat = aim("memory, last over warm", over, _FLAT, "not known: look for what is kept")
    return [
        {
            "name": "virtual-memory",
            "seeds": count,
            "first_mb": round(seen[0] / 1024, 1),
            "warm_mb": round(seen[first] / 1024, 1),
            "last_mb": round(seen[-1] / 1024, 1),
            "most_mb": round(max(seen) / 1024, 1),
            "kb_per_seed": round(growth, 2),
        },
        {"name": "virtual-aim", **flat},
    ]


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
