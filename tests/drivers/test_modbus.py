"""Modbus client: golden frames by hand, and everything that must not be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus import (
    Answer,
    Fault,
    FaultKind,
    Framing,
    RegisterClient,
    read_question,
    write_question,
)

MS = 1_000_000
T0 = 5_000_000_000
READ2 = read_question(100, 2)
WRITE2 = write_question(200, (0x0102, 0xA5A5))

# Written by hand from the protocol text; transaction id 1 because it is the first question.
READ_FRAME = "0001 0000 0006 02 03 0064 0002"
READ_ANSWER = "0001 0000 0007 02 03 04 1234 FFFE"
WRITE_FRAME = "0001 0000 000B 02 10 00C8 0002 04 0102 A5A5"
WRITE_ANSWER = "0001 0000 0006 02 10 00C8 0002"


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def asked(question=READ2, framing=Framing.TCP):
    client = RegisterClient(2, framing, deadline_ns=100 * MS, quiet_ns=50 * MS)
    return client, client.ask(question, T0)


# --- golden frames --------------------------------------------------------------------------


def test_read_frame_and_answer_over_tcp():
    client, frame = asked()
    assert frame == hexed(READ_FRAME)
    assert not client.free(T0)
    assert client.receive(hexed(READ_ANSWER), T0 + MS) == Answer((0x1234, 0xFFFE), T0)
    assert client.free(T0 + MS)
    assert client.bad_frame_count == 0


def test_write_frame_and_answer_over_tcp():
    client, frame = asked(WRITE2)
    assert frame == hexed(WRITE_FRAME)
    assert client.receive(hexed(WRITE_ANSWER), T0) == Answer((0x0102, 0xA5A5), T0)


def test_read_frame_and_answer_over_rtu():
    client, frame = asked(framing=Framing.RTU)
    assert frame == hexed("02 03 0064 0002 85E7")
    answer = hexed("02 03 04 1234 FFFE 4DF5")
    assert client.receive(answer, T0) == Answer((0x1234, 0xFFFE), T0)


def test_write_answer_over_rtu():
    client, frame = asked(WRITE2, Framing.RTU)
    assert frame.startswith(hexed("02 10 00C8 0002 04 0102 A5A5"))
    assert client.receive(hexed("02 10 00C8 0002 C005"), T0) == Answer(WRITE2.values, T0)


def test_exception_is_a_typed_fault():
    client, _ = asked(WRITE2)
    fault = client.receive(hexed("0001 0000 0003 02 90 06"), T0)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.code) == (FaultKind.EXCEPTION, 6)
    assert "busy" in fault.words
    assert client.free(T0)
    assert client.bad_frame_count == 0


def test_words_of_a_wrong_unit_id_name_both():
    client, _ = asked()
    fault = client.receive(hexed("0001 0000 0007 03 03 04 1234 FFFE"), T0)
    assert isinstance(fault, Fault)
    assert fault.words == "unit id 3 answered for unit id 2"


def test_exception_over_rtu():
    client, _ = asked(framing=Framing.RTU)
    fault = client.receive(hexed("02 83 02 30F1"), T0)
    assert isinstance(fault, Fault)
    assert fault.code == 2


# --- answers that do not fit the question ----------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param(READ2, "0001 0000 0007 03 03 04 1234 FFFE", id="wrong unit id"),
        pytest.param(READ2, "0001 0000 0007 02 04 04 1234 FFFE", id="wrong function"),
        pytest.param(READ2, "0001 0000 0005 02 03 02 1234", id="one register of two"),
        pytest.param(READ2, "0001 0000 0009 02 03 06 1234 FFFE 0000", id="three registers of two"),
        pytest.param(READ2, "0001 0000 0007 02 03 02 1234 FFFE", id="byte count too small"),
        pytest.param(READ2, "0001 0000 0007 02 03 06 1234 FFFE", id="byte count too large"),
        pytest.param(READ2, "0001 0000 0009 02 03 04 1234 FFFE 0000", id="bytes too many"),
        pytest.param(READ2, "0001 0000 0004 02 83 02 00", id="exception with bytes too many"),
        pytest.param(WRITE2, "0001 0000 0008 02 10 00C8 0002 0000", id="echo with bytes too many"),
        pytest.param(READ2, "0001 0000 0006 02 10 00C8 0002", id="answer to a write"),
        pytest.param(READ2, "0001 0000 0002 02 03", id="no body"),
        pytest.param(READ2, "0001 0000 0003 02 90 02", id="exception of another function"),
        pytest.param(WRITE2, "0001 0000 0006 02 10 00C9 0002", id="echo of another address"),
        pytest.param(WRITE2, "0001 0000 0006 02 10 00C8 0001", id="echo of another count"),
        pytest.param(WRITE2, "0001 0000 0006 02 06 00C8 0002", id="write of one register"),
        pytest.param(READ2, "0001 0001 0007 02 03 04 1234 FFFE", id="foreign protocol id"),
        pytest.param(READ2, "0001 0000 0001 02", id="length 1"),
        pytest.param(READ2, "0001 0000 00FF 02", id="length 255"),
        pytest.param(READ2, "0001 0000 FFFF 02", id="length 65535"),
    ],
)
@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_answer_that_does_not_fit_ends_the_question_as_a_bad_frame(question, answer):
    client, _ = asked(question)
    fault = client.receive(hexed(answer), T0)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.BAD_FRAME
    assert client.bad_frame_count == 1
    client.ask(READ2, T0 + MS)
    right = hexed("0002 0000 0007 02 03 04 0001 0002")
    assert client.receive(right, T0 + MS) == Answer((1, 2), T0 + MS), "works again at once"


@pytest.mark.parametrize("transaction", ["0000", "0002", "FFFF"])
def test_foreign_transaction_is_counted_and_the_question_stays_open(transaction):
    client, _ = asked()
    assert client.receive(hexed(f"{transaction} 0000 0007 02 03 04 0000 0000"), T0) is None
    assert client.bad_frame_count == 1
    assert client.receive(hexed(READ_ANSWER), T0) == Answer((0x1234, 0xFFFE), T0)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_late_answer_is_never_taken_for_the_next_one():
    client, _ = asked()
    assert client.expire(T0 + 100 * MS - 1) is None
    fault = client.expire(T0 + 100 * MS)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.TIMEOUT
    assert client.ask(READ2, T0 + 100 * MS)[:2] == hexed("0002")
    assert client.receive(hexed(READ_ANSWER), T0 + 101 * MS) is None
    assert (client.late_count, client.bad_frame_count) == (1, 0)
    fresh = hexed("0002 0000 0007 02 03 04 0001 0002")
    assert client.receive(fresh, T0 + 102 * MS) == Answer((1, 2), T0 + 100 * MS)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_rtu_is_quiet_after_a_timeout_and_drops_what_comes_late():
    client, _ = asked(framing=Framing.RTU)
    client.expire(T0 + 100 * MS)
    assert not client.free(T0 + 149 * MS)
    assert client.deadline_ns(0) == T0 + 150 * MS
    assert client.receive(hexed("02 03 04 1234 FFFE 4DF5"), T0 + 120 * MS) is None
    assert client.free(T0 + 150 * MS)
    client.ask(READ2, T0 + 150 * MS)
    answer = hexed("02 03 04 1234 FFFE 4DF5")
    assert client.receive(answer, T0 + 151 * MS) == Answer((0x1234, 0xFFFE), T0 + 150 * MS)


@pytest.mark.parametrize(
    "answer",
    ["02 03 04 1234 FFFE 4DF6", "03 03 04 1234 FFFE 4DF5", "02 03 06 1234", "02 04", "00"],
)
def test_rtu_doubt_makes_the_line_quiet(answer):
    client, _ = asked(framing=Framing.RTU)
    fault = client.receive(hexed(answer), T0)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.BAD_FRAME
    assert not client.free(T0 + 49 * MS)
    assert client.free(T0 + 50 * MS)


def test_half_a_frame_cannot_swallow_answers_for_ever():
    client, _ = asked()
    client.receive(hexed("0009 0000 00FE"), T0)
    answered_at = 0
    for n in range(2, 6):
        at = T0 + n * 100 * MS
        client.expire(at)
        frame = client.ask(READ2, at)
        if client.receive(frame[:2] + hexed("0000 0007 02 03 04 0001 0002"), at) is not None:
            answered_at = n
            break
    assert answered_at == 3
    assert client.bad_frame_count == 1


# --- transaction ids, arguments --------------------------------------------------------------


def test_transaction_ids_are_new_each_time_and_never_zero():
    client = RegisterClient(1)
    seen = set()
    for n in range(0xFFFF + 2):
        at = T0 + n * 1000 * MS
        transaction = client.ask(READ2, at)[:2]
        assert transaction != b"\x00\x00"
        seen.add(transaction)
        client.expire(at + 100 * MS)
    assert len(seen) == 0xFFFF


@pytest.mark.parametrize("unit_id", [0, 248, -1])
def test_unit_id_outside_the_protocol_is_refused(unit_id):
    with pytest.raises(ValueError, match="1 to 247"):
        RegisterClient(unit_id)


@pytest.mark.parametrize(
    "make",
    [
        lambda: read_question(0, 0),
        lambda: read_question(0, 126),
        lambda: read_question(65_535, 2),
        lambda: write_question(0, ()),
        lambda: write_question(0, (0,) * 124),
        lambda: write_question(0, (65_536,)),
        lambda: write_question(0, (-1,)),
    ],
)
def test_question_the_wire_cannot_carry_is_refused(make):
    with pytest.raises(ValueError, match="cannot"):
        make()


# --- chunking and garbage --------------------------------------------------------------------

FRAMES = [
    READ_ANSWER,
    WRITE_ANSWER,
    "0009 0000 0007 02 03 04 0000 0000",
    "0001 0000 0003 02 83 02",
    "0001 0005 0003",
    "0001 0000 0000",
    "02 03 04 1234 FFFE 4DF5",
    "02 83 02 30F1",
]
NOISE = st.one_of(st.binary(max_size=40), st.sampled_from([hexed(text) for text in FRAMES]))


@given(
    parts=st.lists(NOISE, max_size=6),
    cuts=st.lists(st.integers(1, 30), max_size=40),
    framing=st.sampled_from(Framing),
    question=st.sampled_from([READ2, WRITE2]),
)
def test_outcome_does_not_depend_on_chunking(parts, cuts, framing, question):
    data = b"".join(parts)
    whole, _ = asked(question, framing)
    expected = whole.receive(data, T0)
    for sizes in (cuts, [1] * len(data)):
        client, _ = asked(question, framing)
        outcomes = []
        rest = data
        for size in [*sizes, len(data) or 1]:
            outcomes.append(client.receive(rest[:size], T0))
            rest = rest[size:]
        found = [outcome for outcome in outcomes if outcome is not None]
        assert found == ([expected] if expected is not None else [])
        assert client.bad_frame_count == whole.bad_frame_count


@given(st.lists(st.binary(max_size=300), max_size=10), st.sampled_from(Framing))
def test_random_bytes_never_raise_and_answers_come_through_again(chunks, framing):
    client = RegisterClient(2, framing, deadline_ns=100 * MS, quiet_ns=50 * MS)
    now = T0
    for chunk in chunks:
        if client.free(now):
            client.ask(READ2, now)
        client.receive(chunk, now)
        now += 30 * MS
        client.expire(now)
    for _ in range(5):
        now += 200 * MS
        client.expire(now)
        now += 200 * MS
        frame = client.ask(READ2, now)
        good = (
            frame[:2] + hexed("0000 0007 02 03 04 0001 0002")
            if framing is Framing.TCP
            else hexed("02 03 04 1234 FFFE 4DF5")
        )
        if isinstance(client.receive(good, now), Answer):
            return
    raise AssertionError("deaf for ever")
