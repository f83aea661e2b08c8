"""A bad page costs the rows that stand in it, and no others; what is lost is said by place."""

import argparse
import fcntl
import json
import os
import sqlite3
import stat
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.record.chain import Row, make_row
from controller.record.journal import Journal
from controller.record.lock import lock_path
from controller.record.pages import Pages
from controller.record.salvage import add_arguments, run, salvage
from controller.record.signing import load_signer, make_key
from controller.record.store import JournalError, insert_as_it_stood, open_writable
from controller.record.verify import verify
from state_machine.entries import Noted, PhaseChanged
from tests.record.journals import WAIT_S, chain_of, notes, read_rows, wait_until, write_rows
from tests.record.test_keeping import written_by_an_older_program

pytestmark = pytest.mark.hazard("HZ-RECORD")

ROWS = chain_of(400)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A record of some dozen pages, as one file."""
    path = tmp_path_factory.mktemp("whole") / "record.journal"
    with closing(open_writable(path)) as connection:
        insert_as_it_stood(connection, ROWS, {})
        connection.execute("PRAGMA journal_mode = DELETE")
    return path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.journal"


def page_size(data):
    return int.from_bytes(data[16:18], "big")


def damaged(path, data, page, filler=b"\xa5"):
    """The file with one page overwritten."""
    size = page_size(data)
    path.write_bytes(data[: page * size] + filler * size + data[(page + 1) * size :])
    return path


def leaves(data):
    size = page_size(data)
    return [n for n in range(1, len(data) // size) if data[n * size] == 13]


def test_a_record_that_is_whole_is_taken_over_as_it_stands(path, whole, tmp_path):
    path.write_bytes(whole)
    out = tmp_path / "out.journal"
    done = salvage(path, out)
    assert (done.lost, done.damaged_rows, done.unreadable_pages) == ((), (), ())
    assert read_rows(out) == ROWS
    assert verify(out).ok
    assert stat.S_IMODE(out.stat().st_mode) == 0o400
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.journal", "record.journal"]


def test_around_a_bad_page_everything_stays_readable_and_the_gap_has_its_place(
    path, whole, tmp_path
):
    page = leaves(whole)[3]
    damaged(path, whole, page)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError):
        connection.execute("SELECT sum(length(body)) FROM block").fetchall()
    out = tmp_path / "out.journal"
    done = salvage(path, out)
    (gap,) = done.lost
    kept = {row.number for row in read_rows(out)}
    assert kept == {row.number for row in ROWS} - set(range(gap.first_row, gap.last_row + 1))
    lost = [row for row in ROWS if row.number not in kept]
    assert 1 <= len(lost) < 40
    assert (gap.first_seq, gap.last_seq) == (lost[0].first_seq, lost[-1].last_seq)
    size = page_size(whole)
    assert f"byte {(page - 1) * size}" in gap.words
    assert f"byte {(page + 1) * size}" in gap.words
    (finding,) = verify(out).findings
    assert finding.kind == "deleted"
    assert f"{gap.first_row} to {gap.last_row}" in finding.words


def test_the_tables_own_root_and_the_files_first_page_may_be_gone(path, whole, tmp_path):
    size = page_size(whole)
    inner = [n for n in range(1, len(whole) // size) if whole[n * size] == 5]
    for number, page in enumerate([0, *inner]):
        out = tmp_path / f"out{number}.journal"
        done = salvage(damaged(path, whole, page), out)
        assert read_rows(out) == ROWS, f"page {page}"
        assert not done.lost


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_damage_makes_a_row_that_was_not_written(whole, tmp_path_factory, data):
    """Any bytes anywhere: what comes out is a part of what went in, and nothing is raised."""
    folder = tmp_path_factory.mktemp("damage")
    bad = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(bad) - 1))
        new = data.draw(st.binary(min_size=1, max_size=200))
        bad[at : at + len(new)] = new
    (folder / "bad").write_bytes(bad[: data.draw(st.integers(0, len(bad)))])
    try:
        salvage(folder / "bad", folder / "out")
    except JournalError:
        return
    assert set(read_rows(folder / "out")) <= set(ROWS)


def test_rows_that_wait_in_the_log_are_found_with_their_overflow_pages(path, tmp_path):
    big = "".join(f"{number * 7919 % 10_007:x}" for number in range(6_000))
    entries = [Noted(seq, seq, "long", (("words", big[seq:]),)) for seq in range(1, 9)]
    rows: list[Row] = []
    for entry in entries:
        rows.append(make_row(rows[-1] if rows else None, [entry], 1, 1, "test/1"))
    assert all(len(row.body) > 2 * 4_096 for row in rows)
    copied = tmp_path / "copied.journal"
    with closing(open_writable(path)) as connection:
        insert_as_it_stood(connection, rows, {})
        # as after a power cut: the log was not written back
        copied.write_bytes(path.read_bytes())
        (tmp_path / "copied.journal-wal").write_bytes(
            (tmp_path / "record.journal-wal").read_bytes()
        )
    salvage(copied, tmp_path / "out.journal")
    assert read_rows(tmp_path / "out.journal") == rows


def test_signatures_come_with_the_rows_they_stand_under(path, tmp_path):
    make_key(path)
    journal = Journal(path, signer=load_signer(path))
    closed = PhaseChanged(2, 2, "aftercare", "close", "standby")
    journal.append([*notes(1, 1), closed], boot_ns=2, utc_ns=2, urgent=True)
    wait_until(journal, lambda: journal.durable_seq() == journal.last_seq())
    assert journal.close(WAIT_S)
    out = tmp_path / "out.journal"
    assert salvage(path, out).signature_count == 1
    out.with_suffix(".pub").write_bytes(path.with_suffix(".pub").read_bytes())
    assert verify(out).ok


def test_a_record_of_the_schema_before_is_salvaged_too(path, tmp_path):
    rows = read_rows(written_by_an_older_program(path))
    salvage(path, tmp_path / "out.journal")
    assert read_rows(tmp_path / "out.journal") == rows


def test_a_page_that_the_disk_does_not_give_is_named(path, whole, tmp_path, monkeypatch):
    path.write_bytes(whole)
    size, page = page_size(whole), leaves(whole)[2]
    true_pread = os.pread

    def failing(descriptor, length, offset):
        if offset == page * size and length == size:
            raise OSError(5, "Input/output error")
        return true_pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", failing)
    done = salvage(path, tmp_path / "out.journal")
    assert done.unreadable_pages == (page + 1,)
    assert len(done.lost) == 1


def test_a_row_that_does_not_match_its_hash_is_left_out_and_named(path, whole, tmp_path):
    body = ROWS[200].body
    path.write_bytes(whole.replace(body, bytes(len(body))))
    done = salvage(path, tmp_path / "out.journal")
    assert done.damaged_rows == (201,)
    assert [gap.first_row for gap in done.lost] == [201]


def test_a_controller_that_writes_it_is_not_disturbed(path, tmp_path):
    write_rows(path, ROWS[:3])
    with lock_path(path).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="a controller writes it"):
            salvage(path, tmp_path / "out.journal")
    salvage(path, tmp_path / "out.journal")


@pytest.mark.parametrize("content", [b"", b"no database at all", b"\0" * 9_000])
def test_a_file_without_one_row_says_so_and_leaves_nothing(path, tmp_path, content):
    path.write_bytes(content)
    with pytest.raises(JournalError, match="not one row"):
        salvage(path, tmp_path / "out.journal")
    assert [file.name for file in tmp_path.iterdir()] == ["record.journal"]


def test_nothing_is_written_over(path, whole, tmp_path):
    path.write_bytes(whole)
    (tmp_path / "out.journal").write_text("mine")
    with pytest.raises(JournalError, match="a file already"):
        salvage(path, tmp_path / "out.journal")
    assert (tmp_path / "out.journal").read_text() == "mine"


def commanded(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def test_the_command_says_what_is_lost_and_its_status_does(path, whole, tmp_path, capsys):
    path.write_bytes(whole)
    assert commanded(path, tmp_path / "a") == 0
    damaged(path, whole, leaves(whole)[1])
    assert commanded(path, tmp_path / "b") == 1
    said = capsys.readouterr().out
    assert "LOST     rows" in said
    assert commanded(path, tmp_path / "b") == 2
    assert commanded(path, tmp_path / "c", "--json") == 1
    assert json.loads(capsys.readouterr().out)["lost"][0]["first_row"] >= 1


def test_a_length_that_is_damaged_ends(path):
    """A row that claims more than the file has, in a chain of pages that goes round."""
    size = 512
    page = bytearray(size)
    page[0], page[3:5], page[8:10] = 13, (1).to_bytes(2, "big"), (20).to_bytes(2, "big")
    page[20:26] = b"\x83\xff\xff\x7f\x01\x02"
    head = bytearray(size)
    head[16:18] = size.to_bytes(2, "big")
    path.write_bytes(bytes(head) + bytes(page))
    pages = Pages(path)
    try:
        assert list(pages.rows()) == []
    finally:
        pages.close()
