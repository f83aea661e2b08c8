"""What became of one log-in: what the API tells the core, without any PIN."""

import msgspec

from state_machine.requests import Role


class Verdict(msgspec.Struct, frozen=True):
    """What became of one log-in."""

    connection: int
    number: int
    by: str
    """The person's name as it is recorded; empty = no such user."""
    role: Role
    refused: str = ""
    """Why not, in words; empty = logged in."""
