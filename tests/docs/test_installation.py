"""Example files and the page about installing say what the program does."""

import argparse
import configparser
import re
import shlex
from pathlib import Path

import pytest

from controller import cli
from controller.console import command as console_command
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


def test_the_consoles_unit_serves_the_controllers_room_to_this_machine_alone():
    unit_, controllers = unit("galactograph-console.service"), unit("galactograph.service")
    service, controller = unit_["Service"], controllers["Service"]
    args = cli._parser().parse_args(arguments(service["ExecStart"]))
    host, _port = console_command.loopback(args.listen)
    assert host == "127.0.0.1"
    assert service["IPAddressDeny"] == "any"
    assert service["IPAddressAllow"] == "localhost"
    runs = cli._parser().parse_args(arguments(controller["ExecStart"]))
    assert (args.room, args.state) == (runs.room, runs.state)
    assert args.panel is None, "a side panel belongs to a simulated room"
    assert service["User"] == controller["User"], "the API's socket opens for its owner only"
    assert str(args.state) == service["ReadWritePaths"]
    assert service["PrivateDevices"] == "yes"


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_console_that_ends_comes_back_and_a_refusal_does_not():
    unit_ = unit("galactograph-console.service")
    assert unit_["Service"]["Restart"] == "always"
    assert int(unit_["Service"]["RestartPreventExitStatus"]) == cli.WRONG
    assert unit_["Unit"]["After"] == unit_["Unit"]["PartOf"] == "galactograph.service"
    wanted = unit("galactograph.service")["Unit"]
    assert "console" not in " ".join(wanted.values()), "the controller does not hang on its screen"


@pytest.mark.hazard("HZ-STALE-DATA")
def test_what_the_units_keep_from_each_other():
    """The console must not take the controller's time, nor more rights than it."""
    console = unit("galactograph-console.service")["Service"]
    controller = unit("galactograph.service")["Service"]
    assert int(console["Nice"]) > int(controller["Nice"])
    assert int(console["OOMScoreAdjust"]) > int(controller["OOMScoreAdjust"])
    hardening = {
        key
        for key, value in controller.items()
        if value == "yes" and not key.startswith("Restrict")
    }
    assert {key for key in hardening if console.get(key) != "yes"} == set()


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
