"""Injections: what stops them, how soon, how much still flows; occlusion, retract, alarms."""

import pytest

from state_machine.entries import AlarmChanged, Inputs, MotionEnded
from state_machine.readings import TripCause
from tests.hil.bench import Bench, boxes, pumps
from tests.hil.stops import Stop, counter_at, stop
from tests.hil.verdicts import PRODUCT, UNIT, HilFailure

pytestmark = [pytest.mark.moves, pytest.mark.timeout(900)]

TRIALS = 3
SOFTWARE_MS = 50
"""From seeing the trigger to saying STP: one exchange under way at most (aim 3 ms; the rest is the
pump's answer that is being waited for)."""
STAND_MS = 300
"""To the motor pin seen low: STP, the pump, and two polls of the box (50 ms each)."""
FROZEN_MS = 500
"""Watchdog of 300 ms, the pump's stop input, and one age of the last answer (assumption)."""
AXES = ("ms since the trigger was seen", "pump's counter, nL")


def told(measure, name: str, found: Stop, fault=UNIT, stand_ms: int = STAND_MS) -> None:
    """The measurements of one stop."""
    hazard = "HZ-STOP-FAILS"
    measure(f"{name}: until STP is said", found.asked_ms, "ms", 0, SOFTWARE_MS, hazard, PRODUCT)
    measure(f"{name}: until the motor pin is low", found.pin_ms, "ms", 0, stand_ms, hazard, fault)
    most_nl = found.rate_nl_min * stand_ms // 60_000 + 30
    measure(
        f"{name}: counted after it",
        found.overrun_nl,
        "nL",
        0,
        most_nl,
        "HZ-OVERVOLUME",
        fault,
        [point for point in found.series if -500 <= point[0] <= 1_500],
        AXES,
    )


def released(entry: Inputs) -> bool:
    """The switch is seen let go."""
    return entry.room is not None and not entry.room.hold_pressed


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-OVERVOLUME")
def check_stop_latency(room: Bench, measure):
    """Let go in mid injection: STP, motor pin, and what is still counted, three times."""
    for trial in range(TRIALS):
        room.flowing()
        told(measure, f"let go, {trial + 1}", stop(room, room.hands_off, released))


@pytest.mark.hazard("HZ-STOP-FAILS")
def check_stop_request(room: Bench, measure):
    """STOP asked for by a client, the switch still held."""
    room.flowing()

    def ask() -> None:
        refused = room.ask("do", event="stop")
        if refused is not None:
            raise HilFailure(PRODUCT, f"STOP was refused: {refused}")

    found = stop(room, ask, lambda entry: bool(entry.requests))
    room.hands_off()
    told(measure, "STOP", found)


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-EXTRAVASATION")
def check_pain_stops(room: Bench, measure):
    """The pain button in mid injection."""
    room.flowing()
    seen = lambda entry: entry.room is not None and entry.room.pain_pressed  # noqa: E731
    found = stop(room, lambda: room.do("pain", True), seen)
    room.do("pain", False)
    room.hands_off()
    told(measure, "pain", found)
    if room.shown["stop"]["event"] != "pain":
        raise HilFailure(PRODUCT, f"stopped as {room.shown['stop']}, not by pain")


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-USE-ERROR")
def check_emergency_stop_and_alarm_signals(room: Bench, measure):
    """Emergency stop in mid injection: pump dark, alarm high, lamp and sounder on."""
    room.flowing()
    mark = room.mark()
    seen = lambda entry: entry.room is not None and entry.room.emergency_stop  # noqa: E731
    found = stop(room, lambda: room.do("emergency_stop", True), seen)
    try:
        measure("until the motor pin is low", found.pin_ms, "ms", 0, 150, "HZ-STOP-FAILS", UNIT)
        raised = {e.alarm: e.priority for e in room.since(mark) if isinstance(e, AlarmChanged)}
        if raised.get("emergency-stop") != "high":
            raise HilFailure(PRODUCT, f"the alarm emergency-stop (high) is not among {raised}")
        open_ = [not b.relay_closed for b in boxes(room.place.entries(mark))]
        measure("relay seen open", int(open_[-1]), "", 1, 1, "HZ-STOP-FAILS", UNIT)
        for question, truth in (
            ("is the sounder heard?", "sounder_on"),
            ("is the lamp lit?", "lamp_on"),
        ):
            measure(
                question,
                int(room.hands.asked(question, truth, True)),
                "",
                1,
                1,
                "HZ-USE-ERROR",
                UNIT,
            )
    finally:
        room.do("emergency_stop", False)
        room.hands_off()


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-STALE-DATA")
def check_frozen_controller(room: Bench, measure):
    """The controller stands still in mid injection: the box stops the pump, nothing goes on."""
    room.flowing()
    mark, rate_nl_min = room.mark(), room.shown["rate"]["confirmed_nl_min"]
    frozen_ns = room.place.now_ns()
    room.place.freeze(1.5)
    room.until(lambda s: s["t_ms"] > frozen_ns // 10**6 + 1_500, 10, "it does not go on", PRODUCT)
    room.let_pass(1.0)
    entries = room.since(mark)
    trips = [
        b for b in boxes(entries) if b.trip_cause is not TripCause.NONE and b.at_ns > frozen_ns
    ]
    if not trips or trips[0].trip_cause is not TripCause.HEARTBEAT_LOST:
        found = trips[0].trip_cause.name if trips else "nothing"
        raise HilFailure(UNIT, f"the box should have missed the heartbeat; it latched {found}")
    most_nl = rate_nl_min * FROZEN_MS // 60_000 + 50
    counted = max(p.infused_nl for p in pumps(entries)) - counter_at(
        pumps(entries), frozen_ns, rate_nl_min
    )
    measure("counted after the freeze", max(0, counted), "nL", 0, most_nl, "HZ-STOP-FAILS", UNIT)
    running = room.shown["rate"]["commanded_nl_min"]
    measure("commanded afterwards, switch still down", running, "nL/min", 0, 0, "HZ-STALE-DATA")
    room.hands_off()


def pressures(entries) -> list[tuple[int, int]]:
    """(instant, Pa) of the line."""
    lines = [e.line for e in entries if isinstance(e, Inputs) and e.line is not None]
    return [(line.at_ns, line.pressure_pa) for line in lines if line.pressure_pa is not None]


def occlude(room: Bench) -> tuple[int, int]:
    """Close the stopcock in mid injection and wait for the stop; the record's mark, the instant."""
    mark, closed_ns = room.mark(), room.place.now_ns()
    room.do("stopcock", "closed")
    words = "an occlusion stopped nothing"
    room.until(lambda s: s["rate"]["confirmed_nl_min"] == 0, 45, words, UNIT)
    return mark, closed_ns


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION")
def check_occlusion(room: Bench, measure):
    """Stopcock closed in mid injection: time and pressure at the stop, and the bolus afterwards."""
    room.flowing(least_nl=6_000)
    mark, closed_ns = occlude(room)
    room.do("hold", False)
    room.let_pass(3.0)
    entries = room.since(mark)
    line = pressures(entries)
    low = [b.at_ns for b in boxes(entries) if b.at_ns > closed_ns and not b.motor_pin]
    curve = [((at_ns - closed_ns) / 1e9, pa / 1000) for at_ns, pa in line]
    seconds = (low[0] - closed_ns) / 1e9 if low else 99
    axes = ("s since the stopcock was closed", "line, kPa")
    hazard = "HZ-OVERPRESSURE"
    measure("closed until the motor pin is low", seconds, "s", 0, 5, hazard, UNIT, curve, axes)
    highest = max(pa for _, pa in line) / 1000
    measure("highest line pressure", highest, "kPa", 0.5, 40, hazard, UNIT)
    before = room.hands.truth()
    room.do("stopcock", "open")
    room.let_pass(2.0)
    after = room.hands.truth()
    if before is not None and after is not None:
        bolus_nl = after["entered_nl"] - before["entered_nl"]
        measure("bolus when it is opened", bolus_nl, "nL", -500, 5_000, hazard, UNIT)
    room.hands_off()


@pytest.mark.hazard("HZ-OVERPRESSURE", "HZ-EXTRAVASATION", "HZ-AIR")
def check_retract(room: Bench, measure):
    """Occluded at full rate, extravasation suspected: what the line stores is taken back."""
    limits = room.profile.limits
    room.flowing(least_nl=60_000, least_nl_min=limits.rate_nl_min * 9 // 10)
    mark, _ = occlude(room)
    refused = room.ask("do", "radiologist", event="suspected-extravasation")
    if refused is not None:
        raise HilFailure(PRODUCT, f"suspected extravasation was refused: {refused}")
    room.do("hold", False)
    room.let_pass(4.0)
    entries = room.since(mark)
    taken = [e.moved_nl for e in entries if isinstance(e, MotionEnded) and e.purpose == "retract"]
    line, hazard = pressures(entries), "HZ-OVERPRESSURE"
    origin_ns = line[0][0]
    curve = [((at_ns - origin_ns) / 1e9, pa / 1000) for at_ns, pa in line]
    measure("retracts", len(taken), "", 1, 1, hazard)
    measure("taken back", sum(taken), "nL", 500, limits.retract_nl, hazard, UNIT)
    left = sum(pa for _, pa in line[-10:]) / len(line[-10:]) / 1000
    measure(
        "line pressure left",
        left,
        "kPa",
        -1,
        max(pa for _, pa in line) / 2000,
        hazard,
        UNIT,
        curve,
        ("s", "line, kPa"),
    )
    room.do("stopcock", "open")
    room.hands_off()
