"""Extravasation, procedure closed, new entry with a mistyped id.

Contrast is suspected in tissue, the breast is locked for days, the procedure closed. Minutes
later the same patient is entered again, the id mistyped by one digit.

Must happen: the lock and the volumes belong to patient, breast and day, not to the procedure.
An unknown id within 24 h is asked whether it is the same person; the answer that it is brings
the lock back, and the other breast of the same person stays free. It holds after a restart.

Judge: the answers to each entry, and the pump that never moves.
"""

from typing import Any

import pytest

from tests.world.scene import (
    PLUNGER_STOP_MOST_MS,
    RADIOLOGIST,
    Scene,
    injecting,
    nothing_moves,
)

CASE: dict[str, Any] = {
    "patient_name": "Simulated^Patient",
    "ordered_nl": 60_000,
    "performer": RADIOLOGIST,
    "assistant": "T. Technologist",
}
LEFT = {"side": "L", "ordered_side": "L"}
RIGHT = {"side": "R", "ordered_side": "R"}
LOCKED = ("this breast is locked after a suspected extravasation",)
ASKED = ("a patient was here within 24 h: say whether this is the same person",)


def refused_entries(scene: Scene) -> None:
    """The entries that must not open the locked breast."""
    assert scene.ask("open-case", patient_id="SIM-0001", **CASE, **LEFT) == LOCKED
    assert scene.ask("open-case", patient_id="SIM-0010", **CASE, **LEFT) == ASKED  # mistyped
    same = {"patient_id": "SIM-0010", "same_patient_as": "SIM-0001"}
    assert scene.ask("open-case", **same, **CASE, **LEFT) == LOCKED
    assert scene.state.case is None


@pytest.mark.hazard("HZ-EXTRAVASATION", "HZ-WRONG-PATIENT-SIDE")
def test_suspected_extravasation_locks_the_breast():
    scene = injecting()
    assert scene.do("suspected-extravasation", RADIOLOGIST) == ()
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.hand("hold", False).hand("tip", "out").run(0.5)
    assert scene.do("decannulated", RADIOLOGIST) == ()
    scene.hands_on().until_phase("standby").hands_off()
    with nothing_moves(scene):
        refused_entries(scene)
        scene.world.freeze(2_000_000_000)
        second = scene.restarted().hands_off().run(2)
        refused_entries(second)
        same = {"patient_id": "SIM-0010", "same_patient_as": "SIM-0001"}
        assert second.ask("open-case", **same, **CASE, **RIGHT) == ()
        assert second.state.case is not None
        assert second.state.case.patient_id == "SIM-0001"
