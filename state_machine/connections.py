"""Who asks, and over which connection: what every request carries, and what the API adds.

The controller gives every client's connection a number and stamps each request with it.
``Login``, ``Logout``, ``ClientGone`` and ``ClientRefused`` are made by the API alone: no
client can send them, and a PIN is in none of them.
"""

import enum
from typing import Annotated

import msgspec

KEY_MOST_CHARS = 64
"""An idempotency key; 32 hexadecimal digits are enough."""


class Role(enum.Enum):
    """In which role a person acts."""

    TECHNOLOGIST = "technologist"
    RADIOLOGIST = "radiologist"
    SERVICE = "service"
    QA = "qa"


class Request(
    msgspec.Struct, frozen=True, tag_field="request", forbid_unknown_fields=True, omit_defaults=True
):
    """What every request carries."""

    by: str
    role: Role
    number: int = 0
    utc_day: int = 0
    connection: int = 0
    """The client's connection, stamped on arrival; 0 = the controller itself."""
    key: Annotated[str, msgspec.Meta(max_length=KEY_MOST_CHARS)] = ""
    """Chosen by the client: a key that was used before is answered as before, and nothing is
    done again."""


class Login(Request, frozen=True, tag="login"):
    """A person logged in on a connection, or tried to; their PIN was checked outside the loop."""

    refused: str = ""
    """Why not, in words; empty = the PIN was right."""


class Logout(Request, frozen=True, tag="logout"):
    """The person of a connection logs out."""


class ClientGone(Request, frozen=True, tag="client-gone"):
    """A connection ended; what stood on it ends with it."""


class ClientRefused(Request, frozen=True, tag="client-refused"):
    """Another account of this machine tried to connect, and was turned away."""

    who: str = ""


FromController = Login | Logout | ClientGone | ClientRefused
