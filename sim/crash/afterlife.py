"""After a death: the room alone, a new controller on what the disk has, and what it believes."""

import random
from typing import Any, Final

from sim.crash import judge
from sim.crash.deaths import Life, Point, chance_of
from sim.world import World
from state_machine.state import Phase

Line = dict[str, Any]
_MS: Final = 1_000_000
_DEAD_MS: Final = ((20, 250), (250, 900), (900, 6_000))
"""How long nobody is there: before the box's watchdog, before it cuts the power, after."""
_LINKS: Final = ("up", "up", "pump", "room", "line")
"""Whose cable is out when the new controller begins, for ``_OUT_NS``."""
_OUT_NS: Final = 2_000 * _MS
_LIFE_NS: Final = 9_000 * _MS
"""Until standstill is proven and counted, or given up: longer than Safe mode and start-up."""
_REST_NS: Final = 300 * _MS


def afterlife(point: Point, life: Life) -> Line:
    """Die at ``point``, begin anew, and say what is true and what is believed."""
    chance = chance_of(life, point)
    old = life.world
    dead_ms = round(chance.uniform(*chance.choice(_DEAD_MS)), 1)
    link = chance.choice(_LINKS)
    phase, flowing = old.room.state.phase.value, old.devices.pump.model.motor_on
    rows_at_death = old.journal.durable_rows()
    under_way = len(old.journal.rows) - len(rows_at_death)
    kept = chance.randint(0, under_way)
    rows = old.journal.durable_rows(kept)
    old.freeze(int(dead_ms * _MS))
    before = judge.Before(old, life.opened_nl, rows)
    new = World(life.loaded, life.seed, before=old, rows=rows)
    if link != "up":
        new.wires[link].pull()
        new.at(new.now_ns() + _OUT_NS, new.wires[link].mend)
    began_ns = new.now_ns()
    _live(new)
    found = judge.judge(before, new)
    return {
        "point": point.number,
        "kind": point.kind,
        "seed": life.seed,
        "phase": phase,
        "flowing": bool(flowing),
        "dead_ms": dead_ms,
        "link": link,
        "rows_lost": under_way - kept,
        "lived_ms": (new.now_ns() - began_ns) // _MS,
        **found,
    }


def _live(world: World) -> None:
    """Until the pump is believed to stand and its counter was judged, and a moment longer."""

    def settled() -> bool:
        state = world.room.state
        quiet = not world.devices.pump.model.motor_on
        return quiet and (state.phase is not Phase.RECOVERY or state.unproven is None)

    world.run_until(settled, _LIFE_NS)
    world.run_until(lambda: False, _REST_NS)


def random_of(seed: int) -> random.Random:
    """The chance that chooses points."""
    return random.Random(f"{seed}/points")
