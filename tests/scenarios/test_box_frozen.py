"""Room I/O frozen behind a live TCP server, pedal down.

The box's own program hangs while its network side goes on answering with the last image: the
switch is shown as held for ever, also after it was released.

Must happen: the scan counter stands still, so the reading grows old whatever is answered; 100
ms later the switch counts as not heard, the hold closes and the pump is stopped on its own
line. Without box and controller the pump's Safe mode ends the flow.

Judge: the plunger; the frozen image still says *pressed* after it has stopped.
"""

import pytest

from tests.world.scene import MS, PLUNGER_STOP_MOST_MS, injecting, nothing_moves


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-STOP-FAILS")
def test_the_box_hangs_behind_a_live_server_with_the_switch_held():
    scene = injecting().hand("freeze", "room_io")
    assert scene.stop_span_ms() <= 100 + PLUNGER_STOP_MOST_MS  # freshness, then the stop
    assert scene.readings.room.hold_pressed  # the frozen image still says so
    with nothing_moves(scene):
        scene.hand("hold", False).run(2)
    assert scene.readings.room.hold_pressed
    assert "not heard in time" in scene.why
    assert scene.phase in ("arm", "stopped")


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
