"""How the faults happen, and how they are mended."""

import dataclasses
from typing import Final

from sim.faults.stage import Act, Chosen, Stage
from sim.physics import FALSE_PASSAGE
from sim.rigs import with_air
from sim.rigs import wrong_syringe as swapped
from sim.troubles import Trouble

_MS: Final = 1_000_000
_S: Final = 1_000_000_000
PLACES: Final = {"line": "pressure_sensor", "room": "room_io", "mammograph": "mammograph"}
"""Device at the end of each Modbus wire."""
_PRESSED_NS: Final = 1_500 * _MS
"""How long a button is pressed (assumption)."""
_JOINED_NS: Final = 200 * _MS


def nothing(_stage: Stage, _chosen: Chosen) -> None:
    """It ends by itself, or never."""


def hands(**inputs: bool | int | str) -> Act:
    """Set inputs of the room, in this order."""

    def act(stage: Stage, _chosen: Chosen) -> None:
        for name, value in inputs.items():
            stage.hand(name, value)

    return act


def chosen_hand(name: str) -> Act:
    """Set an input of the room to what was drawn."""

    def act(stage: Stage, chosen: Chosen) -> None:
        stage.hand(name, chosen[name])

    return act


def asked_to_stop(**inputs: bool | int | str) -> Act:
    """Set inputs of the room, and soon afterwards somebody asks for a stop."""
    breaks = hands(**inputs)

    def act(stage: Stage, chosen: Chosen) -> None:
        breaks(stage, chosen)
        world, from_ns = stage.world, stage.world.now_ns() + chosen["asked_ms"] * _MS
        world.at(from_ns, lambda: stage.hand("pain", True))
        world.at(from_ns + _PRESSED_NS, lambda: stage.hand("pain", False))

    return act


# --- wires --------------------------------------------------------------------------------------


def trouble(kind: str, wire: str = "") -> Act:
    """A trouble of ``sim/troubles.py`` on a wire, for as long as the fault lasts."""

    def act(stage: Stage, chosen: Chosen) -> None:
        now_ns = stage.world.now_ns()
        plan = Trouble(
            kind,
            chosen.get("share_ppm", 1_000_000),
            from_ns=now_ns + 1,
            until_ns=now_ns + 1 + chosen["lasts_ms"] * _MS,
            size=chosen.get("size_ms", 0) * _MS,
        )
        chosen["trouble"] = stage.world.trouble(wire or chosen["wire"], plan)

    return act


def other_map(stage: Stage, chosen: Chosen) -> None:
    """Another firmware, with another register map, started in the place of the right one."""
    _restart_with_map(stage, chosen["wire"], 2)


def own_map(stage: Stage, chosen: Chosen) -> None:
    """The right one again."""
    _restart_with_map(stage, chosen["wire"], 1)


def _restart_with_map(stage: Stage, name: str, version: int) -> None:
    wire = stage.world.wires[name]
    stage.hand(f"map_version_{name}", version)
    stage.hand("power_cycle", PLACES[name])
    wire.cut()
    stage.world.at(stage.world.now_ns() + _JOINED_NS, wire.mend)


# --- contacts -----------------------------------------------------------------------------------


def free_contact(stage: Stage, chosen: Chosen) -> None:
    """The contact is as the hand has it again."""
    stage.hand("contact_freed", chosen["contact_stuck"])
    stage.hand("hold", stage.held)


def free_pin(stage: Stage, _chosen: Chosen) -> None:
    """The pin is as the motor has it again."""
    stage.hand("contact_freed", "motor_pin")
    devices = stage.devices
    devices.room_io.set_contact("motor_pin", devices.pump.model.operating_pin, devices.now_ns)
    devices.settle()


def press_again(stage: Stage, _chosen: Chosen) -> None:
    """The finger that slipped is back, unless the person has let go meanwhile."""
    stage.hand("hold", stage.means_to_hold)


# --- the machine --------------------------------------------------------------------------------


def host_stands(stage: Stage, chosen: Chosen) -> None:
    """The controller runs no pass while the room goes on."""
    stage.stands_ns = chosen["stands_ms"] * _MS
    stage.world.wake()


def box_deaf_and_host_stands(stage: Stage, chosen: Chosen) -> None:
    """The same with a box whose watchdog is dead: the pump's own Safe mode is left."""
    stage.hand("box_ignores_silence", True)
    host_stands(stage, chosen)


def clock_steps(stage: Stage, chosen: Chosen) -> None:
    """The wall clock jumps."""
    stage.world.utc_shift_ns += chosen["by_s"] * _S


def clock_right(stage: Stage, chosen: Chosen) -> None:
    """It is put right again."""
    stage.world.utc_shift_ns -= chosen["by_s"] * _S


def disk_stalls(stage: Stage, _chosen: Chosen) -> None:
    """Nothing reaches the disk, and nothing complains."""
    stage.world.journal.stalled = True


def disk_goes_on(stage: Stage, _chosen: Chosen) -> None:
    """It does again."""
    stage.world.journal.stalled = False
    stage.world.wake()


def disk_full(stage: Stage, _chosen: Chosen) -> None:
    """The disk complains."""
    stage.world.journal.broken = "no space left on the disk"
    stage.world.wake()


def disk_freed(stage: Stage, _chosen: Chosen) -> None:
    """There is room again."""
    stage.world.journal.broken = ""
    stage.world.wake()


def killed(stage: Stage, _chosen: Chosen) -> None:
    """The process is gone without a last word; the run goes on with another one."""
    stage.loss = "dies"
    stage.world.wake()


# --- the patient --------------------------------------------------------------------------------


def tear(stage: Stage, chosen: Chosen) -> None:
    """The wall gives way a little above what it bears now."""
    physics = stage.devices.physics
    kpa = physics.duct_kpa() + chosen["above_pa"] / 1_000
    physics.patient = dataclasses.replace(physics.patient, tear_kpa=kpa)


def air(stage: Stage, chosen: Chosen) -> None:
    """Air has got into the line, behind the tip."""
    physics = stage.devices.physics
    physics.rig = with_air(physics.rig, chosen["air_nl"] / 1_000)


def wrong_syringe(stage: Stage, chosen: Chosen) -> None:
    """A 3 mL syringe is clamped, and 1 mL is what people say."""
    physics = stage.devices.physics
    chosen["rig"] = physics.rig
    physics.rig = swapped(physics.rig)


def right_syringe(stage: Stage, chosen: Chosen) -> None:
    """The syringe that was named is clamped, before anything is primed with it."""
    stage.devices.physics.rig = chosen["rig"]


def leaky(stage: Stage, _chosen: Chosen) -> None:
    """The pore does not close around the cannula."""
    physics = stage.devices.physics
    kpa = max(0.05, physics.duct_kpa() / 2)
    physics.patient = dataclasses.replace(physics.patient, seal_kpa=kpa)


def false_passage(stage: Stage, _chosen: Chosen) -> None:
    """The tip lies under the wall, not in the lumen."""
    stage.devices.physics.patient = FALSE_PASSAGE
