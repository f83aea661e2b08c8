import contextlib
import hashlib
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record import bodies
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
from tests.record.journals import chain_of, notes, plain_row

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
    row = plain_row(None, notes(1, 2), 5, 6, "boot/run")
    assert row.hash.hex() == "f484cbd9dea3bce03935185cdfe27a08629f2dd9e0a544e807032aea5950c498"
    row = msgspec.structs.replace(row, format=2, holds=3)
    assert digest(row).hex() == "86fc7d5133b22cb5d5820c0a8afa6dd21f24456b92e4c4df16fe7b7b09760f72"


def test_the_dictionary_of_format_2_never_changes():
    # Bodies on disks are opened with it; a better one would be format 3.
    assert (
        hashlib.sha256(bodies.DICTIONARY).hexdigest()
        == "6b46bf499488aeef202ee70b2957a52b48749e63ecdfd9467469689fc59f0c85"
    )


def test_a_row_of_the_first_format_still_opens():
    row = plain_row(None, notes(1, 3), 5, 6, "boot/run")
    assert is_genuine(row)
    assert decode(row) == notes(1, 3)
    assert not is_genuine(msgspec.structs.replace(row, format=2))
    assert not is_genuine(msgspec.structs.replace(row, holds=1))


def test_a_row_says_what_a_restart_looks_for():
    assert make_row(None, notes(1, 1), 5, 6, "s").holds == 0
    assert make_row(None, [Resume(1, 2, b"")], 5, 6, "s").holds == bodies.RESUME


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda body: body[:-1], "cut off"),
        (lambda body: body + b"x", "followed by other bytes"),
        (lambda body: zlib.compress(bytes(bodies.BODY_MOST + 1), 9, -15), "longer than"),
    ],
)
def test_a_packed_body_that_does_not_open_is_said(spoil, words):
    row = msgspec.structs.replace(ROW, body=spoil(ROW.body))
    with pytest.raises(RowError, match=words):
        decode(row)


def test_an_unknown_format_is_said():
    with pytest.raises(RowError, match="format 3, this program knows 1 and 2"):
        decode(msgspec.structs.replace(ROW, format=3))


@given(st.binary(max_size=300))
def test_any_bytes_are_entries_or_said_not_to_be(body):
    for known in (bodies.PLAIN, bodies.DEFLATED):
        with contextlib.suppress(RowError):
            decode(msgspec.structs.replace(ROW, body=body, format=known))


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
    st.sampled_from(["number", "first_seq", "last_seq", "boot_ns", "utc_ns", "format", "holds"]),
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
