"""Where a room keeps what it writes: one folder per room below the state folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.problems import ConfigError, Problem
from config.room import RoomConfig

SOCKET_PATH_MOST_BYTES: Final = 107
"""Linux keeps 108 bytes for a local socket's path, the last one a zero (unix(7))."""


@dataclass(frozen=True)
class StatePaths:
    """Paths of one room; nothing is created here."""

    folder: Path
    journal: Path
    socket: Path
    users: Path
    """Of all rooms of this state folder."""
    calibrations: Path
    commissioning: Path


def state_paths(room: RoomConfig, state_folder: Path) -> StatePaths:
    """The room's paths below ``state_folder``.

    Raises:
        ConfigError: the socket's path is longer than the system can bind.
    """
    folder = state_folder / room.room.name
    socket = folder / room.room.socket_path
    length = len(os.fsencode(socket))
    if length > SOCKET_PATH_MOST_BYTES:
        allowed = f"at most {SOCKET_PATH_MOST_BYTES} bytes for the socket's whole path"
        todo = "use a state folder with a shorter path"
        raise ConfigError([Problem("command line", "state folder", str(socket), allowed, todo)])
    journal = folder / room.room.journal_folder
    return StatePaths(
        folder,
        journal,
        socket,
        users_path(state_folder),
        folder / "calibration.jsonl",
        folder / "commissioning.jsonl",
    )


def users_path(state_folder: Path) -> Path:
    """Where the users of a state folder are."""
    return state_folder / "users.json"
