"""Who is at the room: the console and how far it proves its view, and who is logged in where."""

import msgspec

from state_machine.requests import Role


class Screen(msgspec.Struct, frozen=True):
    """The room's console, and how far it has proved that somebody sees a live screen."""

    on: bool = False
    """A client has declared itself the room's console."""
    beat_count: int = 0
    """Number of its newest beat."""
    drawn_ns: int = 0
    """Instant of the newest snapshot it has drawn; 0 = none yet."""
    connection: int = 0
    """The connection that is the console; beats of another are refused."""
    beat_ns: int = 0
    """When its newest beat came; 0 = none yet."""
    since_ns: int = 0
    """When its first beat came; 0 = none yet."""
    late_ns: int = 0
    """When it was last too slow to arm an injection; 0 = never."""
    late_expose_ns: int = 0
    """When it was last too slow to arm an exposure; 0 = never."""
    gone: bool = False
    """Its connection ended; nobody has declared another one yet."""
    up_ns: int = 0
    """Since when it says without a break that its hold pad is let go; 0 = it does not."""


class Session(msgspec.Struct, frozen=True):
    """A person who is logged in on one connection."""

    connection: int
    by: str
    role: Role
    since_ns: int
    active_ns: int
    """When the person last asked something."""
    locked: bool = False
    """Idle for too long: reads go on, nothing but a stop is taken until the next log-in."""
