"""What a chain of rows with broken places tells: edit, delete, insert, reorder, gap.

Works on what is kept of each row once it was read: the number it carries, and the number
its hash was made with (``own``; 0 when its content fits no number). From these two and the
links follows what was done and where. One act of tampering is named for what it is; where
several overlap, the places still hold and the names are a best guess.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from controller.record.chain import GENESIS

_NAMED: Final = 10
"""Rows named one by one before the rest is only counted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, at a row (0: the file as a whole)."""

    kind: str
    """edited, deleted, inserted, moved, rewritten, truncated, gap, unreadable, unprotected;
    of signatures: unsigned, forged, stranger."""
    row: int
    words: str


class Seen(NamedTuple):
    """What is kept of a row once it was read."""

    number: int
    """As it stands in the file."""
    own: int
    """The number its hash was made with; 0 when its content was changed."""
    first_seq: int
    last_seq: int
    prev: bytes
    hash: bytes


def places(seen: Sequence[Seen]) -> dict[bytes, int]:
    """Place of every hash along the links from the first row on, whatever the numbers say."""
    after: dict[bytes, list[Seen]] = {}
    for row in seen:
        after.setdefault(row.prev, []).append(row)
    found: dict[bytes, int] = {}
    here = GENESIS
    while candidates := [row for row in after.get(here, ()) if row.hash not in found]:
        # Where two rows follow the same one, the chain is the one that goes on.
        chosen = next((row for row in candidates if row.hash in after), candidates[0])
        here = chosen.hash
        found[here] = len(found) + 1
    return found


def analyse(seen: Sequence[Seen]) -> list[Finding]:
    """Findings about a file's rows, given in the order in which they stand in it."""
    original = _originals(seen)
    findings = [
        *_foreign(seen, original),
        *_deleted(seen, original),
        *_links(original),
        *_moved([row for row in seen if row.own and original[row.own] is row]),
    ]
    if not findings:
        findings.extend(_renumbered(seen))
    return findings


def _originals(seen: Sequence[Seen]) -> dict[int, Seen]:
    """By true number, the row the chain goes on from (of two that claim a number)."""
    continued = {row.prev for row in seen}
    original: dict[int, Seen] = {}
    for row in seen:
        rival = original.get(row.own)
        if row.own and (rival is None or (row.hash in continued and rival.hash not in continued)):
            original[row.own] = row
    return original


def _foreign(seen: Sequence[Seen], original: dict[int, Seen]) -> Iterator[Finding]:
    """Rows that are not what was written: changed in place, or put in."""
    for row in seen:
        if row.own and original[row.own] is not row:
            yield Finding(
                "inserted",
                row.number,
                f"row {row.number} was inserted: no later row continues from it, and another "
                "one holds its place in the chain",
            )
        elif not row.own and row.number in original:
            yield Finding(
                "inserted",
                row.number,
                f"row {row.number} was inserted: it does not match its own hash, and the rows "
                "around it hold together without it",
            )
        elif not row.own:
            yield Finding(
                "edited",
                row.number,
                f"row {row.number} was edited: its content does not match its own hash",
            )


def _deleted(seen: Sequence[Seen], original: dict[int, Seen]) -> Iterator[Finding]:
    present = sorted({*original, *(row.number for row in seen if not row.own)})
    for before, after in zip([0, *present], present, strict=False):
        if after > before + 1:
            gone = _span(before + 1, after - 1)
            yield Finding("deleted", before + 1, f"{gone} deleted (before row {after})")


def _span(first: int, last: int) -> str:
    return f"row {first} was" if first == last else f"rows {first} to {last} were"


def _links(original: dict[int, Seen]) -> Iterator[Finding]:
    """Neighbours in the chain: the link, and the numbers of their entries."""
    for number in sorted(original):
        row, before = original[number], original.get(number - 1)
        link = before.hash if before else GENESIS if number == 1 else row.prev
        if row.prev != link:
            changed = number - 1 or 1
            yield Finding(
                "rewritten",
                changed,
                f"row {changed} was edited and given a new hash: row {number} continues from "
                "another one",
            )
        elif (before or number == 1) and row.first_seq != (first := _next_seq(before)):
            yield Finding(
                "gap",
                number,
                f"entries {first} to {row.first_seq - 1} are missing before row {number}: the "
                "controller lost them (nobody changed the file)",
            )


def _next_seq(before: Seen | None) -> int:
    return before.last_seq + 1 if before else 1


def _moved(rows: Sequence[Seen]) -> Iterator[Finding]:
    """Rows out of order: those left over by the longest run that stands in order."""
    kept = _longest_ascending([row.own for row in rows])
    out = [row for row in rows if row.own not in kept]
    for row in out[:_NAMED]:
        yield Finding(
            "moved",
            row.own,
            f"row {row.own} was moved: it stands in the file as row {row.number}",
        )
    if len(out) > _NAMED:
        yield Finding("moved", out[_NAMED].own, f"{len(out) - _NAMED} more rows were moved")


def _longest_ascending(numbers: Sequence[int]) -> set[int]:
    """Members of a longest ascending subsequence (patience sorting)."""
    tails: list[int] = []
    before: dict[int, int] = {}
    for number in numbers:
        place = bisect_left(tails, number)
        before[number] = tails[place - 1] if place else 0
        tails[place : place + 1] = [number]
    kept: set[int] = set()
    here = tails[-1] if tails else 0
    while here:
        kept.add(here)
        here = before[here]
    return kept


def _renumbered(seen: Sequence[Seen]) -> Iterator[Finding]:
    wrong = [row for row in seen if row.own != row.number]
    if wrong:
        yield Finding(
            "moved",
            wrong[0].own,
            f"{len(wrong)} rows were renumbered, the first is row {wrong[0].own}, which "
            f"carries number {wrong[0].number}",
        )
