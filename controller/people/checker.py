"""Checks PINs in a thread of its own, which wakes the loop through a port.

The loop's thread only puts a question into a bounded queue and takes verdicts from
another. Checking takes tens of milliseconds of a core and some of the memory's
bandwidth, so the thread gives way to everything else (nice 10).
"""

import contextlib
import os
import queue
import threading
from pathlib import Path
from typing import Final

from controller.messages import LoginAsk
from controller.people import pins, users
from controller.people.tries import Tries, tries_path
from controller.people.verdict import Verdict
from drivers.ports import Port, WakePort
from state_machine.requests import Role
from state_machine.units import NS_PER_S

WAITING_MOST_COUNT: Final = 4
"""Log-ins that wait for the checker; more is no person typing."""
_NICE: Final = 10
WRONG: Final = "user or PIN is wrong"
"""The same words for both: which names there are is nobody's business."""

NO_USERS: Final = (
    "nobody can log in yet: make the first user on this computer, as the controller's account, with"
    " galactograph user add NAME --full-name NAME --role technologist"
)

_Question = tuple[int, LoginAsk, int]


class Pins:
    """The users of a room and how often each was tried, without a thread."""

    def __init__(self, path: Path, boot_id: str = "") -> None:
        """Judge by a users file, which is read anew for each log-in; ``boot_id`` as below."""
        self._path = path
        self._tries = Tries(tries_path(path), boot_id)

    def verdict(self, connection: int, asked: LoginAsk, now_ns: int) -> Verdict:
        """Whether the PIN is right, and for whom; takes tens of milliseconds."""
        try:
            known = users.read(self._path)
        except users.UsersError as error:
            return Verdict(connection, asked.number, "", Role.SERVICE, str(error))
        if not known:
            return Verdict(connection, asked.number, "", Role.SERVICE, NO_USERS)
        found = users.find(known, asked.user)
        # a name that does not exist is not recorded: it may be a PIN in the wrong field
        by, role = (found.full_name, found.roles[0]) if found else ("", Role.SERVICE)

        def refused(words: str) -> Verdict:
            return Verdict(connection, asked.number, by, role, words)

        tried = found.name if found else ""
        wait_ns = self._tries.wait_ns(tried, now_ns)
        if wait_ns:
            return refused(f"too many wrong PINs: wait {-(-wait_ns // NS_PER_S)} s")
        kept = found.pin_hash if found and not found.disabled else pins.NOBODY
        if not pins.right(asked.pin, kept) or found is None:
            delay_ns = self._tries.wrong(tried, now_ns)
            more = f": wait {delay_ns // NS_PER_S} s" if delay_ns else ""
            return refused(WRONG + more)
        self._tries.right(tried)
        names = [one.value for one in found.roles]
        wanted = asked.role or (names[0] if len(names) == 1 else "")
        if wanted not in names:
            return refused(f"say in which role: {', '.join(names)}")
        return Verdict(connection, asked.number, by, Role(wanted))


class PinChecker:
    """The checker of a room's users."""

    def __init__(self, path: Path, boot_id: str = "") -> None:
        """Check against a users file, which is read anew for each log-in.

        ``boot_id`` names this start of the machine, which wrong tries are counted in.
        """
        self._pins = Pins(path, boot_id)
        self._questions: queue.Queue[_Question | None] = queue.Queue(WAITING_MOST_COUNT)
        self._answers: queue.SimpleQueue[Verdict] = queue.SimpleQueue()
        self._wake = WakePort()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pin-checker", daemon=True)
        self._thread.start()

    def ports(self) -> tuple[Port, ...]:
        """What wakes the loop when a verdict is there."""
        return (self._wake,)

    def ask(self, connection: int, asked: LoginAsk, now_ns: int) -> Verdict | None:
        """Begin to check; a verdict at once where the checker has enough to do."""
        try:
            self._questions.put_nowait((connection, asked, now_ns))
        except queue.Full:
            words = "too many log-ins at once: try again"
            return Verdict(connection, asked.number, "", Role.SERVICE, words)
        return None

    def verdicts(self) -> tuple[Verdict, ...]:
        """Checks that have ended since the last call."""
        self._wake.read()
        found = []
        while not self._answers.empty():
            found.append(self._answers.get_nowait())
        return tuple(found)

    def close(self) -> None:
        """End the thread; a check under way is finished first."""
        self._ending.set()
        with contextlib.suppress(queue.Full):
            self._questions.put_nowait(None)
        self._thread.join()
        self._wake.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not self._ending.is_set():
            question = self._questions.get()
            if question is not None:
                self._answers.put(self._pins.verdict(*question))
                self._wake.wake()
