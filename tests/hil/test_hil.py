"""The checks themselves: a sound room passes, a defect is caught, nothing moves unapproved.

On virtual time; `tests/real/test_hil.py` runs the short form over real wires, and
`make evidence RUN=defects` every defect.
"""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from config.state_paths import users_path
from controller.bench import hil
from controller.people import pins
from controller.people.users import User, change
from drivers.mt_sics import Weight
from sim.processes import ROOT, environment
from state_machine.requests import Role
from tests.hil import report
from tests.hil.defects import BY_NAME, DEFECTS, judged
from tests.hil.hands import OperatorHands
from tests.hil.scale import scale_of
from tests.hil.verdicts import BENCH, PRODUCT, UNIT, HilFailure, Measurement, Result, counts


def ran(folder, *more):
    """The command on virtual time: exit status, header, line of each check."""
    words = [sys.executable, "-m", "controller.cli", "hil", "--room", "demo", "--virtual"]
    done = subprocess.run(
        [*words, "--out", str(folder), *more],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(x) for x in (folder / report.LINES).read_text("utf-8").splitlines()]
    return done, lines[0], {line["check"]: line for line in lines[1:]}


@pytest.mark.hazard("HZ-RECORD", "HZ-STOP-FAILS")
def test_a_sound_room_passes_and_the_report_holds(tmp_path):
    done, header, checks = ran(tmp_path, "--approve", "--short", "--by", "Q. Smith")
    assert done.returncode == 0, done.stdout[-2_000:]
    assert {line["verdict"] for line in checks.values()} == {"passed"}
    assert (header["not_safe"], header["by"], header["mode"]) == ([], "Q. Smith", "simulated")
    assert "NE1000" in header["devices"]["pump"]
    assert all(header[name] for name in ("room_sha256", "procedure_sha256", "commit", "program"))
    page = (tmp_path / report.PAGE).read_text("utf-8")
    assert "silence until the motor stops" in page
    assert "http" not in page  # self-contained
    assert report.verify(tmp_path) == []
    (tmp_path / report.PAGE).write_text(page.replace("passed", "failed"), "utf-8")
    assert report.verify(tmp_path) == [f"{report.PAGE} was changed after it was signed"]
    assert "<testcase" in (tmp_path / report.JUNIT).read_text("utf-8")


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_without_approval_nothing_moves_and_what_is_skipped_has_not_passed(tmp_path):
    done, header, checks = ran(tmp_path, "--select", "links,stops")
    assert done.returncode == 0, done.stdout[-2_000:]
    skipped = {name for name, line in checks.items() if line["verdict"] == "skipped"}
    assert "pump-dead-man" in skipped
    assert all("--approve" in checks[name]["words"] for name in skipped)
    assert (header["approved"], header["passed"], header["skipped"]) == (False, 2, len(skipped))
    assert "PASSED, NOT WHOLE" in (tmp_path / report.PAGE).read_text("utf-8")
    assert "moves" in (ROOT / "tests/hil/checks/check_flow.py").read_text()


def test_a_run_in_which_nothing_passed_is_none_that_passed(tmp_path):
    done, header, _ = ran(tmp_path, "--select", "flow")
    assert (done.returncode, header["passed"]) == (1, 0)


@pytest.mark.parametrize("name", ["relay-welded", "sensor-temperature"])
def test_a_defect_is_caught_by_its_check_with_its_class(name):
    found = judged(BY_NAME[name], real=False)
    assert found["caught"], found


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", DEFECTS, ids=lambda row: row.name)
def test_every_defect_is_caught_on_virtual_time(row):
    found = judged(row, real=False)
    assert found["caught"], found


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_whole_suite_passes_on_virtual_time(tmp_path):
    done, header, checks = ran(tmp_path, "--approve")
    assert done.returncode == 0, [x for x in checks.values() if x["verdict"] != "passed"]
    assert header["skipped"] == 0


def test_every_check_has_a_defect_that_it_must_catch():
    """A check that was never seen to fail shows nothing."""
    names = set()
    for path in (ROOT / "tests/hil/checks").glob("check_*.py"):
        lines = path.read_text("utf-8").splitlines()
        names |= {
            x[10:].partition("(")[0].replace("_", "-") for x in lines if x[:10] == "def check_"
        }
    shown = {row.check.partition("[")[0] for row in DEFECTS}
    unshown = {"no-answer-is-damaged", "pump-comes-up-with-its-settings", "goes-on-after-mending"}
    assert names - shown <= unshown
    assert shown <= names


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_who_owned_a_process_dies_and_it_is_ended(tmp_path):
    """A keeper ends what it keeps when its standard input ends, whatever the owner died of."""
    seen = tmp_path / "told"
    script = (
        "import signal, sys, pathlib\n"
        f"seen = pathlib.Path({str(seen)!r})\n"
        "signal.signal(signal.SIGTERM, lambda *_: (seen.touch(), sys.exit()))\n"
        "print('up', flush=True)\nsignal.pause()\n"
    )
    words = [sys.executable, "-m", "controller.bench.keeper", "--say", sys.executable, "-c", script]
    keeper = subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert keeper.stdout is not None
        pid = int(keeper.stdout.readline())
        assert keeper.stdout.readline() == "up\n"
        os.kill(pid, signal.SIGSTOP)  # a frozen one too
        assert keeper.stdin is not None
        keeper.stdin.close()
        assert keeper.wait(10) == 0
    finally:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()  # type: ignore[union-attr]
    assert seen.exists()


def test_missing_checks_and_missing_pytest_are_said(tmp_path, monkeypatch):
    assert "Run from a checkout" in hil.missing(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert "hil extra" in hil.missing()


def test_limits_are_inside_and_classes_are_counted():
    assert Measurement("x", 5, "ms", 5, 5).good
    assert not Measurement("x", 5.1, "ms", None, 5).good
    assert not Measurement("x", -1, "ms", 0, None).good
    results = [Result(str(n), "links", "") for n in range(4)]
    for result, fault in zip(results, (PRODUCT, UNIT, BENCH), strict=False):
        result.verdict, result.fault = "failed", fault.value
    results[3].verdict = "skipped"
    found = counts(results)
    assert (found["passed"], found["failed"], found["skipped"]) == (0, 3, 1)
    assert (found["product"], found["unit"], found["bench"], found["test"]) == (1, 1, 1, 0)


def test_who_answers_in_a_room_with_log_in_shows_their_pin(tmp_path, monkeypatch):
    with change(users_path(tmp_path)) as users:
        pin = pins.hashed("2468-135")
        users.append(User("quinn", "Q. Quinn", (Role.QA, Role.TECHNOLOGIST), pin))
        users.append(User("tess", "T. Tess", (Role.TECHNOLOGIST,), pin))
    typed = iter(["2468-135", "2468-135", "2468-136"])
    monkeypatch.setattr("getpass.getpass", lambda _words: next(typed))
    assert hil.answered("quinn", tmp_path) == "Q. Quinn"
    with pytest.raises(hil.Refused, match="in the role service or qa"):
        hil.answered("tess", tmp_path)
    with pytest.raises(hil.Refused, match="user or PIN is wrong"):
        hil.answered("quinn", tmp_path)
    with pytest.raises(hil.Refused, match="name it, --state DIR"):
        hil.answered("quinn", None)


class _Balance:
    """A balance at a port, with 50 uL of water more each time."""

    def __init__(self, port, baud, clock):
        assert (port, baud) == ("port", 9_600)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def weigh(self, _prompt):
        return Weight(20 * 10**9 + 50_000 * 997, 10_000, True)


class _Simulated:
    """Hands in a simulated room, which knows the truth."""

    def truth(self):
        return {"entered_nl": 30_000, "spilled_nl": 1_000}


def test_a_named_balance_weighs_in_a_simulated_room_too(monkeypatch):
    monkeypatch.setattr("tests.hil.scale.Serial", _Balance)
    hands: Any = _Simulated()
    assert scale_of(hands).weighed_nl("now") == 31_000
    named = scale_of(hands, "port")
    assert named.weighed_nl("now") // 10 * 10 == 20 * 10**9 // 997 // 10 * 10 + 50_000
    assert named.delivered_nl() == 31_000, "at once: only the truth can say"


def test_while_a_person_is_waited_for_the_controller_is_heard(monkeypatch):
    """A client that does not read is hung up on after some seconds; a person takes minutes."""
    ours, theirs = os.pipe()
    hands = OperatorHands()
    heard: list[int] = []

    def meanwhile():
        heard.append(len(heard))
        if len(heard) == 3:
            os.write(theirs, b"y\n")

    hands.meanwhile = meanwhile
    with os.fdopen(ours) as typed:
        monkeypatch.setattr(sys, "__stdin__", typed)
        assert hands.asked("is it so?", "x", True)
        assert heard == [0, 1, 2]
        os.close(theirs)
        with pytest.raises(HilFailure, match="standard input is closed"):
            hands.do("hold", True)
