"""Is a controller at work in this state folder? Then nobody else may touch its devices."""

import contextlib
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from controller.doctor.finding import Finding, Level

NAME: Final = "controller"
ALLOWED: Final = "none at work in this state folder"
_ANSWER_S: Final = 1.0


@contextlib.contextmanager
def nobody_else(lock: Path, address: Path) -> Iterator[Finding]:
    """Hold the record's lock while the room is looked at, so that no controller starts.

    Nothing is created: without a lock file no controller ever ran here. The finding is OK
    exactly when nobody is at work.
    """
    held: int | None = None
    try:
        held = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        finding = _address(address)
    except BlockingIOError:
        todo = "to have the devices looked at too, stop it first: they were not asked"
        finding = Finding(NAME, Level.WARNING, f"one holds {lock}", ALLOWED, todo)
    except OSError as error:
        value = f"{lock} cannot be opened ({error.strerror})"
        todo = "run this as the controller's own user, or give the file back to it"
        finding = Finding(NAME, Level.WRONG, value, ALLOWED, todo)
    else:
        finding = _address(address)
    try:
        yield finding
    finally:
        if held is not None:
            os.close(held)


def _address(path: Path) -> Finding:
    """Who answers on the API's address."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return Finding(NAME, Level.OK, f"none, {path} is free", ALLOWED)
    except OSError as error:
        todo = "run this as the controller's own user"
        value = f"{path} cannot be looked at ({error.strerror})"
        return Finding(NAME, Level.WRONG, value, ALLOWED, todo)
    if not stat.S_ISSOCK(mode):
        todo = "move it away, or name another socket_path in the room file"
        return Finding(NAME, Level.WRONG, f"{path} is there and is no socket", ALLOWED, todo)
    if _answers(path):
        todo = "stop the program that listens there, or use another state folder with --state"
        return Finding(NAME, Level.WRONG, f"another program answers on {path}", ALLOWED, todo)
    value = f"none; {path} is left of one that ended and will be replaced"
    return Finding(NAME, Level.OK, value, ALLOWED)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(_ANSWER_S)
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True  # no permission or a full queue: somebody is there
    return True
