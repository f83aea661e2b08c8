"""A laboratory balance on a pseudo-terminal of its own: a vessel under the room's tip.

What has left the tip stands on the pan as water of 22 degrees (into the open, or into the duct,
which on a bench is a phantom that stands on the same pan), above a vessel of 20 g that loses a
little by itself.
"""

import contextlib
import os
import random
import selectors
import tty
from typing import Final

from sim.devices.balance import Balance
from sim.devices.room import SimulatedRoom
from sim.serve.addresses import UsageError

_READ_BYTES: Final = 4096
VESSEL_NG: Final = 20 * 10**9
WATER_PG_NL: Final = 996_720
"""Water of 22 degrees as a balance shows it: density 0.99777 g/mL, less the buoyancy of air
(0.0012 g/mL, against weights of 8.0 g/mL)."""
EVAPORATION_NG_MIN: Final = 40_000
_LOOK_NS: Final = 100 * 10**6
"""How often the pan is looked at while somebody waits for a weight."""


class BalanceLine:
    """The pty behind the symlink ``link``, and the balance on it."""

    def __init__(
        self,
        link: str,
        room: SimulatedRoom,
        selector: selectors.BaseSelector,
        seed: int,
        now_ns: int,
    ) -> None:
        if os.path.lexists(link) and not os.path.islink(link):
            raise UsageError(f"balance link {link!r} exists and is no symlink; give another path")
        self._room = room
        self._selector = selector
        self._link = link
        self.balance = Balance(random.Random(f"{seed}/balance"), now_ns)
        self.balance.evaporation_ng_min = EVAPORATION_NG_MIN
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = f"{link}.{os.getpid()}"
        os.symlink(os.ttyname(self._slave), fresh)
        os.replace(fresh, link)
        selector.register(self._master, selectors.EVENT_READ, self.read)
        self._now_ns = now_ns

    def _look(self, now_ns: int) -> None:
        self._now_ns = now_ns
        truth = self._room.truth()
        left_nl = int(truth["spilled_nl"]) + int(truth["entered_nl"])
        self.balance.put(VESSEL_NG + left_nl * WATER_PG_NL // 1000, now_ns)

    def read(self, now_ns: int) -> None:
        """Bytes of the computer."""
        self._look(now_ns)
        with contextlib.suppress(BlockingIOError):
            self.balance.receive(os.read(self._master, _READ_BYTES), now_ns)

    def write(self, now_ns: int) -> None:
        """What the balance says."""
        self._look(now_ns)
        if data := self.balance.take(now_ns):
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def wake_ns(self) -> int:
        """When it may have something to say."""
        due_ns = self.balance.wake_ns()
        return min(due_ns, self._now_ns + _LOOK_NS) if self.balance.waits else due_ns

    def close(self) -> None:
        """Remove the symlink, close both ends."""
        self._selector.unregister(self._master)
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(self._link) == os.ttyname(self._slave):
                os.unlink(self._link)
        os.close(self._master)
        os.close(self._slave)
