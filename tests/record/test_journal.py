import hashlib
import os
import selectors
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from controller.record import bodies, store
from controller.record import journal as journal_module
from controller.record.chain import decode
from controller.record.company import Company
from controller.record.journal import Journal
from controller.record.reader import newest_pump, newest_resume, open_reader, side_days
from controller.record.store import JournalError
from controller.record.verify import verify
from state_machine.entries import Inputs, Noted, Resume, SideDaySaved, Told
from state_machine.readings import PumpReading
from state_machine.requests import OpenCase, Role
from state_machine.targets import Activity
from tests.record.journals import WAIT_S, forger, notes, read_rows, wait_until

pytestmark = pytest.mark.hazard("HZ-RECORD")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def opened(path):
    """Opens journals and closes them, whatever the test does."""
    journals = []

    def open_one(**options):
        journals.append(Journal(path, **({"retry_s": 0.01} | options)))
        return journals[-1]

    yield open_one
    for journal in journals:
        journal.close(WAIT_S)
    assert not [thread for thread in threading.enumerate() if thread.name == "journal-writer"]


def append(journal, first, count=1, urgent=True):
    journal.append(notes(first, count), boot_ns=first * 10, utc_ns=first * 100, urgent=urgent)


def append_bulk(journal, first, count):
    """Entries that do not become smaller by being packed."""
    entries = [
        Noted(seq, seq, hashlib.sha512(str(seq).encode()).hexdigest(), ())
        for seq in range(first, first + count)
    ]
    journal.append(entries, boot_ns=first, utc_ns=first, urgent=True)


def append_durably(journal, first, count=1):
    append(journal, first, count)
    wait_until(journal, lambda: journal.durable_seq() >= first + count - 1)


# --- writing ----------------------------------------------------------------------------------


def test_an_urgent_entry_becomes_durable_and_says_so(path, opened):
    journal = opened(flush_s=3600)  # only urgency can bring it to the disk
    append(journal, 1)
    wait_until(journal, lambda: journal.durable_seq() == 1)
    assert journal.fault() == ""
    row = read_rows(path)[0]
    assert decode(row) == notes(1, 1)
    assert (row.boot_ns, row.utc_ns, row.session) == (10, 100, journal.session())
    assert journal.head() == (1, row.hash.hex())


def test_entries_that_nothing_waits_for_become_durable_by_themselves(opened):
    journal = opened()
    append(journal, 1, urgent=False)
    append(journal, 2, urgent=False)
    wait_until(journal, lambda: journal.durable_seq() == 2)


def idle(seq):
    return [Inputs(seq, seq)]


def test_readings_of_an_idle_room_wait_longer_for_company(path, opened):
    journal = opened(flush_s=0.01, idle_flush_s=3600)
    for seq in (1, 2, 3):
        journal.append(idle(seq), boot_ns=seq, utc_ns=seq)
    append(journal, 4, urgent=False)  # something was noted: it takes them along
    wait_until(journal, lambda: journal.durable_seq() == 4)
    assert [row.last_seq for row in read_rows(path)] == [4]
    journal.append(idle(5), boot_ns=5, utc_ns=5)
    assert journal.close(WAIT_S)
    assert verify(path).entry_count == 5


@pytest.mark.parametrize(
    ("entries", "matter"),
    [
        ([Inputs(1, 1)], False),
        ([Inputs(1, 1, requests=(OpenCase("eva", Role.QA),))], True),
        ([Inputs(1, 1), Resume(2, 1, b"")], True),
        ([Inputs(1, 1), Told(2, 1, activity=Activity.IDLE)], True),
    ],
)
def test_what_may_wait_is_readings_that_nobody_asked_and_nothing_came_of(entries, matter):
    assert Company().matter(entries) == matter


def test_readings_wait_no_longer_while_anything_is_under_way():
    company = Company()
    company.matter([Told(1, 1, activity=Activity.ACTIVE)])
    assert company.matter(idle(2))
    company.matter([Told(3, 1, activity=Activity.IDLE)])
    assert not company.matter(idle(4))


def test_the_wake_descriptor_is_quiet_until_something_changed(opened):
    journal = opened()
    with selectors.DefaultSelector() as selector:
        selector.register(journal.wake_fileno(), selectors.EVENT_READ)
        assert not selector.select(0)
        append(journal, 1)
        assert selector.select(WAIT_S)
        journal.drain_wake()
        assert not selector.select(0)


def test_a_backlog_is_written_in_bounded_rows_in_order(path, opened):
    journal = opened(flush_s=3600)
    for first in range(1, 2501, 50):
        append(journal, first, 50, urgent=False)
    assert journal.close(WAIT_S)
    rows = read_rows(path)
    assert max(row.last_seq - row.first_seq + 1 for row in rows) <= journal_module.ROW_COUNT
    assert rows[-1].last_seq == 2500
    assert verify(path).ok


def test_closing_writes_what_waits(path, opened):
    journal = opened(flush_s=3600)
    append(journal, 1, 3, urgent=False)
    assert journal.close(WAIT_S)
    assert verify(path).entry_count == 3


def test_an_empty_append_is_nothing(path, opened):
    journal = opened()
    journal.append([], boot_ns=1, utc_ns=1)
    assert journal.close(WAIT_S)
    assert read_rows(path) == []
    assert journal.head() == (0, "")


def test_the_file_is_for_its_owner_only(path, opened):
    journal = opened()
    append_durably(journal, 1)
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + ".lock")):
        assert stat.S_IMODE(name.stat().st_mode) == 0o600


def test_a_commit_waits_for_the_disk_itself(opened):
    # FULL (2) synchronises the log at every commit; with less, "durable" would be a hope.
    connection = opened()._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_reader_works_beside_the_writer(path, opened):
    journal = opened()
    append_durably(journal, 1)
    with open_reader(path) as rows:
        assert next(rows).last_seq == 1
        append_durably(journal, 2)
    assert verify(path).entry_count == 2


# --- opening again ----------------------------------------------------------------------------


def test_a_new_run_continues_chain_and_numbers(path, opened):
    first = opened()
    append_durably(first, 1, 5)
    head = first.head()
    assert first.close(WAIT_S)
    second = opened()
    assert (second.last_seq(), second.durable_seq(), second.head()) == (5, 5, head)
    append_durably(second, 6)
    assert second.close(WAIT_S)
    verdict = verify(path, f"{head[0]}:{head[1]}")
    assert verdict.ok
    assert len(verdict.sessions) == 2


def test_a_second_writer_is_refused_in_words(path, opened):
    journal = opened()
    append_durably(journal, 1)
    with pytest.raises(JournalError, match="another controller is writing it .* close that one"):
        opened()
    append_durably(journal, 2)  # and the first is not disturbed


def test_a_damaged_tail_is_refused_in_words(path, opened):
    journal = opened()
    append_durably(journal, 1)
    append_durably(journal, 2)
    journal.close(WAIT_S)
    with forger(path) as connection:
        connection.execute("UPDATE block SET utc_ns = 1 WHERE number = 2")
    with pytest.raises(JournalError, match="row 2 does not match its own hash; keep it"):
        opened()


@pytest.mark.parametrize("content", [b"some text, not a database " * 99, b"SQLite format 3\0" * 64])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(path, opened, content):
    path.write_bytes(content)
    with pytest.raises(JournalError, match="journal .*journal.db: it is"):
        opened()
    assert path.read_bytes() == content


def test_another_version_is_refused_in_words(path, opened):
    opened().close(WAIT_S)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(JournalError, match="version 3, this program reads version 1 to 2"):
        opened()


def test_a_folder_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(JournalError, match="check that its folder exists and is writable"):
        Journal(tmp_path / "nowhere" / "journal.db")


def test_a_folder_that_may_only_be_read_is_refused_in_words(path, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError, match="Read-only file system.*writable"):
        Journal(path)


def test_a_creator_killed_before_the_first_transaction_leaves_a_usable_file(path, opened):
    path.touch(0o600)
    append_durably(opened(), 1)


# --- the record cannot be changed by honest means ------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE block SET utc_ns = 0",
        "DELETE FROM block",
        "INSERT OR REPLACE INTO block SELECT * FROM block WHERE number = 1",
        "INSERT INTO block SELECT 9, 1, 1, 0, 0, '', prev, body, hash, 2, 0 FROM block",
    ],
)
def test_the_file_refuses_to_be_changed(path, opened, statement):
    journal = opened()
    append_durably(journal, 1)
    append_durably(journal, 2)
    journal.close(WAIT_S)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert verify(path).ok


# --- faults -------------------------------------------------------------------------------------


def limit_pages(monkeypatch, limits):
    """The disk is full: SQLite itself refuses to grow the file, like ENOSPC makes it."""
    real = store.open_writable

    def opener(path):
        connection = real(path)
        if limits:
            connection.execute(f"PRAGMA max_page_count = {limits[0]}")
        return connection

    monkeypatch.setattr(journal_module, "open_writable", opener)


def test_a_full_disk_is_said_entries_are_kept_and_written_when_there_is_room(
    path, opened, monkeypatch
):
    limits = [16]
    limit_pages(monkeypatch, limits)
    journal = opened()
    seq = 0
    while not journal.fault():
        append_bulk(journal, seq + 1, 40)
        seq += 40
        wait_until(
            journal, lambda: journal.fault() != "" or journal.durable_seq() == journal.last_seq()
        )
    stood = journal.durable_seq()
    assert stood < seq
    assert "the disk is full" in journal.fault()
    assert str(path) in journal.fault()
    assert "free space" in journal.fault()
    append(journal, seq + 1)
    limits.clear()  # space was freed
    wait_until(journal, lambda: journal.durable_seq() == seq + 1)
    assert journal.fault() == ""
    assert journal.close(WAIT_S)
    assert verify(path).entry_count == seq + 1


def test_closing_on_a_full_disk_ends_and_says_that_entries_are_missing(path, opened, monkeypatch):
    limit_pages(monkeypatch, [9])
    journal = opened(retry_s=3600)
    append_bulk(journal, 1, 900)
    wait_until(journal, lambda: journal.fault() != "")
    assert not journal.close(WAIT_S)
    assert "the disk is full" in journal.fault()
    assert verify(path).ok


def test_a_full_queue_is_a_fault_and_the_gap_never_becomes_durable(path, opened, monkeypatch):
    limits = [1]
    limit_pages(monkeypatch, limits)
    journal = opened(queue_count=100)
    append_bulk(journal, 1, 100)
    wait_until(journal, lambda: journal.fault() != "")
    append(journal, 101, 2)
    assert "gap from entry 101" in journal.fault()
    assert journal.lost_count() == 2
    limits.clear()
    wait_until(journal, lambda: journal.durable_seq() == 100)
    append(journal, 103)
    wait_until(journal, lambda: journal.head()[0] == 2)  # still recorded, but
    assert journal.durable_seq() == 100
    assert "gap from entry 101" in journal.fault()
    assert not journal.close(WAIT_S)
    assert [finding.kind for finding in verify(path).findings] == ["gap"]


def test_room_in_the_queue_is_there_before_the_entries_are_said_to_be_durable(opened, monkeypatch):
    waiting = []
    journal = opened(queue_count=5)
    wake = journal._wake

    def look_and_wake():
        waiting.append(journal._accepted_count - journal._written_count)
        wake()

    monkeypatch.setattr(journal, "_wake", look_and_wake)
    append_durably(journal, 1, 5)
    assert waiting == [0]


def test_entries_out_of_number_are_a_fault(opened):
    journal = opened()
    append_durably(journal, 1)
    append(journal, 5)
    assert "entry 5 came after entry 1" in journal.fault()
    wait_until(journal, lambda: journal.head()[0] == 2)
    assert journal.durable_seq() == 1


def test_a_file_locked_by_another_program_is_said_and_waited_for(path, opened):
    journal = opened()
    append_durably(journal, 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    append(journal, 2)
    wait_until(journal, lambda: journal.fault() != "")
    assert "another process holds it locked" in journal.fault()
    assert journal.durable_seq() == 1
    other.execute("ROLLBACK")
    other.close()
    wait_until(journal, lambda: journal.durable_seq() == 2)
    assert journal.fault() == ""


def test_a_file_that_became_read_only_is_said(opened):
    journal = opened(retry_s=3600)
    append_durably(journal, 1)
    journal._connection.execute("PRAGMA query_only = ON")
    append(journal, 2)
    wait_until(journal, lambda: journal.fault() != "")
    assert "it may only be read" in journal.fault()


def test_another_program_that_wrote_a_row_is_said_and_nothing_is_written_over(path, opened):
    journal = opened()
    append_durably(journal, 1)
    other = sqlite3.connect(path)
    other.execute("INSERT INTO block SELECT 2, 2, 2, 0, 0, '', hash, body, hash, 2, 0 FROM block")
    other.commit()
    other.close()
    append(journal, 2)
    wait_until(journal, lambda: "another program wrote into it" in journal.fault())
    assert journal.durable_seq() == 1


def test_a_row_that_reached_the_disk_although_the_commit_failed_is_not_written_twice(
    path, opened, monkeypatch
):
    real = store.insert

    def insert_and_fail(connection, row, signature):
        real(connection, row, signature)
        monkeypatch.setattr(journal_module, "insert", real)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal_module, "insert", insert_and_fail)
    journal = opened()
    append_durably(journal, 1)
    append_durably(journal, 2)
    assert [row.last_seq for row in read_rows(path)] == [1, 2]


def test_a_writer_that_dies_is_a_fault(opened):
    journal = opened()
    journal.append(notes(1, 1), boot_ns=object(), utc_ns=1, urgent=True)
    wait_until(journal, lambda: journal.fault() != "")
    assert "its writer stopped" in journal.fault()
    assert journal.durable_seq() == 0


# --- a controller that is killed -----------------------------------------------------------------

_CHILD = """
import itertools, sys
from pathlib import Path
from controller.record.journal import Journal
from tests.record.journals import notes, wait_until
journal = Journal(Path(sys.argv[1]))
for seq in itertools.count(1):
    journal.append(notes(seq, 1), boot_ns=seq, utc_ns=seq, urgent=True)
    wait_until(journal, lambda: journal.durable_seq() >= seq)
    print(seq, flush=True)
"""


def test_what_was_durable_survives_kill_9_and_the_next_run_continues(path, opened):
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout
        for line in child.stdout:
            if int(line) >= 40:
                break
    finally:
        child.send_signal(signal.SIGKILL)
        rest = child.communicate(timeout=WAIT_S)[0]
    promised = int(([line, *rest.split("\n")[:-1]])[-1])
    assert child.returncode == -signal.SIGKILL
    verdict = verify(path)
    assert verdict.ok
    assert verdict.entry_count >= promised >= 40
    journal = opened()  # the dead controller's lock is gone with it
    append_durably(journal, journal.last_seq() + 1)
    assert verify(path).ok


# --- what recovery reads --------------------------------------------------------------------------


def saved(seq, patient, side, high_nl):
    return SideDaySaved(seq, 0, patient, side, 20_000, 0, high_nl, 1)


def test_recovery_finds_the_newest_of_each(path, opened):
    journal = opened()
    assert newest_resume(path) is None
    assert side_days(path) == {}
    entries = [
        Resume(1, 0, b"old"),
        saved(2, "A", "L", 100),
        saved(3, "A", "R", 200),
        saved(4, "A", "L", 300),
        # A state that happens to hold the searched pattern is no entry of that kind.
        Resume(5, 0, b"\xa5entry\xa8side-day"),
        *notes(6, 5),
    ]
    for entry in entries:
        journal.append([entry], boot_ns=1, utc_ns=1, urgent=True)
    wait_until(journal, lambda: journal.durable_seq() == 10)
    assert newest_resume(path) == entries[4]
    assert side_days(path) == {("A", "L"): entries[3], ("A", "R"): entries[2]}


def heard(seq, infused_nl):
    return Inputs(seq, seq, pump=PumpReading(at_ns=seq, infused_nl=infused_nl))


def test_recovery_finds_what_the_pump_said_last(path, opened):
    first = opened()
    for entry in (heard(1, 10), Resume(2, 2, b"x"), heard(3, 30), Inputs(4, 4), heard(5, 50)):
        assert newest_pump(path) is None or entry.seq > 3
        first.append([entry], boot_ns=1, utc_ns=1, urgent=True)
        wait_until(first, lambda: first.durable_seq() == first.last_seq())
    assert newest_pump(path) == heard(5, 50).pump
    assert first.close(WAIT_S)
    second = opened()  # its driver counts power-ups anew: what it hears says nothing
    second.append([heard(6, 60)], boot_ns=1, utc_ns=1, urgent=True)
    wait_until(second, lambda: second.durable_seq() == 6)
    assert newest_pump(path) == heard(5, 50).pump
    second.append([Resume(7, 7, b"y"), heard(8, 80)], boot_ns=1, utc_ns=1, urgent=True)
    wait_until(second, lambda: second.durable_seq() == 8)
    assert newest_pump(path) == heard(8, 80).pump


def test_recovery_takes_no_ledger_from_a_changed_row(path, opened):
    journal = opened()
    journal.append([saved(1, "A", "L", 100), Resume(2, 0, b"x")], boot_ns=1, utc_ns=1)
    journal.close(WAIT_S)
    with forger(path) as connection:
        connection.execute("UPDATE block SET body = CAST(body || X'00' AS BLOB)")
    with pytest.raises(JournalError, match="row 1 does not match its own hash"):
        side_days(path)
    with pytest.raises(JournalError, match="row 1 does not match its own hash"):
        newest_resume(path)


def test_recovery_reads_through_an_index(path, opened):
    # Weeks of samples must not stand between a restart and its locks.
    opened().close(WAIT_S)
    connection = sqlite3.connect(path)
    for condition, index in (
        (store.HOLDS[bodies.RESUME], "block_resume"),
        (store.HOLDS[bodies.SIDE_DAY], "block_side_day"),
    ):
        query = f"EXPLAIN QUERY PLAN SELECT body FROM block WHERE {condition} ORDER BY number DESC"
        assert index in str(connection.execute(query).fetchall())
    connection.close()
