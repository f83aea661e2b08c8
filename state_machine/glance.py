"""What one pass shows to the detectors: the newest reading, and what it means."""

from typing import NamedTuple

from state_machine.estimator import Sample
from state_machine.limits import Limits
from state_machine.units import flow_drop_pa


class Glance(NamedTuple):
    """One look at line, pump and plan, while an injection's motion runs or has just stopped."""

    now_ns: int
    limits: Limits
    # what the plan and the pump say
    motion_id: int
    running: bool
    """The pump has confirmed that this motion runs."""
    steady: bool
    """At its top rate, and the line has followed: three time constants."""
    told_nl_min: int
    """Rate that the pump was told in the last pass."""
    rate_nl_min: int
    """Rate that it confirmed; 0 while it stands."""
    until_nl: int
    """Counter at which it was told to stop."""
    counter_nl: int
    counted_ns: int
    """When that count was asked for."""
    digit_nl: int
    volume_nl: int
    """What this injection has brought, by the counter."""
    # what the line says
    line_ns: int
    """When the newest pressure was asked for."""
    pressure_pa: int
    net_pa: int
    """The estimate (``estimator``)."""
    sigma_pa: int
    samples: tuple[Sample, ...]
    """The window that the estimate stands on."""
    resistance_pa_s_ul: int
    compliance_nl_kpa: int
    tau_ns: int
    """Time constant of the line, R times C."""

    @property
    def drop_pa(self) -> int:
        """What the flow loses over the cannula."""
        return flow_drop_pa(self.resistance_pa_s_ul, self.rate_nl_min)
