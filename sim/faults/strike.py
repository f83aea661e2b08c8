"""A plan happens: each fault waits for its moment, strikes, is watched, and is mended."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from sim.faults import table
from sim.faults.draw import Plan, Planned
from sim.faults.stage import Stage
from sim.faults.table import BY_NAME, Fault

_MS: Final = 1_000_000
_INJECTING: Final = "injecting"


def _flows(stage: Stage) -> bool:
    """Contrast goes into the duct."""
    motor_on = stage.devices.pump.model.motor_on
    return stage.phase == _INJECTING and motor_on and stage.devices.physics.tip_in_duct


def _primes(stage: Stage) -> bool:
    """The plunger moves with the tip out."""
    return stage.devices.pump.model.motor_on and not stage.devices.physics.tip_in_duct


def _beam(stage: Stage) -> bool:
    """X-rays are on."""
    return stage.devices.mammograph.beam_on


def _pressed(stage: Stage) -> bool:
    """The breast is compressed."""
    return stage.devices.mammograph.paddle.force_mn() > 0


MOMENTS: Final[dict[str, Callable[[Stage], bool]]] = {
    table.FLOW: _flows,
    table.PRIME: _primes,
    table.MOUNT: lambda stage: stage.phase == "set-up",
    table.ARMED: lambda stage: stage.phase == "armed",
    table.PRESSED: _pressed,
    table.BEAM: _beam,
    table.ANY: lambda stage: True,
}


class Struck(msgspec.Struct):
    """One fault of a run: when it struck, was first seen to act, and was mended (0 = not)."""

    planned: Planned
    chosen: dict[str, Any]
    struck_ns: int = 0
    seen_ns: int = 0
    mended_ns: int = 0
    flowed: bool = False
    """The plunger moved into the duct when it struck."""
    waits: bool = False
    due_ns: int = 0
    """Its moment has come, and this is when it was to strike, the last time; 0 = never."""

    @property
    def row(self) -> Fault:
        """Its row of the table."""
        return BY_NAME[self.planned.name]

    @property
    def lasts(self) -> bool:
        """It is there now."""
        return bool(self.struck_ns) and not self.mended_ns


class Strikes:
    """The faults of one run."""

    def __init__(self, plan: Plan) -> None:
        """Nothing has struck yet."""
        self.all = [
            Struck(planned, {**planned.chosen, "lasts_ms": planned.lasts_ms})
            for planned in plan.faults
        ]
        self._ceased = False

    def look(self, stage: Stage) -> None:
        """After each pass: moments that have come, faults that are seen."""
        for one in self.all:
            if not one.struck_ns and not self._ceased:
                self._await(stage, one)
            elif one.struck_ns and not one.seen_ns:
                self._see(stage, one)

    def over(self) -> bool:
        """Everything that struck and can be mended is mended; nothing is about to strike."""
        return all(one.mended_ns or not one.planned.lasts_ms for one in self.all if one.struck_ns)

    def end(self, stage: Stage) -> None:
        """The faults cease: what is there is mended, what waits never strikes."""
        self._ceased = True
        for one in self.all:
            if one.lasts and not one.mended_ns:
                self._mend(stage, one)

    def _await(self, stage: Stage, one: Struck) -> None:
        if one.waits or not MOMENTS[one.planned.moment](stage):
            return
        one.waits = True
        world = stage.world
        one.due_ns = world.now_ns() + one.planned.delay_ms * _MS + 1
        world.at(one.due_ns, lambda: self._strike(stage, one))

    def _strike(self, stage: Stage, one: Struck) -> None:
        one.waits = False
        if self._ceased or one.struck_ns or not MOMENTS[one.planned.moment](stage):
            return  # the moment is over: the next one
        world = stage.world
        one.flowed = _flows(stage)
        one.struck_ns = world.now_ns()
        one.row.strikes(stage, one.chosen)
        self._see(stage, one)
        if one.planned.lasts_ms:
            world.at(world.now_ns() + one.planned.lasts_ms * _MS, lambda: self._mend(stage, one))

    def _see(self, stage: Stage, one: Struck) -> None:
        if one.row.seen(stage, one.chosen, one.struck_ns):
            one.seen_ns = stage.world.now_ns()

    def _mend(self, stage: Stage, one: Struck) -> None:
        if one.mended_ns:
            return
        if not one.seen_ns:
            self._see(stage, one)
        one.row.mends(stage, one.chosen)
        one.mended_ns = stage.world.now_ns()
