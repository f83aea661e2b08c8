"""The same with the relay tripped and power back with the cannula in.

Controller frozen 10 s at 0.5 mL/min, then continued; the box has cut the pump's power and a
person, stopcock closed, lets it come back. The pump answers ``A?R``, has lost its counter and
does not know Safe mode until it hears the first packet.

Must happen: power comes back by a person's word only. Settings are made and read back before
anything else; the counter that begins at zero proves nothing, and the ledger's high stays
what the pump had been told. Nothing moves until the radiologist resumes and a person arms
and holds. A pump that goes on by itself when its power returns is a high alarm and loses its
power again.

Judge: the plunger, and the ledger against what really went in.
"""

import signal

import pytest

from sim.site.site import Site, now_ns
from tests.scenarios.hands import covered
from tests.scenarios.test_controller_frozen import at_top_rate
from tests.world.between import Between
from tests.world.scene import NOT_OBEYED, RADIOLOGIST, TAIL_NL, S, Scene, nothing_moves

FIRST = ("SAF", "LOC", "TRG", "PF", "AL")
"""Settings without which a pump is not asked to move (safety rules 1.5)."""
PIN_STOP_MOST_MS = 400
"""One scan of the box, then its stop line for 200 ms, then the power."""


def tripped() -> Scene:
    """Frozen, continued, switch released, alarms acknowledged; the pump has no power."""
    scene = at_top_rate()
    scene.world.freeze(10 * S)
    scene.run(3).hand("hold", False).run(0.5)
    assert not scene.truth["pump_powered"]
    return scene


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-OVERVOLUME", "HZ-UNCOMMANDED-MOTION")
def test_power_back_with_the_cannula_in():
    scene = tripped()
    account = scene.state.ledger.account
    assert account is not None
    assert account.high_nl >= scene.truth["entered_nl"]
    between = Between(scene)
    with nothing_moves(scene):
        assert scene.ask("confirm-reclose", stopcock_closed=True)  # alarms first
        scene.acknowledge_all().hand("stopcock", "closed")
        assert scene.ask("confirm-reclose", stopcock_closed=True) == ()
        scene.run(5)
        assert scene.truth["pump_powered"]
        assert scene.truth["pump_infused_nl"] == 0  # the counter is gone
        assert not any(asked.startswith("RUN") for asked in between.asked)
        for setting in FIRST:
            assert setting in between.asked, f"{setting} was not read back"
        assert scene.high_nl >= account.high_nl
        scene.acknowledge_all().hand("stopcock", "open").hand("hold", True).run(1)
        scene.hand("hold", False).run(0.5)
        assert scene.do("resume") != () or scene.phase == "arm"
        if scene.phase != "arm":
            assert scene.do("resume", RADIOLOGIST) == ()
    scene.hands_on().until_closed()
    assert scene.truth["entered_nl"] <= scene.state.profile.limits.injection_volume_nl
    assert scene.truth["extravasated_nl"] == 0


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-STOP-FAILS")
def test_a_pump_that_goes_on_by_itself_when_its_power_returns_loses_it_again():
    scene = at_top_rate()
    scene.world.devices.pump.model.flags["PF"] = 1  # a setting that was changed by hand
    scene.hand("pump_ignores_ttl", True)  # so that its program runs when the power is cut
    scene.world.freeze(10 * S)
    scene.run(3).hand("hold", False).run(0.5)
    scene.acknowledge_all().hand("stopcock", "closed")
    before_nl = scene.truth["entered_nl"]
    assert scene.ask("confirm-reclose", stopcock_closed=True) == ()
    scene.until(lambda _: scene.moving, 3)
    assert scene.stop_span_ms() <= PIN_STOP_MOST_MS  # silent while it starts: the pin is seen
    scene.run(1)
    assert scene.truth["entered_nl"] == before_nl  # the stopcock is closed
    assert scene.raised["motor-pin"] == "high"
    assert not scene.state.permit
    assert scene.truth["trip_cause"] == NOT_OBEYED
    with nothing_moves(scene):
        scene.run(5)


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-UNCOMMANDED-MOTION")
def test_power_back_with_the_cannula_in_on_real_wires(site: Site):
    controller = site.controller()
    site.inject()
    controller.send_signal(signal.SIGSTOP)
    cut = site.watch(lambda truth: not truth["pump_powered"], 10)
    site.set("hold", False)
    site.let_pass(0.5)
    controller.send_signal(signal.SIGCONT)
    again_ms = now_ns() // 1_000_000
    shown = site.until(lambda shown: shown["t_ms"] > again_ms and shown["phase"] == "stopped")
    assert shown["volume"]["high_nl"] + TAIL_NL >= cut["entered_nl"]
    assert not site.truth()["pump_powered"], "power comes back by a person's word only"
    site.until(
        lambda shown: site.truth()["pump_powered"] and shown["devices"]["pump"]["link"] == "up",
        act=True,
    )
    truth = site.truth()
    assert truth["pump_infused_nl"] == 0, "the counter is gone"
    assert truth["plunger_nl"] == cut["plunger_nl"]
    assert covered(site)
