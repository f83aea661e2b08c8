# ruff: noqa: E501  (tables: one row per line)
"""The refusal table: per cause a case in which it alone refuses, and both sides of its numbers.

``CASES`` has one row per cause and scene; a cause of the table without a row fails here.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from state_machine.falls import Dislodged
from state_machine.gate import CAUSES, Output, judge, proposed
from state_machine.ledger import SideDay
from state_machine.limits import LIMIT_BY_NAME
from state_machine.observe import REST_SAMPLES
from state_machine.readings import (
    Link,
    Motion,
    Paddle,
    Prompt,
    PumpAlarm,
    TripCause,
    UnitState,
)
from state_machine.requests import Side
from state_machine.state import Alarm, HoldAction, HoldPhase, HoldSource, Phase, Purpose, Screen
from state_machine.targets import (
    Activity,
    Compression,
    ExposureStage,
    Lamp,
    LineTarget,
    PumpAction,
    PumpTarget,
    RoomTarget,
    Sounder,
    Targets,
)
from state_machine.units import NS_PER_MS, NS_PER_S, more_ppm
from tests.core.fixtures import (
    DAY,
    NOW_NS,
    PATIENT,
    Scene,
    check_drop,
    clearing,
    compressing,
    dispensing,
    exposing,
    injecting,
    mounted,
    quiet,
    replace,
    retracting,
    taking_back,
    tip_out,
)

INFUSION = {Output.PREPARE, Output.RUN}
XRAY = {Output.PREP, Output.EXPOSE}
QUIET = {Output.SILENCE, Output.WITHHOLD}
RUN, PREPARE, EXPOSE, WITHDRAW = {Output.RUN}, {Output.PREPARE}, {Output.EXPOSE}, {Output.WITHDRAW}
DESCENT, PERMIT, CLEAR = {Output.DESCENT}, {Output.PERMIT}, {Output.CLEAR}
STALE_NS = NOW_NS - NS_PER_S


def prime() -> Scene:
    return tip_out(Purpose.PRIME)


def open_tip() -> Scene:
    return tip_out(Purpose.OPEN_TIP)


def tip_drop() -> Scene:
    return tip_out(Purpose.TIP_DROP)


def pushing() -> Scene:
    """A push against the closed stopcock."""
    return tip_out(Purpose.STIFFNESS).but(line={"pressure_pa": 8_000}, pump={"infused_nl": 2_000})


def prepared() -> Scene:
    """The first motion is prepared; the switch is not held yet."""
    scene = injecting()
    return scene.but(
        plan={"asked_ns": 0, "running_ns": 0, "rate_nl_min": 40_000},
        hold={"phase": HoldPhase.READY},
        pump={"motion": Motion.PREPARED, "prompt": Prompt.STOPPED, "infused_nl": 0},
        account={"seen_nl": 0, "low_nl": 0, "high_nl": 0, "intent_nl": 52_511},
        line={"pressure_pa": 0},
        want={"run": False, "rate_nl_min": 40_000},
    )


SCENES = (
    injecting,
    prepared,
    prime,
    open_tip,
    pushing,
    tip_drop,
    retracting,
    taking_back,
    clearing,
    compressing,
    exposing,
    dispensing,
)


class CaseOf(NamedTuple):
    """A cause, the scene, what differs, and what it refuses there."""

    cause: str
    scene: Callable[[], Scene]
    change: Mapping[str, Any]
    refuses: set[Output]


def change(**parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return parts


LOCK = (SideDay(PATIENT, Side.LEFT, DAY - 3, locked_until_day=DAY + 1),)
FULL_DAY = (SideDay(PATIENT, Side.LEFT, DAY, high_nl=950_000),)
LATCHED = (Alarm("pump-stalled", NOW_NS - NS_PER_S, present=False),)


def less(**said: int) -> Mapping[str, Any]:
    """Less was said than what runs."""
    begun = dispensing().state.dispensing
    assert begun is not None
    return change(state={"dispensing": replace(begun, **said)})


# fmt: off
CASES = (
    # --- everything
    CaseOf("emergency-stop", injecting, change(room={"emergency_stop": True}), INFUSION | PERMIT),
    CaseOf("emergency-stop", exposing, change(room={"emergency_stop": True}), XRAY | PERMIT),
    CaseOf("emergency-stop", compressing, change(room={"emergency_stop": True}), DESCENT | PERMIT),
    CaseOf("emergency-stop", retracting, change(room={"emergency_stop": True}), WITHDRAW | PERMIT),
    CaseOf("late", injecting, change(late={}), RUN),
    CaseOf("late", exposing, change(late={}), XRAY),
    CaseOf("late", compressing, change(late={}), DESCENT),
    CaseOf("emergency-stop", quiet, change(room={"emergency_stop": True}), QUIET),
    CaseOf("late", quiet, change(late={}), QUIET),
    # --- daily check
    CaseOf("pressure-switch", quiet, change(room={"pressure_switch": True}), QUIET),
    CaseOf("pain", quiet, change(room={"pain_pressed": True}), QUIET),
    CaseOf("line-pressure", quiet, change(line={"pressure_pa": 120_001}), QUIET),
    CaseOf("quiet", quiet, change(room={"hold_pressed": False}), QUIET),
    CaseOf("quiet", quiet, change(state={"plan": None}), QUIET),
    CaseOf("quiet", quiet, change(plan={"purpose": Purpose.PRIME}), QUIET),
    CaseOf("quiet", quiet, change(state={"check": None}), QUIET),
    CaseOf("quiet", quiet, change(state={"phase": Phase.PRIME}), QUIET),
    CaseOf("quiet", quiet, change(check={"since_ns": NOW_NS - 6 * NS_PER_S - 1}), QUIET),
    CaseOf("check-motion", check_drop, change(state={"phase": Phase.PRIME}), INFUSION),
    CaseOf("check-motion", check_drop, change(state={"check": None, "mounted": mounted()}), INFUSION),
    # --- dispensing
    CaseOf("dispense-motion", dispensing, change(state={"phase": Phase.PRIME}), INFUSION),
    CaseOf("dispense-motion", dispensing, change(state={"dispensing": None, "mounted": mounted()}), INFUSION),
    CaseOf("dispense-motion", dispensing, less(volume_nl=19_999), INFUSION),
    CaseOf("dispense-motion", dispensing, less(rate_nl_min=99_999), INFUSION),
    CaseOf("not-held", dispensing, change(hold={"phase": HoldPhase.READY}), RUN),
    CaseOf("prime-volume", dispensing, change(line_check={"prime_nl": 580_001}), INFUSION),
    CaseOf("tip-pressure", dispensing, change(line={"pressure_pa": 84_501}), RUN),
    # --- power permit
    CaseOf("not-confirmed", injecting, change(state={"permit": False}), PERMIT),
    CaseOf("not-confirmed", exposing, change(state={"permit": False}), PERMIT),
    CaseOf("stop-overdue", injecting, change(pump={"stop_overdue": True}, state={"permit_ns": NOW_NS}), INFUSION),
    CaseOf("stop-overdue", retracting, change(pump={"stop_overdue": True}, state={"permit_ns": NOW_NS}), WITHDRAW),
    CaseOf("power-overdue", compressing, change(pump={"stop_overdue": True}), PERMIT),
    CaseOf("pressure-switch", injecting, change(room={"pressure_switch": True}), INFUSION | PERMIT),
    CaseOf("pressure-switch", retracting, change(room={"pressure_switch": True}), WITHDRAW | PERMIT),
    # --- the pump and its readings
    CaseOf("pain", injecting, change(room={"pain_pressed": True}), INFUSION),
    CaseOf("pain", retracting, change(room={"pain_pressed": True}), WITHDRAW),
    CaseOf("pain", compressing, change(room={"pain_pressed": True}), DESCENT),
    CaseOf("locked", injecting, change(ledger={"days": LOCK}), INFUSION),
    CaseOf("alarm", injecting, change(state={"alarms": LATCHED}), INFUSION),
    CaseOf("alarm", injecting, change(state={"alarms": (Alarm("net-stop", NOW_NS, True, True),)}), INFUSION),
    CaseOf("pump-link", injecting, change(pump={"settings_ok": False}), INFUSION),
    CaseOf("pump-link", retracting, change(pump={"settings_ok": False}), WITHDRAW),
    CaseOf("pump-link", clearing, change(pump={"settings_ok": False}), CLEAR),
    CaseOf("pump-link", prepared, change(pump={"link": Link.LOST}), PREPARE),
    CaseOf("pump-alarm", injecting, change(pump={"alarm": PumpAlarm.STALL}), INFUSION),
    CaseOf("pump-alarm", retracting, change(pump={"alarm": PumpAlarm.RESET}), WITHDRAW),
    CaseOf("pump-stale", injecting, change(pump={"at_ns": STALE_NS}), RUN),
    CaseOf("pump-stale", retracting, change(pump={"at_ns": STALE_NS}), WITHDRAW),
    CaseOf("line-stale", injecting, change(line={"at_ns": STALE_NS}), RUN),
    CaseOf("line-stale", retracting, change(line={"at_ns": STALE_NS}), WITHDRAW),
    CaseOf("line-stale", injecting, change(line={"pressure_pa": None}), RUN),
    CaseOf("line-stale", injecting, change(line={"link": Link.LOST}), RUN),
    CaseOf("room-stale", injecting, change(room={"at_ns": STALE_NS}), RUN),
    CaseOf("room-stale", retracting, change(room={"at_ns": STALE_NS}), WITHDRAW),
    CaseOf("room-stale", exposing, change(room={"at_ns": STALE_NS}), EXPOSE),
    CaseOf("room-stale", exposing, change(room={"link": Link.LOST}), EXPOSE),
    CaseOf("room-owner", injecting, change(room={"owned": False}), RUN),
    CaseOf("room-owner", retracting, change(room={"owned": False}), WITHDRAW),
    CaseOf("room-owner", exposing, change(room={"owned": False}), XRAY),
    CaseOf("box-stop", injecting, change(room={"stop_line": True}), RUN),
    CaseOf("box-stop", injecting, change(room={"relay_closed": False}), RUN),
    CaseOf("box-stop", injecting, change(room={"trip_cause": TripCause.HEARTBEAT_LOST}), RUN),
    CaseOf("box-stop", retracting, change(room={"stop_line": True}), WITHDRAW),
    CaseOf("syringe", injecting, change(pump={"diameter_um": 8_660}, want={"diameter_um": 8_660}), INFUSION),
    CaseOf("syringe", injecting, change(want={"diameter_um": 8_660}), INFUSION),
    CaseOf("syringe", injecting, change(pump={"diameter_um": 4_000}, want={"diameter_um": 4_000}), INFUSION),
    CaseOf("syringe", injecting, change(want={"diameter_um": 4_000}), INFUSION),
    CaseOf("syringe", retracting, change(state={"mounted": None}), WITHDRAW),
    CaseOf("syringe", retracting, change(pump={"diameter_um": 0}), WITHDRAW),
    # --- hold and record
    CaseOf("not-held", injecting, change(hold={"phase": HoldPhase.READY}), RUN),
    CaseOf("not-held", injecting, change(hold={"phase": HoldPhase.LIFT}), RUN),
    CaseOf("not-held", injecting, change(hold={"phase": HoldPhase.CLOSED}), RUN),
    CaseOf("not-held", injecting, change(hold={"action": HoldAction.PRIME}), RUN),
    CaseOf("not-held", injecting, change(hold={"action": HoldAction.EXPOSE}), RUN),
    CaseOf("not-held", prime, change(hold={"action": HoldAction.INJECT}), RUN),
    CaseOf("hold-contacts", injecting, change(room={"hold_disagrees": True}), RUN),
    CaseOf("hold-contacts", exposing, change(room={"hold_disagrees": True}), EXPOSE),
    CaseOf("not-durable", retracting, change(journal={"durable_seq": 49}), WITHDRAW),
    CaseOf("screen", injecting, change(state={"screen": Screen(on=True)}), RUN),
    CaseOf("screen", injecting, change(state={"screen": Screen(True, 9, NOW_NS - 400 * NS_PER_MS - 1)}), RUN),
    CaseOf("screen", exposing, change(state={"screen": Screen(True, 9, NOW_NS - 200 * NS_PER_MS - 1)}), EXPOSE),
    CaseOf("beats", injecting, change(hold={"source": HoldSource.CONSOLE, "beat_ns": NOW_NS - 250 * NS_PER_MS - 1}), RUN),
    CaseOf("beats", exposing, change(hold={"source": HoldSource.CONSOLE, "beat_ns": NOW_NS - 125 * NS_PER_MS - 1}), EXPOSE),
    CaseOf("not-durable", injecting, change(journal={"durable_seq": 49}), RUN),
    CaseOf("record", injecting, change(journal={"fault": "disk full"}), PREPARE),
    CaseOf("record", prepared, change(journal={"fault": "disk full"}), PREPARE),
    # --- volume, rate, pressure, temperature
    CaseOf("motion-volume", injecting, change(want={"until_nl": 0}), INFUSION),
    CaseOf("volume", injecting, change(account={"intent_nl": 500_001}), INFUSION),
    CaseOf("volume", prepared, change(account={"high_nl": 460_000}), PREPARE),
    CaseOf("volume", injecting, change(ledger={"days": FULL_DAY}), INFUSION),
    CaseOf("volume", injecting, change(ledger={"account": None}), INFUSION),
    CaseOf("prime-volume", prime, change(line_check={"prime_nl": 570_001}), INFUSION),
    CaseOf("rate", injecting, change(want={"rate_nl_min": 100_001}), INFUSION),
    CaseOf("ramp", injecting, change(plan={"running_ns": NOW_NS - 1_499_999_999}), INFUSION),
    CaseOf("motor-time", injecting, change(injection={"motor_ns": 166 * NS_PER_S + 1}), RUN),
    CaseOf("stopcock-pressure", pushing, change(line={"pressure_pa": 20_001}), RUN),
    CaseOf("tip-word", pushing, change(plan={"running_ns": 0, "asked_ns": 1, "rate_nl_min": 40_000}, want={"rate_nl_min": 40_000, "start_rate_nl_min": 40_000}, line_check={"stopcock_ns": 0}), INFUSION),
    CaseOf("tip-word", prime, change(plan={"running_ns": 0, "asked_ns": 1, "rate_nl_min": 40_000}, want={"rate_nl_min": 40_000, "start_rate_nl_min": 40_000}, line_check={"tip_out_ns": 0}), INFUSION),
    CaseOf("tip-pressure", open_tip, change(line={"pressure_pa": 9_000}), RUN),
    CaseOf("flow-drop", injecting, change(limits={"flow_drop_pa": 2_000}), INFUSION),
    CaseOf("overrun", injecting, change(limits={"overrun_nl": 3_504}), INFUSION),
    CaseOf("overrun", prepared, change(limits={"overrun_nl": 3_504}), PREPARE),
    CaseOf("stored-volume", injecting, change(limits={"stored_volume_nl": 837}), INFUSION),
    CaseOf("line-pressure", prime, change(line={"pressure_pa": 120_001}, pump={"infused_nl": 9_000}), RUN),
    CaseOf("line-zero", injecting, change(line={"zero_count": 0}), INFUSION),
    CaseOf("net-pressure", injecting, change(net={"upper_pa": 4_001}), RUN),
    CaseOf("net-unsure", injecting, change(line_check={"resistance_mc": 20_000}), INFUSION),
    CaseOf("net-unsure", prepared, change(line_check={"resistance_mc": 20_000}), PREPARE),
    CaseOf("temperature", injecting, change(line={"temperature_mc": 19_999}), INFUSION),
    CaseOf("temperature", prepared, change(line={"temperature_mc": 40_001}), PREPARE),
    # --- pump and X-ray exclude each other
    CaseOf("unit-busy", injecting, change(mammograph={"unit_state": UnitState.PREP}), INFUSION),
    CaseOf("unit-busy", injecting, change(mammograph={"unit_state": UnitState.READY}), INFUSION),
    CaseOf("unit-busy", retracting, change(mammograph={"unit_state": UnitState.EXPOSING}), WITHDRAW),
    CaseOf("paddle", injecting, change(mammograph={"paddle": Paddle.HOLDING}), RUN),
    CaseOf("paddle", injecting, change(mammograph={"paddle": Paddle.UNKNOWN}), RUN),
    CaseOf("pump-may-move", exposing, change(exposure={"pump_locked": False}), XRAY),
    CaseOf("pump-may-move", exposing, change(pump={"prompt": Prompt.INFUSING}), XRAY),
    CaseOf("pump-may-move", exposing, change(room={"motor_pin": True}), XRAY),
    # --- retract
    CaseOf("retract-bound", retracting, change(want={"until_nl": 30_001}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(state={"plan": None}, want={"run": False}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(plan={"purpose": Purpose.INJECT}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(state={"duct": None}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(duct={"cannula_in_ns": 0}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(want={"until_nl": 999}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(want={"base_nl": 25_000, "until_nl": 31_000}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(want={"start_rate_nl_min": 100_001}), WITHDRAW),
    CaseOf("retract-bound", retracting, change(watch={"dislodged": Dislodged(1)}), WITHDRAW),
    CaseOf("retract-bound", taking_back, change(want={"until_nl": 5_795}), WITHDRAW),
    CaseOf("retract-bound", taking_back, change(line_check={"stopcock_ns": 0}), WITHDRAW),
    CaseOf("retract-bound", taking_back, change(line_check={"pushed_nl": 2_205}), WITHDRAW),
    CaseOf("retract-bound", taking_back, change(state={"phase": Phase.LOCATE_DUCT}), WITHDRAW),
    CaseOf("retract-bound", taking_back, change(line={"pressure_pa": 500}), WITHDRAW),
    CaseOf("retract-bound", taking_back, change(pump={"prompt": Prompt.INFUSING}), WITHDRAW),
    CaseOf("stopcock-pressure", taking_back, change(line={"pressure_pa": 20_001}), WITHDRAW),
    CaseOf("not-held-test", taking_back, change(hold={"phase": HoldPhase.READY}), WITHDRAW),
    CaseOf("clear-phase", clearing, change(state={"phase": Phase.LOCATE_DUCT}), CLEAR),
    CaseOf("clear-phase", clearing, change(pump={"prompt": Prompt.INFUSING}), CLEAR),
    # --- compression
    CaseOf("descent-unit", compressing, change(mammograph={"link": Link.LOST}), DESCENT),
    CaseOf("descent-unit", exposing, change(mammograph={"watchdog_tripped": True}), XRAY),
    CaseOf("descent-pump", compressing, change(pump={"prompt": Prompt.WITHDRAWING}), DESCENT),
    CaseOf("descent-line", compressing, change(line={"pressure_pa": 6_001}), DESCENT),
    CaseOf("descent-line", compressing, change(line={"at_ns": STALE_NS}), DESCENT),
    CaseOf("descent-force", compressing, change(want_unit={"force_limit_mn": 0}), DESCENT),
    # --- exposure
    CaseOf("unit-stale", exposing, change(mammograph={"at_ns": STALE_NS}), XRAY),
    CaseOf("unit-fault", exposing, change(mammograph={"unit_state": UnitState.FAULT}, want_unit={"exposure": ExposureStage.PREP}), {Output.PREP}),
    CaseOf("door", exposing, change(room={"door_closed": False}), XRAY),
    CaseOf("door", exposing, change(mammograph={"door_closed": False}), XRAY),
    CaseOf("not-armed", exposing, change(hold={"phase": HoldPhase.CLOSED}, want_unit={"exposure": ExposureStage.PREP}), {Output.PREP}),
    CaseOf("not-held-expose", exposing, change(hold={"phase": HoldPhase.READY}), EXPOSE),
    CaseOf("not-ready", exposing, change(mammograph={"unit_state": UnitState.PREP}), EXPOSE),
    CaseOf("not-compressed", exposing, change(mammograph={"paddle": Paddle.RELEASED}), XRAY),
    CaseOf("not-compressed", exposing, change(mammograph={"force_mn": 40_001}), XRAY),
    CaseOf("overdue", exposing, change(injection={"ended_ns": NOW_NS - 181 * NS_PER_S}), XRAY),
)
# fmt: on


def changed(scene: Scene, parts: Mapping[str, Any]) -> Scene:
    """Apply a row's change; ``line_check`` is the state's own ``line``."""
    for part, fields in parts.items():
        if part == "late":
            scene = scene._replace(late=True)
        elif part == "line_check":
            line = replace(scene.state.line, **fields)
            scene = scene._replace(state=replace(scene.state, line=line))
        else:
            scene = scene.but(**{part: fields})
    return scene


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_healthy_room_is_not_refused(scene):
    made = scene()
    assert made.refused() == {}
    assert made.judged() is made.wanted
    assert proposed(made.wanted)


MARKED = tuple(
    pytest.param(
        *row,
        id=f"{row.cause}-{row.scene.__name__}-{number}",
        marks=pytest.mark.hazard(next(c.hazard for c in CAUSES if c.name == row.cause)),
    )
    for number, row in enumerate(CASES)
)


@pytest.mark.parametrize(("cause", "scene", "change", "refuses"), MARKED)
def test_each_cause_alone_refuses_its_outputs(cause, scene, change, refuses):
    made = changed(scene(), change)
    assert made.refused() == {cause: refuses}
    assert proposed(made.judged()) == proposed(made.wanted) - refuses - _with(refuses)


def _with(refused: set[Output]) -> set[Output]:
    """Outputs that fall together: a target has one pump motion and one exposure stage."""
    together = (INFUSION, XRAY)
    return {output for group in together if group & refused for output in group}


def test_every_cause_has_a_case():
    assert {cause.name for cause in CAUSES} == {row.cause for row in CASES}
    assert len({cause.name for cause in CAUSES}) == len(CAUSES)


def test_every_refused_pair_of_the_table_has_a_case():
    """Each output that a cause refuses is refused in some case (those that can be alone)."""
    shown = {(row.cause, output) for row in CASES for output in row.refuses}
    table = {(cause.name, output) for cause in CAUSES for output in cause.refuses}
    assert shown <= table
    tolerated = {
        # judged together with a cause of the same scene, or a pump target that cannot be alone
        ("not-ready", Output.PREP),
    }
    missing = table - shown - tolerated
    assert missing <= HARD_ALONE, missing - HARD_ALONE


HARD_ALONE: set[tuple[str, Output]] = {
    ("unit-fault", Output.EXPOSE),  # an exposure that is not ready is refused as such too
    ("not-armed", Output.EXPOSE),  # the same switch is then not held either
}


# --- both sides of every number ---------------------------------------------------------------


class Edge(NamedTuple):
    """A number that is still allowed, and its neighbour that is not."""

    cause: str
    scene: Callable[[], Scene]
    part: str
    field: str
    good: int
    bad: int
    given: Mapping[str, Any] = {}


MS = NS_PER_MS
# fmt: off
EDGES = (
    Edge("pump-stale", injecting, "pump", "at_ns", NOW_NS - 150 * MS, NOW_NS - 150 * MS - 1),
    Edge("pump-stale", injecting, "pump", "at_ns", NOW_NS, NOW_NS + 1),
    Edge("pump-stale", injecting, "pump", "at_ns", NOW_NS, 0),
    Edge("power-overdue", compressing, "state", "permit_ns", NOW_NS - 10 * NS_PER_S, NOW_NS - 10 * NS_PER_S - 1, change(pump={"stop_overdue": True})),
    Edge("power-overdue", compressing, "state", "permit_ns", NOW_NS, 0, change(pump={"stop_overdue": True})),
    Edge("line-stale", injecting, "line", "at_ns", NOW_NS - 60 * MS, NOW_NS - 60 * MS - 1),
    Edge("room-stale", injecting, "room", "at_ns", NOW_NS - 100 * MS, NOW_NS - 100 * MS - 1),
    Edge("room-stale", exposing, "room", "at_ns", NOW_NS - 100 * MS, NOW_NS - 100 * MS - 1),
    Edge("unit-stale", exposing, "mammograph", "at_ns", NOW_NS - 100 * MS, NOW_NS - 100 * MS - 1),
    Edge("not-durable", injecting, "journal", "durable_seq", 50, 49),
    Edge("motion-volume", injecting, "want", "until_nl", 1_000, 999),
    Edge("motion-volume", injecting, "want", "until_nl", 50_000, 50_001),
    Edge("motion-volume", injecting, "want", "base_nl", 49_000, 49_001),
    Edge("motion-volume", prime, "want", "until_nl", 150_000, 150_001),
    Edge("motion-volume", open_tip, "want", "until_nl", 150_000, 150_001),
    Edge("motion-volume", tip_drop, "want", "until_nl", 5_000, 5_001),
    Edge("motion-volume", tip_drop, "want", "until_nl", 1_000, 999),
    Edge("volume", injecting, "account", "intent_nl", 500_000, 500_001),
    Edge("volume", injecting, "account", "intent_nl", 250_000, 250_001, change(duct={"difficult": True}, want={"rate_nl_min": 50_000, "start_rate_nl_min": 40_000})),
    Edge("volume", prepared, "account", "high_nl", 447_500, 447_501),
    Edge("motion-volume", pushing, "want", "until_nl", 8_000, 8_001),
    Edge("rate", pushing, "want", "rate_nl_min", 60_000, 60_001),
    Edge("stopcock-pressure", pushing, "line", "pressure_pa", 20_000, 20_001),
    Edge("prime-volume", prime, "line_check", "prime_before_nl", 570_000, 570_001),
    Edge("prime-volume", prime, "line_check", "prime_nl", 570_000, 570_001),
    Edge("rate", injecting, "want", "rate_nl_min", 100_000, 100_001),
    Edge("rate", injecting, "want", "rate_nl_min", 1, 0),
    Edge("rate", injecting, "want", "rate_nl_min", 1, -1),
    Edge("rate", injecting, "want", "start_rate_nl_min", 100_000, 100_001),
    Edge("rate", injecting, "want", "rate_nl_min", 50_000, 50_001, change(duct={"difficult": True})),
    Edge("rate", open_tip, "want", "rate_nl_min", 200_000, 200_001),
    Edge("rate", prime, "want", "rate_nl_min", 500_000, 500_001),
    Edge("ramp", injecting, "plan", "running_ns", NOW_NS - 1_500 * MS, NOW_NS - 1_500 * MS + 1),
    Edge("ramp", prepared, "want", "start_rate_nl_min", 40_000, 40_001),
    Edge("motor-time", injecting, "injection", "motor_ns", 166 * NS_PER_S, 166 * NS_PER_S + 1),
    Edge("motor-time", prepared, "injection", "motor_ns", 180 * NS_PER_S, 180 * NS_PER_S + 1, change(hold={"phase": HoldPhase.OPEN}, want={"run": True})),
    Edge("quiet", quiet, "check", "since_ns", NOW_NS - 6 * NS_PER_S, NOW_NS - 6 * NS_PER_S - 1),
    Edge("flow-drop", injecting, "limits", "flow_drop_pa", 2_793, 2_792),
    Edge("net-unsure", injecting, "limits", "net_spread_pa", 315, 314),
    Edge("overrun", injecting, "limits", "overrun_nl", 3_505, 3_504),  # (0.503 + 1.6) s x 1.67 uL/s
    Edge("stored-volume", injecting, "limits", "stored_volume_nl", 838, 837),
    Edge("net-pressure", injecting, "net", "upper_pa", 4_000, 4_001),
    Edge("line-pressure", prime, "line", "pressure_pa", 120_000, 120_001, change(pump={"infused_nl": 9_000})),
    Edge("tip-pressure", open_tip, "line", "pressure_pa", 5_248, 5_249),
    Edge("tip-pressure", open_tip, "pump", "infused_nl", 10_000, 10_001, change(line={"pressure_pa": 9_000})),
    Edge("temperature", injecting, "line", "temperature_mc", 20_000, 19_999),
    Edge("temperature", injecting, "line", "temperature_mc", 40_000, 40_001),
    Edge("retract-bound", retracting, "want", "until_nl", 30_000, 30_001),
    Edge("retract-bound", retracting, "want", "until_nl", 1_000, 999),
    Edge("retract-bound", retracting, "want", "rate_nl_min", 100_000, 100_001),
    Edge("retract-bound", retracting, "line", "pressure_pa", 501, 500),
    Edge("retract-bound", retracting, "line", "pressure_pa", 501, 499),
    Edge("descent-line", compressing, "line", "pressure_pa", 6_000, 6_001),
    Edge("descent-force", compressing, "want_unit", "force_limit_mn", 40_000, 40_001),
    Edge("descent-force", compressing, "want_unit", "force_limit_mn", 1, 0),
    Edge("descent-force", compressing, "want_unit", "force_limit_mn", 1, -1),
    Edge("not-compressed", exposing, "mammograph", "force_mn", 40_000, 40_001),
    Edge("overdue", exposing, "injection", "ended_ns", NOW_NS - 180 * NS_PER_S, NOW_NS - 180 * NS_PER_S - 1),
    Edge("overdue", exposing, "exposure", "last_ns", NOW_NS - 300 * NS_PER_S, NOW_NS - 300 * NS_PER_S - 1, change(exposure={"made_count": 1})),
)
# fmt: on


def at_counter(scene: Scene, shown_nl: int) -> Scene:
    """The same scene, but for what the pump's counters showed when it all began."""
    state, pump, want = scene.state, scene.readings.pump, scene.wanted.pump
    ends = {"base_nl": want.base_nl + shown_nl, "until_nl": want.until_nl + shown_nl}
    counters = {
        "infused_nl": pump.infused_nl + shown_nl,
        "withdrawn_nl": pump.withdrawn_nl + shown_nl,
    }
    begun = {
        "base_nl": state.injection.base_nl + shown_nl,
        "withdrawn_base_nl": state.injection.withdrawn_base_nl + shown_nl,
    }
    scene = scene.but(want=ends, pump=counters, injection=begun)
    if state.plan is not None:
        plan = state.plan
        ends = {"base_nl": plan.base_nl + shown_nl, "until_nl": plan.until_nl + shown_nl}
        scene = scene.but(plan=ends)
    account = state.ledger.account
    if account is not None:
        seen = {"base_nl": account.base_nl + shown_nl, "seen_nl": account.seen_nl + shown_nl}
        scene = scene.but(account=seen)
    return scene


@pytest.mark.parametrize("shown_nl", [0, 333_000])
@pytest.mark.parametrize("edge", EDGES, ids=lambda e: f"{e.cause}-{e.part}.{e.field}-{e.bad}")
def test_each_number_is_allowed_up_to_its_limit_and_refused_beyond(edge, shown_nl):
    scene = changed(edge.scene(), edge.given)
    good = at_counter(changed(scene, {edge.part: {edge.field: edge.good}}), shown_nl)
    bad = at_counter(changed(scene, {edge.part: {edge.field: edge.bad}}), shown_nl)
    assert edge.cause not in good.refused()
    assert set(bad.refused()) == {edge.cause}


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize("shown_nl", [0, 333_000])
def test_the_first_checkpoint_is_where_the_profile_has_it(shown_nl):
    scene = injecting().but(limits={"first_checkpoint_nl": 30_000})
    first = at_counter(scene.but(want={"until_nl": 30_000}), shown_nl)
    assert first.refused() == {}
    beyond = at_counter(scene.but(want={"until_nl": 30_001}), shown_nl)
    assert set(beyond.refused()) == {"motion-volume"}


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("delivered_nl", "until_nl"),
    [
        (0, 50_000),
        (20_000, 50_000),
        (49_000, 50_000),
        (49_001, 150_000),  # the pump cannot be told less than 1 uL
        (50_000, 150_000),
        (80_000, 150_000),
        (150_000, 200_000),
    ],
)
def test_no_motion_passes_its_checkpoint(delivered_nl, until_nl):
    scene = injecting().but(
        want={"base_nl": delivered_nl, "until_nl": until_nl},
        plan={"base_nl": delivered_nl, "until_nl": until_nl},
        account={"intent_nl": until_nl * 11 // 10},
    )
    assert scene.refused() == {}
    beyond = scene.but(want={"until_nl": until_nl + 1})
    assert set(beyond.refused()) == {"volume" if until_nl == 200_000 else "motion-volume"}


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERPRESSURE")
@pytest.mark.parametrize(
    ("delivered_nl", "until_nl"),
    [(0, 25_000), (10_000, 25_000), (24_000, 25_000), (24_001, 50_000), (49_001, 75_000)],
)
def test_where_net_pressure_is_in_doubt_no_motion_that_begins_passes_a_closer_checkpoint(
    delivered_nl, until_nl
):
    begins = {"base_nl": delivered_nl, "until_nl": until_nl}
    scene = injecting().but(want=begins, plan=begins | {"asked_ns": 0}, net={"net_pa": None})
    assert "motion-volume" not in scene.refused()
    assert "motion-volume" in scene.but(want={"until_nl": until_nl + 1}).refused()
    under_way = scene.but(want={"until_nl": until_nl + 1}, plan={"asked_ns": NOW_NS - NS_PER_S})
    assert ("motion-volume" in under_way.refused()) is (until_nl == 50_000)


@pytest.mark.hazard("HZ-AIR")
def test_a_retract_test_begins_wherever_the_counter_stands():
    later = {"base_nl": 4_000, "until_nl": 8_000}
    assert taking_back().but(want=later, plan=later, pump={"withdrawn_nl": 4_000}).refused() == {}


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_page_that_was_heard_at_the_last_instant_still_holds():
    scene = injecting()
    life_ns = scene.state.profile.limits.hold_beat_ns
    held = scene.but(hold={"source": HoldSource.CONSOLE, "beat_ns": NOW_NS - life_ns})
    assert "beats" not in held.refused()
    assert "beats" in held.but(hold={"beat_ns": NOW_NS - life_ns - 1}).refused()


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERRATE", "HZ-OVERPRESSURE", "HZ-COMPRESSION")
@pytest.mark.parametrize(
    ("scene", "limit", "ceiling_cause", "change_to"),
    [
        (injecting, "rate_nl_min", "rate", ("want", "rate_nl_min")),
        (prime, "prime_rate_nl_min", "rate", ("want", "rate_nl_min")),
        (prime, "prime_volume_nl", "motion-volume", ("want", "until_nl")),
        (tip_drop, "tip_drop_nl", "motion-volume", ("want", "until_nl")),
        (pushing, "stiffness_push_nl", "motion-volume", ("want", "until_nl")),
        (pushing, "stiffness_rate_nl_min", "rate", ("want", "rate_nl_min")),
        (pushing, "stiffness_pressure_pa", "stopcock-pressure", ("line", "pressure_pa")),
        (injecting, "duct_volume_nl", "volume", ("account", "intent_nl")),
        (prime, "prime_total_nl", "prime-volume", ("line_check", "prime_nl")),
        (prime, "line_pressure_pa", "line-pressure", ("line", "pressure_pa")),
        (retracting, "retract_nl", "retract-bound", ("want", "until_nl")),
        (retracting, "retract_rate_nl_min", "retract-bound", ("want", "rate_nl_min")),
        (compressing, "force_mn", "descent-force", ("want_unit", "force_limit_mn")),
    ],
)
def test_a_profile_that_loosens_a_limit_does_not_reach_past_the_ceiling(
    scene, limit, ceiling_cause, change_to
):
    part, field = change_to
    loose = dict.fromkeys(("first_rate_nl_min", "side_day_volume_nl"), 10**12)
    made = changed(scene(), {"limits": loose | {limit: 10**12}})
    ceiling = LIMIT_BY_NAME[limit].ceiling
    assert ceiling_cause in changed(made, {part: {field: ceiling + 1}}).refused()


@pytest.mark.hazard("HZ-OVERRATE")
@pytest.mark.parametrize("base_nl", [50_000, 50_001, 90_000])
def test_past_the_first_checkpoint_the_rate_may_rise_to_its_own_limit(base_nl):
    later = injecting().but(
        want={"base_nl": base_nl, "until_nl": 100_000, "rate_nl_min": 200_000},
        plan={"base_nl": base_nl, "until_nl": 100_000, "top_rate_nl_min": 200_000},
    )
    assert later.refused() == {}
    assert set(later.but(want={"rate_nl_min": 200_001}).refused()) == {"rate"}


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_volume_of_injection_duct_and_day_each_have_their_own_edge():
    scene = injecting().but(plan={"base_nl": 190_000}, want={"base_nl": 190_000})
    assert scene.but(want={"until_nl": 200_000}).refused() == {}
    assert set(scene.but(want={"until_nl": 200_001}).refused()) == {"volume"}
    day = SideDay(PATIENT, Side.LEFT, DAY, high_nl=1_000_000 - 52_510)
    full = injecting().but(ledger={"days": (day,)})
    assert full.refused() == {}
    over = injecting().but(ledger={"days": (replace(day, high_nl=day.high_nl + 1),)})
    assert set(over.refused()) == {"volume"}
    other = replace(day, side=Side.RIGHT, high_nl=10**9)
    assert injecting().but(ledger={"days": (other,)}).refused() == {}


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_difficult_duct_halves_the_injection_too():
    scene = injecting().but(
        duct={"difficult": True},
        plan={"base_nl": 90_000},
        want={"base_nl": 90_000, "until_nl": 100_000, "rate_nl_min": 40_000},
    )
    assert scene.refused() == {}
    assert set(scene.but(want={"until_nl": 100_001}).refused()) == {"volume"}


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_before_it_is_asked_to_run_a_motion_counts_on_top_of_high_with_its_uncertainty():
    scene = prepared().but(account={"intent_nl": 0})
    most_nl = 500_000 - more_ppm(50_000, 50_000)
    assert scene.but(account={"high_nl": most_nl}).refused() == {}
    assert set(scene.but(account={"high_nl": most_nl + 1}).refused()) == {"volume"}


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_the_line_limit_follows_the_flow_and_never_passes_its_fixed_value():
    # 1.3 x 2,793 Pa + 10,000 Pa = 13,630 Pa; the net pressure is judged apart
    scene = injecting().but(limits={"net_pause_pa": 10**9})
    assert scene.but(line={"pressure_pa": 13_630}).refused() == {}
    assert set(scene.but(line={"pressure_pa": 13_631}).refused()) == {"line-pressure"}


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_with_the_tip_out_nothing_starts_under_pressure():
    still = changed(
        prime(),
        change(
            plan={"asked_ns": 0, "running_ns": 0},
            want={"rate_nl_min": 40_000, "start_rate_nl_min": 40_000},
        ),
    )
    for mean_pa in (-500, 0, 500):
        rest = {"line_check": {"rest_sum_pa": mean_pa * REST_SAMPLES}}
        assert changed(still, rest).refused() == {}
    for mean_pa in (-501, 501):
        rest = {"line_check": {"rest_sum_pa": mean_pa * REST_SAMPLES}}
        assert set(changed(still, rest).refused()) == {"tip-pressure"}
    # once asked to run, what shows is the ramp's own pressure
    assert changed(still, rest).but(plan={"asked_ns": NOW_NS - MS}).refused() == {}


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_the_word_that_the_tip_is_out_lives_a_minute():
    still = changed(
        prime(),
        change(
            plan={"asked_ns": 0, "running_ns": 0},
            line={"pressure_pa": 0},
            want={"rate_nl_min": 40_000, "start_rate_nl_min": 40_000},
        ),
    )
    for age_ns, refused in ((0, set()), (60 * NS_PER_S, set()), (60 * NS_PER_S + 1, {"tip-word"})):
        old = changed(still, {"line_check": {"tip_out_ns": NOW_NS - age_ns}})
        assert set(old.refused()) == refused
    running = changed(prime(), {"line_check": {"tip_out_ns": 1}})
    assert running.refused() == {}  # once it runs, the hold stands for it


@pytest.mark.hazard("HZ-AIR")
def test_a_retract_needs_standstill_and_pressure():
    scene = retracting()
    slower = {"rate_nl_min": 50_000, "start_rate_nl_min": 50_000}
    assert scene.but(want=slower).refused() == {}
    assert set(scene.but(pump={"prompt": Prompt.PAUSED}).refused()) == {"retract-bound"}
    assert set(scene.but(line={"pressure_pa": None}).refused()) == {"line-stale", "retract-bound"}
    moving = scene.but(pump={"prompt": Prompt.WITHDRAWING, "motion": Motion.RUNNING})
    assert set(moving.refused()) == {"retract-bound"}
    ours = moving._replace(state=replace(moving.state, targets=scene.wanted))
    assert ours.refused() == {}


@pytest.mark.hazard("HZ-FLOW-AND-XRAY")
def test_pump_and_xray_shut_each_other_out_whoever_is_first():
    both = replace(injecting().wanted, mammograph=exposing().wanted.mammograph)
    for scene in (injecting(), exposing()):
        left = scene._replace(wanted=both).judged()
        assert not proposed(left) & (INFUSION | XRAY)
    told = injecting().but(state={"targets": exposing().wanted})
    assert set(told.refused()) == {"unit-busy"}
    was_moving = exposing().but(state={"targets": injecting().wanted})
    assert set(was_moving.refused()) == {"pump-may-move"}


@pytest.mark.hazard("HZ-EXPOSURE")
def test_a_pump_glitch_does_not_cut_an_exposure_under_way():
    for glitch in (
        {"link": Link.LOST, "motion": Motion.UNKNOWN, "prompt": Prompt.UNKNOWN},
        {"at_ns": STALE_NS},
        {"alarm": PumpAlarm.RESET, "prompt": Prompt.ALARM},
        {"settings_ok": False},
        {"at_ns": STALE_NS, "prompt": Prompt.INFUSING},  # old words are no fresh evidence
    ):
        assert exposing().but(pump=glitch).refused() == {}
    assert exposing().but(line={"link": Link.LOST, "pressure_pa": None}).refused() == {}
    assert exposing().but(room={"motor_pin": True, "pain_pressed": True}).refused().keys() == {
        "pump-may-move"
    }


@pytest.mark.hazard("HZ-EXPOSURE")
def test_the_radiologists_word_lifts_a_delay():
    late = exposing().but(injection={"ended_ns": NOW_NS - 400 * NS_PER_S})
    assert set(late.refused()) == {"overdue"}
    assert late.but(exposure={"reconfirmed": True}).refused() == {}


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_lock_ends_on_its_day_and_holds_for_its_breast_alone():
    for until, refused in ((DAY, set()), (DAY + 1, {"locked"})):
        lock = SideDay(PATIENT, Side.LEFT, DAY - 14, locked_until_day=until)
        assert set(injecting().but(ledger={"days": (lock,)}).refused()) == refused
        other = replace(lock, side=Side.RIGHT)
        assert injecting().but(ledger={"days": (other,)}).refused() == {}
        someone = replace(lock, patient_id="P-2")
        assert injecting().but(ledger={"days": (someone,)}).refused() == {}


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_without_a_plan_nothing_may_run():
    refused = injecting().but(state={"plan": None}).refused()
    assert {"not-held", "not-durable", "motion-volume"} <= set(refused)


def test_without_an_account_only_a_tip_out_motion_runs():
    assert prime().state.ledger.account is None
    assert prime().refused() == {}
    unmounted = prime().but(state={"mounted": None})
    assert "syringe" in unmounted.refused()


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_refused_permit_closes_no_relay_again():
    scene = injecting().but(state={"permit": False}, want_room={"reclose_trip_count": 1})
    assert scene.but(state={"permit": True}).judged().room.reclose_trip_count == 1
    assert scene.judged().room == RoomTarget(lamp=scene.wanted.room.lamp)


# --- the shape of the gate --------------------------------------------------------------------


WRECK = change(
    state={"permit": False, "mounted": None, "plan": None},
    pump={"stop_overdue": True, "link": Link.LOST},
    room={"emergency_stop": True, "owned": False},
    mammograph={"unit_state": UnitState.FAULT, "link": Link.LOST},
    journal={"fault": "no disk"},
    late={},
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_safe_room_is_never_refused_however_bad_things_are(scene):
    made = changed(scene(), WRECK)._replace(wanted=Targets())
    assert made.refused() == {}
    assert made.judged() == Targets()


@pytest.mark.parametrize("lamp", Lamp)
@pytest.mark.parametrize("sounder", Sounder)
def test_lamps_sounder_and_release_are_never_gated(lamp, sounder):
    release = replace(exposing().wanted.mammograph, compression=Compression.RELEASE)
    for scene in SCENES:
        made = changed(scene(), WRECK)
        room = replace(made.wanted.room, lamp=lamp, sounder=sounder)
        line = LineTarget(zero_count=3)
        wanted = replace(made.wanted, room=room, line=line, activity=Activity.ACTIVE)
        made = made._replace(wanted=replace(wanted, mammograph=release))
        left = made.judged()
        assert (left.room.lamp, left.room.sounder) == (lamp, sounder)
        assert left.mammograph.compression is Compression.RELEASE
        assert left.line == line
        assert left.activity is Activity.ACTIVE
        assert not proposed(left)


def one_of(cls: type[enum.Enum]) -> st.SearchStrategy:
    return st.sampled_from(list(cls))


PUMP_TARGETS = st.builds(
    PumpTarget,
    action=one_of(PumpAction),
    motion_id=st.integers(0, 2),
    base_nl=st.sampled_from([0, 12_000, 50_000]),
    until_nl=st.sampled_from([0, 1_000, 5_000, 49_000, 50_000, 50_001, 10**6, 10**9]),
    start_rate_nl_min=st.sampled_from([0, 40_000, 10**6]),
    rate_nl_min=st.sampled_from([-1, 0, 40_000, 100_000, 100_001, 500_001]),
    run=st.booleans(),
    diameter_um=st.sampled_from([0, 4_780, 8_660]),
    clear_counters=st.booleans(),
)
WANTED = st.builds(
    Targets,
    activity=one_of(Activity),
    pump=PUMP_TARGETS,
    room=st.builds(
        RoomTarget,
        pump_permit=st.booleans(),
        reclose_trip_count=st.integers(0, 2),
        xray_enable=st.booleans(),
        lamp=one_of(Lamp),
        sounder=one_of(Sounder),
    ),
    mammograph=st.builds(
        lambda unit, c, e, force: msgspec.structs.replace(
            unit, compression=c, exposure=e, force_limit_mn=force
        ),
        st.just(exposing().wanted.mammograph),
        one_of(Compression),
        one_of(ExposureStage),
        st.sampled_from([0, 40_000, 40_001, 100_001]),
    ),
)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@given(
    scene=st.sampled_from(SCENES),
    wanted=WANTED,
    late=st.booleans(),
    row=st.sampled_from(CASES),
    other=st.sampled_from(SCENES),
)
def test_an_output_is_passed_whole_or_made_safe_never_clipped(scene, wanted, late, row, other):
    made = scene()._replace(wanted=wanted, late=late, readings=other().readings)
    if row.cause not in ("prime-volume", "volume"):
        wide = {k: v for k, v in row.change.items() if k in ("room", "pump", "mammograph", "late")}
        made = changed(made, wide)
    targets, refusals = judge(*made)
    asked, left = proposed(wanted), proposed(targets)
    refused = {r.output for r in refusals}
    assert left <= asked - refused
    pump = wanted.pump
    stopped = PumpTarget(diameter_um=pump.diameter_um)
    assert targets.pump in (pump, replace(pump, clear_counters=False), stopped)
    assert targets.mammograph.compression in (wanted.mammograph.compression, Compression.HOLD)
    assert targets.mammograph.exposure in (wanted.mammograph.exposure, ExposureStage.OFF)
    if targets.mammograph.exposure is ExposureStage.OFF and asked & XRAY:
        assert not targets.room.xray_enable
    kept = ("lamp", "sounder")
    assert all(getattr(targets.room, n) == getattr(wanted.room, n) for n in kept)
    if not refused:
        assert targets is wanted
    assert judge(*made._replace(wanted=targets))[0] == targets  # safe stays safe


@pytest.mark.hazard("HZ-FLOW-AND-XRAY")
@given(scene=st.sampled_from(SCENES), other=st.sampled_from(SCENES), wanted=WANTED)
def test_flow_and_xray_never_leave_the_gate_together(scene, other, wanted):
    made = scene()._replace(wanted=wanted, readings=other().readings)
    left = proposed(made.judged())
    assert not (left & (INFUSION | WITHDRAW) and left & XRAY)
    assert not (left & INFUSION and left & DESCENT)
