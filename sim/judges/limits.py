"""Ceilings and deadlines as judges know them: stated again, not taken from the core.

``tests/sim/test_judges.py`` compares them with ``state_machine/limits.py``; a ceiling that is
changed there must be changed here by hand, and somebody thinks about it twice.
"""

from typing import Final

CEILINGS: Final = {
    "injection_volume_nl": 1_000_000,
    "duct_volume_nl": 1_500_000,
    "side_day_volume_nl": 2_000_000,
    "first_checkpoint_nl": 50_000,
    "checkpoint_step_nl": 100_000,
    "prime_total_nl": 1_000_000,
    "injections_per_duct_count": 3,
    "retract_nl": 30_000,
    "rate_nl_min": 500_000,
    "prime_rate_nl_min": 500_000,
    "motor_time_ns": 240_000_000_000,
    "line_pressure_pa": 138_000,
    "net_stop_pa": 8_000,
    "force_mn": 100_000,
    "expose_press_ns": 10_000_000_000,
}
"""Most that a profile may allow."""

TAIL_NL: Final = 100
"""What the line may still hold of the open-tip test when the cannula is placed."""
COUNT_NL: Final = 20
"""A digit of the pump's counter and a step of its motor (assumption: 1 mL syringe)."""
STOP_MS: Final = 150
"""Switch released, pain pressed: to standstill, with every device in order."""
BEAM_MS: Final = 200
"""Switch released: to the end of X-rays."""
NEAR_NL: Final = 1_000
"""A checkpoint nearer than the smallest motion counts as reached: the next one is told."""
POWER_MS: Final = 20
"""Emergency stop: in hardware."""
RATE_PPM: Final = 20_000
"""What a rate may be over its limit: rounding on the wire."""
PRESSURE_PA: Final = 1_500
"""What duct pressure may be over the stop level: between two looks, and what the line stores."""
LINE_PA: Final = 12_000
"""What line pressure may be over its limit: until the pump stands."""
QUIET_NS: Final = 2_000_000_000
"""Nothing moves for so long at the end."""
EXPOSE_MS: Final = 1_000
"""What X-rays may last beyond the longest press."""
