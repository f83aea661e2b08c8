"""What a page may say, closed: an unknown key, a wrong kind or too long a line is no page of ours.

One JSON object per message, tagged by ``k``; subprotocol ``galacto.1``. What goes back to
the page is in ``docs/console-protocol.md``.
"""

from typing import Annotated, Any, Final

import msgspec

SUBPROTOCOL: Final = "galacto.1"
MESSAGE_MOST_BYTES: Final = 4_096
"""The longest request is a few hundred bytes (console facts 4)."""
MESSAGES_MOST_PER_S: Final = 80
"""Exposing, a page beats 40 times a second and shows its view; a person does the rest."""

Text = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class FromPage(msgspec.Struct, frozen=True, tag_field="k", forbid_unknown_fields=True):
    """What every message is."""


class Login(FromPage, frozen=True, tag="login"):
    """A person of the users file, with their PIN; ``role`` where they have several."""

    user: Text
    pin: Annotated[str, msgspec.Meta(max_length=64)]
    role: Text = ""

    def __repr__(self) -> str:
        """Without the PIN: nothing that is printed or logged may hold it."""
        return f"Login(user={self.user!r}, role={self.role!r})"


class Logout(FromPage, frozen=True, tag="logout"):
    """Nobody is in front of this page any more."""


class Person(FromPage, frozen=True, tag="person"):
    """In a room without log-in: who is in front of the page, by their own word."""

    by: Text
    role: Text


class Control(FromPage, frozen=True, tag="control"):
    """Be the room's controlling console, or give that up. ``take``: from another page."""

    on: bool = True
    take: bool = False


class Ask(FromPage, frozen=True, tag="ask"):
    """A request of the API (``docs/api.md``); who asks is added here, never by the page."""

    number: Count
    body: dict[str, Any]


class View(FromPage, frozen=True, tag="view"):
    """Proof of a live screen: ``t_ms`` of the newest snapshot drawn, and the hold pad let go."""

    ack: Count
    up: bool = False


class HoldBegin(FromPage, frozen=True, tag="hold.begin"):
    """The pad is pressed: the only message that can open a hold."""

    tok: Text
    n: Count
    ack: Count


class HoldBeat(FromPage, frozen=True, tag="hold.beat"):
    """The pad is still pressed."""

    tok: Text
    n: Count
    ack: Count


class HoldEnd(FromPage, frozen=True, tag="hold.end"):
    """The pad is not pressed any more, and why."""

    tok: Text
    n: Count
    why: Text


class Stop(FromPage, frozen=True, tag="stop"):
    """STOP: from every page, whoever is in front of it, logged in or not."""


class Sim(FromPage, frozen=True, tag="sim"):
    """Hands in a simulated room, faults in it, or the truth that only a simulator knows."""

    set: dict[str, bool | int | float | str] = {}
    strike: tuple[Text, ...] = ()
    """Faults of the catalogue that are to strike, ..."""
    mend: tuple[Text, ...] = ()
    """... and to be mended."""
    struck: bool = False
    catalogue: bool = False
    truth: bool = False
    inputs: bool = False


class WorklistAsk(FromPage, frozen=True, tag="worklist"):
    """Procedures that are scheduled, those that contain the words."""

    words: Text = ""


class HistoryList(FromPage, frozen=True, tag="history.list"):
    """Procedures on record, newest first, those that contain the words."""

    words: Text = ""


class HistoryOpen(FromPage, frozen=True, tag="history.open"):
    """An address, good once and for this browser alone, at which a procedure can be read."""

    case: Count
    form: Text = "report"


AnyFromPage = (
    Login
    | Logout
    | Person
    | Control
    | Ask
    | View
    | HoldBegin
    | HoldBeat
    | HoldEnd
    | Stop
    | Sim
    | WorklistAsk
    | HistoryList
    | HistoryOpen
)


class NotOurs(Exception):
    """A message that no page of ours sends; the text says what is wrong with it."""


_decoder: Final = msgspec.json.Decoder(AnyFromPage)


def decode(text: str | bytes) -> AnyFromPage:
    """One message.

    Raises:
        NotOurs: too long, no JSON, an unknown kind or key, a value of another kind.
    """
    data = text.encode(errors="replace") if isinstance(text, str) else text
    if len(data) > MESSAGE_MOST_BYTES:
        raise NotOurs(f"{len(data)} bytes; allowed are {MESSAGE_MOST_BYTES}")
    try:
        message: AnyFromPage = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise NotOurs(str(problem)) from problem
    return message
