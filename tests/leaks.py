"""What a test may leave behind: nothing. Found by comparing two snapshots of the process.

The hypothesis engine, pytest and the standard library keep files of their own open, so
only kinds that are ours to close count: threads, children, sockets, pseudo-terminals.
"""

import os
import threading
import time
from typing import NamedTuple

import psutil

_GRACE_S = 0.5
"""A joined thread or a reaped child needs a moment to be gone from the tables."""


class Snapshot(NamedTuple):
    """Threads, children and descriptors of this process at one instant."""

    threads: frozenset[threading.Thread]
    children: frozenset[int]
    descriptors: frozenset[str]


def snapshot() -> Snapshot:
    """Look now."""
    return Snapshot(frozenset(threading.enumerate()), _children(), _descriptors())


def left_behind(before: Snapshot) -> list[str]:
    """Name what is there now and was not ``before``, after a short grace."""
    left = _new(before)
    limit = time.monotonic() + _GRACE_S
    while left and time.monotonic() < limit:
        threading.Event().wait(0.01)
        left = _new(before)
    return left


def _new(before: Snapshot) -> list[str]:
    now = snapshot()
    return [
        *(f"thread {thread.name}" for thread in now.threads - before.threads),
        *(f"child process {pid}" for pid in sorted(now.children - before.children)),
        *(f"descriptor {text}" for text in sorted(now.descriptors - before.descriptors)),
    ]


def _children() -> frozenset[int]:
    """Children, unreaped ones included; one system call while there are none."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return frozenset()
    return frozenset(child.pid for child in psutil.Process().children())


def _descriptors() -> frozenset[str]:
    """Open sockets and pseudo-terminals, as ``number -> target``."""
    found: set[str] = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # the descriptor of this very listing
        if target.startswith(("socket:", "/dev/ptmx", "/dev/pts/")):
            found.add(f"{number} -> {target}")
    return frozenset(found)
