"""Checks of the pump's serial port that open nothing."""

import os
from pathlib import Path
from typing import Final

from config.load import LoadedRoom
from controller.doctor.computer import Computer
from controller.doctor.finding import ANY, Finding, Level, judged

STABLE: Final = ("/dev/serial/by-id", "/dev/serial/by-path")
LATENCY_MOST_MS: Final = 2
"""FTDI adapters hold bytes back for 16 ms unless told otherwise, and a stop with them."""


def port_name(_computer: Computer, loaded: LoadedRoom) -> Finding:
    """Will the name still mean this pump after plugs changed places?"""
    path = Path(loaded.room.pump.port)
    stable = str(path.parent) in STABLE
    simulated = loaded.room.room.mode == "simulated"
    # a link with a name of its own, from a udev rule, is as good
    ruled = path.is_symlink() and path.parent == Path("/dev")
    return judged(
        "pump port name",
        Level.OK if stable or simulated or ruled else Level.WARNING,
        f"{path}" + (" (simulated room)" if simulated else ""),
        " or ".join(STABLE) + ", or a link made by a udev rule",
        "name the adapter by identity: ls -l /dev/serial/by-id; ttyUSB numbers change",
    )


def latency_timer(computer: Computer, loaded: LoadedRoom) -> Finding:
    """How long the USB adapter may hold an answer back."""
    name = Path(os.path.realpath(loaded.room.pump.port)).name
    places = (f"sys/class/tty/{name}/device/latency_timer", f"sys/class/tty/{name}/latency_timer")
    text = next((found for place in places if (found := computer.text(place))), "")
    allowed = f"at most {LATENCY_MOST_MS} ms"
    if not text.isdigit():
        return Finding("USB latency timer", Level.OK, f"{name} has none", ANY)
    return judged(
        "USB latency timer",
        Level.OK if int(text) <= LATENCY_MOST_MS else Level.WARNING,
        f"{int(text)} ms at {name}",
        allowed,
        "set it to 1 with the udev rule of docs/installation.md and plug the adapter again:"
        " every answer and every stop of the pump waits for it",
    )
