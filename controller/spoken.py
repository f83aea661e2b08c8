"""The record, said aloud: what people want to read of it goes to the log as well.

The record stays the record; these lines may be dropped and are written outside the
loop's thread.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from controller.loop import Journal
from state_machine.entries import (
    AlarmChanged,
    Entry,
    Exposed,
    GateClosed,
    LedgerChanged,
    MotionEnded,
    PhaseChanged,
    Refused,
    Started,
)

_SPOKEN: Final = (
    Started,
    PhaseChanged,
    Refused,
    GateClosed,
    AlarmChanged,
    MotionEnded,
    LedgerChanged,
    Exposed,
)
_LONG: Final = ("limits", "at_ns")
_KEY: Final = {"event": "row"}
"""``event`` is the log line's own text."""


class SpokenJournal:
    """Passes entries on to the record and says some of them."""

    def __init__(self, journal: Journal) -> None:
        """Stand in front of a journal."""
        self._journal = journal
        self._log = structlog.get_logger("room")

    def append(
        self, entries: Sequence[Entry], *, boot_ns: int, utc_ns: int, urgent: bool = False
    ) -> None:
        """Record first, then say."""
        self._journal.append(entries, boot_ns=boot_ns, utc_ns=utc_ns, urgent=urgent)
        for entry in entries:
            if isinstance(entry, _SPOKEN):
                self._say(entry)

    def _say(self, entry: Entry) -> None:
        fields = {
            _KEY.get(name, name): getattr(entry, name)
            for name in entry.__struct_fields__
            if name not in _LONG
        }
        what = str(entry.__struct_config__.tag)
        loud = isinstance(entry, AlarmChanged) and entry.change == "raised"
        if loud or isinstance(entry, GateClosed):
            self._log.warning(what, **fields)
        else:
            self._log.info(what, **fields)

    def durable_seq(self) -> int:
        """How far the record is written."""
        return self._journal.durable_seq()

    def fault(self) -> str:
        """Why it cannot be written."""
        return self._journal.fault()
