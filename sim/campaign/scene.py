"""Where runs begin: a primed line before the cannula is placed, made once, or the very start.

Most of a procedure's time goes into set-up and prime, which are the same for every patient. A
worker plays them once per *place* (one drawn rig, transducer and set of wires, and an order),
and each seed goes on from a forked copy of that; from there on all chance is the seed's own.
A share of the seeds is played from the very start, with a rig and an order of their own.
"""

import random
from typing import Any, Final, NamedTuple

from config.load import LoadedRoom
from sim.campaign import checks
from sim.campaign.person import Campaigner
from sim.faults.draw import PLACES, SHORT, Plan
from sim.habits import Habits
from sim.patients import draw_patient
from sim.physics import RIG_27G_WARM, Patient, Rig
from sim.physics.duct import pressure_kpa
from sim.procedure import Procedure, draw_order
from sim.rigs import draw_rig, draw_transducer
from sim.technologist import Order
from sim.world import START_NS, World

READY: Final = "locate-duct"
_LIMIT_NS: Final = 400 * 10**9
_MS: Final = 1_000_000
_GAP_NS: Final = 40 * _MS
"""A silence of the controller that is worth keeping: twice the longest pass."""

_LONG: Final[dict[int, dict[str, Any]]] = {
    PLACES - 4: {"views": ("CC", "ML")},
    PLACES - 3: {"top_up": True},
    PLACES - 2: {"ducts": 2},
}
"""Places whose procedures last longer."""
_SHORT: Final = Order(ordered_nl=20_000, views=(), same_patient_as="none")
"""For tests, and for a few seeds."""
_TOPPED_UP_NL: Final = 100_000
"""Each of two injections (assumption: together below the limit of a duct)."""

FITS_KPA: Final = 1.6
"""Pressure of a duct that takes what is ordered, when it has it: the bound on net pressure lies
up to 1.4 kPa above, and from 3 kPa on it is said (assumption)."""
FITS_HOLDS_KPA: Final = 4.5
"""Seal and wall of such a duct hold at least that."""


class Scene(NamedTuple):
    """A room with a person in it."""

    world: "HeardWorld"
    player: Procedure
    who: Campaigner
    order: Order


class HeardWorld(World):
    """A world that keeps when the controller was silent, and what pump and controller said."""

    last_ns = START_NS

    def __init__(self, *args: object, **kwargs: object) -> None:
        """As any world."""
        self.gaps: list[tuple[int, int]] = []
        self.pump_said: list[tuple[int, str, bytes]] = []
        """Instant, direction, bytes of each run on the pump's wire."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def _tell(self, wire: str, direction: str, at_ns: int, data: bytes) -> None:
        super()._tell(wire, direction, at_ns, data)
        if wire == "pump":
            self.pump_said.append((at_ns, direction, data))
        if direction == ">":
            if at_ns - self.last_ns > _GAP_NS:
                self.gaps.append((self.last_ns, at_ns))
            self.last_ns = max(self.last_ns, at_ns)


def order_of(place: int) -> Order:
    """What is ordered at a place: a minute of flow and more; the last one is short."""
    if place == SHORT:
        return _SHORT
    plain = draw_order(random.Random(f"place {place}/order"))
    order = Order(plain.ordered_nl, same_patient_as="none")._replace(**_LONG.get(place, {}))
    long_nl = _TOPPED_UP_NL if order.top_up or order.ducts > 1 else plain.ordered_nl
    return order._replace(ordered_nl=long_nl)


def fits(patient: Patient, order: Order) -> bool:
    """The duct takes what is ordered without being stretched much."""
    whole_ul = order.ordered_nl * (1 + order.top_up) / 1_000
    holds_kpa = min(patient.seal_kpa, patient.tear_kpa)
    return pressure_kpa(patient, whole_ul, 0.0) <= FITS_KPA and holds_kpa >= FITS_HOLDS_KPA


def patient_of(plan: Plan, order: Order) -> Patient:
    """The virtual patient of a seed, drawn again until the duct fits where the plan says so."""
    chance = random.Random(f"{plan.seed}/patient")
    while True:
        patient = draw_patient(chance)
        if not plan.fits or fits(patient, order):
            return patient


def _world(loaded: LoadedRoom, seed: int, named: str, rig: Rig, plain: bool) -> HeardWorld:
    """A room at its very start; ``named`` is what its generators are called after."""
    world = HeardWorld(loaded, seed, rig, drawn_wires=not plain)
    if not plain:
        for name, value in draw_transducer(random.Random(f"{named}/transducer")).items():
            world.set_input(name, value)
    return world


def _scene(loaded: LoadedRoom, world: HeardWorld, order: Order) -> Scene:
    """Somebody comes in."""
    who = Campaigner(loaded.profile, order)
    return Scene(world, Procedure(world, who), who, order)


def begin(loaded: LoadedRoom, place: int) -> Scene:
    """The room of a place at its very start."""
    named, plain = f"place {place}", place == SHORT
    rig = RIG_27G_WARM if plain else draw_rig(random.Random(f"{named}/rig"))
    world = _world(loaded, -1 - place, named, rig, plain)
    return _scene(loaded, world, order_of(place))


def from_start(loaded: LoadedRoom, plan: Plan) -> Scene:
    """A seed's room at its very start, all of it the seed's own but for a short order."""
    loaded, seed = checks.room_of(loaded, plan), plan.seed
    order, rig = _SHORT, RIG_27G_WARM
    if plan.place != SHORT:
        order = draw_order(random.Random(f"{seed}/order"))._replace(same_patient_as="none")
        rig = draw_rig(random.Random(f"{seed}/rig"))
    world = _world(loaded, seed, str(seed), rig, plan.place == SHORT)
    checks.fail(world, plan)
    scene = _scene(loaded, world, order)
    go_on(scene, plan)
    return scene


def prepared(loaded: LoadedRoom, place: int) -> Scene:
    """A room that has been primed and tested, no byte under way.

    Raises:
        RuntimeError: it never got there, which is a defect.
    """
    scene = begin(loaded, place)
    state = scene.world.room
    if not scene.world.run_until(lambda: state.state.phase.value == READY, _LIMIT_NS):
        raise RuntimeError(f"place {place}: prime was not over within {_LIMIT_NS // 10**9} s")
    return scene


def go_on(scene: Scene, plan: Plan) -> None:
    """From here on the scene is the seed's own."""
    world, seed = scene.world, plan.seed
    world.seed = seed
    world.devices.reseed(random.Random(f"{seed}/room"))
    for name, wire in world.wires.items():
        wire.reseed(random.Random(f"{seed}/{name}"))
    world.devices.physics.patient = patient_of(plan, scene.order)
    scene.who.habits = Habits(random.Random(f"{seed}/person")) if plan.habits else None
    scene.who.spread(random.Random(f"{seed}/pace"))
