"""The simulation's commands: wrong input is 2 and says what to do, a procedure not done is 1."""

import functools
import json
import socket
import subprocess
import sys

import pytest

from sim import assistant, cli
from sim.client import Gone, Lines, connect
from sim.processes import environment

PATIENCE_S = 30
NOBODY = ("--api", "nobody.sock", "--control", "127.0.0.1:1")


def call(capsys, *words):
    try:
        status = cli.main([str(word) for word in words])
    except SystemExit as left:
        status = int(left.code or 0)
    told = capsys.readouterr()
    return status, told.out, told.err


# --- wrong input --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["run", "1"], ["technologist", *NOBODY]], ids=lambda c: c[0])
def test_a_room_that_is_not_there_is_2(capsys, command):
    status, out, err = call(capsys, *command, "--room", "dem")
    assert (status, out) == (2, "")
    assert 'did you mean "demo"' in err


@pytest.mark.parametrize("command", [["run", "1"], ["technologist", *NOBODY], ["demo"]])
@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--views", "CC,XX", "'XX' is no view: give some of CC,ML,"),
        ("--views", "NONE", "'NONE' is no view"),
        ("--views", "", "'' is no view"),
        ("--volume-nl", "0", "give 1 to 1000000 nL"),
        ("--volume-nl", "-5", "give 1 to 1000000 nL"),
        ("--volume-nl", "1000001", "give 1 to 1000000 nL"),
        ("--volume-nl", "0.06", "give 1 to 1000000 nL"),
    ],
)
def test_an_order_that_cannot_be_is_2_before_anything_starts(capsys, command, option, text, words):
    status, out, err = call(capsys, *command, f"{option}={text}")
    assert (status, out) == (2, "")
    assert words in err


def test_a_folder_for_the_demo_that_cannot_be_made_is_2(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    status, out, err = call(capsys, "demo", "--out", tmp_path / "file" / "runs")
    assert (status, out) == (2, "")
    assert str(tmp_path / "file" / "runs") in err
    assert "--out" in err


# --- nobody answers -------------------------------------------------------------------------------


def test_a_controller_that_does_not_answer_is_1_with_words(monkeypatch, capsys):
    monkeypatch.setattr(assistant, "connect", functools.partial(connect, limit_s=0.0))
    status, out, _ = call(capsys, "technologist", *NOBODY)
    said = json.loads(out)
    assert (status, said["closed"], said["phases"]) == (1, False, [])
    assert said["problem"].startswith("the controller does not answer on nobody.sock")


def test_connecting_tries_until_somebody_listens(tmp_path):
    path = str(tmp_path / "late.sock")
    with pytest.raises(Gone, match="does not answer"):
        connect(path, "the controller", limit_s=0.0)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        connect(path, "the controller", PATIENCE_S).close()


@pytest.fixture
def listeners():
    """Where a controller and a simulated room would be."""
    with (
        socket.create_server(("127.0.0.1", 0)) as api,
        socket.create_server(("127.0.0.1", 0)) as room,
    ):
        for listener in (api, room):
            listener.settimeout(PATIENCE_S)
        yield api, room


def address(listener):
    return ":".join(map(str, listener.getsockname()))


def test_a_controller_that_dies_in_mid_procedure_is_1_with_words_and_the_phases_so_far(listeners):
    api, room = listeners
    command = [sys.executable, "-m", "sim.cli", "technologist", "--api", address(api)]
    with subprocess.Popen(
        [*command, "--control", address(room)], env=environment(), stdout=subprocess.PIPE
    ) as person:
        controller, hands = api.accept()[0], room.accept()[0]
        hands.sendall(json.dumps({"truth": {"spilled_nl": 0}}).encode() + b"\n")
        shown = {"k": "snapshot", "phase": "closed", "alarms": [], "hold": {"phase": "closed"}}
        shown |= {"console": {"required": False, "on": False}}
        controller.sendall(json.dumps(shown).encode() + b"\n")
        controller.settimeout(PATIENCE_S)
        assert json.loads(controller.recv(1_000))["event"] == "close"
        controller.close()
        out, _ = person.communicate(timeout=PATIENCE_S)
        hands.close()
    said = json.loads(out)
    assert (person.returncode, said["closed"], said["phases"]) == (1, False, ["closed"])
    assert said["problem"].startswith("the controller ")


def test_a_procedure_that_is_not_done_in_time_is_1_and_says_where_it_is(listeners, capsys):
    api, room = listeners
    where = ("--api", address(api), "--control", address(room))
    status, out, _ = call(capsys, "technologist", *where, "--limit-s", "0.0")
    said = json.loads(out)
    assert (status, said["problem"]) == (1, "not finished after 0 s, in nothing")


# --- lines ----------------------------------------------------------------------------------------


def test_half_a_line_waits_for_its_other_half_and_blank_lines_are_nothing():
    ours, theirs = socket.socketpair()
    lines = Lines(ours, "the controller")
    theirs.sendall(b'\n{"n": 1}\n\n{"n"')
    assert list(lines.hear()) == [{"n": 1}]
    theirs.sendall(b": 2}\n")
    assert list(lines.hear()) == [{"n": 2}]
    theirs.close()
    with pytest.raises(Gone, match="the controller hung up"):
        list(lines.hear())
    with pytest.raises(Gone, match="the controller is gone"):
        lines.say({"n": 3})
    lines.close()


# --- a virtual run --------------------------------------------------------------------------------


def test_a_virtual_procedure_as_json_is_one_object_with_its_fields(capsys):
    status, out, err = call(capsys, "run", "3", "--json")
    (line,) = out.splitlines()
    said = json.loads(line)
    assert (status, err) == (0, "")
    assert (said["seed"], said["outcome"]) == (3, "closed")
    fields = "seed digest outcome virtual_s wall_s delivered_nl ledger_low_nl ledger_high_nl"
    assert {*fields.split(), "extravasated_nl", "faults", "violations"} <= set(said)
