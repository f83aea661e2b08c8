# mypy: disable-error-code="union-attr"
"""Users file, PINs, tries and the command: what is refused, and what never leaks."""

import argparse
import contextlib
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.people import command, pins, users
from controller.people.tries import FIRST_DELAY_NS, FREE_COUNT, MOST_DELAY_NS, Tries
from state_machine.requests import Role

PIN = "2468-13"
CHEAP = pins.hashed(PIN)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "users.json"


@pytest.fixture
def say(path, capsys):
    """The command, with PINs as typed."""

    def run(*words, typed=(PIN, PIN)):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        answers = list(typed)
        args = parser.parse_args([*words, "--state", str(path.parent)])
        status = command.run(args, path.parent, ask=lambda _: answers.pop(0))
        said = capsys.readouterr()
        assert PIN not in said.out + said.err
        return status, said.out, said.err

    return run


def add(say, name="jones", full="T. Jones", role="technologist", **more):
    return say("add", name, "--full-name", full, "--role", role, **more)


# --- PINs ---------------------------------------------------------------------------------------


def test_a_pin_is_known_again_by_its_argon2id_hash_alone():
    assert CHEAP.startswith("$argon2id$")
    assert PIN not in CHEAP
    assert pins.right(PIN, CHEAP)
    assert not pins.right(PIN + "0", CHEAP)
    assert pins.hashed(PIN) != CHEAP, "each has a salt of its own"


@pytest.mark.parametrize("kept", [pins.NOBODY, "", "plain", "$argon2id$v=19$m=8$x"])
def test_a_hash_that_is_nobodys_is_never_right(kept):
    assert not pins.right(PIN, kept)


@pytest.mark.parametrize(
    "pin", ["", "12345", "111111", "121212", "123456", "987654", " 24681", "a\nb2468", "jones77"]
)  # fmt: skip
def test_weak_pins_are_refused_in_words(pin):
    assert pins.weak(pin, "jones")


def test_a_good_pin_is_not():
    assert pins.weak(PIN, "jones") == ""


# --- tries --------------------------------------------------------------------------------------


def test_wrong_tries_bring_a_delay_that_doubles_up_to_an_hour_and_a_right_one_forgets():
    tries, now_ns, delays = Tries(), 1, []
    for _ in range(FREE_COUNT + 12):
        assert tries.wait_ns("jones", now_ns) == 0
        delays.append(tries.wrong("jones", now_ns))
        assert tries.wait_ns("jones", now_ns) == delays[-1]
        now_ns += delays[-1]
    assert delays[: FREE_COUNT - 1] == [0] * (FREE_COUNT - 1)
    assert delays[FREE_COUNT - 1 : FREE_COUNT + 2] == [FIRST_DELAY_NS * n for n in (1, 2, 4)]
    assert delays[-1] == MOST_DELAY_NS
    assert tries.wait_ns("ward", now_ns) == 0
    tries.right("jones")
    assert tries.wrong("jones", now_ns) == 0


# --- the file -----------------------------------------------------------------------------------


def test_a_user_is_added_for_the_owners_eyes_alone(say, path):
    assert add(say)[0] == command.OK
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (user,) = users.read(path)
    assert (user.name, user.full_name, user.roles) == ("jones", "T. Jones", (Role.TECHNOLOGIST,))
    assert pins.right(PIN, user.pin_hash)
    assert user.pin_hash not in repr(user)
    assert sorted(p.name for p in path.parent.iterdir()) == ["users.json", "users.json.lock"]


def test_a_life_of_a_user(say, path):
    add(say)
    add(say, "ward", "Dr Ward", "physician")
    assert say("role", "jones", "technologist", "qa")[0] == command.OK
    assert users.find(users.read(path), "jones").roles == (Role.TECHNOLOGIST, Role.QA)
    assert users.find(users.read(path), "ward").roles == (Role.RADIOLOGIST,)
    assert say("pin", "jones", typed=("97531-24", "97531-24"))[0] == command.OK
    assert pins.right("97531-24", users.find(users.read(path), "jones").pin_hash)
    assert say("disable", "jones")[0] == command.OK
    shown = [json.loads(line) for line in say("list", "--json")[1].splitlines()]
    assert [(u["name"], u["disabled"]) for u in shown] == [("jones", True), ("ward", False)]
    assert "$argon2" not in str(shown)
    assert say("enable", "jones")[0] == command.OK
    assert "(disabled)" not in say("list")[1]


def test_an_empty_list_says_how_to_begin(say):
    status, out, _ = say("list")
    assert (status, "galactograph user add" in out) == (command.OK, True)


@pytest.mark.parametrize(
    ("words", "typed", "why"),
    [
        (("add", "jones", "--full-name", "Other", "--role", "qa"), (PIN, PIN), "has that name"),
        (("add", "other", "--full-name", "t. jones", "--role", "qa"), (PIN, PIN), "has that name"),
        (("add", "Bad Name", "--full-name", "B", "--role", "qa"), (PIN, PIN), "name: "),
        (("add", "b2", "--full-name", "B\t", "--role", "qa"), (PIN, PIN), "printable"),
        (("add", "b2", "--full-name", "B", "--role", "qa"), (PIN, "other"), "not the same"),
        (("add", "b2", "--full-name", "B", "--role", "qa"), ("1234", "1234"), "refused"),
        (("role", "nobody", "qa"), (), "no user nobody"),
        (("disable", "nobody"), (), "no user nobody"),
    ],
)
def test_what_is_refused_changes_nothing(say, path, words, typed, why):
    add(say)
    before = path.read_bytes()
    status, _, error = say(*words, typed=typed)
    assert (status, why in error) == (command.FAILED, True), error
    assert path.read_bytes() == before


def test_a_pin_may_come_from_standard_input(path, monkeypatch, tmp_path):
    line = tmp_path / "pin"
    line.write_text(PIN + "\n")
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with line.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        args = parser.parse_args(
            ["add", "kim", "--full-name", "Kim", "--role", "qa", "--pin-stdin"]
        )
        assert command.run(args, path.parent) == command.OK
    assert pins.right(PIN, users.find(users.read(path), "kim").pin_hash)


def test_a_file_that_others_may_read_is_refused(say, path):
    add(say)
    path.chmod(0o640)
    with pytest.raises(users.UsersError, match="mode 0600"):
        users.read(path)
    assert say("list")[0] == command.WRONG


def test_a_link_in_its_place_is_refused(say, path, tmp_path):
    add(say)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(users.UsersError):
        users.read(path)


def test_a_write_that_fails_leaves_the_old_file(say, path, monkeypatch):
    add(say)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, error = add(say, "ward", "Dr Ward", "physician")
    assert (status, "No space left" in error) == (command.WRONG, True)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.new"))


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_whatever_the_file_holds_only_the_declared_error_escapes(data):
    with contextlib.suppress(users.UsersError):
        users.parse(Path("users.json"), data)
