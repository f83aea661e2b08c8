"""The fault panel: each fault of the catalogue strikes a live room, or says why it cannot."""

import json
import random

import pytest

from sim import cli, fault
from sim.devices.room import SimulatedRoom
from sim.faults.table import FAULTS
from sim.serve.catalogue import BY_NAME, LIVE, NOT_LIVE, Panel, listed
from sim.serve.control import Control
from sim.serve.faults import MODBUS_FAULTS, PUMP_FAULTS, WireFaults

S = 10**9


class Wires(WireFaults):
    """Wires that count a touch as soon as a fault is set (bytes: test_serve_faults)."""

    def __init__(self):
        self.values = dict.fromkeys([*PUMP_FAULTS, *MODBUS_FAULTS], 0)

    def names(self):
        return list(self.values)

    def set(self, name, value, now_ns):
        self.values[name] += 1

    def counts(self):
        return dict(self.values)


class Rig:
    """A live room without wires, and its control port."""

    def __init__(self):
        self.room = SimulatedRoom(random.Random(1), relay_bypassed=True)
        self.now_ns = 0
        self.control = Control(self.room, Wires(), None, lambda _name: None)

    def ask(self, wish):
        self.now_ns += S // 100
        self.room.advance(self.now_ns)
        return self.control.answer(json.dumps(wish).encode(), self.now_ns)


def test_every_fault_of_the_catalogue_is_live_or_says_why_not():
    names = {row.name for row in FAULTS}
    assert set(BY_NAME) | set(NOT_LIVE) == names
    assert not set(BY_NAME) & set(NOT_LIVE)
    assert {one["name"] for one in listed()} == names


@pytest.mark.parametrize("row", LIVE, ids=lambda row: row.name)
def test_each_live_fault_is_taken_by_the_room_and_mended(row):
    rig = Rig()
    answer = rig.ask({"strike": row.name})
    assert [one["name"] for one in answer["struck"]] == [row.name]
    assert answer["struck"][0]["must"] == row.must
    assert rig.ask({"mend": row.name}) == {"struck": []}


AT_ONCE = (
    *("wire-corruption", "pump-wire-cut", "pump-mains-off", "pump-reset", "sensor-dead", "tear"),
    *("sensor-reset", "box-reset", "map-mismatch", "unit-reset", "pain", "emergency-stop"),
    *("door-opened", "sensor-out-of-range", "sensor-noisy"),
)


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_acts_at_once_is_seen_at_once(name):
    rig = Rig()
    rig.ask({"truth": True})
    rig.room.advance(2 * S)
    rig.now_ns = 2 * S
    rig.ask({"strike": name})
    (struck,) = rig.ask({"struck": True})["struck"]
    assert struck["acted"], struck


def test_what_touched_nothing_is_not_said_to_have_acted_and_once_seen_stays_seen():
    rig = Rig()
    assert not rig.ask({"strike": "hold-contact-stuck"})["struck"][0]["acted"]
    rig.ask({"set": {"hold": True}})
    assert rig.ask({"struck": True})["struck"][0]["acted"]
    rig.ask({"set": {"hold": False}})
    assert rig.ask({"struck": True})["struck"][0]["acted"]


def test_unknown_faults_and_faults_of_the_host_are_refused_in_words():
    rig = Rig()
    assert "there are: " in rig.ask({"strike": "moonshine"})["error"]
    assert "galactograph-sim failures" in rig.ask({"strike": "killed"})["error"]
    assert rig.ask({"struck": True})["struck"] == []


def test_a_panel_looks_only_while_something_struck():
    looked: list[int] = []

    def facts():
        looked.append(1)
        return {"torn": True}

    panel = Panel(lambda _name, _value: None, facts)
    assert panel.struck() == []
    assert looked == []
    panel.strike("tear")
    assert panel.struck()[0]["acted"]
    panel.mend("tear")
    assert panel.struck() == []


class Lines:
    """The command's end of a control port."""

    def __init__(self, rig):
        self.ask = rig.ask

    def close(self):
        """Nothing is open."""


@pytest.fixture
def command(monkeypatch, capsys):
    rig = Rig()
    monkeypatch.setattr(fault, "connect", lambda *_: Lines(rig))

    def run(*words):
        status = cli.main(["fault", *words, "--json"])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run


def test_the_command_lists_sets_shows_and_clears(command):
    assert len(command("list")[1]) == len(FAULTS)
    status, (struck,), _ = command("set", "sensor-dead", "--within", "1")
    assert (status, struck["name"], struck["acted"]) == (0, "sensor-dead", True)
    assert [one["name"] for one in command("show")[1]] == ["sensor-dead"]
    assert command("clear") == (0, [], "")


def test_the_command_fails_when_a_fault_is_not_seen_to_act_and_when_it_is_none(command):
    assert command("set", "relay-welded", "--within", "0")[0] == 0
    assert command("set", "pump-ignores-stop", "--within", "0.05")[0] == 1
    status, _, words = command("set", "moonshine")
    assert (status, "unknown" in words) == (1, True)
    assert command("set")[0] == 2
