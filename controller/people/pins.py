"""PINs: which are good enough, their hashes (argon2id), and the check.

Costs are the smallest that OWASP's *Password Storage Cheat Sheet* recommends for argon2id
(19 MiB, 2 rounds, 1 lane): one lane, because the check runs beside the loop on a small
machine. A PIN of few digits is no secret to somebody who has the file and time: the file is
for the controller's account alone, and the lock-out slows everybody else.
"""

from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from controller.messages import PIN_MOST_CHARS

PIN_LEAST_CHARS: Final = 6
"""Six digits with the lock-out's delays: a million tries take years (assumption)."""
_HASHER: Final = argon2.PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, type=argon2.Type.ID
)
NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Checked for names that do not exist, so that time does not tell which names do."""


def weak(pin: str, name: str = "") -> str:
    """Why a PIN is refused, in words; empty = good enough."""
    if not PIN_LEAST_CHARS <= len(pin) <= PIN_MOST_CHARS:
        return f"{len(pin)} characters: allowed are {PIN_LEAST_CHARS} to {PIN_MOST_CHARS}"
    if not pin.isprintable() or pin != pin.strip():
        return "printable characters only, no space at its ends"
    if len(set(pin)) < 3:
        return "use at least three different characters"
    if pin in _ROWS or pin[::-1] in _ROWS:
        return "no row of neighbouring digits"
    if name and name.casefold() in pin.casefold():
        return "not the user's name"
    return ""


_ROWS: Final = "01234567890123456789"


def hashed(pin: str) -> str:
    """Its argon2id hash with costs and salt, as text."""
    return _HASHER.hash(pin)


def right(pin: str, kept: str) -> bool:
    """The PIN is the one that was hashed; a hash that cannot be read is nobody's."""
    try:
        return _HASHER.verify(kept, pin)
    except (VerificationError, InvalidHashError):
        return False
