"""What a scripted procedure is for, from the command line: checked before anything starts."""

import argparse
from typing import Final

from sim.technologist import Order
from state_machine.limits import LIMITS
from state_machine.targets import View

VIEWS: Final = tuple(view.name for view in View if view is not View.NONE)
VOLUME_MOST_NL: Final = next(row.ceiling for row in LIMITS if row.name == "injection_volume_nl")


def add_order(parser: argparse.ArgumentParser) -> None:
    """Declare ``--volume-nl`` and ``--views``."""
    parser.add_argument("--volume-nl", type=_volume_nl, default=60_000, help="ordered volume")
    parser.add_argument(
        "--views", type=_views, default=("CC",), help=f"with commas: {', '.join(VIEWS)}"
    )


def order_of(args: argparse.Namespace) -> Order:
    """The order that the arguments name."""
    return Order(ordered_nl=args.volume_nl, views=args.views)


def _volume_nl(text: str) -> int:
    volume_nl = int(text) if text.isascii() and text.isdecimal() else 0
    if not 0 < volume_nl <= VOLUME_MOST_NL:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a volume: give 1 to {VOLUME_MOST_NL} nL, such as 60000"
        )
    return volume_nl


def _views(text: str) -> tuple[str, ...]:
    views = tuple(text.split(","))
    unknown = [view for view in views if view not in VIEWS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{', '.join(map(repr, unknown))} is no view: give some of {','.join(VIEWS)}"
        )
    return views
