"""Whose counter goes on proves what was moved; whose power was cut proves nothing."""

import pytest

from state_machine.entries import LedgerNarrowed, Noted
from tests.world.scene import MS, S, Scene, injecting


def narrowed_once(scene: Scene) -> LedgerNarrowed:
    """The one entry; the truth lies inside, by far less than what was intended."""
    (entry,) = scene.entries(LedgerNarrowed)
    assert isinstance(entry, LedgerNarrowed)
    account = scene.state.ledger.account
    assert account is not None
    assert account.low_nl <= scene.truth["entered_nl"] <= account.high_nl
    assert account.high_nl < 44_000 < entry.high_before_nl
    assert account.low_nl > 0.94 * scene.truth["entered_nl"]
    assert account.high_nl >= entry.counter_nl
    return entry


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_controller_back_before_the_power_is_cut_reads_what_the_pump_moved():
    """The box's stop line keeps the counter for a second; after that the proof stays."""
    scene = injecting(40_000)
    scene.world.freeze(500 * MS)
    second = scene.restarted().hands_off().run(1)
    entry = narrowed_once(second)
    assert (entry.power_up_count, entry.motion_id) == (0, scene.readings.pump.motion_id)
    assert entry.until_nl == 50_000
    second.run(2)
    assert not second.truth["pump_powered"]
    second.hand("hold", False).run(0.5).acknowledge_all()
    assert second.ask("confirm-reclose", stopcock_closed=True) == ()
    second.run(5)
    assert second.state.ledger.account is not None
    assert second.state.ledger.account.high_nl == entry.high_nl
    third = second.restarted().hands_off().run(3)
    assert third.entries(LedgerNarrowed) == []
    assert third.high_nl == entry.high_nl


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_pump_that_safe_mode_stopped_still_knows_what_it_moved():
    scene = injecting(40_000).hand("freeze", "room_io")  # the box hangs: power stays
    scene.world.freeze(3 * S)
    assert scene.truth["pump_powered"]
    second = scene.restarted().hands_off().run(4)
    narrowed_once(second)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_pump_whose_power_was_cut_proves_nothing():
    scene = injecting(40_000)
    scene.world.freeze(3 * S)
    second = scene.restarted().hands_off().run(3)
    high_nl = second.high_nl
    second.hand("hold", False).run(0.5).acknowledge_all()
    assert second.ask("confirm-reclose", stopcock_closed=True) == ()
    second.run(5)
    assert second.entries(LedgerNarrowed) == []
    (said,) = [entry for entry in second.entries(Noted) if entry.topic == "not-narrowed"]
    assert dict(said.facts)["why"] == "the pump was without power meanwhile"
    assert second.high_nl == high_nl


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_link_that_comes_back_to_a_pump_with_power_proves_what_was_moved():
    scene = injecting(40_000).hand("relay_welded", True)  # or a room without the power stage
    scene.world.wires["pump"].cut()
    scene.run(3)
    assert scene.high_nl > 47_000
    scene.world.wires["pump"].mend()
    scene.run(5)
    assert narrowed_once(scene).motion_id == scene.state.motion_count
