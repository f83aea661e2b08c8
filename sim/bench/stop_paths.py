"""What stops the plunger, how long it takes and how much leaves after the trigger.

On virtual time, over many seeds; the trigger falls anywhere between two polls. Standstill
and volumes are judged from the simulated devices, never from what the controller says.
One world is brought to the middle of an injection per seed; each path is then played in a
forked copy of it, which changes nothing for the next.

The bound beside each row is (tau + t_dead) * Q: what the plunger pushes until it stands,
and what the line had stored by then and lets go afterwards. tau = R * C of the rig, Q the
rate at the trigger, t_dead the longest time that the tests of the virtual room let the
path take. The plunger moves in steps, so one step more than the bound is allowed.
"""

import os
import random
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from config.load import LoadedRoom
from sim.bench.figures import Result, spread
from sim.bench.moment import FLOWING_NL, injecting
from sim.devices.new_era_values import step_fl
from sim.procedure import Procedure
from sim.world import World

_MS: Final = 1_000_000
_TICK_NS: Final = _MS // 10
"""Standstill is seen to this."""
_LIMIT_NS: Final = 5 * 10**9
_AFTER_NS: Final = 4 * 10**9
"""Until the line has emptied itself into the duct (8 time constants of the rig)."""
_RECORD: Final = struct.Struct("=qqqqqq")
_FL_PER_NL: Final = 10**6


class Path(NamedTuple):
    """One row."""

    name: str
    trigger: Callable[[World], None]
    frozen: bool
    """The controller runs no more passes from the trigger on."""
    most_ms: int
    """Longest time to standstill that the tests of the virtual room accept."""


def _hands(**inputs: bool | int | str) -> Callable[[World], None]:
    def act(world: World) -> None:
        for name, value in inputs.items():
            world.set_input(name, value)

    return act


def _die(world: World) -> None:
    """The kernel closes every port of a dead process."""
    for wire in world.wires.values():
        wire.cut()


def _nothing(_world: World) -> None:
    """The trigger is that nothing happens any more."""


_DEAF: Final = {"pump_ignores_stop": True, "pump_ignores_ttl": True}
# fmt: off
PATHS: Final = (
    Path("hold released", _hands(hold=False), False, 150),
    Path("pain button", _hands(pain=True), False, 150),
    Path("emergency stop", _hands(emergency_stop=True), False, 0),
    Path("line pressure over its limit", _hands(sensor_offset_pa=150_000), False, 150),
    Path("line pressure frozen", _hands(freeze="pressure_sensor"), False, 210),
    Path("room box frozen, switch held", _hands(freeze="room_io"), False, 250),
    Path("pump's port lost (adapter out)", lambda w: w.wires["pump"].cut(), False, 20),
    Path("pump's cable pulled (silence)", lambda w: w.wires["pump"].pull(), False, 400),
    Path("room box's cable pulled", lambda w: w.wires["room"].pull(), False, 250),
    Path("pump disobeys STP", _hands(pump_ignores_stop=True, hold=False), False, 600),
    Path("pump disobeys STP and its pin", _hands(**_DEAF, hold=False), False, 600),
    Path("controller frozen (box watchdog)", _nothing, True, 310),
    Path("controller killed (box watchdog)", _die, True, 310),
    Path("controller frozen, pump ignores its pin", _hands(pump_ignores_ttl=True), True, 510),
    Path("controller and box frozen (Safe mode)", _hands(freeze="room_io"), True, 1_600),
)
# fmt: on
CHECKPOINT: Final = "checkpoint"


def measure(loaded: LoadedRoom, seeds: int, seed: int = 1) -> list[Result]:
    """One line per path over ``seeds`` seeds."""
    found: dict[str, list[tuple[int, ...]]] = {path.name: [] for path in PATHS}
    found[CHECKPOINT] = []
    for number in range(seed, seed + seeds):
        chance = random.Random(f"{number}/trigger")
        volume_nl = FLOWING_NL + chance.randrange(20_000)
        procedure = injecting(loaded, number, volume_nl)
        procedure.who.finished = True  # hands off: nobody reacts
        for path in PATHS:
            wait_ns = chance.randrange(50 * _MS)
            found[path.name].append(_forked(procedure, path, wait_ns))
        found[CHECKPOINT].append(_forked(procedure, None, 0))
    lines = [_line(path.name, path.most_ms, found[path.name]) for path in PATHS]
    return [*lines, _line(CHECKPOINT, 0, found[CHECKPOINT])]


def _line(name: str, most_ms: int, runs: list[tuple[int, ...]]) -> Result:
    stood = [run for run in runs if run[0] >= 0]
    bounds_nl = [rate * (tau + most_ms * _MS) // (60 * 10**9) for _, _, _, rate, tau, _ in stood]
    return {
        "name": "stop-path",
        "path": name,
        "time": "virtual",
        "runs": len(runs),
        "never_stood": len(runs) - len(stood),
        "ms": spread([run[0] for run in stood], _MS, 1),
        "plunger_ul": spread([run[1] for run in stood], 1_000),
        "entered_ul": spread([run[2] for run in stood], 1_000),
        "accepted_ms": most_ms,
        "bound_ul": round(max(bounds_nl, default=0) / 1_000, 3),
        "over_bound": sum(
            run[2] > bound + run[5] for run, bound in zip(stood, bounds_nl, strict=True)
        ),
    }


def _forked(procedure: Procedure, path: Path | None, wait_ns: int) -> tuple[int, ...]:
    """Play one path in a copy of this process; the copy ends without a trace."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            world = procedure.world
            run = _checkpoint(world) if path is None else _play(world, path, wait_ns)
            os.write(writer, _RECORD.pack(*run))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    if len(data) != _RECORD.size:
        raise RuntimeError(f"the copy that played {path.name if path else CHECKPOINT!r} failed")
    return _RECORD.unpack(data)


def _play(world: World, path: Path, wait_ns: int) -> tuple[int, ...]:
    """Standstill (-1: never), plunger and entered volume since the trigger, rate, tau, step."""
    world.run_until(lambda: False, wait_ns)
    world.devices.advance(world.now_ns())
    rate_nl_min, tau_ns = world.room.targets.pump.rate_nl_min, _tau_ns(world)
    began_ns, plunger_nl, entered_ul = world.now_ns(), _plunger_nl(world), _entered_ul(world)
    path.trigger(world)
    stood_ns = _until_stood(world, path.frozen)
    moved_nl = _plunger_nl(world) - plunger_nl
    _go_on(world, _AFTER_NS, path.frozen)
    world.devices.advance(world.now_ns())
    entered_nl = round((_entered_ul(world) - entered_ul) * 1000)
    span_ns = stood_ns - began_ns if stood_ns else -1
    return span_ns, moved_nl, entered_nl, rate_nl_min, tau_ns, _step_nl(world)


def _checkpoint(world: World) -> tuple[int, ...]:
    """The pump stops by itself: what it moved beyond the checkpoint, how long that took."""
    model, plan = world.devices.pump.model, world.room.state.plan
    if plan is None:
        return -1, 0, 0, 0, 0, 0
    rate_nl_min, tau_ns = world.room.targets.pump.rate_nl_min, _tau_ns(world)
    reached_ns, entered_ul = 0, 0.0
    end_ns = world.now_ns() + 60 * 10**9
    while model.motor_on and world.now_ns() < end_ns:
        near = plan.until_nl - model.infused_nl < 20
        if not reached_ns and model.infused_nl >= plan.until_nl:
            reached_ns, entered_ul = world.now_ns(), _entered_ul(world)
        _go_on(world, _TICK_NS if near else _MS, False)
        world.devices.advance(world.now_ns())
    if model.motor_on:
        return -1, 0, 0, rate_nl_min, tau_ns, 0
    span_ns = world.now_ns() - reached_ns if reached_ns else 0
    entered_ul = entered_ul if reached_ns else _entered_ul(world)
    over_nl = max(0, model.infused_nl - plan.until_nl)
    _go_on(world, _AFTER_NS, False)
    entered_nl = round((_entered_ul(world) - entered_ul) * 1000)
    return span_ns, over_nl, entered_nl, rate_nl_min, tau_ns, _step_nl(world)


def _until_stood(world: World, frozen: bool) -> int:
    """Instant of standstill; 0 = the plunger still moves after the limit."""
    end_ns = world.now_ns() + _LIMIT_NS
    while world.now_ns() < end_ns:
        world.devices.advance(world.now_ns())
        if not world.devices.pump.model.motor_on:
            return world.now_ns()
        _go_on(world, _TICK_NS, frozen)
    return 0


def _go_on(world: World, span_ns: int, frozen: bool) -> None:
    if frozen:
        world.freeze(span_ns)
    else:
        world.run_until(lambda: False, span_ns)


def _plunger_nl(world: World) -> int:
    return int(world.devices.truth()["plunger_nl"])


def _entered_ul(world: World) -> float:
    return world.devices.physics.entered_ul


def _step_nl(world: World) -> int:
    """One step of the motor, rounded up."""
    return -(-step_fl(world.devices.physics.rig.syringe_um) // _FL_PER_NL)


def _tau_ns(world: World) -> int:
    rig = world.devices.physics.rig
    return round(rig.resistance_kpa_s_ul * rig.compliance_ul_kpa * 1e9)
