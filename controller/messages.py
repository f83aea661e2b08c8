"""What clients and the controller say to each other beside requests: one struct per kind.

A line is a request (``"request": ...``, ``state_machine.requests``) or one of these, told
apart by ``k``. ``VERSION`` grows when a client that was right before would be wrong; a new
key or a new kind of request does not change it.
"""

from typing import Annotated, Any, Final

import msgspec

VERSION: Final = 1
"""Spoken by this controller."""
OLDEST: Final = 1
"""Understood as well."""
NAME_MOST_CHARS: Final = 64
PIN_MOST_CHARS: Final = 64

NUMBER_MOST: Final = 10**12
"""As in requests: the record holds 64 bits."""

_Number = Annotated[int, msgspec.Meta(ge=-NUMBER_MOST, le=NUMBER_MOST)]
_Name = Annotated[str, msgspec.Meta(max_length=NAME_MOST_CHARS)]


class Hello(msgspec.Struct, frozen=True, tag_field="k", tag="hello", forbid_unknown_fields=True):
    """The first line of a client: which version it speaks, and what it is."""

    version: _Number
    client: _Name = ""


class Subscribe(
    msgspec.Struct, frozen=True, tag_field="k", tag="subscribe", forbid_unknown_fields=True
):
    """How often a client wants to be shown the room, at most."""

    hz: Annotated[int, msgspec.Meta(ge=1, le=50)]


class LoginAsk(msgspec.Struct, frozen=True, tag_field="k", tag="login", forbid_unknown_fields=True):
    """A person at this connection, with their PIN; ``role`` where they have several."""

    user: _Name
    pin: Annotated[str, msgspec.Meta(max_length=PIN_MOST_CHARS)]
    role: _Name = ""
    number: _Number = 0

    def __repr__(self) -> str:
        """Without the PIN: nothing that is printed or logged may hold it."""
        return f"LoginAsk(user={self.user!r}, role={self.role!r}, number={self.number})"


class LogoutAsk(
    msgspec.Struct, frozen=True, tag_field="k", tag="logout", forbid_unknown_fields=True
):
    """The person at this connection leaves."""

    number: _Number = 0


AnyMessage = Hello | Subscribe | LoginAsk | LogoutAsk

_encode: Final = msgspec.json.Encoder().encode


def hello(connection: int, program: str, login: str) -> bytes:
    """The controller's answer to a hello it understands."""
    return _encode(
        {
            "k": "hello",
            "version": VERSION,
            "oldest": OLDEST,
            "program": program,
            "connection": connection,
            "login": login,
        }
    )


def refused(version: int) -> bytes:
    """The controller's last line to a client of another version."""
    age = "older than" if version < OLDEST else "newer than"
    words = (
        f"this client speaks version {version}, {age} what this controller understands"
        f" ({OLDEST} to {VERSION}): install client and controller of one release"
    )
    return _encode({"k": "refused", "words": words, "version": VERSION, "oldest": OLDEST})


def error(words: str) -> bytes:
    """A line that was not understood."""
    return _encode({"k": "error", "words": words})


def reply(
    number: int,
    request: str,
    refusals: tuple[str, ...],
    token: str = "",
    codes: tuple[str, ...] = (),
) -> bytes:
    """What became of a request; ``token`` for a page that may hold after it.

    ``codes``: of each refusal, empty where it has none.
    """
    message: dict[str, Any] = {
        "k": "reply",
        "number": number,
        "request": request,
        "taken": not refusals,
        "refusals": refusals,
    }
    if any(codes):
        message["codes"] = codes
    if token:
        message["token"] = token
    return _encode(message)


def frames_end(words: str) -> bytes:
    """What goes over the wires is shown no longer, and why."""
    return _encode({"k": "frames-end", "words": words})


def who(by: str, role: str) -> bytes:
    """Who is logged in on this connection; nobody with an empty name."""
    return _encode({"k": "who", "by": by, "role": role})
