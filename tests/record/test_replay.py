"""Replay: the record alone makes the same decisions again, and a change of one is found."""

import argparse
import functools
from typing import Any

import msgspec
import pytest

from controller.clock import RealClock
from controller.record import replay as module
from controller.record import replay_command
from controller.record.chain import Row, decode, make_row
from controller.record.replay import replay
from state_machine.entries import Inputs, Started, Told
from state_machine.step import step
from state_machine.targets import Targets
from tests.record.journals import write_rows
from tests.world.scene import Scene, injecting

pytestmark = pytest.mark.hazard("HZ-RECORD")


@functools.cache
def procedure():
    """Rows of one whole procedure."""
    scene = Scene(seed=4)
    scene.until_closed()
    return tuple(scene.world.journal.rows)


@functools.cache
def begun():
    """Rows of one procedure up to its injection."""
    return tuple(injecting().world.journal.rows)


@functools.cache
def after_a_death():
    """Rows of a controller that died in mid injection, and of the next one."""
    scene = injecting()
    scene.world.freeze(2_000_000_000)
    again = scene.restarted()
    again.run(5)
    return tuple(again.world.journal.rows), scene.state.phase


def changed(rows, row_number, change):
    """The rows with one entry changed, chained anew."""
    made: list[Row] = []
    for row in rows:
        entries = decode(row)
        if row.number == row_number:
            entries = change(entries)
        made.append(make_row(made[-1] if made else None, entries, 1, 1, row.session))
    return made


def only(rows) -> Any:
    """The one run of the controller in these rows, replayed."""
    (session,) = replay(rows)
    return session


def row_of(rows, kind, holds=lambda entry: True):
    return next(row.number for row in rows for e in decode(row) if isinstance(e, kind) and holds(e))


def told_anew(entries, times):
    """What the pump is told to run, said so often, last of its step."""
    told = next(e for e in entries if isinstance(e, Told) and e.pump is not None and e.pump.run)
    place = entries.index(told)
    after = entries[place + 1 : place + 2]
    assert not after or isinstance(after[0], Inputs)
    return [*entries[:place], *[told] * times, *entries[place + 1 :]]


def test_a_whole_procedure_is_decided_again_in_the_same_way():
    session = only(procedure())
    assert session.difference is None
    assert session.untold == ""
    assert session.steps > 5_000
    assert session.entries == procedure()[-1].last_seq - 1
    assert session.reached_ns > session.began_ns


def test_the_targets_of_every_step_are_in_the_record():
    targets = Targets()
    seen = set()
    for row in procedure():
        for entry in decode(row):
            if isinstance(entry, Told):
                told = {n: v for n in Targets.__struct_fields__ if (v := getattr(entry, n))}
                targets = msgspec.structs.replace(targets, **told)
                seen.add((targets.pump.run, targets.mammograph.exposure.name))
    assert (True, "OFF") in seen
    assert (False, "EXPOSE") in seen
    assert not targets.pump.run


def test_each_run_of_the_controller_begins_from_what_the_one_before_kept():
    rows, phase = after_a_death()
    before, after = replay(rows)
    assert (before.difference, after.difference) == (None, None)
    assert phase.value == "injecting"
    assert after.first_row > before.first_row
    assert after.steps > 10


def test_an_input_that_was_changed_is_found_where_it_matters():
    rows = begun()
    number = row_of(rows, Told, lambda e: e.pump is not None and e.pump.run)

    def unheard(entries):
        return [Inputs(e.seq, e.at_ns) if isinstance(e, Inputs) else e for e in entries]

    session = only(changed(rows, number, unheard))
    found = session.difference
    assert found.row >= number
    assert found.recorded != found.replayed


def test_a_decision_that_was_changed_is_shown_with_both_sides():
    rows = begun()
    number = row_of(rows, Told, lambda e: e.pump is not None and e.pump.run)

    def faster(entries):
        return [
            msgspec.structs.replace(
                entry, pump=msgspec.structs.replace(entry.pump, rate_nl_min=499_000)
            )
            if isinstance(entry, Told) and entry.pump
            else entry
            for entry in entries
        ]

    session = only(changed(rows, number, faster))
    found = session.difference
    assert found.row == number
    assert found.fields == ("pump",)
    assert 499_000 in found.recorded["pump"]
    assert 499_000 not in found.replayed["pump"]


@pytest.mark.parametrize("more", [True, False])
def test_an_entry_too_many_or_too_few_is_said(more):
    rows = begun()
    number = row_of(rows, Told, lambda e: e.pump is not None and e.pump.run)
    session = only(changed(rows, number, lambda entries: told_anew(entries, 2 if more else 0)))
    found = session.difference
    assert (found.replayed is None, found.recorded is None) == (more, not more)


def test_a_core_that_decides_otherwise_is_found(monkeypatch):
    real = step

    def bolder(state, readings, requests, now_ns):
        outcome = real(state, readings, requests, now_ns)
        fewer = tuple(e for e in outcome.entries if not isinstance(e, Told))
        return msgspec.structs.replace(outcome, entries=fewer)

    monkeypatch.setattr(module, "step", bolder)
    session = only(begun())
    assert session.difference.recorded["entry"] == "told"
    assert session.difference.replayed is None


def test_a_record_that_was_cut_off_is_replayed_as_far_as_it_goes():
    rows = begun()
    session = only(rows[: len(rows) // 2])
    assert session.difference is None
    assert 0 < session.steps < only(rows).steps


def test_a_profile_that_this_program_cannot_read_is_said():
    rows = begun()
    without = changed(rows[:5], 1, lambda entries: [_without_profile(e) for e in entries])
    session = only(without)
    assert "cannot be read by this program" in session.untold
    assert session.steps == 0


def _without_profile(entry):
    return msgspec.structs.replace(entry, profile=b"") if isinstance(entry, Started) else entry


# --- command ------------------------------------------------------------------------------------


def call(capsys, *arguments):
    parser = argparse.ArgumentParser()
    replay_command.add_arguments(parser)
    status = replay_command.run(parser.parse_args([str(a) for a in arguments]), RealClock().now_ns)
    return status, *capsys.readouterr()


def test_the_command_says_that_nothing_differs(tmp_path, capsys):
    path = tmp_path / "record.journal"
    write_rows(path, begun())
    status, out, err = call(capsys, path)
    assert (status, err) == (0, "")
    assert "every decision is the same" in out
    status, out, _ = call(capsys, path, "--json")
    told = msgspec.json.decode(out)
    assert (status, told["same"], told["steps"]) == (0, True, told["sessions"][0]["steps"])


def test_the_command_shows_the_first_difference(tmp_path, capsys):
    path = tmp_path / "record.journal"
    rows = begun()
    number = row_of(rows, Told, lambda e: e.pump is not None and e.pump.run)
    write_rows(path, changed(rows, number, lambda entries: told_anew(entries, 0)))
    status, out, _ = call(capsys, path)
    assert status == 1
    assert f"DIFFERS  row {number}" in out
    assert "record says  nothing more in this step" in out
    assert "NOT THE SAME" in out


def test_a_file_that_is_not_there_is_2(tmp_path, capsys):
    status, out, err = call(capsys, tmp_path / "none.journal")
    assert (status, out) == (2, "")
    assert "none.journal" in err
