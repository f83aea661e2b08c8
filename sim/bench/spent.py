"""Time spent: wall and processor, of a piece of work and of a bare event heap beside it."""

import heapq
import resource
from collections.abc import Callable
from typing import NamedTuple

from controller.clock import RealClock
from sim.bench.figures import Result, percentile

_clock = RealClock()


class Spent(NamedTuple):
    """What a piece of work took, in seconds."""

    wall_s: float
    cpu_s: float


def spent(act: Callable[[], object]) -> Spent:
    """Do it once; processor time is this process's own, which a loaded machine lengthens less."""
    began_ns, before = _clock.now_ns(), resource.getrusage(resource.RUSAGE_SELF)
    act()
    after, ended_ns = resource.getrusage(resource.RUSAGE_SELF), _clock.now_ns()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent((ended_ns - began_ns) / 1e9, cpu_s)


def bare_heap(wakes: int) -> None:
    """What as many wake-ups cost when nothing is done: a heap with eight events under way."""
    heap = [(number, number) for number in range(8)]
    for number in range(8, wakes + 8):
        at_ns, _ = heapq.heappop(heap)
        heapq.heappush(heap, (at_ns + 7 + number % 5, number))


def ratios(virtual_s: float, slices: list[Spent]) -> Result:
    """Virtual over wall and over processor time of equal slices: median, and the best one."""
    wall, cpu = [one.wall_s for one in slices], [one.cpu_s for one in slices]
    return {
        "over_wall": round(virtual_s / percentile(wall, 0.5), 1),
        "over_cpu": round(virtual_s / percentile(cpu, 0.5), 1),
        "over_cpu_best": round(virtual_s / min(cpu), 1),
    }
