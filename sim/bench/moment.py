"""One moment in the middle of an injection, from which a trial can begin again and again.

A virtual world is brought to where contrast flows and no byte is on any wire. Drivers are
plain objects and state is frozen, so the controller's side can be copied and put on real
ports; the devices' side can be copied in another process that made the same world from
the same seed. Time goes on from there: boot time plus an offset.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from config.load import LoadedRoom
from controller.clock import Clock, RealClock
from controller.loop import Api, DevicePort, Journal, Link, Room
from drivers.ports import Port
from sim.devices import NEVER_NS
from sim.devices.room import SimulatedRoom
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.world import World
from state_machine.readings import ClockSync
from state_machine.state import Phase

FLOWING_NL: Final = 5_000
"""Injected when a trial begins: past the start of the ramp, far from the checkpoint."""
_LIMIT_NS: Final = 300 * 10**9


class NotReached(Exception):
    """The world did not get to the moment; the text says where it stands."""


def start(loaded: LoadedRoom, seed: int, order: Order | None = None) -> Procedure:
    """A world with its technologist, at its start."""
    return Procedure(World(loaded, seed), Technologist(loaded.profile, order or Order()))


def flows(world: World, volume_nl: int = FLOWING_NL) -> bool:
    """The plunger moves and this injection has brought at least a volume."""
    room = world.room
    brought_nl = room.readings.pump.infused_nl - room.state.injection.base_nl
    return (
        room.state.phase is Phase.INJECTING
        and world.devices.pump.model.motor_on
        and brought_nl >= volume_nl
    )


def quiet(world: World) -> bool:
    """No question is under way on any wire."""
    wires = world.wires.values()
    return all(wire.due_ns == NEVER_NS and not wire.readable for wire in wires)


def injecting(loaded: LoadedRoom, seed: int, volume_nl: int = FLOWING_NL) -> Procedure:
    """A world in the middle of an injection, no byte under way.

    Raises:
        NotReached: the procedure never injected.
    """
    procedure = start(loaded, seed)
    world = procedure.world
    if not world.run_until(lambda: flows(world, volume_nl) and quiet(world), _LIMIT_NS):
        raise NotReached(
            f"seed {seed}: no flow of {volume_nl} nL within {_LIMIT_NS // 10**9} virtual s, the"
            f" procedure stands in {world.room.state.phase.value!r}; try another room or seed"
        )
    return procedure


class ShiftedClock:
    """The machine's clock with boot time moved to a world's."""

    def __init__(self, offset_ns: int = 0) -> None:
        """``offset_ns`` is added to boot time."""
        self.offset_ns = offset_ns
        self._real: Clock = RealClock()

    def start_at(self, at_ns: int) -> None:
        """Let it be ``at_ns`` now."""
        self.offset_ns = at_ns - self._real.now_ns()

    def now_ns(self) -> int:
        """Shifted boot time."""
        return self._real.now_ns() + self.offset_ns

    def utc_ns(self) -> int:
        """Wall-clock time."""
        return self._real.utc_ns()

    def wait(self, ports: Sequence[Port], until_ns: int) -> None:
        """Wait as a real room does."""
        self._real.wait(ports, until_ns - self.offset_ns)

    def hand_over(self) -> None:
        """As a real room does."""
        self._real.hand_over()

    def sync(self) -> ClockSync:
        """As the machine says."""
        return self._real.sync()


class Moment:
    """The moment, as something to copy."""

    def __init__(self, world: World) -> None:
        """Take it from a world, which does not go on afterwards."""
        self._world = world
        self.at_ns = world.now_ns()

    def devices(self) -> SimulatedRoom:
        """A copy of the devices."""
        return copy.deepcopy(self._world.devices)

    def room(
        self,
        ports: Mapping[str, DevicePort],
        journal: Journal,
        last_seq: int,
        api: Api,
        clock: Clock,
        wakers: Sequence[Port] = (),
    ) -> Room:
        """A copy of the controller, on these ports.

        Args:
            ports: open ports by the loop's names.
            journal: where entries go.
            last_seq: number of the journal's newest entry; the copy goes on from it.
            api: clients.
            clock: shall stand at this moment's time when the room runs.
            wakers: as of a real room.
        """
        was = self._world.room
        links = [_moved(link, ports[name]) for name, link in was.links.items()]
        state = msgspec.structs.replace(was.state, entry_seq=last_seq)
        room = Room(state, links, journal, api, clock, wakers)
        room.readings, room.targets, room.alarms = was.readings, was.targets, was.alarms
        room.step_at_ns, room.planned_ns = was.step_at_ns, was.planned_ns
        room.pass_count = was.pass_count
        return room


def _moved(link: Link, port: DevicePort) -> Link:
    """A copy of a link and its driver on another port, without a new connection's doubts."""
    fresh = copy.deepcopy(link, {id(link.port): link.port})
    fresh.port = port
    return fresh
