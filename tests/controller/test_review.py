"""The end of a controller, also of a broken one: each failed before it was mended."""

import signal
from pathlib import Path

import pytest

from config.load import load_room
from config.state_paths import state_paths
from controller import assembly, cli
from controller.assembly import RealRoom
from controller.loop import make_safe
from drivers.registry import known_names
from state_machine.readings import ClockSync
from state_machine.targets import PumpTarget
from tests.controller.loop_parts import NOW_NS, Parts


class Broken(Exception):
    """An error of the program."""


def broken(*_args: object, **_kwargs: object) -> None:
    raise Broken


class FastClock:
    """Goes on by 10 ms whenever it is asked."""

    def __init__(self) -> None:
        self.at_ns = NOW_NS

    def now_ns(self) -> int:
        self.at_ns += 10_000_000
        return self.at_ns

    def utc_ns(self) -> int:
        return 0

    def wait(self, _ports: object, _until_ns: int) -> None:
        pass

    def hand_over(self) -> None:
        pass

    def sync(self) -> ClockSync:
        return ClockSync.UNKNOWN


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("verb", ["receive", "give"])
@pytest.mark.parametrize("name", ["line", "room", "mammograph"])
def test_a_broken_driver_keeps_no_other_from_being_told(monkeypatch, name, verb):
    parts = Parts()
    make_safe(parts.room, NOW_NS)
    for link in parts.room.links.values():
        link.deadline_ns = 0
        parts.drivers[link.name].given.clear()
    parts.ports[name].arrived = b"x"
    monkeypatch.setattr(parts.drivers[name], verb, broken)
    make_safe(parts.room, NOW_NS + 1)
    told = {each for each, driver in parts.drivers.items() if driver.given}
    assert told >= {"pump", "line", "room", "mammograph"} - {name}
    assert parts.drivers["pump"].given[0][0] == PumpTarget()


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_broken_step_does_not_end_the_stop_before_it_has_left(monkeypatch, tmp_path: Path):
    """A stop waits for the answer under way, so that one pass is not enough."""
    told: list[int] = []

    def make_safe_counted(room: object, now_ns: int) -> int:
        told.append(now_ns)
        return now_ns

    loaded = load_room("demo", known_names())
    room = RealRoom(loaded, state_paths(loaded.room, tmp_path), clock=FastClock())
    monkeypatch.setattr(assembly, "make_safe", make_safe_counted)
    monkeypatch.setattr(assembly, "run_pass", broken)
    monkeypatch.setattr(assembly, "step", broken)
    with pytest.raises(Broken), room:
        room.run()
    assert told[-1] - told[0] >= 200_000_000


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_way_to_end_the_program_leaves_the_room_safe(monkeypatch, tmp_path: Path, number):
    seen: list[str] = []

    class Ended:
        def __init__(self, *_args: object, **_kwargs: object) -> None:
            pass

        def __enter__(self) -> "Ended":
            return self

        def __exit__(self, *_error: object) -> None:
            seen.append("left safe")

        def stop(self) -> None:
            seen.append("stop")

        def run(self) -> None:
            signal.raise_signal(number)

    monkeypatch.setattr(cli, "RealRoom", Ended)
    before = signal.signal(number, lambda *_: None)  # one that is not handled would end the tests
    try:
        assert cli.main(["run", "--room", "demo", "--state", str(tmp_path)]) == 0
    finally:
        signal.signal(number, before)
    assert seen == ["stop", "left safe"]
