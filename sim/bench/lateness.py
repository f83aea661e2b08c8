"""How late the loop wakes: a wait of 20 ms, then the work of one pass, over and over.

The work is a step and a snapshot of an injection, so that memory is used and freed as in
production, with a world in memory that a collector would have to walk. Blocks with and
without ``gc.freeze`` alternate, so that both see the same other load.
"""

import gc
from collections.abc import Callable
from typing import Final

import msgspec

from config.load import LoadedRoom
from controller.clock import RealClock
from controller.snapshot import snapshot
from sim.bench.figures import Result, spread
from sim.bench.moment import injecting
from state_machine.step import step

WAKE_NS: Final = 20_000_000
_BLOCK_NS: Final = 10 * 10**9
_NS_PER_MS: Final = 1_000_000


def measure(loaded: LoadedRoom, span_ns: int, seed: int = 1) -> list[Result]:
    """``span_ns`` of waiting with ``gc.freeze`` and as much without."""
    world = injecting(loaded, seed).world
    room, at_ns = world.room, world.now_ns()
    late: dict[bool, list[int]] = {True: [], False: []}
    encode = msgspec.json.Encoder().encode

    def work() -> None:
        step(room.state, room.readings, (), at_ns)
        encode(snapshot(room, 1, at_ns))

    left_ns = span_ns
    while left_ns > 0:
        block_ns = min(_BLOCK_NS, left_ns)
        left_ns -= block_ns
        for frozen in (True, False):
            gc.collect()
            if frozen:
                gc.freeze()
            late[frozen] += _block(block_ns, work)
            gc.unfreeze()
    return [
        {
            "name": "lateness",
            "gc_freeze": frozen,
            "span_s": round(span_ns / 1e9, 1),
            "late_ms": spread(late[frozen], _NS_PER_MS),
            "over_50_ms": sum(span > 50 * _NS_PER_MS for span in late[frozen]),
        }
        for frozen in (True, False)
    ]


def _block(span_ns: int, work: Callable[[], None]) -> list[int]:
    clock = RealClock()
    end_ns = clock.now_ns() + span_ns
    late = []
    while (now_ns := clock.now_ns()) < end_ns:
        until_ns = now_ns + WAKE_NS
        clock.wait((), until_ns)
        late.append(clock.now_ns() - until_ns)
        work()
    return late
