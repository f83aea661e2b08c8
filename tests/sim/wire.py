"""Requests written out by hand, and a device under test that is asked and answers."""

import struct

MS = 10**6
S = 10**9


def read(unit, address, count, transaction=1):
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, 3, address, count)


def write(unit, address, words, transaction=1):
    size = len(words)
    head = struct.pack(">HHHBBHHB", transaction, 0, 7 + 2 * size, unit, 16, address, size, 2 * size)
    return head + struct.pack(f">{size}H", *words)


def ask(device, data, now_ns):
    """Send bytes and return the answer at once: the think time is not what is tested."""
    device._think_ns = (0, 0)
    device.receive(data, now_ns)
    return device.take(now_ns)


def registers(reply):
    """Words of a normal FC3 answer."""
    transaction, protocol, length, _unit, function, size = struct.unpack_from(">HHHBBB", reply)
    assert (transaction, protocol, function) == (1, 0, 3)
    assert len(reply) == 6 + length == 9 + size
    return list(struct.unpack(f">{size // 2}H", reply[9:]))


def code(reply):
    """Exception code of an answer, 0 for a normal one."""
    return reply[8] if reply[7] & 0x80 else 0


def wide(words, place):
    return words[place] << 16 | words[place + 1]


def signed(words, place):
    value = wide(words, place)
    return value - (1 << 32) if value & 0x8000_0000 else value
