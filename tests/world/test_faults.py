"""Devices and cables fail in the middle of a procedure: which layer stops, and who is told."""

import dataclasses

import pytest

from sim.physics import FALSE_PASSAGE, RIG_27G_WARM
from sim.technologist import Order
from tests.world.scene import MS, Scene, nothing_moves
from tests.world.test_hands import PLUNGER_STOP_MOST_MS, beam_on, injecting

TTL_STOP, POWER_OPEN = 1, 2
HEARTBEAT, COMMANDED, NOT_OBEYED = 2, 3, 5
"""Stages and trip causes of the room box, from its register map."""


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


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
def test_without_box_and_controller_safe_mode_stops_the_pump():
    scene = injecting()
    scene.hand("freeze", "room_io")  # the box has hung itself: no watchdog, no permit
    scene.world.freeze(100 * MS)
    assert scene.moving
    scene.world.freeze(1_500 * MS)
    assert not scene.moving
    assert scene.truth["pump_alarm"] == "T"
    assert scene.truth["pump_powered"]


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_the_motor_stalls():
    scene = injecting().hand("pump_stall", True)
    assert not scene.moving
    scene.run(1)
    assert scene.raised["pump-stalled"] == "medium"
    assert scene.phase == "stopped"


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("wire_too", [False, True])
def test_the_pump_answers_everything_but_ignores_stop(wire_too: bool):
    scene = injecting().hand("pump_ignores_stop", True)
    scene.hand("pump_ignores_ttl", wire_too).hand("hold", False)
    span_ms = scene.stop_span_ms()
    # 160 ms of stop schedule, then the permit falls; the box waits 200 ms for obedience
    assert 200 <= span_ms <= 600
    scene.run(1)
    assert not scene.truth["pump_powered"]
    assert scene.truth["stage"] == POWER_OPEN
    assert scene.truth["trip_cause"] == NOT_OBEYED
    assert scene.raised["stop-not-obeyed"] == "high"
    assert scene.high_nl >= scene.truth["entered_nl"]


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-STOP-FAILS")
def test_the_box_hangs_behind_a_live_server_with_the_switch_held():
    scene = injecting().hand("freeze", "room_io")
    assert scene.stop_span_ms() <= 100 + PLUNGER_STOP_MOST_MS  # freshness, then the stop
    assert scene.readings.room.hold_pressed  # the frozen image still says so
    with nothing_moves(scene):
        scene.run(2)
    assert "not heard in time" in scene.why


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


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_prime_with_the_tip_under_the_wall_is_stopped():
    scene = Scene(patient=FALSE_PASSAGE).until_phase("prime-and-zero")
    scene.hand("prime", True).hand("tip", "duct")
    scene.until(lambda _: scene.moving).hands_off()
    scene.until(lambda _: not scene.moving, 30)
    scene.run(1)
    assert not scene.state.line.primed
    assert scene.truth["entered_nl"] < 50_000  # at 0.5 mL/min the band is 24 kPa wide
    assert "the pressure is not that of an open tip" in scene.why


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_prime_with_the_tip_in_a_wide_duct_is_bounded_but_not_seen():
    """A soft, empty duct adds a few pascal: no pressure rule can tell it from air.

    What holds is the bound: one motion is the prime volume of the profile, the flow stops
    when the switch is released, and a person said that the tip is out.
    """
    scene = Scene().until_phase("prime-and-zero")
    scene.hand("prime", True).hand("tip", "duct")
    scene.until(lambda _: scene.moving).hands_off()
    scene.until(lambda _: not scene.moving, 60)
    assert scene.truth["entered_nl"] <= scene.state.profile.limits.prime_volume_nl
    assert scene.truth["extravasated_nl"] == 0


@pytest.mark.hazard("HZ-SYRINGE")
def test_a_3_ml_syringe_under_the_1_ml_profile_is_caught_before_the_patient():
    rig = dataclasses.replace(RIG_27G_WARM, syringe_um=8_660, compliance_ul_kpa=0.9)
    scene = Scene(rig=rig).until_phase("prime-and-zero").run(40)
    assert scene.phase == "prime-and-zero"
    assert scene.state.line.resistance_pa_s_ul == 0
    assert "the pressure is not that of an open tip" in scene.why
    assert scene.truth["entered_nl"] == 0


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-FLOW-AND-XRAY")
@pytest.mark.parametrize("how", ["cut", "pull"])
@pytest.mark.parametrize("wire", ["pump", "line"])
def test_a_glitch_of_pump_or_sensor_does_not_end_a_sweep(wire: str, how: str):
    scene = Scene(Order(views=("CC_DBT",))).until(beam_on).hands_off()
    scene.run(1)
    getattr(scene.world.wires[wire], how)()
    scene.run(0.3)
    scene.world.wires[wire].mend()
    assert beam_on(scene)
    scene.hands_on().until_closed()
    assert scene.truth["exposure_count"] == 1  # nobody had to be exposed again
    assert scene.state.case is None


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-STALE-DATA")
def test_a_lost_unit_gets_no_permit():
    scene = Scene().until(beam_on).hands_off()
    scene.world.wires["mammograph"].pull()
    scene.until(lambda _: not beam_on(scene), 2)
    scene.run(1)
    assert not scene.truth["xray_enabled"]
    assert scene.raised["unit-lost"] == "medium"


@pytest.mark.hazard("HZ-RECORD")
def test_the_disk_stalls():
    scene = injecting()
    scene.world.journal.stalled = True
    scene.hands_on().run(40)
    assert scene.truth["entered_nl"] < 50_100  # not past the next checkpoint
    assert not scene.moving
    scene.world.journal.stalled = False
    scene.until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100


@pytest.mark.hazard("HZ-RECORD")
def test_the_disk_breaks():
    scene = injecting()
    scene.world.journal.broken = "no space left on the disk"
    scene.run(1)
    assert not scene.moving
    assert scene.raised["record"] == "medium"
    scene.hand("hold", False).hands_on()
    with nothing_moves(scene):
        scene.run(20)
    assert scene.phase == "arm"
