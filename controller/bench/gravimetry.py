"""Inner diameter of a syringe by weighing what it delivers.

The pump counts volume by the diameter it is set to; the balance weighs it. Volume goes with the
square of the diameter, so the diameter that the pump should have is the one set times the root
of weighed over counted. Each dispense is weighed before and after, the tip under water in a
vessel all the time (no drop stays at the tip or falls late), and what evaporates meanwhile is
measured without dispensing and added. Volume from mass after ISO 8655-6 (its text was not
seen): density of water by Tanaka et al., Metrologia 38 (2001) 301, buoyancy of air against
steel weights of 8.0 g/mL.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from controller.bench import uncertainty as gum
from controller.record.calibrations import Part

DIGIT_MOST_NG: Final = 100_000
"""Readability that is needed at least: 0.1 mg."""
COUNT_LEAST: Final = 5
COUNT_MOST: Final = 100
TEMPERATURES_MC: Final = (15_000, 35_000)
VOLUME_MOST_PPM: Final = 20_000
"""Most that the volume may be uncertain (k = 2) for the weighing to be passed (assumption: half
of what an unweighed syringe counts, less a margin)."""
RATIO_MOST_PPM: Final = 100_000
"""Most that weighed and counted volume may differ: beyond, another syringe is in the clamp
(3 mL under a 1 mL profile gives 3.28 times as much, safety rules 4.4)."""
AIR_G_ML: Final = 0.0012
WEIGHTS_G_ML: Final = 8.0
_WATER_PER_K: Final = 2.6e-4
"""Change of the volume of water with temperature near 25 degrees, as a fraction per K."""
_NS_PER_MIN: Final = 60 * 10**9
_PPM: Final = 1_000_000


class Dispense(NamedTuple):
    """One: what the pump counted, what the vessel weighed before and after."""

    counted_nl: int
    before_ng: int
    after_ng: int
    span_ns: int
    """Between the two weighings."""


class Setting(NamedTuple):
    """What all of them have in common."""

    diameter_um: int
    """Set on the pump."""
    temperature_mc: int
    """Of the water."""
    temperature_u_mc: int
    """Half-width within which that is known."""
    digit_ng: int
    """Readability of the balance."""
    evaporation_ng_min: int
    """Lost without dispensing, measured."""
    counter_digit_nl: int
    """What the last digit of the pump's counter stands for."""
    submerged: bool
    """By the person's word: the tip is under water, from the first weighing to the last."""


class Weighed(NamedTuple):
    """What came out."""

    diameter_nm: int
    ratio_ppm: int
    """Weighed over counted volume."""
    uncertainty_ppm: int
    """Expanded, of the volume."""
    parts: tuple[Part, ...]
    passed: bool
    verdict: str
    volumes: tuple[tuple[int, int], ...]
    """Counted and weighed, nL."""


class NotUsable(ValueError):
    """These weighings say nothing; the text says why and what to do."""


def water_g_ml(temperature_mc: int) -> float:
    """Density of air-free water at 101 kPa (Tanaka 2001), 0 to 40 degrees."""
    t = temperature_mc / 1000
    fall = (t - 3.983035) ** 2 * (t + 301.797) / (522_528.9 * (t + 69.34881))
    return 0.99997495 * (1 - fall)


def nl_per_ng(temperature_mc: int) -> float:
    """Volume of a mass of water weighed in air (ISO 8655-6 calls it Z)."""
    density = water_g_ml(temperature_mc)
    return (1 - AIR_G_ML / WEIGHTS_G_ML) / (density - AIR_G_ML) / 1000


def refused(setting: Setting, dispenses: Sequence[Dispense]) -> str:
    """Why nothing can be told from them; empty = something can."""
    low_mc, high_mc = TEMPERATURES_MC
    checks = (
        (
            setting.digit_ng > DIGIT_MOST_NG,
            f"the balance shows {setting.digit_ng / 1e6:g} mg steps: one of 0.1 mg or finer is"
            " needed",
        ),
        (
            not setting.submerged,
            "the tip must be under water from the first weighing to the last: drops that hang or"
            " fall late are not weighed",
        ),
        (
            not low_mc <= setting.temperature_mc <= high_mc,
            f"water of {setting.temperature_mc / 1000:g} degrees: {low_mc // 1000} to"
            f" {high_mc // 1000}, as the room",
        ),
        (
            not COUNT_LEAST <= len(dispenses) <= COUNT_MOST,
            f"{len(dispenses)} dispenses: {COUNT_LEAST} to {COUNT_MOST} are needed",
        ),
        (
            any(d.counted_nl <= 0 or d.span_ns <= 0 for d in dispenses),
            "each dispense has a counted volume and a time between its weighings",
        ),
        (
            any(d.after_ng - d.before_ng <= 20 * setting.digit_ng for d in dispenses),
            "a dispense weighed less than 20 steps of the balance: dispense more each time",
        ),
    )
    return next((words for wrong, words in checks if wrong), "")


def weigh(setting: Setting, dispenses: Sequence[Dispense]) -> Weighed:
    """Diameter and uncertainty from dispenses.

    Raises:
        NotUsable: they say nothing.
    """
    why = refused(setting, dispenses)
    if why:
        raise NotUsable(why)
    factor = nl_per_ng(setting.temperature_mc)
    lost_ng = [setting.evaporation_ng_min * d.span_ns / _NS_PER_MIN for d in dispenses]
    masses = [d.after_ng - d.before_ng + e for d, e in zip(dispenses, lost_ng, strict=True)]
    ratios = [m * factor / d.counted_nl for m, d in zip(masses, dispenses, strict=True)]
    ratio = gum.mean(ratios)
    parts = _parts(setting, dispenses, ratios, masses, lost_ng)
    expanded_ppm = gum.expanded_ppm(parts)
    ratio_ppm = round(ratio * _PPM)
    diameter_nm = round(setting.diameter_um * 1000 * math.sqrt(ratio))
    close = abs(ratio_ppm - _PPM) <= RATIO_MOST_PPM
    passed = close and expanded_ppm <= VOLUME_MOST_PPM
    volumes = tuple(
        (d.counted_nl, round(m * factor)) for d, m in zip(dispenses, masses, strict=True)
    )
    verdict = _verdict(setting, len(dispenses), diameter_nm, ratio_ppm, expanded_ppm, close)
    return Weighed(diameter_nm, ratio_ppm, expanded_ppm, parts, passed, verdict, volumes)


def _parts(
    setting: Setting,
    dispenses: Sequence[Dispense],
    ratios: Sequence[float],
    masses: Sequence[float],
    lost_ng: Sequence[float],
) -> tuple[Part, ...]:
    mass, lost = gum.mean(masses), gum.mean(lost_ng)
    counted = gum.mean([d.counted_nl for d in dispenses])
    span = setting.digit_ng * math.sqrt(2) / 2
    return (
        Part("repeatability", "A", gum.of_mean_ppm(ratios, gum.mean(ratios)),
             f"scatter of {len(ratios)} dispenses, widened for their number"),
        Part("readability", "B", gum.rectangular_ppm(span, mass),
             "two weighings, half a step each; not taken as less for being many"),
        Part("linearity", "B", gum.rectangular_ppm(2 * setting.digit_ng, mass),
             "two steps over so small a span (assumption; the balance's certificate says more)"),
        Part("evaporation", "B", gum.rectangular_ppm(lost / 2, mass),
             "half of what was added for it"),
        Part("temperature", "B",
             gum.rectangular_ppm(_WATER_PER_K * setting.temperature_u_mc / 1000, 1),
             "density of the water, by how well its temperature is known"),
        Part("air", "B", gum.rectangular_ppm(AIR_G_ML / 20, 1),
             "buoyancy, with the density of the air known to 5 %"),
        Part("counter", "B",
             gum.rectangular_ppm(setting.counter_digit_nl * math.sqrt(2) / 2, counted),
             "two readings of the pump's counter, half a digit each"),
    )  # fmt: skip


def _verdict(
    setting: Setting, count: int, diameter_nm: int, ratio_ppm: int, expanded_ppm: int, close: bool
) -> str:
    said = (
        f"inner diameter {diameter_nm / 1e6:.4f} mm ({setting.diameter_um / 1000:.3f} mm set),"
        f" volume uncertain by {expanded_ppm / 1e4:.2f} % (k = 2); {count} dispenses, balance with"
        f" {setting.digit_ng / 1e6:g} mg steps (0.1 mg or finer), tip submerged, evaporation of"
        f" {setting.evaporation_ng_min / 1000:g} ug/min corrected"
    )
    if not close:
        return (
            f"NOT PASSED: {ratio_ppm / 1e4:.1f} % of the counted volume was weighed, more than"
            f" {RATIO_MOST_PPM / 1e4:.0f} % off: is another syringe in the clamp, or the diameter"
            f" set wrong? {said}"
        )
    if expanded_ppm > VOLUME_MOST_PPM:
        return (
            f"NOT PASSED: more uncertain than {VOLUME_MOST_PPM / 1e4:.0f} %: dispense more each"
            f" time, shield the balance from draft. {said}"
        )
    return f"passed: {said}"
