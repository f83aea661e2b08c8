"""How a pump stands and moves, as it is handed to another process that shares its plunger."""

from typing import NamedTuple

from sim.devices.new_era_values import UNITS_PER_NL, step_fl


class Motion(NamedTuple):
    """What somebody who only sees the plunger, the pin and the display can know, at an instant."""

    at_ns: int
    powered: bool
    status: str
    alarm: str
    direction: str
    rate_nl_h: int
    diameter_um: int
    base_steps: int
    position: int
    """Moved at this diameter, infusing counted up, nL/h * ns."""
    infused: int
    withdrawn: int
    motor_output_mode: int
    stopped_by: str
    ends_ns: int
    """When the motor ends by itself; :data:`NEVER_NS` = not."""

    def steps(self) -> int:
        """Microsteps the motor has made."""
        return steps_of(self.base_steps, self.position, self.diameter_um)


def steps_of(base_steps: int, position: int, diameter_um: int) -> int:
    """Microsteps of a motor at this diameter."""
    return base_steps + position * 10**6 // (UNITS_PER_NL * step_fl(diameter_um))
