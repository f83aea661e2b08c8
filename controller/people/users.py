"""The users file: who may log in, in which roles. JSON, 0600, replaced whole or not at all.

Read in the checker's thread and by the command, never in the loop's.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from state_machine.requests import Role

NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{1,31}$"
"""What is typed to log in."""
USERS_MOST_COUNT: Final = 500
FILE_MOST_BYTES: Final = 500_000
_VERSION: Final = 1


class UsersError(Exception):
    """The file cannot be read or written, or a change is refused; the text says what to do."""


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person."""

    name: Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
    """Typed to log in."""
    full_name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """Shown and recorded: ``by`` of the person's requests."""
    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1)]
    pin_hash: str
    disabled: bool = False

    def __repr__(self) -> str:
        """Without the hash."""
        return f"User({self.name!r}, {self.full_name!r}, {self.roles!r}, {self.disabled!r})"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    users: Annotated[tuple[User, ...], msgspec.Meta(max_length=USERS_MOST_COUNT)]


_decode: Final = msgspec.json.Decoder(_File)


def read(path: Path) -> tuple[User, ...]:
    """The users; none where there is no file yet.

    Raises:
        UsersError: it is not readable, not for its owner alone, or not a users file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise _unusable(path, "others may read or change it; make it yours, mode 0600")
        data = file.read(FILE_MOST_BYTES + 1)
    return parse(path, data)


def parse(path: Path, data: bytes) -> tuple[User, ...]:
    """Users of a file's bytes.

    Raises:
        UsersError: they are not a users file.
    """
    if len(data) > FILE_MOST_BYTES:
        raise _unusable(path, f"more than {FILE_MOST_BYTES} bytes")
    try:
        file = _decode.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(path, str(error)) from error
    if file.version != _VERSION:
        raise _unusable(path, f"version {file.version}; this program knows {_VERSION}")
    for what in ("name", "full_name"):
        seen = [getattr(user, what).casefold() for user in file.users]
        if len(seen) != len(set(seen)):
            raise _unusable(path, f"two users have the same {what}")
    return file.users


def find(users: tuple[User, ...], name: str) -> User | None:
    """The user who types this name."""
    return next((user for user in users if user.name == name), None)


@contextlib.contextmanager
def change(path: Path) -> Iterator[list[User]]:
    """The users, to be changed; written when the block ends well, one changer at a time.

    Raises:
        UsersError: the file cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(
            path.with_name(path.name + ".lock"),
            os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
            0o600,
        )
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        users = list(read(path))
        yield users
        _write(path, tuple(users))
    finally:
        os.close(lock)


def _write(path: Path, users: tuple[User, ...]) -> None:
    """Write aside, bring to the disk, then take the old file's place."""
    data = msgspec.json.format(msgspec.json.encode(_File(_VERSION, users)), indent=2) + b"\n"
    parse(path, data)  # what is written can be read again
    aside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise _unusable(path, error.strerror or str(error)) from error


def _unusable(path: Path, why: str) -> UsersError:
    return UsersError(f"users file {path}: {why}; nobody can log in by it until that is mended")
