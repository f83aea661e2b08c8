"""The checker of PINs: beside the loop, bounded, and silent about what it was given."""

import select

import pytest

from controller.messages import LoginAsk
from controller.people import pins
from controller.people.checker import WAITING_MOST_COUNT, WRONG, PinChecker
from controller.people.tries import FREE_COUNT
from controller.people.users import User, change
from state_machine.requests import Role
from state_machine.units import NS_PER_S

PIN = "2468-13"
PATIENCE_S = 30
NOW_NS = 1_000 * NS_PER_S
HASH = pins.hashed(PIN)


@pytest.fixture
def checker(tmp_path):
    path = tmp_path / "users.json"
    with change(path) as users:
        users += [
            User("jones", "T. Jones", (Role.TECHNOLOGIST,), HASH),
            User("ward", "Dr Ward", (Role.RADIOLOGIST, Role.QA), HASH),
            User("left", "Who Left", (Role.QA,), HASH, disabled=True),
        ]
    made = PinChecker(path)
    yield made
    made.close()


def answer(checker, user="jones", pin=PIN, role="", now_ns=NOW_NS):
    assert checker.ask(7, LoginAsk(user, pin, role, 3), now_ns) is None
    (port,) = checker.ports()
    found = ()
    while not found:
        assert select.select([port.fileno()], [], [], PATIENCE_S)[0], "no verdict"
        found = checker.verdicts()
    (verdict,) = found
    assert (verdict.connection, verdict.number) == (7, 3)
    assert PIN not in repr(verdict)
    return verdict


def test_the_right_pin_names_the_person_and_wakes_the_loop(checker):
    verdict = answer(checker)
    assert (verdict.by, verdict.role, verdict.refused) == ("T. Jones", Role.TECHNOLOGIST, "")


@pytest.mark.parametrize(
    ("user", "pin", "by"),
    [("jones", "97531-24", "T. Jones"), ("nobody", PIN, ""), ("left", PIN, "Who Left")],
)
def test_a_wrong_one_tells_nobody_which_of_the_two_is_wrong(checker, user, pin, by):
    verdict = answer(checker, user, pin)
    assert (verdict.refused, verdict.by) == (WRONG, by)


def test_who_has_several_roles_says_in_which(checker):
    assert "say in which role: radiologist, qa" in answer(checker, "ward").refused
    assert answer(checker, "ward", role="qa").role is Role.QA
    assert "say in which role" in answer(checker, "ward", role="technologist").refused
    assert "say in which role" in answer(checker, role="radiologist").refused


@pytest.mark.hazard("HZ-USE-ERROR")
def test_after_some_wrong_pins_even_the_right_one_waits(checker):
    for _ in range(FREE_COUNT):
        last = answer(checker, pin="97531-24")
    assert last.refused == f"{WRONG}: wait 30 s"
    assert "wait 10 s" in answer(checker, now_ns=NOW_NS + 20 * NS_PER_S).refused
    assert answer(checker, "ward", role="qa").refused == "", "another person is not kept waiting"
    assert answer(checker, now_ns=NOW_NS + 30 * NS_PER_S).refused == ""


def test_a_file_that_cannot_be_used_lets_nobody_in(checker, tmp_path):
    (tmp_path / "users.json").chmod(0o644)
    verdict = answer(checker)
    assert "mode 0600" in verdict.refused


def test_more_than_a_few_at_once_are_sent_away(checker):
    full = [checker.ask(n, LoginAsk("jones", PIN), NOW_NS) for n in range(WAITING_MOST_COUNT + 20)]
    refused = [verdict for verdict in full if verdict is not None]
    assert refused
    assert "too many log-ins" in refused[0].refused


def test_a_pin_is_in_no_repr():
    assert PIN not in repr(LoginAsk("jones", PIN))
