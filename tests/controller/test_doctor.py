"""The command: what it prints, how it ends, and that it fits the screen."""

import dataclasses
import io
import json
import os
import socket

import pytest

from config.load import load_room
from controller import assembly, cli
from controller.doctor import checks, port_checks, record_checks, run
from controller.doctor.finding import Finding, Level, worst_first
from controller.doctor.report import as_json, as_table
from controller.record.signing import key_path, make_key, public_path
from drivers.registry import known_names
from tests.config.conftest import Site
from tests.controller.doctor_parts import SteppedClock, SwiftClock, Tree

FINDINGS = [
    Finding("clock", Level.OK, "tsc", "tsc"),
    Finding("disk", Level.WARNING, "900 MB [free]", "at least 1000 MB", "free space"),
    Finding("port", Level.WRONG, "/dev/" + "x" * 150, "a port", "plug it in"),
    Finding("memory", Level.OK, "9000 MiB", "at least 512 MiB"),
]


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    return Site(tmp_path / "site")


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def looked(tree, *words, clock=None):
    out = io.StringIO()
    args = cli._parser().parse_args(["doctor", "--state", str(tree.state), *map(str, words)])
    status = run.run(args, known_names(), tree.state, out, tree.root, clock or SteppedClock())
    return status, out.getvalue()


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


# --- report -----------------------------------------------------------------------------------


def test_worst_comes_first_and_equals_keep_their_order():
    assert [row.name for row in worst_first(FINDINGS)] == ["port", "disk", "clock", "memory"]


def test_the_table_fits_100_columns_and_says_everything():
    out = io.StringIO()
    as_table(FINDINGS, out)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("WRONG")
    assert lines[-1] == "4 checks: 1 wrong, 1 warning, 2 ok"
    for words in ("900 MB [free]", "allowed: at least 1000 MB", "do: plug it in"):
        assert words in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_json_is_one_object_per_line():
    out = io.StringIO()
    as_json(FINDINGS, out)
    *rows, summary = objects(out.getvalue())
    assert [row["level"] for row in rows] == ["wrong", "warning", "ok", "ok"]
    assert set(rows[0]) == {"kind", "name", "level", "value", "allowed", "what_to_do"}
    assert summary == {
        "kind": "summary",
        "ok": False,
        "wrong_count": 1,
        "warning_count": 1,
        "ok_count": 2,
    }


# --- the command ------------------------------------------------------------------------------


def test_this_computer_alone(tree):
    status, text = looked(tree, "--json")
    *rows, summary = objects(text)
    assert status == (run.OK if summary["ok"] else run.WRONG)
    assert "room file" not in {row["name"] for row in rows}
    assert len(rows) == 11


def test_warnings_do_not_fail_and_wrong_does(tree):
    tree.put("sys/devices/system/clocksource/clocksource0/current_clocksource", "jiffies")
    assert looked(tree)[0] == run.OK
    tree.put("proc/meminfo", "MemAvailable: 1 kB\n")
    assert looked(tree)[0] == run.WRONG


def test_every_problem_of_the_room_file_is_a_finding(tree, site):
    site.change("baud = 19_200", "baud = 4_800").change("[room_io]", "[rom_io]")
    status, text = looked(tree, "--room", site.room_path, "--json")
    found = {row.get("name"): row for row in objects(text)}
    assert status == run.WRONG
    assert found["pump.baud"]["level"] == "wrong"
    assert "4_800" in found["pump.baud"]["value"]
    assert {"room_io", "rom_io", "disk sync"} <= set(found)
    assert "mammograph port" not in found


def test_a_room_file_that_is_not_there_is_usage(tree):
    status, text = looked(tree, "--room", "none", "--json")
    assert status == run.USAGE
    (row,) = [row for row in objects(text) if row.get("name") == "room file"]
    assert row["level"] == "wrong"
    assert '"none"' in row["value"]
    assert "demo" in row["allowed"]
    assert row["what_to_do"]


def test_a_whole_room_with_nothing_behind_it(tree, site):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        number = closed.getsockname()[1]
    site.change("15_020", str(number))
    status, text = looked(tree, "--room", site.room_path, "--json", clock=SwiftClock())
    found = {row.get("name"): row for row in objects(text)}
    assert status == run.WRONG
    for name in ("pump port", "mammograph port", "line pressure sensor port", "room I/O box port"):
        assert found[name]["level"] == "wrong"
    assert found["room file"]["level"] == "ok"
    assert list(tree.state.iterdir()) == []  # nothing was created


def test_deviations_are_warnings(tree, site):
    site.change("pressure_switch = true", "pressure_switch = false")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        site.change("15_020", str(closed.getsockname()[1]))
    text = looked(tree, "--room", site.room_path, "--json", clock=SwiftClock())[1]
    rows = [row for row in objects(text) if row.get("name") == "deviation"]
    assert {row["level"] for row in rows} == {"warning"}
    for words in ("pressure switch", "daily check"):
        assert any(words in row["value"] for row in rows)


def test_wrong_words_are_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor", "--rom"])
    assert ended.value.code == 2
    assert "--rom" in capsys.readouterr().err


def test_the_help_teaches(capsys):
    with pytest.raises(SystemExit):
        cli.main(["doctor", "--help"])
    text = capsys.readouterr().out
    for words in ("examples:", "--json", "nothing moves", "exit status:"):
        assert words in text


def test_the_lock_is_that_of_the_controllers_record():
    assert record_checks.JOURNAL_FILE == assembly.JOURNAL_FILE


# --- the pump's port, unopened ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "mode", "level"),
    [
        ("/dev/serial/by-id/usb-x", "bench", Level.OK),
        ("/dev/serial/by-path/pci-x", "bench", Level.OK),
        ("/dev/ttyUSB0", "bench", Level.WARNING),
        ("/run/galactograph/pump", "simulated", Level.OK),
    ],
)
def test_a_name_that_changes_is_a_warning(tree, site, port, mode, level):
    site.change("/run/galactograph/pump", port).change('mode = "simulated"', f'mode = "{mode}"')
    loaded = load_room(site.room_path, known_names())
    finding = port_checks.port_name(tree.computer(), loaded)
    assert finding.level is level
    assert port in finding.value
    if level is Level.WARNING:
        assert "by-id" in finding.allowed
        assert "by identity" in finding.what_to_do


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("place", ["device/latency_timer", "latency_timer"])
@pytest.mark.parametrize(
    ("text", "level"),
    [("1", Level.OK), ("2", Level.OK), ("3", Level.WARNING), ("16", Level.WARNING)],
)
def test_latency_timer_of_the_adapter_behind_the_link(tree, site, tmp_path, place, text, level):
    os.symlink("/dev/ttyUSB7", tmp_path / "pump")
    site.change("/run/galactograph/pump", str(tmp_path / "pump"))
    tree.put(f"sys/class/tty/ttyUSB7/{place}", text + "\n")
    finding = port_checks.latency_timer(tree.computer(), load_room(site.room_path, known_names()))
    assert finding.level is level
    assert finding.value == f"{text} ms at ttyUSB7"
    if level is Level.WARNING:
        assert "at most 2 ms" in finding.allowed
        assert "udev rule" in finding.what_to_do


def test_a_port_without_latency_timer(tree, site):
    loaded = load_room(site.room_path, known_names())
    finding = port_checks.latency_timer(tree.computer(), loaded)
    assert finding.level is Level.OK
    assert "has none" in finding.value


# --- the key that signs closed procedures ------------------------------------------------------


def signing(tree, mode="simulated"):
    loaded = load_room("demo", known_names())
    room = loaded.room.room.model_copy(update={"mode": mode})
    loaded = dataclasses.replace(loaded, room=loaded.room.model_copy(update={"room": room}))
    return record_checks.signing_key(tree.computer(), loaded)


@pytest.mark.parametrize(
    ("mode", "level"),
    [("simulated", Level.WARNING), ("bench", Level.WARNING), ("clinical", Level.WRONG)],
)
def test_a_room_without_a_signing_key(tree, mode, level):
    finding = signing(tree, mode)
    assert finding.level is level
    assert "not signed" in finding.value
    assert "0600" in finding.allowed
    assert (
        f"galactograph journal key {tree.state / record_checks.JOURNAL_FILE}" in finding.what_to_do
    )


def test_a_signing_key_as_it_should_be(tree):
    key = make_key(tree.state / record_checks.JOURNAL_FILE)
    finding = signing(tree, "clinical")
    assert (finding.level, finding.what_to_do) == (Level.OK, "")
    assert key.raw.hex()[:16] in finding.value


@pytest.mark.parametrize(("mode", "words"), [(0o640, "chmod 600"), (0o604, "chmod 600")])
def test_a_signing_key_that_others_may_read(tree, mode, words):
    make_key(tree.state / record_checks.JOURNAL_FILE)
    key_path(tree.state / record_checks.JOURNAL_FILE).chmod(mode)
    finding = signing(tree)
    assert finding.level is Level.WRONG
    assert words in finding.value


def test_a_signing_key_without_its_public_half_or_with_anothers(tree, tmp_path):
    journal = tree.state / record_checks.JOURNAL_FILE
    make_key(journal)
    public_path(journal).rename(tmp_path / "aside")
    assert signing(tree).level is Level.WARNING
    (tmp_path / "other").mkdir()
    make_key(tmp_path / "other" / "record.journal")
    public_path(tmp_path / "other" / "record.journal").rename(public_path(journal))
    finding = signing(tree)
    assert finding.level is Level.WRONG
    assert "another key" in finding.value


def test_a_file_that_is_no_key(tree):
    key_path(tree.state / record_checks.JOURNAL_FILE).write_text("no key")
    key_path(tree.state / record_checks.JOURNAL_FILE).chmod(0o600)
    assert "no private key" in signing(tree).value


def test_the_key_is_among_what_is_looked_at():
    assert record_checks.signing_key in checks.RECORD
