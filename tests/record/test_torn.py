"""A last write that was torn: SQLite's log gives whole rows or none, and the chain goes on."""

import functools
import os
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.record.chain import broken_link
from controller.record.journal import Journal
from controller.record.store import insert, open_writable
from controller.record.verify import verify
from tests.record.journals import WAIT_S, chain_of, notes, read_rows, wait_until

pytestmark = pytest.mark.hazard("HZ-RECORD", "HZ-LOST-COUNT")

COUNT = 12


@functools.cache
def written():
    """Database and log as they lie on the disk after each of the rows."""
    states = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        with closing(open_writable(path)) as connection:
            for row in chain_of(COUNT):
                insert(connection, row)
                states.append((path.read_bytes(), Path(f"{path}-wal").read_bytes()))
    return states


@settings(max_examples=40, deadline=None)
@given(st.integers(1, COUNT - 1), st.data())
def test_a_log_torn_in_its_last_write_has_every_row_of_before(number, data):
    """Rows that were said to be durable are there; the torn one is there whole, or not at all."""
    database, before = written()[number - 1]
    _, after = written()[number]
    cut = data.draw(st.integers(len(before), len(after)))
    garbage = data.draw(st.binary(max_size=40))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.journal"
        path.write_bytes(database)
        Path(f"{path}-wal").write_bytes(after[:cut] + garbage)
        journal = Journal(path)
        found = journal.durable_seq() // 3
        assert found in (number, number + 1)
        assert found == number + 1 or cut < len(after)
        journal.append(notes(found * 3 + 1, 1), boot_ns=1, utc_ns=1, urgent=True)
        wait_until(journal, lambda: journal.durable_seq() == found * 3 + 1)
        assert journal.close(WAIT_S)
        assert verify(path).ok
        assert broken_link(read_rows(path)) == ""


def test_a_page_that_was_corrupted_is_said_and_what_is_whole_is_read(tmp_path):
    path = tmp_path / "record.journal"
    with closing(open_writable(path)) as connection:
        for row in chain_of(200):
            insert(connection, row)
        connection.execute("PRAGMA journal_mode = DELETE")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(os.urandom(4096))
    with pytest.raises(Exception, match=r"record.journal: it is damaged.*keep it as evidence"):
        verify(path)
