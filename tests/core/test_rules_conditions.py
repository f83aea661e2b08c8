"""What going on needs, stated twice on purpose: a condition taken out of a row fails here."""

import msgspec
import pytest

from state_machine.facts import Facts
from state_machine.profile import Order
from state_machine.requests import Event
from state_machine.state import Phase
from state_machine.workflows.galactography import WORKFLOWS

P, E = Phase, Event
ALL = msgspec.convert(
    dict.fromkeys((f for f in Facts.__struct_fields__ if f != "anchor"), True), Facts
)
CALIBRATED = (
    "calibrations_whole sensor_calibrated sensor_current force_calibrated force_current"
    " syringe_calibrated syringe_current syringe_as_weighed"
)
ARMING = (
    f"{CALIBRATED}"
    " no_emergency_stop pain_released no_latched_alarm record_healthy daily_checked cannula_in"
    " pump_stopped"
    " readings_fresh link_quick punctual in_control screen_live screen_quick switch_released"
    " pad_up injections_left volume_left"
    " syringe_left temperature_in_range zeroed zero_kept stored_small"
    " overrun_allowed net_below_pause paddle_released unit_idle"
)
COMPRESSING = "pump_stopped settled"
NEEDS: dict[tuple[Phase, Event], str] = {
    (P.STANDBY, E.OPEN): "not_checking record_healthy by_named patient_named people_named"
    " side_matches_order volume_orderable side_unlocked same_patient_answered",
    (P.CHECKLIST, E.CHECKED): "all_answered no_absolute no_reschedule physician_accepted",
    (P.SET_UP, E.SET_UP): f"{CALIBRATED} daily_checked mounted mount_confirmed temperature_in_range"
    " contrast_enough pump_up"
    " line_up room_up unit_up permit_closed switches_right diameter_confirmed pump_stopped",
    (P.PRIME, E.MOUNT_ANEW): "by_named pump_stopped",
    (P.PRIME, E.PRIMED): "zeroed primed first_drop_seen first_drop_in_band compliance_measured"
    " not_softer not_stiffer retract_passed resistance_measured resistance_in_band"
    " resistance_linear drop_allowed"
    " stored_allowed spread_allowed passage_tellable at_rest drift_measured zero_steady"
    " counters_zero",
    (P.LOCATE_DUCT, E.LOCATED): "duct_named duct_has_room another_injection drops_done",
    (P.CANNULATE, E.CANNULATED): "cannula_in pump_stopped",
    (P.ARM, E.ATTEMPT_FAILED): "pump_stopped",
    (P.ARM, E.ARM): ARMING,
    (P.ARM_CONFIRM, E.CONFIRM_ARM): f"plan_repeated {ARMING}",
    (P.ARMED, E.FLOW): "hold_open",
    (P.HOLDING, E.FLOW): "hold_open",
    (P.SETTLE, E.SETTLED): COMPRESSING,
    (P.SETTLE, E.SEALED): COMPRESSING,
    **{
        (phase, E.CHANGE_SYRINGE): "by_named another_injection volume_left pump_stopped"
        " paddle_released pain_released"
        for phase in (P.LOCATE_DUCT, P.ARM, P.SETTLE, P.REVIEW)
    },
    (P.SETTLE, E.TOP_UP): "another_injection volume_left top_up_held pump_stopped cannula_in",
    (P.REVIEW, E.TOP_UP): "another_injection volume_left top_up_held pump_stopped paddle_released",
    (P.REVIEW, E.REFILL): "another_injection volume_left refill_held pump_stopped paddle_released",
    (P.REVIEW, E.NEXT_DUCT): "duct_has_room day_injection pump_stopped paddle_released",
    (P.COMPRESSION, E.COMPRESSED): "compressed force_allowed line_calm",
    (P.EXPOSURE, E.ARM_EXPOSURE): "no_emergency_stop pain_released no_latched_alarm"
    " record_healthy view_taken compressed force_allowed line_calm pump_stopped unit_idle"
    " door_closed delay_allowed punctual in_control screen_live screen_quick switch_released"
    " pad_up",
    (P.EXPOSURE_ARMED, E.EXPOSED): "exposed",
    (P.DECANNULATE, E.DECANNULATED): "pump_stopped_or_lost paddle_released_or_lost",
    (P.EXTRAVASATED, E.DECANNULATED): "paddle_released_or_lost",
    (P.EMERGENCY, E.DECANNULATED): "paddle_released_or_lost",
    (P.AFTERCARE, E.CARE_GIVEN): "by_named record_healthy observed",
    (P.RECOVERY, E.RECOVERED): "by_named pump_stopped unit_up",
}
CASES = [
    pytest.param(order, phase, event, name, id=f"{order.value}-{phase.value}-{event.value}-{name}")
    for order in Order
    for (phase, event), names in NEEDS.items()
    if event in WORKFLOWS[order].events(phase)
    for name in names.split()
]


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(("order", "phase", "event", "name"), CASES)
def test_going_on_is_refused_without(order, phase, event, name):
    workflow = WORKFLOWS[order]
    assert workflow.refusals(phase, event, ALL) == ()
    without = msgspec.structs.replace(ALL, **{name: False})
    after, words = workflow.advance(phase, event, without)
    assert after is phase
    assert words


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize(
    "name", ["by_named", "may_resume", "no_emergency_stop", "pain_released", "no_latched_alarm"]
)
def test_going_on_after_a_stop_is_refused_without(order, name):
    stopped = msgspec.structs.replace(ALL, anchor=Phase.ARM)
    assert WORKFLOWS[order].advance(P.STOPPED, E.RESUME, stopped) == (P.ARM, ())
    without = msgspec.structs.replace(stopped, **{name: False})
    after, words = WORKFLOWS[order].advance(P.STOPPED, E.RESUME, without)
    assert (after, bool(words)) == (P.STOPPED, True)


def test_both_orders_have_every_row_that_is_stated_here():
    for phase, event in NEEDS:
        assert any(event in WORKFLOWS[order].events(phase) for order in Order)
