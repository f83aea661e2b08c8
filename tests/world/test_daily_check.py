"""The daily check in a whole room: passed by a person, and each fault fails its own part."""

from typing import Any

import pytest

from sim.check import required, run_check
from sim.checker import Checker
from sim.procedure import Player
from sim.world import World
from state_machine import daily_check
from state_machine.entries import DailyCheck
from state_machine.readings import TripCause
from tests.world.scene import MS, S, Scene, demo, demo_with

pytestmark = pytest.mark.hazard("HZ-STOP-FAILS")


@pytest.fixture(autouse=True)
def quick_people(monkeypatch):
    """Nobody is waited for longer than the scripted person needs."""
    monkeypatch.setattr(daily_check, "PERSON_NS", 20 * S)


def world(**limits: int) -> World:
    """A room in which arming needs the check."""
    return World(required(demo_with(None, **limits)), 3)


def checked(room: World, **person: Any) -> tuple[DailyCheck, ...]:
    """What the record says of one check by the scripted person."""
    return run_check(room, Checker(room.room.state.profile, **person))


def failed(found: tuple[DailyCheck, ...]) -> str:
    """Part that failed; the whole must have failed with it, and nothing come after."""
    *parts, last, whole = found
    assert all(part.passed for part in parts)
    assert (whole.step, whole.passed, last.passed) == ("whole", False, False)
    assert whole.words == last.words != ""
    return f"{last.step}/{last.part}"


def test_a_sound_room_passes_part_by_part_with_measured_times():
    room = world()
    found = checked(room)
    assert all(entry.passed for entry in found)
    assert found[-1].step == "whole"
    measured = {f"{e.step}/{e.part}": e.measured for e in found if e.measure}
    assert 700 <= measured["safe-mode/silence"] <= 1_100
    assert 200 <= measured["box-watchdog/watchdog"] <= 400
    assert measured["relay/open"] <= 1_000  # at once: the pump has not run since its power closed
    assert all(e.measured <= e.bound for e in found if e.measure)
    state, box = room.room.state, room.room.readings.room
    assert state.check is None
    assert state.checked.passed_ns > 0
    assert (box.relay_closed, box.stop_line, box.trip_cause) == (True, False, TripCause.NONE)
    assert not state.alarms
    assert int(room.devices.truth()["plunger_nl"]) < 10_000  # two drops, each cut short


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("sensor_offset_pa", 4_000, "zero/before"),
        ("contact_stuck", "hold_no", "hold-switch/press"),
        ("contact_stuck", "hold_nc", "hold-switch/press"),
        ("hold", True, "hold-switch/open"),
        ("contact_stuck", "pain", "pain-button/press"),
        ("pain", True, "pain-button/open"),
        ("contact_stuck", "motor_pin", "safe-mode/motion"),
        ("pump_ignores_silence", True, "safe-mode/silence"),
        ("pump_ignores_ttl", True, "box-watchdog/watchdog"),
        ("pump_trigger", "inverted", "box-watchdog/watchdog"),
        ("pump_trigger", "starts", "box-watchdog/watchdog"),
        ("box_ignores_silence", True, "box-watchdog/watchdog"),
        ("relay_welded", True, "box-watchdog/power"),
        ("contact_stuck", "emergency_stop", "emergency-stop/press"),
    ],
)
def test_each_fault_fails_its_own_part(name, value, part):
    room = world()
    room.set_input(name, value)
    assert failed(checked(room)) == part
    assert room.room.state.checked.passed_ns == 0
    room.run_until(lambda: False, 3 * S)
    assert not room.room.targets.room.pump_permit  # only a person gives it again
    assert not room.devices.pump.model.motor_on
    assert int(room.devices.truth()["plunger_nl"]) <= 10_000


def test_a_sounder_that_nobody_hears_is_not_passed():
    assert failed(checked(world(), hears=False)) == "sounder/heard"


def test_who_lets_go_in_the_silence_stops_the_pump_and_has_not_passed():
    room = world()
    person = Checker(room.room.state.profile)

    def let_go() -> bool:
        check = room.room.state.check
        if check is None or room.room.targets.pump.silent is False:
            return person.under_way and check is None
        room.set_input("hold", False)
        return False

    player = Player(room, person)
    assert room.run_until(let_go, 200 * S)
    assert not room.devices.pump.model.motor_on
    assert player.last["daily_check"]["valid"] is False
    assert room.room.state.checked.step == "safe-mode/silence"


@pytest.mark.hazard("HZ-OVERPRESSURE")
def test_a_blocked_line_ends_the_silence_at_once():
    """Danger in the silence: the pump is told to stop, whatever the check wanted."""
    room = world()
    person = Checker(room.room.state.profile)
    silent_ns: list[int] = []

    def look() -> bool:
        if room.room.targets.pump.silent and not silent_ns:
            silent_ns.append(room.now_ns())
            room.set_input("sensor_offset_pa", 150_000)
        return person.under_way and room.room.state.check is None

    Player(room, person)
    assert room.run_until(look, 200 * S)
    assert "over its limit" in room.room.state.checked.words
    room.run_until(lambda: not room.devices.pump.model.motor_on, S)
    assert room.now_ns() - silent_ns[0] < 300 * MS


def _refused_at_set_up(scene: Scene) -> bool:
    """The script comes as far as set-up; what is missing there is the check."""
    scene.until_phase("set-up").run(15)
    waits = scene.procedure.last["ways"]["set-up"]
    assert scene.phase == "set-up" or "arm" in scene.procedure.phases
    return any("daily check" in words for words in waits)


def procedure_in(room: World) -> Scene:
    """A procedure in this room."""
    return Scene(world=room)


def test_without_a_check_nothing_is_armed():
    scene = Scene(loaded=required(demo()))
    assert _refused_at_set_up(scene)


def test_after_a_check_a_procedure_goes_through():
    room = world()
    checked(room)
    scene = procedure_in(room)
    scene.until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100


def test_a_check_that_is_too_old_counts_no_more():
    room = world(daily_check_life_ns=60 * S)
    checked(room)
    room.run_until(lambda: False, 61 * S)
    assert _refused_at_set_up(procedure_in(room))


def test_a_check_that_expires_in_a_procedure_refuses_arming():
    room = world(daily_check_life_ns=60 * S)
    checked(room)
    scene = procedure_in(room).until_phase("cannulate").hands_off()
    scene.run(61).hands_on().until_phase("arm").run(3)
    assert scene.phase == "arm"
    assert any("daily check" in words for words in scene.procedure.last["ways"]["arm"])


def test_a_failed_check_undoes_the_one_before():
    room = world()
    checked(room)
    room.set_input("contact_stuck", "pain")
    checked(room)
    assert _refused_at_set_up(procedure_in(room))


def test_a_restarted_controller_keeps_it_a_restarted_machine_does_not():
    room = world()
    checked(room)
    loaded = required(demo())
    again = World(loaded, 3, before=room)
    assert again.room.state.checked.passed_ns == room.room.state.checked.passed_ns > 0
    assert World(loaded, 3, before=room, boot_id="boot-2").room.state.checked.passed_ns == 0
    assert World(loaded, 3, before=room, boot_id="").room.state.checked.passed_ns == 0


def test_a_controller_that_dies_in_the_check_has_none():
    room = world()
    checked(room)
    person = Checker(room.room.state.profile)
    Player(room, person)
    room.run_until(lambda: room.room.state.check is not None, 30 * S)
    room.run_until(lambda: False, S)
    again = World(required(demo()), 3, before=room)
    assert again.room.state.check is None
    assert again.room.state.checked.passed_ns == 0


def test_nothing_is_opened_while_the_check_is_under_way():
    room = world()
    person = Checker(room.room.state.profile)
    player = Player(room, person)
    room.run_until(lambda: room.room.state.check is not None, 30 * S)
    room.run_until(lambda: bool(player.last["daily_check"]["step"]), S)
    assert any("daily check" in words for words in player.last["ways"]["open"])


def test_a_waived_check_is_shown_as_a_deviation():
    assert any("daily check is waived" in words for words in demo().deviations)
    assert not any("daily check" in words for words in Scene().run(1).procedure.last["waits_for"])
    shown = Scene().run(1).procedure.last["daily_check"]
    assert (shown["rule"], shown["valid"]) == ("waived", True)
