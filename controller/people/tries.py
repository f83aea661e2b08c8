"""How often a PIN may be tried: three at once, then a delay that doubles with each.

Counted per user by boot time; a right PIN forgets them. Names that do not exist share one
count, so that nobody can fill the memory with made-up names. The counts are kept in a file
(0600) beside the users', so that a restart of the controller opens no new tries. In another
boot of the machine, whose times begin anew, a delay begins anew, whole. A file that cannot be
read counts as wrong tries of everybody: one delay, then it is written anew.
"""

import contextlib
import os
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog

from state_machine.units import NS_PER_S

FREE_COUNT: Final = 3
"""Wrong tries without a delay: fingers slip (assumption)."""
FIRST_DELAY_NS: Final = 30 * NS_PER_S
MOST_DELAY_NS: Final = 3_600 * NS_PER_S
FILE_MOST_BYTES: Final = 200_000
_VERSION: Final = 1

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_Instant = Annotated[int, msgspec.Meta(ge=-1, le=2**62)]
_ANEW: Final = -1
"""The delay begins with the next try: when it began is not known."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    boot_id: str
    wrong: dict[str, tuple[_Count, _Instant]]


_decode: Final = msgspec.json.Decoder(_File)


def tries_path(users: Path) -> Path:
    """Where the tries of the users in a file are kept."""
    return users.with_name(f"{users.stem}.tries{users.suffix}")


class Tries:
    """Wrong tries of each user."""

    def __init__(self, path: Path | None = None, boot_id: str = "") -> None:
        """What the file at ``path`` holds; without one, nobody has tried and nothing is kept.

        Args:
            path: of the tries, not of the users.
            boot_id: names this start of the machine; empty = not known, and then no two
                starts are the same.
        """
        self._path = path
        self._boot_id = boot_id
        self._others = 0
        """Wrong tries that stand for everybody who is not named."""
        self._wrong: dict[str, tuple[int, int]] = {}
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                kept = _decode.decode(file.read(FILE_MOST_BYTES))
            if kept.version != _VERSION:
                raise msgspec.ValidationError(f"version {kept.version}")
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._others = FREE_COUNT
            _say(f"{path} cannot be read ({error}): everybody waits once before a log-in")
            return
        same = bool(self._boot_id) and kept.boot_id == self._boot_id
        self._wrong = {
            name: (count, until_ns if same or count < FREE_COUNT else _ANEW)
            for name, (count, until_ns) in kept.wrong.items()
        }

    def wait_ns(self, name: str, now_ns: int) -> int:
        """How long this user must wait before another try; 0 = none."""
        count, until_ns = self._of(name)
        if until_ns == _ANEW:
            until_ns = now_ns + _delay_ns(count)
            self._wrong[name] = (count, until_ns)
        return max(0, until_ns - now_ns)

    def wrong(self, name: str, now_ns: int) -> int:
        """Count a wrong try; returns the delay it brings."""
        count = self._of(name)[0] + 1
        delay_ns = _delay_ns(count)
        self._wrong[name] = (count, now_ns + delay_ns)
        self._write()
        return delay_ns

    def right(self, name: str) -> None:
        """A right PIN: what was wrong before is forgotten."""
        if self._of(name)[0]:
            self._wrong[name] = (0, 0)
            self._write()

    def _of(self, name: str) -> tuple[int, int]:
        return self._wrong.get(name, (self._others, _ANEW if self._others else 0))

    def _write(self) -> None:
        """Aside, to the disk, then in the old file's place; what fails is said."""
        if self._path is None:
            return
        wrong = {name: one for name, one in self._wrong.items() if one[0]}
        aside = self._path.with_name(self._path.name + ".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                aside.unlink()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(aside, flags, 0o600), "wb") as file:
                file.write(msgspec.json.encode(_File(_VERSION, self._boot_id, wrong)))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        except OSError as error:
            _say(f"{self._path} cannot be written ({error.strerror}): until it can, wrong PINs"
                 " are forgotten with the controller")  # fmt: skip


def _delay_ns(count: int) -> int:
    if count < FREE_COUNT:
        return 0
    return min(MOST_DELAY_NS, FIRST_DELAY_NS << min(count - FREE_COUNT, 16))


def _say(words: str) -> None:
    structlog.get_logger("people").warning("tries", words=words)
