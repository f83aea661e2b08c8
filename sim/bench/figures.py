"""Percentiles, the machine, and the shape of one result line."""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
Result = dict[str, Any]
"""One line of the output: ``name`` first, then figures with their units in the keys."""


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; ``share`` 0 to 1.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values: nothing was measured, so there is no percentile")
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)  # rounded up: the tail is never flattered
    return ordered[min(len(ordered), max(1, rank)) - 1]


def spread(values: Sequence[float], scale: float, digits: int = 3) -> Result:
    """Count, median, tails and maximum; each value divided by ``scale``."""
    if not values:
        return {"count": 0, "p50": None, "p99": None, "p999": None, "max": None}
    tails = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    shown = {key: round(percentile(values, share) / scale, digits) for key, share in tails.items()}
    return {"count": len(values), **shown}


def aim(name: str, value: float | None, most: float, limited_by: str = "") -> Result:
    """An aim beside what was measured; ``limited_by`` is said only when it is missed."""
    met = value is not None and value <= most
    line: Result = {"aim": name, "most": most, "measured": value, "met": met}
    if not met and limited_by:
        line["limited_by"] = limited_by
    return line


def machine() -> Result:
    """Where the figures come from: machine, Python, kernel, commit, load at the start."""
    return {
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


def commit() -> str:
    """Short commit of the tree, with ``+`` when it was changed since; empty outside of git."""
    said = _git("rev-parse", "--short", "HEAD")
    # what is measured, not what is written about it
    changed = _git("status", "--porcelain", "--", "controller", "drivers", "state_machine", "sim")
    return said + ("+" if said and changed else "")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "-C", str(ROOT), *words],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
