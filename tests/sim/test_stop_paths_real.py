"""Stop paths on real wires: what a trial's figures are made of, and what a file goes on with."""

import json

import pytest

from sim.bench import stop_paths, stop_paths_real
from sim.bench.stop_paths_real import BY_NAME, PATHS, RUN

MS = 1_000_000


class Told:
    """A site that only has events."""

    def __init__(self, *events):
        self._events = events

    def events(self, since_ns):
        return [event for event in self._events if event[0] >= since_ns]


def figures(path, *events, since_ns=10 * MS, plunger_nl=500):
    site = Told(*events)
    return stop_paths_real.figures(site, BY_NAME[path], {"plunger_nl": plunger_nl}, since_ns)


def test_paths_are_those_of_the_virtual_room():
    virtual = {path.name for path in stop_paths.PATHS} | {stop_paths.CHECKPOINT}
    assert {path.name for path in PATHS} <= virtual


def test_from_the_input_to_the_motor_off():
    found = figures(
        "hold released", (20 * MS, "hold", False, 600), (56 * MS, "motor-off", "command", 660)
    )
    assert found == {"ms": 36.0, "plunger_ul": 0.06, "by": "command"}


def test_of_several_inputs_the_last_is_the_trigger():
    found = figures(
        "pump disobeys STP",
        (20 * MS, "pump_ignores_stop", True, 600),
        (21 * MS, "hold", False, 602),
        (421 * MS, "motor-off", "power", 1_270),
    )
    assert found == {"ms": 400.0, "plunger_ul": 0.668, "by": "power"}


def test_a_signal_counts_from_when_it_was_sent():
    found = figures("controller killed (box watchdog)", (280 * MS, "motor-off", "pin", 950))
    assert found == {"ms": 270.0, "plunger_ul": 0.45, "by": "pin"}


@pytest.mark.parametrize(
    ("path", "events", "words"),
    [
        ("hold released", [], "no standstill among the events"),
        (
            "hold released",
            [(12 * MS, "motor-off", "command", 510), (20 * MS, "hold", False, 510)],
            "stopped by command before the trigger",
        ),
        (
            "controller frozen (box watchdog)",
            [(9_500_000, "motor-off", "command", 500)],
            "stopped by command before the trigger",
        ),
    ],
)
def test_what_another_cause_stopped_is_not_measured(path, events, words):
    assert figures(path, *events) == {"words": words}


def test_a_file_goes_on_with_lines_of_its_commit(tmp_path):
    out = tmp_path / "lines.jsonl"
    line = {"name": RUN, "path": "checkpoint", "number": 0, "on": {"commit": "abc"}}
    others = ({**line, "on": {"commit": "old"}, "number": 1}, {**line, "name": "stop-path-real"})
    out.write_text("".join(json.dumps(one) + "\n" for one in (line, *others)))
    assert list(stop_paths_real.kept(out, "abc")) == [("checkpoint", 0)]
    assert stop_paths_real.kept(out, "abc+") == {}


def test_rows_for_the_page_count_what_was_measured():
    good = {"path": "checkpoint", "ms": 0.0, "plunger_ul": 0.001, "by": "volume"}
    line = stop_paths_real.summed("checkpoint", [good, {**good, "ms": None}])
    assert (line["runs"], line["not_measured"]) == (2, 1)
    rows = list(stop_paths_real.markdown([line]))
    assert rows[-1] == "| checkpoint | 1 | 0 | 0 | 0 | 0.001 | 0.001 | 0.001 | volume |"
