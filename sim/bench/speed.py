"""Virtual speed: whole procedures per second, and virtual over wall time idle and injecting."""

from typing import Final

from config.load import LoadedRoom
from controller.clock import RealClock
from sim import procedure
from sim.bench.figures import Result, spread
from sim.bench.moment import flows, start
from sim.world import World
from state_machine.state import Phase

_IDLE_NS: Final = 120 * 10**9
_LIMIT_NS: Final = 300 * 10**9


def measure(loaded: LoadedRoom, count: int, seed: int = 1) -> list[Result]:
    """``count`` procedures from consecutive seeds."""
    wall_s, virtual_s, closed = [], 0.0, 0
    for number in range(count):
        outcome, _ = procedure.run(loaded, seed + number)
        wall_s.append(outcome.wall_s)
        virtual_s += outcome.virtual_s
        closed += outcome.outcome == "closed"
    return [
        {
            "name": "virtual-speed",
            "procedures": count,
            "closed": closed,
            "procedures_per_s": round(count / sum(wall_s), 3),
            "wall_s": spread(wall_s, 1),
            "virtual_over_wall": round(virtual_s / sum(wall_s), 1),
            "idle_virtual_over_wall": _idle(loaded, seed),
            "injecting_virtual_over_wall": _injecting(loaded, seed),
        }
    ]


def _idle(loaded: LoadedRoom, seed: int) -> float:
    room = start(loaded, seed)
    room.who.finished = True
    room.world.run_until(lambda: False, 10**9)
    return _ratio(room.world, _IDLE_NS)


def _injecting(loaded: LoadedRoom, seed: int) -> float:
    world = start(loaded, seed).world
    world.run_until(lambda: flows(world, 0), _LIMIT_NS)
    return _ratio(world, _LIMIT_NS)


def _ratio(world: World, limit_ns: int) -> float:
    """Until the phase changes, or for ``limit_ns``."""
    clock, phase = RealClock(), world.room.state.phase
    began_ns, from_ns = clock.now_ns(), world.now_ns()

    def left() -> bool:
        return world.room.state.phase is not phase and phase is Phase.INJECTING

    world.run_until(left, limit_ns)
    return round((world.now_ns() - from_ns) / max(1, clock.now_ns() - began_ns), 1)
