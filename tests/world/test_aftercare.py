"""The time of observation is kept: nobody leaves before it, but by a named word with a reason."""

import pytest

from state_machine.entries import Noted
from tests.world.scene import RADIOLOGIST, S, Scene, demo_with

pytestmark = pytest.mark.hazard("HZ-USE-ERROR")


def observing() -> Scene:
    """Aftercare has begun; observation takes a minute."""
    scene = Scene(loaded=demo_with(None, observation_ns=60 * S)).until_phase("aftercare", 400)
    return scene.hands_off().run(1)


def test_the_patient_stays_for_the_time_of_observation():
    scene = observing()
    (words,) = scene.do("aftercare-given")
    assert "observation is not over" in words
    assert 58 <= scene.procedure.last["observation_left_s"] <= 60
    scene.run(58)
    assert scene.do("aftercare-given") == () or scene.run(1).do("aftercare-given") == ()
    assert scene.phase == "closed"


def test_a_stop_in_aftercare_does_not_begin_the_time_anew():
    scene = observing().run(30)
    since_ns = scene.state.observed_ns
    assert scene.do("stop") == ()
    assert scene.do("resume") == ()
    assert scene.state.observed_ns == since_ns > 0


def test_the_radiologist_ends_it_early_by_name_with_a_reason():
    scene = observing()
    early = {"point": "observation", "reason": "goes back to the ward, observed there"}
    (words,) = scene.ask("reconfirm", **early)
    assert "only the performing radiologist" in words
    (words,) = scene.ask("reconfirm", RADIOLOGIST, point="observation")
    assert "say why" in words
    assert scene.ask("reconfirm", RADIOLOGIST, **early) == ()
    assert scene.do("aftercare-given") == ()
    noted = [dict(e.facts) for e in scene.entries(Noted) if e.topic == "reconfirmed"]
    assert noted == [early]


def test_a_restart_begins_the_observation_anew():
    again = observing().restarted().hands_off().run(15)
    assert again.phase == "recovery"
    assert again.state.observed_ns == 0
