"""Packets of the New Era dialect, from published and computed bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.devices.new_era_framing import Packet, PacketCutter, crc16, safe_frame

MS = 10**6

VECTORS = [
    ("SAF0", "02 08 53 41 46 30 55 43 03"),  # the manual's own
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


@pytest.mark.parametrize(("payload", "octets"), VECTORS)
def test_safe_frame_is_the_published_bytes(payload, octets):
    assert safe_frame(payload.encode()) == bytes.fromhex(octets)


@pytest.mark.parametrize(("payload", "octets"), VECTORS)
def test_safe_packet_is_cut_by_length_whatever_its_bytes(payload, octets):
    cutter = PacketCutter()
    packets = [
        packet
        for byte in bytes.fromhex(octets)
        for packet in cutter.feed(bytes([byte]), 0, safe_only=True)
    ]
    assert packets == [Packet(payload.encode(), safe=True, valid=True)]


def test_crc_starts_from_zero():
    assert crc16(b"SAF0") == 0x5543


def test_basic_line_is_stripped_and_raised():
    packets = PacketCutter().feed(b" 0 rat\t500 um\r\n", 0, safe_only=False)
    assert packets == [Packet(b"0RAT500UM", safe=False, valid=True)]


def test_basic_line_is_lost_in_safe_mode():
    assert PacketCutter().feed(b"0STP\r", 0, safe_only=True) == []


def test_part_of_a_safe_packet_is_dropped_after_half_a_second():
    cutter = PacketCutter()
    cutter.feed(b"\x02\x08SA", 0, safe_only=True)
    whole = bytes.fromhex("02 08 53 41 46 30 55 43 03")
    assert cutter.feed(whole, 501 * MS, safe_only=True) == [Packet(b"SAF0", safe=True, valid=True)]


def test_slow_but_steady_bytes_still_make_a_packet():
    cutter = PacketCutter()
    packets = []
    for number, byte in enumerate(bytes.fromhex("02 08 53 41 46 30 55 43 03")):
        packets += cutter.feed(bytes([byte]), number * 499 * MS, safe_only=True)
    assert packets == [Packet(b"SAF0", safe=True, valid=True)]


@pytest.mark.parametrize(
    "octets",
    ["02 08 53 41 46 30 55 42 03", "02 08 53 41 46 30 55 43 04", "02 03"],
    ids=["crc", "no ETX", "length"],
)
def test_damaged_packet_is_reported(octets):
    packets = PacketCutter().feed(bytes.fromhex(octets), 0, safe_only=True)
    assert [packet.valid for packet in packets] == [False]


@given(data=st.binary(max_size=60), cut=st.integers(0, 60))
def test_chunking_changes_nothing(data, cut):
    whole = PacketCutter().feed(data, 0, safe_only=False)
    cutter = PacketCutter()
    parts = cutter.feed(data[:cut], 0, safe_only=False) + cutter.feed(
        data[cut:], 0, safe_only=False
    )
    assert parts == whole
