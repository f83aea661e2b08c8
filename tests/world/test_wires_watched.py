"""What goes over the wires of a room on virtual time: shown, written down, told in words."""

import io
import json

import pytest

from controller.bench import monitor
from controller.bench.desk import Desk, Ended
from controller.bench.watching import watch
from controller.tap import Frame, Tap
from controller.wires.watched import Watch, frames_of
from controller.wires.wire_words import ANSWER, FAULT, QUESTION, Spoken
from sim.world import World
from tests.world.desk import WorldLine, desk_in
from tests.world.scene import Scene, demo


def room(seed: int = 1) -> World:
    world = World(demo(), seed)
    world.run_until(lambda: False, 2_000_000_000)
    return world


@pytest.fixture
def seen():
    """A room in standby, watched for three seconds."""
    world = room()
    desk = desk_in(world)
    watched = Watch()
    desk.watcher = watched.take
    watch(desk, "test")
    desk.until(lambda _s: False, 3_000)
    return world, desk, watched


def test_every_link_is_counted_at_its_pace_and_told_in_words(seen):
    _world, _desk, watched = seen
    stats = watched.stats
    assert stats["room"].rate_per_s(watched.at_ns) == pytest.approx(30, abs=5), (
        "10 polls and 20 heartbeats"
    )
    assert stats["line"].rate_per_s(watched.at_ns) == pytest.approx(5, abs=1)
    assert stats["mammograph"].answer_count > 3
    for name in ("room", "line", "mammograph"):
        assert stats[name].fault_count == stats[name].unanswered_count == 0
        assert 0 < stats[name].percentile_ns(50) < 40_000_000
        assert sum(stats[name].bins) == stats[name].answer_count
    assert stats["pump"].answer_count == 0, "the relay is open: the pump has no power"
    assert stats["pump"].unanswered_count > 0
    assert stats["line"].values["pressure_pa"] == pytest.approx(0, abs=2_000)
    words = " ".join(spoken.words for spoken in watched.recent)
    assert "heartbeat" not in words
    assert "unit 3: reads 16 from 100" in words
    assert "inputs=hold_nc+door_closed" in words
    assert "0STP: stop" in words


def test_nothing_is_kept_where_nobody_watches_and_after_the_last_has_gone(seen):
    world, desk, _watched = seen
    links = world.room.links.values()
    assert all(link.tap is not None for link in links)
    desk.close()
    world.run_until(lambda: False, 1_000_000_000)
    assert all(link.tap is None for link in links)
    assert all(link.tap is None for link in room().room.links.values())


def test_who_is_done_looks_no_longer_and_others_go_on(seen):
    world, desk, watched = seen
    other = desk_in(world)
    watch(other, "beside it")
    assert desk.ask("service", work="done", words="seen enough") == ()
    desk.until(lambda _s: bool(watched.ended), 1_000)
    assert watched.ended == "looked at no longer"
    assert all(link.tap is not None for link in world.room.links.values())
    assert other.ask("service", work="done") == ()
    other.until(lambda _s: False, 500)
    assert all(link.tap is None for link in world.room.links.values())


def test_the_rate_of_a_link_that_fell_silent_falls():
    ask, answer = "000100000006020300640008", "0001000000030283" + "06"
    watched = Watch()
    for second in range(4):
        watched.frame(Frame(second * 10**9, "line", ">", bytes.fromhex(ask)))
        watched.frame(Frame(second * 10**9 + 1, "line", "<", bytes.fromhex(answer)))
        watched.frame(Frame(second * 10**9, "pump", ">", b"x"))
    stats = watched.stats["line"]
    assert stats.rate_per_s(watched.at_ns) == 0, "exceptions are no answers"
    for second in range(4, 8):
        watched.frame(Frame(second * 10**9, "line", ">", bytes.fromhex(ask)))
        whole = "00010000001302031000070000000003e800008ca000010000"
        watched.frame(Frame(second * 10**9 + 1, "line", "<", bytes.fromhex(whole)))
    assert stats.rate_per_s(watched.at_ns) == pytest.approx(1)
    watched.frame(Frame(9 * 10**9, "pump", ">", b"x"))
    assert stats.rate_per_s(watched.at_ns) == pytest.approx(0.6), "silent for two seconds"
    watched.frame(Frame(20 * 10**9, "pump", ">", b"x"))
    assert watched.told()["links"]["line"]["answers_per_s"] == 0


@pytest.mark.hazard("HZ-USE-ERROR")
def test_with_a_procedure_open_nobody_watches():
    scene = Scene().until_phase("standby")
    line = WorldLine(scene.world)
    desk = Desk(line, "service", "S. Service")
    watched = Watch()
    desk.watcher = watched.take
    watch(desk, "test")
    desk.until(lambda s: s["phase"] == "checklist", 60_000)
    desk.until(lambda _s: bool(watched.ended), 1_000)
    assert watched.ended == "a procedure was opened"
    assert all(link.tap is None for link in scene.world.room.links.values())
    with pytest.raises(Ended, match="a procedure is open"):
        watch(desk, "again")


def test_a_trace_is_written_once_bounded_and_told_in_words_later(seen, tmp_path):
    _world, desk, _watched = seen
    path = tmp_path / "wires.jsonl"
    assert monitor.trace(desk, path, 2_000, 10_000_000) == 0
    with pytest.raises(FileExistsError):
        monitor.trace(desk, path, 1, 1)
    out = io.StringIO()
    assert monitor.decode(path, None, False, out) == 0
    lines = out.getvalue().splitlines()
    assert any("room       > unit 3: writes 6 from 200 owner=" in line for line in lines)
    assert any("line       < unit 2: scan_count=" in line and " ms" in line for line in lines)
    assert lines[-1].startswith("line: ")
    out = io.StringIO()
    assert monitor.decode(path, "line", True, out) == 0
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {one["link"] for one in told} == {"line"}
    assert told[-1]["answers"] > 5
    small = tmp_path / "small.jsonl"
    monitor.trace(desk, small, 5_000, 3_000)
    assert small.stat().st_size < 20_000, "full: nothing more is written"


@pytest.mark.parametrize("text", ["", '{"k": "frames", "frames": [], "lost": 0}\n', "x\n", "[]\n"])
def test_what_is_no_trace_is_refused(text, tmp_path):
    path = tmp_path / "x"
    path.write_text(text)
    if not text:
        assert monitor.decode(path, None, False, io.StringIO()) == 0
        return
    with pytest.raises(ValueError, match="trace"):
        monitor.decode(path, None, False, io.StringIO())
    with pytest.raises(ValueError, match="no link 'x'"):
        monitor.decode(path, "x", False, io.StringIO())


def spoken(*frames: tuple[str, str, str]):
    """Messages of frames 1 ms apart: link, way, bytes as text of hexadecimal digits."""
    watched = Watch()
    found: list[Spoken] = []
    watched.heard = found.append
    for number, (link, way, text) in enumerate(frames):
        watched.frame(Frame(number * 1_000_000, link, way, bytes.fromhex(text)))
    return found, watched


def test_a_frame_cut_anywhere_is_one_message():
    ask = "000100000006020300640008"
    answer = "00010000001302031000070000000003e800008ca000010000"
    for at in range(0, len(answer), 2):
        found, watched = spoken(("line", ">", ask), ("line", "<", answer[:at]),
                                ("line", "<", answer[at:]))  # fmt: skip
        assert [one.kind for one in found] == [QUESTION, ANSWER]
        assert watched.stats["line"].values["pressure_pa"] == 1_000
        assert watched.stats["line"].values["temperature_mc"] == 36_000


def test_faults_are_told_as_faults():
    ask = ("line", ">", "000100000006020300640008")
    busy, _ = spoken(ask, ("line", "<", "0001000000030283" + "06"))
    assert (busy[1].kind, busy[1].words) == (FAULT, "unit 2: exception 6 (device busy)")
    assert busy[1].span_ns == 1_000_000
    late, _ = spoken(("line", "<", "000900000006021000c80001"))
    assert "an answer to nothing that was asked" in late[0].words
    garbage, _ = spoken(("line", "<", "ffffffffffffffff"))
    assert "8 bytes that are no Modbus frame" in garbage[0].words
    again, watched = spoken(ask, ("line", ">", "000200000006020300640008"))
    assert again[1].again
    assert watched.stats["line"].repeat_count == watched.stats["line"].unanswered_count == 1


def test_the_pump_in_words():
    from drivers.new_era.codec import encode_basic, encode_safe

    def said(text):
        return ("pump", ">", encode_safe(text).hex())

    def heard(text):
        return ("pump", "<", encode_safe(text).hex())

    found, watched = spoken(
        said(b"0RUN"), heard(b"00I"), said(b"0RAT0.100MM"), heard(b"00I?NA"),
        said(b"0DIS"), heard(b"00II0.012W0.000ML"), said(b"0STP"), said(b"0STP"), heard(b"00S"),
        said(b"0DIS"), heard(b"00A?T"), ("pump", ">", encode_basic(b"0VER").hex()),
        ("pump", "<", "ff"), ("pump", "<", encode_safe(b"00SNE1000V3.923")[:-1].hex() + "00"),
    )  # fmt: skip
    words = [one.words for one in found]
    assert words[:6] == [
        "0RUN: run", "00I: infuses", "0RAT0.100MM: rate := 0.100MM",
        "00I?NA: infuses; refused, not applicable now", "0DIS: counters?",
        "00II0.012W0.000ML: infuses, I0.012W0.000ML",
    ]  # fmt: skip
    assert found[7].again
    assert words[10] == "00A?T: alarm, it missed the controller (Safe mode timeout)"
    assert words[11] == "0VER: version?"
    assert found[12].kind == FAULT
    assert "wrong checksum" in words[12]
    assert watched.stats["pump"].fault_count == 3


def test_the_ring_is_bounded_and_says_what_it_lost():
    tap = Tap(most_count=3)
    assert tap.message() is None
    for number in range(5):
        tap.note("pump", ">", bytes((number,)))
    message = tap.message()
    assert message is not None
    assert message["lost"] == 2
    assert [frame.data[0] for frame in frames_of(message)] == [2, 3, 4]
    assert tap.message() is None


def test_the_picture_and_the_lines_for_machines(seen, capsys):
    world, _desk, _watched = seen
    from rich.console import Console

    console = Console(file=io.StringIO(), width=160, record=True)
    assert monitor.look(desk_in(world), 2, lambda w, s: console.print(monitor.screen(w, s))) == 0
    text = console.export_text()
    assert "room I/O box" in text
    assert "answers within ms" in text
    assert "pressure_pa" in text
    assert monitor.look(desk_in(world), 1, lambda w, s: monitor._line(w)) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["links"]["room"]["answers"] > 5
