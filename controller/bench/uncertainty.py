"""Uncertainty of what is calibrated, part by part, as the GUM (JCGM 100:2008) adds it up.

Floats inside, integers out: values come as integers in their units, and every part leaves as
whole ppm of the result, rounded up. Nothing here decides in a room.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from controller.record.calibrations import Part

COVERAGE: Final = 2
"""k of the expanded uncertainty, about 95 %."""
T_95: Final = {3: 4.53, 4: 3.31, 5: 2.87, 6: 2.65, 7: 2.52, 8: 2.43, 9: 2.37, 10: 2.32}
"""Student's t for 95.45 % by number of observations (one more than degrees of freedom; GUM
table G.2). A mean of few is less sure than its scatter says."""
T_MANY: Final = 2.28
_PPM: Final = 1_000_000


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean."""
    return math.fsum(values) / len(values)


def scatter(values: Sequence[float]) -> float:
    """Experimental standard deviation of one observation; 0 of a single one."""
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1))


def of_mean_ppm(values: Sequence[float], whole: float) -> int:
    """Type A: the mean's standard uncertainty as ppm of ``whole``, widened for few values."""
    widen = T_95.get(len(values), T_MANY) / COVERAGE
    return up(widen * scatter(values) / math.sqrt(len(values)) / abs(whole) * _PPM)


def rectangular_ppm(half_width: float, whole: float) -> int:
    """Type B: anywhere within plus or minus ``half_width``, each as likely."""
    return up(abs(half_width) / math.sqrt(3) / abs(whole) * _PPM)


def expanded_ppm(parts: Iterable[Part]) -> int:
    """Root of the sum of squares, times k."""
    return up(COVERAGE * math.sqrt(math.fsum(part.ppm**2 for part in parts)))


def up(value: float) -> int:
    """The next whole number; noise of the floats themselves counts as nothing."""
    return math.ceil(value - 1e-6)
