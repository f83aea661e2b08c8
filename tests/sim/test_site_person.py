"""The person of a site: what they do when a script alone would stand there for ever."""

import pytest

from config.load import load_room
from drivers.registry import known_names
from sim.site.person import Person
from sim.technologist import Hand, Request

BOX = {"link": "up", "owned": True, "relay_closed": True, "stop_line": False}


@pytest.fixture
def person():
    return Person(load_room("demo", known_names()).profile)


def shown(phase, *, pressed=False, ways=None, tests=()):
    return {
        "phase": phase,
        "ways": ways or {},
        "hold": {"phase": "closed", "pressed": pressed},
        "devices": {"room": BOX},
        "line": {"tests": tests, "primed": True},
    }


def test_a_procedure_whose_end_died_with_the_controller_is_gone_on_with(person):
    person.finished = True
    person.look(shown("recovery") | {"console": {"required": False}, "alarms": []}, 1)
    assert not person.finished


def test_a_foot_that_is_still_on_the_switch_is_taken_off_before_anything_else(person):
    assert person.recovery(shown("recovery", pressed=True)) == [Hand("hold", False)]


def test_with_nothing_left_to_take_back_the_push_is_made_again(person):
    person.refusals.append("no pressure is shut in any more: was the stopcock opened? Push again")
    passed = [{"name": name, "passed": True} for name in ("first-drop", "stiffness")]
    *hands, asked = person.prime_or_mount(shown("prime-and-zero", tests=passed))
    assert isinstance(asked, Request)
    assert (asked.body["request"], asked.body["purpose"]) == ("tip-out", "stiffness")
    assert hands == [Hand("stopcock", "closed")]
    assert not person.refusals
