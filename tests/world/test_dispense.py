"""A syringe dispensed from by the tool: a room on virtual time, its own controller and gate."""

from typing import Any

import pytest

from controller.bench import calibrate
from controller.bench.calibrate import Job, Weighing
from controller.bench.desk import Desk, Ended
from controller.bench.dispense import Portion, Tool, too_much, weigh_by_tool
from drivers.mt_sics import Weight
from sim.world import World
from state_machine.entries import MotionEnded, MotionIntent, Noted
from state_machine.limits import Limits
from tests.world.desk import desk_in
from tests.world.scene import Scene, demo

WATER_PG_NL = 996_720  # 22 degrees, weighed in air
PORTION = Portion("BD 1 mL", 8_000, 200_000, 5_000)
SAID: dict[str, Any] = {
    "syringe": "BD 1 mL",
    "volume_nl": 20_000,
    "rate_nl_min": 200_000,
    "tip_out": True,
    "room_empty": True,
}
S = 1_000_000_000


class Person:
    """Answers, and presses the switch as it is told to; lets go early where it slips."""

    def __init__(self, world: World, slips_ns: int = 0) -> None:
        self.world = world
        self.said: list[str] = []
        self.asked: list[str] = []
        self.slips_ns = slips_ns

    def ask(self, question: str) -> str:
        self.asked.append(question)
        return "y"

    def say(self, words: str) -> None:
        self.said.append(words)
        if "KEEP IT DOWN" in words:
            self.world.set_input("hold", True)
            if self.slips_ns:
                slips_ns, self.slips_ns = self.slips_ns, 0
                self.world.at(
                    self.world.now_ns() + slips_ns, lambda: self.world.set_input("hold", False)
                )
        elif "let the switch go" in words:
            self.world.set_input("hold", False)


class Vessel:
    """A balance under the open tip of the simulated room."""

    name = "vessel"

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk

    def weigh(self, prompt: str) -> Weight:
        self._desk.until(lambda _s: False, 6_000 if "after that" in prompt else 1_000)
        spilled_nl = round(self._world.devices.physics.spilled_ul * 1000)
        return Weight(20 * 10**9 + spilled_nl * WATER_PG_NL // 1000, 10_000, True)


def ready(world: World | None = None) -> Any:
    world = world or World(demo(), 1)
    desk = desk_in(world)
    desk.until(
        lambda s: all(d["link"] == "up" for n, d in s["devices"].items() if n != "pump"), 5_000
    )
    return world, desk


def entries(world: World, kind: type) -> list[Any]:
    return [entry for entry in world.journal.entries if isinstance(entry, kind)]


@pytest.mark.hazard("HZ-SYRINGE", "HZ-UNCOMMANDED-MOTION")
def test_the_tool_dispenses_what_the_balance_then_weighs(tmp_path, monkeypatch):
    world, desk = ready()
    world.devices.physics.filled_ul = 55.0
    assert world.devices.physics.rig.syringe_um == 4_780
    monkeypatch.setattr(calibrate, "BLANK_NS", 5 * S)
    syringe = next(s for s in demo().profile.syringes if s.name == "BD 1 mL")
    person = Person(world, slips_ns=2_500_000_000)
    job = Job(person.ask, person.say, "S. Service", "balance 1", 365, world,
              tmp_path / "calibration.jsonl", tmp_path / "record.journal")  # fmt: skip
    weighing = Weighing(syringe, 22_000, 500, 1_000, 5)
    result = weigh_by_tool(job, desk, Vessel(world, desk), weighing, PORTION)
    assert result.value == pytest.approx(4_780_000, rel=0.003), "what the simulated syringe is"
    assert result.subject == "BD 1 mL"
    motions = entries(world, MotionEnded)
    assert {one.purpose for one in motions} == {"dispense"}
    assert not motions[0].reached, "the switch slipped"
    assert all(one.reached for one in motions[1:])
    assert len(motions) == 1 + PORTION.fill_count + 5
    assert all(7_900 <= counted <= 8_000 for counted, _weighed in result.points)
    yes = [question for question in person.asked if "dispense 8000 nL?" in question]
    assert len(yes) == len(motions) == len(entries(world, MotionIntent)), "a yes for each motion"
    topics = [(e.topic, e.by) for e in entries(world, Noted)]
    assert topics[0] == ("service", "S. Service")
    assert ("dispense", "S. Service") in topics
    assert topics[-2:] == [("dispensed", "S. Service"), ("service", "S. Service")]
    assert "dispensing is not begun: say first what is dispensed" in desk.ask(
        "tip-out", purpose="dispense"
    )
    assert (tmp_path / "calibration.jsonl").exists()


@pytest.mark.hazard("HZ-OVERVOLUME", "HZ-OVERRATE", "HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"volume_nl": 150_001}, "150001 nL in one motion: 1000 to 80000 nL are allowed"),
        ({"volume_nl": 999}, "999 nL in one motion"),
        ({"rate_nl_min": 0}, "0 nL/min: 1 to"),
        ({"rate_nl_min": 500_001}, "500001 nL/min: 1 to"),
        ({"tip_out": False}, "put the tip into the vessel"),
        ({"room_empty": False}, "nobody may be in the room"),
        ({"syringe": "9 mL"}, "syringe '9 mL' is not in the profile"),
        ({"role": "technologist"}, "service work is done in the role service"),
    ],
)
def test_what_may_not_be_dispensed_is_refused_in_words(said, words):
    _world, desk = ready()
    assert words in "; ".join(desk.ask("dispense", **{**SAID, **said}))
    assert desk.newest["dispense"]["by"] == ""


def begun() -> Any:
    """Powered, zeroed, and a portion runs with the switch held."""
    world, desk = ready()
    assert desk.ask("dispense", **SAID) == ()
    assert desk.ask("confirm-reclose", cannula_out=True) == ()
    assert desk.until(lambda _s: not desk.ask("tip-out", purpose="dispense"), 20_000)
    world.set_input("hold", True)
    assert desk.until(lambda s: s["rate"]["confirmed_nl_min"] > 0, 5_000)
    return world, desk


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("end", ["stop", "hung up", "emergency stop", "pain", "released"])
def test_it_stops_with_stop_the_tool_an_alarm_and_the_switch(end):
    world, desk = begun()
    other = desk_in(world)
    assert "another tool has begun" in "; ".join(other.ask("tip-out", purpose="dispense"))
    assert "somebody dispenses" in "; ".join(
        other.ask("daily-check", syringe="BD 1 mL", tip_out=True, room_empty=True)
    )
    if end == "stop":
        assert other.ask("do", event="stop") == ()
    elif end == "hung up":
        desk.close()
    elif end == "emergency stop":
        world.set_input("emergency_stop", True)
    elif end == "pain":
        world.set_input("pain", True)
    else:
        world.set_input("hold", False)
    other.until(lambda _s: False, 2_000)
    assert not world.devices.pump.model.motor_on
    ended = entries(world, MotionEnded)
    assert all(one.moved_nl < 20_000 for one in ended)
    assert len(ended) == (end != "emergency stop"), "without power no standstill is proven"
    # the switch let go, or the pain button: the motion is over, another yes may follow
    still = other.newest["dispense"]["by"]
    assert still == ("S. Service" if end in ("released", "pain") else "")
    assert other.newest["hold"]["phase"] == "closed"


@pytest.mark.hazard("HZ-USE-ERROR")
def test_it_is_never_over_a_procedure_nor_a_procedure_over_it():
    scene = Scene().until_phase("checklist")
    assert "a procedure is open" in "; ".join(desk_in(scene.world).ask("dispense", **SAID))
    world, desk = ready()
    assert desk.ask("dispense", **SAID) == ()
    words = "; ".join(desk.ask("open-case", patient_id="1", patient_name="A", performer="R",
                               assistant="T", ordered_nl=50_000))  # fmt: skip
    assert "dispensing into a vessel, is under way" in words
    assert desk.ask("end-dispense") == ()
    assert desk.ask("end-dispense") == ("nobody dispenses",)
    assert entries(world, MotionIntent) == []


def test_who_says_no_moves_nothing_and_the_tool_leaves_it_ended():
    world, desk = ready()
    answers = iter(["y", "y", "q"])
    with (
        pytest.raises(Ended, match="ended by a person"),
        Tool(desk, lambda _q: next(answers), lambda _w: None, PORTION),
    ):
        raise AssertionError("not reached: the line was not filled")
    assert desk.until(lambda s: s["dispense"]["by"] == "", 1_000)
    assert entries(world, MotionIntent) == []


def test_what_would_be_too_much_in_all_is_said_before_anything_is():
    most_nl = Limits().prime_total_nl
    assert too_much(PORTION, 10, most_nl) == ""
    assert "allowed are 600000 nL" in too_much(PORTION._replace(volume_nl=60_000), 10, most_nl)
