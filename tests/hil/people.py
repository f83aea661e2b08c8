"""Who the bench is to a controller that requires a log-in: people of this run, and of no other.

Who answers for the run has shown their PIN to the command (``controller/bench/hil.py``). The
scripted technologist and radiologist are users of the run's own state folder alone, with PINs that
nobody knows; the file goes when the run ends. Each has a connection of their own, as two people
at two consoles have.
"""

import secrets
from pathlib import Path
from typing import Any, Final

from config.state_paths import users_path
from controller.clock import RealClock
from controller.people import pins
from controller.people.tries import tries_path
from controller.people.users import User, change
from sim.client import Gone, Lines, connect, hang_up
from state_machine.requests import Role

NAMES: Final = {"technologist": "T. Technologist", "radiologist": "R. Radiologist"}
"""By role, as the scripted people call each other (``sim/technologist.py``)."""
_ROLES: Final = {"technologist": Role.TECHNOLOGIST, "radiologist": Role.RADIOLOGIST}
_LOGIN_S: Final = 20.0
_AGAIN_NS: Final = 15 * 10**9
"""A session that nobody used for so long is logged in anew: the shortest lock is 30 s."""


class People:
    """Both of them, at one controller after another."""

    def __init__(self, state: Path) -> None:
        """``state``: the run's own state folder."""
        self._users = users_path(state)
        self._pins = {role: secrets.token_urlsafe(12) for role in NAMES}
        self._lines: dict[str, Lines] = {}
        self._used_ns: dict[str, int] = {}
        self._clock = RealClock()
        with change(self._users) as users:
            for role, name in NAMES.items():
                users.append(User(role, name, (_ROLES[role],), pins.hashed(self._pins[role])))

    def come(self, socket: str) -> None:
        """Connect, and log in.

        Raises:
            Gone: nobody answers, or the log-in is refused.
        """
        self.leave()
        for role in NAMES:
            line = self._lines[role] = connect(socket, f"the {role}'s line to the controller")
            line.say({"k": "subscribe", "hz": 1})
            self._log_in(role)

    def _log_in(self, role: str) -> list[dict[str, Any]]:
        """Say the PIN, and wait until it is taken; what else was said meanwhile."""
        line, heard = self._lines[role], list[dict[str, Any]]()
        line.say({"k": "login", "user": role, "pin": self._pins[role], "role": _ROLES[role].value})
        end_ns = self._clock.now_ns() + int(_LOGIN_S * 1e9)
        while self._clock.now_ns() < end_ns:
            said = list(line.hear())
            replies = [m for m in said if m["k"] == "reply" and m["request"] == "login"]
            heard += [m for m in said if m not in replies]
            if replies and not replies[0]["taken"]:
                raise Gone(f"the {role} may not log in: {replies[0]['refusals']}")
            if replies:
                self._used_ns[role] = self._clock.now_ns()
                return heard
        raise Gone(f"the {role} is not logged in within {_LOGIN_S:g} s")

    def say(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """One request, by whose role it is; what was heard while they had to log in anew."""
        role, heard = message["role"], list[dict[str, Any]]()
        if self._clock.now_ns() - self._used_ns[role] > _AGAIN_NS:
            heard = self._log_in(role)
        self._used_ns[role] = self._clock.now_ns()
        self._lines[role].say(message)
        return heard

    def lines(self) -> list[Lines]:
        """What there may be to hear."""
        return list(self._lines.values())

    def leave(self) -> None:
        """Hang up."""
        for line in self._lines.values():
            hang_up(line)
        self._lines.clear()

    def close(self) -> None:
        """Hang up; nothing of theirs stays in the run's folder."""
        self.leave()
        for path in (self._users, tries_path(self._users)):
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".lock").unlink(missing_ok=True)
