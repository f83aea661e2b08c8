"""Every fault of the wires over a real pty and real sockets: it acts, is counted, and ends."""

import errno
import os
import selectors

import pytest

from tests.sim.serving import PATIENCE_S, Bench
from tests.sim.wire import MS, S, read, registers, write

STATUS, OK, RESET = b"\r", b"\x0200S\x03", b"\x0200A?R\x03"
IDENTITY = read(2, 0, 8)


@pytest.fixture
def benches(tmp_path):
    made: list[Bench] = []

    def make(*arguments):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Bench(folder, *arguments))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(benches):
    return benches("--pump-always-on", "--seed", "5")


@pytest.fixture
def line(bench):
    fd = bench.line()
    assert bench.ask(fd, STATUS) == RESET
    return fd


@pytest.fixture
def unit(bench):
    sock = bench.connect("modbus")
    assert bench.modbus(sock, IDENTITY)
    return sock


def alive(bench, fd):
    """The pump answers as if nothing had been."""
    return bench.ask(fd, STATUS) == OK


# --- the table --------------------------------------------------------------------------------


def test_what_was_never_set_has_touched_nothing(bench, line, unit):
    faults = bench.control(faults=True)["faults"]
    assert set(faults.values()) == {0}
    assert {"pump_cable", "modbus_reset", "freeze_pump", "freeze_room_io"} <= set(faults)
    assert set(faults) - {f"freeze_{name}" for name in bench.room.hung_bytes} <= set(
        bench.control(inputs=True)["inputs"]
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("pump_cable", "half", "give 'out' or 'in'"),
        ("pump_silence", 1, "give True or False"),
        ("pump_noise_ppm", -1, "give a whole number from 0 to 1000000"),
        ("pump_drip_ms", True, "give a whole number from 0 to 60000"),
        ("pump_baud", 4800, "give 0 or 300 or 1200 or 2400 or 9600 or 19200"),
        ("pump_flow", "slow", "give 'stopped' or 'running'"),
        ("modbus_tcp", "down", "give 'up' or 'cut' or 'black_hole'"),
        ("modbus_reset", False, "give True"),
        ("modbus_noise", 5, "is unknown; the room has: "),
        ("freeze", "plunger", "give 'pump' or 'mammograph'"),
    ],
)
def test_a_fault_refuses_like_any_input(bench, name, value, words):
    error = bench.control(set={name: value})["error"]
    assert words in error
    assert repr(name) in error


def test_a_fault_is_among_the_events_of_the_room(bench):
    bench.put("pump_silence", True)
    assert bench.control(events=True)["events"][-1][1:3] == ["pump_silence", True]


def test_a_side_that_is_not_served_has_no_faults(benches):
    pump = benches("--only", "pump")
    assert "modbus_tcp" not in pump.control(inputs=True)["inputs"]
    assert "is unknown" in pump.control(set={"modbus_tcp": "cut"})["error"]
    modbus = benches("--only", "modbus")
    assert "is unknown" in modbus.control(set={"pump_cable": "out"})["error"]


# --- the pump's line --------------------------------------------------------------------------


def test_cable_out_hangs_up_and_in_again_is_a_new_line(bench, line):
    bench.put("pump_cable", "out")
    assert not os.path.lexists(bench.link)
    assert os.read(line, 10) == b""  # a hang-up, not silence
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        os.write(line, b"x")
    bench.after(S)
    bench.put("pump_cable", "in")
    assert os.path.exists(bench.link)
    assert alive(bench, bench.line())
    assert bench.count("pump_cable") == 1


def test_a_cable_that_nobody_used_is_pulled_without_a_count(bench):
    bench.put("pump_cable", "out")
    bench.put("pump_cable", "out")
    bench.put("pump_cable", "in")
    bench.put("pump_cable", "in")
    assert bench.count("pump_cable") == 0


def test_a_pump_that_speaks_into_a_pulled_cable_keeps_nobody_awake(bench, line):
    bench.say(line, STATUS)
    bench.put("pump_cable", "out")
    bench.after(S)
    assert bench.server.wake_ns() > bench.clock.at_ns
    bench.put("pump_cable", "in")
    fd = bench.line()
    bench.after(S)
    assert bench.hear(fd) == b""


def test_a_broken_wire_loses_questions_or_answers_and_nothing_else(bench, line):
    bench.put("pump_deaf", True)
    bench.say(line, STATUS)
    bench.after(S)
    assert bench.hear(line) == b""
    bench.put("pump_deaf", False)
    assert alive(bench, line)
    bench.put("pump_mute", True)
    bench.say(line, STATUS)
    bench.after(S)
    assert bench.hear(line) == b""
    bench.put("pump_mute", False)
    assert alive(bench, line)
    assert (bench.count("pump_deaf"), bench.count("pump_mute")) == (len(STATUS), len(OK))


def test_silence_swallows_both_directions(bench, line):
    bench.say(line, STATUS)
    bench.put("pump_silence", True)
    bench.after(10 * MS)
    assert bench.hear(line) == b""
    assert bench.ask(line, STATUS) == b""
    assert bench.count("pump_silence") == len(OK) + len(STATUS)
    bench.put("pump_silence", False)
    assert alive(bench, line)
    assert bench.count("pump_silence") == len(OK) + len(STATUS)


def test_in_the_wrong_socket_the_client_hears_itself_and_the_pump_hears_nothing(bench, line):
    bench.put("pump_echo", True)
    assert bench.ask(line, b"DIA4.78\r") == b"DIA4.78\r"
    assert bench.room.pump.model.diameter_um == 26_590
    assert bench.count("pump_echo") == 8
    bench.put("pump_echo", False)
    assert alive(bench, line)


def test_noise_is_the_same_for_the_same_seed_and_another_for_another(benches):
    heard = []
    for seed in ("1", "1", "2"):
        bench = benches("--pump-always-on", "--seed", seed)
        fd = bench.line()
        bench.put("pump_noise_ppm", 300_000)
        heard.append([bench.ask(fd, b"VER\r") for _ in range(20)])
        assert bench.count("pump_noise_ppm") > 10
        bench.put("pump_noise_ppm", 0)
        bench.ask(fd, b"\r\r")
        count = bench.count("pump_noise_ppm")
        assert alive(bench, fd)
        assert bench.count("pump_noise_ppm") == count
    assert heard[0] == heard[1] != heard[2]


def test_noise_spoils_what_the_pump_says_too(bench, line):
    bench.say(line, STATUS)
    bench.put("pump_noise_ppm", 1_000_000)
    bench.after(10 * MS)
    assert bench.hear(line) != OK
    assert bench.count("pump_noise_ppm") == len(OK)


def test_drip_lets_one_byte_leave_in_its_time(bench, line):
    bench.put("pump_drip_ms", 20)
    bench.say(line, STATUS)
    bench.after(5 * MS)  # an answer is said within this
    bench.say(line, STATUS)
    heard = []
    for _ in OK + OK:
        bench.after(20 * MS)
        heard.append(bench.hear(line))
    assert heard == [bytes([byte]) for byte in OK + OK]
    assert bench.count("pump_drip_ms") == len(OK + OK)
    bench.put("pump_drip_ms", 0)
    assert alive(bench, line)


def test_late_answers_come_whole_and_in_order(bench, line):
    bench.put("pump_late_ms", 100)
    bench.say(line, b"VER\r")
    bench.after(10 * MS)
    bench.put("pump_late_ms", 0)
    bench.say(line, STATUS)
    bench.after(80 * MS)
    assert bench.hear(line) == b""
    bench.after(20 * MS)
    assert bench.hear(line) == b"\x0200SNE1000V3.923\x03" + OK
    assert bench.count("pump_late_ms") == 1


def test_garbage_comes_by_itself_a_few_times_a_second_and_ends(bench, line):
    bench.put("pump_garbage", True)
    bursts = 0
    for _ in range(20):
        bench.after(100 * MS)
        bursts += bool(bench.hear(line))
    assert 5 <= bursts <= 20
    assert bench.count("pump_garbage") >= bursts
    bench.put("pump_garbage", False)
    bench.hear(line)
    bench.after(S)
    assert bench.hear(line) == b""
    assert alive(bench, line)


def test_at_another_speed_of_the_pump_both_hear_garbage(bench, line):
    bench.put("pump_baud", 9600)
    answer = bench.ask(line, b"DIA4.78\r")
    assert answer
    assert OK not in answer
    assert bench.room.pump.model.diameter_um == 26_590
    assert bench.count("pump_baud") >= 8
    bench.put("pump_baud", 19200)
    count = bench.count("pump_baud")
    assert alive(bench, line)
    assert bench.count("pump_baud") == count


def test_an_unpowered_pump_answers_no_garbage_either(benches):
    bench = benches()
    fd = bench.line()
    bench.put("pump_baud", 9600)
    assert bench.ask(fd, STATUS) == b""


def test_stopped_flow_says_xoff_and_accepts_nothing_until_xon(bench, line):
    bench.put("pump_flow", "stopped")
    bench.put("pump_flow", "stopped")
    assert bench.hear(line) == b"\x13"
    assert os.write(line, STATUS) == 1
    bench.after(S)
    assert bench.hear(line) == b""
    with selectors.DefaultSelector() as selector:  # the kernel hands it over in its own time
        selector.register(bench.server._line._ends[0], selectors.EVENT_READ)
        assert selector.select(PATIENCE_S)
    bench.server._line.read(bench.clock.at_ns)  # as of a pass that began before the stop
    bench.put("pump_flow", "running")
    bench.after(10 * MS)
    assert bench.hear(line) == b"\x11" + OK
    assert bench.count("pump_flow") == 1
    assert alive(bench, line)
    assert bench.count("pump_flow") == 1


def test_a_client_that_goes_on_writing_against_stopped_flow_is_never_blocked(bench, line):
    bench.put("pump_flow", "stopped")

    def fill():
        for _ in range(1_000):
            os.write(line, b"x" * 1_000)

    with pytest.raises(BlockingIOError):
        fill()


# --- Modbus -----------------------------------------------------------------------------------


def test_cut_closes_and_refuses_and_up_again_is_the_same_port(bench, unit):
    address = bench.server.addresses["modbus"]
    bench.put("modbus_tcp", "cut")
    assert bench.heard(unit) is None
    with pytest.raises(ConnectionRefusedError):
        bench.connect("modbus")
    bench.put("modbus_tcp", "up")
    assert bench.server.addresses["modbus"] == address
    assert bench.modbus(bench.connect("modbus"), IDENTITY)
    assert bench.count("modbus_tcp") == 1


def test_a_black_hole_accepts_keeps_and_swallows(bench, unit):
    unit.sendall(IDENTITY)
    bench.turn(PATIENCE_S)
    bench.put("modbus_tcp", "black_hole")
    assert bench.modbus(unit, IDENTITY) == b""
    assert bench.modbus(bench.connect("modbus"), IDENTITY) == b""
    said = 6 + 3 + 16
    assert bench.count("modbus_tcp") == 2 * len(IDENTITY) + said
    bench.put("modbus_tcp", "up")
    assert registers(bench.modbus(unit, IDENTITY))[1] == 2


def test_reset_drops_every_connection_once(bench, unit):
    other = bench.connect("modbus")
    bench.put("modbus_reset", True)
    for sock in (unit, other):
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert bench.count("modbus_reset") == 2
    assert bench.modbus(bench.connect("modbus"), IDENTITY)
    bench.put("modbus_reset", True)
    assert bench.count("modbus_reset") == 3


def test_modbus_late_and_drip(bench, unit):
    bench.put("modbus_late_ms", 50)
    assert bench.modbus(unit, IDENTITY, 49 * MS) == b""
    bench.after(5 * MS)
    assert registers(bench.heard(unit))[1] == 2
    bench.put("modbus_late_ms", 0)
    bench.put("modbus_drip_ms", 2)
    assert 3 <= len(bench.modbus(unit, IDENTITY, 10 * MS)) <= 5
    bench.after(60 * MS)
    assert bench.heard(unit)
    assert (bench.count("modbus_late_ms"), bench.count("modbus_drip_ms")) == (1, 25)


def test_modbus_noise_touches_bytes_of_each_unit_from_its_own_seed(bench, unit):
    bench.put("modbus_noise_ppm", 1_000_000)
    assert bench.modbus(unit, IDENTITY) in (None, b"")
    touched = bench.count("modbus_noise_ppm")
    assert touched >= len(IDENTITY)
    bench.put("modbus_noise_ppm", 0)
    assert bench.modbus(bench.connect("modbus"), IDENTITY)
    assert bench.count("modbus_noise_ppm") == touched


# --- frozen devices ---------------------------------------------------------------------------


def test_a_frozen_pump_reads_nothing_and_its_motor_goes_on_until_power_goes(bench, line):
    for text in (b"DIA4.78\r", b"VOLUL\r", b"VOL10\r", b"RAT600UM\r", b"SAF2\r"):
        assert bench.ask(line, text)
    safe_run = bytes.fromhex("02 08 30 52 55 4e 44 07 03")
    bench.ask(line, safe_run)
    bench.put("freeze", "pump")
    assert bench.ask(line, bytes.fromhex("02 08 30 53 54 50 b3 f9 03")) == b""
    bench.after(5 * S)  # past its volume and its Safe time
    truth = bench.control(truth=True)["truth"]
    assert truth["motor_on"]
    assert truth["plunger_nl"] > 49_000
    assert bench.count("freeze_pump") == 9
    bench.put("pump_mains", False)
    stopped = bench.control(truth=True)["truth"]
    bench.after(S)
    truth = bench.control(truth=True)["truth"]
    assert (truth["motor_on"], truth["plunger_nl"]) == (False, stopped["plunger_nl"])
    bench.put("pump_mains", True)
    bench.after(S)
    assert not bench.room.pump.frozen
    assert bench.hear(line) != b""  # its reset alarm: a power cycle ends the hang


def test_a_thawed_pump_moves_to_now_and_then_reads_what_waited(bench, line):
    for text in (b"DIA4.78\r", b"VOL0\r", b"RAT600UM\r"):
        assert bench.ask(line, text) == OK
    assert bench.ask(line, b"RUN\r") == b"\x0200I\x03"
    bench.put("freeze", "pump")
    bench.say(line, b"STP\r")
    bench.after(S)
    assert bench.hear(line) == b""
    bench.put("thaw", "pump")
    bench.after(10 * MS)
    assert bench.hear(line) == b"\x0200P\x03"
    assert bench.control(truth=True)["truth"]["pump_infused_nl"] >= 10_000


def test_a_frozen_unit_answers_from_its_last_image_and_is_counted(bench):
    box = bench.connect("modbus")
    assert bench.modbus(box, read(3, 0, 8))
    bench.put("freeze", "room_io")
    before = registers(bench.modbus(box, read(3, 100, 16)))
    bench.after(S)
    assert registers(bench.modbus(box, read(3, 100, 16))) == before
    assert bench.modbus(box, write(3, 200, [0, 7, 1, 1, 0xFFFE, 1]))
    assert bench.count("freeze_room_io") == 2 * 12 + 25
    bench.put("thaw", "room_io")
    assert registers(bench.modbus(box, read(3, 100, 16)))[0] != before[0]
    assert registers(bench.modbus(box, read(3, 100, 16)))[2:4] == [0, 0]  # the command was lost
