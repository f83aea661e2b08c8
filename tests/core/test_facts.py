# ruff: noqa: E501  (tables: one row per line)
"""What the workflow's conditions look at is derived as it should be, both sides of each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from state_machine import observe
from state_machine import requests as rq
from state_machine.facts import Facts, canonical_patient, gather, read_back
from state_machine.falls import Tear
from state_machine.ledger import SideDay
from state_machine.line import Doubt, Proof
from state_machine.line_faults import Drift
from state_machine.observe import REST_SAMPLES
from state_machine.profile import Calibrated, Calibration, CheckRule
from state_machine.readings import Link, Motion, Paddle, Prompt, UnitState
from state_machine.requests import Role, Side
from state_machine.state import (
    Alarm,
    Check,
    Checked,
    Exposure,
    Hold,
    HoldAction,
    HoldPhase,
    Injection,
    Phase,
    Screen,
    Stop,
)
from state_machine.targets import Targets, View
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.core.fixtures import (
    ASSISTANT,
    DAY,
    NOW_NS,
    PATIENT,
    PERFORMER,
    PROOFS,
    Scene,
    case,
    exposing,
    mounted,
    readings,
    replace,
    state,
)

S, MS = NS_PER_S, NS_PER_MS
OTHER_DAYS = (SideDay("P-0", Side.LEFT, DAY - 1, high_nl=1),)


def ask(kind: type[rq.Request], **fields: Any) -> Any:
    return kind(by=PERFORMER, role=Role.RADIOLOGIST, utc_day=DAY, **fields)


def opening(**fields: Any) -> rq.OpenCase:
    data: dict[str, Any] = {
        "patient_id": PATIENT,
        "patient_name": "Example",
        "ordered_nl": 60_000,
        "performer": PERFORMER,
        "assistant": "T",
    }
    made: rq.OpenCase = ask(rq.OpenCase, **(data | fields))
    return made


def rest() -> Scene:
    return Scene(state(Phase.ARM), readings(), Targets())


def after_care() -> Scene:
    scene = rest().but(state={"phase": Phase.AFTERCARE, "observed_ns": NOW_NS - 10 * S})
    return scene.but(limits={"observation_ns": 10 * S})


def squeezed() -> Scene:
    scene = rest().but(mammograph={"paddle": Paddle.HOLDING, "view_code": View.CC.value})
    return scene.but(exposure={"view": View.CC})


MS = NS_PER_MS
CONSOLE = replace(rest().state.profile, console_required=True)


HOLDS = replace(rest().state.profile, console_holds=True)


def slow(**late_ns: Any) -> Screen:
    """A console that is heard now, and was slow at an instant."""
    return Screen(True, 9, NOW_NS, beat_ns=NOW_NS, since_ns=NOW_NS - 9 * S, **late_ns)


def watched(drawn_ns: int, scene: Callable[[], Scene] = rest) -> Callable[[], Scene]:
    """A scene whose room requires a console, which has drawn the snapshot of an instant."""
    return lambda: scene().but(state={"profile": CONSOLE, "screen": Screen(True, 1, drawn_ns)})


def entered() -> Scene:
    """A room without a sensor: a person entered the temperature ten minutes ago."""
    scene = rest().but(line={"temperature_mc": None})
    return scene.but(state={"profile": replace(scene.state.profile, temperature_sensor=False)})


def failed(name: str, measured: int = 0) -> tuple[Proof, ...]:
    """Every self-test passed but one."""
    return tuple(
        replace(p, passed=False, measured=measured) if p.name == name else p for p in PROOFS
    )


SENSOR, UNIT = "sensor 7", "unit 8"
MADE = {
    Calibrated.PRESSURE: Calibration(Calibrated.PRESSURE, SENSOR, True, 0, 0, DAY - 9, DAY + 1),
    Calibrated.FORCE: Calibration(Calibrated.FORCE, UNIT, True, 0, 0, DAY - 9, DAY + 1),
    # 4.78 mm as the file says: 1 % counted, 0.4 % uncertain
    Calibrated.SYRINGE: Calibration(
        Calibrated.SYRINGE, "1 mL", True, 4_780_000, 4_000, DAY - 9, DAY + 1
    ),
}


def calibrated(**changes: Any) -> Scene:
    """A room that requires calibration, and has all of it."""
    profile = replace(
        rest().state.profile, calibration=CheckRule.REQUIRED, calibrations=tuple(MADE.values())
    )
    scene = rest().but(
        line={"identity": SENSOR},
        mammograph={"identity": UNIT},
        state={"profile": replace(profile, **changes)},
    )
    return scene.but(mounted={"syringe": replace(mounted().syringe, scale_ppm=10_000)})


def calibration(kind: Calibrated, **changes: Any) -> dict[str, Any]:
    """What another calibration of one kind makes of the profile; no changes: none of it."""
    kept = {k: c for k, c in MADE.items() if k is not kind}
    if changes:
        kept[kind] = replace(MADE[kind], number=1, **changes)
    return {"profile": replace(calibrated().state.profile, calibrations=tuple(kept.values()))}


class Derived(NamedTuple):
    """A fact that holds in a scene, and what takes it away."""

    fact: str
    scene: Callable[[], Scene]
    without: Mapping[str, Any]


def less(**parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return parts


# fmt: off
DERIVED = (
    Derived("record_healthy", rest, less(journal={"fault": "disk full"})),
    Derived("daily_checked", rest, less(state={"checked": Checked()})),
    Derived("daily_checked", rest, less(state={"checked": Checked(passed_ns=NOW_NS - 12 * 3_600 * S)})),
    Derived("calibrations_whole", calibrated, less(state={"profile": replace(calibrated().state.profile, calibration_fault="line 2 was changed")})),
    Derived("sensor_calibrated", calibrated, less(state=calibration(Calibrated.PRESSURE))),
    Derived("sensor_calibrated", calibrated, less(state=calibration(Calibrated.PRESSURE, passed=False))),
    Derived("sensor_calibrated", calibrated, less(line={"identity": "sensor 9"})),
    Derived("sensor_current", calibrated, less(state=calibration(Calibrated.PRESSURE, until_day=DAY))),
    Derived("sensor_current", calibrated, less(state=calibration(Calibrated.PRESSURE, made_day=DAY + 1, until_day=DAY + 9))),
    Derived("sensor_current", calibrated, less(state=calibration(Calibrated.PRESSURE, made_day=DAY - 366))),
    Derived("force_calibrated", calibrated, less(state=calibration(Calibrated.FORCE))),
    Derived("force_calibrated", calibrated, less(mammograph={"identity": "unit 9"})),
    Derived("force_current", calibrated, less(state=calibration(Calibrated.FORCE, until_day=DAY))),
    Derived("syringe_calibrated", calibrated, less(state=calibration(Calibrated.SYRINGE))),
    Derived("syringe_calibrated", calibrated, less(state=calibration(Calibrated.SYRINGE, passed=False))),
    Derived("syringe_current", calibrated, less(state=calibration(Calibrated.SYRINGE, until_day=DAY))),
    # 0.6 % of the volume is 0.3 % of the diameter: 4.780 to 4.7943 mm
    Derived("syringe_as_weighed", calibrated, less(state=calibration(Calibrated.SYRINGE, value=4_794_600))),
    Derived("syringe_as_weighed", calibrated, less(state=calibration(Calibrated.SYRINGE, uncertainty=10_001))),
    Derived("observed", after_care, less(limits={"observation_ns": 10 * S + 1})),
    Derived("observed", after_care, less(state={"observed_ns": 0})),
    Derived("not_checking", rest, less(state={"check": Check(0, NOW_NS, "T", 4_780)})),
    Derived("mounted", rest, less(state={"mounted": None})),
    Derived("temperature_in_range", rest, less(line={"temperature_mc": 40_001})),
    Derived("temperature_in_range", rest, less(line={"temperature_mc": None}, state={"mounted": None})),
    Derived("temperature_in_range", entered, less(mounted={"temperature_mc": 19_999})),
    Derived("temperature_in_range", entered, less(mounted={"entered_ns": NOW_NS - 1_800 * S - 1})),
    Derived("mount_confirmed", rest, less(state={"doubt": Doubt("open-tip", "1 mL", "30G", "iohexol 300")})),
    Derived("contrast_enough", rest, less(mounted={"volume_nl": 59_999})),
    # 500 uL filled, 100 uL primed, 60 uL planned: 340 uL may be given before
    Derived("syringe_left", rest, less(account={"high_nl": 340_001})),
    Derived("syringe_left", rest, less(mounted={"volume_nl": 159_999})),
    Derived("syringe_left", rest, less(state={"mounted": None})),
    Derived("diameter_confirmed", rest, less(pump={"diameter_um": 4_781})),
    Derived("pump_up", rest, less(pump={"settings_ok": False})),
    Derived("pump_up", rest, less(pump={"link": Link.PROBING})),
    Derived("line_up", rest, less(line={"link": Link.LOST})),
    Derived("line_up", rest, less(line={"pressure_pa": None})),
    Derived("room_up", rest, less(room={"owned": False})),
    Derived("room_up", rest, less(room={"link": Link.REFUSED})),
    Derived("unit_up", rest, less(mammograph={"link": Link.LOST})),
    Derived("permit_closed", rest, less(room={"relay_closed": False})),
    Derived("permit_closed", rest, less(room={"stop_line": True})),
    Derived("permit_closed", rest, less(state={"permit": False})),
    Derived("switches_right", rest, less(room={"hold_disagrees": True})),
    Derived("switches_right", rest, less(room={"hold_pressed": True})),
    Derived("switches_right", rest, less(room={"pain_pressed": True})),
    Derived("switches_right", rest, less(room={"emergency_stop": True})),
    Derived("zeroed", rest, less(line_check={"zeroed": False})),
    Derived("primed", rest, less(line_check={"primed": False})),
    Derived("at_rest", rest, less(line_check={"rest_sum_pa": 501 * REST_SAMPLES})),
    Derived("at_rest", rest, less(line_check={"rest_sum_pa": -501 * REST_SAMPLES})),
    Derived("at_rest", rest, less(line={"pressure_pa": None})),
    Derived("drift_measured", rest, less(line_check={"proofs": PROOFS[:4]})),
    Derived("zero_steady", rest, less(line_check={"proofs": failed("zero-drift")})),
    Derived("resistance_measured", rest, less(line_check={"resistance_pa_s_ul": 0})),
    Derived("first_drop_seen", rest, less(line_check={"proofs": PROOFS[1:]})),
    Derived("first_drop_in_band", rest, less(line_check={"proofs": failed("first-drop")})),
    Derived("compliance_measured", rest, less(line_check={"proofs": PROOFS[:1]})),
    Derived("retract_passed", rest, less(line_check={"proofs": failed("retract", 1_795)})),
    Derived("not_softer", rest, less(line_check={"proofs": failed("stiffness", 601)})),
    Derived("not_stiffer", rest, less(line_check={"proofs": failed("stiffness", 119)})),
    Derived("resistance_in_band", rest, less(line_check={"proofs": failed("open-tip")})),
    Derived("resistance_linear", rest, less(line_check={"proofs": failed("linearity")})),
    Derived("drop_allowed", rest, less(line_check={"resistance_pa_s_ul": 25_201})),  # x 0.2 mL/min = 84,003 Pa
    Derived("stored_allowed", rest, less(line_check={"resistance_pa_s_ul": 5_001})),  # 300 nL/kPa x 16.67 kPa = 5,001 nL
    Derived("spread_allowed", rest, less(line_check={"resistance_mc": 31_000})),  # bound 1.7 kPa above
    Derived("spread_allowed", rest, less(line_check={"resistance_mc": 0})),  # not known: cold
    Derived("passage_tellable", rest, less(line_check={"compliance_nl_kpa": 1_300})),
    Derived("counters_zero", rest, less(pump={"infused_nl": 1})),
    Derived("counters_zero", rest, less(pump={"withdrawn_nl": 1})),
    Derived("counters_zero", rest, less(pump={"prompt": Prompt.PAUSED})),
    Derived("duct_named", rest, less(duct={"clock_h": 0})),
    Derived("duct_named", rest, less(state={"duct": None})),
    Derived("duct_has_room", rest, less(account={"high_nl": 999_001})),
    Derived("cannula_in", rest, less(duct={"cannula_in_ns": 0})),
    Derived("pump_stopped", rest, less(pump={"prompt": Prompt.PAUSED})),
    Derived("pump_stopped", rest, less(pump={"motion": Motion.STOPPING})),
    Derived("pump_stopped", rest, less(pump={"motion": Motion.UNKNOWN})),
    Derived("pump_stopped", rest, less(pump={"link": Link.LOST})),
    Derived("readings_fresh", rest, less(pump={"at_ns": NOW_NS - 150 * MS - 1})),
    Derived("readings_fresh", rest, less(line={"at_ns": NOW_NS - 60 * MS - 1})),
    Derived("readings_fresh", rest, less(room={"at_ns": NOW_NS - 100 * MS - 1})),
    Derived("link_quick", rest, less(pump={"exchange_p99_ns": 40 * MS + 1})),
    Derived("link_quick", rest, less(pump={"exchange_p99_ns": 0})),
    Derived("switch_released", rest, less(hold={"released_ns": NOW_NS - 200 * MS + 1})),
    Derived("switch_released", rest, less(hold={"released_ns": 0})),
    Derived("no_latched_alarm", rest, less(state={"alarms": (Alarm("net-pause", 1, False),)})),
    Derived("injections_left", rest, less(duct={"injection_count": 2})),
    Derived("injections_left", rest, less(ledger={"days": (SideDay(PATIENT, Side.LEFT, DAY, injection_count=3),)})),
    Derived("injections_left", rest, less(state={"duct": None})),
    Derived("another_injection", rest, less(duct={"injection_count": 2})),
    Derived("another_injection", rest, less(ledger={"days": (SideDay(PATIENT, Side.LEFT, DAY, injection_count=3),)})),
    Derived("another_injection", rest, less(state={"duct": None})),
    Derived("day_injection", rest, less(ledger={"days": (SideDay(PATIENT, Side.LEFT, DAY, injection_count=3),)})),
    Derived("top_up_held", rest, less(state={"duct": None})),
    Derived("refill_held", rest, less(state={"mounted": None})),
    Derived("volume_left", rest, less(account={"high_nl": 493_951})),
    Derived("volume_left", rest, less(state={"case": None})),
    Derived("overrun_allowed", rest, less(limits={"overrun_nl": 7_009})),  # (0.503 + 1.6) s x 3.33 uL/s
    Derived("stored_small", rest, less(line_check={"resistance_pa_s_ul": 5_001})),
    Derived("zero_kept", rest, less(watch={"drift": Drift(1)})),
    Derived("net_below_pause", rest, less(net={"upper_pa": 4_000})),
    Derived("net_below_pause", rest, less(line_check={"resistance_pa_s_ul": 0})),
    Derived("net_below_pause", rest, less(line={"at_ns": NOW_NS - 60 * MS - 1})),
    Derived("paddle_released", rest, less(mammograph={"paddle": Paddle.UNKNOWN})),
    Derived("paddle_released", rest, less(mammograph={"link": Link.LOST})),
    Derived("pump_stopped_or_lost", rest, less(pump={"motion": Motion.STOPPING})),
    Derived("paddle_released_or_lost", rest, less(mammograph={"paddle": Paddle.HOLDING})),
    Derived("unit_idle", rest, less(mammograph={"unit_state": UnitState.READY})),
    Derived("unit_idle", rest, less(mammograph={"watchdog_tripped": True})),
    Derived("no_emergency_stop", rest, less(room={"emergency_stop": True})),
    Derived("no_emergency_stop", rest, less(room={"link": Link.LOST})),
    Derived("pain_released", rest, less(room={"pain_pressed": True})),
    Derived("compressed", squeezed, less(mammograph={"paddle": Paddle.DESCENDING})),
    Derived("compressed", squeezed, less(mammograph={"link": Link.LOST})),
    Derived("force_allowed", squeezed, less(mammograph={"force_mn": 40_001})),
    Derived("line_calm", squeezed, less(line={"pressure_pa": 6_001})),
    Derived("line_calm", squeezed, less(line={"at_ns": 0})),
    Derived("screen_live", rest, less(state={"screen": Screen(on=True)})),
    Derived("screen_live", rest, less(state={"profile": CONSOLE})),
    Derived("screen_live", watched(NOW_NS - 400 * MS), less(state={"screen": Screen(True, 1, NOW_NS - 400 * MS - 1)})),
    Derived("screen_live", watched(NOW_NS - 200 * MS, exposing), less(state={"screen": Screen(True, 1, NOW_NS - 200 * MS - 1)})),
    Derived("screen_quick", rest, less(state={"screen": Screen(on=True)})),
    Derived("screen_quick", rest, less(state={"screen": slow(late_ns=NOW_NS - 5 * S + 1)})),
    Derived("screen_quick", exposing, less(state={"screen": slow(late_expose_ns=NOW_NS - 5 * S + 1)})),
    Derived("pad_up", rest, less(state={"screen": Screen(on=True), "profile": HOLDS})),
    Derived("view_taken", squeezed, less(mammograph={"view_code": View.ML.value})),
    Derived("view_taken", squeezed, less(exposure={"view": View.NONE}, mammograph={"view_code": 0})),
    Derived("door_closed", squeezed, less(room={"door_closed": False})),
    Derived("door_closed", squeezed, less(mammograph={"door_closed": False})),
    Derived("delay_allowed", squeezed, less(injection={"ended_ns": NOW_NS - 180 * S - 1})),
    Derived("pump_locked", exposing, less(exposure={"pump_locked": False})),
    Derived("hold_open", exposing, less(hold={"phase": HoldPhase.READY})),
)
# fmt: on


def facts(scene: Scene, request: Any = None) -> Facts:
    return gather(scene.state, scene.readings, scene.now_ns, scene.late, request)


def changed(scene: Scene, parts: Mapping[str, Any]) -> Scene:
    for part, fields in parts.items():
        if part == "line_check":
            line = replace(scene.state.line, **fields)
            scene = scene._replace(state=replace(scene.state, line=line))
        else:
            scene = scene.but(**{part: fields})
    return scene


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=f"{r.fact}-{n}") for n, r in enumerate(DERIVED)]
)
def test_each_fact_holds_and_what_takes_it_away(row):
    assert getattr(facts(row.scene()), row.fact) is True
    assert getattr(facts(changed(row.scene(), row.without)), row.fact) is False


@pytest.mark.hazard("HZ-WRONG-DEVICE", "HZ-OVERPRESSURE", "HZ-SYRINGE")
def test_where_calibration_is_waived_what_has_expired_or_failed_refuses_all_the_same():
    waived = calibrated(calibration=CheckRule.WAIVED)
    none = calibrated(calibration=CheckRule.WAIVED, calibrations=())
    old = tuple(replace(c, until_day=DAY) for c in MADE.values())
    bad = tuple(replace(c, passed=False) for c in MADE.values())
    for fact in ("sensor", "force", "syringe"):
        for scene in (waived, none):
            assert getattr(facts(scene), f"{fact}_calibrated")
            assert getattr(facts(scene), f"{fact}_current")
        expired = calibrated(calibration=CheckRule.WAIVED, calibrations=old)
        assert not getattr(facts(expired), f"{fact}_current")
        failed_one = calibrated(calibration=CheckRule.WAIVED, calibrations=bad)
        assert not getattr(facts(failed_one), f"{fact}_calibrated")


def test_a_syringe_that_counts_as_unweighed_needs_no_weighing_and_the_newest_counts():
    plain = replace(mounted().syringe, scale_ppm=50_000)
    scene = calibrated(calibrations=()).but(mounted={"syringe": plain})
    assert facts(scene).syringe_calibrated
    assert facts(scene).syringe_current
    two = (replace(MADE[Calibrated.PRESSURE], until_day=DAY), MADE[Calibrated.PRESSURE])
    newer = tuple(replace(c, number=n) for n, c in enumerate(two))
    assert facts(calibrated(calibrations=newer)).sensor_current
    assert facts(calibrated(calibrations=newer[::-1])).sensor_current
    today = ask(rq.Do)
    assert not facts(scene.but(), replace(today, utc_day=DAY + 1)).sensor_calibrated
    assert facts(calibrated(), today).sensor_current
    assert not facts(calibrated(), replace(today, utc_day=DAY + 1)).sensor_current


ELSEWHERE = {
    "by_named",
    "may_resume",
    "in_control",
    "patient_named",
    "people_named",
    "side_matches_order",
    "volume_orderable",
    "side_unlocked",
    "same_patient_answered",
    "all_answered",
    "no_absolute",
    "no_reschedule",
    "physician_accepted",
    "drops_done",
    "punctual",
    "plan_repeated",
    "settled",
    "exposed",
}


def test_every_fact_is_derived_in_some_test():
    fields = set(Facts.__struct_fields__) - {"anchor"}
    assert fields == {row.fact for row in DERIVED} | ELSEWHERE


@pytest.mark.hazard("HZ-USE-ERROR")
def test_where_a_console_is_on_only_it_arms():
    scene = rest()
    there = scene.but(state={"screen": Screen(on=True, connection=3)})
    assert facts(there).in_control
    for connection, controls in ((3, True), (4, False), (0, False)):
        asked = rq.Do(by="T", role=Role.TECHNOLOGIST, connection=connection)
        assert facts(there, asked).in_control is controls
        assert facts(scene, asked).in_control


def test_who_asks():
    scene = rest()
    assert facts(scene).by_named
    assert facts(scene, ask(rq.Do)).by_named
    assert not facts(scene, rq.Do(by=" ", role=Role.RADIOLOGIST)).by_named
    assert not facts(scene._replace(late=True)).punctual
    assert facts(scene).punctual
    assert facts(scene).drops_done


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize(
    ("by", "role", "after", "may"),
    [
        (PERFORMER, Role.RADIOLOGIST, "pain", True),
        (PERFORMER, Role.TECHNOLOGIST, "pain", False),
        ("Dr Other", Role.RADIOLOGIST, "pain", False),
        ("T", Role.TECHNOLOGIST, "stop", True),
    ],
)
def test_after_pain_only_the_performing_radiologist_goes_on(by, role, after, may):
    scene = rest().but(state={"stop": Stop(after, "", Phase.ARM)})
    found = facts(scene, rq.Do(by=by, role=role))
    assert found.may_resume is may
    assert found.anchor is Phase.ARM
    nobody = scene.but(state={"case": case(performer="")})
    assert not facts(nobody, rq.Do(by="", role=Role.RADIOLOGIST)).may_resume or after == "stop"


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_after_a_suspected_tear_only_the_performing_radiologist_goes_on():
    scene = rest().but(state={"stop": Stop("device-fault", "", Phase.ARM)}, watch={"tear": Tear(1)})
    assert not facts(scene, rq.Do(by=ASSISTANT, role=Role.TECHNOLOGIST)).may_resume
    assert not facts(scene).may_resume
    assert facts(scene, rq.Do(by=PERFORMER, role=Role.RADIOLOGIST)).may_resume
    assert facts(scene.but(watch={"tear": Tear()})).may_resume


@pytest.mark.hazard("HZ-WRONG-PATIENT-SIDE", "HZ-OVERVOLUME", "HZ-EXTRAVASATION")
@pytest.mark.parametrize(
    ("fields", "days", "lost"),
    [
        ({}, (), None),
        ({"patient_id": " "}, (), "patient_named"),
        ({"patient_name": ""}, (), "patient_named"),
        ({"performer": ""}, (), "people_named"),
        ({"assistant": " "}, (), "people_named"),
        ({"ordered_side": Side.RIGHT}, (), "side_matches_order"),
        ({"ordered_nl": 1_000}, (), None),
        ({"ordered_nl": 999}, (), "volume_orderable"),
        ({"ordered_nl": 0}, (), "volume_orderable"),
        ({"ordered_nl": 200_000}, (), None),
        ({"ordered_nl": 200_001}, (), "volume_orderable"),
        ({}, (SideDay(PATIENT, Side.LEFT, DAY, high_nl=940_000),), None),
        ({}, (SideDay(PATIENT, Side.LEFT, DAY, high_nl=940_001),), "volume_orderable"),
        ({}, (SideDay(PATIENT, Side.RIGHT, DAY, high_nl=940_001),), None),
        ({}, (SideDay(PATIENT, Side.LEFT, DAY - 9, locked_until_day=DAY),), None),
        ({}, (SideDay(PATIENT, Side.LEFT, DAY - 9, locked_until_day=DAY + 1),), "side_unlocked"),
        ({}, OTHER_DAYS, "same_patient_answered"),
        ({"same_patient_as": "none"}, OTHER_DAYS, None),
        ({"same_patient_as": "P-0"}, OTHER_DAYS, None),
        ({"same_patient_as": "P-7"}, OTHER_DAYS, "same_patient_answered"),
        ({"patient_id": "P-0"}, OTHER_DAYS, None),
        ({}, (replace(OTHER_DAYS[0], utc_day=DAY - 2),), None),
    ],
)
def test_opening(fields, days, lost):
    scene = rest().but(ledger={"days": days})
    found = facts(scene, opening(**fields))
    names = ["patient_named", "people_named", "side_matches_order", "volume_orderable"]
    names += ["side_unlocked", "same_patient_answered"]
    assert [n for n in names if not getattr(found, n)] == ([lost] if lost else [])


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_a_lock_follows_the_patient_through_a_mistyped_id():
    lock = (SideDay("P-0", Side.LEFT, DAY - 1, locked_until_day=DAY + 12),)
    scene = rest().but(ledger={"days": lock})
    assert not facts(scene, opening(patient_id="P-O", same_patient_as="P-0")).side_unlocked
    assert canonical_patient(opening(patient_id=" P-O ", same_patient_as=" P-0 ")) == "P-0"
    assert canonical_patient(opening(patient_id=" P-O ", same_patient_as="none")) == "P-O"
    assert canonical_patient(opening()) == PATIENT


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(
    ("answers", "lost"),
    [
        ({"consent": True, "discharge": True, "latex": False}, set()),
        ({"consent": True, "discharge": True}, {"all_answered"}),
        ({"consent": False, "discharge": True, "latex": False}, {"no_absolute"}),
        ({"consent": True, "discharge": False, "latex": False}, {"no_reschedule"}),
        ({"consent": True, "discharge": True, "latex": True}, {"physician_accepted"}),
    ],
)
def test_checklist(answers, lost):
    given = tuple((key, answer, False) for key, answer in answers.items())
    scene = rest().but(state={"case": case(answers=given)})
    found = facts(scene)
    names = {"all_answered", "no_absolute", "no_reschedule", "physician_accepted"}
    assert {n for n in names if not getattr(found, n)} == lost
    accepted = tuple((k, a, True) for k, a, _ in given)
    again = facts(rest().but(state={"case": case(answers=accepted)}))
    assert again.physician_accepted
    assert again.no_absolute is found.no_absolute


def test_no_case_is_no_answer():
    assert not facts(rest().but(state={"case": None})).all_answered


@pytest.mark.hazard("HZ-USE-ERROR")
def test_the_plan_must_be_repeated_as_it_was_read_back():
    scene = rest()
    plan = read_back(scene.state)
    assert plan == "L duct 1 at 3 h: 0.060 mL iohexol 300 at up to 0.20 mL/min"
    assert facts(scene, ask(rq.ConfirmArm, plan=plan)).plan_repeated
    assert not facts(scene, ask(rq.ConfirmArm, plan=plan + " ")).plan_repeated
    assert not facts(scene, ask(rq.Do)).plan_repeated
    bare = scene.but(state={"mounted": None})
    assert not facts(bare, ask(rq.ConfirmArm, plan="")).plan_repeated
    difficult = scene.but(duct={"difficult": True})
    assert "0.10 mL/min" in read_back(difficult.state)


def test_an_injection_under_way_goes_on_whatever_was_counted():
    scene = rest().but(injection={"number": 2}, duct={"injection_count": 9})
    assert facts(scene).injections_left
    assert not facts(scene).another_injection


@pytest.mark.hazard("HZ-USE-ERROR")
def test_what_a_further_injection_takes_is_seen_before_it_is_chosen():
    """The injection that is over has a plan of its own: what counts is the next one's."""
    over = {"number": 1, "planned_nl": 60_000}
    scene = rest().but(injection=over, duct={"injection_count": 1})
    spent_nl = 500_000 - observe.syringe_left_nl(scene.state)
    for left_nl, kept in (
        (49_999, (False, False)),
        (50_000, (True, False)),
        (60_000, (True, True)),
    ):
        found = facts(scene.but(state={"mounted": mounted(volume_nl=spent_nl + left_nl)}))
        assert (found.top_up_held, found.refill_held) == kept


def test_named_by_the_request_itself():
    scene = rest().but(duct={"clock_h": 0, "cannula_in_ns": 0})
    assert facts(scene, ask(rq.ChooseDuct, clock_h=12, orifice=1)).duct_named
    for clock_h, orifice in ((0, 1), (13, 1), (1, 0)):
        assert not facts(scene, ask(rq.ChooseDuct, clock_h=clock_h, orifice=orifice)).duct_named
    assert facts(scene, ask(rq.Cannulate)).cannula_in


def test_settled_by_pressure_or_by_the_radiologists_word():
    injection = Injection(number=1, ended_ns=NOW_NS - 60 * S, reference_ns=NOW_NS - 3 * S)
    scene = rest().but(state={"injection": injection})
    assert facts(scene).settled
    assert not facts(scene.but(injection={"reference_ns": NOW_NS - 3 * S + 1})).settled
    assert not facts(scene.but(injection={"reference_ns": 0})).settled
    high = scene.but(net={"upper_pa": 4_000})
    assert not facts(high).settled
    assert facts(high.but(state={"settled_word": True})).settled


@pytest.mark.hazard("HZ-EXPOSURE")
def test_exposed_is_what_the_unit_counted():
    scene = exposing().but(exposure={"count": 7}, mammograph={"exposure_count": 7})
    assert not facts(scene).exposed
    assert facts(scene.but(mammograph={"exposure_count": 8})).exposed


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_a_room_believes_one_source_of_temperature_and_the_other_never_stands_in():
    cold = rest().but(mounted={"temperature_mc": 10_000})
    assert facts(cold).temperature_in_range
    assert not facts(rest().but(line={"temperature_mc": None})).temperature_in_range
    sensed = entered().but(line={"temperature_mc": 37_000})
    assert facts(sensed).temperature_in_range
    assert not facts(sensed.but(mounted={"temperature_mc": 10_000})).temperature_in_range


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_a_temperature_that_was_entered_is_believed_for_half_an_hour():
    old = entered().but(mounted={"entered_ns": NOW_NS - 1_800 * S})
    assert facts(old).temperature_in_range
    assert not facts(old.but(mounted={"entered_ns": NOW_NS - 1_800 * S - 1})).temperature_in_range
    assert rest().but(mounted={"entered_ns": 1}).state.mounted is not None
    assert facts(rest().but(mounted={"entered_ns": 1})).temperature_in_range  # a sensor's is fresh


def test_the_defaults():
    assert mounted().temperature_mc == 37_000
    assert Exposure().view is View.NONE
    assert Hold().action is HoldAction.NONE


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(("phase", "age_ms"), [(Phase.COMPRESSION, 60), (Phase.EXPOSURE, 500)])
def test_the_line_may_be_older_where_it_is_asked_less_often(phase, age_ms):
    scene = squeezed().but(state={"phase": phase}, line={"at_ns": NOW_NS - age_ms * MS})
    assert facts(scene).line_calm
    assert not facts(scene.but(line={"at_ns": NOW_NS - age_ms * MS - 1})).line_calm
