"""Signatures under closed procedures: who has the room's key vouches for all rows so far.

The chain shows that nobody changed a row and left the rest; whoever can write the file can
chain it anew. A signature (Ed25519, RFC 8032) under the row that closes a procedure cannot
be made anew without the room's key. The key is made once, at commissioning, by a command
(``galactograph journal key``); it stays beside the record, for its owner alone. Its public
half belongs somewhere else, too: a copy beside the record proves nothing against who can
write there.

A row and its signature reach the disk in one transaction, in the journal writer's thread.
"""

import os
import re
import stat
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from controller.record.chain import Row
from controller.record.store import JournalError, Signature
from state_machine.entries import Entry, PhaseChanged
from state_machine.state import Phase

_DOMAIN: Final = b"galactograph closed procedure 1\0"
_STORE_DOMAIN: Final = b"galactograph store line 1\0"
"""Another thing is signed: no signature of a row is one of a line."""
_REPORT: Final = b"galactograph report 1\0"
"""Another domain: a signature under a report is none under a row, and the other way round."""
_ENDS: Final = frozenset({Phase.CLOSED.value, Phase.STANDBY.value})
_AFTER: Final = "signs what is closed after row "
_HEAD: Final = re.compile(_AFTER.encode() + rb"(\d{1,18}):((?:[0-9a-f]{64})?)")


class PublicKey(msgspec.Struct, frozen=True):
    """The public half, as it is kept beside the record and elsewhere."""

    raw: bytes
    """32 bytes."""
    after_row: int = 0
    after_hash: bytes = b""
    """Rows up to this one were there before the key, in the record that has this very row."""

    def fits(self, number: int, row_hash: bytes, signature: bytes) -> bool:
        """Whether this key signed that row."""
        return self._fits(_signed(number, row_hash), signature)

    def fits_store(self, number: int, line_hash: bytes, signature: bytes) -> bool:
        """Whether this key signed that line of a store (``chained.py``)."""
        return self._fits(_signed(number, line_hash, _STORE_DOMAIN), signature)

    def fits_report(self, digest: bytes, signature: bytes) -> bool:
        """Whether this key signed a report of that SHA-256."""
        return self._fits(_REPORT + digest, signature)

    def _fits(self, message: bytes, signature: bytes) -> bool:
        try:
            key = Ed25519PublicKey.from_public_bytes(self.raw)
            key.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """Holds the private key; signs rows."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Take a key."""
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        """The public half, 32 bytes."""

    def sign(self, row: Row) -> Signature:
        """Sign a row's number and hash, and with them every row before it."""
        return Signature(self.public, self._key.sign(_signed(row.number, row.hash)))

    def sign_store(self, number: int, line_hash: bytes) -> tuple[bytes, bytes]:
        """Public key and signature of a store's line, and with it every line before it."""
        return self.public, self._key.sign(_signed(number, line_hash, _STORE_DOMAIN))

    def sign_report(self, digest: bytes) -> bytes:
        """Sign a report (of commissioning, of checks) by its SHA-256."""
        return self._key.sign(_REPORT + digest)


def _signed(number: int, row_hash: bytes, domain: bytes = _DOMAIN) -> bytes:
    return domain + struct.pack(">q", number) + row_hash


def ends_procedure(entries: Iterable[Entry]) -> bool:
    """The entries close a procedure."""
    return any(isinstance(entry, PhaseChanged) and entry.phase in _ENDS for entry in entries)


def key_path(journal: Path) -> Path:
    """Where the private key of a record is."""
    return journal.with_suffix(".key")


def public_path(journal: Path) -> Path:
    """Where the public key of a record is."""
    return journal.with_suffix(".pub")


def make_key(journal: Path, after_row: int = 0, after_hash: bytes = b"") -> PublicKey:
    """Make a record's key, 0600, and its public half beside it; the newest row is named in it.

    Raises:
        JournalError: there is a key already, or it cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(key_path(journal), private, 0o600)
    head = f"{_AFTER}{after_row}:{after_hash.hex()}\n"
    _write_new(public_path(journal), head.encode() + public, 0o644)
    return PublicKey(key.public_key().public_bytes_raw(), after_row, after_hash)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise JournalError(
            f"key {path}: it is there already; a record has one key. Move it away first, and "
            "keep its public half: what it signed is verified with it"
        ) from error
    except OSError as error:
        raise JournalError(f"key {path}: it cannot be written ({error.strerror})") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def load_signer(journal: Path) -> Signer | None:
    """The record's key; None where none was made.

    Raises:
        JournalError: others may read it, or it is no Ed25519 key.
    """
    path = key_path(journal)
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"key {path}: it cannot be read ({error.strerror})") from error
    if stat.S_IMODE(mode) & 0o077:
        raise JournalError(
            f"key {path}: its mode is {stat.S_IMODE(mode):04o}, it must be for its owner alone "
            f"(chmod 600 {path}); if others could read it, make a new one"
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise JournalError(f"key {path}: it is no private key ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalError(f"key {path}: it must be an Ed25519 key; make it with 'journal key'")
    return Signer(key)


def load_public(path: Path) -> PublicKey:
    """A public key as ``make_key`` wrote it.

    Raises:
        JournalError: there is none, or it is no such key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(f"key {path}: it cannot be read ({error.strerror})") from error
    head, _, rest = content.partition(b"\n")
    after = _HEAD.fullmatch(head)
    try:
        key = serialization.load_pem_public_key(rest)
    except (ValueError, TypeError) as error:
        raise JournalError(f"key {path}: it is no public key ({error})") from error
    if not isinstance(key, Ed25519PublicKey) or after is None:
        raise JournalError(f"key {path}: it must be the .pub file that 'journal key' made")
    row, digits = after.groups()
    return PublicKey(key.public_bytes_raw(), int(row), bytes.fromhex(digits.decode()))
