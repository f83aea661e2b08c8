"""What the demo shows on a terminal: the panel's content and width, and a real pty."""

import io
import json
import os
import re
import select
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from config.load import load_room
from drivers.registry import known_names
from sim.demo_view import View, panel
from sim.procedure import LIMIT_NS, Procedure
from sim.processes import ROOT, environment
from sim.technologist import Order, Technologist
from sim.world import World
from state_machine.state import Phase

WIDTH = 100
PATIENCE_S = 30.0
PICTURE = ROOT / "docs" / "pictures" / "demo.svg"


@pytest.fixture(scope="module")
def snapshots():
    """The first snapshot of every phase of a virtual run, and one in the middle of injecting."""
    loaded = load_room("demo", known_names())
    world = World(loaded, 1)
    procedure = Procedure(world, Technologist(loaded.profile, Order()))
    seen: dict[str, Any] = {}

    def look():
        shown = procedure.last
        if shown:
            seen.setdefault(shown["phase"], shown)
            if 20_000 < shown["volume"]["injected_nl"] < 40_000:
                seen["middle"] = shown
        return procedure.done()

    assert world.run_until(look, LIMIT_NS)
    return seen


def drawn(shown, width=WIDTH):
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(panel(shown))
    return console.export_text()


def test_the_panel_shows_phase_volume_rate_pressure_and_devices(snapshots):
    text = drawn(snapshots["middle"])
    for wanted in (
        r"SIMULATED",
        r"phase +injecting",
        r"volume +\[0\.0\d\d, 0\.0\d\d\] mL",
        r"planned 0\.060, next checkpoint 0\.050",
        r"rate +0\.\d{3} mL/min confirmed, 0\.\d{3} commanded",
        r"pressure +line \d\.\d kPa, net -?\d\.\d kPa, at most \d\.\d \(estimated\)",
        r"hold +open",
        r"pump up +line up +room up +mammograph up",
    ):
        assert re.search(wanted, text), f"{wanted} is not in\n{text}"


def test_every_phase_fits_the_terminal_and_marks_its_step(snapshots):
    assert len(snapshots) > 15
    for shown in snapshots.values():
        lines = drawn(shown).splitlines()
        assert max(map(len, lines)) <= WIDTH
        assert len(lines) <= 24, "scrolls off a small terminal"
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
        console.print(panel(shown))
        marked = re.findall(r"\x1b\[1;7m ([a-z-]+) ", console.export_text(styles=True))
        assert len(marked) == 1, shown["phase"]


@pytest.mark.parametrize("width", [80, 100])
def test_the_steps_stand_in_three_whole_rows(snapshots, width):
    rows = drawn(snapshots["middle"], width).splitlines()[1:5]
    ends = [(words[1], words[-2]) for words in map(str.split, rows[:3])]
    assert ends == [
        ("standby", "prime-and-zero"),
        ("locate-duct", "settle"),
        ("compression", "closed"),
    ]
    assert not rows[3].strip("│ ")


@pytest.mark.hazard("HZ-USE-ERROR")
def test_an_alarm_is_shown_with_its_priority_words_and_action(snapshots):
    alarm = {
        "name": "pain",
        "priority": "high",
        "words": "the patient pressed the pain button",
        "action": "the pump stops; ask the patient, look at the breast, then acknowledge",
    }
    shown = snapshots["middle"] | {
        "phase": Phase.STOPPED.value,
        "alarms": [alarm],
        "stop": {"event": "pain", "words": "the patient is in pain"},
    }
    lines = drawn(shown).splitlines()
    text = " ".join(line.strip("│ ") for line in lines)
    assert "stopped: the patient is in pain" in text
    assert f"HIGH  {alarm['words']}: {alarm['action']}" in text
    assert max(map(len, lines)) <= WIDTH


def test_what_is_not_known_is_a_dash_and_no_number(snapshots):
    nothing = dict.fromkeys(("line_pa", "net_pa", "net_upper_pa"))
    pressure = snapshots["middle"]["pressure"] | nothing
    assert "line - kPa, net - kPa, at most -" in drawn(snapshots["middle"] | {"pressure": pressure})


def test_without_a_terminal_it_says_lines_with_time_since_the_start(snapshots, capsys):
    with View() as view:
        view.show([snapshots["standby"]])
        view.show([snapshots["middle"]])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "    0.0 s  standby"
    assert re.match(r" +\d+\.\d s  injecting$", said[1])
    assert re.match(r" +\d+\.\d s +injecting +\[.*\] mL +rate .* line .* net ", said[2])
    assert "\x1b" not in "".join(said)


ON_PTY = """
import json, sys
from sim.demo_view import View
with View() as view:
    for line in sys.stdin:
        view.show([json.loads(line)])
"""


def test_on_a_real_terminal_the_panel_is_drawn_and_the_cursor_comes_back(snapshots):
    master, slave = os.openpty()
    try:
        shows = subprocess.Popen(
            [sys.executable, "-c", ON_PTY],
            env=environment() | {"TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LINES": "30"},
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        assert shows.stdin is not None
        for shown in snapshots.values():
            shows.stdin.write(json.dumps(shown).encode() + b"\n")
        shows.stdin.close()
        said = read_to_end(master)
        assert shows.wait(PATIENCE_S) == 0
    finally:
        os.close(master)
    assert "Traceback" not in said
    assert "galactograph  demo  SIMULATED" in said
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h") == 1
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= WIDTH


def read_to_end(master):
    said = b""
    while select.select([master], [], [], PATIENCE_S)[0]:
        try:
            data = os.read(master, 65_536)
        except OSError:  # EIO: the other end is closed
            break
        if not data:
            break
        said += data
    return said.decode()


def test_the_picture_refers_to_nothing_outside_itself():
    picture = PICTURE.read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\"' ]+", picture) == ["http://www.w3.org/2000/svg"]
    assert "@font-face" not in picture
    assert "injecting" in picture
