"""Rooms that need the daily check, and the next patient of a room."""

import dataclasses
from typing import Final

from config.load import LoadedRoom
from sim.check import required, run_check
from sim.checker import Checker
from sim.devices.room import SimulatedRoom
from sim.faults.draw import Plan
from sim.faults.table import BY_NAME
from sim.physics import DUCT
from sim.world import World

UNCHECKED: Final = "unchecked"
FAILED: Final = "failed"
ROOMS: Final = ("", UNCHECKED, FAILED)
"""What a fault may ask of the room: nothing, the check required and not done, or failed."""


def room_of(loaded: LoadedRoom, plan: Plan) -> LoadedRoom:
    """The room, with the rule that its faults are about."""
    return required(loaded) if any(BY_NAME[one.name].room for one in plan.faults) else loaded


def fail(world: World, plan: Plan) -> None:
    """Where a fault says so: a check that fails, of a room that is in order afterwards."""
    for one in plan.faults:
        if BY_NAME[one.name].room == FAILED:
            world.set_input(one.chosen["part"], True)
            run_check(world, Checker(world.room.state.profile))
            for name in (one.chosen["part"], "hold", "pain", "emergency_stop"):
                world.set_input(name, False)


def another_patient(devices: SimulatedRoom, now_ns: int) -> None:
    """Somebody with an ordinary duct; what was wrong with duct and line is gone with the last."""
    devices.advance(now_ns)
    physics = devices.physics
    physics.patient, physics.lumen = DUCT, None
    physics.duct_ul = physics.tear = 0.0
    physics.rig = dataclasses.replace(physics.rig, air_ul=0.0)
    devices.settle()
