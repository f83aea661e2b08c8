"""Page frozen with the pedal down.

The room requires a console, and its page freezes (a hung browser, a stopped screen) while a
foot is on the pedal: nobody sees alarms or volumes any more, and the switch is still held.

Must happen: a page proves its view by beats that echo the newest snapshot it has drawn. When
none came from the last 400 ms (200 ms while exposing) the hold closes, the pump stops, the
beam ends; arming is refused until the screen lives again and a person arms anew. Beats that
come late from a queue echo old snapshots and prove nothing. A room without a console is as
before.

Judge: the plunger and the beam, with the pedal down all the time.
"""

import dataclasses

import msgspec
import pytest

from config.load import LoadedRoom
from sim.site.site import Site, now_ns
from sim.technologist import Order
from tests.scenarios.hands import SOON_NS, covered, standing
from tests.world.scene import PLUNGER_STOP_MOST_MS, Scene, beam_on, demo, nothing_moves

INJECT_MS, EXPOSE_MS = 400, 200


def with_console() -> LoadedRoom:
    """The demo room, where a console is required."""
    loaded = demo()
    profile = msgspec.structs.replace(loaded.profile, console_required=True)
    return dataclasses.replace(loaded, profile=profile)


def refused_to_arm(scene: Scene) -> bool:
    return any("screen is not live" in words for words in scene.do("arm"))


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-USE-ERROR")
def test_the_page_freezes_while_contrast_flows():
    scene = Scene(loaded=with_console()).until_injected(20_000).hands_off()
    scene.run(2)
    assert scene.moving, "a live page is no reason to stop"
    scene.who.page_frozen = True
    # the newest beat echoes a snapshot of up to 100 ms ago
    assert INJECT_MS - 120 <= scene.stop_span_ms() <= INJECT_MS + PLUNGER_STOP_MOST_MS
    assert scene.readings.room.hold_pressed
    with nothing_moves(scene):
        scene.run(3)
        assert "screen is not live" in scene.why
        assert scene.phase == "arm"
        assert refused_to_arm(scene)
        scene.hand("hold", False).run(0.5).hand("hold", True).run(1)
        scene.who.page_frozen = False
        scene.run(2)  # alive again: nothing goes on by itself
    scene.hand("hold", False).hands_on().until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-EXPOSURE")
def test_the_page_freezes_while_exposing():
    scene = Scene(Order(views=("CC_DBT",)), with_console()).until(beam_on, 200).hands_off()
    scene.run(0.5)
    assert beam_on(scene)
    scene.who.page_frozen = True
    began_ns = scene.world.now_ns()
    scene.until(lambda _: not beam_on(scene), 1)
    assert scene.world.now_ns() - began_ns <= (EXPOSE_MS + 100) * 1_000_000
    assert "screen is not live" in scene.why


@pytest.mark.hazard("HZ-STALE-DATA")
def test_beats_from_a_queue_prove_nothing():
    scene = Scene(loaded=with_console()).until_injected(20_000).hands_off()
    scene.who.page_frozen = True
    kept_ms, beat = scene.procedure.last["t_ms"], scene.state.screen.beat_count
    scene.run(1)
    assert not scene.moving
    assert "another connection" in scene.ask("view", beat=beat + 1, t_ms=kept_ms)[0]

    def beats(beat: int, t_ms: int) -> bool:
        """Over the console's own connection; True when the beat was taken."""
        who = {"request": "view", "by": "T. Weber", "role": "technologist"}
        scene.procedure.say(who | {"beat": beat, "t_ms": t_ms})
        scene.run(0.1)
        return scene.state.screen.beat_count == beat

    for late in range(5):  # what was drawn before the page froze comes now
        assert beats(beat + 1 + late, kept_ms + late)
        assert refused_to_arm(scene)
    assert not beats(beat, kept_ms)  # repeated
    assert not beats(beat + 100, scene.world.now_ns() // 1_000_000 + 5_000)  # not drawn yet


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-USE-ERROR")
def test_the_consoles_connection_ends_while_contrast_flows():
    """Nothing waits for the view to grow old: the end of the connection is an input."""
    scene = Scene(loaded=with_console()).until_injected(20_000).hands_off()
    scene.run(0.5)
    assert scene.moving
    scene.procedure.hang_up()
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    assert "connection ended" in scene.why
    assert scene.readings.room.hold_pressed
    assert refused_to_arm(scene)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_without_its_console_the_room_arms_nothing():
    scene = Scene(loaded=with_console())
    scene.who.page_frozen = True
    scene.until_phase("prime-and-zero").until(lambda s: s.state.line.zeroed).hands_off().run(2)
    with nothing_moves(scene):
        assert "the console's screen is not live: look at it" in scene.ask(
            "tip-out", purpose="prime"
        )
        scene.hand("hold", True).run(1)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_console_that_declared_itself_is_needed_until_it_is_withdrawn():
    scene = Scene().until_phase("arm").hands_off()
    assert scene.ask("console") == ()
    assert refused_to_arm(scene)
    assert scene.ask("console", on=False) == ()
    assert not refused_to_arm(scene)


@pytest.mark.long
@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.hazard("HZ-STALE-DATA", "HZ-USE-ERROR")
def test_a_page_that_freezes_on_a_real_socket(site: Site):
    text = site.room_file.read_text().replace("[pump]", "console_required = true\n\n[pump]", 1)
    site.room_file.write_text(text)
    site.controller()
    site.inject()
    frozen_ns = now_ns()  # nobody looks any more, so no beat is sent
    truth = site.watch(standing, 5)
    assert truth["now_ns"] - frozen_ns < INJECT_MS * 1_000_000 + SOON_NS
    shown = site.until(lambda shown: shown["hold"]["phase"] == "closed")
    assert shown["hold"]["pressed"]
    stood = site.truth()
    site.let_pass(1)  # looked at, and said nothing
    assert site.truth()["plunger_nl"] == stood["plunger_nl"]
    assert covered(site)
