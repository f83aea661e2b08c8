"""Controls of the controller taken away on purpose, so that checks can be seen to notice.

Those of campaigns, and a few that only a check through the API could see.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from sim.campaign import broken
from state_machine import alarms, recovery, retract
from state_machine.phases import Workflow
from state_machine.state import Phase

replace = msgspec.structs.replace


def _lax_workflow() -> None:
    """Arming and resuming are taken, whatever is missing for them."""
    advance = Workflow.advance

    def lax(self: Workflow, phase: Phase, event: Any, facts: Any) -> Any:
        found = advance(self, phase, event, facts)
        if found[1] and event.value in ("arm", "arm-exposure", "resume"):
            return phase, ()
        return found

    setattr(Workflow, "advance", lax)  # noqa: B010 - a patch, and meant as one


def _forgetful_recovery() -> None:
    """A restart finds no procedure."""
    start = recovery.start

    def forgetful(*args: Any, **kwargs: Any) -> Any:
        return replace(start(*args, **kwargs), phase=Phase.STANDBY)

    setattr(recovery, "start", forgetful)  # noqa: B010


def _quiet_alarm() -> None:
    """The emergency stop alarms nobody."""
    rows = tuple(row for row in alarms.ALARMS if row.name != "emergency-stop")
    setattr(alarms, "ALARMS", rows)  # noqa: B010


def _no_retract() -> None:
    """No line stores enough to be taken back."""
    setattr(retract, "bound_nl", lambda _state, _readings: 0)  # noqa: B010


_FLOW_ALARMS: Final = frozenset(
    {"line-pressure", "net-stop", "false-passage", "occlusion", "no-flow", "net-pause", "air"}
    | {"net-plateau", "net-fell", "dislodged", "pressure-switch", "tear"}
)


def _deaf_to_pressure() -> None:
    """No rule and no detector that looks at line pressure stops anything."""
    broken.apply("pressure")
    rows = tuple(row for row in alarms.ALARMS if row.name not in _FLOW_ALARMS)
    setattr(alarms, "ALARMS", rows)  # noqa: B010


OWN: Final[dict[str, Callable[[], None]]] = {
    "lax-workflow": _lax_workflow,
    "forgetful-recovery": _forgetful_recovery,
    "quiet-alarm": _quiet_alarm,
    "no-retract": _no_retract,
    "deaf-to-pressure": _deaf_to_pressure,
}


def apply(name: str) -> None:
    """Break a control in this process, for the rest of its life.

    Raises:
        KeyError: there is no such control.
    """
    if name in OWN:
        OWN[name]()
    else:
        broken.apply(name)
