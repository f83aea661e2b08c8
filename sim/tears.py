"""``galactograph-sim tears``: over-filled ducts with the controller and without its pressure rules.

Paired: the same virtual patient (drawn from the seed), the same over-large order and the
same technologist, once with the procedure's pressure limits and detectors, once with only
the fixed limit on line pressure. A third, normal procedure counts false stops. The patient
feels nothing here, in either arm: no pain button is pressed.

**Tear pressure, stiffness and reflux are assumptions; no clinical data exist. The numbers
compare two controllers on one model and say nothing about people.**
"""

import argparse
import copy
import dataclasses
import json
import random
import statistics
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from drivers.registry import known_names
from sim.physics import Patient
from sim.procedure import LIMIT_NS, Procedure
from sim.technologist import Deed, Order, Snapshot, Technologist
from sim.world import World
from state_machine.entries import AlarmChanged

OVERFULL_NL: Final = 450_000
NORMAL_NL: Final = 100_000
AFTER_S: Final = 120
GIVE_UP_NS: Final = 20 * 10**9
"""A technologist whom the pressure keeps from arming waits so long, then ends it."""
TEAR_KPA: Final = (4.0, 8.0, 20.0)
"""Least, median and most of the drawn tear pressure (clinical facts C2, assumption)."""
_OVER: Final = ("stopped", "settle", "decannulate")
_NEVER: Final = 10**12
_VOLUMES: Final = {"injection_volume_nl": 500_000, "duct_volume_nl": 600_000}
_WITHOUT: Final = (
    "net_warn_pa",
    "net_pause_pa",
    "net_stop_pa",
    "false_passage_pa",
    "line_margin_pa",
    "slope_share_ppm",
    "tear_drop_pa",
    "dislodged_from_pa",
    "plateau_net_pa",
    "flow_share_ppm",
)
"""Limits of pressure that the baseline does without; its line pressure stays limited."""

Found = dict[str, Any]


def patient_of(seed: int) -> Patient:
    """The virtual patient of a seed (all distributions are assumptions)."""
    chance = random.Random(f"{seed}/patient")
    least, median, most = TEAR_KPA
    return Patient(
        unstressed_ul=chance.uniform(60, 180),
        stiffening_per_ul=chance.uniform(0.008, 0.02),
        seal_kpa=chance.uniform(4, 14),
        tear_kpa=min(most, max(least, median * chance.lognormvariate(0, 0.4))),
    )


class Persistent(Technologist):
    """Goes on whenever the controller lets it; ends when it is stopped, or kept waiting."""

    ended = False
    _kept_ns = 0

    def look(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """As ever, until the injection is over."""
        waits = shown["phase"] == "arm" and bool(shown["ways"].get("arm", ["?"]))
        self._kept_ns = (self._kept_ns or now_ns) if waits else 0
        kept = bool(self._kept_ns) and now_ns - self._kept_ns > GIVE_UP_NS
        self.ended = self.ended or kept or shown["phase"] in _OVER
        return self.switch(False) if self.ended else super().look(shown, now_ns)


def arm_of(loaded: LoadedRoom, pressure_rules: bool) -> LoadedRoom:
    """The room with room for an over-large order, with its pressure rules or without."""
    profile = loaded.profile
    changed = dict(_VOLUMES) | ({} if pressure_rules else dict.fromkeys(_WITHOUT, _NEVER))
    limits = msgspec.structs.replace(profile.limits, **changed)
    return dataclasses.replace(loaded, profile=msgspec.structs.replace(profile, limits=limits))


def overfill(loaded: LoadedRoom, seed: int) -> Found:
    """One over-large order: did it tear, what was pumped after it, what is outside at last."""
    world = World(loaded, seed, patient=patient_of(seed))
    who = Persistent(loaded.profile, Order(ordered_nl=OVERFULL_NL))
    procedure = Procedure(world, who)
    at_tear: list[int] = []

    def over() -> bool:
        if not at_tear and world.devices.physics.tear > 0:
            at_tear.append(int(world.devices.truth()["plunger_nl"]))
        return who.ended and not world.devices.pump.model.motor_on

    over_in_time = world.run_until(over, LIMIT_NS)
    truth = world.devices.truth()
    line = copy.deepcopy(world.devices.physics)
    line.advance(float(AFTER_S))
    return {
        "ended": over_in_time and procedure.phases[-1],
        "torn": line.tear > 0,
        "entered_nl": truth["entered_nl"],
        "after_tear_nl": int(truth["plunger_nl"]) - at_tear[0] if at_tear else 0,
        "outside_nl": round(line.outside_ul * 1000),
        "alarms": _alarms(world),
    }


def normal(loaded: LoadedRoom, seed: int) -> Found:
    """A normal order into the same duct: closed, and what was raised on the way."""
    world = World(loaded, seed, patient=patient_of(seed))
    who = Technologist(loaded.profile, Order(ordered_nl=NORMAL_NL))
    procedure = Procedure(world, who)
    closed = world.run_until(procedure.done, LIMIT_NS)
    return {"closed": closed, "alarms": _alarms(world)}


def _alarms(world: World) -> list[str]:
    """Alarms above LOW that were raised, in order."""
    entries = (e for e in world.journal.entries if isinstance(e, AlarmChanged))
    return [e.alarm for e in entries if e.change == "raised" and e.priority != "low"]


def measure(loaded: LoadedRoom, seed: int) -> Found:
    """Both arms and the normal procedure of one seed."""
    drawn = patient_of(seed)
    return {
        "seed": seed,
        "tear_kpa": round(drawn.tear_kpa, 2),
        "seal_kpa": round(drawn.seal_kpa, 2),
        "controller": overfill(arm_of(loaded, True), seed),
        "baseline": overfill(arm_of(loaded, False), seed),
        "normal": normal(loaded, seed),
    }


def summary(found: list[Found]) -> Found:
    """Share of tears prevented, volumes after a tear, false stops; volumes in nL."""
    torn = [row for row in found if row["baseline"]["torn"]]
    left = [row for row in torn if row["controller"]["torn"]]
    both = {
        arm: [row[arm] for row in found if row[arm]["torn"]] for arm in ("controller", "baseline")
    }
    return {
        "seeds": len(found),
        "baseline_tears": len(torn),
        "controller_tears": len(both["controller"]),
        "prevented": round(1 - len(left) / len(torn), 3) if torn else None,
        **{
            f"{arm}_{key}_{name}": of([row[key] for row in rows]) if rows else None
            for arm, rows in both.items()
            for key in ("after_tear_nl", "outside_nl")
            for name, of in (("median", statistics.median), ("max", max))
        },
        "normal": sum(row["normal"]["closed"] for row in found),
        "false_stops": sum(bool(row["normal"]["alarms"]) for row in found),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim tears``."""
    parser.add_argument("--seeds", required=True, metavar="A..B", help="first and last seed")
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON lines; seeds in it are kept")
    parser.add_argument("--json", action="store_true", help="JSON lines only, the summary last")


def run(args: argparse.Namespace) -> int:
    """Measure: 0 done, 2 bad input."""
    first, dots, last = args.seeds.partition("..")
    if not (dots and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        sys.stderr.write(f"tears: --seeds {args.seeds!r} is not A..B with A <= B, such as 1..40\n")
        return 2
    try:
        loaded = load_room(args.room, known_names())
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    kept = _kept(args.out)
    found = []
    for seed in range(int(first), int(last) + 1):
        row = kept.get(seed) or measure(loaded, seed)
        found.append(row)
        if args.json:
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
        if args.out is not None and seed not in kept:
            with args.out.open("a") as out:
                # a line that was cut short stays behind, on a line of its own
                out.write("\n" + json.dumps(row) + "\n")
    told = summary(found)
    text = json.dumps(told) if args.json else "\n".join(f"{k:<34} {v}" for k, v in told.items())
    sys.stdout.write(text + "\n")
    return 0


def _kept(out: Path | None) -> dict[int, Found]:
    """Seeds that an earlier run has measured; a line cut short is measured again."""
    rows: dict[int, Found] = {}
    if out is None or not out.exists():
        return rows
    for line in out.read_text().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rows[row["seed"]] = row
    return rows
