"""Names and paths of room and procedure files, and their bytes."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from config.problems import ConfigError, ConfigUnreadable, Problem, nearest, shown
from config.reader import FILE_MOST_BYTES


def shipped(kind: str) -> dict[str, Path]:
    """Files that come with the program by name; ``kind`` is ``rooms`` or ``procedures``."""
    folder = Path(str(resources.files("config").joinpath(kind)))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def resolve(name_or_path: str) -> Path:
    """A shipped room's name, or the path of a file, as a path.

    Raises ``ConfigUnreadable`` when it is neither.
    """
    known = shipped("rooms")
    path = known.get(name_or_path, Path(name_or_path))
    if _is_file(path):
        return path
    raise ConfigUnreadable([_not_there(shown(name_or_path), "", "room", name_or_path, known)])


def procedure_path(room_path: Path, name: str) -> Path:
    """Path of the procedure a room file names: shipped, or a file beside the room file.

    Raises ``ConfigError`` when it is neither.
    """
    known = shipped("procedures")
    path = known.get(name, room_path.parent / name)
    if _is_file(path):
        return path
    file = str(room_path)
    raise ConfigError([_not_there(file, "room.procedure", "procedure", name, known)])


def read(path: Path) -> bytes:
    """The bytes of a file, at most one more than a file may have.

    Raises ``ConfigUnreadable`` with the system's reason.
    """
    try:
        with path.open("rb") as file:
            return file.read(FILE_MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        todo = f"it cannot be read ({reason}): check its owner and permissions"
        raise ConfigUnreadable([Problem(str(path), "", "", "a readable file", todo)]) from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a zero byte in it
        return False


def _not_there(file: str, key: str, kind: str, name: str, known: Mapping[str, Path]) -> Problem:
    close = nearest(name, known)
    todo = f'did you mean "{close}"?' if close else "check the name; no such file is there"
    allowed = f"a {kind} file, or one that comes with the program ({', '.join(known)})"
    return Problem(file, key, shown(name) if key else "", allowed, todo)
