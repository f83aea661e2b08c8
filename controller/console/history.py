"""Closed procedures, read from the record by this process: search, report, replay view.

The record is opened read-only, beside the controller that writes it, and read in a thread
of its own: whatever it costs, no page's hold waits for it and no loop knows of it. A
procedure is read at an address that is good for one browser and a short time, given to a
page that a person is in front of (the cookie alone reads nothing).
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from controller.console.played import played
from controller.record.reader import open_reader
from controller.record.report import NoSuchCaseError, choose, page
from controller.record.report_case import Case, cases
from controller.record.report_done import delivered
from controller.record.store import JournalError
from controller.record.verify import verify

CASES_MOST_COUNT: Final = 200
"""Procedures shown by one search, the newest."""
TICKETS_MOST_COUNT: Final = 32
TICKET_LIFE_NS: Final = 300_000_000_000
"""Five minutes: long enough to load and print, short enough to be worth nothing later."""
_NS_PER_MS: Final = 1_000_000

REPORT_HEADERS: Final = {
    # the report is one page with its style and pictures in itself, and no script runs in it
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox allow-modals",
    "x-frame-options": "SAMEORIGIN",
}


class Read(NamedTuple):
    """What a procedure is read as."""

    body: bytes
    kind: str
    headers: Mapping[str, str]


class Ticket(NamedTuple):
    """What an address stands for."""

    browser: str
    case: int
    form: str
    until_ns: int


class History:
    """The record of one room.

    Args:
        journal: Its file; read, never written.
        now_ns: Boot time, for the life of addresses.
    """

    def __init__(self, journal: Path, now_ns: Callable[[], int]) -> None:
        self._journal = journal
        self._now_ns = now_ns
        self._tickets: dict[str, Ticket] = {}
        self._one = asyncio.Semaphore(1)
        """One reading at a time: a record of years is large."""

    async def search(self, words: str) -> dict[str, Any]:
        """Procedures that contain all of the words, newest first."""
        async with self._one:
            try:
                found = await asyncio.to_thread(_found, self._journal, words.casefold().split())
            except JournalError as error:
                return {"cases": [], "words": str(error)}
        return {"cases": found, "words": ""}

    def ticket(self, browser: str, case: int, form: str) -> dict[str, Any]:
        """An address for one procedure, for this browser alone."""
        if form not in FORMS:
            return {"error": f"no form {form!r}; known: {', '.join(FORMS)}"}
        name = secrets.token_urlsafe(24)
        until_ns = self._now_ns() + TICKET_LIFE_NS
        self._tickets[name] = Ticket(browser, case, form, until_ns)
        while len(self._tickets) > TICKETS_MOST_COUNT:
            del self._tickets[next(iter(self._tickets))]
        return {"case": case, "form": form, "address": f"/history/{name}"}

    def revoke(self, browser: str) -> None:
        """The person is gone from the page: what they could read is closed."""
        gone = [name for name, ticket in self._tickets.items() if ticket.browser == browser]
        for name in gone:
            del self._tickets[name]

    async def read(self, name: str, browser: str) -> Read | None:
        """What is at an address; None when there is nothing for this browser (any more)."""
        ticket = self._tickets.get(name)
        if ticket is None or not browser or ticket.browser != browser:
            return None
        if self._now_ns() > ticket.until_ns:
            del self._tickets[name]
            return None
        async with self._one:
            try:
                return await asyncio.to_thread(_MAKE[ticket.form], self._journal, ticket.case)
            except (JournalError, NoSuchCaseError):
                return None


def _report(journal: Path, number: int) -> Read:
    case, _count = choose(journal, number)
    return Read(page(case, verify(journal)).encode(), "text/html; charset=utf-8", REPORT_HEADERS)


def _replay(journal: Path, number: int) -> Read:
    case, _count = choose(journal, number)
    # read by the page's own script, so the server's own policy holds
    return Read(orjson.dumps(played(case) | {"of": _row(case)}), "application/json", {})


_MAKE: Final[dict[str, Callable[[Path, int], Read]]] = {"report": _report, "replay": _replay}
FORMS: Final = tuple(_MAKE)
"""What an address may give: the report as a page, or the procedure to step through."""


def _found(journal: Path, words: list[str]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    with open_reader(journal) as rows:
        for case in cases(rows):
            row = _row(case)
            text = " ".join(str(value) for value in row.values()).casefold()
            if all(word in text for word in words):
                shown.append(row)
    return shown[: -CASES_MOST_COUNT - 1 : -1]


def _row(case: Case) -> dict[str, Any]:
    opened = case.opened()
    low_nl, high_nl = delivered(case)
    return {
        "case": case.number,
        "patient_name": opened.patient_name if opened else "",
        "patient_id": opened.patient_id if opened else "",
        "birth_date": opened.birth_date if opened else "",
        "accession": opened.accession if opened else "",
        "side": opened.side.value if opened else "",
        "performer": opened.performer if opened else "",
        "assistant": opened.assistant if opened else "",
        "mode": case.started.mode if case.started else "",
        "begin_utc_ms": case.begin_utc_ns // _NS_PER_MS,
        "end_utc_ms": case.end_utc_ns // _NS_PER_MS,
        "closed": case.closed,
        "low_nl": low_nl,
        "high_nl": high_nl,
    }
