"""Numbers and tables of the New Era pump: rate units, geometry, trigger modes, phases.

Sources: NE-1000 family manuals as given in the fact sheet *pumps* section 1.7-1.8; trigger
table: NE-500/501 OEM manual pub. 1200-02 p. 38.
"""

import functools
from typing import Final

UNITS_PER_NL: Final = 3600 * 10**9
"""nL/h * ns in one nL."""
PHASES: Final = 41
RATE_UNITS_NL_H: Final = {"UM": 60, "UH": 1, "MM": 60_000, "MH": 1_000}
"""nL/h in 0.001 of each unit: uL/min, uL/h, mL/min, mL/h."""
OPERATING: Final = frozenset("IWTUX")
MOTOR_ON: Final = frozenset("IWX")
MICROLITRE_LIMIT_UM: Final = 14_000
"""At or below this diameter volumes are in uL by default, above in mL (NE-500 quick start)."""

# Trigger input, pin 2 (NE-500 OEM manual p. 38): what the falling and the rising edge do,
# and whether a low or a high level holds the program stopped.
TRIGGERS: Final = {
    "FT": ("toggle", ""),
    "FH": ("start", "stop"),
    "F2": ("", "toggle"),
    "LE": ("stop", "start"),
    "ST": ("start", ""),
    "T2": ("", "start"),
    "SP": ("stop", ""),
    "P2": ("", "stop"),
    "RL": ("start", ""),
    "RH": ("", "start"),
    "SL": ("stop", ""),
    "SH": ("", "stop"),
    "ET": ("", ""),
}
TRIGGER_NAMES: Final = frozenset(TRIGGERS)


def disc_um2(diameter_um: int) -> int:
    """Area of a circle in um2; pi as 355/113, good to 3e-7."""
    return 355 * diameter_um * diameter_um // (113 * 4)


@functools.cache
def step_fl(diameter_um: int) -> int:
    """Volume of one microstep in fL: 1 mm screw, 3200 microsteps per turn = 312.5 nm."""
    return disc_um2(diameter_um) * 625 // 2000


class Phase:
    """One program phase; a factory pump holds a leftover rate in each (assumption)."""

    def __init__(self) -> None:
        self.function = "RAT"
        self.pause_s = 0
        self.rate_milli = 100_000
        self.rate_unit = "UM"
        self.volume_nl = 0
        self.direction = "I"

    def rate_nl_h(self) -> int:
        """Programmed rate."""
        return self.rate_milli * RATE_UNITS_NL_H[self.rate_unit]


def fresh_program() -> list[Phase]:
    """Phase 2 keeps its leftover rate, which is the trap of 1.8; phase 3 ends the program."""
    phases = [Phase() for _ in range(PHASES)]
    phases[2].function = "STP"
    return phases
