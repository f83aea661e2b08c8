"""The lock file beside a record: whoever holds it is the one that may write."""

import fcntl
import os
from pathlib import Path

from controller.record.store import JournalError


def lock_path(path: Path) -> Path:
    """The lock file of the journal at ``path``; whoever holds it is the one writer."""
    return path.with_name(path.name + ".lock")


def hold_lock(path: Path) -> int:
    """Hold the lock file beside the journal; the kernel frees it with the process.

    The journal itself is not locked this way: closing a second descriptor of an open
    database would drop SQLite's own locks in this process.

    Raises:
        JournalError: Another controller has it, or the folder cannot be written.
    """
    name = lock_path(path)
    try:
        descriptor = os.open(name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(
            f"journal {path}: its lock file {name} cannot be opened ({error.strerror}); "
            "check that its folder exists and is writable"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise JournalError(
            f"journal {path}: another controller is writing it (lock file {name}); "
            "close that one first, or name another journal"
        ) from error
    return descriptor
