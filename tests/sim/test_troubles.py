"""Troubles of simulated wires: what becomes of each run, and who is told."""

import random
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ports import LinkLost
from sim.devices import NEVER_NS
from sim.troubles import KINDS, Acted, Trouble, Troubled
from sim.wires import Manner, Wire, draw_manner

MS = 1_000_000
LATENCY_NS = 200_000
QUIET = Manner(LATENCY_NS)


class Far:
    """A device that keeps what it hears and says what it is told to."""

    broken = False

    def __init__(self) -> None:
        self.heard: list[tuple[int, bytes]] = []
        self.connections = 0
        self.says: list[tuple[int, bytes]] = []

    def connected(self) -> None:
        self.connections += 1
        self.broken = False

    def receive(self, data: bytes, now_ns: int) -> None:
        self.heard.append((now_ns, data))

    def take(self, now_ns: int) -> bytes:
        data = b"".join(said for at_ns, said in self.says if at_ns <= now_ns)
        self.says = [(at_ns, said) for at_ns, said in self.says if at_ns > now_ns]
        return data

    def speaks_ns(self) -> int:
        return min((at_ns for at_ns, _ in self.says), default=NEVER_NS)


class Bench:
    """One wire on a clock of its own."""

    def __init__(self, manner=QUIET, baud=0, seed=1):
        self.now_ns = 0
        self.far = Far()
        self.told: list[tuple[str, int, bytes]] = []
        self.acted: list[Acted] = []
        self.events: list[tuple[int, Callable[[], None]]] = []
        self.wire = Wire(
            "w",
            self.far,
            lambda _name, way, at_ns, data: self.told.append((way, at_ns, data)),
            lambda: self.now_ns,
            manner,
            baud,
            random.Random(seed),
        )
        self.wire.adopt()

    def trouble(self, kind, seed=1, **plan):
        troubled = Troubled(
            self.wire,
            Trouble(kind, **plan),
            random.Random(seed),
            lambda at_ns, act: self.events.append((at_ns, act)),
            self.acted.append,
        )
        self.wire.troubles += (troubled,)
        return self

    def until(self, end_ns):
        while True:
            self.wire.look()
            due_ns = min([self.wire.due_ns, *(at_ns for at_ns, _ in self.events)])
            if due_ns > end_ns:
                self.now_ns = end_ns
                return self
            self.now_ns = max(self.now_ns, due_ns)
            now = [act for at_ns, act in self.events if at_ns <= self.now_ns]
            self.events = [event for event in self.events if event[0] > self.now_ns]
            for act in now:
                act()
            self.wire.advance(self.now_ns)

    def say(self, *runs, every_ns=10 * MS):
        """The controller writes runs, one after the other."""
        for data in runs:
            self.wire.write(data)
            self.until(self.now_ns + every_ns)
        return self

    def answer(self, *runs, every_ns=10 * MS):
        """The device says runs; returns what the controller reads after each."""
        read = []
        for data in runs:
            self.far.says.append((self.now_ns, data))
            self.until(self.now_ns + every_ns)
            read.append(self.wire.read())
        return read

    @property
    def heard(self):
        return b"".join(data for _, data in self.far.heard)


def test_a_wire_without_trouble_carries_each_run_whole_after_its_time():
    bench = Bench(baud=19200).say(b"0123456789")
    assert bench.far.heard == [(LATENCY_NS + 100 * 1_000_000_000 // 19200, b"0123456789")]
    assert bench.acted == []


def test_single_bytes_come_at_their_own_instants_and_end_when_the_run_would():
    whole = Bench(baud=19200).say(b"0123456789").far.heard
    bytes_ = Bench(Manner(LATENCY_NS, singles_ppm=1_000_000), baud=19200).say(b"0123456789")
    heard = bytes_.far.heard
    assert [data for _, data in heard] == [bytes([byte]) for byte in b"0123456789"]
    assert heard[-1][0] == whole[0][0]
    byte_ns = 10 * 1_000_000_000 // 19200
    assert heard[0][0] == pytest.approx(LATENCY_NS + byte_ns, abs=20)
    gaps = {later - earlier for (earlier, _), (later, _) in zip(heard, heard[1:], strict=False)}
    assert all(abs(gap - byte_ns) <= 20 for gap in gaps)


def test_jitter_makes_runs_later_and_never_lets_them_overtake():
    bench = Bench(Manner(LATENCY_NS, jitter_ns=5 * MS))
    bench.say(*[b"%03d" % number for number in range(100)], every_ns=MS).until(2_000 * MS)
    assert bench.heard == b"".join(b"%03d" % number for number in range(100))
    late_ns = [
        at_ns - LATENCY_NS - number * MS for number, (at_ns, _) in enumerate(bench.far.heard)
    ]
    assert min(late_ns) >= 0
    assert 3 * MS < max(late_ns) <= 5 * MS


@pytest.mark.parametrize("seed", range(20))
def test_manners_are_drawn_within_what_is_documented(seed: int):
    tcp = draw_manner(random.Random(seed), serial=False)
    serial = draw_manner(random.Random(seed), serial=True)
    assert 50_000 <= tcp.latency_ns <= 2_000_000
    assert 500_000 <= serial.latency_ns <= 2_000_000
    assert all(m.jitter_ns <= m.latency_ns and m.singles_ppm <= 200_000 for m in (tcp, serial))


RUNS = tuple(b"%04d" % number for number in range(50))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_acts_tells_it_and_repeats_itself(kind: str):
    def played(seed):
        bench = Bench().trouble(kind, seed, from_ns=50 * MS, until_ns=450 * MS)
        with nullcontext() if kind != "cut" else pytest.raises(LinkLost):
            bench.say(*RUNS)
        return bench

    bench = played(1)
    assert bench.acted, "it never acted"
    assert all(50 * MS <= act.at_ns < 450 * MS for act in bench.acted if kind != "out-of-step")
    assert {act.kind for act in bench.acted} == {kind}
    assert bench.told == played(1).told
    assert bench.acted == played(1).acted


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_trouble_whose_time_never_comes_does_and_tells_nothing(kind: str):
    bench = Bench().trouble(kind, from_ns=10**12).say(*RUNS)
    assert bench.acted == []
    assert bench.told == Bench().say(*RUNS).told


@pytest.mark.parametrize("kind", ["loss", "silence"])
def test_what_is_lost_does_not_arrive_and_is_told_with_its_bytes(kind: str):
    bench = Bench().trouble(kind, from_ns=15 * MS, until_ns=35 * MS).say(*RUNS)
    assert bench.heard == b"".join(RUNS[:2] + RUNS[4:])
    assert [(act.at_ns, act.before, act.after) for act in bench.acted] == [
        (20 * MS, RUNS[2], b""),
        (30 * MS, RUNS[3], b""),
    ]


def test_a_share_takes_about_its_share_of_the_runs():
    bench = Bench().trouble("loss", share_ppm=200_000).say(*RUNS * 8, every_ns=MS)
    assert 0.1 < len(bench.acted) / 400 < 0.3


def test_only_the_named_direction_is_touched():
    bench = Bench().trouble("loss", directions="<").say(b"question")
    assert bench.heard == b"question"
    assert bench.answer(b"answer") == [b""]


@given(size=st.integers(1, 8), seed=st.integers(0, 99))
def test_as_many_bits_flip_as_were_asked_for(size: int, seed: int):
    bench = Bench().trouble("corruption", seed, size=size).say(b"0123456789")
    flipped = zip(bench.heard, b"0123456789", strict=True)
    assert sum((one ^ other).bit_count() for one, other in flipped) == size


def test_a_doubled_run_arrives_twice():
    bench = Bench().trouble("duplication").say(b"once")
    assert [data for _, data in bench.far.heard] == [b"once", b"once"]
    assert 0 < bench.far.heard[1][0] - bench.far.heard[0][0] <= 5 * MS


@given(seed=st.integers(0, 99))
def test_a_truncated_run_is_a_part_of_it_from_one_end(seed: int):
    bench = Bench().trouble("truncation", seed).say(b"0123456789")
    assert 7 <= len(bench.heard) <= 9
    assert b"0123456789".startswith(bench.heard) or b"0123456789".endswith(bench.heard)


def test_a_dripping_run_comes_byte_by_byte():
    bench = Bench().trouble("drip", size=3 * MS).say(b"abcd", every_ns=50 * MS)
    assert bench.far.heard == [
        (LATENCY_NS + place * 3 * MS, bytes([byte])) for place, byte in enumerate(b"abcd")
    ]
    assert bench.acted[0].late_ns == 9 * MS


def test_answers_out_of_step_arrive_in_place_of_the_next_one_and_end_together():
    bench = Bench().trouble("out-of-step", directions="<", from_ns=15 * MS, until_ns=45 * MS)
    assert bench.answer(*RUNS[:7]) == [
        RUNS[0],
        RUNS[1],
        b"",
        RUNS[2],
        RUNS[3],
        RUNS[4] + RUNS[5],
        RUNS[6],
    ]


def test_garbage_comes_by_itself_both_ways_a_few_times_a_second():
    bench = Bench().trouble("garbage", until_ns=10_000 * MS).until(10_000 * MS)
    assert 25 <= len(bench.acted) <= 100
    assert {way for way, _, _ in bench.told} == {"<", ">"}
    assert b"".join(data for _, _, data in bench.told) == b"".join(a.after for a in bench.acted)


def test_garbage_on_a_pulled_cable_never_acted():
    bench = Bench().trouble("garbage", until_ns=10_000 * MS)
    bench.wire.pull()
    assert bench.until(10_000 * MS).acted == []


def test_a_wire_that_was_cut_and_joined_within_one_pass_is_a_new_connection():
    bench = Bench().trouble("cut", from_ns=5 * MS, until_ns=6 * MS).until(10 * MS)
    assert bench.wire.connected
    assert bench.wire.readable
    with pytest.raises(LinkLost, match="cut"):
        bench.wire.read()
    assert bench.wire.adopt()
    assert bench.far.connections == 2
    assert bench.say(b"again").heard == b"again"


def test_a_device_that_cannot_understand_hangs_up():
    bench = Bench().trouble("corruption")
    bench.far.broken = True
    bench.say(b"nonsense")
    with pytest.raises(LinkLost, match="cut"):
        bench.wire.read()
    assert not bench.wire.adopt(), "a port is not open again at once"
    bench.until(bench.now_ns + 1_000 * MS)
    assert bench.wire.adopt()
    assert not bench.far.broken


def test_two_troubles_are_laid_one_over_the_other():
    bench = Bench().trouble("duplication").trouble("corruption").say(b"abcd")
    assert len(bench.far.heard) == 2
    assert b"abcd" not in bench.heard
    assert [act.kind for act in bench.acted] == ["duplication", "corruption", "corruption"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Trouble("flood"), "flood.*unknown.*delay"),
        (Trouble("loss", directions="x"), "directions 'x'"),
        (Trouble("loss", share_ppm=0), "share_ppm 0"),
        (Trouble("loss", from_ns=5, until_ns=5), "begins before it ends"),
        (Trouble("drip", size=-1), "size -1"),
    ],
)
def test_a_plan_that_means_nothing_is_refused(plan: Trouble, words: str):
    with pytest.raises(ValueError, match=words):
        Troubled(Bench().wire, plan, random.Random(1), lambda *_: None, lambda _: None)


@given(
    kinds=st.lists(st.sampled_from(sorted(set(KINDS) - {"cut"})), max_size=4),
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=10),
    seed=st.integers(0, 1000),
)
def test_runs_arrive_in_order_of_time_whatever_the_troubles(kinds, lengths, seed):
    bench = Bench(Manner(LATENCY_NS, 3 * MS, 300_000), baud=19200, seed=seed)
    for kind in kinds:
        bench.trouble(kind, seed, until_ns=500 * MS)
    bench.say(*[bytes(length) for length in lengths], every_ns=2 * MS).until(2_000 * MS)
    instants = [at_ns for at_ns, _ in bench.far.heard]
    assert instants == sorted(instants)
