"""Who takes the time of a virtual second: wires, devices, physics, drivers, step, record, clients.

One stopwatch that always runs and is handed from part to part, so that the shares add up to
the whole and what a part calls is not counted twice. Handing over costs about half a
microsecond each time, which is in the shares. The step cannot be reached from outside the
loop: it is pure, so it is called again afterwards with the same work, and taken off.

Wall time: the tenth of the passes that took longest is left out, since on a shared machine
that is where somebody else ran.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from config.load import LoadedRoom
from controller.clock import RealClock
from controller.loop import run_pass
from sim.bench.figures import Result
from sim.bench.speed import flowing_room, idle_room
from sim.world import World
from state_machine.readings import Readings
from state_machine.state import State
from state_machine.step import step

_NS_PER_US: Final = 1_000
_KEPT: Final = 0.9
SPAN_NS: Final = 20 * 10**9


class Relay:
    """The stopwatch: whoever is called gets it, and gives it back."""

    def __init__(self, now_ns: Callable[[], int] | None = None) -> None:
        """The loop has it."""
        self._now_ns = now_ns or RealClock().now_ns
        self.spent_ns: dict[str, int] = defaultdict(int)
        self._who, self._since_ns = "loop", self._now_ns()

    def hand(self, who: str) -> str:
        """Give it to a part; returns who had it."""
        now_ns, had = self._now_ns(), self._who
        self.spent_ns[had] += now_ns - self._since_ns
        self._who, self._since_ns = who, now_ns
        return had

    def timed(self, owner: Any, name: str, who: str) -> None:
        """Let a method of an object count for a part."""
        act: Callable[..., Any] = getattr(owner, name)

        def call(*args: Any, **named: Any) -> Any:
            had = self.hand(who)
            try:
                return act(*args, **named)
            finally:
                self.hand(had)

        setattr(owner, name, call)


def measure(loaded: LoadedRoom, span_ns: int = SPAN_NS, seed: int = 1) -> list[Result]:
    """One line for an idle room and one for an injection."""
    idle = split("idle", idle_room(loaded, seed).world, span_ns)
    return [idle, split("injecting", flowing_room(loaded, seed), span_ns)]


def _instrument(world: World, relay: Relay) -> None:
    room = world.room
    relay.timed(world, "wait", "wires")
    for wire in world.wires.values():
        relay.timed(wire, "_tell", "digest")
        for verb in ("receive", "take"):
            relay.timed(wire.device, verb, "devices")
    relay.timed(world.devices, "advance", "devices")
    relay.timed(world.devices.physics, "advance", "physics")
    for link in room.links.values():
        for verb in ("receive", "give", "deadline_ns"):
            relay.timed(link.driver, verb, "drivers")
    relay.timed(room.journal, "append", "journal")
    for verb in ("requests", "answer", "publish"):
        relay.timed(room.api, verb, "clients")


def split(name: str, world: World, span_ns: int) -> Result:
    """Let the room run for a virtual span and tell who took the time of its passes."""
    room, relay = world.room, Relay()
    _instrument(world, relay)
    kept: list[tuple[State, Readings, int]] = []
    passes: list[dict[str, int]] = []
    end_ns = world.now_ns() + span_ns
    relay.hand("loop")
    while world.now_ns() < end_ns:
        relay.spent_ns.clear()
        was = room.state
        wake_ns = run_pass(room, world.now_ns())
        if room.state is not was:
            kept.append((was, room.readings, world.now_ns()))
        world.wait((), min(wake_ns, end_ns))
        relay.hand("loop")
        passes.append(dict(relay.spent_ns))
    shares = _mean(passes)
    shares["step"] = _mean([_step_again(relay, *one) for one in kept])["step"]
    shares["step"] *= len(kept) / len(passes)
    shares["loop"] = max(0.0, shares["loop"] - shares["step"])
    return {
        "name": "virtual-split",
        "room": name,
        "passes": len(passes),
        "steps": len(kept),
        "us_per_pass": {
            who: round(shares[who] / _NS_PER_US, 1)
            for who in sorted(shares, key=lambda w: -shares[w])
        },
    }


def _step_again(relay: Relay, state: State, readings: Readings, now_ns: int) -> dict[str, int]:
    """A step with the same work to do."""
    relay.spent_ns.clear()
    relay.hand("step")
    step(state, readings, (), now_ns)
    relay.hand("loop")
    return dict(relay.spent_ns)


def _mean(taken: list[dict[str, int]]) -> dict[str, float]:
    """Mean ns by part, without the tenth that took longest."""
    quick = sorted(taken, key=lambda one: sum(one.values()))[: max(1, int(len(taken) * _KEPT))]
    names = dict.fromkeys(name for one in quick for name in one)
    return {name: sum(one.get(name, 0) for one in quick) / len(quick) for name in names}
