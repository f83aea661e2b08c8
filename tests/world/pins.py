"""People who can log in to a virtual room: the users file and its PINs, judged at once."""

from pathlib import Path
from typing import Final

from controller.messages import LoginAsk
from controller.people import pins, users
from controller.people.checker import Pins
from controller.people.verdict import Verdict
from drivers.ports import Port
from state_machine.requests import Role
from tests.world.scene import RADIOLOGIST, TECHNOLOGIST

PEOPLE: Final = (
    ("weber", TECHNOLOGIST, "246813", Role.TECHNOLOGIST),
    ("rossi", RADIOLOGIST, "135724", Role.RADIOLOGIST),
)
"""Name to log in, full name, PIN, role."""


def write_users(path: Path) -> Path:
    """A users file with both."""
    with users.change(path) as known:
        known.extend(
            users.User(name, full, (role,), pins.hashed(pin)) for name, full, pin, role in PEOPLE
        )
    return path


class AtOnce:
    """The checker of a room, without its thread: virtual time does not wait for one."""

    def __init__(self, path: Path) -> None:
        """Judge by a users file."""
        self._pins = Pins(path)

    def ports(self) -> tuple[Port, ...]:
        """None: nothing is to be waited for."""
        return ()

    def ask(self, connection: int, asked: LoginAsk, now_ns: int) -> Verdict:
        """The verdict."""
        return self._pins.verdict(connection, asked, now_ns)

    def verdicts(self) -> tuple[Verdict, ...]:
        """None is ever late."""
        return ()

    def close(self) -> None:
        """Nothing is open."""
