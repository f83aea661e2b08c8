"""Controller frozen 10 s at 0.5 mL/min, then continued.

The controller's process stands still (SIGSTOP, swapping, a hung host) in mid injection at the
highest rate, the switch held. Ten seconds later it goes on, with old bytes in its buffers and
the switch still down.

Must happen: the box misses the heartbeat, says stop on its own wire after 250 to 300 ms and
cuts the power a second later. The controller that goes on throws away what it had received,
closes the hold, and moves nothing until a person has armed again.

Judge: the plunger: 2.7 uL at most in the freeze, nothing after the continuing; the ledger's
high covers what went in.
"""

import pytest

from sim.technologist import Order
from state_machine.entries import HoldChanged
from tests.world.scene import HEARTBEAT, POWER_OPEN, S, Scene, demo_with, nothing_moves

TOP_NL_MIN = 500_000
WATCHDOG_NL = 2_700
"""300 ms of watchdog and the stop, at 8.3 uL/s."""
STORED_NL = 5_000
"""What the line may have stored and gives up afterwards (limit of the procedure)."""


def at_top_rate(volume_nl: int = 70_000) -> Scene:
    """Injecting at 0.5 mL/min, hands off."""
    loaded = demo_with(
        injection_volume_nl=300_000,
        prime_volume_nl=300_000,
        rate_nl_min=TOP_NL_MIN,
        ramp_nl_min_s=100_000,
    )
    scene = Scene(Order(ordered_nl=250_000), loaded).until_injected(volume_nl)
    scene.until(lambda s: s.readings.pump.rate_nl_min >= TOP_NL_MIN * 999 // 1_000, 30)
    return scene.hands_off()


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA", "HZ-LOST-COUNT", "HZ-UNCOMMANDED-MOTION")
def test_frozen_ten_seconds_at_the_highest_rate_then_continued():
    scene = at_top_rate()
    before = scene.truth
    scene.world.freeze(10 * S)
    truth = scene.truth
    assert (truth["trip_cause"], truth["stage"]) == (HEARTBEAT, POWER_OPEN)
    assert not truth["xray_enabled"]
    assert 0 < truth["plunger_nl"] - before["plunger_nl"] < WATCHDOG_NL
    assert truth["entered_nl"] - before["entered_nl"] < WATCHDOG_NL + STORED_NL
    with nothing_moves(scene):
        scene.run(5)
    assert scene.raised["box-tripped"] == "high"
    assert scene.phase == "stopped"
    assert scene.entries(HoldChanged)[-1].hold == "closed"
    assert not scene.state.permit
    assert scene.high_nl >= scene.truth["entered_nl"]
