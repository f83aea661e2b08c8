"""Whole rooms in pairs: the controller beside one that only has a fixed limit of line pressure.

Each seed names a virtual patient, a rig and the sensor's noise. A room is brought once to
*cannulated* for each rig and copied for each run; from there the same technologist injects:

* ``overfill``: an order far over the duct's volume, in both arms: is the wall torn?
* ``weak``: the same into a duct that tears below the pause level, which no limit prevents:
  how much is pumped after the tear?
* ``normal``: an order that the duct takes, in both arms: stops for nothing, volume, time.

The patient feels nothing here, in either arm: no pain button is pressed. **Tear pressure,
stiffness and reflux are assumptions; no clinical data exist. The numbers compare two
controllers on one model and say nothing about people.**
"""

import copy
import dataclasses
import random
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from sim.copied import copied
from sim.physics import RIG_27G_WARM, Patient, Rig
from sim.procedure import LIMIT_NS, Procedure
from sim.technologist import Deed, Order, Snapshot, Technologist
from sim.world import World
from state_machine.entries import AlarmChanged
from state_machine.limits import Limits
from state_machine.state import Phase

OVERFULL_NL: Final = 280_000
NORMAL_NL: Final = 60_000
AFTER_S: Final = 120
GIVE_UP_NS: Final = 20 * 10**9
"""A technologist whom the pressure keeps from arming waits so long, then ends it."""
SETTLE_NS: Final = 5 * 10**9
"""A normal injection is watched so long after its end."""
TEAR_KPA: Final = (4.0, 8.0, 20.0)
"""Least, median and most of the drawn tear pressure (clinical facts C2, assumption)."""
WEAK_KPA: Final = (1.0, 4.0)
"""Tear pressures of the weak ducts: outside the assumed range, to see what detection does."""
RIGS: Final[dict[str, Rig]] = {
    "27G": RIG_27G_WARM,
    "27G narrow": dataclasses.replace(RIG_27G_WARM, resistance_kpa_s_ul=2.35),
    "27G wide, soft line": dataclasses.replace(
        RIG_27G_WARM, resistance_kpa_s_ul=1.25, compliance_ul_kpa=0.5
    ),
    "27G at 33 C, warming": dataclasses.replace(
        RIG_27G_WARM, resistance_kpa_s_ul=1.931, temperature_mc=33_000, warmed_kpa_s_ul=1.676
    ),
}
"""27G, 12.7 mm: nominal, both ends of the bore's tolerance (facts B3), and warming (B1, C1)."""
BESIDE: Final = 10
"""Each tenth normal injection is made by the baseline too: without an alarm the two are alike."""
_OVER: Final = ("stopped", "settle", "decannulate")
_NEVER: Final = 10**12
PAUSES_MOST: Final = 3
"""Pauses by an alarm after which the technologist ends it (assumption)."""
_VOLUMES: Final = {"injection_volume_nl": 500_000, "duct_volume_nl": 600_000}
WITHOUT: Final = (
    "net_warn_pa",
    "net_pause_pa",
    "net_stop_pa",
    "false_passage_pa",
    "line_margin_pa",
    "slope_share_ppm",
    "tear_drop_pa",
    "dislodged_from_pa",
    "sag_allowed_pa",
    "plateau_net_pa",
    "no_flow_ppm",
    "decay_ppm",
    "drift_pa",
    "net_agree_pa",
    "flow_share_ppm",
)
"""Limits of pressure and count that the baseline does without; its line pressure stays limited."""

Found = dict[str, Any]


def patient_of(seed: int) -> Patient:
    """The virtual patient of a seed: C2's ranges, the smaller ducts, which are over-filled first.

    All distributions are assumptions.
    """
    chance = random.Random(f"{seed}/patient")
    least, median, most = TEAR_KPA
    return Patient(
        unstressed_ul=chance.uniform(30, 90),
        stiffness_kpa_ul=chance.uniform(0.005, 0.01),
        stiffening_per_ul=chance.uniform(0.015, 0.03),
        seal_kpa=chance.uniform(4, 14),
        tear_kpa=min(most, max(least, median * chance.lognormvariate(0, 0.4))),
    )


def weak_of(seed: int) -> Patient:
    """The same patient with a duct that tears below the pause level, and a tight pore."""
    tear_kpa = random.Random(f"{seed}/weak").uniform(*WEAK_KPA)
    return dataclasses.replace(patient_of(seed), tear_kpa=tear_kpa, seal_kpa=14.0)


def rig_of(seed: int) -> str:
    """The rig of a seed."""
    return tuple(RIGS)[seed % len(RIGS)]


class Persistent(Technologist):
    """Goes on whenever the controller lets it; ends when it is stopped, or kept waiting."""

    ended = False
    _kept_ns = 0
    _pauses = 0
    _was = ""

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """As ever, until the injection is over."""
        waits = shown["phase"] == "arm" and bool(shown["ways"].get("arm", ["?"]))
        self._kept_ns = (self._kept_ns or now_ns) if waits else 0
        kept = bool(self._kept_ns) and now_ns - self._kept_ns > GIVE_UP_NS
        phase, was, self._was = shown["phase"], self._was, shown["phase"]
        self._pauses += was in ("injecting", "holding") and phase == "arm"
        over = kept or self._pauses >= PAUSES_MOST or phase in _OVER
        self.ended = self.ended or over
        return self.switch(False) if self.ended else super().look(shown, now_ns)


def arm_of(limits: Limits, pressure_rules: bool) -> Limits:
    """Limits with room for an over-large order, with the pressure rules or without."""
    changed = dict(_VOLUMES) | ({} if pressure_rules else dict.fromkeys(WITHOUT, _NEVER))
    return msgspec.structs.replace(limits, **changed)


def cannulated(loaded: LoadedRoom, rig: str) -> Procedure:
    """A room with this rig, primed and tested, the cannula in the duct, nothing armed.

    Raises:
        NotCannulated: the procedure did not get there.
    """
    limits = arm_of(loaded.profile.limits, True)
    profile = msgspec.structs.replace(loaded.profile, limits=limits)
    made = dataclasses.replace(loaded, profile=profile)
    who = Persistent(profile, Order(ordered_nl=OVERFULL_NL))
    procedure = Procedure(World(made, 0, rig=RIGS[rig]), who)
    room = procedure.world.room
    if not procedure.world.run_until(lambda: room.state.phase is Phase.ARM, LIMIT_NS):
        raise NotCannulated(f"{rig}: the procedure stands in {room.state.phase.value!r}")
    return procedure


class NotCannulated(Exception):
    """The room was not brought to *cannulated*; the text says where it stands."""


def _begun(
    prepared: Procedure, seed: int, patient: Patient, ordered_nl: int, rules: bool
) -> Procedure:
    """A copy of the room with the seed's noise, patient, order and arm."""
    procedure = copied(prepared)
    world = procedure.world
    world.devices.reseed(random.Random(f"{seed}/room"))
    world.devices.physics.patient = patient
    state = world.room.state
    limits = arm_of(state.profile.limits, rules)
    profile = msgspec.structs.replace(state.profile, limits=limits)
    case = msgspec.structs.replace(state.case, ordered_nl=ordered_nl) if state.case else None
    world.room.state = msgspec.structs.replace(state, profile=profile, case=case)
    return procedure


def injected(
    prepared: Procedure, seed: int, patient: Patient, ordered_nl: int, rules: bool
) -> Found:
    """One injection from *cannulated*: what came of the duct, what was raised, how long."""
    procedure = _begun(prepared, seed, patient, ordered_nl, rules)
    world, who = procedure.world, procedure.who
    devices, begin_ns = world.devices, world.now_ns()
    begun_nl, known = int(devices.truth()["plunger_nl"]), len(world.journal.entries)
    at_tear: list[tuple[int, int, float]] = []

    def over() -> bool:
        if not at_tear and devices.physics.tear > 0:
            duct_kpa = round(devices.physics.duct_kpa(), 2)
            at_tear.append((world.now_ns(), int(devices.truth()["plunger_nl"]), duct_kpa))
        return getattr(who, "ended", True) and not devices.pump.model.motor_on

    in_time = world.run_until(over, LIMIT_NS)
    span_s, pumped_nl = (world.now_ns() - begin_ns) / 1e9, int(devices.truth()["plunger_nl"])
    if not at_tear:
        world.run_until(lambda: False, SETTLE_NS)
    line = copy.deepcopy(devices.physics)
    line.advance(float(AFTER_S))
    raised = [
        (entry.at_ns, entry.alarm)
        for entry in world.journal.entries[known:]
        if isinstance(entry, AlarmChanged) and entry.change == "raised" and entry.priority != "low"
    ]
    found: Found = {
        "ended": procedure.phases[-1] if in_time else "never",
        "span_s": round(span_s, 1),
        "pumped_nl": pumped_nl - begun_nl,
        "entered_nl": devices.truth()["entered_nl"],
        "torn": line.tear > 0,
        "outside_nl": round(line.outside_ul * 1000),
        "alarms": [name for _, name in raised],
    }
    if at_tear:
        torn_ns, plunger_nl, duct_kpa = at_tear[0]
        after = [(at_ns, name) for at_ns, name in raised if at_ns >= torn_ns]
        found |= {
            "after_tear_nl": pumped_nl - plunger_nl,
            "to_notice_nl": _to_notice_nl(world, plunger_nl, after[0][0]) if after else None,
            "noticed": after[0][1] if after else "",
            "noticed_s": round((after[0][0] - torn_ns) / 1e9, 2) if after else None,
        }
    return found


def _to_notice_nl(world: World, plunger_nl: int, noticed_ns: int) -> int:
    """What the plunger moved from the tear until it stood for the alarm (or stood already)."""
    motor = [event for event in world.devices.events if event[1] in ("motor-on", "motor-off")]
    before = [event for event in motor if event[0] <= noticed_ns]
    after = [e for e in motor if e[0] > noticed_ns and e[1] == "motor-off"]
    stood = before[-1] if before and before[-1][1] == "motor-off" else after[0]
    return max(0, int(stood[3]) - plunger_nl)


def measure(prepared: dict[str, Procedure], seed: int) -> Found:
    """All runs of one seed."""
    beside = seed % BESIDE == 0
    rig, patient, weak = rig_of(seed), patient_of(seed), weak_of(seed)
    room = prepared[rig]
    return {
        "seed": seed,
        "rig": rig,
        "tear_kpa": round(patient.tear_kpa, 2),
        "seal_kpa": round(patient.seal_kpa, 2),
        "weak_kpa": round(weak.tear_kpa, 2),
        "controller": injected(room, seed, patient, OVERFULL_NL, True),
        "baseline": injected(room, seed, patient, OVERFULL_NL, False),
        "weak": injected(room, seed, weak, OVERFULL_NL, True),
        "normal": injected(room, seed, patient, NORMAL_NL, True),
        "normal_baseline": injected(room, seed, patient, NORMAL_NL, False) if beside else None,
    }
