"""Whether what is measured with is calibrated: a fact given at the start, judged by the day.

Calibrations are made by people with the service tools and kept in a chained store beside the
record; the controller is given the newest of each kind and subject when it starts. The core has
no calendar: the day is the one stamped on the request, else that of the case.

A calibration that is there and expired, or was not passed, refuses arming in every room. One
that is missing refuses where the room requires it: of the pressure sensor and of the paddle's
force always, of a syringe when its file counts less than the 5 % of one that nobody weighed
(safety rules 4.4).
"""

from typing import Final

from state_machine.ledger import UNKNOWN_SCALE_PPM
from state_machine.profile import Calibrated, Calibration, CheckRule, Profile, Syringe
from state_machine.readings import Readings
from state_machine.requests import AnyRequest
from state_machine.state import State

LIFE_MOST_DAYS: Final = 366
"""No calibration holds longer, whatever it says (assumption: calibrated once a year)."""
_PPM: Final = 1_000_000


def newest(profile: Profile, kind: Calibrated, subject: str) -> Calibration | None:
    """The newest calibration of this very thing; None = there is none."""
    same = [c for c in profile.calibrations if c.kind is kind and c.subject == subject]
    return max(same, key=lambda c: c.number, default=None)


def is_current(found: Calibration, utc_day: int) -> bool:
    """Made by then, and not expired; before it was made the computer's date is wrong."""
    until_day = min(found.until_day, found.made_day + LIFE_MOST_DAYS)
    return found.made_day <= utc_day < until_day


def differs_ppm(found: Calibration, syringe: Syringe) -> int:
    """How far the weighed volume may be from what the file's diameter says, uncertainty included.

    Volume goes with the square of the diameter; ``found.value`` is the weighed one in nm.
    """
    told = syringe.diameter_um * 1_000
    apart = abs(found.value * found.value - told * told) * _PPM
    return -(-apart // (told * told)) + found.uncertainty


def facts(state: State, readings: Readings, request: AnyRequest | None) -> dict[str, bool]:
    """The fields of ``Facts`` that are about calibration; each refuses by default."""
    profile = state.profile
    day = request.utc_day if request is not None else 0
    if not day and state.case is not None:
        day = state.case.utc_day
    required = profile.calibration is CheckRule.REQUIRED
    sensor = newest(profile, Calibrated.PRESSURE, readings.line.identity)
    force = newest(profile, Calibrated.FORCE, readings.mammograph.identity)
    syringe = state.mounted.syringe if state.mounted is not None else None
    relied = syringe is not None and syringe.scale_ppm < UNKNOWN_SCALE_PPM
    weighed = newest(profile, Calibrated.SYRINGE, syringe.name) if syringe is not None else None
    return {
        "calibrations_whole": not profile.calibration_fault,
        "sensor_calibrated": _passed(sensor, required),
        "sensor_current": _current(sensor, day),
        "force_calibrated": _passed(force, required),
        "force_current": _current(force, day),
        "syringe_calibrated": _passed(weighed, required and relied),
        "syringe_current": not relied or _current(weighed, day),
        "syringe_as_weighed": syringe is None
        or weighed is None
        or differs_ppm(weighed, syringe) <= syringe.scale_ppm,
    }


def _passed(found: Calibration | None, needed: bool) -> bool:
    return found.passed if found is not None else not needed


def _current(found: Calibration | None, utc_day: int) -> bool:
    return found is None or is_current(found, utc_day)
