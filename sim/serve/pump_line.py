"""The pump's serial line: a pty behind a symlink, and every way in which a line breaks.

Bytes from the client pass, in this order: flow control, a pulled cable, the wrong socket,
the wrong speed, noise. What the pump says passes the same places on its way back, slowed
by :mod:`sim.serve.outlet`.
"""

import contextlib
import fcntl
import os
import random
import selectors
import struct
import termios
import tty
from typing import Final

from sim.devices import NEVER_NS
from sim.devices.room import SimulatedRoom
from sim.serve.addresses import UsageError
from sim.serve.noise import Babble, Noise
from sim.serve.outlet import Outlet, Pace

_READ_BYTES: Final = 4096
_XON: Final = b"\x11"
_XOFF: Final = b"\x13"
COUNTED: Final = (
    "pump_cable",
    "pump_silence",
    "pump_deaf",
    "pump_mute",
    "pump_echo",
    "pump_noise_ppm",
    "pump_garbage",
    "pump_baud",
    "pump_flow",
)


class PumpLine:
    """The serial line of a room's pump; faults are attributes and :meth:`plug` etc.

    Args:
        link: Path of the symlink to the pty.
        room: Whose pump it is.
        selector: Told which descriptor to wait on; its data is :meth:`read`.
        seed: Of the noise.
    """

    def __init__(
        self, link: str, room: SimulatedRoom, selector: selectors.BaseSelector, seed: int
    ) -> None:
        self.link = link
        self.silent = False
        """The cable is pulled behind the adapter: nothing passes, nobody is told."""
        self.deaf = self.mute = False
        """One wire of the cable is broken: questions, or answers, are lost."""
        self.echoes = False
        """The cable is in the wrong socket."""
        self.pace = Pace()
        self.noise = Noise(f"{seed}/pump")
        self.babble = Babble(f"{seed}/pump_garbage")
        self._room = room
        self._device = room.device("pump")
        self._selector = selector
        self._rng = random.Random(f"{seed}/pump_baud")
        self._outlet = Outlet(self.pace)
        self._counts = dict.fromkeys(COUNTED, 0)
        self._ends: tuple[int, int] | None = None
        self._name = ""
        self._used = False
        self._flows = True
        self.plug(in_=True)

    # --- the pty ----------------------------------------------------------------------------

    @property
    def plugged(self) -> bool:
        """There is a pty."""
        return self._ends is not None

    def plug(self, *, in_: bool) -> None:
        """Cable in: a new pty, the symlink replaced. Out: pty and symlink go."""
        if in_ == self.plugged:
            return
        if not in_:
            self._counts["pump_cable"] += self._used
            self._unplug()
            return
        if os.path.lexists(self.link) and not os.path.islink(self.link):
            raise UsageError(f"pump link {self.link!r} exists and is no symlink; give another path")
        self._ends = master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._name = os.ttyname(slave)
        self._used = False
        fresh = f"{self.link}.{os.getpid()}"
        os.symlink(self._name, fresh)
        os.replace(fresh, self.link)
        self._listen()

    def _unplug(self) -> None:
        if self._ends is None:
            return
        self._deafen()
        self._outlet.clear()
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(self.link) == self._name:
                os.unlink(self.link)
        ends, self._ends = self._ends, None
        for end in ends:
            os.close(end)

    def close(self) -> None:
        """Remove the symlink if it is still ours, close both ends."""
        self._unplug()

    def _listen(self) -> None:
        if self._ends is not None and self._flows:
            self._selector.register(self._ends[0], selectors.EVENT_READ, self.read)

    def _deafen(self) -> None:
        if self._ends is not None and self._flows:
            self._selector.unregister(self._ends[0])

    # --- bytes ------------------------------------------------------------------------------

    def read(self, now_ns: int) -> None:
        """Carry the client's bytes to the pump, or to wherever the line's faults lead them."""
        if self._ends is None or not self._flows:
            return
        with contextlib.suppress(BlockingIOError):
            self._heard(os.read(self._ends[0], _READ_BYTES), now_ns)

    def _heard(self, data: bytes, now_ns: int) -> None:
        self._used = True
        if self.silent:
            self._counts["pump_silence"] += len(data)
        elif self.deaf:
            self._counts["pump_deaf"] += len(data)
        elif self.echoes:
            self._counts["pump_echo"] += len(data)
            self._put(data)
        elif self._wrong_speed():
            self._counts["pump_baud"] += len(data)
            if self._answers():
                self._put(self._rng.randbytes(max(1, len(data) // 2)))
        else:
            self._device.receive(self._spoiled(data), now_ns)

    def write(self, now_ns: int) -> None:
        """Put on the line what the pump says, and what the line says by itself."""
        self._outlet.say(self._device.take(now_ns), now_ns)
        if data := self._outlet.take(now_ns):
            self._said(data)
        if (burst := self.babble.take(now_ns)) and self.plugged and not self.silent:
            self._counts["pump_garbage"] += len(burst)
            self._put(burst)

    def _said(self, data: bytes) -> None:
        if self.silent:
            self._counts["pump_silence"] += len(data)
        elif self.mute:
            self._counts["pump_mute"] += len(data)
        elif self.echoes:
            self._counts["pump_echo"] += len(data)
        elif self._wrong_speed():
            self._counts["pump_baud"] += len(data)
            self._put(self._rng.randbytes(len(data)))
        else:
            self._put(self._spoiled(data))

    def _spoiled(self, data: bytes) -> bytes:
        data, touched = self.noise.spoil(data)
        self._counts["pump_noise_ppm"] += touched
        return data

    def _put(self, data: bytes) -> None:
        # What a full line does not take is lost, as on a real one.
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._ends[0], data)

    def _answers(self) -> bool:
        """The pump's electronics run: what they misunderstand they answer with garbage."""
        return self._room.pump.model.powered and not self._room.pump.frozen

    def _wrong_speed(self) -> bool:
        """The client's speed is not the pump's; a pump of speed 0 fits any."""
        baud = self._room.pump.baud
        if not baud or self._ends is None:
            return False
        speed: int = getattr(termios, f"B{baud}")
        return bool(termios.tcgetattr(self._ends[1])[5] != speed)

    # --- faults that are more than an attribute -----------------------------------------------

    def set_baud(self, baud: int) -> None:
        """Somebody sets the pump to another speed on its keypad."""
        self._room.pump.baud = baud

    def flow(self, *, runs: bool, now_ns: int) -> None:
        """XOFF, and nothing is accepted any more; or XON, and what waited is read."""
        if runs == self._flows:
            return
        self._put(_XON if runs else _XOFF)
        if not runs:
            self._deafen()
            self._flows = False
            return
        self._counts["pump_flow"] += self._held_bytes()
        self._flows = True
        self._listen()
        self.read(now_ns)

    def _held_bytes(self) -> int:
        """Bytes of the client that wait because the pump does not accept."""
        if self._flows or self._ends is None:
            return 0
        (count,) = struct.unpack("i", fcntl.ioctl(self._ends[0], termios.FIONREAD, b"\0" * 4))
        return int(count)

    # --- for the server ---------------------------------------------------------------------

    def wake_ns(self) -> int:
        """Next instant at which something leaves by itself."""
        return min(self._outlet.due_ns(), self.babble.due_ns if self.plugged else NEVER_NS)

    def counts(self) -> dict[str, int]:
        """What each fault did to bytes (answers for ``late``), or to lines in use (cable)."""
        return self._counts | {
            "pump_flow": self._counts["pump_flow"] + self._held_bytes(),
            "pump_late_ms": self.pace.late_count,
            "pump_drip_ms": self.pace.drip_count,
        }
