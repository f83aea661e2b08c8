"""The pages: read once at the start, served from memory, each with its hash.

What is served is what was reviewed: nothing on the disk is looked at again, and there is
no path to wander out of, only names that are known.
"""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

STATIC: Final = Path(__file__).parent / "static"

_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


class File(NamedTuple):
    """One file of the pages."""

    data: bytes
    kind: str
    sha256: str


def load(folder: Path = STATIC) -> dict[str, File]:
    """Every file that a page may ask for, by its path below ``folder``; other kinds are left."""
    found: dict[str, File] = {}
    for path in sorted(folder.rglob("*")):
        kind = _KINDS.get(path.suffix)
        if kind is not None and path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            found[name] = File(data, kind, hashlib.sha256(data).hexdigest())
    return found


def version(files: dict[str, File]) -> str:
    """One hash over all of them: a page of another version loads itself anew."""
    whole = hashlib.sha256()
    for name, file in files.items():
        whole.update(f"{name} {file.sha256}\n".encode())
    return whole.hexdigest()
