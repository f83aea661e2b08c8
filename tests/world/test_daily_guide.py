"""``galactograph daily-check``: the guide leads a person with hands through a whole check."""

import json
import socket
from typing import Any

import pytest

from controller import cli, daily
from controller.daily import Guide, talk
from sim.check import required
from sim.checker import Checker
from sim.procedure import Player
from sim.technologist import Deed, Hand, Request, Snapshot
from sim.world import World
from tests.world.scene import S, demo

pytestmark = pytest.mark.hazard("HZ-STOP-FAILS")


class Person(Checker):
    """Hands of the scripted person; the words come from what is typed to the guide."""

    def __init__(self, world: World, word: str = "y") -> None:
        super().__init__(world.room.state.profile)
        self.said: list[dict[str, Any]] = []
        syringe = world.room.state.profile.syringes[0].name
        self.guide = Guide("T. Jones", syringe, self.said.append)
        self._word = word
        self._answered = 0

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """Hands as always; begins and answers through the guide."""
        if self.guide.passed is not None:
            return []
        self.guide.hear(shown)
        deeds = super().look(shown, now_ns)
        hands = [deed for deed in deeds if isinstance(deed, Hand)]
        wants = [deed.body["request"] for deed in deeds if isinstance(deed, Request)]
        if "daily-check" in wants:
            return [*hands, Request(self.guide.begin())]
        typed = [Request(body) for body in self.guide.answer(self._word)] if wants else []
        return [*hands, *typed]

    def hear(self, reply: dict[str, Any]) -> None:
        """The guide learns what was refused."""
        self.guide.hear(reply)


def led(world: World, **person: Any) -> Person:
    """A check led by the guide."""
    who = Person(world, **person)
    Player(world, who)
    assert world.run_until(lambda: who.guide.passed is not None, 400 * S)
    return who


def test_the_guide_leads_through_to_the_end():
    world = World(required(demo()), 5)
    who = led(world)
    assert who.guide.passed is True
    assert world.room.state.checked.by == "T. Jones"
    rows = [said["row"] for said in who.said if "row" in said]
    assert rows == sorted(rows)  # a part that is over between two snapshots is not shown
    assert rows[-1] == 23
    asked = {said["question"] for said in who.said if "question" in said}
    assert asked == {"confirm-reclose", "tip-out", "sounder-heard"}
    assert who.said[-1]["words"] == "passed: arming is possible"


def test_the_guide_says_what_failed():
    world = World(required(demo()), 5)
    world.set_input("pump_ignores_silence", True)
    who = led(world)
    assert who.guide.passed is False
    assert "did not stop by itself" in who.said[-1]["words"]


def test_a_check_that_is_refused_at_once_ends_the_guide():
    said: list[dict[str, Any]] = []
    guide = Guide("T", "1 mL", said.append)
    guide.begin()
    reply = {"k": "reply", "request": "daily-check", "refusals": ["the box is not ready"]}
    guide.hear(reply)
    assert guide.passed is False
    assert said[-1]["words"] == "NOT PASSED: the box is not ready"


def test_only_a_yes_is_a_yes():
    guide = Guide("T", "1 mL", lambda _said: None)
    check = {
        "step": "power", "part": "on", "prompt": "p", "asks": "confirm-reclose", "row": 1,
        "rows": 2, "failed_step": "", "failed_words": "",
    }  # fmt: skip
    alarms = [{"name": "emergency-stop", "acknowledged": False}]
    guide.hear({"k": "snapshot", "daily_check": check, "alarms": alarms})
    assert guide.answer("what?\n") == []
    sent = guide.answer("y\n")
    assert [body["request"] for body in sent] == ["acknowledge", "confirm-reclose"]
    assert guide.answer("y\n") == []  # said once


def test_talk_carries_lines_and_ends_with_the_check():
    ours, theirs = socket.socketpair()
    quiet, other = socket.socketpair()
    step = {
        "step": "zero", "part": "before", "prompt": "p", "asks": "", "row": 2, "rows": 23,
        "failed_step": "", "failed_words": "",
    }  # fmt: skip
    said: list[dict[str, Any]] = []
    with ours, theirs, quiet, other, quiet.makefile("r") as typed:
        for check in (step, step | {"step": "", "failed_step": "zero/before"}):
            line = json.dumps({"k": "snapshot", "daily_check": check, "alarms": []})
            theirs.sendall(line.encode() + b"\n")
        assert talk(Guide("T", "1 mL", said.append), ours, typed) == daily.FAILED
        assert b'"request": "daily-check"' in theirs.recv(4_096)
    assert said[-1]["passed"] is False


def test_a_controller_that_goes_is_not_a_pass(capsys):
    ours, theirs = socket.socketpair()
    quiet, other = socket.socketpair()
    with ours, quiet, other, quiet.makefile("r") as typed:
        theirs.shutdown(socket.SHUT_WR)
        assert talk(Guide("T", "1 mL", lambda _said: None), ours, typed) == daily.FAILED
        theirs.close()
    assert "gone" in capsys.readouterr().err


def test_without_a_controller_it_is_said(tmp_path, capsys):
    status = cli.main(["daily-check", "--room", "demo", "--by", "T", "--state", str(tmp_path)])
    assert status == daily.WRONG
    assert "start it with galactograph run" in capsys.readouterr().err
