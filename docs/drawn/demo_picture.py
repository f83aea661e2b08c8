"""The picture of the demo on a terminal, from a virtual run: ``python -m docs.drawn.demo_picture``.

Not part of ``docs/generate.py``: a picture need not follow every change of a figure in it.
"""

import io
import re
from pathlib import Path

from rich.console import Console

from config.load import load_room
from drivers.registry import known_names
from sim.demo_view import panel
from sim.procedure import LIMIT_NS, Procedure
from sim.technologist import Order, Technologist
from sim.world import World

PICTURE = Path(__file__).resolve().parents[1] / "pictures" / "demo.svg"
_WIDTH = 100
_SEED = 1
_SHOWN_NL = 30_000
"""The picture is taken when this much is injected."""


def snapshot_while_injecting() -> dict[str, object]:
    """What a client is shown in the middle of the injection."""
    loaded = load_room("demo", known_names())
    world = World(loaded, _SEED)
    procedure = Procedure(world, Technologist(loaded.profile, Order()))

    def half_way() -> bool:
        shown = procedure.last
        return bool(shown) and shown["volume"]["injected_nl"] >= _SHOWN_NL

    world.run_until(half_way, LIMIT_NS)
    return procedure.last


def draw() -> str:
    """The panel as SVG that refers to nothing outside itself."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(panel(snapshot_while_injecting()))
    picture = console.export_svg(title="make demo", unique_id="demo")
    picture = re.sub(r"<!--.*?-->\s*", "", picture, flags=re.DOTALL)
    return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", picture)


def main() -> None:
    """Write the picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
