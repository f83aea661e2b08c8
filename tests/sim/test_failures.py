"""The table of failures is whole, and its judges can fail."""

import json

import pytest

from sim.cli import main
from sim.devices.room_inputs import INPUTS
from sim.failures import judge, results
from sim.failures.judge import Stop
from sim.failures.table import ANY, BY_NAME, FAILURES, NEVER_MOVES, STAYS_UP, WATCHDOG
from sim.site.record import Record
from state_machine.alarms import ALARM_BY_NAME
from state_machine.entries import LedgerChanged

BEFORE = {"plunger_nl": 1_000, "entered_nl": 0}


class FakeSite:
    """Events, a truth and what was so when the cannula went in."""

    inserted = {"plunger_nl": 0, "entered_nl": 0}

    def __init__(self, events=(), **truth):
        self._events = list(events)
        self._truth = {"trip_cause": 0} | truth

    def events(self, since_ns):
        return [event for event in self._events if event[0] >= since_ns]

    def truth(self):
        return self._truth


class FakeRecord(Record):
    """A record that says one thing about volume."""

    def __init__(self, low_nl, high_nl, intent_nl):
        self._book = LedgerChanged(1, 1, 1, low_nl, high_nl, intent_nl, low_nl, high_nl)

    def more(self):
        return self

    def ledger(self):
        return self._book


def test_names_are_different_and_alarms_exist():
    assert len(BY_NAME) == len(FAILURES)
    for row in FAILURES:
        assert set(row.alarms) <= set(ALARM_BY_NAME)
        stops = row.layers not in ((), (NEVER_MOVES,), (STAYS_UP,))
        assert bool(row.most_ms) == stops, row.name
        assert row.strikes != ANY or row.restarts


@pytest.mark.parametrize(
    ("value", "cause", "layer"),
    [
        ("command", 0, "software"),
        ("pin", 2, "watchdog"),
        ("pin", 3, "permit"),
        ("pin", 5, "pin 5"),
        ("power", 5, "power"),
        ("volume", 0, "checkpoint"),
        ("safe-mode", 0, "safe-mode"),
    ],
)
def test_the_layer_is_what_stopped_the_motor_and_why_the_box_had_tripped(value, cause, layer):
    events = [(90, "motor-off", "keypad", 0), (2_000_100, "motor-off", value, 1_300)]
    site = FakeSite(events, trip_cause=cause)
    assert judge.stop_of(site, 100, BEFORE) == Stop(2.0, 300, layer, 2_000_100)


def test_no_standstill_a_wrong_layer_and_a_late_stop_are_found():
    row = BY_NAME["controller-frozen"]
    assert row.layers == (WATCHDOG,)
    assert judge.stopped_well(row, Stop(row.most_ms, 0, WATCHDOG, 0)) == []
    assert judge.stopped_well(row, None) == [
        "the plunger still moves; watchdog should have stopped it"
    ]
    assert judge.stopped_well(row, Stop(10, 0, "permit", 0)) == [
        "stopped by permit, not by watchdog"
    ]
    (words,) = judge.stopped_well(row, Stop(row.most_ms + 1, 0, WATCHDOG, 0))
    assert f"accepted {row.most_ms} ms" in words


def test_a_stop_by_software_proves_nothing_of_the_layer_below():
    row, stop = BY_NAME["controller-frozen"], Stop(10, 0, "software", 0)
    assert judge.stopped_well(row, stop) == []
    assert judge.forestalled(row, stop) == ["stopped by software before the failure could tell"]
    assert judge.forestalled(BY_NAME["tcp-cut"], stop) == []
    assert judge.forestalled(row, Stop(10, 0, WATCHDOG, 0)) == []


def test_starting_again_is_counted():
    site = FakeSite(
        [(5, "motor-on", True, 0), (9, "motor-off", "pin", 0), (12, "motor-on", True, 0)]
    )
    assert judge.motions(site, 9) == 1
    assert judge.motions(site, 4) == 2


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-OVERVOLUME")
@pytest.mark.parametrize(
    ("plunger_nl", "entered_nl", "proven", "found"),
    [
        (900, 900, True, 0),
        (1_000, 1_000, True, 0),
        (1_001, 1_000, True, 1),  # above high
        (1_500, 1_500, False, 0),  # below the intent, which counts while nothing is heard
        (1_501, 1_500, False, 1),
        (1_000, 1_101, True, 1),  # more entered than the line's tail explains
        (799, 700, True, 1),  # low claims more than was given
    ],
)
def test_the_ledger_must_bracket_the_truth(plunger_nl, entered_nl, proven, found):
    truth = {"plunger_nl": plunger_nl, "entered_nl": entered_nl}
    book = FakeRecord(800, 1_000, 1_500)
    assert len(judge.volume(FakeSite(), book, truth, proven)) == found


def test_a_missing_alarm_is_named():
    assert judge.missing(("pump-lost",), ["pump-lost", "record"]) == []
    assert judge.missing(("pump-lost",), ["record"]) == ["no alarm pump-lost; raised: record"]


# --- the command ------------------------------------------------------------------------------


def line(row="tcp-cut", seed=1, commit="abc", **more):
    figures = {"stopped_ms": 20.0, "plunger_ul": 0.03, "layer": "software", "nuisance_stops": 0}
    whole = {"row": row, "seed": seed, "verdict": "good", "reasons": [], "on": {"commit": commit}}
    return whole | figures | more


def test_what_a_file_holds_of_this_commit_is_not_played_again(tmp_path):
    out = tmp_path / "lines.jsonl"
    out.write_text("".join(json.dumps(r) + "\n" for r in (line(), line(seed=2, commit="old"))))
    assert list(results.kept(out, "abc")) == [("tcp-cut", 1)]
    assert results.kept(out, "abc+") == {}, "changed since: every run counts for itself"
    assert results.kept(None, "abc") == {}


def test_the_table_counts_verdicts_and_says_why():
    bad = line(seed=2, verdict="unsafe", reasons=["no alarm line-lost; raised: none"])
    shown = list(results.table([line(), bad]))
    assert shown[1].split() == [
        "tcp-cut",
        "2",
        "1",
        "0",
        "1",
        "20",
        "20",
        "20",
        "0.03",
        "0",
        "software",
    ]
    assert shown[2:] == ["tcp-cut seed 2: unsafe", "    no alarm line-lost; raised: none"]


def test_an_unsafe_line_in_the_file_fails_the_command(tmp_path, monkeypatch, capsys):
    out = tmp_path / "lines.jsonl"
    monkeypatch.setattr("sim.failures.command.machine", lambda: {"commit": "abc"})
    for verdict, status in (("good", 0), ("stuck", 0), ("unsafe", 1)):
        out.write_text(json.dumps(line(verdict=verdict)) + "\n")
        assert main(["failures", "--only", "tcp-cut", "--out", str(out)]) == status
    assert "tcp-cut" in capsys.readouterr().err


def test_rows_are_listed_and_an_unknown_one_is_refused(capsys):
    assert main(["failures", "--list"]) == 0
    assert capsys.readouterr().out.split() == [row.name for row in FAILURES]
    assert main(["failures", "--only", "earthquake"]) == 2
    assert capsys.readouterr().err == "failures: no failure is called 'earthquake': see --list\n"


def test_inputs_that_rows_use_are_known():
    assert {"freeze", "thaw", "power_cycle"} <= set(INPUTS)
