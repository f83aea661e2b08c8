"""What a record says, read again and again while its controller writes it."""

from contextlib import closing
from pathlib import Path

from controller.record.chain import decode
from controller.record.store import open_readable, select
from state_machine.entries import AlarmChanged, Entry, Inputs, LedgerChanged, PhaseChanged
from state_machine.readings import Motion


class Record:
    """The entries of one record but for the readings, which are most of it."""

    def __init__(self, path: Path) -> None:
        """Nothing read yet; the file need not be there."""
        self.path = path
        self.entries: list[Entry] = []
        self.running_seq = 0
        """Newest reading in which the pump was confirmed to run."""
        self._row_number = 0

    def more(self) -> "Record":
        """Read what was written since; returns itself."""
        if not self.path.exists():
            return self
        with closing(open_readable(self.path)) as connection:
            for row in select(connection, f"WHERE number > {self._row_number} ORDER BY number"):
                self._row_number = row.number
                for entry in decode(row):
                    if not isinstance(entry, Inputs):
                        self.entries.append(entry)
                    elif entry.pump is not None and entry.pump.motion is Motion.RUNNING:
                        self.running_seq = entry.seq
        return self

    def ledger(self) -> LedgerChanged | None:
        """The newest statement of what was delivered."""
        return next((e for e in reversed(self.entries) if isinstance(e, LedgerChanged)), None)

    def raised(self, since_ns: int) -> list[str]:
        """Alarms raised from an instant on, each once, in order."""
        names = [
            entry.alarm
            for entry in self.entries
            if isinstance(entry, AlarmChanged)
            and entry.change == "raised"
            and entry.at_ns >= since_ns
        ]
        return list(dict.fromkeys(names))

    def stops(self, since_ns: int, until_ns: int) -> int:
        """How often an injection was left for *arm* or *stopped* in a span."""
        flow, left = ("armed", "injecting", "holding"), ("arm", "stopped")
        return sum(
            isinstance(entry, PhaseChanged)
            and entry.source in flow
            and entry.phase in left
            and since_ns <= entry.at_ns < until_ns
            for entry in self.entries
        )
