"""What the workflow's conditions may look at: plain yes-or-no facts, worked out once.

The conditions of the table read only these fields, so that a row can be read, walked
and tested without a room. ``gather`` is the only place that derives them.
"""

import msgspec

from state_machine import (
    alarms,
    beats,
    calibration,
    daily_check,
    further,
    ledger,
    net,
    observe,
    selftests,
)
from state_machine import hold as hold_gate
from state_machine.limits import Limits
from state_machine.profile import Severity
from state_machine.readings import Link, Paddle, Readings, UnitState
from state_machine.requests import (
    AnyRequest,
    Cannulate,
    ChooseDuct,
    ConfirmArm,
    Event,
    OpenCase,
    Role,
)
from state_machine.state import HoldPhase, Phase, State
from state_machine.targets import View
from state_machine.units import decimal, flow_drop_pa


class Facts(msgspec.Struct, frozen=True):
    """Facts of one pass. Every default is the one that refuses."""

    # who asks
    by_named: bool = False
    may_resume: bool = False
    """After pain or a suspected tear only the performing radiologist may go on."""
    anchor: Phase = Phase.STANDBY
    """Where a stopped procedure may go on."""
    # opening
    patient_named: bool = False
    people_named: bool = False
    side_matches_order: bool = False
    volume_orderable: bool = False
    side_unlocked: bool = False
    same_patient_answered: bool = False
    record_healthy: bool = False
    # checklist
    all_answered: bool = False
    no_absolute: bool = False
    no_reschedule: bool = False
    physician_accepted: bool = False
    # set-up
    mounted: bool = False
    mount_confirmed: bool = False
    """Nothing was mounted in the place of what failed, or a second person confirmed it."""
    temperature_in_range: bool = False
    contrast_enough: bool = False
    diameter_confirmed: bool = False
    pump_up: bool = False
    line_up: bool = False
    room_up: bool = False
    unit_up: bool = False
    permit_closed: bool = False
    switches_right: bool = False
    # daily check
    daily_checked: bool = False
    not_checking: bool = False
    # calibration
    calibrations_whole: bool = False
    sensor_calibrated: bool = False
    sensor_current: bool = False
    force_calibrated: bool = False
    force_current: bool = False
    syringe_calibrated: bool = False
    syringe_current: bool = False
    syringe_as_weighed: bool = False
    """The weighed diameter is within what the procedure file counts as uncertain."""
    # aftercare
    observed: bool = False
    # prime
    zeroed: bool = False
    at_rest: bool = False
    drift_measured: bool = False
    zero_steady: bool = False
    """At rest, ten seconds or more after the zero, the line still showed zero."""
    primed: bool = False
    first_drop_seen: bool = False
    first_drop_in_band: bool = False
    compliance_measured: bool = False
    not_softer: bool = False
    not_stiffer: bool = False
    retract_passed: bool = False
    resistance_measured: bool = False
    resistance_in_band: bool = False
    resistance_linear: bool = False
    drop_allowed: bool = False
    stored_allowed: bool = False
    spread_allowed: bool = False
    """Net pressure can be told closely enough at the full rate."""
    passage_tellable: bool = False
    """A normal fill stays below the level of a false passage at the first rate."""
    counters_zero: bool = False
    # duct
    duct_named: bool = False
    duct_has_room: bool = False
    cannula_in: bool = False
    drops_done: bool = False
    # arming
    pump_stopped: bool = False
    readings_fresh: bool = False
    link_quick: bool = False
    punctual: bool = False
    switch_released: bool = False
    screen_live: bool = False
    """The console proves its view, where one is declared or required."""
    screen_quick: bool = False
    pad_up: bool = False
    in_control: bool = False
    no_latched_alarm: bool = False
    injections_left: bool = False
    volume_left: bool = False
    another_injection: bool = False
    """After the one that is over, this duct and this breast today may have another."""
    day_injection: bool = False
    """This breast may have an injection more today, in whatever duct."""
    top_up_held: bool = False
    """The syringe holds what a top-up of this duct would plan."""
    refill_held: bool = False
    """The syringe holds what a filling after an evacuation would plan."""
    syringe_left: bool = False
    overrun_allowed: bool = False
    """(tau + t_dead) Q is within its limit at the planned rate."""
    stored_small: bool = False
    """What the line stores at the planned rate is within its limit."""
    zero_kept: bool = False
    net_below_pause: bool = False
    paddle_released: bool = False
    pump_stopped_or_lost: bool = False
    paddle_released_or_lost: bool = False
    """A device that does not answer cannot keep a person from saying that the cannula is out."""
    unit_idle: bool = False
    plan_repeated: bool = False
    no_emergency_stop: bool = False
    pain_released: bool = False
    hold_open: bool = False
    # settle, compression, exposure
    settled: bool = False
    compressed: bool = False
    force_allowed: bool = False
    line_calm: bool = False
    view_taken: bool = False
    door_closed: bool = False
    delay_allowed: bool = False
    pump_locked: bool = False
    exposed: bool = False


def gather(
    state: State, readings: Readings, now_ns: int, late: bool, request: AnyRequest | None = None
) -> Facts:
    """Work out the facts of this pass, for a request or (None) for the room itself."""
    limits = state.profile.limits
    values: dict[str, bool | Phase] = {"anchor": state.stop.anchor}
    values |= {
        "daily_checked": daily_check.valid(state, now_ns),
        "not_checking": state.check is None and state.dispensing is None,
        "observed": observe.observed(state, now_ns),
    }
    values |= calibration.facts(state, readings, request)
    values |= _who(state, request)
    values |= _opening(state, readings, request)
    values |= _checklist(state)
    values |= _set_up(state, readings, now_ns)
    values |= _prime(state, readings, limits)
    values |= _duct(state, request, limits) | further.facts(state)
    values |= _arming(state, readings, now_ns, late, request)
    values |= _imaging(state, readings, now_ns, limits)
    return msgspec.convert(values, Facts, strict=False)


def read_back(state: State) -> str:
    """The plan that arming reads back and the second step must repeat."""
    case, duct, mounted = state.case, state.duct, state.mounted
    if case is None or duct is None or mounted is None:
        return ""
    planned_nl = observe.planned_nl(state)
    rate_nl_min = observe.rate_limit_nl_min(state, planned_nl)
    return (
        f"{case.side.value} duct {duct.number} at {duct.clock_h} h: "
        f"{decimal(planned_nl, 6, 3)} mL {mounted.contrast.name} "
        f"at up to {decimal(rate_nl_min, 6, 2)} mL/min"
    )


def _who(state: State, request: AnyRequest | None) -> dict[str, bool]:
    reserved = state.stop.event == Event.PAIN.value or bool(state.watch.torn_ns)
    if request is None:
        return {"by_named": True, "may_resume": not reserved}
    return {
        "by_named": bool(request.by.strip()),
        "may_resume": not reserved or is_performer(state, request),
    }


def is_performer(state: State, request: AnyRequest) -> bool:
    """The request comes from the radiologist who performs this procedure."""
    performer = state.case.performer if state.case else ""
    return request.role is Role.RADIOLOGIST and bool(performer) and request.by == performer


def _opening(state: State, readings: Readings, request: AnyRequest | None) -> dict[str, bool]:
    facts = {"record_healthy": not readings.journal.fault}
    if not isinstance(request, OpenCase):
        return facts
    limits = state.profile.limits
    patient_id = canonical_patient(request)
    lock = max(  # also of the id as typed: naming another one does not unlock a breast
        ledger.locked_until_day(state.ledger, name, request.side)
        for name in (patient_id, request.patient_id.strip())
    )
    spent = ledger.find_day(state.ledger, patient_id, request.side, request.utc_day).high_nl
    return facts | {
        "patient_named": bool(request.patient_id.strip() and request.patient_name.strip()),
        "people_named": bool(request.performer.strip() and request.assistant.strip()),
        "side_matches_order": request.side is request.ordered_side,
        "volume_orderable": limits.motion_least_nl
        <= request.ordered_nl
        <= min(limits.injection_volume_nl, limits.side_day_volume_nl - spent),
        "side_unlocked": request.utc_day >= lock,
        "same_patient_answered": not _question_open(state, request),
    }


def canonical_patient(request: OpenCase) -> str:
    """The id under which a patient's ledger is kept."""
    earlier = request.same_patient_as.strip()
    return earlier if earlier and earlier != "none" else request.patient_id.strip()


def _question_open(state: State, request: OpenCase) -> bool:
    """Another id within 24 h: is it the same patient (safety rules 5.1)?"""
    recent = {
        day.patient_id for day in state.ledger.days if abs(request.utc_day - day.utc_day) <= 1
    }
    own, earlier = request.patient_id.strip(), request.same_patient_as.strip()
    if earlier not in ("", "none", own):
        return earlier not in recent or own in recent
    return bool(recent) and own not in recent and earlier != "none"


def _checklist(state: State) -> dict[str, bool]:
    case = state.case
    given = {key: (answer, accepted) for key, answer, accepted in case.answers} if case else {}
    items = state.profile.checklist
    wrong = [i for i in items if i.key in given and given[i.key][0] is not i.safe_answer]
    return {
        "all_answered": bool(case) and all(i.key in given for i in items),
        "no_absolute": not any(i.severity is Severity.ABSOLUTE for i in wrong),
        "no_reschedule": not any(i.severity is Severity.RESCHEDULE for i in wrong),
        "physician_accepted": all(
            given[i.key][1] for i in wrong if i.severity is Severity.PHYSICIAN
        ),
    }


def _set_up(state: State, readings: Readings, now_ns: int) -> dict[str, bool]:
    mounted, room, pump = state.mounted, readings.room, readings.pump
    case = state.case
    need_nl = case.ordered_nl if case else 0
    return {
        "mounted": mounted is not None,
        "mount_confirmed": not observe.mount_doubted(state)
        or (mounted is not None and bool(mounted.confirmed_by)),
        "temperature_in_range": observe.temperature_ok(state, readings, now_ns),
        "contrast_enough": mounted is not None and mounted.volume_nl >= need_nl,
        "diameter_confirmed": mounted is not None
        and pump.diameter_um == mounted.syringe.diameter_um,
        "pump_up": pump.link is Link.UP and pump.settings_ok,
        "line_up": readings.line.link is Link.UP and readings.line.pressure_pa is not None,
        "room_up": room.link is Link.UP and room.owned,
        "unit_up": readings.mammograph.link is Link.UP,
        "permit_closed": room.relay_closed and not room.stop_line and state.permit,
        "switches_right": not room.hold_disagrees
        and not room.hold_pressed
        and not room.pain_pressed
        and not room.emergency_stop,
    }


def _prime(state: State, readings: Readings, limits: Limits) -> dict[str, bool]:
    line = state.line
    pressure_pa = readings.line.pressure_pa
    push = selftests.proof(state, selftests.STIFFNESS)
    drop_pa = flow_drop_pa(line.resistance_pa_s_ul, limits.rate_nl_min)
    pump = readings.pump
    return {
        "zeroed": observe.zeroed(state, readings),
        "at_rest": pressure_pa is not None
        and abs(observe.rest_pa(state)) <= limits.rest_pressure_pa,
        "drift_measured": selftests.proof(state, selftests.ZERO_DRIFT) is not None,
        "zero_steady": selftests.passed(state, selftests.ZERO_DRIFT),
        "primed": line.primed,
        "resistance_measured": line.resistance_pa_s_ul > 0,
        "first_drop_seen": selftests.proof(state, selftests.FIRST_DROP) is not None,
        "first_drop_in_band": selftests.passed(state, selftests.FIRST_DROP),
        "compliance_measured": push is not None,
        "not_softer": push is not None and push.measured <= push.high,
        "not_stiffer": push is not None and push.measured >= push.low,
        "retract_passed": selftests.passed(state, selftests.RETRACT),
        "resistance_in_band": selftests.passed(state, selftests.OPEN_TIP),
        "resistance_linear": selftests.passed(state, selftests.LINEARITY),
        "drop_allowed": drop_pa <= limits.flow_drop_pa,
        "spread_allowed": net.spread_pa(state, limits.rate_nl_min) <= limits.net_spread_pa,
        "passage_tellable": net.first_spread_pa(state)
        <= limits.false_passage_pa - net.FIRST_FILL_PA,
        "stored_allowed": observe.stored_at_nl(state, limits.rate_nl_min)
        <= limits.stored_volume_nl,
        "counters_zero": observe.proven_stopped(pump)
        and pump.infused_nl == 0
        and pump.withdrawn_nl == 0,
    }


def _duct(state: State, request: AnyRequest | None, limits: Limits) -> dict[str, bool]:
    duct = state.duct
    spent_nl = ledger.side_day_high_nl(state.ledger)
    named = isinstance(request, ChooseDuct) and 1 <= request.clock_h <= 12 and request.orifice > 0
    return {
        "duct_named": named or (duct is not None and duct.clock_h > 0),
        "duct_has_room": spent_nl + limits.motion_least_nl <= limits.side_day_volume_nl,
        "cannula_in": bool(duct and duct.cannula_in_ns) or isinstance(request, Cannulate),
        "drops_done": state.plan is None,
    }


def _arming(
    state: State, readings: Readings, now_ns: int, late: bool, request: AnyRequest | None
) -> dict[str, bool]:
    limits, pump, duct = state.profile.limits, readings.pump, state.duct
    case = state.case
    upper_pa = observe.net_upper_pa(state, readings, now_ns)
    repeated = isinstance(request, ConfirmArm) and request.plan == read_back(state) != ""
    rate_nl_min = observe.planned_rate_nl_min(state)
    unit = readings.mammograph
    pump_lost, unit_lost = pump.link is not Link.UP, unit.link is not Link.UP
    return {
        "pump_stopped": observe.proven_stopped(pump),
        "pump_stopped_or_lost": pump_lost or observe.proven_stopped(pump),
        "paddle_released_or_lost": unit_lost or unit.paddle is Paddle.RELEASED,
        "readings_fresh": observe.injection_readings_fresh(state, readings, now_ns),
        "link_quick": 0 < pump.exchange_p99_ns <= limits.exchange_p99_ns,
        "punctual": not late,
        "switch_released": hold_gate.may_arm(state.hold, limits, now_ns),
        "screen_live": hold_gate.is_seen(state, beats.armed_for(state), now_ns),
        "screen_quick": beats.is_quick(state, beats.armed_for(state), now_ns),
        "pad_up": beats.is_up(state, now_ns),
        "in_control": beats.in_control(state, request),
        "no_latched_alarm": alarms.none_blocks(state),
        "volume_left": case is not None
        and duct is not None
        and observe.volume_left_nl(state) >= limits.motion_least_nl,
        "syringe_left": observe.syringe_left_nl(state) >= observe.planned_nl(state),
        "overrun_allowed": observe.overrun_nl(state, rate_nl_min) <= limits.overrun_nl,
        "stored_small": observe.stored_at_nl(state, rate_nl_min) <= limits.stored_volume_nl,
        "zero_kept": not state.watch.drift.found_ns,
        "net_below_pause": upper_pa is not None and upper_pa < limits.net_pause_pa,
        "paddle_released": unit.link is Link.UP and unit.paddle is Paddle.RELEASED,
        "unit_idle": unit.link is Link.UP
        and unit.unit_state in (UnitState.STANDBY, UnitState.DONE)
        and not unit.watchdog_tripped,
        "plan_repeated": repeated,
        "no_emergency_stop": readings.room.link is Link.UP and not readings.room.emergency_stop,
        "pain_released": not readings.room.pain_pressed,
        "hold_open": state.hold.phase is HoldPhase.OPEN,
    }


def _imaging(state: State, readings: Readings, now_ns: int, limits: Limits) -> dict[str, bool]:
    unit, exposure = readings.mammograph, state.exposure
    pressure_pa = observe.line_pressure_pa(state, readings, now_ns)
    return {
        "settled": observe.settled(state, readings, now_ns) or state.settled_word,
        "compressed": unit.link is Link.UP and unit.paddle is Paddle.HOLDING,
        "force_allowed": unit.force_mn <= limits.force_mn,
        "line_calm": pressure_pa is not None and pressure_pa <= limits.compression_line_pa,
        "view_taken": exposure.view is not View.NONE and unit.view_code == exposure.view.value,
        "door_closed": unit.door_closed and readings.room.door_closed,
        "delay_allowed": exposure.reconfirmed or not observe.exposure_overdue(state, now_ns),
        "pump_locked": exposure.pump_locked,
        "exposed": unit.exposure_count > exposure.count,
    }
