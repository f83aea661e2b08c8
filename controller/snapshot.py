"""What a client is shown: the whole state each time, measured beside commanded.

Plain fields with units in their names; ``null`` is *absent*, never zero.
"""

from typing import Any, Final

from controller.loop import Room
from state_machine import beats, daily_check, dispensing, ledger, observe, sound
from state_machine.alarms import ALARM_BY_NAME
from state_machine.facts import read_back
from state_machine.guide import ways
from state_machine.injection import next_checkpoint_nl
from state_machine.readings import Motion, Readings
from state_machine.state import State
from state_machine.units import NS_PER_MS, NS_PER_S


def snapshot(room: Room, number: int, now_ns: int) -> dict[str, Any]:
    """One snapshot; the keys are the API (``docs/api.md``)."""
    state, readings, stop = room.state, room.readings, room.state.stop
    forward = ways(state, readings, now_ns)
    first = forward[0] if forward else None
    return {
        "k": "snapshot",
        "n": number,
        "t_ms": now_ns // NS_PER_MS,
        "room": state.profile.room,
        "mode": state.profile.mode.value,
        "order": state.profile.order.value,
        "phase": state.phase.value,
        "phase_ms": (now_ns - state.phase_ns) // NS_PER_MS,
        "next": first.event.value if first else "",
        "actor": first.actor.value if first else "",
        "prompt": first.prompt if first else "",
        "waits_for": first.waits_for if first else (),
        "ways": {way.event.value: way.waits_for for way in forward},
        "missing": {way.event.value: way.missing for way in forward},
        "stop": {"event": stop.event, "words": stop.words, "anchor": stop.anchor.value},
        "case": _case(state),
        "duct": _duct(state, now_ns),
        "plan": read_back(state),
        "hold": {
            "phase": state.hold.phase.value,
            "action": state.hold.action.value,
            "why": state.hold.why,
            "pressed": readings.room.hold_pressed,
            "source": state.hold.source.value,
        },
        "console": {
            "required": state.profile.console_required,
            "on": state.screen.on,
            "connection": state.screen.connection,
            "drawn_age_ms": _age_ms(state.screen.drawn_ns, now_ns),
            "gone": state.screen.gone,
            "holds": state.profile.console_holds,
            "quick": beats.is_quick(state, beats.armed_for(state), now_ns),
            "up": beats.is_up(state, now_ns),
        },
        "people": _people(state, now_ns),
        "volume": _volume(room),
        "rate": _rate(room),
        "pressure": _pressure(room, now_ns),
        "mounted": _mounted(state, readings, now_ns),
        "line": _line(room, now_ns),
        "motion": _motion(state),
        "exposure": {
            "view": state.exposure.view.name,
            "made_count": state.exposure.made_count,
            "stage": room.targets.mammograph.exposure.name,
            "compressed_ms": _age_ms(state.exposure.compressed_ns, now_ns),
            "injected_ms": _age_ms(state.injection.ended_ns, now_ns),
            "reconfirmed": state.exposure.reconfirmed,
        },
        "locks": [
            {
                "patient_id": day.patient_id,
                "side": day.side.value,
                "locked_until_day": day.locked_until_day,
            }
            for day in state.ledger.days
            if day.locked_until_day
        ],
        "observation_left_s": max(0, -((now_ns - observe.observation_ends_ns(state)) // NS_PER_S)),
        "daily_check": _daily_check(state, now_ns),
        "dispense": dispensing.shown(state),
        "calibration": _calibration(state),
        "alarms": _alarms(room),
        "sound": _sound(room, now_ns),
        "refused": state.refused,
        "devices": _devices(room, now_ns),
        "clock": {
            "sync": readings.host.clock_sync.value,
            "step_count": readings.host.clock_step_count,
            "step_ms": readings.host.clock_step_ms,
        },
        "journal": {
            "durable_seq": readings.journal.durable_seq,
            "seq": state.entry_seq,
            "fault": readings.journal.fault,
        },
    }


def _people(state: State, now_ns: int) -> dict[str, Any]:
    """Who is logged in, on which connection."""
    return {
        "login_required": state.profile.login_required,
        "sessions": [
            {
                "connection": session.connection,
                "by": session.by,
                "role": session.role.value,
                "locked": session.locked,
                "since_ms": session.since_ns // NS_PER_MS,
                "idle_ms": (now_ns - session.active_ns) // NS_PER_MS,
            }
            for session in state.sessions
        ],
    }


def _rate(room: Room) -> dict[str, int]:
    """What the pump was told beside what it confirmed."""
    pump = room.readings.pump
    running = pump.motion is Motion.RUNNING
    return {
        "commanded_nl_min": room.targets.pump.rate_nl_min if room.targets.pump.run else 0,
        "confirmed_nl_min": pump.rate_nl_min if running else 0,
    }


def _pressure(room: Room, now_ns: int) -> dict[str, Any]:
    state, readings = room.state, room.readings
    return {
        "line_pa": readings.line.pressure_pa,
        "net_pa": observe.net_pa(state, readings, now_ns),
        "net_upper_pa": observe.net_upper_pa(state, readings, now_ns),
        "net_is": _NET_WORDS[_net_kind(room, now_ns)],
        "net_kind": _net_kind(room, now_ns),
        "net_doubt": observe.net_doubt(state),
        "relaxed_pa": _relaxed_pa(state),
        "line_age_ms": _age_ms(readings.line.at_ns, now_ns),
        "temperature_mc": observe.temperature_mc(state, readings, now_ns),
    }


def _relaxed_pa(state: State) -> int | None:
    """Line pressure with the flow gone, as read after the last stop of this injection."""
    relaxed = state.watch.relaxation
    return relaxed.relaxed_pa if relaxed.done_ns else None


def _mounted(state: State, readings: Readings, now_ns: int) -> dict[str, Any] | None:
    mounted = state.mounted
    if mounted is None:
        return None
    return {
        "syringe": mounted.syringe.name,
        "cannula": mounted.cannula.name,
        "contrast": mounted.contrast.name,
        "temperature_mc": observe.temperature_mc(state, readings, now_ns),
        "by": mounted.by,
        "doubted": observe.mount_doubted(state),
        "confirmed_by": mounted.confirmed_by,
    }


def _line(room: Room, now_ns: int) -> dict[str, Any]:
    state, line = room.state, room.state.line
    return {
        "zeroed": line.zeroed,
        "primed": line.primed,
        "prime_nl": line.prime_nl,
        "resistance_pa_s_ul": line.resistance_pa_s_ul,
        "nominal_pa_s_ul": observe.nominal_resistance_pa_s_ul(state, room.readings, now_ns),
        "compliance_nl_kpa": line.compliance_nl_kpa,
        "tests": [
            {
                "name": proof.name,
                "passed": proof.passed,
                "measured": proof.measured,
                "low": proof.low,
                "high": proof.high,
                "unit": proof.unit,
            }
            for proof in line.proofs
        ],
    }


def _motion(state: State) -> dict[str, Any] | None:
    """The pump motion that is planned or under way."""
    plan = state.plan
    if plan is None:
        return None
    return {
        "purpose": plan.purpose.value,
        "from_nl": plan.base_nl,
        "until_nl": plan.until_nl,
        "top_rate_nl_min": plan.top_rate_nl_min,
        "slowed": plan.slowed,
    }


_NET_WORDS: Final = {
    "estimated": "estimated",
    "not-valid": "not valid: all of the line's",
    "not-known": "not known",
}


def _net_kind(room: Room, now_ns: int) -> str:
    """How the net pressure beside it was come by."""
    state, readings = room.state, room.readings
    if observe.net_pa(state, readings, now_ns) is not None:
        return "estimated"
    known = observe.net_upper_pa(state, readings, now_ns) is not None
    return "not-valid" if known else "not-known"


def _age_ms(at_ns: int, now_ns: int) -> int | None:
    return (now_ns - at_ns) // NS_PER_MS if at_ns else None


def _case(state: State) -> dict[str, Any] | None:
    case = state.case
    if case is None:
        return None
    return {
        "patient_id": case.patient_id,
        "patient_name": case.patient_name,
        "birth_date": case.birth_date,
        "accession": case.accession,
        "side": case.side.value,
        "ordered_nl": case.ordered_nl,
        "performer": case.performer,
        "assistant": case.assistant,
        "answered": [key for key, _, _ in case.answers],
        "answers": [
            {"item": key, "answer": answer, "accepted": accepted}
            for key, answer, accepted in case.answers
        ],
    }


def _duct(state: State, now_ns: int) -> dict[str, Any] | None:
    duct = state.duct
    if duct is None:
        return None
    return {
        "number": duct.number,
        "clock_h": duct.clock_h,
        "orifice": duct.orifice,
        "difficult": duct.difficult,
        "attempt_count": duct.attempt_count,
        "drop_count": duct.drop_count,
        "cannula_in": bool(duct.cannula_in_ns),
        "cannula_in_ms": _age_ms(duct.cannula_in_ns, now_ns),
        "injection_count": duct.injection_count,
    }


def _volume(room: Room) -> dict[str, Any]:
    state, account = room.state, room.state.ledger.account
    done_nl = room.readings.pump.infused_nl - state.injection.base_nl
    taken_nl = room.readings.pump.withdrawn_nl - state.injection.withdrawn_base_nl
    return {
        "low_nl": account.low_nl if account else 0,
        "high_nl": account.high_nl if account else 0,
        "intent_nl": account.intent_nl if account else 0,
        "side_day_low_nl": ledger.side_day_low_nl(state.ledger),
        "side_day_high_nl": ledger.side_day_high_nl(state.ledger),
        "planned_nl": observe.planned_nl(state),
        "injected_nl": done_nl if state.injection.number else 0,
        "withdrawn_nl": taken_nl if state.injection.number else 0,
        "retract_nl": state.injection.retract_nl,
        "checkpoint_nl": next_checkpoint_nl(state, done_nl) if state.injection.number else 0,
        "duct_limit_nl": observe.halved(state, state.profile.limits.duct_volume_nl),
    }


def _daily_check(state: State, now_ns: int) -> dict[str, Any]:
    """Whether the daily check holds, how long, and what it waits for while it is under way."""
    check, row, last = state.check, daily_check.row_of(state), state.checked
    left_ns = max(0, daily_check.until_ns(state) - now_ns)
    return {
        "rule": state.profile.daily_check.value,
        "valid": daily_check.valid(state, now_ns),
        "left_s": left_ns // NS_PER_S,
        "failed_step": last.step,
        "failed_words": last.words,
        "step": row.step.value if row else "",
        "part": row.part if row else "",
        "prompt": row.prompt if row else "",
        "asks": row.asks if row else "",
        "row": check.row + 1 if check else 0,
        "rows": len(daily_check.ROWS),
        "age_ms": (now_ns - check.since_ns) // NS_PER_MS if check else 0,
        "within_ms": row.within(state.profile) // NS_PER_MS if row else 0,
    }


def _calibration(state: State) -> dict[str, Any]:
    """What the controller was given at its start; whether it holds is asked at arming."""
    profile = state.profile
    return {
        "rule": profile.calibration.value,
        "fault": profile.calibration_fault,
        "found": [
            {
                "kind": one.kind.value,
                "subject": one.subject,
                "passed": one.passed,
                "value": one.value,
                "uncertainty_ppm": one.uncertainty,
                "made_day": one.made_day,
                "until_day": one.until_day,
            }
            for one in profile.calibrations
        ],
    }


def _alarms(room: Room) -> list[dict[str, Any]]:
    shown = []
    for alarm in room.alarms:
        row = ALARM_BY_NAME[alarm.name]
        shown.append(
            {
                "name": alarm.name,
                "priority": row.priority.value,
                "since_ms": alarm.since_ns // NS_PER_MS,
                "present": alarm.present,
                "acknowledged": alarm.acknowledged,
                "acknowledged_by": alarm.acknowledged_by,
                "value": alarm.value,
                "limit": alarm.limit,
                "unit": alarm.unit,
                "words": row.words,
                "action": row.action,
            }
        )
    return shown


def _sound(room: Room, now_ns: int) -> dict[str, Any]:
    """What the sounder is told, and its pause."""
    state = room.state
    left_ns = max(0, state.quiet_until_ns - now_ns)
    return {
        "signal": room.targets.room.sounder.name.lower(),
        "paused_ms": -(-left_ns // NS_PER_MS),
        "paused_by": state.quiet_by,
        "never": sound.never_paused(state),
    }


def _devices(room: Room, now_ns: int) -> dict[str, Any]:
    readings = room.readings
    shown: dict[str, Any] = {}
    for name in ("pump", "line", "room", "mammograph"):
        reading = getattr(readings, name)
        shown[name] = {
            "link": reading.link.value,
            "identity": reading.identity,
            "refusal": reading.refusal,
            "age_ms": _age_ms(reading.at_ns, now_ns),
            "bad_frame_count": reading.bad_frame_count,
        }
    pump, box, unit = readings.pump, readings.room, readings.mammograph
    shown["pump"] |= {
        "motion": pump.motion.value,
        "motion_id": pump.motion_id,
        "motion_refusal": pump.motion_refusal,
        "prompt": pump.prompt.value,
        "alarm": pump.alarm.value,
        "infused_nl": pump.infused_nl,
        "withdrawn_nl": pump.withdrawn_nl,
        "exchange_p99_ms": pump.exchange_p99_ns // NS_PER_MS,
    }
    shown["room"] |= {
        "trip_cause": box.trip_cause.name,
        "relay_closed": box.relay_closed,
        "stop_line": box.stop_line,
        "emergency_stop": box.emergency_stop,
        "pain_pressed": box.pain_pressed,
        "door_closed": box.door_closed,
        "owned": box.owned,
    }
    shown["mammograph"] |= {
        "unit_state": unit.unit_state.name,
        "paddle": unit.paddle.name,
        "force_mn": unit.force_mn,
        "thickness_um": unit.thickness_um,
        "exposure_count": unit.exposure_count,
    }
    return shown
