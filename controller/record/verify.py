"""Does the record hold together? Finds tampering and gaps, and says where.

Each row is checked against its own hash, against its neighbours and against what its
entries say. A row that does not match is tried under the numbers it may have had, so that
rows that moved, rows that were put in and rows that are gone can be told apart.

What no chain can show by itself is that its newest rows are missing, or that the whole
file was written anew. For that, give the head that the report prints, or the public key
of the room: closed procedures are signed (``signing``).
"""

import argparse
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from controller.record import bodies, signed
from controller.record.chain import Row, RowError, decode, is_genuine
from controller.record.signing import PublicKey, ends_procedure, load_public, public_path
from controller.record.store import (
    SCHEMA_VERSION,
    SIGNATURE_TRIGGERS,
    SQLITE_ERRORS,
    TRIGGERS,
    JournalError,
    in_words,
    open_readable,
    schema_of,
    select,
)
from controller.record.tamper import Finding, Seen, analyse, places

ANCHOR_LEAST: Final = 16
"""Hex digits of a printed hash that must be given at least."""
_NEAR: Final = 64
"""A row is tried under numbers this far away, besides its place in the chain."""


class Verdict(msgspec.Struct, frozen=True):
    """What ``verify`` found."""

    ok: bool
    path: str
    row_count: int
    entry_count: int
    head_row: int
    head_hash: str
    sessions: tuple[str, ...]
    anchor: str
    """What the printed head showed; says so when none was given."""
    signatures: str
    """What signatures under closed procedures showed."""
    findings: tuple[Finding, ...]


class Anchor(msgspec.Struct, frozen=True):
    """A printed head; ``row`` 0 when only the hash was given."""

    row: int
    hash_hex: str


def verify(path: Path, anchor: str | None = None, keys: Sequence[PublicKey] = ()) -> Verdict:
    """Check a whole journal, read-only, also while a controller writes it.

    Args:
        path: The journal's file.
        anchor: A printed head: its hash (at least 16 hex digits) or ``ROW:HASH``. With the
            row number, rows missing at the end can be counted.
        keys: Public keys that may have signed, besides the one that lies beside the record.

    Raises:
        JournalError: The file cannot be read or is not a journal.
        ValueError: ``anchor`` is not a hash.
    """
    wanted = parse_anchor(anchor) if anchor else None
    seen: list[Seen] = []
    strangers: list[tuple[int, Row]] = []
    sessions: dict[str, None] = {}
    findings: list[Finding] = []
    closings: list[int] = []
    with _at_one_moment(path) as connection:
        for row in select(connection):
            if is_genuine(row):
                seen.append(_seen(row, row.number))
                findings.extend(_body_findings(row, closings))
            else:
                strangers.append((len(seen), row))
                seen.append(_seen(row, 0))
            sessions.setdefault(row.session)
        signs = signed.signatures(connection)
        findings.extend(_protection_findings(connection))
    if strangers:
        place = places(seen)
        for index, row in strangers:
            seen[index] = _seen(row, _true_number(row, place))
    findings.extend(analyse(seen))
    words, missing = _judge_anchor(seen, wanted)
    findings.extend(missing)
    genuine = {row.number: row.hash for row in seen if row.own == row.number}
    told, unsigned = signed.judge(signs, closings, genuine, (*keys, *_beside(path)))
    findings.extend(unsigned)
    return Verdict(
        ok=not findings,
        path=str(path),
        row_count=len(seen),
        entry_count=sum(row.last_seq - row.first_seq + 1 for row in seen),
        head_row=seen[-1].number if seen else 0,
        head_hash=seen[-1].hash.hex() if seen else "",
        sessions=tuple(sessions),
        anchor=words,
        signatures=told,
        findings=tuple(sorted(findings, key=lambda finding: finding.row)),
    )


@contextmanager
def _at_one_moment(path: Path) -> Iterator[sqlite3.Connection]:
    """Read the file as it is now, whatever a controller writes meanwhile."""
    with closing(open_readable(path)) as connection:
        try:
            connection.execute("BEGIN")
            yield connection
        except SQLITE_ERRORS as error:
            raise JournalError(in_words(path, error)) from error


def _seen(row: Row, own: int) -> Seen:
    return Seen(row.number, own, row.first_seq, row.last_seq, row.prev, row.hash)


def _true_number(row: Row, place: dict[bytes, int]) -> int:
    """The number the row's hash was made with; 0 when its content was changed."""
    candidates: list[int] = [place.get(row.hash, row.number)]
    candidates.extend(range(max(1, row.number - _NEAR), row.number + _NEAR + 1))
    for number in candidates:
        if is_genuine(msgspec.structs.replace(row, number=number)):
            return number
    return 0


def _beside(path: Path) -> tuple[PublicKey, ...]:
    beside = public_path(path)
    return (load_public(beside),) if beside.exists() else ()


def _body_findings(row: Row, closings: list[int]) -> Iterator[Finding]:
    """Entries of a genuine row: readable, numbered and of the kinds the row says.

    ``closings`` gets the row's number when it closes a procedure.
    """
    try:
        entries = decode(row)
    except RowError as error:
        yield Finding("unreadable", row.number, str(error))
        return
    numbers = [entry.seq for entry in entries]
    if ends_procedure(entries):
        closings.append(row.number)
    if row.format != bodies.PLAIN and row.holds != bodies.holding(entries):
        words = f"row {row.number} does not hold what it says: no controller writes that"
        yield Finding("edited", row.number, words)
    missing = sorted(set(range(row.first_seq, row.last_seq + 1)).difference(numbers))
    if missing or len(numbers) != row.last_seq - row.first_seq + 1:
        yield Finding(
            "gap",
            row.number,
            f"row {row.number} holds {len(numbers)} entries numbered {row.first_seq} to "
            f"{row.last_seq}; {len(missing)} are missing"
            f"{f', the first is {missing[0]}' if missing else ''}: the controller lost them "
            "(nobody changed the file)",
        )


def _protection_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    """The triggers that keep honest programs from changing rows."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    there = {name: " ".join(str(sql).split()) for name, sql in connection.execute(query)}
    current = schema_of(connection) >= SCHEMA_VERSION
    wanted = TRIGGERS | (SIGNATURE_TRIGGERS if current else {})
    for name, sql in wanted.items():
        if there.get(name) != " ".join(sql.split()):
            yield Finding(
                "unprotected",
                0,
                f"the file's protection {name} was removed or changed: somebody prepared it "
                "for editing",
            )


def parse_anchor(text: str) -> Anchor:
    """Read ``HASH`` or ``ROW:HASH`` as printed; spaces do not matter, nor does case.

    Raises:
        ValueError: It is neither.
    """
    row, colon, digits = "".join(text.split()).lower().rpartition(":")
    hexadecimal = len(digits) in range(ANCHOR_LEAST, 65) and not set(digits) - set(
        "0123456789abcdef"
    )
    if not hexadecimal or (colon and not row.isdecimal()):
        raise ValueError(
            f"anchor {text!r}: must be the head as the report prints it, HASH or ROW:HASH with "
            f"{ANCHOR_LEAST} to 64 hex digits"
        )
    return Anchor(int(row or 0), digits)


def _judge_anchor(seen: Sequence[Seen], wanted: Anchor | None) -> tuple[str, list[Finding]]:
    if wanted is None:
        return "none given: rows missing at the end, or a file written anew, cannot be seen", []
    head = seen[-1].number if seen else 0
    for row in seen:
        if row.own and row.hash.hex().startswith(wanted.hash_hex):
            return f"the printed head is row {row.own}; {head - row.number} rows follow it", []
    if wanted.row > head:
        gone = f"rows {head + 1} to {wanted.row}" if wanted.row > head + 1 else f"row {wanted.row}"
        words = f"the end was cut off: {gone} of the printed head missing"
        return "not in the file", [Finding("truncated", head + 1, words)]
    if wanted.row:
        words = f"row {wanted.row} is not the printed one: the file was written anew"
        return "not in the file", [Finding("rewritten", wanted.row, words)]
    words = "the printed head is not in the file: its end was cut off, or it was written anew"
    return "not in the file", [Finding("truncated", head + 1, words)]


# --- command --------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph journal verify``."""
    parser.add_argument("file", type=Path, help="the journal")
    parser.add_argument("--anchor", help="head printed on a report: HASH or ROW:HASH")
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        help="public key kept elsewhere (.pub); may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Check a journal and say what was found: 0 it holds, 1 it does not, 2 bad input."""
    try:
        keys = [load_public(path) for path in args.key]
        verdict = verify(args.file, args.anchor, keys)
    except (JournalError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if args.json:
        sys.stdout.write(msgspec.json.encode(verdict).decode() + "\n")
    else:
        sys.stdout.write(describe(verdict))
    return 0 if verdict.ok else 1


def describe(verdict: Verdict) -> str:
    """The verdict in words, one fact per line."""
    lines = [
        f"journal  {verdict.path}",
        f"rows     {verdict.row_count} with {verdict.entry_count} entries, "
        f"{len(verdict.sessions)} runs of the controller",
        f"head     {verdict.head_row}:{verdict.head_hash}",
        f"anchor   {verdict.anchor}",
        f"signed   {verdict.signatures}",
        *(f"BROKEN   {finding.words}" for finding in verdict.findings),
        f"verdict  {'the record holds' if verdict.ok else 'THE RECORD DOES NOT HOLD'}",
    ]
    return "\n".join(lines) + "\n"
