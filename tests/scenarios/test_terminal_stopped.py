"""Terminal flow control stopped (Ctrl-S).

The controller was started in a terminal, and somebody presses Ctrl-S there: from now on a
write to it does not return.

Must happen: the loop never writes to a terminal itself. The writer's thread waits, its queue
is bounded, what does not fit is counted and dropped; hold, stop and record go on as before,
and the process can end. With Ctrl-Q the lines come, with the number of those that were lost.

Judge: the plunger, and the terminal (a real one, the room beside it on virtual time).
"""

import os
import select
import termios
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import structlog

from controller import log
from controller.spoken import SpokenJournal
from tests.world.scene import PLUNGER_STOP_MOST_MS, injecting


class Terminal(NamedTuple):
    """The two ends of a terminal."""

    master: int
    slave: int

    def said(self) -> str:
        """All that can be read now."""
        said = b""
        while select.select([self.master], [], [], 0.2)[0]:
            said += os.read(self.master, 65_536)
        return said.decode()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A real terminal whose output may be stopped."""
    made = Terminal(*os.openpty())
    yield made
    termios.tcflow(made.slave, termios.TCOON)
    os.close(made.master)
    os.close(made.slave)


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-RECORD")
def test_a_stopped_terminal_stops_nothing_else(terminal: Terminal, monkeypatch):
    monkeypatch.setattr(log, "QUEUE_COUNT", 20)
    with open(terminal.slave, "w", closefd=False) as console:
        stop = log.configure("INFO", None, console)
        scene = injecting()
        scene.world.room.journal = SpokenJournal(scene.world.journal)
        termios.tcflow(terminal.slave, termios.TCOOFF)  # Ctrl-S
        terminal.said()
        scene.run(1).hand("hold", False)
        assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
        for number in range(40):
            structlog.get_logger().info("said", number=number)
        scene.run(0.5).hand("hold", True).run(1)
        assert scene.phase == "injecting"
        assert terminal.said() == ""
        scene.hands_on().until_closed()
        assert 59_000 < scene.truth["entered_nl"] < 60_100
        termios.tcflow(terminal.slave, termios.TCOON)  # Ctrl-Q
        said = terminal.said()
        stop()
        said += terminal.said()
    assert "phase" in said
    assert "log lines were dropped" in said
    assert [entry.seq for entry in scene.record] == list(range(1, len(scene.record) + 1))
