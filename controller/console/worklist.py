"""Who is scheduled: the shape in which a worklist source hands its rows to the page.

No source is built in: patients are entered by hand, and the record says so. What stands here
is what a source has to be, and what the page shows of it; a row is a proposal, which a person
reads back and whose breast they touch all the same.
"""

from typing import Any, Final, Protocol

import msgspec

ROWS_MOST_COUNT: Final = 200


class Scheduled(msgspec.Struct, frozen=True):
    """One procedure that is scheduled (DICOM modality worklist has each of these)."""

    accession: str
    patient_id: str
    patient_name: str
    birth_date: str
    """``YYYY-MM-DD``."""
    side: str
    """``L``, ``R``; empty where the order does not say."""
    procedure: str
    at: str
    """``YYYY-MM-DD HH:MM``, as scheduled."""
    status: str = ""
    performer: str = ""


class Worklist(msgspec.Struct, frozen=True):
    """What a source knows."""

    source: str
    """Where it is from, in words; empty = there is none."""
    age_s: int | None = None
    """How old it is; None = it was never had."""
    rows: tuple[Scheduled, ...] = ()
    words: str = ""
    """Why there is none, or none newer."""


class Source(Protocol):
    """Where scheduled procedures come from."""

    async def scheduled(self) -> Worklist:
        """What is known now; returns soon, whatever the network does."""


class ByHand:
    """No source: patients are entered by hand."""

    async def scheduled(self) -> Worklist:
        """None."""
        return Worklist(source="")


async def message(source: Source, words: str) -> dict[str, Any]:
    """The rows that contain all of the words, as the page gets them."""
    known = await source.scheduled()
    wanted = words.casefold().split()

    def fits(row: Scheduled) -> bool:
        text = " ".join(msgspec.structs.astuple(row)).casefold()
        return all(word in text for word in wanted)

    rows = [msgspec.to_builtins(row) for row in known.rows if fits(row)]
    return {
        "k": "worklist",
        "source": known.source,
        "age_s": known.age_s,
        "rows": rows[:ROWS_MOST_COUNT],
        "words": known.words,
    }
