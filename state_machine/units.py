"""The integer quantities of the core and the only conversions between them.

Every number that decides something is an ``int`` and carries its unit last in its
name: ``_nl`` nanolitre, ``_nl_min`` nanolitre per minute, ``_pa`` pascal, ``_mn``
millinewton, ``_um`` micrometre, ``_ns`` nanosecond, ``_mc`` millidegree Celsius,
``_pa_s_ul`` pascal second per microlitre (flow resistance), ``_nl_kpa`` nanolitre
per kilopascal (compliance), ``_uas`` microampere second, ``_ppm`` parts per million.

Rounding is part of each name's contract: a bound that protects the patient is
rounded toward the safe side, which is down for what may be delivered and up for
what may have been delivered.
"""

from typing import Final

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
NS_PER_MIN: Final = 60 * NS_PER_S
NL_PER_UL: Final = 1_000
NL_PER_ML: Final = 1_000_000
PA_PER_KPA: Final = 1_000
PPM: Final = 1_000_000

PI_NUMERATOR: Final = 355
"""Milü, 355/113: pi to 3e-7, exact enough for a band of x0.6 to x1.7."""
PI_DENOMINATOR: Final = 113


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide integers rounding up (toward +infinity)."""
    return -(-numerator // denominator)


def clamp_low(value: int) -> int:
    """Return ``value``, or 0 where it is negative."""
    return max(0, value)


def volume_floor_nl(rate_nl_min: int, span_ns: int) -> int:
    """Volume in nL that ``rate_nl_min`` surely moves in ``span_ns``, rounded down."""
    return rate_nl_min * span_ns // NS_PER_MIN


def volume_ceil_nl(rate_nl_min: int, span_ns: int) -> int:
    """Volume in nL that ``rate_nl_min`` can move in ``span_ns``, rounded up."""
    return ceil_div(rate_nl_min * span_ns, NS_PER_MIN)


def span_ceil_ns(volume_nl: int, rate_nl_min: int) -> int:
    """Time in ns that ``volume_nl`` takes at ``rate_nl_min`` (> 0), rounded up."""
    return ceil_div(volume_nl * NS_PER_MIN, rate_nl_min)


def less_ppm(value: int, uncertainty_ppm: int) -> int:
    """``value`` lowered by a relative uncertainty, rounded down."""
    return value * (PPM - uncertainty_ppm) // PPM


def more_ppm(value: int, uncertainty_ppm: int) -> int:
    """``value`` raised by a relative uncertainty, rounded up."""
    return ceil_div(value * (PPM + uncertainty_ppm), PPM)


def flow_drop_pa(resistance_pa_s_ul: int, rate_nl_min: int) -> int:
    """Pressure in Pa that a flow loses over a resistance (R times Q), rounded down.

    1 uL/s is 60,000,000 nL/min over 1,000: Q[uL/s] = rate_nl_min / 60,000.
    """
    return resistance_pa_s_ul * rate_nl_min // 60_000


def flow_resistance_pa_s_ul(pressure_pa: int, rate_nl_min: int) -> int:
    """Resistance in Pa*s/uL that ``pressure_pa`` at ``rate_nl_min`` (> 0) shows."""
    return pressure_pa * 60_000 // rate_nl_min


def poiseuille_pa_s_ul(viscosity_upas: int, length_um: int, bore_um: int) -> int:
    """Hagen-Poiseuille resistance of a round bore, 128 mu L / (pi d^4), in Pa*s/uL.

    ``viscosity_upas`` in micropascal seconds (11.8 mPa*s = 11,800), lengths in um.
    Worked value: 6,300 uPa*s, 12,700 um, 210 um gives 1,676 (27G, 12.7 mm, 37 C).
    """
    numerator = 128 * viscosity_upas * length_um * 1_000 * PI_DENOMINATOR
    return numerator // (PI_NUMERATOR * bore_um**4)


def interpolate(points: tuple[tuple[int, int], ...], x: int) -> int:
    """Piecewise linear value at ``x`` of ascending ``(x, y)`` points, ends held."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) // (x1 - x0)
    return points[-1][1]


def decimal(value: int, power: int, places: int) -> str:
    """``value`` times ten to minus ``power`` with ``places`` decimals, cut, for people.

    ``decimal(60_000, 6, 3)`` is ``0.060`` (nanolitre shown in millilitre).
    """
    cut = abs(value) // 10 ** (power - places)
    whole, part = divmod(cut, 10**places)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"
