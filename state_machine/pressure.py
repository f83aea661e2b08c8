"""The estimate of net pressure that the core remembers; ``net.py`` works it out."""

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
