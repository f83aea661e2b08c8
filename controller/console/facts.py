"""What of a room does not change while it runs, for screens: questions, parts, limits.

The console shows it beside the snapshots: a checklist is asked in its own words, a syringe is
chosen by its picture, and a limit is drawn where it is. Plain JSON, units in the names.
"""

from typing import Any

from state_machine.limits import LIMITS
from state_machine.profile import Profile
from state_machine.targets import View


def room_facts(profile: Profile) -> dict[str, Any]:
    """The message ``room`` of the console (``docs/console-protocol.md``)."""
    return {
        "k": "room",
        "room": profile.room,
        "mode": profile.mode.value,
        "order": profile.order.value,
        "temperature_sensor": profile.temperature_sensor,
        "console_required": profile.console_required,
        "site_contact": profile.site_contact,
        "dead_space_nl": profile.line_dead_space_nl,
        "checklist": [
            {
                "key": item.key,
                "question": item.question,
                "safe_answer": item.safe_answer,
                "severity": item.severity.value,
            }
            for item in profile.checklist
        ],
        "syringes": [
            {"name": s.name, "diameter_um": s.diameter_um, "capacity_nl": s.capacity_nl}
            for s in profile.syringes
        ],
        "cannulas": [
            {"name": c.name, "bore_um": c.bore_um, "length_um": c.length_um}
            for c in profile.cannulas
        ],
        "contrasts": [{"name": c.name, "iodine_mg_ml": c.iodine_mg_ml} for c in profile.contrasts],
        "views": [view.name for view in View if view.name != "NONE"],
        "limits": {row.name: getattr(profile.limits, row.name) for row in LIMITS},
    }
