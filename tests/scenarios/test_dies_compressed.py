"""Controller dies with the breast compressed.

The exposure is armed, the breast compressed, and the controller's process is gone.

Must happen: X-ray enable falls with the box's watchdog, the paddle does not come down any
further, and the unit lets go by itself after its release delay. The next controller reads
paddle and exposure counter before it offers anything, and may release at once, also before a
person has confirmed what they see. The unit's own release always works.

Judge: the force on the breast and the exposure counter.
"""

import pytest

from sim.site.site import Site
from tests.scenarios.hands import to_make_images
from tests.world.scene import MS, S, Scene

RELEASE_MOST_S = 15
"""Watchdog of the unit, its release delay, and the way up."""


@pytest.mark.hazard("HZ-COMPRESSION", "HZ-EXPOSURE")
def test_the_controller_dies_with_the_breast_compressed():
    scene = Scene().until_phase("exposure-armed")
    force_mn = scene.truth["force_mn"]
    assert force_mn > 30_000
    scene.world.freeze(2 * S)
    assert not scene.truth["xray_enabled"]
    assert scene.truth["force_mn"] == force_mn
    scene.world.freeze(RELEASE_MOST_S * S)
    assert scene.truth["force_mn"] == 0
    assert scene.truth["exposure_count"] == 0


@pytest.mark.hazard("HZ-COMPRESSION")
def test_the_next_controller_may_release_at_once():
    scene = Scene().until_phase("exposure").hands_off()
    scene.world.freeze(200 * MS)
    second = scene.restarted().hands_off().run(2)
    assert second.phase == "recovery"
    assert second.readings.mammograph.paddle.name == "HOLDING"  # read before anything is offered
    assert second.truth["force_mn"] > 30_000
    assert second.ask("release-paddle") == ()
    second.run(2)
    assert second.truth["force_mn"] == 0


@pytest.mark.hazard("HZ-COMPRESSION")
def test_the_units_own_release_needs_no_controller():
    scene = Scene().until_phase("exposure").hands_off()
    scene.world.freeze(100 * MS)
    scene.hand("unit_release", True)
    scene.world.freeze(2 * S)
    assert scene.truth["force_mn"] == 0


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-LOST-COUNT")
def test_an_exposure_that_ended_without_a_controller_is_counted_by_the_next():
    scene = Scene().until(lambda s: bool(s.truth["beam_on"]), 200).hands_off()
    scene.world.freeze(3 * S)
    assert not scene.truth["beam_on"]
    given = scene.truth["exposure_count"]
    assert given == 1  # what was given is counted, whole or not
    second = scene.restarted().hands_off().run(2)
    assert second.phase == "recovery"
    assert second.readings.mammograph.exposure_count == given


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-COMPRESSION", "HZ-EXPOSURE")
def test_a_controller_killed_with_the_breast_really_compressed(site: Site):
    to_make_images(site)
    controller = site.controller()
    site.until(lambda shown: shown["phase"] == "exposure", 150, act=True)
    force_mn = site.truth()["force_mn"]
    assert force_mn > 30_000
    controller.kill()
    controller.wait()
    site.leave()
    site.watch(lambda truth: not truth["xray_enabled"], 5)
    assert site.truth()["force_mn"] <= force_mn, "no further descent"
    truth = site.watch(lambda truth: truth["force_mn"] == 0, RELEASE_MOST_S + 5)
    assert truth["exposure_count"] == 0
    site.controller()
    shown = site.until(lambda shown: shown["devices"]["mammograph"]["link"] == "up")
    assert shown["phase"] == "recovery"
