"""A syringe is changed within a procedure: all is tested anew, what went in goes on counting."""

from typing import Any

import pytest

from state_machine import ledger, observe
from state_machine import requests as rq
from state_machine.entries import SideDaySaved
from state_machine.facts import Facts
from state_machine.ledger import Account
from state_machine.profile import Order
from state_machine.recovery import keep, start
from state_machine.requests import Event
from state_machine.state import Phase
from state_machine.units import NS_PER_MIN
from state_machine.workflows.galactography import WORKFLOWS
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import CANNULA, CONTRAST, SYRINGE, profile, replace
from tests.core.procedure import People


def injected(**limits: Any) -> People:
    """60 uL are in the first duct."""
    people = People(FakeRoom(profile(**limits)))
    people.open()
    people.checklist()
    people.set_up()
    people.prime()
    people.cannulate()
    people.arm()
    people.inject()
    people.ticks(30)
    return people


def mount(people: People) -> None:
    names = {"contrast": CONTRAST.name, "syringe": SYRINGE.name, "cannula": CANNULA.name}
    people.say(rq.SetUpRoom, lot="L2", volume_nl=900_000, **names)
    people.ticks(2)
    people.do(Event.SET_UP)


def account_of(people: People) -> Account:
    account = people.room.state.ledger.account
    assert account is not None
    return account


@pytest.mark.hazard("HZ-SYRINGE", "HZ-AIR", "HZ-OVERVOLUME", "HZ-LOST-COUNT")
def test_the_new_syringe_is_tested_and_the_duct_counts_on():
    people = injected()
    room = people.room
    before, day_nl = account_of(people), ledger.side_day_high_nl(room.state.ledger)
    primed_nl = room.state.line.prime_nl
    people.do(Event.CHANGE_SYRINGE)
    now = room.state
    assert now.phase is Phase.SET_UP
    assert now.mounted is None
    assert not now.line.primed
    assert not now.line.resistance_pa_s_ul
    assert not now.line.zeroed
    assert now.duct is not None
    assert now.duct.cannula_in_ns == 0
    assert ledger.side_day_high_nl(now.ledger) == day_nl
    mount(people)
    assert observe.syringe_left_nl(room.state) == 900_000
    people.prime()
    assert room.state.phase is Phase.LOCATE_DUCT
    assert room.readings.pump.infused_nl == 0  # cleared with the cannula out, and counted on
    assert room.state.line.prime_before_nl == primed_nl
    after = account_of(people)
    assert (after.low_nl, after.high_nl) == (before.low_nl, before.high_nl)
    assert room.state.duct is not None
    assert (room.state.duct.number, room.state.duct.injection_count) == (1, 1)
    people.cannulate()
    people.arm()
    people.inject()
    done = account_of(people)
    assert before.high_nl + 50_000 < done.high_nl < before.high_nl + 53_000
    assert done.low_nl * NS_PER_MIN <= room.true_in_duct <= done.high_nl * NS_PER_MIN
    assert room.true_in_duct >= 109_000 * NS_PER_MIN


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_limit_of_the_duct_is_not_reached_past_by_a_change():
    people = injected(duct_volume_nl=90_000, injection_volume_nl=60_000)
    people.do(Event.CHANGE_SYRINGE)
    mount(people)
    people.prime()
    people.cannulate()
    assert observe.planned_nl(people.room.state) < 30_000


@pytest.mark.hazard("HZ-EXTRAVASATION")
def test_what_is_primed_counts_over_all_syringes():
    people = injected(prime_total_nl=250_000)
    people.do(Event.CHANGE_SYRINGE)
    mount(people)
    people.say(rq.Zero)
    people.wait(lambda room: room.state.line.zeroed)
    people.ticks(65)
    people.ask(rq.TipOut, purpose="prime")
    people.room.box.hold = True
    people.ticks(40)
    assert people.room.state.line.prime_nl == 0
    assert any("prime-volume" in str(entry) for entry in people.entries)


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize("phase", [Phase.SET_UP, Phase.PRIME])
def test_what_went_in_survives_an_end_or_a_crash_in_between(phase: Phase):
    people = injected()
    people.do(Event.CHANGE_SYRINGE)
    if phase is Phase.PRIME:
        mount(people)
    before = account_of(people)
    begun = start(people.room.state.profile, keep(people.room.state), 1)
    assert begun.ledger.account is not None
    assert begun.ledger.account.high_nl == before.high_nl
    assert begun.unproven is None
    people.do(Event.ABORT)
    if phase is Phase.PRIME:
        people.do(Event.DECANNULATED)
    days = [entry for entry in people.entries if isinstance(entry, SideDaySaved)]
    assert days[-1].high_nl == before.high_nl
    assert people.room.state.ledger.account is None


@pytest.mark.hazard("HZ-SYRINGE")
@pytest.mark.parametrize("order", Order)
def test_it_needs_a_name_standstill_and_the_paddle_up(order: Order):
    workflow = WORKFLOWS[order]
    phases = {phase for phase in Phase if Event.CHANGE_SYRINGE in workflow.events(phase)}
    assert phases == {Phase.LOCATE_DUCT, Phase.ARM, Phase.SETTLE, Phase.REVIEW}
    hands = ("by_named", "pump_stopped", "paddle_released", "pain_released")
    sense = ("another_injection", "volume_left")  # what is primed anew can be injected
    well = replace(Facts(), **dict.fromkeys((*hands, *sense), True))
    for phase in phases:
        assert workflow.advance(phase, Event.CHANGE_SYRINGE, well) == (Phase.SET_UP, ())
        for name in (*hands, *sense):
            facts = replace(well, **{name: False})
            assert workflow.advance(phase, Event.CHANGE_SYRINGE, facts)[1] != ()


@pytest.mark.hazard("HZ-AIR")
def test_an_empty_syringe_says_how_to_go_on():
    people = injected()
    room = people.room
    assert room.state.mounted is not None
    full, few = room.state.mounted, replace(room.state.mounted, volume_nl=250_000)
    room.state = replace(room.state, mounted=few)
    assert any("ask for change-syringe" in s for s in people.ask(rq.Do, event=Event.TOP_UP))
    room.state = replace(room.state, mounted=full)
    people.do(Event.TOP_UP)
    room.state = replace(room.state, mounted=few)
    assert any("ask for change-syringe" in s for s in people.ask(rq.Do, event=Event.ARM))
