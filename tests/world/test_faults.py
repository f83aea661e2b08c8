"""Devices and cables fail in the middle of a procedure: which layer stops, and who is told."""

import pytest

from sim.physics import FALSE_PASSAGE
from tests.world.scene import (
    COMMANDED,
    HEARTBEAT,
    PLUNGER_STOP_MOST_MS,
    POWER_OPEN,
    Scene,
    beam_on,
    injecting,
    nothing_moves,
)


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def test_the_adapter_of_the_pump_is_unplugged():
    scene = injecting()
    scene.world.wires["pump"].cut()
    assert scene.stop_span_ms() <= 20  # the box stops what the controller cannot reach
    scene.run(2)
    assert scene.raised["pump-lost"] == "medium"
    assert scene.phase == "stopped"
    assert scene.truth["trip_cause"] == COMMANDED
    assert scene.truth["stage"] == POWER_OPEN
    with nothing_moves(scene):
        scene.world.wires["pump"].mend()
        scene.run(5)
    assert not scene.state.permit


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
def test_the_cable_of_the_pump_is_pulled():
    scene = injecting()
    scene.world.wires["pump"].pull()
    # 150 ms until the last answer is too old, 160 ms of stop schedule, then the permit
    assert 150 <= scene.stop_span_ms() <= 400
    scene.run(1)
    assert scene.raised["stop-not-obeyed"] == "high"
    assert scene.truth["trip_cause"] == COMMANDED
    with nothing_moves(scene):
        scene.world.wires["pump"].mend()
        scene.run(5)


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_the_motor_stalls():
    scene = injecting().hand("pump_stall", True)
    assert not scene.moving
    scene.run(1)
    assert scene.raised["pump-stalled"] == "medium"
    assert scene.phase == "stopped"


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-OVERPRESSURE")
def test_the_sensor_hangs():
    scene = injecting().hand("freeze", "pressure_sensor")
    assert scene.stop_span_ms() <= 60 + PLUNGER_STOP_MOST_MS
    with nothing_moves(scene):
        scene.run(2)
    assert "line pressure was not heard" in scene.why


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-OVERPRESSURE")
def test_the_cable_of_the_sensor_is_pulled():
    scene = injecting()
    scene.world.wires["line"].pull()
    assert scene.stop_span_ms() <= 60 + PLUNGER_STOP_MOST_MS
    with nothing_moves(scene):
        scene.run(3)
    assert scene.raised["line-lost"] == "medium"


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_the_sensor_reports_a_fault():
    scene = injecting().hand("sensor_fault", True)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    scene.run(1)
    assert scene.raised["line-sensor"] == "medium"
    assert scene.phase == "stopped"


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-STOP-FAILS")
def test_the_cable_of_the_room_box_is_pulled():
    scene = injecting()
    scene.world.wires["room"].pull()
    assert scene.stop_span_ms() <= 100 + PLUNGER_STOP_MOST_MS
    scene.run(2)
    assert scene.truth["trip_cause"] == HEARTBEAT
    assert scene.raised["room-lost"] == "medium"


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-STOP-FAILS")
def test_what_is_lost_after_the_procedure_was_stopped_is_said_too():
    scene = injecting()
    for wire in ("line", "room", "mammograph"):
        scene.world.wires[wire].pull()
    scene.run(8)
    assert scene.phase == "stopped"
    assert scene.raised == {"line-lost": "medium", "room-lost": "medium", "unit-lost": "medium"}
    scene.acknowledge_all().run(1)
    assert scene.alarms == set(scene.raised), "acknowledged, and not mended"


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize("volume_nl", [20_000, 54_000])
def test_the_line_is_blocked(volume_nl: int):
    scene = injecting(volume_nl).hand("occluded", True)
    highest_pa = [0]

    def watched() -> bool:
        highest_pa[0] = max(highest_pa[0], scene.truth["line_pa"])
        return not scene.moving

    scene.until(lambda _: watched(), 10)
    scene.run(1)
    assert highest_pa[0] < 20_000
    assert scene.phase in ("stopped", "arm")
    assert scene.raised.keys() & {"false-passage", "net-pause", "net-stop", "line-pressure"}


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_the_tip_lies_under_the_wall():
    scene = Scene(patient=FALSE_PASSAGE).until_phase("injecting").hands_off()
    scene.until(lambda _: scene.phase == "stopped", 30)
    scene.run(1)
    assert scene.raised["false-passage"] == "high"
    assert not scene.moving
    assert scene.truth["entered_nl"] < 25_000
    assert scene.truth["extravasated_nl"] == 0  # stopped before the wall gave way


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-STALE-DATA")
def test_a_lost_unit_gets_no_permit():
    scene = Scene().until(beam_on).hands_off()
    scene.world.wires["mammograph"].pull()
    scene.until(lambda _: not beam_on(scene), 2)
    scene.run(1)
    assert not scene.truth["xray_enabled"]
    assert scene.raised["unit-lost"] == "medium"
