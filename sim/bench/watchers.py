"""Pages that only look at a console: ``python -m sim.bench.watchers ADDRESS COUNT``.

As a program it says a line when all of them look, and looks until it is told to end: watchers
of a process of their own take the processor from the room, and not from who measures it.
"""

import asyncio
import http.client
import signal
import sys
from collections.abc import Callable
from typing import Final

from websockets.asyncio.client import connect as open_socket

from controller.clock import RealClock
from controller.console.messages import SUBPROTOCOL

_NS_PER_MS: Final = 1_000_000
_T_MS: Final = '"t_ms":'


def cookie(address: str) -> str:
    """What the console gives a browser that loads its page."""
    host = address.removeprefix("http://").rstrip("/")
    asking = http.client.HTTPConnection(host, timeout=10)
    try:
        asking.request("GET", "/")
        return (asking.getresponse().getheader("set-cookie") or "").partition(";")[0]
    finally:
        asking.close()


async def watch(address: str, cookie: str, seen: Callable[[int], None]) -> None:
    """A page that only looks; ``seen`` is told how old each snapshot is when it is here, in ns."""
    clock, origin = RealClock(), address.rstrip("/")
    async with open_socket(
        f"ws{origin.removeprefix('http')}/ws",
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        origin=origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
        compression=None,
    ) as page:
        async for text in page:
            now_ns = clock.now_ns()
            head = str(text)[:80]
            if head.startswith('{"k":"snapshot"') and _T_MS in head:
                t_ms = int(head.partition(_T_MS)[2].partition(",")[0])
                seen(now_ns - t_ms * _NS_PER_MS)


async def _all(address: str, count: int) -> None:
    looking = [False] * count
    told = asyncio.Event()
    ready = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)

    def first(number: int) -> Callable[[int], None]:
        def seen(_age_ns: int) -> None:
            looking[number] = True
            if all(looking):
                ready.set()

        return seen

    entered = cookie(address)
    pages = [asyncio.create_task(watch(address, entered, first(n))) for n in range(count)]
    await ready.wait()
    sys.stdout.write("looking\n")
    sys.stdout.flush()
    await told.wait()
    for page in pages:
        page.cancel()
    await asyncio.gather(*pages, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_all(sys.argv[1], int(sys.argv[2])))
