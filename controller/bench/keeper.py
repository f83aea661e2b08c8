"""Keeps a process only for as long as somebody holds the other end of its standard input.

``python -m controller.bench.keeper COMMAND...`` starts the command, says its process number on
the first line of standard output (what it says itself goes to standard error, or with ``--say``
to standard output too), and ends it when standard input does: whoever owned the room
is gone, whatever it died of. Told first (SIGTERM: a controller stops the pump and withdraws its
permits), killed when it is not over in time; then box, pump and unit do the rest by themselves.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

ENDS_S: Final = 5.0
"""A controller that is told to end is over within a second; a loaded machine gets longer."""


def keep(command: Sequence[str], *, says: bool = False) -> int:
    """Run the command until it ends, or until standard input ends; its exit status."""
    child = subprocess.Popen(  # noqa: S603 - the command is this program's own argument
        command,
        stdin=subprocess.DEVNULL,
        stdout=None if says else sys.stderr,
        start_new_session=True,
    )
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{child.pid}\n")
        sys.stdout.flush()
    ended = os.pidfd_open(child.pid)
    try:
        while True:
            ready = select.select([sys.stdin, ended], [], [])[0]
            if ended in ready:
                return child.wait()
            if not os.read(sys.stdin.fileno(), 1):
                return _end(child)
    finally:
        os.close(ended)


def _end(child: "subprocess.Popen[bytes]") -> int:
    """Tell it, wait for a bounded time, kill it."""
    child.send_signal(signal.SIGTERM)
    child.send_signal(signal.SIGCONT)
    try:
        return child.wait(ENDS_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    words = sys.argv[1:]
    sys.exit(keep(words[words[0] == "--say" :], says=words[0] == "--say"))
