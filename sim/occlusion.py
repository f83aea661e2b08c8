"""``galactograph-sim occlusion``: time, pressure and bolus of an occlusion, on virtual time.

The production controller injects into a duct; once the rate is reached the stopcock behind the
sensor is closed. Measured after IEC 60601-2-24's method at our scale (its text was not seen;
facts: clinical E): the time until the motor stands, the highest line pressure, and what runs in
when the line is opened again. Over gauge, contrast temperature, syringe and rate.
"""

import argparse
import dataclasses
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from config.load import LoadedRoom, load_room
from config.problems import ConfigError
from controller.bench.occlusion_page import page
from drivers.registry import known_names
from sim.physics import Rig
from sim.physics.cannula import BORES_MM, CONTRASTS, resistance_kpa_s_ul, viscosity_mpa_s
from sim.procedure import Procedure
from sim.technologist import Order, Technologist
from sim.world import World
from state_machine.entries import AlarmChanged

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
GAUGES: Final = ("27G", "30G")
TEMPERATURES_C: Final = (25, 37)
SYRINGES: Final = ("BD 1 mL", "BD 3 mL")
RATES: Final = (50_000, 100_000, 200_000)
LENGTH_MM: Final = 12.7
CONTRAST: Final = "iohexol-300"
_S: Final = 1_000_000_000
_READY_NS: Final = 150 * _S
_STOPS_NS: Final = 60 * _S
_SETTLES_NS: Final = 5 * _S
_STEADY_NL: Final = {False: 15_000, True: 62_000}
"""Injected until the rate stands: the first 50 uL run at 100 uL/min at most."""
_FIRST_NL_MIN: Final = 100_000
_SAMPLE_NS: Final = _S // 20
_COMPLIANCE_UL_KPA: Final = {"BD 1 mL": 0.3, "BD 3 mL": 1.0}
"""Syringe and line; assumed (facts C2)."""


class Case(NamedTuple):
    """One combination."""

    gauge: str
    temperature_c: int
    syringe: str
    rate_nl_min: int


class Occlusion(NamedTuple):
    """What one case came to; ``outcome`` empty: it was measured."""

    case: Case
    outcome: str = ""
    """Why it was not: the room refused to inject so, in words."""
    stop_ms: int = 0
    """From closing the stopcock until the motor stands."""
    line_pa: int = 0
    """Highest line pressure."""
    bolus_nl: int = 0
    """What runs in within 5 s of opening again."""
    alarm: str = ""
    """First alarm that was raised."""
    curve: tuple[tuple[int, int], ...] = ()
    """(ms since closing, Pa)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the grid and where the page goes."""
    parser.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    for name, values in (
        ("gauges", GAUGES),
        ("temperatures", TEMPERATURES_C),
        ("syringes", SYRINGES),
        ("rates", RATES),
    ):
        default = ",".join(map(str, values))
        parser.add_argument(f"--{name}", default=default, metavar="A,B", help=f"default {default}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="FILE", help="page with plots, HTML")
    parser.add_argument("--json", action="store_true", help="one JSON object per case")


def cases_of(args: argparse.Namespace) -> list[Case]:
    """The grid that was asked for.

    Raises:
        ValueError: a value that there is not; the text says which and what there is.
    """
    gauges, syringes = args.gauges.split(","), args.syringes.split(",")
    for given, known in ((gauges, tuple(BORES_MM)), (syringes, tuple(_COMPLIANCE_UL_KPA))):
        if unknown := [one for one in given if one not in known]:
            raise ValueError(f"{unknown[0]!r} is not known; there are {', '.join(known)}")
    temperatures = [int(word) for word in args.temperatures.split(",")]
    rates = [int(word) for word in args.rates.split(",")]
    return [Case(*one) for one in itertools.product(gauges, temperatures, syringes, rates)]


def rig_of(case: Case, diameter_um: int) -> Rig:
    """Syringe, line and cannula of a case; it keeps its temperature."""
    viscosity = viscosity_mpa_s(CONTRASTS[CONTRAST], case.temperature_c)
    return Rig(
        syringe_um=diameter_um,
        compliance_ul_kpa=_COMPLIANCE_UL_KPA[case.syringe],
        resistance_kpa_s_ul=resistance_kpa_s_ul(viscosity, LENGTH_MM, BORES_MM[case.gauge]),
        temperature_mc=case.temperature_c * 1000,
    )


def procedure_of(loaded: LoadedRoom, case: Case, seed: int) -> Procedure:
    """A room of this case with its technologist, at its start."""
    profile = loaded.profile
    syringe = next(one for one in profile.syringes if one.name == case.syringe)
    first_nl_min = min(profile.limits.first_rate_nl_min, case.rate_nl_min)
    limits = msgspec.structs.replace(
        profile.limits, rate_nl_min=case.rate_nl_min, first_rate_nl_min=first_nl_min
    )
    profile = msgspec.structs.replace(
        profile,
        limits=limits,
        line_compliance_nl_kpa=round(1000 * _COMPLIANCE_UL_KPA[case.syringe]),
    )
    loaded = dataclasses.replace(loaded, profile=profile)
    world = World(loaded, seed, rig_of(case, syringe.diameter_um))
    cannula = f"{case.gauge} {LENGTH_MM} mm"
    order = Order(ordered_nl=190_000, syringe=case.syringe, cannula=cannula)
    return Procedure(world, Technologist(profile, order))


def measure(loaded: LoadedRoom, case: Case, seed: int) -> Occlusion:
    """Occlude one case."""
    procedure = procedure_of(loaded, case, seed)
    world, who = procedure.world, procedure.who

    def steady() -> bool:
        shown = procedure.last
        least_nl = _STEADY_NL[case.rate_nl_min > _FIRST_NL_MIN]
        flows = bool(shown) and shown["rate"]["confirmed_nl_min"] >= case.rate_nl_min * 95 // 100
        return flows and shown["phase"] == "injecting" and shown["volume"]["injected_nl"] > least_nl

    if not world.run_until(steady, _READY_NS):
        shown = procedure.last
        waits_for = "; ".join(shown.get("waits_for", ()))
        words = who.gave_up or waits_for or "slowed by the controller"
        return Occlusion(case, f"not injected: in {shown.get('phase')}: {words}")
    who.busy(world.now_ns() + 600 * _S)  # the hand stays on the switch: what stops is the room
    world.set_input("stopcock", "closed")
    closed_ns = world.now_ns()
    curve: list[tuple[int, int]] = []

    def stands() -> bool:
        now_ns = world.now_ns()
        if not curve or now_ns - closed_ns - curve[-1][0] * 10**6 >= _SAMPLE_NS:
            line_pa = round(world.devices.physics.line_kpa * 1000)
            curve.append(((now_ns - closed_ns) // 10**6, line_pa))
        return not world.devices.pump.model.motor_on

    if not world.run_until(stands, _STOPS_NS):
        return Occlusion(case, f"NOT STOPPED within {_STOPS_NS // _S} s", curve=tuple(curve))
    stop_ms = (world.now_ns() - closed_ns) // 10**6
    world.set_input("hold", False)
    world.run_until(lambda: stands() and False, 2 * _S)
    before_nl = int(world.devices.truth()["entered_nl"])
    world.set_input("stopcock", "open")
    world.run_until(lambda: False, _SETTLES_NS)
    raised = [
        e.alarm
        for e in world.journal.entries
        if isinstance(e, AlarmChanged) and e.change == "raised" and e.at_ns >= closed_ns
    ]
    return Occlusion(
        case,
        "",
        stop_ms,
        max(pa for _, pa in curve),
        int(world.devices.truth()["entered_nl"]) - before_nl,
        raised[0] if raised else "",
        tuple(curve),
    )


def run(args: argparse.Namespace) -> int:
    """Occlude each case; 1 when one was not stopped, 2 bad input."""
    try:
        loaded = load_room(args.room, known_names())
        cases = cases_of(args)
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return USAGE
    except ValueError as error:
        sys.stderr.write(f"galactograph-sim occlusion: {error}\n")
        return USAGE
    found = []
    for case in cases:
        sys.stderr.write(f"{' '.join(map(str, case))}\n")
        found.append(measure(loaded, case, args.seed))
    _tell(found, as_json=args.json)
    if args.out:
        args.out.write_text(page(f"Occlusion in the simulated room {args.room}", found), "utf-8")
    return FAILED if any(one.outcome.startswith("NOT STOPPED") for one in found) else OK


def _tell(found: Sequence[Occlusion], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            told = {**one.case._asdict(), **one._asdict()}
            del told["case"]
            sys.stdout.write(json.dumps(told) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for head in ("gauge", "C", "syringe", "uL/min", "stands s", "line kPa", "bolus uL", "alarm"):
        table.add_column(head, justify="left" if head in ("syringe", "alarm") else "right")
    for one in found:
        case = one.case
        row = [case.gauge, str(case.temperature_c), case.syringe, f"{case.rate_nl_min / 1000:g}"]
        row += (
            ["-", "-", "-", one.outcome.partition(";")[0]]
            if one.outcome
            else [
                f"{one.stop_ms / 1000:.2f}",
                f"{one.line_pa / 1000:.1f}",
                f"{one.bolus_nl / 1000:.2f}",
                one.alarm,
            ]
        )
        table.add_row(*row)
    Console().print(table)
