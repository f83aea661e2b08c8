"""The controller dies in mid injection, and another one finds what it left."""

import pytest

from state_machine.readings import TripCause
from tests.hil.bench import ARM_S, Bench, boxes
from tests.hil.verdicts import PRODUCT, UNIT, HilFailure

pytestmark = [pytest.mark.moves, pytest.mark.timeout(900)]


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT", "HZ-OVERVOLUME")
def check_killed_controller_and_recovery(room: Bench, measure):
    """Killed in mid injection: the box stops the pump; the next one moves nothing."""
    room.flowing()
    shown = room.shown
    intent_nl, low_nl = shown["volume"]["intent_nl"], shown["volume"]["low_nl"]
    room.place.kill()
    room.alive = False
    room.start()
    mark = 0
    room.until(
        lambda s: (
            all(s["devices"][n]["link"] == "up" for n in ("line", "room", "mammograph"))
            and s["devices"]["room"]["owned"]
        ),
        20,
        "the devices are not found again",
        UNIT,
    )
    room.let_pass(1.5)
    now = room.shown
    if now["phase"] != "recovery":
        raise HilFailure(PRODUCT, f"the next controller stands in {now['phase']}, not in recovery")
    measure(
        "high after the restart",
        now["volume"]["high_nl"],
        "nL",
        low_nl,
        intent_nl,
        "HZ-LOST-COUNT",
        PRODUCT,
    )
    seen = [b for b in boxes(room.since(mark)) if b.at_ns > now["t_ms"] * 10**6 - 2 * 10**9]
    if not seen:
        raise HilFailure(UNIT, "the box was not heard after the restart")
    measure(
        "motor on after the restart",
        int(any(b.motor_pin for b in seen)),
        "",
        0,
        0,
        "HZ-UNCOMMANDED-MOTION",
        UNIT,
    )
    latched = seen[-1].trip_cause
    measure(
        "the box stopped it: heartbeat lost",
        int(latched is TripCause.HEARTBEAT_LOST),
        "",
        1,
        1,
        "HZ-STOP-FAILS",
        UNIT,
    )
    measure(
        "relay open until a person closes it",
        int(not seen[-1].relay_closed),
        "",
        1,
        1,
        "HZ-STOP-FAILS",
        UNIT,
    )
    room.hands_off()
    room.until(lambda s: s["phase"] == "standby", ARM_S, "recovery does not end", act=True)
