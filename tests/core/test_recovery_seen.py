"""After a death the pump's newest answer on record says what surely went in, and what may have."""

import pytest

from state_machine.ledger import UNKNOWN_SCALE_PPM, Account
from state_machine.recovery import keep, start
from state_machine.state import Plan, Purpose
from state_machine.units import less_ppm, more_ppm
from tests.core.fixtures import injecting, profile, readings, replace

pytestmark = pytest.mark.hazard("HZ-LOST-COUNT", "HZ-OVERVOLUME")


def account_of(kept, **pump) -> Account:
    """The account after a restart; ``pump``: what the record's newest answer says otherwise."""
    before = kept.readings.pump
    seen = replace(readings(pump={"identity": before.identity}).pump, **pump) if pump else None
    account = start(profile(), keep(kept), 1, "", seen).ledger.account
    assert account is not None
    return account


def bounds(account):
    return account.low_nl, account.high_nl


def heard(kept):
    """The account as kept, and where its counter stood."""
    account = kept.ledger.account
    assert account is not None
    return account


def test_low_rises_to_what_the_pump_said_and_high_stays_what_was_intended():
    kept = injecting().state
    account, without = heard(kept), account_of(kept)
    counter_nl = account.seen_nl + 9_000
    digit_nl = readings().pump.digit_nl
    found = account_of(kept, infused_nl=counter_nl, digit_nl=digit_nl)
    sure_nl = less_ppm(counter_nl - account.base_nl - digit_nl, UNKNOWN_SCALE_PPM)
    assert found.low_nl == sure_nl > without.low_nl
    assert found.high_nl == without.high_nl


def test_a_pump_that_went_beyond_what_it_was_told_raises_high():
    kept = injecting().state
    account = heard(kept)
    found = account_of(kept, infused_nl=account.intent_nl + 50_000, digit_nl=10)
    moved_nl = account.intent_nl + 50_000 - account.base_nl
    assert found.high_nl == found.intent_nl == more_ppm(moved_nl + 10, UNKNOWN_SCALE_PPM)


@pytest.mark.parametrize(
    "other",
    [{"power_up_count": 7}, {"identity": "NE4000 V1"}, {"infused_nl": 0}, {"at_ns": 0}],
)
def test_a_counter_that_is_not_the_one_of_before_says_nothing(other):
    kept = injecting().state
    found = account_of(kept, **({"infused_nl": heard(kept).seen_nl + 9_000} | other))
    assert bounds(found) == bounds(account_of(kept))


def test_what_a_retract_may_have_taken_back_is_not_sure():
    kept = injecting().state
    counter_nl = heard(kept).seen_nl + 9_000
    assert kept.plan is not None
    plan: Plan = replace(kept.plan, purpose=Purpose.RETRACT)
    back = account_of(replace(kept, plan=plan), infused_nl=counter_nl)
    forth = account_of(kept, infused_nl=counter_nl)
    taken_nl = account_of(kept, infused_nl=counter_nl, withdrawn_nl=4_000)
    assert back.low_nl < taken_nl.low_nl < forth.low_nl


def test_low_and_high_never_fall_whatever_was_heard():
    kept = injecting().state
    low_nl, high_nl = bounds(account_of(kept))
    for counter_nl in range(0, 120_000, 7_000):
        found = account_of(kept, infused_nl=counter_nl)
        assert low_nl <= found.low_nl <= found.high_nl
        assert found.high_nl >= high_nl
