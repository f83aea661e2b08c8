"""Absolute ceilings, as one table, and the limits of a profile that may only tighten them.

No key, switch or role reaches past ``ceiling``. The defaults of
``Limits`` hold where a profile says nothing. Every row names the hazard it stands against, its source and its evidence:

* ``label`` / ``published``: a figure seen in the named source;
* ``computed``: follows from the model in the fact sheet's part C;
* ``assumption``: an engineering assumption. **Every limit needs clinical validation
  before use on people, the assumptions most of all.** Screens, reports and documents
  repeat the mark beside the value in force.

Source letters (B1, C3, D ...) are parts of the project's clinical fact sheet, restated
with their references in ``docs/safety/limits.md``.
"""

import enum
from typing import Final, NamedTuple

import msgspec

from state_machine.units import NS_PER_MIN, NS_PER_MS, NS_PER_S


class Bound(enum.Enum):
    """Which side of the ceiling is forbidden."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


class Limit(NamedTuple):
    """One row: a quantity and what it can never pass. Its default is in ``Limits``."""

    name: str
    ceiling: int
    bound: Bound
    meaning: str
    hazard: str
    evidence: str
    source: str


_MOST = Bound.AT_MOST
_LEAST = Bound.AT_LEAST
_A = "assumption"

# fmt: off
LIMITS: Final[tuple[Limit, ...]] = (
    # --- volume ---------------------------------------------------------------------------
    Limit("injection_volume_nl", 1_000_000, _MOST, "volume of one injection", "HZ-OVERVOLUME", _A, "D; B2: S14, S1"),
    Limit("duct_volume_nl", 1_500_000, _MOST, "volume into one duct, top-ups and spill included", "HZ-OVERVOLUME", _A, "D; B2: S32"),
    Limit("side_day_volume_nl", 2_000_000, _MOST, "volume into one breast in one day, all ducts", "HZ-OVERVOLUME", _A, "D; B2: S28"),
    Limit("first_checkpoint_nl", 50_000, _MOST, "first checkpoint of an injection", "HZ-EXTRAVASATION", _A, "D"),
    Limit("checkpoint_step_nl", 100_000, _MOST, "distance between later checkpoints", "HZ-EXTRAVASATION", _A, "D"),
    Limit("doubt_step_nl", 50_000, _MOST, "distance between checkpoints while net pressure is in doubt", "HZ-EXTRAVASATION", _A, "D, half of the first"),
    Limit("injections_per_duct_count", 3, _MOST, "injections into one duct", "HZ-EXTRAVASATION", _A, "D"),
    Limit("injections_per_side_day_count", 4, _MOST, "injections into one breast in one day", "HZ-EXTRAVASATION", _A, "D"),
    Limit("prime_volume_nl", 500_000, _MOST, "one prime motion, tip out", "HZ-EXTRAVASATION", _A, "B3 dead space"),
    Limit("prime_total_nl", 1_000_000, _MOST, "all prime motions of one procedure", "HZ-EXTRAVASATION", _A, "B3 dead space"),
    Limit("tip_drop_nl", 5_000, _MOST, "one drop at the tip", "HZ-OVERVOLUME", _A, "safety rules 1.7"),
    Limit("tip_drop_count", 3, _MOST, "drops at the tip per duct", "HZ-OVERVOLUME", _A, "safety rules 1.7"),
    Limit("stiffness_push_nl", 10_000, _MOST, "one push against the closed stopcock, backlash included", "HZ-AIR", _A, "safety rules 1.7, 4.3; C4"),
    Limit("retract_nl", 30_000, _MOST, "withdrawn total of one injection", "HZ-AIR", _A, "D"),
    Limit("stored_volume_nl", 10_000, _MOST, "volume stored in the line, rate times time constant", "HZ-STOP-FAILS", "computed", "safety rules 4.3; C2"),
    Limit("overrun_nl", 20_000, _MOST, "volume after the slowest stop: rate times (time constant + dead time)", "HZ-STOP-FAILS", "computed", "D; design: stop paths"),
    Limit("motion_least_nl", 1_000, _LEAST, "smallest target the pump is given (0 means endless)", "HZ-OVERVOLUME", "published", "safety rules 1.2; pump manual VOL"),
    # --- rate and time --------------------------------------------------------------------
    Limit("first_rate_nl_min", 200_000, _MOST, "rate up to the first checkpoint", "HZ-OVERRATE", _A, "D"),
    Limit("rate_nl_min", 500_000, _MOST, "rate", "HZ-OVERRATE", _A, "D; S1: 0.3-0.5 mL in a minute or more"),
    Limit("ramp_nl_min_s", 100_000, _MOST, "increase of the rate per second", "HZ-OVERRATE", _A, "D"),
    Limit("prime_rate_nl_min", 500_000, _MOST, "rate of a prime motion, tip out", "HZ-OVERRATE", _A, "D, rate ceiling"),
    Limit("stiffness_rate_nl_min", 60_000, _MOST, "rate of a push against the closed stopcock", "HZ-OVERPRESSURE", _A, "safety rules 1.7"),
    Limit("play_um", 200, _MOST, "play of the drive that a retract test may find", "HZ-STOP-FAILS", _A, "clinical facts B: 50 um"),
    Limit("retract_rate_nl_min", 200_000, _MOST, "rate of a retract", "HZ-AIR", _A, "D"),
    Limit("motor_time_ns", 240 * NS_PER_S, _MOST, "motor-on time of one injection", "HZ-OVERVOLUME", _A, "D"),
    Limit("dwell_warn_ns", 20 * NS_PER_MIN, _MOST, "cannula in place before a warning", "HZ-USE-ERROR", _A, "D; S69 analogy"),
    # --- pressure -------------------------------------------------------------------------
    Limit("line_pressure_pa", 138_000, _MOST, "line pressure, whatever the flow", "HZ-OVERPRESSURE", "published", "D; S72: 20 psi"),
    Limit("line_margin_pa", 10_000, _MOST, "line pressure above 1.3 times the open-tip drop", "HZ-OVERPRESSURE", _A, "D"),
    Limit("flow_drop_pa", 84_000, _MOST, "open-tip drop at the wanted rate", "HZ-OVERPRESSURE", "computed", "safety rules 4.3"),
    Limit("net_warn_pa", 4_000, _MOST, "net pressure: warning", "HZ-OVERPRESSURE", _A, "D; S64, S65"),
    Limit("net_pause_pa", 6_000, _MOST, "net pressure: pause", "HZ-OVERPRESSURE", _A, "D; S64, S65"),
    Limit("net_stop_pa", 8_000, _MOST, "net pressure: stop", "HZ-OVERPRESSURE", _A, "D; S64, S65"),
    Limit("false_passage_pa", 2_000, _MOST, "net pressure before the first checkpoint", "HZ-EXTRAVASATION", _A, "D; C3"),
    Limit("net_spread_pa", 2_000, _MOST, "net pressure: upper bound above the estimate, steady, to inject", "HZ-OVERPRESSURE", _A, "safety rules 4.1; decision 0016"),
    Limit("slope_share_ppm", 400_000, _MOST, "rise of line pressure over that of a closed line: occlusion", "HZ-OVERPRESSURE", "computed", "safety rules 4.3; C3"),
    Limit("slope_time_ns", 300 * NS_PER_MS, _MOST, "time it must rise so fast", "HZ-OVERPRESSURE", "computed", "C3"),
    Limit("tear_drop_pa", 1_000, _MOST, "sudden fall of net pressure, or 6 sigma", "HZ-EXTRAVASATION", "computed", "C3"),
    Limit("tear_drop_ppm", 400_000, _MOST, "sudden fall of net pressure over its peak", "HZ-EXTRAVASATION", "computed", "C3"),
    Limit("tear_time_ns", 5 * NS_PER_S, _LEAST, "time within which a fall is sudden", "HZ-EXTRAVASATION", "computed", "C3"),
    Limit("dislodged_from_pa", 1_000, _MOST, "net pressure before the cannula slipped out", "HZ-EXTRAVASATION", _A, "C3"),
    Limit("dislodged_zero_pa", 250, _LEAST, "net pressure that is zero, or 3 sigma", "HZ-EXTRAVASATION", _A, "C3"),
    Limit("dislodged_time_ns", NS_PER_S, _LEAST, "time within which it falls to zero", "HZ-EXTRAVASATION", "computed", "C3"),
    Limit("sag_allowed_pa", 400, _MOST, "net pressure below its slow mean, or 1 sigma, that is not summed", "HZ-EXTRAVASATION", "computed", "docs/performance.md; C2"),
    Limit("sag_time_ns", NS_PER_S, _MOST, "sum over time of what lies below that, as time of 1 kPa; or 4 sigma", "HZ-EXTRAVASATION", "computed", "docs/performance.md; C2"),
    Limit("plateau_net_pa", 2_000, _MOST, "net pressure from which it must go on rising with volume", "HZ-EXTRAVASATION", "computed", "C3; D"),
    Limit("plateau_volume_nl", 50_000, _MOST, "volume over which the rise is taken", "HZ-EXTRAVASATION", "computed", "C3; D"),
    Limit("plateau_ppm", 400_000, _LEAST, "rise with volume over its steepest: reflux or leak", "HZ-EXTRAVASATION", "computed", "C3; D"),
    Limit("plateau_tau_ns", 2 * NS_PER_S, _MOST, "time constant up to which a plateau can be told", "HZ-EXTRAVASATION", "computed", "C3"),
    Limit("flow_share_ppm", 100_000, _MOST, "volume counted against rate confirmed", "HZ-OVERRATE", _A, "D; GIP 1.2"),
    Limit("flow_time_ns", 15 * NS_PER_S, _MOST, "time over which they are compared", "HZ-OVERRATE", _A, "D; GIP 1.2"),
    Limit("no_flow_ppm", 600_000, _MOST, "line pressure missing over the open-tip drop: no flow", "HZ-LOST-COUNT", _A, "C2; decision 0016"),
    Limit("still_time_ns", 3 * NS_PER_S, _MOST, "running without a count", "HZ-LOST-COUNT", _A, "design: polling plan"),
    Limit("rate_share_ppm", 100_000, _MOST, "rate confirmed against rate told", "HZ-OVERRATE", _A, "D; GIP 1.2"),
    Limit("rate_time_ns", 3 * NS_PER_S, _MOST, "time for which they may differ", "HZ-OVERRATE", _A, "design: polling plan"),
    Limit("net_agree_pa", 2_000, _MOST, "estimate beside the relaxed pressure after a stop", "HZ-OVERPRESSURE", _A, "C2; decision 0016"),
    Limit("decay_ppm", 700_000, _MOST, "share of the line's pressure left one time constant after a stop: air", "HZ-AIR", "computed", "C4: twice as soft is air; exp(-1/2)"),
    Limit("drift_pa", 500, _MOST, "movement of the line sensor's zero", "HZ-OVERPRESSURE", _A, "C4"),
    Limit("rest_pressure_pa", 500, _MOST, "line pressure at rest, tip out", "HZ-OVERPRESSURE", _A, "C4"),
    Limit("stiffness_pressure_pa", 20_000, _MOST, "line pressure of a push against the closed stopcock", "HZ-OVERPRESSURE", _A, "safety rules 1.7; C4: 10 kPa expected"),
    Limit("retract_least_pa", 500, _LEAST, "line pressure under which nothing is withdrawn", "HZ-AIR", _A, "D; S76 1.8.1"),
    Limit("compression_line_pa", 6_000, _MOST, "line pressure during compression", "HZ-OVERPRESSURE", _A, "safety rules 4.5"),
    Limit("settled_change_pa", 200, _MOST, "change of pressure that counts as settled", "HZ-OVERPRESSURE", _A, "safety rules 4.5"),
    Limit("settle_window_ns", 3 * NS_PER_S, _LEAST, "time over which it must be settled", "HZ-OVERPRESSURE", _A, "safety rules 4.5"),
    Limit("temperature_low_mc", 20_000, _LEAST, "contrast temperature", "HZ-OVERPRESSURE", _A, "safety rules 4.2; B1"),
    Limit("temperature_high_mc", 40_000, _MOST, "contrast temperature", "HZ-OVERPRESSURE", _A, "safety rules 4.2; B1"),
    Limit("band_low_ppm", 600_000, _LEAST, "measured resistance over the cannula's nominal", "HZ-SYRINGE", _A, "C4; S52 tolerance"),
    Limit("band_high_ppm", 1_700_000, _MOST, "measured resistance over the cannula's nominal", "HZ-SYRINGE", _A, "C4; S52 tolerance"),
    Limit("linear_ppm", 50_000, _MOST, "open-tip pressure at half the rate, beside half the pressure", "HZ-SYRINGE", _A, "C4: +-5 %"),
    Limit("stiffness_low_ppm", 300_000, _LEAST, "measured compliance over the expected", "HZ-SYRINGE", _A, "C2 range"),
    Limit("stiffness_high_ppm", 2_000_000, _MOST, "measured compliance over the expected: softer is air", "HZ-AIR", _A, "C4"),
    Limit("first_drop_low_ppm", 700_000, _LEAST, "volume to the first drop over the line's dead space", "HZ-SYRINGE", _A, "safety rules 4.4: x3.28"),
    Limit("first_drop_high_ppm", 1_500_000, _MOST, "volume to the first drop over the line's dead space", "HZ-SYRINGE", _A, "safety rules 4.4: x3.28"),
    Limit("temperature_life_ns", 30 * NS_PER_MIN, _MOST, "age of a contrast temperature that a person entered", "HZ-OVERPRESSURE", _A, "safety rules 4.2"),
    # --- compression and exposure ---------------------------------------------------------
    Limit("force_mn", 100_000, _MOST, "compression force with contrast in the duct", "HZ-COMPRESSION", _A, "D; S73, S74"),
    Limit("compressed_time_ns", 60 * NS_PER_S, _MOST, "time compressed per view, then release", "HZ-COMPRESSION", _A, "D; S37"),
    Limit("exposure_delay_ns", 180 * NS_PER_S, _MOST, "end of injection to first exposure", "HZ-EXPOSURE", _A, "D"),
    Limit("next_view_delay_ns", 300 * NS_PER_S, _MOST, "between two views", "HZ-EXPOSURE", _A, "D"),
    # --- permission -----------------------------------------------------------------------
    Limit("confirm_life_ns", 10 * NS_PER_S, _MOST, "second deliberate step after the first", "HZ-USE-ERROR", _A, "console facts 6.3"),
    Limit("arm_life_ns", 30 * NS_PER_S, _MOST, "armed without a press (injection)", "HZ-USE-ERROR", _A, "console facts 6.3"),
    Limit("expose_arm_life_ns", 15 * NS_PER_S, _MOST, "armed without a press (exposure)", "HZ-EXPOSURE", _A, "console facts 6.3"),
    Limit("resume_window_ns", 30 * NS_PER_S, _MOST, "released, and may be pressed again", "HZ-USE-ERROR", _A, "console facts 6.3"),
    Limit("tip_out_life_ns", 60 * NS_PER_S, _MOST, "age of the word that the tip is out", "HZ-EXTRAVASATION", _A, "safety rules 1.7"),
    Limit("expose_press_ns", 10 * NS_PER_S, _MOST, "one exposure press", "HZ-EXPOSURE", _A, "console facts 6.3"),
    Limit("released_least_ns", 200 * NS_PER_MS, _LEAST, "hold seen open before it is ready", "HZ-USE-ERROR", _A, "console facts 6.4"),
    Limit("daily_check_life_ns", 24 * 60 * NS_PER_MIN, _MOST, "age of the daily check when arming", "HZ-STOP-FAILS", _A, "safety rules 5.4: hours"),
    Limit("check_zero_pa", 5_000, _MOST, "line pressure before the daily check zeroes the sensor, tip out", "HZ-OVERPRESSURE", _A, "safety rules 5.4; C4"),
    Limit("observation_ns", NS_PER_S, _LEAST, "observation after the cannula is out; clinical rooms 5 minutes at least", "HZ-USE-ERROR", _A, "safety rules 5.2; A5: reactions mostly below 5 min, up to 1 h"),
    Limit("lock_days_count", 7, _LEAST, "days a breast stays locked after suspected extravasation", "HZ-EXTRAVASATION", "published", "S2: 7-14 days"),
    # --- freshness and lateness -----------------------------------------------------------
    Limit("pump_fresh_ns", 150 * NS_PER_MS, _MOST, "age of the pump's answer while it matters", "HZ-STALE-DATA", _A, "design: polling plan"),
    Limit("line_fresh_ns", 60 * NS_PER_MS, _MOST, "age of the line pressure while it matters", "HZ-STALE-DATA", _A, "design: polling plan"),
    Limit("room_fresh_ns", 100 * NS_PER_MS, _MOST, "age of the switches while they matter", "HZ-STALE-DATA", _A, "design: polling plan"),
    Limit("unit_fresh_ns", 500 * NS_PER_MS, _MOST, "age of the mammograph's answer, compressing", "HZ-STALE-DATA", _A, "design: polling plan"),
    Limit("unit_expose_fresh_ns", 100 * NS_PER_MS, _MOST, "age of the mammograph's answer, exposing", "HZ-STALE-DATA", _A, "design: polling plan"),
    Limit("view_fresh_ns", 400 * NS_PER_MS, _MOST, "age of what the console has drawn, injecting", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("view_expose_fresh_ns", 200 * NS_PER_MS, _MOST, "age of what the console has drawn, exposing", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("hold_beat_ns", 250 * NS_PER_MS, _MOST, "between two beats of a hold on the screen, injecting", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("hold_beat_expose_ns", 125 * NS_PER_MS, _MOST, "between two beats of a hold on the screen, exposing", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("view_arm_ns", 150 * NS_PER_MS, _MOST, "worst age of what the console has drawn, before arming an injection", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("view_arm_expose_ns", 100 * NS_PER_MS, _MOST, "worst age of what the console has drawn, before arming an exposure", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("view_window_ns", 5 * NS_PER_S, _LEAST, "time before arming in which the console was never slower", "HZ-STALE-DATA", _A, "console facts 6.3"),
    Limit("exchange_p99_ns", 40 * NS_PER_MS, _MOST, "pump exchange time (99th percentile) to arm", "HZ-STOP-FAILS", _A, "safety rules 1.8"),
    Limit("late_pass_ns", 50 * NS_PER_MS, _MOST, "lateness of a pass", "HZ-STALE-DATA", _A, "safety rules 3.2"),
)
# fmt: on

LIMIT_BY_NAME: Final = {row.name: row for row in LIMITS}


class Limits(msgspec.Struct, frozen=True):
    """The limits in force: one integer per row of ``LIMITS``, the value here its default."""

    injection_volume_nl: int = 200_000
    duct_volume_nl: int = 500_000
    side_day_volume_nl: int = 1_000_000
    first_checkpoint_nl: int = 50_000
    checkpoint_step_nl: int = 100_000
    doubt_step_nl: int = 25_000
    injections_per_duct_count: int = 2
    injections_per_side_day_count: int = 3
    prime_volume_nl: int = 150_000
    prime_total_nl: int = 600_000
    tip_drop_nl: int = 5_000
    tip_drop_count: int = 3
    stiffness_push_nl: int = 8_000
    retract_nl: int = 30_000
    stored_volume_nl: int = 5_000
    overrun_nl: int = 20_000
    motion_least_nl: int = 1_000
    first_rate_nl_min: int = 100_000
    rate_nl_min: int = 200_000
    ramp_nl_min_s: int = 40_000
    prime_rate_nl_min: int = 500_000
    stiffness_rate_nl_min: int = 60_000
    play_um: int = 100
    retract_rate_nl_min: int = 100_000
    motor_time_ns: int = 180 * NS_PER_S
    dwell_warn_ns: int = 12 * NS_PER_MIN
    line_pressure_pa: int = 120_000
    line_margin_pa: int = 10_000
    flow_drop_pa: int = 84_000
    net_warn_pa: int = 3_000
    net_pause_pa: int = 4_000
    net_stop_pa: int = 6_000
    false_passage_pa: int = 2_000
    net_spread_pa: int = 1_500
    slope_share_ppm: int = 400_000
    slope_time_ns: int = 300 * NS_PER_MS
    tear_drop_pa: int = 1_000
    tear_drop_ppm: int = 400_000
    tear_time_ns: int = 5 * NS_PER_S
    dislodged_from_pa: int = 1_000
    dislodged_zero_pa: int = 250
    dislodged_time_ns: int = NS_PER_S
    sag_allowed_pa: int = 150
    sag_time_ns: int = 400 * NS_PER_MS
    plateau_net_pa: int = 2_000
    plateau_volume_nl: int = 50_000
    plateau_ppm: int = 400_000
    plateau_tau_ns: int = 2 * NS_PER_S
    flow_share_ppm: int = 100_000
    flow_time_ns: int = 15 * NS_PER_S
    no_flow_ppm: int = 400_000
    still_time_ns: int = NS_PER_S
    rate_share_ppm: int = 20_000
    rate_time_ns: int = NS_PER_S
    net_agree_pa: int = 1_000
    decay_ppm: int = 607_000
    drift_pa: int = 300
    rest_pressure_pa: int = 500
    stiffness_pressure_pa: int = 20_000
    retract_least_pa: int = 500
    compression_line_pa: int = 6_000
    settled_change_pa: int = 200
    settle_window_ns: int = 3 * NS_PER_S
    temperature_low_mc: int = 20_000
    temperature_high_mc: int = 40_000
    band_low_ppm: int = 600_000
    band_high_ppm: int = 1_700_000
    linear_ppm: int = 50_000
    stiffness_low_ppm: int = 400_000
    stiffness_high_ppm: int = 2_000_000
    first_drop_low_ppm: int = 800_000
    first_drop_high_ppm: int = 1_300_000
    temperature_life_ns: int = 30 * NS_PER_MIN
    force_mn: int = 40_000
    compressed_time_ns: int = 45 * NS_PER_S
    exposure_delay_ns: int = 180 * NS_PER_S
    next_view_delay_ns: int = 300 * NS_PER_S
    confirm_life_ns: int = 10 * NS_PER_S
    arm_life_ns: int = 30 * NS_PER_S
    expose_arm_life_ns: int = 15 * NS_PER_S
    resume_window_ns: int = 30 * NS_PER_S
    tip_out_life_ns: int = 60 * NS_PER_S
    expose_press_ns: int = 10 * NS_PER_S
    released_least_ns: int = 200 * NS_PER_MS
    daily_check_life_ns: int = 12 * 60 * NS_PER_MIN
    check_zero_pa: int = 2_000
    observation_ns: int = 15 * NS_PER_MIN
    lock_days_count: int = 14
    pump_fresh_ns: int = 150 * NS_PER_MS
    line_fresh_ns: int = 60 * NS_PER_MS
    room_fresh_ns: int = 100 * NS_PER_MS
    unit_fresh_ns: int = 500 * NS_PER_MS
    unit_expose_fresh_ns: int = 100 * NS_PER_MS
    view_fresh_ns: int = 400 * NS_PER_MS
    view_expose_fresh_ns: int = 200 * NS_PER_MS
    hold_beat_ns: int = 250 * NS_PER_MS
    hold_beat_expose_ns: int = 125 * NS_PER_MS
    view_arm_ns: int = 150 * NS_PER_MS
    view_arm_expose_ns: int = 100 * NS_PER_MS
    view_window_ns: int = 5 * NS_PER_S
    exchange_p99_ns: int = 40 * NS_PER_MS
    late_pass_ns: int = 50 * NS_PER_MS


def beyond_ceiling(limits: Limits) -> tuple[str, ...]:
    """Say, in words, which limits lie on the forbidden side of their ceiling."""
    problems = []
    for row in LIMITS:
        value = getattr(limits, row.name)
        over = value > row.ceiling if row.bound is Bound.AT_MOST else value < row.ceiling
        if over or value < 0:
            problems.append(
                f"{row.name} = {value:_} ({row.meaning}): must be {row.bound.value} "
                f"{row.ceiling:_}; a profile may only tighten it"
            )
    problems.extend(words for holds, words in _relations(limits) if not holds)
    return tuple(problems)


def _relations(limits: Limits) -> tuple[tuple[bool, str], ...]:
    """Relations between the numbers that make sense of them together."""
    return (
        (
            limits.net_warn_pa <= limits.net_pause_pa <= limits.net_stop_pa,
            "net_warn_pa <= net_pause_pa <= net_stop_pa must hold",
        ),
        (
            limits.injection_volume_nl <= limits.duct_volume_nl <= limits.side_day_volume_nl,
            "injection_volume_nl <= duct_volume_nl <= side_day_volume_nl must hold",
        ),
        (
            limits.doubt_step_nl >= limits.motion_least_nl,
            "doubt_step_nl must be at least motion_least_nl",
        ),
        (
            limits.first_rate_nl_min <= limits.rate_nl_min,
            "first_rate_nl_min <= rate_nl_min must hold",
        ),
        (
            limits.temperature_low_mc < limits.temperature_high_mc,
            "temperature_low_mc < temperature_high_mc must hold",
        ),
        (
            limits.first_checkpoint_nl >= limits.motion_least_nl
            and limits.checkpoint_step_nl >= limits.motion_least_nl,
            "checkpoints must be at least motion_least_nl apart",
        ),
    )
