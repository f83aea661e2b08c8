"""The service commands: usage, nobody there, a damaged store; and how a person is waited for."""

import contextlib
import json
import os
import socket

import msgspec
import pytest

from controller import cli
from controller.assembly import JOURNAL_FILE
from controller.bench import commission_command
from controller.bench.desk import Desk, Ended, Gone, SocketLine
from controller.bench.terminal import Terminal
from controller.clock import RealClock
from controller.record import chained
from controller.record.signing import make_key
from tests.record.test_calibrations import result

WHO = ("--by", "S")
REFERENCE = ("--reference", "r", "--reference-uncertainty-ppm", "1000")


def call(capsys, *words):
    try:
        status = cli.main([str(word) for word in words])
    except SystemExit as left:
        status = int(left.code or 0)
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.mark.parametrize(
    "command",
    [
        ("calibrate", "pressure", *WHO, *REFERENCE),
        ("calibrate", "force", *WHO, *REFERENCE),
        ("commission", *WHO),
        ("monitor", *WHO),
        ("trace", *WHO, "--out", "x"),
    ],
    ids=lambda c: " ".join(c[:2]),
)
def test_without_a_controller_it_is_2_and_says_so(command, capsys, tmp_path):
    name, *rest = command
    at = rest.index("--by")
    where = (*rest[:at], "--room", "demo", "--state", tmp_path, *rest[at:])
    status, _, err = call(capsys, "service", name, *where)
    assert status == 2
    assert "no controller answers" in err


def test_a_room_that_is_not_there_and_a_syringe_that_is_not_known(capsys, tmp_path):
    status, _, err = call(capsys, "service", "calibrate", "list", "--room", "dem")
    assert (status, 'did you mean "demo"' in err) == (2, True)
    where = (
        "--room",
        "demo",
        "--state",
        tmp_path,
        *WHO,
        "--reference",
        "r",
        "--temperature-mc",
        22_000,
    )
    status, _, err = call(capsys, "service", "calibrate", "syringe", *where, "--syringe", "9 mL")
    assert status == 2
    assert "known: BD 1 mL" in err
    status, _, err = call(capsys, "service", "commission", "--room", "demo", "--state", tmp_path)
    assert (status, "say who you are" in err) == (2, True)


def test_the_list_says_what_has_expired_and_a_damaged_store_is_2(capsys, tmp_path):
    store, journal = tmp_path / "demo" / "calibration.jsonl", tmp_path / "demo" / "journal"
    where = ("service", "calibrate", "list", "--room", "demo", "--state", tmp_path)
    assert call(capsys, *where)[:2] == (0, "nothing is calibrated yet\n")
    journal.mkdir(parents=True)
    make_key(journal / JOURNAL_FILE)
    body = json.loads(json.dumps(msgspec.to_builtins(result(until_day=20_001))))
    chained.append(store, journal / JOURNAL_FILE, body)
    status, out, _ = call(capsys, *where)
    assert status == 1
    assert "EXPIRED" in out
    assert "signed" in out
    status, out, _ = call(capsys, *where, "--json")
    assert (status, json.loads(out)["state"]) == (1, "EXPIRED")
    store.write_text(store.read_text().replace("sensor 1", "sensor 2"))
    status, _, err = call(capsys, *where)
    assert (status, "was changed" in err) == (2, True)


def test_a_syringe_is_weighed_by_typed_words(capsys, monkeypatch, tmp_path):
    """Dispenses of 50 uL by the counter that weigh as much as water does."""
    words = ["y", "20.00000", "20.00000"]
    for number in range(1, 6):
        words += ["50000", f"{20 + number * 0.0498445:.5f}"]
    answers, clock = iter(words), iter(range(0, 10**12, 61 * 10**9))
    monkeypatch.setattr(Terminal, "typed", lambda _self, _question: next(answers))
    monkeypatch.setattr(RealClock, "now_ns", lambda _self: next(clock))
    status, out, _ = call(
        capsys, "service", "calibrate", "syringe", "--room", "demo", "--state", tmp_path, *WHO,
        "--reference", "r", "--syringe", "BD 1 mL", "--temperature-mc", "22000", "--count", "5",
    )  # fmt: skip
    assert "passed: inner diameter 4.78" in out
    assert "tip submerged, evaporation of 0 ug/min corrected" in out
    assert 'evidence = "measured"' in out
    assert "temperature" in out
    assert status == 0


class _Desk:
    """Something to wait on beside the person, which counts how often it was heard."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.heard = 0
        self.typed = -1

    def fileno(self):
        return self.ours.fileno()

    def hear(self):
        self.heard += len(self.ours.recv(1))
        if self.heard == 3:
            os.write(self.typed, b"yes\nno\n")


def test_while_a_person_thinks_the_controller_is_heard(capsys):
    desk = _Desk()
    ours, desk.typed = os.pipe()
    with contextlib.closing(desk.ours), contextlib.closing(desk.theirs):
        desk.theirs.send(b"abc")
        person = Terminal(desk, ours)  # type: ignore[arg-type]
        assert person.ask("key", "well? ") == "yes"
        assert desk.heard == 3
        assert person.typed("and? ") == "no", "typed before it was asked"
        os.close(desk.typed)
        with pytest.raises(Ended, match="nobody answers"):
            person.typed("still? ")
    os.close(ours)
    assert "well? " in capsys.readouterr().err


def test_a_line_to_the_controller_says_what_is_wrong(tmp_path):
    with pytest.raises(Gone, match="start it with galactograph run"):
        SocketLine(tmp_path / "nobody.sock")
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        line = SocketLine(path)
        other, _ = listener.accept()
        other.sendall(b'{"k": "refused", "words": "too old"}\n')
        with pytest.raises(Gone, match="too old"):
            Desk(line, "test", "S")
        other.close()
        with pytest.raises(Gone, match="hung up|is gone"):
            line.hear()
        line.close()


def test_records_of_checks_are_none_where_there_is_no_record(tmp_path):
    assert commission_command.checks_on_record(tmp_path / "record.journal") == ()
