"""Small stores beside the record: lines of JSON, each chained to the one before and signed.

What people calibrate and commission is written outside the loop, and must be believed by it:
so each line carries the SHA-256 of all before it and, where the room has a key (``journal
key``), that key's signature. A room with a key believes no line without one. Lines are only
ever added; nothing is taken back but by a newer line.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from controller.record.signing import Signer, load_public, load_signer, public_path
from controller.record.store import JournalError

FILE_MOST_BYTES: Final = 4_000_000
_GENESIS: Final = hashlib.sha256(b"galactograph store 1").hexdigest()


class StoreError(Exception):
    """A store cannot be read, believed or written; the text says which and why."""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line as it stands in the file."""

    number: int
    """From 1, without a gap."""
    prev: str
    hash: str
    body: dict[str, Any]
    key: str = ""
    signature: str = ""


_decode: Final = msgspec.json.Decoder(Line)


def digest(number: int, prev: str, body: dict[str, Any]) -> str:
    """Of everything in a line but itself; keys in order, so that one body has one hash."""
    text = msgspec.json.encode(body, order="sorted")
    return hashlib.sha256(f"{number}:{prev}:".encode() + text).hexdigest()


def read(path: Path, journal: Path) -> list[Line]:
    """Lines of a store, oldest first; none where there is no file.

    Args:
        path: of the store.
        journal: the record beside which the room's key is.

    Raises:
        StoreError: a line was changed, taken out or is not signed by the room's key.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MOST_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror})") from error
    if len(data) > FILE_MOST_BYTES:
        raise StoreError(f"{path} is longer than {FILE_MOST_BYTES} bytes")
    return _judged(path, data.splitlines(), _public(journal))


def _public(journal: Path) -> Any:
    path = public_path(journal)
    if not path.exists():
        return None
    try:
        return load_public(path)
    except JournalError as error:
        raise StoreError(str(error)) from error


def _judged(path: Path, lines: list[bytes], public: Any) -> list[Line]:
    found: list[Line] = []
    prev = _GENESIS
    for number, text in enumerate(lines, 1):
        try:
            line = _decode.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise StoreError(f"{path}: line {number} cannot be read ({error})") from error
        if (line.number, line.prev) != (number, prev):
            raise StoreError(f"{path}: line {number} does not follow the one before it")
        if line.hash != digest(number, prev, line.body):
            raise StoreError(f"{path}: line {number} was changed after it was written")
        if public is not None and not _signed(line, public):
            raise StoreError(
                f"{path}: line {number} is not signed by this room's key; was the key made after"
                " it? Then begin the store anew: move the file away"
            )
        found.append(line)
        prev = line.hash
    return found


def _signed(line: Line, public: Any) -> bool:
    try:
        signature = bytes.fromhex(line.signature)
    except ValueError:
        return False
    return bool(public.fits_store(line.number, bytes.fromhex(line.hash), signature))


def append(path: Path, journal: Path, body: dict[str, Any]) -> Line:
    """Add one line and bring it to the disk; one writer at a time.

    Raises:
        StoreError: what is there cannot be believed, or nothing can be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path):
            lines = read(path, journal)
            line = _made(lines, body, _signer(journal))
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror})") from error
    return line


def _signer(journal: Path) -> Signer | None:
    try:
        return load_signer(journal)
    except JournalError as error:
        raise StoreError(str(error)) from error


def _made(lines: list[Line], body: dict[str, Any], signer: Signer | None) -> Line:
    number, prev = len(lines) + 1, lines[-1].hash if lines else _GENESIS
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    line = Line(number, prev, digest(number, prev, plain), plain)
    if signer is None:
        return line
    key, signature = signer.sign_store(number, bytes.fromhex(line.hash))
    return msgspec.structs.replace(line, key=key.hex(), signature=signature.hex())


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = os.open(
        path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
