"""A whole procedure, made up: entries as the loop would record them, for the report.

The curves are drawn by hand here, not simulated; only their shapes matter.
"""

from pathlib import Path
from typing import Any

import msgspec

from controller.record.chain import Row, make_row
from state_machine import readings as r
from state_machine import requests as q
from state_machine.entries import (
    AlarmChanged,
    AnyEntry,
    Exposed,
    GateClosed,
    HoldChanged,
    Inputs,
    LedgerChanged,
    MotionEnded,
    MotionIntent,
    Noted,
    PhaseChanged,
    Refused,
    Resume,
    SelfTest,
    SideDaySaved,
    Started,
)
from state_machine.limits import LIMITS, Limits
from state_machine.profile import Profile
from state_machine.units import NS_PER_MS, NS_PER_S
from tests.record.journals import write_rows

UTC_NS = 1_795_000_000 * NS_PER_S
BOOT_NS = 5_000 * NS_PER_S
DAY = 20_775


class Story:
    """Writes entries along a time line."""

    def __init__(self, mode: str = "simulated") -> None:
        self.mode = mode
        self.now_ns = BOOT_NS
        self.entries: list[AnyEntry] = []
        self.counter_nl = 0
        self.rate_nl_min = 0
        self.pressure_pa = 40
        self.phase = "standby"

    def say(self, kind, **fields):
        entry = kind(seq=len(self.entries) + 1, at_ns=self.now_ns, **fields)
        self.entries.append(entry)

    def ask(self, *requests):
        self.say(Inputs, requests=requests)

    def move(self, event, phase, by=""):
        self.say(PhaseChanged, source=self.phase, event=event, phase=phase, by=by)
        self.phase = phase

    def run(self, seconds, rate_nl_min=0, to_pa=None, every_ms=50):
        """Let time pass; the pump runs at a rate, the pressure creeps to a value."""
        steps = int(seconds * 1000 / every_ms)
        for step in range(steps):
            self.now_ns += every_ms * NS_PER_MS
            ramp = 40_000 * every_ms // 1000
            change = max(-5 * ramp, min(ramp, rate_nl_min - self.rate_nl_min))
            self.rate_nl_min += change if rate_nl_min else -self.rate_nl_min
            self.counter_nl += self.rate_nl_min * every_ms // 60_000
            goal = to_pa if to_pa is not None else self.pressure_pa
            self.pressure_pa += (goal - self.pressure_pa) * every_ms // 1500
            noise = (step * 37 % 11 - 5) * 12
            prompt = r.Prompt.INFUSING if self.rate_nl_min else r.Prompt.STOPPED
            pump = r.PumpReading(
                at_ns=self.now_ns - 4 * NS_PER_MS,
                link=r.Link.UP,
                prompt=prompt,
                infused_nl=self.counter_nl // 1000 * 1000,
                rate_nl_min=self.rate_nl_min,
            )
            line = r.LineReading(
                at_ns=self.now_ns - NS_PER_MS, pressure_pa=self.pressure_pa + noise
            )
            self.say(Inputs, pump=pump if step % 2 else None, line=line)

    def inject(self, motion_id, volume_nl, rate_nl_min, to_pa, reached=True, why=""):
        base_nl, until_nl = self.counter_nl, self.counter_nl + volume_nl
        self.say(
            MotionIntent,
            motion_id=motion_id,
            purpose="inject",
            base_nl=base_nl,
            until_nl=until_nl,
            duct=1,
        )
        stop_nl = until_nl if reached else until_nl - volume_nl // 2
        while self.counter_nl < stop_nl:
            self.run(0.25, rate_nl_min, to_pa)
        self.counter_nl = min(self.counter_nl, stop_nl)
        self.run(0.2)
        moved_nl = self.counter_nl - base_nl
        self.say(
            MotionEnded,
            motion_id=motion_id,
            purpose="inject",
            moved_nl=moved_nl,
            reached=reached,
            why=why,
        )
        self.ledger(self.counter_nl)

    def ledger(self, volume_nl):
        low, high = volume_nl * 95 // 100, volume_nl * 105 // 100 + 300
        self.say(
            LedgerChanged,
            duct=1,
            low_nl=low,
            high_nl=high,
            intent_nl=high + 4_000,
            side_day_low_nl=low,
            side_day_high_nl=high,
        )


def start(story):
    limits = Limits()
    story.say(
        Started,
        program="galactograph 0.1.0",
        room="mammography 2",
        mode=story.mode,
        profile_sha256="4f" * 32,
        limits=tuple(
            (row.name, getattr(limits, row.name), row.ceiling, row.meaning, row.evidence)
            for row in LIMITS
        ),
        deviations=("No independent pressure switch in series with the permit.",),
        profile=msgspec.msgpack.encode(Profile(room="mammography 2", limits=limits)),
    )


def procedure(story, patient_name="Muster, Eva"):
    """One procedure with two views, an occlusion on the way, a refusal and a top-up."""
    tech: Any = {"by": "M. Laine", "role": q.Role.TECHNOLOGIST, "utc_day": DAY}
    story.now_ns += 5 * NS_PER_S
    story.ask(
        q.OpenCase(
            **tech,
            patient_id="PID-0042",
            patient_name=patient_name,
            birth_date="1971-03-05",
            accession="A-2026-118",
            side=q.Side.LEFT,
            ordered_side=q.Side.LEFT,
            ordered_nl=200_000,
            performer="Dr. I. Okafor",
            assistant="M. Laine",
        )
    )
    story.move("open", "checklist", "M. Laine")
    story.run(60, every_ms=500)
    story.move("checked", "set-up", "M. Laine")
    story.ask(
        q.SetUpRoom(
            **tech,
            contrast="Iohexol 300",
            lot="L-7781",
            temperature_mc=36_500,
            syringe="1 mL Luer lock",
            cannula="30G x 12 mm",
            volume_nl=900_000,
        )
    )
    story.run(40, every_ms=500)
    story.move("set-up", "prime-and-zero", "M. Laine")
    story.run(30, every_ms=500)
    story.say(
        Noted,
        topic="prime",
        facts=(
            ("prime_nl", "92000"),
            ("resistance_pa_s_ul", "4100"),
            ("rest_pa", "40"),
            ("zero offset", "-3 Pa"),
        ),
        by="M. Laine",
    )
    story.say(
        SelfTest,
        name="stiffness",
        passed=False,
        measured=712,
        low=120,
        high=600,
        unit="nl_kpa",
    )
    story.say(
        Noted,
        topic="open-tip",
        facts=(("resistance_pa_s_ul", "4100"), ("temperature_mc", "37000")),
    )
    story.say(
        SelfTest,
        name="open-tip",
        passed=True,
        measured=4_100,
        low=1_006,
        high=5_849,
        unit="pa_s_ul",
    )
    story.move("primed", "locate-duct", "M. Laine")
    story.ask(q.ChooseDuct(**tech, clock_h=2, orifice=1))
    story.run(50, every_ms=500)
    story.move("located", "cannulate", "Dr. I. Okafor")
    story.run(45, every_ms=500)
    story.say(Refused, what="arm", words=("release the hold switch first",), by="M. Laine")
    story.counter_nl = 0
    story.move("cannulated", "arm", "Dr. I. Okafor")
    story.move("confirm-arm", "armed", "M. Laine")
    story.run(6)
    fill(story)
    images(story)
    story.move("done", "decannulate", "Dr. I. Okafor")
    story.run(30, every_ms=500)
    story.move("decannulated", "aftercare", "M. Laine")
    story.run(60, every_ms=500)
    story.say(
        SideDaySaved,
        patient_id="PID-0042",
        side="L",
        utc_day=DAY,
        low_nl=story.counter_nl * 95 // 100,
        high_nl=story.counter_nl * 105 // 100 + 300,
        injection_count=1,
    )
    story.say(Resume, state=b"state")
    story.move("close", "closed", "M. Laine")


def fill(story):
    story.say(HoldChanged, action="inject", hold="open")
    story.move("flow", "injecting")
    story.inject(1, 50_000, 100_000, 8_200)
    story.run(4, to_pa=1_200)
    story.inject(
        2, 100_000, 150_000, 13_900, reached=False, why="net pressure above the pause level"
    )
    story.say(
        AlarmChanged,
        alarm="occlusion",
        priority="medium",
        change="raised",
        words="Pressure rises faster than the filling: the cannula may be blocked.",
    )
    story.say(
        GateClosed,
        output="pump",
        cause="net-pressure",
        words="net pressure 4.1 kPa is above the pause level 4 kPa",
        way_back="arm again",
    )
    story.move("paused", "holding")
    story.run(4, to_pa=2_100)
    story.say(AlarmChanged, alarm="occlusion", priority="medium", change="gone, latched", words="")
    story.run(10, to_pa=2_100)
    story.say(
        AlarmChanged,
        alarm="occlusion",
        priority="medium",
        change="acknowledged",
        words="",
        by="M. Laine",
    )
    story.say(AlarmChanged, alarm="occlusion", priority="medium", change="cleared", words="")
    story.move("resume", "armed", "Dr. I. Okafor")
    story.run(3)
    story.move("flow", "injecting")
    story.inject(3, 50_000, 100_000, 9_800)
    story.move("finish-injection", "settle", "Dr. I. Okafor")
    story.run(12, to_pa=1_600)


def images(story):
    story.move("settled", "compression")
    story.run(10, to_pa=2_900)
    for count, view in ((1, "CC"), (2, "ML")):
        story.move("compressed", "exposure", "M. Laine")
        story.run(3, to_pa=3_000)
        story.move("arm-exposure", "exposure-armed", "M. Laine")
        story.run(4)
        story.say(
            Exposed,
            view=view,
            exposure_count=1200 + count,
            tube_voltage_v=28_000 + 1_000 * count,
            tube_charge_uas=63_400,
            exposure_ms=812,
            prepulse_uas=4_100,
            aec=count == 1,
            force_mn=38_250,
            thickness_um=46_300,
        )
        story.move("exposed", "review")
        story.run(9, to_pa=1_500)
        if count == 1:
            story.move("next-view", "compression", "M. Laine")
            story.run(8, to_pa=2_700)


def rows_of(entries, session="boot/run-1", per_row=20) -> list[Row]:
    rows: list[Row] = []
    for first in range(0, len(entries), per_row):
        block = entries[first : first + per_row]
        boot_ns = block[-1].at_ns
        before = rows[-1] if rows else None
        rows.append(make_row(before, block, boot_ns, boot_ns + UTC_NS, session))
    return rows


def write_procedure(path: Path, mode: str = "simulated", patient_name: str = "Muster, Eva") -> Path:
    story = Story(mode)
    start(story)
    procedure(story, patient_name)
    write_rows(path, rows_of(story.entries))
    return path
