"""Many seeds at once: in this process, in a pool of processes, or on a Dask cluster.

Results come as they are ready; the same seed gives the same result wherever it is played.
"""

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any, Final

import msgspec

from sim.campaign import worker
from sim.campaign.run import Result

_SUCH: Final = "tcp://127.0.0.1:8786"
_AHEAD: Final = 2
"""Seeds that wait per process, so that none is idle between two."""


class NoCluster(Exception):
    """Dask is not installed, or its scheduler does not answer; the words say what to do."""


def on_this_machine(
    room: str, seeds: Iterable[int], jobs: int, breaks: str = ""
) -> Iterator[Result]:
    """Play on ``jobs`` processes; 1 = in this one.

    What is prepared once is prepared before the processes begin, which are copies of this one.
    """
    todo = list(seeds)
    worker.prepare(room, todo)
    if jobs <= 1:
        for seed in todo:
            yield worker.play_seed(room, seed, breaks)
        return
    rest = iter(todo)
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        under_way: set[Future[bytes]] = set()
        try:
            for seed in islice(rest, jobs * _AHEAD):
                under_way.add(pool.submit(played, room, seed, breaks))
            while under_way:
                ready, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for seed in islice(rest, len(ready)):
                    under_way.add(pool.submit(played, room, seed, breaks))
                yield from (_result(one.result()) for one in ready)
        finally:
            for one in under_way:
                one.cancel()


def on_a_cluster(room: str, seeds: Iterable[int], address: str) -> Iterator[Result]:
    """Play on the workers of a Dask cluster, which need this program at the same commit.

    Raises:
        NoCluster: it cannot be used.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise NoCluster(
            "--dask needs the library distributed: install galactograph with the extra 'dask'"
        ) from error
    if "://" not in address:
        raise NoCluster(f"{address!r} is no address of a Dask scheduler: give one such as {_SUCH}")
    try:
        client: Any = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"no Dask scheduler answers on {address!r} ({error}): give its address, such as {_SUCH}"
        ) from error
    with client:
        # pure=False: a seed that is asked for twice is played twice
        futures = client.map(played, [room] * len(todo := list(seeds)), todo, pure=False)
        for future in as_completed(futures):
            yield _result(future.result())


def played(room: str, seed: int, breaks: str = "") -> bytes:
    """One run, as bytes that any process can hand on."""
    return msgspec.json.encode(worker.play_seed(room, seed, breaks))


def _result(data: bytes) -> Result:
    return msgspec.json.decode(data, type=Result)
