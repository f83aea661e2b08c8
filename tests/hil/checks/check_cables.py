"""Cable pull and power cycle in mid injection, with a person who is told what to do."""

import pytest

from state_machine.entries import AlarmChanged
from state_machine.readings import Link, TripCause
from tests.hil.bench import ARM_S, Bench, boxes, pumps
from tests.hil.stops import stop
from tests.hil.verdicts import PRODUCT, UNIT, HilFailure

BACK_NS = 400_000_000
"""Switched off and on the pump is silent for half a second, and a motor that was on is off."""
pytestmark = [pytest.mark.moves, pytest.mark.timeout(900)]


def raised(room: Bench, mark: int, *wanted: str) -> None:
    """One of these alarms was raised."""
    names = [e.alarm for e in room.since(mark) if isinstance(e, AlarmChanged)]
    if not set(wanted) & set(names):
        raise HilFailure(PRODUCT, f"none of the alarms {wanted} was raised, but {names}")


def still(room: Bench, mark: int, span_s: float) -> None:
    """Mended, nothing moves by itself."""
    seq = room.mark()
    room.let_pass(span_s)
    if any(b.motor_pin for b in boxes(room.since(seq))):
        raise HilFailure(UNIT, "the pump moved again, and nobody had armed")


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-LOST-COUNT")
def check_pump_cable_pulled(room: Bench, measure):
    """The pump's cable in mid injection: the box stops it by its stop input, before its power."""
    room.flowing()
    mark = room.mark()
    high_nl = room.shown["volume"]["intent_nl"]
    found = stop(room, lambda: room.do("pump_cable", "out"))
    raised(room, mark, "pump-lost", "stop-not-obeyed")
    room.do("pump_cable", "in")
    room.hands_off()
    # from the trigger by hand: noticing (150 ms), giving up (160 ms), box and pump, polls; on
    # a bench a person's reaction comes before it
    most_ms = 700 if room.hands.simulated else 3_000
    measure("until the motor pin is low", found.pin_ms, "ms", 0, most_ms, "HZ-STOP-FAILS", UNIT)
    measure(
        "stopped by pin, before power",
        int(found.cause is not TripCause.STOP_NOT_OBEYED),
        "",
        1,
        1,
        "HZ-STOP-FAILS",
        UNIT,
    )
    volume = room.shown["volume"]
    measure(
        "high still covers what may have flowed",
        volume["high_nl"],
        "nL",
        volume["low_nl"],
        high_nl,
        "HZ-LOST-COUNT",
        PRODUCT,
    )
    still(room, mark, 1.5)


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-UNCOMMANDED-MOTION")
def check_pump_power_cycled(room: Bench, measure):
    """The pump's power in mid injection: it comes back reset and stands; high does not fall."""
    room.flowing()
    mark, shown = room.mark(), room.shown
    high_nl, ups = shown["volume"]["high_nl"], _power_ups(room, mark)
    cut_ns = room.place.now_ns()
    room.do("power_cycle", "pump")
    room.until(lambda s: s["hold"]["phase"] != "open", 10, "the hold stays open", PRODUCT)
    room.hands_off()
    room.let_pass(3.0)
    entries = room.since(mark)
    seen = max((p.power_up_count for p in pumps(entries)), default=ups)
    late = [b for b in boxes(entries) if b.motor_pin and b.at_ns > cut_ns + BACK_NS]
    hazard = "HZ-UNCOMMANDED-MOTION"
    measure("readings with the motor on after it", len(late), "", 0, 0, hazard, UNIT)
    measure("power-ups noticed", seen - ups, "", 1, None, "HZ-LOST-COUNT")
    volume = room.shown["volume"]
    measure("high has not fallen", volume["high_nl"], "nL", high_nl, None, "HZ-LOST-COUNT")


def _power_ups(room: Bench, mark: int) -> int:
    """As many as the record knows of so far."""
    return max((p.power_up_count for p in pumps(room.place.entries(max(0, mark - 400)))), default=0)


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-STOP-FAILS")
def check_network_cable_pulled(room: Bench, measure):
    """Box, sensor and unit out of reach in mid injection: the pump is stopped over its own line."""
    room.flowing()
    mark = room.mark()
    began_ns = room.place.now_ns()
    room.do("modbus_tcp", "cut")
    told_ns = room.place.now_ns()  # a controller that is told of the cut is quicker than this
    room.until(lambda s: s["rate"]["confirmed_nl_min"] == 0, 10, "it goes on", PRODUCT)
    room.let_pass(1.0)
    asked = [p.stop_asked_ns for p in pumps(room.since(mark)) if p.stop_asked_ns >= began_ns]
    room.do("modbus_tcp", "up")
    room.hands_off()
    ms = max(0, asked[0] - told_ns) / 1e6 if asked else -1
    measure("until STP is said", ms, "ms", 0, 400, "HZ-STALE-DATA", PRODUCT)
    raised(room, mark, "room-lost", "line-lost", "box-tripped")
    room.until(
        lambda s: all(
            s["devices"][n]["link"] == Link.UP.value for n in ("line", "room", "mammograph")
        ),
        15,
        "the devices do not come back",
        UNIT,
    )
    trips = [b.trip_cause for b in boxes(room.since(mark)) if b.trip_cause is not TripCause.NONE]
    measure(
        "the box missed the heartbeat",
        int(TripCause.HEARTBEAT_LOST in trips),
        "",
        1,
        1,
        "HZ-STOP-FAILS",
        UNIT,
    )


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def check_goes_on_after_mending(room: Bench, measure):
    """After all that a person arms again and it flows."""
    began_ns = room.place.now_ns()
    room.flowing()
    measure("until it flows again", (room.place.now_ns() - began_ns) / 1e9, "s", 0, ARM_S)
