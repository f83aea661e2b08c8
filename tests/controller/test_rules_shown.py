"""What a client is shown: measured beside commanded, and null where nothing is known."""

import pytest

from controller.loop import Room
from controller.snapshot import snapshot
from state_machine.readings import Motion, Readings
from tests.core.fixtures import NOW_NS, injecting


class Shown:
    """The part of a room that a snapshot is made from."""

    def __init__(self) -> None:
        scene = injecting()
        self.state, self.readings, self.targets = scene.state, scene.readings, scene.wanted
        self.alarms = ()


def taken(room: Shown) -> dict:
    made: Room = room  # type: ignore[assignment]
    return snapshot(made, 1, NOW_NS)


@pytest.mark.hazard("HZ-USE-ERROR")
def test_what_was_measured_stands_beside_what_was_commanded():
    room = Shown()
    shown = taken(room)
    assert shown["rate"] == {"commanded_nl_min": 100_000, "confirmed_nl_min": 100_000}
    assert shown["pressure"]["line_pa"] == room.readings.line.pressure_pa
    assert shown["mode"] == "simulated"
    assert room.readings.pump.motion is Motion.RUNNING


@pytest.mark.hazard("HZ-USE-ERROR", "HZ-STALE-DATA")
def test_what_was_not_measured_is_null_and_never_zero():
    room = Shown()
    room.readings = Readings()
    shown = taken(room)
    assert shown["rate"] == {"commanded_nl_min": 100_000, "confirmed_nl_min": 0}
    for name in ("line_pa", "net_pa", "net_upper_pa"):
        assert shown["pressure"][name] is None, name
