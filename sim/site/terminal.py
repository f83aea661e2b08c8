"""The terminal that a controller writes to: a pty, which can be stopped with Ctrl-S.

What the controller says is kept in a file whenever somebody looks; a terminal that nobody
reads fills up and takes no more, as a stopped one does.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

_CTRL_S: Final = b"\x13"
_CTRL_Q: Final = b"\x11"
_READ_SIZE: Final = 65_536


class Terminal:
    """Both ends of one pty; ``keyboard`` is the person's, ``screen`` the program's."""

    def __init__(self, log: Path) -> None:
        """Open the pty; what is read from it goes to ``log``."""
        self.keyboard, self.screen = os.openpty()
        os.set_blocking(self.keyboard, False)
        self._log = log
        self.stopped = False

    def stop(self) -> None:
        """Ctrl-S: after what is on its way, nothing is shown any more."""
        os.write(self.keyboard, _CTRL_S)
        self.drain()
        self.stopped = True

    def go_on(self) -> None:
        """Ctrl-Q."""
        os.write(self.keyboard, _CTRL_Q)
        self.stopped = False

    def drain(self) -> int:
        """Keep what was written; returns how many bytes that was."""
        count = 0
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self.keyboard, _READ_SIZE):
                count += len(data)
                with self._log.open("ab") as kept:
                    kept.write(data)
        return count

    def close(self) -> None:
        """Hang up."""
        self.drain()
        os.close(self.keyboard)
        os.close(self.screen)
