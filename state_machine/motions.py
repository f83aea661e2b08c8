"""The pump motion under way, pass by pass: intent, count, end.

Here the plan of ``injection.py`` meets what the pump shows, the ledger is brought up to
date, and every motion that ends is recorded with what the pump's own counter says.
"""

from typing import Final

import msgspec

from state_machine import (
    course,
    dispensing,
    effects,
    injection,
    ledger,
    observe,
    recovery,
    retract,
    selftests,
)
from state_machine import hold as hold_gate
from state_machine.entries import LedgerNarrowed, MotionEnded, MotionIntent, Noted
from state_machine.ledger import Unproven
from state_machine.readings import Link, Motion
from state_machine.relaxation import Relaxation
from state_machine.state import (
    BACKWARD_PURPOSES,
    HoldPhase,
    Injection,
    Phase,
    Plan,
    Purpose,
)
from state_machine.turn import Turn
from state_machine.units import volume_ceil_nl

replace = msgspec.structs.replace


def begin(turn: Turn, plan: Plan) -> None:
    """Write a motion's intent; the motion may run once that is durable.

    The ledger's intent and the ``Resume`` that carries it are written with it, and RUN
    waits for the last of them: whatever happens after RUN, a restart knows the most
    that may have been delivered.
    """
    duct = turn.state.duct
    turn.note(
        MotionIntent,
        motion_id=plan.motion_id,
        purpose=plan.purpose.value,
        base_nl=plan.base_nl,
        until_nl=plan.until_nl,
        duct=duct.number if duct else 0,
    )
    plan = replace(plan, identity=turn.readings.pump.identity)
    turn.set(plan=plan, motion_count=plan.motion_id)
    count(turn)
    turn.note_ledger()
    turn.note_resume()
    turn.set(plan=replace(plan, intent_seq=turn.state.entry_seq))


def count(turn: Turn) -> None:
    """Bring the open account up to the newest answer of the pump."""
    state, pump = turn.state, turn.readings.pump
    account, mounted, plan = state.ledger.account, state.mounted, state.plan
    if account is None or account.aside or not pump.at_ns:
        return
    powered_up = pump.power_up_count != account.power_up_count
    if powered_up and pump.at_ns == state.readings.pump.at_ns:
        return  # what is at hand is the counter of before
    unheard_nl = told_nl = 0
    if plan is not None and plan.purpose not in BACKWARD_PURPOSES:
        told_nl = plan.until_nl
        if plan.asked_ns:
            # a pump told to go slower goes on at what it confirmed until it has heard so
            rate_nl_min = max(plan.rate_nl_min, pump.rate_nl_min)
            unheard_nl = volume_ceil_nl(rate_nl_min, turn.now_ns - pump.at_ns)
    counted = ledger.count(
        account,
        pump.infused_nl,
        pump.digit_nl,
        unheard_nl,
        told_nl,
        mounted.syringe.scale_ppm if mounted else ledger.UNKNOWN_SCALE_PPM,
        pump.power_up_count,
        pump.withdrawn_nl,
        retract.reserve_nl(state, pump, turn.now_ns),
    )
    if counted != account:
        turn.set(ledger=replace(state.ledger, account=counted))
    if ledger.is_lost(account, pump.infused_nl, pump.digit_nl, pump.power_up_count):
        # the counter it was measured on is gone: that injection is over, the next is a top-up
        turn.set(injection=Injection(ended_ns=turn.now_ns))
        effects.close_hold(turn, "the pump's count began anew: arm again")
        turn.note_ledger()


def prove(turn: Turn) -> None:
    """After a restart: let the pump's counter prove what was only intended, or say why not."""
    kept, pump = turn.state.unproven, turn.readings.pump
    if kept is None or not (pump.settings_ok and observe.proven_stopped(pump)):
        return
    turn.set(unproven=None)
    _narrow(turn, kept)


def _narrow(turn: Turn, kept: Unproven) -> None:
    """Narrow high once, by an entry with its evidence; standstill is proven."""
    account, pump, duct = turn.state.ledger.account, turn.readings.pump, turn.state.duct
    if account is None:
        return
    why = recovery.why_not_proven(kept, pump)
    if why:
        facts = (("why", why), ("counter_nl", str(pump.infused_nl)))
        turn.note(Noted, topic="not-narrowed", facts=facts)
        return
    scale_ppm = ledger.UNKNOWN_SCALE_PPM
    narrowed = ledger.narrow(
        account, kept.account, pump.infused_nl, pump.digit_nl, pump.withdrawn_nl, scale_ppm
    )
    if narrowed is account:
        return
    turn.note(
        LedgerNarrowed,
        duct=duct.number if duct else 0,
        low_before_nl=account.low_nl,
        high_before_nl=max(account.high_nl, account.intent_nl),
        low_nl=narrowed.low_nl,
        high_nl=narrowed.high_nl,
        motion_id=kept.motion_id,
        until_nl=kept.until_nl,
        counter_nl=pump.infused_nl,
        digit_nl=pump.digit_nl,
        scale_ppm=scale_ppm,
        withdrawn_nl=pump.withdrawn_nl,
        power_up_count=pump.power_up_count,
        identity=pump.identity,
        diameter_um=pump.diameter_um,
        proof="standstill proven: prompt S, two counts of it 100 ms apart agree",
    )
    turn.set(ledger=replace(turn.state.ledger, account=narrowed))
    turn.note_ledger()
    turn.note_resume()


def follow(turn: Turn) -> None:
    """Follow the motion under way; end it when the pump has."""
    plan = turn.state.plan
    if plan is None:
        return
    if plan.asked_ns and turn.readings.pump.link is not Link.UP:
        plan = replace(plan, lost=True)
    way = retract if plan.purpose is Purpose.RETRACT else injection
    plan = way.follow(plan, turn.state, turn.readings, turn.now_ns)
    line_is_new = turn.readings.line.at_ns != turn.state.readings.line.at_ns
    line = selftests.sample(plan, turn.state.line, turn.readings, line_is_new, turn.now_ns)
    if plan.purpose is Purpose.STIFFNESS:
        plan = replace(plan, done=line.push.done)
    if plan.purpose is Purpose.RETRACT_TEST and plan.running_ns:
        plan = replace(plan, done=plan.done or selftests.taken_back(turn.state, turn.readings))
    turn.set(line=line, plan=plan)
    if injection.ended(plan, turn.readings):
        _end(turn, plan, turn.readings.pump.motion_refusal)
    elif not plan.asked_ns and _given_up(turn, plan):
        _end(turn, plan, _NEVER_RUN[plan.purpose is Purpose.RETRACT])
    elif _driver_started_anew(turn, plan):
        _end(turn, plan, "the pump was lost and is proven to stand still")


_NEVER_RUN: Final = ("never run: the switch was not held", "never run: not safe any more")


def _given_up(turn: Turn, plan: Plan) -> bool:
    """What a motion that was not asked to run yet needs is gone."""
    if plan.purpose is Purpose.RETRACT:
        return plan.released
    return turn.state.hold.phase is HoldPhase.CLOSED


def _driver_started_anew(turn: Turn, plan: Plan) -> bool:
    """The driver proved standstill without knowing this motion (link lost, power cut)."""
    pump = turn.readings.pump
    return (
        bool(plan.asked_ns) and pump.motion is Motion.STOPPED and pump.motion_id != plan.motion_id
    )


def _end(turn: Turn, plan: Plan, why: str) -> None:
    pump = turn.readings.pump
    backward = plan.purpose in BACKWARD_PURPOSES
    counter_nl = pump.withdrawn_nl if backward else pump.infused_nl
    moved_nl = max(0, counter_nl - plan.base_nl)
    to_end = counter_nl + pump.digit_nl >= plan.until_nl
    reached = bool(plan.asked_ns) and (to_end or plan.done)
    before, until_nl = turn.state.ledger.account, recovery.told_until_nl(turn.state)
    turn.set(plan=None)
    count(turn)
    if plan.lost and before is not None:
        _prove_after_lost(turn, plan, before, until_nl)
    turn.note(
        MotionEnded,
        motion_id=plan.motion_id,
        purpose=plan.purpose.value,
        moved_nl=moved_nl,
        reached=reached,
        why=why,
    )
    if plan.purpose is Purpose.INJECT:
        _injection_ended(turn, plan, reached)
    elif plan.purpose is Purpose.RETRACT:
        _retract_ended(turn, plan)
    else:
        _tip_out_ended(turn, plan, moved_nl, reached)
    turn.note_ledger()


def _prove_after_lost(turn: Turn, plan: Plan, before: ledger.Account, until_nl: int) -> None:
    """Out of sight, and found standing: the same counter shows all that was moved."""
    account, mounted = turn.state.ledger.account, turn.state.mounted
    if account is None or account.base_nl != before.base_nl or mounted is None:
        return
    kept = Unproven(
        account=account,
        until_nl=until_nl,
        motion_id=plan.motion_id,
        power_up_count=before.power_up_count,
        identity=plan.identity,
        diameter_um=mounted.syringe.diameter_um,
    )
    _narrow(turn, kept)


def _injection_ended(turn: Turn, plan: Plan, reached: bool) -> None:
    state = turn.state
    if plan.running_ns:
        motor_ns = state.injection.motor_ns + turn.now_ns - plan.running_ns
        done = replace(
            state.injection,
            motor_ns=motor_ns,
            ended_ns=turn.now_ns,
            stop_rate_nl_min=plan.rate_nl_min,
        )
        turn.set(injection=done)
    if reached:
        effects.set_hold(turn, hold_gate.lift(turn.state.hold, turn.now_ns))
        relaxation = replace(state.watch.relaxation, awaited=True)
        turn.set(watch=replace(state.watch, relaxation=relaxation))
    elif state.hold.phase is HoldPhase.OPEN and not plan.released:
        effects.close_hold(turn, "the pump stopped before its target: see the alarms, arm again")


def _retract_ended(turn: Turn, plan: Plan) -> None:
    """The line relaxes anew; never again a retract for this injection."""
    if plan.asked_ns:
        turn.set(injection=replace(turn.state.injection, retracted_ns=turn.now_ns))


def _tip_out_ended(turn: Turn, plan: Plan, moved_nl: int, reached: bool) -> None:
    line = turn.state.line
    if plan.purpose not in (Purpose.TIP_DROP, Purpose.RETRACT_TEST):
        line = replace(line, prime_nl=line.prime_nl + moved_nl)
    line = replace(line, paused=plan.purpose is Purpose.PRIME and not reached)
    if plan.purpose is Purpose.DISPENSE:
        dispensing.counted(turn, moved_nl, reached)
    if plan.purpose is Purpose.PRIME and line.prime_nl >= turn.state.profile.line_dead_space_nl:
        line = replace(line, primed=True)
    turn.set(line=line)
    if plan.purpose is Purpose.OPEN_TIP and reached:
        resistance = selftests.resistance_pa_s_ul(line, plan)
        warmth_mc = observe.temperature_mc(turn.state, turn.readings, turn.now_ns) or 0
        turn.set(line=replace(line, resistance_pa_s_ul=resistance, resistance_mc=warmth_mc))
        course.note_open_tip(turn, resistance)
        proofs = selftests.open_tip(turn.state, turn.readings, plan, turn.now_ns)
        course.conclude(turn, *proofs)
    if plan.purpose is Purpose.STIFFNESS and (reached or _blocked(turn)):
        found = selftests.stiffness(turn.state, moved_nl)
        turn.set(line=replace(line, compliance_nl_kpa=found.measured, pushed_nl=moved_nl))
        course.conclude(turn, found)
    if plan.purpose is Purpose.RETRACT_TEST:
        turn.set(line=replace(line, pushed_nl=0))
        if reached or _blocked(turn):
            _note_taken_back(turn, line.shut_pa, moved_nl)
            course.conclude(turn, selftests.retract(turn.state, turn.readings, moved_nl))
    effects.close_hold(turn, "done" if reached else "released before it was done: say again")


def _note_taken_back(turn: Turn, shut_pa: int, moved_nl: int) -> None:
    """Record what the retract test stands on."""
    facts = {
        "withdrawn_nl": moved_nl,
        "shut_in_pa": shut_pa,
        "left_pa": turn.readings.line.pressure_pa,
        "compliance_nl_kpa": turn.state.line.compliance_nl_kpa,
    }
    turn.note(Noted, topic="retract-test", facts=tuple((k, str(v)) for k, v in facts.items()))


def _blocked(turn: Turn) -> bool:
    """The gate ended the push: the pressure behind the closed stopcock stands over its bound."""
    pressure_pa = turn.readings.line.pressure_pa
    most_pa = turn.state.profile.limits.stiffness_pressure_pa
    return pressure_pa is not None and pressure_pa > most_pa


def note_relaxed(turn: Turn, seen: Relaxation) -> None:
    """Record the relaxed pressure after a stop, beside the estimate of before it."""
    facts = {
        "motion_id": seen.motion_id,
        "relaxed_pa": seen.relaxed_pa,
        "estimate_pa": seen.before_pa,
        "decay_ppm": seen.decay_ppm or "too little to tell",
        "doubt": observe.net_doubt(turn.state) or "none",
    }
    turn.note(Noted, topic="relaxed", facts=tuple((k, str(v)) for k, v in facts.items()))


def plan_next(turn: Turn) -> None:
    """Plan the injection's next motion where phase and hold ask for one, or its retract."""
    back = retract.wanted(turn.state, turn.readings, turn.now_ns)
    if back is not None:
        _begin_retract(turn, back)
    if turn.state.phase not in (Phase.ARMED, Phase.INJECTING, Phase.HOLDING):
        return
    plan = injection.wanted_motion(turn.state, turn.readings)
    if plan is not None:
        begin(turn, plan)


def _begin_retract(turn: Turn, plan: Plan) -> None:
    """Fix the most that is ever withdrawn of this injection, say why, then the intent."""
    state, line = turn.state, turn.readings.line
    done = state.injection
    turn.set(injection=replace(done, retract_nl=plan.until_nl - done.withdrawn_base_nl))
    facts = {
        "injection": done.number,
        "most_nl": plan.until_nl - done.withdrawn_base_nl,
        "line_pa": line.pressure_pa,
        "stop_rate_nl_min": done.stop_rate_nl_min,
        "compliance_nl_kpa": observe.compliance_nl_kpa(state),
        "compliance": "measured" if state.line.compliance_nl_kpa else "assumption",
        "after": "a pressure alarm" if retract.by_pressure(state) else state.phase.value,
    }
    turn.note(Noted, topic="retract", facts=tuple((k, str(v)) for k, v in facts.items()))
    begin(turn, plan)
