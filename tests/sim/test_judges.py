"""Each judge of a virtual run is seen to object, and to be content with a run that is in order."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from controller.record.chain import Row, make_row
from sim.judges import limits
from sim.judges.case import Broke, Case
from sim.judges.record import broken, entries
from sim.judges.table import JUDGES, judge
from sim.judges.watch import Event, Sample
from state_machine.entries import (
    AlarmChanged,
    Entry,
    LedgerChanged,
    LedgerNarrowed,
    MotionEnded,
    MotionIntent,
    PhaseChanged,
    Started,
)
from state_machine.limits import LIMIT_BY_NAME, LIMITS, Limits

MS, S = 10**6, 10**9
ON, OFF = 10 * S, 25 * S
"""The motor, in the run that is in order."""
MOVED_NL = 50_000


def started(**changed: int) -> Started:
    values = {row.name: getattr(Limits(), row.name) for row in LIMITS} | changed
    rows = tuple((n, v, LIMIT_BY_NAME[n].ceiling, "", "") for n, v in values.items())
    return Started(1, 1 * S, "", "demo", "simulated", "", rows)


def book(at_ns: int, low: int, high: int, intent: int) -> LedgerChanged:
    return LedgerChanged(0, at_ns, 1, low, high, intent, low, high)


@dataclass
class Story:
    """A run in order, of which a test changes what it is about."""

    events: list[tuple[int, str, Any, int]] = field(
        default_factory=lambda: [
            (5 * S, "tip", "duct", 0),
            (9 * S, "hold", True, 0),
            (ON, "motor-on", True, 0),
            (OFF, "motor-off", "volume", MOVED_NL),
            (26 * S, "hold", False, MOVED_NL),
            (30 * S, "hold", True, MOVED_NL),
            (31 * S, "beam-on", True, MOVED_NL),
            (32 * S, "beam-off", False, MOVED_NL),
            (33 * S, "hold", False, MOVED_NL),
        ]
    )
    written: list[Entry] = field(
        default_factory=lambda: [
            started(),
            PhaseChanged(0, 4 * S, "prime-and-zero", "primed", "locate-duct"),
            MotionIntent(0, 9 * S, 1, "inject", 0, MOVED_NL, 1),
            book(9 * S, 0, 0, 52_500),
            MotionEnded(0, 26 * S, 1, "inject", MOVED_NL, reached=True),
            book(26 * S, 47_500, 52_500, 52_500),
            PhaseChanged(0, 40 * S, "closed", "close", "standby"),
        ]
    )
    samples: list[Sample] = field(
        default_factory=lambda: [
            Sample(6 * S, 0, 0, 0, 0, 0, 0, 0, True),
            Sample(15 * S, 20_000, 19_900, 0, 6_000, 800, 0, 200_000, True),
            Sample(34 * S, MOVED_NL, 49_900, 0, 900, 900, 40_000, 0, True),
        ]
    )
    faults: list[Broke] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        found: list[Row] = []
        for seq, entry in enumerate(sorted(self.written, key=lambda e: e.at_ns), 1):
            made = type(entry)(
                **{f: getattr(entry, f) for f in entry.__struct_fields__} | {"seq": seq}
            )
            found.append(make_row(found[-1] if found else None, (made,), made.at_ns, 0, "test"))
        return found

    def case(self) -> Case:
        events = [Event(*one) for one in sorted(self.events, key=lambda e: e[0])]
        told: dict[str, Any] = {
            "durable": [(0, 99)],
            "end_ns": 60 * S,
            "ordered_nl": MOVED_NL,
        } | self.more
        return Case(events, self.samples, self.rows(), faults=self.faults, **told)

    def found(self) -> set[str]:
        return {words.partition(":")[0] for words in judge(self.case())}

    def without(self, name: str, at_ns: int) -> "Story":
        self.events = [e for e in self.events if (e[0], e[1]) != (at_ns, name)]
        return self

    def add(self, *events: tuple[int, str, Any, int]) -> "Story":
        self.events += events
        return self

    def write(self, *more: Entry) -> "Story":
        self.written += more
        return self

    def sample(self, at_ns: int, **changed: Any) -> "Story":
        usual = Sample(at_ns, MOVED_NL, 49_900, 0, 900, 900, 0, 0, True)
        self.samples.append(usual._replace(**changed))
        self.samples.sort()
        return self


def fault(name: str = "x", at_ns: int = 12 * S, until_ns: int = 0, **more: Any) -> Broke:
    return Broke(name, at_ns, at_ns, until_ns, flowed=True, **more)


def test_a_run_in_order_violates_nothing():
    assert judge(Story().case()) == []


# --- motion -------------------------------------------------------------------------------------


def test_hold_the_switch_was_never_pressed():
    assert "hold" in Story().without("hold", 9 * S).found()


def test_hold_it_was_released_long_before():
    assert "hold" in Story().add((9 * S + 1, "hold", False, 0)).found()


@pytest.mark.parametrize(("after_ms", "objects"), [(140, False), (160, True)])
def test_stops_the_plunger_goes_on_after_a_release(after_ms: int, objects: bool):
    story = Story().add((OFF - after_ms * MS, "hold", False, 40_000))
    assert ("stops" in story.found()) is objects


@pytest.mark.parametrize(("name", "allowed_ms"), [("pain", 150), ("emergency_stop", 20)])
def test_stops_people_ask_for(name: str, allowed_ms: int):
    late = Story().add((OFF - (allowed_ms + 1) * MS, name, True, 40_000))
    right = Story().add((OFF - (allowed_ms - 1) * MS, name, True, 40_000))
    assert "stops" in late.found()
    assert "stops" not in right.found()


def test_stops_a_fault_asks_for_one_within_its_own_time():
    story = Story(faults=[fault(at_ns=OFF - S, stop_ms=600)])
    assert "stops" in story.found()
    story.faults = [fault(at_ns=OFF - S, stop_ms=1_200)]
    assert "stops" not in story.found()


def test_stops_a_fault_that_lasts_slows_them():
    story = Story().add((OFF - 300 * MS, "hold", False, 40_000))
    assert "stops" in story.found()
    story.faults = [fault(at_ns=OFF - S, slows_ms=400)]
    assert "stops" not in story.found()


def test_stops_a_motor_started_on_the_keypad():
    story = Story().without("hold", 9 * S).add((ON, "keypad_start", True, 0))
    assert story.found() == {"stops"}


def test_intents_none_on_record():
    story = Story()
    story.written = [e for e in story.written if not isinstance(e, MotionIntent | MotionEnded)]
    assert "intents" in story.found()


def test_intents_not_durable_yet():
    assert "intents" in Story(more={"durable": [(0, 2), (ON + 1, 99)]}).found()


def test_intents_one_motion_runs_twice():
    again = ((27 * S, "motor-on", True, MOVED_NL), (28 * S, "motor-off", "volume", MOVED_NL))
    story = Story().add((26 * S + 1, "hold", True, MOVED_NL), *again)
    assert "intents" in story.without("hold", 26 * S).found()


def test_intents_the_pump_goes_further_than_it_was_told():
    story = Story().without("motor-off", OFF)
    assert "intents" in story.add((OFF, "motor-off", "volume", MOVED_NL + 21)).found()


def test_checkpoints_a_motion_without_one():
    assert (
        "checkpoints" in Story().write(MotionIntent(0, 27 * S, 2, "inject", 0, 101_001, 1)).found()
    )


def test_checkpoints_a_withdrawal_without_bound():
    assert (
        "checkpoints" in Story().write(MotionIntent(0, 27 * S, 2, "retract", 0, 30_001, 1)).found()
    )


BACK = ((27 * S, "motor-on", True, MOVED_NL), (28 * S, "motor-off", "volume", 15_000))


def test_retract_too_much():
    assert "retract" in Story().add(*BACK).found()


def test_retract_under_pain():
    small = (BACK[0], (28 * S, "motor-off", "volume", 40_000))
    story = Story().write(MotionIntent(0, 27 * S, 2, "retract", 0, 10_000, 1)).add(*small)
    assert "retract" not in story.found()
    assert "retract" in story.add((26 * S, "pain", True, MOVED_NL)).found()


@pytest.mark.parametrize(("rate", "objects"), [(203_000, False), (205_000, True)])
def test_rate(rate: int, objects: bool):
    assert ("rate" in Story().sample(16 * S, rate_nl_min=rate).found()) is objects


def test_together():
    story = Story().add((24 * S, "beam-on", True, 0), (24 * S + 1, "beam-off", False, 0))
    assert "together" in story.found()


def test_beam_with_the_switch_open():
    assert "beam" in Story().without("hold", 30 * S).found()


def test_beam_after_the_release():
    story = Story().without("hold", 33 * S).add((31 * S + 700 * MS, "hold", False, 0))
    assert "beam" in story.found()


@pytest.mark.parametrize(("name", "value"), [("door", "open"), ("emergency_stop", True)])
def test_beam_with_the_door_open(name: str, value: Any):
    assert "beam" in Story().add((31 * S + 500 * MS, name, value, 0)).found()


def test_beam_without_end():
    story = Story().without("beam-off", 32 * S).without("hold", 33 * S)
    assert "beam" in story.add((50 * S, "beam-off", False, 0)).found()


# --- volume -------------------------------------------------------------------------------------


def test_high_the_plunger_gave_more_than_was_intended():
    story = Story()
    story.written = [e for e in story.written if not isinstance(e, LedgerChanged)]
    assert "high" in story.write(book(9 * S, 0, 0, 40_000)).found()


def test_high_the_record_says_less_than_was_given():
    assert "high" in Story().write(book(27 * S, 40_000, 45_000, 45_000)).found()


def test_low_the_record_claims_more():
    assert "low" in Story().write(book(27 * S, 50_100, 52_500, 52_500)).found()


def test_entered_more_than_the_record_allows():
    assert "entered" in Story().sample(35 * S, entered_nl=52_700).found()


def test_narrow_high_falls_without_evidence():
    fallen = book(27 * S, 47_500, 52_000, 52_000)
    assert "narrow" in Story().write(fallen).found()
    proof = LedgerNarrowed(0, 27 * S - 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, "", 0, "")
    assert "narrow" not in Story().write(fallen, proof).found()


def test_narrow_low_falls():
    assert "narrow" in Story().write(book(27 * S, 47_000, 52_500, 52_500)).found()


def test_ceilings_a_limit_in_force_is_beyond():
    story = Story()
    story.written[0] = started(rate_nl_min=500_001)
    assert "ceilings" in story.found()


def test_ceilings_more_than_was_ordered():
    assert "ceilings" in Story(more={"ordered_nl": 40_000, "null": True}).found()


def test_ceilings_the_motor_runs_for_too_long():
    story = Story(more={"end_ns": 400 * S}).without("motor-off", OFF).without("hold", 26 * S)
    assert "ceilings" in story.add((300 * S, "motor-off", "volume", MOVED_NL)).found()


def test_line_pressure():
    assert "line-pressure" in Story().sample(16 * S, line_pa=133_000).found()


def test_duct_pressure_counts_while_contrast_is_given():
    assert "duct-pressure" in Story().sample(16 * S, duct_pa=7_600, rate_nl_min=1_000).found()
    assert "duct-pressure" not in Story().sample(35 * S, duct_pa=7_600).found()


def test_a_judge_that_a_fault_takes_away_is_not_asked():
    story = Story(faults=[fault(spoils=("line-pressure",))]).sample(16 * S, line_pa=133_000)
    assert "line-pressure" not in story.found()


def test_force():
    assert "force" in Story().sample(35 * S, force_mn=41_000).found()


# --- the whole ----------------------------------------------------------------------------------


def test_journal_motions_without_an_end():
    story = Story()
    story.written = [e for e in story.written if not isinstance(e, MotionEnded)]
    assert "journal" in story.found()
    story.more = {"restarts_ns": [(27 * S, 28 * S)]}
    assert "journal" not in story.found()


def test_the_format_of_the_record_is_ours():
    rows = Story().rows()
    assert broken(rows) == ""
    assert [entry["seq"] for entry in entries(rows)] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("place", [0, 3, -1])
def test_journal_a_row_that_was_changed_moved_or_left_out(place: int):
    rows = Story().rows()
    changed = list(rows)
    body = rows[place].body
    changed[place] = Row(
        **{f: getattr(rows[place], f) for f in Row.__struct_fields__} | {"body": body + b"\x00"}
    )
    assert broken(changed)
    assert broken(rows[1:])
    assert broken([*rows[:3], *rows[4:]])
    assert broken([rows[1], rows[0], *rows[2:]])


def raised(at_ns: int) -> AlarmChanged:
    return AlarmChanged(0, at_ns, "pump-lost", "medium", "raised", "")


def test_alarms_too_late_or_never():
    wanted = fault(alarms=("pump-lost",), alarm_ms=500)
    assert "alarms" in Story(faults=[wanted]).found()
    assert "alarms" in Story(faults=[wanted]).write(raised(12 * S + 501 * MS)).found()
    assert "alarms" not in Story(faults=[wanted]).write(raised(12 * S + 499 * MS)).found()


def test_alarms_nobody_was_there_to_raise_it():
    wanted = fault(alarms=("pump-lost",), alarm_ms=500)
    story = Story(faults=[wanted], more={"restarts_ns": [(12 * S, 14 * S)]})
    assert "alarms" not in story.found()


def test_null_an_alarm_although_nothing_is_wrong():
    story = Story(more={"null": True})
    assert "null" not in story.found()
    assert (
        "null"
        not in story.write(AlarmChanged(0, 20 * S, "checkpoint", "low", "raised", "")).found()
    )
    assert "null" in story.write(raised(21 * S)).found()
    assert "null" not in Story().write(raised(21 * S)).found()


def test_quiet_the_motor_never_stops():
    assert "quiet" in Story().without("motor-off", OFF).found()


@pytest.mark.parametrize("more", [{"outcome": "stuck in arm"}, {"fresh": False}])
def test_goes_on(more: dict[str, Any]):
    assert "goes-on" in Story(more=more).found()


# --- stated twice -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", limits.CEILINGS)
def test_ceilings_are_those_of_the_core(name: str):
    assert limits.CEILINGS[name] == LIMIT_BY_NAME[name].ceiling


def test_every_judge_is_seen_to_object_here():
    told = Path(__file__).read_text("utf-8")
    missing = [one.name for one in JUDGES if f'"{one.name}"' not in told]
    assert missing == []


# --- what must be kept out, and order on the pump's wire -----------------------------------------


@pytest.mark.parametrize(("until_ns", "objects"), [(OFF, True), (ON - 1, False)])
def test_kept_out(until_ns: int, objects: bool):
    stands = Broke("wrong-syringe", 1 * S, 6 * S, until_ns, flowed=False, keeps_out=True)
    assert ("kept-out" in Story(faults=[stands]).found()) is objects


def packet(text: str) -> bytes:
    payload = f"0{text}".encode()
    return bytes([2, len(payload) + 4]) + payload + b"\0\0\3"


def asked(*runs: tuple[int, str, bytes]) -> Story:
    return Story(more={"pump_said": [(at_ms * MS, way, data) for at_ms, way, data in runs]})


@pytest.mark.parametrize(
    ("second", "objects"), [("DIS", True), ("RUN", True), ("VER", False), ("STP", False)]
)
def test_after_a_question_without_an_answer_only_stop_and_fence(second: str, objects: bool):
    story = asked((0, ">", packet("DIS")), (60, ">", packet(second)))
    assert ("fence" in story.found()) is objects


def test_an_answered_question_may_be_followed_by_any():
    answer = b"\x02\x07" + b"00S" + b"\0\0\3"
    whole = ((0, ">", packet("STP")), (20, "<", answer), (50, ">", packet("DIS")))
    assert "fence" not in asked(*whole).found()
    late = asked((0, ">", packet("DIS")), (2_000, ">", packet("DIS")))
    assert "fence" not in late.found(), "the connection was begun anew meanwhile"


def test_a_packet_in_single_bytes_is_one_question():
    single = [(40 + n, ">", bytes([one])) for n, one in enumerate(packet("RAT"))]
    assert "fence" in asked((0, ">", packet("DIS")), *single).found()
    damaged = asked((0, ">", packet("DIS")), (60, ">", packet("DIS")[3:]))
    assert "fence" not in damaged.found(), "what is no packet is no question"


def test_a_syringe_that_brings_a_little_more_than_counted_is_no_motion_too_far():
    more = (
        Story().without("motor-off", OFF).add((OFF, "motor-off", "volume", MOVED_NL * 101 // 100))
    )
    assert "intents" in more.found()
    more.more["brought_ppm"] = 1_020_000
    assert "intents" not in more.found()
