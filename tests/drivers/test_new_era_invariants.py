"""The driver against the simulated pump over a bad wire: what must hold in every order.

The wire is a serial line: it loses packets, flips single bits, adds noise and delays,
but never reorders. Each pass checks what the driver *says* against what the pump *is*.
"""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.driver import PollPlan
from drivers.new_era import NewEra
from sim.devices.new_era_pump import NewEraPump
from state_machine.readings import Link, Motion
from state_machine.targets import Activity, PumpAction, PumpTarget
from tests.drivers.conversation import MS, payload_of

PLAN = PollPlan(idle_ns=400 * MS, active_ns=50 * MS, exposing_ns=200 * MS)
BYTE_NS = 10 * 1_000_000_000 // 19_200
STANDING = (Motion.STOPPED, Motion.PREPARING, Motion.PREPARED)
FAULTS = ("", "", "", "", "lost", "flip", "noise", "late 30", "late 120")


@dataclass
class Bench:
    """Driver, wire and pump on one time line."""

    to_pump: list[str] = field(default_factory=list)
    to_host: list[str] = field(default_factory=list)
    now_ns: int = 1_000 * MS
    target: PumpTarget = PumpTarget()
    runs: dict[int, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    ends_nl: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(7)
        self.pump = NewEraPump(random.Random(1), self.now_ns)
        self.driver = NewEra(plan=PLAN)
        self.wire_down: list[tuple[int, bytes]] = []
        self.wire_up: list[tuple[int, bytes]] = []
        self.driver.connected(self.now_ns)

    def go(self, span_ms: int) -> None:
        end_ns = self.now_ns + span_ms * MS
        while self.now_ns < end_ns:
            self._pass()
            following = [
                self.driver.deadline_ns(),
                self.pump.wake_ns(),
                *(at for at, _ in self.wire_down + self.wire_up),
            ]
            self.now_ns = min(end_ns, max(self.now_ns + 1, *[min(following)]))

    def _pass(self) -> None:
        now_ns = self.now_ns
        for at, data in [item for item in self.wire_down if item[0] <= now_ns]:
            self.wire_down.remove((at, data))
            self.pump.receive(data, now_ns)
        answer = self.pump.take(now_ns)
        if answer:
            self._send(self.wire_up, answer, self.to_host)
        arrived = [item for item in self.wire_up if item[0] <= now_ns]
        self.wire_up = [item for item in self.wire_up if item[0] > now_ns]
        self.driver.receive(b"".join(data for _, data in arrived), now_ns)
        self._check_standstill()
        packet = self.driver.give(self.target, Activity.ACTIVE, now_ns)
        if packet:
            self._check_said(payload_of(packet)[1:])
            self._send(self.wire_down, packet, self.to_pump)

    def _send(self, wire: list[tuple[int, bytes]], data: bytes, faults: list[str]) -> None:
        fault = faults.pop(0) if faults else ""
        at_ns = self.now_ns + len(data) * BYTE_NS
        if fault == "lost":
            return
        if fault == "flip":
            bit = self.chance.randrange(len(data) * 8)
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << (bit % 8)
            data = bytes(damaged)
        elif fault == "noise":
            data = self.chance.choice([b"\x00\x02\x13", b"\xff", b"\x02"]) + data
        elif fault.startswith("late"):
            at_ns += int(fault.split()[1]) * MS
        wire.append((max(at_ns, wire[-1][0] if wire else 0), data))

    def _check_standstill(self) -> None:
        model = self.pump.model
        self.pump.advance(self.now_ns)
        if self.driver.reading().motion in STANDING:
            assert not model.motor_on, f"{self.driver.reading()} and the motor runs"
        assert model.infused_nl <= self.ends_nl

    def _check_said(self, command: str) -> None:
        self.said.append(command)
        assert not command.startswith(("PUR", "CLD"))
        if command == "RUN":
            self._check_run()

    def _check_run(self) -> None:
        wanted, model = self.target, self.pump.model
        self.runs[wanted.motion_id] = self.runs.get(wanted.motion_id, 0) + 1
        assert self.runs[wanted.motion_id] == 1, "a second RUN for one motion"
        assert wanted.run
        assert wanted.action is PumpAction.INFUSE
        first, second = model.phases[:2]
        assert model.status == "S"
        assert 1_000 <= first.volume_nl <= wanted.until_nl - wanted.base_nl
        assert (first.function, second.function, first.direction) == ("RAT", "STP", "I")
        assert first.rate_nl_h() <= wanted.start_rate_nl_min * 60
        assert model.diameter_um == wanted.diameter_um
        settings_of_pump = {name: model.flags[name] for name in ("SAF", "LOC", "PF", "AL")}
        assert settings_of_pump == {"SAF": 1, "LOC": 1, "PF": 0, "AL": 1}
        assert model.trigger == "SP"
        for name in ("DIA", "RAT", "VOL", "DIR", "FUN", "PHN"):
            newest = next(said for said in self.said[::-1] if said.startswith(name))
            assert newest == name, f"{name} was told after it was asked"
        self.ends_nl = model.infused_nl + first.volume_nl

    def power_cycle(self, off_ms: int) -> None:
        self.pump.set_power(False, self.now_ns)
        self.go(off_ms)
        self.pump.set_power(True, self.now_ns)


def motion(motion_id: int, base_nl: int, *, run: bool, rate_nl_min: int = 500_000) -> PumpTarget:
    return PumpTarget(
        action=PumpAction.INFUSE,
        motion_id=motion_id,
        base_nl=base_nl,
        until_nl=base_nl + 25_000,
        start_rate_nl_min=200_000,
        rate_nl_min=rate_nl_min,
        run=run,
        diameter_um=4_699,
    )


def test_a_whole_motion_on_a_good_wire():
    bench = Bench()
    bench.target = PumpTarget(diameter_um=4_699)
    bench.go(3_000)
    assert bench.driver.reading().link is Link.UP
    assert bench.driver.reading().motion is Motion.STOPPED
    bench.target = motion(1, 0, run=False)
    bench.go(800)
    assert bench.driver.reading().motion is Motion.PREPARED
    bench.target = motion(1, 0, run=True)
    bench.go(200)
    assert bench.driver.reading().motion is Motion.RUNNING
    assert bench.driver.reading().rate_nl_min == 500_000
    bench.go(5_000)
    assert bench.driver.reading().motion is Motion.STOPPED
    assert bench.driver.reading().infused_nl == 25_000
    assert bench.driver.reading().bad_frame_count == 0
    assert bench.said.count("RUN") == 1


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_pump_that_obeys_nothing_is_stopped_by_its_own_safe_mode():
    bench = Bench()
    bench.target = motion(1, 0, run=True, rate_nl_min=100_000)
    bench.go(4_000)
    bench.pump.model.ignores_stop = True
    assert bench.driver.reading().motion is Motion.RUNNING
    bench.target = PumpTarget()
    bench.go(170)
    assert bench.driver.reading().stop_overdue
    bench.go(1_200)
    assert not bench.pump.model.motor_on
    assert bench.driver.reading().stop_overdue
    bench.pump.model.ignores_stop = False
    bench.go(2_000)
    assert bench.driver.reading().motion is Motion.STOPPED
    assert not bench.driver.reading().stop_overdue


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_power_cycle_while_running():
    bench = Bench()
    bench.target = motion(1, 0, run=True, rate_nl_min=100_000)
    bench.go(4_000)
    assert bench.driver.reading().motion is Motion.RUNNING
    before = bench.driver.reading().power_up_count
    bench.power_cycle(700)
    bench.go(4_000)
    assert bench.driver.reading().power_up_count == before + 1
    assert bench.driver.reading().motion is Motion.FAILED
    assert bench.driver.reading().infused_nl == 0
    assert bench.said.count("RUN") == 1


steps = st.tuples(
    st.sampled_from(["run", "prepare", "stop", "next", "rate", "power", "lost"]),
    st.integers(10, 900),
)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@settings(
    max_examples=min(150, 2 * settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.lists(st.sampled_from(FAULTS), max_size=120),
    st.lists(st.sampled_from(FAULTS), max_size=120),
    st.lists(steps, min_size=1, max_size=8),
)
def test_no_order_of_faults_and_targets_runs_twice_or_unproven(down, up, plan):
    bench = Bench()
    bench.target = motion(1, 0, run=False)
    bench.go(2_600)
    assert bench.driver.reading().motion is Motion.PREPARED
    bench.to_pump, bench.to_host = list(down), list(up)
    motion_id = 1
    for what, span_ms in plan:
        if what == "next":
            motion_id += 1
        elif what == "power":
            bench.power_cycle(span_ms)
        elif what == "lost":
            bench.driver.lost("test", bench.now_ns)
            bench.go(span_ms)
            bench.driver.connected(bench.now_ns)
        base_nl = bench.driver.reading().infused_nl
        if bench.target.motion_id == motion_id and what in ("run", "rate", "prepare"):
            base_nl = bench.target.base_nl
        rate = 300_000 + span_ms if what == "rate" else 500_000
        bench.target = (
            PumpTarget()
            if what in ("stop", "power", "lost")
            else motion(motion_id, base_nl, run=what in ("run", "rate", "next"), rate_nl_min=rate)
        )
        bench.go(span_ms)
    bench.to_pump, bench.to_host = [], []
    bench.target = PumpTarget()
    bench.go(6_000)
    assert bench.driver.reading().link is Link.UP
    assert bench.driver.reading().motion is Motion.STOPPED
    assert not bench.driver.reading().stop_overdue
    assert bench.pump.model.status == "S"


@given(st.lists(st.tuples(st.binary(max_size=30), st.integers(0, 60)), max_size=60))
def test_random_bytes_never_raise_and_never_make_it_run(chunks):
    driver = NewEra(plan=PLAN)
    now_ns = 1_000 * MS
    driver.connected(now_ns)
    for data, span_ms in chunks:
        driver.receive(data, now_ns)
        for _ in range(3):
            packet = driver.give(motion(1, 0, run=True), Activity.ACTIVE, now_ns)
            assert b"RUN" not in packet
        now_ns += span_ms * MS
