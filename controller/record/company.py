"""How long an entry may wait for company in its row, before it goes to the disk."""

from collections.abc import Sequence
from typing import Final

from state_machine.entries import Entry, Inputs, Told
from state_machine.targets import Activity, Targets

FLUSH_S: Final = 0.1
"""An entry waits at most this long for company in its row."""
IDLE_FLUSH_S: Final = 1.0
"""The same, of readings of an idle room that nobody asked and nothing was decided from."""


class Company:
    """Which entries may wait for company longer: readings of an idle room, and nothing else."""

    def __init__(self) -> None:
        """As targets begin."""
        self._activity = Targets().activity

    def matter(self, entries: Sequence[Entry]) -> bool:
        """Something was decided, asked or is under way: not longer than ``FLUSH_S``."""
        for entry in entries:
            if isinstance(entry, Told) and entry.activity is not None:
                self._activity = entry.activity
        readings_alone = all(type(e) is Inputs and not e.requests for e in entries)
        return self._activity is not Activity.IDLE or not readings_alone
