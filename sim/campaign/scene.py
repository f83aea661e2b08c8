"""Where runs begin: a primed line before the cannula is placed, made once, or the very start.

Most of a procedure's time goes into set-up and prime, which are the same for every patient. A
worker plays them once per rig and order, and each seed goes on from a forked copy of that; from
there on all chance is the seed's own. A share of the seeds is played from the very start.
"""

import random
from typing import Final, NamedTuple

from config.load import LoadedRoom
from sim.campaign.person import Campaigner
from sim.physics import RIG_27G_WARM, Patient
from sim.procedure import Procedure
from sim.technologist import Order
from sim.world import START_NS, World

READY: Final = "locate-duct"
_LIMIT_NS: Final = 400 * 10**9
_MS: Final = 1_000_000
_GAP_NS: Final = 40 * _MS
"""A silence of the controller that is worth keeping: twice the longest pass."""

ORDERS: Final = (
    Order(ordered_nl=150_000, views=("CC",), same_patient_as="none"),
    Order(ordered_nl=120_000, views=("CC", "ML"), same_patient_as="none"),
    Order(ordered_nl=190_000, views=("CC",), same_patient_as="none"),
    Order(ordered_nl=80_000, views=("CC",), top_up=True, same_patient_as="none"),
    Order(ordered_nl=20_000, views=(), same_patient_as="none"),
)
"""What is ordered: about 60 s of flow and more, images; the last one is short, for tests, too."""
SHORT: Final = len(ORDERS) - 1


class Scene(NamedTuple):
    """A room with a person in it."""

    world: "HeardWorld"
    player: Procedure
    who: Campaigner
    order: Order


class HeardWorld(World):
    """A world that keeps when the controller was silent."""

    last_ns = START_NS

    def __init__(self, *args: object, **kwargs: object) -> None:
        """As any world."""
        self.gaps: list[tuple[int, int]] = []
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def _tell(self, wire: str, direction: str, at_ns: int, data: bytes) -> None:
        super()._tell(wire, direction, at_ns, data)
        if direction == ">":
            if at_ns - self.last_ns > _GAP_NS:
                self.gaps.append((self.last_ns, at_ns))
            self.last_ns = max(self.last_ns, at_ns)


def patient_of(seed: int) -> Patient:
    """The virtual patient of a seed (all distributions are assumptions)."""
    chance = random.Random(f"{seed}/patient")
    return Patient(
        unstressed_ul=chance.uniform(80, 220),
        stiffness_kpa_ul=chance.uniform(0.003, 0.008),
        stiffening_per_ul=chance.uniform(0.006, 0.012),
        seal_kpa=chance.uniform(4, 14),
        tear_kpa=min(20.0, max(5.0, 8 * chance.lognormvariate(0, 0.4))),
    )


def begin(loaded: LoadedRoom, seed: int, place: int) -> Scene:
    """A room at its very start."""
    order = ORDERS[place]
    world = HeardWorld(loaded, seed, RIG_27G_WARM)
    who = Campaigner(loaded.profile, order)
    return Scene(world, Procedure(world, who), who, order)


def prepared(loaded: LoadedRoom, place: int) -> Scene:
    """A room that has been primed and tested, no byte under way.

    Raises:
        RuntimeError: it never got there, which is a defect.
    """
    scene = begin(loaded, -1 - place, place)
    state = scene.world.room
    if not scene.world.run_until(lambda: state.state.phase.value == READY, _LIMIT_NS):
        raise RuntimeError(f"order {place}: prime was not over within {_LIMIT_NS // 10**9} s")
    return scene


def go_on(scene: Scene, seed: int) -> None:
    """From here on the scene is the seed's own."""
    world = scene.world
    world.seed = seed
    world.devices.reseed(random.Random(f"{seed}/room"))
    for name, wire in world.wires.items():
        wire.reseed(random.Random(f"{seed}/{name}"))
    world.devices.physics.patient = patient_of(seed)
    scene.who.spread(random.Random(f"{seed}/person"))
