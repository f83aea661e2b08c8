"""What the core remembers of the line's pressure: the estimate, and what detectors look at.

Parts of ``State``; ``net.py`` and ``detectors.py`` work them out.
"""

import msgspec


class Net(msgspec.Struct, frozen=True):
    """Net (duct) pressure, estimated from the newest second of line readings."""

    samples: tuple[tuple[int, int, int, int | None], ...] = ()
    """The window: ``estimator.Sample``."""
    net_pa: int | None = None
    """The estimate; None = the readings do not carry one (few, or with a gap)."""
    upper_pa: int = 0
    """What the duct has at most; without an estimate, all that the line has."""
    slope_pa_s: int = 0
    """Of the line pressure."""
    sigma_pa: int = 0
    """Standard deviation of the estimate from the sensor's noise."""


class Watch(msgspec.Struct, frozen=True):
    """What the pressure detectors remember, and since when each has found something."""

    motion_id: int = 0
    """Motion that ``track``, ``steep_ns`` and the count belong to."""
    track: tuple[tuple[int, int], ...] = ()
    """(instant, net pressure) at constant rate, as far back as a sudden fall is looked for."""
    steep_ns: int = 0
    """Since when the line pressure rises too fast; 0 = it does not."""
    fill: tuple[tuple[int, int], ...] = ()
    """(volume of this injection, net pressure) along the newest microlitres."""
    gain_pa_ml: int = 0
    """Steepest rise of net pressure with volume in this injection."""
    count_ns: int = 0
    """When the count that is compared with the rate began; 0 = not begun."""
    count_nl: int = 0
    count_nl_min: int = 0
    occluded_ns: int = 0
    torn_ns: int = 0
    dislodged_ns: int = 0
    leaking_ns: int = 0
    strayed_ns: int = 0
