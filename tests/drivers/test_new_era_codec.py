"""Golden vectors in both directions, numbers, and the decoder against damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.new_era.codec import (
    CommandError,
    Decoder,
    Frame,
    Framing,
    Reply,
    basic_reply,
    crc16,
    encode_basic,
    encode_safe,
    parse_reply,
)
from drivers.new_era.fields import (
    Dispensed,
    Number,
    NumberRefused,
    format_down,
    format_up,
    parse_dispensed,
    parse_number,
    parse_value,
    round_down,
)
from drivers.new_era.script import agrees
from state_machine.readings import Prompt, PumpAlarm
from tests.drivers.conversation import packet

# Safe packets of the fact sheet; SAF0 is the manual's own [M2], the others are computed.
VECTORS = [
    ("SAF0", "02 08 53 41 46 30 55 43 03"),
    ("0SAF0", "02 09 30 53 41 46 30 59 ad 03"),
    ("0SAF2", "02 09 30 53 41 46 32 79 ef 03"),
    ("0SAF10", "02 0a 30 53 41 46 31 30 63 be 03"),
    ("0", "02 05 30 36 53 03"),
    ("00", "02 06 30 30 33 c6 03"),
    ("0VER", "02 08 30 56 45 52 48 09 03"),
    ("0RUN", "02 08 30 52 55 4e 44 07 03"),
    ("0STP", "02 08 30 53 54 50 b3 f9 03"),
    ("0DIS", "02 08 30 44 49 53 30 46 03"),
    ("00S", "02 07 30 30 53 aa a6 03"),
    ("00I", "02 07 30 30 49 19 dd 03"),
    ("00P", "02 07 30 30 50 9a c5 03"),
    ("00A?R", "02 09 30 30 41 3f 52 65 86 03"),
    ("00A?T", "02 09 30 30 41 3f 54 05 40 03"),
    ("00A?S", "02 09 30 30 41 3f 53 75 a7 03"),
    ("00S?COM", "02 0b 30 30 53 3f 43 4f 4d b5 80 03"),
    ("00S?NA", "02 0a 30 30 53 3f 4e 41 52 37 03"),
    ("00S?OOR", "02 0b 30 30 53 3f 4f 4f 52 23 3f 03"),
    ("0RAT500UM", "02 0d 30 52 41 54 35 30 30 55 4d 0d ae 03"),
    (
        "00II0.125W0.000ML",
        "02 15 30 30 49 49 30 2e 31 32 35 57 30 2e 30 30 30 4d 4c 3a 03 03",
    ),
]


@pytest.mark.parametrize(("payload", "wire"), VECTORS)
def test_golden_vector_in_both_directions(payload, wire):
    raw = bytes.fromhex(wire)
    assert encode_safe(payload.encode()) == raw
    assert Decoder().feed(raw) == [Frame(payload.encode(), Framing.SAFE)]


@pytest.mark.parametrize(("payload", "wire"), VECTORS)
def test_golden_vector_byte_by_byte(payload, wire):
    decoder = Decoder()
    frames = [frame for byte in bytes.fromhex(wire) for frame in decoder.feed(bytes([byte]))]
    assert frames == [Frame(payload.encode(), Framing.SAFE)]
    assert not decoder.partial
    assert decoder.bad_frames == 0


def test_checksum_is_xmodem_and_none_of_its_cousins():
    assert crc16(b"SAF0") == 0x5543


def test_all_vectors_in_one_chunk():
    stream = b"".join(bytes.fromhex(wire) for _, wire in VECTORS)
    assert [f.payload.decode() for f in Decoder().feed(stream)] == [p for p, _ in VECTORS]


def test_basic_framing():
    assert encode_basic(b"0RAT500UM") == b"0RAT500UM\r"
    decoder = Decoder(accept_basic=True)
    assert decoder.feed(b"\x0200S\x03") == [Frame(b"00S", Framing.BASIC)]
    assert decoder.feed(basic_reply(b"00A?R") + packet("00S")) == [
        Frame(b"00A?R", Framing.BASIC),
        Frame(b"00S", Framing.SAFE),
    ]


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_basic_replies_are_not_taken_unless_told():
    assert Decoder().feed(b"\x0200SI9.999W0.000ML\x03") == []


@pytest.mark.parametrize("size", [0, 44])
def test_payload_that_no_packet_holds_is_refused(size):
    with pytest.raises(ValueError, match=f"payload of {size} bytes; a packet holds 1 to 43$"):
        encode_safe(b"x" * size)


@pytest.mark.parametrize("size", [1, 43])
def test_shortest_and_longest_payload_come_back(size):
    assert Decoder().feed(encode_safe(b"x" * size)) == [Frame(b"x" * size, Framing.SAFE)]


@pytest.mark.parametrize("accept_basic", [False, True])
@pytest.mark.parametrize(
    ("data", "waits"),
    [
        (b"garbage", False),
        (b"\x02", True),
        (b"\x02\x00", False),
        (b"\x02\x03", False),
        (b"\x02\x04", False),  # a packet without payload
        (b"\x02\x04\x00\x00\x03", False),
        (b"\x02\x05", True),
        (b"\x02\x2f", True),
        (b"\x02\x3a", False),
    ],
)
def test_what_may_be_the_head_of_a_packet_waits_and_nothing_else(data, waits, accept_basic):
    decoder = Decoder(accept_basic=accept_basic)
    assert decoder.feed(data) == []
    assert decoder.partial is waits
    assert decoder.bad_frames == 0


def test_a_digit_is_the_head_of_a_basic_reply_only_while_those_are_taken():
    for accept_basic in (False, True):
        decoder = Decoder(accept_basic=accept_basic)
        assert decoder.feed(b"\x020") == []
        assert decoder.partial is accept_basic


def test_a_basic_reply_of_48_bytes_is_taken_and_none_longer():
    longest = basic_reply(b"0" * 46)
    assert len(longest) == 48
    decoder = Decoder(accept_basic=True)
    assert decoder.feed(longest[:47]) == []
    assert (decoder.partial, decoder.bad_frames) == (True, 0)
    assert decoder.feed(longest[47:]) == [Frame(b"0" * 46, Framing.BASIC)]
    assert decoder.feed(basic_reply(b"0" * 47)[:48]) == []
    assert (decoder.partial, decoder.bad_frames) == (False, 1)
    assert decoder.feed(basic_reply(b"0" * 47)) == []


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\x00", b"\x02", b"\x02\x02", b"\x0200S", b"\xff\x02\x03", b"00S\x03", b"0STP\r"],
)
def test_a_whole_packet_behind_garbage_is_found(garbage):
    assert Decoder().feed(garbage + packet("00S"))[-1].payload == b"00S"


def test_a_false_head_holds_the_buffer_until_it_is_dropped():
    decoder = Decoder()
    assert decoder.feed(b"\x02\x28" + packet("00S")) == []
    decoder.drop()
    assert not decoder.partial
    assert decoder.feed(packet("00P")) == [Frame(b"00P", Framing.SAFE)]


def test_a_false_head_that_fills_gives_the_packets_inside():
    decoder = Decoder()
    frames = decoder.feed(b"\x02\x0a" + packet("00S") + packet("00P"))
    assert [frame.payload for frame in frames] == [b"00S", b"00P"]
    assert decoder.bad_frames == 1


def test_basic_reply_without_end_is_given_up():
    decoder = Decoder(accept_basic=True)
    assert decoder.feed(b"\x0200S" + b"1" * 60) == []
    assert decoder.bad_frames == 1
    assert decoder.feed(b"\x0200S\x03") == [Frame(b"00S", Framing.BASIC)]


def test_basic_reply_cut_short_by_the_next():
    decoder = Decoder(accept_basic=True)
    assert decoder.feed(b"\x0200SI0.1\x02") == []
    assert decoder.bad_frames == 1  # the next one's head is enough
    assert decoder.feed(b"00S\x03") == [Frame(b"00S", Framing.BASIC)]


@pytest.mark.hazard("HZ-OVERRATE")
@given(st.data())
def test_one_flipped_bit_is_never_another_reply(data):
    """One bit turns a rate of 100 into 900 [M6 p42]; the checksum must see each of them."""
    raw = bytearray(packet("00S100.0UM"))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << (bit % 8)
    assert Decoder().feed(bytes(raw)) == []


pieces = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([bytes.fromhex(wire) for _, wire in VECTORS]),
    st.sampled_from([b"\x02", b"\x03", b"\r", b"\x0200S\x03", b"\x02\x15"]),
)


@given(st.lists(pieces, max_size=12).map(b"".join), st.booleans(), st.data())
def test_chunks_do_not_matter_and_nothing_raises(stream, accept_basic, data):
    whole, single, chunked = (Decoder(accept_basic=accept_basic) for _ in range(3))
    expected = whole.feed(stream)
    assert [f for byte in stream for f in single.feed(bytes([byte]))] == expected
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    bounds = [0, *cuts, len(stream)]
    parts = [stream[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
    assert [f for part in parts for f in chunked.feed(part)] == expected
    assert whole.bad_frames == single.bad_frames == chunked.bad_frames
    for frame in expected:
        parse_reply(frame.payload)


@given(st.binary(min_size=1, max_size=43))
def test_any_payload_comes_back(payload):
    assert Decoder().feed(encode_safe(payload)) == [Frame(payload, Framing.SAFE)]
    assert encode_safe(payload) == packet(payload)


# --- replies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "reply"),
    [
        ("00S", Reply(0, Prompt.STOPPED)),
        ("07X", Reply(7, Prompt.PURGING)),
        ("99U", Reply(99, Prompt.WAITING)),
        ("00T", Reply(0, Prompt.TIMED_PAUSE)),
        ("00A?R", Reply(0, Prompt.ALARM, PumpAlarm.RESET)),
        ("00A?S", Reply(0, Prompt.ALARM, PumpAlarm.STALL)),
        ("00A?T", Reply(0, Prompt.ALARM, PumpAlarm.TIMEOUT)),
        ("00A?E", Reply(0, Prompt.ALARM, PumpAlarm.PROGRAM)),
        ("00A?O", Reply(0, Prompt.ALARM, PumpAlarm.PHASE_RANGE)),
        ("00S?", Reply(0, Prompt.STOPPED, error=CommandError.UNRECOGNISED)),
        ("00I?NA", Reply(0, Prompt.INFUSING, error=CommandError.NOT_APPLICABLE)),
        ("00S?OOR", Reply(0, Prompt.STOPPED, error=CommandError.OUT_OF_RANGE)),
        ("00S?COM", Reply(0, Prompt.STOPPED, error=CommandError.PACKET)),
        ("00W?IGN", Reply(0, Prompt.WITHDRAWING, error=CommandError.IGNORED)),
        ("00P1.000MM", Reply(0, Prompt.PAUSED, data="1.000MM")),
    ],
)
def test_replies(payload, reply):
    assert parse_reply(payload.encode()) == reply


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"00",
        b"0S",
        b"0STP",
        b"SAF0",
        b"00Q",
        b"00A",
        b"00A?X",
        b"00S?XYZ",
        b"\xb2\xb2S",
        b"00S\n",
    ],
)
def test_what_is_no_reply(payload):
    assert parse_reply(payload) is None


# --- numbers -------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("thousandths", "down", "up"),
    [
        (1, "0.001", "0.001"),
        (9_999, "9.999", "9.999"),
        (10_000, "10.00", "10.00"),
        (12_345, "12.34", "12.35"),
        (99_999, "99.99", "100.0"),
        (100_000, "100.0", "100.0"),
        (123_456, "123.4", "123.5"),
        (999_999, "999.9", "1000"),
        (1_000_000, "1000", "1000"),
        (9_998_001, "9998", "9999"),
        (9_999_000, "9999", "9999"),
    ],
)
def test_numbers_as_sent(thousandths, down, up):
    assert format_down(thousandths) == down
    assert format_up(thousandths) == up


def test_the_largest_number_is_sent_rounded_down():
    assert format_down(9_999_999) == "9999"


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("thousandths", "words"),
    [
        (-1_234, "-1.234"),
        (-1, "-0.001"),
        (0, "0.000"),
        (10_000_000, "10000.000"),
        (12_345_678, "12345.678"),
    ],
)
def test_numbers_that_are_refused(thousandths, words):
    with pytest.raises(NumberRefused, match=f"^{words} cannot be .* allowed is 0.001 to 9999$"):
        format_down(thousandths)


@pytest.mark.parametrize("thousandths", [-1, 0, 9_999_001])
def test_what_rounding_up_cannot_say_is_refused(thousandths):
    with pytest.raises(NumberRefused):
        format_up(thousandths)


@pytest.mark.hazard("HZ-OVERVOLUME")
@given(st.integers(1, 9_999_999))
def test_sent_numbers_are_never_more_and_lose_less_than_a_thousandth_part(thousandths):
    text = format_down(thousandths)
    assert len(text.replace(".", "")) <= 4
    assert len(text.partition(".")[2]) <= 3
    number = parse_number(text)
    assert number is not None
    assert number.scaled(1_000) == round_down(thousandths) <= thousandths
    assert thousandths - number.scaled(1_000) <= thousandths // 1_000


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.500", Number(500, 3)),
        ("26.59", Number(2659, 2)),
        ("1000.", Number(1000, 0)),
        ("1000", Number(1000, 0)),
        (".9999", Number(9999, 4)),
        ("1", Number(1, 0)),
        ("", None),
        (".", None),
        ("10000", None),
        ("1.2.3", None),
        ("-1.00", None),
        ("१.00", None),
    ],
)
def test_numbers_as_answered(text, number):
    assert parse_number(text) == number


def test_values_carry_their_unit():
    assert parse_value("1.000MM") == (Number(1000, 3), "MM")
    assert parse_value("UL") is None
    assert parse_value("1.2.3UL") is None
    assert parse_value("12345UL") is None


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize(
    ("text", "dispensed"),
    [
        ("I0.125W0.000ML", Dispensed(125_000, 0, 1_000)),
        ("I0.125W0.000UL", Dispensed(125, 0, 1)),
        ("I12.34W0.000UL", Dispensed(12_340, 0, 10)),
        ("I0.000W1000.UL", Dispensed(0, 1_000_000, 1_000)),
        ("I.9999W0.000UL", Dispensed(999, 0, 1)),
        ("I.9999W.1234UL", Dispensed(999, 123, 1)),
        ("I0.125W0.000", None),
        ("I0.125W0.000L", None),
        ("I0.125ML", None),
        ("I0.1250W0.000ML", None),
        ("I0.000W0.1250ML", None),
        ("I.W.ML", None),
    ],
)
def test_counters(text, dispensed):
    assert parse_dispensed(text) == dispensed


def test_counters_agree_within_a_digit_of_the_coarser():
    assert Dispensed(10_000, 0, 10).near(Dispensed(9_990, 0, 1))
    assert Dispensed(0, 10, 1).near(Dispensed(0, 0, 10))
    assert not Dispensed(10_000, 0, 10).near(Dispensed(9_989, 0, 1))
    assert not Dispensed(0, 11, 1).near(Dispensed(0, 0, 10))
    assert not Dispensed(9_998, 0, 1).near(Dispensed(10_000, 0, 1))
    assert not Dispensed(0, 2, 1).near(Dispensed(0, 0, 1))


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("expected", "told", "same"),
    [
        ("50.00UL", "50.00UL", True),
        ("50.00UL", "50.0UL", True),
        ("1000UL", "1000.UL", True),
        ("50.00UL", "50.00ML", False),
        ("50.00UL", "0.000UL", False),
        ("50.00UL", "50.01UL", False),
        ("50.00UL", "50.00", False),
        ("1", "01", True),
        ("1", "0", False),
        ("SP", "SP", True),
        ("SP", "ST", False),
        ("#UL", "0.000UL", True),
        ("#UL", "0.000ML", False),
        ("#UL", "UL", False),
        ("#UL", "0.000UK", False),
        ("#UL", "0.000UM", False),
        ("SP", "1", False),
        ("SP", "SA", False),
        ("50.00UL", "50.00UM", False),
        ("50.00UL", "50.00UK", False),
        ("1", "SP", False),
        ("", "whatever", True),
        ("I0", "I0.000W1.000UL", True),
        ("I0", "I0.001W1.000UL", False),
        ("W0", "I0.000W1.000UL", False),
        ("W0", "?", False),
    ],
)
def test_read_back_agrees_by_value_and_unit(expected, told, same):
    assert agrees(expected, told) is same
