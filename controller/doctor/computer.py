"""The machine as the checks see it: where its files are, its clock, what it can measure.

Everything a check asks of the operating system goes through here, so that a test hands in
a folder that looks like ``/`` and a disk that is slow on purpose.
"""

import importlib.metadata
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.clock import Clock


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write on the folder's file system."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


@dataclass(frozen=True)
class Computer:
    """Where to look; times are boot time in ns."""

    clock: Clock
    state: Path
    """The folder that records are written to; it need not exist yet."""
    root: Path = Path("/")
    """Below it are ``proc``, ``sys`` and ``run``."""
    free_bytes: Callable[[Path], int] = free_bytes
    synchronise: Callable[[int], None] = os.fdatasync
    requires: Callable[[str], list[str] | None] = importlib.metadata.requires
    version: Callable[[str], str] = importlib.metadata.version

    def text(self, path: str) -> str:
        """A file of the system, stripped; empty where this machine has none."""
        try:
            return (self.root / path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def writing_folder(self) -> Path:
        """The state folder, or the nearest one above it that is there already."""
        folder = self.state.absolute()
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        return folder
