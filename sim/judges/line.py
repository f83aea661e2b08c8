"""A judge of the pump's wire: order that was lost is found again before anything is believed."""

from collections.abc import Iterator
from typing import Final

from sim.judges.case import Case

_STX: Final = 2
_OVERHEAD: Final = 4
"""What the length byte counts beside the payload."""
_AGAIN_NS: Final = 400_000_000
"""A question so long after another one is of a connection that was begun anew."""
_DOUBTFUL: Final = ("STP", "VER")
"""What may be asked over an answer that did not come: a stop, and the fence."""


def fence(case: Case) -> Iterator[str]:
    """After a question without an answer, nothing but a stop or the fence is asked of the pump."""
    asked, asked_ns, part = "", 0, b""
    for at_ns, direction, data in case.pump_said:
        if direction == "<":
            asked = ""
            continue
        part = data if data[:1] == bytes([_STX]) and not _waits(part) else part + data
        if _waits(part):
            continue
        text, part = _text(part), b""
        if asked and text and text not in _DOUBTFUL and at_ns - asked_ns < _AGAIN_NS:
            yield f"{text} was asked at {at_ns} though {asked} of {asked_ns} was not answered"
        asked, asked_ns = text, at_ns


def _waits(part: bytes) -> bool:
    """The rest of a packet is still to come."""
    return bool(part) and part[0] == _STX and (len(part) < 2 or len(part) < 1 + part[1])


def _text(packet: bytes) -> str:
    """The command of a packet without its address; empty = no packet of ours, or a damaged one."""
    if len(packet) < 1 + _OVERHEAD or packet[0] != _STX or len(packet) != 1 + packet[1]:
        return ""
    payload = packet[2:-3]
    return payload.decode("ascii").lstrip("0123456789") if payload.isascii() else ""
