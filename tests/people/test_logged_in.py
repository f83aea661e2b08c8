"""A whole procedure in a room with log-in: people come and go, each act is its person's."""

import dataclasses

import msgspec
import pytest

from sim.world import World
from state_machine.entries import Inputs, Noted, PhaseChanged, Refused
from state_machine.requests import Login
from tests.world.pins import PEOPLE, AtOnce, write_users
from tests.world.scene import RADIOLOGIST, TECHNOLOGIST, Scene, demo

pytestmark = pytest.mark.hazard("HZ-USE-ERROR", "HZ-RECORD")
PINS = {role.value: (name, pin) for name, _full, pin, role in PEOPLE}


def room(tmp_path, **changes):
    """The demo room, where people log in."""
    loaded = demo()
    profile = msgspec.structs.replace(loaded.profile, login_required=True, **changes)
    loaded = dataclasses.replace(loaded, profile=profile)
    checker = AtOnce(write_users(tmp_path / "users.json"))
    return Scene(loaded=loaded, world=World(loaded, 1, checker=checker))


class AtTheScreen:
    """Whoever asks something has logged in before: one screen, two people."""

    def __init__(self, scene):
        self._say = scene.procedure.say
        self.role = ""
        self.logins = 0
        scene.procedure.say = self

    def __call__(self, message):
        role = message.get("role", "")
        if role and role != self.role:
            name, pin = PINS[role]
            self._say({"k": "login", "user": name, "pin": pin})
            self.role = role
            self.logins += 1
        self._say(message)


def entries(scene, kind):
    return [e for e in scene.world.journal.entries if isinstance(e, kind)]


def test_a_whole_procedure_with_every_act_in_its_persons_name(tmp_path):
    scene = room(tmp_path)
    screen = AtTheScreen(scene)
    scene.until_closed()
    assert 59_000 < scene.truth["entered_nl"] < 60_100
    assert screen.logins >= 3, "the radiologist came, and the technologist came back"
    by = {e.by for e in entries(scene, PhaseChanged)} | {e.by for e in entries(scene, Noted)}
    assert by == {TECHNOLOGIST, RADIOLOGIST, ""}
    asked = [r for e in entries(scene, Inputs) for r in e.requests]
    assert sum(isinstance(r, Login) for r in asked) == screen.logins
    record = repr(scene.record)
    assert TECHNOLOGIST in record
    assert not any(pin in record for _name, pin in PINS.values())


def test_before_the_log_in_nothing_is_taken_and_after_a_wrong_pin_neither(tmp_path):
    scene = room(tmp_path).hands_off().run(1)
    assert "log in first" in scene.ask("daily-check")[0]
    scene.procedure.say({"k": "login", "user": "weber", "pin": "000000"})
    scene.run(1)
    assert "log in first" in scene.ask("daily-check")[0]
    assert {words for e in entries(scene, Refused) for words in e.words} >= {
        "user or PIN is wrong",
    }
    assert not scene.state.sessions
