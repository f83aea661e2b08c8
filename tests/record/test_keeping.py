"""Backup, archive, restore, migrate: verified before they change anything; nothing is lost."""

import argparse
import os
import sqlite3
import stat
from contextlib import closing

import msgspec
import pytest

from controller.record import keeping, keeping_command, store
from controller.record.chain import decode
from controller.record.copies import copy
from controller.record.journal import Journal
from controller.record.keeping import Now, head_of
from controller.record.reader import newest_resume, side_days
from controller.record.replay import replay
from controller.record.signing import load_signer, public_path
from controller.record.store import JournalError
from controller.record.verify import verify
from state_machine import recovery
from state_machine.entries import RecordKept, Resume, SideDaySaved
from state_machine.ledger import Ledger, SideDay
from state_machine.requests import Side
from state_machine.state import Phase
from tests.record.journals import WAIT_S, forger, notes, plain_row, read_rows, wait_until

pytestmark = pytest.mark.hazard("HZ-RECORD")

NOW = Now(77, 78, "q. qa")
LOCKED = SideDay("A", Side.LEFT, 20_000, 1, 2, 1, locked_until_day=20_014)
DAY = SideDaySaved(2, 2, "A", "L", 20_000, 1, 2, 1, 20_014)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.journal"


def kept(phase=Phase.STANDBY):
    return msgspec.msgpack.encode(recovery.Kept(phase=phase, ledger=Ledger(days=(LOCKED,))))


def entries_of(phase=Phase.STANDBY):
    return [*notes(1, 1), DAY, Resume(3, 3, kept(phase)), *notes(4, 2)]


def written(path, phase=Phase.STANDBY):
    journal = Journal(path, signer=load_signer(path))
    for entry in entries_of(phase):
        journal.append([entry], boot_ns=entry.seq, utc_ns=entry.seq, urgent=True)
        wait_until(journal, lambda: journal.durable_seq() == journal.last_seq())
    assert journal.close(WAIT_S)
    return path


def written_by_an_older_program(path, rows=3):
    """A record of schema 1, as the programs before this one made it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (
            """CREATE TABLE block (
        number INTEGER PRIMARY KEY,
        first_seq INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        boot_ns INTEGER NOT NULL,
        utc_ns INTEGER NOT NULL,
        session TEXT NOT NULL,
        prev BLOB NOT NULL,
        body BLOB NOT NULL,
        hash BLOB NOT NULL)""",
            "CREATE INDEX block_resume ON block(number) WHERE "
            "instr(body, X'a5656e747279a6726573756d65') > 0",
            "CREATE INDEX block_side_day ON block(number) WHERE "
            "instr(body, X'a5656e747279a8736964652d646179') > 0",
            *store.TRIGGERS.values(),
            f"PRAGMA application_id = {store.APPLICATION_ID}",
            "PRAGMA user_version = 1",
            "PRAGMA journal_mode = WAL",
        ):
            connection.execute(statement)
        before = None
        for entry in entries_of():
            before = plain_row(before, [entry], entry.seq, entry.seq, "old/1")
            connection.execute(
                "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(before)[:9],
            )
    path.chmod(0o600)
    return path


def names(folder):
    return sorted(file.name for file in folder.iterdir())


# --- backup ---------------------------------------------------------------------------------------


def test_a_copy_is_the_record_as_one_file(path, tmp_path):
    written(path)
    target = tmp_path / "elsewhere" / "copy.journal"
    target.parent.mkdir()
    verdict = copy(path, target)
    assert verdict.ok
    assert read_rows(target) == read_rows(path)
    assert names(target.parent) == ["copy.journal"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_record_is_copied_while_it_is_written(path, tmp_path):
    journal = Journal(path)
    for seq in range(1, 4):
        journal.append(notes(seq, 1), boot_ns=seq, utc_ns=seq, urgent=True)
        wait_until(journal, lambda: journal.durable_seq() == journal.last_seq())
        assert copy(path, tmp_path / f"{seq}.journal").head_row == seq
    assert journal.close(WAIT_S)
    assert verify(path).ok


def test_a_copy_is_never_written_over_another_file(path, tmp_path):
    written(path)
    target = tmp_path / "there"
    target.write_bytes(b"mine")
    with pytest.raises(JournalError, match="there is a file already"):
        copy(path, target)
    assert target.read_bytes() == b"mine"


def test_a_record_that_does_not_hold_is_not_copied_as_if_it_did(path, tmp_path):
    written(path)
    with forger(path) as connection:
        connection.execute("UPDATE block SET utc_ns = 9 WHERE number = 2")
    with pytest.raises(JournalError, match=r"it does not hold \(row 2 was edited"):
        copy(path, tmp_path / "copy.journal")
    assert not (tmp_path / "copy.journal").exists()


def test_a_folder_that_is_not_there_is_said(path, tmp_path):
    written(path)
    with pytest.raises(JournalError, match="cannot be written"):
        copy(path, tmp_path / "nowhere" / "copy.journal")


# --- archive --------------------------------------------------------------------------------------


def test_an_archived_record_goes_on_in_a_new_one_with_its_volumes_and_locks(path):
    written(path)
    before = read_rows(path)
    verdict, aside = keeping.archive(path, NOW)
    assert read_rows(aside) == before
    assert stat.S_IMODE(aside.stat().st_mode) == 0o400
    found = newest_resume(path)
    assert found is not None
    state = msgspec.msgpack.decode(found.state, type=recovery.Kept)
    assert state.ledger.days == (LOCKED,)
    (first,) = read_rows(path)
    note = decode(first)[0]
    assert isinstance(note, RecordKept)
    assert (note.action, note.by) == ("archived", "q. qa")
    assert dict(note.facts) == {"file": aside.name, "head": head_of(verdict)}
    journal = Journal(path)
    assert journal.last_seq() == 2
    assert journal.close(WAIT_S)
    assert verify(path).ok
    assert not [name for name in names(path.parent) if "incoming" in name or "partial" in name]


def test_an_open_procedure_is_not_archived(path):
    written(path, Phase.INJECTING)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"a procedure is open in it \(injecting\)"):
        keeping.archive(path, NOW)
    assert path.read_bytes() == before


def test_a_record_in_use_is_not_archived(path):
    journal = Journal(path)
    with pytest.raises(JournalError, match="another controller is writing it"):
        keeping.archive(path, NOW)
    assert journal.close(WAIT_S)


def test_a_record_that_is_read_is_not_archived_under_its_reader(path):
    written(path)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM block").fetchone()
        with pytest.raises(JournalError, match="locked"):
            keeping.archive(path, NOW)
    assert len(read_rows(path)) == 5


# --- restore --------------------------------------------------------------------------------------


def test_a_lost_record_is_restored_and_says_so(path, tmp_path):
    written(path)
    backup = tmp_path / "backup.journal"
    head = copy(path, backup)
    for name in names(tmp_path):
        if name.startswith("record.journal"):
            (tmp_path / name).unlink()
    verdict, moved = keeping.restore(backup, path, NOW)
    assert verdict.ok
    assert moved == []
    note = decode(read_rows(path)[-1])[0]
    assert isinstance(note, RecordKept)
    assert dict(note.facts) == {"from": "backup.journal", "head": head_of(head)}
    assert side_days(path)[("A", "L")] == DAY


@pytest.mark.parametrize("damage", ["edited", "garbage", "older"])
def test_a_damaged_or_older_record_is_put_aside_whole(path, tmp_path, damage):
    written(path)
    backup = tmp_path / "backup.journal"
    copy(path, backup)
    if damage == "edited":
        with forger(path) as connection:
            connection.execute("UPDATE block SET utc_ns = 9 WHERE number = 2")
    elif damage == "garbage":
        path.write_bytes(b"\x00" * 5_000)
    else:
        path.unlink()
        Journal(path).close(WAIT_S)
    spoilt = path.read_bytes()
    verdict, moved = keeping.restore(backup, path, NOW)
    assert verdict.ok
    assert moved[0].read_bytes() == spoilt
    assert verify(path, head_of(verify(backup))).ok


def test_a_record_that_is_whole_and_knows_as_much_is_not_restored(path, tmp_path):
    written(path)
    backup = tmp_path / "backup.journal"
    copy(path, backup)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="it is whole and reaches row 5, the backup row 5"):
        keeping.restore(backup, path, NOW)
    assert path.read_bytes() == before
    assert not [name for name in names(tmp_path) if "incoming" in name]


def test_a_backup_that_does_not_hold_replaces_nothing(path, tmp_path):
    written(path)
    backup = tmp_path / "backup.journal"
    copy(path, backup)
    with forger(backup) as connection:
        connection.execute("DELETE FROM block WHERE number = 3")
    path.write_bytes(b"\x00" * 5_000)
    with pytest.raises(JournalError, match="it does not hold"):
        keeping.restore(backup, path, NOW)
    assert path.read_bytes() == b"\x00" * 5_000


def test_a_restore_that_was_not_finished_keeps_a_controller_from_beginning_anew(path):
    written(path)
    path.rename(store.incoming_path(path))
    with pytest.raises(JournalError, match="a restore was not finished"):
        Journal(path)
    assert not path.exists()


# --- migrate --------------------------------------------------------------------------------------


def test_an_older_record_is_read_as_it_is(path):
    written_by_an_older_program(path)
    assert [row.format for row in read_rows(path)] == [1] * 5
    assert verify(path).ok
    assert newest_resume(path) == Resume(3, 3, kept())
    assert side_days(path)[("A", "L")] == DAY
    assert list(replay(read_rows(path))) == []


def test_an_older_record_is_not_written_on_before_it_is_migrated(path):
    before = written_by_an_older_program(path).read_bytes()
    with pytest.raises(JournalError, match="version 1.*'galactograph journal migrate"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_migrated_record_keeps_every_row_and_hash_and_is_written_on(path):
    written_by_an_older_program(path)
    rows, head = read_rows(path), head_of(verify(path))
    verdict, copied = keeping.migrate(path, NOW)
    assert verdict.ok
    assert read_rows(path)[:-1] == rows == read_rows(copied)
    note = decode(read_rows(path)[-1])[0]
    assert isinstance(note, RecordKept)
    assert (note.action, dict(note.facts)["head"]) == ("migrated", head)
    journal = Journal(path)
    journal.append([Resume(7, 7, b"new")], boot_ns=7, utc_ns=7, urgent=True)
    wait_until(journal, lambda: journal.durable_seq() == 7)
    assert journal.close(WAIT_S)
    assert verify(path, head).ok
    assert newest_resume(path) == Resume(7, 7, b"new")
    assert side_days(path)[("A", "L")] == DAY  # a row of the first format, through the new index


def test_a_record_is_migrated_once(path):
    written(path)
    with pytest.raises(JournalError, match="it is of schema 2 already"):
        keeping.migrate(path, NOW)
    assert len(read_rows(path)) == 5


def test_an_older_record_that_was_changed_is_not_migrated(path):
    written_by_an_older_program(path)
    with forger(path) as connection:
        connection.execute("UPDATE block SET utc_ns = 9 WHERE number = 2")
    with pytest.raises(JournalError, match="it does not hold"):
        keeping.migrate(path, NOW)
    assert [row.format for row in read_rows(path)] == [1] * 5


# --- commands -------------------------------------------------------------------------------------


class Clock:
    def now_ns(self):
        return 77

    def utc_ns(self):
        return 78


def call(capsys, name, *arguments):
    parser = argparse.ArgumentParser()
    keeping_command.add_arguments(name, parser)
    status = keeping_command.run(name, parser.parse_args([str(a) for a in arguments]), Clock())
    return status, *capsys.readouterr()


def test_the_commands_one_after_another(path, tmp_path, capsys):
    written_by_an_older_program(path)
    status, out, err = call(capsys, "migrate", path, "--by", "q. qa")
    assert (status, err) == (0, "")
    assert "before   " in out
    status, out, _ = call(capsys, "key", path)
    assert status == 0
    assert "signs    what is closed after row 6" in out
    backup = tmp_path / "backup.journal"
    status, out, _ = call(capsys, "backup", path, backup)
    assert (status, "verified" in out) == (0, True)
    assert public_path(backup).read_bytes() == public_path(path).read_bytes()
    status, out, _ = call(capsys, "archive", path, "--by", "q. qa")
    assert (status, "goes on from it" in out) == (0, True)
    path.write_bytes(b"\x00" * 5_000)
    status, out, _ = call(capsys, "restore", backup, path, "--by", "q. qa")
    assert (status, "before the next patient" in out) == (0, True)
    status, out, err = call(capsys, "restore", backup, path, "--by", "q. qa")
    assert (status, out) == (1, "")
    assert "nothing was restored" in err


def test_a_command_for_a_file_that_is_not_there_is_refused(path, tmp_path, capsys):
    for name, *more in (
        ("backup", tmp_path / "copy"),
        ("archive", "--by", "q"),
        ("migrate", "--by", "q"),
    ):
        status, out, err = call(capsys, name, path, *more)
        assert (status, out) == (1, "")
        assert "there is no such file" in err
    assert not os.path.exists(path)
