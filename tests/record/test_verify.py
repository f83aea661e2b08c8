import argparse
import json
import sqlite3

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.record.chain import digest, make_row
from controller.record.store import JournalError, insert
from controller.record.verify import add_arguments, run, verify
from tests.record.journals import chain_of, forge, forger, notes, read_rows, write_rows

pytestmark = pytest.mark.hazard("HZ-RECORD")


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "journal.db"
    write_rows(path, chain_of(8))
    return path


def put(connection, row, number):
    insert(connection, msgspec.structs.replace(row, number=number))


def shift(connection, first, by):
    """Give the rows from ``first`` on other numbers, as a forger must to make room."""
    order = "DESC" if by > 0 else "ASC"
    numbers = connection.execute(
        f"SELECT number FROM block WHERE number >= ? ORDER BY 1 {order}", (first,)
    )
    for (number,) in numbers.fetchall():
        connection.execute("UPDATE block SET number = ? WHERE number = ?", (number + by, number))


def found(path, anchor=None):
    return [(finding.kind, finding.row) for finding in verify(path, anchor).findings]


def test_an_untouched_journal_holds_and_names_its_head(journal):
    rows = read_rows(journal)
    verdict = verify(journal)
    assert verdict.ok
    assert verdict.findings == ()
    assert (verdict.row_count, verdict.entry_count) == (8, 24)
    assert (verdict.head_row, verdict.head_hash) == (8, rows[-1].hash.hex())


@pytest.mark.parametrize("number", [1, 4, 8])
@pytest.mark.parametrize(
    "change",
    [
        "utc_ns = 1",
        "body = X'90'",
        "session = 'x'",
        "first_seq = 0",
        "boot_ns = 'text'",
        "hash = X'00'",
    ],
)
def test_an_edited_row_is_found_in_its_place(journal, number, change):
    with forger(journal) as connection:
        connection.execute(f"UPDATE block SET {change} WHERE number = {number}")
    assert ("edited", number) in found(journal)


def test_an_edited_row_with_a_new_hash_is_found_by_the_row_behind_it(journal):
    rows = read_rows(journal)
    forged = forge(rows[4], rows[3])
    with forger(journal) as connection:
        connection.execute("DELETE FROM block WHERE number = 5")
        insert(connection, forged)
    assert found(journal) == [("rewritten", 5)]


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize(("first", "last"), [(1, 1), (3, 3), (3, 5), (1, 4)])
def test_deleted_rows_are_found_in_their_place(journal, first, last, renumber):
    with forger(journal) as connection:
        connection.execute(f"DELETE FROM block WHERE number BETWEEN {first} AND {last}")
        if renumber:
            shift(connection, last + 1, first - last - 1)
    assert found(journal) == [("deleted", first)]


@pytest.mark.parametrize("number", [1, 4, 8])
def test_an_inserted_row_that_fits_its_hash_is_found_in_its_place(journal, number):
    rows = read_rows(journal)
    forged = forge(rows[number - 1], rows[number - 2] if number > 1 else None)
    with forger(journal) as connection:
        shift(connection, number, 1)
        insert(connection, forged)
    verdict = verify(journal)
    assert [finding.kind for finding in verdict.findings] == ["inserted"]
    # At the very end two rows claim to be the newest one; either may be the forged one.
    assert verdict.findings[0].row in ({number} if number < 8 else {8, 9})


def test_an_inserted_row_with_a_made_up_hash_is_found_in_its_place(journal):
    rows = read_rows(journal)
    with forger(journal) as connection:
        shift(connection, 4, 1)
        put(connection, msgspec.structs.replace(rows[0], body=b"\x90", hash=b"h" * 32), 4)
    assert found(journal) == [("inserted", 4)]


def test_a_copied_row_is_found_in_its_place(journal):
    rows = read_rows(journal)
    with forger(journal) as connection:
        shift(connection, 6, 1)
        put(connection, rows[2], 6)
    assert [kind for kind, _ in found(journal)] == ["inserted"]


@pytest.mark.parametrize(("one", "other"), [(3, 4), (2, 7), (1, 8)])
def test_exchanged_rows_are_found(journal, one, other):
    with forger(journal) as connection:
        for old, new in ((one, 999), (other, one), (999, other)):
            connection.execute("UPDATE block SET number = ? WHERE number = ?", (new, old))
    findings = found(journal)
    assert {kind for kind, _ in findings} == {"moved"}
    assert {row for _, row in findings} <= {one, other}


def test_rows_with_other_numbers_and_nothing_else_are_found(journal):
    with forger(journal) as connection:
        shift(connection, 1, 200)
    assert found(journal) == [("moved", 1)]


def test_a_cut_end_is_found_with_the_printed_head_and_counted(journal):
    rows = read_rows(journal)
    with forger(journal) as connection:
        connection.execute("DELETE FROM block WHERE number > 6")
    assert verify(journal).ok  # the chain alone cannot know: the verdict says so
    assert "cannot be seen" in verify(journal).anchor
    assert found(journal, rows[7].hash.hex()) == [("truncated", 7)]
    verdict = verify(journal, f"8:{rows[7].hash.hex()}")
    assert "rows 7 to 8" in verdict.findings[0].words


def test_a_journal_written_anew_is_found_with_the_printed_head(journal, tmp_path):
    rows = read_rows(journal)
    forged = [*rows[:3], forge(rows[3], rows[2])]
    for row in rows[4:]:
        forged.append(make_row(forged[-1], notes(row.first_seq, 3), 1, 1, "test/1"))
    anew = tmp_path / "anew.db"
    write_rows(anew, forged)
    assert verify(anew).ok
    assert found(anew, f"8:{rows[7].hash.hex()}") == [("rewritten", 8)]


def test_an_older_printed_head_holds_and_says_what_followed(journal):
    rows = read_rows(journal)
    verdict = verify(journal, rows[5].hash.hex()[:16].upper())
    assert verdict.ok
    assert verdict.anchor == "the printed head is row 6; 2 rows follow it"


def test_entries_the_controller_lost_are_a_gap_and_no_tampering(tmp_path):
    first = make_row(None, notes(1, 3), 1, 1, "s")
    second = make_row(first, notes(6, 2), 1, 1, "s")
    third = make_row(second, [*notes(8, 1), *notes(10, 1)], 1, 1, "s")
    write_rows(tmp_path / "gap.db", [first, second, third])
    verdict = verify(tmp_path / "gap.db")
    assert [(finding.kind, finding.row) for finding in verdict.findings] == [("gap", 2), ("gap", 3)]
    assert "entries 4 to 5 are missing before row 2" in verdict.findings[0].words
    assert "the first is 9" in verdict.findings[1].words


def test_a_genuine_row_this_program_cannot_read_is_said(tmp_path):
    row = make_row(None, notes(1, 1), 1, 1, "s")
    strange = msgspec.structs.replace(row, body=b"\x91\x81\xa5entry\xa7unknown")
    strange = msgspec.structs.replace(strange, hash=digest(strange))
    write_rows(tmp_path / "j.db", [strange])
    assert found(tmp_path / "j.db") == [("unreadable", 1)]


def test_removed_protection_is_found(journal):
    connection = sqlite3.connect(journal)
    connection.execute("DROP TRIGGER block_no_update")
    connection.commit()
    connection.close()
    assert found(journal) == [("unprotected", 0)]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    number=st.integers(1, 8),
    column=st.sampled_from(["prev", "body", "hash"]),
    place=st.integers(0, 10_000),
    flip=st.integers(1, 255),
)
def test_any_flipped_byte_in_the_file_is_found(tmp_path, number, column, place, flip):
    path = tmp_path / "flipped.db"
    if not path.exists():
        write_rows(path, chain_of(8))
    query = f"SELECT {column} FROM block WHERE number = {number}"
    with forger(path) as connection:
        old = connection.execute(query).fetchone()[0]
        new = bytearray(old)
        new[place % len(new)] ^= flip
        change = f"UPDATE block SET {column} = ? WHERE number = ?"
        connection.execute(change, (bytes(new), number))
    assert ("edited", number) in found(path)
    with forger(path) as connection:
        connection.execute(change, (old, number))
    assert verify(path).ok


# --- the command ------------------------------------------------------------------------------


def command(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def test_the_command_answers_with_words_and_status(journal, capsys):
    assert command(journal) == 0
    assert "the record holds" in capsys.readouterr().out
    with forger(journal) as connection:
        connection.execute("UPDATE block SET utc_ns = 1 WHERE number = 4")
    assert command(journal) == 1
    assert "row 4 was edited" in capsys.readouterr().out
    assert command(journal, "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["findings"][0]["row"]) == (False, 4)


@pytest.mark.parametrize("anchor", ["xyz", "abc", "no:" + "a" * 64, "a" * 65])
def test_an_anchor_that_is_no_hash_is_refused_in_words(journal, anchor, capsys):
    assert command(journal, "--anchor", anchor) == 2
    assert "HASH or ROW:HASH" in capsys.readouterr().err


def test_what_is_no_journal_is_refused_in_words(tmp_path, capsys):
    assert command(tmp_path / "none.db") == 2
    assert "there is no such file" in capsys.readouterr().err
    (tmp_path / "text.db").write_text("not a database, only some text " * 50)
    assert command(tmp_path / "text.db") == 2
    assert "it is not a journal" in capsys.readouterr().err
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(JournalError, match="application id"):
        verify(tmp_path / "other.db")
