"""Quantities of the record as people read them; the unit follows from the name's end."""

from datetime import UTC, datetime
from typing import Final

from state_machine.requests import Side
from state_machine.units import NS_PER_MIN, NS_PER_MS, NS_PER_S, ceil_div

SIDE_WORDS: Final = {Side.LEFT: "left", Side.RIGHT: "right"}
"""Words for a breast."""

_SUFFIXES: Final = (
    # (name ends with, digits the point moves, unit); the longest ending first
    ("_nl_min_s", 3, "µL/min per s"),
    ("_nl_min", 3, "µL/min"),
    ("_pa_s_ul", 0, "Pa·s/µL"),
    ("_nl_kpa", 3, "µL/kPa"),
    ("_uas", 3, "mAs"),
    ("_ppm", 4, "%"),
    ("_nl", 3, "µL"),
    ("_pa", 3, "kPa"),
    ("_mn", 3, "N"),
    ("_um", 3, "mm"),
    ("_mc", 3, "°C"),
    ("_ms", 0, "ms"),
    ("_v", 3, "kV"),
    ("_count", 0, ""),
)

_ABSENT: Final = "None"
"""How the core writes a quantity that nobody measured."""
_ENDINGS: Final = (*(ending for ending, _, _ in _SUFFIXES), "_ns")


def decimal(value: int, digits: int) -> str:
    """``value`` with the point moved ``digits`` to the left, exact, no trailing zeros."""
    whole, rest = divmod(abs(value), 10**digits)
    tail = f"{rest:0{digits}d}".rstrip("0") if digits else ""
    sign = "−" if value < 0 else ""
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


def show(name: str, value: int) -> str:
    """``value`` of the quantity ``name`` in the unit people use; bare when it has none."""
    if name.endswith("_ns"):
        return show_span(value)
    for ending, digits, unit in _SUFFIXES:
        if name.endswith(ending):
            return f"{decimal(value, digits)} {unit}".rstrip()
    return decimal(value, 0)


def show_fact(name: str, text: str) -> tuple[str, str]:
    """A noted fact as (name, value): numbers get their unit, words stay words."""
    ending = next((end for end in _ENDINGS if name.endswith(end)), "")
    if ending and text.removeprefix("-").isdecimal():
        return name.removesuffix(ending).replace("_", " "), show(name, int(text))
    plain = name.removesuffix(ending) if text == _ABSENT else name
    return plain.replace("_", " "), "not known" if text == _ABSENT else text


def show_span(span_ns: int) -> str:
    """A span of time in minutes, seconds or milliseconds, whichever is exact and short."""
    if span_ns and span_ns % NS_PER_MIN == 0:
        return f"{span_ns // NS_PER_MIN} min"
    if abs(span_ns) >= NS_PER_S:
        return f"{decimal(span_ns // NS_PER_MS, 3)} s"
    return f"{decimal(span_ns // 1_000, 3)} ms"


def show_low(volume_nl: int) -> str:
    """A lower bound in µL, rounded down to 0.1."""
    return _tenths(volume_nl // 100)


def show_high(volume_nl: int) -> str:
    """An upper bound in µL, rounded up to 0.1."""
    return _tenths(ceil_div(volume_nl, 100))


def _tenths(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"


def show_relative(span_ns: int) -> str:
    """Time since the procedure began, ``m:ss.t`` (``h:mm:ss.t`` from an hour on)."""
    sign = "−" if span_ns < 0 else ""
    tenths = abs(span_ns) // (NS_PER_S // 10)
    seconds, tenth = divmod(tenths, 10)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    clock = f"{hours}:{minute:02d}" if hours else f"{minute}"
    return f"{sign}{clock}:{second:02d}.{tenth}"


def show_utc(utc_ns: int) -> str:
    """Wall clock in UTC to the second."""
    return datetime.fromtimestamp(utc_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso_utc(utc_ns: int) -> str:
    """Wall clock in UTC to the millisecond, ISO 8601."""
    whole = datetime.fromtimestamp(utc_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{utc_ns % NS_PER_S // NS_PER_MS:03d}Z"


def show_day(utc_day: int) -> str:
    """A day counted from 1970-01-01."""
    return datetime.fromtimestamp(utc_day * 86_400, UTC).strftime("%Y-%m-%d")
