"""Are closed procedures signed, and by whom? The part of ``verify`` that needs a key."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from controller.record.signing import PublicKey
from controller.record.store import SCHEMA_VERSION, schema_of
from controller.record.tamper import Finding

NO_KEY: Final = "no public key to check them with (--key)"


class Signed(NamedTuple):
    """A signature as it stands in the file."""

    number: int
    hash: bytes
    key: bytes
    signature: bytes


def signatures(connection: sqlite3.Connection) -> list[Signed]:
    """All signatures of an open record; none in a record of schema 1."""
    if schema_of(connection) < SCHEMA_VERSION:
        return []
    query = "SELECT number, hash, key, signature FROM signature ORDER BY number"
    return [
        Signed(number, *(part if isinstance(part, bytes) else b"" for part in parts))
        for number, *parts in connection.execute(query)
    ]


def judge(
    found: Sequence[Signed],
    closings: Sequence[int],
    hashes: Mapping[int, bytes],
    keys: Sequence[PublicKey],
) -> tuple[str, list[Finding]]:
    """What the signatures show, in words, and what is wrong with them.

    Args:
        found: signatures in the file.
        closings: numbers of the rows that close a procedure.
        hashes: hash of every row that holds, by its number.
        keys: public keys that may have signed.
    """
    if not keys:
        return f"{len(found)} signatures, {NO_KEY}" if found else "none, and no key", []
    by_key = {key.raw: key for key in keys}
    findings = list(_wrong(found, hashes, by_key))
    good = {one.number for one in found} - {finding.row for finding in findings}
    since = min(_since(key, hashes) for key in keys)
    early = sum(number <= since for number in closings)
    findings += [
        Finding("unsigned", number, f"row {number} closes a procedure and is not signed")
        for number in closings
        if number > since and not any(one.number == number for one in found)
    ]
    words = f"{len(good)} of {len(closings)} closings signed by a known key"
    return words + (f", {early} are older than the key" if early else ""), findings


def _since(key: PublicKey, hashes: Mapping[int, bytes]) -> int:
    """Row up to which nothing need be signed; 0 in a record that did not exist before the key."""
    return key.after_row if hashes.get(key.after_row) == key.after_hash else 0


def _wrong(
    found: Sequence[Signed], hashes: Mapping[int, bytes], by_key: Mapping[bytes, PublicKey]
) -> Iterator[Finding]:
    for one in found:
        key = by_key.get(one.key)
        if key is None:
            words = f"row {one.number} is signed by another key ({one.key.hex()[:16]})"
            yield Finding("stranger", one.number, words)
        elif not key.fits(one.number, one.hash, one.signature):
            words = f"row {one.number}: its signature was not made by the room's key"
            yield Finding("forged", one.number, words)
        elif one.number not in hashes:
            words = f"row {one.number} was signed, and is gone or changed"
            yield Finding("deleted", one.number, words)
        elif hashes[one.number] != one.hash:
            words = (
                f"row {one.number} is not the one that was signed: it, or a row before it, "
                "was written anew"
            )
            yield Finding("rewritten", one.number, words)
