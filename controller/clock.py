"""The only module that knows the time, and the only place where the program waits.

Decisions see boot time alone (CLOCK_BOOTTIME goes on while the machine is suspended);
wall-clock time is written into the record, and compared only with itself, to say on record
that it was set (``wall``).
"""

import ctypes
import functools
import os
import select
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from drivers.ports import Port
from state_machine.readings import ClockSync

_NS_PER_MS: Final = 1_000_000


_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Name of this start of the machine, which boot times belong to; empty = not known.

    Linux makes a new one at every start (random(4)).
    """
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


class Clock(Protocol):
    """What the loop needs of time; the simulated twin lives on an event heap."""

    def now_ns(self) -> int:
        """Boot time in ns, the only time that decisions see."""

    def utc_ns(self) -> int:
        """Wall-clock time in ns since 1970; written, never compared."""

    def wait(self, ports: Sequence[Port], until_ns: int) -> None:
        """Return when a port has something to read, or at ``until_ns``."""

    def hand_over(self) -> None:
        """Let the kernel carry on what was written; returns at once."""

    def sync(self) -> ClockSync:
        """Whether a time service keeps the wall clock; returns at once."""


class _Timex(ctypes.Structure):
    """The beginning of ``struct timex`` (adjtimex(2)), with room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror_us", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


_UNSURE_US: Final = 16_000_000
"""The kernel lets the error grow to this and no further where nobody sets the clock
(NTP_PHASE_LIMIT). As systemd-timedated judges it: the flag STA_UNSYNC is set by services
that only keep the kernel from writing the battery clock."""


@functools.cache
def _adjtimex_call() -> Callable[..., int] | None:
    """The C library's call, looked up once: each look-up makes classes for the collector.

    It holds the interpreter: it takes a microsecond, and waits for nothing.
    """
    return getattr(ctypes.PyDLL(None), "adjtimex", None)


def _adjtimex(asked: _Timex) -> int:
    """Ask the kernel; -1 where it does not say (no such call, or not allowed)."""
    call = _adjtimex_call()
    return -1 if call is None else int(call(ctypes.byref(asked)))


class RealClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Boot time."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def utc_ns(self) -> int:
        """Wall-clock time."""
        return time.time_ns()

    def wait(self, ports: Sequence[Port], until_ns: int) -> None:
        """Wait in the kernel; a port that is closed has no descriptor and is left out."""
        poll = select.poll()
        for port in ports:
            descriptor = port.fileno()
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        left_ns = until_ns - self.now_ns()
        # rounded up: waking a fraction early would only cost an empty pass
        poll.poll(max(0, -(-left_ns // _NS_PER_MS)))

    def hand_over(self) -> None:
        """Give the processor away for a moment.

        Bytes written to a terminal are carried by a task of the kernel, which may wait for
        the processor that this thread is still using: measured, a stop left 0.7 ms later.
        """
        os.sched_yield()

    def sync(self) -> ClockSync:
        """As the kernel was told by a time service (adjtimex(2), which changes nothing here)."""
        asked = _Timex()
        if _adjtimex(asked) < 0:
            return ClockSync.UNKNOWN
        sure = asked.maxerror_us < _UNSURE_US
        return ClockSync.SYNCHRONISED if sure else ClockSync.NOT_SYNCHRONISED
