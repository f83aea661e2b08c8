"""Pictures of the service tools, from virtual runs: ``python -m tests.world.service_pictures``.

Not part of ``docs/generate.py``: a picture need not follow every change of a figure in it.
"""

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from config.load import load_room
from controller.bench.commission import Bench, Site, commission
from controller.bench.commission_steps import STEPS
from controller.bench.monitor import screen
from controller.bench.watching import watch
from controller.record.signing import make_key
from controller.wires.watched import Watch
from drivers.registry import known_names
from sim.commissioner import Commissioner
from sim.world import World
from state_machine.entries import DailyCheck
from tests.world.desk import desk_in

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
_WIDTH = 150


def _console() -> Console:
    return Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)


def _save(console: Console, name: str, title: str) -> None:
    picture = console.export_svg(title=title, unique_id=name)
    picture = re.sub(r"<!--.*?-->\s*", "", picture, flags=re.DOTALL)
    picture = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", picture)
    (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


def monitor() -> None:
    """A room in standby, its pump powered, watched for ten seconds."""
    world = World(load_room("demo", known_names()), 1)
    desk = desk_in(world)
    desk.until(lambda s: s["devices"]["room"]["owned"], 5_000)
    desk.ask("confirm-reclose", cannula_out=True)
    desk.until(lambda s: s["devices"]["pump"]["link"] == "up", 10_000)
    watched = Watch()
    desk.watcher = watched.take
    watch(desk, "picture")
    desk.until(lambda _s: False, 10_000)
    console = _console()
    console.print(screen(watched, desk.newest))
    _save(console, "service-monitor", "galactograph service monitor")


class _Shown(Commissioner):
    """Keeps what a terminal would show."""

    def __init__(self, world: World) -> None:
        self.lines: list[str] = []
        super().__init__(world.set_input)

    def tell(self, key: str, words: str) -> None:
        self.lines.append(words)
        super().tell(key, words)

    def ask(self, key: str, question: str) -> str:
        answer = super().ask(key, question)
        self.lines.append(f"      {question}{answer}")
        return answer


def commissioning(folder: Path) -> None:
    """A whole commissioning: what the person at the terminal reads."""
    loaded = load_room("demo", known_names())
    world = World(loaded, 1)
    journal = folder / "record.journal"
    make_key(journal)
    site = Site(
        room="demo", room_sha256=loaded.sha256, procedure_sha256=loaded.procedure_sha256,
        program="galactograph", mode="simulated", deviations=loaded.deviations,
        syringe=loaded.profile.syringes[0].name, pressure_switch=True,
        store=folder / "commissioning.jsonl", journal=journal,
        checks=lambda: [e for e in world.journal.entries if isinstance(e, DailyCheck)],
    )  # fmt: skip
    person = _Shown(world)
    commission(Bench(desk_in(world, "S. Service"), person, site, world), STEPS)
    console = _console()
    for line in person.lines:
        style = "bold" if re.match(r"\d+/", line) else "green" if "passed: " in line else ""
        console.print(Text(line[: _WIDTH - 1], style))
    _save(console, "service-commission", "galactograph service commission")


def main() -> None:
    """Draw both."""
    PICTURES.mkdir(exist_ok=True)
    monitor()
    with tempfile.TemporaryDirectory() as folder:
        commissioning(Path(folder))


if __name__ == "__main__":
    main()
