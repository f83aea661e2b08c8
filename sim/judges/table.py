"""All judges, one row each."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from sim.judges import line, motion, volume, whole
from sim.judges.case import Case


class Judge(NamedTuple):
    """One row."""

    name: str
    find: Callable[[Case], Iterator[str]]
    hazard: str


JUDGES: Final = (
    Judge("hold", motion.hold, "HZ-UNCOMMANDED-MOTION"),
    Judge("stops", motion.stops, "HZ-STOP-FAILS"),
    Judge("intents", motion.intents, "HZ-RECORD"),
    Judge("checkpoints", motion.checkpoints, "HZ-EXTRAVASATION"),
    Judge("retract", motion.retract, "HZ-AIR"),
    Judge("kept-out", motion.kept_out, "HZ-EXTRAVASATION"),
    Judge("fence", line.fence, "HZ-STOP-FAILS"),
    Judge("rate", motion.rate, "HZ-OVERRATE"),
    Judge("together", motion.together, "HZ-FLOW-AND-XRAY"),
    Judge("beam", motion.beam, "HZ-EXPOSURE"),
    Judge("high", volume.high, "HZ-LOST-COUNT"),
    Judge("low", volume.low, "HZ-LOST-COUNT"),
    Judge("entered", volume.entered, "HZ-LOST-COUNT"),
    Judge("narrow", volume.narrow, "HZ-LOST-COUNT"),
    Judge("ceilings", volume.ceilings, "HZ-OVERVOLUME"),
    Judge("line-pressure", volume.line_pressure, "HZ-OVERPRESSURE"),
    Judge("duct-pressure", volume.duct_pressure, "HZ-OVERPRESSURE"),
    Judge("force", volume.force, "HZ-COMPRESSION"),
    Judge("journal", whole.journal, "HZ-RECORD"),
    Judge("alarms", whole.alarms, "HZ-USE-ERROR"),
    Judge("null", whole.null, "HZ-USE-ERROR"),
    Judge("quiet", whole.quiet, "HZ-UNCOMMANDED-MOTION"),
    Judge("goes-on", whole.goes_on, "HZ-USE-ERROR"),
)


def judge(case: Case) -> list[str]:
    """Every violation, each with the judge's name before it."""
    return [f"{one.name}: {words}" for one in JUDGES for words in one.find(case)]
