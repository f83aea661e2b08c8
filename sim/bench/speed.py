"""Virtual speed: whole procedures, and virtual over real time idle and injecting.

Idle and injecting rooms run in slices of equal virtual length, and after each slice a bare
event heap with as many wake-ups: the ratio of the two says more than seconds do where other
work shares the machine.
"""

from typing import Final

from config.load import LoadedRoom
from sim import procedure
from sim.bench import long
from sim.bench.figures import Result, aim, percentile
from sim.bench.moment import flows, start
from sim.bench.spent import Spent, bare_heap, ratios, spent
from sim.procedure import Procedure
from sim.world import START_NS, World
from state_machine.state import Phase

_NS_PER_S: Final = 10**9
_SETTLED_NS: Final = 5 * _NS_PER_S
_LIMIT_NS: Final = 300 * _NS_PER_S
_SLICES: Final = 30
_IDLE_NS: Final = 4 * _NS_PER_S
_INJECTING_NS: Final = _NS_PER_S
"""Of one slice: 30 of them fit in the demo room's first injection."""

_LIMITED_BY: Final = "interpreted code in every part, see virtual-split"


def measure(loaded: LoadedRoom, count: int, seed: int = 1) -> list[Result]:
    """``count`` short procedures from consecutive seeds, a long one, and the two rooms."""
    idle, injecting = _idle(loaded, seed), _injecting(loaded, seed)
    short, whole = _short(loaded, count, seed), _long(loaded, seed)
    aims = [
        _least("whole procedure of 15 min, virtual over processor time", whole["over_cpu"], 200),
        _least("injecting, virtual over processor time", injecting["over_cpu"], 50),
        _least("idle, virtual over processor time", idle["over_cpu"], 400),
    ]
    return [short, whole, idle, injecting, *aims]


def _least(name: str, value: float, least: float) -> Result:
    """The aims' shape knows upper bounds: how many times slower than wished."""
    slower = round(least / value, 2)
    one = aim(f"{name}, at least {least}: times slower", slower, 1.0, _LIMITED_BY)
    return {"name": "virtual-aim", **one}


def _short(loaded: LoadedRoom, count: int, seed: int) -> Result:
    """Procedures of 2 virtual minutes, as campaigns play them."""
    taken: list[Spent] = []
    outcomes: list[procedure.Outcome] = []

    def play() -> None:
        outcomes.append(procedure.run(loaded, seed + len(outcomes))[0])

    for _ in range(count):
        taken.append(spent(play))
    return {
        "name": "virtual-speed",
        "room": "short procedure",
        "procedures": count,
        "closed": sum(one.outcome == "closed" for one in outcomes),
        "procedures_per_s": round(count / sum(one.wall_s for one in taken), 3),
        **ratios(sum(one.virtual_s for one in outcomes) / count, taken),
    }


def _long(loaded: LoadedRoom, seed: int) -> Result:
    """One of 15 virtual minutes, 2 of them injecting."""
    whole = long.procedure(loaded, seed)
    world, injecting_ns, before_ns = whole.world, 0, START_NS

    def done() -> bool:
        nonlocal injecting_ns, before_ns
        now_ns = world.now_ns()
        if world.room.state.phase is Phase.INJECTING:
            injecting_ns += now_ns - before_ns
        before_ns = now_ns
        return whole.done()

    taken = spent(lambda: world.run_until(done, long.LIMIT_NS))
    virtual_s = (world.now_ns() - START_NS) / _NS_PER_S
    return {
        "name": "virtual-speed",
        "room": "long procedure",
        "closed": int(whole.done()),
        "virtual_s": round(virtual_s),
        "injecting_s": round(injecting_ns / _NS_PER_S),
        **ratios(virtual_s, [taken]),
    }


def idle_room(loaded: LoadedRoom, seed: int) -> Procedure:
    """Standby, with a client that looks ten times a second and does nothing."""
    room = start(loaded, seed)
    room.who.finished = True
    room.world.run_until(lambda: False, _SETTLED_NS)
    return room


def flowing_room(loaded: LoadedRoom, seed: int) -> World:
    """Contrast has just begun to flow."""
    world = start(loaded, seed).world
    world.run_until(lambda: flows(world, 0), _LIMIT_NS)
    return world


def _idle(loaded: LoadedRoom, seed: int) -> Result:
    return _slices("idle", idle_room(loaded, seed).world, _IDLE_NS)


def _injecting(loaded: LoadedRoom, seed: int) -> Result:
    return _slices("injecting", flowing_room(loaded, seed), _INJECTING_NS)


def _slices(name: str, world: World, slice_ns: int) -> Result:
    """Equal slices, each with its bare heap; wake-ups are the loop's passes."""
    taken, bare, passes = [], [], []
    for _ in range(_SLICES):
        before = world.room.pass_count
        taken.append(spent(lambda: world.run_until(lambda: False, slice_ns)))
        passes.append(world.room.pass_count - before)
        bare.append(spent(lambda: bare_heap(passes[-1])).cpu_s)
    per_pass = [one.cpu_s / count for one, count in zip(taken, passes, strict=True)]
    times = [one.cpu_s / max(heap_s, 1e-6) for one, heap_s in zip(taken, bare, strict=True)]
    return {
        "name": "virtual-speed",
        "room": name,
        **ratios(slice_ns / _NS_PER_S, taken),
        "passes_per_virtual_s": round(sum(passes) * _NS_PER_S / slice_ns / _SLICES, 1),
        "us_per_pass": round(percentile(per_pass, 0.5) * 1e6, 1),
        "times_bare_heap": round(percentile(times, 0.5)),
    }
