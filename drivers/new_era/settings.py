"""Who the pump must be and how it must be set, as tables.

The rows run after every (re)connection and after every alarm, before anything else. What
a row cannot prove refuses the pump.
"""

from typing import Final

import msgspec

from drivers.new_era.line import VERSION
from drivers.new_era.script import Row

MODELS: Final = ("NE300", "NE500", "NE501", "NE1000")
"""Single-syringe pumps of this command set. NE-300: no page read, assumed the same [?].
Not NE-1600/1800 (several syringes, one drive), NE-9000 (peristaltic)."""
OLDEST_MAJOR: Final = 3
"""Oldest firmware generation of the field reports (V3.61, V3.923) [?]. A generation whose
triggers are only FT, LE and ST also fails at the TRG row."""

SAFE_TIMEOUT_S: Final = range(1, 256)
"""`SAF n`: 0 would be Basic mode [M4 p56]."""
ADDRESSES: Final = range(0, 100)
BAUDS: Final = (300, 1200, 2400, 9600, 19200)
"""[M2][M5]"""


def setting_rows(safe_timeout_s: int) -> tuple[Row, ...]:
    """Rows that make the pump obey this line, and only this line and its stop inputs.

    `SAF` comes first: sent in Safe framing it is taken in either mode and answered in
    Safe framing [M6 p42], so there is never a moment with the dead-man off.
    `LOC 1`: keypad locked. `PF 0`: no resuming after a power cut (no page says what
    PF=1 does [?]). `AL 1`: buzzer on alarms.
    `TRG SP`: the operational trigger (pin 2) stops and never starts. The fact sheet lists
    the letters (FT FH F2 LE ST T2 SP P2 ...) without their meaning; SP = "stop only,
    falling edge" is an assumption [?], to be proven on the bench with the room I/O box
    in both polarities.
    The last rows are known ground for volumes: program phase 1 pumps at a rate, and the
    counters and `VOL` speak in uL whatever the diameter made of them.
    """
    return (
        Row(f"SAF{safe_timeout_s}", "SAF", str(safe_timeout_s)),
        Row("LOC1", "LOC", "1"),
        Row("TRGSP", "TRG", "SP"),
        Row("PF0", "PF", "0"),
        Row("AL1", "AL", "1"),
        Row("PHN1", "PHN", "1"),
        Row("FUNRAT", "FUN", "RAT"),
        Row("VOLUL", "VOL", "#UL"),
        Row("", "DIA"),
    )


_OTHER: Final = "connect a supported pump"


class Identity(msgspec.Struct, frozen=True):
    """What `VER` told: text for the reading, and why it is refused (empty = it is not)."""

    text: str = ""
    refusal: str = ""


def identify(version: str, expect_model: str) -> Identity:
    """Judge the answer to `VER` (already of that shape)."""
    match = VERSION.fullmatch(version)
    if match is None:
        return Identity(
            version, f"the pump calls itself {version!r}, which is no version; {_OTHER}"
        )
    model, upgrade, major = f"NE{match[1]}", match[2] or "", int(match[3])
    text = f"{model}{upgrade} V{match[3]}.{match[4]}"
    if expect_model and model != expect_model:
        refusal = (
            f"pump is a {model}, the room expects a {expect_model};"
            " connect that one, or correct pump.model in the room file"
        )
    elif model not in MODELS:
        refusal = f"pump is a {model}; supported are {', '.join(MODELS)}; {_OTHER}"
    elif major < OLDEST_MAJOR:
        refusal = (
            f"pump firmware is V{match[3]}.{match[4]}; V{OLDEST_MAJOR} or newer is needed;"
            f" have it renewed by the maker, or {_OTHER}"
        )
    else:
        refusal = ""
    return Identity(text, refusal)
