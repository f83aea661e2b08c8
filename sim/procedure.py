"""One whole procedure on virtual time: world, technologist, and what came of it."""

import functools
import random
from typing import Any, Final, Protocol

import msgspec

from config.load import LoadedRoom
from controller.clock import RealClock
from sim.habits import Habits
from sim.memory import MemoryPort
from sim.patients import draw_patient
from sim.rigs import draw_rig, draw_transducer
from sim.technologist import Deed, Order, Request, Snapshot, Technologist
from sim.world import START_NS, World
from state_machine.entries import PhaseChanged
from state_machine.state import Phase

LIMIT_NS: Final = 1_800 * 1_000_000_000
"""Longest virtual procedure; a run that is not over by then is stuck."""


_SUBSCRIBE: Final = b'{"k": "subscribe", "hz": 10}\n'
"""A person looks no oftener, and takes longer to act."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a run; field names are the command's JSON."""

    seed: int
    digest: str
    outcome: str
    virtual_s: float
    wall_s: float
    delivered_nl: int
    ledger_low_nl: int
    ledger_high_nl: int
    extravasated_nl: int
    faults: list[str]
    violations: list[str]
    phases: list[str]
    exposures: int
    rearms: int


class Person(Protocol):
    """Somebody who looks at snapshots and does things."""

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """What to do now, having seen this snapshot."""

    def hear(self, reply: dict[str, Any]) -> None:
        """An answer to a request."""


class Player:
    """A world with one scripted person as its API client."""

    def __init__(self, world: World, person: Person) -> None:
        """Connect the person to the world's controller."""
        self.world = world
        self.person = person
        self.last: dict[str, Any] = {}
        self.ledger = (0, 0)
        self._client: MemoryPort = world.client()
        self._client.on_write = self._hear
        self._client.write(_SUBSCRIBE)
        self._rest = b""
        self._sent = 0

    def _hear(self) -> None:
        """Lines from the controller: look at snapshots, act at once."""
        *lines, self._rest = (self._rest + self._client.read()).split(b"\n")
        for line in lines:
            message = msgspec.json.decode(line)
            if message["k"] == "reply":
                self.person.hear(message)
            elif message["k"] == "snapshot":
                self._see(message)

    def _see(self, shown: dict[str, Any]) -> None:
        self.last = shown
        day = shown["volume"]
        if day["side_day_high_nl"]:
            self.ledger = (day["side_day_low_nl"], day["side_day_high_nl"])
        for deed in self.person.look(shown, self.world.now_ns()):
            # hands and requests take effect after this pass, not in the middle of it
            at_ns = self.world.now_ns() + 1 + deed.after_ns
            self.world.at(at_ns, functools.partial(self._do, deed))

    def say(self, message: dict[str, Any]) -> None:
        """Send one object over this person's connection.

        Requests are numbered as they leave: one that was thought of earlier may be said later.
        """
        if message.get("number"):
            self._sent += 1
            message = message | {"number": self._sent}
        self._client.write(msgspec.json.encode(message) + b"\n")

    def hang_up(self) -> None:
        """End the connection; the person sees and asks nothing any more."""
        self._client.close()
        self.world.wake()

    def _do(self, deed: Any) -> None:
        if isinstance(deed, Request):
            self.say(deed.body)
        else:
            self.world.set_input(deed.name, deed.value)


class Procedure(Player):
    """A world with one scripted technologist."""

    def __init__(self, world: World, who: Technologist) -> None:
        """Connect the technologist to the world's controller."""
        super().__init__(world, who)
        self.who = who

    def _see(self, shown: dict[str, Any]) -> None:
        """The eyes are on the tip, too; the patient feels what there is to feel."""
        physics = self.world.devices.physics
        self.who.see(round(physics.spilled_ul * 1000))
        if self.who.habits is not None:
            self.who.habits.feel(physics.duct_kpa(), physics.tear > 0)
        super()._see(shown)

    @property
    def phases(self) -> list[str]:
        """Phases that this run's record shows, in order."""
        changes = (e for e in self.world.journal.entries if isinstance(e, PhaseChanged))
        return [Phase.STANDBY.value, *(change.phase for change in changes)]

    def done(self) -> bool:
        """The procedure is closed again."""
        return self.who.finished and self.world.room.state.phase is Phase.STANDBY


LONG_SHARE: Final = 0.15
"""Of drawn procedures that have a second view, a top-up or a second duct."""
_ORDERED_NL: Final = (160_000, 195_000)
"""More than 60 s of flow (the first 50 uL go at half the rate), below the usual limit."""
_TOPPED_UP_NL: Final = (90_000, 120_000)
"""Each of two injections into one duct, or of one into each of two."""


def draw_order(chance: random.Random) -> Order:
    """What is ordered: one injection and one view, or, for a share, more."""
    if chance.random() >= LONG_SHARE:
        return Order(ordered_nl=chance.randrange(*_ORDERED_NL, 1000))
    kind = chance.choice(("views", "top-up", "ducts"))
    if kind == "views":
        return Order(ordered_nl=chance.randrange(*_ORDERED_NL, 1000), views=("CC", "ML"))
    ordered_nl = chance.randrange(*_TOPPED_UP_NL, 1000)
    return Order(ordered_nl, top_up=kind == "top-up", ducts=2 if kind == "ducts" else 1)


def drawn(loaded: LoadedRoom, seed: int, who: Technologist | None = None) -> Procedure:
    """A procedure of which the seed draws all that may differ: nothing has happened yet.

    Wires, rig, transducer, patient, order and the person's habits each have a generator of
    their own, named by the seed, so that another one of them changes nothing of the rest.
    ``who`` is somebody else than the plain technologist, with an order of their own.
    """

    def chance(of: str) -> random.Random:
        return random.Random(f"{seed}/{of}")

    rig, patient = draw_rig(chance("rig")), draw_patient(chance("patient"))
    world = World(loaded, seed, rig, patient, drawn_wires=True)
    for name, value in draw_transducer(chance("transducer")).items():
        world.set_input(name, value)
    who = who or Technologist(loaded.profile, draw_order(chance("order")))
    who.habits = Habits(chance("person"))
    return Procedure(world, who)


def run(loaded: LoadedRoom, seed: int, order: Order | None = None) -> tuple[Outcome, Procedure]:
    """Run one procedure from one seed."""
    clock = RealClock()
    began_ns = clock.now_ns()
    world = World(loaded, seed)
    procedure = Procedure(world, Technologist(loaded.profile, order or Order()))
    done = world.run_until(procedure.done, LIMIT_NS)
    truth = world.devices.truth()
    low_nl, high_nl = procedure.ledger
    outcome = Outcome(
        seed=seed,
        digest=world.digest(),
        outcome="closed" if done else f"stuck in {procedure.phases[-1:]}",
        virtual_s=(world.now_ns() - START_NS) / 1e9,
        wall_s=round((clock.now_ns() - began_ns) / 1e9, 3),
        delivered_nl=int(truth["entered_nl"]),
        ledger_low_nl=low_nl,
        ledger_high_nl=high_nl,
        extravasated_nl=int(truth["extravasated_nl"]),
        faults=[],
        violations=[],
        phases=procedure.phases,
        exposures=int(truth["exposure_count"]),
        rearms=procedure.who.rearm_count,
    )
    return outcome, procedure
