"""A room commissioned on virtual time by a scripted person: whole, interrupted, and broken."""

import json
from functools import partial

import msgspec
import pytest

from controller.bench.commission import Bench, Site, Step, commission, current, sessions
from controller.bench.commission_page import page, write
from controller.bench.commission_steps import STEPS
from controller.bench.desk import Ended
from controller.record import chained
from controller.record.signing import load_public, make_key, public_path
from sim.commissioner import Commissioner
from sim.world import World
from state_machine.entries import DailyCheck, Noted
from tests.world.desk import desk_in
from tests.world.scene import Scene, demo

WHO = "S. Service"


def site(folder, world: World, **changes) -> Site:
    made = Site(
        room="demo", room_sha256="a" * 64, procedure_sha256="b" * 64, program="galactograph 0",
        mode="simulated", deviations=demo().deviations, syringe=demo().profile.syringes[0].name,
        pressure_switch=True, store=folder / "commissioning.jsonl",
        journal=folder / "record.journal",
        checks=lambda: [e for e in world.journal.entries if isinstance(e, DailyCheck)],
    )  # fmt: skip
    return made._replace(**changes)


def bench(world: World, where: Site, refuses=(), **faults) -> Bench:
    for name, value in faults.items():
        world.set_input(name, value)
    person = Commissioner(world.set_input, frozenset(refuses))
    made = Bench(desk_in(world, WHO), person, where, world)
    made.person_ms = 8_000  # a person who is quick, and tests that are
    return made


@pytest.fixture
def keyed(tmp_path):
    make_key(tmp_path / "record.journal")
    return tmp_path


def only(*keys: str) -> list[Step]:
    return [step for step in STEPS if step.key in keys]


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-WRONG-DEVICE")
def test_a_sound_room_is_commissioned_whole_with_its_measurements_and_signed(keyed):
    world = World(demo(), 1)
    where = site(keyed, world)
    session = commission(bench(world, where), STEPS)
    assert session.over
    assert session.passed() == {step.key for step in STEPS}
    measured = {m["name"]: m["value"] for line in session.steps() for m in line.body["measures"]}
    assert 0 <= measured["from the request to STP on the wire"] < 60_000
    assert 0 < measured["from STP to the pump's answer"] < 60_000
    assert 700 < measured["safe-mode silence: ms to stop"] < 1_500
    assert 150 < measured["box-watchdog watchdog: ms to stop"] < 500
    assert measured["relay open: ms to silence"] > 0
    assert measured["opened at, by the person's word"] == 130
    assert measured["pump: answers in 6 s"] > 10
    key = load_public(public_path(where.journal))
    for line in session.lines:
        assert key.fits_store(line.number, bytes.fromhex(line.hash), bytes.fromhex(line.signature))
    noted = [e for e in world.journal.entries if isinstance(e, Noted) and e.topic == "service"]
    assert dict(noted[-1].facts)["words"] == "commissioned: every step passed"
    shown = desk_in(world).newest["daily_check"]
    assert shown["valid"]
    html, machine = write(session, chained.read(where.store, where.journal), keyed / "out")
    text = html.read_text()
    assert "every step passed" in text
    assert session.lines[-1].signature in text
    assert "SIMULATED" in text
    assert json.loads(machine.read_text())["over"] is True


def test_what_was_passed_stays_and_the_rest_goes_on_until_the_files_change(keyed):
    world = World(demo(), 1)
    where = site(keyed, world)
    table = only("keys", "files", "devices", "hold-switch")
    with pytest.raises(Ended, match="Devices is not passed; what was passed stays"):
        commission(bench(world, where, refuses=["devices/right"]), table)
    person = bench(world, where)
    session = commission(person, table)
    assert session.over
    told = dict(person.person.told)  # type: ignore[attr-defined]
    assert {"keys/done", "files/done", "devices/begin"} <= set(told)
    assert [line.body["passed"] for line in session.steps()] == [True, True, False, True, True]
    assert "not passed" in page(session)
    assert current(where) is None, "it is over: the next one begins anew"
    with pytest.raises(Ended):
        commission(bench(world, where, refuses=["files/accepted"]), table)
    assert current(where) is not None
    assert current(where._replace(room_sha256="c" * 64)) is None, "another room file"
    assert current(where._replace(program="galactograph 1")) is None, "another program"
    lines = chained.read(where.store, where.journal)
    assert [s.over for s in sessions(lines)] == [True, False]
    assert "not finished" in page(sessions(lines)[-1])


BROKEN: dict[str, tuple[str, dict[str, bool | int | str], str]] = {
    "hold_no stuck": ("hold-switch", {"contact_stuck": "hold_no"}, "not seen pressed"),
    "pain stuck": ("pain-button", {"contact_stuck": "pain"}, "not seen pressed"),
    "emergency stop stuck": ("emergency-stop", {"contact_stuck": "emergency_stop"}, "not seen"),
    "door open": ("door", {"door": "open"}, "seen pressed, and nobody was asked to"),
    "sensor of another map": ("devices", {"map_version_line": 9}, "register map version 9"),
}


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-WRONG-DEVICE")
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_not_passed_and_says_why(what, keyed):
    step, faults, words = BROKEN[what]
    world = World(demo(), 1)
    where = site(keyed, world)
    with pytest.raises(Ended, match="is not passed"):
        commission(bench(world, where, **faults), only("devices", step))
    last = sessions(chained.read(where.store, where.journal))[-1].steps()[-1].body
    assert (last["step"], last["passed"]) == (step, False)
    assert words in last["words"]


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize(
    ("faults", "step", "words"),
    [
        ({"pump_ignores_stop": True}, "stop", ""),
        ({"pump_ignores_silence": True}, "daily-check", "Safe mode"),
        ({"relay_welded": True}, "daily-check", "welded relay"),
        ({"box_ignores_silence": True}, "daily-check", "watchdog"),
    ],
)
def test_a_stop_that_fails_is_found(faults, step, words, keyed):
    world = World(demo(), 1)
    where = site(keyed, world)
    with pytest.raises(Ended, match="is not passed"):
        commission(bench(world, where, **faults), only("devices", "power", step))
    last = sessions(chained.read(where.store, where.journal))[-1].steps()[-1].body
    assert (last["step"], last["passed"]) == (step, False)
    assert words in last["words"]


def test_a_room_without_a_key_is_told_to_make_one(tmp_path):
    world = World(demo(), 1)
    where = site(tmp_path, world)
    with pytest.raises(Ended):
        commission(bench(world, where), only("keys"))
    last = sessions(chained.read(where.store, where.journal))[-1].steps()[-1].body
    assert "galactograph journal key" in last["words"]


@pytest.mark.hazard("HZ-USE-ERROR")
def test_nothing_is_commissioned_with_a_procedure_open(keyed):
    scene = Scene().until_phase("checklist")
    with pytest.raises(Ended, match="a procedure is open"):
        bench(scene.world, site(keyed, scene.world))


@pytest.mark.parametrize("switch", [("n", False), ("139", False), ("138", True), ("0", False)])
def test_the_pressure_switch_by_a_persons_word(switch, keyed):
    text, passed = switch
    world = World(demo(), 1)
    where = site(keyed, world)
    at = bench(world, where)
    at.person.ask = partial(_says, text)  # type: ignore[method-assign]
    (step,) = only("pressure-switch")
    try:
        commission(at, [step])
    except Ended:
        assert not passed
    else:
        assert passed
    assert msgspec.json.encode(chained.read(where.store, where.journal)[-1])


def _says(text: str, key: str, _question: str) -> str:
    return text if key == "pressure-switch/opened" else "n"
