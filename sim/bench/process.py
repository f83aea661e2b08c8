"""The controller as a process: start-up, links up, resident memory; against ``serve``."""

import contextlib
import json
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from controller.clock import RealClock
from sim.bench.figures import ROOT, Result
from sim.client import Gone, Lines, connect, hang_up

_LIMIT_NS: Final = 60 * 10**9
_NS_PER_MS: Final = 1_000_000
_KB_PER_MB: Final = 1024


def measure(room: str, settle_s: float) -> list[Result]:
    """Start both processes, watch the first snapshots, look at memory after ``settle_s``.

    Raises:
        Gone: a process ended, or the links were not up within a minute.
    """
    clock = RealClock()
    with (
        tempfile.TemporaryDirectory(prefix="galactograph-bench-") as name,
        contextlib.chdir(name),
    ):  # a local socket's path may have 107 bytes
        serve = ("sim.cli", "serve", "--pump-link", "pump", "--modbus", "127.0.0.1:0")
        # nobody is there to say that the cannula is out, so the box would leave it without power
        with _process((*serve, "--pump-always-on")) as devices:
            where = _first_line(devices)
            run = ("controller.cli", "run", "--room", room, "--state", "state")
            ports = ("--pump-port", str(Path(name) / "pump"), "--modbus", str(where["modbus"]))
            began_ns = clock.now_ns()
            with _process((*run, *ports)) as controller:
                return [_watch(room, controller.pid, began_ns, settle_s)]


def _watch(room: str, pid: int, began_ns: int, settle_s: float) -> Result:
    clock = RealClock()
    api = connect(f"state/{room}/control.sock", "the controller", 30)
    try:
        shown, first_ns = _until(api, lambda _: True), clock.now_ns()
        started_kb = _resident_kb(pid)
        _until(api, _all_up)
        up_ns = clock.now_ns()
        end_ns = up_ns + int(settle_s * 1e9)
        shown = _until(api, lambda _: clock.now_ns() >= end_ns)
    finally:
        hang_up(api)
    return {
        "name": "process",
        "first_snapshot_ms": round((first_ns - began_ns) / _NS_PER_MS),
        "all_links_up_ms": round((up_ns - began_ns) / _NS_PER_MS),
        "resident_at_first_snapshot_mb": round(started_kb / _KB_PER_MB, 1),
        "resident_mb": round(_resident_kb(pid) / _KB_PER_MB, 1),
        "after_s": settle_s,
        "phase": shown["phase"],
    }


def _all_up(shown: dict[str, Any]) -> bool:
    return all(device["link"] == "up" for device in shown["devices"].values())


def _until(api: Lines, so: Any) -> dict[str, Any]:
    clock = RealClock()
    end_ns = clock.now_ns() + _LIMIT_NS
    while clock.now_ns() < end_ns:
        for message in api.hear():
            if message["k"] == "snapshot" and so(message):
                return message
    raise Gone("the controller did not get there within a minute: try it with `make demo`")


def _resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    out = process.stdout
    if out is None or not select.select([out], [], [], 30)[0]:
        raise Gone("the simulated devices did not start")
    where: dict[str, Any] = json.loads(out.readline())
    return where


@contextlib.contextmanager
def _process(words: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
        [sys.executable, "-m", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if words[1] == "serve" else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
