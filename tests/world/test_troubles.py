"""Whole procedures over wires with troubles: the production drivers bear them."""

import pytest

from sim.copied import copied
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.troubles import Acted, Trouble
from sim.wires import Manner
from sim.world import World
from tests.world.scene import MS, S, Scene, demo


def played(seed: int, *plans: tuple[str, Trouble], span_s: int = 60) -> Scene:
    """A room on drawn wires with troubles, for so long."""
    world = World(demo(), seed, drawn_wires=True)
    for wire, plan in plans:
        world.trouble(wire, plan)
    return Scene(world=world).run(span_s)


def manners_of(seed: int) -> dict[str, Manner]:
    wires = World(demo(), seed, drawn_wires=True).wires
    return {name: wire.manner for name, wire in wires.items()}


def test_wires_are_drawn_from_the_seed_each_by_itself():
    assert len(set(manners_of(7).values())) == 4
    assert manners_of(7) == manners_of(7) != manners_of(8)
    assert len({wire.manner for wire in World(demo(), 7).wires.values()}) == 2


def test_the_same_seed_and_troubles_give_the_same_digest():
    plans = (
        ("pump", Trouble("corruption", share_ppm=30_000, from_ns=5 * S)),
        ("line", Trouble("delay", share_ppm=100_000, size=20 * MS, from_ns=5 * S)),
        ("room", Trouble("cut", from_ns=8 * S, until_ns=9 * S)),
    )
    one, other = played(3, *plans, span_s=12), played(3, *plans, span_s=12)
    assert one.world.digest() == other.world.digest()
    assert {act.kind for act in one.world.acted} == {"corruption", "delay", "cut"}
    assert one.world.acted == other.world.acted


def test_a_copied_room_has_troubles_of_its_own():
    scene = played(5, ("pump", Trouble("garbage")), ("line", Trouble("drip")), span_s=3)
    other = copied(scene)
    before = list(scene.world.acted)
    other.run(3)
    assert scene.world.acted == before
    scene.run(3)
    assert scene.world.acted == other.world.acted != before


def test_a_trouble_left_out_leaves_what_the_others_draw():
    delay = ("line", Trouble("delay", share_ppm=100_000, size=5 * MS, from_ns=5 * S))
    cut = ("mammograph", Trouble("cut", from_ns=8 * S, until_ns=9 * S))

    def delays(scene: Scene) -> list[Acted]:
        return [act for act in scene.world.acted if act.kind == "delay" and act.at_ns < 8 * S]

    assert delays(played(3, delay, cut, span_s=10)) == delays(played(3, delay, span_s=10)) != []


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize("wire", ["pump", "line", "room", "mammograph"])
def test_a_link_that_was_spoiled_works_again_when_it_is_no_longer(wire: str):
    world = World(demo(), 1)
    scene = Scene(world=world).until_phase("prime-and-zero").hands_off()
    until_ns = world.now_ns() + 3 * S
    for kind in ("corruption", "truncation", "duplication", "garbage"):
        world.trouble(wire, Trouble(kind, 100_000, until_ns=until_ns))
    world.trouble(wire, Trouble("out-of-step", from_ns=until_ns - S, until_ns=until_ns))
    scene.run(3)
    assert world.acted, "nothing was spoiled"
    scene.run(4)
    heard_ns = world.now_ns() - getattr(scene.readings, wire).at_ns
    assert heard_ns < S, f"{wire} was last heard {heard_ns / S:.1f} s ago"
    assert f"{wire}-lost" not in scene.alarms


def test_an_ordinary_procedure_over_a_troubled_room_ends_without_a_judge_speaking():
    world = World(demo(), 11, drawn_wires=True)
    for wire in world.wires:
        world.trouble(wire, Trouble("delay", 20_000, size=30 * MS))
        world.trouble(wire, Trouble("loss", 1_000))
    who = Technologist(demo().profile, Order())
    procedure = Procedure(world, who)
    world.run_until(procedure.done, 300 * S)
    assert {act.kind for act in world.acted} == {"delay", "loss"}
    assert round(world.devices.physics.entered_ul * 1000) <= procedure.ledger[1] + 100
