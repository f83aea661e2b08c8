"""A restart begins stopped, knows the most that may be in, and arms nothing by itself."""

import pytest

from state_machine import requests as rq
from state_machine.ledger import AFTER_RESTART, Ledger, SideDay
from state_machine.readings import Paddle
from state_machine.recovery import keep, start
from state_machine.requests import Event, Role, Side
from state_machine.state import Exposure, HoldPhase, Phase, State
from state_machine.step import step
from state_machine.targets import Compression, PumpAction
from state_machine.units import NS_PER_MS
from tests.core.fixtures import (
    DAY,
    NOW_NS,
    PATIENT,
    PERFORMER,
    injecting,
    profile,
    readings,
    replace,
    state,
)

LOCK = SideDay(PATIENT, Side.RIGHT, DAY - 2, 1, 2, 1, locked_until_day=DAY + 12)


def restarted(kept: State) -> State:
    return start(profile(), keep(kept), entry_seq=777)


def test_an_empty_record_begins_in_standby():
    begun = start(profile(), None, 0)
    assert begun == State(profile=profile())


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-RECORD")
def test_what_was_intended_counts_as_delivered():
    kept = injecting().state
    begun = restarted(kept)
    assert begun.phase is Phase.RECOVERY
    assert begun.entry_seq == 777
    account = begun.ledger.account
    assert account is not None
    assert kept.ledger.account is not None
    assert account.high_nl == account.intent_nl == kept.ledger.account.intent_nl
    assert account.low_nl == kept.ledger.account.low_nl
    assert account.power_up_count == AFTER_RESTART
    assert (begun.case, begun.duct, begun.duct_count) == (kept.case, kept.duct, 1)
    assert begun.motion_count == kept.motion_count


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("phase", [p for p in Phase if p not in (Phase.STANDBY, Phase.CLOSED)])
def test_every_open_phase_recovers_stopped(phase):
    begun = restarted(replace(injecting().state, phase=phase))
    assert begun.phase is Phase.RECOVERY
    assert begun.hold.phase is HoldPhase.CLOSED
    assert not begun.permit
    assert begun.plan is None
    held = readings(room={"hold_pressed": True, "relay_closed": True})
    outcome = step(begun, held, (), NOW_NS)
    assert outcome.targets.pump.action is PumpAction.STOPPED
    assert not outcome.targets.room.pump_permit
    assert not outcome.targets.room.xray_enable


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize("phase", [Phase.STANDBY, Phase.CLOSED, Phase.ARM])
def test_locks_and_volumes_of_earlier_days_survive(phase):
    kept = state(phase)
    begun = restarted(replace(kept, ledger=replace(kept.ledger, days=(LOCK,))))
    assert begun.ledger.days == (LOCK,)


def test_a_closed_procedure_starts_idle():
    kept = replace(state(Phase.CLOSED), motion_count=9)
    begun = restarted(kept)
    assert begun.phase is Phase.STANDBY
    assert begun.motion_count == 9
    assert begun.ledger == Ledger()


def test_before_the_first_duct_there_is_no_account():
    kept = state(Phase.PRIME)
    begun = restarted(replace(kept, ledger=replace(kept.ledger, account=None)))
    assert begun.phase is Phase.RECOVERY
    assert begun.ledger.account is None


def test_the_exposure_counter_is_known_again():
    kept = state(Phase.EXPOSURE_ARMED, exposure=Exposure(count=41))
    assert restarted(kept).exposure.count == 41


def do(event: Event) -> rq.Do:
    return rq.Do(by=PERFORMER, role=Role.RADIOLOGIST, event=event)


@pytest.mark.hazard("HZ-USE-ERROR", "HZ-LOST-COUNT")
def test_recovery_refuses_arming_counts_on_and_ends_by_a_person():
    begun = restarted(injecting().state)
    read = readings(pump={"infused_nl": 30_000})
    outcome = step(begun, read, (do(Event.ARM),), NOW_NS)
    assert outcome.replies[0].refusals == ("'arm' is not possible in 'recovery'",)
    first = outcome.state.ledger.account
    assert first is not None
    assert first.high_nl == 52_510  # the counter of before is the base, not a volume
    # it creeps though nobody told it: counted, with the syringe unknown
    later_ns = NOW_NS + 50 * NS_PER_MS
    creeping = readings(later_ns, pump={"infused_nl": 40_000})
    moved = step(outcome.state, creeping, (), later_ns)
    account = moved.state.ledger.account
    assert account is not None
    assert account.high_nl >= first.high_nl + 10_000
    done = step(moved.state, creeping, (do(Event.RECOVERED),), later_ns)
    assert done.state.phase is Phase.DECANNULATE


@pytest.mark.hazard("HZ-COMPRESSION")
def test_the_paddle_is_released_on_request_before_anything_is_confirmed():
    begun = restarted(state(Phase.EXPOSURE))
    squeezed = readings(mammograph={"paddle": Paddle.HOLDING})
    ask = rq.ReleasePaddle(by="", role=Role.TECHNOLOGIST)
    outcome = step(begun, squeezed, (ask,), NOW_NS)
    assert outcome.targets.mammograph.compression is Compression.RELEASE
