import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.chain import (
    GENESIS,
    RowError,
    broken_link,
    decode,
    digest,
    is_genuine,
    make_row,
)
from state_machine.entries import Inputs, Resume
from state_machine.readings import Link, PumpReading
from state_machine.requests import OpenCase, Role
from tests.record.journals import chain_of, notes

ROW = chain_of(3)[2]


def test_rows_follow_each_other_from_a_named_beginning():
    rows = chain_of(3)
    assert rows[0].prev == GENESIS
    assert [row.prev for row in rows[1:]] == [row.hash for row in rows[:2]]
    assert [(row.number, row.first_seq, row.last_seq) for row in rows] == [
        (1, 1, 3),
        (2, 4, 6),
        (3, 7, 9),
    ]
    assert broken_link(rows) == ""


def test_the_hash_of_a_known_row_never_changes():
    # Head hashes are on paper: a change of the byte string needs a new format version.
    row = make_row(None, notes(1, 2), 5, 6, "boot/run")
    assert row.hash.hex() == "f484cbd9dea3bce03935185cdfe27a08629f2dd9e0a544e807032aea5950c498"


def test_entries_come_back_as_they_went_in():
    entries = [
        Inputs(1, 2, pump=PumpReading(at_ns=5, link=Link.UP), requests=(OpenCase("eva", Role.QA),)),
        Resume(2, 2, b"\x00\xff"),
    ]
    assert decode(make_row(None, entries, 5, 6, "s")) == entries


def test_a_row_of_nothing_is_refused():
    with pytest.raises(RowError, match="at least one entry"):
        make_row(None, [], 5, 6, "s")


def test_a_body_that_is_not_entries_is_said():
    row = msgspec.structs.replace(ROW, body=b"\xc1")
    with pytest.raises(RowError, match="row 3: its entries cannot be read"):
        decode(row)


@pytest.mark.hazard("HZ-RECORD")
@given(st.data())
def test_any_flipped_byte_of_a_row_is_found(data):
    field = data.draw(st.sampled_from(["session", "prev", "body", "hash"]))
    value = getattr(ROW, field)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    if isinstance(value, str):
        raw = bytearray(raw.decode("latin-1").encode())  # any other text, still text
    changed = raw.decode() if isinstance(value, str) else bytes(raw)
    assert not is_genuine(msgspec.structs.replace(ROW, **{field: changed}))


@pytest.mark.hazard("HZ-RECORD")
@given(
    st.sampled_from(["number", "first_seq", "last_seq", "boot_ns", "utc_ns"]),
    st.integers(-(2**70), 2**70),
)
def test_any_changed_number_of_a_row_is_found(field, value):
    changed = msgspec.structs.replace(ROW, **{field: value})
    assert is_genuine(changed) == (value == getattr(ROW, field))


@pytest.mark.hazard("HZ-RECORD")
@given(st.binary(max_size=40), st.text(max_size=20))
def test_moving_bytes_between_neighbouring_fields_changes_the_hash(body, session):
    # "ab" + "c" must not hash like "a" + "bc": lengths are part of the byte string.
    one = msgspec.structs.replace(ROW, session=session + "x", body=body)
    other = msgspec.structs.replace(ROW, session=session, body=b"x" + body)
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: [rows[0], rows[2]], "row 3 does not follow row 1"),
        (lambda rows: [rows[1], rows[0]], "row 1 does not"),
        (
            lambda rows: [rows[0], msgspec.structs.replace(rows[1], utc_ns=0)],
            "row 2 does not match its own hash",
        ),
        (lambda rows: [make_row(rows[1], notes(1, 1), 1, 1, "s"), rows[0]], "row 1 does not"),
    ],
)
def test_the_quick_check_says_where_a_run_of_rows_breaks(spoil, words):
    assert words in broken_link(spoil(chain_of(3)))
