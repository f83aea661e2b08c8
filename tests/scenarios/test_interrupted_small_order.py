"""A small order is interrupted after the pump's count was lost, and gone on with.

20 uL are ordered. The pump loses its power for a moment in the middle: its counter begins anew,
so the injection is over, what it may have brought counts, and what follows is a further one.
Found by a campaign (seed 122): the further injection was planned to the first checkpoint, 50 uL,
however little had been ordered.

Must happen: a further injection brings what may be left of the order by the ledger's high; when
the order may be in already it is a top-up, and no larger than the order.

Judge: the plan that is read back, and what really went in.
"""

import pytest

from sim.technologist import Order
from state_machine import observe
from tests.world.scene import RADIOLOGIST, Scene

ORDERED_NL = 20_000


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-LOST-COUNT")
def test_what_follows_an_interruption_is_no_more_than_the_order():
    scene = Scene(Order(ordered_nl=ORDERED_NL)).until_injected(8_000).hands_off()
    scene.hand("power_cycle", "pump").run(3).hand("hold", False).run(0.5).acknowledge_all()
    assert scene.ask("confirm-reclose", stopcock_closed=True) == ()
    scene.run(5)
    assert scene.do("resume", RADIOLOGIST) == ()
    assert observe.planned_nl(scene.state) <= ORDERED_NL
    scene.hands_on().until_phase("settle", 60)
    assert 2 * 8_000 < scene.truth["entered_nl"] <= 8_000 + ORDERED_NL * 105 // 100
