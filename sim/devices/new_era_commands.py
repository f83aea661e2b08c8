"""The New Era command table: what each command does to the pump model, and its reply data.

Sources: NE-1000 / NE-500 / NE-1800 / NE-9000 manuals as given in the fact sheet *pumps*
section 1.5-1.7. A handler returns the reply's data; it raises :class:`Refused` with the
pump's own error text. Not modelled: the program functions other than RAT, STP and PAS,
and the dual-pump modes; the pump answers ``?NA`` to those.
"""

import re
from collections.abc import Callable
from typing import Final

from sim.devices.new_era_model import PumpModel
from sim.devices.new_era_values import PHASES, RATE_UNITS_NL_H, TRIGGER_NAMES

VERSION: Final = "NE1000V3.923"
_NL_IN_MILLI: Final = {"UL": 1, "ML": 1000}
"""nL in 0.001 of a volume unit."""
_NUMBER: Final = re.compile(r"\d*(?:\.\d*)?")
_RATE: Final = re.compile(r"[CI]?([\d.]*)(UM|UH|MM|MH)?")
_LEAST_DIAMETER_UM: Final = 100
_LARGEST_DIAMETER_UM: Final = 50_000
_BAUD_RATES: Final = (300, 1200, 2400, 9600, 19200)


class Refused(Exception):
    """The pump does not do it; the text is the error in its reply."""


def format_number(milli: int) -> str:
    """Five characters, four digits and a point: 0.500, 26.59, 500.0, 1000. (truncated)."""
    whole = milli // 1000
    if whole > 9999:
        return "9999."
    return f"{whole}.{milli % 1000:03d}"[:5]


def parse_number(text: str) -> int:
    """A sent value in 0.001: at most 4 digits, at most 3 of them after the point."""
    if not text or not _NUMBER.fullmatch(text) or text == ".":
        raise Refused("?")
    before, _, after = text.partition(".")
    if len(before) + len(after) > 4 or len(after) > 3:
        raise Refused("?OOR")
    return int(before or "0") * 1000 + int(after.ljust(3, "0"))


def _whole(text: str, low: int, high: int) -> int:
    if not text.isdigit():
        raise Refused("?")
    value = int(text)
    if not low <= value <= high:
        raise Refused("?OOR")
    return value


def _idle(model: PumpModel) -> None:
    if model.operating:
        raise Refused("?NA")


def _dia(model: PumpModel, text: str) -> str:
    if not text:
        return format_number(model.diameter_um)
    _idle(model)
    diameter_um = parse_number(text)
    if not _LEAST_DIAMETER_UM <= diameter_um <= _LARGEST_DIAMETER_UM:
        raise Refused("?OOR")
    model.set_diameter(diameter_um)
    return ""


def _rat(model: PumpModel, text: str) -> str:
    if model.phase.function != "RAT":
        raise Refused("?NA")
    if not text:
        return format_number(model.rate_milli()) + model.phase.rate_unit
    match = _RATE.fullmatch(text)
    if match is None:
        raise Refused("?")
    milli = parse_number(match[1])
    unit = match[2] or model.phase.rate_unit
    if model.operating and unit != model.phase.rate_unit:
        # That units are fixed while pumping is documented, the error text is not.
        raise Refused("?NA")
    if not model.rate_allowed(milli * RATE_UNITS_NL_H[unit]):
        raise Refused("?OOR")
    if model.status in "XTU":
        raise Refused("?NA")
    model.set_rate(milli, unit)
    return ""


def _vol(model: PumpModel, text: str) -> str:
    if not text:
        milli = model.phase.volume_nl // _NL_IN_MILLI[model.volume_unit]
        return format_number(milli) + model.volume_unit
    _idle(model)
    if text in _NL_IN_MILLI:
        model.volume_unit = model.dispensed_unit = text
    else:
        model.phase.volume_nl = parse_number(text) * _NL_IN_MILLI[model.volume_unit]
    return ""


_DIRECTIONS: Final = {"INF": "I", "WDR": "W"}


def _dir(model: PumpModel, text: str) -> str:
    now = model.phase.direction
    if not text:
        return "INF" if now == "I" else "WDR"
    if text == "STK":
        raise Refused("?NA")
    wanted = {"I": "W", "W": "I"}[now] if text == "REV" else _DIRECTIONS.get(text)
    if wanted is None:
        raise Refused("?")
    if model.operating and model.phase.volume_nl > 0:
        raise Refused("?NA")
    model.set_direction(wanted)
    return ""


def _run(model: PumpModel, text: str) -> str:
    return model.start(_whole(text, 1, PHASES) - 1 if text else None)


def _stp(model: PumpModel, text: str) -> str:
    if text:
        raise Refused("?")
    model.stop()
    return ""


def _pur(model: PumpModel, text: str) -> str:
    if text:
        raise Refused("?")
    return model.purge()


def _dis(model: PumpModel, text: str) -> str:
    if text:
        raise Refused("?")
    scale = _NL_IN_MILLI[model.dispensed_unit]
    infused = format_number(model.infused_nl // scale)
    withdrawn = format_number(model.withdrawn_nl // scale)
    return f"I{infused}W{withdrawn}{model.dispensed_unit}"


def _cld(model: PumpModel, text: str) -> str:
    if text not in _DIRECTIONS:
        raise Refused("?")
    _idle(model)
    if text == "INF":
        model.infused = 0
    else:
        model.withdrawn = 0
    return ""


def _phn(model: PumpModel, text: str) -> str:
    if not text:
        return str(model.selected + 1)
    index = _whole(text, 1, PHASES) - 1
    _idle(model)
    if model.status == "P":
        raise Refused("?NA")
    model.selected = index
    return ""


def _fun(model: PumpModel, text: str) -> str:
    phase = model.phase
    if not text:
        return phase.function + (f"{phase.pause_s:02d}" if phase.function == "PAS" else "")
    _idle(model)
    if text in ("RAT", "STP"):
        phase.function = text
    elif text.startswith("PAS"):
        phase.pause_s = _whole(text[3:], 0, 99)
        phase.function = "PAS"
    else:
        raise Refused("?NA")
    return ""


def _ver(model: PumpModel, text: str) -> str:
    if text:
        raise Refused("?")
    return VERSION


def _trg(model: PumpModel, text: str) -> str:
    if not text:
        return model.trigger
    if text not in TRIGGER_NAMES:
        raise Refused("?")
    model.trigger = text
    return ""


def _input(model: PumpModel, text: str) -> str:
    if text not in ("2", "3", "4", "6"):
        raise Refused("?")
    return "0" if text == "2" and model.trigger_low else "1"


def _accepted(model: PumpModel, text: str) -> str:
    """BUZ and OUT 5 have no effect on anything simulated."""
    return ""


def _flag(name: str, highest: int) -> "Handler":
    def handler(model: PumpModel, text: str) -> str:
        if not text:
            return str(model.flags[name])
        model.flags[name] = _whole(text, 0, highest)
        return ""

    return handler


Handler = Callable[[PumpModel, str], str]
COMMANDS: Final[dict[str, Handler]] = {
    "DIA": _dia,
    "RAT": _rat,
    "VOL": _vol,
    "DIR": _dir,
    "RUN": _run,
    "STP": _stp,
    "PUR": _pur,
    "DIS": _dis,
    "CLD": _cld,
    "PHN": _phn,
    "FUN": _fun,
    "VER": _ver,
    "TRG": _trg,
    "SAF": _flag("SAF", 255),
    "LOC": _flag("LOC", 1),
    "DIN": _flag("DIN", 1),
    "ROM": _flag("ROM", 1),
    "AL": _flag("AL", 1),
    "PF": _flag("PF", 1),
    "BP": _flag("BP", 1),
    "LN": _flag("LN", 1),
    "OUT": _accepted,
    "BUZ": _accepted,
    "IN": _input,
}


def execute(model: PumpModel, command: str) -> str:
    """Carry out one command and return the data of its reply ('' = status only)."""
    if not command:
        return ""
    handler = COMMANDS.get(command[:3])
    text = command[3:]
    if handler is None:
        handler, text = COMMANDS.get(command[:2]), command[2:]
    if handler is None:
        return "?"
    try:
        return handler(model, text)
    except Refused as refusal:
        return str(refusal)


def system_address(text: str) -> tuple[int, int] | None:
    """Address and baud rate (0 = unchanged) of ``*ADR``'s argument; None when malformed."""
    match = re.fullmatch(r"(\d{1,2})(?:B(\d+))?", text)
    if match is None or (match[2] and int(match[2]) not in _BAUD_RATES):
        return None
    return int(match[1]), int(match[2] or 0)
