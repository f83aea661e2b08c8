"""The ``galactograph-sim`` command: simulated devices, rooms and procedures."""

import argparse
import json
import sys
from collections.abc import Sequence

import msgspec

from config.load import load_room
from config.problems import ConfigError
from controller.version import VERSION
from drivers.registry import known_names
from sim import (
    accuracy,
    assistant,
    check,
    commission,
    demo,
    fault,
    hand,
    occlusion,
    procedure,
    room,
    serve,
)
from sim.bench import command as bench
from sim.campaign import command as campaign
from sim.crash import command as crash
from sim.failures import command as failures
from sim.injections import command as injections
from sim.kills import command as kills
from sim.order_arguments import add_order, order_of

_EXAMPLES = """\
examples:
  galactograph-sim demo                   one whole procedure over a real pty and TCP
  galactograph-sim room                   a room with its console, until Ctrl-C
  galactograph-sim run 7 --json           one virtual procedure from seed 7, its digest
  galactograph-sim campaign --seeds 1..2000 --jobs 2 --html campaign.html
                                          rooms with faults, judged; run 7 --faults: one of them
  galactograph-sim check 7                the daily check on virtual time, part by part
  galactograph-sim serve --pump-link pump --modbus 127.0.0.1:5020 --control 127.0.0.1:5021
                                          simulated devices for a controller to drive

exit status: 0 done, 1 the thing checked failed, 2 input or usage wrong
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the command."""
    args = _parser().parse_args(argv)
    status: int = args.act(args)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="galactograph-sim",
        description="Simulated devices and rooms for service engineers and QA.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"galactograph {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module, about in (
        ("demo", demo, "one whole procedure, real controller, simulated devices"),
        ("room", room, "a simulated room with controller and web console, to use by hand"),
        ("serve", serve, "simulated devices in real time, on a pty and a Modbus address"),
        ("fault", fault, "list, set and clear faults of a live simulated room"),
        ("technologist", assistant, "the scripted technologist, as a client of a controller"),
        ("crash", crash, "the controller killed at every point of a virtual procedure, judged"),
        ("kills", kills, "the real controller killed at random moments over pty and disk, judged"),
        ("failures", failures, "failures over real wires, judged: who stopped the pump, and when"),
        ("check", check, "the daily check by a scripted person, on virtual time"),
        ("commission", commission, commission.ABOUT),
        ("set", hand, hand.ABOUT),
        (
            "injections",
            injections,
            "over-filled ducts with the pressure rules and without, paired seeds",
        ),
        ("campaign", campaign, "many virtual rooms with faults, judged, from their seeds"),
        ("accuracy", accuracy, "start-up and trumpet curve of the simulated pump"),
        ("occlusion", occlusion, "time, pressure and bolus of occlusions in simulated rooms"),
        ("bench", bench, "measure stop latency, cost of a pass, lateness, memory, speed"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        module.add_arguments(command)
        command.set_defaults(act=module.run)
    running = commands.add_parser("run", help="one procedure on virtual time, from one seed")
    running.add_argument("seed", type=int)
    running.add_argument("--room", default="demo", metavar="FILE", help="room file or name")
    add_order(running)
    running.add_argument("--faults", action="store_true", help="as a campaign plays the seed")
    running.add_argument("--only", metavar="PLACES", help="with --faults: these of them, from 0")
    running.add_argument("--json", action="store_true", help="one JSON object")
    running.set_defaults(act=_run)
    for name, add, act, about in (
        (
            "minimise",
            campaign.add_minimise,
            campaign.minimise,
            "the fewest faults that a judge objects to",
        ),
        ("plot", campaign.add_plot, campaign.plot, "a campaign's run as a figure"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        add(command)
        command.set_defaults(act=act)
    return parser


def _run(args: argparse.Namespace) -> int:
    """One virtual procedure: 0 closed, 1 not, 2 bad input."""
    if args.faults:
        return campaign.run_one(args)
    try:
        loaded = load_room(args.room, known_names())
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return 2
    outcome, _ = procedure.run(loaded, args.seed, order_of(args))
    fields = msgspec.to_builtins(outcome)
    if args.json:
        sys.stdout.write(json.dumps(fields) + "\n")
    else:
        width = max(map(len, fields))
        for name, value in fields.items():
            shown = " > ".join(value) if isinstance(value, list) else value
            sys.stdout.write(f"{name:<{width}}  {shown}\n")
    return 0 if outcome.outcome == "closed" else 1


if __name__ == "__main__":
    sys.exit(main())
