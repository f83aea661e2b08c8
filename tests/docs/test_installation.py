"""Example files and the page about installing say what the program does."""

import argparse
import configparser
import re
import shlex
from pathlib import Path

import pytest

from controller import cli
from drivers.room_io import INPUT_BITS
from sim.serve import add_arguments

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "installation.md").read_text("utf-8")


def unit(name: str) -> configparser.RawConfigParser:
    """A unit file; of a key that stands several times the last one counts."""
    parsed = configparser.RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string((EXAMPLES / name).read_text("utf-8"))
    return parsed


def arguments(line: str) -> list[str]:
    program, *words = shlex.split(line)
    assert program.startswith("/opt/galactograph/bin/")
    return words


@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart"])
def test_the_controllers_unit_calls_commands_that_exist(key):
    words = arguments(unit("galactograph.service")["Service"][key])
    assert cli._parser().parse_args(words).act


def test_the_units_folders_are_those_on_its_command_line():
    service = unit("galactograph.service")["Service"]
    args = cli._parser().parse_args(arguments(service["ExecStart"]))
    assert str(args.state) == f"/var/lib/{service['StateDirectory']}"
    assert str(args.log_file.parent) == f"/var/log/{service['LogsDirectory']}"


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_crash_is_restarted_and_a_refusal_is_not():
    service = unit("galactograph.service")["Service"]
    assert service["Restart"] == "on-failure"
    assert int(service["RestartPreventExitStatus"]) == cli.WRONG
    # an exception ends a Python program with 1, and that must come back into recovery
    assert service["RestartPreventExitStatus"] != "1"
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) >= 2


def test_the_simulators_unit_serves_what_the_demo_room_asks():
    service = unit("galactograph-sim.service")["Service"]
    words = arguments(service["ExecStart"])
    assert words[0] == "serve"
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(words[1:])
    demo = (ROOT / "config/rooms/demo.toml").read_text("utf-8")
    assert f'port = "{options.pump_link}"' in demo
    host, _, port = options.modbus.rpartition(":")
    assert f'host = "{host}"' in demo
    assert f"port = {int(port):_}" in demo
    assert f"/run/{service['RuntimeDirectory']}/" in options.pump_link
    assert service["User"] == unit("galactograph.service")["Service"]["User"]


def test_rules_are_whole_and_set_the_latency_timer():
    text = (EXAMPLES / "70-galactograph.rules").read_text("utf-8")
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert rules
    for rule in rules:
        for part in rule.split(", "):
            assert re.fullmatch(r'\w+(\{[\w/]+\})?(==|=|\+=)"[^"]+"', part), part
    assert 'ATTR{latency_timer}="1"' in text


def test_every_input_bit_has_its_terminal():
    rows = re.findall(r"^\| I(\d+) \|.*\| `inputs` (\d+) `(\w+)` \|", PAGE, re.M)
    assert [(int(bit), name) for _, bit, name in rows] == [
        (bit.bit_length() - 1, name) for name, bit in INPUT_BITS.items()
    ]
    for _, _, name in rows:
        assert len(re.findall(rf"\b{name}\b", PAGE)) >= 2, f"{name} is not in the drawing"


def test_the_drawing_has_the_emergency_stop_in_both_paths():
    (drawing,) = re.findall(r"```\n( pump permit.*?)```", PAGE, re.S)
    power = next(line for line in drawing.splitlines() if "power relay" in line)
    xray = next(line for line in drawing.splitlines() if "X-ray enable of the box" in line)
    assert re.search(r"\[ emergency stop \]─+\[", power)
    assert re.search(r"\[ emergency stop \]─+\[", xray)
    assert max(map(len, drawing.splitlines())) <= 100
