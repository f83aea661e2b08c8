"""Processes of ours: started in a folder of their own, heard, told to end and waited for.

Shared by the demo and by the sites of failure runs. The tree that this file stands in comes
first for the children too, whatever else is installed.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sim.client import Gone

ROOT: Final = Path(__file__).resolve().parents[1]
END_S: Final = 10.0
"""A process that was told to end gets this long."""
START_S: Final = 30.0
"""A start on a loaded machine."""

Process = subprocess.Popen[bytes]


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Told to end (SIGTERM), this program ends what it has started, as at any other end."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def environment() -> dict[str, str]:
    """This tree first."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


def module(name: str, *arguments: str) -> list[str]:
    """Command that runs a module of ours."""
    return [sys.executable, "-m", name, *arguments]


def serve(*more: str, pump_link: str = "pump", seed: int = 1) -> list[str]:
    """Command of the simulated devices: a pty at 19200 baud, ports that the system chooses."""
    wires = ("--pump-link", pump_link, "--modbus", "127.0.0.1:0", "--control", "127.0.0.1:0")
    return module("sim.cli", "serve", *wires, "--baud", "19200", "--seed", str(seed), *more)


def start(
    folder: Path, name: str, command: Sequence[str], pipe: bool = False, error: int | None = None
) -> Process:
    """Start a process that works in ``folder`` and writes ``name.log`` there.

    Args:
        folder: where it works.
        name: of its log.
        command: program and arguments, all ours.
        pipe: keep its standard output for the caller.
        error: descriptor for standard output and error instead of the log.
    """
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own modules, no shell
            command,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipe else error or log,
            stderr=error or log,
        )


def end(process: Process) -> None:
    """Tell a process to end, also a frozen one, and wait for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def first_line(process: Process, log: Path) -> dict[str, str]:
    """The addresses that simulated devices say first.

    Raises:
        Gone: they said nothing; the text names their log.
    """
    out = process.stdout
    ready = select.select([out], [], [], START_S)[0] if out is not None else []
    line = out.readline() if out is not None and ready else b""
    if not line:
        raise Gone(f"the simulated devices did not start: see {log}")
    return {key: str(value) for key, value in json.loads(line).items()}
