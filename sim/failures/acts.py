"""What breaks and how it is mended, as functions of a site; chance comes from the row's seed."""

import os
import random
import resource
import signal
from collections.abc import Callable
from typing import Final

from sim.site import entry
from sim.site.site import Site
from sim.technologist import Hand

Act = Callable[[Site, random.Random], None]
Value = bool | int | str


def hands(**inputs: Value) -> Act:
    """Set inputs or faults of the simulated room, in order."""

    def act(site: Site, _chance: random.Random) -> None:
        for name, value in inputs.items():
            site.set(name, value)

    return act


def nothing(_site: Site, _chance: random.Random) -> None:
    """It mends itself, or is left."""


def signalled(number: signal.Signals, who: str = "running") -> Act:
    """Send a signal to the controller (``running``) or to the process of the ``devices``."""

    def act(site: Site, _chance: random.Random) -> None:
        process = getattr(site, who)
        process.send_signal(number)

    return act


def frozen_for(span_s: float, who: str) -> Act:
    """SIGSTOP, and SIGCONT after a while; for whom nobody can ask meanwhile."""

    def act(site: Site, chance: random.Random) -> None:
        signalled(signal.SIGSTOP, who)(site, chance)
        site.let_pass(span_s)
        signalled(signal.SIGCONT, who)(site, chance)

    return act


def killed(site: Site, _chance: random.Random) -> None:
    """``kill -9`` of the controller."""
    if site.running is not None:
        site.running.kill()
        site.running.wait()
    site.leave()


def killed_before_the_answer(site: Site, chance: random.Random) -> None:
    """``kill -9`` as soon as the plunger moves: the answer to RUN is still on its way."""
    site.until(lambda shown: shown["phase"] == "armed", act=True)
    site.until(lambda shown: shown["hold"]["phase"] == "ready")
    for deed in site.who.switch(True):
        if isinstance(deed, Hand):
            site.set(deed.name, deed.value)
    site.watch(lambda truth: bool(truth["motor_on"]), 10, tick_s=0.0)
    killed(site, chance)


def ctrl_s(site: Site, _chance: random.Random) -> None:
    """The terminal shows no more and takes no more."""
    site.terminal.stop()


def ctrl_q(site: Site, _chance: random.Random) -> None:
    """The terminal goes on."""
    site.terminal.go_on()


def disk_full(site: Site, _chance: random.Random) -> None:
    """No file of the controller may grow any more (RLIMIT_FSIZE): the writer gets EFBIG."""
    _limit_files(site, 0)


def disk_freed(site: Site, _chance: random.Random) -> None:
    """Files may grow again."""
    _limit_files(site, resource.RLIM_INFINITY)


def _limit_files(site: Site, most: int) -> None:
    if site.running is not None:
        limits = (most, resource.RLIM_INFINITY)
        resource.prlimit(site.running.pid, resource.RLIMIT_FSIZE, limits)


def disk_stalls(site: Site, _chance: random.Random) -> None:
    """From now on no row reaches the disk, and nobody is told."""
    os.mkfifo(site.folder / entry.STALL)


def disk_goes_on(site: Site, _chance: random.Random) -> None:
    """What waits is written."""
    pipe = site.folder / entry.STALL
    waiting = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    pipe.unlink()
    os.close(waiting)


def clock_steps(*steps_s: int) -> Act:
    """The wall clock jumps, 0.4 s from one step to the next; 0 = back to the truth."""

    def act(site: Site, _chance: random.Random) -> None:
        for step_s in steps_s:
            fresh = site.folder / f"{entry.STEP}.new"
            fresh.write_text(str(step_s))
            fresh.replace(site.folder / entry.STEP)
            site.let_pass(_STEP_S)

    return act


_STEP_S: Final = 0.4
SECOND: Final = "second"
_LOOK_S: Final = 2.5


def second_controller(site: Site, _chance: random.Random) -> None:
    """Another controller, with a state folder of its own, for the same devices."""
    process = site.start(SECOND, site.module, *site.run_arguments(SECOND))
    site.watch_other(f"{SECOND}/demo/control.sock", _LOOK_S)
    if process.poll() is not None:
        site.other = {}


def second_ended(site: Site, _chance: random.Random) -> None:
    """It is told to end."""
    site.end(SECOND)
